//! With a node: what it says is checked, what it refuses is explained, what it fakes is found out.

use std::sync::atomic::{AtomicU32, Ordering};

use insta::assert_snapshot;
use sampan_proto::api::{MembersView, Problem, StatementStatus, Submission};
use sampan_proto::ids::RecordId;
use sampan_proto::member::Standing;
use sampan_proto::proof::Bundle;
use sampan_proto::reject::{Code, Reject};

use crate::node::{Node, Request, Response, as_of, json, problem, refuse};
use crate::sampan::{Machine, Run};
use crate::world::{BUYER, CARRIER, SHIPPER, World};

/// A machine that knows the node, the genesis and the members' keys.
fn machine(node: &Node) -> Machine {
    let machine = bare(node);
    let world = node.world.lock().expect("world");
    machine.write("config/sampan/cli.toml", format!("node = \"{}\"\ngenesis = \"genesis.json\"", node.url));
    machine.write("config/sampan/genesis.json", &world.genesis_bytes);
    machine
}

/// The same without settings.
fn bare(node: &Node) -> Machine {
    let machine = Machine::new();
    let world = node.world.lock().expect("world");
    for member in [CARRIER, SHIPPER, BUYER] {
        machine.write_private(&format!("{member}.key.json"), &world.key(member));
    }
    machine.run("template bill-of-lading -o bl.json").exits(0);
    machine
}

const ISSUE: &str = "issue bl.json --to ningbo-pumps --key pearl-line.key.json";

fn id(run: &Run, field: &str) -> String {
    run.json()[field].as_str().expect(field).to_owned()
}

fn issued(machine: &Machine) -> RecordId {
    id(&machine.run(&format!("{ISSUE} --json")).exits(0), "record").parse().expect("id")
}

#[test]
fn a_bill_travels_from_carrier_to_carrier() {
    let node = Node::honest(World::live());
    let machine = machine(&node);
    let run = machine.run(ISSUE).exits(0);
    run.says("final issue of SMDG:SPL:SPLNGB2611047 by `pearl-line` to `ningbo-pumps`");
    machine.run("verify SPLNGB2611047.bundle.json --max-age 5m").exits(0).says("the document is not disclosed");
    let run =
        machine.run("transfer SPLNGB2611047.bundle.json --to klang-water --key ningbo-pumps.key.json --json").exits(0);
    assert_eq!((&run.json()["state"], &run.json()["executed"]["seq"]), (&"final".into(), &2.into()));
    let record = id(&run, "record");
    machine.run(&format!("status {record}")).exits(0).says("✓ issued, held by `klang-water`, seq 2");
    machine.run(&format!("show {record}")).exits(0).says("klang-water  Klang Water Supplies Sdn. Bhd., MY");
    machine.run(&format!("watch {record} --until 2")).exits(0).says("held by `klang-water`");
    machine.run(&format!("surrender {record} --key klang-water.key.json --bundle end.json")).exits(0);
    machine.run("trace end.json").exits(0).says("klang-water → pearl-line");
    let accept = format!("title accept-surrender {record} --key pearl-line.key.json --bundle -");
    machine.run(&accept).exits(0).says("accept-surrender by `pearl-line`");
    machine.run(&format!("trace {record}")).exits(0).says("ningbo-pumps → klang-water");
    let run = machine.run(&format!("watch {record} --until ended --json")).exits(0);
    assert_eq!(run.json()["record"]["status"], "surrendered-for-delivery");
    let statement = id(&machine.run("trace end.json --json"), "id");
    assert_eq!(statement, record);
}

