//! The lists there are: what each is called, what its codes look like, and which of them are compiled in.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{BOUND, COUNTRY, CURRENCY, LINER, LOCODE, PACKAGE, SUBHEADING, UNIT};
use crate::doc::finding::Rule;
use crate::ids::MemberId;

/// A code list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListKind {
    /// UN/LOCODE: country and place, five signs, such as `MYPKG`.
    Locode,
    /// The liner codes of the Ship Message Design Group. Its licence leaves the download to the operator.
    Smdg,
    /// Subheadings of the Harmonized System, six digits.
    Hs,
    /// Countries, ISO 3166-1 alpha-2.
    Country,
    /// Currencies, ISO 4217.
    Currency,
    /// Packages, UN/ECE Recommendation 21.
    Package,
    /// Units of measure, UN/ECE Recommendation 20.
    Unit,
    /// Which member speaks for which carrier, such as `sampan-line SMDG:SPL`. The members' own list: its edition is
    /// what they decided.
    Carriers,
}

/// The text names no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a list is `locode`, `smdg`, `hs`, `country`, `currency`, `package`, `unit` or `carriers`")]
pub struct UnknownList;

impl ListKind {
    /// Every list.
    pub const ALL: &'static [Self] =
        &[Self::Locode, Self::Smdg, Self::Hs, Self::Country, Self::Currency, Self::Package, Self::Unit, Self::Carriers];

    /// The name used in JSON, on the command line, in file names and on the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Locode => "locode",
            Self::Smdg => "smdg",
            Self::Hs => "hs",
            Self::Country => "country",
            Self::Currency => "currency",
            Self::Package => "package",
            Self::Unit => "unit",
            Self::Carriers => "carriers",
        }
    }

    /// What its publisher calls it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Locode => "UN/LOCODE",
            Self::Smdg => "SMDG liner codes",
            Self::Hs => "Harmonized System",
            Self::Country => "ISO 3166-1",
            Self::Currency => "ISO 4217",
            Self::Package => "UN/ECE Recommendation 21",
            Self::Unit => "UN/ECE Recommendation 20",
            Self::Carriers => "carriers of members",
        }
    }

    /// What a code that is not on the list breaks.
    pub(in super::super) const fn rule(self) -> &'static Rule {
        match self {
            Self::Locode => &LOCODE,
            Self::Smdg => &LINER,
            Self::Hs => &SUBHEADING,
            Self::Country => &COUNTRY,
            Self::Currency => &CURRENCY,
            Self::Package => &PACKAGE,
            Self::Unit => &UNIT,
            Self::Carriers => &BOUND,
        }
    }

    /// Whether a text looks like a code of this list. Such a text is printable ASCII in one line.
    #[must_use]
    pub fn has_form(self, code: &str) -> bool {
        let sized = |least, most| (least..=most).contains(&code.len());
        let letters = || code.bytes().all(|b| b.is_ascii_uppercase());
        let signs = || code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        match self {
            Self::Locode => sized(5, 5) && signs(),
            Self::Smdg => sized(2, 4) && signs(),
            Self::Hs => sized(6, 6) && code.bytes().all(|b| b.is_ascii_digit()),
            Self::Country => sized(2, 2) && letters(),
            Self::Currency => sized(3, 3) && letters(),
            Self::Package => sized(2, 2) && signs(),
            Self::Unit => sized(1, 3) && signs(),
            Self::Carriers => code.split_once(' ').is_some_and(|(member, carrier)| {
                member.parse::<MemberId>().is_ok() && carrier.split_once(':').is_some_and(is_carrier)
            }),
        }
    }

    /// The codes compiled in, where the list is small and free.
    pub(super) fn compiled(self) -> Option<&'static BTreeSet<&'static str>> {
        match self {
            Self::Country => Some(&COUNTRIES),
            Self::Currency => Some(&CURRENCIES),
            Self::Package => Some(&PACKAGES),
            Self::Unit => Some(&UNITS),
            Self::Locode | Self::Smdg | Self::Hs | Self::Carriers => None,
        }
    }
}

fn is_carrier((provider, code): (&str, &str)) -> bool {
    matches!(provider, "SMDG" | "NMFTA") && (1..=4).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_graphic())
}

impl fmt::Display for ListKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ListKind {
    type Err = UnknownList;

    fn from_str(text: &str) -> Result<Self, UnknownList> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(UnknownList)
    }
}

type Codes = LazyLock<BTreeSet<&'static str>>;

static COUNTRIES: Codes = LazyLock::new(|| include_str!("country.txt").split_ascii_whitespace().collect());
static CURRENCIES: Codes = LazyLock::new(|| include_str!("currency.txt").split_ascii_whitespace().collect());
static PACKAGES: Codes = LazyLock::new(|| include_str!("package.txt").split_ascii_whitespace().collect());
static UNITS: Codes = LazyLock::new(|| include_str!("unit.txt").split_ascii_whitespace().collect());
