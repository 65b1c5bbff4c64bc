//! What a dishonest prover may try.

use super::{Map, Pages, digest, from_scratch, prove, turned};
use crate::codec::{decode, encode};
use crate::hash::Hash32;
use crate::merkle::BadProof;
use crate::merkle::state::{self, Found, StateProof, bit, shared_bits};

/// A tree of 60 keys, two of which part deep down, and one of each kind of proof.
struct Scene {
    pages: Pages,
    root: Hash32,
    present: Hash32,
    value: Hash32,
    other: Hash32,
    empty: Hash32,
}

type Check<'a> = Box<dyn Fn(&StateProof) -> Result<(), BadProof> + 'a>;

impl Scene {
    fn new() -> Self {
        let mut map: Map = (0..60).map(|n| (digest(n), digest(n + 500))).collect();
        map.insert(turned(&digest(3), 90), digest(600));
        let (pages, root) = from_scratch(&map);
        let absent = |wanted: fn(&Found) -> bool| {
            let mut keys = (1_000..).map(digest);
            keys.find(|key| wanted(&prove(&pages, key).unwrap().found)).unwrap()
        };
        let other = absent(|found| matches!(found, Found::Other { .. }));
        let empty = absent(|found| *found == Found::Empty);
        Self { root, present: digest(3), value: digest(503), other, empty, pages }
    }

    fn proof(&self, key: &Hash32) -> StateProof {
        prove(&self.pages, key).unwrap()
    }

    /// The honest proofs of all kinds, each with the check that its reader makes.
    fn checks(&self) -> Vec<(StateProof, Check<'_>)> {
        vec![
            (self.proof(&self.present), Box::new(|p| p.verify_presence(&self.root, &self.present, &self.value))),
            (self.proof(&digest(9)), Box::new(|p| p.verify_presence(&self.root, &digest(9), &digest(509)))),
            (self.proof(&self.other), Box::new(|p| p.verify_absence(&self.root, &self.other))),
            (self.proof(&self.empty), Box::new(|p| p.verify_absence(&self.root, &self.empty))),
        ]
    }
}

#[test]
fn honest_proofs_pass_and_any_damaged_byte_does_not() {
    let scene = Scene::new();
    for (proof, check) in scene.checks() {
        assert_eq!(check(&proof), Ok(()));
        let bytes = encode(&proof);
        let accepts = |bytes: &[u8]| decode::<StateProof>(bytes, 16_384).is_ok_and(|proof| check(&proof).is_ok());
        assert!(accepts(&bytes));
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut copy = bytes.clone();
                copy[place] ^= 1 << bit;
                assert!(!accepts(&copy), "bit {bit} of byte {place}");
            }
            assert!(!accepts(&bytes[..place]), "cut to {place}");
        }
        assert!(!accepts(&[&bytes[..], &[0]].concat()));
    }
}

#[test]
fn no_other_claim_passes() {
    let scene = Scene::new();
    let (root, present, value) = (&scene.root, &scene.present, &scene.value);
    let proof = scene.proof(present);
    assert_eq!(proof.verify_absence(root, present), Err(BadProof::Claim));
    assert_eq!(proof.verify_presence(root, present, &digest(0)), Err(BadProof::Root));
    assert_eq!(proof.verify_presence(&digest(0), present, value), Err(BadProof::Root));
    for absent in [&scene.other, &scene.empty] {
        let proof = scene.proof(absent);
        assert_eq!(proof.verify_presence(root, absent, value), Err(BadProof::Claim));
        assert_eq!(proof.verify_absence(&digest(0), absent), Err(BadProof::Root));
    }
}

#[test]
fn swapped_keys_are_refused() {
    let scene = Scene::new();
    let proof = scene.proof(&scene.present);
    for n in (0..60).filter(|n| *n != 3) {
        assert_eq!(proof.verify_presence(&scene.root, &digest(n), &scene.value), Err(BadProof::Root));
    }
    // The same place, another key: the leaf binds all 256 bits.
    let neighbour = turned(&scene.present, 255);
    assert_eq!(proof.verify_presence(&scene.root, &neighbour, &scene.value), Err(BadProof::Root));
    // An absence proof serves the keys that leave the tree at the same place, and only those.
    let proof = scene.proof(&scene.empty);
    let near = turned(&scene.empty, 255);
    assert_eq!(proof.verify_absence(&scene.root, &near), Ok(()));
    for n in 0..60 {
        assert!(proof.verify_absence(&scene.root, &digest(n)).is_err());
    }
}

