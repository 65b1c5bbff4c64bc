//! The genesis file: where a network begins and where every proof ends.
//!
//! Each agency and member signs its own entry offline; somebody assembles the file; its exact bytes
//! are the network. The chain id is their digest and stands outside the file, so nobody can claim one.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::hash::{Domain, Hash32};
use crate::ids::{ChainId, Height, MemberId};
use crate::json::{self, JsonError, JsonLimits};
use crate::keys::Signature;
use crate::limits;
use crate::member::{BadMember, Member, Purpose, Role};
use crate::roster::{Roster, Validator};

/// Protocol parameters. Times in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// An idle network writes an empty block this long after the last one.
    pub heartbeat_ms: u64,
    /// How long a validator waits for a proposal in round 0.
    pub propose_timeout_ms: u64,
    /// How long it waits for further prevotes once there are enough without agreement.
    pub prevote_timeout_ms: u64,
    /// How long it waits for further precommits once there are enough without agreement.
    pub precommit_timeout_ms: u64,
    /// What each further round adds to the three.
    pub timeout_delta_ms: u64,
    /// How old an anchor may be before a verifier warns: keys of old rosters may leak.
    pub trusting_period_ms: u64,
    /// How many customs agencies together freeze a record, and lift the freeze.
    pub freeze_quorum: u32,
    /// How long the recovery of a member's keys waits for its objection.
    pub recovery_wait_ms: u64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            heartbeat_ms: 10_000,
            propose_timeout_ms: 500,
            prevote_timeout_ms: 250,
            precommit_timeout_ms: 250,
            timeout_delta_ms: 250,
            trusting_period_ms: 30 * 24 * 3_600 * 1_000,
            freeze_quorum: 2,
            recovery_wait_ms: 14 * 24 * 3_600 * 1_000,
        }
    }
}

impl Parameters {
    /// Whether each is in its range.
    ///
    /// # Errors
    /// The name of one that is not: it would stop the network or make its promises empty.
    pub fn check(&self) -> Result<(), &'static str> {
        let ranges = [
            ("heartbeat_ms", self.heartbeat_ms, 100, 3_600_000),
            ("propose_timeout_ms", self.propose_timeout_ms, 10, 600_000),
            ("prevote_timeout_ms", self.prevote_timeout_ms, 10, 600_000),
            ("precommit_timeout_ms", self.precommit_timeout_ms, 10, 600_000),
            ("timeout_delta_ms", self.timeout_delta_ms, 1, 600_000),
            ("recovery_wait_ms", self.recovery_wait_ms, 1, 366 * 24 * 3_600_000),
            ("freeze_quorum", u64::from(self.freeze_quorum), 1, 100),
            ("trusting_period_ms", self.trusting_period_ms, 60_000, 10 * 366 * 24 * 3_600_000),
        ];
        match ranges.iter().find(|(_, value, low, high)| value < low || value > high) {
            Some((name, ..)) => Err(name),
            None => Ok(()),
        }
    }

    /// What headers commit to.
    #[must_use]
    pub fn hash(&self) -> Hash32 {
        Domain::Parameters.hash_borsh(self)
    }
}

/// A member's own entry, signed offline by its governance key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisEntry {
    /// What is signed.
    pub member: Member,
    /// Voting power of its validator; none when it runs no validator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power: Option<u64>,
    /// By the entry's own governance key, over the digest of the entry.
    pub signature: Signature,
}

impl GenesisEntry {
    /// The 32 bytes that the governance key signs.
    #[must_use]
    pub fn signing_digest(member: &Member, power: Option<u64>) -> Hash32 {
        Domain::GenesisEntry.hash_borsh(&(member, power))
    }

    /// Checks the member, and that its own governance key signed exactly this entry.
    pub fn check(&self) -> Result<(), BadGenesis> {
        let blame = |why| BadGenesis::Member { member: self.member.id.clone(), why };
        self.member.check().map_err(blame)?;
        let digest = Self::signing_digest(&self.member, self.power);
        let mut keys = self.member.keys_at(Purpose::Governance, Height::GENESIS);
        let signed = keys.any(|key| key.verify(&digest.0, &self.signature).is_ok());
        if signed { Ok(()) } else { Err(BadGenesis::Unsigned { member: self.member.id.clone() }) }
    }
}

