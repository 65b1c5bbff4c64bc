//! One view of all forms, borrowed from the parsed body.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::form::{Boxes, CertificateForm};
use crate::doc::kind::{DocKind, Reference};
use crate::doc::whole::{whole, whole_or_none};
use crate::doc::{Amount, Amounts, Date, ItemNumber};
use crate::member::Country;

/// A certificate of origin, whatever its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate<'a> {
    /// Which form it is.
    pub form: CertificateForm,
    /// The number that the issuing authority gave it.
    pub reference_number: &'a str,
    /// The country whose authority issues it.
    pub issuing_country: Country,
    /// The country where preference is asked, or to which the goods go.
    pub importing_country: Country,
    /// Who exports.
    pub exporter: Party<'a>,
    /// To whom the goods go.
    pub consignee: Party<'a>,
    /// Who produced the goods, where the form has a box for it and it is told.
    pub producer: Option<Party<'a>>,
    /// Where the goods are shown before they are sold.
    pub exhibition: Option<NameAndPlace<'a>>,
    /// Transport, as far as known.
    pub transport: Transport<'a>,
    /// The importing authority's note on paper.
    pub official_use: Option<OfficialUse>,
    /// Who invoices, if it is a third party.
    pub invoicer: Option<NameAndPlace<'a>>,
    /// The certificates that a back-to-back (movement) certificate stands on.
    pub originals: Vec<Original<'a>>,
    /// The goods, line by line.
    pub items: Vec<Item<'a>>,
    /// The exporter's word.
    pub declaration: Declaration<'a>,
    /// The authority's word.
    pub certification: Certification<'a>,
    /// Ticks.
    pub ticks: Ticks,
}

/// A trading party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Party<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its address.
    pub address: &'a str,
    /// ISO 3166-1 alpha-2.
    pub country: Country,
}

/// A name with the country that belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct NameAndPlace<'a> {
    /// The name.
    pub name: &'a str,
    /// ISO 3166-1 alpha-2.
    pub country: Country,
}

/// Means of transport and route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
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

/// For official use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfficialUse {
    /// Whether preference is said to be given.
    pub preference_given: bool,
}

/// One line of goods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// Counted from 1.
    pub number: u16,
    /// Marks and numbers on the packages.
    pub marks: Vec<&'a str>,
    /// Packages; none for goods in bulk.
    pub packages: Option<Packages<'a>>,
    /// What the goods are.
    pub description: &'a str,
    /// Six digits.
    pub hs_code: &'a str,
    /// Why they originate; none without preference.
    pub criterion: Option<Criterion<'a>>,
    /// Where they originate, where the form asks for it line by line.
    pub origin_country: Option<Country>,
    /// With packaging.
    pub gross_weight: Option<Quantity<'a>>,
    /// In another unit.
    pub quantity: Option<Quantity<'a>>,
    /// Free on board.
    pub fob: Option<Money<'a>>,
    /// The invoice.
    pub invoice: Invoice<'a>,
}

/// Number and type of packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Packages<'a> {
    /// How many.
    #[serde(deserialize_with = "whole")]
    pub count: u64,
    /// Of what kind.
    pub kind: &'a str,
}

/// An origin criterion.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Criterion<'a> {
    /// The scheme's code, such as `WO`.
    pub code: &'a str,
    /// Regional value content in whole per cent, rounded down.
    #[serde(deserialize_with = "whole_or_none", default)]
    pub percent: Option<u64>,
    /// What is said beside it: `ACU`, `DMI`.
    #[serde(borrow, default)]
    pub with: Vec<&'a str>,
}

/// A quantity, as decimal text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Quantity<'a> {
    /// Digits, perhaps with a point.
    pub value: &'a str,
    /// UN/ECE Recommendation 20 code.
    pub unit: &'a str,
}

/// An amount, as decimal text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Money<'a> {
    /// Digits, perhaps with a point.
    pub value: &'a str,
    /// ISO 4217.
    pub currency: &'a str,
}

/// An invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Invoice<'a> {
    /// Its number.
    pub number: &'a str,
    /// `YYYY-MM-DD`.
    pub date: &'a str,
}

/// The exporter's declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Declaration<'a> {
    /// Where the goods were produced.
    pub produced_in: Country,
    /// Where preference is asked.
    pub importing_country: Option<Country>,
    /// `YYYY-MM-DD`.
    pub date: &'a str,
}

/// The authority's certification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Certification<'a> {
    /// The day of issue, `YYYY-MM-DD`.
    pub date: &'a str,
    /// Who certifies.
    pub authority: &'a str,
}

/// Ticks; a form that lacks one has it not ticked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "the forms have so many boxes to tick")]
pub struct Ticks {
    /// Issued after shipment.
    pub issued_retroactively: bool,
    /// For goods shown at an exhibition.
    pub exhibition: bool,
    /// Issued by an intermediate party on another certificate.
    #[serde(alias = "movementCertificate")]
    pub back_to_back: bool,
    /// Invoiced from a third party.
    #[serde(alias = "thirdCountryInvoicing")]
    pub third_party_invoicing: bool,
    /// Materials of other parties count.
    pub accumulation: bool,
    /// Some materials do not meet the change of tariff classification, but little.
    pub de_minimis: bool,
    /// Materials of less value content than originating ones count.
    pub partial_cumulation: bool,
}

