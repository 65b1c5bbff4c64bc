//! What a long history costs: a new node joins a network that has one, fetches its past, and starts again.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use sampan_node::config::Config;
use sampan_proto::api::NodeStatus;
use sampan_proto::ids::Height;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::follow::Follower;
use super::prepare::{Press, bar};
use super::report::round;
use super::{Kind, disk, load};
use crate::clock;
use crate::cluster::binaries::Binaries;
use crate::cluster::process::Usage;
use crate::cluster::{Cluster, Options, cast, handle, wait};
use crate::console;

/// The one that decides, and the one that joins.
const OLD: usize = 0;
const NEW: usize = 1;
/// Members that sign.
const ISSUERS: usize = 100;
/// Documents signed, and kept in memory, at a time.
const SLICE: usize = 50_000;
/// Blocks between two states that are held: a fast chain of full blocks gets few of them.
const STATES: u64 = 16;
/// How long joining, filling in the past, or a start may take.
const PATIENCE: Duration = Duration::from_secs(1_200);

/// How long a history.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Entries in the log before the new node comes.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=50_000_000))]
    entries: u64,
    /// Print the figures as JSON on stdout.
    #[arg(long)]
    json: bool,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Report {
    entries: u64,
    blocks: u64,
    /// From the start of the process until it has the newest state and serves.
    join_s: f64,
    /// From there until it holds everything from the first block on.
    past_s: f64,
    /// From a start with everything on the disk until it serves: the new one, and the old one.
    restart_new_s: f64,
    restart_old_s: f64,
    rss_peak_joining_mb: f64,
    rss_restarted_mb: f64,
    disk_joined_mb: f64,
    disk_whole_mb: f64,
    disk_old_mb: f64,
}

/// Grows a history, and measures a newcomer.
///
/// # Errors
/// When the network fails in any phase.
pub async fn run(arguments: &Arguments, binaries: Binaries, stop: &CancellationToken) -> Result<ExitCode> {
    let report = tokio::select! {
        report = measure(arguments, binaries) => report?,
        () = stop.cancelled() => return Ok(ExitCode::from(2)),
    };
    let Report { entries, join_s, past_s, restart_new_s, restart_old_s, .. } = &report;
    console::say(&format!(
        "{entries} entries: joined in {join_s} s, the past whole {past_s} s later, started again in {restart_new_s} s \
         (the old one: {restart_old_s} s)"
    ));
    if arguments.json {
        console::out(&serde_json::to_string_pretty(&report)?);
    }
    Ok(ExitCode::SUCCESS)
}

async fn measure(arguments: &Arguments, binaries: Binaries) -> Result<Report> {
    let options = Options { validators: 1, full_nodes: 1, issuers: ISSUERS, ..Options::new(binaries) };
    let mut cluster = Cluster::start(&options).await?;
    cluster.kill(&[OLD, NEW])?;
    for node in [OLD, NEW] {
        hold_states(&cluster.node(node)?.view().config)?;
    }
    std::fs::remove_dir_all(data(&cluster, NEW)?).context("forgetting what the new node had")?;
    cluster.launch(&[OLD])?;
    serves(&cluster, OLD, Height(0)).await?;
    let old = grow(&cluster, arguments.entries).await?;

    let joined = clock::now();
    cluster.launch(&[NEW])?;
    serves(&cluster, NEW, old.height).await?;
    let (join_s, joined_with) = (seconds(joined), cluster.node(NEW)?.usage()?);
    let disk_joined = disk::usage(&data(&cluster, NEW)?)?;
    let filling = clock::now();
    let api = cluster.node(NEW)?.api().clone();
    wait::until("the past", PATIENCE, async || Ok(api.header(Height(1)).await.map_err(|error| error.to_string())))
        .await?;
    let (past_s, disk_whole) = (seconds(filling), disk::usage(&data(&cluster, NEW)?)?);
    let restart_new_s = restart(&mut cluster, NEW).await?;
    let restarted_with = cluster.node(NEW)?.usage()?;
    let restart_old_s = restart(&mut cluster, OLD).await?;
    let mb = |of: fn(&Usage) -> u64, usage: &Usage| megabytes(of(usage));
    Ok(Report {
        entries: old.log_size,
        blocks: old.height.0,
        join_s,
        past_s,
        restart_new_s,
        restart_old_s,
        rss_peak_joining_mb: mb(|usage| usage.rss_peak, &joined_with),
        rss_restarted_mb: mb(|usage| usage.rss, &restarted_with),
        disk_joined_mb: megabytes(disk_joined.total),
        disk_whole_mb: megabytes(disk_whole.total),
        disk_old_mb: megabytes(disk::usage(&data(&cluster, OLD)?)?.total),
    })
}

/// Has a node hold states often, and take one over rather than execute blocks.
fn hold_states(path: &Path) -> Result<()> {
    let mut config = Config::load(Some(path), [], &[])?.config;
    config.snapshots.every = STATES;
    config.snapshots.join_beyond = 2 * STATES;
    std::fs::write(path, config.to_toml()).with_context(|| format!("writing {}", path.display()))
}

/// Issues documents until the log has so many entries.
async fn grow(cluster: &Cluster, entries: u64) -> Result<NodeStatus> {
    let api = cluster.node(OLD)?.api().clone();
    let (kind, size) = Kind::Co.document();
    let issuers = cluster.people().iter().filter(|person| person.id.as_str().starts_with(cast::ISSUER));
    let mut press = Press::new(cluster.chain(), kind, size, issuers.cloned().collect(), handle(cast::IMPORTER)?)?;
    let mut follower = Follower::start(&api).await?;
    loop {
        let status = api.node().await?;
        let missing = usize::try_from(entries.saturating_sub(status.log_size))?;
        if missing == 0 {
            return Ok(status);
        }
        console::say(&format!("{missing} entries to go"));
        let prepared = tokio::task::block_in_place(|| press.print(missing.min(SLICE)))?;
        let progress = bar(prepared.len() as u64, "growing");
        load::saturate(std::slice::from_ref(&api), prepared, &mut follower, &progress).await?;
        progress.finish_and_clear();
    }
}

/// Ends a node in order and starts it again; how long until it serves.
async fn restart(cluster: &mut Cluster, node: usize) -> Result<f64> {
    let height = cluster.node(node)?.api().node().await?.height;
    cluster.end(node)?;
    let start = clock::now();
    cluster.launch(&[node])?;
    serves(cluster, node, height).await?;
    Ok(seconds(start))
}

/// Waits until a node is ready at a height.
async fn serves(cluster: &Cluster, node: usize, height: Height) -> Result<()> {
    let api = cluster.node(node)?.api().clone();
    wait::until("the node to serve", PATIENCE, async || {
        if let Err(why) = api.ready().await {
            return Ok(Err(why));
        }
        let status = api.node().await?;
        Ok(if status.height >= height { Ok(()) } else { Err(format!("it is at {}", status.height)) })
    })
    .await
}

fn data(cluster: &Cluster, node: usize) -> Result<std::path::PathBuf> {
    let config = &cluster.node(node)?.view().config;
    Ok(config.parent().context("a configuration lies in its node's directory")?.join("data"))
}

fn seconds(since: Instant) -> f64 {
    round(since.elapsed().as_secs_f64())
}

#[expect(clippy::cast_precision_loss, reason = "figures far below 2^52")]
fn megabytes(bytes: u64) -> f64 {
    round(bytes as f64 / 1_000_000.0)
}
