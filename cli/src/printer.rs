//! The only place that prints: data to stdout, talk to stderr.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sampan_proto::proof::Ladder;
use serde::Serialize;

use crate::cmd::write_finding;
use crate::failure::{Exit, Failure};
use crate::page::{Cell, Page, Tone, is_harmless};
use crate::proven;

/// Whom data is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    /// One document.
    Json,
    /// Several, one a line.
    Lines,
}

/// Where and how to print.
#[derive(Clone, Debug)]
pub(crate) struct Printer {
    form: Form,
    quiet: bool,
    out_colour: bool,
    err_colour: bool,
}

impl Printer {
    /// Decides on colours by the terminal and `NO_COLOR`.
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let wanted = !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let out_colour = wanted && io::stdout().is_terminal();
        let err_colour = wanted && io::stderr().is_terminal();
        let form = if json { Form::Json } else { Form::Text };
        Self { form, quiet, out_colour, err_colour }
    }

    /// The command's answer: the document with `--json`, what `write` writes otherwise.
    pub(crate) fn data<T: Serialize>(&self, document: &T, write: impl FnOnce(&mut Page)) -> Result<(), Failure> {
        if self.is_json() {
            return Self::bytes(self.json(document)?.as_bytes());
        }
        let mut page = Page::new(self.out_colour);
        write(&mut page);
        Self::bytes(page.into_text().as_bytes())
    }

    /// The same for a command with several answers: with `--json` each is one line.
    pub(crate) fn of_several(&self) -> Self {
        let form = if self.form == Form::Json { Form::Lines } else { self.form };
        Self { form, ..self.clone() }
    }

    fn json<T: Serialize>(&self, document: &T) -> Result<String, Failure> {
        let text = match self.form {
            Form::Lines => serde_json::to_string(document),
            Form::Text | Form::Json => serde_json::to_string_pretty(document),
        };
        text.map(|text| escaped(&text) + "\n")
            .map_err(|error| Failure::unexpected("cannot write the answer as JSON").why(error))
    }

    /// Exact bytes to stdout, with or without `--json`.
    pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            // Whoever reads us has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Failure::unexpected("cannot write to stdout").why(error)),
            Ok(()) => Ok(()),
        }
    }

    /// Whether answers are JSON documents.
    pub(crate) fn is_json(&self) -> bool {
        self.form != Form::Text
    }

    /// An empty page for talk.
    pub(crate) const fn aside(&self) -> Page {
        Page::new(self.err_colour)
    }

    /// Talk in a conversation, which ends where it ends: a question has no line feed.
    pub(crate) fn say(page: Page) {
        // Nobody can be told that stderr is gone.
        let _ = io::stderr().lock().write_all(page.into_text().as_bytes());
    }

    /// Talk: silent with `--quiet`.
    pub(crate) fn note(&self, text: impl AsRef<str>) {
        if !self.quiet {
            self.talk(|page| page.line(text));
        }
    }

    /// Something to know, even with `--quiet`.
    pub(crate) fn warn(&self, text: impl AsRef<str>) {
        self.talk(|page| page.tagged(Tone::Care, "warning:", text));
    }

    /// A failure: words to stderr, with `--json` the document to stdout.
    pub(crate) fn failure(&self, failure: &Failure) {
        if self.is_json() {
            let document = serde_json::json!({ "error": failure.parts() });
            // If stdout is gone, the exit code still tells.
            let _ = self.json(&document).and_then(|text| Self::bytes(text.as_bytes()));
            return;
        }
        self.talk(|page| write_failure(failure, page));
    }

    /// What clap says: help to stdout, faults of usage to stderr.
    pub(crate) fn usage(&self, error: &clap::Error) -> Exit {
        // Help goes to stdout and may meet a closed pipe; there is nobody left to tell.
        if !error.use_stderr() {
            let _ = error.print();
            return Exit::Done;
        }
        if self.is_json() {
            let text = error.to_string();
            let what = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
            self.failure(&Failure::refused(what).hint("see `sampan help`"));
        } else {
            let _ = error.print();
        }
        Exit::Refused
    }

    /// A spinner with a text; invisible unless stderr is a terminal.
    pub(crate) fn progress(&self, text: impl Into<String>) -> Progress {
        if self.quiet || !io::stderr().is_terminal() {
            return Progress(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner().with_message(text.into());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress(bar)
    }

    /// A bar over so many bytes; invisible unless stderr is a terminal.
    pub(crate) fn bar(&self, text: &'static str, bytes: u64) -> Progress {
        if self.quiet || !io::stderr().is_terminal() {
            return Progress(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(bytes).with_message(text);
        let template = "{msg} {wide_bar} {bytes}/{total_bytes} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Progress(bar)
    }

    fn talk(&self, write: impl FnOnce(&mut Page)) {
        let mut page = self.aside();
        write(&mut page);
        Self::say(page);
    }
}

/// JSON in which no character can steer a terminal. Those that JSON itself does not escape stand nowhere but in strings,
/// where an escape says the same.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || is_harmless(c) {
            text.push(c);
        } else {
            let mut units = [0; 2];
            text.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    text
}

/// A spinner or a bar that goes away when dropped.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// So much of the whole is done.
    pub(crate) fn reach(&self, place: u64) {
        self.0.set_position(place);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

pub(crate) fn write_failure(failure: &Failure, page: &mut Page) {
    let parts = failure.parts();
    page.tagged(Tone::Bad, "error:", &parts.what);
    // The whole of it is no place to look at.
    if let Some(path) = parts.path.as_ref().filter(|path| *path != "$") {
        page.line(format!("  at {path}"));
    }
    if let Some(why) = &parts.why {
        page.line(format!("  {why}"));
    }
    if let Some(ladder) = &parts.ladder {
        write_ladder(ladder, page);
    }
    for finding in &parts.findings {
        write_finding(finding, page);
    }
    for fact in &parts.proven {
        page.push(Tone::Plain, "  ").tagged(Tone::Good, "proven:", fact);
    }
    for hint in &parts.hints {
        page.tagged(Tone::Strong, "hint:", hint);
    }
}

/// One line for each check.
pub(crate) fn write_ladder(ladder: &Ladder, page: &mut Page) {
    let row = |rung: &sampan_proto::proof::Rung| {
        let (word, tone) = proven::verdict_words(rung.verdict);
        vec![Cell::new(word, tone), Cell::from(rung.name), Cell::from(rung.detail.clone())]
    };
    page.table(&ladder.rungs().iter().map(row).collect::<Vec<_>>());
}
