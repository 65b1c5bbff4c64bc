//! Checkpoints: what the log is at a moment, in a text that others can carry, compare and countersign.
//!
//! ```text
//! sampan/8c1f…                                     the log: its chain id
//! 4711                                             entries
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=     root
//!
//! — sampan/8c1f… aJx2…                             the quorum: header and certificate
//! — port.example AbB3…                             a witness
//! ```
//!
//! The text is that of C2SP tlog-checkpoint, without extension lines; [`note`] is the signed note around it. The
//! log has no key of its own: a quorum of its roster signs a header, and that header with its certificate stands
//! where a log's signature stands elsewhere. [`Consistency`] connects two checkpoints.

pub mod note;
mod witness;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::block::Header;
use crate::hash::Hash32;
use crate::ids::ChainId;
use crate::merkle::BadProof;
use crate::merkle::log::ConsistencyProof;
use crate::proof::Binary;

pub use note::{BadNote, Note, Signature};
pub use witness::{NotAWitnessKey, WitnessKey};

/// What an origin begins with; the chain id follows.
const ORIGIN: &str = "sampan/";

/// A log by its size and root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogAt {
    /// Entries.
    pub size: u64,
    /// Root over them.
    pub root: Hash32,
}

impl From<&Header> for LogAt {
    fn from(header: &Header) -> Self {
        Self { size: header.log_size, root: header.log_root }
    }
}

/// A network's log by its size and root: the body of a signed [`Note`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose log.
    pub chain: ChainId,
    /// What it is.
    pub log: LogAt,
}

impl Checkpoint {
    /// The first line: what the log calls itself, and under which its quorum signs.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("{ORIGIN}{}", self.chain)
    }
}

/// That the log under one checkpoint begins with the log under another.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consistency {
    /// The smaller log.
    pub from: LogAt,
    /// The larger one.
    pub to: LogAt,
    /// That it grew out of the smaller.
    pub proof: Binary<ConsistencyProof>,
}

impl Consistency {
    /// Whether the proof connects the two logs that it names.
    pub fn verify(&self) -> Result<(), BadProof> {
        if (self.proof.0.old, self.proof.0.new) != (self.from.size, self.to.size) {
            return Err(BadProof::Position);
        }
        self.proof.0.verify(&self.from.root, &self.to.root)
    }

    /// Whether it connects exactly these two, as signed headers or checkpoints give them.
    pub fn connects(&self, from: &LogAt, to: &LogAt) -> Result<(), BadProof> {
        if (&self.from, &self.to) != (from, to) {
            return Err(BadProof::Claim);
        }
        self.verify()
    }
}
