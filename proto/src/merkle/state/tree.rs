//! Reading, updating and proving over pages. The tree keeps the present only: an update says which pages to
//! write and which to delete, and whoever wants to look ahead lays an [`Overlay`] over the store.
//!
//! ```text
//!   changes, sorted    0…  0…  0…  3…  a…  a…
//!                      └────┬────┘  │  └──┬─┘     a slice of them goes down each slot,
//!   root page          [ 0 ·····  3 ····· a ··· ] every page on the way is read and folded once,
//!                        │        │       │       and comes back up as the slot it collapses to
//! ```

use std::collections::BTreeMap;
use std::convert::Infallible;

use super::page::{KEY_NIBBLES, QUAD, SLOTS};
pub use super::page::{Page, PagePath, Slot};
use super::proof::{Found, StateProof};
use super::{bit, empty};
use crate::hash::Hash32;

/// Where pages are kept.
pub trait PageRead {
    /// What reading may fail with.
    type Error;

    /// The page at `path`, if there is one.
    fn page(&self, path: &PagePath) -> Result<Option<Page>, Self::Error>;
}

/// Pages in memory: for auditors, simulations and tests.
impl PageRead for BTreeMap<PagePath, Page> {
    type Error = Infallible;

    fn page(&self, path: &PagePath) -> Result<Option<Page>, Infallible> {
        Ok(self.get(path).cloned())
    }
}

/// Pages of an update (none: deleted) in front of the pages that it was computed from.
#[derive(Clone, Copy, Debug)]
pub struct Overlay<'a, R> {
    /// What lies behind.
    pub base: &'a R,
    /// What lies in front.
    pub pages: &'a BTreeMap<PagePath, Option<Page>>,
}

impl<R: PageRead> PageRead for Overlay<'_, R> {
    type Error = R::Error;

    fn page(&self, path: &PagePath) -> Result<Option<Page>, R::Error> {
        match self.pages.get(path) {
            Some(page) => Ok(page.clone()),
            None => self.base.page(path),
        }
    }
}

/// The tree could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError<E> {
    /// Reading failed.
    #[error(transparent)]
    Read(E),
    /// A slot names a page that the store does not have: the store is damaged.
    #[error("the state tree has no page at {0}")]
    Missing(PagePath),
}

/// What an update does to the stored pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Root after it.
    pub root: Hash32,
    /// Pages to write (some) and to delete (none).
    pub pages: BTreeMap<PagePath, Option<Page>>,
}

impl Update {
    /// Carries the update out in memory.
    pub fn apply(self, pages: &mut BTreeMap<PagePath, Page>) {
        for (path, page) in self.pages {
            match page {
                Some(page) => pages.insert(path, page),
                None => pages.remove(&path),
            };
        }
    }
}

/// Root of the tree.
pub fn root<R: PageRead>(reader: &R) -> Result<Hash32, R::Error> {
    Ok(reader.page(&PagePath::ROOT)?.map_or_else(empty, |page| page.collapse().hash()))
}

/// Sets keys to value hashes (some) and deletes keys (none). Deleting what is absent changes nothing.
pub fn update<R: PageRead>(
    reader: &R,
    changes: &BTreeMap<Hash32, Option<Hash32>>,
) -> Result<Update, TreeError<R::Error>> {
    let changes: Vec<Change> = changes.iter().map(|(key, value)| (*key, *value)).collect();
    let mut updater = Updater { reader, pages: BTreeMap::new() };
    let stored = reader.page(&PagePath::ROOT).map_err(TreeError::Read)?;
    let mut page = stored.clone().unwrap_or_default();
    updater.page(&PagePath::ROOT, &mut page, &changes)?;
    let top = page.collapse();
    let kept = (top != Slot::Empty).then_some(page);
    if kept != stored {
        updater.pages.insert(PagePath::ROOT, kept);
    }
    Ok(Update { root: top.hash(), pages: updater.pages })
}

type Change = (Hash32, Option<Hash32>);
/// A key and its value hash.
pub type Leaf = (Hash32, Hash32);

struct Updater<'a, R> {
    reader: &'a R,
    pages: BTreeMap<PagePath, Option<Page>>,
}

impl<R: PageRead> Updater<'_, R> {
    /// Applies changes, all below `path`, to the page there; true when a slot changed.
    fn page(&mut self, path: &PagePath, page: &mut Page, changes: &[Change]) -> Result<bool, TreeError<R::Error>> {
        let place = |change: &Change| usize::from(path.nibble_of(&change.0));
        let mut touched = false;
        for group in changes.chunk_by(|a, b| place(a) / QUAD == place(b) / QUAD) {
            let Some(quad) = group.first().map(|first| place(first) / QUAD) else { continue };
            touched |= page.edit(quad, |slots| self.quad(path, slots, group))?;
        }
        Ok(touched)
    }

    /// Applies changes to the slots of one quad of the page at `path`.
    fn quad(&mut self, path: &PagePath, slots: &mut [Slot], changes: &[Change]) -> Result<bool, TreeError<R::Error>> {
        let mut touched = false;
        for group in changes.chunk_by(|a, b| path.nibble_of(&a.0) == path.nibble_of(&b.0)) {
            let Some(nibble) = group.first().map(|first| path.nibble_of(&first.0)) else { continue };
            let Some(slot) = slots.get_mut(usize::from(nibble) % QUAD) else { continue };
            let new = self.slot(&path.child(nibble), slot, group)?;
            touched |= new != *slot;
            *slot = new;
        }
        Ok(touched)
    }

    fn build(&mut self, path: &PagePath, leaves: &[Leaf]) -> Slot {
        build_into(&mut |path, page| drop(self.pages.insert(path, Some(page))), path, leaves)
    }

    /// Applies changes to what lies below one slot; `path` is the slot's own, where its page is or would be.
    fn slot(&mut self, path: &PagePath, old: &Slot, changes: &[Change]) -> Result<Slot, TreeError<R::Error>> {
        match old {
            Slot::Empty => Ok(self.build(path, &merge(None, changes))),
            Slot::Leaf { key, value_hash } => Ok(self.build(path, &merge(Some((*key, *value_hash)), changes))),
            Slot::Inner(_) => {
                let mut page = child_page(self.reader, path)?;
                if !self.page(path, &mut page, changes)? {
                    return Ok(*old);
                }
                let new = page.collapse();
                self.pages.insert(*path, matches!(new, Slot::Inner(_)).then_some(page));
                Ok(new)
            }
        }
    }
}

