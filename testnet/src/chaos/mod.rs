//! A network of real processes in which everything goes wrong, over and over, while clients keep every answer that they
//! were given and hold it against every node at the end.
//!
//! ```text
//!  seed ──▶ plan ──▶ hand ──┬─▶ process   kill -9, SIGSTOP, a limit on file size, a clock that is wrong
//!                           └─▶ wires     delay, loss, held in one direction or both, severed
//!           clients ──▶ memory            what was acknowledged: height and header hash
//!           watch   ──▶ heights           one chain, nobody goes back
//!           audit                         every height, every acknowledgement and all evidence, on every node
//! ```
//!
//! The plan of a seed is always the same; what comes of it depends on the machine. At most a third of the validators is
//! broken at once, except in the episodes that say so: then the network may stand still, but it may not fork, forget or
//! fail to come back.

mod audit;
mod client;
mod hand;
mod memory;
mod plan;
mod report;
mod run;
mod violation;
mod watch;

pub use plan::{Deck, Episode, What};
pub use report::Report;
pub use violation::Violation;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::cluster::binaries::Binaries;
use crate::cluster::ground;
use crate::console;
use crate::usage::Unusable;

/// Fewest validators of which one may be broken.
const LEAST: usize = 4;

/// How long and how hard.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// For how many minutes.
    #[arg(long, default_value_t = 3, conflicts_with = "seconds", value_parser = clap::value_parser!(u64).range(1..=1_440))]
    pub minutes: u64,
    /// For how many seconds instead.
    #[arg(long, value_parser = clap::value_parser!(u64).range(5..=86_400))]
    pub seconds: Option<u64>,
    /// What goes wrong when; without it, something new each time.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Validators, 4 to 11.
    #[arg(long, default_value_t = 4)]
    pub validators: usize,
    /// Most statements that clients send in a second, all together.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub rate: u64,
    /// Each node in a network namespace of its own, at the end of a line that loses packets, and 300 ms there and back.
    #[arg(long)]
    pub namespaces: bool,
    /// This program is in the namespaces already.
    #[arg(long = "inside-namespaces", hide = true, requires = "namespaces")]
    pub inside: bool,
    /// What nodes run instead of `sampand`: to see whether a broken one is found out.
    #[arg(long, value_name = "FILE")]
    pub node: Option<PathBuf>,
    /// Only this one of them does, from 0 on.
    #[arg(long, value_name = "NUMBER", requires = "node")]
    pub only: Option<usize>,
    /// Where the network's files go; without it they vanish at the end, unless something was wrong.
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// Print the figures as JSON on stdout.
    #[arg(long)]
    pub json: bool,
}

/// Runs the command: exit code 3 when something that must hold did not.
///
/// # Errors
/// When the network cannot be founded or started, or the client itself fails.
pub async fn run(arguments: &Arguments, binaries: Binaries, stop: &CancellationToken) -> Result<ExitCode> {
    if arguments.validators < LEAST {
        let why = format!("{LEAST} validators at least, not {}: fewer stand still when one does", arguments.validators);
        return Err(Unusable::because(why).into());
    }
    if let Some(only) = arguments.only.filter(|only| *only >= arguments.validators) {
        return Err(Unusable::because(format!("there is no node {only}: they are not more than the validators")).into());
    }
    if arguments.namespaces && !arguments.inside {
        match ground::enter()? {}
    }
    let report = run::disturb(arguments, binaries, stop).await?;
    console::say(&report.table());
    if arguments.json {
        console::out(&serde_json::to_string_pretty(&report)?);
    }
    Ok(ExitCode::from(if report.violations.is_empty() { 0 } else { 3 }))
}
