//! The right edge of the log: a compact range, all that is needed to append (RFC 9162 §2.1.2).
//!
//! ```text
//!  size 7 = 0b111      peaks, widest first: [a, b, e6]
//!         a        b     e6
//!       ┌─┴─┐     ┌┴┐         appending e7 completes e6·e7, then b·(e6·e7), then the whole:
//!      ┌┴┐ ┌┴┐    │ │         one node hash per carry, as when 1 is added to 0b111
//!     e0 .. e3   e4 e5
//! ```

use borsh::io::{Read, Result};
use borsh::{BorshDeserialize, BorshSerialize};

use super::{log, malformed, read_hashes};
use crate::hash::Hash32;

/// No log grows beyond this; adding one leaf at a time can therefore not overflow.
const MAX_SIZE: u64 = 1 << 62;

/// Size and peaks of a log. Whoever receives one compares [`root`](Self::root) with a signed header.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize)]
pub struct Frontier {
    size: u64,
    /// Roots of the perfect subtrees that the size's binary digits name, widest first.
    peaks: Vec<Hash32>,
}

impl Frontier {
    /// The log without entries.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// The frontier with these peaks, widest first; none when a log of that size has another number of them.
    #[must_use]
    pub fn from_peaks(size: u64, peaks: Vec<Hash32>) -> Option<Self> {
        let fits = size <= MAX_SIZE && peaks.len() as u64 == u64::from(size.count_ones());
        fits.then_some(Self { size, peaks })
    }

    /// Leaves in the log.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Roots of the perfect subtrees that make up the log, widest first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash32] {
        &self.peaks
    }

    /// Adds a leaf.
    pub fn append(&mut self, leaf: Hash32) {
        self.append_with(leaf, &mut |_, _, _| ());
    }

    /// Adds a leaf and reports every perfect subtree that it completes, as level, index and hash; the
    /// leaf itself first (level 0).
    pub fn append_with(&mut self, leaf: Hash32, completed: &mut impl FnMut(u8, u64, &Hash32)) {
        let mut hash = leaf;
        for level in 0..=63 {
            let index = self.size >> level;
            completed(level, index, &hash);
            let left = if index & 1 == 1 { self.peaks.pop() } else { None };
            let Some(left) = left else { break };
            hash = log::node(&left, &hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// Root of the log.
    #[must_use]
    pub fn root(&self) -> Hash32 {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return log::empty() };
        peaks.fold(*last, |edge, peak| log::node(peak, &edge))
    }
}

impl BorshDeserialize for Frontier {
    fn deserialize_reader<R: Read>(reader: &mut R) -> Result<Self> {
        let size = u64::deserialize_reader(reader)?;
        if size > MAX_SIZE {
            return Err(malformed("a log larger than any"));
        }
        let peaks = read_hashes(reader, size.count_ones())?;
        if peaks.len() as u64 != u64::from(size.count_ones()) {
            return Err(malformed("one peak for each binary digit of the size"));
        }
        Ok(Self { size, peaks })
    }
}
