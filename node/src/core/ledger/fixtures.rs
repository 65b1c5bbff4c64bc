//! A small network in memory, for the tests of the core: real members, real documents, real signatures.

use std::collections::BTreeSet;
use std::sync::Arc;

use sampan_proto::body::{Body, pepper_commitment, reference_key};
use sampan_proto::doc::{self, DocKind};
use sampan_proto::entry::Entry;
use sampan_proto::genesis::{Genesis, GenesisEntry, GenesisFile, Parameters};
use sampan_proto::hash::Domain;
use sampan_proto::ids::RecordId;
use sampan_proto::keys::SecretKey;
use sampan_proto::ledger::Memory;
use sampan_proto::member::{Member, MemberKey, Purpose, Role, Standing};
use sampan_proto::statement::{Action, BodyRef, Issue, Nonce, SignedStatement, Statement, VERSION};
use sampan_proto::title::{self, TitleAct};
use sampan_proto::wire;

use super::*;
use crate::core::Document;

/// Time of the genesis, in Unix milliseconds.
pub const T0: u64 = 1_790_000_000_000;

/// Members, their keys, the state and its tip.
#[derive(Clone)]
pub struct Network {
    pub genesis: Genesis,
    pub genesis_bytes: Vec<u8>,
    pub state: Memory,
    pub tip: Tip,
    nonces: std::cell::Cell<u8>,
}

fn seed(id: &str, purpose: Purpose) -> SecretKey {
    SecretKey::from_seed(Domain::Pepper.hash(format!("{id} {purpose:?}").as_bytes()).0)
}

fn pepper(id: &str) -> [u8; 32] {
    Domain::Reference.hash(id.as_bytes()).0
}

fn member(id: &str, country: &str, role: Role) -> GenesisEntry {
    let purposes = [Purpose::Statement, Purpose::Governance, Purpose::Network, Purpose::Consensus];
    let purposes = purposes.into_iter().filter(|p| *p != Purpose::Consensus || role == Role::Customs);
    let issues = matches!(role, Role::Carrier | Role::IssuingAuthority);
    let member = Member {
        id: id.parse().expect("id"),
        name: format!("Member {id}"),
        country: country.parse().expect("country"),
        roles: BTreeSet::from([role]),
        standing: Standing::Active,
        keys: purposes.map(|p| MemberKey::from_genesis(p, seed(id, p).public())).collect(),
        pepper: issues.then(|| pepper_commitment(&pepper(id))),
    };
    let power = (role == Role::Customs).then_some(1);
    let digest = GenesisEntry::signing_digest(&member, power);
    let signature = seed(id, Purpose::Governance).sign(&digest.0);
    GenesisEntry { member, power, signature }
}

/// No statement writes two entries to one record: the second would be written over the first.
fn once_each(outcome: &Outcome) {
    let mut seen = BTreeSet::new();
    for entry in &outcome.entries {
        let Entry::Act(act) = entry else { continue };
        assert!(seen.insert((act.statement, act.record)), "{act:?}");
    }
}

impl Network {
    /// A network at genesis.
    #[expect(clippy::new_without_default, reason = "a network is founded, not defaulted")]
    pub fn new() -> Self {
        let mut members = vec![
            member("ccpit-ningbo", "CN", Role::IssuingAuthority),
            member("cn-customs", "CN", Role::Customs),
            member("harbour-bank", "SG", Role::Bank),
            member("klang-import", "MY", Role::Trader),
            member("moit-hanoi", "VN", Role::IssuingAuthority),
            member("ningbo-tools", "CN", Role::Trader),
            member("sampan-line", "SG", Role::Carrier),
        ];
        members.sort_by(|a, b| a.member.id.cmp(&b.member.id));
        let network = "test".to_owned();
        let file = GenesisFile { version: 1, network, time_ms: T0, parameters: Parameters::default(), members };
        let genesis_bytes = serde_json::to_vec(&file).expect("json");
        let genesis = Genesis::from_bytes(&genesis_bytes).expect("genesis");
        let founded = genesis_state(&genesis).expect("no pages to read");
        let (state, tip) = (Memory::at_genesis(&founded), founded.tip);
        Self { genesis, genesis_bytes, state, tip, nonces: std::cell::Cell::new(0) }
    }

    /// A statement of `member`, signed by its statement key, with room to change it before.
    pub fn sign(&self, member: &str, action: Action, edit: impl FnOnce(&mut Statement)) -> SignedStatement {
        self.nonces.set(self.nonces.get().wrapping_add(1));
        let mut statement = Statement {
            version: VERSION,
            chain: self.genesis.chain,
            member: member.parse().expect("id"),
            nonce: Nonce([self.nonces.get(); 16]),
            not_after_ms: T0 + 3_600_000,
            action,
        };
        edit(&mut statement);
        let purpose = statement.action.purpose();
        SignedStatement::sign(&statement, &[&seed(member, purpose)]).expect("signed")
    }