/// The content of a genesis file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisFile {
    /// Version of the file format.
    pub version: u32,
    /// What people call the network.
    pub network: String,
    /// When it begins; the first block is later. Unix milliseconds.
    pub time_ms: u64,
    /// Protocol parameters.
    pub parameters: Parameters,
    /// Members in ascending order of their ids.
    pub members: Vec<GenesisEntry>,
}

/// A genesis file that has been checked, with its chain id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// Digest of the file's exact bytes.
    pub chain: ChainId,
    /// What people call the network.
    pub network: String,
    /// When it begins, in Unix milliseconds.
    pub time_ms: u64,
    /// Protocol parameters.
    pub parameters: Parameters,
    /// The founding members, in order of their ids.
    pub members: Vec<Member>,
    /// The founding roster.
    pub roster: Roster,
}

/// Why a file is no genesis.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadGenesis {
    /// Not the JSON of a genesis file.
    #[error("{path}: {detail}")]
    Json {
        /// Where.
        path: String,
        /// What.
        detail: String,
    },
    /// A format this software does not know.
    #[error("version {0} of the genesis format is not known here")]
    Version(u32),
    /// An entry that breaks a rule of the registry.
    #[error("member `{member}`: {why}")]
    Member {
        /// Whose.
        member: MemberId,
        /// Which rule.
        why: BadMember,
    },
    /// An entry that its own governance key did not sign.
    #[error("member `{member}` did not sign this entry: its governance key signs it with `sampand genesis sign`")]
    Unsigned {
        /// Whose.
        member: MemberId,
    },
    /// Entries out of order, or a member twice.
    #[error("members stand in ascending order of their ids, each once")]
    Order,
    /// A validator that is no customs agency, or has no single consensus key.
    #[error("member `{member}` cannot validate: it needs the role customs and exactly one consensus key")]
    Validator {
        /// Whose.
        member: MemberId,
    },
    /// No usable roster.
    #[error("roster: {0}")]
    Roster(#[from] crate::roster::BadRoster),
    /// A parameter that would stop the network.
    #[error("parameter {0} is out of range")]
    Parameter(&'static str),
}

impl Genesis {
    /// Reads and checks a genesis file: format, every signature, roster, parameters.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadGenesis> {
        let limits = JsonLimits { max_bytes: limits::GENESIS_BYTES, max_depth: 12, integers_only: true };
        let json = |e: JsonError| BadGenesis::Json { path: e.path, detail: e.detail };
        let file: GenesisFile = json::from_slice(bytes, &limits).map_err(json)?;
        json::expect_as_written(bytes, &file).map_err(json)?;
        Self::check(file, ChainId(Domain::Genesis.hash(bytes)))
    }

    fn check(file: GenesisFile, chain: ChainId) -> Result<Self, BadGenesis> {
        if file.version != 1 {
            return Err(BadGenesis::Version(file.version));
        }
        file.parameters.check().map_err(BadGenesis::Parameter)?;
        if !file.members.is_sorted_by(|a, b| a.member.id < b.member.id) {
            return Err(BadGenesis::Order);
        }
        let mut validators = Vec::new();
        for entry in &file.members {
            entry.check()?;
            if let Some(power) = entry.power {
                validators.push(validator(&entry.member, power)?);
            }
        }
        Ok(Self {
            chain,
            network: file.network,
            time_ms: file.time_ms,
            parameters: file.parameters,
            members: file.members.into_iter().map(|entry| entry.member).collect(),
            roster: Roster::new(validators)?,
        })
    }

    /// The digest of the parameters, as headers commit to it.
    #[must_use]
    pub fn parameters_hash(&self) -> Hash32 {
        self.parameters.hash()
    }
}

fn validator(member: &Member, power: u64) -> Result<Validator, BadGenesis> {
    let mut keys = member.keys_at(Purpose::Consensus, Height::GENESIS);
    match (member.roles.contains(&Role::Customs), keys.next(), keys.next()) {
        (true, Some(key), None) => Ok(Validator { member: member.id.clone(), key: *key, power }),
        _ => Err(BadGenesis::Validator { member: member.id.clone() }),
    }
}
