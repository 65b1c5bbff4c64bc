//! What stands in the way of a refused statement. A refusal is proven by the state of that, so it is remembered
//! where the statement itself is not.

use sampan_proto::ids::{MemberId, RecordId, ReferenceKey, StatementId};
use sampan_proto::reject::Code;
use sampan_proto::statement::{Action, Statement};

/// A thing whose state, or whose absence, explains a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The record that the statement acts on.
    Record(RecordId),
    /// The number that it would issue again.
    Reference(MemberId, ReferenceKey),
}

impl Obstacle {
    /// What made a statement fail with this code; none when no state has to do with it.
    #[must_use]
    pub fn of(statement: &Statement, id: StatementId, code: Code) -> Option<Self> {
        match (code, &statement.action) {
            (Code::ReferenceAlreadyIssued, Action::Issue(issue)) => {
                Some(Self::Reference(statement.member.clone(), issue.reference))
            }
            (Code::WrongSeq | Code::RecordEnded | Code::NotPossessor | Code::UnknownRecord, action) => {
                Some(Self::Record(action.record(id)))
            }
            _ => None,
        }
    }
}
