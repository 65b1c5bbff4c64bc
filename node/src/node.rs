//! Wiring: open the store, build the core, start the tasks, stop them in order. One screen.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sampan_proto::genesis::{BadGenesis, Genesis};
use sampan_proto::protocol::{self, Versions};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::clock::Clock;
use crate::config::Config;
use crate::engine::{Engine, Parts, Provenance};
use crate::fault::Fatal;
use crate::identity::{Identity, KeyError};
use crate::metrics::Metrics;
use crate::net::{self, Net, NetConfig, NetEvents};
use crate::parts::Running;
use crate::space::{self, Space};
use crate::store::Store;
use crate::verify::{self, Pool};
use crate::{api, config, control, core, engine};

/// Threads of the verify pool; the engine, the swarm and HTTP have their own.
const VERIFY_THREADS: usize = 2;
/// How long a node that is told to stop waits for what its clients brought to become final.
const SETTLE: Duration = Duration::from_secs(3);
/// File name of the write-ahead log in the data directory.
const WAL_FILE: &str = "consensus.wal";

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The genesis file cannot be read.
    #[error("genesis file {path}: {source}")]
    GenesisFile {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The genesis file breaks a rule.
    #[error("genesis: {0}")]
    Genesis(#[from] BadGenesis),
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The peer-to-peer network cannot start.
    #[error("network: {0}")]
    Net(#[from] net::NetError),
    /// The HTTP address cannot be bound.
    #[error("http {address}: {source}")]
    Http {
        /// Which address.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// Store or write-ahead log cannot be used.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

impl StartError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::GenesisFile { .. } => "name the network's genesis file under `genesis` in sampand.toml".to_owned(),
            Self::Genesis(_) => "check the file with `sampand genesis check`".to_owned(),
            Self::Key(error) => error.hint(),
            Self::Net(_) => "check `network.listen` in sampand.toml: the address must be free".to_owned(),
            Self::Http { .. } => "check `http.listen` in sampand.toml: the address must be free".to_owned(),
            Self::Fatal(fault) => fault.hint().to_owned(),
        }
    }
}

/// What a node is besides its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// What the operator says about the data directory.
    pub provenance: Provenance,
    /// The protocol versions that it executes: those of this software. Tests let a node pass for older or newer software.
    pub versions: Versions,
}

impl Default for Start {
    fn default() -> Self {
        Self { provenance: Provenance::Unsaid, versions: protocol::KNOWN }
    }
}

/// A running node.
pub struct Node {
    http: SocketAddr,
    engine: tokio::task::JoinHandle<Result<(), Fatal>>,
    handle: engine::Handle,
    /// How long it says that it leaves before it does.
    farewell: Duration,
    running: Running,
    stop: CancellationToken,
    /// A node that is dropped stops too, though nobody waits for it: its engine would outlive it otherwise.
    _dropped: DropGuard,
    net: Net,
}

