//! What is found in a document: where, by which rule, and how bad it is.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::json::JsonError;
use crate::reject::{Code, Reject};

/// How many findings of one sort are kept: a hostile body must not be answered by a larger text.
const KEPT: usize = 256;

const UNREADABLE: Rule = Rule {
    code: "schema.shape",
    severity: Severity::Refuse,
    source: "Sampan",
    says: "the document has a shape that this software does not understand",
};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Probably a mistake; real documents have such, and are accepted.
    Warn,
    /// The document is not accepted.
    Refuse,
}

impl Severity {
    /// The name used in JSON, the API and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Refuse => "refuse",
        }
    }
}

/// A rule that documents are held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable name, such as `L1`.
    pub code: &'static str,
    /// What a breach of it means.
    pub severity: Severity,
    /// Where the rule comes from.
    pub source: &'static str,
    /// The rule in words.
    pub says: &'static str,
}

/// One thing found in a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable name of the rule: `L1`, `schema.pattern`, `json_duplicate_key`.
    pub rule: Cow<'static, str>,
    /// How bad it is.
    pub severity: Severity,
    /// JSON path of the value.
    pub path: String,
    /// What is wrong, in words.
    pub detail: String,
    /// Where the rule comes from.
    pub source: Cow<'static, str>,
}

/// Why a document is not accepted: never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.reject())]
pub struct Refusal {
    code: Code,
    findings: Vec<Finding>,
    beyond: usize,
}

impl Refusal {
    /// The findings that refuse it, in the order of the document's schema; at most 256 of them.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The refusal as one answer: the first finding, and how many more there are.
    #[must_use]
    pub fn reject(&self) -> Reject {
        let Some(first) = self.findings.first() else {
            return Reject::new(self.code, "$", "refused");
        };
        let more = match self.findings.len() - 1 + self.beyond {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let detail = match self.code {
            Code::DocumentRefused => format!("{}: {}{more}", first.rule, first.detail),
            _ => first.detail.clone(),
        };
        Reject::new(self.code, first.path.clone(), detail)
    }
}

impl From<JsonError> for Refusal {
    fn from(error: JsonError) -> Self {
        let finding = Finding {
            rule: Cow::Borrowed(error.code.as_str()),
            severity: Severity::Refuse,
            path: error.path,
            detail: error.detail,
            source: Cow::Borrowed("RFC 8259, RFC 7493"),
        };
        Self { code: error.code, findings: vec![finding], beyond: 0 }
    }
}

/// Collects findings. Refusals and remarks are capped apart, so that no crowd of remarks hides a refusal.
#[derive(Debug, Default)]
pub(super) struct Findings {
    refusals: Vec<Finding>,
    remarks: Vec<Finding>,
    beyond: usize,
}

impl Findings {
    pub(super) fn push(&mut self, finding: Finding) {
        let refuses = finding.severity == Severity::Refuse;
        let kept = if refuses { &mut self.refusals } else { &mut self.remarks };
        if kept.len() < KEPT {
            kept.push(finding);
        } else {
            self.beyond += usize::from(refuses);
        }
    }

    /// A breach of `rule` at `path`.
    pub(super) fn breach(&mut self, rule: &Rule, path: impl Into<String>, detail: impl Into<String>) {
        self.push(Finding {
            rule: Cow::Borrowed(rule.code),
            severity: rule.severity,
            path: path.into(),
            detail: detail.into(),
            source: Cow::Borrowed(rule.source),
        });
    }

    /// Whether something refuses the document.
    pub(super) fn refuses(&self) -> bool {
        !self.refusals.is_empty()
    }

    /// Makes warnings of the refusals.
    pub(super) fn weaken(&mut self) {
        for finding in std::mem::take(&mut self.refusals) {
            self.push(Finding { severity: Severity::Warn, ..finding });
        }
    }

    /// Takes over what was found elsewhere.
    pub(super) fn append(&mut self, other: Self) {
        self.beyond += other.beyond;
        other.refusals.into_iter().chain(other.remarks).for_each(|finding| self.push(finding));
    }

    /// The refusal so far, if there is one.
    pub(super) fn refused(&mut self) -> Result<(), Refusal> {
        if self.refusals.is_empty() {
            return Ok(());
        }
        let findings = std::mem::take(&mut self.refusals);
        Err(Refusal { code: Code::DocumentRefused, findings, beyond: self.beyond })
    }

    /// Refuses what passed the schema but cannot be read: the table and the view disagree, which is our fault.
    pub(super) fn unreadable(mut self) -> Refusal {
        self.breach(&UNREADABLE, "$", UNREADABLE.says);
        Refusal { code: Code::DocumentRefused, findings: self.refusals, beyond: self.beyond }
    }

    /// Refusals and remarks, in this order.
    pub(super) fn all(self) -> Vec<Finding> {
        self.refusals.into_iter().chain(self.remarks).collect()
    }

    /// The remarks, warnings before information.
    pub(super) fn accepted(mut self) -> Result<Vec<Finding>, Refusal> {
        self.refused()?;
        self.remarks.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Ok(self.remarks)
    }
}
