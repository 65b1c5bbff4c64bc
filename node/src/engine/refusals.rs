//! Why statements that were accepted here did not become final: kept for a while, for whoever asks.

use std::collections::{BTreeMap, VecDeque};

use sampan_proto::ids::StatementId;
use sampan_proto::reject::Reject;
use sampan_proto::statement::VerifiedStatement;

use crate::core::Obstacle;

/// Refusals remembered.
const KEPT: usize = 10_000;

/// The newest refusals.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    by_statement: BTreeMap<StatementId, (Reject, Option<Obstacle>)>,
    order: VecDeque<StatementId>,
}

impl Refusals {
    pub(super) fn insert(&mut self, statement: &VerifiedStatement, reject: Reject) {
        let id = statement.id();
        let obstacle = Obstacle::of(statement.statement(), id, reject.code);
        if self.by_statement.insert(id, (reject, obstacle)).is_none() {
            self.order.push_back(id);
        }
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_statement.remove(&oldest);
        }
    }

    /// Why, and what stood in the way.
    pub(super) fn get(&self, statement: &StatementId) -> Option<(Reject, Option<Obstacle>)> {
        self.by_statement.get(statement).cloned()
    }
}
