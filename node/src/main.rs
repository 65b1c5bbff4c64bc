//! `sampand`: the node. Exit codes: 0 done, 1 refused or invalid input, 2 unexpected.

mod cmd;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

/// A node allocates small pieces on many threads all day: with the system's allocator that took nine
/// hundredths of its time under load.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A node of a Sampan trade-document network.
#[derive(Debug, Parser)]
#[command(name = "sampand", version, about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a member: keys, configuration, and the entry for the genesis file.
    Init(cmd::init::Arguments),
    /// Put a genesis file together, check one, or sign an entry for one.
    #[command(subcommand)]
    Genesis(cmd::genesis::Command),
    /// Run a node.
    Run(cmd::run::Arguments),
    /// Say that this validator is ready for a seat; prints what to hand to whoever proposes it.
    Ready(cmd::ready::Arguments),
    /// Run a whole network of one for trying things out: no setup, sample members included.
    Dev(cmd::dev::Arguments),
    /// Back up the store, also while the node runs.
    Backup(cmd::backup::Backup),
    /// Put a backup in the place of a data directory that is gone.
    Restore(cmd::backup::Restore),
    /// Make code lists of their publishers' files.
    #[command(subcommand)]
    Codes(cmd::codes::Command),
    /// Write the whole chain to an archive, which `sampan audit` checks; also while the node runs.
    Export(cmd::keep::Export),
    /// Derive again what the store holds, and compare; also while the node runs.
    Fsck(cmd::keep::Fsck),
    /// Order that a document be erased.
    #[command(subcommand)]
    Bodies(cmd::bodies::Command),
    /// Look at a configuration.
    #[command(subcommand)]
    Config(cmd::config::Command),
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let result = match arguments.command {
        Command::Init(arguments) => cmd::init::init(&arguments),
        Command::Genesis(command) => cmd::genesis::genesis(&command),
        Command::Run(arguments) => cmd::run::run(&arguments),
        Command::Ready(arguments) => cmd::ready::ready(&arguments),
        Command::Dev(arguments) => cmd::dev::dev(&arguments),
        Command::Backup(arguments) => cmd::backup::backup(&arguments),
        Command::Restore(arguments) => cmd::backup::restore(&arguments),
        Command::Codes(command) => cmd::codes::codes(&command),
        Command::Export(arguments) => cmd::keep::export(&arguments),
        Command::Fsck(arguments) => cmd::keep::fsck(&arguments),
        Command::Bodies(command) => cmd::bodies::bodies(&command),
        Command::Config(command) => cmd::config::config(&command),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Help and version are answers; anything else is the user's to correct, so 1 and not clap's 2.
fn usage(error: &clap::Error) -> ExitCode {
    // Nothing is left to say when the terminal is gone.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(cmd::REFUSED),
    }
}
