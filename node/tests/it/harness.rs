//! A network of nodes in this process, and what a client needs to talk to it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use sampan_node::config::Config;
use sampan_node::engine::Provenance;
use sampan_node::fault::Fatal;
use sampan_node::net::{self, Multiaddr};
use sampan_node::node::{Node, Start, StartError};
use sampan_node::setup::{self, CreatedMember, MemberPlan};
use sampan_proto::api::{BodyParts, NodeStatus, Submission};
use sampan_proto::body::{Body, reference_key};
use sampan_proto::doc::{self, DocKind};
use sampan_proto::genesis::{Genesis, GenesisEntry, Parameters};
use sampan_proto::governance::{Change, Govern};
use sampan_proto::ids::{Height, RecordId, StatementId};
use sampan_proto::keyfile::KeyFile;
use sampan_proto::keys::SecretKey;
use sampan_proto::member::{Member, Role};
use sampan_proto::record::Record;
use sampan_proto::statement::{
    Action, BodyRef, Issue, Nonce, PAYLOAD_TYPE, SignedStatement, Statement, StatementSignature, VERSION, pae,
};
use sampan_proto::title::TitleAct;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Longest wait for anything; a healthy network needs a small part of it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Network {
    pub(crate) genesis: Genesis,
    pub(crate) nodes: Vec<Option<Node>>,
    configs: Vec<Config>,
    people: Vec<CreatedMember>,
    nonce: std::cell::Cell<u64>,
    dir: tempfile::TempDir,
}

fn plan(id: &str, country: &str, role: Role, power: Option<u64>) -> MemberPlan {
    MemberPlan {
        id: id.parse().expect("id"),
        name: format!("Member {id}"),
        country: country.parse().expect("country"),
        roles: [role].into(),
        power,
    }
}

fn amended(made: &CreatedMember, amend: impl Fn(&mut Member)) -> GenesisEntry {
    let GenesisEntry { mut member, power, .. } = made.entry.clone();
    amend(&mut member);
    let key = KeyFile::from_json(&std::fs::read(&made.governance_key).expect("key file")).expect("key").secret;
    let signature = key.sign(GenesisEntry::signing_digest(&member, power).as_bytes());
    GenesisEntry { member, power, signature }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for file in std::fs::read_dir(from).expect("listed") {
        let file = file.expect("file");
        std::fs::copy(file.path(), to.join(file.file_name())).expect("copied");
    }
}

/// A port that nobody listens on, below those that the system gives to outgoing connections: one of these could be
/// taken between here and the node's own bind.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 12_000 + u16::try_from(std::process::id() % 200).expect("small") * 100;
    let ports = std::iter::repeat_with(|| first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000 + 12_000);
    let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.take(20_000).find(free).expect("a port")
}

impl Network {
    /// Validators and full nodes, set up but not started.
    pub(crate) fn new(validators: usize, full_nodes: usize, parameters: Parameters) -> Self {
        Self::founded(validators, full_nodes, parameters, |_| {})
    }

    /// The same, with members that are registered otherwise than they were made.
    pub(crate) fn founded(
        validators: usize,
        full_nodes: usize,
        parameters: Parameters,
        amend: impl Fn(&mut Member),
    ) -> Self {
        let seated = (0..validators).map(|i| plan(&format!("customs-{i}"), "CN", Role::Customs, Some(1)));
        let follow = (0..full_nodes).map(|i| plan(&format!("exporter-{i}"), "CN", Role::Trader, None));
        Self::of(seated.chain(follow).collect(), parameters, amend)
    }

    /// The same, where a state is held every so many blocks, and taken over by who is further behind than that.
    pub(crate) fn with_states(mut self, every: u64, join_beyond: u64) -> Self {
        for config in &mut self.configs {
            config.snapshots = sampan_node::config::Snapshots { every, join_beyond };
        }
        self
    }

