//! Form E as a table, box by box.

use crate::doc::schema::{
    BOOL, COUNTRY, CURRENCY, DATE, Form, LOCODE, NO_LIMIT, Object, PACKAGE, Text, UNIT, closed, integer, list, may,
    may_text, must, must_text, object, one_of, tariff, texts,
};

/// The parties to the agreement: China and the ASEAN members that joined it.
const ACFTA_PARTY: Text = one_of(&["BN", "CN", "ID", "KH", "LA", "MM", "MY", "PH", "SG", "TH", "VN"]);

/// Digits of the largest quantity or amount, point and decimals included.
const DECIMAL: Text = Text { form: Form::Decimal, min: 1, max: 20 };
/// Lines and packages that can be counted on one form.
const MANY: i64 = 99_999_999;

/// One line of print.
const fn printed(max: usize) -> Text {
    Text { form: Form::Printed, min: 1, max }
}

pub(super) static FORM_E: Object = closed(&[
    must_text("form", one_of(&["E"])),
    must_text("scheme", one_of(&["ACFTA"])),
    // No common pattern exists: each office numbers freely.
    must_text("referenceNumber", printed(35)),
    must_text("issuingCountry", ACFTA_PARTY),
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

static PARTY: Object =
    closed(&[must_text("name", printed(140)), must_text("address", printed(350)), must_text("country", COUNTRY)]);

static INVOICER: Object = closed(&[must_text("name", printed(140)), must_text("country", COUNTRY)]);

static TRANSPORT: Object = closed(&[
    may_text("departureDate", DATE),
    may_text("vessel", printed(50)),
    may_text("voyage", printed(50)),
    may_text("portOfLoading", LOCODE),
    may_text("portOfDischarge", LOCODE),
]);

static OFFICIAL_USE: Object = closed(&[must("preferenceGiven", BOOL), may_text("reason", printed(350))]);

static ITEM: Object = closed(&[
    must("box5ItemNumber", integer(1, MANY)),
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

static PACKAGES: Object = closed(&[
    must("count", integer(1, MANY)),
    must_text("kind", printed(50)),
    // UN/ECE Recommendation 21.
    may_text("code", PACKAGE),
]);

static CRITERION: Object =
    closed(&[must_text("code", one_of(&["WO", "PE", "RVC", "CTH", "PSR"])), may("percent", integer(1, 100))]);

static QUANTITY: Object = closed(&[must_text("value", DECIMAL), must_text("unit", UNIT)]);

static MONEY: Object = closed(&[must_text("value", DECIMAL), must_text("currency", CURRENCY)]);

static INVOICE: Object = closed(&[must_text("number", printed(35)), must_text("date", DATE)]);

static DECLARATION: Object = closed(&[
    must_text("producedIn", ACFTA_PARTY),
    must_text("importingCountry", ACFTA_PARTY),
    must_text("place", printed(70)),
    must_text("date", DATE),
    must_text("signatory", printed(70)),
]);

static CERTIFICATION: Object = closed(&[
    must_text("authority", printed(140)),
    must_text("place", printed(70)),
    must_text("date", DATE),
    may_text("officer", printed(70)),
]);

static TICKS: Object = closed(&[
    must("issuedRetroactively", BOOL),
    must("exhibition", BOOL),
    must("movementCertificate", BOOL),
    must("thirdPartyInvoicing", BOOL),
]);

static ORIGINAL: Object = closed(&[
    must_text("referenceNumber", printed(35)),
    must_text("issuingCountry", ACFTA_PARTY),
    must_text("date", DATE),
]);
