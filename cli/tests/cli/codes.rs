//! Code lists: imported, shown, checked against, and put beside the editions that the members decided on.

use insta::assert_snapshot;
use sampan_proto::api::ProposalsView;
use sampan_proto::governance::{Change, State};
use sampan_proto::hash::Hash32;
use sampan_proto::ids::StatementId;

use crate::node::{Node, as_of, json, proposal};
use crate::sampan::Machine;
use crate::world::World;

const PLACES: [&str; 2] = [",\"CN\",\"NGB\",\"Ningbo\"\n", ",\"MY\",\"PKG\",\"Port Klang\"\n"];

fn with_lists() -> Machine {
    let machine = Machine::new();
    machine.write("part1.csv", PLACES[0]).write("part2.csv", PLACES[1]);
    machine.write("carriers.csv", "member,provider,code\nsampan-line,SMDG,SPL\n");
    machine.run("template bill-of-lading -o bl.json").exits(0);
    machine
}

#[test]
fn a_list_is_imported_shown_and_checked_against() {
    let machine = with_lists();
    let made = machine.run("codes import part1.csv part2.csv --edition 2023-2 --json").exits(0).json();
    assert_eq!((&made["list"], &made["edition"]), (&"locode".into(), &"2023-2".into()));
    machine.run("codes import part2.csv part1.csv --edition 2023-2 --out again.json").exits(0);
    assert_eq!(machine.read("again.json"), machine.read("locode.codes.json"));
    machine.run("codes import part1.csv --edition 2023-2").exits(1).says("the file exists");
    assert_snapshot!(machine.run("codes show locode.codes.json").exits(0));
    let checked = machine.run("check bl.json --codes locode.codes.json --json").exits(0).json();
    assert_eq!(checked["codes"][0]["sha256"], made["sha256"]);
    assert!(checked["findings"].as_array().expect("findings").iter().all(|f| f["rule"] != "L12"), "{checked}");
    machine.write("bl2.json", String::from_utf8(machine.read("bl.json")).expect("UTF-8").replace("CNNGB", "CNNGX"));
    assert_snapshot!(machine.run("check bl2.json --codes locode.codes.json").exits(0));
}

#[test]
fn what_is_compiled_in_is_shown_without_a_file() {
    let run = Machine::new().run("codes show --json").exits(0).json();
    let lists: Vec<_> = run.as_array().expect("lists").iter().map(|list| list["list"].clone()).collect();
    assert_eq!(lists, ["country", "currency", "package", "unit"]);
}

#[test]
fn what_is_no_list_is_refused_and_named() {
    let machine = with_lists();
    machine.write("x.csv", "nothing,to,see\n");
    machine.run("codes import x.csv --edition 1").exits(1).says("`x.csv` does not show which list it is of");
    machine
        .run("codes import part1.csv carriers.csv --edition 1")
        .exits(1)
        .says("`carriers.csv` is of the list `carriers`");
    machine.run("codes import x.csv --list hs --edition 1").exits(1).says("no column `hscode`");
    machine.run("codes import part1.csv --list places --edition 1").exits(1).says("locode");
    machine.run("codes import part1.csv --edition 2023-2").exits(0);
    let text = String::from_utf8(machine.read("locode.codes.json")).expect("UTF-8");
    machine.write("changed.json", text.replace("CNNGB", "CNNGC"));
    machine
        .run("check bl.json --codes changed.json")
        .exits(1)
        .says("at $.sha256")
        .says("`changed.json` is not a code list");
    machine.write("second.json", text);
    machine.run("check bl.json --codes second.json --codes locode.codes.json").exits(1).says("a second list `locode`");
}

#[test]
fn an_issuer_who_does_not_speak_for_the_carrier_is_warned_of() {
    let machine = with_lists();
    machine.run("codes import carriers.csv --edition 1").exits(0);
    let check = |issuer: &str| {
        let line = format!("check bl.json --codes carriers.codes.json --issuer {issuer} --json");
        let findings = machine.run(&line).exits(0).json()["findings"].clone();
        findings.as_array().expect("findings").iter().any(|finding| finding["rule"] == "L16")
    };
    assert!(!check("sampan-line") && check("other-line"));
}

/// A node on which this edition was decided.
fn deciding(sha256: Hash32) -> Node {
    let edition =
        Change::Edition { list: "locode".parse().expect("a note"), edition: "2024-1".parse().expect("a note"), sha256 };
    Node::with(World::live(), move |request, world| {
        let proposal = proposal(world, StatementId(Hash32([7; 32])), edition.clone(), State::Enacted);
        let view = ProposalsView { proposals: vec![proposal], as_of: as_of(world) };
        request.path.starts_with("/v1/proposals").then(|| json(200, &view))
    })
}

#[test]
fn an_edition_that_is_not_in_force_is_warned_of() {
    let machine = with_lists();
    let made = machine.run("codes import part1.csv part2.csv --edition 2023-2 --json").exits(0).json();
    let other = deciding(Hash32([9; 32]));
    let line = format!("check bl.json --codes locode.codes.json --node {}", other.url);
    machine.run(&line).exits(0).says("edition 2024-1 is in force").says("at hand is edition 2023-2");
    let same = deciding(made["sha256"].as_str().expect("text").parse().expect("a digest"));
    let line = format!("check bl.json --codes locode.codes.json --node {}", same.url);
    assert!(!machine.run(&line).exits(0).stderr.contains("in force"));
    let shown = machine.run(&format!("codes show locode.codes.json --node {}", same.url)).exits(0);
    shown.says("in force, as the node tells");
    // Without the node it is checked all the same.
    let nobody = "check bl.json --codes locode.codes.json --node http://127.0.0.1:9";
    machine.run(nobody).exits(0).says("which editions are in force is not known");
}

#[test]
fn an_edition_is_proposed_by_its_file() {
    let machine = with_lists();
    machine.run("codes import part1.csv part2.csv --edition 2023-2").exits(0);
    machine.run("gov propose edition").exits(1).says("--list-file");
    machine.run("gov propose edition --list-file locode.codes.json --edition 2").exits(1);
    machine.run("gov propose edition --list-file part1.csv").exits(1).says("is not a code list");
}
