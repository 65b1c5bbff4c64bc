mod trust;

use std::sync::Arc;

use sampan_proto::body::Body;
use sampan_proto::hash::Hash32;
use sampan_proto::proof::{Ladder, Outcome, Policy, Verdict, verify};
use sampan_proto::statement::{Action, Nonce};
use sampan_proto::title::TitleAct;

use super::*;
use crate::core::Document;
use crate::store::fixture::World;

/// A bill of lading that was issued, transferred twice and surrendered, one block each, and a second bill.
struct Journey {
    world: World,
    acts: Vec<Arc<Document>>,
    record: RecordId,
    other: Arc<Document>,
}

fn journey() -> Journey {
    let mut world = World::new();
    let (issue, other) = (world.bill(1, "ningbo-tools"), world.bill(2, "harbour-bank"));
    let record = Record::id_of(issue.statement().id());
    let acts = vec![
        Arc::clone(&issue),
        world.network.transfer("ningbo-tools", record, 1, "harbour-bank"),
        world.network.transfer("harbour-bank", record, 2, "klang-import"),
        world.network.surrender("klang-import", record, 3, "sampan-line"),
    ];
    world.decide(&[issue, Arc::clone(&other)]);
    for act in &acts[1..] {
        world.decide(&[Arc::clone(act)]);
    }
    Journey { world, acts, record, other }
}

fn member(id: &str) -> MemberId {
    id.parse().expect("id")
}

/// Checks a bundle as its reader does: from the file, by the genesis alone.
fn ladder(world: &World, bundle: &Bundle) -> Ladder {
    let file = serde_json::to_vec(bundle).expect("json");
    let read = Bundle::from_json(&file).expect("a bundle file");
    assert_eq!(read, *bundle);
    verify(&read, &world.network.genesis, &Policy::default())
}

/// The bundle is valid, and each rung named is: a rung that was skipped proves nothing.
fn assert_proves(world: &World, bundle: &Bundle, rungs: &[&str]) {
    let ladder = ladder(world, bundle);
    assert_eq!(ladder.outcome(), Outcome::Valid, "{ladder:#?}");
    for rung in ["header", "certificate"].iter().chain(rungs) {
        assert_eq!(ladder.verdict(rung), Some(Verdict::Valid), "{rung}: {ladder:#?}");
    }
}

#[test]
fn nothing_is_proven_before_the_first_block() {
    let world = World::new();
    let reader = world.store.reader();
    let (record, statement) = (RecordId(Hash32::ZERO), StatementId(Hash32::ZERO));
    let key = ReferenceKey(Hash32::ZERO);
    assert!(reader.receipt(&statement).expect("read").is_none());
    assert!(reader.status(&record).expect("read").is_none());
    assert!(reader.record_bundle(&record, true).expect("read").is_none());
    assert!(reader.reference(&member("sampan-line"), &key).expect("read").is_none());
    assert!(reader.member(&member("sampan-line")).expect("read").is_none());
}

#[test]
fn every_act_has_a_receipt_under_the_newest_head() {
    let Journey { world, acts, .. } = journey();
    let reader = world.store.reader();
    for act in &acts {
        let bundle = reader.receipt(&act.statement().id()).expect("read").expect("executed");
        assert_eq!(bundle.head.header.0.height.0, 4);
        assert_proves(&world, &bundle, &["inclusion", "statement", "members"]);
    }
    assert!(reader.receipt(&StatementId(Hash32::ZERO)).expect("read").is_none());
}

#[test]
fn a_receipt_holds_in_a_log_of_many_tiles() {
    let mut world = World::new();
    let issue = world.bill(1, "ningbo-tools");
    world.decide(&[Arc::clone(&issue)]);
    let many = world.many(0..300);
    world.decide(&many);
    let reader = world.store.reader();
    for document in [&issue, &many[0], &many[253], &many[254], &many[299]] {
        let bundle = reader.receipt(&document.statement().id()).expect("read").expect("executed");
        assert_proves(&world, &bundle, &["inclusion", "statement"]);
    }
}

#[test]
fn a_status_proves_presence_and_absence() {
    let Journey { world, record, other, .. } = journey();
    let reader = world.store.reader();
    for id in [record, Record::id_of(other.statement().id())] {
        let bundle = reader.status(&id).expect("read").expect("a head");
        assert!(bundle.status.as_ref().is_some_and(|status| status.record.is_some()));
        assert_proves(&world, &bundle, &["status"]);
    }
    let absent = reader.status(&RecordId(Hash32::ZERO)).expect("read").expect("a head");
    assert!(absent.status.as_ref().is_some_and(|status| status.record.is_none()));
    assert_proves(&world, &absent, &["status"]);
}

#[test]
fn a_record_bundle_shows_the_whole_story() {
    let Journey { world, acts, record, .. } = journey();
    let reader = world.store.reader();
    let bundle = reader.record_bundle(&record, false).expect("read").expect("a head");
    assert_eq!(bundle.history.len(), acts.len());
    assert_eq!(bundle.body, None);
    assert_proves(&world, &bundle, &["status", "history", "reference", "members"]);
    assert_eq!(ladder(&world, &bundle).verdict("body"), Some(Verdict::Skipped));

    let disclosed = reader.record_bundle(&record, true).expect("read").expect("a head");
    let body = disclosed.body.as_ref().map(|body| &body.0.0);
    assert_eq!(body, acts[0].body());
    assert_proves(&world, &disclosed, &["status", "history", "reference", "members", "body"]);
}