#[test]
fn receipts_and_bundles_are_checked_before_they_are_handed_over() {
    let node = Node::honest(World::live());
    let machine = machine(&node);
    let run = machine.run(&format!("{ISSUE} --bundle - --json")).exits(0);
    assert!(!machine.has("SPLNGB2611047.bundle.json"));
    let (record, statement) = (id(&run, "record"), id(&run, "statement"));
    machine.run(&format!("receipt {statement} -o r.json")).exits(0).says("signed issue to `ningbo-pumps`");
    machine.run("verify r.json").exits(0).says("inclusion");
    let printed = machine.run(&format!("receipt {statement}")).exits(0);
    assert!(Bundle::from_json(printed.stdout.as_bytes()).is_ok());
    machine.run(&format!("bundle {record} --with-body -o b.json")).exits(1).says("not_disclosed");
    machine
        .run(&format!("bundle {record} --with-body -o b.json --key ningbo-pumps.key.json"))
        .exits(0)
        .says("holds the document");
    machine.run("verify b.json").exits(0).says("as committed and as claimed");
    machine.run(&format!("{ISSUE} --with-body --bundle own.json")).exits(1);
    let absent = "0".repeat(64);
    machine.run(&format!("receipt {absent}")).exits(1).says("not_found");
    machine.run(&format!("status {absent}")).exits(1).says("proven: there is no record 00000000");
    machine.run(&format!("show {absent}")).exits(1).says("there is no record");
    machine.run(&format!("trace {absent}")).exits(1).says("there is no record");
}

#[test]
fn the_issuer_may_keep_the_document_in_the_bundle() {
    let node = Node::honest(World::live());
    let machine = machine(&node);
    machine.run(&format!("{ISSUE} --with-body --bundle own.json")).exits(0).says("holds the document itself");
    machine.run("verify own.json").exits(0).says("as committed and as claimed");
}

#[test]
fn a_file_that_holds_the_document_is_for_its_owner_to_read() {
    let node = Node::honest(World::live());
    let machine = machine(&node);
    machine.run(&format!("{ISSUE} --bundle plain.json")).exits(0);
    assert!(!machine.is_private("plain.json"), "there is nothing to hide in it");
    let bill = String::from_utf8(machine.read("bl.json")).expect("UTF-8");
    machine.write("bl.json", bill.replace("SPLNGB2611047", "SPLNGB2611048"));
    machine.run(&format!("{ISSUE} --with-body --bundle own.json")).exits(0);
    machine.run("prove original own.json -o copy.json").exits(0).says("`copy.json` holds the document itself");
    assert!(machine.is_private("own.json") && machine.is_private("copy.json"));
}

/// A node on a small disk has the state and no past: what became final there is done all the same.
#[test]
fn what_is_final_stays_so_on_a_node_that_holds_no_past() {
    let node = Node::with(World::past(1), |request, _| {
        request.path.ends_with("/bundle").then(|| refuse(Code::HistoryNotHeld, "older than the oldest block here"))
    });
    let machine = machine(&node);
    let run = machine.run(&format!("{ISSUE} --with-body --bundle own.json --json")).exits(0);
    run.says("history_not_held: older than the oldest block here").says("`own.json` holds its receipt");
    machine.run("verify own.json").exits(0).says("inclusion").says("as committed and as claimed");
    assert!(machine.is_private("own.json"));
    let record = id(&run, "record");
    let transfer = format!("transfer {record} --to klang-water --key ningbo-pumps.key.json --json");
    let file = id(&machine.run(&transfer).exits(0), "file");
    let receipt = Bundle::from_json(&machine.read(&file)).expect("a bundle");
    assert!(file.ends_with(".receipt.json") && receipt.receipt.is_some() && receipt.status.is_none(), "{file}");
    machine.run(&format!("verify {file}")).exits(0).says("signed transfer to `klang-water`");

    let shown = machine.run(&format!("show {record}")).exits(0);
    shown.says("does not hold the record's past").says("klang-water");
    assert_eq!(machine.run(&format!("show {record} --json")).exits(0).json()["complete"], false);
    machine.run(&format!("prove unpledged {record}")).exits(0).says("secures no loan");
    machine.run(&format!("prove pledge {record}")).exits(1).says("the bill is not pledged");
    machine.run(&format!("bundle {record} -o b.json")).exits(1).says("history_not_held");
}

#[test]
fn a_lie_about_the_record_does_not_take_the_receipt_away() {
    let node = Node::with(World::past(1), |request, world| {
        let elsewhere = RecordId(sampan_proto::hash::Hash32([7; 32]));
        request.path.ends_with("/bundle").then(|| json(200, &world.status(&elsewhere)))
    });
    let machine = machine(&node);
    let run = machine.run(ISSUE).exits(3);
    run.says("about something else than what was asked").says("`SPLNGB2611047.receipt.json` holds its receipt");
    machine.run("verify SPLNGB2611047.receipt.json").exits(0).says("signed issue to `ningbo-pumps`");
}

