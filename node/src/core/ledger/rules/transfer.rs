//! Transfer: the possessor hands a bill of lading on.

use sampan_proto::ids::MemberId;
use sampan_proto::record::Record;
use sampan_proto::reject::{Code, Reject};
use sampan_proto::statement::Transfer;

use super::{Change, Judged, Overlay, View, possessed};

/// Only the possessor, only at the seq it saw, only to another member.
pub(super) fn judge<V: View>(state: &Overlay<'_, V>, actor: &MemberId, transfer: &Transfer) -> Judged<V::Error> {
    let record = match possessed(state, actor, &transfer.record, transfer.seq, "transfer")? {
        Ok(record) => record,
        Err(reject) => return Ok(Err(reject)),
    };
    if transfer.to == *actor {
        let detail = format!("`{actor}` possesses it already");
        return Ok(Err(Reject::new(Code::TransferToSelf, "$.action.transfer.to", detail)));
    }
    if state.member(&transfer.to)?.is_none() {
        let detail = format!("`{}` is not in the registry", transfer.to);
        return Ok(Err(Reject::new(Code::UnknownRecipient, "$.action.transfer.to", detail)));
    }
    let record = Record { possessor: Some(transfer.to.clone()), seq: record.seq + 1, ..record };
    Ok(Ok(Change { record, reference: None, body: None }))
}
