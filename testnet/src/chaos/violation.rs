//! What must not be, whatever goes wrong.

use std::fmt;

use sampan_proto::ids::{Height, RecordId, StatementId};

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Two nodes have two blocks at one height.
    Fork {
        /// Where.
        height: Height,
        /// Who has the second one.
        node: String,
    },
    /// A node that was at a height is back before it.
    Regressed {
        /// Which node.
        node: String,
        /// Where it was.
        was: Height,
        /// Where it is.
        is: Height,
    },
    /// An acknowledged statement is not where it was said to be.
    Lost {
        /// Which statement.
        statement: StatementId,
        /// On which node.
        node: String,
        /// What is there instead.
        why: String,
    },
    /// A bill is not with whom it was acknowledged to be.
    Astray {
        /// Which bill.
        record: RecordId,
        /// On which node.
        node: String,
    },
    /// A header without the signatures that make it final.
    Unsigned {
        /// Where.
        height: Height,
        /// On which node.
        node: String,
    },
    /// A node has proof that an honest validator signed two things.
    Accused {
        /// Where the proof is kept.
        node: String,
        /// Of what kind it is.
        kind: String,
        /// The height that it is about.
        height: Option<Height>,
    },
    /// A node ended by itself for a reason that nobody gave it.
    Stopped {
        /// Its last words.
        words: String,
    },
    /// The network does not come back, or stands still while a quorum is well.
    Hung {
        /// After or in which episode, and what is missing.
        why: String,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fork { height, node } => write!(f, "fork: {node} has another block at height {height}"),
            Self::Regressed { node, was, is } => write!(f, "{node} was at height {was} and is at {is}"),
            Self::Lost { statement, node, why } => {
                write!(f, "lost: statement {statement} was acknowledged as final; on {node}: {why}")
            }
            Self::Astray { record, node } => {
                write!(f, "bill {record} is not where it was acknowledged to be on {node}")
            }
            Self::Unsigned { height, node } => write!(f, "header {height} of {node} lacks a valid certificate"),
            Self::Accused { node, kind, height } => {
                write!(f, "{node} keeps evidence of {kind} that nobody honest signs both")?;
                height.map_or(Ok(()), |height| write!(f, ", at height {height}"))
            }
            Self::Stopped { words } => f.write_str(words),
            Self::Hung { why } => write!(f, "hung: {why}"),
        }
    }
}

impl std::error::Error for Violation {}
