//! One rule, one file: each checks an action against the state and says what it changes.
//!
//! A rule reads the [`Overlay`] and answers with a [`Change`] or a refusal; it changes nothing itself.
//! Sources: `README` of the design (one possessor, one issue per reference), UNCITRAL MLETR art. 10-11
//! (singularity, exclusive control).

mod issue;
mod surrender;
mod transfer;

use sampan_proto::hash::Hash32;
use sampan_proto::ids::{BodyCommitment, Height, RecordId};
use sampan_proto::limits::EXPIRY_HORIZON_MS;
use sampan_proto::member::{KeyStanding, Member, Role, Standing};
use sampan_proto::record::{Record, Status};
use sampan_proto::reject::{Code, Reject};
use sampan_proto::statement::{Action, VerifiedStatement};

use super::view::{Overlay, View};

/// What an accepted statement does to the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The record after it, but for `last`, which execution fills in with the entry it writes.
    pub record: Record,
    /// The reference that an issue takes, by its state key.
    pub reference: Option<(Hash32, RecordId)>,
    /// The body that an issue brings.
    pub body: Option<BodyCommitment>,
}

/// When a statement is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Height of the block that would execute it.
    pub height: Height,
    /// Time of that block, in Unix milliseconds.
    pub time_ms: u64,
}

/// A refusal, or what the statement changes. The outer error is the store's.
pub type Judged<E> = Result<Result<Change, Reject>, E>;

/// Judges a statement against the state. The same function admits at a node's door and executes in a
/// block: what it refuses at one time and state it refuses everywhere.
pub fn judge<V: View>(state: &Overlay<'_, V>, statement: &VerifiedStatement, at: At) -> Judged<V::Error> {
    if let Err(reject) = timely(statement, at) {
        return Ok(Err(reject));
    }
    if state.executed(&statement.id())? {
        let detail = format!("statement {} was executed before", statement.id().0.short());
        return Ok(Err(Reject::new(Code::StatementAlreadyExecuted, "$", detail)));
    }
    let actor = &statement.statement().member;
    let Some(member) = state.member(actor)? else {
        return Ok(Err(Reject::new(Code::UnknownMember, "$.member", format!("`{actor}` is not in the registry"))));
    };
    if let Err(reject) = authorised(statement, &member, at) {
        return Ok(Err(reject));
    }
    match &statement.statement().action {
        Action::Issue(issue) => issue::judge(state, statement, issue, &member, at),
        Action::Transfer(transfer) => transfer::judge(state, actor, transfer),
        Action::Surrender(surrender) => surrender::judge(state, actor, surrender),
    }
}

fn timely(statement: &VerifiedStatement, at: At) -> Result<(), Reject> {
    let not_after_ms = statement.statement().not_after_ms;
    if not_after_ms < at.time_ms {
        let detail = format!("expired {} ms before block time", at.time_ms - not_after_ms);
        return Err(Reject::new(Code::StatementExpired, "$.not_after_ms", detail));
    }
    if not_after_ms > at.time_ms.saturating_add(EXPIRY_HORIZON_MS) {
        let days = (not_after_ms - at.time_ms) / 86_400_000;
        return Err(Reject::new(Code::ExpiryTooFar, "$.not_after_ms", format!("{days} days ahead of block time")));
    }
    Ok(())
}

/// The member may act, and every signature is by a key that is its own and valid at this height.
fn authorised(statement: &VerifiedStatement, member: &Member, at: At) -> Result<(), Reject> {
    if member.standing == Standing::Suspended {
        return Err(Reject::new(Code::MemberSuspended, "$.member", format!("`{}` is suspended", member.id)));
    }
    for (i, signature) in statement.signed().signatures.iter().enumerate() {
        let path = format!("$.signatures[{i}].keyid");
        let key = signature.key.short();
        match member.statement_key(&signature.key, at.height) {
            KeyStanding::Valid => {}
            KeyStanding::Revoked => {
                let detail = format!("key {key} of `{}` does not count at height {}", member.id, at.height);
                return Err(Reject::new(Code::KeyRevoked, path, detail));
            }
            KeyStanding::Unknown => {
                let detail = format!("key {key} is no statement key of `{}`", member.id);
                return Err(Reject::new(Code::UnknownKey, path, detail));
            }
        }
    }
    Ok(())
}

fn role(member: &Member, needed: Role) -> Result<(), Reject> {
    if member.roles.contains(&needed) {
        return Ok(());
    }
    let detail = format!("`{}` has not the role {}, which this needs", member.id, needed.as_str());
    Err(Reject::new(Code::WrongRole, "$.member", detail))
}

/// The record that an act names, in force, possessed by the actor, at the seq the actor saw.
fn possessed<V: View>(
    state: &Overlay<'_, V>,
    actor: &sampan_proto::ids::MemberId,
    id: &RecordId,
    seq: u64,
    action: &str,
) -> Result<Result<Record, Reject>, V::Error> {
    let path = |field: &str| format!("$.action.{action}.{field}");
    let Some(record) = state.record(id)? else {
        let detail = format!("no record {} exists", id.0.short());
        return Ok(Err(Reject::new(Code::UnknownRecord, path("record"), detail)));
    };
    if record.status != Status::Issued {
        let detail = format!("the record was {}", record.status.as_str());
        return Ok(Err(Reject::new(Code::RecordEnded, path("record"), detail)));
    }
    let Some(possessor) = &record.possessor else {
        let detail = format!("this {} is no document of title", record.kind.as_str());
        return Ok(Err(Reject::new(Code::NotTransferable, path("record"), detail)));
    };
    // Seq before possessor: of two racing transfers the loser learns that somebody was faster.
    if record.seq != seq {
        let detail = format!("the record is at seq {}, the statement names {seq}", record.seq);
        return Ok(Err(Reject::new(Code::WrongSeq, path("seq"), detail)));
    }
    if possessor != actor {
        return Ok(Err(Reject::new(Code::NotPossessor, "$.member", format!("`{actor}` does not possess it"))));
    }
    Ok(Ok(record))
}
