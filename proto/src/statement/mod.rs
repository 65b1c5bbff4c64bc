//! Statements: what members sign.
//!
//! A statement is strict JSON, signed as exact bytes under the DSSE pre-authentication encoding, so
//! that any language can sign one with stock libraries and nobody re-serialises to verify. The
//! ledger executes on statements only; what the law decides by consensus stands here as claims.

mod signed;
#[cfg(test)]
mod tests;

pub use signed::{
    DsseEnvelope, DsseSignature, PAYLOAD_TYPE, SignedStatement, StatementSignature, VerifiedStatement, pae,
};

use std::borrow::Cow;

use borsh::{BorshDeserialize, BorshSerialize};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::doc::Claims;
use crate::hash::Hash32;
use crate::ids::{BodyCommitment, ChainId, MemberId, RecordId, ReferenceKey, StatementId};
use crate::record::Record;

/// Version of the statement format that this crate writes and reads.
pub const VERSION: u32 = 1;

/// What a member signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Format version, 1.
    pub version: u32,
    /// The network it is meant for: elsewhere it is void.
    pub chain: ChainId,
    /// Who acts.
    pub member: MemberId,
    /// Random, so that two equal acts are two statements.
    pub nonce: Nonce,
    /// Judged by block time: after it the statement can no longer be executed. Unix milliseconds.
    pub not_after_ms: u64,
    /// What is done.
    pub action: Action,
}

/// 16 random bytes; text form 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce(pub [u8; 16]);

impl Serialize for Nonce {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Nonce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom("expected 32 lowercase hexadecimal digits");
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| wrong())?;
        bytes.try_into().map(Self).map_err(|_| wrong())
    }
}

/// What can be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Bring a document onto the ledger.
    Issue(Issue),
    /// Hand possession of a bill of lading to another member.
    Transfer(Transfer),
    /// Give a bill of lading back to the carrier that issued it, which ends it.
    Surrender(Surrender),
}

impl Action {
    /// The kind of action, as entries record it.
    #[must_use]
    pub const fn kind(&self) -> ActionKind {
        match self {
            Self::Issue(_) => ActionKind::Issue,
            Self::Transfer(_) => ActionKind::Transfer,
            Self::Surrender(_) => ActionKind::Surrender,
        }
    }
}

impl Action {
    /// The record that it issues or acts on, for the statement named `own`.
    #[must_use]
    pub fn record(&self, own: StatementId) -> RecordId {
        match self {
            Self::Issue(_) => Record::id_of(own),
            Self::Transfer(transfer) => transfer.record,
            Self::Surrender(surrender) => surrender.record,
        }
    }

    /// The member that it names.
    #[must_use]
    pub const fn to(&self) -> &MemberId {
        match self {
            Self::Issue(issue) => &issue.to,
            Self::Transfer(transfer) => &transfer.to,
            Self::Surrender(surrender) => &surrender.to,
        }
    }
}

/// The kind of an action. The borsh tag is frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum ActionKind {
    /// [`Action::Issue`].
    Issue = 1,
    /// [`Action::Transfer`].
    Transfer = 2,
    /// [`Action::Surrender`].
    Surrender = 3,
}

impl ActionKind {
    /// The name used in JSON, the API and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Transfer => "transfer",
            Self::Surrender => "surrender",
        }
    }
}

/// Brings a document onto the ledger. The document itself is the body, sent beside the statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issue {
    /// What the law decides by consensus, claimed by the issuer and bound to the body by every reader.
    pub claims: Claims,
    /// The document's number under the issuer's pepper: issued once, ever.
    pub reference: ReferenceKey,
    /// The document's bytes.
    pub body: BodyRef,
    /// To whom it is issued; for a document of title, its first possessor.
    pub to: MemberId,
}

/// Commitments to a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyRef {
    /// Salted commitment to the exact bytes.
    pub commitment: BodyCommitment,
    /// SHA-256 of the body's RFC 8785 form, as PINT and DCSA issuance manifests use it.
    pub jcs_sha256: Hash32,
    /// Length in bytes.
    pub size: u32,
}

/// Hands possession on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// Which record.
    pub record: RecordId,
    /// The record's seq that the possessor saw: of two racing acts only one can name it.
    pub seq: u64,
    /// The new possessor.
    pub to: MemberId,
}

/// Gives a bill back to its carrier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Surrender {
    /// Which record.
    pub record: RecordId,
    /// The record's seq that the possessor saw.
    pub seq: u64,
    /// The carrier that issued it; anybody else is refused.
    pub to: MemberId,
}
