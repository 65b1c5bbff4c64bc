//! The log over time and over nodes: forks are found and written down, old proofs are made anew, anchors grow young.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sampan_proto::evidence::{Evidence, Offence};
use sampan_proto::proof::Bundle;
use serde_json::Value;

use crate::node::{Node, Request, Response, json};
use crate::sampan::Machine;
use crate::world::{CARRIER, SHIPPER, World};

const SIGN: &str = "issue bl.json --to ningbo-pumps --key pearl-line.key.json --sign-only s.json";

/// A machine with the genesis and keys of the first network of the past, and no node in its settings.
fn machine() -> Machine {
    let machine = Machine::new();
    let world = World::past(1);
    machine.write("config/sampan/cli.toml", "genesis = \"genesis.json\"");
    machine.write("config/sampan/genesis.json", &world.genesis_bytes);
    for member in [CARRIER, SHIPPER] {
        machine.write_private(&format!("{member}.key.json"), &world.key(member));
    }
    machine.run("template bill-of-lading -o bl.json").exits(0);
    machine
}

/// What a node answers to the signed issue: the ids of record and statement.
fn submitted(machine: &Machine, node: &Node) -> (String, String) {
    let run = machine.run(&format!("submit s.json --bundle - --json --node {}", node.url)).exits(0);
    let json = run.json();
    let of = |name: &str| json[name].as_str().or(json[0][name].as_str()).expect(name).to_owned();
    (of("record"), of("statement"))
}

/// An issue, signed anew and executed by these nodes.
fn issued(machine: &Machine, nodes: &[&Node]) -> (String, String) {
    if machine.has("s.json") {
        std::fs::remove_file(machine.path("s.json")).expect("removed");
    }
    machine.run(SIGN).exits(0);
    let ids: Vec<_> = nodes.iter().map(|node| submitted(machine, node)).collect();
    ids.into_iter().next().expect("a node")
}

fn transferred(machine: &Machine, node: &Node, record: &str) {
    let line = format!("transfer {record} --to klang-water --key ningbo-pumps.key.json --bundle - --node {}", node.url);
    machine.run(&line).exits(0);
}

fn states(json: &Value) -> Vec<&str> {
    json["nodes"].as_array().expect("nodes").iter().map(|node| node["state"].as_str().expect("state")).collect()
}

#[test]
fn nodes_of_one_history_agree_also_when_one_is_behind() {
    let (one, two, behind) = (Node::honest(World::past(1)), Node::honest(World::past(1)), Node::honest(World::past(1)));
    let machine = machine();
    issued(&machine, &[&one, &two]);
    let run = machine.run(&format!("compare {} {} {} --json", one.url, two.url, behind.url)).exits(0);
    assert_eq!(states(&run.json()), ["agrees"; 3]);
    assert_eq!(run.json()["nodes"][0]["node"], behind.url.as_str(), "the one that is behind comes first");
    assert!(!machine.has("fork.evidence.json"));
    let run = machine.run(&format!("compare {} http://127.0.0.1:9", one.url)).exits(2);
    run.says("? no answer").says("✓ agrees").says("cannot ask the node");
}

#[test]
fn two_histories_are_a_fork_and_the_evidence_is_kept() {
    let (one, two) = (Node::honest(World::past(1)), Node::honest(World::past(1)));
    let machine = machine();
    issued(&machine, &[&one]);
    issued(&Machine::clone_of(&machine), &[&two]);
    let compare = format!("compare {} {}", one.url, two.url);
    machine.run(&compare).exits(3).says("✗ forks").says("two different blocks are decided at height 2");
    let evidence = Evidence::from_json(&machine.read("fork.evidence.json")).expect("evidence");
    assert!(matches!(evidence.offence, Offence::Certificates(_)));
    machine
        .run("verify evidence fork.evidence.json")
        .exits(0)
        .says("signed both: `cn-customs`")
        .says("not proven: who began");
    machine.run(&compare).exits(3);
    assert!(!machine.has("fork.evidence.2.json"), "the same evidence is written once");
    machine.write("fork.evidence.json", "older");
    machine.run(&format!("{compare} --json")).exits(3);
    assert_eq!(machine.read("fork.evidence.json"), b"older", "nothing is written over");
    assert!(Evidence::from_json(&machine.read("fork.evidence.2.json")).is_ok());

    let mut text = String::from_utf8(machine.read("fork.evidence.2.json")).expect("UTF-8");
    let at = text.find("\"certificate\": \"").expect("a certificate") + 60;
    text.replace_range(at..=at, if &text[at..=at] == "A" { "B" } else { "A" });
    machine.write("bad.json", text);
    machine.run("verify evidence bad.json").exits(3);
    machine.run("verify evidence bl.json").exits(3).says("is not evidence");
}

