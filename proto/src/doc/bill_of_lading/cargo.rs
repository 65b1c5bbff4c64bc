//! DCSA eBL 3.0.4, schema `ConsignmentItem`: the goods, their packaging, dangerous goods.

use crate::doc::schema::{
    ANY_NUMBER, BOOL, COUNTRY, DATE, DATE_TIME, Form, INT32_MAX, INT32_MIN, NO_LIMIT, Object, PACKAGE, POSITIVE, Text,
    code, digits, integer, list, may, may_text, must, must_text, object, one_of, open, tariff, text, texts, trimmed,
};

const VARIANTS: Text = Text { form: Form::Variants, min: 4, max: 4 };
const RISK: Text = Text { form: Form::Risk, min: 1, max: 3 };
const ONE_CHARACTER: Text = Text { form: Form::Any, min: 1, max: 1 };

pub(super) static WEIGHT: Object = open(&[must("value", POSITIVE), must_text("unit", one_of(&["KGM", "LBR"]))]);

static VOLUME: Object = open(&[must("value", POSITIVE), must_text("unit", one_of(&["MTQ", "FTQ"]))]);

static EXPLOSIVE_WEIGHT: Object =
    open(&[must("value", POSITIVE), must_text("unit", one_of(&["KGM", "LBR", "GRM", "ONZ"]))]);

static LIQUID_VOLUME: Object = open(&[must("value", POSITIVE), must_text("unit", one_of(&["MTQ", "FTQ", "LTR"]))]);

pub(super) static LICENSE: Object = open(&[
    may("isRequired", BOOL),
    may_text("reference", trimmed(35)),
    may_text("issueDate", DATE),
    may_text("expiryDate", DATE),
]);

static COMMODITY_CODE: Object = open(&[
    must_text("type", trimmed(10)),
    may_text("countryCode", COUNTRY),
    must("values", texts(trimmed(10), 1, NO_LIMIT)),
]);

static EXTENDED_COMMODITY_CODE: Object = open(&[
    must_text("type", trimmed(10)),
    may_text("countryCode", COUNTRY),
    must("values", texts(trimmed(16), 1, NO_LIMIT)),
]);

pub(super) static CUSTOMS_REFERENCE: Object = open(&[
    must_text("type", trimmed(50)),
    must_text("countryCode", COUNTRY),
    must("values", texts(trimmed(35), 1, NO_LIMIT)),
]);

static ITEM_REFERENCE: Object = open(&[must_text("type", text(3)), must("values", texts(trimmed(35), 1, NO_LIMIT))]);

static INNER_PACKAGING: Object = open(&[
    must("quantity", integer(INT32_MIN, INT32_MAX)),
    must_text("material", text(100)),
    must_text("description", text(100)),
    may("innerPackagings", list(&INNER_PACKAGING, 0, NO_LIMIT)),
]);

static EMERGENCY_CONTACT: Object = open(&[
    must_text("contact", text(255)),
    may_text("provider", text(255)),
    must_text("phone", trimmed(30)),
    may_text("referenceNumber", text(255)),
]);

static LIMITS: Object = open(&[
    must_text("temperatureUnit", one_of(&["CEL", "FAH"])),
    may("flashPoint", ANY_NUMBER),
    may("transportControlTemperature", ANY_NUMBER),
    may("transportEmergencyTemperature", ANY_NUMBER),
    may("SADT", ANY_NUMBER),
    may("SAPT", ANY_NUMBER),
]);

static DANGEROUS_GOODS: Object = open(&[
    may_text("codedVariantList", VARIANTS),
    must_text("properShippingName", text(250)),
    may_text("technicalName", text(250)),
    must_text("imoClass", text(4)),
    may_text("subsidiaryRisk1", RISK),
    may_text("subsidiaryRisk2", RISK),
    may("isMarinePollutant", BOOL),
    may("packingGroup", integer(1, 3)),
    may("isLimitedQuantity", BOOL),
    may("isExceptedQuantity", BOOL),
    may("isSalvagePackings", BOOL),
    may("isEmptyUncleanedResidue", BOOL),
    may("isWaste", BOOL),
    may("isHot", BOOL),
    may("isCompetentAuthorityApprovalRequired", BOOL),
    may_text("competentAuthorityApproval", trimmed(70)),
    may("segregationGroups", texts(text(2), 0, NO_LIMIT)),
    may("innerPackagings", list(&INNER_PACKAGING, 0, NO_LIMIT)),
    may("emergencyContactDetails", object(&EMERGENCY_CONTACT)),
    may_text("EMSNumber", text(7)),
    may_text("endOfHoldingTime", DATE),
    may_text("fumigationDateTime", DATE_TIME),
    may("isReportableQuantity", BOOL),
    may_text("inhalationZone", ONE_CHARACTER),
    may("grossWeight", object(&WEIGHT)),
    may("netWeight", object(&WEIGHT)),
    may("netExplosiveContent", object(&EXPLOSIVE_WEIGHT)),
    may("netVolume", object(&LIQUID_VOLUME)),
    may("limits", object(&LIMITS)),
    may_text("UNNumber", digits(4, 4)),
    may_text("NANumber", digits(4, 4)),
])
.with_one_of(&["UNNumber", "NANumber"]);

static OUTER_PACKAGING: Object = open(&[
    may_text("packageCode", PACKAGE),
    may_text("imoPackagingCode", code(1, 5)),
    must("numberOfPackages", integer(1, 99_999_999)),
    must_text("description", text(100)),
    may_text("woodDeclaration", text(30)),
    may("dangerousGoods", list(&DANGEROUS_GOODS, 0, NO_LIMIT)),
]);

static CARGO_ITEM: Object = open(&[
    must_text("equipmentReference", trimmed(11)),
    must("cargoGrossWeight", object(&WEIGHT)),
    may("cargoGrossVolume", object(&VOLUME)),
    may("cargoNetWeight", object(&WEIGHT)),
    may("cargoNetVolume", object(&VOLUME)),
    may("exportLicense", object(&LICENSE)),
    may("importLicense", object(&LICENSE)),
    must("outerPackaging", object(&OUTER_PACKAGING)),
    may("nationalCommodityCodes", list(&COMMODITY_CODE, 0, NO_LIMIT)),
    may("extendedNationalCommodityCodes", list(&EXTENDED_COMMODITY_CODE, 0, NO_LIMIT)),
    may("customsReferences", list(&CUSTOMS_REFERENCE, 0, NO_LIMIT)),
]);

pub(super) static CONSIGNMENT_ITEM: Object = open(&[
    must_text("carrierBookingReference", trimmed(35)),
    must("descriptionOfGoods", texts(trimmed(35), 0, 150)),
    must("HSCodes", texts(tariff(6, 10), 1, NO_LIMIT)),
    may("extendedHSCodes", texts(tariff(6, 12), 0, NO_LIMIT)),
    may("nationalCommodityCodes", list(&COMMODITY_CODE, 0, NO_LIMIT)),
    may("extendedNationalCommodityCodes", list(&EXTENDED_COMMODITY_CODE, 0, NO_LIMIT)),
    may("shippingMarks", texts(text(35), 0, 50)),
    must("cargoItems", list(&CARGO_ITEM, 1, NO_LIMIT)),
    may("exportLicense", object(&LICENSE)),
    may("importLicense", object(&LICENSE)),
    may("references", list(&ITEM_REFERENCE, 0, NO_LIMIT)),
    may("customsReferences", list(&CUSTOMS_REFERENCE, 0, NO_LIMIT)),
]);
