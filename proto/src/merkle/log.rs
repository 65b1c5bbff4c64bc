//! The log: inclusion and consistency proofs (RFC 6962 §2.1, RFC 9162 §2.1).
//!
//! ```text
//!  size 7:           root           inclusion of e2:       [e3, a, c]
//!                 ┌────┴────┐       consistency 3 → 7:     [e2, e3, a, c]
//!                 ·         c
//!               ┌─┴─┐     ┌─┴─┐
//!               a   ·     ·   e6
//!              ┌┴┐ ┌┴┐   ┌┴┐
//!             e0 e1 e2 e3 e4 e5
//! ```
//!
//! A tree of `n` leaves splits at the largest power of two below `n`. Its left part is perfect and never
//! changes again, so a proof is made of perfect subtrees only, plus at most one ragged right edge that is
//! itself a fold of perfect subtrees. [`LogRead`] asks for nothing else.
//!
//! Leaf hashes come from [`crate::entry::Entry::leaf_hash`]; this module never sees an entry.

use std::sync::LazyLock;

use borsh::{BorshDeserialize, BorshSerialize};

use super::{BadProof, read_hashes};
use crate::hash::{Domain, Hash32};

/// A 64-bit size has no deeper tree: an inclusion path is at most this long.
const INCLUSION_PATH: u32 = 64;
/// A consistency path holds one more digest, the subtree that both trees share.
const CONSISTENCY_PATH: u32 = 65;

static EMPTY: LazyLock<Hash32> = LazyLock::new(|| Domain::LogEmpty.hash(b""));

/// Root of the log without entries.
#[must_use]
pub fn empty() -> Hash32 {
    *EMPTY
}

/// Hash of an inner node.
#[must_use]
pub fn node(left: &Hash32, right: &Hash32) -> Hash32 {
    Domain::LogNode.hash_pair(left, right)
}

/// Where the hashes of a log are kept.
pub trait LogRead {
    /// What reading may fail with.
    type Error;

    /// Hash of the perfect subtree number `index` among those with `2^level` leaves.
    fn subtree(&self, level: u8, index: u64) -> Result<Hash32, Self::Error>;
}

/// Shows that a leaf stands at an index of a log.
///
/// The path does not prove the size: `{size: 3, index: 0}` and `{size: 4, index: 0}` have the same path.
/// Whoever verifies compares [`size`](Self::size) with the size that the signed header gives for the root.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct InclusionProof {
    /// Leaves in the log.
    pub size: u64,
    /// The leaf's index.
    pub index: u64,
    /// Siblings from the leaf up.
    #[borsh(deserialize_with = "inclusion_path")]
    pub path: Vec<Hash32>,
}

/// Shows that a log grew out of an older one by appending only.
///
/// As with [`InclusionProof`], both sizes are the verifier's to compare with the signed headers.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ConsistencyProof {
    /// Leaves in the older log.
    pub old: u64,
    /// Leaves in the newer log.
    pub new: u64,
    /// The largest common subtree (unless it is the whole old log), then siblings upwards.
    #[borsh(deserialize_with = "consistency_path")]
    pub path: Vec<Hash32>,
}

fn inclusion_path<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Vec<Hash32>> {
    read_hashes(reader, INCLUSION_PATH)
}

fn consistency_path<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Vec<Hash32>> {
    read_hashes(reader, CONSISTENCY_PATH)
}

/// Position of the node being folded: its number and the last node's number on the same level.
struct Climb {
    node: u64,
    last: u64,
}

impl Climb {
    /// Steps over one sibling: true when that sibling is on the left.
    fn step(&mut self) -> Result<bool, BadProof> {
        if self.last == 0 {
            return Err(BadProof::Length);
        }
        let left = self.node & 1 == 1 || self.node == self.last;
        // On the ragged right edge a node has no sibling until its number is odd: it is carried up as it is.
        while left && self.node & 1 == 0 && self.node != 0 {
            self.up();
        }
        self.up();
        Ok(left)
    }

    fn up(&mut self) {
        self.node >>= 1;
        self.last >>= 1;
    }

    fn finish(&self) -> Result<(), BadProof> {
        if self.last == 0 { Ok(()) } else { Err(BadProof::Length) }
    }
}

