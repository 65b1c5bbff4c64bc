//! Statements: what members sign.
//!
//! A statement is strict JSON, signed as exact bytes under the DSSE pre-authentication encoding, so
//! that any language can sign one with stock libraries and nobody re-serialises to verify. The
//! ledger executes on statements only; what the law decides by consensus stands here as claims.

mod kind;
mod signed;
#[cfg(test)]
mod tests;

pub use kind::ActionKind;
pub use signed::{
    DsseEnvelope, DsseSignature, PAYLOAD_TYPE, SignedStatement, StatementSignature, VerifiedStatement, pae,
};

use std::borrow::Cow;
use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::body::Body;
use crate::doc::Claims;
use crate::governance::Govern;
use crate::hash::Hash32;
use crate::ids::{BodyCommitment, ChainId, MemberId, RecordId, ReferenceKey, StatementId};
use crate::member::Purpose;
use crate::origin::{ItemAmounts, OriginAct};
use crate::record::Record;
use crate::text::Note;
use crate::title::TitleAct;

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

impl std::str::FromStr for Nonce {
    type Err = NotANonce;

    fn from_str(text: &str) -> Result<Self, NotANonce> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| NotANonce)?;
        bytes.try_into().map(Self).map_err(|_| NotANonce)
    }
}

/// The text is no nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 32 lowercase hexadecimal digits")]
pub struct NotANonce;

impl Serialize for Nonce {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Nonce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What can be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Bring a document onto the ledger.
    Issue(Box<Issue>),
    /// Apply for a certificate of origin: the exporter signs its part (box 11).
    Apply(Box<Application>),
    /// Act on a bill of lading.
    Title(OnRecord<TitleAct>),
    /// Act on a certificate of origin, or on an application for one.
    Origin(OnRecord<OriginAct>),
    /// Customs put a finding onto a record: it informs, it decides nothing.
    Finding(Finding),
    /// Members, keys and editions: decided by the roster, or by a member about its own keys.
    Govern(Govern),
}

impl From<Issue> for Action {
    fn from(issue: Issue) -> Self {
        Self::Issue(Box::new(issue))
    }
}

/// An act on a record that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnRecord<A> {
    /// Which record.
    pub record: RecordId,
    /// The record's seq that the actor saw: of two racing acts only one can name it. Acts that nobody may
    /// outrun leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// What is done.
    pub act: A,
}

impl Action {
    /// The kind of action, as entries record it.
    #[must_use]
    pub const fn kind(&self) -> ActionKind {
        match self {
            Self::Issue(_) => ActionKind::Issue,
            Self::Apply(_) => ActionKind::Apply,
            Self::Title(on) => on.act.kind(),
            Self::Origin(on) => on.act.kind(),
            Self::Finding(_) => ActionKind::Finding,
            Self::Govern(govern) => govern.kind(),
        }
    }

    /// The keys that sign it.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        match self {
            Self::Govern(_) => Purpose::Governance,
            _ => Purpose::Statement,
        }
    }

    /// The record that it brings or acts on, for the statement named `own`. Acts of governance have the name of
    /// their proposal, as a record would.
    #[must_use]
    pub fn record(&self, own: StatementId) -> RecordId {
        match self {
            Self::Issue(_) | Self::Apply(_) => Record::id_of(own),
            Self::Title(on) => on.record,
            Self::Origin(on) => on.record,
            Self::Finding(finding) => finding.record,
            Self::Govern(govern) => Record::id_of(*govern.proposal().unwrap_or(&own)),
        }
    }

    /// An act on a bill of lading at the seq that the actor saw.
    #[must_use]
    pub const fn title(record: RecordId, seq: u64, act: TitleAct) -> Self {
        Self::Title(OnRecord { record, seq: Some(seq), act })
    }

    /// An act on a certificate of origin at the seq that the actor saw.
    #[must_use]
    pub const fn origin(record: RecordId, seq: u64, act: OriginAct) -> Self {
        Self::Origin(OnRecord { record, seq: Some(seq), act })
    }

    /// The member that it is addressed to, if there is one.
    #[must_use]
    pub fn recipient(&self) -> Option<&MemberId> {
        match self {
            Self::Issue(issue) => Some(&issue.to),
            Self::Apply(application) => Some(&application.to),
            Self::Title(on) => on.act.recipient(),
            Self::Origin(on) => on.act.agency(),
            Self::Finding(_) | Self::Govern(_) => None,
        }
    }

    /// The document that comes with it.
    #[must_use]
    pub const fn body(&self) -> Option<&BodyRef> {
        match self {
            Self::Issue(issue) => Some(&issue.body),
            Self::Apply(application) => Some(&application.body),
            Self::Title(_) | Self::Origin(_) | Self::Finding(_) | Self::Govern(_) => None,
        }
    }

    /// What it does to the record named `record`, and the seq of that record before it where the statement
    /// names one: an issue also ends the records that it replaces, and draws on certificates. None when it
    /// does not touch that record.
    #[must_use]
    pub fn touches(&self, own: StatementId, record: RecordId) -> Option<(ActionKind, Option<u64>)> {
        if record == self.record(own) {
            let seq = match self {
                Self::Issue(_) | Self::Apply(_) => Some(0),
                Self::Title(on) => on.seq,
                Self::Origin(on) => on.seq,
                Self::Finding(_) => None,
                Self::Govern(govern) => govern.proposal().is_none().then_some(0),
            };
            return Some((self.kind(), seq));
        }
        let Self::Issue(issue) = self else { return None };
        if let Some(seq) = issue.replaces.as_ref().and_then(|replaces| replaces.records.get(&record)) {
            return Some((ActionKind::Replace, Some(*seq)));
        }
        if issue.application == Some(record) {
            return Some((ActionKind::Certify, None));
        }
        issue.draws.contains_key(&record).then_some((ActionKind::Draw, None))
    }
}

