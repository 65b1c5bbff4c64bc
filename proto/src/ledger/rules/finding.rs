//! Findings: a customs agency puts on record what it found. It informs; it decides nothing.

use crate::member::{Member, Role};
use crate::record::Record;
use crate::reject::{Code, Reject};
use crate::statement::{ActionKind, Finding};

use super::{Change, Judged, Overlay, View, named, role};

/// Only customs, on any record, whatever its state: what is found late is found all the same.
pub(super) fn judge<V: View>(state: &Overlay<'_, V>, finding: &Finding, member: &Member) -> Judged<V::Error> {
    if let Err(reject) = role(member, Role::Customs) {
        return Ok(Err(reject));
    }
    let record = match named(state, &finding.record, None, "$.action.finding")? {
        Ok(record) => record,
        Err(reject) => return Ok(Err(reject)),
    };
    if let Some(other) = &finding.other
        && state.record(other)?.is_none()
    {
        let detail = format!("no record {} exists", other.0.short());
        return Ok(Err(Reject::new(Code::UnknownRecord, "$.action.finding.other", detail)));
    }
    let record = Record { seq: record.seq + 1, ..record };
    Ok(Ok(Change::of(record, ActionKind::Finding)))
}
