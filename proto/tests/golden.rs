//! The formats, frozen: one example of each in `golden/`, written by today's code and compared byte by byte.
//!
//! What the files hold is what `SPEC.md` describes; a second implementation can be held against them. A change
//! here is a new version of a format, or a mistake.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

mod support;

use std::collections::BTreeSet;

use sampan_proto::api::ReadRequest;
use sampan_proto::block::{HEADER_FIELDS, no_evidence, payload_hash};
use sampan_proto::body::{Body, pepper_commitment};
use sampan_proto::codec;
use sampan_proto::doc::DocKind;
use sampan_proto::entry::Entry;
use sampan_proto::genesis::GenesisEntry;
use sampan_proto::governance::{Change, Ready};
use sampan_proto::hash::{Domain, Hash32};
use sampan_proto::ids::{Height, RecordId};
use sampan_proto::keyfile::KeyFile;
use sampan_proto::keys::SecretKey;
use sampan_proto::member::Purpose;
use sampan_proto::merkle::log;
use sampan_proto::merkle::state::{self, Found, StateProof};
use sampan_proto::proof::{Bundle, Outcome, Policy, verify};
use sampan_proto::record::{Record, Status};
use sampan_proto::state_key;
use sampan_proto::statement::{Action, ActionKind, DsseEnvelope, PAYLOAD_TYPE, SignedStatement, pae};
use sampan_proto::vote::{Signable as _, VoteType};
use support::cast::{self, BANK, BUYER, CARRIER, CHAMBER, TRADER};
use support::log::MemoryLog;
use support::sheet::{self, Sheet, settle};
use support::story::{self, ISSUE_INDEX, ORIGIN_INDEX, Story};
use support::{digest, samples, scene};

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

/// Every golden file, so that none is left behind when its test goes.
const FILES: [&str; 27] = [
    "anchor.json",
    "body.txt",
    "bundle.json",
    "bundle.ladder.txt",
    "bundle_absent.json",
    "bundle_absent.ladder.txt",
    "bundle_handover.json",
    "bundle_handover.ladder.txt",
    "certificate.txt",
    "checkpoint.txt",
    "cosigned.txt",
    "domains.txt",
    "entries.txt",
    "genesis.json",
    "genesis.txt",
    "header.txt",
    "key_file.json",
    "keys.txt",
    "log.txt",
    "member.txt",
    "records.txt",
    "small_receipt.txt",
    "small_receipt_sizes.md",
    "state.txt",
    "statements.txt",
    "votes.txt",
    "wire.txt",
];

#[test]
fn no_golden_file_is_an_orphan() {
    let entries = std::fs::read_dir(sheet::directory()).expect("the golden directory");
    let found: BTreeSet<_> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
    let expected: BTreeSet<_> = FILES.iter().map(ToString::to_string).collect();
    if std::env::var_os("UPDATE_GOLDEN").is_none() {
        assert_eq!(found, expected);
    }
}

#[test]
fn a_difference_is_shown_line_by_line() {
    assert_eq!(sheet::difference("a\nb\n", "a\nb\n"), "");
    let shown = sheet::difference("a = 1\nb = 2\n", "a = 1\nb = 3\nc = 4\n");
    assert_eq!(shown, "  line 2\n  - b = 2\n  + b = 3\n  line 3\n  - (no such line)\n  + c = 4\n");
    let many = sheet::difference(&"x\n".repeat(30), &"y\n".repeat(30));
    assert!(many.ends_with("and 18 more lines\n"), "{many}");
}

#[test]
fn domains() {
    let mut sheet = Sheet::new("domains.txt", "The key of each hash domain: derive_key(\"sampan v1 \" + tag, \"\").");
    for domain in Domain::ALL {
        assert_eq!(*domain.key(), blake3::derive_key(&format!("sampan v1 {}", domain.tag()), b""));
        sheet.hex(domain.tag(), domain.key());
    }
    sheet.line("hash of \"abc\" in log leaf", Domain::LogLeaf.hash(b"abc"));
    sheet.line("pair of 32 x 01 and 32 x 02 in log node", Domain::LogNode.hash_pair(&digest(1), &digest(2)));
    sheet.settle();
}