#[test]
fn a_log_that_was_rewritten_is_a_fork_whatever_the_headers_say() {
    let behind = Node::honest(World::past(1));
    let machine = machine();
    issued(&machine, &[&behind]);
    // The newest node shows the old header that everybody knows, over a log that begins otherwise.
    let old: Bundle = behind.world.lock().expect("world").decided(Some(2)).expect("decided");
    let liar = Node::with(World::past(1), move |request: &Request, _: &World| -> Option<Response> {
        (request.path == "/v1/log/head?height=2").then(|| json(200, &old))
    });
    let other = Machine::clone_of(&machine);
    let (record, _) = issued(&other, &[&liar]);
    transferred(&other, &liar, &record);
    let run = machine.run(&format!("compare {} {}", behind.url, liar.url)).exits(3);
    run.says("does not begin with the one decided at height 2");
    machine.run("verify evidence fork.evidence.json").exits(0);
    let evidence = Evidence::from_json(&machine.read("fork.evidence.json")).expect("evidence");
    assert!(matches!(evidence.offence, Offence::Checkpoints(_)));
}

#[test]
fn a_bill_signed_over_to_two_is_evidence() {
    let node = Node::honest(World::past(1));
    let machine = machine();
    let (record, _) = issued(&machine, &[&node]);
    for (file, to) in [("sold.json", "klang-water"), ("again.json", "klang-water"), ("resold.json", "pearl-line")] {
        let sign = format!("transfer {record} --to {to} --seq 1 --key ningbo-pumps.key.json --sign-only {file}");
        machine.run(&sign).exits(0);
    }
    let shows = format!("evidence statements --node {}", node.url);
    machine.run(&format!("{shows} sold.json again.json")).exits(1).says("or say the same");
    machine.run(&format!("{shows} sold.json s.json")).exits(1).says("of different members");
    assert!(!machine.has("statements.evidence.json"));
    let run = machine.run(&format!("{shows} sold.json resold.json")).exits(0);
    run.says("`ningbo-pumps` signed two different statements").says("at seq 1").says("not proven: fraud");
    machine.run("verify evidence statements.evidence.json").exits(0).says("signed both: `ningbo-pumps`");

    // The one that was executed may be in a bundle.
    machine.run(&format!("submit sold.json --node {}", node.url)).exits(0);
    machine.run(&format!("bundle {record} -o b.json --node {}", node.url)).exits(0);
    let run = machine.run(&format!("{shows} resold.json b.json -o two.json --json")).exits(0);
    assert_eq!(run.json()["members"][0], "ningbo-pumps");
    let evidence = Evidence::from_json(&machine.read("two.json")).expect("evidence");
    assert_eq!(run.json()["id"], evidence.offence.id().to_string());
    machine.run("verify evidence two.json").exits(0);
    machine.run(&format!("{shows} bl.json b.json")).exits(1).says("holds no signed statement");

    // Two networks that were looked at: each node speaks for its own.
    machine.write("config/sampan/cli.toml", "");
    let other = Node::honest(World::past(2));
    for node in [&node, &other] {
        machine.run(&format!("network --node {}", node.url)).exits(0);
    }
    let verify = |node: &Node| machine.run(&format!("verify evidence two.json --node {}", node.url));
    verify(&node).exits(0).says("network `harbour-1`, chain");
    verify(&other).exits(3).says("the proof is of network");
}

