//! Execution: a draft, statements one by one, and at the end a header that commits to what they did.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use crate::block::{Header, no_evidence, payload_hash};
use crate::entry::{ActEntry, BlockEntry, Entry};
use crate::genesis::Genesis;
use crate::governance::{Change as Decided, Proposal, State};
use crate::hash::Hash32;
use crate::ids::{ChainId, EnvelopeId, Height, MemberId, RecordId, StatementId};
use crate::keys::PublicKey;
use crate::limits::BLOCK_STATEMENTS;
use crate::member::Member;
use crate::merkle::frontier::Frontier;
use crate::merkle::state::tree::{self, Page, PagePath, TreeError};
use crate::record::{EntryRef, Record};
use crate::reject::Reject;
use crate::state_key;
use crate::statement::{Action, VerifiedStatement};
use crate::text::Note;

use super::rules::{At, Change, judge};
use super::view::{InForce, Overlay, Tip, View};

/// Expired statement ids that one block removes from the state tree: more than it can add, so a backlog
/// always shrinks.
const EXPIRIES_PER_BLOCK: usize = 2 * BLOCK_STATEMENTS;

/// What is known of a block before its statements are executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The network.
    pub chain: ChainId,
    /// What it builds on.
    pub tip: Tip,
    /// Its time, in Unix milliseconds.
    pub time_ms: u64,
    /// Who first proposes it.
    pub proposer: PublicKey,
}

impl Draft {
    /// Height of the block.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.tip.height.next()
    }

    /// When its statements are judged.
    #[must_use]
    pub fn at(&self) -> At<'_> {
        At { height: self.height(), time_ms: self.time_ms, in_force: &self.tip.in_force }
    }
}

/// An executed statement and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The statement.
    pub statement: StatementId,
    /// With these signatures.
    pub envelope: EnvelopeId,
    /// Index of its own record's entry in the log.
    pub index: u64,
    /// Its expiry, in Unix milliseconds: until then its id stays in the state tree.
    pub not_after_ms: u64,
}

/// Everything a block changes; with a certificate it is what the store commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The block's header.
    pub header: Header,
    /// The log before the block, in size.
    pub first_index: u64,
    /// New entries, in order.
    pub entries: Vec<Entry>,
    /// Their leaf hashes.
    pub leaves: Vec<Hash32>,
    /// The log after the block.
    pub frontier: Frontier,
    /// The statements, in order.
    pub placed: Vec<Placed>,
    /// Expired statements that leave the state tree: expiry and id.
    pub expired: Vec<(u64, StatementId)>,
    /// Records as they are now.
    pub records: BTreeMap<RecordId, Record>,
    /// References taken, by state key.
    pub references: BTreeMap<Hash32, RecordId>,
    /// Goods that came under a pledge, or out of it.
    pub goods: BTreeMap<Hash32, Option<RecordId>>,
    /// Proposals as they are now.
    pub proposals: BTreeMap<StatementId, Proposal>,
    /// Members that changed, as they are from the next block on.
    pub members: BTreeMap<MemberId, Arc<Member>>,
    /// Roster, parameters and protocol version of the next block.
    pub in_force: Arc<InForce>,
    /// Records whose documents are to be erased, and the reason. No root depends on it.
    pub erased: BTreeMap<RecordId, Note>,
    /// State tree pages as they are now; none is a page that is gone.
    pub pages: BTreeMap<PagePath, Option<Page>>,
}

impl Outcome {
    /// The tip that the next block builds on.
    #[must_use]
    pub fn tip(&self) -> Tip {
        Tip::after(&self.header, self.frontier.clone(), Arc::clone(&self.in_force))
    }

    /// The statements' names in order, as the payload lists them.
    pub fn payload(&self) -> impl Iterator<Item = EnvelopeId> {
        self.placed.iter().map(|placed| placed.envelope)
    }
}

/// A block being executed.
pub struct Execution<'a, V> {
    draft: Draft,
    overlay: Overlay<'a, V>,
    frontier: Frontier,
    entries: Vec<Entry>,
    leaves: Vec<Hash32>,
    placed: Vec<Placed>,
    /// Editions of code lists and policies that came into force: state keys and values.
    editions: BTreeMap<Hash32, Option<Hash32>>,
    /// Documents that agencies ordered to be erased.
    erased: BTreeMap<RecordId, Note>,
}

