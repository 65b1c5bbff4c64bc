//! `sampand export` and `sampand fsck`: a stopped node's data directory, written to an archive, and checked.

use std::path::PathBuf;

use clap::Args;
use sampan_node::config::Config;
use sampan_node::fault::Fatal;
use sampan_node::store::{Depth, Store};
use sampan_proto::genesis::Genesis;
use sampan_proto::ids::Height;

use super::config::Source;
use super::{Failure, print, read, say};

/// Blocks between two words about how far it is.
const STEP: u64 = 10_000;

#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    source: Source,
    /// Where to write the archive.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Put in the documents that this node holds.
    #[arg(long)]
    bodies: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Fsck {
    #[command(flatten)]
    source: Source,
    /// Execute every block again, and compare every root and every row of the state.
    #[arg(long)]
    deep: bool,
}

/// Runs `export`.
pub(crate) fn export(arguments: &Export) -> Result<(), Failure> {
    let (store, _, genesis) = open(&arguments.source.load()?)?;
    whole(&store)?;
    let export = store.reader().export(&genesis, &arguments.out, arguments.bodies, reached("written"));
    let end = export.map_err(|fault| match fault {
        Fatal::File { .. } => Failure::refused(fault.to_string(), "name a file that can be written with `--out`"),
        _ => Failure::from(&fault),
    })?;
    say(&format!("{} blocks, {} documents: check it with `sampan audit`", end.height, end.bodies));
    print(&end.block.to_string())
}

/// Runs `fsck`.
pub(crate) fn fsck(arguments: &Fsck) -> Result<(), Failure> {
    let (store, genesis, _) = open(&arguments.source.load()?)?;
    whole(&store)?;
    let depth = if arguments.deep { Depth::State } else { Depth::Log };
    let sound = store.reader().fsck(&genesis, depth, reached("checked")).map_err(|fault| Failure::from(&fault))?;
    print(&format!("sound: {} blocks, {} entries, every certificate and log root", sound.height, sound.entries))?;
    let Some(count) = sound.executed else { return Ok(()) };
    let bodies = match count.bodies_missing {
        0 => format!("{} documents", count.bodies),
        missing => format!("{} documents ({missing} are not held here)", count.bodies),
    };
    print(&format!("sound: {} statements executed again, every state root and row; {bodies}", count.statements))
}

/// A node that took the state over from others does not hold the blocks before.
fn whole(store: &Store) -> Result<(), Failure> {
    let floor = store.reader().floor().map_err(|fault| Failure::from(&fault))?;
    if floor.height == Height::GENESIS {
        return Ok(());
    }
    let what = format!("this node took the state over and holds no block up to {}", floor.height);
    Err(Failure::refused(what, "ask a node that was there from the beginning"))
}

/// The store of a configuration, with its genesis and the file's bytes. Nothing is created.
pub(super) fn open(config: &Config) -> Result<(Store, Genesis, Vec<u8>), Failure> {
    let bytes = read(&config.genesis)?;
    let genesis = Genesis::from_bytes(&bytes)?;
    if !config.data_dir.is_dir() {
        let what = format!("{} is not there", config.data_dir.display());
        return Err(Failure::refused(what, "name a node's configuration with `--config`"));
    }
    let store = Store::open(&config.data_dir, &genesis, config.store.cache_mib);
    Ok((store.map_err(|fault| Failure::from(&fault))?, genesis, bytes))
}

fn reached(done: &'static str) -> impl FnMut(Height) {
    move |height| {
        if height.0.is_multiple_of(STEP) {
            say(&format!("{done} up to block {height}"));
        }
    }
}

impl From<&Fatal> for Failure {
    fn from(fault: &Fatal) -> Self {
        if fault.is_for_the_operator() {
            return Self::refused(fault.to_string(), fault.hint());
        }
        Self::unexpected(fault.to_string(), fault.hint())
    }
}
