//! A node for one test: a listener on a free port, one request a connection, answers from a [`World`].

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use sampan_proto::api::{
    AsOf, HeaderView, MembersView, NodeStatus, PROBLEM_MEDIA_TYPE, Problem, ProposalView, READ_HEADER, ReadRequest,
    StatementStatus, Submission, Ticket,
};
use sampan_proto::governance::{Change, Govern, Proposal, State};
use sampan_proto::hash::Hash32;
use sampan_proto::ids::StatementId;
use sampan_proto::record::EntryRef;
use sampan_proto::reject::{Code, Reject};
use sampan_proto::statement::{Action, SignedStatement};
use serde::Serialize;

use crate::world::{World, now_ms};

/// The node; it lives as long as the test process.
pub(crate) struct Node {
    pub(crate) url: String,
    pub(crate) world: Arc<Mutex<World>>,
}

/// A request, read whole.
pub(crate) struct Request {
    method: String,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// Status, media type, body.
pub(crate) type Response = (u16, &'static str, Vec<u8>);

impl Node {
    /// A node that answers truly.
    pub(crate) fn honest(world: World) -> Self {
        Self::with(world, |_, _| None)
    }

    /// A node that answers some requests in its own way.
    pub(crate) fn with(world: World, twist: impl Fn(&Request, &World) -> Option<Response> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("address"));
        let world = Arc::new(Mutex::new(world));
        let shared = Arc::clone(&world);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("connection");
                let Some(request) = read(&stream) else { continue };
                let mut world = shared.lock().expect("world");
                let response = twist(&request, &world).unwrap_or_else(|| answer(&request, &mut world));
                // A client that has gone away is its own affair.
                let _ = write(&mut stream, &response);
            }
        });
        Self { url, world }
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, v)| v.parse().unwrap_or(0));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, headers, body })
}

fn write(stream: &mut TcpStream, (status, media, body): &Response) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {media}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}

/// A JSON answer.
pub(crate) fn json<T: Serialize>(status: u16, value: &T) -> Response {
    (status, "application/json", serde_json::to_vec(value).expect("JSON"))
}

/// A problem.
pub(crate) fn problem(problem: &Problem) -> Response {
    (problem.status, PROBLEM_MEDIA_TYPE, serde_json::to_vec(problem).expect("JSON"))
}

pub(crate) fn refuse(code: Code, detail: &str) -> Response {
    problem(&Reject::new(code, "$", detail).into())
}

