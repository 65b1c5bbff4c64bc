//! A network of real processes on this machine: founded by several members, started, killed, started
//! again, ended in order. It touches loopback and its own directory, and ends only what it started.

pub mod binaries;
pub mod cast;
pub mod cli;
pub mod founding;
pub mod ground;
pub mod http;
pub mod node;
pub mod person;
pub mod ports;
pub mod process;
pub mod view;
pub mod wait;
pub mod wires;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sampan_proto::api::NodeStatus;
use sampan_proto::genesis::Genesis;
use sampan_proto::ids::{ChainId, Height, MemberId};
use sampan_proto::keyfile::KeyFile;

use crate::usage::Unusable;

use binaries::Binaries;
use ground::{Ground, Place};
use node::Node;
use person::Person;
use view::NetworkView;
use wires::{Relay, Way, Wires};

/// How long a node may take until it is ready.
pub const READY: Duration = Duration::from_secs(30);
/// How long nodes may take until they agree.
pub const AGREE: Duration = Duration::from_secs(30);

/// What kind of network.
#[derive(Clone, Debug)]
pub struct Options {
    /// Validators, 1 to 11.
    pub validators: usize,
    /// Nodes that do not vote, at most 5.
    pub full_nodes: usize,
    /// Further members that issue documents, for a load.
    pub issuers: usize,
    /// Whether nodes reach each other through wires that can be cut.
    pub wired: bool,
    /// Where its nodes live.
    pub ground: Ground,
    /// A node that runs another program than all others, and which.
    pub odd: Option<(usize, PathBuf)>,
    /// Where its files go; none for a directory that vanishes with it.
    pub dir: Option<PathBuf>,
    /// The programs.
    pub binaries: Binaries,
}

impl Options {
    /// The network of the demonstration: four validators and an exporter's node.
    #[must_use]
    pub const fn new(binaries: Binaries) -> Self {
        let (ground, odd) = (Ground::Loopback, None);
        Self { validators: 4, full_nodes: 1, issuers: 0, wired: false, ground, odd, dir: None, binaries }
    }
}

/// A network. Dropping it ends its processes in order.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Node>,
    people: Vec<Person>,
    genesis: Genesis,
    genesis_path: PathBuf,
    binaries: Binaries,
    dir: PathBuf,
    temporary: Option<tempfile::TempDir>,
    /// Relays that the next start takes up.
    relays: Vec<Relay>,
    /// What is usual on them.
    usual: Way,
    wires: Option<Wires>,
}

impl Cluster {
    /// Founds a network, starts its nodes and waits until all are ready and connected.
    /// A directory that holds a network already is started again instead.
    ///
    /// # Errors
    /// When it cannot be founded or a node does not become ready; nothing is left running then.
    pub async fn start(options: &Options) -> Result<Self> {
        let mut cluster = Self::prepare(options)?;
        cluster.start_all().await?;
        Ok(cluster)
    }

    fn prepare(options: &Options) -> Result<Self> {
        let temporary = match options.dir {
            Some(_) => None,
            None => Some(tempfile::Builder::new().prefix("sampan-").tempdir()?),
        };
        let dir = options.dir.as_deref().or(temporary.as_ref().map(tempfile::TempDir::path)).unwrap_or(Path::new("."));
        std::fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
        let dir = dir.canonicalize()?;
        let binaries = options.binaries.clone();
        if dir.join(view::FILE).exists() && options.wired {
            let why =
                format!("a network is in {} already: wires are laid when one is founded, not later", dir.display());
            return Err(Unusable::because(why).into());
        }
        if dir.join(view::FILE).exists() {
            return Self::reopen(dir, binaries);
        }
        options.ground.lay(options.validators + options.full_nodes)?;
        let founded = founding::found(options, &dir)?;
        let founding::Founded { genesis, genesis_path, people, mut nodes, relays } = founded;
        if let Some((odd, program)) = &options.odd {
            let node = nodes.get_mut(*odd).with_context(|| format!("there is no node {odd}"))?;
            node.set_program(program.clone());
        }
        let (usual, wires) = (options.ground.usual(), None);
        Ok(Self { nodes, people, genesis, genesis_path, binaries, dir, temporary, relays, usual, wires })
    }

