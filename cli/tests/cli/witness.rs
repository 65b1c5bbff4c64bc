//! Witnesses: what they sign, what they refuse to sign, and what a verifier makes of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use sampan_proto::checkpoint::{Note, WitnessKey};
use sampan_proto::reject::Code;

use crate::node::{Node, Request, json, refuse};
use crate::sampan::Machine;
use crate::world::{CARRIER, SHIPPER, World};

/// A machine with a witness's key, a signed issue, and what verifiers are given.
fn machine(node: &Node) -> (Machine, String) {
    let machine = Machine::new();
    let world = node.world.lock().expect("world");
    machine.write("config/sampan/cli.toml", format!("genesis = \"genesis.json\"\nnode = \"{}\"", node.url));
    machine.write("config/sampan/genesis.json", &world.genesis_bytes);
    for member in [CARRIER, SHIPPER] {
        machine.write_private(&format!("{member}.key.json"), &world.key(member));
    }
    machine.run("template bill-of-lading -o bl.json").exits(0);
    let run = machine.run("witness new --name port.example --json").exits(0);
    (machine, run.json()["witness"].as_str().expect("a key").to_owned())
}

fn issued(machine: &Machine) -> String {
    let run = machine.run("issue bl.json --to ningbo-pumps --key pearl-line.key.json --bundle - --json").exits(0);
    run.json()["record"].as_str().expect("record").to_owned()
}

#[test]
fn a_witness_signs_what_grew_and_its_word_travels_with_a_bundle() {
    let node = Node::honest(World::past(1));
    let (machine, witness) = machine(&node);
    let key: WitnessKey = witness.parse().expect("a key");
    machine.run("witness cosign").exits(0).says("it begins here").says("the log of 0 entries as `port.example`");
    let record = issued(&machine);
    machine.run("witness cosign").exits(0).says("the log of 2 entries");
    let signed = Note::parse(&machine.read("checkpoint.txt")).expect("a checkpoint");
    assert!(signed.quorum().is_ok());
    assert!(signed.signatures.iter().any(|line| key.seen(&signed.checkpoint, line).is_some()));

    machine.run(&format!("transfer {record} --to klang-water --key ningbo-pumps.key.json --bundle -")).exits(0);
    machine.run(&format!("bundle {record} -o plain.json")).exits(0);
    machine.run(&format!("bundle {record} -o b.json --cosigned checkpoint.txt")).exits(0);
    machine.run("verify b.json").exits(0).says("no witness key is given");
    machine.run(&format!("verify b.json --witness {witness}")).exits(0).says("`port.example` saw the log of 2 entries");
    machine.run(&format!("verify plain.json --witness {witness}")).exits(3).says("no witness has signed");
    let other = machine.run("witness new --name port.example --json -o other.json").exits(0).json();
    let other = other["witness"].as_str().expect("a key");
    machine.run(&format!("verify b.json --witness {other}")).exits(3).says("by none of the witnesses given");
    machine.run(&format!("verify b.json --witness {other} --witness {witness}")).exits(0);
    // A checkpoint that is newer than the proof serves as well.
    machine.run("witness cosign").exits(0).says("the log of 4 entries");
    machine.write("old.txt", machine.read("checkpoint.txt"));
    machine.run("receipt refresh plain.json --cosigned old.txt").exits(0);
    machine.run(&format!("verify plain.json --witness {witness}")).exits(0).says("saw the log of 4 entries");
    machine.run("bundle x.json --cosigned bl.json").exits(1);
    machine.run(&format!("bundle {record} --cosigned bl.json")).exits(1).says("is not a signed checkpoint");
    machine.run("verify b.json --witness port.example").exits(1).says("expected a witness key");
}

