//! A store with a one-validator network in it, for tests: its keys decide alone until others are seated. Documents are executed on the reader, staged and
//! committed, and every outcome is compared with that of the ledger in memory.

use std::path::Path;
use std::sync::Arc;

use sampan_proto::block::Header;
use sampan_proto::body::Body;
use sampan_proto::doc::DocKind;
use sampan_proto::genesis::GenesisEntry;
use sampan_proto::governance::{Change, Govern, Ready};
use sampan_proto::hash::Domain;
use sampan_proto::ids::Height;
use sampan_proto::keys::SecretKey;
use sampan_proto::member::{Member, MemberKey, Purpose};
use sampan_proto::proof::Binary;
use sampan_proto::roster::Validator;
use sampan_proto::statement::{Action, Nonce, SignedStatement, Statement, VERSION};
use sampan_proto::vote::{Certificate, Signed, Vote, VoteType};
use sampan_proto::wire::{self, PastBlock};
use tempfile::TempDir;

use super::{Past, Staged, Store};
use crate::core::Document;
use crate::core::ledger::fixtures::{Network, T0};
use crate::core::ledger::{Draft, Execution, Outcome};
use crate::fault::Fatal;

/// A store and the network that it holds.
pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) store: Store,
    pub(crate) network: Network,
}

/// The keys of the ledger's fixture network.
pub(crate) fn seed(id: &str, purpose: Purpose) -> SecretKey {
    SecretKey::from_seed(Domain::Pepper.hash(format!("{id} {purpose:?}").as_bytes()).0)
}

impl World {
    /// At genesis.
    pub(crate) fn new() -> Self {
        let (dir, network) = (TempDir::new().expect("directory"), Network::new());
        let store = Store::open(dir.path(), &network.genesis, 8).expect("opened");
        Self { dir, store, network }
    }

    /// Opens what another directory holds, as the same network.
    pub(crate) fn open_at(&self, dir: &Path) -> Result<Store, Fatal> {
        Store::open(dir, &self.network.genesis, 8)
    }

    /// Closes the store and opens it again.
    pub(crate) fn reopen(self) -> Self {
        let Self { dir, store, network } = self;
        drop(store);
        let store = Store::open(dir.path(), &network.genesis, 8).expect("opened again");
        Self { dir, store, network }
    }

    /// The files as a kill would leave them now: copied while the store is open.
    pub(crate) fn killed(&self) -> TempDir {
        let copy = TempDir::new().expect("directory");
        // A kill stops all files at one moment, and we copy one after the other: what the database drops in the
        // background stays meanwhile, and the list of its files is copied before the files on it.
        self.store.0.db.disable_file_deletions().expect("disabled");
        let listed = std::fs::read_dir(self.dir.path()).expect("listed");
        let mut files: Vec<_> = listed.map(|file| file.expect("file").file_name()).collect();
        files
            .sort_by_key(|name| !["CURRENT", "MANIFEST"].iter().any(|first| name.to_string_lossy().starts_with(first)));
        for file in files {
            std::fs::copy(self.dir.path().join(&file), copy.path().join(&file)).expect("copied");
        }
        self.store.0.db.enable_file_deletions().expect("enabled");
        copy
    }

    /// A second after the tip.
    pub(crate) fn next_ms(&self) -> u64 {
        self.store.tip().time_ms + 1_000
    }

    pub(crate) fn draft(&self, time_ms: u64) -> Draft {
        Draft { tip: self.store.tip(), ..self.network.draft(time_ms) }
    }

    /// A decided block as a peer tells it and the pool hands it on.
    pub(crate) fn past(&self, height: Height) -> Past {
        let PastBlock { block, entries } = self.store.reader().past(height).expect("read").expect("decided");
        let chain = self.network.genesis.chain;
        let document = |(statement, body)| {
            Arc::new(Document::check_decided(wire::Document { statement, body }, chain).expect("a document"))
        };
        let documents = block.statements.into_iter().zip(block.bodies).map(document).collect();
        Past { header: block.header, certificate: block.certificate, documents, entries }
    }

    /// Executes documents on the reader; all must be accepted.
    pub(crate) fn execute(&self, time_ms: u64, documents: &[Arc<Document>]) -> Outcome {
        let reader = self.store.reader();
        let mut execution = Execution::new(&reader, self.draft(time_ms));
        for document in documents {
            execution.apply(document.statement()).expect("readable").expect("accepted");
        }
        execution.finish().expect("readable")
    }

    /// Executes and stages.
    pub(crate) fn stage(&self, time_ms: u64, documents: &[Arc<Document>]) -> Outcome {
        let outcome = self.execute(time_ms, documents);
        let staged = Staged { header: outcome.header.clone(), documents: documents.to_vec() };
        self.store.stage(&staged).expect("staged");
        outcome
    }

