//! Names of things: newtypes, so that a height is never an index and a record never a statement.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Deserializer, Serialize};

use crate::hash::{Hash32, NotAHash};
use crate::limits;

macro_rules! hash_id {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub Hash32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAHash;
            fn from_str(text: &str) -> Result<Self, NotAHash> {
                text.parse().map(Self)
            }
        }
    )*};
}

hash_id! {
    /// A network: the digest of its genesis file.
    ChainId,
    /// A statement, whoever signed it and however it is encoded: the digest of its pre-authentication encoding.
    StatementId,
    /// A statement with its signatures, as stored and as named in proposals.
    EnvelopeId,
    /// A document on the ledger: made from the statement that issued it.
    RecordId,
    /// A document's business number under its issuer's pepper.
    ReferenceKey,
    /// A salted commitment to a document's exact bytes.
    BodyCommitment,
    /// An offence, by the two things that were signed.
    OffenceId,
    /// A block: the Merkle root over its header's fields.
    HeaderHash,
}

/// Position of a block in the chain; the first block has height 1, the genesis state height 0.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
#[serde(transparent)]
pub struct Height(pub u64);

impl Height {
    /// The state before the first block.
    pub const GENESIS: Self = Self(0);

    /// The height after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A member's handle in the registry: 3 to 40 of `a-z`, `0-9` and inner single `-`. Never reused.
///
/// The alphabet leaves no room for look-alike spellings; the organisation's name stands beside it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, Serialize)]
#[serde(transparent)]
pub struct MemberId(String);

/// The text is not a member's handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a member id has 3 to 40 of a-z, 0-9 and single inner hyphens")]
pub struct NotAMemberId;

impl MemberId {
    /// The handle as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MemberId {
    type Err = NotAMemberId;

    fn from_str(text: &str) -> Result<Self, NotAMemberId> {
        let legal = (3..=limits::MEMBER_ID_CHARS).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
            && !text.contains("--");
        if legal { Ok(Self(text.to_owned())) } else { Err(NotAMemberId) }
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for MemberId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl BorshDeserialize for MemberId {
    fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
        let text = String::deserialize_reader(reader)?;
        text.parse().map_err(|_| borsh::io::ErrorKind::InvalidData.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn member_ids_have_one_spelling() {
        for good in ["cn-customs", "abc", "port-1-klang"] {
            assert!(good.parse::<MemberId>().is_ok(), "{good}");
        }
        for bad in ["", "ab", "-ab", "ab-", "a--b", "Abc", "a_b", "caf\u{e9}", &"a".repeat(41)] {
            assert_eq!(bad.parse::<MemberId>(), Err(NotAMemberId), "{bad}");
        }
        let smuggled = crate::codec::encode(&"Not A Member".to_owned());
        assert!(crate::codec::decode::<MemberId>(&smuggled, 100).is_err());
    }
}
