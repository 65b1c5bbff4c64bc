//! A log in memory.

use std::convert::Infallible;

use sampan_proto::hash::Hash32;
use sampan_proto::merkle::log::{self, ConsistencyProof, InclusionProof, LogRead};

/// Leaf hashes, from index 0.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryLog(pub(crate) Vec<Hash32>);

impl LogRead for MemoryLog {
    type Error = Infallible;

    fn subtree(&self, level: u8, index: u64) -> Result<Hash32, Infallible> {
        let width = 1_usize << level;
        let start = usize::try_from(index).expect("an index") * width;
        Ok(perfect(&self.0[start..start + width]))
    }
}

fn perfect(leaves: &[Hash32]) -> Hash32 {
    if let [leaf] = leaves {
        return *leaf;
    }
    let (left, right) = leaves.split_at(leaves.len() / 2);
    log::node(&perfect(left), &perfect(right))
}

impl MemoryLog {
    /// Leaves.
    pub(crate) fn size(&self) -> u64 {
        self.0.len() as u64
    }

    /// Root of the first `size` leaves.
    pub(crate) fn root(&self, size: u64) -> Hash32 {
        log::root(self, size).expect("in memory")
    }

    /// Inclusion of `index` in the first `size` leaves.
    pub(crate) fn inclusion(&self, size: u64, index: u64) -> InclusionProof {
        log::prove_inclusion(self, size, index).expect("in memory").expect("in the log")
    }

    /// Consistency of the first `new` leaves with the first `old`.
    pub(crate) fn consistency(&self, old: u64, new: u64) -> ConsistencyProof {
        log::prove_consistency(self, old, new).expect("in memory").expect("not shrunk")
    }
}
