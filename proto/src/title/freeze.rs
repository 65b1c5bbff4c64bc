//! Freezing: enough customs agencies together hold one bill still, and together let it go. They name no
//! `seq`, so that nobody outruns them by moving the bill from hand to hand.

use super::state::{Freeze, Title};
use super::{Actor, refuse};
use crate::record::Record;
use crate::reject::{Code, Reject};

/// A voice for freezing.
pub(super) fn freeze(record: &Record, title: &Title, actor: &Actor<'_>) -> Result<Record, Reject> {
    agency(actor)?;
    if title.freeze.in_force {
        return refuse(Code::RecordFrozen, "the bill is frozen already");
    }
    let mut freeze = title.freeze.clone();
    if !freeze.voices.insert(actor.id.clone()) {
        return refuse(Code::AlreadySpoken, format!("`{}` spoke for it before", actor.id));
    }
    freeze.in_force = freeze.voices.len() as u64 >= u64::from(actor.freeze_quorum);
    Ok(with(record, title, freeze))
}

/// A voice for lifting; before the freeze is in force it takes back one's own voice for it.
pub(super) fn unfreeze(record: &Record, title: &Title, actor: &Actor<'_>) -> Result<Record, Reject> {
    agency(actor)?;
    let mut freeze = title.freeze.clone();
    if !freeze.in_force {
        if freeze.voices.remove(actor.id) {
            return Ok(with(record, title, freeze));
        }
        return refuse(Code::NotFrozen, "the bill is not frozen");
    }
    if !freeze.lift.insert(actor.id.clone()) {
        return refuse(Code::AlreadySpoken, format!("`{}` spoke for it before", actor.id));
    }
    if freeze.lift.len() as u64 >= u64::from(actor.freeze_quorum) {
        freeze = Freeze::default();
    }
    Ok(with(record, title, freeze))
}

fn agency(actor: &Actor<'_>) -> Result<(), Reject> {
    if actor.customs {
        return Ok(());
    }
    Err(Reject::new(Code::WrongRole, "$.member", format!("`{}` is no customs agency", actor.id)))
}

fn with(record: &Record, title: &Title, freeze: Freeze) -> Record {
    Record { title: Some(Title { freeze, ..title.clone() }), ..record.clone() }
}
