//! Trade documents: what a body must say, what is odd about it, and what follows from it.
//!
//! [`check`] reads the exact bytes, collects every breach of the document's schema and of the trade's
//! rules, and derives what the ledger needs: the document's number and the claims its issuer signs.
//! The bytes themselves are never printed again: they are kept, hashed and handed on as received.

mod amount;
pub mod bill_of_lading;
mod canonical;
pub mod certificate_of_origin;
mod claims;
pub mod codelist;
pub mod cross;
mod date;
pub mod draft;
mod finding;
mod kind;
mod names;
mod schema;
#[cfg(test)]
mod tests;
mod whole;

pub use amount::{Amount, Amounts, Currency, Money, NotACurrency, NotAUnit, NotAnAmount, Quantity, Unit};
pub use certificate_of_origin::CertificateForm;
pub use claims::{BillClaims, BillType, Claims, ItemNumber, NotAnItemNumber, OriginClaims, Scheme, TitleForm};
pub use codelist::{CodeList, CodeLists};
pub use date::{Date, NotADate};
pub use finding::{Finding, Refusal, Rule, Severity};
pub(crate) use kind::is_invisible;
pub use kind::{DocKind, Reference, UnknownKind};
pub use names::{BadName, check_name};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::hash::Hash32;
use crate::json::{self, JsonError, JsonLimits};
use crate::limits;
use crate::reject::{Code, Reject};

/// What a body's JSON may be. Numbers may be fractions: DCSA weights and amounts are.
pub const BODY_JSON: JsonLimits =
    JsonLimits { max_bytes: limits::BODY_BYTES, max_depth: limits::BODY_DEPTH, integers_only: false };

/// What an accepted document says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Its number, under which it is issued once.
    pub reference: Reference,
    /// What its issuer must claim of it.
    pub claims: Claims,
    /// SHA-256 of its RFC 8785 form, as PINT and DCSA issuance manifests use it.
    pub jcs_sha256: Hash32,
    /// What is odd about it, none of it refusing: warnings first.
    pub findings: Vec<Finding>,
}

/// What the rooms of the kinds read out of a document.
struct Reading {
    reference: Reference,
    claims: Claims,
    findings: Vec<Finding>,
}

/// Checks a document: strict JSON, schema, rules of the trade.
///
/// The same bytes get the same answer everywhere: no clock, no code list but those compiled in, nothing
/// from outside.
///
/// # Errors
/// Every finding that refuses the document.
pub fn check(kind: DocKind, bytes: &[u8]) -> Result<Checked, Refusal> {
    judge(kind, bytes, None)
}

/// As [`check`], and every code against the lists given. Lists add warnings only: what is accepted, its
/// number and its claims are the same with and without.
///
/// # Errors
/// As [`check`].
pub fn check_against(kind: DocKind, bytes: &[u8], lists: &CodeLists) -> Result<Checked, Refusal> {
    judge(kind, bytes, Some(lists))
}

fn judge(kind: DocKind, bytes: &[u8], lists: Option<&CodeLists>) -> Result<Checked, Refusal> {
    let value: Value = json::from_slice(bytes, &BODY_JSON)?;
    let Reading { reference, claims, findings } = match kind {
        DocKind::BillOfLading => bill_of_lading::check(&value, bytes, lists),
        DocKind::CertificateOfOrigin => certificate_of_origin::check(&value, lists),
    }?;
    // From the value at hand: every node does this for every document, and parsing costs as much again.
    Ok(Checked { reference, claims, jcs_sha256: digest(&value, bytes.len())?, findings })
}

/// SHA-256 of the document's RFC 8785 form, as PINT and DCSA issuance manifests use it.
///
/// # Errors
/// The JSON code when the bytes are not one strict JSON value.
pub fn jcs_sha256(bytes: &[u8]) -> Result<[u8; 32], Reject> {
    let value: Value = json::from_slice(bytes, &BODY_JSON)?;
    Ok(digest(&value, bytes.len())?.0)
}

fn digest(value: &Value, size: usize) -> Result<Hash32, JsonError> {
    let mut canonical = Vec::with_capacity(size);
    canonical::write(value, &mut canonical).map_err(|_| JsonError {
        code: Code::JsonMalformed,
        path: "$".to_owned(),
        detail: "the document has no RFC 8785 form".to_owned(),
    })?;
    Ok(Hash32(Sha256::digest(canonical).into()))
}

/// A filled and valid worked example, ready to be edited: one shipment from Ningbo to Port Klang, its
/// bill of lading and its Form E. The other forms have theirs: [`CertificateForm::example`].
#[must_use]
pub const fn template(kind: DocKind) -> &'static str {
    match kind {
        DocKind::BillOfLading => include_str!("bill_of_lading/example.json"),
        DocKind::CertificateOfOrigin => CertificateForm::FormE.example(),
    }
}

/// Every rule beyond the schema that [`check`] applies to `kind`, with its severity and source.
#[must_use]
pub const fn rules(kind: DocKind) -> &'static [Rule] {
    match kind {
        DocKind::BillOfLading => bill_of_lading::RULES,
        DocKind::CertificateOfOrigin => certificate_of_origin::RULES,
    }
}
