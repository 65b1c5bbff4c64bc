//! Making a network in code: members with their keys, a genesis file, a node's directory. `sampand init`,
//! `sampand dev` and the test networks build on it.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use libp2p::PeerId;
use sampan_proto::body::pepper_commitment;
use sampan_proto::genesis::{BadGenesis, Genesis, GenesisEntry, GenesisFile, Parameters};
use sampan_proto::ids::MemberId;
use sampan_proto::keyfile::KeyFile;
use sampan_proto::keys::SecretKey;
use sampan_proto::member::{BadMember, Country, Member, MemberKey, Purpose, Role, Standing};

use crate::config::Config;
use crate::identity::{self, KeyError};
use crate::net;

/// File name of a node's configuration.
pub const CONFIG_FILE: &str = "sampand.toml";
/// File name of a member's signed entry for the genesis file.
pub const ENTRY_FILE: &str = "entry.json";
/// File name of a genesis file.
pub const GENESIS_FILE: &str = "genesis.json";
/// File name of the key that names a node on the network.
pub const NETWORK_KEY: &str = "network.key.json";
/// File name of the key that a validator votes with.
pub const CONSENSUS_KEY: &str = "consensus.key.json";
/// File name of the key that signs statements.
pub const STATEMENT_KEY: &str = "statement.key.json";
/// File name of the key that signs admissions.
pub const GOVERNANCE_KEY: &str = "governance.key.json";

/// A member to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberPlan {
    /// Its handle.
    pub id: MemberId,
    /// Its name.
    pub name: String,
    /// Its country.
    pub country: Country,
    /// What it may do.
    pub roles: BTreeSet<Role>,
    /// Voting power of its validator; none when it runs no validator.
    pub power: Option<u64>,
}

/// A member that was made: its entry for the genesis file, and where its keys are.
#[derive(Clone, Debug)]
pub struct CreatedMember {
    /// What the genesis file takes in.
    pub entry: GenesisEntry,
    /// Its directory.
    pub dir: PathBuf,
    /// Its node's key file.
    pub network_key: PathBuf,
    /// Its key file for admissions.
    pub governance_key: PathBuf,
    /// Its key file for statements, with the pepper when it issues documents.
    pub statement_key: PathBuf,
    /// Its validator's key file; every customs agency has one, for it may be given a seat one day.
    pub consensus_key: Option<PathBuf>,
    /// Its node's name on the network.
    pub peer_id: PeerId,
}

/// Why a member or a network was not made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A key could not be made or written.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The plan breaks a rule of the registry.
    #[error("member `{member}`: {why}")]
    Member {
        /// Whose plan.
        member: MemberId,
        /// Which rule.
        why: BadMember,
    },
    /// Only a customs agency validates.
    #[error("member `{0}` cannot validate: only a customs agency does")]
    Validator(MemberId),
    /// The entries make no genesis.
    #[error("genesis: {0}")]
    Genesis(#[from] BadGenesis),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

impl SetupError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Key(error) => error.hint(),
            Self::Member { .. } => "correct the name, the country or the roles".to_owned(),
            Self::Validator(_) => "add the role customs, or leave --validator out".to_owned(),
            Self::Genesis(BadGenesis::Order) => "give each member's entry once".to_owned(),
            Self::Genesis(BadGenesis::Roster(_)) => "at least one member must run a validator".to_owned(),
            Self::Genesis(_) => "ask the member named for a new entry.json, made by `sampand init`".to_owned(),
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::AlreadyExists => {
                "choose another place, or move the old file away first".to_owned()
            }
            Self::File { .. } => "check the path and its permissions".to_owned(),
        }
    }
}

/// The keys of a member being made.
struct Keys {
    network: SecretKey,
    governance: SecretKey,
    statement: SecretKey,
    consensus: Option<SecretKey>,
    pepper: Option<[u8; 32]>,
}

