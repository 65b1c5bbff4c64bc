//! `sampan gov`: nobody is shown a proposal that its statement does not make.

use sampan_proto::api::ProposalView;
use sampan_proto::governance::{Change, State};

use crate::node::{Node, as_of, json, proposal};
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
