//! What a directory takes on disk.

use std::path::Path;

use anyhow::{Context, Result};

/// Bytes in the files below `dir`: what was written, for a database reserves room beyond that. A file that
/// vanishes meanwhile counts as nothing.
///
/// # Errors
/// When a directory cannot be read.
pub fn usage(dir: &Path) -> Result<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(dir).with_context(|| format!("reading {}", dir.display()))? {
        let entry = entry?;
        let Ok(metadata) = entry.path().symlink_metadata() else { continue };
        total += if metadata.is_dir() { usage(&entry.path())? } else { metadata.len() };
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_counted_at_every_depth() {
        let dir = tempfile::tempdir().expect("a directory");
        let before = usage(dir.path()).expect("reads");
        std::fs::create_dir(dir.path().join("deep")).expect("creates");
        std::fs::write(dir.path().join("deep/file"), vec![7; 100_000]).expect("writes");
        let grown = usage(dir.path()).expect("reads") - before;
        assert_eq!(grown, 100_000);
    }
}