#[test]
fn a_node_that_says_not_now_is_asked_again() {
    let asked = AtomicU32::new(0);
    // Each of the three that follow on the statement is put off once.
    let node = Node::with(World::past(1), move |request, _| {
        let routes = ["/v1/statements/", "/v1/receipts/", "/v1/records/"];
        let turn = asked.load(Ordering::Relaxed);
        let next = routes.get(turn as usize).filter(|route| request.path.starts_with(**route))?;
        asked.fetch_add(1, Ordering::Relaxed);
        let code = if next.contains("receipts") { Code::NotReady } else { Code::TooManyRequests };
        Some(refuse(code, "more than 200 a second"))
    });
    let machine = machine(&node);
    machine.run(ISSUE).exits(0).says("final issue");
    assert!(machine.has("SPLNGB2611047.bundle.json"));
}

#[test]
fn a_remark_is_read_by_its_reader_alone() {
    let node = Node::honest(World::live());
    let machine = machine(&node);
    let record = issued(&machine);
    let key = format!("--key {SHIPPER}.key.json --bundle -");
    let words = "pay by 30 November";
    let sealed = format!("title remark {record} --remark-for {BUYER} {key} --text");
    let args: Vec<&str> = sealed.split_whitespace().chain([words]).collect();
    machine.run_args(&args, &[]).exits(0);
    machine
        .run(&format!("show {record} --key {BUYER}.key.json"))
        .exits(0)
        .says("#2 by ningbo-pumps: pay by 30 November");
    for other in ["", &format!("--key {CARRIER}.key.json"), &format!("--key {SHIPPER}.key.json")] {
        let shown = machine.run(&format!("show {record} {other}")).exits(0);
        shown.says("#2 by ningbo-pumps: sealed to another reader");
        assert!(!shown.stdout.contains(words), "{shown}");
    }
    machine.write("note.txt", "kept elsewhere");
    machine.run(&format!("title remark {record} --remark-hash note.txt {key}")).exits(0);
    let shown = machine.run(&format!("show {record} --key {BUYER}.key.json --json")).exits(0).json();
    assert_eq!(shown["remarks"][0]["text"], words);
    assert!(shown["remarks"][1]["left"]["sha256"].is_string() && shown["remarks"][1]["text"].is_null(), "{shown}");
    for bad in [format!("title remark {record} {key}"), format!("title remark {record} {key} --remark-for {BUYER}")] {
        machine.run(&bad).exits(1);
    }
    let long = "x".repeat(73);
    let args: Vec<&str> = sealed.split_whitespace().chain([long.as_str()]).collect();
    machine.run_args(&args, &[]).exits(1).says("1 to 72 bytes");
}

/// A node that goes on showing an old entry would have remarks sealed to a key that was given up since.
#[test]
fn a_remark_is_not_sealed_to_a_key_of_long_ago() {
    let node = Node::honest(World::past(1));
    let machine = machine(&node);
    let record = issued(&machine);
    let remark =
        format!("title remark {record} --remark-for {BUYER} --key {SHIPPER}.key.json --sign-only r.json --text x");
    machine.run(&remark).exits(3).says("at most 310 s asked for");
    assert!(!machine.has("r.json"));
}

#[test]
fn a_number_issued_twice_is_refused_with_proof() {
    let node = Node::honest(World::past(1));
    let machine = machine(&node);
    let record = issued(&machine);
    let run = machine.run(&format!("{ISSUE} --bundle why.json")).exits(1);
    let (short, full) = (record.0.short(), record.to_string());
    assert_snapshot!(run.with(&[(&full, "RECORD-ID"), (&short, "RECORD")]));
    machine.run("verify why.json").exits(0).says("this number of `pearl-line` is record");
    let json = machine.run(&format!("{ISSUE} --json")).exits(1).json();
    assert_eq!(json["error"]["code"], "reference_already_issued");
    assert!(json["error"]["proven"][0].as_str().expect("fact").contains(&full));
}