#[test]
fn old_proofs_are_made_anew() {
    let node = Node::honest(World::past(1));
    let machine = machine();
    let (record, statement) = issued(&machine, &[&node]);
    machine.run(&format!("receipt {statement} -o r.json --node {}", node.url)).exits(0);
    machine.run(&format!("bundle {record} -o b.json --node {}", node.url)).exits(0);
    transferred(&machine, &node, &record);

    let height = |name: &str| Bundle::from_json(&machine.read(name)).expect("a bundle").head.header.0.height.0;
    assert_eq!((height("r.json"), height("b.json")), (2, 2));
    machine.run(&format!("receipt refresh r.json -o r2.json --node {}", node.url)).exits(0);
    machine.run(&format!("receipt refresh b.json --node {}", node.url)).exits(0).says("held by `klang-water`");
    assert_eq!((height("r.json"), height("r2.json"), height("b.json")), (2, 3, 3));
    for file in ["r2.json", "b.json"] {
        machine.run(&format!("verify {file}")).exits(0);
    }
    machine.run(&format!("receipt refresh bl.json --node {}", node.url)).exits(3).says("is not a proof");

    // A node that does not show how its log grew out of the old one, and one that has never heard of it.
    let silent = Node::with(World::past(1), |request: &Request, world: &World| {
        request.path.starts_with("/v1/log/consistency").then(|| json(200, &world.consistency(0, 0)))
    });
    submitted(&machine, &silent);
    let run = machine.run(&format!("receipt refresh r.json --node {}", silent.url)).exits(3);
    run.says("does not show that its log grew out of the file's").says("sampan compare");
    let empty = Node::honest(World::past(1));
    machine.run(&format!("receipt refresh r.json --node {}", empty.url)).exits(1).says("not_found");
    assert_eq!(height("r.json"), 2, "nothing was written over");
}

/// The other document of the shipment is the one that was asked for, or that the old file holds: no third one.
#[test]
fn another_document_than_the_one_asked_for_is_no_counterpart() {
    let lies = Arc::new(AtomicBool::new(false));
    let lie = Arc::clone(&lies);
    let node = Node::with(World::past(1), move |request: &Request, world: &World| -> Option<Response> {
        let (id, other) = request.path.strip_prefix("/v1/records/")?.split_once("/bundle?body=false&with=")?;
        let id = id.parse().expect("an id");
        let third = world.bodies.keys().find(|known| **known != id && known.to_string() != other)?;
        lie.load(Ordering::Relaxed).then(|| json(200, &world.record_beside(&id, third)))
    });
    let machine = machine();
    let bill = String::from_utf8(machine.read("bl.json")).expect("UTF-8");
    let [one, other, _] = ["1", "2", "3"].map(|number| {
        machine.write("bl.json", bill.replace("SPLNGB2611047", &format!("SPLNGB261104{number}")));
        issued(&machine, &[&node]).0
    });
    let fetch = |file: &str| machine.run(&format!("bundle {one} --with {other} -o {file} --node {}", node.url));
    fetch("pair.json").exits(0).says(&format!("beside it is record {other}"));
    let verified = machine.run("verify pair.json --json").exits(0).json();
    assert!(verified["proven"].to_string().contains(&other), "{verified}");
    machine.run(&format!("receipt refresh pair.json -o new.json --node {}", node.url)).exits(0).says(&other);

    lies.store(true, Ordering::Relaxed);
    fetch("third.json").exits(3).says("about something else than what was asked");
    let run = machine.run(&format!("receipt refresh pair.json -o third.json --node {}", node.url)).exits(3);
    run.says("about something else than what was asked");
    assert!(!machine.has("third.json"));
}

#[test]
fn a_pinned_block_is_an_anchor() {
    let node = Node::honest(World::past(1));
    let machine = machine();
    let (record, _) = issued(&machine, &[&node]);
    let run = machine.run(&format!("network pin -o pin.json --node {}", node.url)).exits(0);
    run.says("✓ pinned `harbour-1` at height 2").says("--genesis pin.json");
    machine.run(&format!("bundle {record} -o b.json --node {}", node.url)).exits(0);
    machine.run("verify b.json --genesis pin.json").exits(0).says("the anchor's own header");
    transferred(&machine, &node, &record);
    machine.run(&format!("bundle {record} -o new.json --node {}", node.url)).exits(0);
    machine.run("verify new.json --genesis pin.json").exits(0).says("the roster pinned at height 2 decided it");
    machine.run(&format!("network --genesis pin.json --node {}", node.url)).exits(0).says("pin.json");
    // What is older than the pin is not the pin's to judge, and the way out is named.
    machine
        .run(&format!("network pin -o pin.json --genesis pin.json --node {}", node.url))
        .exits(0)
        .says("at height 3");
    machine.run("verify b.json --genesis pin.json").exits(3).says("verify it from the genesis file, or fetch it anew");
    machine
        .run(&format!("receipt refresh b.json --genesis pin.json --node {}", node.url))
        .exits(0)
        .says("relies on nothing of it");
    machine.run("verify b.json --genesis pin.json").exits(0);
    let text = String::from_utf8(machine.read("pin.json")).expect("UTF-8");
    machine.write("bad.json", text.replacen("\"header\": \"AQ", "\"header\": \"Ag", 1));
    machine.run("verify b.json --genesis bad.json").exits(1).says("is not an anchor file");
}
