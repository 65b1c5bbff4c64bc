//! `sampan gov`: nobody is shown a proposal that its statement does not make.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sampan_proto::api::{NodeStatus, ProposalView};
use sampan_proto::genesis::{GenesisFile, Parameters};
use sampan_proto::governance::{Change, Govern, Proposal, State};
use sampan_proto::ids::Height;
use sampan_proto::member::Purpose;
use sampan_proto::protocol::Protocol;
use sampan_proto::statement::Action;

use crate::node::{Node, Request, as_of, json, node_status, proposal, proposed};
use crate::offline::statement;
use crate::sampan::Machine;
use crate::world::{CARRIER, World};

/// A machine with the governance key of customs.
fn council(node: &Node) -> Machine {
    let machine = Machine::new();
    let world = node.world.lock().expect("world");
    machine.write("genesis.json", &world.genesis_bytes);
    machine.write_private("gov.json", &world.key_for("cn-customs", Purpose::Governance));
    machine
}

/// Who votes has to see all that he votes on: whose keys, which values, which file.
#[test]
fn a_proposal_is_shown_with_every_field() {
    let wrong = Arc::new(AtomicU64::new(0));
    let by = Arc::clone(&wrong);
    let node = Node::with(World::past(1), move |request, world| {
        let proposal = proposed(world, request.path.strip_prefix("/v1/proposals/")?.parse().expect("an id"))?;
        let until_ms = proposal.until_ms + by.load(Ordering::Relaxed);
        Some(json(200, &ProposalView { proposal: Proposal { until_ms, ..proposal }, as_of: as_of(world) }))
    });
    let machine = council(&node);
    let at = format!("--node {} --genesis genesis.json", node.url);
    let [one, two] = ["one", "two"].map(|name| {
        let made = machine.run(&format!("keys new -o {name}.json --json")).exits(0).json();
        made["public"].as_str().expect("a key").to_owned()
    });
    let file: GenesisFile = serde_json::from_slice(&World::past(2).genesis_bytes).expect("a genesis");
    machine.write("entry.json", serde_json::to_vec(&file.members[1]).expect("JSON"));
    let pepper = file.members[1].member.pepper.expect("a pepper").to_string();
    let parameters = Parameters { recovery_wait_ms: 86_461_000, ..Parameters::default() };
    machine.write("parameters.json", serde_json::to_vec(&parameters).expect("JSON"));
    machine.write("incoterms.txt", "EXW FCA");
    let cases = [
        (format!("recover klang-water --statement {one} --governance {two}"), vec![one.as_str(), &two]),
        ("admit entry.json".to_owned(), vec!["trader", "governance, from height 0", &pepper]),
        ("parameters parameters.json".to_owned(), vec!["recovery_wait_ms", "86461000", "freeze_quorum"]),
        (
            "edition --list incoterms --edition 2020 --file incoterms.txt".to_owned(),
            vec!["c8938f2ce1b451021657a324eea66f9f7a8ec101c7d1d315551908cada0d1413"],
        ),
    ];
    for (change, fields) in cases {
        let made = machine.run(&format!("gov propose {change} --key gov.json --bundle - --json {at}")).exits(0).json();
        let show = format!("gov show {} {at}", made["statement"].as_str().expect("a statement"));
        wrong.store(0, Ordering::Relaxed);
        let run = machine.run(&show).exits(0);
        for field in fields {
            assert!(run.stdout.contains(field), "`{field}` is not in\n{run}");
        }
        wrong.store(60_000, Ordering::Relaxed);
        machine.run(&show).exits(3).says("shows another proposal than the statement");
    }
}

/// A vote signs an id and nothing else: what is shown beside it has to be that very statement's.
#[test]
fn a_proposal_that_its_statement_does_not_make_is_not_shown() {
    let node = Node::with(World::past(1), |request, world| {
        let id = request.path.strip_prefix("/v1/proposals/")?.parse().expect("an id");
        let reason = "for nothing".parse().expect("a note");
        let change = Change::Suspend { member: world.genesis.members[1].id.clone(), reason };
        let proposal = proposal(world, id, change, State::Open);
        Some(json(200, &ProposalView { proposal, as_of: as_of(world) }))
    });
    let machine = Machine::new();
    let world = World::past(1);
    machine.write("genesis.json", &world.genesis_bytes);
    machine.write_private("carrier.key.json", &world.key(CARRIER));
    machine.run("template bill-of-lading -o bl.json").exits(0);
    let at = format!("--node {} --genesis genesis.json", node.url);
    let issue = format!("issue bl.json --to ningbo-pumps --key carrier.key.json --bundle - --json {at}");
    let issued = machine.run(&issue).exits(0).json();
    let statement = issued["statement"].as_str().expect("a statement");
    let shown = machine.run(&format!("gov show {statement} {at}")).exits(3);
    shown.says("shows another proposal than the statement");
    let unknown = "07".repeat(32);
    machine.run(&format!("gov show {unknown} {at}")).exits(1);
}

/// What is signed is not for a node to say: the height that a lead counts from is proven.
#[test]
fn a_lead_counts_from_the_block_that_is_proven() {
    let twist = |request: &Request, world: &World| {
        let status = NodeStatus { height: Height(9_000), ..node_status(world) };
        (request.path == "/v1/node").then(|| json(200, &status))
    };
    let (node, old) = (Node::with(World::live(), twist), Node::honest(World::past(1)));
    let propose = |node: &Node| {
        let machine = council(node);
        let line = "gov propose upgrade --version 2 --lead 10000 --key gov.json --genesis genesis.json";
        (machine.run(&format!("{line} --sign-only up.json --node {}", node.url)), machine)
    };
    let (run, machine) = propose(&node);
    run.exits(0);
    let Action::Govern(Govern::Propose { change, .. }) = statement(&machine, "up.json").action else {
        panic!("a proposal")
    };
    assert_eq!(*change, Change::Upgrade(Protocol { version: 2, from: Height(10_001) }));
    let (run, machine) = propose(&old);
    run.exits(3).says("at most 310 s asked for");
    assert!(!machine.has("up.json"));
}
