//! `sampan-testnet`: a network on this machine, to look around in (`up`), to show (`demo`), to simulate (`sim`), to
//! feed with nonsense (`fuzz`), to disturb (`chaos`), to measure (`bench`), to attack (`abuse`).

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use sampan_testnet::cluster::Options;
use sampan_testnet::cluster::binaries::Binaries;
use sampan_testnet::usage::Unusable;
use sampan_testnet::{abuse, bench, chaos, console, demo, fuzz, signals, sim, up};

/// Local networks of Sampan: real nodes, each its own process, on loopback only.
#[derive(Debug, Parser)]
#[command(name = "sampan-testnet", version)]
struct Arguments {
    /// Where `sampand` and `sampan` are; without it, beside this program.
    #[arg(long, global = true, value_name = "DIR")]
    bin_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start a network in the foreground, until Ctrl-C.
    Up(UpArguments),
    /// Tell the story of a bill of lading and a certificate of origin, checking every step.
    Demo(DemoArguments),
    /// Simulate networks in which everything goes wrong, many seeds of it.
    Sim(sim::Arguments),
    /// Feed every decoder, and whole networks, with what nobody honest sends.
    Fuzz(fuzz::Arguments),
    /// Disturb a network of real processes: kill, pause, cut off, fill disks; then ask every node about everything.
    Chaos(chaos::Arguments),
    /// Measure load and latency against the bound that this machine allows. Build with `--release`.
    Bench(bench::Arguments),
    /// Measure how a new node joins a network with a long history, and how it starts again. Build with `--release`.
    Join(bench::join::Arguments),
    /// Measure what honest clients keep while attackers do what they can.
    Abuse(abuse::Arguments),
}

#[derive(Debug, Args)]
struct UpArguments {
    /// Validators, 1 to 11.
    #[arg(long, default_value_t = 4)]
    validators: usize,
    /// Nodes that do not vote, 0 to 5.
    #[arg(long, default_value_t = 1)]
    full_nodes: usize,
    /// Where its files go; a network that is there already is started again. Without it they vanish at the end.
    #[arg(long)]
    dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct DemoArguments {
    /// Leave the network running after the story, until Ctrl-C.
    #[arg(long)]
    keep: bool,
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            // Usage errors are the user's to mend: 1, not clap's 2.
            return if error.use_stderr() { ExitCode::from(1) } else { ExitCode::SUCCESS };
        }
    };
    let result = match &arguments.command {
        // Every simulated network has a runtime of its own.
        Command::Sim(simulation) => sim::run(simulation),
        Command::Fuzz(fuzzing) => fuzz::run(fuzzing),
        _ => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
            runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(run(arguments)))
        }
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            console::say(&format!("error: {error:#}"));
            ExitCode::from(if error.is::<Unusable>() { 1 } else { 2 })
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode> {
    let binaries = Binaries::find(arguments.bin_dir.as_deref())?;
    let stop = signals::stop_token()?;
    match arguments.command {
        Command::Up(UpArguments { validators, full_nodes, dir }) => {
            let options = Options { validators, full_nodes, dir, ..Options::new(binaries) };
            up::run(&options, &stop).await.map(|()| ExitCode::SUCCESS)
        }
        Command::Sim(simulation) => sim::run(&simulation),
        Command::Fuzz(fuzzing) => fuzz::run(&fuzzing),
        Command::Demo(DemoArguments { keep }) => demo::run(binaries, keep, &stop).await,
        Command::Chaos(arguments) => chaos::run(&arguments, binaries, &stop).await,
        Command::Join(arguments) => bench::join::run(&arguments, binaries, &stop).await,
        Command::Bench(arguments) => bench::run(&arguments, binaries, &stop).await,
        Command::Abuse(arguments) => abuse::run(&arguments, binaries, &stop).await,
    }
}