/// A certificate that another stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Original<'a> {
    /// Its number.
    pub reference_number: &'a str,
    /// Who issued it.
    pub issuing_country: Country,
    /// When, `YYYY-MM-DD`.
    pub date: &'a str,
}

/// A part that must be there.
fn part<'a, T: Deserialize<'a>>(body: &'a Value, name: &str) -> Option<T> {
    T::deserialize(body.get(name)?).ok()
}

/// A part that may be there: none when it is there and unreadable.
#[expect(clippy::option_option, reason = "absent is not unreadable")]
fn maybe<'a, T: Deserialize<'a>>(body: &'a Value, name: &str) -> Option<Option<T>> {
    match body.get(name) {
        None => Some(None),
        Some(value) => T::deserialize(value).ok().map(Some),
    }
}

impl<'a> Certificate<'a> {
    /// The view of a parsed body; none when it does not have the shape of the form that it says it is.
    #[must_use]
    pub fn view(body: &'a Value) -> Option<Self> {
        let letter = body.get("form")?.as_str()?;
        let form = CertificateForm::ALL.iter().copied().find(|form| form.letter() == letter)?;
        let boxes = form.boxes();
        let declaration: Declaration<'a> = part(body, boxes.declaration)?;
        let destination = maybe(body, boxes.destination)?;
        let one: Option<Original<'a>> = maybe(body, boxes.original)?;
        let several: Option<Vec<Original<'a>>> = maybe(body, boxes.originals)?;
        Some(Self {
            form,
            reference_number: part(body, "referenceNumber")?,
            issuing_country: part(body, "issuingCountry")?,
            importing_country: destination.or(declaration.importing_country)?,
            exporter: part(body, boxes.exporter)?,
            consignee: part(body, boxes.consignee)?,
            producer: maybe(body, boxes.producer)?,
            exhibition: maybe(body, boxes.exhibition)?,
            transport: part(body, boxes.transport)?,
            official_use: maybe(body, boxes.official_use)?,
            invoicer: maybe(body, boxes.invoicer)?,
            originals: one.into_iter().chain(several.into_iter().flatten()).collect(),
            items: body.get("items")?.as_array()?.iter().map(|item| Item::view(item, boxes)).collect::<Option<_>>()?,
            declaration,
            certification: part(body, boxes.certification)?,
            ticks: maybe(body, boxes.ticks)?.unwrap_or_default(),
        })
    }

    /// The certificate's number. Each country numbers its own under each scheme, so both belong to it.
    #[must_use]
    pub fn reference(&self) -> Reference {
        let parts = [self.form.scheme().as_str(), self.issuing_country.as_str(), self.reference_number];
        Reference::first(DocKind::CertificateOfOrigin, &parts)
    }

    /// The last day on which it can be presented: twelve months from issue, and no later than for the
    /// originals that it stands on.
    ///
    /// ATIGA Annex 8 rule 14, RCEP article 3.16; under ACFTA and without preference by practice.
    #[must_use]
    pub fn expires(&self) -> Option<Date> {
        let dates = self.originals.iter().map(|original| original.date).chain([self.certification.date]);
        let last_days: Option<Vec<Date>> = dates.map(|date| Some(date.parse::<Date>().ok()?.next_year())).collect();
        last_days?.into_iter().min()
    }

    /// What each item certifies, by unit; none when two items have one number or a number has too many digits.
    #[must_use]
    pub fn account(&self) -> Option<BTreeMap<ItemNumber, Amounts>> {
        let mut account = BTreeMap::new();
        for item in &self.items {
            if account.insert(ItemNumber(item.number), item.amounts()?).is_some() {
                return None;
            }
        }
        Some(account)
    }
}

impl Original<'_> {
    /// The number of the certificate stood on, which is of the same scheme.
    #[must_use]
    pub fn reference(&self, form: CertificateForm) -> Reference {
        let parts = [form.scheme().as_str(), self.issuing_country.as_str(), self.reference_number];
        Reference::first(DocKind::CertificateOfOrigin, &parts)
    }
}

impl<'a> Item<'a> {
    fn view(item: &'a Value, boxes: &Boxes) -> Option<Self> {
        Some(Self {
            number: whole(item.get(boxes.item_number)?).ok()?.try_into().ok()?,
            marks: part(item, boxes.marks)?,
            packages: maybe(item, boxes.packages)?,
            description: part(item, boxes.description)?,
            hs_code: part(item, boxes.hs_code)?,
            criterion: maybe(item, boxes.criterion)?,
            origin_country: maybe(item, boxes.origin_country)?,
            gross_weight: maybe(item, boxes.gross_weight)?,
            quantity: maybe(item, boxes.quantity)?,
            fob: maybe(item, boxes.fob)?,
            invoice: part(item, boxes.invoice)?,
        })
    }

    /// What the item certifies, by unit; none when two quantities have one unit or too many digits.
    pub(super) fn amounts(&self) -> Option<Amounts> {
        let mut amounts = Amounts::default();
        for quantity in self.gross_weight.iter().chain(&self.quantity) {
            if amounts.0.insert(quantity.unit.parse().ok()?, Amount::read(quantity.value).ok()?).is_some() {
                return None;
            }
        }
        Some(amounts)
    }
}
