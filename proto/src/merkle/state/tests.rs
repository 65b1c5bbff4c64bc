//! The state tree against a naive model, against `jmt`, and against its own rules of form.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::convert::Infallible;

use proptest::prelude::*;

use super::page::{KEY_NIBBLES, SLOTS};
use super::tree::{Overlay, PageRead, TreeError, Update, prove, root, update};
use super::{Page, PagePath, Slot, bit};
use crate::codec::DecodeError;
use crate::hash::{Domain, Hash32};
use crate::merkle::state;

mod forgeries;
mod oracle;

type Map = BTreeMap<Hash32, Hash32>;
type Batch = BTreeMap<Hash32, Option<Hash32>>;
type Pages = BTreeMap<PagePath, Page>;

/// A digest to serve as a key or a value hash.
fn digest(number: u64) -> Hash32 {
    Domain::KeyRecord.hash(&number.to_be_bytes())
}

/// `key` with one bit turned.
fn turned(key: &Hash32, place: u16) -> Hash32 {
    let mut key = *key;
    key.0[usize::from(place / 8)] ^= 0x80 >> (place % 8);
    key
}

/// The definition, word by word.
fn model(leaves: &[(Hash32, Hash32)], depth: u16) -> Hash32 {
    match leaves {
        [] => Domain::StateEmpty.hash(b""),
        [(key, value)] => Domain::StateLeaf.hash(&[key.0, value.0].concat()),
        _ => {
            let (left, right): (Vec<_>, Vec<_>) = leaves.iter().partition(|(key, _)| !bit(key, depth));
            Domain::StateNode.hash(&[model(&left, depth + 1).0, model(&right, depth + 1).0].concat())
        }
    }
}

fn model_root(map: &Map) -> Hash32 {
    model(&map.iter().map(|(key, value)| (*key, *value)).collect::<Vec<_>>(), 0)
}

fn updated(pages: &Pages, batch: &Batch) -> Update {
    update(pages, batch).unwrap()
}

fn from_scratch(map: &Map) -> (Pages, Hash32) {
    let mut pages = Pages::new();
    let update = updated(&pages, &map.iter().map(|(key, value)| (*key, Some(*value))).collect());
    let root = update.root;
    update.apply(&mut pages);
    (pages, root)
}

/// Keys that part early, keys that part at any one bit of a common stem, and everything between.
fn keys() -> impl Strategy<Value = Hash32> {
    prop_oneof![
        3 => (0..40_u64).prop_map(digest),
        2 => (0..256_u16).prop_map(|place| turned(&digest(0), place)),
        1 => (240..256_u16, 240..256_u16).prop_map(|(a, b)| turned(&turned(&digest(1), a), b)),
    ]
}

fn batches() -> impl Strategy<Value = Vec<Batch>> {
    let change = prop_oneof![3 => (0..5_u64).prop_map(|n| Some(digest(n))), 2 => Just(None)];
    prop::collection::vec(prop::collection::btree_map(keys(), change, 0..24), 1..8)
}

fn slots() -> impl Strategy<Value = Slot> {
    prop_oneof![
        Just(Slot::Empty),
        (keys(), keys()).prop_map(|(key, value_hash)| Slot::Leaf { key, value_hash }),
        keys().prop_map(Slot::Inner),
    ]
}

fn apply_to_map(map: &mut Map, batch: &Batch) {
    for (key, value) in batch {
        match value {
            Some(value) => map.insert(*key, *value),
            None => map.remove(key),
        };
    }
}

/// What is left after all batches.
fn applied(batches: &[Batch]) -> Map {
    let mut map = Map::new();
    for batch in batches {
        apply_to_map(&mut map, batch);
    }
    map
}

fn nibbles(key: &Hash32) -> Vec<u8> {
    key.0.iter().flat_map(|byte| [byte >> 4, byte & 0xf]).collect()
}

