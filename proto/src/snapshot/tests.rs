use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::codec;
use crate::hash::Hash32;
use crate::ids::{RecordId, StatementId};
use crate::merkle::frontier::Frontier;
use crate::merkle::state::page::{Page, PagePath, Slot};
use crate::merkle::state::tree;
use crate::merkle::tile::{self, TILE_WIDTH};

fn digest(n: u64) -> Hash32 {
    Hash32(*blake3::hash(&n.to_le_bytes()).as_bytes())
}

fn item(n: u64) -> Item {
    match n % 3 {
        0 => Item::Executed { statement: StatementId(digest(n)), index: n, not_after_ms: 7 * n },
        1 => Item::Reference { key: digest(n), record: RecordId(digest(n + 1)) },
        _ => Item::Goods { fingerprint: digest(n), record: RecordId(digest(n + 1)) },
    }
}

/// A node's state: items by key, and the pages over them.
struct State {
    items: BTreeMap<Hash32, Item>,
    pages: BTreeMap<PagePath, Page>,
    root: Hash32,
}

impl State {
    fn new(count: u64) -> Self {
        let items: BTreeMap<Hash32, Item> = (0..count).map(item).map(|item| (item.leaf().0, item)).collect();
        let changes = items.values().map(|item| (item.leaf().0, Some(item.leaf().1))).collect();
        let mut pages = BTreeMap::new();
        let update = tree::update(&pages, &changes).expect("whole");
        let root = update.root;
        update.apply(&mut pages);
        Self { items, pages, root }
    }

    /// What an honest node answers when `most` items fit a part.
    fn part(&self, path: &PagePath, most: usize) -> Part {
        let (first, last) = path.range();
        let below: Vec<Item> = self.items.range(first..=last).map(|(_, item)| item.clone()).collect();
        if below.len() <= most {
            return Part::Items(below);
        }
        let page = &self.pages[path];
        let lone = page.slots().iter().filter_map(|slot| match slot {
            Slot::Leaf { key, .. } => Some(self.items[key].clone()),
            Slot::Empty | Slot::Inner(_) => None,
        });
        Part::Page(page.to_bytes(), lone.collect())
    }

