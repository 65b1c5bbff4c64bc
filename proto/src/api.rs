//! What a node's HTTP interface takes and gives under `/v1`: JSON, camelCase, shared by node and clients.

use data_encoding::BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::block::Header;
use crate::body::Body;
use crate::codec;
use crate::doc::cross::CrossFinding;
use crate::entry::Entry;
use crate::governance::Proposal;
use crate::hash::{Domain, Hash32};
use crate::ids::{ChainId, HeaderHash, Height, MemberId, OffenceId, RecordId, StatementId};
use crate::keys::{BadSignature, PublicKey, SecretKey, Signature};
use crate::member::Member;
use crate::proof::Bundle;
use crate::protocol::{FIRST_VERSION, Protocol};
use crate::record::Record;
use crate::reject::{Code, Reject};
use crate::statement::{DsseEnvelope, Statement};
use crate::vote::Certificate;

/// Media type of [`Problem`] answers (RFC 9457).
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// Submissions in one batch request.
pub const BATCH: usize = 256;

/// A statement on its way in, with its body when it is an issue. Also the file that `--sign-only` writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// The signed statement.
    pub statement: DsseEnvelope,
    /// The document, with what opens its commitments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<BodyParts>,
}

/// A body in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyParts {
    /// 32 random bytes in hexadecimal.
    pub salt: Hash32,
    /// The issuer's pepper in hexadecimal.
    pub pepper: Hash32,
    /// The document's exact bytes in base64.
    pub bytes: Base64,
}

impl From<BodyParts> for Body {
    fn from(parts: BodyParts) -> Self {
        Self { salt: parts.salt.0, pepper: parts.pepper.0, bytes: parts.bytes.0 }
    }
}

impl From<Body> for BodyParts {
    fn from(body: Body) -> Self {
        Self { salt: Hash32(body.salt), pepper: Hash32(body.pepper), bytes: Base64(body.bytes) }
    }
}

/// Bytes as a base64 string.
#[derive(Clone, PartialEq, Eq)]
pub struct Base64(pub Vec<u8>);

impl std::fmt::Debug for Base64 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Base64({} bytes)", self.0.len())
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        codec::from_base64(&text).map(Self).map_err(|_| serde::de::Error::custom("expected base64"))
    }
}

/// Several submissions in one request, at most [`BATCH`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// In order.
    pub submissions: Vec<Submission>,
}

/// The answer to a [`Batch`]: one result per submission, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchResults {
    /// In the order of the request.
    pub results: Vec<SubmitResult>,
}

/// One submission of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubmitResult {
    /// Accepted.
    Ticket(Ticket),
    /// Refused.
    Problem(Box<Problem>),
}

/// Accepted, not final: proves nothing, tells what to ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// The statement.
    pub statement: StatementId,
    /// The record that it issues or acts on.
    pub record: RecordId,
    /// After this block time the statement is either final or void. Unix milliseconds.
    pub not_after_ms: u64,
    /// The node's height when it accepted.
    pub height: Height,
}

/// A refusal: what, where, why, and what to do next (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// Stable code.
    pub code: String,
    /// JSON path of the offending value.
    pub path: String,
    /// What is wrong.
    pub detail: String,
    /// What to do next.
    pub hint: String,
    /// What stands in the way, provable by itself, where something does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Box<Bundle>>,
}

impl From<Reject> for Problem {
    fn from(reject: Reject) -> Self {
        Self {
            status: reject.code.http_status(),
            code: reject.code.as_str().to_owned(),
            path: reject.path,
            detail: reject.detail,
            hint: reject.code.hint().to_owned(),
            proof: None,
        }
    }
}

impl Problem {
    /// The code, when this software knows it.
    #[must_use]
    pub fn known_code(&self) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.as_str() == self.code)
    }
}

/// Where a statement is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum StatementStatus {
    /// In the mempool of this node.
    Pending {
        /// After this block time it is void.
        not_after_ms: u64,
    },
    /// Executed and decided; never undone.
    Final {
        /// The block.
        height: Height,
        /// Index of its entry in the log.
        index: u64,
        /// The record it issued or acted on.
        record: RecordId,
    },
    /// It was accepted here and then lost: another statement won, or it expired.
    Dropped {
        /// Why.
        problem: Box<Problem>,
    },
    /// Never seen here, or long forgotten.
    Unknown,
}

/// The block that an answer is as of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AsOf {
    /// Height of the block.
    pub height: Height,
    /// Its time, in Unix milliseconds.
    pub time_ms: u64,
    /// Its name.
    pub header: HeaderHash,
}

/// A record as of a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordView {
    /// The record.
    pub record: Record,
    /// When.
    pub as_of: AsOf,
}

/// Everything that happened to a record, oldest first, as of a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryView {
    /// The record now.
    pub record: Record,
    /// The acts, oldest first; no more than fit one answer.
    pub acts: Vec<ActView>,
    /// Where older ones go on: ask again with `at` this index. None when these go back to the issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub older: Option<u64>,
    /// When.
    pub as_of: AsOf,
}