#[test]
fn keys() {
    let mut sheet = Sheet::new("keys.txt", "A key pair in every form. The seed is 32 bytes of 07.");
    let key = SecretKey::from_seed([7; 32]);
    let signature = key.sign(b"bill of lading");
    assert_eq!(key.public().verify(b"bill of lading", &signature), Ok(()));
    sheet.hex("seed", key.seed().as_ref());
    sheet.line("public key, text", key.public());
    sheet.borsh("public key, borsh", &key.public());
    sheet.line("message", "bill of lading");
    sheet.line("signature, JSON", serde_json::to_string(&signature).expect("JSON"));
    sheet.borsh("signature, borsh", &signature);
    sheet.settle();
}

#[test]
fn key_file() {
    let file = KeyFile {
        member: Some(cast::id(CARRIER)),
        purpose: Purpose::Statement,
        secret: cast::key(CARRIER, Purpose::Statement),
        pepper: Some(cast::pepper(CARRIER)),
    };
    let bytes = file.to_json();
    assert_eq!(*KeyFile::from_json(&bytes).expect("read").to_json(), *bytes);
    settle("key_file.json", text(&bytes));
}

#[test]
fn member() {
    let mut sheet = Sheet::new(
        "member.txt",
        "A member of the registry: two roles, a key with its time, a pepper; JSON (genesis file), borsh and state value.",
    );
    let mut member = cast::member(CARRIER, "Sampan Pearl Line", "SG", sampan_proto::member::Role::Carrier);
    member.roles.insert(sampan_proto::member::Role::Verifier);
    member.keys[0].valid_from = Height(3);
    member.keys[0].valid_until = Some(Height(1_000));
    sheet.line("JSON", serde_json::to_string(&member).expect("JSON"));
    sheet.borsh("borsh", &member);
    sheet.line("value hash", member.value_hash());
    let plain = cast::member(TRADER, "Ningbo Pump Works", "CN", sampan_proto::member::Role::Trader);
    sheet.line("without pepper, JSON", serde_json::to_string(&plain).expect("JSON"));
    sheet.borsh("without pepper, borsh", &plain);
    sheet.settle();
}

#[test]
fn genesis() {
    let file = cast::genesis_file();
    settle("genesis.json", text(&cast::written(&file)));
    let genesis = cast::genesis();
    let mut sheet = Sheet::new("genesis.txt", "What follows from genesis.json.");
    sheet.line("chain id", genesis.chain);
    for GenesisEntry { member, power, .. } in &file.members {
        sheet.line(format!("entry digest of {}", member.id), GenesisEntry::signing_digest(member, *power));
    }
    sheet.hex("parameters", &codec::encode(&genesis.parameters));
    sheet.line("parameters hash", genesis.parameters_hash());
    sheet.borsh("roster", &genesis.roster);
    sheet.line("roster hash", genesis.roster.hash());
    let story = Story::tell_until(&file, 0);
    sheet.line("state root", story.chain.state_root());
    sheet.settle();
}

#[test]
fn statements() {
    let story = Story::tell();
    let chain = &story.chain;
    let mut sheet = Sheet::new(
        "statements.txt",
        "Each action: payload, pre-authentication encoding, names, stored form and DSSE envelope.",
    );
    let surrendered = chain.say(BUYER, 5, story::surrender(story.bill, 3, CARRIER));
    let two_keys = [Purpose::Statement, Purpose::Governance].map(|purpose| cast::key(CHAMBER, purpose));
    let origin = chain.statement(CHAMBER, 2, Action::from(story.origin_issue.clone()));
    let twice = SignedStatement::sign(&origin, &[&two_keys[0], &two_keys[1]]).expect("signed");
    let examples = [
        ("issue of a bill", &chain.statements[&ISSUE_INDEX]),
        ("issue of a certificate of origin", &chain.statements[&ORIGIN_INDEX]),
        ("the same with two signatures", &twice),
        ("transfer", &chain.statements[&3]),
        ("surrender", &surrendered),
    ];
    for (name, signed) in examples {
        let verified = signed.clone().verify(chain.genesis.chain).expect("verified");
        assert_eq!((verified.id(), verified.envelope()), (signed.id(), signed.envelope_id()));
        sheet.line(format!("{name}, payload"), text(&signed.payload));
        sheet.hex(format!("{name}, PAE"), &pae(PAYLOAD_TYPE, &signed.payload));
        sheet.line(format!("{name}, statement id"), signed.id());
        sheet.borsh(format!("{name}, borsh"), signed);
        sheet.line(format!("{name}, envelope id"), signed.envelope_id());
        let envelope = DsseEnvelope::from(signed);
        sheet.line(format!("{name}, DSSE"), serde_json::to_string(&envelope).expect("JSON"));
        assert_eq!(SignedStatement::try_from(envelope).as_ref(), Ok(signed));
        if let ActionKind::Issue = verified.statement().action.kind() {
            sheet.line(format!("{name}, record id"), Record::id_of(signed.id()));
        }
    }
    sheet.settle();
}

