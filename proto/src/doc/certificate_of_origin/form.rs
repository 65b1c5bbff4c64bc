//! The forms: which scheme each belongs to, its table, and in which box it says what.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::tables::{FORM_D, FORM_E, NON_PREFERENTIAL, RCEP};
use crate::doc::Scheme;
use crate::doc::schema::{Object, published};

/// A form of certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateForm {
    /// ASEAN-China Free Trade Area.
    FormE,
    /// ASEAN Trade in Goods Agreement.
    FormD,
    /// Regional Comprehensive Economic Partnership.
    Rcep,
    /// Origin without preference.
    NonPreferential,
}

/// The text names no form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a form is `form-e`, `form-d`, `rcep` or `non-preferential`")]
pub struct UnknownForm;

impl CertificateForm {
    /// Every form.
    pub const ALL: &'static [Self] = &[Self::FormE, Self::FormD, Self::Rcep, Self::NonPreferential];

    /// The name used in JSON, on the command line and in file names.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FormE => "form-e",
            Self::FormD => "form-d",
            Self::Rcep => "rcep",
            Self::NonPreferential => "non-preferential",
        }
    }

    /// What the document's own field `form` says.
    #[must_use]
    pub const fn letter(self) -> &'static str {
        match self {
            Self::FormE => "E",
            Self::FormD => "D",
            Self::Rcep => "RCEP",
            Self::NonPreferential => "NP",
        }
    }

    /// The scheme under which it is issued.
    #[must_use]
    pub const fn scheme(self) -> Scheme {
        match self {
            Self::FormE => Scheme::Acfta,
            Self::FormD => Scheme::Atiga,
            Self::Rcep => Scheme::Rcep,
            Self::NonPreferential => Scheme::NonPref,
        }
    }

    /// A filled and valid worked example.
    #[must_use]
    pub const fn example(self) -> &'static str {
        match self {
            Self::FormE => include_str!("examples/form_e.json"),
            Self::FormD => include_str!("examples/form_d.json"),
            Self::Rcep => include_str!("examples/rcep.json"),
            Self::NonPreferential => include_str!("examples/non_preferential.json"),
        }
    }

    /// Its schema as JSON Schema 2020-12, made from the table that documents are checked by.
    #[must_use]
    pub fn json_schema(self) -> serde_json::Value {
        published(self.table(), &format!("urn:sampan:schema:{self}:1"), self.source())
    }

    /// What the findings name as their source.
    pub(super) const fn source(self) -> &'static str {
        match self {
            Self::FormE => "Form E (ACFTA), Sampan schema by box number",
            Self::FormD => "Form D (ATIGA), Sampan schema by box number",
            Self::Rcep => "RCEP certificate of origin, Sampan schema by box number",
            Self::NonPreferential => "Non-preferential certificate of origin, Sampan schema by box number",
        }
    }

    pub(in crate::doc) const fn table(self) -> &'static Object {
        match self {
            Self::FormE => &FORM_E,
            Self::FormD => &FORM_D,
            Self::Rcep => &RCEP,
            Self::NonPreferential => &NON_PREFERENTIAL,
        }
    }

    /// Where it says what.
    #[must_use]
    pub const fn boxes(self) -> &'static Boxes {
        match self {
            Self::FormE => &BOXES_E,
            Self::FormD => &BOXES_D,
            Self::Rcep => &BOXES_RCEP,
            Self::NonPreferential => &BOXES_NP,
        }
    }
}

impl fmt::Display for CertificateForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CertificateForm {
    type Err = UnknownForm;

    fn from_str(text: &str) -> Result<Self, UnknownForm> {
        Self::ALL.iter().copied().find(|form| form.as_str() == text).ok_or(UnknownForm)
    }
}

/// The names of a form's fields. Where a form lacks a box, no document has the field.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each names the box that its own name tells")]
pub struct Boxes {
    pub exporter: &'static str,
    pub consignee: &'static str,
    pub producer: &'static str,
    pub exhibition: &'static str,
    pub transport: &'static str,
    pub destination: &'static str,
    pub official_use: &'static str,
    pub invoicer: &'static str,
    pub original: &'static str,
    pub originals: &'static str,
    pub declaration: &'static str,
    pub certification: &'static str,
    pub ticks: &'static str,
    pub item_number: &'static str,
    pub marks: &'static str,
    pub packages: &'static str,
    pub description: &'static str,
    pub hs_code: &'static str,
    pub criterion: &'static str,
    pub origin_country: &'static str,
    pub gross_weight: &'static str,
    pub quantity: &'static str,
    pub fob: &'static str,
    pub invoice: &'static str,
}

const BOXES_E: Boxes = Boxes {
    exporter: "box1Exporter",
    consignee: "box2Consignee",
    producer: "",
    exhibition: "box2Exhibition",
    transport: "box3Transport",
    destination: "",
    official_use: "box4OfficialUse",
    invoicer: "box7ThirdPartyInvoicer",
    original: "box13Original",
    originals: "",
    declaration: "box11ExporterDeclaration",
    certification: "box12Certification",
    ticks: "box13Ticks",
    item_number: "box5ItemNumber",
    marks: "box6Marks",
    packages: "box7Packages",
    description: "box7Description",
    hs_code: "box7HsCode",
    criterion: "box8OriginCriterion",
    origin_country: "",
    gross_weight: "box9GrossWeight",
    quantity: "box9Quantity",
    fob: "box9Fob",
    invoice: "box10Invoice",
};

const BOXES_D: Boxes =
    Boxes { invoicer: "box7ThirdCountryInvoicer", original: "", originals: "box7Originals", ..BOXES_E };

const BOXES_RCEP: Boxes = Boxes {
    producer: "box3Producer",
    exhibition: "",
    transport: "box4Transport",
    official_use: "box5OfficialUse",
    invoicer: "box14ThirdPartyInvoicer",
    original: "box14Original",
    declaration: "box15ExporterDeclaration",
    certification: "box16Certification",
    ticks: "box17Ticks",
    item_number: "box6ItemNumber",
    marks: "box7Marks",
    packages: "box8Packages",
    description: "box8Description",
    hs_code: "box9HsCode",
    criterion: "box10OriginCriterion",
    origin_country: "box11OriginCountry",
    gross_weight: "box12GrossWeight",
    quantity: "box12Quantity",
    fob: "box12Fob",
    invoice: "box13Invoice",
    ..BOXES_E
};

const BOXES_NP: Boxes = Boxes {
    exhibition: "",
    destination: "box4Destination",
    official_use: "",
    invoicer: "",
    original: "",
    ticks: "",
    item_number: "itemNumber",
    hs_code: "box8HsCode",
    criterion: "",
    ..BOXES_E
};
