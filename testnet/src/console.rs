//! The only place that prints. A closed pipe is nobody's fault and ends nothing.

use std::io::{IsTerminal, Write, stderr, stdout};

/// A line of data.
pub fn out(line: &str) {
    let mut stdout = stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// A line of talk.
pub fn say(line: &str) {
    let _ = writeln!(stderr().lock(), "{line}");
}

/// Whether data goes to a person who likes colours.
#[must_use]
pub fn colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && stdout().is_terminal()
}
