//! Opening: what survives a crash, and what is refused.

use std::fs;
use std::process::Command;

use rocksdb::{DB, Options};
use sampan_proto::codec;
use sampan_proto::genesis::Genesis;
use sampan_proto::merkle::state::PagePath;

use super::*;
use crate::store::schema::{self, META_CHAIN, META_SCHEMA, META_TIP, SCHEMA, TipRow};

/// Changes rows behind the store's back, then opens it again.
fn tampered(world: World, change: impl FnOnce(&DB)) -> Result<Store, Fatal> {
    change(&world.store.0.db);
    let World { dir, store, network } = world;
    drop(store);
    Store::open(dir.path(), &network.genesis, 8)
}

/// Changes one row.
fn edited(world: World, family: Family, key: &[u8], edit: impl FnOnce(&mut Vec<u8>)) -> String {
    refused(tampered(world, |db| {
        let handle = family.handle(db).expect("family");
        let mut value = db.get_cf(handle, key).expect("read").expect("a row");
        edit(&mut value);
        db.put_cf(handle, key, value).expect("written");
    }))
}

fn grown() -> World {
    let mut world = World::new();
    three_blocks(&mut world);
    world
}

#[test]
fn a_reopened_store_is_the_same() {
    let world = grown();
    let blocks =
        |world: &World| (1..=3).map(|h| world.store.reader().block(Height(h)).expect("read")).collect::<Vec<_>>();
    let (tip, before) = (world.store.tip(), blocks(&world));
    let mut world = world.reopen();
    assert_eq!(world.store.tip(), tip);
    assert_eq!(blocks(&world), before);
    assert_eq!(tree::root(&world.store.reader()).expect("read"), tip.state_root);
    world.decide(&[world.bill(7, "ningbo-tools")]);
}

#[test]
fn a_kill_after_each_write_leaves_the_state_after_it() {
    let mut world = grown();
    let tip = world.store.tip();
    let documents = world.many(0..50);
    let staged = world.stage(world.next_ms(), &documents);
    let copy = world.killed();
    let store = world.open_at(copy.path()).expect("opened");
    assert_eq!(store.tip(), tip);
    assert_eq!(store.staged(Height(4)).expect("read")[0].documents, wire(&documents));

    world.decide_at(staged.header.time_ms, &documents);
    let copy = world.killed();
    let store = world.open_at(copy.path()).expect("opened");
    assert_eq!(store.tip(), staged.tip());
    assert!(store.staged(Height(4)).expect("read").is_empty());
    assert_eq!(store.reader().placed_in(Height(4)).expect("read"), staged.placed);
}

/// A power loss may tear the newest batch anywhere: the store opens all the same, before it or after it.
#[test]
fn a_torn_commit_leaves_the_whole_block_or_none_of_it() {
    let world = grown();
    let (tip, documents) = (world.store.tip(), world.many(0..50));
    let outcome = world.stage(world.next_ms(), &documents);
    let copy = world.killed();
    let before = fs::metadata(newest_log(&copy)).expect("file").len();
    world.store.commit(&outcome, &world.certify(&outcome.header)).expect("committed");
    let copy = world.killed();
    let after = fs::metadata(newest_log(&copy)).expect("file").len();
    assert!(after > before + 40_000, "the commit spans several blocks of the log");
    let step = usize::try_from((after - before) / 9).expect("small");
    for cut in (before..after).step_by(step).take(9) {
        let copy = world.killed();
        let file = fs::File::options().write(true).open(newest_log(&copy)).expect("opened");
        file.set_len(cut).expect("cut");
        let store = world.open_at(copy.path()).expect("opened");
        assert_eq!(store.tip(), tip, "cut at {cut}");
        assert_eq!(store.staged(Height(4)).expect("read").len(), 1, "cut at {cut}");

        // The end is there, but a page before it never reached the disk.
        let copy = world.killed();
        let mut bytes = fs::read(newest_log(&copy)).expect("read");
        let hole = usize::try_from(cut).expect("small");
        let end = bytes.len().min(hole + 4_096);
        bytes[hole..end].fill(0);
        fs::write(newest_log(&copy), bytes).expect("written");
        let store = world.open_at(copy.path()).expect("opened");
        assert_eq!(store.tip(), tip, "hole at {cut}");
    }
    let store = world.open_at(world.killed().path()).expect("opened");
    assert_eq!(store.tip(), outcome.tip());
}

/// The newest log file of a copied store.
fn newest_log(dir: &tempfile::TempDir) -> std::path::PathBuf {
    let files = fs::read_dir(dir.path()).expect("listed").map(|file| file.expect("file").path());
    let logs = files.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
    logs.max().expect("a log")
}

#[test]
fn another_network_is_refused_by_name() {
    let world = grown();
    let chain = world.network.genesis.chain;
    let World { dir, store, network } = world;
    drop(store);
    let other = Genesis { chain: sampan_proto::ids::ChainId(Hash32([7; 32])), ..network.genesis };
    let refused = Store::open(dir.path(), &other, 8).expect_err("another network's");
    let why = refused.to_string();
    assert!(matches!(refused, Fatal::OtherNetwork(_)), "nothing is damaged: {why}");
    assert!(why.contains(&format!("belongs to network {chain}")), "{why}");
    assert!(why.contains(&format!("`test` ({})", other.chain)), "{why}");
    assert!(refused.hint().contains("`data_dir`") && refused.hint().contains("`genesis`"));
}