#[test]
fn body() {
    let mut sheet = Sheet::new(
        "body.txt",
        "Commitments to the two documents of the story (in `support/`), and to a body of three bytes.",
    );
    for (kind, issuer) in [(DocKind::BillOfLading, CARRIER), (DocKind::CertificateOfOrigin, CHAMBER)] {
        let body = story::body(kind, issuer);
        let checked = sampan_proto::doc::check(kind, &body.bytes).expect("a good document");
        let issue = story::issue(kind, issuer, &body, TRADER);
        sheet.hex(format!("{kind}, salt"), &body.salt);
        sheet.hex(format!("{kind}, pepper"), &body.pepper);
        sheet.line(format!("{kind}, commitment"), body.commitment());
        sheet.line(format!("{kind}, pepper commitment"), pepper_commitment(&body.pepper));
        sheet.line(format!("{kind}, RFC 8785 SHA-256"), checked.jcs_sha256);
        sheet.line(format!("{kind}, number"), &checked.reference.number);
        sheet.line(format!("{kind}, issuer"), issuer);
        sheet.line(format!("{kind}, reference key"), issue.reference);
        sheet.line(format!("{kind}, claims"), serde_json::to_string(&checked.claims).expect("JSON"));
    }
    let small = Body { salt: [1; 32], pepper: [2; 32], bytes: b"{}\n".to_vec() };
    sheet.borsh("small, borsh", &small);
    sheet.line("small, commitment", small.commitment());
    sheet.settle();
}

#[test]
fn entries() {
    let story = Story::tell();
    let mut sheet = Sheet::new("entries.txt", "The log of the story: borsh and leaf hash of each entry.");
    for (index, entry) in story.chain.entries.iter().enumerate() {
        let kind = match entry {
            Entry::Block(_) => "block",
            Entry::Act(act) => act.action.as_str(),
        };
        sheet.borsh(format!("{index} ({kind}), borsh"), entry);
        sheet.line(format!("{index} ({kind}), leaf hash"), entry.leaf_hash());
    }
    sheet.settle();
}

#[test]
fn records() {
    let story = Story::tell();
    let mut sheet = Sheet::new(
        "records.txt",
        "Records: a bill in force, the same given back, a certificate of origin, one that drew.",
    );
    let bill = &story.chain.records[&story.bill];
    let ended = Record { status: Status::SurrenderedForDelivery, possessor: None, seq: 4, ..bill.clone() };
    let (origin, drew) = (&story.chain.records[&story.origin], &scene::back_to_back());
    for (name, record) in [("bill", bill), ("ended bill", &ended), ("origin", origin), ("back to back", drew)] {
        sheet.line(format!("{name}, JSON"), serde_json::to_string(record).expect("JSON"));
        sheet.borsh(format!("{name}, borsh"), record);
        sheet.line(format!("{name}, value hash"), record.value_hash());
    }
    sheet.settle();
}

#[test]
fn log_tree() {
    let mut sheet =
        Sheet::new("log.txt", "Roots and proofs of logs of several sizes. Leaf i is the log leaf hash of the byte i.");
    let log = MemoryLog((0_u8..9).map(|i| Domain::LogLeaf.hash(&[i])).collect());
    sheet.line("root of 0", log::empty());
    for size in 1..=9 {
        sheet.line(format!("root of {size}"), log.root(size));
    }
    for (size, index) in [(1, 0), (2, 1), (3, 2), (7, 2), (7, 6), (8, 0), (9, 4), (9, 8)] {
        let proof = log.inclusion(size, index);
        assert_eq!(proof.verify(&log.0[usize::try_from(index).expect("low")], &log.root(size)), Ok(()));
        sheet.borsh(format!("inclusion of {index} in {size}"), &proof);
    }
    for (old, new) in [(0, 7), (1, 2), (3, 7), (4, 7), (6, 8), (7, 7), (8, 9)] {
        let proof = log.consistency(old, new);
        let root = |size| if size == 0 { log::empty() } else { log.root(size) };
        assert_eq!(proof.verify(&root(old), &root(new)), Ok(()));
        sheet.borsh(format!("consistency of {new} with {old}"), &proof);
    }
    sheet.settle();
}

