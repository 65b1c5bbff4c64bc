//! A network in memory: one validator that signs whatever it is told, and the proofs of it. It executes
//! just enough of the ledger's rules for the program to meet a "yes" and a "no".

use std::collections::BTreeMap;
use std::convert::Infallible;

use sampan_proto::api::{Problem, Submission};
use sampan_proto::block::{Header, PROTOCOL_VERSION, no_evidence, payload_hash};
use sampan_proto::body::{Body, pepper_commitment};
use sampan_proto::checkpoint::{Consistency, LogAt};
use sampan_proto::entry::{ActEntry, BlockEntry, Entry};
use sampan_proto::genesis::{Genesis, GenesisEntry, GenesisFile, Parameters};
use sampan_proto::governance::Govern;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{
    BodyCommitment, EnvelopeId, HeaderHash, Height, MemberId, RecordId, ReferenceKey, StatementId,
};
use sampan_proto::keyfile::KeyFile;
use sampan_proto::keys::SecretKey;
use sampan_proto::law::{self, Terms};
use sampan_proto::member::{Member, MemberKey, Purpose, Role, Standing};
use sampan_proto::merkle::frontier::Frontier;
use sampan_proto::merkle::log::{self, LogRead, prove_inclusion};
use sampan_proto::merkle::state::{self, Page, PagePath, StateProof};
use sampan_proto::proof::{
    Binary, Bundle, Counterpart, DisclosedBody, EntryPart, GoodsProof, HistoryEntry, MemberProof, ReceiptPart,
    ReferenceProof, StatusPart,
};
use sampan_proto::record::{EntryRef, Record};
use sampan_proto::reject::{Code, Reject};
use sampan_proto::state_key;
use sampan_proto::statement::{Action, SignedStatement, VerifiedStatement};
use sampan_proto::vote::{Certificate, Signed, Vote, VoteType};

/// 2026-01-05 08:00:00 UTC: a time that has passed whenever the tests run.
pub(crate) const PAST_MS: u64 = 1_767_600_000_000;

const TEN_YEARS_MS: u64 = 10 * 366 * 24 * 3_600 * 1_000;

pub(crate) const CARRIER: &str = "pearl-line";
pub(crate) const SHIPPER: &str = "ningbo-pumps";
pub(crate) const BUYER: &str = "klang-water";

const MEMBERS: [(&str, &str, &str, Role); 5] = [
    ("cn-customs", "General Administration of Customs", "CN", Role::Customs),
    (BUYER, "Klang Water Supplies Sdn. Bhd.", "MY", Role::Trader),
    ("ningbo-origin", "Ningbo Customs, Origin Desk", "CN", Role::IssuingAuthority),
    (SHIPPER, "Ningbo Haishu Pump Works Co., Ltd.", "CN", Role::Trader),
    (CARRIER, "Sampan Pearl Line", "CN", Role::Carrier),
];

/// The network.
pub(crate) struct World {
    pub(crate) genesis_bytes: Vec<u8>,
    pub(crate) genesis: Genesis,
    validator: SecretKey,
    seed: u8,
    /// Blocks get this time, or the real one.
    past: bool,
    log: Log,
    entries: Vec<Entry>,
    frontier: Frontier,
    state: BTreeMap<PagePath, Page>,
    pub(crate) head: (Header, Certificate),
    heads: Vec<(Header, Certificate)>,
    /// The members as they are now; the genesis has them as they were.
    pub(crate) registry: Vec<Member>,
    records: BTreeMap<RecordId, Record>,
    references: BTreeMap<(MemberId, ReferenceKey), RecordId>,
    pledged: BTreeMap<Hash32, RecordId>,
    history: BTreeMap<RecordId, Vec<HistoryEntry>>,
    pub(crate) bodies: BTreeMap<RecordId, Body>,
}

#[derive(Default)]
struct Log(BTreeMap<(u8, u64), Hash32>);

impl LogRead for Log {
    type Error = Infallible;
    fn subtree(&self, level: u8, index: u64) -> Result<Hash32, Infallible> {
        Ok(self.0[&(level, index)])
    }
}

pub(crate) fn now_ms() -> u64 {
    let now = jiff::Timestamp::now().as_millisecond();
    u64::try_from(now).expect("after 1970")
}