    fn reopen(dir: PathBuf, binaries: Binaries) -> Result<Self> {
        let path = dir.join(view::FILE);
        let json = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        let view: NetworkView = serde_json::from_slice(&json).with_context(|| format!("reading {}", path.display()))?;
        let genesis = read_genesis(&view.genesis)?;
        ensure!(
            genesis.chain == view.chain,
            "{} is not the genesis that {} names",
            view.genesis.display(),
            path.display()
        );
        let nodes =
            view.nodes.into_iter().map(|node| Node::new(node, Vec::new(), Place::Loopback)).collect::<Result<_>>()?;
        let people = view.members.into_iter().map(read_person).collect::<Result<_>>()?;
        let (genesis_path, relays, usual, wires) = (view.genesis, Vec::new(), Way::default(), None);
        Ok(Self { nodes, people, genesis, genesis_path, binaries, dir, temporary: None, relays, usual, wires })
    }

    async fn start_all(&mut self) -> Result<()> {
        if !self.relays.is_empty() {
            self.wires = Some(Wires::start(std::mem::take(&mut self.relays), self.usual)?);
        }
        for node in &mut self.nodes {
            node.start(&self.binaries)?;
        }
        let peers = self.nodes.len() - 1;
        for node in &mut self.nodes {
            node.ready(peers, READY).await?;
        }
        self.write_down()
    }