/// Where pages must be, said without the tree: the root page while there is a key, and one at every prefix
/// that two keys share.
fn expected_paths(map: &Map) -> Vec<PagePath> {
    let mut counts: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for key in map.keys().map(nibbles) {
        (0..64).for_each(|len| *counts.entry(key[..len].to_vec()).or_default() += 1);
    }
    let present = counts.into_iter().filter(|(prefix, keys)| prefix.is_empty() || *keys >= 2);
    present.map(|(prefix, _)| PagePath::from_bytes(&prefix).unwrap()).collect()
}

fn assert_form(pages: &Pages, map: &Map) {
    assert_eq!(pages.keys().copied().collect::<Vec<_>>(), expected_paths(map));
    let mut leaves = Map::new();
    for (path, page) in pages {
        for (slot, nibble) in page.slots().iter().zip(0_u8..) {
            let child = path.child(nibble);
            match slot {
                Slot::Empty => assert!(!pages.contains_key(&child)),
                Slot::Leaf { key, value_hash } => {
                    assert!(nibbles(key).starts_with(&child.to_bytes()), "{key} in {child}");
                    assert_eq!(leaves.insert(*key, *value_hash), None);
                    assert!(!pages.contains_key(&child));
                }
                Slot::Inner(hash) => assert_eq!(pages[&child].collapse(), Slot::Inner(*hash)),
            }
        }
        assert_eq!(Page::new(*page.slots()), *page);
        assert_eq!(Page::from_bytes(&page.to_bytes()), Ok(page.clone()));
    }
    assert_eq!(&leaves, map);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn updates_follow_the_model(batches in batches()) {
        let (mut pages, mut map) = (Pages::new(), Map::new());
        for batch in &batches {
            let update = updated(&pages, batch);
            apply_to_map(&mut map, batch);
            prop_assert_eq!(update.root, model_root(&map));
            // What the update does not change it must not touch.
            for (path, page) in &update.pages {
                prop_assert_ne!(pages.get(path), page.as_ref());
            }
            let ahead = Overlay { base: &pages, pages: &update.pages };
            prop_assert_eq!(root(&ahead), Ok(update.root));
            update.clone().apply(&mut pages);
            prop_assert_eq!(root(&pages), Ok(update.root));
            assert_form(&pages, &map);
            prop_assert_eq!(from_scratch(&map), (pages.clone(), update.root));
        }
    }

    #[test]
    fn overlays_stack(batches in batches()) {
        let (base, mut map) = (Pages::new(), Map::new());
        let mut layer = BTreeMap::new();
        for batch in &batches {
            let update = update(&Overlay { base: &base, pages: &layer }, batch).unwrap();
            apply_to_map(&mut map, batch);
            prop_assert_eq!(update.root, model_root(&map));
            layer.extend(update.pages);
        }
        let live = layer.into_iter().filter_map(|(path, page)| Some((path, page?))).collect::<Pages>();
        assert_form(&live, &map);
    }

    #[test]
    fn every_key_has_its_proof(batches in batches(), more in prop::collection::vec(keys(), 20)) {
        let map = applied(&batches);
        let (pages, root) = from_scratch(&map);
        let touched = batches.iter().flat_map(|batch| batch.keys());
        for key in touched.chain(&more) {
            let proof = prove(&pages, key).unwrap();
            let again = borsh::from_slice(&borsh::to_vec(&proof).unwrap());
            prop_assert_eq!(again.ok(), Some(proof.clone()));
            if let Some(value) = map.get(key) {
                prop_assert_eq!(proof.verify_presence(&root, key, value), Ok(()));
                prop_assert!(proof.verify_presence(&root, key, &digest(99)).is_err());
                prop_assert!(proof.verify_absence(&root, key).is_err());
            } else {
                prop_assert_eq!(proof.verify_absence(&root, key), Ok(()));
                prop_assert!(proof.verify_presence(&root, key, &digest(0)).is_err());
            }
        }
    }

    #[test]
    fn page_paths_sort_as_their_bytes(
        a in prop::collection::vec(0..16_u8, 0..=64),
        b in prop::collection::vec(0..16_u8, 0..=64),
    ) {
        let (x, y) = (PagePath::from_bytes(&a).unwrap(), PagePath::from_bytes(&b).unwrap());
        prop_assert_eq!((x.to_bytes(), y.to_bytes()), (a.clone(), b.clone()));
        prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        let parent = PagePath::from_bytes(&a[..a.len() / 2]).unwrap();
        prop_assert!(parent <= x && parent.to_bytes() <= x.to_bytes());
    }

    #[test]
    fn page_bytes_have_one_reading(slots in prop::array::uniform16(slots()), bit in any::<prop::sample::Index>()) {
        let page = Page::new(slots);
        let mut bytes = page.to_bytes();
        prop_assert_eq!(Page::from_bytes(&bytes), Ok(page.clone()));
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(other) = Page::from_bytes(&bytes) {
            prop_assert_ne!(&other, &page);
            prop_assert_eq!(other.to_bytes(), bytes);
        }
    }
}