/// Makes a member in `dir`: network, governance and statement key, a pepper if it issues documents, a
/// consensus key if it is a customs agency, and its signed `entry.json`. Overwrites nothing.
pub fn create_member(dir: &Path, plan: &MemberPlan) -> Result<CreatedMember, SetupError> {
    let keys = generate(plan)?;
    let entry = entry(plan, &keys)?;
    create_dir(dir)?;
    let write = |name: &str, purpose, secret: &SecretKey, pepper| {
        let path = dir.join(name);
        let key = KeyFile { member: Some(plan.id.clone()), purpose, secret: secret.clone(), pepper };
        identity::create(&path, &key).map(|()| path)
    };
    let created = CreatedMember {
        network_key: write(NETWORK_KEY, Purpose::Network, &keys.network, None)?,
        governance_key: write(GOVERNANCE_KEY, Purpose::Governance, &keys.governance, None)?,
        statement_key: write(STATEMENT_KEY, Purpose::Statement, &keys.statement, keys.pepper)?,
        consensus_key: match &keys.consensus {
            Some(key) => Some(write(CONSENSUS_KEY, Purpose::Consensus, key, None)?),
            None => None,
        },
        peer_id: net::peer_id(&keys.network.public()),
        dir: dir.to_owned(),
        entry,
    };
    write_new(&dir.join(ENTRY_FILE), &json(&created.entry))?;
    Ok(created)
}

fn generate(plan: &MemberPlan) -> Result<Keys, SetupError> {
    let issues = plan.roles.contains(&Role::Carrier) || plan.roles.contains(&Role::IssuingAuthority);
    Ok(Keys {
        network: identity::generate()?,
        governance: identity::generate()?,
        statement: identity::generate()?,
        consensus: plan.roles.contains(&Role::Customs).then(identity::generate).transpose()?,
        pepper: issues.then(identity::random).transpose()?,
    })
}

fn entry(plan: &MemberPlan, keys: &Keys) -> Result<GenesisEntry, SetupError> {
    if plan.power.is_some() && !plan.roles.contains(&Role::Customs) {
        return Err(SetupError::Validator(plan.id.clone()));
    }
    let listed = |purpose, key: &SecretKey| MemberKey::from_genesis(purpose, key.public());
    let mut list = vec![
        listed(Purpose::Network, &keys.network),
        listed(Purpose::Governance, &keys.governance),
        listed(Purpose::Statement, &keys.statement),
    ];
    list.extend(keys.consensus.as_ref().map(|key| listed(Purpose::Consensus, key)));
    let member = Member {
        id: plan.id.clone(),
        name: plan.name.clone(),
        country: plan.country,
        roles: plan.roles.clone(),
        standing: Standing::Active,
        keys: list,
        pepper: keys.pepper.as_ref().map(pepper_commitment),
    };
    member.check().map_err(|why| SetupError::Member { member: plan.id.clone(), why })?;
    let signature = keys.governance.sign(GenesisEntry::signing_digest(&member, plan.power).as_bytes());
    Ok(GenesisEntry { member, power: plan.power, signature })
}

/// Assembles a genesis file from signed entries in any order: its exact bytes, and what they say.
pub fn assemble(
    network: &str,
    parameters: Parameters,
    mut entries: Vec<GenesisEntry>,
    time_ms: u64,
) -> Result<(Vec<u8>, Genesis), BadGenesis> {
    entries.sort_by(|a, b| a.member.id.cmp(&b.member.id));
    let file = GenesisFile { version: 1, network: network.to_owned(), time_ms, parameters, members: entries };
    let bytes = json(&file);
    let genesis = Genesis::from_bytes(&bytes)?;
    Ok((bytes, genesis))
}

/// Writes `config` as a new, commented file; its paths should be relative to the file.
pub fn write_config(path: &Path, config: &Config) -> Result<(), SetupError> {
    write_new(path, config.to_toml().as_bytes())
}

/// Writes a file that must not exist yet.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), SetupError> {
    let fault = |source| SetupError::File { path: path.to_owned(), source };
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(fault)?;
    file.write_all(bytes).map_err(fault)?;
    file.sync_all().map_err(fault)
}

/// Makes a directory and those above it.
pub fn create_dir(path: &Path) -> Result<(), SetupError> {
    std::fs::create_dir_all(path).map_err(|source| SetupError::File { path: path.to_owned(), source })
}

fn json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    // Structs of strings and numbers always have a JSON form.
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests;
