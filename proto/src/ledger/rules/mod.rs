//! One rule, one file: each checks an action against the state and says what it changes.
//!
//! A rule reads the [`Overlay`] and answers with a [`Change`] or a refusal; it changes nothing itself.
//! The trade law itself is pure and stands in `crate::title` and `origin`; here is what only the whole
//! state knows: who is a member, which references are taken, which goods are pledged.

mod finding;
mod governance;
mod issue;
mod origin;
mod title;

use std::sync::Arc;

pub(crate) use issue::coherent;

use crate::governance::{self as governance_law, Proposal};
use crate::hash::Hash32;
use crate::ids::{BodyCommitment, ChainId, Height, MemberId, RecordId};
use crate::limits::EXPIRY_HORIZON_MS;
use crate::member::{KeyStanding, Member, Purpose, Role, Standing};
use crate::record::Record;
use crate::reject::{Code, Reject};
use crate::statement::{Action, ActionKind, VerifiedStatement};

use super::view::{InForce, Overlay, View};

/// What an accepted statement does to the state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Records after it, the statement's own first, each with what was done to it. `last` is as it was before:
    /// execution fills it in with the entry that it writes.
    pub records: Vec<(Record, ActionKind)>,
    /// The reference that an issue takes, by its state key.
    pub reference: Option<(Hash32, RecordId)>,
    /// Goods that come under a pledge, or out of it.
    pub goods: Vec<(Hash32, Option<RecordId>)>,
    /// The body that it brings.
    pub body: Option<BodyCommitment>,
    /// A proposal after it; `last` as in records.
    pub proposal: Option<Proposal>,
    /// A member after it.
    pub member: Option<Member>,
    /// Roster and parameters of the next block, where it changes them.
    pub settled: Option<InForce>,
}

impl Change {
    fn of(record: Record, kind: ActionKind) -> Self {
        Self { records: vec![(record, kind)], ..Self::default() }
    }

    fn of_member(member: Member) -> Self {
        Self { member: Some(member), ..Self::default() }
    }

    /// A record that changes besides the statement's own. Each was judged as it stood before the statement, so of two
    /// states of one record the second would forget what the first did to it.
    fn also(&mut self, record: Record, kind: ActionKind) -> Result<(), Reject> {
        if self.records.iter().any(|(earlier, _)| earlier.id == record.id) {
            let detail = format!("the statement changes record {} twice", record.id.0.short());
            return Err(Reject::new(Code::NotReplaceable, "$", detail));
        }
        self.records.push((record, kind));
        Ok(())
    }
}

/// When a statement is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At<'a> {
    /// Height of the block that would execute it.
    pub height: Height,
    /// Time of that block, in Unix milliseconds.
    pub time_ms: u64,
    /// The roster that decides it, and its parameters.
    pub in_force: &'a InForce,
}

impl<'a> At<'a> {
    /// What governance has to know of the block.
    const fn governance(self, chain: ChainId) -> governance_law::Terms<'a> {
        let Self { height, time_ms, in_force: InForce { roster, parameters, .. } } = self;
        let recovery_wait_ms = parameters.recovery_wait_ms;
        governance_law::Terms { chain, roster, height, time_ms, recovery_wait_ms }
    }
}

/// A refusal, or what the statement changes. The outer error is the store's.
pub type Judged<E> = Result<Result<Change, Reject>, E>;

/// Judges a statement against the state. The same function admits at a node's door and executes in a
/// block: what it refuses at one time and state it refuses everywhere.
pub fn judge<V: View>(state: &Overlay<'_, V>, statement: &VerifiedStatement, at: At<'_>) -> Judged<V::Error> {
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
        Action::Apply(application) => issue::judge_application(state, statement, application, &member, at),
        Action::Title(on) => title::judge(state, on, &member, at),
        Action::Origin(on) => origin::judge(state, on, &member, at),
        Action::Finding(finding) => finding::judge(state, finding, &member),
        Action::Govern(govern) => governance::judge(state, statement, govern, &member, at),
    }
}

