//! Title: the state machine of a bill of lading as a transferable record.
//!
//! Pure: a record, an act and who acts when give the record after it, or a refusal. The ledger looks up
//! what the state alone knows (whether members exist, whether goods are pledged already) and calls
//! [`act`]; a reader of a bundle calls the same function to replay a history.
//!
//! Sources: UNCITRAL MLETR art. 10-18 (control, possession, endorsement, amendment, change of medium), UK
//! ETDA 2023 s.2 (one controller, shown on demand), DCSA eBL 3.0.4 surrender and endorsement chain, PINT.
//! The table of every act in every state is `TITLE.md`, checked against this code by a test.

mod act;
mod control;
mod endorse;
mod freeze;
mod goods;
mod offer;
mod pledge;
mod replace;
mod state;
mod surrender;

pub use act::{Named, Offer, Payment, Purpose, TitleAct};
pub use goods::goods_fingerprint;
pub use replace::replace;
pub use state::{Freeze, Lien, OpenOffer, Pledge, Title, Undo};

use crate::ids::MemberId;
use crate::record::{Record, Status};
use crate::reject::{Code, Reject};

/// Who acts, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor<'a> {
    /// The member.
    pub id: &'a MemberId,
    /// Whether it is a customs agency.
    pub customs: bool,
    /// How many agencies freeze a record, and lift a freeze.
    pub freeze_quorum: u32,
    /// Block time in Unix milliseconds.
    pub time_ms: u64,
}

/// A refusal of the whole act.
fn refuse<T>(code: Code, detail: impl Into<String>) -> Result<T, Reject> {
    Err(Reject::new(code, "$", detail))
}

/// A refusal of one field of the act.
fn refuse_field<T>(code: Code, field: &str, detail: impl Into<String>) -> Result<T, Reject> {
    Err(Reject::new(code, format!("$.{field}"), detail))
}

/// Carries an act out on a bill: the record after it, its `seq` one higher. `last` stays as it was, for the
/// log decides it.
///
/// # Errors
/// The rule that forbids it. Paths are relative to the act.
pub fn act(record: &Record, act: &TitleAct, actor: &Actor<'_>) -> Result<Record, Reject> {
    let title = passable(record, act)?;
    let mut next = match act {
        TitleAct::Transfer { to } => control::transfer(record, title, to, actor),
        TitleAct::RejectTransfer {} => control::reject_transfer(record, title, actor),
        TitleAct::ProveControl { .. } => control::possessed(record, actor).map(|()| record.clone()),
        TitleAct::Remark(_) => control::remark(record, title, actor),
        TitleAct::Offer(offer) => offer::make(record, title, offer, actor),
        TitleAct::AcceptOffer {} => offer::accept(record, title, actor),
        TitleAct::DeclineOffer {} => offer::decline(record, title, actor),
        TitleAct::WithdrawOffer {} => offer::withdraw(record, title, actor),
        TitleAct::ConfirmPayment { amount, reference } => {
            offer::confirm_payment(record, title, amount, reference, actor)
        }
        TitleAct::Endorse { to, to_order } => endorse::to_member(record, title, to, *to_order, actor),
        TitleAct::EndorseInBlank {} => endorse::in_blank(record, title, actor),
        TitleAct::Nominate { to } => endorse::nominate(record, title, to, actor),
        TitleAct::ExecuteNomination {} => endorse::execute_nomination(record, title, actor),
        TitleAct::Surrender { to, purpose } => surrender::surrender(record, title, to, *purpose, actor),
        TitleAct::AcceptSurrender {} => surrender::accept(record, title, actor),
        TitleAct::RejectSurrender { .. } => surrender::reject(record, title, actor),
        TitleAct::SwitchToPaper { printed } => surrender::switch_to_paper(record, title, *printed, actor),
        TitleAct::Void { .. } => surrender::void(record, title, actor),
        TitleAct::Pledge { bank, goods } => pledge::pledge(record, title, bank, *goods, actor),
        TitleAct::AcceptPledge {} => pledge::accept(record, title, actor),
        TitleAct::DeclinePledge {} => pledge::decline(record, title, actor),
        TitleAct::ConsentToTransfer { to } => pledge::consent(record, title, to, actor),
        TitleAct::ReleasePledge {} => pledge::release(record, title, actor),
        TitleAct::Freeze { .. } => freeze::freeze(record, title, actor),
        TitleAct::Unfreeze { .. } => freeze::unfreeze(record, title, actor),
    }?;
    next.seq += 1;
    Ok(next)
}

/// What holds for every act: the record is a title, not ended, not frozen, and not with the carrier unless
/// the act is the carrier's to do.
fn passable<'a>(record: &'a Record, act: &TitleAct) -> Result<&'a Title, Reject> {
    let Some(title) = &record.title else {
        return refuse(Code::NotTransferable, format!("this {} is no document of title", record.kind.as_str()));
    };
    if record.status.is_ended() {
        return refuse(Code::RecordEnded, format!("the bill is {}", record.status.as_str()));
    }
    if title.freeze.is_in_force() && !act.moves_nothing() {
        return refuse(Code::RecordFrozen, "customs agencies froze the bill");
    }
    let carriers = matches!(
        act,
        TitleAct::AcceptSurrender {}
            | TitleAct::RejectSurrender { .. }
            | TitleAct::SwitchToPaper { .. }
            | TitleAct::Void { .. }
    );
    if record.status != Status::Issued && !carriers && !act.moves_nothing() {
        return refuse(Code::SurrenderPending, format!("the bill is {}: the carrier decides", record.status.as_str()));
    }
    Ok(title)
}
