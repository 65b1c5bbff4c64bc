//! Every target in a process of its own, so that none takes another with it: a panic, a stack that overflows, memory without
//! end and a decoder that does not come back all end as an input in a file.

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use data_encoding::BASE64;
use indicatif::{ProgressBar, ProgressStyle};
use sampan_proto::hash::Domain;
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::command::BROKEN;
use super::{Name, folder};
use crate::{console, scratch, signals};

/// How long a target may take to begin, and for its last input.
const GRACE: Duration = Duration::from_secs(120);
/// Lines of what a process said before it ended that are told.
const LAST_WORDS: usize = 80;
/// Largest input that is printed as well, in bytes.
const PRINTED: usize = 8 * 1024;

/// How a target's time ended.
enum End {
    /// It took so many inputs.
    Held(u64),
    /// It broke at the input in this file, and said this.
    Broke(PathBuf, String),
}

/// Feeds targets, as many at once as there are cores.
pub(super) fn all(names: &[Name], seed: u64, time: Duration) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let stop = signals::stop_token()?;
        tokio::select! {
            ended = each(names, seed, time) => ended,
            () = stop.cancelled() => bail!("stopped"),
        }
    })
}

async fn each(names: &[Name], seed: u64, time: Duration) -> Result<ExitCode> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let turns = names.len().div_ceil(cores) as u64;
    console::say(&format!(
        "{} targets, {cores} at once, {} s in all; seed {seed}",
        names.len(),
        turns * time.as_secs()
    ));
    let progress = ProgressBar::new(names.len() as u64);
    progress.set_style(ProgressStyle::with_template("{bar:40} {pos} of {len} targets, {elapsed}")?);
    progress.enable_steady_tick(Duration::from_secs(1));
    let dir = scratch::directory()?;
    let places = Arc::new(Semaphore::new(cores));
    let mut running: JoinSet<Result<(Name, End)>> = JoinSet::new();
    for name in names.iter().copied() {
        let (places, dir) = (Arc::clone(&places), dir.path().to_owned());
        running.spawn(async move {
            let _place = places.acquire_owned().await?;
            Ok((name, one(name, seed, time, &dir).await?))
        });
    }
    let mut broke = false;
    while let Some(ended) = running.join_next().await {
        let (name, end) = ended.context("a target is lost")??;
        progress.inc(1);
        progress.suspend(|| tell(name, &end));
        broke |= matches!(end, End::Broke(..));
    }
    progress.finish_and_clear();
    Ok(ExitCode::from(if broke { BROKEN } else { 0 }))
}

fn tell(name: Name, end: &End) {
    let word = name.word();
    match end {
        End::Held(taken) => console::out(&format!("{word:<11} holds, {taken} inputs")),
        End::Broke(input, words) => {
            console::out(&format!("{word:<11} BROKE\n{words}"));
            let path = input.display();
            console::out(&format!("the input is kept; again: sampan-testnet fuzz --target {word} --input {path}"));
            // Where only what was printed comes back, the file is lost.
            if let Ok(bytes) = std::fs::read(input)
                && bytes.len() <= PRINTED
            {
                console::out(&format!("in base64: {}", BASE64.encode(&bytes)));
            }
        }
    }
}

async fn one(name: Name, seed: u64, time: Duration, dir: &Path) -> Result<End> {
    let (word, own) = (name.word(), dir.join(name.word()));
    std::fs::create_dir(&own).with_context(|| own.display().to_string())?;
    let current = own.join("current");
    let mut process = Command::new(std::env::current_exe()?);
    process.args(["fuzz", "--target", &word, "--seed", &seed.to_string(), "--seconds", &time.as_secs().to_string()]);
    process.arg("--current").arg(&current).env("TMPDIR", &own).env("RUST_BACKTRACE", "0");
    process.stdin(Stdio::null()).kill_on_drop(true);
    let Ok(ended) = tokio::time::timeout(time + GRACE, process.output()).await else {
        let why = format!("one input took more than {} s", GRACE.as_secs());
        return Ok(End::Broke(keep(&word, &current)?, why));
    };
    let Output { status, stdout, stderr } = ended?;
    let said = String::from_utf8_lossy(&stderr);
    let mut last: Vec<&str> = said.lines().rev().take(LAST_WORDS).collect();
    last.reverse();
    match status.code() {
        Some(0) => Ok(End::Held(String::from_utf8_lossy(&stdout).trim().parse().context("no count")?)),
        // Broken, or ended by a signal.
        Some(code) if code == i32::from(BROKEN) => Ok(End::Broke(keep(&word, &current)?, last.join("\n"))),
        None => Ok(End::Broke(keep(&word, &current)?, format!("{status}\n{}", last.join("\n")))),
        Some(_) => bail!("{word}: {}", last.join("\n")),
    }
}

/// The input that a process was at when it ended, out of the directory that vanishes.
fn keep(word: &str, current: &Path) -> Result<PathBuf> {
    let input = std::fs::read(current).context("it ended before it took anything")?;
    let dir = folder().join("crashes").join(word);
    std::fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    let path = dir.join(Domain::Gossip.hash(&input).short());
    std::fs::write(&path, input).with_context(|| path.display().to_string())?;
    Ok(path)
}