#[test]
fn the_loser_of_a_race_learns_who_holds_the_bill() {
    let node = Node::honest(World::past(1));
    let machine = machine(&node);
    let record = issued(&machine);
    machine.run(&format!("transfer {record} --to klang-water --key ningbo-pumps.key.json")).exits(0);
    let run = machine.run(&format!("transfer {record} --to cn-customs --seq 1 --key ningbo-pumps.key.json")).exits(1);
    run.says("wrong_seq")
        .says("proven: record")
        .says("held by `klang-water`, seq 2")
        .says("hint: fetch the record's newest state");
}

#[test]
fn signed_files_are_sent_once_whatever_is_repeated() {
    let node = Node::honest(World::past(1));
    let machine = machine(&node);
    machine.run(&format!("{ISSUE} --sign-only s.json")).exits(0);
    machine.run("submit s.json --no-wait").exits(0).says("accepted, not final");
    machine.run("submit s.json").exits(0).says("final");
    machine.write("junk.json", "{}");
    let run = machine.run("submit s.json junk.json --json").exits(1);
    assert_eq!(run.json()[0]["state"], "final");
    assert_eq!(run.json()[1]["error"]["code"], "json_missing_field");
    machine.write("other.json", World::past(2).genesis_bytes);
    machine.run("submit s.json --genesis other.json").exits(1).says("wrong_chain");
}

#[test]
fn a_statement_that_the_node_forgot_is_sent_again() {
    let asked = AtomicU32::new(0);
    let node = Node::with(World::past(1), move |request, _| {
        let forgets = request.path.starts_with("/v1/statements/") && asked.fetch_add(1, Ordering::Relaxed) == 0;
        forgets.then(|| json(200, &StatementStatus::Unknown))
    });
    machine(&node).run(ISSUE).exits(0).says("final issue");
}

#[test]
fn a_statement_that_lost_says_to_what() {
    let node = Node::with(World::past(1), |request, world| {
        let lost = request.path.starts_with("/v1/statements/").then(|| {
            let reject = Reject::new(Code::Superseded, "$", "another transfer came first");
            let asked = Bundle::new(world.genesis.chain, world.head.0.clone(), world.head.1.clone());
            Problem { proof: Some(Box::new(asked)), ..reject.into() }
        })?;
        Some(json(200, &StatementStatus::Dropped { problem: Box::new(lost) }))
    });
    let run = machine(&node).run(ISSUE).exits(1);
    run.says("dropped later: superseded").says("another transfer came first").says("about something else");
}

#[test]
fn a_record_is_watched_from_before_it_exists() {
    let node = Node::honest(World::past(1));
    let machine = machine(&node);
    machine.run(&format!("{ISSUE} --sign-only s.json")).exits(0);
    let submission: Submission = serde_json::from_slice(&machine.read("s.json")).expect("a submission");
    let record = machine.run("submit s.json --json").exits(0).json()["record"].as_str().expect("record").to_owned();
    *node.world.lock().expect("world") = World::past(1);
    let world = std::sync::Arc::clone(&node.world);
    let later = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(700));
        world.lock().expect("world").submit(submission).expect("executed");
    });
    let run = machine.run(&format!("watch {record} --until final")).exits(0);
    later.join().expect("submitted");
    run.says("there is no record").says("issued, held by `ningbo-pumps`");
}

#[test]
fn a_busy_node_does_not_end_a_watch() {
    let asked = AtomicU32::new(0);
    // The first look is put off, and so is one in the middle.
    let node = Node::with(World::past(1), move |request, _| {
        let turn = request.path.ends_with("/status").then(|| asked.fetch_add(1, Ordering::Relaxed))?;
        (turn % 2 == 0).then(|| refuse(Code::TooManyRequests, "more than 200 a second"))
    });
    let machine = machine(&node);
    let record = issued(&machine);
    let transfer = format!("transfer {record} --to klang-water --seq 1 --key ningbo-pumps.key.json --sign-only t.json");
    machine.run(&transfer).exits(0);
    let submission: Submission = serde_json::from_slice(&machine.read("t.json")).expect("a submission");
    let world = std::sync::Arc::clone(&node.world);
    let later = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(2_500));
        world.lock().expect("world").submit(submission).expect("executed");
    });
    let run = machine.run(&format!("watch {record} --until 2")).exits(0);
    later.join().expect("submitted");
    run.says("too_many_requests; asking again").says("held by `klang-water`, seq 2");
}

