//! `sampand backup` and `sampand restore`: the store as of a moment, and back again.

use std::path::PathBuf;

use clap::Args;
use sampan_node::backup::{self, BackupError};

use super::config::Source;
use super::{Failure, print, read, read_genesis, say};

#[derive(Debug, Args)]
pub(crate) struct Backup {
    #[command(flatten)]
    source: Source,
    /// Where to put it; nothing may be there yet.
    #[arg(value_name = "DIR")]
    to: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    #[command(flatten)]
    source: Source,
    /// What `sampand backup` made.
    #[arg(value_name = "DIR")]
    from: PathBuf,
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        let (what, hint) = (error.to_string(), error.hint());
        if error.is_for_the_operator() { Self::refused(what, hint) } else { Self::unexpected(what, hint) }
    }
}

/// Runs `sampand backup`. It prints the height; the node may run meanwhile.
pub(crate) fn backup(Backup { source, to }: &Backup) -> Result<(), Failure> {
    let config = source.load()?;
    let (bytes, genesis) = (read(&config.genesis)?, read_genesis(&config.genesis)?);
    let made = backup::take(&config.data_dir, &bytes, &genesis, to)?;
    say(&format!("{} holds everything up to height {}, without keys", to.display(), made.height));
    print(&made.height.to_string())
}

/// Runs `sampand restore`. It prints the height.
pub(crate) fn restore(Restore { source, from }: &Restore) -> Result<(), Failure> {
    let config = source.load()?;
    let genesis = read_genesis(&config.genesis)?;
    let manifest = backup::restore(from, &genesis, &config.data_dir)?;
    say(&format!(
        "{} is at height {}, every file and root compared. Start the node: it fetches what is newer, and votes again once \
         two blocks were decided that were made after its start",
        config.data_dir.display(),
        manifest.height
    ));
    print(&manifest.height.to_string())
}
