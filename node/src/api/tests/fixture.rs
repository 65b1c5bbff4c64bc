use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::thread::JoinHandle;

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use sampan_proto::api::{BodyParts, EvidenceView, OffenceView, PROBLEM_MEDIA_TYPE, Problem, Submission, Ticket};
use sampan_proto::body::{self, reference_key};
use sampan_proto::doc::{self, DocKind};
use sampan_proto::genesis::Parameters;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::StatementId;
use sampan_proto::keyfile::KeyFile;
use sampan_proto::member::{Purpose, Role};
use sampan_proto::proof::{self, Bundle, Outcome, Policy};
use sampan_proto::statement::{
    Action, BodyRef, DsseEnvelope, Finding, Issue, Nonce, SignedStatement, Statement, VERSION,
};
use sampan_proto::title::TitleAct;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::super::*;
use crate::clock::now_ms;
use crate::core::mempool::Limits;
use crate::engine::{Engine, Parts, Provenance};
use crate::fault::Fatal;
use crate::net::{self, NetConfig};
use crate::setup::{self, MemberPlan};
use crate::{identity, setup::CreatedMember};

pub(super) const CARRIER: &str = "sampan-line";
pub(super) const EXPORTER: &str = "ningbo-tools";
pub(super) const IMPORTER: &str = "klang-import";
pub(super) const BANK: &str = "harbour-bank";
pub(super) const CUSTOMS: &str = "cn-customs";
pub(super) const CHAMBER: &str = "ningbo-chamber";
const MEMBERS: [(&str, Role); 6] = [
    (CUSTOMS, Role::Customs),
    (CARRIER, Role::Carrier),
    (EXPORTER, Role::Trader),
    (IMPORTER, Role::Trader),
    (BANK, Role::Bank),
    (CHAMBER, Role::IssuingAuthority),
];

/// Somewhere on the Internet.
pub(super) const REMOTE: ([u8; 4], u16) = ([203, 0, 113, 7], 40_000);
/// On the node's own machine.
pub(super) const LOCAL: ([u8; 4], u16) = ([127, 0, 0, 1], 40_000);

/// A network of one.
pub(super) struct Solo {
    pub(super) state: State,
    keys: BTreeMap<&'static str, KeyFile>,
    stop: CancellationToken,
    engine: Option<JoinHandle<Result<(), Fatal>>>,
    _dir: TempDir,
}

/// An answer, read.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) bytes: Vec<u8>,
}

impl Answer {
    pub(super) fn json<T: DeserializeOwned>(&self) -> T {
        assert!(self.status.is_success(), "{} {}", self.status, String::from_utf8_lossy(&self.bytes));
        serde_json::from_slice(&self.bytes).expect("the type that the interface promises")
    }

    /// The problem, which must look like one.
    pub(super) fn problem(&self) -> Problem {
        let problem: Problem = serde_json::from_slice(&self.bytes).expect("a problem");
        assert_eq!(self.headers[header::CONTENT_TYPE], PROBLEM_MEDIA_TYPE);
        assert_eq!(problem.status, self.status.as_u16());
        assert!(!problem.hint.is_empty() && problem.path.starts_with('$'), "{problem:?}");
        problem
    }
}

fn member(dir: &TempDir, (id, role): (&str, Role)) -> CreatedMember {
    let plan = MemberPlan {
        id: id.parse().expect("id"),
        name: format!("Member {id}"),
        country: "SG".parse().expect("country"),
        roles: [role].into(),
        power: (role == Role::Customs).then_some(1),
    };
    setup::create_member(&dir.path().join(id), &plan).expect("made")
}

