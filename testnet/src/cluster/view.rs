//! What is written down of a running network, so that people and programs can look around.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sampan_proto::ids::{ChainId, MemberId};
use sampan_proto::member::Role;
use serde::{Deserialize, Serialize};

use super::binaries::Binaries;
use super::cast;

/// The file's name in the network's directory.
pub const FILE: &str = "network.json";

/// A running network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkView {
    /// The chain id.
    pub chain: ChainId,
    /// Its genesis file: the anchor of everything that its nodes prove.
    pub genesis: PathBuf,
    /// The nodes, validators first.
    pub nodes: Vec<NodeView>,
    /// The sample members.
    pub members: Vec<MemberView>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeView {
    /// The member that runs it.
    pub name: String,
    /// Whether it votes.
    pub role: NodeRole,
    /// Its process; none while it is down.
    pub pid: Option<u32>,
    /// Its HTTP address.
    pub http: String,
    /// Its peer-to-peer address.
    pub p2p: String,
    /// Its configuration file.
    pub config: PathBuf,
    /// Its log file.
    pub log: PathBuf,
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeRole {
    /// It votes.
    Validator,
    /// It follows and answers.
    FullNode,
}

impl NodeRole {
    /// The role in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Validator => "validator",
            Self::FullNode => "full node",
        }
    }
}

/// A sample member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    /// Its handle.
    pub id: MemberId,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub roles: Vec<Role>,
    /// Its statement key: a sample, worth nothing outside this network.
    pub key: PathBuf,
}

impl NetworkView {
    /// Writes [`FILE`] into `dir`, whole or not at all.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn write(&self, dir: &Path) -> Result<PathBuf> {
        let path = dir.join(FILE);
        let mut json = serde_json::to_vec_pretty(self)?;
        json.push(b'\n');
        let draft = dir.join(".network.json.new");
        let written = std::fs::write(&draft, json).and_then(|()| std::fs::rename(&draft, &path));
        written.with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }

    /// How to look around: commands that work as they stand.
    #[must_use]
    pub fn tour(&self, binaries: &Binaries) -> String {
        let carrier = self.members.iter().find(|member| member.id.as_str() == cast::CARRIER);
        let (Some(node), Some(carrier)) = (self.nodes.first(), carrier) else { return String::new() };
        let mut lines = vec!["Look around:".to_owned()];
        for node in &self.nodes {
            lines.push(format!("  {:<14} {:<10} {}", node.name, node.role.as_str(), node.http));
        }
        let (sampan, sampand, genesis) =
            (binaries.sampan.display(), binaries.sampand.display(), self.genesis.display());
        let (key, http, to) = (carrier.key.display(), &node.http, cast::EXPORTER);
        lines.extend([
            String::new(),
            format!("  curl {http}/v1/node             one node about itself"),
            format!("  curl {http}/v1/headers/latest   the newest block and who decided it"),
            "  export SAMPAN_NODE and SAMPAN_GENESIS, and every command of `sampan` knows this network:".to_owned(),
            format!("    export SAMPAN_NODE={http} SAMPAN_GENESIS={genesis}"),
            format!("    {sampan} network"),
            format!("    {sampan} template bill-of-lading -o bl.json"),
            format!("    {sampan} issue bl.json --to {to} --key {key}"),
            format!("  the keys of all sample members are listed in {FILE}"),
            "  kill a node with `kill -9 PID`, and start it again with".to_owned(),
            format!("    {sampand} run --config {}", node.config.display()),
        ]);
        lines.join("\n")
    }
}
