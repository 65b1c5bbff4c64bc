//! `sampan-testnet fuzz`: all targets, each in a process of its own; or some inputs of one target, here.

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum as _};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::{Mutator, Name, supervise};
use crate::usage::Unusable;
use crate::{clock, console};

/// Memory that a target may take, in bytes: what an input makes a decoder reserve shows as a crash.
const MEMORY: u64 = 2 << 30;
/// The exit code when something that must hold does not.
pub(super) const BROKEN: u8 = 3;

/// `sampan-testnet fuzz`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only this way in; can be given several times.
    #[arg(long = "target", value_name = "NAME", value_enum)]
    targets: Vec<Name>,
    /// For how long, each of them.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// Which changes to make; without it, others each time.
    #[arg(long)]
    seed: Option<u64>,
    /// Take these inputs of the one target instead, as they are.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    input: Vec<PathBuf>,
    /// Write the inputs that changes begin with, into a folder a target: the corpus that cargo-fuzz begins with.
    #[arg(long, value_name = "DIR", conflicts_with = "input")]
    corpus: Option<PathBuf>,
    /// Feed the one target in this process, and keep the input that it takes in this file.
    #[arg(long, hide = true, requires = "seed")]
    current: Option<PathBuf>,
}

/// Runs the command: exit code 3 when something that must hold did not.
///
/// # Errors
/// When a target cannot be opened, or files cannot be read or written.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let names = if arguments.targets.is_empty() { Name::value_variants() } else { &arguments.targets };
    if let Some(dir) = &arguments.corpus {
        names.iter().try_for_each(|name| write_seeds(*name, &dir.join(name.word())))?;
        return Ok(ExitCode::SUCCESS);
    }
    let seed = arguments.seed.map_or_else(|| Ok(getrandom::u64()? >> 32), Ok::<_, getrandom::Error>)?;
    let time = Duration::from_secs(arguments.seconds);
    match (&arguments.current, names) {
        (Some(current), [name]) => feed(*name, seed, time, current),
        (None, _) if arguments.input.is_empty() => supervise::all(names, seed, time),
        (None, [name]) => take(*name, &arguments.input),
        _ => Err(Unusable::because("inputs are of one target, not of several: say which with --target").into()),
    }
}

/// Whatever breaks, in whichever thread, ends the process: a runtime would contain it.
fn break_at_once() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tell(panic);
        std::process::exit(BROKEN.into());
    }));
}

/// Takes some inputs as they are.
fn take(name: Name, inputs: &[PathBuf]) -> Result<ExitCode> {
    break_at_once();
    let target = name.open()?;
    for path in inputs {
        target.take(&fs::read(path).with_context(|| path.display().to_string())?);
        console::out(&format!("{}: holds", path.display()));
    }
    Ok(ExitCode::SUCCESS)
}

fn write_seeds(name: Name, dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    for (number, seed) in name.open()?.seeds().iter().enumerate() {
        let path = dir.join(format!("seed-{number:03}"));
        fs::write(&path, seed).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// Feeds a target for so long, and says how many inputs it took: seeds as they are, then changed ones.
fn feed(name: Name, seed: u64, time: Duration, current: &Path) -> Result<ExitCode> {
    break_at_once();
    setrlimit(Resource::Data, Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) })?;
    let target = name.open()?;
    let (seeds, end) = (target.seeds(), clock::now() + time);
    let mut mutator = Mutator::new(seeds.clone(), seed);
    let mut file = File::create(current).with_context(|| current.display().to_string())?;
    let mut taken: u64 = 0;
    let mut inputs = seeds.into_iter().chain(std::iter::repeat_with(|| mutator.input()));
    while clock::now() < end
        && let Some(input) = inputs.next()
    {
        // A process that ends without a word leaves the input behind.
        file.rewind().and_then(|()| file.set_len(0)).and_then(|()| file.write_all(&input))?;
        target.take(&input);
        taken += 1;
    }
    console::out(&taken.to_string());
    Ok(ExitCode::SUCCESS)
}
