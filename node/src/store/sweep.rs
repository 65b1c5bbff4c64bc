//! Sweeping: what was erased leaves the database's files, too.

use std::collections::BTreeSet;

use rocksdb::{BottommostLevelCompaction, CompactOptions};

use super::Store;
use super::schema::Family;
use crate::fault::Fatal;

/// The disk had no room for the new files, or failed: what was erased may still be in those of before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} files of documents could not be written anew: what was erased may still be in them")]
pub struct Unswept(pub usize);

impl Store {
    /// Writes the bodies' files anew, so that nothing of an erased document is left in them. A deleted row otherwise lies
    /// there until compaction passes by, which may be never. It takes as long as copying all bodies: for a node that is
    /// stopped, not for the one writer of one that runs.
    ///
    /// # Errors
    /// [`Fatal::Database`]; the rows are as they were before, as they are when it is [`Unswept`].
    pub fn sweep(&self) -> Result<Result<(), Unswept>, Fatal> {
        let db = &self.0.db;
        // RocksDB's own log holds the newest writes of every family; once all are flushed it is dropped.
        for family in Family::ALL {
            db.flush_cf(family.handle(db)?)?;
        }
        let before = self.files_of_bodies()?;
        let bodies = Family::Bodies.handle(db)?;
        db.set_options_cf(bodies, &[("blob_garbage_collection_age_cutoff", "1.0")])?;
        let mut options = CompactOptions::default();
        options.set_bottommost_level_compaction(BottommostLevelCompaction::Force);
        // A crash in the next line leaves the old files, or the new ones: RocksDB's list names either.
        db.compact_range_cf_opt(bodies, None::<&[u8]>, None::<&[u8]>, &options);
        // It does not tell whether it failed. If it did, files of before are on the list still.
        let left = self.files_of_bodies()?.intersection(&before).count();
        Ok(if left == 0 { Ok(()) } else { Err(Unswept(left)) })
    }

    /// Tables that name bodies; one that is written anew brings the bodies along.
    fn files_of_bodies(&self) -> Result<BTreeSet<String>, Fatal> {
        let files = self.0.db.live_files()?.into_iter();
        Ok(files.filter(|file| file.column_family_name == Family::Bodies.name()).map(|file| file.name).collect())
    }
}
