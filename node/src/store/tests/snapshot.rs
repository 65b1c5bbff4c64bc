//! A snapshot of one store makes another, which goes on like the first.

use std::collections::BTreeMap;

use sampan_proto::codec;
use sampan_proto::governance::Change;
use sampan_proto::merkle::state::{Page, PagePath};
use sampan_proto::proof::{self, Policy};
use sampan_proto::protocol::Protocol;
use sampan_proto::snapshot::{BadSnapshot, CheckedManifest, Manifest, Part};
use sampan_proto::title::TitleAct;

use super::*;
use crate::store::fixture::World;
use crate::store::{Depth, Floor, StateSound, TakeOver, Voice};

/// A store with something in every family of the state, and a change of the roster.
pub(super) fn lived_in() -> (World, RecordId) {
    let mut world = World::new();
    let (_, _) = three_blocks(&mut world);
    let bill = world.bill(3, "ningbo-tools");
    let record = record_of(&bill);
    world.decide(&[bill]);
    let pledge = TitleAct::Pledge { bank: "harbour-bank".parse().expect("id"), goods: Hash32([7; 32]) };
    let pledge = world.network.title("ningbo-tools", record, 1, pledge);
    let accepted = world.network.title("harbour-bank", record, 2, TitleAct::AcceptPledge {});
    world.decide(&[pledge]);
    world.decide(&[accepted]);
    let note = |text: &str| text.parse().expect("a note");
    for (edition, byte) in [("2024-1", 3), ("2024-2", 4), ("2025-1", 1)] {
        let change = Change::Edition { list: note("un-locode"), edition: note(edition), sha256: Hash32([byte; 32]) };
        let acts = world.governs(change);
        world.decide(&acts);
    }
    let upgrade = Change::Upgrade(Protocol { version: 2, from: Height(100) });
    let acts = world.governs(upgrade);
    world.decide(&acts);
    let admitted = world.governs(world.admit("my-customs"));
    world.decide(&admitted);
    let seated = world.governs(world.seat("my-customs", 10));
    world.decide(&seated);
    let brief = world.anything(900, vec![1], world.next_ms() + 2_500);
    world.decide(&[brief]);
    let many = world.many(1_000..3_000);
    world.decide(&many[..300]);
    world.decide(&many[300..]);
    (world, record)
}

/// As it goes over the wire.
fn sent<T: borsh::BorshSerialize + borsh::BorshDeserialize>(what: &T) -> T {
    let bytes = codec::encode(what);
    codec::decode(&bytes, limits::PAGE_BYTES).expect("what was encoded")
}

fn manifest(world: &World) -> Manifest {
    sent(&world.store.reader().manifest().expect("read").expect("blocks"))
}

fn checked(world: &World) -> CheckedManifest {
    let genesis = &world.network.genesis;
    manifest(world).check(genesis.chain, &genesis.roster).expect("led to")
}

/// Takes every part over but those that `skip` says.
fn take(from: &World, into: &mut TakeOver, skip: impl Fn(&PagePath) -> bool) {
    let reader = from.store.reader();
    while let Some((path, promised)) = into.wanted().iter().find(|(path, _)| !skip(path)).map(|(p, h)| (*p, *h)) {
        let part: Part = sent(&reader.part(&path).expect("read").expect("something stands there"));
        let part = part.check(&path, &promised).expect("as promised");
        into.take(&part).expect("taken");
        into.take(&part).expect("a second time it is not wanted");
    }
}

/// A newcomer's store, at genesis.
fn newcomer(of: &World) -> World {
    let dir = tempfile::TempDir::new().expect("directory");
    let store = of.open_at(dir.path()).expect("opened");
    World { dir, store, network: of.network.clone() }
}

pub(super) fn joined(world: &World) -> World {
    let other = newcomer(world);
    let manifest = checked(world);
    let mut taking = other.store.take_over(manifest).expect("new");
    take(world, &mut taking, |_| false);
    taking.finish().expect("whole");
    other
}

pub(super) fn rows(store: &Store, family: Family) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let rows = store.0.db.iterator_cf(family.handle(&store.0.db).expect("family"), rocksdb::IteratorMode::Start);
    rows.map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())).expect("readable")).collect()
}

const STATE: [Family; 8] = [
    Family::Executed,
    Family::Expiry,
    Family::Records,
    Family::References,
    Family::Goods,
    Family::Proposals,
    Family::Members,
    Family::Pages,
];

