//! One question, one proof, always with its time; and the same offline.

use crate::node::{Node, json};
use crate::sampan::Machine;
use crate::world::{BUYER, CARRIER, SHIPPER, World};

const GOODS: &str = "7777777777777777777777777777777777777777777777777777777777777777";

fn machine(node: &Node) -> (Machine, String) {
    let machine = Machine::new();
    let world = World::past(1);
    machine.write("config/sampan/cli.toml", format!("genesis = \"genesis.json\"\nnode = \"{}\"", node.url));
    machine.write("config/sampan/genesis.json", &world.genesis_bytes);
    for member in [CARRIER, SHIPPER, BUYER] {
        machine.write_private(&format!("{member}.key.json"), &world.key(member));
    }
    machine.run("template bill-of-lading -o bl.json").exits(0);
    let run = machine.run("issue bl.json --to ningbo-pumps --key pearl-line.key.json --bundle - --json").exits(0);
    let record = run.json()["record"].as_str().expect("record").to_owned();
    (machine, record)
}

/// Without a node: nothing but the file and the genesis.
const OFFLINE: &str = "--genesis config/sampan/genesis.json --node http://127.0.0.1:9";

#[test]
fn an_original_is_proven_from_a_node_and_from_a_file() {
    let node = Node::honest(World::past(1));
    let (machine, record) = machine(&node);
    let run = machine.run(&format!("prove original {record} -o o.json")).exits(0);
    run.says("is the one original of its number of `pearl-line`, version 1").says("as of height 2, 2026-01-05");
    machine.run(&format!("prove original o.json {OFFLINE}")).exits(0).says("as of height 2");
    machine.run(&format!("prove original o.json --max-age 5m {OFFLINE}")).exits(3).says("at most 300 s asked for");
    machine.run(&format!("verify o.json {OFFLINE}")).exits(0);
    machine.run(&format!("surrender {record} --key ningbo-pumps.key.json --bundle -")).exits(0);
    machine.run(&format!("title accept-surrender {record} --key pearl-line.key.json --bundle -")).exits(0);
    machine.run(&format!("prove original {record}")).exits(1).says("no longer in force").says("proven: ");
    machine.run(&format!("prove original {}", "0".repeat(64))).exits(1).says("there is no record");
}

#[test]
fn a_pledge_is_proven_and_so_is_that_there_is_none() {
    let node = Node::honest(World::past(1));
    let (machine, record) = machine(&node);
    let run = machine.run(&format!("prove unpledged {record} --goods {GOODS} -o u.json")).exits(0);
    run.says("secures no loan, and no bill of these goods does").says("as of height 2");
    machine.run(&format!("prove unpledged u.json --goods {GOODS} {OFFLINE}")).exits(0);
    machine
        .run(&format!("prove unpledged {record}"))
        .exits(0)
        .says("not proven: that no other bill of the same goods does");
    machine.run(&format!("prove pledge {record}")).exits(1).says("the bill is not pledged");

    let offer =
        format!("pledge offer {record} --bank klang-water --goods {GOODS} --key ningbo-pumps.key.json --bundle -");
    machine.run(&offer).exits(0);
    machine
        .run(&format!("prove pledge {record}"))
        .exits(0)
        .says("is offered to `klang-water`")
        .says("that the bank took it");
    machine.run(&format!("pledge accept {record} --key klang-water.key.json --bundle -")).exits(0);
    machine.run(&format!("prove pledge {record} -o p.json")).exits(0).says("secures a loan of `klang-water`");
    machine.run(&format!("prove pledge p.json {OFFLINE}")).exits(0);
    machine.run(&format!("prove unpledged {record}")).exits(1).says("the bill is pledged to `klang-water`");
    // Another bill of the same goods.
    machine.write(
        "two.json",
        String::from_utf8(machine.read("bl.json")).expect("UTF-8").replace("SPLNGB2611047", "SPLNGB2611048"),
    );
    let run = machine.run("issue two.json --to ningbo-pumps --key pearl-line.key.json --bundle - --json").exits(0);
    let two = run.json()["record"].as_str().expect("record").to_owned();
    machine.run(&format!("prove unpledged {two}")).exits(0);
    let run = machine.run(&format!("prove unpledged {two} --goods {GOODS}")).exits(1);
    run.says(&format!("the same goods are pledged under record {record}"));
    machine
        .run("pledge offer u.json --bank klang-water --key ningbo-pumps.key.json")
        .exits(1)
        .says("the goods are not named");
}

/// A true answer about other goods, which secure nothing, is no answer about these.
#[test]
fn other_goods_that_are_free_say_nothing_of_these() {
    let node = Node::with(World::past(1), |request, world| {
        let id = request.path.strip_prefix("/v1/records/")?.split_once("/status?goods=")?.0;
        let other = "5".repeat(64).parse().expect("goods");
        Some(json(200, &world.status_of_goods(&id.parse().expect("id"), other)))
    });
    let (machine, record) = machine(&node);
    let run = machine.run(&format!("prove unpledged {record} --goods {GOODS} -o u.json")).exits(3);
    run.says("about something else than what was asked");
    assert!(!machine.has("u.json") && !run.stdout.contains("secures no loan"), "{run}");
}

#[test]
fn a_key_is_proven_for_a_day() {
    let node = Node::honest(World::past(1));
    let (machine, _) = machine(&node);
    let keys = machine.run("keys show pearl-line.key.json --json").exits(0).json();
    let key =
        keys["key"].as_str().or(keys["public"].as_str()).or(keys["publicKey"].as_str()).expect("a key").to_owned();
    let run = machine.run(&format!("prove key pearl-line {key} --at 2026-01-05 -o k.json")).exits(0);
    run.says("was a statement key of `pearl-line` at height 2, 2026-01-05").says("not suspended that day");
    let offline = machine.run(&format!("prove key pearl-line {key} --at 2026-01-05 --from k.json {OFFLINE}")).exits(0);
    offline.says("as of height 2");
    machine
        .run(&format!("prove key pearl-line {key} --at 2026-01-06 --from k.json {OFFLINE}"))
        .exits(1)
        .says("no block of that day");
    machine.run(&format!("prove key pearl-line {key} --at 2025-12-31")).exits(1).says("no block of that day");
    machine
        .run(&format!("prove key ningbo-pumps {key} --at 2026-01-05"))
        .exits(1)
        .says("was never listed for `ningbo-pumps`");
    machine.run(&format!("prove key ningbo-pumps {key} --at 2026-01-05 --from k.json {OFFLINE}")).exits(3);
    machine.run(&format!("prove key pearl-line {key} --at someday")).exits(1).says("is written as `2026-03-05`");
    let text = String::from_utf8(machine.read("k.json")).expect("UTF-8");
    let at = text.find("\"member\": \"").expect("a member") + 40;
    let mut bad = text.into_bytes();
    bad[at] = if bad[at] == b'A' { b'B' } else { b'A' };
    machine.write("bad.json", bad);
    machine.run(&format!("prove key pearl-line {key} --at 2026-01-05 --from bad.json {OFFLINE}")).exits(3);
}
