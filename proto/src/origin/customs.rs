//! Presentation, and what customs of the importing country decide.

use super::act::ItemAmounts;
use super::state::Origin;
use super::{Actor, account, importing_customs, refuse};
use crate::record::{Record, Status};
use crate::reject::{Code, Reject};

/// The holder shows it: the member it was issued to, or the exporter that applied.
pub(super) fn present(record: &Record, origin: &Origin, late: bool, actor: &Actor<'_>) -> Result<Record, Reject> {
    let holders = [Some(&record.issued_to), origin.applicant.as_ref()];
    if !holders.contains(&Some(actor.id)) {
        let detail = format!("it was issued to `{}`", record.issued_to);
        return Err(Reject::new(Code::NotAParty, "$.member", detail));
    }
    if !matches!(record.status, Status::Issued | Status::PartlyAccepted | Status::Confirmed) {
        return refuse(Code::WrongState, format!("it is {}", record.status.as_str()));
    }
    if origin.is_expired(actor.time_ms) && !late {
        let detail = format!("its last day was {}; say why it comes late", origin.expires);
        return refuse(Code::CertificateExpired, detail);
    }
    Ok(Record { status: Status::Presented, ..record.clone() })
}

/// Preference for all that is left, or for part of it: a problem with one item does not block the rest (r.16.3).
pub(super) fn accept(
    record: &Record,
    origin: &Origin,
    used: Option<&ItemAmounts>,
    actor: &Actor<'_>,
) -> Result<Record, Reject> {
    importing_customs(origin, actor)?;
    presented(record, origin)?;
    let taken = used.map_or_else(|| left(origin), |used| Ok(used.clone()));
    let account = taken
        .and_then(|taken| account::draw(origin, &taken))
        .map_err(|reject| Reject { path: format!("$.used{}", reject.path.trim_start_matches('$')), ..reject })?;
    let status =
        if account.values().all(crate::doc::Amounts::is_zero) { Status::Accepted } else { Status::PartlyAccepted };
    Ok(Record { status, origin: Some(Origin { account, ..origin.clone() }), ..record.clone() })
}

/// All that is left: not the items that are used up, nor those certified without an amount. Once everything is used
/// there is nothing to give preference for; a certificate without any amount is accepted as a whole.
fn left(origin: &Origin) -> Result<ItemAmounts, Reject> {
    let mut left = origin.account.clone();
    left.retain(|_, amounts| !amounts.is_zero());
    let certified = origin.certified.values().any(|amounts| !amounts.is_zero());
    if left.is_empty() && certified { refuse(Code::AccountOverdrawn, "nothing is left of it") } else { Ok(left) }
}

/// No preference.
pub(super) fn reject(record: &Record, origin: &Origin, actor: &Actor<'_>) -> Result<Record, Reject> {
    importing_customs(origin, actor)?;
    presented(record, origin)?;
    Ok(Record { status: Status::Rejected, ..record.clone() })
}

fn presented(record: &Record, origin: &Origin) -> Result<(), Reject> {
    if !matches!(record.status, Status::Presented | Status::Confirmed) {
        return refuse(Code::WrongState, format!("it is {}, not presented", record.status.as_str()));
    }
    if origin.open_check().is_some() {
        return refuse(Code::CheckOpen, "a retroactive check is open: close it first");
    }
    Ok(())
}