impl InclusionProof {
    /// Whether `leaf` stands at [`index`](Self::index) of the log of [`size`](Self::size) leaves under `root`.
    pub fn verify(&self, leaf: &Hash32, root: &Hash32) -> Result<(), BadProof> {
        if self.index >= self.size {
            return Err(BadProof::Position);
        }
        let mut climb = Climb { node: self.index, last: self.size - 1 };
        let mut hash = *leaf;
        for sibling in &self.path {
            hash = if climb.step()? { node(sibling, &hash) } else { node(&hash, sibling) };
        }
        climb.finish()?;
        if hash == *root { Ok(()) } else { Err(BadProof::Root) }
    }
}

impl ConsistencyProof {
    /// Whether the log under `new_root` begins with the log under `old_root`.
    pub fn verify(&self, old_root: &Hash32, new_root: &Hash32) -> Result<(), BadProof> {
        if self.old > self.new {
            return Err(BadProof::Position);
        }
        if self.old == 0 || self.old == self.new {
            return self.verify_trivial(old_root, new_root);
        }
        let mut climb = Climb { node: self.old - 1, last: self.new - 1 };
        while climb.node & 1 == 1 {
            climb.up();
        }
        // A perfect old log is itself the common subtree; sending it would be a second encoding.
        let (first, siblings) = if self.old.is_power_of_two() {
            (old_root, self.path.as_slice())
        } else {
            self.path.split_first().ok_or(BadProof::Length)?
        };
        let (mut old, mut new) = (*first, *first);
        for sibling in siblings {
            if climb.step()? {
                old = node(sibling, &old);
                new = node(sibling, &new);
            } else {
                new = node(&new, sibling);
            }
        }
        climb.finish()?;
        if old == *old_root && new == *new_root { Ok(()) } else { Err(BadProof::Root) }
    }

    /// Every log extends the empty one and itself: there is nothing to send.
    fn verify_trivial(&self, old_root: &Hash32, new_root: &Hash32) -> Result<(), BadProof> {
        if !self.path.is_empty() {
            return Err(BadProof::Length);
        }
        let old_holds = self.old != 0 || *old_root == empty();
        let new_holds = self.old != self.new || old_root == new_root;
        if old_holds && new_holds { Ok(()) } else { Err(BadProof::Root) }
    }
}

/// Root of the first `size` leaves.
pub fn root<R: LogRead>(reader: &R, size: u64) -> Result<Hash32, R::Error> {
    range(reader, 0, size)
}

/// Proves the leaf at `index` in the log of the first `size` leaves; none when it is not in there.
pub fn prove_inclusion<R: LogRead>(reader: &R, size: u64, index: u64) -> Result<Option<InclusionProof>, R::Error> {
    if index >= size {
        return Ok(None);
    }
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(range(reader, middle, end)?);
            end = middle;
        } else {
            path.push(range(reader, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(Some(InclusionProof { size, index, path }))
}

/// Proves that the first `new` leaves begin with the first `old`; none when `old` is the larger.
pub fn prove_consistency<R: LogRead>(reader: &R, old: u64, new: u64) -> Result<Option<ConsistencyProof>, R::Error> {
    if old > new {
        return Ok(None);
    }
    let mut path = Vec::new();
    if old > 0 {
        let (mut start, mut end) = (0, new);
        while end != old {
            let middle = start + split(end - start);
            if old <= middle {
                path.push(range(reader, middle, end)?);
                end = middle;
            } else {
                path.push(range(reader, start, middle)?);
                start = middle;
            }
        }
        // From the very left, the common subtree is the old log, whose root the verifier has.
        if start > 0 {
            path.push(range(reader, start, end)?);
        }
    }
    path.reverse();
    Ok(Some(ConsistencyProof { old, new, path }))
}

/// The largest power of two below `leaves`, which is at least 2.
fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

/// Hash of the leaves `start..end`, where `start` is a multiple of the power of two that covers the range.
fn range<R: LogRead>(reader: &R, start: u64, end: u64) -> Result<Hash32, R::Error> {
    let (leaves, mut right) = (end - start, end);
    let mut hash: Option<Hash32> = None;
    for level in (0..64).filter(|level| leaves >> level & 1 == 1) {
        right -= 1 << level;
        let left = reader.subtree(level, right >> level)?;
        hash = Some(hash.map_or(left, |edge| node(&left, &edge)));
    }
    Ok(hash.unwrap_or_else(empty))
}
