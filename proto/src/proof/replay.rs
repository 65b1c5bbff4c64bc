//! Replay: a history carried out again by the law, from the issue to the record's state. The roots already prove
//! that the validators agreed on that state; this proves that they kept the law.
//!
//! What only the whole state of that time knew is not asked: who was suspended, which members and numbers there were,
//! what was pledged on other records.

use std::collections::BTreeSet;

use super::ladder::{Ladder, Verdict};
use super::signers::is_own;
use crate::doc::DocKind;
use crate::entry::ActEntry;
use crate::law::{self, Terms};
use crate::ledger;
use crate::limits::EXPIRY_HORIZON_MS;
use crate::member::{Member, Role};
use crate::record::Record;
use crate::statement::{Action, ActionKind, Issue, VerifiedStatement};

/// A step that a replay cannot take: it depends on records that the bundle does not hold.
const ELSEWHERE: &str = "a step depends on other records than this one";

/// Parameters change, and change back: those at the head and at the anchor tell nothing of those between.
const OTHER_TERMS: &str = "nothing proves how many agencies it took to freeze, or to lift a freeze, at that time";

/// An act with its statement.
type Said<'a> = (&'a ActEntry, VerifiedStatement);

/// Adds the rung `law`: whether the acts, each allowed where it stands, lead to `record`.
pub(super) fn replay(acts: &[Said<'_>], record: &Record, members: &[&Member], ladder: &mut Ladder) {
    // Where the last entry stands in the log is the log's to say, not the law's.
    let is_end = |end: &Record| Record { last: record.last, ..end.clone() } == *record;
    match run(acts, members) {
        Ok(None) => ladder.push("law", Verdict::Skipped, ELSEWHERE),
        Ok(Some(ends)) if !ends.iter().any(is_end) => {
            ladder.push("law", Verdict::Invalid, "the acts, carried out again, make another state");
        }
        Ok(Some(_)) if acts.iter().any(|(act, _)| is_freeze(act)) => {
            ladder.push("law", Verdict::Skipped, OTHER_TERMS);
        }
        Ok(Some(_)) => ladder.push("law", Verdict::Valid, "every act was allowed, and together they make this state"),
        Err(why) => ladder.push("law", Verdict::Invalid, why),
    }
}

/// The records that the acts may have made, more than one where a freeze leaves it open; none when a step cannot be
/// taken here.
fn run(acts: &[Said<'_>], members: &[&Member]) -> Result<Option<Vec<Record>>, String> {
    let mut executed = BTreeSet::new();
    let signers = acts.iter().map(|(act, verified)| {
        let signer = signer(act, verified, members).and_then(|signer| {
            let once = executed.insert(verified.id());
            once.then_some(signer).ok_or_else(|| "its statement was executed before".to_owned())
        });
        signer.map_err(|why| format!("act {} was not allowed: {why}", act.seq))
    });
    let signers = signers.collect::<Result<Vec<_>, _>>()?;
    let mut records = Vec::new();
    for ((act, verified), signer) in acts.iter().zip(signers) {
        let said = verified.statement();
        records = match (&said.action, records.as_slice()) {
            (Action::Issue(issue), []) if act.action == ActionKind::Issue && stands_alone(issue) => {
                vec![Record::issued(verified.id(), &said.member, issue, act.height)]
            }
            (Action::Apply(application), []) => {
                vec![Record::applied(verified.id(), &said.member, application, act.height)]
            }
            (action, [_, ..]) if is_own(act, verified) => step(&records, act, action, signer)?,
            _ => return Ok(None),
        };
    }
    Ok(Some(records))
}

/// Replacements and answered applications inherit from records that are not here, and what is drawn on has to last.
fn stands_alone(issue: &Issue) -> bool {
    issue.replaces.is_none() && issue.application.is_none() && issue.draws.is_empty()
}

/// What an act makes of a record. A freeze comes into force, or ends, when enough agencies have spoken: as how many
/// that were at the time is not known, it is followed both ways.
fn step(before: &[Record], act: &ActEntry, action: &Action, signer: &Member) -> Result<Vec<Record>, String> {
    // One is always enough, and so many never are. Nothing but a freeze asks for it.
    let quorums: &[u32] = if is_freeze(act) { &[1, u32::MAX] } else { &[u32::MAX] };
    let (mut after, mut refused) = (Vec::new(), None);
    for record in before {
        for &freeze_quorum in quorums {
            match law::act(record, action, signer, Terms { time_ms: act.time_ms, freeze_quorum }) {
                Ok(next) if after.contains(&next) => {}
                Ok(next) => after.push(next),
                Err(reject) => refused = Some(reject),
            }
        }
    }
    match refused {
        Some(reject) if after.is_empty() => Err(format!("act {} was not allowed: {reject}", act.seq)),
        _ => Ok(after),
    }
}

/// Who signed an act, if nothing but a record could forbid it: a statement is executed while it may be, says nothing that
/// never may be said, and is of somebody whose part it is. A member's roles never change: those at the head are those
/// of then.
fn signer<'a>(act: &ActEntry, verified: &VerifiedStatement, members: &[&'a Member]) -> Result<&'a Member, String> {
    let said = verified.statement();
    if said.not_after_ms < act.time_ms || said.not_after_ms > act.time_ms.saturating_add(EXPIRY_HORIZON_MS) {
        return Err("its statement was not to be executed at that time".to_owned());
    }
    coherent(&said.action)?;
    let signer = members.iter().find(|member| member.id == said.member);
    let signer = signer.ok_or_else(|| format!("no proof that `{}` is a member", said.member))?;
    match role(&said.action).filter(|needed| !signer.roles.contains(needed)) {
        Some(needed) => Err(format!("`{}` has not the role {}, which this needs", signer.id, needed.as_str())),
        None => Ok(signer),
    }
}

/// The role that an action needs; of acts on a title or on an origin the law itself asks it.
fn role(action: &Action) -> Option<Role> {
    match action {
        Action::Issue(issue) => Some(match issue.claims.kind() {
            DocKind::BillOfLading => Role::Carrier,
            DocKind::CertificateOfOrigin => Role::IssuingAuthority,
        }),
        Action::Apply(_) => Some(Role::Trader),
        Action::Finding(_) => Some(Role::Customs),
        Action::Title(_) | Action::Origin(_) | Action::Govern(_) => None,
    }
}

/// What an action says of itself, whatever the state.
fn coherent(action: &Action) -> Result<(), String> {
    let names_no_seq = match action {
        Action::Issue(issue) => return ledger::coherent(issue).map_err(|reject| reject.to_string()),
        Action::Apply(application) if application.claims.kind() != DocKind::CertificateOfOrigin => {
            return Err("only certificates of origin are applied for".to_owned());
        }
        Action::Title(on) => on.seq.is_none() && !on.act.outruns(),
        Action::Origin(on) => on.seq.is_none(),
        Action::Apply(_) | Action::Finding(_) | Action::Govern(_) => false,
    };
    if names_no_seq { Err("it names no seq".to_owned()) } else { Ok(()) }
}

const fn is_freeze(act: &ActEntry) -> bool {
    matches!(act.action, ActionKind::Freeze | ActionKind::Unfreeze)
}
