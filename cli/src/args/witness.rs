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

/// Options of the commands that write proofs.
#[derive(Args, Debug)]
pub(crate) struct Cosigned {
    /// A checkpoint that witnesses have signed, to put into the proof: a file or a URL
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) cosigned: Option<String>,
}
