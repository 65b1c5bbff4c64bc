//! Protocol versions: one that was decided is told early, and where rules begin that this software does not know it
//! stops. It has said nothing by then about the first block of them, and the software that knows them goes on from the
//! same data directory.

use super::Engine;
use crate::fault::Fatal;

impl Engine {
    /// Stops before the first block that this software cannot execute. A crash instead of it ends the same way: the
    /// start asks here too.
    pub(super) fn know_the_rules(&self) -> Result<(), Fatal> {
        let unknown = |unknown| Fatal::UnknownProtocol { unknown, height: self.next_height() };
        self.versions.expect(self.tip.version()).map_err(unknown)
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
