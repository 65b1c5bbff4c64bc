//! The log and the state tree, with proofs that hold and proofs that do not.

use std::collections::BTreeMap;

use sampan_proto::codec;
use sampan_proto::hash::{Domain, Hash32};
use sampan_proto::merkle::log::{self, ConsistencyProof, InclusionProof};
use sampan_proto::merkle::state::{self, Found, StateProof, tree};

use crate::sheet::{Json, hex, object, settle, text};
use crate::support::digest;
use crate::support::log::MemoryLog;

/// Sizes for which every proof is written; beyond, a few.
const SMALL: u64 = 9;
const SIZES: [u64; 5] = [16, 17, 31, 64, 100];

/// Leaf i is the log leaf hash of the number i as a byte.
fn log_of(size: u64) -> MemoryLog {
    MemoryLog((0..size).map(|i| Domain::LogLeaf.hash(&[u8::try_from(i).expect("few")])).collect())
}

fn root(log: &MemoryLog, size: u64) -> Hash32 {
    if size == 0 { log::empty() } else { log.root(size) }
}

#[test]
fn inclusion() {
    let log = log_of(100);
    let sizes: Vec<u64> = (0..=SMALL).chain(SIZES).collect();
    let roots =
        sizes.iter().map(|size| object([("size", (*size).into()), ("root", text(root(&log, *size)))])).collect();
    let mut proofs = Vec::new();
    let mut case = |name: &str, leaf: Hash32, proof: &InclusionProof, root: Hash32, valid: bool| {
        assert_eq!(proof.verify(&leaf, &root).is_ok(), valid, "{name}: {proof:?}");
        proofs.push(object([
            ("name", name.into()),
            ("leaf", text(leaf)),
            ("proof", hex(codec::encode(proof))),
            ("root", text(root)),
            ("valid", valid.into()),
        ]));
    };
    let leaf = |index: u64| log.0[usize::try_from(index).expect("low")];
    let all = (1..=SMALL).flat_map(|size| (0..size).map(move |index| (size, index)));
    for (size, index) in all.chain(SIZES.iter().flat_map(|size| [0, size / 2, size - 1].map(|index| (*size, index)))) {
        let proof = log.inclusion(size, index);
        case(&format!("{index} in {size}"), leaf(index), &proof, root(&log, size), true);
    }
    let good = log.inclusion(7, 4);
    let mut bad = |name: &str, change: &dyn Fn(&mut InclusionProof)| {
        let mut proof = good.clone();
        change(&mut proof);
        case(name, leaf(4), &proof, root(&log, 7), false);
    };
    bad("another index", &|proof| proof.index = 5);
    bad("an index beyond the log", &|proof| proof.index = 7);
    bad("a smaller log", &|proof| proof.size = 5);
    bad("a much larger log", &|proof| proof.size = 16);
    bad("a sibling too few", &|proof| {
        proof.path.pop();
    });
    bad("a sibling too many", &|proof| proof.path.push(digest(1)));
    bad("two siblings exchanged", &|proof| proof.path.swap(0, 1));
    bad("no log at all", &|proof| *proof = InclusionProof { size: 0, index: 0, path: vec![] });
    case("another leaf", leaf(5), &good, root(&log, 7), false);
    case("another root", leaf(4), &good, root(&log, 8), false);
    settle("inclusion.json", &[("roots", roots), ("proofs", proofs)]);
}

