//! Load and latency of a network of real processes, against the bound that the machine allows.
//!
//! Four phases: as much as is accepted; 80 % of that at a steady rate; one document in flight; the same
//! with one validator down. Every statement is signed before the clock of its phase starts. The client
//! runs on the same cores as the nodes, so its processor time is reported too.

pub mod bound;
pub mod disk;
pub mod documents;
pub mod follow;
pub mod join;
pub mod load;
pub mod prepare;
pub mod report;
mod run;
pub mod send;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};
use sampan_proto::doc::DocKind;
use tokio_util::sync::CancellationToken;

use crate::cluster::binaries::Binaries;
use crate::console;

/// How to measure.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Validators, 1 to 11.
    #[arg(long, default_value_t = 4)]
    pub validators: usize,
    /// Nodes that do not vote, 0 to 5.
    #[arg(long, default_value_t = 0)]
    pub full_nodes: usize,
    /// Documents of the saturation phase; the later phases add their own.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    pub documents: u32,
    /// Bytes of each document; without it 1024 for certificates and 2048 for bills.
    #[arg(long)]
    pub size: Option<usize>,
    /// Certificates of origin or bills of lading.
    #[arg(long, value_enum, default_value_t = Kind::Co)]
    pub kind: Kind,
    /// Documents of each phase with one in flight.
    #[arg(long, default_value_t = 100)]
    pub singles: usize,
    /// Print the figures as JSON on stdout.
    #[arg(long)]
    pub json: bool,
    /// Where the network's files go; without it they vanish at the end.
    #[arg(long)]
    pub dir: Option<PathBuf>,
}

/// Kind of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Certificates of origin, Form E.
    Co,
    /// Bills of lading.
    Bl,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Co => "co",
            Self::Bl => "bl",
        }
    }

    const fn document(self) -> (DocKind, usize) {
        match self {
            Self::Co => (DocKind::CertificateOfOrigin, 1_024),
            Self::Bl => (DocKind::BillOfLading, 2_048),
        }
    }
}

/// Runs all phases and reports.
///
/// # Errors
/// When the network fails in any phase.
pub async fn run(arguments: &Arguments, binaries: Binaries, stop: &CancellationToken) -> Result<ExitCode> {
    if cfg!(debug_assertions) {
        console::say("warning: not a release build; build with `cargo build --release --bins`");
    }
    let report = tokio::select! {
        report = run::measure(arguments, binaries) => report?,
        () = stop.cancelled() => return Ok(ExitCode::from(2)),
    };
    console::say(&report.table());
    if arguments.json {
        console::out(&serde_json::to_string_pretty(&report)?);
    }
    Ok(ExitCode::SUCCESS)
}
