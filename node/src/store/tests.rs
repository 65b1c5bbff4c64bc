//! What is written is what is read: blocks, staging, snapshots, expiry. `boot`: opening, refusing, crashing. `keep`: export
//! and check. `snapshot`: a state that another store goes on from. `past`: what came before it, fetched and dropped.

mod boot;
mod keep;
mod past;
mod snapshot;
mod supply;

use std::collections::BTreeSet;
use std::sync::Arc;

use sampan_proto::body::Body;
use sampan_proto::entry::Entry;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{EnvelopeId, Height, RecordId, StatementId};
use sampan_proto::limits;
use sampan_proto::merkle::log;
use sampan_proto::merkle::state::tree;
use sampan_proto::merkle::tile::{TILE_WIDTH, TileRead as _, TiledLog};
use sampan_proto::record::{Record, Status};
use sampan_proto::wire;

use super::fixture::World;
use super::schema::Family;
use super::{Reader, Staged, StagedBlock, Store};
use crate::core::Document;
use crate::core::ledger::fixtures::T0;
use crate::core::ledger::{Outcome, Placed, View as _};
use crate::fault::Fatal;

fn record_of(document: &Document) -> RecordId {
    Record::id_of(document.statement().id())
}

fn wire(documents: &[Arc<Document>]) -> Vec<wire::Document> {
    documents.iter().map(|document| document.to_wire()).collect()
}

/// Keys of all rows of a family.
fn keys(store: &Store, family: Family) -> BTreeSet<Vec<u8>> {
    let rows = store.0.db.iterator_cf(family.handle(&store.0.db).expect("family"), rocksdb::IteratorMode::Start);
    rows.map(|row| row.expect("readable").0.to_vec()).collect()
}