fn timely(statement: &VerifiedStatement, at: At<'_>) -> Result<(), Reject> {
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
fn authorised(statement: &VerifiedStatement, member: &Member, at: At<'_>) -> Result<(), Reject> {
    if member.standing == Standing::Suspended {
        return Err(Reject::new(Code::MemberSuspended, "$.member", format!("`{}` is suspended", member.id)));
    }
    let purpose = statement.statement().action.purpose();
    for (i, signature) in statement.signed().signatures.iter().enumerate() {
        let path = format!("$.signatures[{i}].keyid");
        let key = signature.key.short();
        match member.key_standing(purpose, &signature.key, at.height) {
            KeyStanding::Valid => {}
            KeyStanding::Revoked => {
                let detail = format!("key {key} of `{}` does not count at height {}", member.id, at.height);
                return Err(Reject::new(Code::KeyRevoked, path, detail));
            }
            KeyStanding::Unknown => {
                let kind = if purpose == Purpose::Governance { "governance" } else { "statement" };
                let detail = format!("key {key} is no {kind} key of `{}`", member.id);
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

/// What a refusal of the trade law says, its path below `at`.
fn below(reject: Reject, at: &str) -> Reject {
    if reject.path == "$.member" {
        return reject;
    }
    Reject { path: format!("{at}{}", reject.path.trim_start_matches('$')), ..reject }
}

/// The record that a statement names, at the seq that its signer saw.
fn named<V: View>(
    state: &Overlay<'_, V>,
    id: &RecordId,
    seq: Option<u64>,
    at: &str,
) -> Result<Result<Record, Reject>, V::Error> {
    let Some(record) = state.record(id)? else {
        let detail = format!("no record {} exists", id.0.short());
        return Ok(Err(Reject::new(Code::UnknownRecord, format!("{at}.record"), detail)));
    };
    // An end speaks before a seq: nobody need fetch the newest state of what is over.
    match seq {
        Some(seq) if seq != record.seq && !record.status.is_ended() => {
            let detail = format!("the record is at seq {}, the statement names {seq}", record.seq);
            Ok(Err(Reject::new(Code::WrongSeq, format!("{at}.seq"), detail)))
        }
        _ => Ok(Ok(record)),
    }
}

/// A member that a statement names as a recipient.
fn recipient<V: View>(
    state: &Overlay<'_, V>,
    id: &MemberId,
    at: &str,
) -> Result<Result<Arc<Member>, Reject>, V::Error> {
    let member = state.member(id)?;
    Ok(member.ok_or_else(|| {
        let detail = format!("`{id}` is not in the registry");
        Reject::new(Code::UnknownRecipient, at, detail)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doc::{self, DocKind};
    use crate::ids::StatementId;
    use crate::statement::{Application, BodyRef};

    #[test]
    fn no_statement_changes_a_record_twice() {
        let kind = DocKind::CertificateOfOrigin;
        let checked = doc::check(kind, doc::template(kind).as_bytes()).expect("accepted");
        let commitment = BodyCommitment(Hash32([1; 32]));
        let body = BodyRef { commitment, jcs_sha256: checked.jcs_sha256, size: 1 };
        let application = Application { claims: checked.claims, body, to: "ningbo-chamber".parse().expect("id") };
        let record = |statement: u8| {
            let (id, exporter) = (StatementId(Hash32([statement; 32])), "pump-works".parse().expect("id"));
            Record::applied(id, &exporter, &application, Height(1))
        };
        let mut change = Change::of(record(2), ActionKind::Issue);
        assert_eq!(change.also(record(3), ActionKind::Replace), Ok(()));
        let again = change.also(record(3), ActionKind::Draw).map_err(|reject| reject.code);
        assert_eq!((again, change.records.len()), (Err(Code::NotReplaceable), 2));
    }
}
