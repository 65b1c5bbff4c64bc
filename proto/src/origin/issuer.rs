//! What only the issuing authority does, and the end of an application.

use super::act::ItemAmounts;
use super::state::Origin;
use super::{Actor, account, issued_by, refuse};
use crate::doc::{Amounts, ItemNumber};
use crate::hash::Hash32;
use crate::ids::RecordId;
use crate::record::{Record, Status};
use crate::reject::{Code, Reject};

/// The authority that was applied to does not certify. An application's `issued_to` is that authority.
pub(super) fn refuse_application(record: &Record, actor: &Actor<'_>) -> Result<Record, Reject> {
    if record.issued_to != *actor.id {
        let detail = format!("it was applied for with `{}`", record.issued_to);
        return Err(Reject::new(Code::NotIssuer, "$.member", detail));
    }
    Ok(Record { status: Status::Refused, ..record.clone() })
}

/// The exporter takes it back. An application's `issuer` is the exporter.
pub(super) fn withdraw_application(record: &Record, actor: &Actor<'_>) -> Result<Record, Reject> {
    issued_by(record, actor)?;
    Ok(Record { status: Status::Withdrawn, ..record.clone() })
}

/// The certificate is taken back, whatever customs said of it.
pub(super) fn cancel(record: &Record, actor: &Actor<'_>) -> Result<Record, Reject> {
    issued_by(record, actor)?;
    Ok(Record { status: Status::Cancelled, ..record.clone() })
}

/// A true copy of a lost certificate, within its time.
pub(super) fn certify_copy(
    record: &Record,
    origin: &Origin,
    copy: Hash32,
    actor: &Actor<'_>,
) -> Result<Record, Reject> {
    issued_by(record, actor)?;
    if origin.is_expired(actor.time_ms) {
        return refuse(Code::CertificateExpired, format!("its last day was {}", origin.expires));
    }
    Ok(Record { origin: Some(Origin { copy: Some(copy), ..origin.clone() }), ..record.clone() })
}

/// The certificate that another one replaces (ATIGA Annex 8 r.9, RCEP art. 3.17.5), and the account that the
/// new one begins with: what was used under the old one stays used, and what it drew the new one has drawn.
///
/// # Errors
/// The rule that forbids it.
pub fn replace(old: &Record, new: &Origin, heir: RecordId, actor: &Actor<'_>) -> Result<(Record, Origin), Reject> {
    issued_by(old, actor)?;
    let Some(origin) = &old.origin else {
        return refuse(Code::NotACertificate, format!("this {} certifies no origin", old.kind.as_str()));
    };
    if old.status.is_ended() || old.status == Status::Applied {
        return refuse(Code::RecordEnded, format!("the certificate is {}", old.status.as_str()));
    }
    if origin.open_check().is_some() {
        return refuse(Code::CheckOpen, "a retroactive check is open: it has to be closed first");
    }
    let used = used(origin);
    let account = account::draw(new, &used)?;
    let mut after = Record { status: Status::Replaced, seq: old.seq + 1, ..old.clone() };
    after.replaced_by.push(heir);
    let (drawn, applicant) = (origin.drawn.clone(), origin.applicant.clone());
    Ok((after, Origin { account, drawn, applicant, ..new.clone() }))
}

/// What was used of each item so far.
fn used(origin: &Origin) -> ItemAmounts {
    let difference = |(number, certified): (&ItemNumber, &Amounts)| {
        let left = origin.account.get(number)?;
        let used = certified.minus(left)?;
        (!used.is_zero()).then_some((*number, used))
    };
    origin.certified.iter().filter_map(difference).collect()
}

/// An original after a back-to-back certificate drew on it, and that certificate, which remembers what it drew.
///
/// # Errors
/// The rule that forbids it: another scheme, its life over, in doubt, its last day before the new one's, not enough
/// left, a unit left out.
pub fn draw_on(original: &Record, used: &ItemAmounts, new: &Origin, at_ms: u64) -> Result<(Record, Origin), Reject> {
    let Some(origin) = &original.origin else {
        return refuse(Code::NotACertificate, format!("this {} certifies no origin", original.kind.as_str()));
    };
    match original.status {
        Status::Issued | Status::Presented | Status::PartlyAccepted | Status::Accepted | Status::Confirmed => {}
        status if status.is_ended() => {
            return refuse(Code::RecordEnded, format!("the original is {}", status.as_str()));
        }
        status => return refuse(Code::WrongState, format!("the original is {}", status.as_str())),
    }
    if origin.open_check().is_some() {
        return refuse(Code::CheckOpen, "a retroactive check of the original is open: it has to be closed first");
    }
    if origin.is_expired(at_ms) || new.expires > origin.expires {
        let detail = format!("the original is valid until {}, no longer", origin.expires);
        return refuse(Code::CertificateExpired, detail);
    }
    if new.scheme != origin.scheme {
        let detail = format!("the original is under {}", origin.scheme.as_str());
        return refuse(Code::NotReplaceable, detail);
    }
    if used.is_empty() {
        return refuse(Code::NoSuchItem, "nothing of the original is used: leave it out");
    }
    let account = account::draw(origin, used)?;
    account::in_every_unit(origin, used)?;
    let new = Origin { drawn: account::drawn(&new.drawn, [used])?, ..new.clone() };
    let origin = Origin { account, ..origin.clone() };
    Ok((Record { seq: original.seq + 1, origin: Some(origin), ..original.clone() }, new))
}

/// The application that a certificate answers, if it is the same document and asked of this authority.
///
/// # Errors
/// [`Code::ApplicationMismatch`], [`Code::NotIssuer`], [`Code::WrongState`].
pub fn certify(application: &Record, new: &Record, actor: &Actor<'_>) -> Result<Record, Reject> {
    if application.status != Status::Applied {
        return refuse(Code::WrongState, format!("it is {}", application.status.as_str()));
    }
    if application.issued_to != *actor.id {
        let detail = format!("it was applied for with `{}`", application.issued_to);
        return Err(Reject::new(Code::NotIssuer, "$.member", detail));
    }
    // Nobody applies for what the authority draws: that the certificate replaces another is no other claim.
    let claimed = |origin: &Origin| Origin { applicant: None, drawn: Amounts::default(), ..origin.clone() };
    let facts = |record: &Record| record.origin.as_ref().map(claimed);
    if application.body != new.body || facts(application) != facts(new) {
        return refuse(Code::ApplicationMismatch, "the certificate is of another document or claims something else");
    }
    let mut after = Record { status: Status::Certified, seq: application.seq + 1, ..application.clone() };
    after.replaced_by.push(new.id);
    Ok(after)
}
