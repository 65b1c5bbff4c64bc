//! `sampand run`: a node, until a signal or a fault ends it.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::Args;
use sampan_node::clock;
use sampan_node::config::{Config, Log, LogFormat};
use sampan_node::engine::Provenance;
use sampan_node::fault::Fatal;
use sampan_node::node::{Node, Start};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry, fmt};

use super::Failure;
use super::config::Source;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// The data directory was restored from a backup: vote only once newer heights are decided.
    #[arg(long, conflicts_with = "vote_now")]
    restored: bool,
    /// Vote at once, on your word: this directory holds all that the consensus key has signed, and no other
    /// node has the key.
    #[arg(long)]
    vote_now: bool,
    /// For tests of whole networks: the clock is wrong by as many milliseconds as this file says at the time.
    #[arg(long, hide = true, value_name = "FILE")]
    clock_error: Option<PathBuf>,
}

impl Arguments {
    const fn provenance(&self) -> Provenance {
        match (self.restored, self.vote_now) {
            (true, _) => Provenance::Restored,
            (_, true) => Provenance::Vouched,
            (false, false) => Provenance::Unsaid,
        }
    }
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.source.load()?;
    start_logging(&config.log);
    if let Some(file) = &arguments.clock_error {
        let unreadable = |error| Failure::refused(format!("{}: {error}", file.display()), "milliseconds, as a number");
        clock::misset(file).map_err(unreadable)?;
        tracing::warn!(file = %file.display(), "THE CLOCK IS AS WRONG AS THIS FILE SAYS: this node is part of a test");
    }
    host(config, arguments.provenance(), |node| tracing::info!(http = %node.http_addr(), "the node is up"))
}

/// Runs a node until a signal or a fault ends it; `started` hears of it once it is up.
pub(crate) fn host(config: Config, provenance: Provenance, started: impl FnOnce(&Node)) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|e| Failure::unexpected(format!("starting threads: {e}"), "raise the process limits"))?;
    runtime.block_on(async {
        let mut node = Node::start_from(config, Start { provenance, ..Start::default() }).await?;
        started(&node);
        tokio::select! {
            ended = node.wait() => {
                let shutdown = node.shutdown().await;
                ended.and(shutdown).map_err(|fault| fatal(&fault))
            }
            signal = signal() => {
                tracing::info!(signal, "stopping");
                node.shutdown().await.map_err(|fault| fatal(&fault))
            }
        }
    })
}

fn fatal(fault: &Fatal) -> Failure {
    if fault.is_for_the_operator() {
        return Failure::refused(fault.to_string(), fault.hint());
    }
    Failure::unexpected(fault.to_string(), "start the node again; it recovers, or says what is damaged")
}

async fn signal() -> &'static str {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        return tokio::select! {
            _ = interrupted => "interrupt",
            _ = terminate.recv() => "terminate",
        };
    }
    let _ = interrupted.await;
    "interrupt"
}

/// Sends log lines to stderr as configured. The filter was checked with the configuration.
pub(crate) fn start_logging(log: &Log) {
    let filter: Targets = log.filter.parse().unwrap_or_default();
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(colour);
    let lines = match log.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().with_ansi(false).boxed(),
    };
    Registry::default().with(lines.with_filter(filter)).init();
}
