//! Export and check: what is written can be audited, what was changed on the disk is found.

use std::path::Path;

use sampan_proto::archive::{Frame, LENGTH_BYTES, MAGIC};
use sampan_proto::audit::{Audit, Count};
use sampan_proto::block::Block;
use sampan_proto::genesis::Genesis;
use sampan_proto::proof::{Outcome, Verdict};
use sampan_proto::statement::{Action, Finding};
use tempfile::TempDir;

use super::snapshot::{lived_in, rows};
use super::*;
use crate::core::ledger::{Draft, Execution};
use crate::store::{Depth, Sound, StateSound, Unswept, schema};

/// A world with some life in it: bills, transfers, a new validator, empty blocks.
fn lived() -> World {
    let mut world = World::new();
    let bill = world.bill(1, "ningbo-tools");
    let record = Record::id_of(bill.statement().id());
    world.decide(&[bill, world.network.issue_form_e("ccpit-ningbo", "E2612345678900001", "ningbo-tools")]);
    world.decide(&[world.network.transfer("ningbo-tools", record, 1, "klang-import")]);
    world.decide(&world.governs(world.admit("vn-customs")));
    world.decide(&world.governs(world.seat("vn-customs", 1)));
    heartbeat(&mut world);
    world
}

/// A block without statements, when it is due.
fn heartbeat(world: &mut World) {
    world.decide_at(world.store.tip().time_ms + world.network.genesis.parameters.heartbeat_ms, &[]);
}

/// Audits an archive of the world's network.
fn audit(path: &Path) -> Audit {
    let bytes = std::fs::read(path).expect("an archive");
    let mut rest = bytes.strip_prefix(MAGIC).expect("an archive");
    let mut audit = None;
    while let Some((length, more)) = rest.split_first_chunk::<LENGTH_BYTES>() {
        let (frame, more) = more.split_at(Frame::length(*length).expect("a length"));
        rest = more;
        match (Frame::decode(frame).expect("a frame"), &mut audit) {
            (Frame::Genesis(bytes), _) => audit = Some(Audit::new(Genesis::from_bytes(&bytes).expect("genesis"))),
            (Frame::Block(block), Some(audit)) => audit.block(&block).expect("it holds"),
            (Frame::End(end), Some(audit)) => audit.end(&end).expect("it ends there"),
            (_, None) => panic!("the genesis comes first"),
        }
    }
    audit.expect("a genesis")
}

#[test]
fn what_is_exported_holds_and_leads_to_the_same_state() {
    let world = lived();
    let (path, reader) = (world.dir.path().join("chain.archive"), world.store.reader());
    let mut blocks = 0;
    let end = reader.export(&world.network.genesis_bytes, &path, true, |_| blocks += 1).expect("written");
    assert_eq!((end.bodies, end.height, blocks), (2, world.store.tip().height, 5));
    let audit = self::audit(&path);
    assert_eq!(audit.ladder().outcome(), Outcome::Valid);
    assert_eq!(audit.state(), &world.network.state);
    assert_eq!((audit.count().handovers, audit.count().decisions), (1, 2));
    reader.export(&world.network.genesis_bytes, &path, false, |_| ()).expect("written over");
    assert_eq!(self::audit(&path).ladder().verdict("bodies"), Some(Verdict::Skipped));
    assert!(!world.dir.path().join("chain.archive.part").exists());
}

#[test]
fn a_store_that_was_left_alone_is_sound() {
    let world = lived();
    let (genesis, reader) = (&world.network.genesis, world.store.reader());
    let sound = reader.fsck(genesis, Depth::Log, |_| ()).expect("sound");
    assert_eq!((sound.height, sound.state), (world.store.tip().height, None));
    let sound = reader.fsck(genesis, Depth::State, |_| ()).expect("sound");
    assert_eq!(executed(&sound).bodies, 2);
}

/// What execution counted.
fn executed(sound: &Sound) -> Count {
    let Some(StateSound::Executed(count)) = sound.state else { panic!("executed: {sound:?}") };
    count
}

/// What the check says after one row was changed.
fn changed(family: Family, depth: Depth, change: impl FnOnce(&[u8], &mut Vec<u8>)) -> String {
    let world = lived();
    let db = &world.store.0.db;
    let handle = family.handle(db).expect("a family");
    let (key, value) = db.iterator_cf(handle, rocksdb::IteratorMode::Start).next().expect("a row").expect("readable");
    let mut value = value.to_vec();
    change(&key, &mut value);
    db.put_cf(handle, key, value).expect("written");
    match world.store.reader().fsck(&world.network.genesis, depth, |_| ()) {
        Ok(sound) => panic!("`{}` was changed, and it is {sound:?}", family.name()),
        Err(fault) => fault.to_string(),
    }
}

