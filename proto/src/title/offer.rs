//! Offers: nobody has to take a bill, and nobody has to give one before the money is there.

use super::act::Offer;
use super::control::free_to_move;
use super::endorse::endorsable;
use super::state::{OpenOffer, Title};
use super::{Actor, refuse, refuse_field};
use crate::doc::{Money, TitleForm};
use crate::limits::OFFER_HORIZON_MS;
use crate::record::Record;
use crate::reject::{Code, Reject};
use crate::text::Note;

/// The possessor offers possession, and title with it if it has title to give.
pub(super) fn make(record: &Record, title: &Title, offer: &Offer, actor: &Actor<'_>) -> Result<Record, Reject> {
    if offer.title && title.form != TitleForm::Blank {
        endorsable(record, title, actor)?;
    } else {
        free_to_move(record, title, actor)?;
    }
    if offer.to == *actor.id {
        return refuse_field(Code::TransferToSelf, "to", format!("`{}` possesses it already", offer.to));
    }
    if offer.until_ms < actor.time_ms || offer.until_ms - actor.time_ms > OFFER_HORIZON_MS {
        let days = OFFER_HORIZON_MS / 86_400_000;
        return refuse_field(Code::OfferTime, "until_ms", format!("not between now and {days} days from now"));
    }
    if offer.title || title.form == TitleForm::Blank {
        // Asked again when it moves; but nobody should pay for what a lien will hold back.
        let mover = offer.payment.as_ref().map_or(&offer.to, |payment| &payment.bank);
        super::pledge::pass(title, &offer.to, mover)?;
    }
    let Offer { to, title: with_title, until_ms, payment } = offer.clone();
    let open = OpenOffer { to, title: with_title, until_ms, payment };
    let title = Title { offer: Some(open), undo: None, ..title.clone() };
    Ok(Record { title: Some(title), ..record.clone() })
}

/// Nobody may be paying for it at this moment: what would keep title from moving has to wait.
pub(super) fn unpaid(title: &Title, actor: &Actor<'_>) -> Result<(), Reject> {
    match title.standing_offer(actor.time_ms).and_then(|offer| offer.payment.as_ref()) {
        Some(payment) => refuse(Code::PaymentAwaited, format!("an offer waits for `{}` to confirm", payment.bank)),
        None => Ok(()),
    }
}

fn standing<'a>(title: &'a Title, actor: &Actor<'_>) -> Result<&'a OpenOffer, Reject> {
    match (&title.offer, title.standing_offer(actor.time_ms)) {
        (_, Some(offer)) => Ok(offer),
        (Some(offer), None) => refuse(Code::OfferExpired, format!("it stood until {} ms", offer.until_ms)),
        (None, None) => refuse(Code::NoOffer, "nothing is offered"),
    }
}

fn offered_to<'a>(title: &'a Title, actor: &Actor<'_>) -> Result<&'a OpenOffer, Reject> {
    let offer = standing(title, actor)?;
    if offer.to == *actor.id {
        return Ok(offer);
    }
    Err(Reject::new(Code::WrongRecipient, "$.member", format!("it is offered to `{}`", offer.to)))
}

/// The recipient takes it. An offer against payment moves by the bank's word alone.
pub(super) fn accept(record: &Record, title: &Title, actor: &Actor<'_>) -> Result<Record, Reject> {
    let offer = offered_to(title, actor)?;
    if let Some(payment) = &offer.payment {
        return refuse(Code::PaymentAwaited, format!("it moves when `{}` confirms the payment", payment.bank));
    }
    moved(record, title, offer, actor)
}

/// The recipient does not want it.
pub(super) fn decline(record: &Record, title: &Title, actor: &Actor<'_>) -> Result<Record, Reject> {
    offered_to(title, actor)?;
    let title = Title { offer: None, ..title.clone() };
    Ok(Record { title: Some(title), ..record.clone() })
}

/// The possessor takes it back, unless somebody may be paying at this moment.
pub(super) fn withdraw(record: &Record, title: &Title, actor: &Actor<'_>) -> Result<Record, Reject> {
    super::control::possessed(record, actor)?;
    let Some(offer) = &title.offer else {
        return refuse(Code::NoOffer, "nothing is offered");
    };
    if offer.payment.is_some() && actor.time_ms <= offer.until_ms {
        return refuse(Code::PaymentAwaited, "an offer against payment stands until its deadline");
    }
    let title = Title { offer: None, ..title.clone() };
    Ok(Record { title: Some(title), ..record.clone() })
}

/// The named bank has exactly the money asked for: delivery against payment, in one block.
pub(super) fn confirm_payment(
    record: &Record,
    title: &Title,
    amount: &Money,
    reference: &Note,
    actor: &Actor<'_>,
) -> Result<Record, Reject> {
    let offer = standing(title, actor)?;
    let Some(payment) = &offer.payment else {
        return refuse(Code::NoOffer, "the offer waits for no payment");
    };
    if payment.bank != *actor.id {
        let detail = format!("`{}` confirms this payment", payment.bank);
        return Err(Reject::new(Code::NotTheBank, "$.member", detail));
    }
    if payment.amount != *amount {
        return refuse_field(Code::PaymentMismatch, "amount", format!("{} is asked for", payment.amount));
    }
    if payment.reference != *reference {
        return refuse_field(Code::PaymentMismatch, "reference", format!("the offer's is `{}`", payment.reference));
    }
    moved(record, title, offer, actor)
}

/// What was offered has moved, with the recipient's will: nothing to send back.
fn moved(record: &Record, title: &Title, offer: &OpenOffer, actor: &Actor<'_>) -> Result<Record, Reject> {
    let gains_title = offer.title || title.form == TitleForm::Blank;
    let lien = if gains_title { super::pledge::pass(title, &offer.to, actor.id)? } else { title.lien.clone() };
    let named = offer.title && title.form != TitleForm::Blank;
    let next = Title {
        holder: if named { Some(offer.to.clone()) } else { title.holder.clone() },
        nominee: if named { None } else { title.nominee.clone() },
        pledge: if gains_title { None } else { title.pledge.clone() },
        offer: None,
        undo: None,
        lien,
        moved: true,
        ..title.clone()
    };
    Ok(Record { possessor: Some(offer.to.clone()), title: Some(next), ..record.clone() })
}
