//! Possession: who has the bill. Exactly one member at each height (MLETR art. 11, UK ETDA 2023 s.2(2)).

use super::state::{Title, Undo};
use super::{Actor, refuse, refuse_field};
use crate::doc::TitleForm;
use crate::ids::MemberId;
use crate::record::Record;
use crate::reject::{Code, Reject};

/// The actor possesses the bill.
pub(super) fn possessed(record: &Record, actor: &Actor<'_>) -> Result<(), Reject> {
    if record.possessor.as_ref() == Some(actor.id) {
        return Ok(());
    }
    Err(Reject::new(Code::NotPossessor, "$.member", format!("`{}` does not possess it", actor.id)))
}

/// The actor possesses it and no offer stands in the way.
pub(super) fn free_to_move(record: &Record, title: &Title, actor: &Actor<'_>) -> Result<(), Reject> {
    possessed(record, actor)?;
    match title.standing_offer(actor.time_ms) {
        Some(offer) => refuse(Code::OfferOpen, format!("it is offered to `{}`", offer.to)),
        None => Ok(()),
    }
}

/// Hands possession on. In blank, possession is title: then a lien speaks too.
pub(super) fn transfer(record: &Record, title: &Title, to: &MemberId, actor: &Actor<'_>) -> Result<Record, Reject> {
    free_to_move(record, title, actor)?;
    if to == actor.id {
        return refuse_field(Code::TransferToSelf, "to", format!("`{to}` possesses it already"));
    }
    let in_blank = title.form == TitleForm::Blank;
    let lien = if in_blank { super::pledge::pass(title, to, actor.id)? } else { title.lien.clone() };
    let undo = Some(undo(record, title, actor.id, to));
    let title = Title { offer: None, pledge: kept(title, in_blank), lien, undo, moved: true, ..title.clone() };
    Ok(Record { possessor: Some(to.clone()), title: Some(title), ..record.clone() })
}

/// A pledge offered by a possessor in blank dies when possession moves on.
fn kept(title: &Title, in_blank: bool) -> Option<super::state::Pledge> {
    if in_blank { None } else { title.pledge.clone() }
}

/// What the recipient may send back: two moves of one giver to one recipient are one gift.
pub(super) fn undo(record: &Record, title: &Title, by: &MemberId, to: &MemberId) -> Undo {
    match &title.undo {
        Some(earlier) if earlier.by == *by && earlier.to == *to => earlier.clone(),
        _ => Undo {
            by: by.clone(),
            to: to.clone(),
            possessor: record.possessor.clone().unwrap_or_else(|| by.clone()),
            form: title.form,
            holder: title.holder.clone(),
            may_endorse: title.may_endorse,
        },
    }
}

/// Sends back what came unasked, all of it, before any act of one's own.
pub(super) fn reject_transfer(record: &Record, title: &Title, actor: &Actor<'_>) -> Result<Record, Reject> {
    let Some(undo) = title.undo.as_ref().filter(|undo| undo.to == *actor.id) else {
        let detail = format!("nothing came to `{}` that it has not acted on", actor.id);
        return refuse(Code::NothingToReject, detail);
    };
    let title = Title {
        form: undo.form,
        holder: undo.holder.clone(),
        may_endorse: undo.may_endorse,
        offer: None,
        undo: None,
        ..title.clone()
    };
    Ok(Record { possessor: Some(undo.possessor.clone()), title: Some(title), ..record.clone() })
}

/// Any party of the bill may leave a remark; control does not change.
pub(super) fn remark(record: &Record, title: &Title, actor: &Actor<'_>) -> Result<Record, Reject> {
    let lender = title.lien.as_ref().map(|lien| &lien.bank);
    let parties = [Some(&record.issuer), record.possessor.as_ref(), title.holder.as_ref(), lender];
    if actor.customs || parties.contains(&Some(actor.id)) {
        return Ok(record.clone());
    }
    Err(Reject::new(Code::NotAParty, "$.member", format!("`{}` has no part in this bill", actor.id)))
}
