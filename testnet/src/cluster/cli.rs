//! The tool for people, run as they run it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::process::Command;

/// The longest a command may take.
const LIMIT: Duration = Duration::from_secs(60);

/// `sampan`, in a home and working directory of its own.
#[derive(Clone, Debug)]
pub struct Cli {
    program: PathBuf,
    dir: PathBuf,
}

/// What a command said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its exit code; -1 when a signal ended it.
    pub code: i32,
    /// Data.
    pub stdout: Vec<u8>,
    /// Talk.
    pub stderr: String,
}

impl Said {
    /// The data as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The data as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_slice(&self.stdout).with_context(|| format!("no JSON: {}{}", self.text(), self.stderr))
    }

    /// Code and words in one line, for a report.
    #[must_use]
    pub fn summary(&self) -> String {
        let words: String = format!("{} {}", self.text(), self.stderr);
        let words: Vec<_> = words.split_whitespace().collect();
        let words: String = words.join(" ").chars().take(400).collect();
        format!("exit {}: {words}", self.code)
    }
}

impl Cli {
    /// The tool at `program`, with `dir` as its home.
    ///
    /// # Errors
    /// When the directory cannot be created.
    pub fn new(program: &Path, dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
        Ok(Self { program: program.to_owned(), dir: dir.to_owned() })
    }

    /// Its home and working directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Runs one command. Nothing of the caller's own settings reaches it.
    ///
    /// # Errors
    /// When it cannot be started or takes too long.
    pub async fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Result<Said> {
        let mut command = Command::new(&self.program);
        command.args(args).current_dir(&self.dir).env_clear().env("HOME", &self.dir).env("NO_COLOR", "1");
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(LIMIT, command.output()).await;
        let output = output.context("`sampan` takes too long")?.context("running `sampan`")?;
        Ok(Said {
            code: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}
