//! One part of a snapshot: what lies below one path of the state tree.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};

use super::{BadSnapshot, Item};
use crate::hash::Hash32;
use crate::limits;
use crate::merkle::state::page::{Page, PagePath, Slot};
use crate::merkle::state::tree;

/// What lies below a path: everything, or if that is too much for one message, the page that stands there.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Part {
    /// All items below the path, in the order of their keys.
    Items(Vec<Item>),
    /// The page at the path in its stored form, and the items of those slots that hold a single key, in slot order.
    Page(Vec<u8>, Vec<Item>),
}

/// A part that is what its parent promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedPart {
    /// Where it stands.
    pub path: PagePath,
    /// What its parent promises there, and what it is.
    pub hash: Hash32,
    /// Items with their keys.
    pub items: Vec<(Hash32, Item)>,
    /// Pages of the state tree.
    pub pages: BTreeMap<PagePath, Page>,
    /// What is still to be asked for: paths, and the hash that stands for each.
    pub below: Vec<(PagePath, Hash32)>,
}

impl Part {
    /// The part at `path` of the tree in which `promised` stands for that subtree.
    ///
    /// # Errors
    /// [`BadSnapshot::Part`]; whoever sent it is at fault.
    pub fn check(self, path: &PagePath, promised: &Hash32) -> Result<CheckedPart, BadSnapshot> {
        let checked = match self {
            Self::Items(items) => whole(path, items, promised),
            Self::Page(page, items) => top(path, &page, items, promised),
        };
        checked.ok_or(BadSnapshot::Part)
    }
}

fn keyed(items: Vec<Item>) -> Vec<(Hash32, Item)> {
    items.into_iter().map(|item| (item.leaf().0, item)).collect()
}

/// Builds the subtree anew.
fn whole(path: &PagePath, items: Vec<Item>, promised: &Hash32) -> Option<CheckedPart> {
    let leaves: Vec<(Hash32, Hash32)> = items.iter().map(Item::leaf).collect();
    let in_order = leaves.is_sorted_by(|a, b| a.0 < b.0) && leaves.iter().all(|(key, _)| path.is_above(key));
    let (slot, pages) = in_order.then(|| tree::build(path, &leaves))?;
    let two_or_more = matches!(slot, Slot::Inner(hash) if hash == *promised);
    two_or_more.then(|| CheckedPart { path: *path, hash: *promised, items: keyed(items), pages, below: Vec::new() })
}

/// The page, and what hangs on it directly. The hashes over its slots are derived anew: the stored ones are not
/// taken from a stranger.
fn top(path: &PagePath, page: &[u8], items: Vec<Item>, promised: &Hash32) -> Option<CheckedPart> {
    if path.len() >= limits::SNAPSHOT_DEPTH {
        return None;
    }
    let page = Page::new(*Page::from_bytes(page).ok()?.slots());
    if !matches!(page.collapse(), Slot::Inner(hash) if hash == *promised) {
        return None;
    }
    let mut lone = items.iter().map(Item::leaf);
    let mut below = Vec::new();
    for (nibble, slot) in (0_u8..).zip(page.slots()) {
        let child = path.child(nibble);
        match slot {
            Slot::Empty => {}
            Slot::Inner(hash) => below.push((child, *hash)),
            // That the key stands where it belongs is bound by the tree's rules, not by the hash alone.
            Slot::Leaf { key, value_hash } if child.is_above(key) && lone.next() == Some((*key, *value_hash)) => {}
            Slot::Leaf { .. } => return None,
        }
    }
    if lone.next().is_some() {
        return None;
    }
    drop(lone);
    let pages = BTreeMap::from([(*path, page)]);
    Some(CheckedPart { path: *path, hash: *promised, items: keyed(items), pages, below })
}
