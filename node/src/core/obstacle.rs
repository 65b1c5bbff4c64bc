//! What stands in the way of a refused statement. A refusal is proven by the state of that, so it is remembered
//! where the statement itself is not.

use std::collections::BTreeMap;

use sampan_proto::hash::Hash32;
use sampan_proto::ids::{MemberId, RecordId, ReferenceKey, StatementId};
use sampan_proto::origin::ItemAmounts;
use sampan_proto::reject::Code;
use sampan_proto::statement::{Action, Statement};
use sampan_proto::title::TitleAct;

/// A thing whose state, or whose absence, explains a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The record that the statement acts on.
    Record(RecordId),
    /// The number that it would issue again.
    Reference(MemberId, ReferenceKey),
    /// The record on which these goods are pledged.
    Goods(Hash32),
    /// The record on which the goods are pledged that this record's pledge names.
    GoodsOf(RecordId),
    /// The first of these originals that has not enough left.
    Account(BTreeMap<RecordId, ItemAmounts>),
}

impl Obstacle {
    /// What made a statement fail with this code; none when no state has to do with it.
    #[must_use]
    pub fn of(statement: &Statement, id: StatementId, code: Code) -> Option<Self> {
        match (code, &statement.action) {
            (Code::ReferenceAlreadyIssued, Action::Issue(issue)) => {
                Some(Self::Reference(statement.member.clone(), issue.reference))
            }
            (Code::GoodsPledged, Action::Title(on)) => Some(match on.act {
                TitleAct::Pledge { goods, .. } => Self::Goods(goods),
                _ => Self::GoodsOf(on.record),
            }),
            (Code::AccountOverdrawn, Action::Issue(issue)) => Some(Self::Account(issue.draws.clone())),
            (_, Action::Title(_) | Action::Origin(_) | Action::Finding(_)) if speaks_of_state(code) => {
                Some(Self::Record(statement.action.record(id)))
            }
            _ => None,
        }
    }
}

/// Whether the record's own state is what stands in the way.
const fn speaks_of_state(code: Code) -> bool {
    let about_the_actor = matches!(code, Code::NotPossessor | Code::NotTitleHolder | Code::UnknownRecord);
    about_the_actor || (code.http_status() == 409 && !matches!(code, Code::StatementAlreadyExecuted))
}
