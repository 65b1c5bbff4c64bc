//! A non-preferential certificate of origin, in the twelve boxes that chambers of commerce commonly print.

use super::{CERTIFICATION, INVOICE, ITEM_NUMBERS, MONEY, PACKAGES, PARTY, QUANTITY, TRANSPORT, printed};
use crate::doc::schema::{
    COUNTRY, DATE, NO_LIMIT, Object, closed, integer, list, may, may_text, must, must_text, object, one_of, tariff,
    texts,
};

pub(in super::super) static NON_PREFERENTIAL: Object = closed(&[
    must_text("form", one_of(&["NP"])),
    must_text("scheme", one_of(&["NONPREF"])),
    must_text("referenceNumber", printed(35)),
    must_text("issuingCountry", COUNTRY),
    must("box1Exporter", object(&PARTY)),
    must("box2Consignee", object(&PARTY)),
    must("box3Transport", object(&TRANSPORT)),
    must_text("box4Destination", COUNTRY),
    may_text("box5AuthorityRemarks", printed(350)),
    must("items", list(&ITEM, 1, NO_LIMIT)),
    must("box11ExporterDeclaration", object(&DECLARATION)),
    must("box12Certification", object(&CERTIFICATION)),
]);

static ITEM: Object = closed(&[
    // The paper has no box for it; an account needs it.
    must("itemNumber", integer(1, ITEM_NUMBERS)),
    must("box6Marks", texts(printed(70), 1, 50)),
    may("box7Packages", object(&PACKAGES)),
    must_text("box7Description", printed(512)),
    must_text("box8HsCode", tariff(6, 6)),
    may("box9GrossWeight", object(&QUANTITY)),
    may("box9Quantity", object(&QUANTITY)),
    may("box9Fob", object(&MONEY)),
    must("box10Invoice", object(&INVOICE)),
])
.with_some_of(&["box9GrossWeight", "box9Quantity"]);

static DECLARATION: Object = closed(&[
    must_text("producedIn", COUNTRY),
    must_text("place", printed(70)),
    must_text("date", DATE),
    must_text("signatory", printed(70)),
]);
