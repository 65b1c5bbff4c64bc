//! Sweeping: what was erased leaves the database's files, too.

use rocksdb::{BottommostLevelCompaction, CompactOptions};

use super::Store;
use super::schema::Family;
use crate::fault::Fatal;

impl Store {
    /// Writes the bodies' files anew, so that nothing of an erased document is left in them. A deleted row otherwise lies
    /// there until compaction passes by, which may be never. It takes as long as copying all bodies: for a node that is
    /// stopped, not for the one writer of one that runs.
    ///
    /// # Errors
    /// [`Fatal::Database`]; the rows are as they were before.
    pub fn sweep(&self) -> Result<(), Fatal> {
        let db = &self.0.db;
        // RocksDB's own log holds the newest writes of every family; once all are flushed it is dropped.
        for family in Family::ALL {
            db.flush_cf(family.handle(db)?)?;
        }
        let bodies = Family::Bodies.handle(db)?;
        db.set_options_cf(bodies, &[("blob_garbage_collection_age_cutoff", "1.0")])?;
        let mut options = CompactOptions::default();
        options.set_bottommost_level_compaction(BottommostLevelCompaction::Force);
        db.compact_range_cf_opt(bodies, None::<&[u8]>, None::<&[u8]>, &options);
        Ok(())
    }
}