#[test]
fn a_present_key_cannot_be_hidden_behind_another_leaf() {
    let scene = Scene::new();
    // `Other` naming the key itself: a true leaf on a true path, called somebody else's.
    let honest = scene.proof(&scene.present);
    let found = Found::Other { key: scene.present, value_hash: scene.value };
    let own = StateProof { found, ..honest.clone() };
    assert_eq!(own.verify_absence(&scene.root, &scene.present), Err(BadProof::Claim));
    // A true leaf on its true path, from elsewhere in the tree.
    for n in (0..60).filter(|n| *n != 3) {
        let found = Found::Other { key: digest(n), value_hash: digest(n + 500) };
        let elsewhere = StateProof { found, ..scene.proof(&digest(n)) };
        assert_eq!(elsewhere.verify_absence(&scene.root, &scene.present), Err(BadProof::Claim));
        // Made to look near by cutting the path to the bits that both share.
        let depth = shared_bits(&digest(n), &scene.present);
        let cut = usize::from(elsewhere.depth - depth);
        let near = resized(&elsewhere, depth, cut);
        assert!(near.verify_absence(&scene.root, &scene.present).is_err());
    }
    let gone = StateProof { found: Found::Empty, ..honest };
    assert_eq!(gone.verify_absence(&scene.root, &scene.present), Err(BadProof::Root));
}

/// As the format is documented: bit `i`, the least significant first, speaks of sibling `i`.
fn sends(proof: &StateProof, index: u16) -> bool {
    proof.bitmap[usize::from(index / 8)] & (1 << (index % 8)) != 0
}

/// All siblings of a proof, the empty ones included.
fn all_siblings(proof: &StateProof) -> Vec<Hash32> {
    let mut sent = proof.siblings.iter();
    (0..proof.depth).map(|index| if sends(proof, index) { *sent.next().unwrap() } else { state::empty() }).collect()
}

/// A proof of another depth: siblings dropped at the deep end, or empty ones added there.
fn resized(proof: &StateProof, depth: u16, dropped: usize) -> StateProof {
    let mut siblings = all_siblings(proof).split_off(dropped);
    let added = usize::from(depth).saturating_sub(siblings.len());
    siblings.splice(0..0, vec![state::empty(); added]);
    let mut bitmap = vec![0; usize::from(depth.div_ceil(8))];
    for (index, _) in siblings.iter().enumerate().filter(|(_, sibling)| **sibling != state::empty()) {
        bitmap[index / 8] |= 1 << (index % 8);
    }
    siblings.retain(|sibling| *sibling != state::empty());
    StateProof { depth, found: proof.found, bitmap, siblings }
}

#[test]
fn wrong_depths_are_refused() {
    let scene = Scene::new();
    for (proof, check) in scene.checks() {
        let depth = proof.depth;
        assert_eq!(resized(&proof, depth, 0), proof);
        for shallower in 0..depth {
            let forged = resized(&proof, shallower, usize::from(depth - shallower));
            assert!(check(&forged).is_err(), "{depth} shown as {shallower}");
        }
        for deeper in depth + 1..=300 {
            assert!(check(&resized(&proof, deeper, 0)).is_err(), "{depth} shown as {deeper}");
        }
        // Only the number changed.
        for other in (0..=300).filter(|other| *other != depth) {
            assert!(check(&StateProof { depth: other, ..proof.clone() }).is_err());
        }
    }
}

#[test]
fn a_leaf_may_not_stand_lower_than_alone() {
    // An evil tree that agrees with the honest rules but for one leaf without company, one level too low:
    // its root exists, and a verifier must not accept the form even there.
    let (key, value) = (digest(3), digest(503));
    let lone = state::leaf(&key, &value);
    let below = |bit: bool| if bit { state::node(&state::empty(), &lone) } else { state::node(&lone, &state::empty()) };
    let low_root = below(bit(&key, 0));
    let low = StateProof { depth: 1, found: Found::Value, bitmap: vec![0], siblings: vec![] };
    assert_eq!(low.verify_presence(&low_root, &key, &value), Err(BadProof::NotCanonical));
    let stranger = turned(&key, 200);
    let found = Found::Other { key, value_hash: value };
    let low_other = StateProof { found, ..low.clone() };
    assert_eq!(low_other.verify_absence(&low_root, &stranger), Err(BadProof::NotCanonical));
    // The same for nothing beside nothing.
    let empty_root = state::node(&state::empty(), &state::empty());
    let low_empty = StateProof { found: Found::Empty, ..low };
    assert_eq!(low_empty.verify_absence(&empty_root, &key), Err(BadProof::NotCanonical));
    // And no encoding of these is even read.
    assert!(decode::<StateProof>(&encode(&low_empty), 4_096).is_err());
}

