//! The two trees that a header commits to, and the proofs that hang on them.
//!
//! ```text
//!            log_root                                state_root
//!               │                                         │
//!            ┌──┴──┐      grows to the right           ┌──┴──┐     the present, by key
//!          ┌─┴─┐  e4      never changes what           a   ┌─┴─┐   absence is provable,
//!         ┌┴┐ ┌┴┐         is behind                        b   c   deletion re-collapses
//!        e0 e1 e2 e3
//! ```
//!
//! * [`log`]: every entry ever written, in order. The shape of RFC 6962 and RFC 9162 (split at the
//!   largest power of two below the size), so that any two heads are connected by a consistency proof.
//! * [`frontier`]: the right edge of the log, all that is needed to append.
//! * [`tile`]: how the log is kept and published, 256 hashes to a tile (C2SP tlog-tiles).
//! * [`state`]: what holds now, a compact sparse Merkle tree (the Jellyfish shape).
//!
//! All hashing is keyed BLAKE3 (see [`crate::hash`]), so a leaf can never pass for a node, nor a node
//! of one tree for a node of the other.

pub mod frontier;
pub mod log;
pub mod state;
pub mod tile;

#[cfg(test)]
mod tests;

use borsh::BorshDeserialize;
use borsh::io::{Error, ErrorKind, Read, Result};

use crate::hash::Hash32;

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadProof {
    /// An index, size or depth that no tree has.
    #[error("the proof's position lies outside the tree")]
    Position,
    /// Siblings missing, or more of them than the position has.
    #[error("the proof has a sibling too many or too few")]
    Length,
    /// Another encoding of this proof exists; only one is accepted.
    #[error("the proof is not in its canonical form")]
    NotCanonical,
    /// The proof is about another key, or shows the opposite of what is claimed.
    #[error("the proof shows something other than what is claimed")]
    Claim,
    /// The path ends in another root.
    #[error("the path does not lead to the root")]
    Root,
}

/// Reads a list of at most `most` digests: the length is judged before anything is allocated.
pub(crate) fn read_hashes<R: Read>(reader: &mut R, most: u32) -> Result<Vec<Hash32>> {
    let count = u32::deserialize_reader(reader)?;
    if count > most {
        return Err(malformed("too many digests"));
    }
    (0..count).map(|_| Hash32::deserialize_reader(reader)).collect()
}

pub(crate) fn malformed(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}
