//! Form E of the ASEAN-China Free Trade Area.

use super::{
    CERTIFICATION, INVOICE, INVOICER, ITEM_NUMBERS, MONEY, OFFICIAL_USE, PACKAGES, PARTY, QUANTITY, TRANSPORT, printed,
};
use crate::doc::schema::{
    BOOL, DATE, NO_LIMIT, Object, Text, closed, integer, list, may, must, must_text, object, one_of, tariff, texts,
};

/// The parties to the agreement: China and the ASEAN members that joined it.
const PARTY_TO_IT: Text = one_of(&["BN", "CN", "ID", "KH", "LA", "MM", "MY", "PH", "SG", "TH", "VN"]);

pub(in super::super) static FORM_E: Object = closed(&[
    must_text("form", one_of(&["E"])),
    must_text("scheme", one_of(&["ACFTA"])),
    // No common pattern exists: each office numbers freely.
    must_text("referenceNumber", printed(35)),
    must_text("issuingCountry", PARTY_TO_IT),
    must("box1Exporter", object(&PARTY)),
    must("box2Consignee", object(&PARTY)),
    may("box2Exhibition", object(&PARTY)),
    must("box3Transport", object(&TRANSPORT)),
    may("box4OfficialUse", object(&OFFICIAL_USE)),
    may("box7ThirdPartyInvoicer", object(&INVOICER)),
    must("items", list(&ITEM, 1, NO_LIMIT)),
    must("box11ExporterDeclaration", object(&DECLARATION)),
    must("box12Certification", object(&CERTIFICATION)),
    must("box13Ticks", object(&TICKS)),
    may("box13Original", object(&ORIGINAL)),
]);

static ITEM: Object = closed(&[
    must("box5ItemNumber", integer(1, ITEM_NUMBERS)),
    must("box6Marks", texts(printed(70), 1, 50)),
    may("box7Packages", object(&PACKAGES)),
    must_text("box7Description", printed(512)),
    must_text("box7HsCode", tariff(6, 6)),
    must("box8OriginCriterion", object(&CRITERION)),
    may("box9GrossWeight", object(&QUANTITY)),
    may("box9Quantity", object(&QUANTITY)),
    may("box9Fob", object(&MONEY)),
    must("box10Invoice", object(&INVOICE)),
])
.with_some_of(&["box9GrossWeight", "box9Quantity"]);

static CRITERION: Object =
    closed(&[must_text("code", one_of(&["WO", "PE", "RVC", "CTH", "PSR"])), may("percent", integer(1, 100))]);

static DECLARATION: Object = closed(&[
    must_text("producedIn", PARTY_TO_IT),
    must_text("importingCountry", PARTY_TO_IT),
    must_text("place", printed(70)),
    must_text("date", DATE),
    must_text("signatory", printed(70)),
]);

static TICKS: Object = closed(&[
    must("issuedRetroactively", BOOL),
    must("exhibition", BOOL),
    must("movementCertificate", BOOL),
    must("thirdPartyInvoicing", BOOL),
]);

static ORIGINAL: Object = closed(&[
    must_text("referenceNumber", printed(35)),
    must_text("issuingCountry", PARTY_TO_IT),
    must_text("date", DATE),
]);
