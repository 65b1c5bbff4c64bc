//! The state after the tip, read in parts for a newcomer.

use borsh::BorshDeserialize;
use rocksdb::{IteratorMode, ReadOptions};
use sampan_proto::codec;
use sampan_proto::governance::{Change, Proposal, State};
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{Height, RecordId};
use sampan_proto::limits::SNAPSHOT_PART_BYTES;
use sampan_proto::member::Member;
use sampan_proto::merkle::state::tree::PageRead;
use sampan_proto::merkle::state::{PagePath, Slot};
use sampan_proto::merkle::tile::TileRead;
use sampan_proto::protocol::Protocol;
use sampan_proto::snapshot::{Item, LogEdge, Manifest, Part};

use super::Reader;
use super::schema::{self, ExecutedRow, Family};
use crate::fault::Fatal;

/// Bytes that an item adds to its row: a tag, and a key that the row has outside of its value.
const ITEM_BYTES: usize = 64;

/// Items below one path, as long as they fit a part.
#[derive(Default)]
struct Gathered {
    items: Vec<(Hash32, Item)>,
    bytes: usize,
}

impl Gathered {
    /// Takes an item of about so many bytes; false when it is too much.
    fn take(&mut self, key: Hash32, item: Item, bytes: usize) -> bool {
        self.items.push((key, item));
        self.bytes += bytes + ITEM_BYTES;
        self.bytes <= SNAPSHOT_PART_BYTES
    }

    fn in_order(mut self) -> Vec<Item> {
        self.items.sort_unstable_by_key(|(key, _)| *key);
        self.items.into_iter().map(|(_, item)| item).collect()
    }
}

impl Reader<'_> {
    /// What a snapshot of this moment is of; none before the first block.
    pub fn manifest(&self) -> Result<Option<Manifest>, Fatal> {
        self.manifest_at(self.tip()?.height)
    }

    /// What a snapshot of that height was of.
    pub(super) fn manifest_at(&self, height: Height) -> Result<Option<Manifest>, Fatal> {
        let Some((header, certificate)) = self.header(height)? else { return Ok(None) };
        let handovers = self.trust_path(header.height.next())?;
        let edge = LogEdge::read(header.log_size, |level, index| self.tile(level, index))?;
        Ok(Some(Manifest { header, certificate, handovers, edge }))
    }

    /// What lies below a path of the state tree; none where fewer than two keys do.
    pub fn part(&self, path: &PagePath) -> Result<Option<Part>, Fatal> {
        let Some(page) = self.page(path)? else { return Ok(None) };
        if let Some(below) = self.below(path)? {
            return Ok(Some(Part::Items(below.in_order())));
        }
        let mut lone = Vec::new();
        for (nibble, slot) in (0..).zip(page.slots()) {
            if let Slot::Leaf { .. } = slot {
                lone.extend(self.below(&path.child(nibble))?.map(Gathered::in_order).unwrap_or_default());
            }
        }
        Ok(Some(Part::Page(page.to_bytes(), lone)))
    }

    /// Everything below a path, unless it is too much for one part.
    fn below(&self, path: &PagePath) -> Result<Option<Gathered>, Fatal> {
        let mut gathered = Gathered::default();
        let fits = self.small(path, &mut gathered)?
            && self.range(path, Family::Records, &mut gathered, |_, record| Item::Record(Box::new(record)))?
            && self.range(path, Family::References, &mut gathered, |key, record: RecordId| Item::Reference {
                key,
                record,
            })?
            && self.range(path, Family::Goods, &mut gathered, |_, (fingerprint, record)| Item::Goods {
                fingerprint,
                record,
            })?
            && self.range(path, Family::Executed, &mut gathered, |_, row| {
                let ExecutedRow { statement, index, not_after_ms } = row;
                Item::Executed { statement, index, not_after_ms }
            })?;
        Ok(fits.then_some(gathered))
    }

    /// What there is little of, and what is kept under other keys.
    fn small(&self, path: &PagePath, gathered: &mut Gathered) -> Result<bool, Fatal> {
        let members = self.members()?.into_iter().map(|member| Item::Member(Box::new(Member::clone(&member))));
        let proposals = self.proposals()?;
        let editions = editions(&proposals);
        let tip = self.tip()?;
        let parameters = Item::Parameters(tip.parameters().clone());
        let upgrade = Some(tip.in_force.protocol).filter(|decided| *decided != Protocol::FOUNDING).map(Item::Upgrade);
        let proposals = proposals.into_iter().map(|proposal| Item::Proposal(Box::new(proposal)));
        let all = members.chain(proposals).chain(editions).chain([parameters]).chain(upgrade);
        let mut below = all.map(|item| (item.leaf().0, item)).filter(|(key, _)| path.is_above(key));
        Ok(below.all(|(key, item)| {
            let bytes = codec::encode(&item).len();
            gathered.take(key, item, bytes)
        }))
    }

    /// The rows of a family that stand under state keys below a path.
    fn range<T: BorshDeserialize>(
        &self,
        path: &PagePath,
        family: Family,
        gathered: &mut Gathered,
        item: impl Fn(Hash32, T) -> Item,
    ) -> Result<bool, Fatal> {
        let (first, last) = path.range();
        let mut options = ReadOptions::default();
        options.set_iterate_lower_bound(first.as_bytes());
        for row in self.rows_from(family, options, IteratorMode::Start)? {
            let (key, value) = row?;
            let state_key = Hash32(<[u8; 32]>::try_from(&*key).map_err(|_| schema::unreadable(family, &key))?);
            if state_key > last {
                break;
            }
            let read = item(state_key, schema::decode(family, &key, &value)?);
            if !gathered.take(state_key, read, value.len()) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Of each list the edition that came into force last.
fn editions(proposals: &[Proposal]) -> Vec<Item> {
    let mut newest = std::collections::BTreeMap::new();
    for proposal in proposals.iter().filter(|proposal| proposal.state == State::Enacted) {
        if let Change::Edition { list, edition, sha256 } = &proposal.change {
            let (list, edition) = (list.as_str().to_owned(), edition.as_str().to_owned());
            let row = (proposal.last.index, edition, *sha256);
            let kept = newest.entry(list).or_insert_with(|| row.clone());
            if kept.0 < row.0 {
                *kept = row;
            }
        }
    }
    let item = |(list, (_, edition, sha256))| Item::Edition { list, edition, sha256 };
    newest.into_iter().map(item).collect()
}