    pub(crate) fn certify(&self, header: &Header) -> Certificate {
        let tip = self.store.tip();
        let (chain, roster) = (self.network.genesis.chain, tip.roster());
        let precommit = |validator: &Validator| {
            let key = seed(validator.member.as_str(), Purpose::Consensus);
            let vote = Vote {
                chain,
                vote_type: VoteType::Precommit,
                height: header.height,
                round: 0,
                block: Some(header.hash()),
                validator: key.public(),
            };
            Signed::sign(vote, &key).signature
        };
        let precommits = roster.validators().iter().map(precommit).enumerate().collect();
        let certificate = Certificate::new(header.height, 0, header.hash(), roster, precommits);
        certificate.verify(chain, roster).expect("everybody signed");
        certificate
    }

    /// Executes, stages and commits a block; the ledger in memory must come to the same outcome.
    pub(crate) fn decide_at(&mut self, time_ms: u64, documents: &[Arc<Document>]) -> Outcome {
        let outcome = self.stage(time_ms, documents);
        self.store.commit(&outcome, &self.certify(&outcome.header)).expect("committed");
        let (in_memory, _) = self.network.block_at(time_ms, documents);
        assert_eq!(outcome, in_memory);
        assert_eq!(self.store.tip(), in_memory.tip());
        outcome
    }

    /// The same, a second after the tip.
    pub(crate) fn decide(&mut self, documents: &[Arc<Document>]) -> Outcome {
        self.decide_at(self.next_ms(), documents)
    }

    /// Proposed by the founding validator, with the votes of all others. Three or fewer of equal power must all be
    /// for it.
    pub(crate) fn governs(&self, change: Change) -> Vec<Arc<Document>> {
        let until_ms = self.next_ms() + 86_400_000;
        let act =
            |member: &str, act| self.network.document(self.network.sign(member, Action::Govern(act), |_| ()), None);
        let mut acts = vec![act("cn-customs", Govern::Propose { change: Box::new(change), until_ms })];
        let proposal = acts[0].statement().id();
        let tip = self.store.tip();
        let others = tip.roster().validators().iter().map(|validator| validator.member.as_str());
        let others = others.filter(|member| *member != "cn-customs");
        acts.extend(others.map(|member| act(member, Govern::Vote { proposal, yes: true })));
        acts
    }

    /// Another customs agency asks for a seat.
    pub(crate) fn seat(&self, member: &str, power: u64) -> Change {
        let id = member.parse().expect("id");
        let key = seed(member, Purpose::Consensus);
        let ready = Ready::sign(self.network.genesis.chain, &id, &key, self.next_ms());
        Change::Seat { member: id, power, ready }
    }

    /// Another customs agency asks to join.
    pub(crate) fn admit(&self, member: &str) -> Change {
        let founder = &self.network.genesis.members[1];
        let keys = [Purpose::Statement, Purpose::Governance, Purpose::Consensus];
        let keys = keys.map(|purpose| MemberKey::from_genesis(purpose, seed(member, purpose).public()));
        let id = member.parse().expect("id");
        let entry = Member { id, name: format!("Member {member}"), keys: keys.into(), ..founder.clone() };
        let digest = GenesisEntry::signing_digest(&entry, None);
        let signature = seed(member, Purpose::Governance).sign(&digest.0);
        Change::Admit { member: Binary(entry), signature }
    }

    /// A bill of lading in the hands of `to`.
    pub(crate) fn bill(&self, number: u32, to: &str) -> Arc<Document> {
        self.network.issue_bill(&format!("SPLNGB26{number:05}"), to)
    }

    /// An issue of a document of `bytes`, which no schema has seen: neither ledger nor store read it.
    pub(crate) fn anything(&self, number: u64, bytes: Vec<u8>, not_after_ms: u64) -> Arc<Document> {
        let issuer = "ccpit-ningbo";
        let form_e = Network::form_e("E2612345678900001");
        let (mut issue, body) = self.network.issue(issuer, DocKind::CertificateOfOrigin, form_e, "ningbo-tools");
        let body = Body { bytes, ..body };
        issue.reference.0 = Domain::Reference.hash(&number.to_le_bytes());
        issue.body.commitment = body.commitment();
        issue.body.size = u32::try_from(body.bytes.len()).expect("small");
        let mut nonce = [0xff; 16];
        nonce[..8].copy_from_slice(&number.to_le_bytes());
        let statement = Statement {
            version: VERSION,
            chain: self.network.genesis.chain,
            member: issuer.parse().expect("id"),
            nonce: Nonce(nonce),
            not_after_ms,
            action: Action::from(issue),
        };
        let signed = SignedStatement::sign(&statement, &[&seed(issuer, Purpose::Statement)]).expect("signed");
        self.network.document(signed, Some(body))
    }

    /// Small documents that expire in an hour.
    pub(crate) fn many(&self, numbers: std::ops::Range<u64>) -> Vec<Arc<Document>> {
        let document = |number: u64| self.anything(number, number.to_le_bytes().to_vec(), T0 + 3_600_000);
        numbers.map(document).collect()
    }
}