    /// The same, where one node keeps so many blocks.
    pub(crate) fn keeping(mut self, node: usize, blocks: u64) -> Self {
        self.configs[node].store.keep_blocks = blocks;
        self
    }

    /// Node `i` takes no state over from now on.
    pub(crate) fn executes_everything(&mut self, i: usize) {
        self.configs[i].snapshots.join_beyond = u64::MAX;
    }

    /// Validators, and customs agencies that have no seat yet.
    pub(crate) fn with_candidates(validators: usize, candidates: usize, parameters: Parameters) -> Self {
        let seat = |i| (i < validators).then_some(1);
        let agency = |i| plan(&format!("customs-{i}"), "CN", Role::Customs, seat(i));
        Self::of((0..validators + candidates).map(agency).collect(), parameters, |_| {})
    }

    /// Members that run nodes, and people who do not.
    fn of(mut plans: Vec<MemberPlan>, parameters: Parameters, amend: impl Fn(&mut Member)) -> Self {
        let dir = tempfile::tempdir().expect("dir");
        let nodes = plans.len();
        plans.push(plan("ccpit-ningbo", "CN", Role::IssuingAuthority, None));
        plans.push(plan("harbour-bank", "SG", Role::Bank, None));
        plans.push(plan("klang-import", "MY", Role::Trader, None));
        plans.push(plan("sampan-line", "SG", Role::Carrier, None));
        let create =
            |plan: &MemberPlan| setup::create_member(&dir.path().join(plan.id.as_str()), plan).expect("member");
        let created: Vec<CreatedMember> = plans.iter().map(create).collect();
        let entries = created.iter().map(|made| amended(made, &amend)).collect();
        let time_ms = sampan_node::clock::now_ms();
        let (bytes, genesis) = setup::assemble("test", parameters, entries, time_ms).expect("genesis");
        let genesis_path = dir.path().join("genesis.json");
        std::fs::write(&genesis_path, bytes).expect("written");
        let ports: Vec<u16> = (0..nodes).map(|_| free_port()).collect();
        let configs = (0..nodes).map(|i| config(&created, &ports, i, &genesis_path)).collect();
        Self {
            genesis,
            nodes: (0..nodes).map(|_| None).collect(),
            configs,
            people: created,
            nonce: std::cell::Cell::new(0),
            dir,
        }
    }

    pub(crate) async fn start(&mut self, i: usize) {
        self.start_from(i, Provenance::Unsaid).await;
    }

    pub(crate) async fn start_from(&mut self, i: usize, provenance: Provenance) {
        self.try_start(i, Start { provenance, ..Start::default() }).await.expect("starts");
    }

    /// Starts node `i` if it will start.
    pub(crate) async fn try_start(&mut self, i: usize, start: Start) -> Result<(), StartError> {
        self.nodes[i] = Some(Node::start_from(self.configs[i].clone(), start).await?);
        Ok(())
    }

    /// Waits until node `i` stops by itself; gives the reason.
    pub(crate) async fn stops(&mut self, i: usize) -> Fatal {
        let mut node = self.nodes[i].take().expect("running");
        let ended = tokio::time::timeout(PATIENCE, node.wait()).await.unwrap_or_else(|_| panic!("node {i} runs on"));
        node.shutdown().await.expect("a clean stop");
        ended.expect_err("a reason")
    }

    /// Starts so many nodes; the others come later.
    pub(crate) async fn start_first(&mut self, count: usize) {
        for i in 0..count {
            self.start(i).await;
        }
    }

    pub(crate) async fn start_all(&mut self) {
        self.start_first(self.nodes.len()).await;
    }

    pub(crate) async fn stop(&mut self, i: usize) {
        if let Some(node) = self.nodes[i].take() {
            node.shutdown().await.expect("a clean stop");
        }
    }

    pub(crate) async fn stop_all(&mut self) {
        for i in 0..self.nodes.len() {
            self.stop(i).await;
        }
    }