/// The state that an edition in force has.
fn edition(proposal: &Proposal) -> Option<(Hash32, Option<Hash32>)> {
    match &proposal.change {
        Decided::Edition { list, edition, sha256 } if proposal.state == State::Enacted => {
            let key = state_key::edition(list.as_str());
            Some((key, Some(state_key::edition_value(edition.as_str(), sha256))))
        }
        _ => None,
    }
}

impl<'a, V: View> Execution<'a, V> {
    /// Starts on the state that `view` shows, which must be that of the draft's tip.
    pub fn new(view: &'a V, draft: Draft) -> Self {
        let frontier = draft.tip.frontier.clone();
        Self {
            draft,
            overlay: Overlay::new(view),
            frontier,
            entries: Vec::new(),
            leaves: Vec::new(),
            placed: Vec::new(),
            editions: BTreeMap::new(),
            erased: BTreeMap::new(),
        }
    }

    /// Executes one statement. Refused, it changes nothing: a proposer leaves it out, a validator refuses
    /// the whole block.
    pub fn apply(&mut self, statement: &VerifiedStatement) -> Result<Result<(), Reject>, V::Error> {
        let change = match judge(&self.overlay, statement, self.draft.at())? {
            Ok(change) => change,
            Err(reject) => return Ok(Err(reject)),
        };
        if self.entries.is_empty() {
            self.append(Entry::Block(BlockEntry { height: self.draft.height(), previous: self.draft.tip.hash }));
        }
        self.record(statement, change);
        Ok(Ok(()))
    }

    /// One entry for each record that changes, the statement's own first.
    fn record(&mut self, statement: &VerifiedStatement, change: Change) {
        let Change { records, reference, goods, body, proposal, member, settled } = change;
        let own = self.frontier.size();
        let mut body = body;
        for (mut record, action) in records {
            let previous = (record.last != EntryRef::NONE).then_some(record.last);
            record.last = self.append(Entry::Act(ActEntry {
                height: self.draft.height(),
                time_ms: self.draft.time_ms,
                action,
                record: record.id,
                seq: record.seq,
                actor: state_key::member(&statement.statement().member),
                statement: statement.id(),
                body: body.take(),
                previous,
            }));
            self.overlay.records.insert(record.id, record);
        }
        self.govern(statement, proposal, member);
        if let Action::Finding(finding) = &statement.statement().action
            && finding.erases()
        {
            self.erased.insert(finding.record, finding.says.clone());
        }
        self.placed.push(Placed {
            statement: statement.id(),
            envelope: statement.envelope(),
            index: own,
            not_after_ms: statement.statement().not_after_ms,
        });
        self.overlay.executed.insert(statement.id());
        self.overlay.references.extend(reference);
        self.overlay.goods.extend(goods);
        if settled.is_some() {
            self.overlay.settled = settled;
        }
    }

    /// Governance has entries like those of a record, under the name of its proposal.
    fn govern(&mut self, statement: &VerifiedStatement, proposal: Option<Proposal>, member: Option<Member>) {
        let action = &statement.statement().action;
        if !matches!(action, Action::Govern(_)) {
            return;
        }
        let last = proposal.as_ref().map(|proposal| proposal.last).filter(|last| *last != EntryRef::NONE);
        let entry = self.append(Entry::Act(ActEntry {
            height: self.draft.height(),
            time_ms: self.draft.time_ms,
            action: action.kind(),
            record: action.record(statement.id()),
            seq: proposal.as_ref().map_or(1, |proposal| proposal.seq),
            actor: state_key::member(&statement.statement().member),
            statement: statement.id(),
            body: None,
            previous: last,
        }));
        if let Some(proposal) = proposal {
            let edition = edition(&proposal);
            self.editions.extend(edition);
            self.overlay.proposals.insert(proposal.id, Proposal { last: entry, ..proposal });
        }
        if let Some(member) = member {
            self.overlay.members.insert(member.id.clone(), Arc::new(member));
        }
    }

