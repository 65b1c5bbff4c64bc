//! The table of keys: name, kind, meaning. Merging and `config show` both read it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use toml::{Table, Value};

use super::{Config, ConfigError, value_error};

/// A key of the configuration.
pub(super) struct Key {
    /// Its dotted name.
    pub(super) name: &'static str,
    /// What kind of value it takes.
    kind: Kind,
    /// What it means.
    doc: &'static str,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    /// `true` or `false`.
    Switch,
    /// In variables and flags, separated by commas.
    List,
}

const fn key(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { name, kind, doc }
}

/// Every key, in the order of the file: top level first, then section by section.
pub(super) const KEYS: &[Key] = &[
    key(
        "data_dir",
        Kind::Text,
        "Directory of the ledger: everything that the node has decided and promised. A copy of it does not vote at first.\nPaths here are relative to this file.",
    ),
    key("genesis", Kind::Text, "The network's genesis file. Compare its chain id with what the founders published."),
    key("keys.network", Kind::Text, "Key file that names this node on the network. Private: chmod 600."),
    key(
        "keys.consensus",
        Kind::Text,
        "Key file that the node votes with. Without it the node follows and does not vote.\nNever run two nodes with the same one.",
    ),
    key(
        "http.listen",
        Kind::Text,
        "Address of the HTTP interface. It speaks plain HTTP: beyond this machine, put a TLS proxy before it, and set local_reads to false.",
    ),
    key(
        "http.local_reads",
        Kind::Switch,
        "Whether whoever asks from this machine reads every document without a signature. false where a proxy on this\nmachine passes on what others ask: to the node they all are this machine.",
    ),
    key(
        "http.connections_per_address",
        Kind::Number,
        "Connections of one address at the same time; those of this machine, a TLS proxy's among them, are not counted.",
    ),
    key(
        "http.requests_per_address",
        Kind::Number,
        "Requests of one address in a second, in the long run; a batch counts as 16. This machine is not counted.",
    ),
    key(
        "http.statements_per_member",
        Kind::Number,
        "Statements of one member in a second, in the long run, while a thousand wait; before that members are not counted.",
    ),
    key(
        "http.farewell_s",
        Kind::Number,
        "How long a node that is told to stop serves on and says 503 at /readyz, in seconds: longer than a load balancer\ntakes to notice.",
    ),
    key("network.listen", Kind::List, "Where the node listens for its peers, as multiaddresses."),
    key("network.peers", Kind::List, "Peers to dial, as multiaddresses that end in /p2p/ and the peer's id."),
    key("mempool.bytes", Kind::Number, "Room for documents that wait for a block, in bytes."),
    key("mempool.per_member", Kind::Number, "How many documents of one member may wait."),
    key("store.cache_mib", Kind::Number, "Memory for the database's cache, in MiB."),
    key(
        "store.reserve_mib",
        Kind::Number,
        "Room on the disk, in MiB: with less the node takes nothing more from clients, and goes on following and voting.",
    ),
    key(
        "store.keep_blocks",
        Kind::Number,
        "So many blocks are kept with their documents, older ones are dropped; state and proofs of it stay. 0 keeps all:\nan archive, which also fetches what came before a state that it took over. At least twice `snapshots.every`.",
    ),
    key(
        "snapshots.every",
        Kind::Number,
        "Every so many blocks the state is held for nodes that join. The same number on every node lets them take it\nover from several at once.",
    ),
    key(
        "snapshots.join_beyond",
        Kind::Number,
        "A new node that is more blocks than this behind takes a state over, and fetches what came before it later.\nA very large number makes it execute everything from the first block on.",
    ),
    key(
        "log.filter",
        Kind::Text,
        "How much the node tells: error, warn, info, debug or trace; by module as in \"info,libp2p=warn\".",
    ),
    key("log.format", Kind::Text, "\"text\" for people, \"json\" for machines."),
];

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The file.
    File,
    /// A variable of the environment.
    Environment,
    /// A flag of the command line.
    Flag,
}

impl Origin {
    /// In words, for `config show`.
    pub(super) fn words(self, name: &str) -> String {
        match self {
            Self::Default => "default".to_owned(),
            Self::File => "from the file".to_owned(),
            Self::Environment => format!("from {}", variable(name)),
            Self::Flag => "from the command line".to_owned(),
        }
    }
}

