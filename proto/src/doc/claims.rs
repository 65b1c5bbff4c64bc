//! Claims: what an issuer signs about a document because the ledger decides by it.
//!
//! Every node that sees the body, and every reader, derives them from it again ([`super::check`]); the
//! ledger itself never looks into a body.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Deserializer, Serialize};

use super::amount::{Amounts, Quantity};
use super::date::Date;
use super::kind::DocKind;
use crate::member::Country;

/// An issuer's claims about a document, by kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claims {
    /// Of a DCSA transport document.
    BillOfLading(BillClaims),
    /// Of a certificate of origin.
    CertificateOfOrigin(OriginClaims),
}

impl Claims {
    /// The kind of document claimed.
    #[must_use]
    pub const fn kind(&self) -> DocKind {
        match self {
            Self::BillOfLading(_) => DocKind::BillOfLading,
            Self::CertificateOfOrigin(_) => DocKind::CertificateOfOrigin,
        }
    }

    /// Whether somebody can possess it: a bill of lading, but neither a sea waybill nor a certificate.
    #[must_use]
    pub const fn is_title(&self) -> bool {
        matches!(self, Self::BillOfLading(BillClaims { document_type: BillType::Bol, .. }))
    }
}

/// What a carrier claims of a transport document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BillClaims {
    /// `transportDocumentTypeCode`.
    pub document_type: BillType,
    /// To whom it is made out: from `isToOrder` and `endorsee`.
    pub form: TitleForm,
    /// Packages and gross weight over all cargo items: what a split or combination must keep.
    pub quantity: Quantity,
}

/// DCSA `transportDocumentTypeCode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum BillType {
    /// Bill of lading, a document of title.
    Bol,
    /// Sea waybill, no document of title.
    Swb,
}

/// What an issuing authority claims of a certificate of origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OriginClaims {
    /// The agreement under which origin is certified.
    pub scheme: Scheme,
    /// ISO 3166-1 alpha-2 of the party whose authority issues it.
    pub issuing_country: Country,
    /// ISO 3166-1 alpha-2 of the party where preference is asked.
    pub importing_country: Country,
    /// The last day on which it can be presented.
    pub expires: Date,
    /// Quantities by item number: the account that later use draws down.
    pub items: BTreeMap<ItemNumber, Amounts>,
}

/// To whom a bill is made out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TitleForm {
    /// To a named consignee, not to order: not negotiable.
    Straight,
    /// To the order of a named member.
    Named,
    /// To order, nobody named: possession is title.
    Blank,
}

impl TitleForm {
    /// The name used in JSON, the API and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Straight => "straight",
            Self::Named => "named",
            Self::Blank => "blank",
        }
    }
}

/// An origin scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub enum Scheme {
    /// ASEAN-China Free Trade Area: Form E.
    #[serde(rename = "ACFTA")]
    Acfta,
    /// ASEAN Trade in Goods Agreement: Form D.
    #[serde(rename = "ATIGA")]
    Atiga,
    /// Regional Comprehensive Economic Partnership.
    #[serde(rename = "RCEP")]
    Rcep,
    /// Origin without preference.
    #[serde(rename = "NONPREF")]
    NonPref,
}

impl Scheme {
    /// The name used in JSON, the API and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acfta => "ACFTA",
            Self::Atiga => "ATIGA",
            Self::Rcep => "RCEP",
            Self::NonPref => "NONPREF",
        }
    }
}

/// A line of goods on a certificate, from 1; in JSON a key, its text form decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize)]
#[serde(transparent)]
pub struct ItemNumber(pub u16);

/// The text is no item number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an item number is 0 to 65535 in decimal, without a zero that could be left out")]
pub struct NotAnItemNumber;

impl FromStr for ItemNumber {
    type Err = NotAnItemNumber;

    fn from_str(text: &str) -> Result<Self, NotAnItemNumber> {
        let number = text.parse::<u16>().map_err(|_| NotAnItemNumber)?;
        if number.to_string() == text { Ok(Self(number)) } else { Err(NotAnItemNumber) }
    }
}

/// As text: where `serde_json` reads a key as a number itself, it does not know escapes.
impl<'de> Deserialize<'de> for ItemNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
