//! A clear no: each bad input ends with exit 1, its stable code, a path and a hint, in words and as JSON.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sampan_proto::api::{Problem, Submission};
use sampan_proto::keyfile::KeyFile;
use sampan_proto::keys::Signature;
use sampan_proto::reject::{Code, Reject};
use sampan_proto::statement::{DsseEnvelope, PAYLOAD_TYPE, SignedStatement, StatementSignature, pae};

use crate::node::{Node, problem};
use crate::sampan::Machine;
use crate::world::{CARRIER, World};

const SIGN: &str = "issue bl.json --to ningbo-pumps --key pearl-line.key.json --sign-only s.json";

/// A machine that knows the node and holds the carrier's key, an example bill, and the bill's issue, signed.
fn machine(node: &Node) -> Machine {
    let machine = Machine::new();
    let world = node.world.lock().expect("world");
    machine.write("config/sampan/cli.toml", format!("node = \"{}\"\ngenesis = \"genesis.json\"", node.url));
    machine.write("config/sampan/genesis.json", &world.genesis_bytes);
    machine.write_private("pearl-line.key.json", &world.key(CARRIER));
    machine.run("template bill-of-lading -o bl.json").exits(0);
    machine.run(SIGN).exits(0);
    machine
}

#[track_caller]
fn refused(machine: &Machine, line: &str, code: &str, path: &str) {
    let error = &machine.run(&format!("{line} --json")).exits(1).json()["error"];
    assert_eq!((error["code"].as_str(), error["exit"].as_u64()), (Some(code), Some(1)), "{error}");
    assert!(error["path"].as_str().is_some_and(|at| at.starts_with(path)), "{path}: {error}");
    assert!(error["hints"][0].as_str().is_some_and(|hint| hint.len() > 10), "{error}");
    let run = machine.run(line).exits(1);
    run.says(code).says("hint: ");
    assert!(path == "$" || run.stderr.contains(path), "{run}");
    assert!(run.stdout.is_empty(), "data and talk are kept apart: {run}");
}

/// The signed issue with its payload changed and signed again, as another program might.
fn edited(machine: &Machine, from: &str, to: &str) -> Vec<u8> {
    let Submission { statement, body } = serde_json::from_slice(&machine.read("s.json")).expect("a submission");
    let signed = SignedStatement::try_from(statement).expect("an envelope");
    let text = String::from_utf8(signed.payload).expect("text");
    let payload = text.replacen(from, to, 1).into_bytes();
    assert_ne!(payload, text.as_bytes(), "{from} occurs");
    let key = KeyFile::from_json(&machine.read("pearl-line.key.json")).expect("a key").secret;
    let signature = key.sign(&pae(PAYLOAD_TYPE, &payload));
    let signed = SignedStatement { payload, signatures: vec![StatementSignature { key: key.public(), signature }] };
    serde_json::to_vec(&Submission { statement: DsseEnvelope::from(&signed), body }).expect("JSON")
}

fn forged(machine: &Machine) -> Vec<u8> {
    let mut submission: Submission = serde_json::from_slice(&machine.read("s.json")).expect("a submission");
    let mut signed = SignedStatement::try_from(submission.statement).expect("an envelope");
    let Signature::Ed25519(bytes) = &mut signed.signatures[0].signature;
    bytes[40] ^= 1;
    submission.statement = DsseEnvelope::from(&signed);
    serde_json::to_vec(&submission).expect("JSON")
}

#[test]
fn what_anybody_can_see_is_refused_before_anything_is_sent() {
    let sent = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&sent);
    let node = Node::with(World::past(1), move |request, _| {
        count.fetch_add(u32::from(request.path == "/v1/statements"), Ordering::Relaxed);
        None
    });
    let machine = machine(&node);
    let chain = node.world.lock().expect("world").genesis.chain.to_string();
    let other = World::past(2).genesis.chain.to_string();
    let cases: [(&str, Vec<u8>, &str, &str); 7] = [
        ("malformed", b"{\"statement\":".to_vec(), "json_malformed", "$"),
        ("twice", b"{\"statement\":1,\"statement\":2}".to_vec(), "json_duplicate_key", "$.statement"),
        ("huge", vec![b' '; 9 * 1024 * 1024], "json_too_large", "$"),
        ("unknown", edited(&machine, "{\"", "{\"note\":1,\""), "json_unknown_field", "$.note"),
        ("elsewhere", edited(&machine, &chain, &other), "wrong_chain", "$.chain"),
        ("unversioned", edited(&machine, "\"version\":1", "\"version\":9"), "statement_version", "$.version"),
        ("forged", forged(&machine), "bad_signature", "$.signatures[0]"),
    ];
    for (name, bytes, code, path) in cases {
        let file = format!("{name}.json");
        machine.write(&file, bytes);
        refused(&machine, &format!("submit {file}"), code, path);
    }
    machine.write("long.json", vec![b' '; 300 * 1024]);
    for line in ["check long.json", "issue long.json --to ningbo-pumps --key pearl-line.key.json"] {
        machine.run(line).exits(1).says("json_too_large").says("more than 262144 bytes").says("hint: ");
    }
    assert_eq!(sent.load(Ordering::Relaxed), 0, "nothing of it went to the node");
    machine.run("submit s.json").exits(0);
    assert_eq!(sent.load(Ordering::Relaxed), 1, "and this is how it would have");
}