fn answer(request: &Request, world: &mut World) -> Response {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
    match (request.method.as_str(), &parts[..]) {
        ("GET", ["genesis"]) => (200, "application/json", world.genesis_bytes.clone()),
        ("GET", ["node"]) => json(200, &node_status(world)),
        ("GET", ["members"]) => {
            let members = world.registry.clone();
            json(200, &MembersView { members, as_of: as_of(world) })
        }
        ("GET", ["members", id]) => json(200, &world.member(&id.parse().expect("id"))),
        ("GET", ["proposals", id]) => match proposed(world, id.parse().expect("id")) {
            Some(proposal) => json(200, &ProposalView { proposal, as_of: as_of(world) }),
            None => refuse(Code::UnknownProposal, "no such proposal"),
        },
        ("GET", ["headers", "latest"]) => {
            let (header, certificate) = world.head.clone();
            json(200, &HeaderView { hash: header.hash(), header, certificate, statements: Vec::new() })
        }
        ("POST", ["statements"]) => submit(request, world),
        ("GET", ["statements", id]) => match world.receipt(&id.parse().expect("id")) {
            None => json(200, &StatementStatus::Unknown),
            Some(bundle) => {
                let receipt = bundle.receipt.expect("receipt");
                let sampan_proto::entry::Entry::Act(act) = receipt.entry.0 else { panic!("an act") };
                let index = receipt.path.0.index;
                json(200, &StatementStatus::Final { height: act.height, index, record: act.record })
            }
        },
        ("GET", ["receipts", index]) if query.starts_with("against=") => {
            let (index, height) = (index.parse().expect("an index"), number(query, "against").expect("a height"));
            world
                .entry(index, height)
                .map_or_else(|| refuse(Code::NotFound, "no such entry"), |entry| json(200, &entry))
        }
        ("GET", ["receipts", id]) => match world.receipt(&id.parse().expect("id")) {
            Some(bundle) => json(200, &bundle),
            None => refuse(Code::NotFound, "no receipt of this statement"),
        },
        ("GET", ["records", id, "status"]) if query.starts_with("goods=") => {
            let goods = query.trim_start_matches("goods=").parse().expect("goods");
            json(200, &world.status_of_goods(&id.parse().expect("id"), goods))
        }
        ("GET", ["records", id, "status"]) => json(200, &world.status(&id.parse().expect("id"))),
        ("GET", ["records", id, "bundle"]) if query == "body=true" => {
            let id = id.parse().expect("id");
            let read = request.headers.iter().find(|(name, _)| name == READ_HEADER);
            let read = read.and_then(|(_, value)| serde_json::from_str::<ReadRequest>(value).ok());
            match read.map(|read| read.verify(world.genesis.chain, &id, None)) {
                Some(Ok(())) => json(200, &world.record_with_body(&id)),
                _ => refuse(Code::NotDisclosed, "not a party"),
            }
        }
        ("GET", ["records", id, "bundle"]) if word(query, "with").is_some() => {
            let other = word(query, "with").expect("the other record").parse().expect("id");
            match world.record_beside(&id.parse().expect("id"), &other) {
                Some(bundle) => json(200, &bundle),
                None => refuse(Code::UnknownRecord, "no such record"),
            }
        }
        ("GET", ["records", id, "bundle"]) => {
            let bundle = world.record(&id.parse().expect("id"));
            if bundle.history.is_empty() { refuse(Code::UnknownRecord, "no such record") } else { json(200, &bundle) }
        }
        ("GET", ["log", "head"]) => match world.decided(number(query, "height")) {
            Some(bundle) => json(200, &bundle),
            None => refuse(Code::NotFound, "no block of that height"),
        },
        ("GET", ["log", "consistency"]) => match (number(query, "from"), number(query, "to")) {
            (Some(from), Some(to)) => json(200, &world.consistency(from, to)),
            _ => refuse(Code::RequestMalformed, "`from` and `to`"),
        },
        _ => refuse(Code::NotFound, "no such address"),
    }
}

/// A word in the query.
fn word<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// A number in the query.
fn number(query: &str, name: &str) -> Option<u64> {
    word(query, name)?.parse().ok()
}

fn submit(request: &Request, world: &mut World) -> Response {
    let submission: Submission = serde_json::from_slice(&request.body).expect("a submission");
    match world.submit(submission) {
        Err(refused) => problem(&refused),
        Ok(statement) => {
            let sampan_proto::entry::Entry::Act(act) =
                world.receipt(&statement).expect("executed").receipt.expect("part").entry.0
            else {
                panic!("an act")
            };
            let height = world.head.0.height;
            json(202, &Ticket { statement, record: act.record, not_after_ms: now_ms(), height })
        }
    }
}

/// A proposal as a node may tell of one, whoever made it.
pub(crate) fn proposal(world: &World, id: StatementId, change: Change, state: State) -> Proposal {
    let (by, last) = (world.genesis.members[0].id.clone(), EntryRef { index: 0, leaf: Hash32([0; 32]) });
    Proposal { id, change, by, until_ms: 0, yes: [].into(), no: [].into(), state, seq: 1, last }
}

/// A proposal as its statement makes it.
pub(crate) fn proposed(world: &World, id: StatementId) -> Option<Proposal> {
    let envelope = world.receipt(&id)?.receipt?.statement;
    let statement = SignedStatement::try_from(envelope).expect("an envelope").parse().expect("a statement");
    let Action::Govern(Govern::Propose { change, until_ms }) = statement.action else { return None };
    Some(Proposal { by: statement.member, until_ms, ..proposal(world, id, *change, State::Open) })
}

pub(crate) fn as_of(world: &World) -> AsOf {
    let header = &world.head.0;
    AsOf { height: header.height, time_ms: header.time_ms, header: header.hash() }
}

pub(crate) fn node_status(world: &World) -> NodeStatus {
    let header = &world.head.0;
    NodeStatus {
        version: "0.1.0".to_owned(),
        chain: world.genesis.chain,
        network: world.genesis.network.clone(),
        member: world.genesis.members.first().map(|member| member.id.clone()),
        validator: true,
        height: header.height,
        header: header.hash(),
        time_ms: header.time_ms,
        log_size: header.log_size,
        log_root: header.log_root,
        state_root: header.state_root,
        peers: 3,
        mempool: 0,
        protocol: 1,
        upgrade: None,
    }
}
