//! The bundle file: JSON outside, canonical binary parts in base64 inside.

use std::borrow::Cow;

use borsh::{BorshDeserialize, BorshSerialize};
use data_encoding::BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::block::Header;
use crate::body::Body;
use crate::codec;
use crate::entry::Entry;
use crate::hash::Hash32;
use crate::ids::{ChainId, MemberId, RecordId, ReferenceKey};
use crate::json::{self, JsonError, JsonLimits};
use crate::limits;
use crate::member::Member;
use crate::merkle::log::{ConsistencyProof, InclusionProof};
use crate::merkle::state::StateProof;
use crate::record::Record;
use crate::roster::Roster;
use crate::statement::DsseEnvelope;
use crate::vote::Certificate;

/// Media type of bundle files; it carries the version.
pub const BUNDLE_MEDIA_TYPE: &str = "application/vnd.sampan.bundle+json;version=1";

/// A binary object as a JSON string: base64 of its canonical encoding.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Binary<T>(pub T);

impl<T: BorshSerialize> Serialize for Binary<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&codec::encode(&self.0)))
    }
}

impl<'de, T: BorshDeserialize> Deserialize<'de> for Binary<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        let bytes = codec::from_base64(&text).map_err(|_| serde::de::Error::custom("expected base64"))?;
        codec::decode(&bytes, limits::BUNDLE_BYTES).map(Self).map_err(serde::de::Error::custom)
    }
}

/// A self-contained proof file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Bundle {
    /// [`BUNDLE_MEDIA_TYPE`].
    pub media_type: String,
    /// The network.
    pub chain: ChainId,
    /// What everything in the file stands on.
    pub head: Head,
    /// Every change of the roster from the genesis to the head, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trust_path: Vec<Handover>,
    /// A statement's entry in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptPart>,
    /// Who else has seen the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<WitnessPart>,
    /// An entry of the log, whatever it records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<EntryPart>,
    /// A record's state at the head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusPart>,
    /// Everything that happened to the record, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<HistoryEntry>,
    /// What became of a document number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<ReferenceProof>,
    /// What is pledged of goods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goods: Option<GoodsProof>,
    /// The members that acted, as the registry knows them at the head.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<MemberProof>,
    /// The document itself, where its holder discloses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<DisclosedBody>,
    /// The other document of the shipment, to be compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterpart: Option<Counterpart>,
}

/// A decided header.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The header.
    pub header: Binary<Header>,
    /// The precommits that decided it.
    pub certificate: Binary<Certificate>,
}

/// A roster hands over to the next: its last header names it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handover {
    /// The last header that the roster decided.
    pub header: Binary<Header>,
    /// The roster's precommits.
    pub certificate: Binary<Certificate>,
    /// The next roster, which the header names by its hash.
    pub roster: Binary<Roster>,
}

/// A statement and its entry in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptPart {
    /// The signed statement.
    pub statement: DsseEnvelope,
    /// Its entry.
    pub entry: Binary<Entry>,
    /// The entry's path to the head's log root.
    pub path: Binary<InclusionProof>,
}

/// A checkpoint that witnesses have signed, and how the log under the head hangs together with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessPart {
    /// The signed checkpoint, as text.
    pub note: String,
    /// From the smaller of the two logs to the larger one.
    pub consistency: Binary<ConsistencyProof>,
    /// That the log which was seen leads back to the head: then its witness vouches for all that the header says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<NamedHead>,
}

/// The way back from a log to a head: a block with statements names the header before it in its first entry, and each
/// header names the one before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedHead {
    /// The headers after the head up to the one that the entry names, oldest first: of blocks without statements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub between: Vec<Binary<Header>>,
    /// The entry of the first block after the head that has statements.
    pub entry: Binary<Entry>,
    /// Its path to the root of the log that was seen.
    pub path: Binary<InclusionProof>,
}

/// An entry without the statement that it records: that the log under the head holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryPart {
    /// The entry.
    pub entry: Binary<Entry>,
    /// Its path to the head's log root.
    pub path: Binary<InclusionProof>,
}

/// A record and its path to the head's state root; no record proves that there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusPart {
    /// The record asked for.
    pub id: RecordId,
    /// Its state; none when it does not exist.
    pub record: Option<Binary<Record>>,
    /// Presence or absence in the state tree.
    pub proof: Binary<StateProof>,
}

/// One act in a record's history. Its entry is proven by the next one (or by the record itself).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryEntry {
    /// Index of the entry in the log.
    pub index: u64,
    /// The entry.
    pub entry: Binary<Entry>,
    /// The statement that it records.
    pub statement: DsseEnvelope,
}

/// A document number and the record it became; no record proves that it was never issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceProof {
    /// The issuer.
    pub issuer: MemberId,
    /// The number under the issuer's pepper.
    pub key: ReferenceKey,
    /// The record; none when the number was never issued.
    pub record: Option<RecordId>,
    /// Presence or absence in the state tree.
    pub proof: Binary<StateProof>,
}

/// Goods and the record whose pledge of them is open; no record proves that none is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoodsProof {
    /// The goods under the network's goods key.
    pub goods: Hash32,
    /// The record; none when these goods secure nothing.
    pub record: Option<RecordId>,
    /// Presence or absence in the state tree.
    pub proof: Binary<StateProof>,
}

/// A member as the registry knows it at the head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberProof {
    /// The member.
    pub member: Binary<Member>,
    /// Presence in the state tree.
    pub proof: Binary<StateProof>,
}

/// A body with what opens its commitments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DisclosedBody(pub Binary<Body>);

/// The other document of a shipment: a certificate beside a bill, a bill beside a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counterpart {
    /// The statement that brought it onto the ledger.
    pub issue: ReceiptPart,
    /// The document itself, where its holder discloses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<DisclosedBody>,
}

impl Bundle {
    /// A bundle with a head and nothing on it yet.
    #[must_use]
    pub fn new(chain: ChainId, header: Header, certificate: Certificate) -> Self {
        Self {
            media_type: BUNDLE_MEDIA_TYPE.to_owned(),
            chain,
            head: Head { header: Binary(header), certificate: Binary(certificate) },
            trust_path: Vec::new(),
            receipt: None,
            witness: None,
            entry: None,
            status: None,
            history: Vec::new(),
            reference: None,
            goods: None,
            members: Vec::new(),
            body: None,
            counterpart: None,
        }
    }

    /// Reads a bundle file: capped, strict JSON, canonical binary parts, each part in its one form.
    pub fn from_json(bytes: &[u8]) -> Result<Self, JsonError> {
        let limits = JsonLimits { max_bytes: limits::BUNDLE_BYTES, max_depth: 8, integers_only: true };
        let bundle = json::from_slice(bytes, &limits)?;
        json::expect_as_written(bytes, &bundle)?;
        Ok(bundle)
    }
}
