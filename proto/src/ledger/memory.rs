//! State in memory: for auditors and tests. A node keeps it in its store.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;

use super::execute::{GenesisState, Outcome};
use super::view::View;
use crate::governance::Proposal;
use crate::hash::Hash32;
use crate::ids::{MemberId, RecordId, StatementId};
use crate::member::Member;
use crate::merkle::state::tree::PageRead;
use crate::merkle::state::{Page, PagePath};
use crate::record::Record;

/// State as of one block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// The registry.
    pub members: BTreeMap<MemberId, Arc<Member>>,
    /// Records.
    pub records: BTreeMap<RecordId, Record>,
    /// References taken, by state key.
    pub references: BTreeMap<Hash32, RecordId>,
    /// Goods under an open pledge.
    pub goods: BTreeMap<Hash32, RecordId>,
    /// Proposals.
    pub proposals: BTreeMap<StatementId, Proposal>,
    /// Executed statements that have not expired: those that have can never come again.
    pub executed: BTreeSet<StatementId>,
    /// The same by their expiry.
    pub expiry: BTreeSet<(u64, StatementId)>,
    /// Pages of the state tree.
    pub pages: BTreeMap<PagePath, Page>,
}

impl Memory {
    /// The state before the first block.
    #[must_use]
    pub fn at_genesis(state: &GenesisState) -> Self {
        let mut memory = Self::default();
        memory.members.extend(state.members.iter().map(|member| (member.id.clone(), Arc::new(member.clone()))));
        memory.turn(&state.pages);
        memory
    }

    /// Carries a block's outcome out.
    pub fn commit(&mut self, outcome: &Outcome) {
        self.records.extend(outcome.records.clone());
        self.references.extend(outcome.references.clone());
        self.executed.extend(outcome.placed.iter().map(|placed| placed.statement));
        self.expiry.extend(outcome.placed.iter().map(|placed| (placed.not_after_ms, placed.statement)));
        self.proposals.extend(outcome.proposals.clone());
        self.members.extend(outcome.members.clone());
        for (goods, record) in &outcome.goods {
            match record {
                Some(record) => self.goods.insert(*goods, *record),
                None => self.goods.remove(goods),
            };
        }
        for expired in &outcome.expired {
            self.expiry.remove(expired);
            self.executed.remove(&expired.1);
        }
        self.turn(&outcome.pages);
    }

    fn turn(&mut self, pages: &BTreeMap<PagePath, Option<Page>>) {
        for (path, page) in pages {
            match page {
                Some(page) => self.pages.insert(*path, page.clone()),
                None => self.pages.remove(path),
            };
        }
    }
}

impl PageRead for Memory {
    type Error = Infallible;

    fn page(&self, path: &PagePath) -> Result<Option<Page>, Infallible> {
        self.pages.page(path)
    }
}

impl View for Memory {
    fn member(&self, id: &MemberId) -> Result<Option<Arc<Member>>, Infallible> {
        Ok(self.members.get(id).cloned())
    }

    fn record(&self, id: &RecordId) -> Result<Option<Record>, Infallible> {
        Ok(self.records.get(id).cloned())
    }

    fn reference(&self, key: &Hash32) -> Result<Option<RecordId>, Infallible> {
        Ok(self.references.get(key).copied())
    }

    fn pledged(&self, goods: &Hash32) -> Result<Option<RecordId>, Infallible> {
        Ok(self.goods.get(goods).copied())
    }

    fn proposal(&self, id: &StatementId) -> Result<Option<Proposal>, Infallible> {
        Ok(self.proposals.get(id).cloned())
    }

    fn executed(&self, id: &StatementId) -> Result<bool, Infallible> {
        Ok(self.executed.contains(id))
    }

    fn expired(&self, time_ms: u64, limit: usize) -> Result<Vec<(u64, StatementId)>, Infallible> {
        Ok(self.expiry.iter().take_while(|(at, _)| *at < time_ms).take(limit).copied().collect())
    }
}
