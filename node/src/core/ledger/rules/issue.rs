//! Issue: a document comes onto the ledger, once, ever.

use sampan_proto::doc::DocKind;
use sampan_proto::hash::Hash32;
use sampan_proto::member::{Member, Role};
use sampan_proto::record::{EntryRef, Record, Status};
use sampan_proto::reject::{Code, Reject};
use sampan_proto::state_key;
use sampan_proto::statement::{Issue, VerifiedStatement};

use super::{At, Change, Judged, Overlay, View, role};

/// A carrier issues bills of lading, an issuing authority certificates of origin; the reference is free;
/// the recipient is a member. A document of title gets its first possessor.
pub(super) fn judge<V: View>(
    state: &Overlay<'_, V>,
    statement: &VerifiedStatement,
    issue: &Issue,
    issuer: &Member,
    at: At,
) -> Judged<V::Error> {
    let kind = issue.claims.kind();
    let needed = match kind {
        DocKind::BillOfLading => Role::Carrier,
        DocKind::CertificateOfOrigin => Role::IssuingAuthority,
    };
    if let Err(reject) = role(issuer, needed) {
        return Ok(Err(reject));
    }
    if state.member(&issue.to)?.is_none() {
        let detail = format!("`{}` is not in the registry", issue.to);
        return Ok(Err(Reject::new(Code::UnknownRecipient, "$.action.issue.to", detail)));
    }
    let reference = state_key::reference(&issuer.id, &issue.reference);
    if let Some(record) = state.reference(&reference)? {
        let detail = format!("`{}` issued this number before, as record {}", issuer.id, record.0.short());
        return Ok(Err(Reject::new(Code::ReferenceAlreadyIssued, "$.action.issue.reference", detail)));
    }
    let id = Record::id_of(statement.id());
    let record = Record {
        id,
        kind,
        issuer: issuer.id.clone(),
        issued_to: issue.to.clone(),
        reference: issue.reference,
        body: issue.body.commitment,
        status: Status::Issued,
        possessor: issue.claims.is_title().then(|| issue.to.clone()),
        seq: 1,
        issued_at: at.height,
        last: EntryRef { index: 0, leaf: Hash32::ZERO },
    };
    Ok(Ok(Change { record, reference: Some((reference, id)), body: Some(issue.body.commitment) }))
}