#[test]
fn a_snapshot_brings_the_same_state_and_the_same_future() {
    let (mut world, record) = lived_in();
    let other = joined(&world);
    assert_eq!(other.store.tip(), world.store.tip());
    for family in STATE.into_iter().chain([Family::Rosters]) {
        assert!(!rows(&world.store, family).is_empty(), "{}", family.name());
        assert!(rows(&other.store, family) == rows(&world.store, family), "{}", family.name());
    }
    let tip = world.store.tip();
    assert_eq!(other.store.reader().floor().expect("read"), Floor { height: tip.height, entries: tip.frontier.size() });
    assert_eq!(other.store.voice().expect("read"), Some(Voice::Silent), "what its key has said is not known there");

    // Both go on, over a restart, and prove what happens from here.
    let mut other = other.reopen();
    let released = world.network.title("harbour-bank", record, 3, TitleAct::ReleasePledge {});
    let next: Vec<_> = [released].into_iter().chain(world.many(0..100)).collect();
    let expected = world.decide(&next);
    assert_eq!(expected.expired.len(), 1, "the brief one leaves the tree here, and there");
    assert_eq!(other.decide(&next), expected);
    let bundle = other.store.reader().receipt(&next[5].statement().id()).expect("read").expect("executed");
    let ladder = proof::verify(&bundle, &other.network.genesis, &Policy::default());
    assert_eq!(ladder.outcome(), proof::Outcome::Valid, "{ladder:?}");
    let grown: Vec<_> = (3..5).map(|round| world.many(round * 100..round * 100 + 100)).collect();
    for documents in &grown {
        assert_eq!(other.decide(documents), world.decide(documents), "tiles that begin in the middle grow on");
    }
}

#[test]
fn what_was_taken_over_is_checked_from_there_on() {
    let (world, record) = lived_in();
    let mut other = joined(&world);
    let floor = other.store.tip().height;
    for next in [
        other.network.title("harbour-bank", record, 3, TitleAct::ReleasePledge {}),
        other.network.transfer("ningbo-tools", record, 4, "klang-import"),
    ] {
        other.decide(&[next]);
    }
    for documents in [0..100, 100..200] {
        let documents = other.many(documents);
        other.decide(&documents);
    }
    let genesis = other.network.genesis.clone();
    let check = |world: &World, depth| world.store.reader().fsck(&genesis, depth, |height| assert!(height > floor));
    let (sound, tip) = (check(&other, Depth::State).expect("sound"), other.store.tip());
    assert_eq!((sound.floor, sound.height, sound.entries), (floor, Height(floor.0 + 4), tip.frontier.size()));
    assert!(matches!(sound.state, Some(StateSound::Committed(items)) if items > 2_000), "{sound:?}");
    assert_eq!(check(&other, Depth::Log).expect("sound").state, None);

    // A row of each family, changed on the disk.
    for (family, depth) in [
        (Family::Headers, Depth::Log),
        (Family::Entries, Depth::Log),
        (Family::Statements, Depth::Log),
        (Family::Rosters, Depth::Log),
        (Family::Tiles, Depth::Log),
        (Family::Bodies, Depth::State),
        (Family::Records, Depth::State),
        (Family::References, Depth::State),
        (Family::Executed, Depth::State),
        (Family::Members, Depth::State),
        (Family::Proposals, Depth::State),
        (Family::Pages, Depth::State),
    ] {
        let handle = family.handle(&other.store.0.db).expect("family");
        let (key, value) = rows(&other.store, family).pop_last().expect("a row");
        let mut changed = value.clone();
        *changed.last_mut().expect("bytes") ^= 1;
        other.store.0.db.put_cf(handle, &key, &changed).expect("written");
        assert!(check(&other, depth).is_err(), "{}", family.name());
        other.store.0.db.put_cf(handle, &key, &value).expect("written");
    }
    // What expires has no value: a row too few, and one too many.
    let handle = Family::Expiry.handle(&other.store.0.db).expect("family");
    let (key, _) = rows(&other.store, Family::Expiry).pop_last().expect("a row");
    let foreign = [&[0xff], &key[1..]].concat();
    other.store.0.db.put_cf(handle, &foreign, []).expect("written");
    assert!(refused(check(&other, Depth::State)).contains("`expiry`"), "one too many");
    other.store.0.db.delete_cf(handle, &key).expect("deleted");
    assert!(refused(check(&other, Depth::State)).contains("`expiry`"), "another");
    other.store.0.db.delete_cf(handle, &foreign).expect("deleted");
    assert!(refused(check(&other, Depth::State)).contains("`expiry`"), "one too few");
    other.store.0.db.put_cf(handle, &key, []).expect("written");
    check(&other, Depth::State).expect("sound again");
}

