//! Code lists: which codes exist. Lists age, so an unknown code is a warning that names the edition, and
//! never a refusal.
//!
//! Small lists are compiled in: facts from the Open Data Commons (PDDL) data sets `country-codes`,
//! `currency-codes`, `unece-package-codes` and `units-of-measure`, without what they mark as withdrawn.
//! Any list can be an explicit input, [`CodeLists`], and then counts instead: the same bytes and the same
//! lists get the same findings everywhere. Which edition is in force the members decide on the ledger.

mod file;
mod kind;
mod read;
#[cfg(test)]
mod tests;

pub use file::FILE_BYTES;
pub use kind::{ListKind, UnknownList};
pub use read::{NotAList, read, recognise};

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use sha2::{Digest, Sha256};

use super::finding::{Rule, Severity};
use crate::hash::Hash32;
use crate::ids::MemberId;
use crate::text::Note;

/// The edition of what is compiled in: the month of the data sets.
const COMPILED: &str = "2026-11";

/// A code list of one edition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeList {
    /// Which list.
    pub list: ListKind,
    /// Which edition, in its publisher's words, such as `2023-2`.
    pub edition: Note,
    /// SHA-256 of the codes in ascending order, each with a line feed after it: `sort -u | sha256sum` makes the
    /// same of them, whatever parts and order they came in.
    pub sha256: Hash32,
    codes: BTreeSet<String>,
}

fn digest(codes: &BTreeSet<String>) -> Hash32 {
    let mut digest = Sha256::new();
    for code in codes {
        digest.update(code);
        digest.update(b"\n");
    }
    Hash32(digest.finalize().into())
}

impl CodeList {
    fn new(list: ListKind, edition: Note, codes: BTreeSet<String>) -> Self {
        Self { list, edition, sha256: digest(&codes), codes }
    }

    /// A list as compiled in, where it is.
    #[must_use]
    pub fn compiled(kind: ListKind) -> Option<Self> {
        let codes = kind.compiled()?.iter().map(|code| (*code).to_owned()).collect();
        // The month of the data sets is a note by its form.
        Some(Self::new(kind, COMPILED.parse().ok()?, codes))
    }

    /// The codes, in ascending order.
    #[must_use]
    pub const fn codes(&self) -> &BTreeSet<String> {
        &self.codes
    }

    /// Whether the code is on the list.
    #[must_use]
    pub fn has(&self, code: &str) -> bool {
        self.codes.contains(code)
    }

    /// Whether the list has any code that begins like this one: UN/LOCODE comes in parts, by country.
    fn covers(&self, beginning: &str) -> bool {
        let next = self.codes.range::<str, _>((Bound::Included(beginning), Bound::Unbounded)).next();
        next.is_some_and(|code| code.starts_with(beginning))
    }
}

/// The lists that a document is checked against, beyond those compiled in. What is absent is not checked,
/// and the findings say so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeLists {
    given: BTreeMap<ListKind, CodeList>,
    issuer: Option<MemberId>,
}

impl CodeLists {
    /// Adds a list; gives it back when there is one of its kind already.
    ///
    /// # Errors
    /// The list that was there.
    pub fn add(&mut self, list: CodeList) -> Result<(), CodeList> {
        match self.given.insert(list.list, list) {
            None => Ok(()),
            Some(other) => Err(other),
        }
    }

    /// These lists for the documents of one issuer: whom it speaks for is checked, too.
    #[must_use]
    pub fn of_issuer(self, issuer: MemberId) -> Self {
        Self { issuer: Some(issuer), ..self }
    }

    /// The lists, in the order of their kinds.
    pub fn iter(&self) -> impl Iterator<Item = &CodeList> {
        self.given.values()
    }
}

const fn rule(code: &'static str, severity: Severity, source: &'static str, says: &'static str) -> Rule {
    Rule { code, severity, source, says }
}

pub(super) const LOCODE: Rule = rule("L12", Severity::Warn, "UN/LOCODE", "a UN/LOCODE is in the list that was given");
pub(super) const LINER: Rule =
    rule("L15", Severity::Warn, "SMDG liner codes", "the carrier's code is in the list of its provider that was given");
/// The issuer speaks for the carrier: judged only once it is known who issues.
pub const BOUND: Rule =
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

/// What the lists say of a code.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// On the list.
    Listed,
    /// Not on the list, which has others like it; the detail names the edition.
    Unlisted(Rule, String),
    /// The list has nothing on codes that begin like this one.
    NotCovered(String),
    /// There is no list.
    NoList,
}

/// What the list of a kind says of a code: the one given, or else the one compiled in.
pub(super) fn judge(lists: Option<&CodeLists>, kind: ListKind, code: &str) -> Verdict {
    let code = if kind == ListKind::Hs { code.get(..6).unwrap_or(code) } else { code };
    // By the standard, `ZZ` is a country that is not known.
    if kind == ListKind::Country && code == "ZZ" {
        return Verdict::Listed;
    }
    match (lists.and_then(|lists| lists.given.get(&kind)), kind.compiled()) {
        (Some(list), _) => by(list, code),
        (None, Some(compiled)) if compiled.contains(code) => Verdict::Listed,
        (None, Some(_)) => Verdict::Unlisted(*kind.rule(), format!("`{code}` is not in {}", kind.rule().source)),
        (None, None) => Verdict::NoList,
    }
}

fn by(list: &CodeList, code: &str) -> Verdict {
    let kind = list.list;
    let edition = format!("{}, edition {}", kind.title(), list.edition);
    let beginning = if kind == ListKind::Locode { code.get(..2).unwrap_or(code) } else { "" };
    if list.has(code) {
        Verdict::Listed
    } else if list.covers(beginning) {
        let rule = Rule { source: kind.title(), ..*kind.rule() };
        Verdict::Unlisted(rule, format!("`{code}` is not in {edition}"))
    } else {
        Verdict::NotCovered(format!("{edition}, as given has nothing that begins with {beginning}"))
    }
}

impl CodeLists {
    /// A carrier, in the list of its provider.
    pub(super) fn carrier(&self, provider: &str, code: &str) -> Verdict {
        if provider == "SMDG" { judge(Some(self), ListKind::Smdg, code) } else { Verdict::NoList }
    }

    /// Whether the issuer speaks for a carrier, by the members' own list.
    pub(super) fn speaker(&self, provider: &str, code: &str) -> Verdict {
        let (Some(list), Some(issuer)) = (self.given.get(&ListKind::Carriers), &self.issuer) else {
            return Verdict::NoList;
        };
        if list.has(&format!("{issuer} {provider}:{code}")) {
            return Verdict::Listed;
        }
        let detail = format!("`{issuer}` does not speak for `{code}` of {provider}, by edition {}", list.edition);
        Verdict::Unlisted(BOUND, detail)
    }
}
