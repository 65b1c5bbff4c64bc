//! Issue: a document comes onto the ledger, once, ever, alone or in the place of others.

use crate::doc::{Amounts, Claims, DocKind, TitleForm};
use crate::ids::RecordId;
use crate::limits::REPLACED_RECORDS;
use crate::member::{Member, Role};
use crate::origin::{self, ItemAmounts};
use crate::record::Record;
use crate::reject::{Code, Reject};
use crate::state_key;
use crate::statement::{ActionKind, Application, Issue, Replacement, Replaces, VerifiedStatement};
use crate::title as title_law;

use super::title::{actor, goods_moved};
use super::{At, Change, Judged, Overlay, View, below, named, recipient, role};

const ACT: &str = "$.action.issue";
/// What a certificate certifies.
const ITEMS: &str = "$.action.issue.claims.certificate-of-origin.items";

/// A carrier issues bills of lading, an issuing authority certificates of origin; the reference is free;
/// those it names are members. What it replaces, answers or draws on changes with it, in the same statement.
pub(super) fn judge<V: View>(
    state: &Overlay<'_, V>,
    statement: &VerifiedStatement,
    issue: &Issue,
    issuer: &Member,
    at: At<'_>,
) -> Judged<V::Error> {
    let needed = match issue.claims.kind() {
        DocKind::BillOfLading => Role::Carrier,
        DocKind::CertificateOfOrigin => Role::IssuingAuthority,
    };
    if let Err(reject) = role(issuer, needed).and_then(|()| coherent(issue)) {
        return Ok(Err(reject));
    }
    if let Err(reject) = recipient(state, &issue.to, "$.action.issue.to")? {
        return Ok(Err(reject));
    }
    if let Some(holder) = &issue.holder
        && let Err(reject) = recipient(state, holder, "$.action.issue.holder")?
    {
        return Ok(Err(reject));
    }
    let reference = state_key::reference(&issuer.id, &issue.reference);
    if let Some(record) = state.reference(&reference)? {
        let detail = format!("`{}` issued this number before, as record {}", issuer.id, record.0.short());
        return Ok(Err(Reject::new(Code::ReferenceAlreadyIssued, "$.action.issue.reference", detail)));
    }
    let record = Record::issued(statement.id(), &issuer.id, issue, at.height);
    let change = Change {
        reference: Some((reference, record.id)),
        body: Some(issue.body.commitment),
        ..Change::of(record, ActionKind::Issue)
    };
    with_predecessors(state, issue, issuer, at, change)
}

/// What an issue says of itself, whatever the state.
pub(crate) fn coherent(issue: &Issue) -> Result<(), Reject> {
    let refuse = |code, field: &str, detail: &str| Err(Reject::new(code, format!("{ACT}.{field}"), detail));
    match (&issue.claims, &issue.holder) {
        (Claims::BillOfLading(claims), holder) if issue.claims.is_title() => match (claims.form, holder) {
            (TitleForm::Named, None) => {
                return refuse(Code::HolderMismatch, "holder", "a named bill has a title holder");
            }
            (TitleForm::Blank, Some(_)) => {
                return refuse(Code::HolderMismatch, "holder", "a bill in blank has no named holder");
            }
            _ => {}
        },
        (_, Some(_)) => return refuse(Code::HolderMismatch, "holder", "this document is no title"),
        (_, None) => {}
    }
    let certificate = matches!(issue.claims, Claims::CertificateOfOrigin(_));
    if !certificate && issue.application.is_some() {
        return refuse(Code::NotACertificate, "application", "only certificates of origin are applied for");
    }
    if !certificate && !issue.draws.is_empty() {
        return refuse(Code::NotACertificate, "draws", "only certificates of origin draw on others");
    }
    let replaced = issue.replaces.as_ref().map_or(0, |replaces| replaces.records.len());
    if replaced > REPLACED_RECORDS || issue.draws.len() > REPLACED_RECORDS {
        return refuse(Code::NotReplaceable, "replaces", "at most 16 records at once");
    }
    if issue.replaces.is_some() && replaced == 0 {
        return refuse(Code::NotReplaceable, "replaces.records", "it names no record");
    }
    let amends = matches!(&issue.replaces, Some(Replaces { how: Replacement::Amendment, .. }));
    if issue.version == 0 || (issue.version > 1 && !amends) {
        return refuse(Code::VersionMismatch, "version", "only an amendment has a version above 1");
    }
    draws_coherent(issue)
}

/// What a back-to-back certificate says of its originals: it draws on none that it ends itself, and certifies no
/// more than it draws. For one that replaces another, what that one drew counts, too: the state knows it.
fn draws_coherent(issue: &Issue) -> Result<(), Reject> {
    let Claims::CertificateOfOrigin(claims) = &issue.claims else { return Ok(()) };
    let ends = |id: &&RecordId| issue.replaces.as_ref().is_some_and(|replaces| replaces.records.contains_key(id));
    if let Some(id) = issue.draws.keys().find(ends) {
        let detail = "the same statement replaces it: what is left of it goes over to the new one";
        return Err(Reject::new(Code::NotReplaceable, format!("{ACT}.draws.{}", id.0), detail));
    }
    if issue.draws.is_empty() || issue.replaces.is_some() {
        return Ok(());
    }
    let drawn = origin::drawn(&Amounts::default(), issue.draws.values());
    drawn.and_then(|drawn| origin::covered(&claims.items, &drawn)).map_err(|reject| below(reject, ITEMS))
}

