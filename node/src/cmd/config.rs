//! `sampand config show`: what a node would run with, and why.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use sampan_node::config::{Config, Loaded};
use sampan_node::setup;

use super::{Failure, print};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the effective configuration: every key with its meaning, its value and where that came from.
    Show {
        /// The configuration file; without it, defaults and the environment.
        #[arg(long, env = "SAMPAN_CONFIG", value_name = "FILE")]
        config: Option<PathBuf>,
        #[command(flatten)]
        overrides: Overrides,
    },
}

/// A node's configuration: its file, and the flags that win over it.
#[derive(Debug, Args)]
pub(crate) struct Source {
    /// The configuration file.
    #[arg(long, env = "SAMPAN_CONFIG", value_name = "FILE", default_value = setup::CONFIG_FILE)]
    config: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
}

impl Source {
    /// The configuration.
    pub(crate) fn load(&self) -> Result<Config, Failure> {
        Ok(load(Some(&self.config), &self.overrides)?.config)
    }
}

/// Flags that win over environment and file.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Overrides {
    /// Where the HTTP interface listens, as 127.0.0.1:8101.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) http: Option<String>,
    /// Any key of the configuration, as `mempool.per_member=2000`. May be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) => Ok((key.trim().to_owned(), value.trim().to_owned())),
        None => Err("expected KEY=VALUE".to_owned()),
    }
}

/// Reads a configuration with the environment and flags of this process.
pub(crate) fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Loaded, Failure> {
    let mut flags = overrides.set.clone();
    flags.extend(overrides.http.clone().map(|address| ("http.listen".to_owned(), address)));
    let environment =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Ok(Config::load(file, environment, &flags)?)
}

/// Runs the command.
pub(crate) fn config(command: &Command) -> Result<(), Failure> {
    let Command::Show { config, overrides } = command;
    print(&load(config.as_deref(), overrides)?.show())
}
