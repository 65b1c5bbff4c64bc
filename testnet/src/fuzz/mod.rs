//! Bytes that nobody honest sends, through every way in. A target is one way in: it knows what honest parties send, takes
//! any bytes, and asserts what must hold of the answer. So a crash is a finding, and so is a belief in what nobody signed.
//!
//! ```text
//!   seeds ──▶ mutate ──▶ target.take ──▶ returns, or panics: a finding
//!                           ▲
//!   libFuzzer ─── feed ─────┘
//! ```
//!
//! `sampan-testnet fuzz` changes seeds blindly, on any toolchain, each target in a process of its own; libFuzzer sees
//! what code an input reaches and comes in by [`feed`] (`testnet/fuzz/fuzz_targets`). What was found once lies in
//! `testnet/fuzz/regressions` and is taken again by a test.

mod command;
mod mutate;
mod supervise;
mod targets;
mod vectors;

use std::cell::OnceCell;
use std::path::PathBuf;

use clap::ValueEnum;

pub use command::{Arguments, run};
pub use mutate::Mutator;

/// A way in, open.
pub trait Target {
    /// What honest parties send, and some of what was refused before.
    fn seeds(&self) -> Vec<Vec<u8>>;

    /// Takes any bytes.
    ///
    /// # Panics
    /// When something that must hold does not.
    fn take(&self, bytes: &[u8]);
}

/// Every way in. What must hold of each stands with its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Name {
    /// Gossip, requests and answers of peers, in a node that runs.
    Wire,
    /// The HTTP interface of a node that runs.
    Http,
    /// Signed statements: envelope, stored form, payload.
    Statement,
    /// Documents, and bodies as they are stored.
    Body,
    /// Bundle files.
    Bundle,
    /// Small receipts, as text and as bytes.
    Qr,
    /// Archives of a whole chain.
    Archive,
    /// The consensus write-ahead log.
    Wal,
    /// A state that is handed over, its manifest and its parts.
    Snapshot,
    /// Evidence files.
    Evidence,
    /// Signed checkpoints.
    Checkpoint,
    /// Files that a person gives: genesis, anchor, key, code list.
    File,
    /// What happens to a whole network, and when.
    Schedule,
}

impl Name {
    /// Its word, as on the command line and in paths.
    #[must_use]
    pub fn word(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Opens it.
    ///
    /// # Errors
    /// When the node that it needs does not start, or fixtures cannot be read.
    pub fn open(self) -> anyhow::Result<Box<dyn Target>> {
        targets::open(self)
    }
}

/// The folder of fuzzing: regressions, crashes, and what cargo-fuzz keeps.
#[must_use]
pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz"))
}

/// Takes bytes through a target that the first call opens: for libFuzzer, which feeds one target in a process.
///
/// # Panics
/// When something that must hold does not.
#[expect(clippy::expect_used, reason = "a fuzzer that cannot begin ends with the reason")]
pub fn feed(name: Name, bytes: &[u8]) {
    thread_local!(static OPEN: OnceCell<Box<dyn Target>> = const { OnceCell::new() });
    OPEN.with(|open| open.get_or_init(|| name.open().expect("the target opens")).take(bytes));
}
