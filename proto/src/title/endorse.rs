//! Endorsement: who has title (MLETR art. 15; DCSA endorsement chain).

use super::control::{free_to_move, undo};
use super::state::Title;
use super::{Actor, refuse, refuse_field};
use crate::doc::TitleForm;
use crate::ids::MemberId;
use crate::record::Record;
use crate::reject::{Code, Reject};

/// The actor possesses the bill, has title, and may pass title on.
pub(super) fn endorsable(record: &Record, title: &Title, actor: &Actor<'_>) -> Result<(), Reject> {
    free_to_move(record, title, actor)?;
    negotiable(title)?;
    holds(title, actor.id)?;
    if title.form == TitleForm::Named && !title.may_endorse {
        return refuse(Code::NotEndorsable, "it was endorsed without `to order`: it goes no further");
    }
    Ok(())
}

fn negotiable(title: &Title) -> Result<(), Reject> {
    if title.form == TitleForm::Straight {
        return refuse(Code::NotNegotiable, "a straight bill is not made out to order");
    }
    Ok(())
}

/// The member has title, by name or by possession of a bill in blank.
pub(super) fn holds(title: &Title, member: &MemberId) -> Result<(), Reject> {
    if title.is_held_by(member) {
        return Ok(());
    }
    Err(Reject::new(Code::NotTitleHolder, "$.member", format!("`{member}` has no title to it")))
}

/// Title goes to `to`, by name. Possession stays where it is.
pub(super) fn to_member(
    record: &Record,
    title: &Title,
    to: &MemberId,
    to_order: bool,
    actor: &Actor<'_>,
) -> Result<Record, Reject> {
    endorsable(record, title, actor)?;
    if title.holder.as_ref() == Some(to) {
        return refuse_field(Code::TransferToSelf, "to", format!("`{to}` has title already"));
    }
    let moved = Title {
        form: TitleForm::Named,
        holder: Some(to.clone()),
        may_endorse: to_order,
        nominee: None,
        offer: None,
        pledge: None,
        lien: super::pledge::pass(title, to, actor.id)?,
        undo: (to != actor.id).then(|| undo(record, title, actor.id, to)),
        moved: true,
        ..title.clone()
    };
    Ok(Record { title: Some(moved), ..record.clone() })
}

/// From now on possession is title. A pledged bill never goes into blank: nobody could be consented to.
pub(super) fn in_blank(record: &Record, title: &Title, actor: &Actor<'_>) -> Result<Record, Reject> {
    endorsable(record, title, actor)?;
    if title.form == TitleForm::Blank {
        return refuse(Code::NotEndorsable, "it is in blank already");
    }
    if let Some(lien) = &title.lien {
        return refuse(Code::Pledged, format!("pledged to `{}`, which cannot consent to nobody", lien.bank));
    }
    let moved = Title {
        form: TitleForm::Blank,
        holder: None,
        may_endorse: true,
        nominee: None,
        offer: None,
        pledge: None,
        undo: None,
        moved: true,
        ..title.clone()
    };
    Ok(Record { title: Some(moved), ..record.clone() })
}

/// A holder whose bill is in other hands names the next holder.
pub(super) fn nominate(record: &Record, title: &Title, to: &MemberId, actor: &Actor<'_>) -> Result<Record, Reject> {
    negotiable(title)?;
    if title.form == TitleForm::Blank {
        return refuse(Code::NotTitleHolder, "a bill in blank has no named holder");
    }
    holds(title, actor.id)?;
    if record.possessor.as_ref() == Some(actor.id) {
        return refuse(Code::NotEndorsable, "the holder possesses it: endorse it instead");
    }
    if !title.may_endorse {
        return refuse(Code::NotEndorsable, "it was endorsed without `to order`: it goes no further");
    }
    if to == actor.id {
        return refuse_field(Code::TransferToSelf, "to", format!("`{to}` has title already"));
    }
    let title = Title { nominee: Some(to.clone()), undo: None, ..title.clone() };
    Ok(Record { title: Some(title), ..record.clone() })
}

/// The possessor makes the nominee the holder.
pub(super) fn execute_nomination(record: &Record, title: &Title, actor: &Actor<'_>) -> Result<Record, Reject> {
    free_to_move(record, title, actor)?;
    let Some(nominee) = &title.nominee else {
        return refuse(Code::NoNomination, "the title holder nominated nobody");
    };
    let moved = Title {
        holder: Some(nominee.clone()),
        nominee: None,
        offer: None,
        pledge: None,
        lien: super::pledge::pass(title, nominee, actor.id)?,
        undo: None,
        moved: true,
        ..title.clone()
    };
    Ok(Record { title: Some(moved), ..record.clone() })
}
