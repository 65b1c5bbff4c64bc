//! What a node's data takes on disk, and how fast the disk is.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

use super::load::{self, Latencies};
use crate::clock;

/// Writes that are synced in one look at the disk.
const SYNCS: usize = 50;

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

/// Writes a page to a file in `dir` and syncs it, several times. A node does it several times a block, so
/// no latency is better than this, and a disk that others keep busy shows here.
///
/// # Errors
/// When the directory cannot be written.
pub fn look(dir: &Path, latencies: &mut Latencies) -> Result<()> {
    let path = dir.join("disk.probe");
    let mut file = File::create(&path).with_context(|| format!("writing {}", path.display()))?;
    for _ in 0..SYNCS {
        let start = clock::now();
        file.write_all(&[0x5a; 4_096]).and_then(|()| file.sync_data()).context("writing to the disk")?;
        load::record(latencies, start.elapsed())?;
    }
    std::fs::remove_file(&path).context("removing the probe")
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
        let mut latencies = load::new_latencies().expect("a histogram");
        look(dir.path(), &mut latencies).expect("syncs");
        assert_eq!(latencies.len(), 50);
        assert_eq!(usage(dir.path()).expect("reads").total, 105_000, "the probe is gone");
    }
}