/// What only a node can judge, and where in the input it says so. The judging is tested with the node.
const JUDGED_BY_THE_NODE: [(Code, &str); 9] = [
    (Code::UnknownKey, "$.signatures[0]"),
    (Code::KeyRevoked, "$.signatures[0]"),
    (Code::UnknownMember, "$.member"),
    (Code::WrongRole, "$.member"),
    (Code::WrongSeq, "$.action.transfer.seq"),
    (Code::BodyMismatch, "$.body"),
    (Code::StatementExpired, "$.not_after_ms"),
    (Code::MemberQuota, "$"),
    (Code::MempoolFull, "$"),
];

#[test]
fn what_a_node_refuses_is_told_as_it_said_it() {
    let turn = Arc::new(AtomicU32::new(0));
    let case = Arc::clone(&turn);
    let node = Node::with(World::past(1), move |request, _| {
        let (code, path) = JUDGED_BY_THE_NODE[case.load(Ordering::Relaxed) as usize];
        let reject = Reject::new(code, path, "as the node found");
        (request.path == "/v1/statements").then(|| problem(&Problem::from(reject)))
    });
    let machine = machine(&node);
    for (code, path) in JUDGED_BY_THE_NODE {
        refused(&machine, "submit s.json", code.as_str(), path);
        machine.run("submit s.json").says("as the node found").says(code.hint());
        turn.fetch_add(1, Ordering::Relaxed);
    }
}

/// Whoever looks at JSON on a terminal is steered by nothing that a node says, and a program reads what it said.
#[test]
fn json_holds_no_character_that_steers_a_terminal() {
    let detail = "gone\u{9b}2J\u{7f} \u{202e}61.1\u{61c}";
    let node = Node::with(World::past(1), move |request, _| {
        (request.path == "/v1/statements").then(|| problem(&Reject::new(Code::WrongRole, "$.member", detail).into()))
    });
    let machine = machine(&node);
    let run = machine.run("submit s.json --json").exits(1);
    assert!(run.stdout.contains("gone\\u009b2J\\u007f \\u202e61.1\\u061c"), "{run}");
    assert!(!run.stdout.contains(['\u{9b}', '\u{7f}', '\u{202e}', '\u{61c}']), "{:?}", run.stdout);
    assert_eq!(run.json()["error"]["why"], detail);
}

#[test]
fn what_a_node_cannot_do_is_not_the_users_fault() {
    let node = Node::with(World::past(1), |request, _| {
        let reject = Reject::new(Code::NotReady, "$", "the node is stopping");
        (request.path == "/v1/statements").then(|| problem(&Problem::from(reject)))
    });
    machine(&node).run("submit s.json").exits(2).says("not_ready");
}

/// A node that sends whoever asks on to somebody else would have a signed read used there.
#[test]
fn a_signed_read_is_not_carried_on_to_somebody_else() {
    let (elsewhere, asked) = (Arc::new(AtomicU32::new(0)), format!("bundle {} --with-body", "1".repeat(64)));
    let counted = Arc::clone(&elsewhere);
    let other = Node::with(World::live(), move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        None
    });
    // What stands in the place of a media type ends its line.
    let onward: &'static str = Box::leak(format!("text/plain\r\nlocation: {}/v1/node", other.url).into_boxed_str());
    let node = Node::with(World::live(), move |request, _| {
        request.path.contains("body=true").then(|| (302, onward, b"over there".to_vec()))
    });
    let machine = machine(&node);
    let run = machine.run(&format!("{asked} -o b.json --key pearl-line.key.json")).exits(2);
    run.says("does not answer like a Sampan node").says("status 302");
    assert_eq!(elsewhere.load(Ordering::Relaxed), 0, "nobody else is asked");
}