#[test]
fn roots_are_frozen() {
    let golden = [
        (0, "02c22671272285a2c89889fa531440a679f2dc7b7e137fae46fd54e46b81e71c"),
        (1, "4de2835cc13f53f0357f750c1f053cb1e19f6879a7f22cdbd09f3b4b68283597"),
        (2, "43a5df9283055014474381468e9621d4f58ff747528c11d2cad393d1af9269de"),
        (20, "c77a95eedb98ee1cc4fc7bd9d927f6e6c24f0916f4e048d8cc82604a2e01e3ea"),
        (1_000, "4d239b97068097ef1af03c9e1ecc41082f3f24396c29abb42f03132aa87bebaa"),
    ];
    for (count, expected) in golden {
        let map: Map = (0..count).map(|n| (digest(n), digest(n + 1_000_000))).collect();
        assert_eq!(from_scratch(&map).1.to_string(), expected, "{count} keys");
        assert_eq!(model_root(&map).to_string(), expected, "{count} keys");
    }
}

#[test]
fn the_smallest_trees_are_as_defined() {
    let (a, b) = (Hash32([0x10; 32]), Hash32([0x1f; 32]));
    let tree = |keys: &[Hash32]| from_scratch(&keys.iter().map(|key| (*key, digest(0))).collect()).1;
    assert_eq!(tree(&[]), state::empty());
    assert_eq!(tree(&[a]), state::leaf(&a, &digest(0)));
    // 0001 0000 and 0001 1111 part at the fifth bit: four empty siblings stand above.
    let mut expected = state::node(&state::leaf(&a, &digest(0)), &state::leaf(&b, &digest(0)));
    expected = state::node(&state::empty(), &expected);
    for _ in 0..3 {
        expected = state::node(&expected, &state::empty());
    }
    assert_eq!(tree(&[a, b]), expected);
}

#[test]
fn two_keys_that_part_at_the_last_bit_span_64_pages_and_collapse_again() {
    let (stem, twin) = (digest(7), turned(&digest(7), 255));
    let (mut pages, _) = from_scratch(&BTreeMap::from([(stem, digest(0)), (twin, digest(1))]));
    assert_eq!(pages.len(), 64);
    let proof = prove(&pages, &twin).unwrap();
    assert_eq!((proof.depth, proof.siblings.len(), proof.bitmap.len()), (256, 1, 32));
    let update = updated(&pages, &Batch::from([(twin, None)]));
    assert_eq!(update.pages.values().filter(|page| page.is_none()).count(), 63);
    assert_eq!(update.root, state::leaf(&stem, &digest(0)));
    update.apply(&mut pages);
    assert_eq!(pages.len(), 1);
    updated(&pages, &Batch::from([(stem, None)])).apply(&mut pages);
    assert!(pages.is_empty());
}

#[test]
fn what_changes_nothing_writes_nothing() {
    let map: Map = (0..300).map(|n| (digest(n), digest(n))).collect();
    let (pages, root) = from_scratch(&map);
    let absent = (300..600).map(|n| (digest(n), None));
    let same = (0..300).map(|n| (digest(n), Some(digest(n))));
    let update = updated(&pages, &absent.chain(same).collect());
    assert_eq!(update, Update { root, pages: BTreeMap::new() });
    assert!(updated(&Pages::new(), &Batch::from([(digest(1), None)])).pages.is_empty());
}

