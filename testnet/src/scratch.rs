//! Files of a simulation, which need not survive the machine that simulates.

use std::path::Path;

use tempfile::TempDir;

/// A directory that vanishes: where `TMPDIR` says, or else in memory where there is such a place.
///
/// # Errors
/// When it cannot be made.
pub fn directory() -> std::io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if std::env::var_os("TMPDIR").is_none() && memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    }
}
