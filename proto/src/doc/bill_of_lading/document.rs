//! DCSA eBL 3.0.4, schema `TransportDocument`: the document itself, its transports, places, charges and
//! equipment.

use super::cargo::{CONSIGNMENT_ITEM, CUSTOMS_REFERENCE, LICENSE, WEIGHT};
use super::parties::{ADDRESS, CONTACT, DOCUMENT_PARTIES};
use crate::doc::schema::{
    ANY_NUMBER, BOOL, COUNTRY, CURRENCY, DATE, Form, INT32_MAX, LOCODE, NO_LIMIT, NOT_NEGATIVE, Object, PERCENTAGE,
    Text, integer, list, may, may_text, must, must_text, object, one_of, open, text, texts, trimmed, unbroken,
};

const VOYAGE: Text = Text { form: Form::Voyage, min: 5, max: 5 };

static FACILITY: Object =
    open(&[must_text("facilityCode", trimmed(6)), must_text("facilityCodeListProvider", one_of(&["BIC", "SMDG"]))]);

static GEO_COORDINATE: Object = open(&[must_text("latitude", text(10)), must_text("longitude", text(11))]);

static PLACE: Object = open(&[
    may_text("locationName", trimmed(100)),
    may_text("facilityName", text(100)),
    may("address", object(&ADDRESS)),
    may("addressLines", texts(text(250), 0, 5)),
    may("facility", object(&FACILITY)),
    may_text("UNLocationCode", LOCODE),
    may("geoCoordinate", object(&GEO_COORDINATE)),
]);

static CITY: Object =
    open(&[must_text("city", trimmed(35)), may_text("stateRegion", text(65)), must_text("countryCode", COUNTRY)]);

static PORT: Object =
    open(&[may_text("locationName", trimmed(100)), may("city", object(&CITY)), may_text("UNLocationCode", LOCODE)]);

static INLAND_PLACE: Object = open(&[
    may_text("locationName", trimmed(100)),
    may_text("facilityName", text(100)),
    may("address", object(&ADDRESS)),
    may("addressLines", texts(text(250), 0, 5)),
    may("facility", object(&FACILITY)),
    may_text("UNLocationCode", LOCODE),
]);

static VESSEL_VOYAGE: Object = open(&[
    must_text("vesselName", trimmed(50)),
    must_text("carrierExportVoyageNumber", trimmed(50)),
    may_text("universalExportVoyageReference", VOYAGE),
    may_text("role", text(30)),
]);

static TRANSPORTS: Object = open(&[
    must_text("plannedArrivalDate", DATE),
    must_text("plannedDepartureDate", DATE),
    may_text("preCarriageBy", text(50)),
    may_text("onCarriageBy", text(50)),
    may("placeOfReceipt", object(&PLACE)),
    must("portOfLoading", object(&PORT)),
    must("portOfDischarge", object(&PORT)),
    may("placeOfDelivery", object(&PLACE)),
    may("onwardInlandRouting", object(&INLAND_PLACE)),
    must("vesselVoyages", list(&VESSEL_VOYAGE, 1, NO_LIMIT)),
]);

static CHARGE: Object = open(&[
    must_text("chargeName", trimmed(50)),
    may_text("extendedChargeName", trimmed(100)),
    must("currencyAmount", NOT_NEGATIVE),
    must_text("currencyCode", CURRENCY),
    must_text("paymentTermCode", one_of(&["PRE", "COL"])),
    must_text("calculationBasis", trimmed(50)),
    must("unitPrice", NOT_NEGATIVE),
    must("quantity", NOT_NEGATIVE),
]);

static PLACE_OF_ISSUE: Object = open(&[
    may_text("locationName", trimmed(100)),
    may_text("UNLocationCode", LOCODE),
    may_text("countryCode", COUNTRY),
])
.with_one_of(&["UNLocationCode", "countryCode"]);

static INVOICE_PAYABLE_AT: Object = open(&[may_text("UNLocationCode", LOCODE), may_text("freeText", text(35))])
    .with_one_of(&["UNLocationCode", "freeText"]);

static EQUIPMENT: Object = open(&[
    must_text("equipmentReference", trimmed(11)),
    may_text("ISOEquipmentCode", trimmed(4)),
    may("tareWeight", object(&WEIGHT)),
]);

static REEFER_SETTINGS: Object = open(&[
    may("temperatureSetpoint", ANY_NUMBER),
    may_text("temperatureUnit", one_of(&["CEL", "FAH"])),
    may("o2Setpoint", PERCENTAGE),
    may("co2Setpoint", PERCENTAGE),
    may("humiditySetpoint", PERCENTAGE),
    may("airExchangeSetpoint", NOT_NEGATIVE),
    may_text("airExchangeUnit", one_of(&["MQH", "FQH"])),
    may("isVentilationOpen", BOOL),
    may("isDrainholesOpen", BOOL),
    may("isBulbMode", BOOL),
    may("isColdTreatmentRequired", BOOL),
    may("isControlledAtmosphereRequired", BOOL),
]);

