//! The log's right edge: of each row of tiles the last one, if it is not full.

use borsh::io::{Read, Result};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::hash::Hash32;
use crate::merkle::frontier::Frontier;
use crate::merkle::tile::{MAX_TILE_LEVEL, TILE_HEIGHT, TILE_WIDTH, subtree_from_tile};
use crate::merkle::{malformed, read_hashes};

/// Partial tiles, the lowest row first; a row that ends with a full tile has an empty one here. They are enough to
/// append, and to prove every entry that is appended: what lies left of an edge is needed through its tiles' hashes
/// in the row above only.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize)]
pub struct LogEdge(Vec<Vec<Hash32>>);

/// Hashes in the partial tile of row `level` of a log.
fn width(size: u64, level: usize) -> usize {
    // Below 256, so it fits any `usize`.
    usize::try_from(size >> (usize::from(TILE_HEIGHT) * level)).unwrap_or(usize::MAX) % TILE_WIDTH
}

/// Rows of a log: as many as its size has bytes.
fn rows(size: u64) -> usize {
    (0..=usize::from(MAX_TILE_LEVEL)).rev().find(|level| size >> (8 * level) > 0).map_or(0, |level| level + 1)
}

impl LogEdge {
    /// Reads the edge of a log of `size` entries; `tile` gives tile `index` of row `level`.
    ///
    /// # Errors
    /// Those of `tile`.
    pub fn read<E>(
        size: u64,
        mut tile: impl FnMut(u8, u64) -> std::result::Result<Vec<Hash32>, E>,
    ) -> std::result::Result<Self, E> {
        let mut edge = Vec::new();
        for (level, row) in (0..rows(size)).zip(0_u8..) {
            let mut hashes = match width(size, level) {
                0 => Vec::new(),
                _ => tile(row, size >> (8 * (level + 1)))?,
            };
            // The store may have grown since.
            hashes.truncate(width(size, level));
            edge.push(hashes);
        }
        Ok(Self(edge))
    }

    /// The tiles, with their places: row, index within the row, hashes.
    pub fn tiles(&self, size: u64) -> impl Iterator<Item = (u8, u64, &[Hash32])> {
        let place = move |(row, hashes)| (row, size >> (8 * (u32::from(row) + 1)), hashes);
        let rows = (0_u8..).zip(self.0.iter().map(Vec::as_slice));
        rows.filter(|(_, hashes)| !hashes.is_empty()).map(place)
    }

    /// The frontier of the log of `size` entries that has this edge; none when no log has it. Its root tells whether
    /// the hashes are right: each of them is under a peak.
    #[must_use]
    pub fn frontier(&self, size: u64) -> Option<Frontier> {
        let fits = self.0.len() == rows(size) && self.0.iter().enumerate().all(|(row, t)| t.len() == width(size, row));
        if !fits {
            return None;
        }
        let digits = (0..64_u8).rev().filter(|level| size >> level & 1 == 1);
        let peak = |level: u8| {
            let (row, inner) = (usize::from(level / TILE_HEIGHT), level % TILE_HEIGHT);
            let tile = self.0.get(row)?;
            // The digit is set, so what stands above it in the tile's width is odd: at least one.
            subtree_from_tile(tile, inner, (tile.len() >> inner) - 1)
        };
        Frontier::from_peaks(size, digits.map(peak).collect::<Option<_>>()?)
    }
}

impl BorshDeserialize for LogEdge {
    fn deserialize_reader<R: Read>(reader: &mut R) -> Result<Self> {
        let rows = u8::try_from(u32::deserialize_reader(reader)?).map_err(|_| malformed("too many rows"))?;
        if rows > MAX_TILE_LEVEL + 1 {
            return Err(malformed("too many rows"));
        }
        (0..rows).map(|_| read_hashes(reader, (1 << TILE_HEIGHT) - 1)).collect::<Result<_>>().map(Self)
    }
}
