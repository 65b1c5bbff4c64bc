//! Surrender: the possessor gives a bill of lading back to the carrier that issued it, which ends it.

use sampan_proto::ids::MemberId;
use sampan_proto::record::{Record, Status};
use sampan_proto::reject::{Code, Reject};
use sampan_proto::statement::Surrender;

use super::{Change, Judged, Overlay, View, possessed};

/// Only the possessor, only at the seq it saw, only to the issuing carrier (DCSA eBL surrender, PINT BENV rule).
pub(super) fn judge<V: View>(state: &Overlay<'_, V>, actor: &MemberId, surrender: &Surrender) -> Judged<V::Error> {
    let record = match possessed(state, actor, &surrender.record, surrender.seq, "surrender")? {
        Ok(record) => record,
        Err(reject) => return Ok(Err(reject)),
    };
    if surrender.to != record.issuer {
        let detail = format!("issued by `{}`, not by `{}`", record.issuer, surrender.to);
        return Ok(Err(Reject::new(Code::WrongRecipient, "$.action.surrender.to", detail)));
    }
    let record = Record { possessor: None, status: Status::Surrendered, seq: record.seq + 1, ..record };
    Ok(Ok(Change { record, reference: None, body: None }))
}
