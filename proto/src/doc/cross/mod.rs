//! Cross-checks: what a bill of lading and a certificate of origin say of one shipment, side by side, and
//! what several of a kind say together.
//!
//! Pure: bodies in, findings out, in an order that does not hang on the order of the arguments. Nothing
//! here refuses: papers of one cargo differ for honest reasons, and an officer decides.

mod pair;
mod rules;
mod sets;
#[cfg(test)]
mod tests;
mod words;

pub use pair::pair;
pub use rules::RULES;
pub use sets::{bills, origins};

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::finding::{Refusal, Rule, Severity};
use super::{BODY_JSON, Checked, DocKind, check};
use crate::json;

/// A document that passed its check, open for comparison.
#[derive(Clone, Debug)]
struct Paper {
    body: Value,
    checked: Checked,
}

impl Paper {
    fn open(kind: DocKind, bytes: &[u8]) -> Result<Self, Refusal> {
        let checked = check(kind, bytes)?;
        Ok(Self { body: json::from_slice(bytes, &BODY_JSON)?, checked })
    }

    /// One value in it.
    fn side(&self, path: impl Into<String>, value: impl Into<String>) -> Side {
        Side { document: self.checked.reference.number.clone(), path: path.into(), value: value.into() }
    }
}

/// A bill of lading that passed its check.
#[derive(Clone, Debug)]
pub struct Bill(Paper);

impl Bill {
    /// Checks and opens a bill.
    ///
    /// # Errors
    /// Every finding that refuses it.
    pub fn open(bytes: &[u8]) -> Result<Self, Refusal> {
        Paper::open(DocKind::BillOfLading, bytes).map(Self)
    }

    /// What its check said.
    #[must_use]
    pub const fn checked(&self) -> &Checked {
        &self.0.checked
    }
}

/// A certificate of origin that passed its check.
#[derive(Clone, Debug)]
pub struct Origin(Paper);

impl Origin {
    /// Checks and opens a certificate.
    ///
    /// # Errors
    /// Every finding that refuses it.
    pub fn open(bytes: &[u8]) -> Result<Self, Refusal> {
        Paper::open(DocKind::CertificateOfOrigin, bytes).map(Self)
    }

    /// What its check said.
    #[must_use]
    pub const fn checked(&self) -> &Checked {
        &self.0.checked
    }
}

/// A value in a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Side {
    /// The document's number.
    pub document: String,
    /// JSON path of the value, or of where it would stand.
    pub path: String,
    /// The value, as the document writes it; several are apart by ` | `, none is empty.
    pub value: String,
}

/// Two values that do not go together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrossFinding {
    /// Stable name of the rule: `X1`, `C20`.
    pub rule: Cow<'static, str>,
    /// How bad it is.
    pub severity: Severity,
    /// One value: the bill's, where a bill is compared with a certificate.
    pub left: Side,
    /// The other.
    pub right: Side,
    /// What is odd, in words.
    pub detail: String,
    /// Where the rule comes from.
    pub source: Cow<'static, str>,
}

/// How many findings are told: hostile bodies must not be answered by a larger text.
const TOLD: usize = 256;

/// Collects cross-findings.
#[derive(Default)]
struct Crossing(Vec<CrossFinding>);

impl Crossing {
    fn find(&mut self, rule: &Rule, left: Side, right: Side, detail: impl Into<String>) {
        self.0.push(CrossFinding {
            rule: Cow::Borrowed(rule.code),
            severity: rule.severity,
            left,
            right,
            detail: detail.into(),
            source: Cow::Borrowed(rule.source),
        });
    }

    /// The findings, the worst first, then by the documents and places they speak of; at most [`TOLD`].
    fn sorted(mut self) -> Vec<CrossFinding> {
        self.0.sort_by(|a, b| {
            let key = |finding: &CrossFinding| {
                (std::cmp::Reverse(finding.severity), finding.left.clone(), finding.right.clone())
            };
            key(a).cmp(&key(b)).then_with(|| a.rule.cmp(&b.rule)).then_with(|| a.detail.cmp(&b.detail))
        });
        self.0.truncate(TOLD);
        self.0
    }
}
