//! The trade document's own bytes, kept apart from the statement that commits to them.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::doc::Reference;
use crate::hash::{Domain, Hash32};
use crate::ids::{BodyCommitment, MemberId, ReferenceKey};

/// A document's exact bytes with what opens its commitments. Never part of a statement or an entry.
#[derive(Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Body {
    /// Random per document: without it a guessed document cannot be confirmed.
    pub salt: [u8; 32],
    /// The issuer's secret for reference keys, disclosed with the body: it ties the number in the body
    /// to the reference key on the ledger.
    pub pepper: [u8; 32],
    /// The document as received, to the byte.
    pub bytes: Vec<u8>,
}

impl Body {
    /// Keyed BLAKE3 (`body`) of salt and bytes.
    #[must_use]
    pub fn commitment(&self) -> BodyCommitment {
        let mut hasher = blake3::Hasher::new_keyed(Domain::Body.key());
        hasher.update(&self.salt);
        hasher.update(&self.bytes);
        BodyCommitment(Hash32(*hasher.finalize().as_bytes()))
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Contents are confidential: a log line tells the size only.
        write!(f, "Body({} bytes)", self.bytes.len())
    }
}

/// What the registry holds of an issuer's pepper.
#[must_use]
pub fn pepper_commitment(pepper: &[u8; 32]) -> Hash32 {
    Domain::Pepper.hash(pepper)
}

/// The ledger's name for a business number: nobody without the pepper can guess which number it is.
#[must_use]
pub fn reference_key(pepper: &[u8; 32], issuer: &MemberId, reference: &Reference) -> ReferenceKey {
    ReferenceKey(Domain::Reference.hash_borsh(&(pepper, issuer, reference.kind, &reference.number, reference.version)))
}