    fn append(&mut self, entry: Entry) -> EntryRef {
        let leaf = entry.leaf_hash();
        let index = self.frontier.size();
        self.frontier.append(leaf);
        self.entries.push(entry);
        self.leaves.push(leaf);
        EntryRef { index, leaf }
    }

    /// Closes the block: the state tree is updated once, and the header commits to all of it.
    pub fn finish(self) -> Result<Outcome, TreeError<V::Error>> {
        let Self { draft, overlay, frontier, entries, leaves, placed, editions, erased } = self;
        let expired = overlay.base().expired(draft.time_ms, EXPIRIES_PER_BLOCK).map_err(TreeError::Read)?;
        let mut changes: BTreeMap<Hash32, Option<Hash32>> = BTreeMap::new();
        changes.extend(expired.iter().map(|(_, id)| (state_key::executed(id), None)));
        changes.extend(
            placed
                .iter()
                .map(|p| (state_key::executed(&p.statement), state_key::executed_value(p.index, p.not_after_ms)))
                .map(|(key, value)| (key, Some(value))),
        );
        changes.extend(overlay.references.iter().map(|(key, id)| (*key, Some(state_key::reference_value(id)))));
        changes.extend(
            overlay
                .goods
                .iter()
                .map(|(goods, record)| (state_key::goods(goods), record.as_ref().map(state_key::goods_value))),
        );
        changes.extend(overlay.proposals.iter().map(|(id, p)| (state_key::proposal(id), Some(p.value_hash()))));
        changes.extend(overlay.members.iter().map(|(id, m)| (state_key::member(id), Some(m.value_hash()))));
        changes.extend(editions);
        let now = &draft.tip.in_force;
        let in_force = overlay.settled.clone().map_or_else(|| Arc::clone(now), Arc::new);
        if in_force.parameters != now.parameters {
            changes.insert(state_key::protocol(), Some(in_force.parameters.hash()));
        }
        if in_force.protocol != now.protocol {
            changes.insert(state_key::upgrade(), Some(state_key::upgrade_value(&in_force.protocol)));
        }
        changes.extend(overlay.records.iter().map(|(id, r)| (state_key::record(id), Some(r.value_hash()))));
        let update = tree::update(overlay.base(), &changes)?;
        let payload: Vec<EnvelopeId> = placed.iter().map(|placed| placed.envelope).collect();
        let header = Header {
            version: draft.tip.version(),
            chain: draft.chain,
            height: draft.height(),
            time_ms: draft.time_ms,
            proposer: draft.proposer,
            previous: draft.tip.hash,
            payload_hash: payload_hash(&payload),
            log_size: frontier.size(),
            log_root: frontier.root(),
            state_root: update.root,
            roster_hash: now.roster.hash(),
            next_roster_hash: in_force.roster.hash(),
            parameters_hash: now.parameters.hash(),
            evidence_hash: no_evidence(),
        };
        Ok(Outcome {
            header,
            first_index: draft.tip.frontier.size(),
            entries,
            leaves,
            frontier,
            placed,
            expired,
            records: overlay.records,
            references: overlay.references,
            goods: overlay.goods,
            proposals: overlay.proposals,
            members: overlay.members,
            in_force,
            erased,
            pages: update.pages,
        })
    }
}

/// The state before the first block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenesisState {
    /// The tip that the first block builds on.
    pub tip: Tip,
    /// The registry.
    pub members: Vec<Member>,
    /// Pages of the state tree.
    pub pages: BTreeMap<PagePath, Option<Page>>,
}

/// Builds the state before the first block: every member, and the parameters.
pub fn genesis_state(genesis: &Genesis) -> Result<GenesisState, TreeError<Infallible>> {
    let mut changes: BTreeMap<Hash32, Option<Hash32>> = BTreeMap::new();
    changes.extend(genesis.members.iter().map(|m| (state_key::member(&m.id), Some(m.value_hash()))));
    changes.insert(state_key::protocol(), Some(genesis.parameters_hash()));
    let update = tree::update(&BTreeMap::new(), &changes)?;
    let members = genesis.members.clone();
    Ok(GenesisState { tip: Tip::genesis(genesis, update.root), members, pages: update.pages })
}