#[test]
fn the_bundle_of_an_absent_record_proves_only_that() {
    let Journey { world, .. } = journey();
    let bundle = world.store.reader().record_bundle(&RecordId(Hash32::ZERO), true).expect("read").expect("a head");
    assert!(bundle.history.is_empty() && bundle.members.is_empty() && bundle.reference.is_none());
    assert_proves(&world, &bundle, &["status"]);
}

#[test]
fn a_reference_proves_what_became_of_a_number() {
    let Journey { world, acts, record, .. } = journey();
    let reader = world.store.reader();
    let Action::Issue(issue) = &acts[0].statement().statement().action else { panic!("an issue") };
    let taken = reader.reference(&member("sampan-line"), &issue.reference).expect("read").expect("a head");
    assert_eq!(taken.reference.as_ref().and_then(|part| part.record), Some(record));
    assert_proves(&world, &taken, &["reference"]);
    // The same number under another issuer was never issued.
    let free = reader.reference(&member("ccpit-ningbo"), &issue.reference).expect("read").expect("a head");
    assert_eq!(free.reference.as_ref().and_then(|part| part.record), None);
    assert_proves(&world, &free, &["reference"]);
}

#[test]
fn every_member_is_proven_and_a_stranger_is_not() {
    let Journey { world, .. } = journey();
    let reader = world.store.reader();
    for known in reader.members().expect("read") {
        let bundle = reader.member(&known.id).expect("read").expect("a member");
        assert_eq!(bundle.members[0].member.0, *known);
        assert_proves(&world, &bundle, &["members"]);
    }
    assert!(reader.member(&member("nobody-known")).expect("read").is_none());
}

#[test]
fn bundles_stand_on_the_reader_s_snapshot() {
    let mut world = World::new();
    let issue = world.bill(1, "ningbo-tools");
    let record = Record::id_of(issue.statement().id());
    world.decide(&[issue]);
    let store = world.store.clone();
    let before = store.reader();
    let transfer = world.network.transfer("ningbo-tools", record, 1, "harbour-bank");
    world.decide(&[Arc::clone(&transfer)]);
    let old = before.record_bundle(&record, true).expect("read").expect("a head");
    assert_eq!((old.head.header.0.height.0, old.history.len()), (1, 1));
    assert_proves(&world, &old, &["status", "history", "reference", "body"]);
    assert!(before.receipt(&transfer.statement().id()).expect("read").is_none());
}

#[test]
fn a_second_issuer_of_the_same_document_does_not_take_the_first_one_s_body() {
    let mut world = World::new();
    let mut bodies: Vec<(RecordId, Body)> = Vec::new();
    for (issuer, to) in [("ccpit-ningbo", "ningbo-tools"), ("moit-hanoi", "klang-import")] {
        let issue = world.network.issue_form_e(issuer, "E2612345678900001", to);
        bodies.push((Record::id_of(issue.statement().id()), issue.body().expect("a body").clone()));
        world.decide(&[issue]);
    }
    assert_eq!(bodies[0].1.commitment(), bodies[1].1.commitment());
    assert_ne!(bodies[0].1.pepper, bodies[1].1.pepper);
    let reader = world.store.reader();
    for (record, body) in &bodies {
        assert_eq!(reader.record_body(record).expect("read").as_ref(), Some(body));
        let bundle = reader.record_bundle(record, true).expect("read").expect("a head");
        assert_proves(&world, &bundle, &["history", "body"]);
    }
}

/// Anybody who may leave a remark can make a history longer than a bundle holds; the document does not go with it.
#[test]
fn of_a_history_too_long_for_a_bundle_the_issue_stays_and_the_document() {
    let mut world = World::new();
    let issue = world.bill(1, "ningbo-tools");
    let record = Record::id_of(issue.statement().id());
    world.decide(&[issue]);
    let most = sampan_proto::limits::HISTORY_ENTRIES as u64;
    let remark =
        |seq| world.network.title("ningbo-tools", record, seq, TitleAct::ProveControl { challenge: Nonce([7; 16]) });
    let remarks: Vec<_> = (1..=most).map(remark).collect();
    let (last, others) = remarks.split_last().expect("remarks");
    world.decide(others);
    let bundle = world.store.reader().record_bundle(&record, true).expect("read").expect("a head");
    assert_eq!((bundle.history.len() as u64, bundle.receipt.is_none()), (most, true));
    assert_proves(&world, &bundle, &["status", "history", "reference", "body"]);
    world.decide(&[Arc::clone(last)]);
    let bundle = world.store.reader().record_bundle(&record, true).expect("read").expect("a head");
    assert!(bundle.history.is_empty());
    assert_proves(&world, &bundle, &["status", "inclusion", "statement", "reference", "members", "body"]);
}