/// The environment variable that sets a key: `http.listen` is `SAMPAN_HTTP_LISTEN`.
#[must_use]
pub fn variable(name: &str) -> String {
    format!("SAMPAN_{}", name.replace('.', "_").to_uppercase())
}

/// A flag that names no key is refused, and so is a variable that begins like a section of ours but names
/// none (other `SAMPAN_` variables belong to other tools).
pub(super) fn refuse_unknown(
    environment: &BTreeMap<String, String>,
    flags: &[(String, String)],
) -> Result<(), ConfigError> {
    let sections: Vec<String> =
        KEYS.iter().filter_map(|key| key.name.split_once('.')).map(|(section, _)| variable(section) + "_").collect();
    let ours = |name: &&String| sections.iter().any(|section| name.starts_with(section));
    let known = |name: &str| KEYS.iter().any(|key| variable(key.name) == name);
    let variable = environment.keys().filter(ours).find(|name| !known(name));
    let flag = flags.iter().map(|(name, _)| name).find(|name| KEYS.iter().all(|key| key.name != *name));
    match variable.or(flag) {
        Some(name) => Err(ConfigError::Unknown { name: name.clone() }),
        None => Ok(()),
    }
}

impl Key {
    /// Its value in a table.
    pub(super) fn find<'a>(&self, table: &'a Table) -> Option<&'a Value> {
        match self.name.split_once('.') {
            Some((section, key)) => table.get(section)?.as_table()?.get(key),
            None => table.get(self.name),
        }
    }

    /// Sets it to what `text` says; an empty text means its default.
    pub(super) fn set(&self, table: &mut Table, text: &str) -> Result<(), ConfigError> {
        if text.trim().is_empty() {
            if let Some((section, leaf)) = self.place(table) {
                section.remove(leaf);
            }
            return Ok(());
        }
        let value = self.value(text)?;
        // Judged alone, so that a fault is reported under this key's name.
        let mut alone = Table::new();
        if let Some((section, leaf)) = self.place(&mut alone) {
            section.insert(leaf.to_owned(), value.clone());
        }
        alone.try_into::<Config>().map_err(|e| value_error(self.name, &e))?;
        if let Some((section, leaf)) = self.place(table) {
            section.insert(leaf.to_owned(), value);
        }
        Ok(())
    }

    /// The table that holds it and its name there. None only where a section is no table, which reading
    /// the file has refused.
    fn place<'a>(&self, table: &'a mut Table) -> Option<(&'a mut Table, &'static str)> {
        match self.name.split_once('.') {
            Some((section, leaf)) => {
                let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
                section.as_table_mut().map(|section| (section, leaf))
            }
            None => Some((table, self.name)),
        }
    }

    fn value(&self, text: &str) -> Result<Value, ConfigError> {
        match self.kind {
            Kind::Text => Ok(Value::String(text.to_owned())),
            Kind::List => Ok(Value::Array(text.split(',').map(|item| Value::String(item.trim().to_owned())).collect())),
            Kind::Switch => text.trim().parse().map(Value::Boolean).map_err(|_| ConfigError::Value {
                key: self.name.to_owned(),
                detail: format!("`{text}` is neither true nor false"),
            }),
            Kind::Number => text.trim().parse().map(Value::Integer).map_err(|_| ConfigError::Value {
                key: self.name.to_owned(),
                detail: format!("`{text}` is no whole number"),
            }),
        }
    }
}

/// The configuration as a file, each key under its meaning and, where `note` says one, its origin.
pub(super) fn render(config: &Config, note: impl Fn(&Key) -> Option<String>) -> String {
    // A struct of strings, numbers and lists always has a TOML form.
    let table = Table::try_from(config).unwrap_or_default();
    // Writing to a String cannot fail.
    let mut text = String::new();
    let mut section = "";
    for key in KEYS {
        let (this, name) = key.name.split_once('.').unwrap_or(("", key.name));
        if !text.is_empty() {
            text.push('\n');
        }
        if this != section {
            section = this;
            let _ = writeln!(text, "[{section}]");
        }
        for line in key.doc.lines() {
            let _ = writeln!(text, "# {line}");
        }
        let note = note(key).map_or(String::new(), |note| format!("  # {note}"));
        let _ = match key.find(&table) {
            Some(value) => writeln!(text, "{name} = {value}{note}"),
            None => writeln!(text, "# {name} is not set{note}"),
        };
    }
    text
}