fn id(text: &str) -> MemberId {
    text.parse().expect("member id")
}

fn secret(seed: u8, member: usize, purpose: Purpose) -> SecretKey {
    let mut bytes = [seed; 32];
    bytes[0] = u8::try_from(member).expect("few");
    bytes[1] = purpose as u8;
    SecretKey::from_seed(bytes)
}

impl World {
    /// A network whose blocks are of January 2026. Another seed is another network.
    pub(crate) fn past(seed: u8) -> Self {
        Self::new(seed, true, TEN_YEARS_MS)
    }

    /// A network whose genesis is an old anchor by now, and whose blocks are of now.
    pub(crate) fn aged(seed: u8) -> Self {
        Self { past: false, ..Self::new(seed, true, Parameters::default().trusting_period_ms) }
    }

    /// A network whose blocks are of now.
    pub(crate) fn live() -> Self {
        Self::new(1, false, TEN_YEARS_MS)
    }

    fn new(seed: u8, past: bool, trusting_period_ms: u64) -> Self {
        let entry = |(i, (member, name, country, role)): (usize, &(&str, &str, &str, Role))| {
            let key = |purpose| MemberKey::from_genesis(purpose, secret(seed, i, purpose).public());
            let mut keys = vec![key(Purpose::Statement), key(Purpose::Governance)];
            let customs = *role == Role::Customs;
            keys.extend(customs.then(|| key(Purpose::Consensus)));
            let member = Member {
                id: id(member),
                name: (*name).to_owned(),
                country: country.parse().expect("country"),
                roles: [*role].into(),
                standing: Standing::Active,
                keys,
                pepper: Some(pepper_commitment(&[seed; 32])),
            };
            let power = customs.then_some(1);
            let digest = GenesisEntry::signing_digest(&member, power);
            let signature = secret(seed, i, Purpose::Governance).sign(&digest.0);
            GenesisEntry { member, power, signature }
        };
        let file = GenesisFile {
            version: 1,
            network: format!("harbour-{seed}"),
            time_ms: if past { PAST_MS } else { now_ms() - 60_000 },
            parameters: Parameters { trusting_period_ms, ..Parameters::default() },
            members: MEMBERS.iter().enumerate().map(entry).collect(),
        };
        let genesis_bytes = serde_json::to_vec_pretty(&file).expect("JSON");
        let genesis = Genesis::from_bytes(&genesis_bytes).expect("genesis");
        let validator = secret(seed, 0, Purpose::Consensus);
        let nothing = Certificate::new(Height::GENESIS, 0, HeaderHash(genesis.chain.0), &genesis.roster, Vec::new());
        let mut world = Self {
            head: (header(&genesis, &validator), nothing),
            heads: Vec::new(),
            genesis_bytes,
            registry: genesis.members.clone(),
            genesis,
            validator,
            seed,
            past,
            log: Log::default(),
            entries: Vec::new(),
            frontier: Frontier::new(),
            state: BTreeMap::new(),
            records: BTreeMap::new(),
            references: BTreeMap::new(),
            pledged: BTreeMap::new(),
            history: BTreeMap::new(),
            bodies: BTreeMap::new(),
        };
        let members = world.genesis.members.iter().map(|m| (state_key::member(&m.id), Some(m.value_hash()))).collect();
        world.block(&[], &members);
        world
    }

    /// The key file of a member.
    pub(crate) fn key(&self, member: &str) -> Vec<u8> {
        self.key_for(member, Purpose::Statement)
    }

    /// The same of a key that signs something else.
    pub(crate) fn key_for(&self, member: &str, purpose: Purpose) -> Vec<u8> {
        let place = MEMBERS.iter().position(|(id, ..)| *id == member).expect("member");
        let secret = secret(self.seed, place, purpose);
        KeyFile { member: Some(id(member)), purpose, secret, pepper: Some([self.seed; 32]) }.to_json().to_vec()
    }

    /// A member has another entry in the registry from now on.
    pub(crate) fn amend(&mut self, member: &str, amend: impl FnOnce(&mut Member)) {
        let entry = self.registry.iter_mut().find(|known| known.id.as_str() == member).expect("member");
        amend(entry);
        let change = BTreeMap::from([(state_key::member(&entry.id), Some(entry.value_hash()))]);
        self.block(&[], &change);
    }

