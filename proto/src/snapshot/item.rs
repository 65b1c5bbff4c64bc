//! What the leaves of the state tree stand for.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::genesis::Parameters;
use crate::governance::Proposal;
use crate::hash::Hash32;
use crate::ids::{RecordId, StatementId};
use crate::member::Member;
use crate::protocol::Protocol;
use crate::record::Record;
use crate::state_key;

/// A leaf of the state tree, opened: its key and value are digests, these are what they are digests of.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Item {
    /// A record.
    Record(Box<Record>),
    /// A document number that is taken, by its key.
    Reference {
        /// Its key: issuer and number are hashed in it and not told.
        key: Hash32,
        /// The record that it became.
        record: RecordId,
    },
    /// Goods under an open pledge.
    Goods {
        /// Their fingerprint.
        fingerprint: Hash32,
        /// The record whose pledge it is.
        record: RecordId,
    },
    /// A proposal.
    Proposal(Box<Proposal>),
    /// A member.
    Member(Box<Member>),
    /// A statement that must not be executed again.
    Executed {
        /// Its name.
        statement: StatementId,
        /// Index of its entry.
        index: u64,
        /// When its id leaves the tree, in Unix milliseconds.
        not_after_ms: u64,
    },
    /// The protocol parameters of the next block.
    Parameters(Parameters),
    /// The edition of a code list or policy that is in force.
    Edition {
        /// Name of the list.
        list: String,
        /// Its edition.
        edition: String,
        /// SHA-256 of its file.
        sha256: Hash32,
    },
    /// The newest protocol version that was decided.
    Upgrade(Protocol),
}

impl Item {
    /// The leaf: key and value hash.
    #[must_use]
    pub fn leaf(&self) -> (Hash32, Hash32) {
        match self {
            Self::Record(record) => (state_key::record(&record.id), record.value_hash()),
            Self::Reference { key, record } => (*key, state_key::reference_value(record)),
            Self::Goods { fingerprint, record } => (state_key::goods(fingerprint), state_key::goods_value(record)),
            Self::Proposal(proposal) => (state_key::proposal(&proposal.id), proposal.value_hash()),
            Self::Member(member) => (state_key::member(&member.id), member.value_hash()),
            Self::Executed { statement, index, not_after_ms } => {
                (state_key::executed(statement), state_key::executed_value(*index, *not_after_ms))
            }
            Self::Parameters(parameters) => (state_key::protocol(), parameters.hash()),
            Self::Edition { list, edition, sha256 } => {
                (state_key::edition(list), state_key::edition_value(edition, sha256))
            }
            Self::Upgrade(protocol) => (state_key::upgrade(), state_key::upgrade_value(protocol)),
        }
    }
}
