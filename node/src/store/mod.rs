//! The store: RocksDB with one writer and one crash boundary a block, and the consensus write-ahead log
//! beside it.
//!
//! ```text
//!            stage                          commit
//!   block ──▶ statements, bodies, staged ──▶ everything else, and drops `staged`
//!             one synced batch              one synced batch
//!             before the vote for it        once it is decided
//! ```
//!
//! What a crash leaves behind is one of three states, and each is a good one to start from:
//!
//! * before `stage` is synced: nothing of the block. No vote for it has left this node.
//! * between the two: the block's contents, found again by [`Store::staged`]. The tip is the old one.
//! * after `commit` is synced: the whole block. The tip is the new one.
//!
//! Readers work on snapshots ([`Reader`]): they see whole blocks only and never wait for the writer.
//!
//! * `schema`: the rows · `tuning`: how RocksDB is set up · `open`: boot, and what it refuses
//! * `voice`: whether what lies here may vote · `commit`: the two writes · [`Reader`]: everything that is read,
//!   proofs, the `log` as others read it · `evidence` · [`wal`]: votes
//! * `snapshot`: the state for a newcomer · `take_over`: the newcomer's side · `backfill`: what came before ·
//!   `prune`: what is not kept for ever
//! * `export`: the chain into an archive · `fsck`: everything derived again · `sweep`: what was erased leaves the files

mod backfill;
mod checkpoint;
mod commit;
mod disk;
mod evidence;
mod export;
#[cfg(test)]
pub(crate) mod fixture;
mod fsck;
mod log;
mod open;
mod proofs;
mod prune;
mod read;
mod schema;
mod snapshot;
mod supply;
mod sweep;
mod take_over;
#[cfg(test)]
mod tests;
mod tuning;
mod voice;
pub mod wal;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rocksdb::DB;
use sampan_proto::ids::{ChainId, Height, MemberId};
use sampan_proto::member::Member;

use crate::core::ledger::Tip;

pub use backfill::{BadPast, Past};
pub use commit::{Staged, StagedBlock};
pub use disk::{Disk, Durable, Hazard};
pub use fsck::{Depth, Sound, StateSound};
pub use read::{Acts, Reader};
pub use schema::Floor;
use schema::TipRow;
pub use sweep::Unswept;
pub use take_over::TakeOver;
pub use voice::{Place, Voice};

/// A node's durable state. Clones share one open database, which closes with the last of them.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    db: DB,
    chain: ChainId,
    place: Place,
    disk: Disk,
    /// The registry in memory, for every statement asks it.
    registry: RwLock<Registry>,
    /// Held over a whole write, so that `stage` and `commit` never interleave.
    writer: Mutex<Writer>,
    /// As in the newest committed batch: replaced only after that batch is synced.
    tip: RwLock<TipRow>,
}

/// The members as of a height, until the next change.
#[derive(Clone)]
struct Registry {
    /// The block that made it so. A snapshot from before that reads its members from the database.
    since: Height,
    members: Arc<BTreeMap<MemberId, Arc<Member>>>,
}

#[derive(Default)]
struct Writer {
    /// A write failed: whether it reached the disk is unknown, so nothing may be written on top of it.
    failed: bool,
}

impl Store {
    /// The block that the next one builds on.
    #[must_use]
    pub fn tip(&self) -> Tip {
        self.0.tip().tip()
    }

    /// Committed state as of now. Later commits do not change what it shows.
    #[must_use]
    pub fn reader(&self) -> Reader<'_> {
        Reader::new(&self.0)
    }

    pub(crate) fn disk(&self) -> Disk {
        self.0.disk.clone()
    }

    /// The network.
    #[must_use]
    pub fn chain(&self) -> ChainId {
        self.0.chain
    }
}

impl Inner {
    fn tip(&self) -> TipRow {
        // The lock guards one assignment: a panic elsewhere cannot leave it half done.
        self.tip.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_tip(&self, row: TipRow) {
        *self.tip.write().unwrap_or_else(PoisonError::into_inner) = row;
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store(height {})", self.tip().height)
    }
}
