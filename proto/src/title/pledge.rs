//! Pledges: goods secure one loan at a time. The ledger keeps the fingerprints of pledged goods; a second
//! open pledge of the same goods, by any bank on any bill, is refused with the proof of the first.

use super::endorse::holds;
use super::state::{Lien, Pledge, Title};
use super::{Actor, refuse};
use crate::doc::TitleForm;
use crate::hash::Hash32;
use crate::ids::MemberId;
use crate::record::Record;
use crate::reject::{Code, Reject};

/// The title holder offers the goods; of a bill in blank, its possessor.
pub(super) fn pledge(
    record: &Record,
    title: &Title,
    bank: &MemberId,
    goods: Hash32,
    actor: &Actor<'_>,
) -> Result<Record, Reject> {
    if title.form == TitleForm::Blank {
        super::control::possessed(record, actor)?;
    }
    holds(title, actor.id)?;
    super::offer::unpaid(title, actor)?;
    if let Some(lien) = &title.lien {
        return refuse(Code::Pledged, format!("pledged to `{}`", lien.bank));
    }
    let offered = Pledge { by: actor.id.clone(), bank: bank.clone(), goods };
    Ok(Record { title: Some(Title { pledge: Some(offered), undo: None, ..title.clone() }), ..record.clone() })
}

fn offered(title: &Title) -> Result<&Pledge, Reject> {
    title.pledge.as_ref().ok_or_else(|| Reject::new(Code::NoPledge, "$", "no pledge is offered"))
}

/// The bank takes it: from here title moves only with its consent.
pub(super) fn accept(record: &Record, title: &Title, actor: &Actor<'_>) -> Result<Record, Reject> {
    let pledge = offered(title)?;
    if pledge.bank != *actor.id {
        return Err(Reject::new(Code::NotTheBank, "$.member", format!("it is offered to `{}`", pledge.bank)));
    }
    super::offer::unpaid(title, actor)?;
    let lien = Lien { bank: pledge.bank.clone(), goods: pledge.goods, consent: None };
    let next = Title { pledge: None, lien: Some(lien), undo: None, ..title.clone() };
    Ok(Record { title: Some(next), ..record.clone() })
}

/// The bank does not want it, or whoever offered it takes it back.
pub(super) fn decline(record: &Record, title: &Title, actor: &Actor<'_>) -> Result<Record, Reject> {
    let pledge = offered(title)?;
    if pledge.bank != *actor.id && pledge.by != *actor.id {
        let detail = format!("`{}` offered it to `{}`", pledge.by, pledge.bank);
        return Err(Reject::new(Code::NotTheBank, "$.member", detail));
    }
    Ok(Record { title: Some(Title { pledge: None, ..title.clone() }), ..record.clone() })
}

fn lender<'a>(title: &'a Title, actor: &Actor<'_>) -> Result<&'a Lien, Reject> {
    let Some(lien) = &title.lien else {
        return refuse(Code::NoPledge, "the bill is not pledged");
    };
    if lien.bank == *actor.id {
        return Ok(lien);
    }
    Err(Reject::new(Code::NotTheBank, "$.member", format!("it is pledged to `{}`", lien.bank)))
}

/// The bank lets title go to one member; its lien stays. It does not turn to another while somebody may be paying.
pub(super) fn consent(record: &Record, title: &Title, to: &MemberId, actor: &Actor<'_>) -> Result<Record, Reject> {
    let lien = Lien { consent: Some(to.clone()), ..lender(title, actor)?.clone() };
    if title.offer.as_ref().is_none_or(|offer| offer.to != *to) {
        super::offer::unpaid(title, actor)?;
    }
    Ok(Record { title: Some(Title { lien: Some(lien), ..title.clone() }), ..record.clone() })
}

/// The bank is paid.
pub(super) fn release(record: &Record, title: &Title, actor: &Actor<'_>) -> Result<Record, Reject> {
    lender(title, actor)?;
    Ok(Record { title: Some(Title { lien: None, ..title.clone() }), ..record.clone() })
}

/// Title passes to `to`, by the word of `by`, under a lien: with the bank's consent, which is used up. A bank
/// that takes title itself agrees by that; nobody else makes it the holder of goods it only lent on.
pub(super) fn pass(title: &Title, to: &MemberId, by: &MemberId) -> Result<Option<Lien>, Reject> {
    match &title.lien {
        Some(lien) if lien.consent.as_ref() != Some(to) && !(lien.bank == *to && lien.bank == *by) => {
            refuse(Code::Pledged, format!("pledged to `{}`, which has not consented to `{to}`", lien.bank))
        }
        Some(lien) => Ok(Some(Lien { consent: None, ..lien.clone() })),
        None => Ok(None),
    }
}