#[test]
fn consistency() {
    let log = log_of(100);
    let mut proofs = Vec::new();
    let mut case = |name: &str, proof: &ConsistencyProof, old: Hash32, new: Hash32, valid: bool| {
        assert_eq!(proof.verify(&old, &new).is_ok(), valid, "{name}: {proof:?}");
        proofs.push(object([
            ("name", name.into()),
            ("proof", hex(codec::encode(proof))),
            ("old_root", text(old)),
            ("new_root", text(new)),
            ("valid", valid.into()),
        ]));
    };
    let all = (0..=SMALL).flat_map(|new| (0..=new).map(move |old| (old, new)));
    for (old, new) in all.chain(SIZES.map(|new| (new - 1, new))).chain([(16, 100), (33, 100), (64, 100), (0, 100)]) {
        let proof = log.consistency(old, new);
        case(&format!("{old} and {new}"), &proof, root(&log, old), root(&log, new), true);
    }
    let mut bad = |name: &str, (old, new): (u64, u64), change: &dyn Fn(&mut ConsistencyProof)| {
        let mut proof = log.consistency(old, new);
        change(&mut proof);
        case(name, &proof, root(&log, old), root(&log, new), false);
    };
    bad("another old size", (3, 7), &|proof| proof.old = 4);
    bad("another new size", (3, 7), &|proof| proof.new = 16);
    bad("sizes exchanged", (3, 7), &|proof| (proof.old, proof.new) = (7, 3));
    bad("a sibling too few", (3, 7), &|proof| {
        proof.path.pop();
    });
    bad("a sibling too many", (3, 7), &|proof| proof.path.push(digest(1)));
    bad("a sibling of a log with itself", (7, 7), &|proof| proof.path.push(digest(1)));
    bad("a sibling of the empty log", (0, 7), &|proof| proof.path.push(digest(1)));
    bad("no sibling", (3, 7), &|proof| proof.path.clear());
    bad("a perfect old log is not sent", (4, 7), &|proof| proof.path.insert(0, root(&log, 4)));
    case("another old root", &log.consistency(3, 7), root(&log, 4), root(&log, 7), false);
    case("another new root", &log.consistency(3, 7), root(&log, 3), root(&log, 8), false);
    case("the empty log has its root", &log.consistency(0, 7), root(&log, 1), root(&log, 7), false);
    case("one log, two roots", &log.consistency(7, 7), root(&log, 7), root(&log, 8), false);
    settle("consistency.json", &[("proofs", proofs)]);
}

/// A key that begins with these bits, all others zero.
fn key(bits: &str) -> Hash32 {
    let mut bytes = [0; 32];
    for (place, bit) in bits.bytes().enumerate() {
        bytes[place / 8] |= (bit - b'0') << (7 - place % 8);
    }
    Hash32(bytes)
}

fn last_bit(mut key: Hash32) -> Hash32 {
    key.0[31] |= 1;
    key
}

/// Trees by name: few leaves at places where something happens.
fn trees() -> Vec<(&'static str, Vec<Hash32>)> {
    let spread = |count: u8| (0..count).map(|i| Domain::Record.hash(&[i])).collect();
    vec![
        ("empty", vec![]),
        ("one leaf", vec![key("1")]),
        ("two sides", vec![key("0"), key("1")]),
        ("a deep pair", vec![key("00000001"), key("000000011"), key("1")]),
        ("twins that differ in the last bit", vec![key("0101"), last_bit(key("0101"))]),
        ("twins and a neighbour", vec![key("0101"), last_bit(key("0101")), key("0100")]),
        ("seven", spread(7)),
        ("forty", spread(40)),
    ]
}

fn value(key: &Hash32) -> Hash32 {
    Domain::ValueRecord.hash(key.as_bytes())
}

#[test]
fn state_tree() {
    let (mut roots, mut proofs) = (Vec::new(), Vec::new());
    for (name, keys) in trees() {
        let changes: BTreeMap<_, _> = keys.iter().map(|key| (*key, Some(value(key)))).collect();
        let mut pages = BTreeMap::new();
        let update = tree::update(&pages, &changes).expect("in memory");
        let root = update.root;
        update.apply(&mut pages);
        let leaves: Vec<_> = changes.keys().map(|key| Json::List(vec![text(key), text(value(key))])).collect();
        roots.push(object([("name", name.into()), ("leaves", leaves.into()), ("root", text(root))]));
        let absent = [key("0"), key("11"), key("0101000000001"), Domain::Record.hash(b"absent")];
        for at in keys.iter().take(8).copied().chain(absent) {
            let proof = tree::prove(&pages, &at).expect("in memory");
            let held = changes.contains_key(&at).then(|| value(&at));
            proofs.push(claim(name, &root, &at, held, &proof, true));
        }
    }
    let forgeries = forgeries(&mut proofs);
    settle("state.json", &[("roots", roots), ("proofs", proofs), ("refused", forgeries)]);
}

