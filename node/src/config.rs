//! `sampand.toml`: typed, unknown keys refused, every key documented. File < environment < flags.

mod keys;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;
use serde::{Deserialize, Serialize};

use crate::api::Limits;
use keys::{KEYS, Key};
pub use keys::{Origin, variable};

/// What a node runs with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Directory of the ledger.
    pub data_dir: PathBuf,
    /// The network's genesis file.
    pub genesis: PathBuf,
    /// Key files.
    pub keys: Keys,
    /// The HTTP interface.
    pub http: Http,
    /// The peer-to-peer network.
    pub network: Network,
    /// Documents waiting for a block.
    pub mempool: Mempool,
    /// The database.
    pub store: Store,
    /// States for new nodes.
    pub snapshots: Snapshots,
    /// What the node tells its operator.
    pub log: Log,
}

/// Key files of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// Who the node is on the network.
    pub network: PathBuf,
    /// What it votes with; none on a node that only follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consensus: Option<PathBuf>,
}

/// The HTTP interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Whether this machine reads documents without a signature.
    pub local_reads: bool,
    /// Connections of one address at the same time.
    pub connections_per_address: usize,
    /// Requests of one address in a second.
    pub requests_per_address: u64,
    /// Statements of one member in a second, while the node is busy.
    pub statements_per_member: u32,
    /// Seconds between saying that it stops and stopping.
    pub farewell_s: u64,
}

/// The peer-to-peer network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Where the node listens.
    pub listen: Vec<Multiaddr>,
    /// Whom it dials.
    pub peers: Vec<Multiaddr>,
}

/// Documents waiting for a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mempool {
    /// Bytes in all.
    pub bytes: usize,
    /// Documents of one member.
    pub per_member: usize,
}

/// The database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    /// Memory for its cache, in MiB.
    pub cache_mib: usize,
    /// Room on the disk that should stay free, in MiB.
    pub reserve_mib: u64,
    /// Blocks that are kept with their contents; 0 keeps all.
    pub keep_blocks: u64,
}

/// States for new nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Snapshots {
    /// Every so many blocks the state is held for new nodes.
    pub every: u64,
    /// A new node that is more blocks than that behind takes a state over.
    pub join_beyond: u64,
}

/// What the node tells its operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// How much, by module.
    pub filter: String,
    /// For people or for machines.
    pub format: LogFormat,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: "data".into(),
            genesis: "genesis.json".into(),
            keys: Keys::default(),
            http: Http::default(),
            network: Network::default(),
            mempool: Mempool::default(),
            store: Store::default(),
            snapshots: Snapshots::default(),
            log: Log::default(),
        }
    }
}

impl Default for Keys {
    fn default() -> Self {
        Self { network: "network.key.json".into(), consensus: None }
    }
}

impl Default for Http {
    fn default() -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 8101));
        let Limits { connections, requests, .. } = Limits::default();
        Self {
            listen,
            local_reads: true,
            connections_per_address: connections,
            requests_per_address: requests,
            statements_per_member: 100,
            farewell_s: 0,
        }
    }
}

impl Default for Snapshots {
    fn default() -> Self {
        Self { every: 1_000, join_beyond: 2_000 }
    }
}

impl Default for Network {
    fn default() -> Self {
        let listen = Multiaddr::from(Ipv4Addr::LOCALHOST).with(Protocol::Tcp(9101));
        Self { listen: vec![listen], peers: Vec::new() }
    }
}

impl Default for Mempool {
    fn default() -> Self {
        Self { bytes: 64 * 1024 * 1024, per_member: 1_000 }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self { cache_mib: 64, reserve_mib: 512, keep_blocks: 0 }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::Text }
    }
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("configuration {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is no TOML, has an unknown key or a value of the wrong kind.
    #[error("configuration {path}: {detail}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Where and what.
        detail: String,
    },
    /// An environment variable or a flag that no key answers to.
    #[error("`{name}` sets no key of the configuration")]
    Unknown {
        /// Its name.
        name: String,
    },
    /// A value of the wrong kind, from wherever it came.
    #[error("{key}: {detail}")]
    Value {
        /// Which key.
        key: String,
        /// What is wrong.
        detail: String,
    },
}

impl ConfigError {
    /// What to do next.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Read { .. } => "name the file with --config; `sampand init` writes one",
            Self::File { .. } => "correct the line; `sampand config show` tells every key and its meaning",
            Self::Unknown { .. } => "correct its spelling; `sampand config show` tells every key",
            Self::Value { .. } => "correct the value; `sampand config show` tells what each key means",
        }
    }
}

