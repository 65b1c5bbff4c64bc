//! Abuse: honest clients hand in documents at a steady rate, and beside them attackers of one sort after another, then
//! of all sorts at once, do to every node what they can. Measured is what the honest ones keep and what the nodes need.
//!
//! Attackers come from this machine, for which no limit of an address counts: this is what is left to a node when those
//! are got around. They share the processors with nodes and clients, so part of what they cost is their own work.

mod attack;
mod member;
mod report;

pub use attack::Attack;
pub use report::{Report, Row};

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum as _};
use sampan_proto::doc::DocKind;
use tokio_util::sync::CancellationToken;

use crate::bench::follow::Follower;
use crate::bench::load;
use crate::bench::prepare::{Press, bar};
use crate::bench::report::Percentiles;
use crate::cluster::binaries::Binaries;
use crate::cluster::http::Api;
use crate::cluster::node::Node;
use crate::cluster::{Cluster, Options, cast, handle};
use crate::{clock, console};
use attack::Targets;

/// Members that sign.
const ISSUERS: usize = 20;
/// Bytes of an honest document.
const SIZE: usize = 1_024;
/// Documents sent one after another before anything is measured.
const WARM_UP: usize = 20;

/// How long and how hard.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Validators, 1 to 11.
    #[arg(long, default_value_t = 4)]
    pub validators: usize,
    /// Honest documents in a second, over all nodes.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rate: u32,
    /// Seconds of each phase.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub seconds: u32,
    /// Only these attacks, and then all of them at once.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub only: Vec<Attack>,
    /// Where the network's files go; without it they vanish at the end.
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// Print the figures as JSON on stdout.
    #[arg(long)]
    pub json: bool,
}

/// Runs the command: exit code 3 when the honest ones kept less than half.
///
/// # Errors
/// When the network cannot be started, or an honest client gets nothing done.
pub async fn run(arguments: &Arguments, binaries: Binaries, stop: &CancellationToken) -> Result<ExitCode> {
    if cfg!(debug_assertions) {
        console::say("warning: not a release build; build with `cargo build --release --bins`");
    }
    let report = tokio::select! {
        report = measure(arguments, binaries) => report?,
        () = stop.cancelled() => return Ok(ExitCode::from(2)),
    };
    console::say(&report.table());
    if arguments.json {
        console::out(&serde_json::to_string_pretty(&report)?);
    }
    Ok(ExitCode::from(if report.holds() { 0 } else { 3 }))
}

/// All phases, on one network.
///
/// # Errors
/// As those of [`run`].
pub async fn measure(arguments: &Arguments, binaries: Binaries) -> Result<Report> {
    let mut field = Field::prepare(arguments, binaries).await?;
    let chosen = if arguments.only.is_empty() { Attack::value_variants() } else { &arguments.only };
    let mut rows = vec![field.phase("quiet", &[]).await?];
    for attack in chosen {
        rows.push(field.phase(attack.name(), std::slice::from_ref(attack)).await?);
    }
    if chosen.len() > 1 {
        rows.push(field.phase("all at once", chosen).await?);
    }
    rows.push(field.phase("quiet again", &[]).await?);
    let fallen = field.cluster.fallen();
    anyhow::ensure!(fallen.is_empty(), "a node did not survive: {}", fallen.join("\n"));
    Ok(Report { rate: arguments.rate, seconds: arguments.seconds, release: !cfg!(debug_assertions), rows })
}

/// A network, those who work on it, and what attackers need.
struct Field {
    cluster: Cluster,
    apis: Vec<Api>,
    follower: Follower,
    press: Press,
    targets: Targets,
    rate: u32,
    seconds: u32,
}

impl Field {
    async fn prepare(arguments: &Arguments, binaries: Binaries) -> Result<Self> {
        let Arguments { validators, rate, seconds, ref dir, .. } = *arguments;
        let options =
            Options { validators, full_nodes: 0, issuers: ISSUERS, dir: dir.clone(), ..Options::new(binaries) };
        let cluster = Cluster::start(&options).await?;
        let issuers = cluster.people().iter().filter(|person| person.id.as_str().starts_with(cast::ISSUER));
        let (kind, to) = (DocKind::CertificateOfOrigin, handle(cast::IMPORTER)?);
        let mut press = Press::new(cluster.chain(), kind, SIZE, issuers.cloned().collect(), to)?;
        let apis: Vec<Api> = cluster.nodes().iter().map(|node| node.api().clone()).collect();
        let mut follower = Follower::start(apis.first().context("no node")?).await?;
        load::one_by_one(&apis, press.print(WARM_UP)?, &mut follower).await?;
        let targets = Targets::of(&cluster, &press.print(2)?)?;
        Ok(Self { cluster, apis, follower, press, targets, rate, seconds })
    }

    /// Honest work beside these attacks.
    async fn phase(&mut self, name: &str, attacks: &[Attack]) -> Result<Row> {
        let documents = usize::try_from(u64::from(self.rate) * u64::from(self.seconds))?;
        let prepared = tokio::task::block_in_place(|| self.press.print(documents))?;
        let attackers = attack::launch(attacks, &self.targets);
        let (begin, progress) = (clock::now(), bar(documents as u64, "honest"));
        let rate = f64::from(self.rate);
        let latencies = load::steady(&self.apis, prepared, rate, &mut self.follower, &progress).await?;
        let elapsed = clock::now().saturating_duration_since(begin);
        progress.finish_and_clear();
        let attempts = attackers.end().await;
        let usage: Vec<_> = self.cluster.nodes().iter().map(Node::usage).collect::<Result<_>>()?;
        let row = Row {
            name: name.to_owned(),
            final_per_s: report::per_second(documents, elapsed),
            latency_ms: Percentiles::from(&latencies),
            attempts,
            rss_mb: report::megabytes(usage.iter().map(|usage| usage.rss).max()),
            rss_peak_mb: report::megabytes(usage.iter().map(|usage| usage.rss_peak).max()),
        };
        console::say(&row.words(rate));
        Ok(row)
    }
}
