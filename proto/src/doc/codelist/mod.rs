//! Code lists: which codes exist. Lists age, so an unknown code is a warning that names the edition, and
//! never a refusal.
//!
//! Small lists are compiled in: facts from the Open Data Commons (PDDL) data sets `country-codes`,
//! `currency-codes`, `unece-package-codes` and `units-of-measure`, without what they mark as withdrawn.
//! Large or licensed ones are an explicit input, [`CodeLists`]: the same bytes and the same lists get the
//! same findings everywhere.

mod read;
#[cfg(test)]
mod tests;

pub use read::{ListKind, NotAList, read};

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::finding::{Rule, Severity};
use crate::hash::Hash32;

/// A code list of one edition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeList {
    /// What it lists, such as `UN/LOCODE`.
    pub name: String,
    /// Which edition, in its publisher's words, such as `2023-2`.
    pub edition: String,
    /// SHA-256 of the bytes that it was read from.
    pub sha256: Hash32,
    /// The codes.
    pub codes: BTreeSet<String>,
}

impl CodeList {
    /// Whether the code is on the list.
    #[must_use]
    pub fn has(&self, code: &str) -> bool {
        self.codes.contains(code)
    }

    /// Whether the list has any code that begins like this one: UN/LOCODE comes in parts, by country.
    fn covers(&self, beginning: &str) -> bool {
        let next =
            self.codes.range::<str, _>((std::ops::Bound::Included(beginning), std::ops::Bound::Unbounded)).next();
        next.is_some_and(|code| code.starts_with(beginning))
    }
}

/// The lists that a document is checked against, beyond those compiled in. What is absent is not checked,
/// and the findings say so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeLists {
    /// UN/LOCODE: country and place, five signs, such as `MYPKG`.
    pub locode: Option<CodeList>,
    /// The liner codes of the Ship Message Design Group. Its licence leaves the download to the operator.
    pub smdg: Option<CodeList>,
    /// Subheadings of the Harmonized System, six digits.
    pub hs: Option<CodeList>,
    /// The carriers that the issuer of the document speaks for, as `PROVIDER:CODE`, by the registry.
    pub carriers: Option<BTreeSet<String>>,
}

const fn rule(code: &'static str, severity: Severity, source: &'static str, says: &'static str) -> Rule {
    Rule { code, severity, source, says }
}

pub(super) const LOCODE: Rule = rule("L12", Severity::Warn, "UN/LOCODE", "a UN/LOCODE is in the list that was given");
pub(super) const LINER: Rule =
    rule("L15", Severity::Warn, "SMDG liner codes", "the carrier's code is in the list of its provider that was given");
pub(super) const BOUND: Rule =
    rule("L16", Severity::Warn, "Sampan", "the issuer speaks for the carrier that the document names");
pub(super) const COUNTRY: Rule = rule("K1", Severity::Warn, "ISO 3166-1, data set of 2026-11", "a country code exists");
pub(super) const CURRENCY: Rule = rule("K2", Severity::Warn, "ISO 4217, data set of 2026-11", "a currency is in use");
pub(super) const PACKAGE: Rule =
    rule("K3", Severity::Warn, "UN/ECE Recommendation 21, data set of 2026-11", "a package code exists");
pub(super) const UNIT: Rule =
    rule("K4", Severity::Warn, "UN/ECE Recommendation 20, data set of 2026-11", "a unit of measure exists");
pub(super) const SUBHEADING: Rule =
    rule("K5", Severity::Warn, "Harmonized System", "an HS code begins with a subheading of the list that was given");
pub(super) const ABSENT: Rule = rule("K0", Severity::Info, "Sampan", "codes without a list at hand are not checked");

/// Whether a tariff code begins with a chapter of the Harmonized System: 01 to 97 without 77, which is
/// kept free; 98 and 99 are national.
pub(super) fn is_in_a_chapter(code: &str) -> bool {
    !matches!(code.get(..2), None | Some("00" | "77" | "98" | "99"))
}

/// A compiled-in list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Country,
    Currency,
    Package,
    Unit,
}

impl Known {
    /// What a code that is not on the list breaks.
    pub(super) const fn rule(self) -> &'static Rule {
        match self {
            Self::Country => &COUNTRY,
            Self::Currency => &CURRENCY,
            Self::Package => &PACKAGE,
            Self::Unit => &UNIT,
        }
    }

    pub(super) fn has(self, code: &str) -> bool {
        let list = match self {
            // By the standard, `ZZ` is a country that is not known.
            Self::Country if code == "ZZ" => return true,
            Self::Country => &COUNTRIES,
            Self::Currency => &CURRENCIES,
            Self::Package => &PACKAGES,
            Self::Unit => &UNITS,
        };
        list.contains(code)
    }
}

type Codes = LazyLock<BTreeSet<&'static str>>;

static COUNTRIES: Codes = LazyLock::new(|| include_str!("country.txt").split_ascii_whitespace().collect());
static CURRENCIES: Codes = LazyLock::new(|| include_str!("currency.txt").split_ascii_whitespace().collect());
static PACKAGES: Codes = LazyLock::new(|| include_str!("package.txt").split_ascii_whitespace().collect());
static UNITS: Codes = LazyLock::new(|| include_str!("unit.txt").split_ascii_whitespace().collect());

/// What a list that was given, or was not, says of a code.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// On the list.
    Listed,
    /// Not on the list, which has others like it; the detail names the edition.
    Unlisted(String),
    /// The list has nothing on codes that begin like this one.
    NotCovered(String),
    /// There is no list.
    NoList,
}

impl CodeLists {
    /// A place.
    pub(super) fn place(&self, code: &str) -> Verdict {
        let country = code.get(..2).unwrap_or(code);
        judge(self.locode.as_ref(), code, country)
    }

    /// A carrier, in the list of its provider.
    pub(super) fn carrier(&self, provider: &str, code: &str) -> Verdict {
        if provider == "SMDG" { judge(self.smdg.as_ref(), code, "") } else { Verdict::NoList }
    }

    /// The first six digits of a tariff code.
    pub(super) fn subheading(&self, code: &str) -> Verdict {
        judge(self.hs.as_ref(), code.get(..6).unwrap_or(code), "")
    }
}

fn judge(list: Option<&CodeList>, code: &str, beginning: &str) -> Verdict {
    let Some(list) = list else { return Verdict::NoList };
    let edition = format!("{}, edition {}", list.name, list.edition);
    if list.has(code) {
        Verdict::Listed
    } else if list.covers(beginning) {
        Verdict::Unlisted(format!("`{code}` is not in {edition}"))
    } else {
        Verdict::NotCovered(format!("{edition}, as given has nothing that begins with {beginning}"))
    }
}