    /// A statement signed by a key of another purpose than it should be.
    pub fn sign_with(&self, member: &str, purpose: Purpose, action: Action) -> SignedStatement {
        let statement = self.sign(member, action, |_| ()).parse().expect("a statement");
        SignedStatement::sign(&statement, &[&seed(member, purpose)]).expect("signed")
    }

    pub fn document(&self, statement: SignedStatement, body: Option<Body>) -> Arc<Document> {
        Arc::new(Document::check(wire::Document { statement, body }, self.genesis.chain).expect("document"))
    }

    /// A document of a decided block as a peer sends it that does not have it.
    pub fn bare(&self, document: &Document) -> Arc<Document> {
        let wire = wire::Document { body: None, ..document.to_wire() };
        Arc::new(Document::check_decided(wire, self.genesis.chain).expect("a statement"))
    }

    /// The issue of `bytes` by `issuer` with the claims and reference that the document has.
    pub fn issue(&self, issuer: &str, kind: DocKind, bytes: Vec<u8>, to: &str) -> (Issue, Body) {
        let checked = doc::check(kind, &bytes).expect("accepted");
        let body = Body { salt: [9; 32], pepper: pepper(issuer), bytes };
        let reference = reference_key(&body.pepper, &issuer.parse().expect("id"), &checked.reference);
        let committed = BodyRef::of(&body, checked.jcs_sha256);
        (Issue::first(checked.claims, reference, committed, to.parse().expect("id")), body)
    }

    /// A Form E under another reference number.
    pub fn form_e(number: &str) -> Vec<u8> {
        let text = doc::template(DocKind::CertificateOfOrigin);
        let number_line = text.lines().find(|line| line.contains("referenceNumber")).expect("line");
        text.replace(number_line, &format!("  \"referenceNumber\": \"{number}\",")).into_bytes()
    }

    /// A bill of lading under another number.
    pub fn bill(number: &str) -> Vec<u8> {
        let text = doc::template(DocKind::BillOfLading);
        let value: serde_json::Value = serde_json::from_str(text).expect("json");
        let old = value["transportDocumentReference"].as_str().expect("reference");
        text.replace(old, number).into_bytes()
    }

    pub fn issue_form_e(&self, issuer: &str, number: &str, to: &str) -> Arc<Document> {
        let (issue, body) = self.issue(issuer, DocKind::CertificateOfOrigin, Self::form_e(number), to);
        self.document(self.sign(issuer, Action::from(issue), |_| ()), Some(body))
    }

    pub fn issue_bill(&self, number: &str, to: &str) -> Arc<Document> {
        let (issue, body) = self.issue("sampan-line", DocKind::BillOfLading, Self::bill(number), to);
        self.document(self.sign("sampan-line", Action::from(issue), |_| ()), Some(body))
    }

    pub fn transfer(&self, by: &str, record: RecordId, seq: u64, to: &str) -> Arc<Document> {
        self.title(by, record, seq, TitleAct::Transfer { to: to.parse().expect("id") })
    }

    pub fn surrender(&self, by: &str, record: RecordId, seq: u64, to: &str) -> Arc<Document> {
        let act = TitleAct::Surrender { to: to.parse().expect("id"), purpose: title::Purpose::Delivery };
        self.title(by, record, seq, act)
    }

    pub fn title(&self, by: &str, record: RecordId, seq: u64, act: TitleAct) -> Arc<Document> {
        self.document(self.sign(by, Action::title(record, seq, act), |_| ()), None)
    }

    pub fn at(&self) -> At<'_> {
        At { height: self.tip.height.next(), time_ms: self.tip.time_ms + 1_000, in_force: &self.tip.in_force }
    }

    pub fn admit(&self, document: Arc<Document>) -> Admitted {
        let Ok(admitted) = admit(&self.state, document, self.at());
        admitted.expect("admitted")
    }

    pub fn draft(&self, time_ms: u64) -> Draft {
        Draft {
            chain: self.genesis.chain,
            tip: self.tip.clone(),
            time_ms,
            proposer: self.genesis.roster.validators()[0].key,
        }
    }

    /// Executes one block a second later and commits it; gives each document's answer.
    pub fn block(&mut self, documents: &[Arc<Document>]) -> (Outcome, Vec<Result<(), sampan_proto::reject::Reject>>) {
        self.block_at(self.tip.time_ms + 1_000, documents)
    }

    pub fn block_at(
        &mut self,
        time_ms: u64,
        documents: &[Arc<Document>],
    ) -> (Outcome, Vec<Result<(), sampan_proto::reject::Reject>>) {
        let mut execution = Execution::new(&self.state, self.draft(time_ms));
        let answers = documents.iter().map(|document| {
            let Ok(answer) = execution.apply(document.statement());
            answer
        });
        let answers = answers.collect();
        let outcome = execution.finish().expect("the tree is whole");
        once_each(&outcome);
        self.state.commit(&outcome);
        self.tip = outcome.tip();
        (outcome, answers)
    }
}
