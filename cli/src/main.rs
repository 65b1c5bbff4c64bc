//! `sampan`: issue, hand on and check trade documents.
//!
//! The tool believes no server. What a node answers is either checked against the anchor by the rules of
//! `sampan-proto`, or shown as what the node says.

mod anchor;
mod args;
mod client;
mod cmd;
mod draft;
mod failure;
mod files;
mod page;
mod printer;
mod proven;
mod remark;
mod settings;
mod text;
mod time;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Cli;
use crate::cmd::Context;
use crate::printer::Printer;
use crate::settings::Settings;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let json = std::env::args_os().any(|arg| arg == "--json");
            return Printer::new(json, false).usage(&error).into();
        }
    };
    let printer = Printer::new(cli.global.json, cli.global.quiet);
    let done = Settings::load(&cli.global)
        .and_then(|settings| cmd::run(&cli.command, &Context { settings, printer: printer.clone() }));
    match done {
        Ok(exit) => exit.into(),
        Err(failure) => {
            printer.failure(&failure);
            failure.exit().into()
        }
    }
}
