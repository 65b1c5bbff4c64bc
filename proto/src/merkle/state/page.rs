//! Pages: four levels of the state tree in one stored record.
//!
//! ```text
//!   page at nibble path 3a          hash of the subtree 3a: folded from the quads when it is needed
//!        ┌───────┴───────┐
//!     ┌──┴──┐         ┌──┴──┐       4 quads, kept: a change of one slot re-hashes one quad and what is above
//!    ┌┴┐   ┌┴┐       ┌┴┐   ┌┴┐
//!   0 1 2 3 ...             e f     16 slots: Empty, Leaf (one key below), Inner (a page of its own below)
//!       │
//!   page at nibble path 3a2         exists only because two keys or more begin with 3a2
//! ```
//!
//! Only the root page may hold fewer than two keys; any other collapses into its parent's slot. So there is
//! one set of pages for a set of keys, and a store can be compared byte by byte.

use std::fmt;
use std::io::{Read, Write};

use borsh::{BorshDeserialize, BorshSerialize};

use super::{empty, leaf, node};
use crate::codec::DecodeError;
use crate::hash::Hash32;
use crate::merkle::malformed;

/// Slots in a page, one for each value of a nibble.
pub const SLOTS: usize = 16;
/// Nibbles in a key.
pub const KEY_NIBBLES: u8 = 64;
/// Slots whose fold a page keeps.
pub(super) const QUAD: usize = 4;
const QUADS: usize = SLOTS / QUAD;
/// Two bits of tag for each slot.
const TAG_BYTES: usize = SLOTS / 4;

/// What lies below one slot of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Slot {
    /// No key.
    #[default]
    Empty,
    /// One key.
    Leaf {
        /// The key.
        key: Hash32,
        /// Its value hash.
        value_hash: Hash32,
    },
    /// Two keys or more, in a page of their own; this is the hash over them.
    Inner(Hash32),
}

impl Slot {
    /// Hash of the subtree.
    #[must_use]
    pub fn hash(&self) -> Hash32 {
        match self {
            Self::Empty => empty(),
            Self::Leaf { key, value_hash } => leaf(key, value_hash),
            Self::Inner(hash) => *hash,
        }
    }

    const fn tag(&self) -> u32 {
        match self {
            Self::Empty => 0,
            Self::Leaf { .. } => 1,
            Self::Inner(_) => 2,
        }
    }

    /// The subtree over two: a lone leaf rises, everything else becomes a node.
    #[must_use]
    pub fn join(left: &Self, right: &Self) -> Self {
        match (left, right) {
            (Self::Empty, Self::Empty) => Self::Empty,
            (lone @ Self::Leaf { .. }, Self::Empty) | (Self::Empty, lone @ Self::Leaf { .. }) => *lone,
            _ => Self::Inner(node(&left.hash(), &right.hash())),
        }
    }
}

/// The subtree over a power-of-two number of slots.
fn fold(slots: &[Slot]) -> Slot {
    match slots {
        [] => Slot::Empty,
        [slot] => *slot,
        _ => {
            let (left, right) = slots.split_at(slots.len() / 2);
            Slot::join(&fold(left), &fold(right))
        }
    }
}

/// What slots fold to, without hashing: an `Inner` says only "two keys or more", its hash means nothing.
fn kind(slots: &[Slot]) -> Slot {
    let mut used = slots.iter().filter(|slot| **slot != Slot::Empty);
    match (used.next(), used.next()) {
        (None, _) => Slot::Empty,
        (Some(slot), None) => *slot,
        (Some(_), Some(_)) => Slot::Inner(Hash32::ZERO),
    }
}

/// Four levels of the tree.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Page(Box<Levels>);

/// Boxed in a page, because update batches move pages about.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
struct Levels {
    slots: [Slot; SLOTS],
    /// The level above, half-way up: each of them folds four slots.
    quads: [Slot; QUADS],
}