/// Tries unused record ids until the proof of absence is of the form looked for.
fn absent(story: &Story, wanted: impl Fn(&Found) -> bool) -> (RecordId, StateProof) {
    let candidates = (0..=u8::MAX).map(|byte| RecordId(digest(byte)));
    let mut proofs = candidates.map(|id| (id, story.chain.prove(&state_key::record(&id))));
    proofs.find(|(_, proof)| wanted(&proof.found)).expect("some id has this form")
}

#[test]
fn state_tree() {
    let story = Story::tell();
    let chain = &story.chain;
    let root = chain.state_root();
    let mut sheet =
        Sheet::new("state.txt", "The state after the story: each key space, the root, and a proof of each form.");
    let reference = &story.bill_issue.reference;
    let signed = &chain.statements[&ISSUE_INDEX];
    let executed = signed.id();
    let not_after_ms = signed.parse().expect("a statement").not_after_ms;
    let spaces: [(&str, Hash32, Hash32); 5] = [
        ("record", state_key::record(&story.bill), chain.records[&story.bill].value_hash()),
        ("reference", state_key::reference(&cast::id(CARRIER), reference), state_key::reference_value(&story.bill)),
        ("member", state_key::member(&cast::id(BANK)), chain.member(BANK).member.0.value_hash()),
        ("executed", state_key::executed(&executed), state_key::executed_value(ISSUE_INDEX, not_after_ms)),
        ("parameter", state_key::parameter("protocol"), chain.genesis.parameters_hash()),
    ];
    sheet.line("empty root", state::empty());
    sheet.line("leaf of 32 x 01 and 32 x 02", state::leaf(&digest(1), &digest(2)));
    sheet.line("node of 32 x 01 and 32 x 02", state::node(&digest(1), &digest(2)));
    sheet.line("root", root);
    for (space, key, value) in spaces {
        let proof = chain.prove(&key);
        assert_eq!((proof.found, proof.verify_presence(&root, &key, &value)), (Found::Value, Ok(())));
        sheet.line(format!("{space}, key"), key);
        sheet.line(format!("{space}, value"), value);
        sheet.borsh(format!("{space}, proof"), &proof);
    }
    let other = absent(&story, |found| matches!(found, Found::Other { .. }));
    let empty = absent(&story, |found| *found == Found::Empty);
    for (form, (id, proof)) in [("other", other), ("empty", empty)] {
        assert_eq!(proof.verify_absence(&root, &state_key::record(&id)), Ok(()));
        sheet.line(format!("absent by {form}, record id"), id);
        sheet.borsh(format!("absent by {form}, proof"), &proof);
    }
    sheet.settle();
}

#[test]
fn header() {
    let story = Story::tell();
    let header = &story.chain.heads[1].0;
    let mut sheet = Sheet::new("header.txt", "The header of block 2, its fields with their leaf hashes, its hash.");
    sheet.borsh("borsh", header);
    let fields = header.fields();
    assert_eq!(fields.concat(), codec::encode(header), "the leaves are the fields of the encoding, in order");
    assert_eq!(fields.len(), HEADER_FIELDS);
    for (i, field) in (0_u8..).zip(&fields) {
        sheet.hex(format!("field {i}"), field);
        sheet.line(format!("leaf {i}"), Domain::HeaderField.hash(&[&[i], field.as_slice()].concat()));
    }
    sheet.line("hash", header.hash());
    let envelopes = [3, 4].map(|index| story.chain.statements[&index].envelope_id());
    assert_eq!(payload_hash(&envelopes), header.payload_hash);
    sheet.line("payload hash of no statements", payload_hash(&[]));
    sheet.line("evidence hash of none", no_evidence());
    sheet.settle();
}

