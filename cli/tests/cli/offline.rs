//! Signing and verifying without any network.

use insta::assert_snapshot;
use sampan_proto::api::Submission;
use sampan_proto::governance::{Change, Govern};
use sampan_proto::hash::Hash32;
use sampan_proto::ids::StatementId;
use sampan_proto::ids::{Height, RecordId};
use sampan_proto::protocol::Protocol;
use sampan_proto::statement::{Action, SignedStatement, Statement};
use sampan_proto::title::{Purpose, TitleAct};

use crate::sampan::Machine;
use crate::world::{BUYER, CARRIER, SHIPPER, World};

/// A machine with the network's genesis file, the members' keys and an example bill.
pub(crate) fn machine(world: &World) -> Machine {
    let machine = Machine::new();
    machine.write("genesis.json", &world.genesis_bytes);
    for member in [CARRIER, SHIPPER, BUYER] {
        machine.write_private(&format!("{member}.key.json"), &world.key(member));
    }
    machine.run("template bill-of-lading -o bl.json").exits(0);
    machine
}

fn submission(machine: &Machine, file: &str) -> Submission {
    serde_json::from_slice(&machine.read(file)).expect("a submission")
}

pub(crate) fn statement(machine: &Machine, file: &str) -> Statement {
    SignedStatement::try_from(submission(machine, file).statement).expect("envelope").parse().expect("statement")
}

/// Signs an issue offline and lets the world execute it.
fn issued(machine: &Machine, world: &mut World) -> RecordId {
    let line = "issue bl.json --to ningbo-pumps --key pearl-line.key.json --sign-only issue.json --genesis genesis.json --json";
    let record = machine.run(line).exits(0).json()["record"].as_str().expect("record").parse().expect("id");
    world.submit(submission(machine, "issue.json")).expect("executed");
    record
}

/// A bundle of a bill that was issued, handed on, and is held by the buyer.
pub(crate) fn travelled(machine: &Machine, world: &mut World) -> RecordId {
    let record = issued(machine, world);
    machine.write("first.bundle.json", serde_json::to_vec_pretty(&world.record_with_body(&record)).expect("JSON"));
    let line = "transfer first.bundle.json --to klang-water --key ningbo-pumps.key.json --sign-only t.json --genesis genesis.json";
    machine.run(line).exits(0);
    world.submit(submission(machine, "t.json")).expect("executed");
    machine.write("bl.bundle.json", serde_json::to_vec_pretty(&world.record_with_body(&record)).expect("JSON"));
    record
}

#[test]
fn an_issue_is_signed_offline_over_the_exact_bytes() {
    let world = World::past(1);
    let machine = machine(&world);
    let run = machine
        .run("issue bl.json --to ningbo-pumps --key pearl-line.key.json --sign-only out.json --genesis genesis.json");
    run.exits(0).says("sampan submit out.json");
    let submission = submission(&machine, "out.json");
    let body = submission.body.clone().expect("body");
    assert_eq!(body.bytes.0, machine.read("bl.json"));
    let signed = SignedStatement::try_from(submission.statement).expect("envelope");
    let verified = signed.verify(world.genesis.chain).expect("verifies");
    let issuer = world.genesis.members.iter().find(|m| m.id.as_str() == CARRIER).expect("carrier");
    sampan_proto::proof::check_body(&verified.statement().action, issuer, &body.into())
        .expect("the body is the one claimed");
    let again = "issue bl.json --to ningbo-pumps --key pearl-line.key.json --sign-only out.json --genesis genesis.json";
    machine.run(again).exits(1).says("the file exists");
}

#[test]
fn an_act_is_signed_offline_with_seq_given_or_read_from_a_bundle() {
    let mut world = World::past(1);
    let machine = machine(&world);
    let record = issued(&machine, &mut world);
    machine.write("bl.bundle.json", serde_json::to_vec(&world.record(&record)).expect("JSON"));
    machine
        .run(&format!("transfer {record} --to klang-water --seq 7 --key ningbo-pumps.key.json --sign-only a.json --genesis genesis.json"))
        .exits(0);
    let to = |id: &str| id.parse().expect("id");
    let given = Action::title(record, 7, TitleAct::Transfer { to: to("klang-water") });
    assert_eq!(statement(&machine, "a.json").action, given);
    machine
        .run("surrender bl.bundle.json --key ningbo-pumps.key.json --sign-only b.json --genesis genesis.json")
        .exits(0);
    let read = TitleAct::Surrender { to: to(CARRIER), purpose: Purpose::Delivery };
    assert_eq!(statement(&machine, "b.json").action, Action::title(record, 1, read));
    machine
        .run(&format!(
            "transfer {record} --to klang-water --key ningbo-pumps.key.json --sign-only c.json --genesis genesis.json"
        ))
        .exits(1)
        .says("pass `--seq N`");
}

