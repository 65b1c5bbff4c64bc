//! The conversation: one question after another, until the document is complete or the person leaves.

use std::io::BufRead;

use sampan_proto::doc::draft::{Draft, Need, NoAnswer, Place};
use sampan_proto::doc::{self, Finding, Refusal};

use crate::cmd::write_finding;
use crate::failure::Failure;
use crate::page::{Cell, Page, Tone};

/// Longest line that is read, in bytes: the terms and conditions of a bill.
const LINE_BYTES: u64 = 256 * 1024;

const HELP: &str = "an empty line leaves a box out; :back  :skip  :list  :quit";

/// How a conversation ends.
pub(super) enum End {
    /// Every box is filled in or left out, and the check accepts the document.
    Complete(Vec<Finding>),
    /// The person went away.
    Left,
}

/// What the person said.
enum Said {
    Answer(String),
    Skip,
    Back,
    List,
    Quit,
    /// Not in UTF-8.
    Garbled,
}

/// A draft, and a person who fills it in.
pub(super) struct Dialogue<R, S> {
    draft: Draft,
    hear: R,
    say: S,
    blank: Page,
}

impl<R: BufRead, S: FnMut(Page)> Dialogue<R, S> {
    /// `blank` is an empty page in the colours of the terminal.
    pub(super) fn new(draft: Draft, hear: R, say: S, blank: Page) -> Self {
        Self { draft, hear, say, blank }
    }

    /// What has been filled in.
    pub(super) const fn draft(&self) -> &Draft {
        &self.draft
    }

    /// Asks until the end. Every change is kept before the next question.
    pub(super) fn run(&mut self, keep: &mut impl FnMut(&Draft) -> Result<(), Failure>) -> Result<End, Failure> {
        self.tell(|page| page.tagged(Tone::Faint, "drafting:", HELP));
        loop {
            let Some(place) = self.draft.next() else {
                match self.finish() {
                    Ok(findings) => return Ok(End::Complete(findings)),
                    Err(true) => keep(&self.draft)?,
                    Err(false) => return Ok(End::Left),
                }
                continue;
            };
            self.ask(&place);
            match self.listen()? {
                Said::Answer(text) => self.answer(&place, &text),
                Said::Skip => self.skip(&place),
                Said::Back => self.back(),
                Said::List => self.list(),
                Said::Garbled => self.tell(|page| {
                    page.tagged(Tone::Care, "not UTF-8:", "set the terminal to UTF-8, and answer again");
                }),
                Said::Quit => return Ok(End::Left),
            }
            keep(&self.draft)?;
        }
    }

    fn ask(&mut self, place: &Place) {
        let (name, path, expected) = (place.name(), place.path.to_string(), place.expected());
        let may = if place.need == Need::May { "; may be left out" } else { "" };
        let example = place.example.as_ref().map_or(String::new(), |example| format!("; such as {example}"));
        let question = if place.is_part() { ": add it?" } else { "" };
        self.tell(|page| {
            page.push(Tone::Strong, &name).push(Tone::Plain, question).push(Tone::Faint, "  ");
            page.push(Tone::Faint, &path).end();
            page.push(Tone::Plain, "  ").push(Tone::Faint, &format!("{expected}{example}{may}")).end();
            page.push(Tone::Plain, "> ");
        });
    }

    fn listen(&mut self) -> Result<Said, Failure> {
        let mut line = Vec::new();
        let mut hear = std::io::Read::take(&mut self.hear, LINE_BYTES);
        let read = hear.read_until(b'\n', &mut line);
        let read = read.map_err(|error| Failure::unexpected("cannot read from the terminal").why(error))?;
        if read == 0 {
            return Ok(Said::Quit);
        }
        let Ok(text) = String::from_utf8(line) else { return Ok(Said::Garbled) };
        Ok(match text.trim() {
            "" | ":skip" => Said::Skip,
            ":back" => Said::Back,
            ":list" => Said::List,
            ":quit" => Said::Quit,
            answer => Said::Answer(answer.to_owned()),
        })
    }

    fn answer(&mut self, place: &Place, text: &str) {
        if let Err(NoAnswer { rule, detail }) = self.draft.answer(place, text) {
            self.tell(|page| page.tagged(Tone::Bad, &format!("{rule}:"), detail));
        }
    }

    fn skip(&mut self, place: &Place) {
        if let Err(NoAnswer { rule, detail }) = self.draft.skip(place) {
            self.tell(|page| page.tagged(Tone::Bad, &format!("{rule}:"), detail));
        }
    }

    fn back(&mut self) {
        if self.draft.back().is_none() {
            self.tell(|page| page.line("this is the first box"));
        }
    }

    fn list(&mut self) {
        let row = |place: &Place| Some(vec![Cell::from(place.name()), Cell::new(place.said()?, Tone::Strong)]);
        let rows: Vec<Vec<Cell>> = self.draft.places().iter().filter_map(row).collect();
        self.tell(|page| page.table(&rows));
    }

    /// The whole document is checked: its findings, or whether there is a box to ask again.
    fn finish(&mut self) -> Result<Vec<Finding>, bool> {
        match doc::check(self.draft.form().kind(), &self.draft.document()) {
            Ok(checked) => Ok(checked.findings),
            Err(refusal) => Err(self.reopen(&refusal)),
        }
    }

    fn reopen(&mut self, refusal: &Refusal) -> bool {
        self.tell(|page| refusal.findings().iter().for_each(|finding| write_finding(finding, page)));
        let mut again = false;
        for finding in refusal.findings() {
            again |= self.draft.ask_again(&finding.path);
        }
        again
    }

    fn tell(&mut self, write: impl FnOnce(&mut Page)) {
        let mut page = self.blank.clone();
        write(&mut page);
        (self.say)(page);
    }
}
