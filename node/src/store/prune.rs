//! Pruning: what a node that keeps no archive drops of its oldest blocks. The floor rises; state, rosters and the right
//! edge of the log stay, so that everything above the floor is proven as before.

use std::collections::BTreeSet;

use rocksdb::{IteratorMode, ReadOptions};
use sampan_proto::entry::{ActEntry, Entry};
use sampan_proto::ids::Height;
use sampan_proto::merkle::tile::MAX_TILE_LEVEL;

use super::commit::{Batch, Prepared};
use super::schema::{self, Family, FilledRow, Floor, META_FILLED, META_FLOOR, PlacedRow};
use super::{Inner, Reader, Store};
use crate::core::ledger::Placed;
use crate::fault::Fatal;

/// Blocks dropped in one batch: a commit never waits long behind one.
const AT_ONCE: usize = 16;

impl Store {
    /// Drops contents of the oldest blocks up to a height, some at a time; never the newest block's.
    ///
    /// # Errors
    /// Stop the node: whether a failed write is on the disk is unknown.
    pub fn prune(&self, through: Height) -> Result<(), Fatal> {
        // A crash before this is synced leaves the blocks, and they are dropped next time.
        self.0.write(|inner| inner.prune_batch(through))
    }
}

impl Inner {
    fn prune_batch(&self, through: Height) -> Result<Prepared<'_>, Fatal> {
        let reader = Reader::new(self);
        let before = reader.floor()?;
        // Below the floor there is something only where a past was being filled in.
        let first = if reader.filling()?.is_some() { Height(1) } else { before.height.next() };
        let oldest = reader.payloads(first, through.min(Height(self.tip().tip().height.0.saturating_sub(1))))?;
        let (Some((lowest, _)), Some((highest, _))) = (oldest.first(), oldest.last()) else { return Ok(None) };
        let dropped = reader.log_after(*highest)?;
        let floor = Floor { height: before.height.max(*highest), entries: before.entries.max(dropped) };
        let mut batch = Batch::new(&self.db, 0)?;
        // Who decided when is needed for ever: the headers that changed it stay, and the floor's own. So do those that
        // say who the signer of an offence was, for evidence is kept for ever.
        let mut kept: BTreeSet<Height> = reader.handovers()?.into_iter().map(|(height, _)| height).collect();
        kept.extend(reader.judged_by()?);
        let heights = oldest.iter().map(|(height, _)| *height).chain([before.height]);
        for height in heights.filter(|height| *height != floor.height && !kept.contains(height)) {
            batch.delete(Family::Headers, &schema::height_key(height));
        }
        for (height, placed) in &oldest {
            batch.delete(Family::Payloads, &schema::height_key(*height));
            placed.iter().try_for_each(|placed| reader.drop_document(&mut batch, placed))?;
        }
        // Entries go with their blocks, not before: of a past that was being filled in the later ones stay until their
        // turn comes, for a statement that is placed names its entry.
        let begin = if *lowest <= before.height { Floor::default() } else { before };
        batch.delete_range(Family::Entries, &schema::index_key(begin.entries), &schema::index_key(dropped));
        batch.drop_tiles(&begin, &floor);
        if *highest <= before.height {
            // Nothing counts as filled in any more: if it is wanted again, it begins anew.
            batch.put_borsh(Family::Meta, META_FILLED, &FilledRow::genesis(self.chain));
        } else {
            batch.delete(Family::Meta, META_FILLED);
        }
        batch.put_borsh(Family::Meta, META_FLOOR, &floor);
        Ok(Some((batch, None)))
    }
}

impl Reader<'_> {
    /// What the first blocks of a range executed.
    fn payloads(&self, first: Height, last: Height) -> Result<Vec<(Height, Vec<Placed>)>, Fatal> {
        let mut options = ReadOptions::default();
        options.set_iterate_lower_bound(schema::height_key(first));
        options.set_iterate_upper_bound(schema::height_key(last.next()));
        let rows = self.rows_from(Family::Payloads, options, IteratorMode::Start)?;
        rows.take(AT_ONCE)
            .map(|row| {
                let (key, value) = row?;
                let height = schema::height_of(Family::Payloads, &key)?;
                let placed: Vec<PlacedRow> = schema::decode(Family::Payloads, &key, &value)?;
                Ok((height, placed.into_iter().map(Placed::from).collect()))
            })
            .collect()
    }

    fn drop_document(&self, batch: &mut Batch<'_>, placed: &Placed) -> Result<(), Fatal> {
        batch.delete(Family::Placed, placed.statement.0.as_bytes());
        batch.delete(Family::Statements, placed.envelope.0.as_bytes());
        if let Some(Entry::Act(ActEntry { body: Some(body), .. })) = self.entry(placed.index)? {
            batch.delete(Family::Bodies, &schema::body_key(&body, &placed.envelope));
        }
        Ok(())
    }
}

impl Batch<'_> {
    /// Drops the tiles that are left of the edge of the log under the new floor.
    fn drop_tiles(&mut self, before: &Floor, floor: &Floor) {
        for level in 0..=MAX_TILE_LEVEL {
            let (from, to) = (before.first_tile(level), floor.first_tile(level));
            if from < to {
                self.delete_range(Family::Tiles, &schema::tile_key(level, from), &schema::tile_key(level, to));
            }
        }
    }
}
