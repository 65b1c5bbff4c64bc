//! Certificates of origin, by box number. First scheme: Form E of the ASEAN-China Free Trade Area.
//!
//! No public machine-readable schema of the form exists; this one is Sampan's own. Every key tells its
//! box (`box7HsCode`), so that paper and JSON can be laid side by side. Quantities are decimal text,
//! for an officer compares digits, not doubles. Unknown fields are refused: the form is closed.

mod form_e;
mod rules;

pub use rules::RULES;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::Reading;
use super::codelist::CodeLists;
use super::finding::Refusal;
use super::kind::{DocKind, Reference};
use super::schema::walk;
use super::{Amount, Amounts, Claims, Date, ItemNumber, OriginClaims, Scheme};
use crate::member::Country;

const SOURCE: &str = "Form E (ACFTA), Sampan schema by box number";

/// A Form E, borrowed from the parsed body. Names tell the boxes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FormE<'a> {
    /// Top right: the number that the issuing authority gave it.
    pub reference_number: &'a str,
    /// Top: the party whose authority issues it.
    pub issuing_country: Country,
    /// Who exports.
    #[serde(borrow)]
    pub box1_exporter: Party<'a>,
    /// To whom the goods go.
    #[serde(borrow)]
    pub box2_consignee: Party<'a>,
    /// Where the goods are shown before they are sold.
    #[serde(borrow)]
    pub box2_exhibition: Option<NameAndPlace<'a>>,
    /// Transport, as far as known.
    #[serde(borrow)]
    pub box3_transport: Transport<'a>,
    /// The importing authority's note on paper.
    pub box4_official_use: Option<OfficialUse>,
    /// Who invoices, if it is a third party.
    #[serde(borrow)]
    pub box7_third_party_invoicer: Option<NameAndPlace<'a>>,
    /// Boxes 5 to 10, line by line.
    #[serde(borrow)]
    pub items: Vec<Item<'a>>,
    /// The exporter's word.
    #[serde(borrow)]
    pub box11_exporter_declaration: Declaration<'a>,
    /// The authority's word.
    #[serde(borrow)]
    pub box12_certification: Certification<'a>,
    /// Ticks.
    pub box13_ticks: Ticks,
    /// The certificate that a movement certificate stands on.
    #[serde(borrow)]
    pub box13_original: Option<Original<'a>>,
}

/// A trading party.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Party<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its address.
    pub address: &'a str,
    /// ISO 3166-1 alpha-2.
    pub country: Country,
}

/// A name with the place that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct NameAndPlace<'a> {
    /// The name.
    pub name: &'a str,
    /// ISO 3166-1 alpha-2.
    pub country: Country,
}

/// Means of transport and route.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transport<'a> {
    /// `YYYY-MM-DD`.
    pub departure_date: Option<&'a str>,
    /// Vessel, flight or vehicle.
    pub vessel: Option<&'a str>,
    /// The carrier's number of the voyage.
    pub voyage: Option<&'a str>,
    /// UN/LOCODE.
    pub port_of_loading: Option<&'a str>,
    /// UN/LOCODE.
    pub port_of_discharge: Option<&'a str>,
}

/// Box 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfficialUse {
    /// Whether preference is said to be given.
    pub preference_given: bool,
}

/// One line of goods.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item<'a> {
    /// Counted from 1.
    pub box5_item_number: u64,
    /// Marks and numbers on the packages.
    #[serde(borrow)]
    pub box6_marks: Vec<&'a str>,
    /// Packages; none for goods in bulk.
    #[serde(borrow)]
    pub box7_packages: Option<Packages<'a>>,
    /// What the goods are.
    pub box7_description: &'a str,
    /// Six digits.
    pub box7_hs_code: &'a str,
    /// Why they originate.
    #[serde(borrow)]
    pub box8_origin_criterion: Criterion<'a>,
    /// With packaging.
    #[serde(borrow)]
    pub box9_gross_weight: Option<Quantity<'a>>,
    /// In another unit.
    #[serde(borrow)]
    pub box9_quantity: Option<Quantity<'a>>,
    /// Free on board.
    #[serde(borrow)]
    pub box9_fob: Option<Money<'a>>,
    /// The invoice.
    #[serde(borrow)]
    pub box10_invoice: Invoice<'a>,
}

/// Number and type of packages.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Packages<'a> {
    /// How many.
    pub count: u64,
    /// Of what kind.
    pub kind: &'a str,
}