impl Solo {
    /// Starts one.
    pub(super) fn start() -> Self {
        let dir = tempfile::tempdir().expect("directory");
        let made: Vec<CreatedMember> = MEMBERS.into_iter().map(|sample| member(&dir, sample)).collect();
        let statement_key = |m: &CreatedMember| identity::load(&m.statement_key, Purpose::Statement).expect("key");
        let keys = MEMBERS.into_iter().zip(&made).map(|((id, _), m)| (id, statement_key(m))).collect();
        let entries = made.iter().map(|m| m.entry.clone()).collect();
        let (bytes, genesis) =
            setup::assemble("solo", Parameters::default(), entries, now_ms() - 1_000).expect("genesis");
        let consensus = made[0].consensus_key.as_ref().expect("a validator");
        let consensus = identity::load(consensus, Purpose::Consensus).expect("key").secret;
        let network = identity::load(&made[0].network_key, Purpose::Network).expect("key").secret;
        let (state, engine) = wire(&dir, genesis, bytes, network, consensus);
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let engine = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("runtime");
            runtime.block_on(engine.run(stopped))
        });
        Self { state, keys, stop, engine: Some(engine), _dir: dir }
    }

    pub(super) fn key(&self, member: &str) -> &KeyFile {
        &self.keys[member]
    }

    pub(super) async fn ask(&self, from: impl Into<SocketAddr>, request: Request<Body>) -> Answer {
        let mut request = request;
        request.extensions_mut().insert(ConnectInfo(from.into()));
        let response = router(self.state.clone()).oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("body").to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    pub(super) async fn get(&self, uri: impl AsRef<str>) -> Answer {
        self.ask(REMOTE, Request::get(uri.as_ref()).body(Body::empty()).expect("request")).await
    }

    pub(super) async fn post(&self, uri: &str, body: impl Into<Body>) -> Answer {
        self.ask(REMOTE, Request::post(uri).body(body.into()).expect("request")).await
    }

    pub(super) async fn submit(&self, submission: &Submission) -> Answer {
        self.post("/v1/statements", json(submission)).await
    }

    /// Submits and waits until it is final.
    pub(super) async fn finish(&self, submission: &Submission) -> Ticket {
        let answer = self.submit(submission).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", String::from_utf8_lossy(&answer.bytes));
        let ticket: Ticket = answer.json();
        let status: serde_json::Value = self.get(format!("/v1/statements/{}?wait_s=20", ticket.statement)).await.json();
        assert_eq!(status["state"], "final", "{status}");
        ticket
    }

    fn sign(&self, member: &str, action: Action) -> SignedStatement {
        let statement = Statement {
            version: VERSION,
            chain: self.state.genesis.chain,
            member: member.parse().expect("id"),
            nonce: Nonce(identity::random().expect("random")[..16].try_into().expect("16")),
            not_after_ms: now_ms() + 60_000,
            action,
        };
        SignedStatement::sign(&statement, &[&self.key(member).secret]).expect("signed")
    }

    /// The carrier issues a bill of lading of this number to the exporter.
    pub(super) fn issue(&self, number: &str) -> Submission {
        self.issue_as(CARRIER, DocKind::BillOfLading, bill(number))
    }

    /// The chamber issues the sample certificate of origin to the exporter.
    pub(super) fn certify(&self) -> Submission {
        let bytes = doc::template(DocKind::CertificateOfOrigin).as_bytes().to_vec();
        self.issue_as(CHAMBER, DocKind::CertificateOfOrigin, bytes)
    }

    fn issue_as(&self, issuer: &str, kind: DocKind, bytes: Vec<u8>) -> Submission {
        let checked = doc::check(kind, &bytes).expect("accepted");
        let pepper = self.key(issuer).pepper.expect("it issues");
        let body = body::Body { salt: identity::random().expect("random"), pepper, bytes };
        let reference = reference_key(&pepper, &issuer.parse().expect("id"), &checked.reference);
        let committed = BodyRef::of(&body, checked.jcs_sha256);
        let issue = Issue::first(checked.claims, reference, committed, EXPORTER.parse().expect("id"));
        let statement = DsseEnvelope::from(&self.sign(issuer, Action::from(issue)));
        Submission { statement, body: Some(BodyParts::from(body)) }
    }

    pub(super) fn transfer(&self, by: &str, ticket: &Ticket, seq: u64, to: &str) -> Submission {
        let transfer = TitleAct::Transfer { to: to.parse().expect("id") };
        let statement = DsseEnvelope::from(&self.sign(by, Action::title(ticket.record, seq, transfer)));
        Submission { statement, body: None }
    }

    /// Customs orders that the record's document be erased.
    pub(super) fn erase(&self, ticket: &Ticket, reason: &str) -> Submission {
        let rule = Finding::ERASURE.parse().expect("a note");
        let finding = Finding { record: ticket.record, rule, says: reason.parse().expect("a note"), other: None };
        let statement = DsseEnvelope::from(&self.sign(CUSTOMS, Action::Finding(finding)));
        Submission { statement, body: None }
    }

    /// What evidence is kept, once the engine has done what it was told before.
    pub(super) async fn offences(&self) -> Vec<OffenceView> {
        let _ = self.state.engine.pending(StatementId(Hash32::ZERO)).await;
        self.get("/v1/evidence").await.json::<EvidenceView>().evidence
    }

    /// A bundle must prove itself from the genesis alone.
    pub(super) fn proven(&self, bundle: &Bundle) {
        let ladder = proof::verify(bundle, &self.state.genesis, &Policy::default());
        assert_eq!(ladder.outcome(), Outcome::Valid, "{ladder:#?}");
    }
}

