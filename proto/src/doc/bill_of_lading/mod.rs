//! The DCSA electronic bill of lading, version 3.0.4: `TransportDocument`, unchanged.
//!
//! The whole schema stands as a table in three files; [`TransportDocument`] is a thin view of the fields
//! that our rules and claims need. Fields that the standard does not know are kept and reported, for the
//! standard is extensible.

mod cargo;
#[cfg(test)]
mod differential_tests;
mod document;
#[cfg(test)]
mod outline_tests;
mod parties;
mod rules;
mod weights;

pub use rules::RULES;

use serde::Deserialize;
use serde_json::{Number, Value};

use super::Reading;
use super::codelist::CodeLists;
use super::finding::{Findings, Refusal};
use super::kind::{DocKind, Reference};
use super::schema::{Object, walk};
use super::whole::{whole, whole_or_none};
use super::{BillClaims, BillType, Claims, Quantity, TitleForm};

const SOURCE: &str = "DCSA eBL 3.0.4, TransportDocument";

/// What the rules look at, borrowed from the parsed body. Names are DCSA's.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransportDocument<'a> {
    /// The carrier's number of the document.
    pub transport_document_reference: &'a str,
    /// The carrier's word on the document's state; the ledger's status decides.
    pub transport_document_status: &'a str,
    /// Bill of lading or sea waybill.
    pub transport_document_type_code: BillType,
    /// Shipped on board, as opposed to received for shipment.
    pub is_shipped_on_board_type: bool,
    /// Issued electronically.
    pub is_electronic: bool,
    /// Negotiable.
    pub is_to_order: bool,
    /// Originals with charges shown.
    #[serde(default, deserialize_with = "whole_or_none")]
    pub number_of_originals_with_charges: Option<u64>,
    /// Originals without charges shown.
    #[serde(default, deserialize_with = "whole_or_none")]
    pub number_of_originals_without_charges: Option<u64>,
    /// `YYYY-MM-DD`.
    pub shipped_on_board_date: Option<&'a str>,
    /// `YYYY-MM-DD`.
    pub received_for_shipment_date: Option<&'a str>,
    /// `YYYY-MM-DD`.
    pub issue_date: Option<&'a str>,
    /// In [`Self::declared_value_currency`].
    pub declared_value: Option<Number>,
    /// ISO 4217.
    pub declared_value_currency: Option<&'a str>,
    /// The carrier in the list that the provider keeps.
    pub carrier_code: &'a str,
    /// `SMDG` or `NMFTA`.
    pub carrier_code_list_provider: &'a str,
    /// Voyage and ports.
    #[serde(borrow)]
    pub transports: Transports<'a>,
    /// Who appears on the document.
    #[serde(borrow)]
    pub document_parties: DocumentParties<'a>,
    /// The goods, by booking.
    #[serde(borrow)]
    pub consignment_items: Vec<ConsignmentItem<'a>>,
    /// The containers.
    #[serde(borrow)]
    pub utilized_transport_equipments: Vec<UtilizedTransportEquipment<'a>>,
}

/// Voyage and ports.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transports<'a> {
    /// `YYYY-MM-DD`.
    pub planned_departure_date: &'a str,
    /// `YYYY-MM-DD`.
    pub planned_arrival_date: &'a str,
    /// Where the carrier receives the goods, if not at the port.
    #[serde(borrow)]
    pub place_of_receipt: Option<Port<'a>>,
    /// Where the carrier delivers them, if not at the port.
    #[serde(borrow)]
    pub place_of_delivery: Option<Port<'a>>,
    /// Where the goods go on board.
    #[serde(borrow)]
    pub port_of_loading: Port<'a>,
    /// Where they leave the ship.
    #[serde(borrow)]
    pub port_of_discharge: Port<'a>,
    /// The vessels, in order.
    #[serde(borrow)]
    pub vessel_voyages: Vec<VesselVoyage<'a>>,
}

/// A port or other place.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Port<'a> {
    /// UN/LOCODE.
    #[serde(rename = "UNLocationCode")]
    pub un_location_code: Option<&'a str>,
    /// Its name.
    #[serde(rename = "locationName")]
    pub location_name: Option<&'a str>,
}

/// A vessel on a voyage.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VesselVoyage<'a> {
    /// The vessel's name.
    pub vessel_name: &'a str,
    /// The carrier's number of the voyage.
    pub carrier_export_voyage_number: &'a str,
}

/// Who appears on the document.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentParties<'a> {
    /// Who ships.
    #[serde(borrow)]
    pub shipper: Party<'a>,
    /// For whom the shipper acts.
    #[serde(borrow)]
    pub on_behalf_of_shipper: Option<Party<'a>>,
    /// Who receives; may be absent on a bill to order.
    #[serde(borrow)]
    pub consignee: Option<Party<'a>>,
    /// For whom the consignee acts.
    #[serde(borrow)]
    pub on_behalf_of_consignee: Option<Party<'a>>,
    /// To whom it is endorsed.
    #[serde(borrow)]
    pub endorsee: Option<Party<'a>>,
    /// Who issues the document: the carrier or its agent.
    #[serde(borrow)]
    pub issuing_party: Party<'a>,
    /// Who acts for the carrier where the goods arrive.
    #[serde(borrow)]
    pub carriers_agent_at_destination: Option<Party<'a>>,
    /// Who is told of the arrival.
    #[serde(borrow, default)]
    pub notify_parties: Vec<Party<'a>>,
    /// Others.
    #[serde(borrow, default)]
    pub other: Vec<OtherParty<'a>>,
}