#[test]
fn a_witness_that_saw_a_block_named_makes_up_for_an_old_anchor() {
    let told = Arc::new(AtomicU8::new(0));
    let lie = Arc::clone(&told);
    let node = Node::with(World::aged(1), move |request: &Request, world: &World| match lie.load(Ordering::Relaxed) {
        1 if request.path.contains("/v1/log/head?") => world.decided(Some(1)).map(|head| json(200, &head)),
        2 if request.path.contains("against=") => world.entry(1, 4).map(|entry| json(200, &entry)),
        _ => None,
    });
    let (machine, witness) = machine(&node);
    let record = issued(&machine);
    let unsure = machine.run("witness cosign").exits(3);
    unsure.says("is older than 30 days").says("does not show its `anchor age`").says("nothing is signed");
    assert!(!machine.has("witness.state.json") && !machine.has("checkpoint.txt"));
    machine.run("network pin -o anchor.json").exits(0).says("is older than 30 days").says("block");
    machine.run("witness cosign --genesis anchor.json").exits(0);
    let early = machine.run(&format!("bundle {record} -o b.json --cosigned checkpoint.txt")).exits(0);
    early.says("vouches for the log, not for what the state was").says("it saw nobody act after it");
    let strict = format!("verify b.json --strict --witness {witness}");
    machine.run(&strict).exits(3).says("or ask a witness about this one");

    machine.write("early-checkpoint.txt", machine.read("checkpoint.txt"));
    node.world.lock().expect("world").quiet();
    // What it signed last is its anchor now.
    assert!(!machine.run("witness cosign").exits(0).stderr.contains("is older than"));
    machine.run("witness add b.json --cosigned checkpoint.txt").exits(0).says("it saw nobody act after it");
    node.world.lock().expect("world").quiet();
    machine.run(&format!("transfer {record} --to klang-water --key ningbo-pumps.key.json --bundle -")).exits(0);
    machine.run("witness cosign").exits(0).says("the log of 4 entries");
    machine.run("witness add b.json --cosigned checkpoint.txt").exits(0);
    machine.run(&strict).exits(0).says("saw a log that names this very block");
    machine.run("verify b.json --strict").exits(3).says("the anchor is older");

    machine.run("witness add b.json --cosigned early-checkpoint.txt").exits(1).says("whole block already");
    machine.write("bad.json", machine.read("bl.json"));
    machine.run("witness add bad.json --cosigned checkpoint.txt").exits(3).says("is not a proof");
    for (lie, words) in [(1, "does not follow the one before it"), (2, "another entry than that of a block")] {
        told.store(lie, Ordering::Relaxed);
        machine.run("witness add b.json --cosigned checkpoint.txt -o c.json").exits(3).says(words);
        assert!(!machine.has("c.json"));
    }
    let other = World::past(2);
    machine.write("other.json", &other.genesis_bytes);
    let elsewhere = format!("--node {} --genesis other.json", Node::honest(other).url);
    machine.run(&format!("witness add b.json --cosigned checkpoint.txt {elsewhere}")).exits(3).says("does not verify");
}

/// Told "not now", or met by a node that is behind, a witness at its post waits; asked for one signature, it says so.
#[test]
fn a_witness_waits_for_a_node_that_is_busy_or_behind() {
    let put_off = Arc::new(AtomicU8::new(0));
    let turn = Arc::clone(&put_off);
    let node = Node::with(World::past(1), move |request: &Request, world: &World| {
        if request.path != "/v1/log/head" {
            return None;
        }
        match turn.swap(0, Ordering::Relaxed) {
            1 => Some(refuse(Code::TooManyRequests, "more than 200 a second")),
            2 => world.decided(Some(1)).map(|head| json(200, &head)),
            _ => None,
        }
    });
    let (machine, _) = machine(&node);
    issued(&machine);
    for (why, words) in [(1, "the node refused: too_many_requests"), (2, "the log has 0 entries here")] {
        machine.run("witness cosign").exits(0);
        put_off.store(why, Ordering::Relaxed);
        let run = machine.run("witness run --every 1s --count 2").exits(0);
        assert!(run.stderr.contains(words) && run.stdout.contains("the log of 2 entries"), "{run}");
        put_off.store(why, Ordering::Relaxed);
        machine.run("witness run --count 1").exits(1).says(words);
    }
}

#[test]
fn a_witness_signs_nothing_that_did_not_grow_out_of_the_last() {
    let node = Node::honest(World::past(1));
    let (machine, _) = machine(&node);
    issued(&machine);
    machine.run("witness run --every 1s --count 2").exits(0).says("the log of 2 entries");
    let (state, signed) = (machine.read("witness.state.json"), machine.read("checkpoint.txt"));

    // The node comes back with a shorter log, then with another one.
    *node.world.lock().expect("world") = World::past(1);
    machine.run("witness cosign").exits(1).says("the log has 0 entries here, and 2 were seen before");
    issued(&machine);
    machine.run("witness cosign").exits(3).says("nothing is signed");
    machine.run("witness run --count 5").exits(3).says("did not grow out of");
    let liar = Node::with(World::past(1), |request: &Request, world: &World| {
        request.path.starts_with("/v1/log/consistency").then(|| json(200, &world.consistency(0, 0)))
    });
    machine.run(&format!("witness cosign --node {}", liar.url)).exits(1);
    machine.run("witness run --count 1 --node http://127.0.0.1:9").exits(2);
    assert_eq!((machine.read("witness.state.json"), machine.read("checkpoint.txt")), (state, signed));

    let stranger = World::past(2);
    machine.write("other.json", &stranger.genesis_bytes);
    let elsewhere = Node::honest(stranger);
    let run = machine.run(&format!("witness cosign --node {} --genesis other.json", elsewhere.url)).exits(1);
    run.says("remembers the log of another network");
    machine.run("witness new --name a+b -o x.json").exits(1).says("cannot be the name of a witness");
    machine.run("witness new --name port.example").exits(1).says("the file exists");
    machine.run("witness cosign --key bl.json").exits(1).says("is not the key file of a witness");
}