    /// Proposed and voted for by so many validators; gives the height that decides it.
    pub(crate) async fn decide(&self, change: Change, voters: &[usize]) -> Height {
        let until_ms = sampan_node::clock::now_ms() + 3_600_000;
        let act = |i: usize, act| self.governs(&format!("customs-{i}"), act);
        let (proposed, proposal) = act(voters[0], Govern::Propose { change: Box::new(change), until_ms });
        let mut height = self.sent(voters[0], &proposed, proposal).await;
        for voter in &voters[1..] {
            let (vote, id) = act(*voter, Govern::Vote { proposal, yes: true });
            height = self.sent(voters[0], &vote, id).await;
        }
        height
    }

    /// Sends a statement that is accepted, and waits until it is final.
    pub(crate) async fn sent(&self, i: usize, submission: &Submission, id: StatementId) -> Height {
        let (status, ticket) = self.submit(i, submission).await;
        assert_eq!(status, 202, "{ticket}");
        self.is_final(i, id).await
    }

    /// Waits until node `i` is at `height` at least.
    pub(crate) async fn reaches(&self, i: usize, height: Height) -> NodeStatus {
        let wait = async {
            loop {
                let after = height.0.saturating_sub(1);
                let (_, body) = self.get(i, &format!("/v1/node?after={after}&wait_s=20")).await;
                let status: NodeStatus = serde_json::from_slice(&body).expect("node status");
                if status.height >= height {
                    return status;
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("node {i} never reached {height}"))
    }

    /// Waits until a statement is final on node `i`; gives its height.
    pub(crate) async fn is_final(&self, i: usize, statement: StatementId) -> Height {
        let wait = async {
            loop {
                let (_, body) = self.get(i, &format!("/v1/statements/{statement}?wait_s=20")).await;
                let status: serde_json::Value = serde_json::from_slice(&body).expect("status");
                match status["state"].as_str() {
                    Some("final") => return Height(status["height"].as_u64().expect("height")),
                    Some("dropped") => panic!("dropped: {status}"),
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{statement} never final on {i}"))
    }

    /// The consensus key of validator `i`.
    pub(crate) fn consensus_key(&self, i: usize) -> SecretKey {
        let path = self.configs[i].keys.consensus.as_ref().expect("a validator");
        KeyFile::from_json(&std::fs::read(path).expect("key file")).expect("key").secret
    }

    /// The key that names node `i` on the network.
    pub(crate) fn network_key(&self, i: usize) -> SecretKey {
        KeyFile::from_json(&std::fs::read(&self.configs[i].keys.network).expect("key file")).expect("key").secret
    }

    /// Where node `i` is dialled.
    pub(crate) fn address(&self, i: usize) -> Multiaddr {
        let peer = net::peer_id(&self.network_key(i).public());
        self.configs[i].network.listen[0].clone().with_p2p(peer).expect("its own name")
    }

    /// Makes node `i`, which must not have run, a second node with the data and the consensus key of node `of`.
    pub(crate) fn impersonate(&mut self, i: usize, of: usize) {
        copy(&self.data_dir(of), &self.data_dir(i));
        self.configs[i].keys.consensus = self.configs[of].keys.consensus.clone();
        // A copy is made with the member's files, but two nodes of one name would only disturb each other.
        let path = &self.configs[i].keys.network;
        let mut key = KeyFile::from_json(&std::fs::read(path).expect("key file")).expect("key");
        key.member = None;
        std::fs::write(path, key.to_json()).expect("written");
    }

    /// Copies the data of node `i`, which does not run, to a place of this name.
    pub(crate) fn copy_data(&self, i: usize, name: &str) {
        copy(&self.data_dir(i), &self.dir.path().join(name));
    }

    /// Puts such a copy in the place of what node `i` has.
    pub(crate) fn restore_data(&self, i: usize, name: &str) {
        std::fs::remove_dir_all(self.data_dir(i)).expect("removed");
        copy(&self.dir.path().join(name), &self.data_dir(i));
    }

    /// A metric of node `i`, its labels included; one with labels is not there before it counts something.
    pub(crate) async fn metric(&self, i: usize, name: &str) -> u64 {
        let (_, text) = self.get(i, "/metrics").await;
        let text = String::from_utf8(text).expect("text");
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        assert!(value.is_some() || name.ends_with('}'), "{name} is no metric");
        value.map_or(0, |value| value.parse().expect("a number"))
    }

    /// Waits until a metric of node `i`, its labels included, has come to `value`.
    pub(crate) async fn counts(&self, i: usize, name: &str, value: u64) {
        let wait = async { while self.metric(i, name).await < value {} };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{name} never came to {value}"));
        assert_eq!(self.metric(i, name).await, value, "{name}");
    }

    /// Waits until a metric of node `i` is no more than `value`.
    pub(crate) async fn falls_to(&self, i: usize, name: &str, value: u64) {
        let wait = async { while self.metric(i, name).await > value {} };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{name} never fell to {value}"));
    }

    /// Where node `i` keeps its store and its write-ahead log.
    pub(crate) fn data_dir(&self, i: usize) -> PathBuf {
        self.configs[i].data_dir.clone()
    }

    fn key(&self, member: &str) -> KeyFile {
        KeyFile::from_json(&std::fs::read(&self.person(member).statement_key).expect("key file")).expect("key")
    }

    fn person(&self, member: &str) -> &CreatedMember {
        self.people.iter().find(|person| person.entry.member.id.as_str() == member).expect("member")
    }

    /// An act of governance by a member.
    pub(crate) fn governs(&self, member: &str, act: Govern) -> (Submission, StatementId) {
        let key = std::fs::read(&self.person(member).governance_key).expect("key file");
        let statement = self.statement(member, Action::Govern(act));
        let secret = KeyFile::from_json(&key).expect("key").secret;
        let signed = SignedStatement::sign(&statement, &[&secret]).expect("signed");
        (Submission { statement: (&signed).into(), body: None }, signed.id())
    }

    /// A statement of `member` as any other program might sign it: these exact bytes, by the key of `signer`.
    pub(crate) fn sign_bytes(&self, signer: &str, payload: Vec<u8>) -> SignedStatement {
        let secret = self.key(signer).secret;
        let signature = secret.sign(&pae(PAYLOAD_TYPE, &payload));
        SignedStatement { payload, signatures: vec![StatementSignature { key: secret.public(), signature }] }
    }

    /// How much a node's mempool may hold, before the node starts.
    pub(crate) fn set_mempool_bytes(&mut self, i: usize, bytes: usize) {
        self.configs[i].mempool.bytes = bytes;
    }

    /// Room on the disk that node `i` wants free, before the node starts.
    pub(crate) fn set_disk_reserve_mib(&mut self, i: usize, mib: u64) {
        self.configs[i].store.reserve_mib = mib;
    }

    fn sign(&self, member: &str, action: Action) -> SignedStatement {
        SignedStatement::sign(&self.statement(member, action), &[&self.key(member).secret]).expect("signed")
    }

    fn statement(&self, member: &str, action: Action) -> Statement {
        self.nonce.set(self.nonce.get() + 1);
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&self.nonce.get().to_le_bytes());
        Statement {
            version: VERSION,
            chain: self.genesis.chain,
            member: member.parse().expect("id"),
            nonce: Nonce(nonce),
            not_after_ms: sampan_node::clock::now_ms() + 3_600_000,
            action,
        }
    }

    /// A bill of lading issued to `to`.
    pub(crate) fn bill(&self, number: &str, to: &str) -> (Submission, StatementId, RecordId) {
        let text = doc::template(DocKind::BillOfLading);
        let value: serde_json::Value = serde_json::from_str(text).expect("json");
        let text = text.replace(value["transportDocumentReference"].as_str().expect("number"), number);
        self.issue_bill(text.into_bytes(), to)
    }

    /// A bill of lading of at least `size` bytes: the carrier's clauses are long.
    pub(crate) fn large_bill(&self, number: &str, to: &str, size: usize) -> (Submission, StatementId, RecordId) {
        let text = doc::template(DocKind::BillOfLading);
        let mut value: serde_json::Value = serde_json::from_str(text).expect("json");
        value["transportDocumentReference"] = number.into();
        let clauses = size.div_ceil(10_000);
        value["carrierClauses"] = (0..clauses).map(|_| "c".repeat(10_000)).collect::<Vec<_>>().into();
        self.issue_bill(serde_json::to_vec(&value).expect("json"), to)
    }

    pub(crate) fn issue_bill(&self, bytes: Vec<u8>, to: &str) -> (Submission, StatementId, RecordId) {
        let checked = doc::check(DocKind::BillOfLading, &bytes).expect("accepted");
        let pepper = self.key("sampan-line").pepper.expect("a carrier has a pepper");
        let body = Body { salt: [5; 32], pepper, bytes };
        let reference = reference_key(&pepper, &"sampan-line".parse().expect("id"), &checked.reference);
        let committed = BodyRef::of(&body, checked.jcs_sha256);
        let issue = Issue::first(checked.claims, reference, committed, to.parse().expect("id"));
        let signed = self.sign("sampan-line", Action::from(issue));
        let submission = Submission { statement: (&signed).into(), body: Some(BodyParts::from(body)) };
        (submission, signed.id(), Record::id_of(signed.id()))
    }

    pub(crate) fn transfer(&self, by: &str, record: RecordId, seq: u64, to: &str) -> (Submission, StatementId) {
        let signed = self.sign(by, Action::title(record, seq, TitleAct::Transfer { to: to.parse().expect("id") }));
        (Submission { statement: (&signed).into(), body: None }, signed.id())
    }

    pub(crate) async fn submit(&self, i: usize, submission: &Submission) -> (u16, serde_json::Value) {
        self.submit_bytes(i, &serde_json::to_vec(submission).expect("json")).await
    }

    pub(crate) async fn submit_bytes(&self, i: usize, body: &[u8]) -> (u16, serde_json::Value) {
        let (status, answer) = self.http(i, "POST", "/v1/statements", body).await;
        (status, serde_json::from_slice(&answer).expect("json"))
    }

    pub(crate) async fn get(&self, i: usize, path: &str) -> (u16, Vec<u8>) {
        self.http(i, "GET", path, b"").await
    }

    pub(crate) async fn get_json<T: DeserializeOwned>(&self, i: usize, path: &str) -> T {
        let (status, body) = self.get(i, path).await;
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).expect("json")
    }

    async fn http(&self, i: usize, method: &str, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
        ask(self.nodes[i].as_ref().expect("running").http_addr(), method, path, body).await
    }
}

/// One request to an address: status and body of the answer.
pub(crate) async fn ask(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("connects");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream.write_all(body).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("answered");
    let split = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&answer[..split]).into_owned();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    (status, answer[split + 4..].to_vec())
}

fn config(created: &[CreatedMember], ports: &[u16], i: usize, genesis: &Path) -> Config {
    let mut config = Config::default();
    let member = &created[i];
    config.data_dir = member.dir.join("data");
    config.genesis = PathBuf::from(genesis);
    config.keys.network.clone_from(&member.network_key);
    config.keys.consensus.clone_from(&member.consensus_key);
    config.http.listen = "127.0.0.1:0".parse().expect("address");
    config.network.listen = vec![format!("/ip4/127.0.0.1/tcp/{}", ports[i]).parse().expect("address")];
    let others = (0..ports.len()).filter(|j| *j != i);
    let address = |j: usize| format!("/ip4/127.0.0.1/tcp/{}/p2p/{}", ports[j], created[j].peer_id);
    config.network.peers = others.map(|j| address(j).parse().expect("address")).collect();
    config
}