/// That a proof shows, or does not show, that a key holds a value or nothing.
fn claim(name: &str, root: &Hash32, key: &Hash32, value: Option<Hash32>, proof: &StateProof, valid: bool) -> Json {
    let verdict = match &value {
        Some(value) => proof.verify_presence(root, key, value),
        None => proof.verify_absence(root, key),
    };
    assert_eq!(verdict.is_ok(), valid, "{name}: {proof:?}");
    object([
        ("name", name.into()),
        ("root", text(root)),
        ("key", text(key)),
        ("value", value.map(|value| value.to_string()).into()),
        ("proof", hex(codec::encode(proof))),
        ("valid", valid.into()),
    ])
}

/// Adds proofs that decode and show nothing; gives those that do not even decode.
fn forgeries(proofs: &mut Vec<Json>) -> Vec<Json> {
    let keys = [key("00000001"), key("000000011"), key("1")];
    let changes: BTreeMap<_, _> = keys.iter().map(|key| (*key, Some(value(key)))).collect();
    let mut pages = BTreeMap::new();
    let update = tree::update(&pages, &changes).expect("in memory");
    let root = update.root;
    update.apply(&mut pages);
    let prove = |at: &Hash32| tree::prove(&pages, at).expect("in memory");
    let (present, other, empty) = (key("00000001"), key("11"), key("01"));
    let mut bad = |name: &str, at: &Hash32, held: Option<Hash32>, proof: &StateProof| {
        proofs.push(claim(name, &root, at, held, proof, false));
    };
    assert_eq!(prove(&empty).found, Found::Empty, "the case is what it is called");
    assert!(matches!(prove(&other).found, Found::Other { .. }), "the case is what it is called");
    bad("absence of what is there", &present, None, &prove(&present));
    bad("presence of what is not there", &other, Some(value(&other)), &prove(&other));
    bad("another value", &present, Some(value(&other)), &prove(&present));
    bad("another key's proof", &keys[1], Some(value(&keys[1])), &prove(&present));
    bad("absence of another key", &key("00000011"), None, &prove(&other));
    let same = Found::Other { key: present, value_hash: value(&present) };
    bad("the key itself as the other", &present, None, &StateProof { found: same, ..prove(&present) });
    let far = Found::Other { key: keys[2], value_hash: value(&keys[2]) };
    bad("an other from elsewhere", &key("000000010001"), None, &StateProof { found: far, ..prove(&present) });
    let shallow = StateProof { depth: 1, bitmap: vec![1], siblings: vec![digest(1)], ..prove(&present) };
    bad("a wrong depth", &present, Some(value(&present)), &shallow);
    let refused = |(name, proof): (&str, StateProof)| {
        let bytes = codec::encode(&proof);
        assert!(codec::decode::<StateProof>(&bytes, bytes.len()).is_err(), "{name}");
        object([("name", name.into()), ("proof", hex(bytes))])
    };
    let with = |change: &dyn Fn(&mut StateProof)| {
        let mut proof = prove(&present);
        change(&mut proof);
        proof
    };
    let cases = [
        ("bits beyond the depth", with(&|p| *p.bitmap.last_mut().expect("a byte") |= 0x80)),
        (
            "bits beyond the depth, with siblings",
            with(&|p| {
                *p.bitmap.last_mut().expect("a byte") |= 0x80;
                p.siblings.push(digest(1));
            }),
        ),
        ("no deepest sibling", with(&|p| (p.bitmap[0], p.siblings) = (p.bitmap[0] & !1, p.siblings[1..].to_vec()))),
        ("an empty sibling that is sent", with(&|p| p.siblings[0] = state::empty())),
        ("a sibling too many", with(&|p| p.siblings.push(digest(1)))),
        (
            "a sibling too few",
            with(&|p| {
                p.siblings.pop();
            }),
        ),
        ("a bitmap that is too long", with(&|p| p.bitmap.push(0))),
        (
            "a bitmap that is too short",
            with(&|p| {
                p.bitmap.pop();
            }),
        ),
        ("257 bits deep", with(&|p| (p.depth, p.bitmap, p.siblings) = (257, vec![1; 33], vec![digest(1); 33]))),
        (
            "an absence 256 bits deep",
            StateProof { depth: 256, found: Found::Empty, bitmap: vec![1; 32], siblings: vec![digest(1); 32] },
        ),
    ];
    cases.map(refused).to_vec()
}