impl Page {
    /// The page over sixteen slots.
    #[must_use]
    pub fn new(slots: [Slot; SLOTS]) -> Self {
        let mut page = Self(Box::new(Levels { slots, quads: [Slot::Empty; QUADS] }));
        (0..QUADS).for_each(|quad| page.refold(quad));
        page
    }

    /// The slots, by nibble.
    #[must_use]
    pub fn slots(&self) -> &[Slot; SLOTS] {
        &self.0.slots
    }

    /// The page as its parent's slot holds it: anything but `Inner` means that it must not exist (unless it is
    /// the root page).
    #[must_use]
    pub fn collapse(&self) -> Slot {
        fold(&self.0.quads)
    }

    /// Changes the slots of one quad.
    pub(super) fn edit<E>(
        &mut self,
        quad: usize,
        edit: impl FnOnce(&mut [Slot]) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let from = quad * QUAD;
        let changed = edit(self.0.slots.get_mut(from..from + QUAD).unwrap_or_default())?;
        if changed {
            self.refold(quad);
        }
        Ok(changed)
    }

    fn refold(&mut self, quad: usize) {
        let slots = part(&self.0.slots, quad * QUAD, QUAD);
        let folded = fold(slots);
        if let Some(quad) = self.0.quads.get_mut(quad) {
            *quad = folded;
        }
    }

    /// What `len` slots fold to, from `from` on; a power of two, and aligned.
    pub(super) fn fold(&self, from: usize, len: usize) -> Slot {
        if len < QUAD {
            fold(part(&self.0.slots, from, len))
        } else {
            fold(part(&self.0.quads, from / QUAD, len / QUAD))
        }
    }

    /// What `len` slots fold to, in the manner of [`kind`].
    pub(super) fn kind(&self, from: usize, len: usize) -> Slot {
        kind(part(&self.0.slots, from, len))
    }

    /// Stored form: sixteen 2-bit tags (slot `i` in bits `2i` and `2i + 1` of a little-endian `u32`; 0 empty,
    /// 1 leaf, 2 inner); key and value hash of each leaf and the hash of each inner slot, in slot order; then
    /// the hash of each quad that holds two keys or more.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut tags = 0_u32;
        let mut payload = Vec::new();
        for slot in self.0.slots.iter().rev() {
            tags = tags << 2 | slot.tag();
        }
        for slot in &self.0.slots {
            match slot {
                Slot::Empty => {}
                Slot::Leaf { key, value_hash } => payload.extend([key, value_hash]),
                Slot::Inner(hash) => payload.push(hash),
            }
        }
        payload.extend(
            self.0.quads.iter().filter_map(|quad| if let Slot::Inner(hash) = quad { Some(hash) } else { None }),
        );
        let mut bytes = tags.to_le_bytes().to_vec();
        bytes.reserve(32 * payload.len());
        for hash in payload {
            bytes.extend_from_slice(hash.as_bytes());
        }
        bytes
    }

    /// Reads the stored form, exactly. The quads' hashes are believed as an inner slot's is: the root tells.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut levels = Box::<Levels>::default();
        let (tags, mut rest) = bytes.split_first_chunk::<TAG_BYTES>().ok_or(DecodeError::Malformed)?;
        let mut tags = u32::from_le_bytes(*tags);
        for slot in &mut levels.slots {
            *slot = match tags & 3 {
                0 => Slot::Empty,
                1 => Slot::Leaf { key: take(&mut rest)?, value_hash: take(&mut rest)? },
                2 => Slot::Inner(take(&mut rest)?),
                _ => return Err(DecodeError::Malformed),
            };
            tags >>= 2;
        }
        for (quad, slots) in levels.quads.iter_mut().zip(levels.slots.chunks(QUAD)) {
            *quad = match kind(slots) {
                Slot::Inner(_) => Slot::Inner(take(&mut rest)?),
                fewer => fewer,
            };
        }
        if rest.is_empty() { Ok(Self(levels)) } else { Err(DecodeError::Malformed) }
    }
}

/// Part of a level. Out of bounds there is nothing.
fn part(slots: &[Slot], from: usize, len: usize) -> &[Slot] {
    slots.get(from..from + len).unwrap_or_default()
}

