//! `sampand export` and `sampand fsck`: a node's data directory, written to an archive, and checked; also while it runs.

use std::path::PathBuf;

use clap::Args;
use sampan_node::backup::{self, BackupError};
use sampan_node::config::Config;
use sampan_node::fault::Fatal;
use sampan_node::store::{Depth, Sound, StateSound, Store};
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
    let config = arguments.source.load()?;
    let (genesis, bytes) = founded(&config)?;
    let end = backup::look(&config.data_dir, &genesis, config.store.cache_mib, |store| {
        whole(store)?;
        let export = store.reader().export(&bytes, &arguments.out, arguments.bodies, reached("written"));
        export.map_err(|fault| match fault {
            Fatal::File { .. } => Failure::refused(fault.to_string(), "name a file that can be written with `--out`"),
            _ => Failure::from(&fault),
        })
    })??;
    say(&format!("{} blocks, {} documents: check it with `sampan audit`", end.height, end.bodies));
    print(&end.block.to_string())
}

/// Runs `fsck`.
pub(crate) fn fsck(arguments: &Fsck) -> Result<(), Failure> {
    let config = arguments.source.load()?;
    let (genesis, _) = founded(&config)?;
    let depth = if arguments.deep { Depth::State } else { Depth::Log };
    let sound = backup::look(&config.data_dir, &genesis, config.store.cache_mib, |store| {
        store.reader().fsck(&genesis, depth, reached("checked")).map_err(|fault| Failure::from(&fault))
    })??;
    let Sound { floor, height, entries, state } = sound;
    if floor == Height::GENESIS {
        print(&format!("sound: {height} blocks, {entries} entries, every certificate and log root"))?;
    } else {
        say(&format!(
            "What led to block {floor} is not held here, and not derived: the state after it was taken over, or older \
             blocks are dropped (`store.keep_blocks`)."
        ));
        let blocks = format!("{} blocks from {} on", height.0 - floor.0, floor.next());
        print(&format!("sound: {blocks}, {entries} entries in all, every certificate and log root"))?;
    }
    match state {
        None => Ok(()),
        Some(StateSound::Executed(count)) => {
            let bodies = match count.bodies_missing {
                0 => format!("{} documents", count.bodies),
                missing => format!("{} documents ({missing} are not held here)", count.bodies),
            };
            print(&format!("sound: {} statements executed again, every state root and row; {bodies}", count.statements))
        }
        Some(StateSound::Committed(items)) => {
            print(&format!("sound: {items} items of the state lead to the newest state root; none was executed again"))
        }
    }
}

/// A node that took the state over from others, or keeps no archive, does not hold the blocks before, and without them
/// an exported one proves nothing.
fn whole(store: &Store) -> Result<(), Failure> {
    let floor = store.reader().floor().map_err(|fault| Failure::from(&fault))?;
    if floor.height == Height::GENESIS {
        return Ok(());
    }
    let what =
        format!("this node holds no block up to {}: it took a later state over, or drops old ones", floor.height);
    Err(Failure::refused(
        what,
        "export from a node that holds everything (`sampan_oldest_block` 1); `sampand fsck` checks what is here",
    ))
}

/// The genesis that a node's data directory stands on, with the file's bytes.
fn founded(config: &Config) -> Result<(Genesis, Vec<u8>), Failure> {
    let bytes = read(&config.genesis)?;
    let genesis = Genesis::from_bytes(&bytes)?;
    if Store::is_in(&config.data_dir) {
        return Ok((genesis, bytes));
    }
    Err(BackupError::Nothing(config.data_dir.clone()).into())
}

/// The store of a stopped node's configuration. Nothing is created.
pub(super) fn open(config: &Config) -> Result<Store, Failure> {
    let (genesis, _) = founded(config)?;
    Store::open(&config.data_dir, &genesis, config.store.cache_mib).map_err(|fault| Failure::from(&fault))
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
