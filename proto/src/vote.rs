//! Votes, proposals and certificates: what validators sign, and what more than two thirds of them prove.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::hash::{Domain, Hash32};
use crate::ids::{ChainId, HeaderHash, Height};
use crate::keys::{BadSignature, Known, PublicKey, SecretKey, Signature};
use crate::roster::Roster;
use crate::verified::Verified;

/// Which of the two votes of a round.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum VoteType {
    /// "I hold all contents durably, and they execute."
    Prevote,
    /// "I saw more than two thirds prevote it."
    Precommit,
}

/// A vote. What is signed is its digest in the `vote` domain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Vote {
    /// The network.
    pub chain: ChainId,
    /// Prevote or precommit.
    pub vote_type: VoteType,
    /// The height voted on.
    pub height: Height,
    /// The round voted in.
    pub round: u32,
    /// The block voted for; none is a vote for nil.
    pub block: Option<HeaderHash>,
    /// The voter's consensus key.
    pub validator: PublicKey,
}

/// A proposal. What is signed is its digest in the `proposal` domain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Proposal {
    /// The network.
    pub chain: ChainId,
    /// The height proposed for.
    pub height: Height,
    /// The round proposed in.
    pub round: u32,
    /// The round of the polka that a re-proposal stands on; none for a fresh proposal.
    pub pol_round: Option<u32>,
    /// The block proposed.
    pub block: HeaderHash,
    /// The proposer's consensus key.
    pub proposer: PublicKey,
}

/// A consensus object with its validator's signature.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Signed<T> {
    /// What is signed.
    pub message: T,
    /// By the key that the message names.
    pub signature: Signature,
}

/// A consensus object that a validator signs.
pub trait Signable: BorshSerialize {
    /// The domain of its digest.
    const DOMAIN: Domain;

    /// The key that must sign it.
    fn signer(&self) -> &PublicKey;

    /// The 32 bytes that are signed.
    fn digest(&self) -> Hash32
    where
        Self: Sized,
    {
        Self::DOMAIN.hash_borsh(self)
    }
}

impl Signable for Vote {
    const DOMAIN: Domain = Domain::Vote;
    fn signer(&self) -> &PublicKey {
        &self.validator
    }
}

impl Signable for Proposal {
    const DOMAIN: Domain = Domain::Proposal;
    fn signer(&self) -> &PublicKey {
        &self.proposer
    }
}

impl<T: Signable> Signed<T> {
    /// Signs with the key that the message names as its signer.
    #[must_use]
    pub fn sign(message: T, key: &SecretKey) -> Self {
        let signature = key.sign(message.digest().as_bytes());
        Self { message, signature }
    }

    /// Checks the signature by the key that the message names.
    pub fn verify(&self) -> Result<(), BadSignature> {
        self.message.signer().verify(self.message.digest().as_bytes(), &self.signature)
    }

    /// The same, giving the proof that the check ran.
    pub fn verified(self) -> Result<Verified<Self>, BadSignature> {
        self.verify()?;
        Ok(Verified::new(self))
    }
}

/// Proof that a block is decided: precommits of more than two thirds of the roster's power.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Certificate {
    /// The height decided.
    pub height: Height,
    /// The round it was decided in.
    pub round: u32,
    /// The block decided.
    pub block: HeaderHash,
    /// One bit per validator in roster order, least significant bit first; as many bytes as the roster needs.
    pub signers: Vec<u8>,
    /// A precommit signature for each set bit, in roster order.
    pub signatures: Vec<Signature>,
}

/// Why a certificate proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCertificate {
    /// Bits beyond the roster, or signatures and bits that do not match one to one.
    #[error("the signer bitmap does not fit the roster or the signatures")]
    Shape,
    /// The signers hold two thirds of the power or less.
    #[error("{power} of {total} power signed, more than two thirds are needed")]
    NoQuorum {
        /// Power that signed.
        power: u64,
        /// Power of the roster.
        total: u64,
    },
    /// A signature that does not verify; one is enough to refuse the whole.
    #[error("the signature of validator {index} does not verify")]
    Signature {
        /// Index in the roster.
        index: usize,
    },
}

impl Certificate {
    /// Builds a certificate from precommit signatures given as (roster index, signature).
    #[must_use]
    pub fn new(
        height: Height,
        round: u32,
        block: HeaderHash,
        roster: &Roster,
        mut precommits: Vec<(usize, Signature)>,
    ) -> Self {
        precommits.sort_by_key(|(index, _)| *index);
        precommits.dedup_by_key(|(index, _)| *index);
        let mut signers = vec![0; roster.validators().len().div_ceil(8)];
        for (index, _) in &precommits {
            if let Some(byte) = signers.get_mut(index / 8) {
                *byte |= 1 << (index % 8);
            }
        }
        Self { height, round, block, signers, signatures: precommits.into_iter().map(|(_, s)| s).collect() }
    }

    /// The signers' roster indexes with their signatures.
    pub fn precommits(&self) -> impl Iterator<Item = (usize, &Signature)> {
        let bits = (0..self.signers.len() * 8).filter(|i| self.signers[i / 8] >> (i % 8) & 1 == 1);
        bits.zip(&self.signatures)
    }

    /// Checks shape, quorum, then every signature, in that order: the costly part last.
    pub fn verify(&self, chain: ChainId, roster: &Roster) -> Result<(), BadCertificate> {
        self.verify_knowing(chain, roster, &mut Known::nothing())
    }

    /// The same for whoever remembers signatures.
    pub fn verify_knowing(&self, chain: ChainId, roster: &Roster, known: &mut Known) -> Result<(), BadCertificate> {
        let count = roster.validators().len();
        let set: u32 = self.signers.iter().map(|byte| byte.count_ones()).sum();
        let beyond = self.precommits().any(|(index, _)| index >= count);
        if self.signers.len() != count.div_ceil(8) || set as usize != self.signatures.len() || beyond {
            return Err(BadCertificate::Shape);
        }
        let power = self.precommits().map(|(index, _)| roster.validators()[index].power).sum();
        if !roster.is_quorum(power) {
            return Err(BadCertificate::NoQuorum { power, total: roster.total_power() });
        }
        for (index, signature) in self.precommits() {
            let validator = roster.validators()[index].key;
            let vote = Vote {
                chain,
                vote_type: VoteType::Precommit,
                height: self.height,
                round: self.round,
                block: Some(self.block),
                validator,
            };
            let held = known.verify(&validator, vote.digest().as_bytes(), signature);
            held.map_err(|_| BadCertificate::Signature { index })?;
        }
        Ok(())
    }
}