/// A configuration, and where each of its values came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What the node runs with; paths are ready to use.
    pub config: Config,
    /// For each key, by its dotted name, who set it.
    pub origins: BTreeMap<&'static str, Origin>,
}

impl Config {
    /// Reads a configuration: the file (without one, the defaults), over it the environment's variables,
    /// over those `flags` (dotted key and text).
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &[(String, String)],
    ) -> Result<Loaded, ConfigError> {
        let mut table = match file {
            Some(path) => read(path)?,
            None => toml::Table::new(),
        };
        let environment: BTreeMap<String, String> = environment.into_iter().collect();
        keys::refuse_unknown(&environment, flags)?;
        let mut origins = BTreeMap::new();
        for key in KEYS {
            let flag = flags.iter().rev().find(|(name, _)| name == key.name).map(|(_, text)| text);
            let (text, origin) = match (flag, environment.get(&variable(key.name))) {
                (Some(text), _) => (Some(text), Origin::Flag),
                (None, Some(text)) => (Some(text), Origin::Environment),
                (None, None) if key.find(&table).is_some() => (None, Origin::File),
                (None, None) => (None, Origin::Default),
            };
            if let Some(text) = text {
                key.set(&mut table, text)?;
            }
            origins.insert(key.name, origin);
        }
        let config: Config = table.try_into().map_err(|e| value_error("configuration", &e))?;
        let config = config.resolved(file, &origins);
        config.check()?;
        Ok(Loaded { config, origins })
    }

    /// Paths of the file and of defaults are relative to the file, those of flags and variables to the
    /// current directory.
    fn resolved(mut self, file: Option<&Path>, origins: &BTreeMap<&'static str, Origin>) -> Self {
        let base = file.and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
        let resolve = |name: &str, path: &mut PathBuf| {
            if matches!(origins.get(name), Some(Origin::File | Origin::Default)) {
                *path = base.join(&*path);
            }
        };
        resolve("data_dir", &mut self.data_dir);
        resolve("genesis", &mut self.genesis);
        resolve("keys.network", &mut self.keys.network);
        if let Some(path) = &mut self.keys.consensus {
            resolve("keys.consensus", path);
        }
        self
    }

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |key: &str, detail: String| Err(ConfigError::Value { key: key.to_owned(), detail });
        for peer in &self.network.peers {
            if !matches!(peer.iter().last(), Some(Protocol::P2p(_))) {
                return wrong("network.peers", format!("`{peer}` does not end in /p2p/ and the peer's id"));
            }
        }
        if self.mempool.bytes < 1024 * 1024 {
            return wrong("mempool.bytes", format!("{} is too little; 1048576 at least", self.mempool.bytes));
        }
        if self.http.connections_per_address == 0 || self.http.requests_per_address == 0 {
            return wrong("http", "with 0 for an address nobody could ask anything".to_owned());
        }
        let kept = self.snapshots.every.saturating_mul(2);
        if self.store.keep_blocks > 0 && self.store.keep_blocks < kept {
            let detail =
                format!("{} is too little; 0, or {kept} at least, twice snapshots.every", self.store.keep_blocks);
            return wrong("store.keep_blocks", detail);
        }
        if self.http.statements_per_member == 0 {
            return wrong("http.statements_per_member", "with 0 no member could hand anything in".to_owned());
        }
        if self.mempool.per_member == 0 {
            return wrong("mempool.per_member", "with 0 no document could wait".to_owned());
        }
        if let Err(error) = self.log.filter.parse::<tracing_subscriber::filter::Targets>() {
            return wrong("log.filter", error.to_string());
        }
        Ok(())
    }

    /// The file that says this, with a comment for each key.
    #[must_use]
    pub fn to_toml(&self) -> String {
        keys::render(self, |_| None)
    }
}

impl Loaded {
    /// The effective configuration as TOML, with a comment for each key and where its value came from.
    #[must_use]
    pub fn show(&self) -> String {
        keys::render(&self.config, |key: &Key| {
            let origin = self.origins.get(key.name).copied().unwrap_or(Origin::Default);
            Some(origin.words(key.name))
        })
    }
}

/// Reads the file by itself first: its faults are named with their lines.
fn read(path: &Path) -> Result<toml::Table, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    let fault = |e: toml::de::Error| ConfigError::File { path: path.to_owned(), detail: e.to_string() };
    toml::from_str::<Config>(&text).map_err(fault)?;
    toml::from_str(&text).map_err(fault)
}

fn value_error(key: &str, error: &toml::de::Error) -> ConfigError {
    ConfigError::Value { key: key.to_owned(), detail: error.message().to_owned() }
}