#[test]
fn a_problem_is_told_in_full() {
    let node = Node::with(World::past(1), |request: &Request, _: &World| {
        let reject = Reject::new(Code::WrongRole, "$.member", "`pearl-line` has not the role carrier");
        (request.path == "/v1/statements").then(|| problem(&Problem::from(reject)))
    });
    let machine = machine(&node);
    assert_snapshot!(machine.run(ISSUE).exits(1));
    assert_snapshot!(machine.run(&format!("{ISSUE} --json")).exits(1));
}

#[test]
fn a_false_proof_is_found_out() {
    let twist = |request: &Request, world: &World| -> Option<Response> {
        if request.path != "/v1/statements" {
            return None;
        }
        let mut proof = world.status(&RecordId(world.genesis.chain.0));
        proof.head.header.0.time_ms += 1;
        let reject = Reject::new(Code::ReferenceAlreadyIssued, "$.action.issue.reference", "issued before");
        Some(problem(&Problem { proof: Some(Box::new(proof)), ..reject.into() }))
    };
    let node = Node::with(World::past(1), twist);
    machine(&node).run(ISSUE).exits(3).says("the proof it gives as the reason fails");
}

#[test]
fn a_valid_proof_of_something_else_is_no_answer() {
    let elsewhere = RecordId(sampan_proto::hash::Hash32([7; 32]));
    let node = Node::with(World::past(1), move |request, world| {
        request.path.ends_with("/status").then(|| json(200, &world.status(&elsewhere)))
    });
    let asked = "0".repeat(64);
    machine(&node).run(&format!("status {asked} --max-age 3650d")).exits(3).says("about something else");
}

#[test]
fn a_proof_that_leaves_out_the_point_is_no_answer() {
    let node = Node::with(World::past(1), |request, world| {
        let bundle = Bundle::new(world.genesis.chain, world.head.0.clone(), world.head.1.clone());
        request.path.contains("/records/").then(|| json(200, &bundle))
    });
    let machine = machine(&node);
    let asked = "0".repeat(64);
    for command in ["status", "show", "bundle"] {
        machine.run(&format!("{command} {asked}")).exits(3);
    }
    machine.run(&format!("trace {asked}")).exits(1);
}

#[test]
fn an_old_state_is_not_fresh() {
    let node = Node::honest(World::past(1));
    let machine = machine(&node);
    let record = issued(&machine);
    machine.run(&format!("status {record}")).exits(3).says("at most 300 s asked for");
    machine.run(&format!("status {record} --max-age 3650d")).exits(0);
}

#[test]
fn the_anchor_of_a_node_is_pinned_on_first_use() {
    let node = Node::honest(World::past(1));
    let machine = bare(&node);
    let chain = node.world.lock().expect("world").genesis.chain;
    let run = machine.run(&format!("network --node {}", node.url)).exits(0);
    let port = node.url.rsplit(':').next().expect("port");
    assert_snapshot!(run.with(&[(&chain.to_string(), "CHAIN"), (port, "PORT")]));
    let again = machine.run(&format!("network --node {} --json", node.url)).exits(0);
    assert_eq!(again.stderr, "");
    assert_eq!(again.json()["members"][0]["founding"], true);
    // The same address with another network behind it: the pin holds.
    *node.world.lock().expect("world") = World::past(2);
    machine.run(&format!("network --node {}", node.url)).exits(3).says("pinned on first use");
}

