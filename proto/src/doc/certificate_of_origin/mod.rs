//! Certificates of origin, by box number: Form E (ACFTA), Form D (ATIGA), RCEP, and without preference.
//!
//! No public machine-readable schema of the forms exists; these are Sampan's own. Every key tells its
//! box (`box7HsCode`), so that paper and JSON can be laid side by side. Quantities are decimal text,
//! for an officer compares digits, not doubles. Unknown fields are refused: a form is closed.
//!
//! A document says in `form` which form it is. [`Certificate`] reads all of them alike.

mod certificate;
mod form;
mod policy;
mod rules;
mod tables;

pub use certificate::{
    Certificate, Certification, Criterion, Declaration, Invoice, Item, Money, NameAndPlace, OfficialUse, Original,
    Packages, Party, Quantity, Ticks, Transport,
};
pub use form::{Boxes, CertificateForm, UnknownForm};
pub(super) use policy::grace_days;
pub use rules::RULES;

use serde_json::Value;

use super::codelist::CodeLists;
use super::finding::{Findings, Refusal, Rule, Severity};
use super::schema::walk;
use super::{Claims, OriginClaims, Reading};

const FORM: Rule = Rule {
    code: "schema.enum",
    severity: Severity::Refuse,
    source: "Sampan",
    says: "`form` says which form the document is: E, D, RCEP or NP",
};

/// The form that the document says it is.
fn form_of(body: &Value) -> Result<CertificateForm, Refusal> {
    let letter = body.get("form").and_then(Value::as_str);
    if let Some(form) = CertificateForm::ALL.iter().find(|form| letter == Some(form.letter())) {
        return Ok(*form);
    }
    let mut findings = Findings::default();
    findings.breach(&FORM, "$.form", FORM.says);
    findings.refused()?;
    Err(findings.unreadable())
}

/// Schema first; the rules look only at what has the schema's shape.
pub(super) fn check(body: &Value, lists: Option<&CodeLists>) -> Result<Reading, Refusal> {
    let form = form_of(body)?;
    let mut findings = walk(body, form.table(), form.source(), lists);
    findings.refused()?;
    let Some(certificate) = Certificate::view(body) else {
        return Err(findings.unreadable());
    };
    rules::apply(&certificate, &mut findings);
    findings.refused()?;
    let (Some(expires), Some(items)) = (certificate.expires(), certificate.account()) else {
        return Err(findings.unreadable());
    };
    let claims = OriginClaims {
        scheme: form.scheme(),
        issuing_country: certificate.issuing_country,
        importing_country: certificate.importing_country,
        expires,
        items,
    };
    Ok(Reading {
        reference: certificate.reference(),
        claims: Claims::CertificateOfOrigin(claims),
        findings: findings.accepted()?,
    })
}
