//! `sampan gov`: nobody is shown a proposal that its statement does not make.

use sampan_proto::api::{NodeStatus, ProposalView};
use sampan_proto::governance::{Change, Govern, State};
use sampan_proto::ids::Height;
use sampan_proto::member::Purpose;
use sampan_proto::protocol::Protocol;
use sampan_proto::statement::Action;

use crate::node::{Node, Request, as_of, json, node_status, proposal};
use crate::offline::statement;
use crate::sampan::Machine;
use crate::world::{CARRIER, World};

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
        let machine = Machine::new();
        let world = node.world.lock().expect("world");
        machine.write("genesis.json", &world.genesis_bytes);
        machine.write_private("gov.json", &world.key_for("cn-customs", Purpose::Governance));
        drop(world);
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
    run.exits(3).says("at most 300 s asked for");
    assert!(!machine.has("up.json"));
}