#[test]
fn every_row_of_the_log_is_looked_at() {
    let last = |_: &[u8], row: &mut Vec<u8>| *row.last_mut().expect("bytes") ^= 1;
    for (family, says) in [
        (Family::Headers, "block 1: "),
        (Family::Payloads, "block 1: statement"),
        (Family::Placed, "is not where its row says"),
        (Family::Statements, "is not there or another"),
        (Family::Entries, "block 1: its entries do not lead to its log root"),
        (Family::Tiles, "block 4: tile 0/0 is not what its entries lead to"),
    ] {
        let said = changed(family, Depth::Log, last);
        assert!(said.contains(says) || said.contains("cannot be read"), "{}: {said}", family.name());
    }
}

#[test]
fn every_row_of_the_state_is_looked_at() {
    let first = |_: &[u8], row: &mut Vec<u8>| row[0] ^= 1;
    for family in [Family::Records, Family::References, Family::Members, Family::Proposals, Family::Bodies] {
        let said = changed(family, Depth::State, first);
        assert!(said.contains(family.name()) || said.contains("bodies"), "{}: {said}", family.name());
    }
    let last = |_: &[u8], row: &mut Vec<u8>| *row.last_mut().expect("bytes") ^= 1;
    for family in [Family::Executed, Family::Pages] {
        let said = changed(family, Depth::State, last);
        assert!(said.contains(family.name()), "{}: {said}", family.name());
    }
    let said = changed(Family::Executed, Depth::State, |_, row| row[32] ^= 1);
    assert!(said.contains("`executed`"), "another index: {said}");
    let world = lived();
    let db = &world.store.0.db;
    let handle = Family::Goods.handle(db).expect("a family");
    db.put_cf(handle, [7; 32], [8; 32]).expect("written");
    let said = world.store.reader().fsck(&world.network.genesis, Depth::State, |_| ()).expect_err("a row too many");
    assert!(said.to_string().contains("`goods`"), "{said}");
}

#[test]
fn every_tile_of_a_long_log_is_looked_at() {
    let (world, _) = lived_in();
    let db = &world.store.0.db;
    let handle = Family::Tiles.handle(db).expect("a family");
    let said =
        || world.store.reader().fsck(&world.network.genesis, Depth::Log, |_| ()).map_err(|fault| fault.to_string());
    let tiles = rows(&world.store, Family::Tiles);
    assert!(tiles.len() > 8, "{} tiles", tiles.len());
    for (key, value) in &tiles {
        let mut changed = value.clone();
        changed[0] ^= 1;
        let longer = [&value[..], &[7; 32]].concat();
        for wrong in [&changed[..], &value[..value.len() - 32], &longer] {
            db.put_cf(handle, key, wrong).expect("written");
            assert!(said().expect_err("another tile").contains("tile"), "{key:?}");
        }
        db.put_cf(handle, key, value).expect("written");
    }
    for key in [schema::tile_key(0, 1_000), schema::tile_key(5, 0)] {
        db.put_cf(handle, key, [7; 32]).expect("written");
        assert!(said().expect_err("a tile too many").contains("the log leads to 0"), "{key:?}");
        db.delete_cf(handle, key).expect("deleted");
    }
    said().expect("sound again");
}

/// An agency's order to erase the document of a record.
pub(super) fn erasure(world: &World, record: RecordId) -> Arc<Document> {
    let (rule, says) = (Finding::ERASURE.parse().expect("note"), "court order 12/2026".parse().expect("note"));
    let finding = Finding { record, rule, says, other: None };
    world.network.document(world.network.sign("cn-customs", Action::Finding(finding), |_| ()), None)
}

/// Another node of the network that is handed these blocks.
fn caught_up(world: &World, dir: &Path, blocks: Vec<Block>) -> Store {
    let store = world.open_at(dir).expect("opened");
    for Block { header, certificate, statements, bodies } in blocks {
        let wire = statements.into_iter().zip(bodies).map(|(statement, body)| wire::Document { statement, body });
        let checked = wire.map(|document| Document::check_decided(document, world.network.genesis.chain).map(Arc::new));
        let documents: Vec<_> = checked.collect::<Result<_, _>>().expect("a decided block");
        let outcome = {
            let reader = store.reader();
            let (chain, tip) = (header.chain, store.tip());
            let draft = Draft { chain, tip, time_ms: header.time_ms, proposer: header.proposer };
            let mut execution = Execution::new(&reader, draft);
            for document in &documents {
                execution.apply(document.statement()).expect("readable").expect("lawful");
            }
            execution.finish().expect("readable")
        };
        store.stage(&Staged { header, documents }).expect("staged");
        store.commit(&outcome, &certificate).expect("committed");
    }
    store
}

fn blocks(store: &Store) -> Vec<Block> {
    let reader = store.reader();
    let heights = (1..=store.tip().height.0).map(Height);
    heights.map(|height| reader.block(height).expect("readable").expect("there")).collect()
}

