//! Pages: four levels of the state tree in one stored record.
//!
//! ```text
//!   page at nibble path 3a          hash of the subtree 3a: folded from the slots when it is needed
//!        ┌───────┴───────┐
//!     ┌──┴──┐         ┌──┴──┐       not kept
//!    ┌┴┐   ┌┴┐       ┌┴┐   ┌┴┐
//!   0 1 2 3 ...             e f     16 slots: Empty, Leaf (one key below), Inner (a page of its own below)
//!       │
//!   page at nibble path 3a2         exists only because two keys or more begin with 3a2
//! ```
//!
//! Only the root page may hold fewer than two keys; any other collapses into its parent's slot. So there is
//! one set of pages for a set of keys, and a store can be compared byte by byte.

use std::fmt;

use super::{empty, leaf, node};
use crate::codec::DecodeError;
use crate::hash::Hash32;

/// Slots in a page, one for each value of a nibble.
pub const SLOTS: usize = 16;
/// Nibbles in a key.
pub const KEY_NIBBLES: u8 = 64;
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
pub(super) fn fold(slots: &[Slot]) -> Slot {
    match slots {
        [] => Slot::Empty,
        [slot] => *slot,
        _ => {
            let (left, right) = slots.split_at(slots.len() / 2);
            Slot::join(&fold(left), &fold(right))
        }
    }
}

/// Four levels of the tree. Boxed, because update batches move pages about.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Page(pub(super) Box<[Slot; SLOTS]>);

impl Page {
    /// The slots, by nibble.
    #[must_use]
    pub fn slots(&self) -> &[Slot; SLOTS] {
        &self.0
    }

    /// The page as its parent's slot holds it: anything but `Inner` means that it must not exist (unless it is
    /// the root page).
    #[must_use]
    pub fn collapse(&self) -> Slot {
        fold(self.0.as_slice())
    }

    /// Stored form: sixteen 2-bit tags (slot `i` in bits `2i` and `2i + 1` of a little-endian `u32`; 0 empty,
    /// 1 leaf, 2 inner), then key and value hash of each leaf and the hash of each inner slot, in slot order.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut tags = 0_u32;
        let mut bytes = vec![0; TAG_BYTES];
        for (index, slot) in self.0.iter().enumerate() {
            let tag = match slot {
                Slot::Empty => 0,
                Slot::Leaf { key, value_hash } => {
                    bytes.extend_from_slice(key.as_bytes());
                    bytes.extend_from_slice(value_hash.as_bytes());
                    1
                }
                Slot::Inner(hash) => {
                    bytes.extend_from_slice(hash.as_bytes());
                    2
                }
            };
            tags |= tag << (2 * index);
        }
        bytes[..TAG_BYTES].copy_from_slice(&tags.to_le_bytes());
        bytes
    }

    /// Reads the stored form, exactly.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut page = Self::default();
        let (tags, mut rest) = bytes.split_first_chunk::<TAG_BYTES>().ok_or(DecodeError::Malformed)?;
        let mut tags = u32::from_le_bytes(*tags);
        for slot in page.0.iter_mut() {
            *slot = match tags & 3 {
                0 => Slot::Empty,
                1 => Slot::Leaf { key: take(&mut rest)?, value_hash: take(&mut rest)? },
                2 => Slot::Inner(take(&mut rest)?),
                _ => return Err(DecodeError::Malformed),
            };
            tags >>= 2;
        }
        if rest.is_empty() { Ok(page) } else { Err(DecodeError::Malformed) }
    }
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
