//! The certificate of origin of the Regional Comprehensive Economic Partnership.

use super::{
    CERTIFICATION, INVOICE, INVOICER, ITEM_NUMBERS, MONEY, OFFICIAL_USE, PACKAGES, PARTY, QUANTITY, TRANSPORT, printed,
};
use crate::doc::schema::{
    BOOL, DATE, NO_LIMIT, Object, Text, closed, integer, list, may, may_text, must, must_text, object, one_of, tariff,
    texts,
};

/// The parties to the agreement. When it binds each is a matter of dates, and a warning.
const PARTY_TO_IT: Text =
    one_of(&["AU", "BN", "CN", "ID", "JP", "KH", "KR", "LA", "MM", "MY", "NZ", "PH", "SG", "TH", "VN"]);

pub(in super::super) static RCEP: Object = closed(&[
    must_text("form", one_of(&["RCEP"])),
    must_text("scheme", one_of(&["RCEP"])),
    must_text("referenceNumber", printed(35)),
    must_text("issuingCountry", PARTY_TO_IT),
    must("box1Exporter", object(&PARTY)),
    must("box2Consignee", object(&PARTY)),
    may("box3Producer", object(&PARTY)),
    may_text("box3ProducerNote", one_of(&["SEE BOX 8", "CONFIDENTIAL", "NOT AVAILABLE"])),
    must("box4Transport", object(&TRANSPORT)),
    may("box5OfficialUse", object(&OFFICIAL_USE)),
    must("items", list(&ITEM, 1, NO_LIMIT)),
    may_text("box14Remarks", printed(512)),
    may("box14ThirdPartyInvoicer", object(&INVOICER)),
    may("box14Original", object(&ORIGINAL)),
    must("box15ExporterDeclaration", object(&DECLARATION)),
    must("box16Certification", object(&CERTIFICATION)),
    must("box17Ticks", object(&TICKS)),
])
.with_some_of(&["box3Producer", "box3ProducerNote"]);

static ITEM: Object = closed(&[
    must("box6ItemNumber", integer(1, ITEM_NUMBERS)),
    must("box7Marks", texts(printed(70), 1, 50)),
    may("box8Packages", object(&PACKAGES)),
    must_text("box8Description", printed(512)),
    must_text("box9HsCode", tariff(6, 6)),
    must("box10OriginCriterion", object(&CRITERION)),
    must_text("box11OriginCountry", PARTY_TO_IT),
    // Where no country of origin can be found: the party with the highest rate of duty, by article 2.6.6.
    may_text("box11HighestRate", one_of(&["2.6.6a", "2.6.6b"])),
    may("box12GrossWeight", object(&QUANTITY)),
    may("box12Quantity", object(&QUANTITY)),
    may("box12Fob", object(&MONEY)),
    must("box13Invoice", object(&INVOICE)),
])
.with_some_of(&["box12GrossWeight", "box12Quantity"]);

static CRITERION: Object = closed(&[
    must_text("code", one_of(&["WO", "PE", "CTC", "RVC", "CR"])),
    may("percent", integer(1, 100)),
    // Said beside a criterion, never alone.
    may("with", texts(one_of(&["ACU", "DMI"]), 1, 2)),
]);

static DECLARATION: Object = closed(&[
    must_text("producedIn", PARTY_TO_IT),
    must_text("importingCountry", PARTY_TO_IT),
    must_text("place", printed(70)),
    must_text("date", DATE),
    must_text("signatory", printed(70)),
]);

static TICKS: Object =
    closed(&[must("backToBack", BOOL), must("thirdPartyInvoicing", BOOL), must("issuedRetroactively", BOOL)]);

static ORIGINAL: Object = closed(&[
    must_text("referenceNumber", printed(35)),
    must_text("issuingCountry", PARTY_TO_IT),
    must_text("date", DATE),
    may_text("originCountry", PARTY_TO_IT),
    may_text("approvedExporterCode", printed(35)),
]);