/// Brings a document onto the ledger. The document itself is the body, sent beside the statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issue {
    /// What the law decides by consensus, claimed by the issuer and bound to the body by every reader.
    pub claims: Claims,
    /// The document's number and version under the issuer's pepper: issued once, ever.
    pub reference: ReferenceKey,
    /// 1 for the first issue of a number; a later version replaces the one before it.
    pub version: u32,
    /// The document's bytes.
    pub body: BodyRef,
    /// To whom it is issued; for a document of title, its first possessor.
    pub to: MemberId,
    /// The title holder of a bill: the consignee of a straight one, the endorsee of a named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<MemberId>,
    /// The records in whose place it comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Replaces>,
    /// The application that a certificate answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<RecordId>,
    /// What a back-to-back certificate draws from its originals.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub draws: BTreeMap<RecordId, ItemAmounts>,
    /// SHA-256 of the paper original that was shown destroyed: the record takes its place (MLETR art. 17).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_paper: Option<Hash32>,
}

impl Issue {
    /// The first issue of a number, in nobody's place.
    #[must_use]
    pub const fn first(claims: Claims, reference: ReferenceKey, body: BodyRef, to: MemberId) -> Self {
        Self {
            claims,
            reference,
            version: 1,
            body,
            to,
            holder: None,
            replaces: None,
            application: None,
            draws: BTreeMap::new(),
            from_paper: None,
        }
    }
}

/// The records in whose place a document is issued, each with the seq that the issuer saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replaces {
    /// How.
    pub how: Replacement,
    /// Which.
    pub records: BTreeMap<RecordId, u64>,
}

/// How a document takes the place of others (DCSA `transportDocumentReplacements`; certificates: r.9, 3.17.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replacement {
    /// One for one, its text changed.
    Amendment,
    /// One of several for one: together they cover what it covered.
    Split,
    /// One for several: it covers what they covered.
    Combination,
}

/// An exporter's application for a certificate of origin, with the whole document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// What the certificate shall claim.
    pub claims: Claims,
    /// The document: the certificate will commit to the same bytes.
    pub body: BodyRef,
    /// The issuing authority.
    pub to: MemberId,
}

/// A finding of a customs agency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// On which record.
    pub record: RecordId,
    /// The rule, as cross-checks name it.
    pub rule: Note,
    /// What was found.
    pub says: Note,
    /// The other record, when two disagree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<RecordId>,
}

impl Finding {
    /// The rule under which a customs agency orders that a record's document be erased; what it says is the reason.
    /// Every node that executes it drops the document, and no proof is any different for it.
    pub const ERASURE: &str = "bodies erase";

    /// Whether it orders an erasure.
    #[must_use]
    pub fn erases(&self) -> bool {
        self.rule.as_str() == Self::ERASURE
    }
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

impl BodyRef {
    /// What a statement says of `body`, whose RFC 8785 form has the digest `jcs_sha256`.
    #[must_use]
    pub fn of(body: &Body, jcs_sha256: Hash32) -> Self {
        // No body is longer than 256 KiB; one that were would be refused for its size.
        let size = u32::try_from(body.bytes.len()).unwrap_or(u32::MAX);
        Self { commitment: body.commitment(), jcs_sha256, size }
    }
}
