//! The commands. Data goes to stdout, talk to stderr.

pub(crate) mod backup;
pub(crate) mod bodies;
pub(crate) mod codes;
pub(crate) mod config;
pub(crate) mod dev;
pub(crate) mod genesis;
pub(crate) mod init;
pub(crate) mod keep;
pub(crate) mod ready;
pub(crate) mod run;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use sampan_node::config::ConfigError;
use sampan_node::node::StartError;
use sampan_node::setup::SetupError;
use sampan_proto::genesis::{BadGenesis, Genesis};
use sampan_proto::json::{self, JsonLimits};
use serde::de::DeserializeOwned;

/// Exit code of what the user can mend.
pub(crate) const REFUSED: u8 = 1;
/// Exit code of what nobody expected.
const UNEXPECTED: u8 = 2;

/// Why a command failed, and what to do next.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: u8,
    what: String,
    hint: String,
}

impl Failure {
    /// Something that the user can mend.
    pub(crate) fn refused(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit: REFUSED, what: what.into(), hint: hint.into() }
    }

    /// Something that nobody expected.
    pub(crate) fn unexpected(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit: UNEXPECTED, what: what.into(), hint: hint.into() }
    }

    /// Tells the user; gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        say(&format!("error: {}\n hint: {}", self.what, self.hint));
        ExitCode::from(self.exit)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::refused(error.to_string(), error.hint())
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        Self::refused(error.to_string(), error.hint())
    }
}

impl From<BadGenesis> for Failure {
    fn from(error: BadGenesis) -> Self {
        SetupError::from(error).into()
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match &error {
            StartError::Fatal(fault) if !fault.is_for_the_operator() => {
                Self::unexpected(error.to_string(), error.hint())
            }
            _ => Self::refused(error.to_string(), error.hint()),
        }
    }
}

/// Talks to the user.
pub(crate) fn say(text: &str) {
    // Nobody is left to tell when stderr is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Writes data for the next program.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let written = writeln!(std::io::stdout(), "{}", text.trim_end());
    written.map_err(|e| Failure::unexpected(format!("writing to stdout: {e}"), "keep the reading end open"))
}

/// Reads a JSON file that somebody else may have written.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let limits = JsonLimits { max_bytes: 64 * 1024, max_depth: 8, integers_only: true };
    let bytes = read(path)?;
    json::from_slice(&bytes, &limits).map_err(|e| {
        let what = format!("{}: {} at {}", path.display(), e.detail, e.path);
        Failure::refused(what, e.code.hint())
    })
}

/// Reads and checks a genesis file.
pub(crate) fn read_genesis(path: &Path) -> Result<Genesis, Failure> {
    Ok(Genesis::from_bytes(&read(path)?)?)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let fault = |e| Failure::refused(format!("{}: {e}", path.display()), "check the path and its permissions");
    std::fs::read(path).map_err(fault)
}
