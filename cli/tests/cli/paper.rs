//! What is printed, scanned, archived and audited without a node.

use sampan_proto::archive::{End, Frame, MAGIC};
use sampan_proto::ids::{HeaderHash, Height};
use sampan_proto::proof::small::PREFIX;

use crate::offline::{machine, travelled};
use crate::world::World;

const G: &str = "--genesis genesis.json";

#[test]
fn a_code_on_paper_is_read_back_as_proof() {
    let mut world = World::live();
    let machine = machine(&world);
    let record = travelled(&machine, &mut world);
    let printed = machine.run(&format!("qr bl.bundle.json --svg bl.svg {G}")).exits(0);
    printed.says("issued, held by `klang-water`, seq 2");
    let text = printed.stdout.lines().last().expect("the text").to_owned();
    assert!(text.starts_with(PREFIX) && printed.stdout.contains('█'), "{}", printed.stdout);
    assert!(String::from_utf8(machine.read("bl.svg")).expect("text").contains("<svg"));
    assert_eq!(machine.run(&format!("qr bl.bundle.json --json {G}")).exits(0).json()["text"], text.as_str());

    let typed = machine.run_args(&["verify", &text, "--genesis", "genesis.json", "--json"], &[]);
    let answer = typed.exits(0).json();
    assert_eq!((&answer["outcome"], &answer["record"]["id"]), (&"VALID".into(), &record.to_string().into()));
    machine.write("scanned.txt", format!("{text}\n"));
    machine.run(&format!("verify scanned.txt {G}")).exits(0).says("held by `klang-water`").says("good until");

    let altered = text.replacen(&text[400..403], "000", 1);
    machine.write("altered.txt", altered);
    machine.run(&format!("verify altered.txt {G}")).exits(3);
    machine.write("short.txt", &text[..text.len() - 3]);
    machine.run(&format!("verify short.txt {G}")).exits(3).says("this is not a proof").says("scan the whole code");
    machine.write("other.json", &World::past(9).genesis_bytes);
    machine.run("verify scanned.txt --genesis other.json").exits(3).says("of another network or roster");
    machine.run("verify scanned.txt").exits(1).says("no anchor");
}

#[test]
fn an_old_code_is_as_old_as_it_says() {
    let mut world = World::past(1);
    let machine = machine(&world);
    travelled(&machine, &mut world);
    let printed = machine.run(&format!("qr bl.bundle.json {G}")).exits(0).stdout.clone();
    machine.write("old.txt", printed.lines().last().expect("the text"));
    machine.run(&format!("verify old.txt {G}")).exits(0).says("good for 3660 days from its time");
    machine.run(&format!("verify old.txt --max-age 1h {G}")).exits(3).says("at most 3600 s asked for");
}

#[test]
fn a_short_code_says_where_to_ask() {
    let mut world = World::live();
    let machine = machine(&world);
    let record = travelled(&machine, &mut world);
    let run = machine.run(&format!("qr bl.bundle.json --short --node https://node.example/ {G}"));
    let text = run.exits(0).stdout.lines().last().expect("the text").to_owned();
    assert!(text.starts_with(&format!("https://node.example/v1/records/{record}#body=")), "{text}");
    assert!(text.contains("&reference="), "{text}");
    machine.run(&format!("qr bl.bundle.json --short {G}")).exits(1).says("no node to ask");
}

#[test]
fn an_archive_is_audited_from_its_first_byte_to_its_last() {
    let world = World::past(1);
    let machine = machine(&world);
    let end = End { height: Height::GENESIS, block: HeaderHash(world.genesis.chain.0), bodies: 0 };
    let frames = [Frame::Genesis(world.genesis_bytes.clone()), Frame::End(end)];
    let bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.encode().expect("small")).collect();
    let bytes = [MAGIC, &bytes].concat();
    machine.write("chain.archive", &bytes);
    machine.run(&format!("audit chain.archive {G}")).exits(0).says("✓ holds").says("state");
    machine.run("audit chain.archive").exits(0).says("compare the chain id");
    let answer = machine.run(&format!("audit chain.archive --json {G}")).exits(0).json();
    assert_eq!((&answer["outcome"], &answer["height"]), (&"VALID".into(), &0.into()));

    machine.write("cut.archive", &bytes[..bytes.len() - 1]);
    machine.run(&format!("audit cut.archive {G}")).exits(3).says("the file is cut short, before byte");
    machine.write("behind.archive", [bytes.as_slice(), b"x"].concat());
    machine.run(&format!("audit behind.archive {G}")).exits(3).says("something after the end");
    let unfinished = bytes.len() - frames[1].encode().expect("small").len();
    machine.write("unfinished.archive", &bytes[..unfinished]);
    machine.run(&format!("audit unfinished.archive {G}")).exits(3).says("it has no end");
    machine.write("other.json", &World::past(9).genesis_bytes);
    machine.run("audit chain.archive --genesis other.json").exits(3).says("the archive is of network");
    machine.run(&format!("audit bl.json {G}")).exits(1).says("no archive").says("sampand export");
    machine.run(&format!("audit nothing.archive {G}")).exits(1).says("no such file");
}
