//! Snapshots: the state after a block, handed over in parts of which each proves itself.
//!
//! ```text
//!   manifest    header ◀─ certificate ◀─ handovers ◀─ genesis        who may say so
//!                 │ log_root ◀── the log's right edge                enough to append to it
//!                 │ state_root
//!                 ▼
//!   part at /     a page of the state tree: sixteen slots            or, if few enough hang below it,
//!                 │            │                                     the items themselves
//!   part at /3    items        part at /a …                          each under the hash in its parent's slot
//! ```
//!
//! The state tree alone determines what every later block does, so whoever has all its items, and the log's right
//! edge, can execute the next block. A part is judged by nothing but the hash that its parent promises: a peer that
//! serves a wrong one is found out by that part, and parts can come from many peers at once.

mod edge;
mod item;
mod part;

#[cfg(test)]
mod tests;

use borsh::{BorshDeserialize, BorshSerialize};

pub use edge::LogEdge;
pub use item::Item;
pub use part::{CheckedPart, Part};

use crate::block::Header;
use crate::ids::ChainId;
use crate::proof::{BadPath, Handover, follow_handovers};
use crate::protocol::{self, UnknownVersion};
use crate::roster::Roster;
use crate::vote::Certificate;

/// What a snapshot is of, and everything of it that hangs on no leaf of the state tree.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Manifest {
    /// The block after which this is the state.
    pub header: Header,
    /// Who decided it.
    pub certificate: Certificate,
    /// Every change of the roster up to this block, oldest first; its own too, if it makes one.
    pub handovers: Vec<Handover>,
    /// The log's right edge.
    pub edge: LogEdge,
}

/// A manifest whose header, roster and log are what the genesis leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedManifest {
    /// As it came.
    pub manifest: Manifest,
    /// The roster that decides the next block.
    pub roster: Roster,
}

/// Why no state can be taken from a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSnapshot {
    /// The genesis does not lead to its header.
    #[error("its header is not this network's: {0}")]
    Path(#[from] BadPath),
    /// Its block is executed by rules that are not known here: newer software is needed.
    #[error(transparent)]
    Version(#[from] UnknownVersion),
    /// Too few signed its header, or it is of another network.
    #[error("its header is not decided")]
    Header,
    /// The right edge is of another log.
    #[error("its log is not the one that its header commits to")]
    Log,
    /// The part is not what its parent promises.
    #[error("a part of it is not what stands in the tree")]
    Part,
}

impl Manifest {
    /// Follows the handovers from the genesis, whose roster is the first, and checks the header and what hangs on it.
    ///
    /// # Errors
    /// [`BadSnapshot`]; whoever sent it is at fault, but for [`BadSnapshot::Version`].
    pub fn check(self, chain: ChainId, first: &Roster) -> Result<CheckedManifest, BadSnapshot> {
        let Self { header, certificate, handovers, edge } = &self;
        protocol::KNOWN.expect(header.version)?;
        // The block's own handover, if it makes one, is for the blocks after it.
        let own = handovers.iter().position(|step| step.header.0.height >= header.height).unwrap_or(handovers.len());
        let (before, after) = handovers.split_at(own);
        let (roster, since) = follow_handovers(before, chain, first)?;
        let named = header.chain == chain && header.height > since;
        let decided = certificate.block == header.hash() && certificate.height == header.height;
        let by_roster = header.roster_hash == roster.hash() && certificate.verify(chain, roster).is_ok();
        if !(named && decided && by_roster) {
            return Err(BadSnapshot::Header);
        }
        let roster = match after {
            [] => roster,
            [step] if is_own(step, header, certificate) => &step.roster.0,
            _ => return Err(BadSnapshot::Header),
        };
        if roster.hash() != header.next_roster_hash {
            return Err(BadSnapshot::Header);
        }
        if edge.frontier(header.log_size).is_none_or(|frontier| frontier.root() != header.log_root) {
            return Err(BadSnapshot::Log);
        }
        let roster = roster.clone();
        Ok(CheckedManifest { manifest: self, roster })
    }
}

/// Whether a handover is the one that the block makes. Its certificate is the block's own, which was verified: whoever
/// takes the snapshot over keeps one of a height.
fn is_own(step: &Handover, header: &Header, certificate: &Certificate) -> bool {
    step.header.0 == *header && step.certificate.0 == *certificate && header.next_roster_hash != header.roster_hash
}