/// One act on a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActView {
    /// Index in the log.
    pub index: u64,
    /// The entry.
    pub entry: Entry,
    /// The statement, read.
    pub statement: Statement,
    /// The statement as signed.
    pub envelope: DsseEnvelope,
}

/// Members of the registry as of a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MembersView {
    /// In order of their ids.
    pub members: Vec<Member>,
    /// When.
    pub as_of: AsOf,
}

/// Proposals as of a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProposalsView {
    /// The newest first; at most a thousand.
    pub proposals: Vec<Proposal>,
    /// When.
    pub as_of: AsOf,
}

/// A proposal as of a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProposalView {
    /// The proposal with its votes.
    pub proposal: Proposal,
    /// When.
    pub as_of: AsOf,
}

/// What a bill of lading and a certificate of origin say of each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingsView {
    /// The bill.
    pub bill: RecordId,
    /// The certificate.
    pub certificate: RecordId,
    /// The worst first. The same for the same two documents, on whatever node.
    pub findings: Vec<CrossFinding>,
    /// When.
    pub as_of: AsOf,
}

/// A decided block without its contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderView {
    /// Its name.
    pub hash: HeaderHash,
    /// The header.
    pub header: Header,
    /// Who decided it.
    pub certificate: Certificate,
    /// The statements executed, in order.
    pub statements: Vec<StatementId>,
}

/// Evidence that a node has met, as of a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceView {
    /// What there is; each is asked for by its id.
    pub evidence: Vec<OffenceView>,
    /// When.
    pub as_of: AsOf,
}

/// Two things that nobody honest signs both, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffenceView {
    /// Its name.
    pub id: OffenceId,
    /// `votes`, `proposals`, `certificates`, `checkpoints` or `statements`.
    pub kind: String,
    /// The height that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<Height>,
}

/// A node about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeStatus {
    /// Software version.
    pub version: String,
    /// The network.
    pub chain: ChainId,
    /// What people call it.
    pub network: String,
    /// The member that runs the node, where it is known.
    pub member: Option<MemberId>,
    /// Whether it votes.
    pub validator: bool,
    /// Newest decided height.
    pub height: Height,
    /// The header at that height; the chain id before the first block.
    pub header: HeaderHash,
    /// Time of that block.
    pub time_ms: u64,
    /// Entries in the log.
    pub log_size: u64,
    /// Root of the log.
    pub log_root: Hash32,
    /// Root of the state tree.
    pub state_root: Hash32,
    /// Connected peers.
    pub peers: u32,
    /// Statements waiting.
    pub mempool: u32,
    /// Protocol version of the next block.
    #[serde(default = "unsaid")]
    pub protocol: u32,
    /// The protocol version that was decided and is still to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrade: Option<UpgradeView>,
}

/// What a node was on that did not say it yet.
const fn unsaid() -> u32 {
    FIRST_VERSION
}

/// A protocol version that is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpgradeView {
    /// Which, and its first block.
    #[serde(flatten)]
    pub next: Protocol,
    /// Whether the node's software knows it; if not, it stops before that block.
    pub known: bool,
}

/// HTTP header that carries a [`ReadRequest`] as JSON.
pub const READ_HEADER: &str = "sampan-read";

/// A party's signed request to read a body, or the two of one shipment, and no other. Good for [`READ_WINDOW_MS`] around its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ReadRequest {
    /// Who asks.
    pub member: MemberId,
    /// A statement key of that member.
    pub key: PublicKey,
    /// When. Unix milliseconds.
    pub time_ms: u64,
    /// Over [`ReadRequest::digest`].
    pub signature: Signature,
}

/// How far a read request's time may lie from the node's clock, in milliseconds.
pub const READ_WINDOW_MS: u64 = 60_000;

impl ReadRequest {
    /// The 32 bytes that are signed.
    #[must_use]
    pub fn digest(
        chain: ChainId,
        record: &RecordId,
        beside: Option<&RecordId>,
        member: &MemberId,
        time_ms: u64,
    ) -> Hash32 {
        Domain::Read.hash_borsh(&(chain, record, beside, member, time_ms))
    }

    /// Signs a request to read the body of `record`, and that of the record `beside` it.
    #[must_use]
    pub fn sign(
        chain: ChainId,
        record: &RecordId,
        beside: Option<&RecordId>,
        (member, time_ms): (MemberId, u64),
        key: &SecretKey,
    ) -> Self {
        let signature = key.sign(Self::digest(chain, record, beside, &member, time_ms).as_bytes());
        Self { member, key: key.public(), time_ms, signature }
    }

    /// Checks the signature; whether the key is the member's is the registry's to say.
    pub fn verify(&self, chain: ChainId, record: &RecordId, beside: Option<&RecordId>) -> Result<(), BadSignature> {
        let digest = Self::digest(chain, record, beside, &self.member, self.time_ms);
        self.key.verify(digest.as_bytes(), &self.signature)
    }
}
