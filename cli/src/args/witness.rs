//! `sampan witness`, as typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::time::parse_span;

/// `sampan witness …`.
#[derive(Debug, Subcommand)]
pub(crate) enum Witness {
    /// Make a witness's key; prints what verifiers are given
    New(New),
    /// Sign the newest checkpoint, once it is shown to have grown out of the last one signed
    Cosign(Cosign),
    /// The same again and again
    Run(Run),
    /// Put what witnesses signed later into a proof that is here already: then they vouch for all of it
    Add(Add),
}

/// `sampan witness new`.
#[derive(Args, Debug)]
pub(crate) struct New {
    /// What the witness is called, such as `port.example`: no blank, no plus
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// Where to write it; never over an old file
    #[arg(long, short, value_name = "FILE", default_value = "witness.key.json")]
    pub(crate) output: PathBuf,
}

/// `sampan witness cosign`.
#[derive(Args, Debug)]
pub(crate) struct Cosign {
    /// The witness's key file
    #[arg(long, value_name = "KEYFILE", default_value = "witness.key.json")]
    pub(crate) key: PathBuf,
    /// Where the last checkpoint signed is remembered; keep it as safe as the key
    #[arg(long, value_name = "FILE", default_value = "witness.state.json")]
    pub(crate) state: PathBuf,
    /// Where to write the signed checkpoint, for everybody to fetch; `-` for stdout
    #[arg(long, short, value_name = "FILE", default_value = "checkpoint.txt")]
    pub(crate) output: PathBuf,
}

/// `sampan witness run`.
#[derive(Args, Debug)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) cosign: Cosign,
    /// How long to wait between two checkpoints
    #[arg(long, value_name = "SPAN", default_value = "1m", value_parser = parse_span)]
    pub(crate) every: Duration,
    /// Stop after so many
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
}

/// `sampan witness add`.
#[derive(Args, Debug)]
pub(crate) struct Add {
    /// The proof: a receipt, or a bundle of a record
    pub(crate) file: PathBuf,
    /// A checkpoint that witnesses have signed since: a file or a URL
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) cosigned: String,
    /// Where to write the new one, if not in its place; `-` for stdout
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Options of the commands that write proofs.
#[derive(Args, Debug)]
pub(crate) struct Cosigned {
    /// A checkpoint that witnesses have signed, to put into the proof: a file or a URL
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) cosigned: Option<String>,
}
