//! Why a command did not do what was asked, sorted by what follows from it.

use std::fmt::Display;

use sampan_proto::api::Problem;
use sampan_proto::doc::Finding;
use sampan_proto::json::JsonError;
use sampan_proto::proof::Ladder;
use sampan_proto::reject::{Code, Reject};
use serde::Serialize;

/// How the program ends. The numbers are a contract with scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Refused or invalid input: the user can do something about it.
    Refused = 1,
    /// Network, disk, bug.
    Unexpected = 2,
    /// A proof failed.
    Unproven = 3,
}

impl Serialize for Exit {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(*self as u8)
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A failure in words: what, where, why, and what to do next.
#[derive(Debug, Serialize)]
pub(crate) struct Failure(Box<Parts>);

/// The parts of a [`Failure`]; also its JSON form.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Parts {
    exit: Exit,
    /// Stable code, where the refusal has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    /// What is wrong.
    pub(crate) what: String,
    /// JSON path of the offending value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    /// The cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
    /// What is proven about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) proven: Vec<String>,
    /// The checks that ran, when a proof failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ladder: Option<Ladder>,
    /// What was found in a document.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) findings: Vec<Finding>,
    /// What to do next.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) hints: Vec<String>,
    /// Whether it is a "not now": whoever waits and asks again may hear something else.
    #[serde(skip)]
    busy: bool,
    /// The node's answer, until somebody has checked the proof that may come with it.
    #[serde(skip)]
    problem: Option<Box<Problem>>,
}

impl Failure {
    fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            exit,
            code: None,
            what: what.into(),
            path: None,
            why: None,
            proven: Vec::new(),
            ladder: None,
            findings: Vec::new(),
            hints: Vec::new(),
            busy: false,
            problem: None,
        }))
    }

    /// Something that the user can put right.
    pub(crate) fn refused(what: impl Into<String>) -> Self {
        Self::new(Exit::Refused, what)
    }

    /// Network, disk, bug.
    pub(crate) fn unexpected(what: impl Into<String>) -> Self {
        Self::new(Exit::Unexpected, what)
    }

    /// A proof failed.
    pub(crate) fn unproven(what: impl Into<String>) -> Self {
        Self::new(Exit::Unproven, what)
    }

    /// A file that is not the JSON it should be.
    pub(crate) fn json(what: impl Into<String>, error: &JsonError) -> Self {
        Self::refused(what).reject(&error.clone().into())
    }

    /// Adds the cause.
    pub(crate) fn why(mut self, why: impl Display) -> Self {
        self.0.why = Some(why.to_string());
        self
    }

    /// Adds what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hints.push(hint.into());
        self
    }

    /// Adds what is proven about it.
    pub(crate) fn proven(mut self, facts: Vec<String>) -> Self {
        self.0.proven.extend(facts);
        self
    }

    /// Adds the checks that ran.
    pub(crate) fn ladder(mut self, ladder: Ladder) -> Self {
        self.0.ladder = Some(ladder);
        self
    }

    /// Adds what was found in a document.
    pub(crate) fn findings(mut self, findings: Vec<Finding>) -> Self {
        self.0.findings = findings;
        self
    }

    /// Adds code, place, cause and hint of a refusal by the protocol's rules.
    pub(crate) fn reject(mut self, reject: &Reject) -> Self {
        self.0.what = format!("{}: {}", self.0.what, reject.code);
        self.0.code = Some(reject.code.as_str().to_owned());
        self.0.path = Some(reject.path.clone());
        self.why(&reject.detail).hint(reject.code.hint())
    }

    /// Makes it a "not now".
    pub(crate) fn for_now(mut self) -> Self {
        self.0.busy = true;
        self
    }

    /// Makes the failure that of a failed proof.
    pub(crate) fn into_unproven(mut self) -> Self {
        self.0.exit = Exit::Unproven;
        self
    }

    /// How the program ends.
    pub(crate) fn exit(&self) -> Exit {
        self.0.exit
    }

    /// The words.
    pub(crate) fn parts(&self) -> &Parts {
        &self.0
    }

    /// Whether it is the protocol's refusal `code`.
    pub(crate) fn is(&self, code: Code) -> bool {
        self.0.code.as_deref() == Some(code.as_str())
    }

    /// Whether somebody is there and says "not now".
    pub(crate) fn is_busy(&self) -> bool {
        self.0.busy
    }

    /// Whether it may pass by itself: "not now", or nobody there.
    pub(crate) fn may_pass(&self) -> bool {
        self.0.busy || self.0.exit == Exit::Unexpected
    }

    /// Takes the proof that came with a node's answer.
    pub(crate) fn take_proof(&mut self) -> Option<Box<sampan_proto::proof::Bundle>> {
        self.0.problem.take().and_then(|problem| problem.proof)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        // A full node has refused in order: whoever waits and sends again has put it right.
        let is_refusal = problem.status < 500 || problem.known_code() == Some(Code::MempoolFull);
        let exit = if is_refusal { Exit::Refused } else { Exit::Unexpected };
        let failure = Self::new(exit, format!("the node refused: {}", problem.code));
        let failure = if matches!(problem.status, 429 | 503) { failure.for_now() } else { failure };
        failure.with(problem)
    }
}

impl Failure {
    /// A statement that was accepted and then lost.
    pub(crate) fn dropped(problem: Problem) -> Self {
        Self::refused(format!("the statement was accepted, and dropped later: {}", problem.code)).with(problem)
    }

    fn with(mut self, problem: Problem) -> Self {
        let said = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        self.0.code = said(&problem.code);
        self.0.path = said(&problem.path);
        self.0.why = said(&problem.detail);
        self.0.hints.extend(said(&problem.hint));
        self.0.problem = Some(Box::new(problem));
        self
    }
}