impl Node {
    /// Starts a node: everything that can be wrong with its files is found before it says a word.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        Self::start_from(config, Start::default()).await
    }

    /// The same, where more is to be said than the configuration does.
    pub async fn start_from(config: Config, start: Start) -> Result<Self, StartError> {
        let read = |source| StartError::GenesisFile { path: config.genesis.clone(), source };
        let genesis_bytes: Arc<[u8]> = std::fs::read(&config.genesis).map_err(read)?.into();
        let genesis = Arc::new(Genesis::from_bytes(&genesis_bytes)?);
        let identity = Identity::load(&config)?;
        let store = Store::open(&config.data_dir, &genesis, config.store.cache_mib)?;
        let tip = store.tip();
        // Before anything is opened to others.
        engine::know_the_rules(&start.versions, &tip)?;
        let mut metrics = Metrics::new(tip.roster().validators().len());
        let validator = identity.consensus.as_ref().is_some_and(|k| genesis.roster.by_key(&k.public()).is_some());
        let network = NetConfig {
            key: identity.network.clone(),
            chain: genesis.chain,
            listen: config.network.listen.clone(),
            peers: config.network.peers.clone(),
            members: net::peers_of(store.reader().members()?.iter().map(|member| &**member), tip.height.next()),
            validators: tip.roster().validators().len(),
            // Whoever may be given a seat listens before it has one.
            follow_consensus: identity.consensus.is_some(),
        };
        let (net, NetEvents { gossip, requests }) = net::start(network, metrics.registry_mut())?;
        let pool = Pool::new(store.clone(), metrics.clone(), VERIFY_THREADS)?;
        let (keeper, keep) = engine::Keeper::new(store.clone());
        let config::Snapshots { every, join_beyond } = config.snapshots;
        let snapshots = engine::Snapshots { keeper: Some(keeper), every: every.max(1), join_beyond };
        let parts = Parts {
            store: store.clone(),
            wal: config.data_dir.join(WAL_FILE),
            key: identity.consensus,
            provenance: start.provenance,
            net: net.clone(),
            pool: pool.clone(),
            mempool: core::mempool::Limits { bytes: config.mempool.bytes, per_member: config.mempool.per_member },
            metrics: metrics.clone(),
            snapshots,
            keep_blocks: (config.store.keep_blocks > 0).then_some(config.store.keep_blocks),
            versions: start.versions,
            clock: Clock::default(),
        };
        let stop = CancellationToken::new();
        let running = Running::new(stop.clone());
        // Before the engine: what it recovers may decide a block whose state is to be held.
        running.aside(keep);
        let (engine, handle, lanes) = Engine::new(parts)?;
        let address = config.http.listen;
        let bound = TcpListener::bind(address).await.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (http, listener) = bound.map_err(|source| StartError::Http { address, source })?;

        running.part("intake of gossip", verify::intake(pool.clone(), net.clone(), lanes, gossip, stop.clone()));
        running.part("answers to peers", engine::serve(store.clone(), handle.clone(), requests, stop.clone()));
        let space = Space::default();
        let (dir, reserve_mib) = (config.data_dir.clone(), config.store.reserve_mib);
        running.part("watch of the disk", space::watch(dir, reserve_mib, space.clone(), metrics.clone(), stop.clone()));
        running.part("control socket", control::serve(config.data_dir, store.clone(), stop.clone()));
        let farewell = Duration::from_secs(config.http.farewell_s);
        let state = api::State {
            store,
            pool,
            engine: handle.clone(),
            genesis,
            genesis_bytes,
            metrics,
            member: identity.member,
            validator,
            peers: net.peers(),
            space,
            gate: api::Gate::new(api::Limits {
                connections: config.http.connections_per_address,
                requests: config.http.requests_per_address,
                ..api::Limits::default()
            }),
            local_reads: config.http.local_reads,
            shares: api::Shares::new(config.http.statements_per_member),
        };
        running.part("HTTP interface", api::serve(listener, state, stop.clone()));
        let engine = run_engine(engine, stop.clone())?;
        Ok(Self { http, engine, handle, farewell, running, _dropped: stop.clone().drop_guard(), stop, net })
    }

    /// Where its HTTP interface listens.
    #[must_use]
    pub const fn http_addr(&self) -> SocketAddr {
        self.http
    }

    /// Waits until the engine stops: by itself only for a reason that must stop the node.
    pub async fn wait(&mut self) -> Result<(), Fatal> {
        let result = (&mut self.engine).await;
        self.stop.cancel();
        result.unwrap_or(Err(Fatal::Part("engine"))).and(self.running.whole())
    }

    /// Stops in order: `/readyz` says so, clients bring nothing more, what they brought becomes final, HTTP ends, the
    /// engine ends between two messages, the network drains. What is not final in time was told to the peers, and they
    /// go on with it.
    pub async fn shutdown(self) -> Result<(), Fatal> {
        let Self { engine, handle, farewell, running, stop, net, .. } = self;
        if !engine.is_finished() {
            handle.announce_leave();
            tokio::time::sleep(farewell).await;
            if tokio::time::timeout(SETTLE, handle.settle()).await.is_err() {
                tracing::warn!("stopping although not all is final that clients brought: its peers have it");
            }
        }
        // The task that holds states for newcomers ends with the last handle.
        drop(handle);
        stop.cancel();
        let result = if engine.is_finished() { Ok(Ok(())) } else { engine.await };
        running.ended().await;
        net.shutdown().await;
        result.unwrap_or(Err(Fatal::Part("engine"))).and(running.whole())
    }
}

/// The engine waits for the disk, so it has a thread of its own with a small runtime for its timers.
fn run_engine(engine: Engine, stop: CancellationToken) -> Result<tokio::task::JoinHandle<Result<(), Fatal>>, Fatal> {
    let failed = |source| Fatal::File { path: "engine runtime".into(), source };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(failed)?;
    Ok(tokio::task::spawn_blocking(move || runtime.block_on(engine.run(stop))))
}
