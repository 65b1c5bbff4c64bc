//! Names of tiles and of bundles of entries, as in C2SP tlog-tiles.
//!
//! `tile/0/x001/234.p/17` is tile 1234 of row 0 as it was when it held 17 hashes; a full one has no suffix.
//! `tile/entries/x001/234` holds the 256 entries whose leaf hashes are in `tile/0/x001/234`.

use std::fmt;
use std::str::FromStr;

use super::{MAX_TILE_LEVEL, TILE_WIDTH, TileId};

/// A tile of a known width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TilePath {
    tile: TileId,
    width: u16,
}

/// The entries under a tile of row 0, of which there is a known number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntriesPath {
    index: u64,
    width: u16,
}

/// The text is not the path of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected tile/<level>/<index>[.p/<width>] or tile/entries/<index>[.p/<width>] as in C2SP tlog-tiles")]
pub struct NotATilePath;

impl TilePath {
    /// Path of `tile` holding `width` hashes; none for a level or width that no tile has.
    #[must_use]
    pub const fn new(tile: TileId, width: u16) -> Option<Self> {
        if tile.level <= MAX_TILE_LEVEL && is_width(width) { Some(Self { tile, width }) } else { None }
    }

    /// The tile.
    #[must_use]
    pub const fn tile(&self) -> TileId {
        self.tile
    }

    /// Hashes in it, 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }
}

impl EntriesPath {
    /// Path of the first `width` entries under tile `index`; none for a width that no tile has.
    #[must_use]
    pub const fn new(index: u64, width: u16) -> Option<Self> {
        if is_width(width) { Some(Self { index, width }) } else { None }
    }

    /// The tile of row 0 that holds their leaf hashes.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// Entries in it, 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }
}

const fn is_width(width: u16) -> bool {
    width > 0 && width as usize <= TILE_WIDTH
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/", self.tile.level)?;
        write_place(f, self.tile.index, self.width)
    }
}

impl fmt::Display for EntriesPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tile/entries/")?;
        write_place(f, self.index, self.width)
    }
}

impl FromStr for TilePath {
    type Err = NotATilePath;

    fn from_str(text: &str) -> Result<Self, NotATilePath> {
        let read = || {
            let (level, place) = text.strip_prefix("tile/")?.split_once('/')?;
            let (index, width) = read_place(place)?;
            Self::new(TileId { level: level.parse().ok()?, index }, width)
        };
        // Printing back decides: leading zeroes, signs, stray `x`s and a written-out 256 all differ.
        read().filter(|path| path.to_string() == text).ok_or(NotATilePath)
    }
}

impl FromStr for EntriesPath {
    type Err = NotATilePath;

    fn from_str(text: &str) -> Result<Self, NotATilePath> {
        let read = || {
            let (index, width) = read_place(text.strip_prefix("tile/entries/")?)?;
            Self::new(index, width)
        };
        read().filter(|path| path.to_string() == text).ok_or(NotATilePath)
    }
}

/// Number and width: groups of three digits, as many as the number has; 0 still has one.
fn write_place(f: &mut fmt::Formatter<'_>, index: u64, width: u16) -> fmt::Result {
    let groups = index.checked_ilog10().unwrap_or(0) / 3;
    for group in (1..=groups).rev() {
        write!(f, "x{:03}/", index / 1_000_u64.pow(group) % 1_000)?;
    }
    write!(f, "{:03}", index % 1_000)?;
    if usize::from(width) < TILE_WIDTH { write!(f, ".p/{width}") } else { Ok(()) }
}

/// Reads at least what is printed; the caller prints it again.
fn read_place(text: &str) -> Option<(u64, u16)> {
    let (index, width) = match text.split_once(".p/") {
        Some((index, width)) => (index, width.parse().ok()?),
        None => (text, 256),
    };
    let digits: String = index.split('/').map(|group| group.strip_prefix('x').unwrap_or(group)).collect();
    Some((digits.parse().ok()?, width))
}
