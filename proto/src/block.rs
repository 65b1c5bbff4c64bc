//! Blocks: headers commit to the state after execution, so that a decided header is a receipt.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::body::Body;
use crate::codec;
use crate::hash::{Domain, Hash32};
use crate::ids::{ChainId, EnvelopeId, HeaderHash, Height};
use crate::keys::PublicKey;
use crate::statement::SignedStatement;
use crate::vote::Certificate;

/// The newest version of the block format, and of the rules that execute it, that this software knows.
pub const PROTOCOL_VERSION: u32 = 1;

/// What validators vote on. Carries no round: a re-proposal has the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Header {
    /// By which rules it is executed, see [`protocol`](crate::protocol).
    pub version: u32,
    /// The network.
    pub chain: ChainId,
    /// Position in the chain, from 1.
    pub height: Height,
    /// Proposer's clock, strictly later than the previous header's. Unix milliseconds.
    pub time_ms: u64,
    /// Consensus key of the validator that first proposed it.
    pub proposer: PublicKey,
    /// The header before it; for the first block the chain id.
    pub previous: HeaderHash,
    /// Digest of the ordered list of signed statements.
    pub payload_hash: Hash32,
    /// Entries in the log after this block.
    pub log_size: u64,
    /// Root of the log after this block.
    pub log_root: Hash32,
    /// Root of the state tree after this block.
    pub state_root: Hash32,
    /// The roster that decides this block.
    pub roster_hash: Hash32,
    /// The roster that decides the next one.
    pub next_roster_hash: Hash32,
    /// The parameters in force.
    pub parameters_hash: Hash32,
    /// Digest of the evidence it records.
    pub evidence_hash: Hash32,
}

/// Number of fields of a [`Header`].
pub const HEADER_FIELDS: usize = 14;

impl Header {
    /// Each field's encoding, in order: the leaves of the header's field tree.
    #[must_use]
    pub fn fields(&self) -> [Vec<u8>; HEADER_FIELDS] {
        [
            codec::encode(&self.version),
            codec::encode(&self.chain),
            codec::encode(&self.height),
            codec::encode(&self.time_ms),
            codec::encode(&self.proposer),
            codec::encode(&self.previous),
            codec::encode(&self.payload_hash),
            codec::encode(&self.log_size),
            codec::encode(&self.log_root),
            codec::encode(&self.state_root),
            codec::encode(&self.roster_hash),
            codec::encode(&self.next_roster_hash),
            codec::encode(&self.parameters_hash),
            codec::encode(&self.evidence_hash),
        ]
    }

    /// The Merkle root over the fields (RFC 6962 shape), so that a small receipt can prove single fields.
    #[must_use]
    pub fn hash(&self) -> HeaderHash {
        HeaderHash(field_root(&self.field_leaves()))
    }

    /// Each field's leaf in the tree that [`hash`](Self::hash) is the root of.
    #[must_use]
    pub fn field_leaves(&self) -> Vec<Hash32> {
        (0u8..).zip(self.fields()).map(|(i, field)| field_leaf(i, &field)).collect()
    }
}

/// The leaf of field number `i`, in its borsh form.
pub(crate) fn field_leaf(i: u8, field: &[u8]) -> Hash32 {
    Domain::HeaderField.hash(&[&[i], field].concat())
}

/// Root of a non-empty list of leaves: split at the largest power of two below its length.
pub(crate) fn field_root(leaves: &[Hash32]) -> Hash32 {
    match leaves {
        [] => Hash32::ZERO,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            Domain::HeaderNode.hash_pair(&field_root(left), &field_root(right))
        }
    }
}

/// Digest of a block's ordered list of signed statements.
#[must_use]
pub fn payload_hash(envelopes: &[EnvelopeId]) -> Hash32 {
    Domain::Payload.hash_borsh(&envelopes)
}

/// The evidence digest of a block that records none.
#[must_use]
pub fn no_evidence() -> Hash32 {
    Domain::Evidence.hash(b"")
}

/// A decided block with its contents, as nodes hand it to each other.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Block {
    /// What was decided.
    pub header: Header,
    /// Who decided it.
    pub certificate: Certificate,
    /// The statements in order.
    pub statements: Vec<SignedStatement>,
    /// For each statement its body, where it has one that the sender holds.
    pub bodies: Vec<Option<Body>>,
}
