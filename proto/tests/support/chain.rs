//! A chain in memory: executes what it is given, commits to it, and proves it.

use std::collections::BTreeMap;

use sampan_proto::block::{Header, PROTOCOL_VERSION, no_evidence, payload_hash};
use sampan_proto::entry::{ActEntry, BlockEntry, Entry};
use sampan_proto::genesis::{Genesis, GenesisFile};
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{HeaderHash, Height, MemberId, RecordId, ReferenceKey};
use sampan_proto::law::{self, Terms};
use sampan_proto::merkle::state::{Page, PagePath, StateProof, tree};
use sampan_proto::proof::{Binary, Bundle, HistoryEntry, MemberProof, ReceiptPart, ReferenceProof, StatusPart};
use sampan_proto::record::{EntryRef, Record};
use sampan_proto::state_key;
use sampan_proto::statement::{Action, DsseEnvelope, Issue, SignedStatement, VerifiedStatement};
use sampan_proto::vote::{Certificate, Signable as _, Vote, VoteType};

use super::cast;
use super::log::MemoryLog;

/// Milliseconds between two blocks.
pub(crate) const STEP_MS: u64 = 10_000;

/// A chain from genesis to its newest block.
pub(crate) struct Chain {
    pub(crate) genesis: Genesis,
    pub(crate) log: MemoryLog,
    pub(crate) entries: Vec<Entry>,
    pub(crate) statements: BTreeMap<u64, SignedStatement>,
    pub(crate) records: BTreeMap<RecordId, Record>,
    pub(crate) references: BTreeMap<(MemberId, ReferenceKey), RecordId>,
    pub(crate) heads: Vec<(Header, Certificate)>,
    pages: BTreeMap<PagePath, Page>,
    pub(crate) changes: BTreeMap<Hash32, Option<Hash32>>,
}

impl Chain {
    /// A chain without blocks.
    pub(crate) fn new(file: &GenesisFile) -> Self {
        let genesis = Genesis::from_bytes(&cast::written(file)).expect("a genesis file");
        let mut changes: BTreeMap<_, _> =
            genesis.members.iter().map(|m| (state_key::member(&m.id), Some(m.value_hash()))).collect();
        changes.insert(state_key::parameter("protocol"), Some(genesis.parameters_hash()));
        let mut chain = Self {
            genesis,
            log: MemoryLog::default(),
            entries: Vec::new(),
            statements: BTreeMap::new(),
            records: BTreeMap::new(),
            references: BTreeMap::new(),
            heads: Vec::new(),
            pages: BTreeMap::new(),
            changes,
        };
        chain.commit();
        chain
    }

    fn commit(&mut self) -> Hash32 {
        let update = tree::update(&self.pages, &std::mem::take(&mut self.changes)).expect("in memory");
        let root = update.root;
        update.apply(&mut self.pages);
        root
    }

    /// Root of the state.
    pub(crate) fn state_root(&self) -> Hash32 {
        tree::root(&self.pages).expect("in memory")
    }

    /// Writes an entry as it is.
    pub(crate) fn append(&mut self, entry: Entry) -> EntryRef {
        let placed = EntryRef { index: self.log.size(), leaf: entry.leaf_hash() };
        self.log.0.push(placed.leaf);
        self.entries.push(entry);
        placed
    }

    /// Executes statements in a block of their own, which all validators but one decide.
    pub(crate) fn block(&mut self, statements: &[SignedStatement]) {
        let height = Height(self.heads.len() as u64 + 1);
        let time_ms = cast::BEGIN_MS + height.0 * STEP_MS;
        let previous = self.heads.last().map_or(HeaderHash(self.genesis.chain.0), |(header, _)| header.hash());
        if !statements.is_empty() {
            self.append(Entry::Block(BlockEntry { height, previous }));
        }
        for signed in statements {
            self.execute(signed, height, time_ms);
        }
        let roster_hash = self.genesis.roster.hash();
        let envelopes: Vec<_> = statements.iter().map(SignedStatement::envelope_id).collect();
        let turn = usize::try_from(height.0).expect("low") % cast::VALIDATORS.len();
        let header = Header {
            version: PROTOCOL_VERSION,
            chain: self.genesis.chain,
            height,
            time_ms,
            proposer: self.genesis.roster.validators()[turn].key,
            previous,
            payload_hash: payload_hash(&envelopes),
            log_size: self.log.size(),
            log_root: self.log.root(self.log.size()),
            state_root: self.commit(),
            roster_hash,
            next_roster_hash: roster_hash,
            parameters_hash: self.genesis.parameters_hash(),
            evidence_hash: no_evidence(),
        };
        let signers: Vec<_> = (0..cast::VALIDATORS.len()).filter(|i| *i != turn).collect();
        let certificate = certify(&self.genesis, &header, &signers);
        self.heads.push((header, certificate));
    }

