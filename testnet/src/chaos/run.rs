//! One run: a network is founded, disturbed for a while, left to heal, and asked about everything.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::audit::{Checked, audit};
use super::hand::{Hand, LIMIT, Tally};
use super::memory::Shared;
use super::plan::{Deck, Episode};
use super::report::Report;
use super::violation::Violation;
use super::watch::Watch;
use super::{Arguments, client};
use crate::cluster::binaries::Binaries;
use crate::cluster::ground::Ground;
use crate::cluster::{Cluster, Options};
use crate::{clock, console};

/// Disturbs a network until time is up or the user stops it, and reports.
pub(super) async fn disturb(arguments: &Arguments, mut binaries: Binaries, stop: &CancellationToken) -> Result<Report> {
    let seed = arguments.seed.map_or_else(|| getrandom::u32().map(u64::from), Ok)?;
    let lasts = arguments.seconds.map_or(Duration::from_secs(60 * arguments.minutes), Duration::from_secs);
    console::say(&format!("{} validators, {} s, seed {seed}", arguments.validators, lasts.as_secs()));
    let (validators, dir) = (arguments.validators, arguments.dir.clone());
    let program = arguments.node.as_ref().map(|path| path.canonicalize().with_context(|| path.display().to_string()));
    let mut odd = None;
    match (program.transpose()?, arguments.only) {
        (Some(program), Some(only)) => odd = Some((only, program)),
        (Some(program), None) => binaries.sampand = program,
        (None, _) => {}
    }
    let ground = if arguments.namespaces { Ground::Namespaces } else { Ground::Loopback };
    let options = Options { validators, full_nodes: 0, wired: true, ground, odd, dir, ..Options::new(binaries) };
    let mut cluster = Cluster::start(&options).await?;
    let outcome = run(&mut cluster, arguments, seed, lasts, stop).await.map(|report| Report { ground, ..report });
    let is_good = outcome.as_ref().is_ok_and(|report| report.violations.is_empty());
    if !is_good {
        let dir = cluster.keep_files().display().to_string();
        console::say(&format!("the network's files and logs stay in {dir}"));
    }
    outcome
}

async fn run(
    cluster: &mut Cluster,
    arguments: &Arguments,
    seed: u64,
    lasts: Duration,
    stop: &CancellationToken,
) -> Result<Report> {
    let (memory, watch, begin) = (Shared::new(), Watch::start(cluster), clock::now());
    let enough = CancellationToken::new();
    let clients = client::start(cluster, arguments.rate, &memory, &enough)?;
    let (memory_, watch_) = (&memory, &watch);
    let mut hand = Hand { cluster, watch: watch_, memory: memory_, stop, tally: Tally::default(), doomed: Vec::new() };
    let played = play(&mut hand, Deck::new(seed, arguments.validators), begin + lasts).await;
    let tally = hand.tally;
    let lasted = clock::now().saturating_duration_since(begin);
    let settled = match played {
        Ok(()) => settle(cluster, clients, &enough, &watch, &memory).await,
        Err(error) => Err(error),
    };
    let mut report = Report::new(seed, arguments.validators, lasted, &tally, &memory.lock());
    match settled {
        Ok((checked, violations)) => report.found(checked, &violations),
        Err(error) => report.found(Checked::default(), &[error.downcast::<Violation>()?]),
    }
    Ok(report)
}

/// Plays episodes until `end`.
async fn play(hand: &mut Hand<'_>, mut deck: Deck, end: Instant) -> Result<()> {
    let progress = ProgressBar::new_spinner();
    progress.set_style(ProgressStyle::with_template("{spinner} {elapsed_precise} {msg}")?);
    progress.enable_steady_tick(Duration::from_millis(200));
    while clock::now() < end && !hand.stop.is_cancelled() {
        let episode = deck.draw();
        progress.set_message(told(&episode, hand));
        hand.play(&episode).await.with_context(|| format!("in {episode:?}"))?;
    }
    progress.finish_and_clear();
    Ok(())
}

/// The progress line.
fn told(episode: &Episode, hand: &Hand<'_>) -> String {
    let (what, whom) = (episode.what.name(), &episode.victims);
    let Tally { kills, pauses, partitions, .. } = hand.tally;
    let finals = hand.memory.lock().acks.len();
    format!("{finals} final, {kills} kills, {pauses} pauses, {partitions} partitions; now {what} {whom:?}")
}

/// Lets clients finish what they have begun, waits until all nodes agree, and asks them about everything.
async fn settle(
    cluster: &Cluster,
    mut clients: JoinSet<Result<()>>,
    enough: &CancellationToken,
    watch: &Watch,
    memory: &Shared,
) -> Result<(Checked, Vec<Violation>)> {
    enough.cancel();
    let finish = async {
        while let Some(client) = clients.join_next().await {
            client??;
        }
        anyhow::Ok(())
    };
    let Ok(finished) = tokio::time::timeout(LIMIT, finish).await else {
        let why = format!("clients wait for their statements {} s after everything was mended", LIMIT.as_secs());
        return Err(Violation::Hung { why }.into());
    };
    finished?;
    let top = watch.heights().top();
    let agreed = cluster.agreement(top).await.map_err(|error| Violation::Hung { why: format!("{error:#}") })?;
    console::say("asking every node about every height and every acknowledgement");
    let (checked, mut violations) = audit(cluster, agreed.height, memory).await?;
    // Also what was seen since the last episode: clients went on for a while.
    violations.extend(watch.heights().violations.iter().cloned());
    Ok((checked, violations))
}
