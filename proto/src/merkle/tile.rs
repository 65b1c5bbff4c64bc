//! Tiles: the log as it is kept and published, 256 hashes to a tile (C2SP tlog-tiles).
//!
//! ```text
//!  tile level 1   │ h(0..256) │ h(256..512) │ ...          row of subtrees of 256 leaves
//!                 └─────┬─────┴──────┬──────┘
//!  tile level 0   │ 256 leaves │ 256 leaves │ 17 leaves │  row of leaf hashes
//!                    tile 0        tile 1      tile 2, partial
//! ```
//!
//! Row `t` holds the perfect subtrees of `256^t` leaves, cut into tiles. A full tile never changes, so it
//! can be written once and cached for ever. The seven tree levels between two rows are not kept: they are
//! re-hashed from a tile when a proof asks for them. Paths and layout are those of tlog-tiles; the hash is
//! ours, so its public witnesses (which fix SHA-256) cannot check it.

mod path;

use std::cell::RefCell;
use std::collections::BTreeMap;

pub use path::{EntriesPath, NotATilePath, TilePath};

use super::frontier::Frontier;
use super::log::{self, LogRead};
use crate::hash::Hash32;

/// Tree levels in a tile.
pub const TILE_HEIGHT: u8 = 8;
/// Hashes in a full tile.
pub const TILE_WIDTH: usize = 1 << TILE_HEIGHT;
/// The highest tile level that a log of 64-bit size can have.
pub const MAX_TILE_LEVEL: u8 = 7;

const WIDTH: u64 = TILE_WIDTH as u64;

/// Which tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TileId {
    /// Row: 0 for leaf hashes, each next one 256 times wider.
    pub level: u8,
    /// Number within the row.
    pub index: u64,
}

/// Hashes that a block adds to one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowAppend {
    /// The row's tile level.
    pub level: u8,
    /// Position in the row of the first hash added.
    pub first: u64,
    /// The hashes added.
    pub hashes: Vec<Hash32>,
}

/// Hashes that a block adds to one tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileAppend<'a> {
    /// The tile.
    pub tile: TileId,
    /// Hashes that the tile held before.
    pub held: usize,
    /// The hashes added.
    pub hashes: &'a [Hash32],
}

/// Appends a block's leaves and says what that adds to each row, lowest first; untouched rows are left out.
pub fn append(frontier: &mut Frontier, leaves: &[Hash32]) -> Vec<RowAppend> {
    let mut rows: Vec<RowAppend> = Vec::new();
    let mut completed = |level: u8, index: u64, hash: &Hash32| {
        if !level.is_multiple_of(TILE_HEIGHT) {
            return;
        }
        let level = level / TILE_HEIGHT;
        match rows.iter_mut().find(|row| row.level == level) {
            Some(row) => row.hashes.push(*hash),
            None => rows.push(RowAppend { level, first: index, hashes: vec![*hash] }),
        }
    };
    for leaf in leaves {
        frontier.append_with(*leaf, &mut completed);
    }
    rows
}

impl RowAppend {
    /// The same hashes, tile by tile: the first tile may have held some before, the last may stay partial.
    pub fn tiles(&self) -> impl Iterator<Item = TileAppend<'_>> {
        // Below 256, so it fits any `usize`.
        let held = usize::try_from(self.first % WIDTH).unwrap_or(0);
        let (front, rest) = self.hashes.split_at(self.hashes.len().min(TILE_WIDTH - held));
        let pieces = std::iter::once((held, front)).chain(rest.chunks(TILE_WIDTH).map(|chunk| (0, chunk)));
        (self.first / WIDTH..).zip(pieces).map(|(index, (held, hashes))| TileAppend {
            tile: TileId { level: self.level, index },
            held,
            hashes,
        })
    }
}

/// Hash of the perfect subtree number `index_in_tile` among those over `2^level_in_tile` hashes of a tile;
/// none when the tile does not hold them all.
#[must_use]
pub fn subtree_from_tile(tile_hashes: &[Hash32], level_in_tile: u8, index_in_tile: usize) -> Option<Hash32> {
    if level_in_tile > TILE_HEIGHT || index_in_tile >= TILE_WIDTH >> level_in_tile {
        return None;
    }
    let width = 1 << level_in_tile;
    let start = index_in_tile * width;
    Some(perfect(tile_hashes.get(start..start + width)?))
}

/// Root over a power-of-two number of hashes.
fn perfect(hashes: &[Hash32]) -> Hash32 {
    match hashes {
        [] => log::empty(),
        [hash] => *hash,
        _ => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            log::node(&perfect(left), &perfect(right))
        }
    }
}

/// Where tiles are kept.
pub trait TileRead {
    /// What reading may fail with.
    type Error;

    /// The hashes of tile `index` of row `level`, as many as there are; empty when there is no such tile.
    fn tile(&self, level: u8, index: u64) -> Result<Vec<Hash32>, Self::Error>;
}

/// A tile could not be read, or is not what the log needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError<E> {
    /// Reading failed.
    #[error(transparent)]
    Read(E),
    /// The tile is shorter than the log that it belongs to.
    #[error("tile {}/{} is missing or cut short", .0.level, .0.index)]
    Short(TileId),
}

/// Reads a log from its tiles. Keeps the last tile of each row, so proofs over one neighbourhood read
/// each tile once; meant to live over one snapshot of the store, since it would miss a tile's growth.
pub struct TiledLog<'a, T> {
    tiles: &'a T,
    last: RefCell<BTreeMap<u8, (u64, Vec<Hash32>)>>,
}

impl<'a, T: TileRead> TiledLog<'a, T> {
    /// A log over `tiles`, nothing read yet.
    pub const fn new(tiles: &'a T) -> Self {
        Self { tiles, last: RefCell::new(BTreeMap::new()) }
    }
}

impl<T: TileRead> LogRead for TiledLog<'_, T> {
    type Error = TileError<T::Error>;

    fn subtree(&self, level: u8, index: u64) -> Result<Hash32, Self::Error> {
        let (row, inner) = (level / TILE_HEIGHT, level % TILE_HEIGHT);
        let subtrees = WIDTH >> inner;
        let tile = TileId { level: row, index: index / subtrees };
        let place = usize::try_from(index % subtrees).map_err(|_| TileError::Short(tile))?;
        let mut last = self.last.borrow_mut();
        let hit = last.get(&row).is_some_and(|(held, _)| *held == tile.index);
        if !hit {
            let hashes = self.tiles.tile(row, tile.index).map_err(TileError::Read)?;
            last.insert(row, (tile.index, hashes));
        }
        let hashes = last.get(&row).map_or(&[][..], |(_, hashes)| hashes);
        subtree_from_tile(hashes, inner, place).ok_or(TileError::Short(tile))
    }
}
