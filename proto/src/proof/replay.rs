//! Replay: a history carried out again by the law, from the issue to the record's state. The roots already prove
//! that the validators agreed on that state; this proves that they kept the law.

use super::ladder::{Ladder, Verdict};
use crate::entry::ActEntry;
use crate::genesis::Genesis;
use crate::law::{self, Terms};
use crate::member::Member;
use crate::record::Record;
use crate::statement::{Action, ActionKind, VerifiedStatement};

/// A step that a replay cannot take: it depends on records that the bundle does not hold.
const ELSEWHERE: &str = "a step depends on other records than this one";

/// Adds the rung `law`: whether the acts, each allowed where it stands, lead to `record`.
pub(super) fn replay(
    acts: &[(&ActEntry, VerifiedStatement)],
    record: &Record,
    anchor: &Genesis,
    members: &[&Member],
    ladder: &mut Ladder,
) {
    // Where the last entry stands in the log is the log's to say, not the law's.
    let end = run(acts, anchor, members).map(|end| end.map(|end| Record { last: record.last, ..end }));
    match end {
        Ok(Some(end)) if end == *record => {
            ladder.push("law", Verdict::Valid, "every act was allowed, and together they make this state");
        }
        Ok(Some(_)) => ladder.push("law", Verdict::Invalid, "the acts, carried out again, make another state"),
        Ok(None) => ladder.push("law", Verdict::Skipped, ELSEWHERE),
        Err(why) => ladder.push("law", Verdict::Invalid, why),
    }
}

/// The record that the acts make; none when a step cannot be taken here.
fn run(
    acts: &[(&ActEntry, VerifiedStatement)],
    anchor: &Genesis,
    members: &[&Member],
) -> Result<Option<Record>, String> {
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
            (action, Some(before)) if action.record(verified.id()) == act.record => {
                let signer = members.iter().find(|member| member.id == said.member);
                let signer = signer.ok_or_else(|| format!("no proof that `{}` is a member", said.member))?;
                let terms = Terms { time_ms: act.time_ms, freeze_quorum: anchor.parameters.freeze_quorum };
                let after = law::act(&before, action, signer, terms);
                Some(after.map_err(|reject| format!("act {} was not allowed: {reject}", act.seq))?)
            }
            _ => return Ok(None),
        };
    }
    Ok(record)
}
