//! A record: what the ledger knows of a document now.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::doc::DocKind;
use crate::hash::{Domain, Hash32};
use crate::ids::{BodyCommitment, Height, MemberId, RecordId, ReferenceKey, StatementId};

/// Where in its life a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// In force.
    Issued,
    /// Given back to the carrier; nothing can be done with it any more.
    Surrendered,
}

impl Status {
    /// The name used in JSON, the API and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Surrendered => "surrendered",
        }
    }
}

/// An entry by its place and content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct EntryRef {
    /// Index in the log, from 0.
    pub index: u64,
    /// Its leaf hash.
    pub leaf: Hash32,
}

/// A document's current state. State value of the `record` key space.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Record {
    /// Its name.
    pub id: RecordId,
    /// What kind of document it is.
    pub kind: DocKind,
    /// Who issued it.
    pub issuer: MemberId,
    /// The member it was issued to.
    pub issued_to: MemberId,
    /// Its number under the issuer's pepper.
    pub reference: ReferenceKey,
    /// Its body.
    pub body: BodyCommitment,
    /// Where in its life it is.
    pub status: Status,
    /// Who controls it: exactly one member while a bill of lading is in force, nobody otherwise.
    pub possessor: Option<MemberId>,
    /// Counts the acts on it, from 1; the next act names it.
    pub seq: u64,
    /// Height of the block that issued it.
    pub issued_at: Height,
    /// Its newest entry: from here its history can be walked back, leaving nothing out.
    pub last: EntryRef,
}

impl Record {
    /// The name of the record that `statement` issues.
    #[must_use]
    pub fn id_of(statement: StatementId) -> RecordId {
        RecordId(Domain::Record.hash(statement.0.as_bytes()))
    }

    /// The state value that the record's leaf commits to.
    #[must_use]
    pub fn value_hash(&self) -> Hash32 {
        Domain::ValueRecord.hash_borsh(self)
    }
}
