//! What came before the state that a node took over, and what it does not keep for ever.
//!
//! A node that keeps everything asks its peers for the past, one page at a time, once it is abreast of the network:
//! nothing waits for it. One that keeps so many blocks drops older ones as new ones are decided.

use libp2p::PeerId;
use sampan_proto::ids::Height;

use super::Engine;
use crate::fault::{Fatal, PeerFault};
use crate::store::Past;

/// A node that is more blocks behind follows first.
const ABREAST: u64 = 8;
/// Blocks between two rounds of dropping: fewer than one round drops, so that a backlog shrinks.
const PRUNE_EVERY: u64 = 8;

impl Engine {
    /// At every patrol, and after each page: asks for the next blocks of the past that are missing.
    pub(super) fn pursue_past(&mut self) -> Result<(), Fatal> {
        let later = self.keep_blocks.is_some()
            || self.is_joining()
            || self.follower.target.proven_lag(self.tip.height) > ABREAST;
        let missing = if later { None } else { self.store.reader().missing()? };
        if let Some(from) = missing {
            self.follower.ask_past(from);
        }
        Ok(())
    }

    /// A peer told of the past. One that does not hold it either tells nothing, and the next patrol asks another.
    pub(super) fn on_past(&mut self, peer: PeerId, past: &[Past]) -> Result<(), Fatal> {
        if past.is_empty() {
            return Ok(());
        }
        if let Err(bad) = self.store.fill_in(past)? {
            tracing::warn!(%peer, %bad, "tells of another past");
            self.net.fault(peer, PeerFault::BadBlock);
        }
        self.follower.absent.note(past.iter().flat_map(|block| &block.documents));
        if self.store.reader().missing()?.is_none() {
            tracing::info!("the past is whole: this node holds everything from the first block on");
        }
        self.tell_what_it_holds()?;
        self.pursue_past()
    }

    /// Drops what a node that keeps no archive holds of long ago.
    pub(super) fn prune(&self) -> Result<(), Fatal> {
        match self.keep_blocks {
            Some(kept) if self.tip.height.0.is_multiple_of(PRUNE_EVERY) => {
                self.store.prune(Height(self.tip.height.0.saturating_sub(kept)))?;
                self.tell_what_it_holds()
            }
            _ => Ok(()),
        }
    }

    /// From which block on.
    pub(super) fn tell_what_it_holds(&self) -> Result<(), Fatal> {
        self.metrics.set_oldest_block(self.store.reader().floor()?.height.next());
        Ok(())
    }
}
