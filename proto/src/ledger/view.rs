//! What execution reads: committed state below, the changes of the block being executed above.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::block::Header;
use crate::genesis::{Genesis, Parameters};
use crate::governance::Proposal;
use crate::hash::Hash32;
use crate::ids::{HeaderHash, Height, MemberId, RecordId, StatementId};
use crate::member::Member;
use crate::merkle::frontier::Frontier;
use crate::merkle::state::tree::PageRead;
use crate::protocol::Protocol;
use crate::record::Record;
use crate::roster::Roster;
use borsh::{BorshDeserialize, BorshSerialize};

/// State as of one block. The only trait of the core: the store implements it, and so do tests.
pub trait View: PageRead {
    /// A member of the registry.
    fn member(&self, id: &MemberId) -> Result<Option<Arc<Member>>, Self::Error>;
    /// A record.
    fn record(&self, id: &RecordId) -> Result<Option<Record>, Self::Error>;
    /// The record that a reference (by its state key) became.
    fn reference(&self, key: &Hash32) -> Result<Option<RecordId>, Self::Error>;
    /// The record that an open pledge of these goods is on.
    fn pledged(&self, goods: &Hash32) -> Result<Option<RecordId>, Self::Error>;
    /// A proposal, by the statement that proposed it.
    fn proposal(&self, id: &StatementId) -> Result<Option<Proposal>, Self::Error>;
    /// Whether a statement was executed that has not expired since.
    fn executed(&self, id: &StatementId) -> Result<bool, Self::Error>;
    /// Executed statements whose expiry lies before `time_ms`, oldest first, at most `limit`, that are
    /// still in the state tree. Pairs of expiry and id.
    fn expired(&self, time_ms: u64, limit: usize) -> Result<Vec<(u64, StatementId)>, Self::Error>;
}

/// What governance has settled for the next block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct InForce {
    /// Who decides it.
    pub roster: Roster,
    /// By which parameters.
    pub parameters: Parameters,
    /// By which version of the rules, it and the blocks after it.
    pub protocol: Protocol,
}

/// The block that the next one builds on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its height; 0 is the genesis state.
    pub height: Height,
    /// Its time, in Unix milliseconds.
    pub time_ms: u64,
    /// Its name; the chain id at genesis.
    pub hash: HeaderHash,
    /// The log after it.
    pub frontier: Frontier,
    /// Root of the state tree after it.
    pub state_root: Hash32,
    /// Roster and parameters of the block after it.
    pub in_force: Arc<InForce>,
}

impl Tip {
    /// The state before the first block.
    #[must_use]
    pub fn genesis(genesis: &Genesis, state_root: Hash32) -> Self {
        Self {
            height: Height::GENESIS,
            time_ms: genesis.time_ms,
            hash: HeaderHash(genesis.chain.0),
            frontier: Frontier::new(),
            state_root,
            in_force: Arc::new(InForce {
                roster: genesis.roster.clone(),
                parameters: genesis.parameters.clone(),
                protocol: Protocol::FOUNDING,
            }),
        }
    }

    /// The tip after a block.
    #[must_use]
    pub fn after(header: &Header, frontier: Frontier, in_force: Arc<InForce>) -> Self {
        Self {
            height: header.height,
            time_ms: header.time_ms,
            hash: header.hash(),
            frontier,
            state_root: header.state_root,
            in_force,
        }
    }

    /// The roster that decides the next block.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.in_force.roster
    }

    /// The parameters of the next block.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.in_force.parameters
    }

    /// The protocol version that was decided and is still to come.
    #[must_use]
    pub fn upcoming(&self) -> Option<Protocol> {
        Some(self.in_force.protocol).filter(|protocol| protocol.from > self.height)
    }

    /// The protocol version of the next block.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.in_force.protocol.at(self.height.next())
    }
}

/// Committed state with the changes of earlier statements of the same block on top.
pub struct Overlay<'a, V> {
    base: &'a V,
    pub(super) records: BTreeMap<RecordId, Record>,
    pub(super) references: BTreeMap<Hash32, RecordId>,
    pub(super) goods: BTreeMap<Hash32, Option<RecordId>>,
    pub(super) members: BTreeMap<MemberId, Arc<Member>>,
    pub(super) proposals: BTreeMap<StatementId, Proposal>,
    pub(super) executed: BTreeSet<StatementId>,
    /// What governance has settled in this block.
    pub(super) settled: Option<InForce>,
}

impl<'a, V: View> Overlay<'a, V> {
    /// No changes yet.
    pub fn new(base: &'a V) -> Self {
        let (records, references, goods) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let (members, proposals) = (BTreeMap::new(), BTreeMap::new());
        Self { base, records, references, goods, members, proposals, executed: BTreeSet::new(), settled: None }
    }

    pub(super) const fn base(&self) -> &'a V {
        self.base
    }

    pub(super) fn member(&self, id: &MemberId) -> Result<Option<Arc<Member>>, V::Error> {
        match self.members.get(id) {
            Some(member) => Ok(Some(Arc::clone(member))),
            None => self.base.member(id),
        }
    }

    pub(super) fn proposal(&self, id: &StatementId) -> Result<Option<Proposal>, V::Error> {
        match self.proposals.get(id) {
            Some(proposal) => Ok(Some(proposal.clone())),
            None => self.base.proposal(id),
        }
    }

    pub(super) fn record(&self, id: &RecordId) -> Result<Option<Record>, V::Error> {
        match self.records.get(id) {
            Some(record) => Ok(Some(record.clone())),
            None => self.base.record(id),
        }
    }

    pub(super) fn reference(&self, key: &Hash32) -> Result<Option<RecordId>, V::Error> {
        match self.references.get(key) {
            Some(record) => Ok(Some(*record)),
            None => self.base.reference(key),
        }
    }

    pub(super) fn pledged(&self, goods: &Hash32) -> Result<Option<RecordId>, V::Error> {
        match self.goods.get(goods) {
            Some(record) => Ok(*record),
            None => self.base.pledged(goods),
        }
    }

    pub(super) fn executed(&self, id: &StatementId) -> Result<bool, V::Error> {
        if self.executed.contains(id) { Ok(true) } else { self.base.executed(id) }
    }
}
