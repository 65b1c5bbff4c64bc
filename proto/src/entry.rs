//! Entries: the leaves of the log. Commitments only, never a name or a value of a document.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::codec;
use crate::hash::{Domain, Hash32};
use crate::ids::{BodyCommitment, HeaderHash, Height, RecordId, StatementId};
use crate::record::EntryRef;
use crate::statement::ActionKind;

/// A leaf of the log.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// First in every block that has statements: any later head proves every earlier header.
    Block(BlockEntry),
    /// A statement was executed.
    Act(ActEntry),
}

/// Marks a block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct BlockEntry {
    /// The block's height.
    pub height: Height,
    /// The header before it.
    pub previous: HeaderHash,
}

/// Records an executed statement.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct ActEntry {
    /// The block that executed it.
    pub height: Height,
    /// Time of that block, in Unix milliseconds.
    pub time_ms: u64,
    /// What was done.
    pub action: ActionKind,
    /// To which record.
    pub record: RecordId,
    /// The record's seq after it.
    pub seq: u64,
    /// State key of the member that acted.
    pub actor: Hash32,
    /// The statement.
    pub statement: StatementId,
    /// The body that an issue brings.
    pub body: Option<BodyCommitment>,
    /// The record's entry before this one; none for an issue.
    pub previous: Option<EntryRef>,
}

impl Entry {
    /// Leaf hash in the log.
    #[must_use]
    pub fn leaf_hash(&self) -> Hash32 {
        Domain::LogLeaf.hash(&codec::encode(self))
    }
}