    /// A member gives up its statement key for another.
    pub(crate) fn rotate(&mut self, member: &str) {
        let height = self.head.0.height.next();
        let key = SecretKey::from_seed([self.seed ^ 0x80; 32]).public();
        self.amend(member, |entry| {
            let old = entry.keys.iter_mut().filter(|key| key.purpose == Purpose::Statement);
            old.for_each(|key| key.valid_until = Some(height));
            entry.keys.push(MemberKey { valid_from: height, ..MemberKey::from_genesis(Purpose::Statement, key) });
        });
    }

    /// Executes a submission in a block of its own, or says why not.
    pub(crate) fn submit(&mut self, submission: Submission) -> Result<StatementId, Box<Problem>> {
        let refuse = |reject: Reject| Box::new(Problem::from(reject));
        let signed = SignedStatement::try_from(submission.statement).map_err(refuse)?;
        let verified = signed.verify(self.genesis.chain).map_err(refuse)?;
        if self.receipt(&verified.id()).is_some() {
            return Err(refuse(Reject::new(Code::StatementAlreadyExecuted, "$", "again")));
        }
        let member = verified.statement().member.clone();
        let action = &verified.statement().action;
        if let Action::Govern(Govern::Propose { .. }) = action {
            self.enter(&verified, action.record(verified.id()), 1, None);
            self.block(&[verified.envelope()], &BTreeMap::new());
            return Ok(verified.id());
        }
        let (record, reference) = match action {
            Action::Issue(issue) => {
                if let Some(record) = self.references.get(&(member.clone(), issue.reference)) {
                    let detail = format!("`{member}` issued this number before, as record {}", record.0.short());
                    let reject = Reject::new(Code::ReferenceAlreadyIssued, "$.action.issue.reference", detail);
                    let proof = Some(Box::new(self.reference(&member, issue.reference)));
                    return Err(Box::new(Problem { proof, ..reject.into() }));
                }
                let record = Record::issued(verified.id(), &member, issue, self.head.0.height.next());
                self.bodies.extend(submission.body.map(|body| (record.id, body.into())));
                (record, Some((member, issue.reference)))
            }
            Action::Title(on) => {
                let old = self.at_seq(on.record, on.seq)?;
                let actor = self.genesis.members.iter().find(|known| known.id == member).expect("a member");
                let terms = Terms { time_ms: self.time(self.head.0.height.next()), freeze_quorum: 1 };
                (law::act(&old, action, actor, terms).map_err(refuse)?, None)
            }
            _ => panic!("not in this world"),
        };
        self.execute(&verified, record, reference);
        Ok(verified.id())
    }

    fn at_seq(&self, id: RecordId, seq: Option<u64>) -> Result<Record, Box<Problem>> {
        let Some(record) = self.records.get(&id) else {
            let reject = Reject::new(Code::UnknownRecord, "$.action.title.record", "no such record");
            return Err(Box::new(reject.into()));
        };
        if seq == Some(record.seq) {
            return Ok(record.clone());
        }
        let detail = format!("the record is at seq {}, the statement names another", record.seq);
        let reject = Reject::new(Code::WrongSeq, "$.action.title.seq", detail);
        Err(Box::new(Problem { proof: Some(Box::new(self.status(&id))), ..reject.into() }))
    }

    fn execute(
        &mut self,
        verified: &VerifiedStatement,
        mut record: Record,
        reference: Option<(MemberId, ReferenceKey)>,
    ) {
        record.last = self.enter(verified, record.id, record.seq, reference.is_some().then_some(record.body));
        let mut changes = BTreeMap::from([(state_key::record(&record.id), Some(record.value_hash()))]);
        if let Some((member, key)) = reference {
            let value = state_key::reference_value(&record.id);
            changes.insert(state_key::reference(&member, &key), Some(value));
            self.references.insert((member, key), record.id);
        }
        if let Some(lien) = record.title.as_ref().and_then(|title| title.lien.as_ref()) {
            changes.insert(state_key::goods(&lien.goods), Some(state_key::goods_value(&record.id)));
            self.pledged.insert(lien.goods, record.id);
        }
        self.records.insert(record.id, record);
        self.block(&[verified.envelope()], &changes);
    }