fn refused<T: std::fmt::Debug>(result: Result<T, Fatal>) -> String {
    match result {
        Err(Fatal::Damaged(why)) => why,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// A bill issued, transferred and surrendered, with another bill beside it.
fn three_blocks(world: &mut World) -> (RecordId, Vec<Arc<Document>>) {
    let bill = world.bill(1, "ningbo-tools");
    let record = record_of(&bill);
    let documents = vec![
        bill,
        world.network.transfer("ningbo-tools", record, 1, "klang-import"),
        world.bill(2, "harbour-bank"),
        world.network.surrender("klang-import", record, 2, "sampan-line"),
    ];
    world.decide(&documents[..1]);
    world.decide(&documents[1..3]);
    world.decide(&documents[3..]);
    (record, documents)
}

#[test]
fn a_new_store_is_at_genesis() {
    let world = World::new();
    assert_eq!(world.store.tip(), world.network.tip);
    let reader = world.store.reader();
    assert_eq!(reader.tip().expect("read"), world.network.tip);
    assert!(reader.head().expect("read").is_none());
    assert!(reader.block(Height(1)).expect("read").is_none());
    let members: Vec<_> = reader.members().expect("read").iter().map(|member| (**member).clone()).collect();
    assert_eq!(members, world.network.genesis.members);
}

#[test]
fn blocks_are_read_back_as_they_were_committed() {
    let mut world = World::new();
    let (record, documents) = three_blocks(&mut world);
    let reader = world.store.reader();
    let (head, certificate) = reader.head().expect("read").expect("a head");
    assert_eq!((head.height, certificate.block), (Height(3), head.hash()));
    assert_eq!(reader.tip().expect("read"), world.store.tip());

    let block = reader.block(Height(2)).expect("read").expect("decided");
    assert_eq!(block.header.hash(), reader.header(Height(3)).expect("read").expect("decided").0.previous);
    let read: Vec<_> = block.statements.into_iter().zip(block.bodies).collect();
    let expected: Vec<_> = wire(&documents[1..3]).into_iter().map(|d| (d.statement, d.body)).collect();
    assert_eq!(read, expected);
    assert!(reader.block(Height(4)).expect("read").is_none());
    assert!(reader.placed_in(Height(4)).expect("read").is_empty());

    let read = reader.record(&record).expect("read").expect("a record");
    assert_eq!((read.status, read.seq), (Status::PendingSurrenderForDelivery, 3));
    let history = reader.history(&record, None, 10).expect("read").acts;
    let indexes: Vec<u64> = history.iter().map(|(index, ..)| *index).collect();
    assert_eq!(indexes, [1, 3, 6]);
    let signed: Vec<_> = history.into_iter().map(|(.., statement)| statement).collect();
    let expected = [0, 1, 3].map(|i: usize| documents[i].statement().signed().clone());
    assert_eq!(signed, expected);
    let part = |newest, most| {
        let part = reader.history(&record, newest, most).expect("read");
        (part.acts.into_iter().map(|(index, ..)| index).collect::<Vec<_>>(), part.older)
    };
    assert_eq!(part(None, 2), (vec![3, 6], Some(1)), "so many, and where older ones go on");
    assert_eq!(part(Some(1), 2), (vec![1], None));
    assert_eq!(part(Some(3), 2), (vec![1, 3], None));
    for stranger in [0, 2, 4, 1_000] {
        assert_eq!(part(Some(stranger), 2), (vec![], None), "entry {stranger} is not about the record");
    }
    assert!(reader.history(&RecordId(Hash32::ZERO), None, 10).expect("read").acts.is_empty());
}

#[test]
fn every_statement_has_its_place() {
    let mut world = World::new();
    let (_, documents) = three_blocks(&mut world);
    let reader = world.store.reader();
    for document in &documents {
        let statement = document.statement();
        let placed = reader.placed(&statement.id()).expect("read").expect("executed");
        assert_eq!((placed.statement, placed.envelope), (statement.id(), statement.envelope()));
        assert_eq!(placed.not_after_ms, statement.statement().not_after_ms);
        let Some(Entry::Act(act)) = reader.entry(placed.index).expect("read") else { panic!("an act") };
        assert_eq!(act.statement, statement.id());
        assert!(reader.placed_in(act.height).expect("read").contains(&placed));
        assert!(reader.executed(&statement.id()).expect("read"));
        assert_eq!(reader.statement(&placed.envelope).expect("read").as_ref(), Some(statement.signed()));
    }
    let unknown = world.bill(9, "ningbo-tools");
    assert!(!reader.executed(&unknown.statement().id()).expect("read"));
    assert_eq!(reader.placed(&unknown.statement().id()).expect("read"), None::<Placed>);
    assert!(reader.statement(&unknown.statement().envelope()).expect("read").is_none());
}

#[test]
fn bodies_are_found_by_commitment_and_by_record() {
    let mut world = World::new();
    let (record, documents) = three_blocks(&mut world);
    let reader = world.store.reader();
    let body = documents[0].body().expect("a body");
    assert_eq!(reader.body(&body.commitment()).expect("read").as_ref(), Some(body));
    assert_eq!(reader.record_body(&record).expect("read").as_ref(), Some(body));
    let other = Body { salt: [1; 32], ..body.clone() };
    assert!(reader.body(&other.commitment()).expect("read").is_none());
    assert!(reader.record_body(&RecordId(Hash32::ZERO)).expect("read").is_none());
}

#[test]
fn an_empty_block_is_a_block() {
    let mut world = World::new();
    world.decide(&[]);
    let mut world = world.reopen();
    world.decide(&[world.bill(1, "ningbo-tools")]);
    let block = world.store.reader().block(Height(1)).expect("read").expect("decided");
    assert!(block.statements.is_empty() && block.header.log_size == 0);
}

#[test]
fn tiles_grow_over_many_blocks_as_the_log_does() {
    let mut world = World::new();
    let mut leaves: Vec<Hash32> = Vec::new();
    // Each block adds its own entry: sizes 101, 102 and so on up to a full tile, one beyond it, and more.
    for numbers in [0..100, 100..100, 100..101, 101..253, 253..254, 254..600] {
        leaves.extend(world.decide(&world.many(numbers)).leaves);
    }
    assert!(leaves.len() > 2 * TILE_WIDTH);
    let world = world.reopen();
    let reader = world.store.reader();
    for (index, tile) in (0..).zip(leaves.chunks(TILE_WIDTH)) {
        assert_eq!(reader.tile(0, index).expect("read"), tile, "tile {index}");
    }
    assert_eq!(reader.tile(1, 0).expect("read").len(), leaves.len() / TILE_WIDTH);
    assert!(reader.tile(0, 9).expect("read").is_empty());
    let root = log::root(&TiledLog::new(&reader), leaves.len() as u64).expect("read");
    assert_eq!(root, reader.head().expect("read").expect("a head").0.log_root);
}

#[test]
fn a_staged_block_waits_and_is_found_again() {
    let mut world = World::new();
    world.decide(&[world.bill(1, "ningbo-tools")]);
    let documents = [world.bill(2, "ningbo-tools"), world.bill(3, "harbour-bank")];
    let tip = world.store.tip();
    let outcome = world.stage(world.next_ms(), &documents);
    let world = world.reopen();
    assert_eq!(world.store.tip(), tip);
    let expected = StagedBlock { header: outcome.header.clone(), documents: wire(&documents) };
    assert_eq!(world.store.staged(Height(2)).expect("read"), [expected]);
    assert!(world.store.staged(Height(1)).expect("read").is_empty());
    assert!(world.store.staged(Height(3)).expect("read").is_empty());
    let reader = world.store.reader();
    assert!(reader.record(&record_of(&documents[0])).expect("read").is_none(), "staged is not executed");

    world.store.commit(&outcome, &world.certify(&outcome.header)).expect("committed");
    assert_eq!(world.store.tip(), outcome.tip());
    assert!(world.store.staged(Height(2)).expect("read").is_empty());
}

#[test]
fn a_losing_block_leaves_and_what_it_shares_stays() {
    let world = World::new();
    let [shared, won, lost] = [1, 2, 3].map(|number| world.bill(number, "ningbo-tools"));
    let loser = world.stage(world.next_ms(), &[Arc::clone(&lost), Arc::clone(&shared)]);
    let before = world.store.0.db.latest_sequence_number();
    let winner = world.stage(world.next_ms() + 1, &[Arc::clone(&shared), Arc::clone(&won)]);
    let rows = world.store.0.db.latest_sequence_number() - before;
    assert_eq!(rows, 3, "a statement, its body and the block: what is shared is written once");
    let third = world.stage(world.next_ms() + 2, &[Arc::clone(&lost)]);
    let mut staged = world.store.staged(Height(1)).expect("read");
    staged.sort_by_key(|block| block.header.time_ms);
    let headers: Vec<_> = staged.iter().map(|block| &block.header).collect();
    assert_eq!(headers, [&loser.header, &winner.header, &third.header]);
    assert_eq!(staged[0].documents, wire(&[Arc::clone(&lost), Arc::clone(&shared)]));
    assert_eq!(staged[1].documents, wire(&[Arc::clone(&shared), Arc::clone(&won)]));

    world.store.commit(&winner, &world.certify(&winner.header)).expect("committed");
    let world = world.reopen();
    assert!(keys(&world.store, Family::Staged).is_empty());
    let held = [&shared, &won].map(|document| document.statement().envelope().0.0.to_vec());
    assert_eq!(keys(&world.store, Family::Statements), BTreeSet::from(held));
    assert_eq!(keys(&world.store, Family::Bodies).len(), 2);
    let reader = world.store.reader();
    for document in [&shared, &won] {
        assert_eq!(reader.record_body(&record_of(document)).expect("read").as_ref(), document.body());
    }
    assert!(reader.body(&lost.body().expect("a body").commitment()).expect("read").is_none());
}

#[test]
fn what_lost_may_be_staged_and_win_at_the_next_height() {
    let mut world = World::new();
    let [first, second] = [1, 2].map(|number| world.bill(number, "ningbo-tools"));
    world.stage(world.next_ms() + 5, &[Arc::clone(&second)]);
    world.decide(&[first]);
    world.decide(&[Arc::clone(&second)]);
    let read = world.store.reader().record_body(&record_of(&second)).expect("read");
    assert_eq!(read.as_ref(), second.body());
}

#[test]
fn staging_again_or_too_late_does_nothing() {
    let mut world = World::new();
    let document = world.bill(1, "ningbo-tools");
    let outcome = world.stage(world.next_ms(), &[Arc::clone(&document)]);
    let staged = Staged { header: outcome.header.clone(), documents: vec![document] };
    let before = world.store.0.db.latest_sequence_number();
    world.store.stage(&staged).expect("held");
    assert_eq!(world.store.0.db.latest_sequence_number(), before);

    world.decide_at(outcome.header.time_ms, &staged.documents);
    let before = world.store.0.db.latest_sequence_number();
    world.store.stage(&staged).expect("decided");
    assert_eq!(world.store.0.db.latest_sequence_number(), before);
    assert!(keys(&world.store, Family::Staged).is_empty());
}

#[test]
fn staging_refuses_what_does_not_follow_the_tip() {
    let world = World::new();
    let header = world.execute(world.next_ms(), &[]).header;
    let ahead = sampan_proto::block::Header { height: Height(2), ..header.clone() };
    let elsewhere = sampan_proto::block::Header { previous: header.hash(), ..header };
    for header in [ahead, elsewhere] {
        let why = refused(world.store.stage(&Staged { header, documents: Vec::new() }));
        assert!(why.contains("does not follow"), "{why}");
    }
    assert!(keys(&world.store, Family::Staged).is_empty());
}

#[test]
fn a_commit_needs_a_staged_block_its_certificate_and_the_tip() {
    let mut world = World::new();
    let (first, second) = (world.bill(1, "ningbo-tools"), world.bill(2, "ningbo-tools"));
    let outcome = world.execute(world.next_ms(), &[Arc::clone(&first)]);
    let certificate = world.certify(&outcome.header);
    let why = refused(world.store.commit(&outcome, &certificate));
    assert!(why.contains("were not staged"), "{why}");

    world.stage(world.next_ms(), &[Arc::clone(&first)]);
    let another = world.execute(world.next_ms() + 1, &[Arc::clone(&first)]);
    let why = refused(world.store.commit(&outcome, &world.certify(&another.header)));
    assert!(why.contains("certificate is for another block"), "{why}");
    let swapped = Outcome { placed: Vec::new(), ..outcome.clone() };
    let why = refused(world.store.commit(&swapped, &certificate));
    assert!(why.contains("not those that were staged"), "{why}");
    let cut = Outcome { leaves: Vec::new(), ..outcome.clone() };
    let why = refused(world.store.commit(&cut, &certificate));
    assert!(why.contains("do not continue the log"), "{why}");
    assert_eq!(world.store.tip(), world.network.tip, "nothing was written");

    world.decide_at(outcome.header.time_ms, &[first]);
    let why = refused(world.store.commit(&outcome, &certificate));
    assert!(why.contains("does not follow the tip at height 1"), "{why}");
    world.decide(&[second]);
}

#[test]
fn a_snapshot_does_not_see_later_blocks() {
    let mut world = World::new();
    let (record, _) = three_blocks(&mut world);
    let store = world.store.clone();
    let reader = store.reader();
    let see = |reader: &Reader<'_>| {
        let size = reader.tip().expect("read").frontier.size();
        (
            reader.tip().expect("read"),
            reader.head().expect("read"),
            reader.record(&record).expect("read"),
            reader.tile(0, 0).expect("read"),
            log::root(&TiledLog::new(reader), size).expect("read"),
            tree::root(reader).expect("read"),
            reader.expired(u64::MAX, 100).expect("read"),
        )
    };
    let before = see(&reader);
    let late = world.many(0..300);
    world.decide(&late);
    assert_eq!(see(&reader), before);
    assert!(!reader.executed(&late[0].statement().id()).expect("read"));
    assert!(reader.statement(&late[0].statement().envelope()).expect("read").is_none());
    assert_ne!(see(&store.reader()), before);
}

#[test]
fn expired_statements_leave_the_expiry_rows_in_order_and_may_be_forgotten() {
    let mut world = World::new();
    // Three that live for 10, 20 and 30 seconds, and one for an hour.
    let lives = [(1, 10_000), (2, 20_000), (3, 30_000), (4, 3_600_000)];
    let documents = lives.map(|(number, ms)| world.anything(number, vec![1], T0 + ms));
    let ids = documents.each_ref().map(|document| document.statement().id());
    world.decide(&documents);
    let reader = world.store.reader();
    let all: Vec<_> = reader.expired(u64::MAX, 100).expect("read").into_iter().map(|(_, id)| id).collect();
    assert_eq!(all, ids);
    assert!(reader.expired(T0 + 10_000, 100).expect("read").is_empty(), "its last moment still counts");
    assert_eq!(reader.expired(T0 + 10_001, 100).expect("read"), [(T0 + 10_000, ids[0])]);
    assert_eq!(reader.expired(u64::MAX, 2).expect("read").len(), 2);
    drop(reader);

    // `decide_at` compares each outcome with that of the ledger in memory, which expires by itself.
    assert_eq!(world.decide_at(T0 + 20_001, &[]).expired.len(), 2);
    // One that goes right behind those that are gone.
    let brief = world.anything(5, vec![1], T0 + 20_002);
    assert_eq!(world.decide_at(T0 + 20_002, &[Arc::clone(&brief)]).expired.len(), 0);
    assert_eq!(world.decide_at(T0 + 20_003, &[]).expired, [(T0 + 20_002, brief.statement().id())]);
    let mut world = world.reopen();
    assert_eq!(world.store.reader().expired(u64::MAX, 100).expect("read").len(), 2);
    assert_eq!(world.decide_at(T0 + 30_001, &[]).expired, [(T0 + 30_000, ids[2])]);
    assert_eq!(keys(&world.store, Family::Expiry).len(), 1);
    let executed = |id: &StatementId| world.store.reader().executed(id).expect("read");
    assert_eq!(ids.each_ref().map(executed), [false, false, false, true], "their expiry keeps them from coming back");
    assert!(ids.iter().all(|id| world.store.reader().placed(id).expect("read").is_some()));
}

#[test]
fn documents_come_in_the_order_asked_for_final_or_staged() {
    let mut world = World::new();
    let (_, mut documents) = three_blocks(&mut world);
    let staged = world.bill(3, "ningbo-tools");
    world.stage(world.next_ms(), &[Arc::clone(&staged)]);
    documents.push(staged);
    documents.reverse();
    let mut names: Vec<EnvelopeId> = documents.iter().map(|document| document.statement().envelope()).collect();
    names.insert(2, EnvelopeId(Hash32::ZERO));
    assert_eq!(world.store.reader().documents(&names).expect("read"), wire(&documents));
}

#[test]
fn documents_stop_at_a_page_and_hold_a_whole_block() {
    let mut world = World::new();
    let large = |number: u64| world.anything(number, vec![7; limits::BODY_BYTES], T0 + 3_600_000);
    let documents: Vec<_> = (0..18).map(large).collect();
    let size = |documents: &[Arc<Document>]| documents.iter().map(|document| document.size()).sum::<usize>();
    let fits = (0..=documents.len()).rfind(|count| size(&documents[..*count]) <= limits::BLOCK_BYTES);
    let fits = fits.expect("one at least");
    assert!(fits < documents.len());
    let (block, rest) = documents.split_at(fits);
    world.decide(block);
    world.decide(rest);
    let names: Vec<EnvelopeId> = documents.iter().map(|document| document.statement().envelope()).collect();
    assert_eq!(world.store.reader().documents(&names).expect("read"), wire(block));
}

#[test]
fn nothing_is_written_on_top_of_a_failed_write() {
    let world = World::new();
    let outcome = world.stage(world.next_ms(), &[]);
    world.store.0.writer.lock().expect("free").failed = true;
    let why = refused(world.store.commit(&outcome, &world.certify(&outcome.header)));
    assert!(why.contains("earlier write failed"), "{why}");
    let why = refused(world.store.stage(&Staged { header: outcome.header, documents: Vec::new() }));
    assert!(why.contains("earlier write failed"), "{why}");
}
