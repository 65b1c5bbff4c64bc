//! What is not held here is said to be held elsewhere.

use sampan_proto::evidence::Offence;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{Height, StatementId};
use sampan_proto::proof::Binary;
use sampan_proto::reject::Code;
use sampan_proto::vote::{Signed, Vote, VoteType};

use super::super::error::Refusal;
use super::super::log::hashes;
use super::super::proofs::{Named, receipt_of};
use super::fixture::{CARRIER, EXPORTER, IMPORTER, Solo};
use crate::store::fixture::World;

/// Blocks of a few hundred statements each.
fn grown(blocks: u64) -> World {
    let mut world = World::new();
    for block in 0..blocks {
        let documents = world.many(block * 300..block * 300 + 300);
        world.decide(&documents);
    }
    world
}

fn refused<T>(answer: Result<T, Refusal>) -> (Code, String) {
    let Err(Refusal(problem)) = answer else { panic!("answered") };
    (problem.known_code().expect("a code of the protocol"), problem.detail)
}

#[test]
fn a_receipt_of_a_past_that_is_half_filled_in_is_to_be_had_elsewhere() {
    let world = grown(4);
    let past = [world.past(Height(1)), world.past(Height(2))];
    let id = past[0].documents[7].statement().id();
    world.store.prune(Height(3)).expect("dropped");
    let answer = |named, against| refused(receipt_of(&world.store.reader(), named, against));
    let (code, detail) = answer(Named::Statement(id), None);
    assert_eq!(code, Code::NotFound, "whether there ever was one is not known here");
    assert!(detail.ends_with("what was final before block 4 is not held here"), "{detail}");
    world.store.fill_in(&past).expect("written").expect("the past");
    for named in [Named::Statement(id), Named::Index(7), Named::Index(400)] {
        for against in [None, Some(Height(4))] {
            assert_eq!(answer(named, against).0, Code::HistoryNotHeld);
        }
    }
    let held = world.past(Height(4)).documents[0].statement().id();
    receipt_of(&world.store.reader(), Named::Statement(held), None).expect("what is above is proven");
    let (_, detail) = answer(Named::Statement(StatementId(Hash32::ZERO)), None);
    assert!(detail.contains("not held here"), "{detail}");
}

#[test]
fn a_tile_that_was_dropped_is_to_be_had_elsewhere() {
    let world = grown(4);
    world.store.prune(Height(2)).expect("dropped");
    let reader = world.store.reader();
    let tile = |path: &str| hashes(&reader, &path.parse().expect("a path"));
    for path in ["tile/0/000", "tile/0/001", "tile/0/001.p/7"] {
        assert_eq!(refused(tile(path)).0, Code::HistoryNotHeld, "{path}");
    }
    for path in ["tile/0/002", "tile/0/003", "tile/1/000.p/4"] {
        tile(path).expect("of the edge, or right of it");
    }
    assert_eq!(refused(tile("tile/0/004")).0, Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_dropped_is_gone_here_and_not_for_ever_too_early() {
    let solo = Solo::start();
    let ticket = solo.finish(&solo.issue("SPLNGB2650001")).await;
    solo.finish(&solo.transfer(EXPORTER, &ticket, 1, IMPORTER)).await;
    solo.finish(&solo.issue("SPLNGB2650002")).await;
    let newest = solo.state.store.tip().height.0;
    solo.state.store.prune(Height(newest - 1)).expect("dropped");
    let key = &solo.key(CARRIER).secret;
    let twice = |height| {
        let vote = |block| {
            let (chain, vote_type) = (solo.state.genesis.chain, VoteType::Prevote);
            Binary(Signed::sign(Vote { chain, vote_type, height, round: 0, block, validator: key.public() }, key))
        };
        Offence::Votes([vote(None), vote(Some(solo.state.store.tip().hash))])
    };
    for (height, code) in [(1, Code::HistoryNotHeld), (newest + 1_000, Code::NotReady)] {
        let offence = twice(Height(height));
        solo.state.store.accuse(&offence).expect("written");
        let problem = solo.get(format!("/v1/evidence/{}", offence.id())).await.problem();
        assert_eq!(problem.known_code(), Some(code), "{problem:?}");
    }
    for uri in
        ["/v1/receipts/0", "/v1/log/consistency?from=0&to=1", "/v1/log/consistency?from=1", "/v1/log/head?height=1"]
    {
        assert_eq!(solo.get(uri).await.problem().known_code(), Some(Code::HistoryNotHeld), "{uri}");
    }
}