#[test]
fn another_schema_is_refused_by_number() {
    let why = edited(grown(), Family::Meta, META_SCHEMA, |value| value[3] = 9);
    assert!(why.contains(&format!("in schema 9, this version reads schema {SCHEMA}")), "{why}");
    let why = edited(grown(), Family::Meta, META_CHAIN, |value| value.truncate(3));
    assert!(why.contains("does not say to which network"), "{why}");
}

#[test]
fn rows_of_a_later_version_are_refused_by_name() {
    let World { dir, store, network } = World::new();
    drop(store);
    let mut options = Options::default();
    options.create_missing_column_families(true);
    let names = Family::ALL.iter().map(|family| family.name()).chain(["default", "marvels"]);
    drop(DB::open_cf(&options, dir.path(), names).expect("opened"));
    let why = refused(Store::open(dir.path(), &network.genesis, 8));
    assert!(why.contains("rows `marvels`") && why.contains("another version"), "{why}");
}

#[test]
fn a_store_without_its_schema_is_not_taken_for_an_empty_one() {
    let why = refused(tampered(grown(), |db| {
        let meta = Family::Meta.handle(db).expect("family");
        for name in [META_SCHEMA, META_CHAIN, META_TIP] {
            db.delete_cf(meta, name).expect("deleted");
        }
    }));
    assert!(why.contains("`meta` is empty but `headers` is not"), "{why}");
}

#[test]
fn a_store_whose_creation_was_killed_is_created_again() {
    let World { dir, store, network } = World::new();
    drop(store);
    fs::remove_dir_all(dir.path()).expect("removed");
    // Families without a row: the database was made, the genesis batch was not written.
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    let names = Family::ALL.iter().take(5).map(|family| family.name()).chain(["default"]);
    drop(DB::open_cf(&options, dir.path(), names).expect("opened"));
    let store = Store::open(dir.path(), &network.genesis, 8).expect("opened");
    assert_eq!(store.tip(), network.tip);
}

#[test]
fn a_damaged_tile_is_refused() {
    let why = edited(grown(), Family::Tiles, &schema::tile_key(0, 0), |tile| tile[40] ^= 1);
    assert!(why.contains("the log's tiles lead to root"), "{why}");
    let why = edited(grown(), Family::Tiles, &schema::tile_key(0, 0), |tile| tile.truncate(64));
    assert!(why.contains("tile 0/0 is missing or cut short"), "{why}");
    let why = edited(grown(), Family::Tiles, &schema::tile_key(0, 0), |tile| tile.truncate(65));
    assert!(why.contains("of `tiles` cannot be read"), "{why}");
}

#[test]
fn a_damaged_page_is_refused() {
    let root = PagePath::ROOT.to_bytes();
    let why = edited(grown(), Family::Pages, &root, |page| *page.last_mut().expect("a slot") ^= 1);
    assert!(why.contains("the state's pages lead to root"), "{why}");
    let why = edited(grown(), Family::Pages, &root, |page| page.truncate(20));
    assert!(why.contains("of `pages` cannot be read"), "{why}");
}

#[test]
fn a_tip_that_is_not_the_newest_header_is_refused() {
    let world = grown();
    let genesis = codec::encode(&TipRow::new(World::new().store.tip(), None));
    let why = edited(world, Family::Meta, META_TIP, |value| *value = genesis);
    assert!(why.contains("`meta` says height 0, which is not the newest header, 3"), "{why}");
    let world = grown();
    let mut other = world.store.tip();
    other.frontier.append(Hash32::ZERO);
    let other = codec::encode(&TipRow::new(other, None));
    let why = edited(world, Family::Meta, META_TIP, |value| *value = other);
    assert!(why.contains("the log's right edge leads to root"), "{why}");
    let why = refused(tampered(grown(), |db| {
        let headers = Family::Headers.handle(db).expect("family");
        db.delete_cf(headers, schema::height_key(Height(3))).expect("deleted");
    }));
    assert!(why.contains("`meta` says height 3, which is not the newest header, 2"), "{why}");
}

#[test]
fn a_missing_statement_of_a_staged_block_is_damage() {
    let world = World::new();
    let document = world.bill(1, "ningbo-tools");
    world.stage(world.next_ms(), &[Arc::clone(&document)]);
    let handle = Family::Statements.handle(&world.store.0.db).expect("family");
    world.store.0.db.delete_cf(handle, document.statement().envelope().0.0).expect("deleted");
    assert!(refused(world.store.staged(Height(1))).contains("`statements` has no row"));
}

#[test]
fn one_process_opens_it_once() {
    let world = World::new();
    let twice = world.open_at(world.dir.path());
    assert!(matches!(twice, Err(Fatal::RunningTwice(_))), "{twice:?}");
}

/// Run by the test below in a process of its own; does nothing without the directory to open.
#[test]
fn another_process_is_refused() {
    const DIRECTORY: &str = "SAMPAN_TEST_STORE";
    if let Ok(dir) = std::env::var(DIRECTORY) {
        let network = crate::core::ledger::fixtures::Network::new();
        let opened = Store::open(dir.as_ref(), &network.genesis, 8);
        assert!(matches!(opened, Err(Fatal::RunningTwice(_))), "{opened:?}");
        return;
    }
    let world = World::new();
    let name = "store::tests::boot::another_process_is_refused";
    let mut child = Command::new(std::env::current_exe().expect("this test"));
    let run = child.args(["--exact", name]).env(DIRECTORY, world.dir.path()).output().expect("ran");
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && text.contains("1 passed"), "{text}");
}
