//! Documents that come after their block.

use super::keep::erasure;
use super::*;

#[test]
fn a_document_that_its_block_came_without_is_kept_when_it_comes_and_an_erased_one_is_not() {
    let mut world = World::new();
    let (bill, stranger) = (world.bill(1, "ningbo-tools"), world.bill(2, "ningbo-tools"));
    let record = Record::id_of(bill.statement().id());
    world.decide(&[world.network.bare(&bill)]);
    let body = |world: &World| world.store.reader().record_body(&record).expect("read");
    assert_eq!(body(&world), None);
    world.store.supply(&[Arc::clone(&stranger), Arc::clone(&bill)]).expect("written");
    assert_eq!(body(&world).as_ref(), bill.body());
    let kept = world.store.reader().statement(&stranger.statement().envelope()).expect("read");
    assert_eq!(kept, None, "what is not final stays outside");
    world.decide(&[erasure(&world, record)]);
    world.store.supply(&[bill]).expect("written");
    assert_eq!(body(&world), None, "erased is erased");
}

/// The block came without its document, and before it was committed the power failed; then it comes whole.
#[test]
fn a_block_that_is_staged_without_a_document_takes_it_when_it_comes_with_it() {
    let world = World::new();
    let bill = world.bill(1, "ningbo-tools");
    let record = Record::id_of(bill.statement().id());
    let time_ms = world.next_ms();
    world.stage(time_ms, &[world.network.bare(&bill)]);
    let outcome = world.stage(time_ms, &[Arc::clone(&bill)]);
    // And what is there does not go away again.
    world.stage(time_ms, &[world.network.bare(&bill)]);
    world.store.commit(&outcome, &world.certify(&outcome.header)).expect("committed");
    assert_eq!(world.store.reader().record_body(&record).expect("read").as_ref(), bill.body());
}