#[test]
fn a_take_over_that_breaks_off_begins_anew() {
    let (world, _) = lived_in();
    let other = newcomer(&world);
    let untouched: Vec<_> = STATE.map(|family| rows(&other.store, family)).into();
    let led_to = checked(&world);
    let mut taking = other.store.take_over(led_to.clone()).expect("new");
    take(&world, &mut taking, |path| path.len() == 1 && path.range().0.0[0] >= 0x80);
    assert!(rows(&other.store, Family::Executed).len() > 100, "half of it is there");
    let why = refused(taking.finish());
    assert!(why.contains("lacks a part"), "{why}");

    let other = other.reopen();
    assert_eq!(other.store.tip(), newcomer(&world).store.tip());
    assert!(STATE.map(|family| rows(&other.store, family)).to_vec() == untouched);
    let mut taking = other.store.take_over(led_to).expect("new again");
    take(&world, &mut taking, |_| false);
    taking.finish().expect("whole");
    assert_eq!(other.store.tip(), world.store.tip());
}

#[test]
fn a_chain_is_not_left_for_a_snapshot() {
    let (world, _) = lived_in();
    let mut other = World::new();
    other.decide(&[]);
    let led_to = checked(&world);
    let Err(Fatal::Damaged(why)) = other.store.take_over(led_to) else { panic!("taken over") };
    assert!(why.contains("height 1"), "{why}");
}

#[test]
fn a_manifest_is_refused_when_anything_of_it_is_another() {
    let (world, _) = lived_in();
    let genesis = &world.network.genesis;
    let honest = manifest(&world);
    assert_eq!(honest.handovers.len(), 1);
    assert!(honest.clone().check(genesis.chain, &genesis.roster).is_ok());
    let refused = |edit: &dyn Fn(&mut Manifest)| {
        let mut manifest = honest.clone();
        edit(&mut manifest);
        manifest.check(genesis.chain, &genesis.roster).expect_err("another")
    };
    assert_eq!(refused(&|m| m.header.state_root = Hash32([1; 32])), BadSnapshot::Header);
    assert_eq!(refused(&|m| m.certificate.round += 1), BadSnapshot::Header);
    assert_eq!(refused(&|m| m.certificate.signatures.truncate(1)), BadSnapshot::Header);
    assert!(matches!(refused(&|m| m.handovers.clear()), BadSnapshot::Header));
    assert!(matches!(refused(&|m| m.handovers.push(m.handovers[0].clone())), BadSnapshot::Path(_)));
    assert!(matches!(refused(&|m| m.handovers[0].roster.0 = genesis.roster.clone()), BadSnapshot::Path(_)));
    let reader = world.store.reader();
    let shorter = |level, index| reader.tile(level, index);
    let other = sampan_proto::snapshot::LogEdge::read(honest.header.log_size - 1, shorter).expect("read");
    assert_eq!(refused(&|m| m.edge = other.clone()), BadSnapshot::Log);
}

#[test]
fn the_block_that_changes_the_roster_makes_a_good_snapshot() {
    let mut world = World::new();
    let admitted = world.governs(world.admit("my-customs"));
    world.decide(&admitted);
    let seated = world.governs(world.seat("my-customs", 10));
    world.decide(&seated);
    let mut other = joined(&world);
    assert_eq!(other.store.tip(), world.store.tip());
    assert_eq!(other.decide(&[]), world.decide(&[]), "by the roster that it named");
}

#[test]
fn a_part_is_a_page_where_there_is_too_much() {
    let (large, _) = lived_in();
    let reader = large.store.reader();
    let Some(Part::Page(page, _)) = reader.part(&PagePath::ROOT).expect("read") else { panic!("too much for one") };
    let root = Page::from_bytes(&page).expect("a page");
    assert_eq!(root.collapse().hash(), large.store.tip().state_root);
    assert!(matches!(reader.part(&PagePath::ROOT.child(1)).expect("read"), Some(Part::Items(_))));
    let deep = [1, 2, 3, 4, 5, 6, 7, 8].iter().fold(PagePath::ROOT, |path, nibble| path.child(*nibble));
    assert_eq!(reader.part(&deep).expect("read"), None, "two keys that begin alike for so long are not to be had");
    let mut small = World::new();
    three_blocks(&mut small);
    assert!(matches!(small.store.reader().part(&PagePath::ROOT).expect("read"), Some(Part::Items(_))));
}
