//! The retroactive check: asked, answered, decided, each with its time (ATIGA Annex 8 r.18; RCEP art. 3.24).

use super::policy::check_times;
use super::state::{Check, Origin};
use super::{Actor, importing_customs, issued_by, refuse};
use crate::record::{Record, Status};
use crate::reject::{Code, Reject};

const DAY_MS: u64 = 86_400_000;

fn with(record: &Record, origin: &Origin, check: Check) -> Record {
    Record { origin: Some(Origin { check: Some(check), ..origin.clone() }), ..record.clone() }
}

/// Customs ask. Both dates are computed here, once, and stand in the record for both sides.
pub(super) fn open(record: &Record, origin: &Origin, actor: &Actor<'_>) -> Result<Record, Reject> {
    importing_customs(origin, actor)?;
    if !matches!(record.status, Status::Presented | Status::Accepted | Status::PartlyAccepted | Status::Rejected) {
        return refuse(Code::WrongState, format!("it is {}: a check follows presentation", record.status.as_str()));
    }
    if origin.open_check().is_some() {
        return refuse(Code::CheckOpen, "a check is open already");
    }
    let times = check_times(origin.scheme);
    let due = |days: u64| actor.time_ms.saturating_add(days * DAY_MS);
    let check = Check {
        by: actor.id.clone(),
        since_ms: actor.time_ms,
        reply_by_ms: due(times.reply_days),
        close_by_ms: due(times.close_days),
        answer: None,
        closed: false,
    };
    Ok(with(record, origin, check))
}

fn opened(origin: &Origin) -> Result<&Check, Reject> {
    origin.open_check().ok_or_else(|| Reject::new(Code::NoCheck, "$", "no check is open"))
}

/// The issuer answers, once; late is late and visible, but better than never.
pub(super) fn answer(record: &Record, origin: &Origin, genuine: bool, actor: &Actor<'_>) -> Result<Record, Reject> {
    issued_by(record, actor)?;
    let check = opened(origin)?;
    if check.answer.is_some() {
        return refuse(Code::AlreadySpoken, "the issuer answered before");
    }
    Ok(with(record, origin, Check { answer: Some((actor.time_ms, genuine)), ..check.clone() }))
}

/// Customs decide: after the answer, or when it is overdue.
pub(super) fn close(record: &Record, origin: &Origin, upheld: bool, actor: &Actor<'_>) -> Result<Record, Reject> {
    importing_customs(origin, actor)?;
    let check = opened(origin)?;
    if check.answer.is_none() && actor.time_ms <= check.reply_by_ms {
        return refuse(Code::AnswerAwaited, format!("the issuer may answer until {} ms", check.reply_by_ms));
    }
    let status = if upheld { Status::Confirmed } else { Status::Denied };
    let next = with(record, origin, Check { closed: true, ..check.clone() });
    Ok(Record { status, ..next })
}