/// What stands in the genesis was so once: of a member whose key has changed since, it proves nothing.
#[test]
fn a_founding_entry_is_not_called_proven() {
    let node = Node::with(World::past(1), |request: &Request, world: &World| {
        let as_of = as_of(world);
        let told = MembersView { members: world.genesis.members.clone(), as_of };
        if request.path == "/v1/members" {
            return Some(json(200, &told));
        }
        // As a node answers: with those who acted.
        let id = request.path.strip_prefix("/v1/records/")?.strip_suffix("/bundle")?.parse().ok()?;
        let mut bundle = world.record(&id);
        bundle.members.retain(|part| part.member.0.id.as_str() == CARRIER);
        Some(json(200, &bundle))
    });
    let machine = machine(&node);
    let record = issued(&machine);
    {
        let mut world = node.world.lock().expect("world");
        world.rotate(SHIPPER);
        world.amend(CARRIER, |member| member.standing = Standing::Suspended);
    }
    let listed = machine.run("network --json").exits(0).json()["members"].clone();
    let shipper = listed.as_array().expect("members").iter().find(|member| member["id"] == SHIPPER).expect("listed");
    assert!(shipper["founding"] == true && shipper.get("proven").is_none(), "{shipper}");
    let run = machine.run("network").exits(0);
    run.says("the members are what the node says");
    assert!(!run.stdout.contains(&format!("✓  {SHIPPER}")), "{run}");

    let shown = machine.run(&format!("show {record} --json")).exits(0).json();
    let ids = |list: &str| shown[list].as_array().expect(list).iter().map(|m| m["id"].clone()).collect::<Vec<_>>();
    assert_eq!((ids("members"), ids("founding")), (vec![CARRIER.into()], vec![SHIPPER.into()]));
    let run = machine.run(&format!("show {record}")).exits(0);
    run.says("Ningbo Haishu Pump Works Co., Ltd., CN (as founded)").says("Sampan Pearl Line, CN, suspended");
}

/// Whoever looked at a network once has not made it the one whose proofs he takes.
#[test]
fn a_network_that_was_only_looked_at_vouches_for_nothing_by_itself() {
    let (ours, theirs) = (Node::honest(World::past(1)), Node::honest(World::past(2)));
    let machine = bare(&theirs);
    let (chain, genesis) = {
        let world = theirs.world.lock().expect("world");
        (world.genesis.chain.to_string(), world.genesis_bytes.clone())
    };
    machine.write("theirs.json", genesis);
    machine.run(&format!("network --node {}", ours.url)).exits(0);
    machine.run(&format!("{ISSUE} --bundle x.json --node {}", theirs.url)).exits(0);
    for command in ["verify x.json", "trace x.json", "prove original x.json"] {
        let run = machine.run(&format!("{command} --node {}", ours.url)).exits(3);
        run.says("the proof is of network").says("`--genesis FILE`").says("`--node URL`");
        let run = machine.run(command).exits(0);
        assert!(run.stderr.contains("`harbour-2` was pinned on first use") && run.stderr.contains(&chain), "{run}");
        for named in [format!("--node {}", theirs.url), format!("--node {} --genesis theirs.json", ours.url)] {
            assert_eq!(machine.run(&format!("{command} {named}")).exits(0).stderr, "");
        }
    }
    machine.run(&format!("verify x.json --node {}", theirs.url)).says(&format!("network `harbour-2`, chain {chain}"));
    // A node that was never asked is asked now; one that cannot be says nothing of what is meant.
    let other = bare(&theirs);
    other.run(&format!("network --node {}", theirs.url)).exits(0);
    other.write("x.json", machine.read("x.json"));
    other.run("verify x.json --node http://127.0.0.1:9").exits(0).says("was pinned on first use");
    other.run(&format!("verify x.json --node {}", ours.url)).exits(3).says("the proof is of network");
}

#[test]
fn a_node_that_cannot_be_reached_is_exit_2_and_loses_nothing() {
    let node = Node::honest(World::past(1));
    let machine = machine(&node);
    let dead = "http://127.0.0.1:9";
    machine.run(&format!("{ISSUE} --node {dead}")).exits(2).says("cannot ask the node").says("sampan submit");
    let files = std::fs::read_dir(machine.path("")).expect("list");
    let kept =
        files.filter_map(|file| file.ok()?.file_name().into_string().ok()).find(|name| name.ends_with(".signed.json"));
    let kept = kept.expect("the signed statement was kept");
    let submission: Submission = serde_json::from_slice(&machine.read(&kept)).expect("a submission");
    assert!(submission.body.is_some());
    machine.run(&format!("submit {kept}")).exits(0).says("final");
}

#[test]
fn what_is_no_node_is_told() {
    let node = Node::with(World::past(1), |_, _| Some((200, "text/html", b"<html>\x1b[2J".to_vec())));
    let run = machine(&node).run("network").exits(2);
    run.says("does not answer like a Sampan node");
    assert!(!run.stderr.contains('\u{1b}'), "{run}");
}
