//! The store as of a moment, in a directory of its own, while the node goes on.

use std::path::Path;

use rocksdb::checkpoint::Checkpoint;

use super::Store;
use crate::fault::Fatal;

impl Store {
    /// Writes the store as it is now into `dir`, which must not be there yet: every family as of one write, files that
    /// never change again by a link where the file system allows it.
    ///
    /// # Errors
    /// When the directory is there, or cannot be written. A part of it may be left.
    pub fn checkpoint(&self, dir: &Path) -> Result<(), Fatal> {
        Ok(Checkpoint::new(&self.0.db)?.create_checkpoint(dir)?)
    }
}