#[test]
fn what_is_erased_is_gone_and_does_not_come_back() {
    let mut world = lived();
    let (with_it, record) = (blocks(&world.store), *world.network.state.records.keys().next().expect("a record"));
    world.decide(&[erasure(&world, record)]);
    heartbeat(&mut world);
    let gone = |store: &Store| {
        let reader = store.reader();
        let held = reader.record(&record).expect("readable").expect("a record");
        assert_eq!(reader.record_body(&record).expect("readable"), None);
        assert_eq!(reader.body(&held.body).expect("readable"), None);
        let (height, reason) = reader.erased(&held).expect("readable").expect("erased");
        assert_eq!((height, reason.as_str()), (Height(6), "court order 12/2026"));
        let count = executed(&reader.fsck(&world.network.genesis, Depth::State, |_| ()).expect("sound"));
        assert_eq!((count.bodies, count.bodies_missing), (1, 1));
    };
    gone(&world.store);
    let bodies: usize = blocks(&world.store).iter().map(|block| block.bodies.iter().flatten().count()).sum();
    assert_eq!(bodies, 1, "peers are handed the other document only");

    let rest = blocks(&world.store).split_off(with_it.len());
    let (young, late) = (TempDir::new().expect("directory"), TempDir::new().expect("directory"));
    let from_those_who_erased = caught_up(&world, young.path(), blocks(&world.store));
    gone(&from_those_who_erased);
    let from_one_who_had_not = caught_up(&world, late.path(), [with_it, rest].concat());
    gone(&from_one_who_had_not);
    assert_eq!(from_those_who_erased.tip(), world.store.tip());
    drop(from_those_who_erased);
    gone(&world.open_at(young.path()).expect("opened again"));

    let path = world.dir.path().join("chain.archive");
    world.store.reader().export(&world.network.genesis_bytes, &path, true, |_| ()).expect("written");
    let ladder = audit(&path).ladder();
    assert_eq!((ladder.verdict("bodies"), ladder.outcome()), (Some(Verdict::Warn), Outcome::Valid));
}

#[test]
fn the_same_document_under_another_statement_is_not_kept_again() {
    let mut world = World::new();
    let first = world.bill(1, "ningbo-tools");
    let record = record_of(&first);
    world.decide(&[Arc::clone(&first)]);
    world.decide(&[erasure(&world, record)]);
    let Action::Issue(issue) = first.statement().statement().action.clone() else { panic!("an issue") };
    let mut again = *issue;
    again.reference.0 = Hash32([7; 32]);
    let signed = world.network.sign("sampan-line", Action::from(again), |_| ());
    let second = world.network.document(signed, first.body().cloned());
    world.decide(&[Arc::clone(&second)]);
    assert_eq!(world.store.reader().record_body(&record_of(&second)).expect("readable"), None);
}

/// Whether any file of a directory holds these bytes.
fn any_file_holds(dir: &Path, bytes: &[u8]) -> bool {
    let files = std::fs::read_dir(dir).expect("listed").map(|file| file.expect("file").path());
    files.filter_map(|file| std::fs::read(file).ok()).any(|file| file.windows(bytes.len()).any(|part| part == bytes))
}

/// What was written last goes from the database's own log to the files of its families.
fn flush(store: &Store) {
    for family in Family::ALL {
        store.0.db.flush_cf(family.handle(&store.0.db).expect("a family")).expect("flushed");
    }
}

#[test]
fn a_sweep_leaves_nothing_of_it_in_the_files() {
    // Bytes that no compression makes shorter, more of them than a row holds beside its key.
    let secret =
        |seed: u8| (0..200).flat_map(|i| sampan_proto::hash::Domain::Body.hash(&[seed, i]).0).collect::<Vec<u8>>();
    let mut world = World::new();
    let [erased, kept] = [1, 2].map(|seed| world.anything(u64::from(seed), secret(seed), T0 + 3_600_000));
    let record = record_of(&erased);
    world.decide(&[erased, kept]);
    flush(&world.store);
    assert!(any_file_holds(world.dir.path(), &secret(1)[..64]), "still there");
    world.decide(&[erasure(&world, record)]);
    world.store.sweep().expect("written").expect("swept");
    let world = world.reopen();
    assert!(!any_file_holds(world.dir.path(), &secret(1)[..64]), "the erased document");
    assert!(any_file_holds(world.dir.path(), &secret(2)[..64]), "the other one");
    world.store.reader().fsck(&world.network.genesis, Depth::Log, |_| ()).expect("sound");
}

/// What lies in the way of new files fails a sweep as a full disk does.
#[test]
fn a_sweep_that_could_not_write_says_so() {
    let mut world = World::new();
    let documents = [1, 2].map(|number: u8| world.anything(number.into(), vec![number; 4_096], T0 + 3_600_000));
    world.decide(&documents);
    world.decide(&[erasure(&world, record_of(&documents[0]))]);
    flush(&world.store);
    let in_the_way: Vec<_> = (0..500).map(|number| world.dir.path().join(format!("{number:06}.blob"))).collect();
    let in_the_way: Vec<_> = in_the_way.into_iter().filter(|path| std::fs::create_dir(path).is_ok()).collect();
    assert_eq!(world.store.sweep().expect("readable"), Err(Unswept(1)));
    for path in in_the_way.iter().filter(|path| path.is_dir()) {
        std::fs::remove_dir(path).expect("removed");
    }
    let world = world.reopen();
    world.store.sweep().expect("written").expect("swept");
    assert!(world.store.reader().record_body(&record_of(&documents[1])).expect("readable").is_some());
}