#[test]
fn what_cannot_be_signed_is_refused_before_it_is() {
    let world = World::past(1);
    let machine = machine(&world);
    let issue = "issue bl.json --to ningbo-pumps --sign-only out.json";
    machine.run(&format!("{issue} --genesis genesis.json")).exits(1).says("no key to sign with");
    machine.run(&format!("{issue} --key pearl-line.key.json")).exits(1).says("no anchor");
    machine.run("keys new -o plain.json").exits(0);
    machine.run(&format!("{issue} --genesis genesis.json --key plain.json")).exits(1).says("names no member");
    machine
        .run(&format!("{issue} --genesis genesis.json --key plain.json --member pearl-line"))
        .exits(1)
        .says("no pepper");
    machine.run("keys new --purpose consensus -o vote.json").exits(0);
    machine.run(&format!("{issue} --genesis genesis.json --key vote.json")).exits(1).says("does not sign statements");
    machine
        .run(&format!("{issue} --genesis genesis.json --key pearl-line.key.json --valid-for 8d"))
        .exits(1)
        .says("longer than 7 days");
    machine
        .run(&format!("{issue} --genesis genesis.json --key pearl-line.key.json --member klang-water"))
        .exits(1)
        .says("`pearl-line`'s, not `klang-water`'s");
    machine.write("bl.json", "{\"carrierCode\": 1}");
    machine.run(&format!("{issue} --genesis genesis.json --key pearl-line.key.json")).exits(1).says("schema.");
    assert!(!machine.has("out.json"));
}

#[test]
fn a_bundle_is_verified_rung_by_rung() {
    let mut world = World::past(1);
    let machine = machine(&world);
    let record = travelled(&machine, &mut world);
    let run = machine.run("verify bl.bundle.json --genesis genesis.json").exits(0);
    assert_snapshot!(run.with(&[(&record.to_string(), "RECORD-ID"), (&record.0.short(), "RECORD")]));
    let json = machine.run("verify bl.bundle.json --genesis genesis.json --json").exits(0).json();
    assert_eq!(json["outcome"], "VALID");
    assert_eq!(json["ladder"][0]["name"], "format");
    assert_eq!(json["chain"], world.genesis.chain.to_string());
}

#[test]
fn a_past_can_be_traced_offline() {
    let mut world = World::past(1);
    let machine = machine(&world);
    let record = travelled(&machine, &mut world);
    let run = machine.run("trace bl.bundle.json --genesis genesis.json").exits(0);
    let times: Vec<String> =
        run.stdout.lines().skip(1).filter_map(|line| Some(line.split("  ").nth(2)?.to_owned())).collect();
    let id = record.to_string();
    let words = times.iter().map(|time| (time.as_str(), "TIME")).chain([(id.as_str(), "RECORD-ID")]);
    assert_snapshot!(run.with(&words.collect::<Vec<_>>()));
    let json = machine.run("trace bl.bundle.json --genesis genesis.json --json").exits(0).json();
    assert_eq!(json["acts"].as_array().expect("acts").len(), 2);
    assert_eq!(json["complete"], true);
    let receipt =
        world.receipt(&SignedStatement::try_from(submission(&machine, "t.json").statement).expect("envelope").id());
    machine.write("r.json", serde_json::to_vec(&receipt).expect("JSON"));
    machine.run("trace r.json --genesis genesis.json").exits(0).says("the bundle is a receipt");
    machine.write("none.json", serde_json::to_vec(&world.status(&record)).expect("JSON"));
    machine.run("trace none.json --genesis genesis.json").exits(1).says("proves no act");
}

#[test]
fn one_changed_byte_is_exit_3() {
    let mut world = World::past(1);
    let machine = machine(&world);
    travelled(&machine, &mut world);
    let good = machine.read("bl.bundle.json");
    let text = String::from_utf8(good.clone()).expect("UTF-8");
    // In each part of the file, one character of its base64.
    let parts = [
        "\"header\": \"",
        "\"certificate\": \"",
        "\"record\": \"",
        "\"proof\": \"",
        "\"entry\": \"",
        "\"member\": \"",
        "\"payload\": \"",
        "\"sig\": \"",
        "\"body\": \"",
    ];
    for part in parts {
        let at = text.find(part).expect(part) + part.len() + 20;
        let mut bad = good.clone();
        bad[at] = if bad[at] == b'A' { b'B' } else { b'A' };
        machine.write("bad.json", &bad);
        machine.run("verify bad.json --genesis genesis.json").exits(3);
        machine.run("trace bad.json --genesis genesis.json").exits(3);
    }
    machine.run("verify bl.bundle.json --genesis genesis.json").exits(0);
}