    /// Enters an act into the log, in a block of its own.
    fn enter(
        &mut self,
        verified: &VerifiedStatement,
        record: RecordId,
        seq: u64,
        body: Option<BodyCommitment>,
    ) -> EntryRef {
        let height = self.head.0.height.next();
        self.append(&Entry::Block(BlockEntry { height, previous: self.head.0.hash() }));
        let entry = Entry::Act(ActEntry {
            height,
            // Whatever the header says: the program signs by its clock, and nothing is executed weeks before that.
            time_ms: verified.statement().not_after_ms,
            action: verified.statement().action.kind(),
            record,
            seq,
            actor: state_key::member(&verified.statement().member),
            statement: verified.id(),
            body,
            previous: self.records.get(&record).map(|record| record.last),
        });
        let last = EntryRef { index: self.append(&entry), leaf: entry.leaf_hash() };
        let act = HistoryEntry { index: last.index, entry: Binary(entry), statement: verified.signed().into() };
        self.history.entry(record).or_default().push(act);
        last
    }

    fn append(&mut self, entry: &Entry) -> u64 {
        self.entries.push(entry.clone());
        let log = &mut self.log.0;
        self.frontier.append_with(entry.leaf_hash(), &mut |level, index, hash| {
            log.insert((level, index), *hash);
        });
        self.frontier.size() - 1
    }

    fn time(&self, height: Height) -> u64 {
        if self.past { PAST_MS + 1_000 * height.0 } else { now_ms() }
    }

    fn block(&mut self, payload: &[EnvelopeId], changes: &BTreeMap<Hash32, Option<Hash32>>) {
        let update = state::tree::update(&self.state, changes).expect("in memory");
        let state_root = update.root;
        update.apply(&mut self.state);
        let height = self.head.0.height.next();
        let previous = if height.0 == 1 { HeaderHash(self.genesis.chain.0) } else { self.head.0.hash() };
        let header = Header {
            height,
            time_ms: self.time(height),
            previous,
            payload_hash: payload_hash(payload),
            log_size: self.frontier.size(),
            log_root: self.frontier.root(),
            state_root,
            ..header(&self.genesis, &self.validator)
        };
        let vote = Vote {
            chain: self.genesis.chain,
            vote_type: VoteType::Precommit,
            height,
            round: 0,
            block: Some(header.hash()),
            validator: self.validator.public(),
        };
        let signature = Signed::sign(vote, &self.validator).signature;
        let certificate = Certificate::new(height, 0, header.hash(), &self.genesis.roster, vec![(0, signature)]);
        self.head = (header, certificate);
        self.heads.push(self.head.clone());
    }

    /// A block without statements.
    pub(crate) fn quiet(&mut self) {
        self.block(&[], &BTreeMap::new());
    }

    fn bundle(&self) -> Bundle {
        Bundle::new(self.genesis.chain, self.head.0.clone(), self.head.1.clone())
    }

    /// The header of a height, or the newest.
    pub(crate) fn decided(&self, height: Option<u64>) -> Option<Bundle> {
        let place = height.unwrap_or(self.heads.len() as u64).checked_sub(1)?;
        let (header, certificate) = self.heads.get(usize::try_from(place).ok()?)?.clone();
        Some(Bundle::new(self.genesis.chain, header, certificate))
    }

    /// The entry at an index, in the log of a height.
    pub(crate) fn entry(&self, index: u64, height: u64) -> Option<Bundle> {
        let bundle = self.decided(Some(height))?;
        let path = prove_inclusion(&self.log, bundle.head.header.0.log_size, index).expect("in memory")?;
        let entry = self.entries.get(usize::try_from(index).ok()?)?.clone();
        Some(Bundle { entry: Some(EntryPart { entry: Binary(entry), path: Binary(path) }), ..bundle })
    }

    /// That the log of `to` entries begins with that of `from`.
    pub(crate) fn consistency(&self, from: u64, to: u64) -> Consistency {
        let at = |size| LogAt { size, root: log::root(&self.log, size).expect("in memory") };
        let proof = log::prove_consistency(&self.log, from, to).expect("in memory").expect("not shrunk");
        Consistency { from: at(from), to: at(to), proof: Binary(proof) }
    }

