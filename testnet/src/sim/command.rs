//! `sampan-testnet sim`: many seeds, or one of them, or a script.

use std::mem::discriminant;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::plan;
use super::script::Script;
use super::shrink::shrink;
use super::watch::Violation;
use super::world::{Outcome, play};
use crate::{clock, console};

/// `sampan-testnet sim`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// How many seeds to play, from --from on.
    #[arg(long, default_value_t = 200, conflicts_with_all = ["seed", "script"])]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// One seed: its script is printed, and how it ends.
    #[arg(long, conflicts_with = "script")]
    seed: Option<u64>,
    /// A script in a file.
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Print everything that passes between machines.
    #[arg(long)]
    trace: bool,
    /// Where scripts that fail are kept, shortened.
    #[arg(long, value_name = "DIR", default_value = "testnet/seeds")]
    keep: PathBuf,
    /// Do not shorten and keep them.
    #[arg(long)]
    no_keep: bool,
}

/// Runs the command: exit code 1 when something that must hold did not.
///
/// # Errors
/// When files cannot be read or written.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    if let Some(path) = &arguments.script {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        return one(&text.parse().with_context(|| path.display().to_string())?, arguments);
    }
    match arguments.seed {
        Some(seed) => one(&plan::script(seed), arguments),
        None => many(arguments),
    }
}

fn one(script: &Script, arguments: &Arguments) -> Result<ExitCode> {
    console::out(script.to_string().trim_end());
    let outcome = play(script, arguments.trace)?;
    console::out(&summary(&outcome));
    Ok(ExitCode::from(u8::from(outcome.violation.is_some())))
}

fn summary(outcome: &Outcome) -> String {
    let Outcome { violation, trace, height, finals, deaths, lived_ms, forks, joined } = outcome;
    let how = violation.as_ref().map_or_else(|| "all holds".to_owned(), Violation::to_string);
    let seconds = lived_ms / 1_000;
    format!(
        "{how}\n{height} blocks, {finals} statements final, {deaths} processes ended, {joined} states taken over, \
         {forks} forks, {seconds} s lived, trace {trace}"
    )
}

/// What a run of many seeds adds up to.
#[derive(Debug, Default)]
pub struct Sum {
    /// Blocks decided.
    pub blocks: u64,
    /// Statements that became final.
    pub finals: usize,
    /// Times that a process ended.
    pub deaths: u64,
    /// Machines that took a state over.
    pub joined: usize,
    /// How long the networks lived together, in milliseconds.
    pub lived_ms: u64,
    /// Seeds that came to what must not be.
    pub failed: Vec<(u64, Violation)>,
}

impl Sum {
    fn add(&mut self, seed: u64, outcome: Outcome) {
        self.blocks += outcome.height;
        self.finals += outcome.finals;
        self.deaths += outcome.deaths;
        self.joined += outcome.joined;
        self.lived_ms += outcome.lived_ms;
        self.failed.extend(outcome.violation.map(|violation| (seed, violation)));
    }
}

/// Plays so many seeds, from `from` on, on all cores; `played` hears of each.
///
/// # Errors
/// When a machine's directory cannot be made.
pub fn seeds(from: u64, count: u64, played: impl Fn() + Sync) -> Result<Sum> {
    let (sum, next) = (Mutex::new(Sum::default()), AtomicU64::new(from));
    let end = from.saturating_add(count);
    let work = || -> Result<()> {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return Ok(());
            }
            let outcome = play(&plan::script(seed), false).with_context(|| format!("seed {seed}"))?;
            if let Ok(mut sum) = sum.lock() {
                sum.add(seed, outcome);
            }
            played();
        }
    };
    // Threads of their own: a network that waits for the verifiers' pool must not be given another network to play.
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let players: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut played = players.into_iter().map(std::thread::ScopedJoinHandle::join);
        played.try_for_each(|played| played.map_err(|_| anyhow::anyhow!("a simulation panicked"))?)
    })?;
    let mut sum = sum.into_inner().unwrap_or_default();
    sum.failed.sort_by_key(|(seed, _)| *seed);
    Ok(sum)
}

fn many(arguments: &Arguments) -> Result<ExitCode> {
    let begin = clock::now();
    let progress = ProgressBar::new(arguments.seeds);
    progress.set_style(ProgressStyle::with_template("{bar:40} {pos} of {len} seeds, {eta} left")?);
    let sum = seeds(arguments.from, arguments.seeds, || progress.inc(1))?;
    progress.finish_and_clear();
    console::out(&format!(
        "{} seeds, {} blocks, {} statements final, {} processes ended, {} states taken over, {} h lived, in {:.0} s",
        arguments.seeds,
        sum.blocks,
        sum.finals,
        sum.deaths,
        sum.joined,
        sum.lived_ms / 3_600_000,
        begin.elapsed().as_secs_f64()
    ));
    for (seed, violation) in &sum.failed {
        console::out(&format!("seed {seed}: {violation}"));
    }
    if let Some((seed, violation)) = sum.failed.first().filter(|_| !arguments.no_keep) {
        console::out(&format!("kept in {}", keep(*seed, violation, &arguments.keep)?.display()));
    }
    Ok(ExitCode::from(u8::from(!sum.failed.is_empty())))
}

/// Shortens a script that fails and keeps it.
fn keep(seed: u64, violation: &Violation, dir: &Path) -> Result<PathBuf> {
    let same = |now: Violation| discriminant(&now.what) == discriminant(&violation.what);
    let script = shrink(&plan::script(seed), |script| Ok(play(script, false)?.violation.is_some_and(same)))?;
    std::fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    let path = dir.join(format!("seed-{seed}.sim"));
    std::fs::write(&path, format!("# {violation}\n{script}")).with_context(|| path.display().to_string())?;
    Ok(path)
}
