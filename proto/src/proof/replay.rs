//! Replay: a history carried out again by the law, from the issue to the record's state. The roots already prove
//! that the validators agreed on that state; this proves that they kept the law.

use super::anchor::Start;
use super::ladder::{Ladder, Verdict};
use super::signers::is_own;
use crate::block::Header;
use crate::entry::ActEntry;
use crate::law::{self, Terms};
use crate::member::Member;
use crate::record::Record;
use crate::statement::{Action, ActionKind, VerifiedStatement};

/// A step that a replay cannot take: it depends on records that the bundle does not hold.
const ELSEWHERE: &str = "a step depends on other records than this one";

/// A step whose terms are not known here.
const OTHER_TERMS: &str = "a freeze under parameters that changed since the anchor";

/// What the acts are judged by.
pub(super) struct Setting<'a> {
    members: &'a [&'a Member],
    /// How many agencies freeze together; none when the parameters at the head are not those of the anchor.
    freeze_quorum: Option<u32>,
}

impl<'a> Setting<'a> {
    pub(super) fn new(anchor: &Start<'_>, head: &Header, members: &'a [&'a Member]) -> Self {
        let known = anchor.parameters.filter(|known| known.hash() == head.parameters_hash);
        Self { members, freeze_quorum: known.map(|parameters| parameters.freeze_quorum) }
    }
}

/// Adds the rung `law`: whether the acts, each allowed where it stands, lead to `record`.
pub(super) fn replay(
    acts: &[(&ActEntry, VerifiedStatement)],
    record: &Record,
    setting: &Setting<'_>,
    ladder: &mut Ladder,
) {
    // Where the last entry stands in the log is the log's to say, not the law's.
    let end = run(acts, setting).map(|end| end.map(|end| Record { last: record.last, ..end }));
    match end {
        Ok(Some(end)) if end == *record => {
            ladder.push("law", Verdict::Valid, "every act was allowed, and together they make this state");
        }
        Ok(Some(_)) => ladder.push("law", Verdict::Invalid, "the acts, carried out again, make another state"),
        Ok(None) if setting.freeze_quorum.is_none() && acts.iter().any(|(act, _)| is_freeze(act)) => {
            ladder.push("law", Verdict::Skipped, OTHER_TERMS);
        }
        Ok(None) => ladder.push("law", Verdict::Skipped, ELSEWHERE),
        Err(why) => ladder.push("law", Verdict::Invalid, why),
    }
}

/// The record that the acts make; none when a step cannot be taken here.
fn run(acts: &[(&ActEntry, VerifiedStatement)], setting: &Setting<'_>) -> Result<Option<Record>, String> {
    let mut record: Option<Record> = None;
    for (act, verified) in acts {
        let said = verified.statement();
        record = match (&said.action, record) {
            (Action::Issue(issue), None) if act.action == ActionKind::Issue => {
                // Replacements and answered applications inherit from records that are not here.
                if issue.replaces.is_some() || issue.application.is_some() {
                    return Ok(None);
                }
                Some(Record::issued(verified.id(), &said.member, issue, act.height))
            }
            (Action::Apply(application), None) => {
                Some(Record::applied(verified.id(), &said.member, application, act.height))
            }
            (action, Some(before)) if is_own(act, verified) => {
                let signer = setting.members.iter().find(|member| member.id == said.member);
                let signer = signer.ok_or_else(|| format!("no proof that `{}` is a member", said.member))?;
                if setting.freeze_quorum.is_none() && is_freeze(act) {
                    return Ok(None);
                }
                // Nothing but a freeze asks for the quorum.
                let terms = Terms { time_ms: act.time_ms, freeze_quorum: setting.freeze_quorum.unwrap_or(u32::MAX) };
                let after = law::act(&before, action, signer, terms);
                Some(after.map_err(|reject| format!("act {} was not allowed: {reject}", act.seq))?)
            }
            _ => return Ok(None),
        };
    }
    Ok(record)
}

const fn is_freeze(act: &ActEntry) -> bool {
    matches!(act.action, ActionKind::Freeze | ActionKind::Unfreeze)
}