    /// Takes the whole state over, part by part.
    fn taken_over(&self, most: usize) -> (BTreeMap<Hash32, Item>, BTreeMap<PagePath, Page>) {
        let (mut items, mut pages) = (BTreeMap::new(), BTreeMap::new());
        let mut wanted = vec![(PagePath::ROOT, self.root)];
        while let Some((path, promised)) = wanted.pop() {
            let wire = codec::encode(&self.part(&path, most));
            let part: Part = codec::decode(&wire, wire.len()).expect("what was encoded");
            let checked = part.check(&path, &promised).expect("honest");
            items.extend(checked.items);
            pages.extend(checked.pages);
            wanted.extend(checked.below);
        }
        (items, pages)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn parts_of_any_size_bring_the_whole_state(count in 2_u64..600, most in 1_usize..200) {
        let state = State::new(count);
        let (items, pages) = state.taken_over(most);
        prop_assert_eq!(items, state.items);
        prop_assert_eq!(pages, state.pages);
    }

    #[test]
    fn no_part_can_be_anything_else(count in 40_u64..300, most in 1_usize..100, pick in any::<prop::sample::Index>(), how in 0..6) {
        let state = State::new(count);
        let part = state.part(&PagePath::ROOT, most);
        let change = |items: &mut Vec<Item>| {
            if items.is_empty() {
                return false;
            }
            let at = pick.index(items.len());
            match how {
                0 => drop(items.remove(at)),
                1 => items.insert(at, items[at].clone()),
                2 => items.insert(at, item(count + 5)),
                3 => items[at] = item(count + 5),
                4 => items.swap(at, 0),
                _ => match &mut items[at] {
                    Item::Executed { not_after_ms, .. } => *not_after_ms += 1,
                    Item::Reference { record, .. } | Item::Goods { record, .. } => *record = RecordId(digest(count + 9)),
                    other => panic!("not made here: {other:?}"),
                },
            }
            how != 4 || at != 0
        };
        let mut changed = part.clone();
        let differs = match &mut changed {
            Part::Items(items) => change(items),
            Part::Page(_, lone) => change(lone),
        };
        prop_assume!(differs);
        prop_assert_eq!(changed.check(&PagePath::ROOT, &state.root), Err(BadSnapshot::Part));
        prop_assert_eq!(part.check(&PagePath::ROOT, &digest(count)), Err(BadSnapshot::Part));
    }
}

#[test]
fn every_byte_of_a_page_counts() {
    let state = State::new(100);
    let Part::Page(page, lone) = state.part(&PagePath::ROOT, 1) else { panic!("too many for one part") };
    let honest = Part::Page(page.clone(), lone.clone()).check(&PagePath::ROOT, &state.root).expect("honest");
    for at in 0..page.len() {
        let mut page = page.clone();
        page[at] ^= 1;
        let checked = Part::Page(page, lone.clone()).check(&PagePath::ROOT, &state.root);
        // The stored folds are derived anew, so what they say is of no account.
        assert!(checked.is_err() || checked == Ok(honest.clone()), "byte {at}");
    }
    let stored = 4 + 32 * (honest.below.len() + 2 * honest.items.len());
    let mut page = page;
    page[stored - 1] ^= 1;
    assert_eq!(
        Part::Page(page, lone).check(&PagePath::ROOT, &state.root),
        Err(BadSnapshot::Part),
        "the last slot's hash"
    );
}

#[test]
fn a_part_of_another_place_is_refused() {
    let state = State::new(300);
    let Part::Page(..) = state.part(&PagePath::ROOT, 50) else { panic!("too many for one part") };
    let checked = state.part(&PagePath::ROOT, 50).check(&PagePath::ROOT, &state.root).expect("honest");
    let (first, second) = (checked.below[0], checked.below[1]);
    assert!(state.part(&first.0, 50).check(&first.0, &first.1).is_ok());
    assert_eq!(state.part(&first.0, 50).check(&second.0, &first.1), Err(BadSnapshot::Part), "its keys begin otherwise");
    assert_eq!(state.part(&first.0, 50).check(&second.0, &second.1), Err(BadSnapshot::Part));
}

#[test]
fn the_range_of_a_path_holds_what_is_below_it() {
    for nibbles in [&[][..], &[3], &[3, 0xa], &[0xf, 0, 7]] {
        let path = nibbles.iter().fold(PagePath::ROOT, |path, nibble| path.child(*nibble));
        let (first, last) = path.range();
        assert!(path.is_above(&first) && path.is_above(&last));
        let inside = (0..2_000).map(digest).filter(|key| (first..=last).contains(key));
        assert!((0..2_000).map(digest).filter(|key| path.is_above(key)).eq(inside));
    }
}

/// A log's tiles.
fn tiles(size: u64) -> (Frontier, BTreeMap<(u8, u64), Vec<Hash32>>) {
    let mut frontier = Frontier::new();
    let mut tiles: BTreeMap<(u8, u64), Vec<Hash32>> = BTreeMap::new();
    let leaves: Vec<Hash32> = (0..size).map(digest).collect();
    for row in tile::append(&mut frontier, &leaves) {
        for piece in row.tiles() {
            tiles.entry((piece.tile.level, piece.tile.index)).or_default().extend_from_slice(piece.hashes);
        }
    }
    (frontier, tiles)
}

#[test]
fn the_edge_is_enough_to_append() {
    let width = TILE_WIDTH as u64;
    let around = |n: u64| n - 1..=n + 1;
    let sizes = (0..=9)
        .chain(around(width))
        .chain(around(2 * width))
        .chain(around(37 * width + 5))
        .chain(around(width * width));
    for size in sizes.collect::<BTreeSet<_>>() {
        let (frontier, tiles) = tiles(size);
        let read = |level, index| Ok::<_, ()>(tiles.get(&(level, index)).cloned().unwrap_or_default());
        let edge = LogEdge::read(size, read).expect("in memory");
        assert_eq!(edge.frontier(size), Some(frontier), "{size}");
        let wire = codec::encode(&edge);
        assert_eq!(codec::decode::<LogEdge>(&wire, wire.len()), Ok(edge.clone()));
        assert!(edge.tiles(size).all(|(level, index, hashes)| tiles[&(level, index)] == hashes), "{size}");
        assert_eq!(edge.frontier(size + width), None, "{size}: of another size");
    }
}

#[test]
fn every_hash_of_an_edge_is_under_the_root() {
    let size = 37 * TILE_WIDTH as u64 + 5;
    let (frontier, tiles) = tiles(size);
    let edge = LogEdge::read(size, |level, index| Ok::<_, ()>(tiles[&(level, index)].clone())).expect("in memory");
    let places: Vec<(u8, usize)> =
        edge.tiles(size).flat_map(|(level, _, hashes)| (0..hashes.len()).map(move |at| (level, at))).collect();
    assert_eq!(places.len(), 37 + 5);
    for (level, at) in places {
        let changed = LogEdge::read(size, |row, index| {
            let mut tile = tiles[&(row, index)].clone();
            if row == level {
                tile[at] = digest(1_000_000);
            }
            Ok::<_, ()>(tile)
        });
        let changed = changed.expect("in memory").frontier(size).expect("of that size");
        assert_ne!(changed.root(), frontier.root(), "row {level}, hash {at}");
    }
}
