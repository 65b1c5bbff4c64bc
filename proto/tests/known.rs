//! Remembered signatures: they save work and never change an answer.

#![allow(clippy::expect_used, reason = "helpers are part of the tests")]

mod support;

use data_encoding::BASE64;
use proptest::prelude::*;
use sampan_proto::genesis::Genesis;
use sampan_proto::keys::{Known, Signature};
use sampan_proto::proof::{Bundle, Ladder, Outcome, Policy, verify, verify_knowing};
use serde_json::Value;
use support::cast;
use support::story::Story;

fn climb(bundle: &Bundle, anchor: &Genesis, known: &mut Known) -> Ladder {
    verify_knowing(bundle, anchor, &Policy::default(), known)
}

/// Every kind of bundle that the story has.
fn bundles(story: &Story) -> Vec<Bundle> {
    vec![
        story.full(),
        story.compared(),
        story.record_only(),
        story.origin_receipt(),
        story.absent(),
        story.handed_over(),
    ]
}

/// A memory that has met all of them.
fn warm(story: &Story, room: usize) -> Known {
    let mut known = Known::with_room(room);
    for bundle in bundles(story) {
        let ladder = climb(&bundle, &story.chain.genesis, &mut known);
        assert_eq!(ladder.outcome(), Outcome::Valid, "{ladder:#?}");
    }
    known
}

/// Each base64 string of a file.
fn parts(value: &mut Value) -> Vec<&mut String> {
    match value {
        Value::Object(map) => map.values_mut().flat_map(parts).collect(),
        Value::Array(list) => list.iter_mut().flat_map(parts).collect(),
        Value::String(text) if text.len() > 64 && BASE64.decode(text.as_bytes()).is_ok() => vec![text],
        _ => Vec::new(),
    }
}

#[test]
fn a_memory_of_any_size_says_what_none_says() {
    let story = Story::tell();
    for room in [0, 1, 3, 1_000] {
        let mut known = Known::with_room(room);
        for bundle in bundles(&story).iter().cycle().take(18) {
            let without = verify(bundle, &story.chain.genesis, &Policy::default());
            assert_eq!(climb(bundle, &story.chain.genesis, &mut known), without, "room for {room}");
        }
    }
}

#[test]
fn what_one_network_signed_is_unknown_on_another() {
    // The same people, keys and acts; only the chain id is another.
    let mut file = cast::genesis_file();
    file.time_ms += 1;
    let (story, other) = (Story::tell(), Story::tell_on(&file));
    let mut known = warm(&story, 1_000);
    for (mine, theirs) in bundles(&story).into_iter().zip(bundles(&other)) {
        for mixed in [
            Bundle { head: mine.head.clone(), ..theirs.clone() },
            Bundle { history: mine.history.clone(), ..theirs.clone() },
            Bundle { chain: theirs.chain, ..mine.clone() },
        ] {
            let without = verify(&mixed, &other.chain.genesis, &Policy::default());
            assert_eq!(climb(&mixed, &other.chain.genesis, &mut known), without);
        }
    }
}

/// The signature stays, the message under it is another; and the other way round.
#[test]
fn a_known_signature_stands_under_nothing_else() {
    let story = Story::tell();
    let mut known = warm(&story, 1_000);
    let mut verdict = |bundle: &Bundle| climb(bundle, &story.chain.genesis, &mut known).outcome();
    let mut round = story.full();
    round.head.certificate.0.round += 1;
    assert_eq!(verdict(&round), Outcome::Invalid, "votes of another round");
    let mut turned = story.full();
    turned.head.certificate.0.signatures.rotate_left(1);
    assert_eq!(verdict(&turned), Outcome::Invalid, "one validator's signature as another's");
    let mut exchanged = story.full();
    let (first, second) = (exchanged.history[0].statement.signatures.clone(), exchanged.history[1].clone());
    exchanged.history[1].statement.signatures = first;
    assert_ne!(exchanged.history[1], second);
    assert_eq!(verdict(&exchanged), Outcome::Invalid, "the carrier's signature under the trader's act");
    let mut forged = story.full();
    let Signature::Ed25519(bytes) = &mut forged.head.certificate.0.signatures[0];
    bytes[63] ^= 1;
    assert_eq!(verdict(&forged), Outcome::Invalid, "another signature");
    assert_eq!(verdict(&story.full()), Outcome::Valid);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    /// 8 times 200 changed bits in the parts of bundles: the ladder is the same to its last word, whatever was met
    /// before, the changed bundles included.
    #[test]
    fn a_changed_bundle_gets_the_same_ladder(
        places in prop::collection::vec(
            (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_u8..8), 200)
    ) {
        let story = Story::tell();
        let all = bundles(&story);
        let mut known = warm(&story, 1_000);
        let mut read = 0;
        for (bundle, part, place, bit) in places {
            let mut value = serde_json::to_value(bundle.get(&all)).expect("JSON");
            let mut parts = parts(&mut value);
            let text = part.get_mut(&mut parts);
            let mut bytes = BASE64.decode(text.as_bytes()).expect("base64");
            *place.get_mut(&mut bytes) ^= 1 << bit;
            **text = BASE64.encode(&bytes);
            let Ok(changed) = Bundle::from_json(&serde_json::to_vec(&value).expect("JSON")) else { continue };
            read += 1;
            let without = verify(&changed, &story.chain.genesis, &Policy::default());
            prop_assert_eq!(climb(&changed, &story.chain.genesis, &mut known), without);
        }
        prop_assert!(read > 50, "{} of 200 could be read", read);
    }
}
