//! Why statements that were accepted here did not become final: kept for a while, for whoever asks.

use std::collections::{BTreeMap, VecDeque};

use sampan_proto::ids::StatementId;
use sampan_proto::reject::Reject;

/// Refusals remembered.
const KEPT: usize = 10_000;

/// The newest refusals.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    by_statement: BTreeMap<StatementId, Reject>,
    order: VecDeque<StatementId>,
}

impl Refusals {
    pub(super) fn insert(&mut self, statement: StatementId, reject: Reject) {
        if self.by_statement.insert(statement, reject).is_none() {
            self.order.push_back(statement);
        }
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_statement.remove(&oldest);
        }
    }

    pub(super) fn get(&self, statement: &StatementId) -> Option<Reject> {
        self.by_statement.get(statement).cloned()
    }
}
