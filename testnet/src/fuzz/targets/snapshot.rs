//! A state that is handed over: a manifest, and parts of the tree under the place that the first byte names. Each is refused,
//! or is what the validators signed: the header of the manifest is decided and its log's edge is that log's, and a part
//! brings the items and pages that stand at its place, and no others.

use std::collections::BTreeMap;

use anyhow::Result;
use sampan_proto::codec;
use sampan_proto::hash::Hash32;
use sampan_proto::limits::PAGE_BYTES;
use sampan_proto::merkle::state::page::{Page, PagePath, Slot};
use sampan_proto::snapshot::{Item, Manifest, Part};

use super::{Target, canonical, tagged};
use crate::sim::Alone;

/// The first byte of a manifest; other numbers are places.
const MANIFEST: u8 = 0xff;

pub(super) struct Snapshots {
    alone: Alone,
    manifest: Manifest,
    /// Where a part stands, what its parent promises there, and the two forms that it may have.
    places: Vec<(PagePath, Hash32, [Part; 2])>,
}

impl Snapshots {
    pub(super) fn open() -> Result<Self> {
        let alone = Alone::live()?;
        let (manifest, root) = alone.state()?;
        let checked = root.check(&PagePath::ROOT, &manifest.header.state_root)?;
        let items: BTreeMap<Hash32, Item> = checked.items.into_iter().collect();
        let pages = checked.pages;
        let promised = pages.iter().filter_map(|(path, page)| match page.collapse() {
            Slot::Inner(hash) => Some((*path, hash)),
            Slot::Empty | Slot::Leaf { .. } => None,
        });
        let places = promised.map(|(path, hash)| (path, hash, parts(&path, &items, &pages))).take(MANIFEST.into());
        let places: Vec<_> = places.collect();
        for (path, hash, forms) in &places {
            // Honest parts are taken: else there would be nothing to compare with.
            forms.iter().try_for_each(|form| form.clone().check(path, hash).map(drop))?;
        }
        Ok(Self { alone, manifest, places })
    }

    fn manifest(&self, manifest: Manifest) {
        let Ok(checked) = manifest.check(self.alone.genesis.chain, &self.alone.genesis.roster) else { return };
        let header = &checked.manifest.header;
        let store = self.alone.store().expect("the node runs");
        let decided = store.reader().header(header.height).expect("the store can be read");
        assert_eq!(decided.as_ref().map(|(header, _)| header), Some(header), "a header that nobody decided");
        let next = store.reader().roster(header.height.next()).expect("the store can be read");
        assert_eq!(next.as_ref(), Some(&checked.roster), "a roster that nobody settled");
        if *header == self.manifest.header {
            assert_eq!(checked.manifest.edge, self.manifest.edge, "another edge of the same log");
        }
    }

    fn part(&self, place: u8, part: Part) {
        let Some((path, promised, forms)) = self.places.get(usize::from(place)) else { return };
        let Ok(checked) = part.check(path, promised) else { return };
        let mut honest = forms.iter().filter_map(|form| form.clone().check(path, promised).ok());
        assert!(honest.any(|honest| honest == checked), "not what stands there");
    }
}

/// What stands below a path: its items, and the page with those that hang on it directly.
fn parts(path: &PagePath, items: &BTreeMap<Hash32, Item>, pages: &BTreeMap<PagePath, Page>) -> [Part; 2] {
    let (first, last) = path.range();
    let whole = items.range(first..=last).map(|(_, item)| item.clone()).collect();
    let page = pages.get(path);
    let slots = page.into_iter().flat_map(Page::slots);
    let lone = slots.filter_map(|slot| match slot {
        Slot::Leaf { key, .. } => items.get(key).cloned(),
        Slot::Empty | Slot::Inner(_) => None,
    });
    let lone = lone.collect();
    [Part::Items(whole), Part::Page(page.map(Page::to_bytes).unwrap_or_default(), lone)]
}

impl Target for Snapshots {
    fn seeds(&self) -> Vec<Vec<u8>> {
        let parts = (0..).zip(&self.places);
        let parts =
            parts.flat_map(|(place, (.., forms))| forms.each_ref().map(|part| tagged(place, &codec::encode(part))));
        parts.chain([tagged(MANIFEST, &codec::encode(&self.manifest))]).collect()
    }

    fn take(&self, bytes: &[u8]) {
        let Some((place, bytes)) = bytes.split_first() else { return };
        if *place == MANIFEST {
            if let Some(manifest) = canonical(bytes, PAGE_BYTES) {
                self.manifest(manifest);
            }
        } else if let Some(part) = canonical(bytes, PAGE_BYTES) {
            self.part(*place, part);
        }
    }
}
