//! The past of a store that took a state over, filled in, and what a store drops that keeps no archive.

use std::collections::BTreeSet;

use sampan_proto::proof::{self, Policy};

use super::keep::erasure;
use super::snapshot::{joined, lived_in, rows};
use super::*;
use crate::store::{BadPast, Depth, Floor, Past};

/// What a node holds of its history.
const HISTORY: [Family; 8] = [
    Family::Headers,
    Family::Payloads,
    Family::Statements,
    Family::Bodies,
    Family::Erased,
    Family::Entries,
    Family::Placed,
    Family::Tiles,
];

fn past(of: &World, heights: std::ops::RangeInclusive<u64>) -> Vec<Past> {
    heights.map(|height| of.past(Height(height))).collect()
}

/// Of each statement that is placed.
fn assert_every_entry_is_there(store: &Store) {
    let reader = store.reader();
    for key in keys(store, Family::Placed) {
        let id = StatementId(Hash32(key.try_into().expect("an id")));
        let placed = reader.placed(&id).expect("read").expect("placed");
        assert!(reader.entry(placed.index).expect("read").is_some(), "entry {}", placed.index);
    }
}

fn fill_in(store: &Store, past: &[Past]) {
    store.fill_in(past).expect("written").expect("the past");
}

fn missing(store: &Store) -> Option<u64> {
    store.reader().missing().expect("read").map(|height| height.0)
}

fn assert_same_history(left: &Store, right: &Store) {
    for family in HISTORY {
        assert!(rows(left, family) == rows(right, family), "{}", family.name());
    }
    assert_eq!(left.reader().floor().expect("read"), right.reader().floor().expect("read"));
}

/// Blocks and log; the documents here are not of a kind that could be executed again.
fn assert_sound(world: &World) {
    world.store.reader().fsck(&world.network.genesis, Depth::Log, |_| ()).expect("sound");
}

fn assert_proven(world: &World, statement: &StatementId) {
    let bundle = world.store.reader().receipt(statement).expect("read").expect("executed");
    let ladder = proof::verify(&bundle, &world.network.genesis, &Policy::default());
    assert_eq!(ladder.outcome(), proof::Outcome::Valid, "{ladder:?}");
}

#[test]
fn a_filled_past_is_that_of_whoever_was_there() {
    let (mut world, _) = lived_in();
    let mut other = joined(&world);
    let floor = world.store.tip().height.0;
    assert_eq!((missing(&world.store), missing(&other.store)), (None, Some(1)));
    fill_in(&other.store, &past(&world, 1..=4));
    // It goes on meanwhile, and so do the tiles of the edge.
    let more = world.many(10..200);
    assert_eq!(other.decide(&more), world.decide(&more));
    let other = other.reopen();
    assert_sound(&other);
    assert_eq!(missing(&other.store), Some(5));
    fill_in(&other.store, &past(&world, 3..=6));
    assert_eq!(missing(&other.store), Some(7), "what is there already is left alone");
    let first = past(&world, 1..=1)[0].documents[0].statement().id();
    assert_eq!(other.store.reader().floor().expect("read").height.0, floor, "half a past is not shown");
    fill_in(&other.store, &past(&world, 7..=floor + 1));
    assert_eq!(missing(&other.store), None);
    assert_same_history(&other.store, &world.store);
    let other = other.reopen();
    assert_sound(&other);
    assert_proven(&other, &first);
}

#[test]
fn another_past_is_refused_and_what_came_before_it_is_used() {
    let (world, _) = lived_in();
    let other = joined(&world);
    let honest = past(&world, 1..=4);
    let refused = |edit: &dyn Fn(&mut Vec<Past>)| {
        let mut past = honest.clone();
        edit(&mut past);
        let BadPast(height) = other.store.fill_in(&past).expect("written").expect_err("another past");
        (height.0, missing(&other.store).expect("something"))
    };
    assert_eq!(refused(&|past| past[0].entries.clear()), (1, 1));
    assert_eq!(refused(&|past| past[0].entries.swap(0, 1)), (1, 1));
    assert_eq!(refused(&|past| past[0].header.previous.0 = Hash32([7; 32])), (1, 1));
    assert_eq!(refused(&|past| past.swap(0, 1)), (2, 1), "a gap");
    assert_eq!(refused(&|past| past[2].header.log_root = Hash32([7; 32])), (3, 3));
    let foreign = world.many(7..8);
    assert_eq!(refused(&|past| past[3].documents.clone_from(&foreign)), (4, 4));
    fill_in(&other.store, &past(&world, 4..=world.store.tip().height.0));
    assert_same_history(&other.store, &world.store);
}

#[test]
fn a_kill_while_the_past_is_filled_in_leaves_whole_pages() {
    let (world, _) = lived_in();
    let other = joined(&world);
    fill_in(&other.store, &past(&world, 1..=2));
    let copy = other.killed();
    fill_in(&other.store, &past(&world, 3..=world.store.tip().height.0));
    let killed = other.open_at(copy.path()).expect("opened");
    assert_eq!(missing(&killed), Some(3));
    fill_in(&killed, &past(&world, 3..=world.store.tip().height.0));
    assert_same_history(&killed, &world.store);
}