/// Counts reads of each page.
struct Counting<'a>(&'a Pages, RefCell<BTreeMap<PagePath, u32>>);

impl PageRead for Counting<'_> {
    type Error = Infallible;

    fn page(&self, path: &PagePath) -> Result<Option<Page>, Infallible> {
        *self.1.borrow_mut().entry(*path).or_default() += 1;
        self.0.page(path)
    }
}

#[test]
fn an_update_reads_each_page_once() {
    let map: Map = (0..5_000).map(|n| (digest(n), digest(n))).collect();
    let (pages, _) = from_scratch(&map);
    let reader = Counting(&pages, RefCell::default());
    let batch = (4_900..5_100).map(|n| (digest(n), (n % 3 > 0).then(|| digest(1)))).collect();
    update(&reader, &batch).unwrap();
    let reads = reader.1.into_inner();
    assert!(reads.len() > 100);
    assert!(reads.iter().all(|(path, times)| *times == 1 && pages.contains_key(path)));
}

#[test]
fn a_missing_page_is_an_error() {
    let map: Map = (0..100).map(|n| (digest(n), digest(n))).collect();
    let (mut pages, _) = from_scratch(&map);
    let path = *pages.keys().find(|path| !path.is_empty()).unwrap();
    let below = map.keys().find(|key| nibbles(key).starts_with(&path.to_bytes())).copied().unwrap();
    pages.remove(&path);
    assert_eq!(prove(&pages, &below), Err(TreeError::Missing(path)));
    assert_eq!(update(&pages, &Batch::from([(below, None)])), Err(TreeError::Missing(path)));
}

#[test]
fn a_store_that_never_ends_is_an_error() {
    /// Claims another page below every slot.
    struct Endless;
    impl PageRead for Endless {
        type Error = Infallible;
        fn page(&self, _: &PagePath) -> Result<Option<Page>, Infallible> {
            Ok(Some(Page::new([Slot::Inner(Hash32::ZERO); SLOTS])))
        }
    }
    let end = PagePath::from_bytes(&[0; KEY_NIBBLES as usize]).unwrap();
    assert_eq!(prove(&Endless, &Hash32::ZERO), Err(TreeError::Missing(end)));
    let batch = Batch::from([(Hash32::ZERO, Some(Hash32::ZERO))]);
    assert_eq!(update(&Endless, &batch), Err(TreeError::Missing(end)));
}

#[test]
fn pages_decode_strictly() {
    let (pages, _) = from_scratch(&(0..20).map(|n| (digest(n), digest(n))).collect());
    let bytes = pages[&PagePath::ROOT].to_bytes();
    for len in 0..bytes.len() {
        assert_eq!(Page::from_bytes(&bytes[..len]), Err(DecodeError::Malformed), "cut to {len}");
    }
    assert_eq!(Page::from_bytes(&[&bytes[..], &[0]].concat()), Err(DecodeError::Malformed));
    assert_eq!(Page::from_bytes(&[3, 0, 0, 0]), Err(DecodeError::Malformed));
    assert_eq!(Page::from_bytes(&[0; 4]), Ok(Page::default()));
    let mut slots = [Slot::Empty; SLOTS];
    slots[1] = Slot::Inner(Hash32([0xaa; 32]));
    slots[15] = Slot::Leaf { key: Hash32([0xbb; 32]), value_hash: Hash32([0xcc; 32]) };
    // Slots 0 to 3 hold a page, so the fold over them is kept; the leaf is alone in its four and is not.
    let quad = state::node(&state::node(&state::empty(), &Hash32([0xaa; 32])), &state::empty());
    let expected = [&[0x08, 0, 0, 0x40][..], &[0xaa; 32], &[0xbb; 32], &[0xcc; 32], &quad.0].concat();
    assert_eq!(Page::new(slots).to_bytes(), expected);
    assert_eq!(PagePath::from_bytes(&[16]), Err(DecodeError::Malformed));
    assert_eq!(PagePath::from_bytes(&[0; 65]), Err(DecodeError::Malformed));
}