#[test]
fn votes() {
    let story = Story::tell();
    let mut sheet = Sheet::new(
        "votes.txt",
        "Votes, a proposal, a read request, a seat: borsh, the digest that is signed, the signature.",
    );
    let prevote = samples::vote(&story, 0, VoteType::Prevote);
    let precommit = samples::vote(&story, 1, VoteType::Precommit);
    let nil = samples::vote(&story, 3, VoteType::Precommit);
    for (name, vote) in [("prevote", prevote), ("precommit", precommit), ("precommit for nil", nil)] {
        assert_eq!(vote.verify(), Ok(()));
        sheet.borsh(name, &vote.message);
        sheet.line(format!("{name}, digest"), vote.message.digest());
        sheet.borsh(format!("{name}, signed"), &vote);
    }
    let again = samples::proposal(&story);
    let mut fresh = again.message.clone();
    (fresh.round, fresh.pol_round) = (0, None);
    sheet.borsh("fresh proposal", &fresh);
    sheet.line("fresh proposal, digest", fresh.digest());
    sheet.borsh("proposal again", &again.message);
    sheet.line("proposal again, digest", again.message.digest());
    sheet.borsh("proposal again, signed", &again);
    let chain = story.chain.genesis.chain;
    let key = cast::key(TRADER, Purpose::Statement);
    let read = ReadRequest::sign(chain, &story.bill, None, (cast::id(TRADER), cast::BEGIN_MS), &key);
    assert_eq!(read.verify(chain, &story.bill, None), Ok(()));
    sheet.line("read request, digest", ReadRequest::digest(chain, &story.bill, None, &read.member, read.time_ms));
    sheet.line("read request, JSON", serde_json::to_string(&read).expect("JSON"));
    let (agency, key) = (cast::id(cast::VALIDATORS[0].0), &cast::consensus_keys()[0]);
    let ready = Ready::sign(chain, &agency, key, cast::BEGIN_MS);
    sheet.line("ready, digest", Ready::digest(chain, &agency, &ready.key, ready.time_ms));
    let seat = Change::Seat { member: agency, power: 10, ready };
    sheet.line("seat, JSON", serde_json::to_string(&seat).expect("JSON"));
    sheet.borsh("seat", &seat);
    sheet.settle();
}

#[test]
fn certificate() {
    let story = Story::tell();
    let (header, certificate) = &story.chain.heads[1];
    let mut sheet = Sheet::new("certificate.txt", "The certificate of block 2: validators 0, 1 and 3 of 4.");
    assert_eq!(certificate.verify(story.chain.genesis.chain, &story.chain.genesis.roster), Ok(()));
    sheet.line("header hash", header.hash());
    sheet.borsh("borsh", certificate);
    sheet.hex("signers", &certificate.signers);
    sheet.line("JSON", serde_json::to_string(certificate).expect("JSON"));
    sheet.settle();
}

#[test]
fn wire() {
    let story = Story::tell();
    let mut sheet = Sheet::new("wire.txt", "One of each message between nodes, in borsh.");
    sheet.borsh("docs", &samples::docs_message(&story));
    sheet.borsh("headers", &samples::announcement(&story));
    sheet.borsh("proposals", &samples::proposal_message(&story));
    for (name, message) in ["vote", "polka", "round"].iter().zip(samples::consensus_messages(&story)) {
        sheet.borsh(format!("votes, {name}"), &message);
    }
    for (name, request) in
        ["status", "blocks", "documents", "round", "snapshot", "state", "past"].iter().zip(samples::requests())
    {
        sheet.borsh(format!("request, {name}"), &request);
    }
    let names = ["status", "blocks", "documents", "round", "snapshot", "state, items", "state, page", "busy", "past"];
    for (name, response) in names.iter().zip(samples::responses(&story)) {
        sheet.borsh(format!("response, {name}"), &response);
    }
    sheet.settle();
}

fn freeze(file: &str, ladder_file: &str, bundle: &Bundle, story: &Story) {
    let mut json = serde_json::to_string_pretty(bundle).expect("JSON");
    json.push('\n');
    assert_eq!(Bundle::from_json(json.as_bytes()).as_ref(), Ok(bundle));
    settle(file, &json);
    let policy =
        Policy { now_ms: Some(story.chain.heads[3].0.time_ms + 2_500), max_age_ms: Some(60_000), ..Policy::default() };
    let ladder = verify(bundle, &story.chain.genesis, &policy);
    assert_eq!(ladder.outcome(), Outcome::Valid);
    let mut text = String::from("# Verified against genesis.json, 2500 ms after the head, at most 60 s old.\n");
    for rung in ladder.rungs() {
        let verdict = serde_json::to_string(&rung.verdict).expect("JSON");
        text = text + rung.name + " = " + verdict.trim_matches('"') + ": " + &rung.detail + "\n";
    }
    settle(ladder_file, &text);
}

#[test]
fn bundles() {
    let story = Story::tell();
    freeze("bundle.json", "bundle.ladder.txt", &story.full(), &story);
    freeze("bundle_absent.json", "bundle_absent.ladder.txt", &story.absent(), &story);
    freeze("bundle_handover.json", "bundle_handover.ladder.txt", &story.handed_over(), &story);
}
