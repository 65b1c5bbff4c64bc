//! Origin: the life of a certificate of origin, and the account that its use draws down.
//!
//! A certificate is no transferable record; it has its own life: applied for, issued, presented, accepted in
//! whole or in part or rejected, checked in retrospect, replaced or cancelled. Only its issuer issues, answers,
//! replaces, cancels and copies; only customs of the importing country decide. Pure, as [`crate::title`] is.
//!
//! Sources: ATIGA Annex 8 (operational certification procedures) rules 9-21, RCEP art. 3.16-3.35; Form E alike
//! where its own text did not reach us: the time limits stand in [`policy`] as dated data with their source.

mod account;
mod act;
mod check;
mod customs;
mod issuer;
pub mod policy;
mod state;

pub use account::{covered, draw, drawn};
pub use act::{ItemAmounts, OriginAct};
pub use issuer::{certify, draw_on, replace};
pub use state::{Check, Origin};

use crate::ids::MemberId;
use crate::member::{Country, Role};
use crate::record::{Record, Status};
use crate::reject::{Code, Reject};

/// Who acts, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor<'a> {
    /// The member.
    pub id: &'a MemberId,
    /// Its country.
    pub country: Country,
    /// Whether it is a customs agency.
    pub customs: bool,
    /// Block time in Unix milliseconds.
    pub time_ms: u64,
}

impl<'a> Actor<'a> {
    /// A member of the registry at a block time.
    #[must_use]
    pub fn new(member: &'a crate::member::Member, time_ms: u64) -> Self {
        Self { id: &member.id, country: member.country, customs: member.roles.contains(&Role::Customs), time_ms }
    }
}

fn refuse<T>(code: Code, detail: impl Into<String>) -> Result<T, Reject> {
    Err(Reject::new(code, "$", detail))
}

/// Carries an act out on a certificate or an application for one: the record after it, its `seq` one higher.
///
/// # Errors
/// The rule that forbids it. Paths are relative to the act.
pub fn act(record: &Record, act: &OriginAct, actor: &Actor<'_>) -> Result<Record, Reject> {
    let Some(origin) = &record.origin else {
        return refuse(Code::NotACertificate, format!("this {} certifies no origin", record.kind.as_str()));
    };
    if record.status.is_ended() {
        return refuse(Code::RecordEnded, format!("the certificate is {}", record.status.as_str()));
    }
    if (record.status == Status::Applied) != act.is_on_application() {
        return refuse(Code::WrongState, format!("it is {}", record.status.as_str()));
    }
    let mut next = match act {
        OriginAct::RefuseApplication { .. } => issuer::refuse_application(record, actor),
        OriginAct::WithdrawApplication {} => issuer::withdraw_application(record, actor),
        OriginAct::Present { late, .. } => customs::present(record, origin, late.is_some(), actor),
        OriginAct::Accept { used } => customs::accept(record, origin, used.as_ref(), actor),
        OriginAct::Reject { .. } => customs::reject(record, origin, actor),
        OriginAct::OpenCheck { .. } => check::open(record, origin, actor),
        OriginAct::AnswerCheck { genuine, .. } => check::answer(record, origin, *genuine, actor),
        OriginAct::CloseCheck { upheld, .. } => check::close(record, origin, *upheld, actor),
        OriginAct::Cancel { .. } => issuer::cancel(record, actor),
        OriginAct::CertifyCopy { copy } => issuer::certify_copy(record, origin, *copy, actor),
    }?;
    next.seq += 1;
    Ok(next)
}

/// The actor issued the certificate.
fn issued_by(record: &Record, actor: &Actor<'_>) -> Result<(), Reject> {
    if record.issuer == *actor.id {
        return Ok(());
    }
    Err(Reject::new(Code::NotIssuer, "$.member", format!("`{}` issued it", record.issuer)))
}

/// The actor is customs of the country where preference is asked.
fn importing_customs(origin: &Origin, actor: &Actor<'_>) -> Result<(), Reject> {
    if actor.customs && actor.country == origin.importing_country {
        return Ok(());
    }
    let detail = format!("customs of {} decide on it", origin.importing_country);
    Err(Reject::new(Code::NotImportingCustoms, "$.member", detail))
}
