//! How the demonstration is told: numbered steps in a person's words, a tick for every check that holds.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::{clock, console};

/// A check that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// What was checked.
    pub what: String,
    /// What should have come.
    pub expected: String,
    /// What came.
    pub came: String,
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: expected {}, but {}", self.what, self.expected, self.came)
    }
}

impl std::error::Error for Failed {}

/// The story so far.
#[derive(Debug)]
pub struct Story {
    begun: Instant,
    step_begun: Instant,
    steps: u32,
    checks: u32,
    colours: bool,
}

impl Story {
    /// A story that begins now.
    #[must_use]
    pub fn begin() -> Self {
        let now = clock::now();
        Self { begun: now, step_begun: now, steps: 0, checks: 0, colours: console::colours() }
    }

    /// The next step.
    pub fn step(&mut self, words: &str) {
        self.steps += 1;
        self.step_begun = clock::now();
        console::out(&format!("\n{:>2}  {}", self.steps, self.paint("1", words)));
    }

    /// Something worth knowing that is no check.
    pub fn tell(&self, words: &str) {
        console::out(&format!("      {}", self.paint("2", words)));
    }

    /// A check: ticked when it holds.
    ///
    /// # Errors
    /// [`Failed`] when it does not.
    pub fn check(&mut self, what: &str, holds: bool, expected: &str, came: impl FnOnce() -> String) -> Result<()> {
        if !holds {
            let failed = Failed { what: what.to_owned(), expected: expected.to_owned(), came: came() };
            return Err(failed.into());
        }
        self.checks += 1;
        let after = seconds(clock::now().saturating_duration_since(self.step_begun));
        console::out(&format!("    {} {what}  {}", self.paint("32", "✓"), self.paint("2", &after)));
        Ok(())
    }

    /// A check that two things are the same.
    ///
    /// # Errors
    /// [`Failed`] when they are not.
    pub fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, came: &T, expected: &T) -> Result<()> {
        self.check(what, came == expected, &format!("{expected:?}"), || format!("it was {came:?}"))
    }

    /// Whatever went wrong, with what was expected.
    pub fn report(&self, error: &anyhow::Error) {
        let cross = self.paint("31", "✗");
        match error.downcast_ref::<Failed>() {
            Some(Failed { what, expected, came }) => {
                console::out(&format!("    {cross} {what}\n        expected: {expected}\n        came:     {came}"));
            }
            None => console::out(&format!(
                "    {cross} this step could not be carried out\n        expected: no error\n        came:     {error:#}"
            )),
        }
    }

    /// The last line.
    #[must_use]
    pub fn summary(&self) -> String {
        let all = clock::now().saturating_duration_since(self.begun);
        format!("{} steps, {} checks, all hold: {}", self.steps, self.checks, seconds(all))
    }

    fn paint(&self, code: &str, words: &str) -> String {
        if self.colours { format!("\x1b[{code}m{words}\x1b[0m") } else { words.to_owned() }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_fails_says_what_was_expected_and_what_came() {
        let mut story = Story::begin();
        story.step("Counting");
        story.same("one and one", &2, &2).expect("holds");
        let error = story.same("two and two", &5, &4).expect_err("does not hold");
        let failed = error.downcast_ref::<Failed>().expect("a failed check");
        assert_eq!(failed.to_string(), "two and two: expected 4, but it was 5");
        assert!(story.summary().starts_with("1 steps, 1 checks"));
    }
}
