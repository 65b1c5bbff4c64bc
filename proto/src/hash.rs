//! Hashing: one digest type, and one key per meaning.
//!
//! Every hash in Sampan is keyed BLAKE3 under a public constant key that stands for what the bytes
//! mean ("a log leaf", "a vote"). Two objects of different meaning can never share a digest, and an
//! inner tree node is exactly one 64-byte compression. The keys are derived from the names in
//! [`Domain`], written out in `SPEC.md` and pinned by a golden test.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use borsh::{BorshDeserialize, BorshSerialize};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A 256-bit digest. Text form: 64 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize)]
pub struct Hash32(pub [u8; 32]);

impl Hash32 {
    /// All zeros: "nothing before this", never the digest of anything.
    pub const ZERO: Self = Self([0; 32]);

    /// The digest's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first eight hexadecimal digits, for people and logs; never for comparison.
    #[must_use]
    pub fn short(&self) -> String {
        HEXLOWER.encode(&self.0[..4])
    }
}

impl fmt::Display for Hash32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Hash32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

/// The text is not 64 lowercase hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 64 lowercase hexadecimal digits")]
pub struct NotAHash;

impl FromStr for Hash32 {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| NotAHash)?;
        bytes.try_into().map(Self).map_err(|_| NotAHash)
    }
}

impl Serialize for Hash32 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash32 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! domains {
    ($($(#[$doc:meta])* $name:ident = $tag:literal,)*) => {
        /// What hashed bytes mean. The tag after `sampan v1 ` derives the key.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Domain { $($(#[$doc])* $name,)* }

        impl Domain {
            /// Every domain, in the order of the table in `SPEC.md`.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name that the key is derived from.
            #[must_use]
            pub const fn tag(self) -> &'static str {
                match self { $(Self::$name => $tag,)* }
            }
        }
    };
}

domains! {
    /// A leaf of the log: one entry.
    LogLeaf = "log leaf",
    /// An inner node of the log tree: left and right, 64 bytes.
    LogNode = "log node",
    /// The root of the empty log.
    LogEmpty = "log empty",
    /// A leaf of the state tree: key and value hash, 64 bytes.
    StateLeaf = "state leaf",
    /// An inner node of the state tree: left and right, 64 bytes.
    StateNode = "state node",
    /// An empty subtree of the state tree.
    StateEmpty = "state empty",
    /// The key of a record in the state tree.
    KeyRecord = "state key record",
    /// The key of a document reference in the state tree.
    KeyReference = "state key reference",
    /// The key of a member in the state tree.
    KeyMember = "state key member",
    /// The key of an executed statement in the state tree.
    KeyExecuted = "state key executed",
    /// The key of a protocol parameter in the state tree.
    KeyParameter = "state key parameter",
    /// The key of pledged goods in the state tree.
    KeyGoods = "state key goods",
    /// The key of a proposal in the state tree.
    KeyProposal = "state key proposal",
    /// The value of a record in the state tree.
    ValueRecord = "state value record",
    /// The value of a document reference in the state tree.
    ValueReference = "state value reference",
    /// The value of a member in the state tree.
    ValueMember = "state value member",
    /// The value of an executed statement in the state tree.
    ValueExecuted = "state value executed",
    /// The value of a protocol parameter in the state tree.
    ValueParameter = "state value parameter",
    /// The value of pledged goods in the state tree.
    ValueGoods = "state value goods",
    /// The value of a proposal in the state tree.
    ValueProposal = "state value proposal",
    /// Goods under the network's goods key.
    Goods = "goods",
    /// A statement: its DSSE pre-authentication encoding.
    Statement = "statement",
    /// A signed statement in its stored form, signatures included.
    Envelope = "signed statement",
    /// A record's name, made from the statement that issued it.
    Record = "record",
    /// A salted commitment to a document body.
    Body = "body",
    /// A document reference under its issuer's pepper.
    Reference = "reference",
    /// An issuer's pepper, as committed in the registry.
    Pepper = "pepper",
    /// The genesis file; its digest is the chain id.
    Genesis = "genesis",
    /// A member entry that the member signs for the genesis file.
    GenesisEntry = "genesis entry",
    /// One field of a header.
    HeaderField = "header field",
    /// An inner node of a header's field tree.
    HeaderNode = "header node",
    /// The ordered list of a block's signed statements.
    Payload = "payload",
    /// A validator roster.
    Roster = "roster",
    /// The protocol parameters.
    Parameters = "parameters",
    /// The evidence that a block records.
    Evidence = "evidence",
    /// Two things that nobody honest signs both.
    Offence = "offence",
    /// A consensus vote, as signed.
    Vote = "vote",
    /// A consensus proposal, as signed.
    Proposal = "proposal",
    /// A signed read request of a document body.
    Read = "read",
    /// A consensus key that is ready to vote.
    Ready = "ready",
    /// A gossip message: its topic and bytes.
    Gossip = "gossip",
}

static KEYS: LazyLock<Vec<[u8; 32]>> = LazyLock::new(|| {
    let key = |domain: &Domain| blake3::derive_key(&format!("sampan v1 {}", domain.tag()), b"");
    Domain::ALL.iter().map(key).collect()
});

impl Domain {
    /// The 32-byte key of this domain.
    #[must_use]
    pub fn key(self) -> &'static [u8; 32] {
        &KEYS[self as usize]
    }

    /// Keyed BLAKE3 of `bytes` in this domain.
    #[must_use]
    pub fn hash(self, bytes: &[u8]) -> Hash32 {
        Hash32(*blake3::keyed_hash(self.key(), bytes).as_bytes())
    }

    /// Keyed BLAKE3 of two digests, 64 bytes, one compression.
    #[must_use]
    pub fn hash_pair(self, left: &Hash32, right: &Hash32) -> Hash32 {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&left.0);
        bytes[32..].copy_from_slice(&right.0);
        self.hash(&bytes)
    }

    /// Keyed BLAKE3 of the borsh encoding of `value` (which is in memory, so it cannot fail to encode).
    #[must_use]
    pub fn hash_borsh<T: BorshSerialize>(self, value: &T) -> Hash32 {
        let mut hasher = blake3::Hasher::new_keyed(self.key());
        // Writing into a hasher returns no I/O error, and our types hold no collection beyond 2^32 items.
        let written = borsh::to_writer(&mut hasher, value);
        debug_assert!(written.is_ok());
        Hash32(*hasher.finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips_and_is_strict() {
        let hash = Domain::LogLeaf.hash(b"x");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!(hash.to_string().to_uppercase().parse::<Hash32>(), Err(NotAHash));
        assert_eq!("00".parse::<Hash32>(), Err(NotAHash));
    }

    #[test]
    fn no_two_domains_share_a_key() {
        let mut keys: Vec<_> = Domain::ALL.iter().map(|d| *d.key()).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), Domain::ALL.len());
    }

    #[test]
    fn borsh_hash_is_the_hash_of_the_encoding() {
        let value = (7u64, b"abc".to_vec());
        let bytes = borsh::to_vec(&value).expect("in memory");
        assert_eq!(Domain::Vote.hash_borsh(&value), Domain::Vote.hash(&bytes));
    }
}