    fn prove(&self, key: &Hash32) -> Binary<StateProof> {
        Binary(state::tree::prove(&self.state, key).expect("in memory"))
    }

    fn members(&self) -> Vec<MemberProof> {
        let proof = |member: &Member| MemberProof {
            member: Binary(member.clone()),
            proof: self.prove(&state_key::member(&member.id)),
        };
        self.registry.iter().map(proof).collect()
    }

    /// A member as the registry knows it.
    pub(crate) fn member(&self, id: &MemberId) -> Bundle {
        let members = self.members().into_iter().filter(|part| part.member.0.id == *id).collect();
        Bundle { members, ..self.bundle() }
    }

    /// Presence or absence of a record.
    pub(crate) fn status(&self, id: &RecordId) -> Bundle {
        let record = self.records.get(id).cloned().map(Binary);
        let status = StatusPart { id: *id, record, proof: self.prove(&state_key::record(id)) };
        Bundle { status: Some(status), ..self.bundle() }
    }

    /// The same, and what is pledged of goods.
    pub(crate) fn status_of_goods(&self, id: &RecordId, goods: Hash32) -> Bundle {
        let record = self.pledged.get(&goods).copied();
        let proof = self.prove(&state_key::goods(&goods));
        Bundle { goods: Some(GoodsProof { goods, record, proof }), ..self.status(id) }
    }

    /// What became of a number.
    pub(crate) fn reference(&self, issuer: &MemberId, key: ReferenceKey) -> Bundle {
        let record = self.references.get(&(issuer.clone(), key)).copied();
        let proof = self.prove(&state_key::reference(issuer, &key));
        let part = ReferenceProof { issuer: issuer.clone(), key, record, proof };
        Bundle { reference: Some(part), ..self.bundle() }
    }

    /// All there is to prove about a record.
    pub(crate) fn record(&self, id: &RecordId) -> Bundle {
        let history = self.history.get(id).cloned().unwrap_or_default();
        let reference = self.records.get(id).and_then(|r| self.reference(&r.issuer, r.reference?).reference);
        Bundle { history, reference, members: self.members(), ..self.status(id) }
    }

    /// The same with the document.
    pub(crate) fn record_with_body(&self, id: &RecordId) -> Bundle {
        let body = self.bodies.get(id).cloned().map(|body| DisclosedBody(Binary(body)));
        Bundle { body, ..self.record(id) }
    }

    /// All there is to prove about a record, and how another one was issued.
    pub(crate) fn record_beside(&self, id: &RecordId, other: &RecordId) -> Option<Bundle> {
        let Entry::Act(issue) = &self.history.get(other)?.first()?.entry.0 else { return None };
        let issue = self.receipt(&issue.statement)?.receipt?;
        Some(Bundle { counterpart: Some(Counterpart { issue, body: None }), ..self.record(id) })
    }

    /// The receipt of an executed statement.
    pub(crate) fn receipt(&self, statement: &StatementId) -> Option<Bundle> {
        let named = |act: &&HistoryEntry| matches!(&act.entry.0, Entry::Act(entry) if entry.statement == *statement);
        let act = self.history.values().flatten().find(named)?;
        let path = prove_inclusion(&self.log, self.frontier.size(), act.index).expect("in memory")?;
        let receipt = ReceiptPart { statement: act.statement.clone(), entry: act.entry.clone(), path: Binary(path) };
        Some(Bundle { receipt: Some(receipt), members: self.members(), ..self.bundle() })
    }
}

fn header(genesis: &Genesis, validator: &SecretKey) -> Header {
    Header {
        version: PROTOCOL_VERSION,
        chain: genesis.chain,
        height: Height::GENESIS,
        time_ms: genesis.time_ms,
        proposer: validator.public(),
        previous: HeaderHash(genesis.chain.0),
        payload_hash: payload_hash(&[]),
        log_size: 0,
        log_root: Hash32::ZERO,
        state_root: Hash32::ZERO,
        roster_hash: genesis.roster.hash(),
        next_roster_hash: genesis.roster.hash(),
        parameters_hash: genesis.parameters_hash(),
        evidence_hash: no_evidence(),
    }
}