    fn execute(&mut self, signed: &SignedStatement, height: Height, time_ms: u64) {
        let verified = signed.clone().verify(self.genesis.chain).expect("a good statement");
        let statement = verified.statement();
        let id = statement.action.record(verified.id());
        let before = self.records.get(&id).cloned();
        let placed = self.append(Entry::Act(ActEntry {
            height,
            time_ms,
            action: statement.action.kind(),
            record: id,
            seq: before.as_ref().map_or(1, |record| record.seq + 1),
            actor: state_key::member(&statement.member),
            statement: verified.id(),
            body: statement.action.body().map(|body| body.commitment),
            previous: before.as_ref().map(|record| record.last),
        }));
        let record = match (&statement.action, before) {
            (Action::Issue(issue), _) => self.issued(&verified, issue, height),
            (Action::Apply(application), _) => Record::applied(verified.id(), &statement.member, application, height),
            (action, Some(record)) => {
                let actor = self.genesis.members.iter().find(|member| member.id == statement.member);
                let terms = Terms { time_ms, freeze_quorum: self.genesis.parameters.freeze_quorum };
                law::act(&record, action, actor.expect("a member"), terms).expect("lawful")
            }
            (_, None) => panic!("an act on no record"),
        };
        let record = Record { last: placed, ..record };
        self.statements.insert(placed.index, signed.clone());
        let executed = state_key::executed_value(placed.index, statement.not_after_ms);
        self.changes.insert(state_key::executed(&verified.id()), Some(executed));
        self.keep(record);
    }

    /// Writes a record's state as it is.
    pub(crate) fn keep(&mut self, record: Record) {
        self.changes.insert(state_key::record(&record.id), Some(record.value_hash()));
        self.records.insert(record.id, record);
    }

    fn issued(&mut self, verified: &VerifiedStatement, issue: &Issue, height: Height) -> Record {
        let issuer = &verified.statement().member;
        let record = Record::issued(verified.id(), issuer, issue, height);
        let key = state_key::reference(issuer, &issue.reference);
        self.changes.insert(key, Some(state_key::reference_value(&record.id)));
        self.references.insert((issuer.clone(), issue.reference), record.id);
        record
    }

    /// What the state holds at a key.
    pub(crate) fn prove(&self, key: &Hash32) -> StateProof {
        tree::prove(&self.pages, key).expect("in memory")
    }

    /// A bundle of the newest head and nothing else.
    pub(crate) fn bundle(&self) -> Bundle {
        let (header, certificate) = self.heads.last().expect("a block").clone();
        Bundle::new(self.genesis.chain, header, certificate)
    }

    /// The statement executed as entry `index`.
    pub(crate) fn receipt(&self, index: u64) -> ReceiptPart {
        let place = usize::try_from(index).expect("an index");
        ReceiptPart {
            statement: DsseEnvelope::from(&self.statements[&index]),
            entry: Binary(self.entries[place].clone()),
            path: Binary(self.log.inclusion(self.log.size(), index)),
        }
    }

    /// A record's state, or that there is none.
    pub(crate) fn status(&self, id: RecordId) -> StatusPart {
        let record = self.records.get(&id).cloned().map(Binary);
        StatusPart { id, record, proof: Binary(self.prove(&state_key::record(&id))) }
    }

    /// What became of a number.
    pub(crate) fn reference(&self, issuer: &str, key: ReferenceKey) -> ReferenceProof {
        let issuer = cast::id(issuer);
        let record = self.references.get(&(issuer.clone(), key)).copied();
        let proof = Binary(self.prove(&state_key::reference(&issuer, &key)));
        ReferenceProof { issuer, key, record, proof }
    }

    /// A member's registry entry.
    pub(crate) fn member(&self, handle: &str) -> MemberProof {
        let member = self.genesis.members.iter().find(|m| m.id.as_str() == handle).expect("a member").clone();
        let proof = Binary(self.prove(&state_key::member(&member.id)));
        MemberProof { member: Binary(member), proof }
    }

    /// Everything that happened to a record, oldest first.
    pub(crate) fn history(&self, id: RecordId) -> Vec<HistoryEntry> {
        let of_record = |entry: &Entry| matches!(entry, Entry::Act(act) if act.record == id);
        (0..).zip(&self.entries).filter(|(_, entry)| of_record(entry)).map(|(index, _)| self.act(index)).collect()
    }

    /// Entry `index` with its statement.
    pub(crate) fn act(&self, index: u64) -> HistoryEntry {
        let ReceiptPart { statement, entry, .. } = self.receipt(index);
        HistoryEntry { index, entry, statement }
    }
}

/// The precommits of the validators with these roster indexes.
pub(crate) fn certify(genesis: &Genesis, header: &Header, signers: &[usize]) -> Certificate {
    let keys = cast::consensus_keys();
    let (block, round) = (header.hash(), 0);
    let precommit = |index: &usize| {
        let vote = Vote {
            chain: genesis.chain,
            vote_type: VoteType::Precommit,
            height: header.height,
            round,
            block: Some(block),
            validator: keys[*index].public(),
        };
        (*index, keys[*index].sign(vote.digest().as_bytes()))
    };
    Certificate::new(header.height, round, block, &genesis.roster, signers.iter().map(precommit).collect())
}