#[test]
fn a_past_that_leads_elsewhere_stops_the_node() {
    let (world, _) = lived_in();
    let other = joined(&world);
    let last = world.store.tip().height.0;
    fill_in(&other.store, &past(&world, 1..=last - 1));
    let mut end = past(&world, last..=last);
    end[0].header.time_ms += 1;
    let Err(Fatal::Consensus(why)) = other.store.fill_in(&end) else { panic!("filled in") };
    assert!(why.contains("do not lead to the state"), "{why}");
}

#[test]
fn what_was_erased_does_not_come_back_with_the_past() {
    let (mut world, record) = lived_in();
    let mut told = past(&world, 1..=world.store.tip().height.0);
    world.decide(&[erasure(&world, record)]);
    told.extend(past(&world, told.len() as u64 + 1..=world.store.tip().height.0));
    assert!(told.iter().flat_map(|block| &block.documents).any(|document| record_of(document) == record));
    for pages in [vec![&told[..]], vec![&told[..6], &told[6..]]] {
        let other = joined(&world);
        for page in pages {
            fill_in(&other.store, page);
        }
        assert_same_history(&other.store, &world.store);
        assert_eq!(other.store.reader().record_body(&record).expect("read"), None);
    }
}

fn heights(store: &Store, family: Family) -> Vec<u64> {
    keys(store, family).iter().map(|key| u64::from_be_bytes(key[..8].try_into().expect("a height"))).collect()
}

#[test]
fn what_is_dropped_leaves_everything_above_it_as_it_was() {
    let (world, _) = lived_in();
    let tip = world.store.tip();
    let kept = past(&world, 13..=tip.height.0);
    world.store.prune(Height(12)).expect("dropped");
    let floor = Floor { height: Height(12), entries: kept[0].header.log_size - kept[0].entries.len() as u64 };
    assert_eq!(world.store.reader().floor().expect("read"), floor);
    assert_eq!(past(&world, 13..=tip.height.0), kept);
    let handover = world.store.reader().handovers().expect("read")[0].0.0;
    let headers: BTreeSet<u64> = (12..=tip.height.0).chain([handover]).collect();
    assert_eq!(heights(&world.store, Family::Headers), headers.into_iter().collect::<Vec<_>>());
    assert_eq!(heights(&world.store, Family::Payloads), (13..=tip.height.0).collect::<Vec<_>>());
    let held: usize = kept.iter().map(|block| block.documents.len()).sum();
    for family in [Family::Statements, Family::Bodies, Family::Placed] {
        assert_eq!(keys(&world.store, family).len(), held, "{}", family.name());
    }
    assert_eq!(keys(&world.store, Family::Entries).len() as u64, tip.frontier.size() - floor.entries);

    // It opens, goes on like one that dropped nothing, and proves what it holds.
    let mut world = world.reopen();
    let next = world.many(0..300);
    world.decide(&next);
    assert_sound(&world);
    for statement in [kept[0].documents[0].statement().id(), next[0].statement().id()] {
        assert_proven(&world, &statement);
    }
}

#[test]
fn what_is_dropped_in_steps_is_what_is_dropped_at_once_and_can_be_had_again() {
    let (world, _) = lived_in();
    let archive = joined(&world);
    fill_in(&archive.store, &past(&world, 1..=world.store.tip().height.0));
    let tip = world.store.tip().height;
    for through in 1..=tip.0 + 3 {
        world.store.prune(Height(through)).expect("dropped");
    }
    assert_eq!(world.store.reader().floor().expect("read").height.0, tip.0 - 1, "the newest block stays");
    assert_eq!(keys(&world.store, Family::Payloads).len(), 1);
    let tiles = keys(&world.store, Family::Tiles);
    assert!(tiles.len() < keys(&archive.store, Family::Tiles).len(), "full tiles left of the edge are gone");
    let world = world.reopen();
    assert_eq!(missing(&world.store), Some(1));
    fill_in(&world.store, &past(&archive, 1..=tip.0));
    assert_same_history(&world.store, &archive.store);
}

#[test]
fn a_past_that_is_not_wanted_any_more_is_dropped() {
    let (world, _) = lived_in();
    let mut other = joined(&world);
    fill_in(&other.store, &past(&world, 1..=9));
    other.store.prune(Height(3)).expect("dropped");
    assert_every_entry_is_there(&other.store);
    assert_eq!(missing(&other.store), Some(1), "half of it counts for nothing");
    let (older, grown) = (other.many(0..10), other.many(10..20));
    other.decide(&older);
    other.decide(&grown);
    let tip = other.store.tip().height;
    for _ in 0..3 {
        other.store.prune(tip).expect("dropped");
        assert_every_entry_is_there(&other.store);
    }
    assert_eq!(heights(&other.store, Family::Payloads), [tip.0]);
    assert_eq!(other.store.reader().floor().expect("read").height.0, tip.0 - 1);
    assert!(rows(&other.store, Family::Meta).keys().all(|key| key != b"filled"));
    for family in [Family::Statements, Family::Bodies, Family::Placed] {
        assert_eq!(keys(&other.store, family).len(), 10, "{}", family.name());
    }
    let other = other.reopen();
    assert_proven(&other, &grown[3].statement().id());
}
