//! Presence and absence in the state tree.
//!
//! ```text
//!   depth 3, key 010..        found at depth 3:  Value   the key's leaf stands here
//!        root                                    Other   another leaf stands here, alone below 010
//!       ┌─┴─┐                                    Empty   nothing lies below 010
//!       ·   s2
//!     ┌─┴─┐         siblings bottom-up: s0 s1 s2; empty ones are not sent, the bitmap says which:
//!    s1   ·         bit i (least significant first) is set when s_i is not empty
//!       ┌─┴─┐
//!     found s0
//! ```
//!
//! For a given tree and key exactly one proof verifies. What makes it so, besides exact lengths:
//!
//! * a sibling that equals the empty constant must be left out, and bits beyond the depth are zero;
//! * the deepest sibling is not empty: a leaf without company, or an empty subtree with an empty sibling,
//!   would have collapsed higher up;
//! * `Other` is another key, and shares the first `depth` bits: a leaf from elsewhere says nothing here.
//!
//! One rule cannot be checked from hashes: the sibling of an `Empty` is a subtree of at least two leaves, for
//! a lone leaf would have collapsed upwards. Nothing depends on it. An honest root was computed by the rules
//! of the tree, so no honest node is `node(empty, leaf)`; a path through such a node reaches the root only by
//! a collision. And leaves, nodes and the empty constant are hashed in three domains, so none of them can be
//! shown in place of another.

use borsh::io::{Read, Result as IoResult};
use borsh::{BorshDeserialize, BorshSerialize};

use super::{KEY_BITS, bit, empty, leaf, node, shared_bits};
use crate::hash::Hash32;
use crate::merkle::{BadProof, malformed, read_hashes};

/// What stands at the end of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Found {
    /// The key's own leaf; key and value hash are the verifier's.
    Value,
    /// The leaf of another key, alone in the subtree where the key would be.
    Other {
        /// The other key.
        key: Hash32,
        /// Its value hash.
        value_hash: Hash32,
    },
    /// No leaf at all.
    Empty,
}

/// Shows what a state tree holds at a key. The encoding is canonical: see the module's rules.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize)]
pub struct StateProof {
    /// Length of the path in bits.
    pub depth: u16,
    /// What stands at its end.
    pub found: Found,
    /// Which siblings are not empty, the deepest first, in exactly ⌈depth / 8⌉ bytes.
    pub bitmap: Vec<u8>,
    /// The siblings that are not empty, the deepest first.
    pub siblings: Vec<Hash32>,
}

impl StateProof {
    /// Whether the tree under `root` holds `value_hash` at `key`.
    pub fn verify_presence(&self, root: &Hash32, key: &Hash32, value_hash: &Hash32) -> Result<(), BadProof> {
        if self.root_of(key, value_hash)? == *root { Ok(()) } else { Err(BadProof::Root) }
    }

    /// The root of the tree in which the path of a present `key` ends: for a proof that carries no root because
    /// something else commits to it.
    pub fn root_of(&self, key: &Hash32, value_hash: &Hash32) -> Result<Hash32, BadProof> {
        self.check_form()?;
        match self.found {
            Found::Value => self.climb(leaf(key, value_hash), key),
            Found::Other { .. } | Found::Empty => Err(BadProof::Claim),
        }
    }

    /// Whether the tree under `root` holds nothing at `key`.
    pub fn verify_absence(&self, root: &Hash32, key: &Hash32) -> Result<(), BadProof> {
        self.check_form()?;
        let found = match self.found {
            Found::Value => return Err(BadProof::Claim),
            Found::Empty => empty(),
            Found::Other { key: other, .. } if other == *key || shared_bits(&other, key) < self.depth => {
                return Err(BadProof::Claim);
            }
            Found::Other { key: other, value_hash } => leaf(&other, &value_hash),
        };
        if self.climb(found, key)? == *root { Ok(()) } else { Err(BadProof::Root) }
    }

    /// Whether sibling number `index`, counted from the deepest, is sent.
    fn sends(&self, index: u16) -> bool {
        self.bitmap.get(usize::from(index / 8)).is_some_and(|byte| byte >> (index % 8) & 1 == 1)
    }

    /// Everything that can be said without a key or a root.
    fn check_form(&self) -> Result<(), BadProof> {
        // Two keys differ in their last bit at the latest, so only a leaf lies at the full depth.
        let deepest = if self.found == Found::Value { KEY_BITS } else { KEY_BITS - 1 };
        if self.depth > deepest {
            return Err(BadProof::Position);
        }
        if self.bitmap.len() != usize::from(self.depth.div_ceil(8)) {
            return Err(BadProof::NotCanonical);
        }
        let beyond = (self.depth..self.depth.next_multiple_of(8)).any(|index| self.sends(index));
        let lonely = self.depth > 0 && !self.sends(0);
        if beyond || lonely || self.siblings.contains(&empty()) {
            return Err(BadProof::NotCanonical);
        }
        let sent: u32 = self.bitmap.iter().map(|byte| byte.count_ones()).sum();
        if self.siblings.len() as u64 != u64::from(sent) {
            return Err(BadProof::Length);
        }
        Ok(())
    }

    fn climb(&self, found: Hash32, key: &Hash32) -> Result<Hash32, BadProof> {
        let mut siblings = self.siblings.iter();
        let mut hash = found;
        for index in 0..self.depth {
            let sibling = if self.sends(index) { *siblings.next().ok_or(BadProof::Length)? } else { empty() };
            let right = bit(key, self.depth - 1 - index);
            hash = if right { node(&sibling, &hash) } else { node(&hash, &sibling) };
        }
        Ok(hash)
    }
}

impl BorshDeserialize for StateProof {
    fn deserialize_reader<R: Read>(reader: &mut R) -> IoResult<Self> {
        let depth = u16::deserialize_reader(reader)?;
        let found = Found::deserialize_reader(reader)?;
        let bytes = u32::deserialize_reader(reader)?;
        if depth > KEY_BITS || bytes != u32::from(depth.div_ceil(8)) {
            return Err(malformed("depth and bitmap disagree"));
        }
        let bitmap = (0..bytes).map(|_| u8::deserialize_reader(reader)).collect::<IoResult<Vec<u8>>>()?;
        let siblings = read_hashes(reader, u32::from(depth))?;
        let proof = Self { depth, found, bitmap, siblings };
        proof.check_form().map_err(|_| malformed("not a canonical state proof"))?;
        Ok(proof)
    }
}