/// Records that change with the issue: those it replaces, the application it answers, those it draws on.
fn with_predecessors<V: View>(
    state: &Overlay<'_, V>,
    issue: &Issue,
    issuer: &Member,
    at: At<'_>,
    mut change: Change,
) -> Judged<V::Error> {
    if let Some(replaces) = &issue.replaces {
        let mut old = Vec::with_capacity(replaces.records.len());
        for (id, seq) in &replaces.records {
            match named(state, id, Some(*seq), "$.action.issue.replaces")? {
                Ok(record) => old.push(record),
                Err(reject) => return Ok(Err(reject)),
            }
        }
        if let Err(reject) = replace(issue, replaces, &old, issuer, at, &mut change) {
            return Ok(Err(below(reject, "$.action.issue.replaces")));
        }
    }
    if let Some(id) = &issue.application {
        let application = match named(state, id, None, "$.action.issue")? {
            Ok(application) => application,
            Err(reject) => return Ok(Err(below(reject, "$.action.issue.application"))),
        };
        if let Err(reject) = certify(&application, issuer, at, &mut change) {
            return Ok(Err(below(reject, "$.action.issue.application")));
        }
    }
    for (id, used) in &issue.draws {
        let path = format!("{ACT}.draws.{}", id.0);
        let original = match named(state, id, None, &path)? {
            Ok(original) => original,
            Err(reject) => return Ok(Err(reject)),
        };
        if let Err(reject) = draw_on(&original, used, at, &mut change) {
            return Ok(Err(below(reject, &path)));
        }
    }
    Ok(within_draws(&change).map(|()| change))
}

/// An original after it was drawn on, and the new certificate, which remembers it.
fn draw_on(original: &Record, used: &ItemAmounts, at: At<'_>, change: &mut Change) -> Result<(), Reject> {
    let Some((record, _)) = change.records.first_mut() else { return Ok(()) };
    let Some(new) = &mut record.origin else { return Ok(()) };
    let (after, drawing) = origin::draw_on(original, used, new, at.time_ms)?;
    *new = drawing;
    change.also(after, ActionKind::Draw)
}

/// Whoever stands on originals, by its own draws or by those of what it replaces, certifies no more than was drawn.
fn within_draws(change: &Change) -> Result<(), Reject> {
    let new = change.records.first().and_then(|(record, _)| record.origin.as_ref());
    match new.filter(|origin| !origin.drawn.0.is_empty()) {
        Some(origin) => origin::covered(&origin.certified, &origin.drawn).map_err(|reject| below(reject, ITEMS)),
        None => Ok(()),
    }
}

/// Old and new name each other; for bills packages and weights balance, for certificates what was used stays
/// used.
fn replace(
    issue: &Issue,
    replaces: &Replaces,
    old: &[Record],
    issuer: &Member,
    at: At<'_>,
    change: &mut Change,
) -> Result<(), Reject> {
    let same_kind = old.iter().all(|record| record.kind == issue.claims.kind());
    if !same_kind {
        return Err(Reject::new(Code::NotReplaceable, "$.records", "a document replaces documents of its own kind"));
    }
    if issue.version > 1 && old.iter().any(|record| record.version + 1 != issue.version) {
        return Err(Reject::new(Code::VersionMismatch, "$.records", "not the version below this one"));
    }
    let Some((heir, _)) = change.records.first_mut() else { return Ok(()) };
    match (&issue.claims, old) {
        (Claims::BillOfLading(claims), _) => {
            let after = title_law::replace(replaces.how, old, heir.id, &claims.quantity, &actor(issuer, at))?;
            change.goods = old.iter().zip(&after).flat_map(|(before, after)| goods_moved(before, after)).collect();
            after.into_iter().try_for_each(|record| change.also(record, ActionKind::Replace))?;
        }
        (Claims::CertificateOfOrigin(_), [one]) if replaces.how == Replacement::Amendment => {
            let Some(new) = &heir.origin else { return Ok(()) };
            let actor = origin::Actor::new(issuer, at.time_ms);
            let (after, origin) = origin::replace(one, new, heir.id, &actor)?;
            heir.origin = Some(origin);
            change.also(after, ActionKind::Replace)?;
        }
        (Claims::CertificateOfOrigin(_), _) => {
            return Err(Reject::new(Code::NotReplaceable, "$.how", "one certificate replaces one"));
        }
    }
    Ok(())
}

fn certify(application: &Record, issuer: &Member, at: At<'_>, change: &mut Change) -> Result<(), Reject> {
    let Some((certificate, _)) = change.records.first_mut() else { return Ok(()) };
    let after = origin::certify(application, certificate, &origin::Actor::new(issuer, at.time_ms))?;
    if let Some(origin) = &mut certificate.origin {
        origin.applicant = Some(application.issuer.clone());
    }
    change.also(after, ActionKind::Certify)
}

/// An exporter applies for a certificate with an issuing authority.
pub(super) fn judge_application<V: View>(
    state: &Overlay<'_, V>,
    statement: &VerifiedStatement,
    application: &Application,
    exporter: &Member,
    at: At<'_>,
) -> Judged<V::Error> {
    if let Err(reject) = role(exporter, Role::Trader) {
        return Ok(Err(reject));
    }
    if application.claims.kind() != DocKind::CertificateOfOrigin {
        let detail = "only certificates of origin are applied for";
        return Ok(Err(Reject::new(Code::NotACertificate, "$.action.apply.claims", detail)));
    }
    let authority = match recipient(state, &application.to, "$.action.apply.to")? {
        Ok(authority) => authority,
        Err(reject) => return Ok(Err(reject)),
    };
    if !authority.roles.contains(&Role::IssuingAuthority) {
        let detail = format!("`{}` certifies no origin", authority.id);
        return Ok(Err(Reject::new(Code::WrongRecipient, "$.action.apply.to", detail)));
    }
    let record = Record::applied(statement.id(), &exporter.id, application, at.height);
    Ok(Ok(Change { body: Some(application.body.commitment), ..Change::of(record, ActionKind::Apply) }))
}