fn take(rest: &mut &[u8]) -> Result<Hash32, DecodeError> {
    let (hash, tail) = rest.split_first_chunk::<32>().ok_or(DecodeError::Malformed)?;
    *rest = tail;
    Ok(Hash32(*hash))
}

/// Where a page stands: the nibbles that all keys below it begin with. Ordered as the tree is walked, a page
/// before the pages below it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PagePath {
    /// The nibbles, two to a byte, zero behind the last.
    prefix: [u8; 32],
    len: u8,
}

impl PagePath {
    /// The page at the top.
    pub const ROOT: Self = Self { prefix: [0; 32], len: 0 };

    /// Nibbles in the path.
    #[must_use]
    pub const fn len(&self) -> u8 {
        self.len
    }

    /// Whether this is the page at the top.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The path one nibble longer (of which the low four bits count); a whole key grows no further.
    #[must_use]
    pub fn child(&self, nibble: u8) -> Self {
        let mut child = *self;
        if let Some(byte) = child.prefix.get_mut(usize::from(self.len / 2)) {
            *byte |= if self.len.is_multiple_of(2) { nibble << 4 } else { nibble & 0xf };
            child.len += 1;
        }
        child
    }

    /// Whether `key` begins with these nibbles.
    #[must_use]
    pub fn is_above(&self, key: &Hash32) -> bool {
        (0..self.len).all(|index| nibble(&self.prefix, index) == nibble(&key.0, index))
    }

    /// The first key below this path, and the last.
    #[must_use]
    pub fn range(&self) -> (Hash32, Hash32) {
        let mut last = [0xff; 32];
        for (index, (byte, prefix)) in (0..).zip(last.iter_mut().zip(&self.prefix)) {
            *byte = match self.len.saturating_sub(2 * index) {
                0 => 0xff,
                1 => prefix | 0xf,
                _ => *prefix,
            };
        }
        (Hash32(self.prefix), Hash32(last))
    }

    /// The nibble at which `key` leaves this page.
    pub(super) fn nibble_of(&self, key: &Hash32) -> u8 {
        nibble(&key.0, self.len)
    }

    /// Storage key: one byte for each nibble, so that byte order is [`PagePath`]'s order. Paths are about
    /// log16(n) long; packing two nibbles to a byte would save three bytes and lose the order.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        (0..self.len).map(|index| nibble(&self.prefix, index)).collect()
    }

    /// Reads a storage key.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > usize::from(KEY_NIBBLES) || bytes.iter().any(|&nibble| nibble > 0xf) {
            return Err(DecodeError::Malformed);
        }
        Ok(bytes.iter().fold(Self::ROOT, |path, &nibble| path.child(nibble)))
    }
}

impl BorshSerialize for PagePath {
    fn serialize<W: Write>(&self, writer: &mut W) -> std::io::Result<()> {
        writer.write_all(&[self.len])?;
        writer.write_all(&self.to_bytes())
    }
}

impl BorshDeserialize for PagePath {
    fn deserialize_reader<R: Read>(reader: &mut R) -> std::io::Result<Self> {
        let len = u8::deserialize_reader(reader)?;
        if len > KEY_NIBBLES {
            return Err(malformed("a path longer than any key"));
        }
        let nibbles = (0..len).map(|_| u8::deserialize_reader(reader)).collect::<std::io::Result<Vec<_>>>()?;
        Self::from_bytes(&nibbles).map_err(|_| malformed("not nibbles"))
    }
}

fn nibble(bytes: &[u8; 32], index: u8) -> u8 {
    let byte = bytes.get(usize::from(index / 2)).copied().unwrap_or(0);
    if index.is_multiple_of(2) { byte >> 4 } else { byte & 0xf }
}

impl fmt::Display for PagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("/")?;
        (0..self.len).try_for_each(|index| write!(f, "{:x}", nibble(&self.prefix, index)))
    }
}

impl fmt::Debug for PagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
