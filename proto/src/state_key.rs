//! Keys of the state tree: one function per key space, so that no two spaces can meet.

use crate::hash::{Domain, Hash32};
use crate::ids::{MemberId, RecordId, ReferenceKey, StatementId};
use crate::protocol::Protocol;

/// Key of a record.
#[must_use]
pub fn record(id: &RecordId) -> Hash32 {
    Domain::KeyRecord.hash(id.0.as_bytes())
}

/// Key of a document reference: absent as long as the issuer never issued the number.
#[must_use]
pub fn reference(issuer: &MemberId, reference: &ReferenceKey) -> Hash32 {
    Domain::KeyReference.hash_borsh(&(issuer, reference))
}

/// Value of a document reference: the record it became.
#[must_use]
pub fn reference_value(record: &RecordId) -> Hash32 {
    Domain::ValueReference.hash(record.0.as_bytes())
}

/// Key of a member.
#[must_use]
pub fn member(id: &MemberId) -> Hash32 {
    Domain::KeyMember.hash(id.as_str().as_bytes())
}

/// Key of an executed statement: present until its expiry has passed.
#[must_use]
pub fn executed(id: &StatementId) -> Hash32 {
    Domain::KeyExecuted.hash(id.0.as_bytes())
}

/// Value of an executed statement: the index of its entry, and the expiry after whose passing the key leaves the
/// tree. With it the tree alone says what every later block does: nothing about old statements need be known beside it.
#[must_use]
pub fn executed_value(index: u64, not_after_ms: u64) -> Hash32 {
    Domain::ValueExecuted.hash_borsh(&(index, not_after_ms))
}

/// Key of a protocol parameter set.
#[must_use]
pub fn parameter(name: &str) -> Hash32 {
    Domain::KeyParameter.hash(name.as_bytes())
}

/// Key of the parameters by which the next block is decided.
#[must_use]
pub fn protocol() -> Hash32 {
    parameter("protocol")
}

/// Key of the newest protocol version that was decided: absent as long as the first is in force.
#[must_use]
pub fn upgrade() -> Hash32 {
    parameter("upgrade")
}

/// Value of a protocol version that was decided.
#[must_use]
pub fn upgrade_value(protocol: &Protocol) -> Hash32 {
    Domain::ValueParameter.hash_borsh(protocol)
}

/// Key of the edition of a code list or policy that is in force.
#[must_use]
pub fn edition(list: &str) -> Hash32 {
    parameter(&format!("list {list}"))
}

/// Key of goods: absent as long as no open pledge names them.
#[must_use]
pub fn goods(fingerprint: &Hash32) -> Hash32 {
    Domain::KeyGoods.hash(fingerprint.as_bytes())
}

/// Value of pledged goods: the record whose pledge it is.
#[must_use]
pub fn goods_value(record: &RecordId) -> Hash32 {
    Domain::ValueGoods.hash(record.0.as_bytes())
}

/// Key of a proposal, by the statement that proposed it.
#[must_use]
pub fn proposal(id: &StatementId) -> Hash32 {
    Domain::KeyProposal.hash(id.0.as_bytes())
}

/// Value of a code list's or policy's edition, under [`edition`] of its name.
#[must_use]
pub fn edition_value(edition: &str, sha256: &Hash32) -> Hash32 {
    Domain::ValueParameter.hash_borsh(&(edition, sha256))
}
