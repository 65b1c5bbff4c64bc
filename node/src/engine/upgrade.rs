//! Protocol versions: one that was decided is told early, and where rules begin that this software does not know it
//! stops. It has said nothing by then about the first block of them, and the software that knows them goes on from the
//! same data directory.

use sampan_proto::protocol::Versions;

use super::Engine;
use crate::core::ledger::Tip;
use crate::fault::Fatal;

/// Whether software of these versions can execute the block after a tip.
///
/// # Errors
/// [`Fatal::UnknownProtocol`]: other software can.
pub fn know_the_rules(versions: &Versions, tip: &Tip) -> Result<(), Fatal> {
    let unknown = |unknown| Fatal::UnknownProtocol { unknown, height: tip.height.next() };
    versions.expect(tip.version()).map_err(unknown)
}

impl Engine {
    /// Stops before the first block that this software cannot execute. A crash instead of it ends the same way: the
    /// start asks here too.
    pub(super) fn know_the_rules(&self) -> Result<(), Fatal> {
        know_the_rules(&self.versions, &self.tip)
    }

    /// Tells the operator what is decided and still to come: at the start, and when it is decided.
    pub(super) fn tell_of_upgrade(&self) {
        let upcoming = self.tip.upcoming().map(|next| (next, self.versions.contain(next.version)));
        self.metrics.set_upgrade(upcoming.map(|(next, known)| (next.from, known)));
        match upcoming {
            Some((next, false)) => tracing::error!(
                version = next.version,
                from = %next.from,
                knows = %self.versions,
                "UPGRADE NEEDED: from that block on this software cannot go on; install one that knows the version"
            ),
            Some((next, true)) => tracing::info!(version = next.version, from = %next.from, "an upgrade is decided"),
            None => {}
        }
    }
}