#[test]
fn another_network_too_old_and_no_proof_at_all_are_exit_3() {
    let mut world = World::past(1);
    let machine = machine(&world);
    travelled(&machine, &mut world);
    machine.write("other.json", World::past(2).genesis_bytes);
    machine.run("verify bl.bundle.json --genesis other.json").exits(3).says("the anchor is of network");
    machine.run("verify bl.bundle.json --genesis genesis.json --max-age 5m").exits(3).says("INVALID");
    machine.run("verify bl.bundle.json --genesis genesis.json --max-age 3650d").exits(0);
    machine.run("verify bl.bundle.json --genesis genesis.json --strict").exits(0);
    for (name, bytes) in [("a", "{"), ("b", "{}"), ("c", "[1, 2]"), ("d", "")] {
        machine.write(name, bytes);
        machine.run(&format!("verify {name} --genesis genesis.json")).exits(3).says("is not a proof");
    }
    let text = String::from_utf8(machine.read("bl.bundle.json")).expect("UTF-8");
    machine.write("e", text.replacen("\"header\": \"", "\"header\": \"!", 1));
    machine.run("verify e --genesis genesis.json").exits(3).says("expected base64");
    machine.run("verify absent.json --genesis genesis.json").exits(1).says("no such file");
    machine.run("verify bl.bundle.json").exits(1).says("no anchor");
    machine.run("verify bl.bundle.json --genesis bl.json").exits(1).says("is not a genesis file");
}

#[test]
fn several_bundles_are_verified_at_once_and_the_worst_is_how_it_ends() {
    let mut world = World::past(1);
    let machine = machine(&world);
    travelled(&machine, &mut world);
    let good = String::from_utf8(machine.read("bl.bundle.json")).expect("UTF-8");
    let at = good.find("\"sig\": \"").expect("a signature") + 28;
    let other = if good[at..].starts_with('A') { "B" } else { "A" };
    machine.write("bad.json", format!("{}{other}{}", &good[..at], &good[at + 1..]));
    machine.write("none.json", "{}");
    let verify = |files: &str| machine.run(&format!("verify {files} --genesis genesis.json"));
    verify("bl.bundle.json first.bundle.json").exits(0).says("2 of 2 are valid");
    // That the good one was met before changes nothing for its copy.
    let run = verify("bl.bundle.json bad.json none.json first.bundle.json --json").exits(3);
    run.says("2 of 4 are valid");
    let lines: Vec<serde_json::Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).expect("a document a line")).collect();
    let outcomes: Vec<_> = lines.iter().map(|line| line["outcome"].as_str()).collect();
    assert_eq!(outcomes, [Some("VALID"), Some("INVALID"), None, Some("VALID")]);
    assert_eq!(lines[2]["error"]["what"], "`none.json` is not a proof");
    verify("absent.json bl.bundle.json").exits(1).says("no such file").says("1 of 2 are valid");
}

#[test]
fn governance_is_signed_by_the_governance_key_and_no_other() {
    let world = World::past(1);
    let machine = machine(&world);
    machine.run("keys new --member pearl-line --purpose governance --output gov.json").exits(0);
    let sign = "--sign-only out.json --genesis genesis.json";
    let suspend = "gov propose suspend klang-water --reason lapsed";
    machine
        .run(&format!("{suspend} --key pearl-line.key.json {sign}"))
        .exits(1)
        .says("name the member's governance key");
    machine.run(&format!("{suspend} --key gov.json {sign}")).exits(0);
    let Action::Govern(Govern::Propose { change, .. }) = statement(&machine, "out.json").action else {
        panic!("a proposal")
    };
    let (member, reason) = ("klang-water".parse().expect("id"), "lapsed".parse().expect("note"));
    assert_eq!(*change, Change::Suspend { member, reason });
    let upgrade = "gov propose upgrade --version 2";
    machine.run(&format!("{upgrade} --height 9000 --key gov.json --sign-only up.json --genesis genesis.json")).exits(0);
    let Action::Govern(Govern::Propose { change, .. }) = statement(&machine, "up.json").action else {
        panic!("a proposal")
    };
    assert_eq!(*change, Change::Upgrade(Protocol { version: 2, from: Height(9_000) }));
    machine.run(&format!("{upgrade} --key gov.json {sign}")).exits(1).says("--height");
    machine.run(&format!("{upgrade} --height 1 --lead 2 --key gov.json {sign}")).exits(1);
    let vote = format!("gov vote {} no --key gov.json --sign-only vote.json --genesis genesis.json", "0".repeat(64));
    machine.run(&vote).exits(0);
    let zero = StatementId(Hash32::ZERO);
    assert_eq!(statement(&machine, "vote.json").action, Action::Govern(Govern::Vote { proposal: zero, yes: false }));
    let transfer = format!("transfer {} --to klang-water --seq 1 --key gov.json", "0".repeat(64));
    machine
        .run(&format!("{transfer} --sign-only x.json --genesis genesis.json"))
        .exits(1)
        .says("does not sign statements");
}