static SEAL: Object = open(&[must_text("number", text(15)), may_text("source", one_of(&["CAR", "SHI", "VET", "CUS"]))]);

static REFERENCE: Object = open(&[must_text("type", text(3)), must_text("value", trimmed(35))]);

static EQUIPMENT_USED: Object = open(&[
    must("equipment", object(&EQUIPMENT)),
    must("isShipperOwned", BOOL),
    may("isNonOperatingReefer", BOOL),
    may("activeReeferSettings", object(&REEFER_SETTINGS)),
    may("shippingMarks", texts(text(35), 0, 50)),
    must("seals", list(&SEAL, 1, NO_LIMIT)),
    may("references", list(&REFERENCE, 0, NO_LIMIT)),
    may("customsReferences", list(&CUSTOMS_REFERENCE, 0, NO_LIMIT)),
]);

static FEEDBACK: Object = open(&[
    must_text("severity", text(50)),
    must_text("code", text(50)),
    must_text("message", text(5000)),
    may_text("jsonPath", text(500)),
    may_text("property", text(100)),
]);

pub(super) static TRANSPORT_DOCUMENT: Object = open(&[
    must_text("transportDocumentReference", trimmed(20)),
    may_text("transportDocumentSubReference", trimmed(100)),
    may_text("shippingInstructionsReference", trimmed(100)),
    must_text("transportDocumentStatus", text(50)),
    must_text("transportDocumentTypeCode", one_of(&["BOL", "SWB"])),
    must("isShippedOnBoardType", BOOL),
    may_text("freightPaymentTermCode", one_of(&["PRE", "COL"])),
    must("isElectronic", BOOL),
    must("isToOrder", BOOL),
    may("numberOfCopiesWithCharges", integer(0, INT32_MAX)),
    may("numberOfCopiesWithoutCharges", integer(0, INT32_MAX)),
    may("numberOfOriginalsWithCharges", integer(0, INT32_MAX)),
    may("numberOfOriginalsWithoutCharges", integer(0, INT32_MAX)),
    may("displayedNameForPlaceOfReceipt", texts(text(35), 0, 5)),
    may("displayedNameForPortOfLoad", texts(text(35), 0, 5)),
    may("displayedNameForPortOfDischarge", texts(text(35), 0, 5)),
    may("displayedNameForPlaceOfDelivery", texts(text(35), 0, 5)),
    may_text("shippedOnBoardDate", DATE),
    may_text("displayedShippedOnBoardReceivedForShipment", trimmed(250)),
    must_text("termsAndConditions", text(50_000)),
    must_text("receiptTypeAtOrigin", one_of(&["CY", "SD", "CFS"])),
    must_text("deliveryTypeAtDestination", one_of(&["CY", "SD", "CFS"])),
    must_text("cargoMovementTypeAtOrigin", text(3)),
    must_text("cargoMovementTypeAtDestination", text(3)),
    may_text("issueDate", DATE),
    may_text("receivedForShipmentDate", DATE),
    may_text("serviceContractReference", text(30)),
    may_text("contractQuotationReference", trimmed(35)),
    may_text("extendedContractQuotationReference", trimmed(70)),
    may("declaredValue", NOT_NEGATIVE),
    may_text("declaredValueCurrency", CURRENCY),
    must_text("carrierCode", unbroken(4)),
    must_text("carrierCodeListProvider", one_of(&["SMDG", "NMFTA"])),
    may("carrierClauses", texts(trimmed(20_000), 0, NO_LIMIT)),
    may("numberOfRiderPages", integer(0, INT32_MAX)),
    must("transports", object(&TRANSPORTS)),
    may("charges", list(&CHARGE, 0, NO_LIMIT)),
    may("placeOfIssue", object(&PLACE_OF_ISSUE)),
    must("invoicePayableAt", object(&INVOICE_PAYABLE_AT)),
    must("partyContactDetails", list(&CONTACT, 1, NO_LIMIT)),
    must("documentParties", object(&DOCUMENT_PARTIES)),
    must("consignmentItems", list(&CONSIGNMENT_ITEM, 1, NO_LIMIT)),
    must("utilizedTransportEquipments", list(&EQUIPMENT_USED, 1, NO_LIMIT)),
    may("exportLicense", object(&LICENSE)),
    may("importLicense", object(&LICENSE)),
    may("references", list(&REFERENCE, 0, NO_LIMIT)),
    may("customsReferences", list(&CUSTOMS_REFERENCE, 0, NO_LIMIT)),
    may("feedbacks", list(&FEEDBACK, 0, NO_LIMIT)),
]);
