//! Places: what one statement at most may take.

use super::Offence;
use crate::hash::Hash32;
use crate::ids::{BodyCommitment, RecordId, ReferenceKey};
use crate::proof::Binary;
use crate::statement::{Action, VerifiedStatement};

/// What one statement at most may take.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// The act on a record after this seq.
    Seq(RecordId, u64),
    /// A number of the issuer.
    Number(ReferenceKey),
}

impl Place {
    /// The place that both claim; none when they are one statement, or claim none together.
    pub(super) fn shared(one: &VerifiedStatement, two: &VerifiedStatement) -> Option<Self> {
        if one.id() == two.id() {
            return None;
        }
        let actions = [&one.statement().action, &two.statement().action];
        if let [Action::Issue(first), Action::Issue(second)] = actions
            && first.reference == second.reference
        {
            return Some(Self::Number(first.reference));
        }
        let record = actions[0].record(one.id());
        let seq = actions[0].touches(one.id(), record)?.1?;
        (actions[1].touches(two.id(), record)?.1? == seq).then_some(Self::Seq(record, seq))
    }

    pub(super) fn words(self) -> String {
        match self {
            Self::Seq(record, seq) => format!("both on record {} at seq {seq}", record.0.short()),
            Self::Number(key) => format!("both issue number {}", key.0.short()),
        }
    }
}

impl Offence {
    /// What two statements of one member show together: that it handed one thing over twice, and not in the same words.
    /// Much that claims one place is innocent and none of this: the same act signed again because no answer came; a
    /// remark beside an act; an offer that one clerk takes up and another declines.
    #[must_use]
    pub fn of_statements(one: &VerifiedStatement, two: &VerifiedStatement) -> Option<Self> {
        let [first, second] = [one, two].map(VerifiedStatement::statement);
        let apart = first.member == second.member && words(&first.action) != words(&second.action);
        if !(apart && hands_over(&first.action) && hands_over(&second.action)) {
            return None;
        }
        // An issue in another record's place names that record only as the second of a pair.
        let pair = |one, two| Place::shared(one, two).map(|_| [one, two]);
        let pair = pair(one, two).or_else(|| pair(two, one))?;
        Some(Self::Statements(pair.map(|verified| Binary(verified.signed().clone()))))
    }
}

/// Whether somebody has something from it.
fn hands_over(action: &Action) -> bool {
    let idle = matches!(action, Action::Title(on) if on.act.moves_nothing());
    action.recipient().is_some() && !idle
}

/// What an action says, but for the salt: who sends a document again draws another.
fn words(action: &Action) -> Action {
    let mut words = action.clone();
    if let Action::Issue(issue) = &mut words {
        issue.body.commitment = BodyCommitment(Hash32::ZERO);
    }
    words
}
