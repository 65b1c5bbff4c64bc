//! Room on the disk. A node that runs short takes nothing more from its own clients and says why; it goes on following
//! and voting, for the network's blocks are small and it may be the one that a quorum needs. When a write fails in the end
//! it stops, and what it promised is on the disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;

/// How often the disk is looked at.
const LOOK: Duration = Duration::from_secs(5);
const MIB: u64 = 1_024 * 1_024;

/// Whether there is room. Clones know the same.
#[derive(Clone, Debug, Default)]
pub struct Space(Arc<AtomicBool>);

impl Space {
    /// Whether the disk is almost full.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// So many bytes are free, and so many should stay so.
    pub(crate) fn look(&self, free: u64, reserve: u64) {
        let (was, is) = (self.is_short(), free < reserve);
        self.0.store(is, Ordering::Relaxed);
        match (was, is) {
            (false, true) => tracing::error!(
                free_mib = free / MIB,
                "the disk is almost full: this node takes nothing more from clients until there is room"
            ),
            (true, false) => tracing::info!(free_mib = free / MIB, "there is room on the disk again"),
            _ => {}
        }
    }
}

/// Looks at the disk under `dir` until `stop`.
pub async fn watch(dir: PathBuf, reserve_mib: u64, space: Space, metrics: Metrics, stop: CancellationToken) {
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = looks.tick() => {}
        }
        // A disk that does not say how full it is shows in the writes.
        if let Some(free) = free(&dir) {
            space.look(free, reserve_mib.saturating_mul(MIB));
            metrics.set_disk(free, space.is_short());
        }
    }
}

/// Bytes that this process may still write.
fn free(dir: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(dir).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_short_below_its_reserve_and_recovers() {
        let space = Space::default();
        space.look(10 * MIB, 0);
        assert!(!space.is_short(), "without a reserve it never is");
        space.look(10 * MIB - 1, 10 * MIB);
        assert!(space.clone().is_short());
        space.look(10 * MIB, 10 * MIB);
        assert!(!space.is_short());
        assert!(free(Path::new("/")).is_some_and(|free| free > 0));
        assert_eq!(free(Path::new("/no/such/place")), None);
    }
}
