//! The registry: who is a member, what it may do, and which keys speak for it, and since when.

use std::collections::BTreeSet;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::doc::check_name;
use crate::hash::{Domain, Hash32};
use crate::ids::{Height, MemberId};
use crate::keys::{BadKey, PublicKey};
use crate::limits;

/// What an organisation is on the network.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A customs agency: validates, admits, decides on origin, audits.
    Customs,
    /// A body that certifies origin (a chamber, an agency's origin desk).
    IssuingAuthority,
    /// A carrier or its agent: issues bills of lading.
    Carrier,
    /// An exporter, importer or forwarder: holds title.
    Trader,
    /// A bank: holds title and pledges.
    Bank,
    /// A member that only reads.
    Verifier,
}

impl Role {
    /// The name used in JSON, the API and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customs => "customs",
            Self::IssuingAuthority => "issuing-authority",
            Self::Carrier => "carrier",
            Self::Trader => "trader",
            Self::Bank => "bank",
            Self::Verifier => "verifier",
        }
    }
}

/// What a key may sign.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Statements: the member's daily signature.
    Statement,
    /// Votes and proposals of its validator.
    Consensus,
    /// Its nodes' identity on the peer-to-peer network.
    Network,
    /// Admissions and roster changes; kept offline.
    Governance,
}

/// A key with its validity in time, counted in heights so that every node agrees.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberKey {
    /// What it may sign.
    pub purpose: Purpose,
    /// The key.
    pub key: PublicKey,
    /// First height at which it counts.
    #[serde(default)]
    pub valid_from: Height,
    /// First height at which it no longer counts; none while it is current.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Height>,
}

/// Whether the member may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It may.
    #[default]
    Active,
    /// It may not, until it is reinstated.
    Suspended,
}

/// An organisation in the registry. State value of the `member` key space.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Its handle, never reused.
    pub id: MemberId,
    /// Its name, NFC, at most 140 characters, each of which shows.
    pub name: String,
    /// ISO 3166-1 alpha-2 country.
    pub country: Country,
    /// What it may do.
    pub roles: BTreeSet<Role>,
    /// Whether it may act now.
    #[serde(default)]
    pub standing: Standing,
    /// Its keys, retired ones included.
    pub keys: Vec<MemberKey>,
    /// The commitment to its pepper; members that issue nothing have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pepper: Option<Hash32>,
}

/// An ISO 3166-1 alpha-2 country code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize)]
pub struct Country([u8; 2]);

impl Country {
    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Both bytes are ASCII capitals by construction.
        std::str::from_utf8(&self.0).unwrap_or("ZZ")
    }
}

/// The text is not two capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a country is two capital letters (ISO 3166-1 alpha-2)")]
pub struct NotACountry;

impl std::str::FromStr for Country {
    type Err = NotACountry;
    fn from_str(text: &str) -> Result<Self, NotACountry> {
        let bytes: [u8; 2] = text.as_bytes().try_into().map_err(|_| NotACountry)?;
        if bytes.iter().all(u8::is_ascii_uppercase) { Ok(Self(bytes)) } else { Err(NotACountry) }
    }
}

impl BorshDeserialize for Country {
    fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
        let bytes = <[u8; 2]>::deserialize_reader(reader)?;
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        text.parse().map_err(|NotACountry| borsh::io::ErrorKind::InvalidData.into())
    }
}

impl std::fmt::Debug for Country {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::fmt::Display for Country {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Country {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What is wrong with a registry entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMember {
    /// The name is empty, too long, not NFC, has control or invisible characters, or imitates another.
    #[error(
        "the name must be 1 to 140 characters in Unicode NFC, without control or invisible characters, no word of \
         it in two alphabets that look alike"
    )]
    Name,
    /// Too many keys, or none.
    #[error("a member has 1 to 64 keys")]
    KeyCount,
    /// The same key twice: one key, one purpose.
    #[error("a key serves one purpose and is listed once")]
    KeyTwice,
    /// A key that proves nothing.
    #[error("key refused: {0}")]
    Key(#[from] BadKey),
    /// Without a role the member could do nothing.
    #[error("a member has at least one role")]
    NoRole,
}

impl Member {
    /// Checks the entry by itself: name, roles, keys.
    pub fn check(&self) -> Result<(), BadMember> {
        let chars = self.name.chars().count();
        let clean = check_name(&self.name).is_ok() && self.name.trim() == self.name;
        if chars == 0 || chars > limits::MEMBER_NAME_CHARS || !clean {
            return Err(BadMember::Name);
        }
        if self.roles.is_empty() {
            return Err(BadMember::NoRole);
        }
        if self.keys.is_empty() || self.keys.len() > limits::MEMBER_KEYS {
            return Err(BadMember::KeyCount);
        }
        let distinct: BTreeSet<_> = self.keys.iter().map(|k| k.key).collect();
        if distinct.len() != self.keys.len() {
            return Err(BadMember::KeyTwice);
        }
        for key in &self.keys {
            key.key.check_admissible()?;
        }
        Ok(())
    }

    /// The keys of one purpose that count at `height`.
    pub fn keys_at(&self, purpose: Purpose, height: Height) -> impl Iterator<Item = &PublicKey> {
        self.keys.iter().filter(move |k| k.purpose == purpose && k.is_valid_at(height)).map(|k| &k.key)
    }

    /// What the registry says of `key` for statements at `height`.
    #[must_use]
    pub fn statement_key(&self, key: &PublicKey, height: Height) -> KeyStanding {
        self.key_standing(Purpose::Statement, key, height)
    }

    /// What the registry says of `key` for what keys of `purpose` sign at `height`.
    #[must_use]
    pub fn key_standing(&self, purpose: Purpose, key: &PublicKey, height: Height) -> KeyStanding {
        match self.keys.iter().find(|k| k.purpose == purpose && k.key == *key) {
            None => KeyStanding::Unknown,
            Some(k) if k.is_valid_at(height) => KeyStanding::Valid,
            Some(_) => KeyStanding::Revoked,
        }
    }

    /// The state value that the member's leaf commits to.
    #[must_use]
    pub fn value_hash(&self) -> Hash32 {
        Domain::ValueMember.hash_borsh(self)
    }
}

impl MemberKey {
    /// A key of `purpose` that counts from genesis.
    #[must_use]
    pub const fn from_genesis(purpose: Purpose, key: PublicKey) -> Self {
        Self { purpose, key, valid_from: Height::GENESIS, valid_until: None }
    }

    fn is_valid_at(&self, height: Height) -> bool {
        self.valid_from <= height && self.valid_until.is_none_or(|until| height < until)
    }
}

/// How a key stands at a height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStanding {
    /// It counts.
    Valid,
    /// It did or will, but not at this height.
    Revoked,
    /// It is not this member's.
    Unknown,
}
