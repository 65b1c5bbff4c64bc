//! Kinds of documents, and their numbers.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// A kind of trade document. The borsh tag is frozen.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum DocKind {
    /// A DCSA transport document: bill of lading or sea waybill.
    BillOfLading = 1,
    /// A certificate of origin, with or without preference.
    CertificateOfOrigin = 2,
}

impl DocKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::BillOfLading, Self::CertificateOfOrigin];

    /// The name used in JSON, the API and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BillOfLading => "bill-of-lading",
            Self::CertificateOfOrigin => "certificate-of-origin",
        }
    }
}

impl std::fmt::Display for DocKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a document is a `bill-of-lading` or a `certificate-of-origin`")]
pub struct UnknownKind;

impl std::str::FromStr for DocKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(UnknownKind)
    }
}

/// A document's business number, in the one spelling that equality goes by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// What kind of document it numbers.
    pub kind: DocKind,
    /// Who numbers it and the number, joined by colons: `SMDG:COS:NGBPKG001`, `ACFTA:CN:E26…`.
    pub number: String,
    /// 1 for the first issue.
    pub version: u32,
}

impl Reference {
    /// The first issue of the number made of `parts`, each in its one spelling.
    pub(super) fn first(kind: DocKind, parts: &[&str]) -> Self {
        let spelled: Vec<String> = parts.iter().map(|part| one_spelling(part)).collect();
        Self { kind, number: spelled.join(":"), version: 1 }
    }
}

/// NFKC capitals without blanks, controls and invisible characters, so that `e26 0001`, `E260001` and
/// its full-width twin are one number: whoever issues the same number twice must not succeed by
/// spelling it otherwise. Other signs count: `1/23` is not `12/3`.
fn one_spelling(text: &str) -> String {
    let capitals: String = text.nfkc().flat_map(char::to_uppercase).filter(|c| !is_unseen(*c)).collect();
    // Capitals of a composed letter may come decomposed.
    if capitals.is_ascii() { capitals } else { capitals.nfkc().collect() }
}

fn is_unseen(c: char) -> bool {
    c.is_whitespace() || c.is_control() || is_invisible(c)
}

/// Characters that show nothing, end a line, or turn the direction of what follows.
pub(crate) fn is_invisible(c: char) -> bool {
    let invisible = ['\u{ad}', '\u{34f}', '\u{61c}', '\u{180e}', '\u{feff}'];
    let ranges = ['\u{200b}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2060}'..='\u{206f}', '\u{fe00}'..='\u{fe0f}'];
    invisible.contains(&c) || ranges.iter().any(|range| range.contains(&c))
}