#[test]
fn encodings_have_one_form() {
    let scene = Scene::new();
    for (proof, check) in scene.checks() {
        let reject = |forged: &StateProof, why: BadProof| {
            assert_eq!(check(forged), Err(why));
            assert!(decode::<StateProof>(&encode(forged), 16_384).is_err());
        };
        let mut trailing = proof.clone();
        trailing.siblings.push(digest(1));
        reject(&trailing, BadProof::Length);
        let mut missing = proof.clone();
        missing.siblings.pop();
        reject(&missing, BadProof::Length);
        let mut longer = proof.clone();
        longer.bitmap.push(0);
        reject(&longer, BadProof::NotCanonical);
        let mut shorter = proof.clone();
        shorter.bitmap.pop();
        reject(&shorter, BadProof::NotCanonical);
        for beyond in proof.depth..proof.depth.next_multiple_of(8) {
            let mut forged = proof.clone();
            forged.bitmap[usize::from(beyond / 8)] |= 1 << (beyond % 8);
            reject(&forged, BadProof::NotCanonical);
            // With a sibling to match, so that the counts agree.
            forged.siblings.push(digest(1));
            reject(&forged, BadProof::NotCanonical);
        }
    }
}

#[test]
fn an_empty_sibling_may_not_be_spelled_out() {
    let scene = Scene::new();
    let proof = scene.proof(&scene.present);
    let hidden = (0..proof.depth).find(|index| !sends(&proof, *index)).unwrap();
    let before = (0..hidden).filter(|index| sends(&proof, *index)).count();
    let mut spelled = proof.clone();
    spelled.bitmap[usize::from(hidden / 8)] |= 1 << (hidden % 8);
    spelled.siblings.insert(before, state::empty());
    // The same path to the same root; only the form is wrong.
    assert_eq!(all_siblings(&spelled), all_siblings(&proof));
    assert_eq!(spelled.verify_presence(&scene.root, &scene.present, &scene.value), Err(BadProof::NotCanonical));
}

#[test]
fn the_deepest_positions_are_judged() {
    let key = Hash32::ZERO;
    let at = |depth: u16, found| StateProof {
        depth,
        found,
        bitmap: [vec![1], vec![0; usize::from(depth.div_ceil(8)) - 1]].concat(),
        siblings: vec![digest(1)],
    };
    let other = Found::Other { key: turned(&key, 255), value_hash: key };
    assert_eq!(at(256, Found::Value).verify_presence(&digest(0), &key, &key), Err(BadProof::Root));
    assert_eq!(at(257, Found::Value).verify_presence(&digest(0), &key, &key), Err(BadProof::Position));
    assert_eq!(at(255, other).verify_absence(&digest(0), &key), Err(BadProof::Root));
    assert_eq!(at(256, other).verify_absence(&digest(0), &key), Err(BadProof::Position));
    assert_eq!(at(256, Found::Empty).verify_absence(&digest(0), &key), Err(BadProof::Position));
    assert_eq!(at(u16::MAX, Found::Value).verify_presence(&digest(0), &key, &key), Err(BadProof::Position));
}

#[test]
fn the_empty_tree_holds_nothing() {
    let proof = prove(&Pages::new(), &digest(0)).unwrap();
    assert_eq!(proof, StateProof { depth: 0, found: Found::Empty, bitmap: vec![], siblings: vec![] });
    assert_eq!(proof.verify_absence(&state::empty(), &digest(0)), Ok(()));
    let scene = Scene::new();
    assert_eq!(proof.verify_absence(&scene.root, &scene.present), Err(BadProof::Root));
    // The empty constant is no leaf, and zeros are not the empty tree.
    assert_eq!(proof.verify_absence(&Hash32::ZERO, &digest(0)), Err(BadProof::Root));
}
