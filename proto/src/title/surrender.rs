//! Surrender: back to the carrier that issued the bill, who delivers, amends, prints, voids or gives it back.

use super::act::Purpose;
use super::control::free_to_move;
use super::endorse::holds;
use super::state::Title;
use super::{Actor, refuse, refuse_field};
use crate::doc::TitleForm;
use crate::hash::Hash32;
use crate::ids::MemberId;
use crate::record::{Record, Status};
use crate::reject::{Code, Reject};

/// The possessor gives it back: of a straight bill shipper or consignee, of a named one the title holder, of
/// one in blank whoever has it (DCSA eBL surrender; elsewhere PINT answers BENV).
pub(super) fn surrender(
    record: &Record,
    title: &Title,
    to: &MemberId,
    purpose: Purpose,
    actor: &Actor<'_>,
) -> Result<Record, Reject> {
    free_to_move(record, title, actor)?;
    if *to != record.issuer {
        return refuse_field(Code::WrongRecipient, "to", format!("issued by `{}`, not by `{to}`", record.issuer));
    }
    if !(title.form == TitleForm::Straight && record.issued_to == *actor.id) {
        holds(title, actor.id)?;
    }
    let status = match (purpose, &title.lien) {
        (Purpose::Delivery, _) => Status::PendingSurrenderForDelivery,
        // The bill that comes in its place knows nothing of a lien; consent to the carrier gives up no security.
        (_, Some(lien)) => {
            let detail = format!("pledged to `{}`, which releases it before the bill is changed", lien.bank);
            return refuse_field(Code::Pledged, "purpose", detail);
        }
        (_, None) => Status::PendingSurrenderForAmendment,
    };
    let next = Title {
        surrendered: Some((purpose, actor.id.clone())),
        nominee: None,
        offer: None,
        pledge: None,
        undo: None,
        lien: super::pledge::pass(title, &record.issuer, actor.id)?,
        ..title.clone()
    };
    Ok(Record { status, possessor: Some(record.issuer.clone()), title: Some(next), ..record.clone() })
}

/// A bill of which a part lives on in another one is split to the end: what is left must not vanish.
fn no_heirs(record: &Record) -> Result<(), Reject> {
    match record.replaced_by.first() {
        Some(heir) => refuse(Code::NotReplaceable, format!("part of it lives on in record {}", heir.0.short())),
        None => Ok(()),
    }
}

/// The actor is the carrier that issued the bill.
pub(super) fn issued_by(record: &Record, actor: &Actor<'_>) -> Result<(), Reject> {
    if record.issuer == *actor.id {
        return Ok(());
    }
    Err(Reject::new(Code::NotIssuer, "$.member", format!("`{}` issued it", record.issuer)))
}

fn pending(record: &Record) -> Result<(), Reject> {
    match record.status {
        Status::PendingSurrenderForDelivery | Status::PendingSurrenderForAmendment => Ok(()),
        other => refuse(Code::NoSurrender, format!("the bill is {}: nothing waits for an answer", other.as_str())),
    }
}

/// The carrier accepts. Delivery ends the bill and whatever burdened it.
pub(super) fn accept(record: &Record, title: &Title, actor: &Actor<'_>) -> Result<Record, Reject> {
    issued_by(record, actor)?;
    pending(record)?;
    if record.status == Status::PendingSurrenderForAmendment {
        return Ok(Record { status: Status::SurrenderedForAmendment, ..record.clone() });
    }
    Ok(ended(record, title, Status::SurrenderedForDelivery))
}

/// The carrier gives it back to whoever surrendered it.
pub(super) fn reject(record: &Record, title: &Title, actor: &Actor<'_>) -> Result<Record, Reject> {
    issued_by(record, actor)?;
    pending(record)?;
    let Some((_, by)) = &title.surrendered else {
        return refuse(Code::NoSurrender, "nobody surrendered it");
    };
    let possessor = Some(by.clone());
    let next = Title { surrendered: None, ..title.clone() };
    Ok(Record { status: Status::Issued, possessor, title: Some(next), ..record.clone() })
}

/// The carrier printed it; the electronic record names the printed form and ends.
pub(super) fn switch_to_paper(
    record: &Record,
    title: &Title,
    printed: Hash32,
    actor: &Actor<'_>,
) -> Result<Record, Reject> {
    issued_by(record, actor)?;
    let asked = matches!(title.surrendered, Some((Purpose::SwitchToPaper, _)));
    if record.status != Status::SurrenderedForAmendment || !asked {
        return refuse(Code::NoSurrender, "it was not surrendered for a switch to paper, or not accepted yet");
    }
    no_heirs(record)?;
    let title = Title { printed: Some(printed), ..title.clone() };
    Ok(ended(record, &title, Status::SwitchedToPaper))
}

/// The carrier voids a bill that never moved, or one that came back for amendment.
pub(super) fn void(record: &Record, title: &Title, actor: &Actor<'_>) -> Result<Record, Reject> {
    issued_by(record, actor)?;
    no_heirs(record)?;
    super::offer::unpaid(title, actor)?;
    let unmoved = record.status == Status::Issued && !title.moved && title.lien.is_none();
    if unmoved || record.status == Status::SurrenderedForAmendment {
        return Ok(ended(record, title, Status::Void));
    }
    refuse(Code::NotVoidable, "it has been handed on, endorsed or pledged")
}

/// The bill after its life: nobody controls it, nothing burdens it.
pub(crate) fn ended(record: &Record, title: &Title, status: Status) -> Record {
    let title = Title {
        holder: None,
        may_endorse: false,
        nominee: None,
        offer: None,
        undo: None,
        pledge: None,
        lien: None,
        ..title.clone()
    };
    Record { status, possessor: None, title: Some(title), ..record.clone() }
}
