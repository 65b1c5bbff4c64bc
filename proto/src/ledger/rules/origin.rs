//! Acts on certificates of origin: the law of `crate::origin`, and whether the agency named decides.

use crate::member::{Member, Role};
use crate::origin::{self, Actor, OriginAct};
use crate::reject::{Code, Reject};
use crate::statement::OnRecord;

use super::{At, Change, Judged, Overlay, View, below, named, recipient};

const ACT: &str = "$.action.origin";

/// An act on a certificate or on an application for one.
pub(super) fn judge<V: View>(
    state: &Overlay<'_, V>,
    on: &OnRecord<OriginAct>,
    member: &Member,
    at: At<'_>,
) -> Judged<V::Error> {
    if on.seq.is_none() {
        let reject = Reject::new(Code::SeqMissing, "$.action.origin.seq", "this act names the seq that its signer saw");
        return Ok(Err(reject));
    }
    let record = match named(state, &on.record, on.seq, ACT)? {
        Ok(record) => record,
        Err(reject) => return Ok(Err(reject)),
    };
    let kind = on.act.kind();
    let path = format!("{ACT}.act.{}", kind.as_str());
    let next = match origin::act(&record, &on.act, &Actor::new(member, at.time_ms)) {
        Ok(next) => next,
        Err(reject) => return Ok(Err(below(reject, &path))),
    };
    if let Some(to) = on.act.agency() {
        let field = format!("{path}.to");
        let agency = match recipient(state, to, &field)? {
            Ok(agency) => agency,
            Err(reject) => return Ok(Err(reject)),
        };
        let country = record.origin.as_ref().map(|origin| origin.importing_country);
        if !agency.roles.contains(&Role::Customs) || Some(agency.country) != country {
            let detail = format!("`{to}` is not customs of the importing country");
            return Ok(Err(Reject::new(Code::NotImportingCustoms, field, detail)));
        }
    }
    Ok(Ok(Change::of(next, kind)))
}