impl Drop for Solo {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(engine) = self.engine.take() {
            let ended = engine.join();
            assert!(std::thread::panicking() || matches!(ended, Ok(Ok(()))), "{ended:?}");
        }
    }
}

fn wire(
    dir: &TempDir,
    genesis: Genesis,
    bytes: Vec<u8>,
    network: sampan_proto::keys::SecretKey,
    consensus: sampan_proto::keys::SecretKey,
) -> (State, Engine) {
    let mut metrics = Metrics::new(1);
    let genesis = Arc::new(genesis);
    let store = Store::open(&dir.path().join("data"), &genesis, 8).expect("store");
    let config = NetConfig {
        key: network,
        chain: genesis.chain,
        listen: Vec::new(),
        peers: Vec::new(),
        members: BTreeMap::new(),
        validators: 1,
        follow_consensus: true,
    };
    let (net, _events) = net::start(config, metrics.registry_mut()).expect("network");
    let pool = Pool::new(store.clone(), metrics.clone(), 1).expect("pool");
    let parts = Parts {
        store: store.clone(),
        wal: dir.path().join("data/consensus.wal"),
        key: Some(consensus),
        provenance: Provenance::Unsaid,
        net: net.clone(),
        pool: pool.clone(),
        mempool: Limits { bytes: 1024 * 1024, per_member: 3 },
        metrics: metrics.clone(),
        snapshots: crate::engine::Snapshots { keeper: None, every: 1_000, join_beyond: u64::MAX },
        keep_blocks: None,
        versions: sampan_proto::protocol::KNOWN,
        clock: crate::clock::Clock::default(),
    };
    let (engine, handle, _lanes) = Engine::new(parts).expect("engine");
    let state = State {
        store,
        pool,
        engine: handle,
        genesis,
        genesis_bytes: bytes.into(),
        metrics,
        member: Some(CUSTOMS.parse().expect("id")),
        validator: true,
        peers: net.peers(),
        space: crate::space::Space::default(),
        gate: super::super::Gate::default(),
        local_reads: true,
        shares: super::super::Shares::new(100),
    };
    (state, engine)
}

pub(super) fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("json")
}

/// The sample bill of lading under another number.
pub(super) fn bill(number: &str) -> Vec<u8> {
    let text = doc::template(DocKind::BillOfLading);
    let value: serde_json::Value = serde_json::from_str(text).expect("json");
    let old = value["transportDocumentReference"].as_str().expect("reference");
    text.replace(old, number).into_bytes()
}