    /// Writes `network.json`.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn write_down(&self) -> Result<()> {
        self.view().write(&self.dir).map(drop)
    }

    /// What is written down of it.
    #[must_use]
    pub fn view(&self) -> NetworkView {
        let member = |person: &Person| view::MemberView {
            id: person.id.clone(),
            name: person.name.clone(),
            roles: person.roles.clone(),
            key: person.key_file.clone(),
        };
        NetworkView {
            chain: self.chain(),
            genesis: self.genesis_path.clone(),
            nodes: self.nodes.iter().map(|node| node.view().clone()).collect(),
            members: self.people.iter().map(member).collect(),
        }
    }

    /// The chain id.
    #[must_use]
    pub const fn chain(&self) -> ChainId {
        self.genesis.chain
    }

    /// The anchor of every proof.
    #[must_use]
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// Where the genesis file is.
    #[must_use]
    pub fn genesis_path(&self) -> &Path {
        &self.genesis_path
    }

    /// Where the network's files are.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The programs.
    #[must_use]
    pub const fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// Its nodes, validators first.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The members that act: the sample members, then the issuers of a load.
    #[must_use]
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// A member by its handle.
    ///
    /// # Errors
    /// When there is no such member.
    pub fn person(&self, id: &str) -> Result<&Person> {
        let person = self.people.iter().find(|person| person.id.as_str() == id);
        person.with_context(|| format!("no sample member `{id}`"))
    }

    /// The wires between its nodes.
    ///
    /// # Errors
    /// When it was not asked for any.
    pub fn wires(&self) -> Result<&Wires> {
        self.wires.as_ref().context("this network has no wires of ours")
    }

    /// Kills nodes with `kill -9`, all of them before it returns.
    ///
    /// # Errors
    /// When one does not run.
    pub fn kill(&mut self, which: &[usize]) -> Result<()> {
        which.iter().try_for_each(|&i| self.node_mut(i)?.kill())
    }

    /// Ends one node in order and waits until it is gone.
    ///
    /// # Errors
    /// When there is no such node, or it had to be killed.
    pub fn end(&mut self, i: usize) -> Result<()> {
        ensure!(self.node_mut(i)?.stop(), "node {i} did not end when it was asked to");
        Ok(())
    }

    /// Starts killed nodes again, without waiting for them.
    ///
    /// # Errors
    /// When one runs already or cannot be started.
    pub fn launch(&mut self, which: &[usize]) -> Result<()> {
        let binaries = self.binaries.clone();
        which.iter().try_for_each(|&i| self.node_mut(i)?.start(&binaries))
    }

    /// Starts killed nodes again and waits until they are ready and connected to everybody that runs.
    ///
    /// # Errors
    /// When one does not become ready.
    pub async fn restart(&mut self, which: &[usize]) -> Result<()> {
        self.launch(which)?;
        let peers = self.nodes.iter().filter(|node| node.is_up()).count() - 1;
        for &i in which {
            self.node_mut(i)?.ready(peers, READY).await?;
        }
        self.write_down()
    }

    /// A node.
    ///
    /// # Errors
    /// When there is none of that number.
    pub fn node(&self, i: usize) -> Result<&Node> {
        self.nodes.get(i).with_context(|| format!("there is no node {i}"))
    }

    fn node_mut(&mut self, i: usize) -> Result<&mut Node> {
        self.nodes.get_mut(i).with_context(|| format!("there is no node {i}"))
    }

    /// Nodes that ended by themselves, with their last words.
    pub fn fallen(&mut self) -> Vec<String> {
        self.nodes.iter_mut().filter_map(Node::fallen).collect()
    }

    /// Forgets a node's process if it ended by itself; its last words.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn bury(&mut self, i: usize) -> Result<Option<String>> {
        let node = self.node_mut(i)?;
        let words = node.fallen();
        node.bury();
        Ok(words)
    }

    /// Waits until every running node is at one height of at least `height`, and demands that they have
    /// one header, one log root and one state root there.
    ///
    /// # Errors
    /// When they do not come to one height in time, or disagree.
    pub async fn agreement(&self, height: Height) -> Result<NodeStatus> {
        wait::until(&format!("all nodes at one height from {height}"), AGREE, async || {
            let mut seen: Vec<(&str, NodeStatus)> = Vec::with_capacity(self.nodes.len());
            for node in self.nodes.iter().filter(|node| node.is_up()) {
                match node.api().node().await {
                    Ok(status) => seen.push((node.name(), status)),
                    Err(error) => return Ok(Err(format!("{}: {error:#}", node.name()))),
                }
            }
            let Some((_, first)) = seen.first() else { return Ok(Err("no node runs".to_owned())) };
            if seen.iter().any(|(_, status)| status.height != first.height || status.height < height) {
                let heights: Vec<_> = seen.iter().map(|(name, status)| format!("{name} {}", status.height)).collect();
                return Ok(Err(heights.join(", ")));
            }
            let roots = |status: &NodeStatus| (status.header, status.log_size, status.log_root, status.state_root);
            if let Some((name, other)) = seen.iter().find(|(_, status)| roots(status) != roots(first)) {
                let (name_1, at) = (seen[0].0, first.height);
                anyhow::bail!("at height {at} {name_1} has {:?} but {name} has {:?}", roots(first), roots(other));
            }
            Ok(Ok(first.clone()))
        })
        .await
    }

    /// Ends every process in order: those that only follow first, then the validators together.
    /// Names those that had to be killed.
    pub fn stop(&mut self) -> Vec<String> {
        let followers = |node: &Node| node.view().role == view::NodeRole::FullNode;
        let mut killed = Vec::new();
        self.nodes.iter_mut().for_each(Node::bury);
        for round in [true, false] {
            let turn = |node: &&mut Node| followers(node) == round;
            self.nodes.iter_mut().filter(turn).for_each(Node::ask_to_end);
            for node in self.nodes.iter_mut().filter(turn) {
                if !node.stop() {
                    killed.push(node.name().to_owned());
                }
            }
        }
        killed
    }

    /// Keeps the network's files when it ends, and says where they are.
    pub fn keep_files(&mut self) -> &Path {
        if let Some(temporary) = self.temporary.take() {
            let _ = temporary.keep();
        }
        &self.dir
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
        if self.temporary.is_none() {
            let _ = self.write_down();
        }
    }
}

fn read_genesis(path: &Path) -> Result<Genesis> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Genesis::from_bytes(&bytes).with_context(|| format!("{} is no genesis", path.display()))
}

fn read_person(member: view::MemberView) -> Result<Person> {
    let view::MemberView { id, name, roles, key: key_file } = member;
    let key = read_key(&key_file)?;
    Ok(Person { id, name, roles, key_file, key })
}

/// Reads a key file.
fn read_key(path: &Path) -> Result<KeyFile> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    KeyFile::from_json(&bytes).map_err(|e| anyhow::anyhow!("{}: {}: {}", path.display(), e.path, e.detail))
}

/// A handle that is known to be one.
pub(crate) fn handle(id: &str) -> Result<MemberId> {
    id.parse().with_context(|| format!("`{id}` is no handle"))
}