/// A party with a function of its own.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct OtherParty<'a> {
    /// Who it is.
    #[serde(borrow)]
    pub party: Party<'a>,
}

/// A party.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Party<'a> {
    /// Its name.
    pub party_name: &'a str,
    /// Whether it is also the first to be told of the arrival.
    #[serde(default)]
    pub is_notify_party: bool,
}

/// Goods under one booking.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsignmentItem<'a> {
    /// Lines of description, in order.
    #[serde(borrow)]
    pub description_of_goods: Vec<&'a str>,
    /// Harmonized System codes, six to ten digits.
    #[serde(rename = "HSCodes", borrow)]
    pub hs_codes: Vec<&'a str>,
    /// The same with up to twelve digits; if present, these count.
    #[serde(rename = "extendedHSCodes", borrow, default)]
    pub extended_hs_codes: Vec<&'a str>,
    /// Marks on the packages.
    #[serde(borrow, default)]
    pub shipping_marks: Vec<&'a str>,
    /// What lies in which container.
    #[serde(borrow)]
    pub cargo_items: Vec<CargoItem<'a>>,
}

/// Goods in one container.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CargoItem<'a> {
    /// The container.
    pub equipment_reference: &'a str,
    /// The packages.
    pub outer_packaging: OuterPackaging<'a>,
}

/// Packages of one kind.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OuterPackaging<'a> {
    /// How many.
    #[serde(deserialize_with = "whole")]
    pub number_of_packages: u64,
    /// Of what kind.
    pub description: &'a str,
}

/// A container.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UtilizedTransportEquipment<'a> {
    /// Marks on the packages in it.
    #[serde(borrow, default)]
    pub shipping_marks: Vec<&'a str>,
    /// The container itself.
    #[serde(borrow)]
    pub equipment: Equipment<'a>,
}

/// A container's identity.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Equipment<'a> {
    /// ISO 6346 number where possible.
    pub equipment_reference: &'a str,
}

impl<'a> TransportDocument<'a> {
    /// The view of a parsed body; none when it does not have the schema's shape.
    #[must_use]
    pub fn view(body: &'a Value) -> Option<Self> {
        Self::deserialize(body).ok()
    }

    /// The document's number. It is unique per carrier only, so the carrier's code belongs to it.
    #[must_use]
    pub fn reference(&self) -> Reference {
        let parts = [self.carrier_code_list_provider, self.carrier_code, self.transport_document_reference];
        Reference::first(DocKind::BillOfLading, &parts)
    }

    /// To whom it is made out.
    #[must_use]
    pub const fn form(&self) -> TitleForm {
        match (self.is_to_order, &self.document_parties.endorsee) {
            (false, _) => TitleForm::Straight,
            (true, Some(_)) => TitleForm::Named,
            (true, None) => TitleForm::Blank,
        }
    }

    /// The cargo items of all consignment items.
    pub fn cargo(&self) -> impl Iterator<Item = &CargoItem<'a>> {
        self.consignment_items.iter().flat_map(|item| &item.cargo_items)
    }
}

/// The schema's table.
pub(super) const fn table() -> &'static Object {
    &document::TRANSPORT_DOCUMENT
}

/// Schema first; the rules look only at what has the schema's shape.
pub(super) fn check(body: &Value, bytes: &[u8], lists: Option<&CodeLists>) -> Result<Reading, Refusal> {
    let mut findings: Findings = walk(body, &document::TRANSPORT_DOCUMENT, SOURCE, lists);
    findings.refused()?;
    let Some(document) = TransportDocument::view(body) else {
        return Err(findings.unreadable());
    };
    let weights = weights::read(bytes, &mut findings);
    findings.refused()?;
    let Some(weights) = weights else {
        return Err(findings.unreadable());
    };
    rules::apply(&document, &weights, &mut findings);
    if let Some(lists) = lists {
        rules::carrier(&document, lists, &mut findings);
    }
    let packages = document.cargo().map(|cargo| cargo.outer_packaging.number_of_packages);
    let Some(quantity) = weights::quantity(packages, &weights) else {
        findings.breach(&rules::WEIGHT, "$.consignmentItems", "the sum of the gross weights has too many digits");
        findings.refused()?;
        return Err(findings.unreadable());
    };
    let document_type = document.transport_document_type_code;
    let claims = BillClaims { document_type, form: document.form(), quantity };
    Ok(Reading {
        reference: document.reference(),
        claims: Claims::BillOfLading(claims),
        findings: findings.accepted()?,
    })
}
