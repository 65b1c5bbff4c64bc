//! The log as others read it: checkpoints, tiles, bundles of entries, and proofs between any two of its sizes.

use sampan_proto::checkpoint::{Consistency, LogAt, Note};
use sampan_proto::entry::Entry;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::Height;
use sampan_proto::merkle::log;
use sampan_proto::merkle::tile::{EntriesPath, TILE_WIDTH, TilePath, TileRead as _, TiledLog};
use sampan_proto::proof::{Binary, Bundle, EntryPart};

use super::Reader;
use super::schema::{self, Family};
use crate::core::ledger::Placed;
use crate::fault::Fatal;

impl Reader<'_> {
    /// The newest header as a checkpoint; none before the first block.
    pub fn checkpoint(&self) -> Result<Option<Note>, Fatal> {
        Ok(self.head()?.map(|(header, certificate)| Note::decided(&header, &certificate)))
    }

    /// A decided header with the way to the roster that decided it; none for a height that is not decided.
    pub fn decided(&self, height: Height) -> Result<Option<Bundle>, Fatal> {
        let Some((header, certificate)) = self.header(height)? else { return Ok(None) };
        let trust_path = self.trust_path(height)?;
        Ok(Some(Bundle { trust_path, ..Bundle::new(self.inner.chain, header, certificate) }))
    }

    /// The hashes of a tile when it held that many; none when it never did.
    pub fn tile_at(&self, path: &TilePath) -> Result<Option<Vec<Hash32>>, Fatal> {
        let mut hashes = self.tile(path.tile().level, path.tile().index)?;
        let width = usize::from(path.width());
        let held = hashes.len() >= width;
        hashes.truncate(width);
        Ok(held.then_some(hashes))
    }

    /// The encoded entries under a tile when there were that many; none when there never were.
    pub fn entries_at(&self, path: &EntriesPath) -> Result<Option<Vec<Vec<u8>>>, Fatal> {
        let size = self.tip()?.frontier.size();
        let first = path.index().checked_mul(TILE_WIDTH as u64);
        let range = first.and_then(|first| Some(first..first.checked_add(u64::from(path.width()))?));
        let floor = self.floor()?.entries;
        let held = |range: &std::ops::Range<u64>| range.start >= floor && range.end <= size;
        let Some(range) = range.filter(held) else { return Ok(None) };
        let keys: Vec<[u8; 8]> = range.map(schema::index_key).collect();
        let row = |(key, row): (&[u8; 8], Option<_>)| {
            let row: rocksdb::DBPinnableSlice<'_> = row.ok_or_else(|| schema::missing(Family::Entries, key))?;
            Ok(row.to_vec())
        };
        keys.iter().zip(self.rows(Family::Entries, &keys)?).map(row).collect::<Result<_, _>>().map(Some)
    }

    /// That the log of `to` entries begins with that of `from`; none unless `from ≤ to` and both are held here.
    pub fn consistency(&self, from: u64, to: u64) -> Result<Option<Consistency>, Fatal> {
        let floor = self.floor()?;
        if from > to || to > self.tip()?.frontier.size() || !floor.holds_log(from) || !floor.holds_log(to) {
            return Ok(None);
        }
        let tiles = TiledLog::new(self);
        let at = |size| Ok::<_, Fatal>(LogAt { size, root: log::root(&tiles, size)? });
        let proof = log::prove_consistency(&tiles, from, to)?;
        // Only a shrinking log has no proof.
        proof.map(|proof| Ok(Consistency { from: at(from)?, to: at(to)?, proof: Binary(proof) })).transpose()
    }

    /// An entry in the log under the header of a height; none when the height is not decided, its log is shorter, or
    /// the entry is from before the history that is held here.
    pub fn inclusion(&self, index: u64, height: Height) -> Result<Option<Bundle>, Fatal> {
        if index < self.floor()?.entries {
            return Ok(None);
        }
        let Some(mut bundle) = self.decided(height)? else { return Ok(None) };
        let size = bundle.head.header.0.log_size;
        let Some(path) = log::prove_inclusion(&TiledLog::new(self), size, index)? else { return Ok(None) };
        let key = schema::index_key(index);
        let entry = self.entry(index)?.ok_or_else(|| schema::missing(Family::Entries, &key))?;
        bundle.entry = Some(EntryPart { entry: Binary(entry), path: Binary(path) });
        Ok(Some(bundle))
    }

    /// The place of the statement whose own entry stands at an index; none when another sort of entry does.
    pub fn placed_at(&self, index: u64) -> Result<Option<Placed>, Fatal> {
        let Some(Entry::Act(act)) = self.entry(index)? else { return Ok(None) };
        Ok(self.placed(&act.statement)?.filter(|placed| placed.index == index))
    }
}
