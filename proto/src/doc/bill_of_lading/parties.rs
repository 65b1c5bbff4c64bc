//! DCSA eBL 3.0.4, schema `DocumentParties`: who appears on the document.

use crate::doc::schema::{
    BOOL, COUNTRY, LOCODE, NO_LIMIT, Object, email, list, may, may_text, must, must_text, object, open, text, texts,
    trimmed, unbroken,
};

pub(super) static ADDRESS: Object = open(&[
    must_text("street", text(70)),
    may_text("streetNumber", text(50)),
    may_text("floor", trimmed(50)),
    may_text("postCode", text(10)),
    may_text("POBox", text(20)),
    must_text("city", trimmed(35)),
    may_text("stateRegion", text(65)),
    must_text("countryCode", COUNTRY),
]);

static PARTY_ADDRESS: Object = open(&[
    must_text("street", text(70)),
    may_text("streetNumber", text(50)),
    may_text("floor", trimmed(50)),
    may_text("postCode", text(10)),
    may_text("POBox", text(20)),
    must_text("city", trimmed(35)),
    may_text("UNLocationCode", LOCODE),
    may_text("stateRegion", text(65)),
    must_text("countryCode", COUNTRY),
]);

static IDENTIFYING_CODE: Object = open(&[
    must_text("codeListProvider", text(100)),
    must_text("partyCode", text(150)),
    may_text("codeListName", text(100)),
]);

static TAX_REFERENCE: Object =
    open(&[must_text("type", trimmed(50)), must_text("countryCode", COUNTRY), must_text("value", trimmed(35))]);

pub(super) static CONTACT: Object =
    open(&[must_text("name", trimmed(35)), may_text("phone", trimmed(30)), may_text("email", email(100))])
        .with_any_of(&["phone", "email"]);

static SHIPPER: Object = open(&[
    must_text("partyName", trimmed(70)),
    may_text("eblPlatform", unbroken(4)),
    may_text("typeOfPerson", trimmed(50)),
    may("address", object(&PARTY_ADDRESS)),
    may("addressLines", texts(text(250), 0, 5)),
    may("displayedAddress", texts(text(35), 0, 6)),
    may("identifyingCodes", list(&IDENTIFYING_CODE, 0, NO_LIMIT)),
    may("taxLegalReferences", list(&TAX_REFERENCE, 0, NO_LIMIT)),
    may("partyContactDetails", list(&CONTACT, 0, NO_LIMIT)),
    may_text("reference", trimmed(35)),
    may("purchaseOrderReferences", texts(trimmed(35), 0, NO_LIMIT)),
]);

static ON_BEHALF_OF_SHIPPER: Object = open(&[
    must_text("partyName", trimmed(70)),
    may("address", object(&PARTY_ADDRESS)),
    may("addressLines", texts(text(250), 0, 5)),
    may("identifyingCodes", list(&IDENTIFYING_CODE, 0, NO_LIMIT)),
]);

static CONSIGNEE: Object = open(&[
    must_text("partyName", trimmed(70)),
    may_text("eblPlatform", unbroken(4)),
    may_text("typeOfPerson", trimmed(50)),
    may("address", object(&PARTY_ADDRESS)),
    may("addressLines", texts(text(250), 0, 5)),
    may("displayedAddress", texts(text(35), 0, 6)),
    must("identifyingCodes", list(&IDENTIFYING_CODE, 1, NO_LIMIT)),
    may("taxLegalReferences", list(&TAX_REFERENCE, 0, NO_LIMIT)),
    may("partyContactDetails", list(&CONTACT, 0, NO_LIMIT)),
    may_text("reference", trimmed(35)),
    may("purchaseOrderReferences", texts(trimmed(35), 0, NO_LIMIT)),
    may("isNotifyParty", BOOL),
]);

static ON_BEHALF_OF_CONSIGNEE: Object = open(&[
    must_text("partyName", trimmed(70)),
    may("address", object(&PARTY_ADDRESS)),
    may("addressLines", texts(text(250), 0, 5)),
    may("identifyingCodes", list(&IDENTIFYING_CODE, 1, NO_LIMIT)),
]);

static ENDORSEE: Object = open(&[
    must_text("partyName", trimmed(70)),
    may_text("eblPlatform", unbroken(4)),
    may("address", object(&PARTY_ADDRESS)),
    may("addressLines", texts(text(250), 0, 5)),
    may("displayedAddress", texts(text(35), 0, 6)),
    must("identifyingCodes", list(&IDENTIFYING_CODE, 1, NO_LIMIT)),
    may("taxLegalReferences", list(&TAX_REFERENCE, 0, NO_LIMIT)),
    may("partyContactDetails", list(&CONTACT, 0, NO_LIMIT)),
    may("isNotifyParty", BOOL),
]);

static ISSUING_PARTY: Object = open(&[
    must_text("partyName", trimmed(70)),
    must("address", object(&PARTY_ADDRESS)),
    may("addressLines", texts(text(250), 0, 5)),
    may("identifyingCodes", list(&IDENTIFYING_CODE, 0, NO_LIMIT)),
    may("taxLegalReferences", list(&TAX_REFERENCE, 0, NO_LIMIT)),
    may("partyContactDetails", list(&CONTACT, 0, NO_LIMIT)),
]);

static CARRIERS_AGENT: Object = open(&[
    must_text("partyName", trimmed(70)),
    must("address", object(&ADDRESS)),
    may("addressLines", texts(text(250), 0, 5)),
    must("partyContactDetails", list(&CONTACT, 0, NO_LIMIT)),
]);

static NOTIFY_PARTY: Object = open(&[
    must_text("partyName", trimmed(70)),
    may_text("typeOfPerson", trimmed(50)),
    may("address", object(&PARTY_ADDRESS)),
    may("addressLines", texts(text(250), 0, 5)),
    may("displayedAddress", texts(text(35), 0, 6)),
    may("identifyingCodes", list(&IDENTIFYING_CODE, 0, NO_LIMIT)),
    may("taxLegalReferences", list(&TAX_REFERENCE, 0, NO_LIMIT)),
    may("partyContactDetails", list(&CONTACT, 0, NO_LIMIT)),
    may_text("reference", trimmed(35)),
]);

static PARTY: Object = open(&[
    must_text("partyName", trimmed(70)),
    may("address", object(&PARTY_ADDRESS)),
    may("addressLines", texts(text(250), 0, 5)),
    may("identifyingCodes", list(&IDENTIFYING_CODE, 0, NO_LIMIT)),
    may("taxLegalReferences", list(&TAX_REFERENCE, 0, NO_LIMIT)),
    may("partyContactDetails", list(&CONTACT, 0, NO_LIMIT)),
    may_text("reference", trimmed(35)),
]);

static OTHER_PARTY: Object = open(&[must("party", object(&PARTY)), must_text("partyFunction", text(3))]);

pub(super) static DOCUMENT_PARTIES: Object = open(&[
    must("shipper", object(&SHIPPER)),
    may("onBehalfOfShipper", object(&ON_BEHALF_OF_SHIPPER)),
    may("consignee", object(&CONSIGNEE)),
    may("onBehalfOfConsignee", object(&ON_BEHALF_OF_CONSIGNEE)),
    may("endorsee", object(&ENDORSEE)),
    must("issuingParty", object(&ISSUING_PARTY)),
    may("carriersAgentAtDestination", object(&CARRIERS_AGENT)),
    may("notifyParties", list(&NOTIFY_PARTY, 0, 3)),
    may("other", list(&OTHER_PARTY, 0, NO_LIMIT)),
]);
