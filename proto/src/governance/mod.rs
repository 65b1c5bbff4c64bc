//! Governance: who may take part, decided by more than two thirds of the roster, all of it on the ledger.
//!
//! A validator's member proposes, the others vote, each with its offline governance key. What is accepted acts in
//! the next block, but for the recovery of lost keys, which waits so that the member can object. A member turns
//! over its own keys without asking anybody. Pure: the ledger looks up members and proposals and calls this.

mod change;
mod proposal;
mod seat;
#[cfg(test)]
mod tests;

pub use change::{Change, Effect, admitted, rotated};
pub use proposal::{Proposal, State};
pub use seat::{Ready, SeatRequest};

use serde::{Deserialize, Serialize};

use crate::ids::{ChainId, Height, StatementId};
use crate::keys::PublicKey;
use crate::member::Purpose;
use crate::reject::{Code, Reject};
use crate::roster::Roster;
use crate::statement::ActionKind;

/// An act of governance, signed by a governance key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Govern {
    /// A member of the roster proposes a change, and votes for it by that.
    Propose {
        /// What shall change.
        change: Box<Change>,
        /// Until when it can be voted on, judged by block time. Unix milliseconds.
        until_ms: u64,
    },
    /// A member of the roster votes.
    Vote {
        /// The statement that proposed it.
        proposal: StatementId,
        /// For it or against it.
        yes: bool,
    },
    /// The member whose keys a recovery would replace still has its own, and says no.
    Object {
        /// The statement that proposed it.
        proposal: StatementId,
    },
    /// Anybody on the roster carries out a recovery whose waiting time is over, within 90 days.
    Enact {
        /// The statement that proposed it.
        proposal: StatementId,
    },
    /// A member turns over one of its own keys.
    RotateKey {
        /// What the key signs. Consensus keys change with the roster.
        purpose: Purpose,
        /// The new key, valid from the next block.
        add: PublicKey,
        /// The old key, which no longer counts from the next block; none to have both.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retire: Option<PublicKey>,
    },
}

impl Govern {
    /// The kind of act, as entries record it.
    #[must_use]
    pub const fn kind(&self) -> ActionKind {
        match self {
            Self::Propose { .. } => ActionKind::Propose,
            Self::Vote { .. } => ActionKind::Vote,
            Self::Object { .. } => ActionKind::Object,
            Self::Enact { .. } => ActionKind::Enact,
            Self::RotateKey { .. } => ActionKind::RotateKey,
        }
    }

    /// The proposal that it is about, if it is about an earlier one.
    #[must_use]
    pub const fn proposal(&self) -> Option<&StatementId> {
        match self {
            Self::Vote { proposal, .. } | Self::Object { proposal } | Self::Enact { proposal } => Some(proposal),
            Self::Propose { .. } | Self::RotateKey { .. } => None,
        }
    }
}

/// What is known of the block that judges.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The network.
    pub chain: ChainId,
    /// Who votes, with how much power.
    pub roster: &'a Roster,
    /// Height of the block.
    pub height: Height,
    /// Its time in Unix milliseconds.
    pub time_ms: u64,
    /// How long a recovery of keys waits, in milliseconds.
    pub recovery_wait_ms: u64,
}

fn refuse<T>(code: Code, path: &str, detail: impl Into<String>) -> Result<T, Reject> {
    Err(Reject::new(code, path, detail))
}
