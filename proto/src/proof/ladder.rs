//! The answer of a verification: named checks in order, each with its verdict and its reason.

use serde::Serialize;

/// How a check ended. "Cannot check" never looks like "invalid".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// Checked, and it holds.
    Valid,
    /// It holds, and there is something to know.
    Warn,
    /// Checked, and it does not hold.
    Invalid,
    /// Not checked: the bundle has no such part, or an earlier rung took the ground away.
    Skipped,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rung {
    /// Its name, stable.
    pub name: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// Why, in words.
    pub detail: String,
}

/// All checks of one verification, in the order they ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Ladder(Vec<Rung>);

/// A ladder in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Outcome {
    /// Everything that was checked holds, and something was.
    Valid,
    /// At least one check does not hold.
    Invalid,
}

impl Ladder {
    /// The checks in order.
    #[must_use]
    pub fn rungs(&self) -> &[Rung] {
        &self.0
    }

    /// Invalid as soon as one rung is; a ladder on which nothing held proves nothing.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let has = |verdict| self.0.iter().any(|rung| rung.verdict == verdict);
        if has(Verdict::Invalid) || !has(Verdict::Valid) { Outcome::Invalid } else { Outcome::Valid }
    }

    /// The verdict of a rung by name; none if it never ran.
    #[must_use]
    pub fn verdict(&self, name: &str) -> Option<Verdict> {
        self.0.iter().find(|rung| rung.name == name).map(|rung| rung.verdict)
    }

    pub(crate) fn push(&mut self, name: &'static str, verdict: Verdict, detail: impl Into<String>) {
        self.0.push(Rung { name, verdict, detail: detail.into() });
    }

    /// Records a check that either holds or does not; gives its fruit when it holds.
    pub(crate) fn check<T>(&mut self, name: &'static str, result: Result<(T, String), String>) -> Option<T> {
        match result {
            Ok((fruit, detail)) => {
                self.push(name, Verdict::Valid, detail);
                Some(fruit)
            }
            Err(detail) => {
                self.push(name, Verdict::Invalid, detail);
                None
            }
        }
    }
}

/// What [`Ladder::check`] takes, of something that holds or does not.
pub(crate) fn expect(holds: bool, good: impl Into<String>, bad: impl Into<String>) -> Result<((), String), String> {
    if holds { Ok(((), good.into())) } else { Err(bad.into()) }
}
