//! Form D of the ASEAN Trade in Goods Agreement.

use super::{
    CERTIFICATION, INVOICE, INVOICER, ITEM_NUMBERS, MONEY, OFFICIAL_USE, PACKAGES, PARTY, QUANTITY, TRANSPORT, printed,
};
use crate::doc::schema::{
    BOOL, DATE, NO_LIMIT, Object, Text, closed, integer, list, may, must, must_text, object, one_of, tariff, texts,
};

/// The members of ASEAN. When the agreement binds each is a matter of dates, and a warning.
const PARTY_TO_IT: Text = one_of(&["BN", "ID", "KH", "LA", "MM", "MY", "PH", "SG", "TH", "TL", "VN"]);

pub(in super::super) static FORM_D: Object = closed(&[
    must_text("form", one_of(&["D"])),
    must_text("scheme", one_of(&["ATIGA"])),
    must_text("referenceNumber", printed(35)),
    must_text("issuingCountry", PARTY_TO_IT),
    must("box1Exporter", object(&PARTY)),
    must("box2Consignee", object(&PARTY)),
    may("box2Exhibition", object(&PARTY)),
    must("box3Transport", object(&TRANSPORT)),
    may("box4OfficialUse", object(&OFFICIAL_USE)),
    may("box7ThirdCountryInvoicer", object(&INVOICER)),
    // A back-to-back certificate may stand on several originals.
    may("box7Originals", list(&ORIGINAL, 1, NO_LIMIT)),
    must("items", list(&ITEM, 1, NO_LIMIT)),
    must("box11ExporterDeclaration", object(&DECLARATION)),
    must("box12Certification", object(&CERTIFICATION)),
    must("box13Ticks", object(&TICKS)),
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

static CRITERION: Object = closed(&[
    must_text("code", one_of(&["WO", "RVC", "CC", "CTH", "CTSH", "SP", "PC"])),
    may("percent", integer(1, 100)),
]);

static DECLARATION: Object = closed(&[
    must_text("producedIn", PARTY_TO_IT),
    must_text("importingCountry", PARTY_TO_IT),
    must_text("place", printed(70)),
    must_text("date", DATE),
    must_text("signatory", printed(70)),
]);

static TICKS: Object = closed(&[
    must("thirdCountryInvoicing", BOOL),
    must("exhibition", BOOL),
    must("accumulation", BOOL),
    must("deMinimis", BOOL),
    must("backToBack", BOOL),
    must("issuedRetroactively", BOOL),
    must("partialCumulation", BOOL),
]);

static ORIGINAL: Object = closed(&[
    must_text("referenceNumber", printed(35)),
    must_text("issuingCountry", PARTY_TO_IT),
    must_text("date", DATE),
]);
