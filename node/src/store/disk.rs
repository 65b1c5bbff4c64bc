//! The disk under store and write-ahead log, as far as a simulation wants to meddle with it: it may fail any durable
//! write, or end the node right after one. On a real node it does nothing.

use std::path::Path;
use std::sync::Arc;

use crate::fault::Fatal;

/// What is written durably.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durable {
    /// A batch of the database.
    Store,
    /// The write-ahead log.
    Log,
}

/// What may go wrong. An error stops the node, as an error of a real disk does.
pub trait Hazard: std::fmt::Debug + Send + Sync {
    /// Asked before a write; an error means that nothing of it reached the disk.
    fn before(&self, what: Durable) -> std::io::Result<()>;

    /// Asked after a write; an error means that it is on the disk and that the node learns nothing of it.
    fn after(&self, what: Durable) -> std::io::Result<()>;
}

/// A disk; by default a real one.
#[derive(Clone, Debug, Default)]
pub struct Disk(Option<Arc<dyn Hazard>>);

impl Disk {
    /// A disk on which `hazard` decides what fails.
    #[must_use]
    pub fn with(hazard: Arc<dyn Hazard>) -> Self {
        Self(Some(hazard))
    }

    /// Writes, unless the disk fails before or after.
    pub(super) fn write<T>(
        &self,
        what: Durable,
        path: &Path,
        write: impl FnOnce() -> Result<T, Fatal>,
    ) -> Result<T, Fatal> {
        let Some(hazard) = &self.0 else { return write() };
        let failed = |source| Fatal::File { path: path.to_owned(), source };
        hazard.before(what).map_err(failed)?;
        let written = write()?;
        hazard.after(what).map_err(failed)?;
        Ok(written)
    }
}
