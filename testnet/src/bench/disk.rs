//! What a node's data takes on disk.

use std::path::Path;

use anyhow::{Context, Result};

/// Bytes in a node's files: what was written, for a database reserves room beyond that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskUsage {
    /// All files.
    pub total: u64,
    /// Of these the database's write-ahead logs, which go as their contents settle.
    pub logs: u64,
}

/// Adds up the files below `dir`. One that vanishes meanwhile counts as nothing.
///
/// # Errors
/// When a directory cannot be read.
pub fn usage(dir: &Path) -> Result<DiskUsage> {
    let mut usage = DiskUsage::default();
    add(dir, &mut usage)?;
    Ok(usage)
}

fn add(dir: &Path, usage: &mut DiskUsage) -> Result<()> {
    for entry in std::fs::read_dir(dir).with_context(|| format!("reading {}", dir.display()))? {
        let path = entry?.path();
        let Ok(metadata) = path.symlink_metadata() else { continue };
        if metadata.is_dir() {
            add(&path, usage)?;
            continue;
        }
        usage.total += metadata.len();
        if path.extension().is_some_and(|extension| extension == "log") {
            usage.logs += metadata.len();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_counted_at_every_depth() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(usage(dir.path()).expect("reads"), DiskUsage::default());
        std::fs::create_dir(dir.path().join("deep")).expect("creates");
        std::fs::write(dir.path().join("deep/000007.sst"), vec![7; 100_000]).expect("writes");
        std::fs::write(dir.path().join("deep/000008.log"), vec![7; 5_000]).expect("writes");
        assert_eq!(usage(dir.path()).expect("reads"), DiskUsage { total: 105_000, logs: 5_000 });
    }
}