/// The pages over leaves, in the order of their keys and all below `path`, and the slot that they collapse to.
#[must_use]
pub fn build(path: &PagePath, leaves: &[Leaf]) -> (Slot, BTreeMap<PagePath, Page>) {
    let mut pages = BTreeMap::new();
    let slot = build_into(&mut |path, page| drop(pages.insert(path, page)), path, leaves);
    (slot, pages)
}

/// Builds the pages over leaves, sorted and all below `path`, where nothing was before.
fn build_into(write: &mut impl FnMut(PagePath, Page), path: &PagePath, leaves: &[Leaf]) -> Slot {
    match leaves {
        [] => Slot::Empty,
        [(key, value_hash)] => Slot::Leaf { key: *key, value_hash: *value_hash },
        _ => {
            let mut slots = [Slot::Empty; SLOTS];
            for group in leaves.chunk_by(|a, b| path.nibble_of(&a.0) == path.nibble_of(&b.0)) {
                let Some(nibble) = group.first().map(|first| path.nibble_of(&first.0)) else { continue };
                if let Some(slot) = slots.get_mut(usize::from(nibble)) {
                    *slot = build_into(write, &path.child(nibble), group);
                }
            }
            let page = Page::new(slots);
            let new = page.collapse();
            write(*path, page);
            new
        }
    }
}

/// The leaves that remain of at most one and its neighbours' changes, sorted.
fn merge(old: Option<Leaf>, changes: &[Change]) -> Vec<Leaf> {
    let mut leaves: Vec<Leaf> = changes.iter().filter_map(|(key, value)| Some((*key, (*value)?))).collect();
    if let Some(old) = old
        && let Err(place) = changes.binary_search_by_key(&old.0, |change| change.0)
    {
        // No change names it, so it stays; deletions before its place do not count.
        let before = changes.iter().take(place).filter(|change| change.1.is_some()).count();
        leaves.insert(before, old);
    }
    leaves
}

/// The page that an inner slot promises.
fn child_page<R: PageRead>(reader: &R, path: &PagePath) -> Result<Page, TreeError<R::Error>> {
    // Below a whole key there is nothing, whatever a damaged store says.
    if path.len() >= KEY_NIBBLES {
        return Err(TreeError::Missing(*path));
    }
    reader.page(path).map_err(TreeError::Read)?.ok_or(TreeError::Missing(*path))
}

/// Proves what the tree holds at a key: presence or absence.
pub fn prove<R: PageRead>(reader: &R, key: &Hash32) -> Result<StateProof, TreeError<R::Error>> {
    let mut path = PagePath::ROOT;
    let mut siblings = Vec::new();
    let mut page = reader.page(&path).map_err(TreeError::Read)?.unwrap_or_default();
    loop {
        if let Some(found) = descend(&page, &path, key, &mut siblings) {
            return Ok(seal(found, &siblings));
        }
        path = path.child(path.nibble_of(key));
        page = child_page(reader, &path)?;
    }
}

/// Walks the four levels of a page, noting siblings from the top down; none when the path leads to a page below.
fn descend(page: &Page, path: &PagePath, key: &Hash32, siblings: &mut Vec<Hash32>) -> Option<Found> {
    let (mut from, mut len) = (0, SLOTS);
    for index in 4 * u16::from(path.len()).. {
        match page.kind(from, len) {
            Slot::Empty => return Some(Found::Empty),
            Slot::Leaf { key: other, .. } if other == *key => return Some(Found::Value),
            Slot::Leaf { key: other, value_hash } => return Some(Found::Other { key: other, value_hash }),
            Slot::Inner(_) if len == 1 => break,
            Slot::Inner(_) => {
                len /= 2;
                let (left, right) = (from, from + len);
                let (near, far) = if bit(key, index) { (right, left) } else { (left, right) };
                siblings.push(page.fold(far, len).hash());
                from = near;
            }
        }
    }
    None
}

/// Puts a proof into canonical form from its siblings, the highest first.
fn seal(found: Found, siblings: &[Hash32]) -> StateProof {
    let mut bitmap = vec![0_u8; siblings.len().div_ceil(8)];
    let mut sent = Vec::new();
    for (index, sibling) in siblings.iter().rev().enumerate().filter(|(_, sibling)| **sibling != empty()) {
        if let Some(byte) = bitmap.get_mut(index / 8) {
            *byte |= 1 << (index % 8);
        }
        sent.push(*sibling);
    }
    // At most four levels in each of 64 pages.
    let depth = u16::try_from(siblings.len()).unwrap_or(u16::MAX);
    StateProof { depth, found, bitmap, siblings: sent }
}