/// An origin criterion.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Criterion<'a> {
    /// `WO`, `PE`, `RVC`, `CTH` or `PSR`.
    pub code: &'a str,
    /// Regional value content in whole per cent, rounded down; with `RVC` only.
    pub percent: Option<u64>,
}

/// A quantity, as decimal text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Quantity<'a> {
    /// Digits, perhaps with a point.
    pub value: &'a str,
    /// UN/ECE Recommendation 20 code.
    pub unit: &'a str,
}

/// An amount, as decimal text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Money<'a> {
    /// Digits, perhaps with a point.
    pub value: &'a str,
    /// ISO 4217.
    pub currency: &'a str,
}

/// An invoice.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Invoice<'a> {
    /// Its number.
    pub number: &'a str,
    /// `YYYY-MM-DD`.
    pub date: &'a str,
}

/// Box 11.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Declaration<'a> {
    /// Where the goods were produced.
    pub produced_in: Country,
    /// Where preference is asked.
    pub importing_country: Country,
    /// `YYYY-MM-DD`.
    pub date: &'a str,
}

/// Box 12.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Certification<'a> {
    /// The day of issue, `YYYY-MM-DD`.
    pub date: &'a str,
    /// Who certifies.
    pub authority: &'a str,
}

/// Box 13.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the form has four boxes to tick")]
pub struct Ticks {
    /// Issued after shipment.
    pub issued_retroactively: bool,
    /// For goods shown at an exhibition.
    pub exhibition: bool,
    /// Issued by an intermediate party on another certificate.
    pub movement_certificate: bool,
    /// Invoiced from a third party.
    pub third_party_invoicing: bool,
}

/// The certificate that a movement certificate stands on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Original<'a> {
    /// Its number.
    pub reference_number: &'a str,
    /// Who issued it.
    pub issuing_country: Country,
    /// When, `YYYY-MM-DD`.
    pub date: &'a str,
}

impl<'a> FormE<'a> {
    /// The view of a parsed body; none when it does not have the schema's shape.
    #[must_use]
    pub fn view(body: &'a Value) -> Option<Self> {
        Self::deserialize(body).ok()
    }

    /// The certificate's number. Each country numbers its own, so the country belongs to it.
    #[must_use]
    pub fn reference(&self) -> Reference {
        let parts = ["ACFTA", self.issuing_country.as_str(), self.reference_number];
        Reference::first(DocKind::CertificateOfOrigin, &parts)
    }

    /// The last day on which it can be presented: twelve months from issue.
    #[must_use]
    pub fn expires(&self) -> Option<Date> {
        Some(self.box12_certification.date.parse::<Date>().ok()?.next_year())
    }

    /// What each item certifies, by unit; none when two items have one number or a number has too many digits.
    #[must_use]
    pub fn account(&self) -> Option<BTreeMap<ItemNumber, Amounts>> {
        let mut account = BTreeMap::new();
        for item in &self.items {
            let mut amounts = Amounts::default();
            for quantity in item.box9_gross_weight.iter().chain(&item.box9_quantity) {
                let amount = (quantity.unit.parse().ok()?, Amount::read(quantity.value).ok()?);
                amounts = amounts.plus(&Amounts([amount].into()))?;
            }
            let number = ItemNumber(item.box5_item_number.try_into().ok()?);
            if account.insert(number, amounts).is_some() {
                return None;
            }
        }
        Some(account)
    }
}

/// Schema first; the rules look only at what has the schema's shape.
pub(super) fn check(body: &Value, lists: Option<&CodeLists>) -> Result<Reading, Refusal> {
    let mut findings = walk(body, &form_e::FORM_E, SOURCE, lists);
    findings.refused()?;
    let Some(form) = FormE::view(body) else {
        return Err(findings.unreadable());
    };
    rules::apply(&form, &mut findings);
    let (Some(expires), Some(items)) = (form.expires(), form.account()) else {
        return Err(findings.unreadable());
    };
    let claims = OriginClaims {
        scheme: Scheme::Acfta,
        issuing_country: form.issuing_country,
        importing_country: form.box11_exporter_declaration.importing_country,
        expires,
        items,
    };
    Ok(Reading {
        reference: form.reference(),
        claims: Claims::CertificateOfOrigin(claims),
        findings: findings.accepted()?,
    })
}
