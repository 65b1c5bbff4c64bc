//! A machine: a node's engine with its store and log on a disk that may fail, started and ended as a process is.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sampan_node::clock::Clock;
use sampan_node::core::mempool;
use sampan_node::engine::{self, Engine, Handle, Keeper, Parts, Provenance, Snapshots};
use sampan_node::fault::Fatal;
use sampan_node::metrics::Metrics;
use sampan_node::net::{self, Line, Net, NetEvents};
use sampan_node::store::{Disk, Durable, Floor, Hazard, Store};
use sampan_node::verify::{self, Pool};
use sampan_proto::genesis::Genesis;
use sampan_proto::ids::Height;
use sampan_proto::member::Purpose;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::cast;
use super::script::CrashAt;

/// A disk's cache in a simulation, in MiB: runs are short.
const CACHE_MIB: usize = 1;

/// What may wait at a node.
pub(super) const MEMPOOL: mempool::Limits = mempool::Limits { bytes: 1 << 24, per_member: 1_000 };

/// How states are held and taken over where somebody comes late: often and soon, for runs are short.
const STATES: (u64, u64) = (2, 3);

/// What a machine's disk does next.
#[derive(Debug, Default)]
pub(super) struct Faults {
    log: PathBuf,
    plan: Mutex<Option<(CrashAt, u64)>>,
    full: AtomicBool,
    /// Something failed since the process began: it may end for that.
    struck: AtomicBool,
    /// Length of the log before the write under way.
    length: AtomicU64,
}

impl Faults {
    pub(super) fn crash(&self, at: CrashAt, writes: u64) {
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, writes.max(1)));
    }

    pub(super) fn fill(&self) {
        self.full.store(true, Ordering::Relaxed);
    }

    /// Nothing will go wrong.
    pub(super) fn clear(&self) {
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.full.store(false, Ordering::Relaxed);
    }

    /// A process begins, with room on its disk. A crash that is due may meet it in its first writes.
    fn begin(&self) {
        self.full.store(false, Ordering::Relaxed);
        self.struck.store(false, Ordering::Relaxed);
    }

    fn died(&self) -> std::io::Error {
        self.struck.store(true, Ordering::Relaxed);
        // It dies once; whoever starts it again has a machine that works.
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = None;
        std::io::Error::other("the machine died")
    }

    /// Whether a process that ended had a reason to.
    pub(super) fn struck(&self) -> bool {
        self.struck.load(Ordering::Relaxed)
    }

    /// Counts a write; whether the machine dies at this one, before or after its bytes are on the disk.
    fn dies(&self, before: bool) -> Option<CrashAt> {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, left) = plan.as_mut()?;
        if before {
            *left = left.saturating_sub(1);
        }
        let here = *left == 0 && before == (*at == CrashAt::Before);
        here.then_some(*at)
    }

    fn log_length(&self) -> u64 {
        std::fs::metadata(&self.log).map_or(0, |file| file.len())
    }

    /// Leaves a part of what was appended last, as a write that the power failed in.
    fn tear(&self) -> std::io::Result<()> {
        let (before, after) = (self.length.load(Ordering::Relaxed), self.log_length());
        // A log takes its name when its header is synced: there is no half of that.
        if before > 0 && after > before {
            let file = std::fs::OpenOptions::new().write(true).open(&self.log)?;
            file.set_len(before + (after - before) / 2)?;
        }
        Ok(())
    }
}

impl Hazard for Faults {
    fn before(&self, what: Durable) -> std::io::Result<()> {
        if self.full.load(Ordering::Relaxed) {
            self.struck.store(true, Ordering::Relaxed);
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        if what == Durable::Log {
            self.length.store(self.log_length(), Ordering::Relaxed);
        }
        self.dies(true).map_or(Ok(()), |_| Err(self.died()))
    }

    fn after(&self, what: Durable) -> std::io::Result<()> {
        match self.dies(false) {
            Some(CrashAt::Torn) if what == Durable::Log => self.tear().and_then(|()| Err(self.died())),
            Some(_) => Err(self.died()),
            None => Ok(()),
        }
    }
}

/// A process that runs.
pub(super) struct Process {
    pub(super) store: Store,
    pub(super) pool: Pool,
    pub(super) engine: Handle,
    pub(super) line: Line,
    pub(super) net: Net,
    pub(super) metrics: Metrics,
    running: JoinHandle<Result<(), Fatal>>,
    tasks: Vec<JoinHandle<()>>,
    /// Holds states, if the network has any use for them.
    keeping: Option<std::thread::JoinHandle<()>>,
    stop: CancellationToken,
}

/// A machine, whether its process runs or not.
pub(super) struct Machine {
    /// Whose keys it has: its own, but for a twin.
    identity: usize,
    dir: PathBuf,
    genesis: Arc<Genesis>,
    /// Whether it holds states for those who come late, and takes one over if it does.
    holds: bool,
    /// Whether it ever took a state over instead of executing what led to it. The floor tells as long as the past is not
    /// filled in.
    pub(super) joined: bool,
    pub(super) clock: Clock,
    pub(super) faults: Arc<Faults>,
    pub(super) process: Option<Process>,
}

impl Machine {
    pub(super) fn new(number: usize, identity: usize, dir: &Path, genesis: &Arc<Genesis>, holds: bool) -> Self {
        let dir = dir.join(number.to_string());
        let faults = Faults { log: dir.join("consensus.wal"), ..Faults::default() };
        Self {
            identity,
            dir,
            genesis: Arc::clone(genesis),
            holds,
            joined: false,
            clock: Clock::simulated(cast::BEGIN_MS + 1),
            faults: Arc::new(faults),
            process: None,
        }
    }

    /// Starts it. `forgetful`: it has lost its write-ahead log and votes all the same, as no honest operator does.
    ///
    /// # Errors
    /// Why it does not start.
    pub(super) async fn start(&mut self, forgetful: bool) -> Result<(), Fatal> {
        self.faults.begin();
        let store = self.open().await?;
        let (network, consensus) = (cast::key(&cast::agency(self.identity), Purpose::Network), self.consensus());
        let (net, NetEvents { gossip, requests }, line) = net::line(net::peer_id(&network.public()), true);
        let metrics = Metrics::new(self.genesis.roster.validators().len());
        let pool = Pool::inline(store.clone(), metrics.clone(), self.clock.clone());
        let provenance = if forgetful {
            // What it has said is lost; that there is nothing is no reason not to start.
            let _ = std::fs::remove_file(&self.faults.log);
            Provenance::Vouched
        } else {
            Provenance::Unsaid
        };
        let (snapshots, keeping) = self.states(&store);
        let parts = Parts {
            store: store.clone(),
            wal: self.faults.log.clone(),
            key: Some(consensus),
            provenance,
            net: net.clone(),
            pool: pool.clone(),
            mempool: MEMPOOL,
            metrics: metrics.clone(),
            snapshots,
            keep_blocks: None,
            versions: sampan_proto::protocol::KNOWN,
            clock: self.clock.clone(),
        };
        let (engine, handle, lanes) = Engine::new(parts)?;
        let stop = CancellationToken::new();
        let intake = tokio::spawn(verify::intake(pool.clone(), net.clone(), lanes, gossip, stop.clone()));
        let serve = tokio::spawn(serve(store.clone(), handle.clone(), requests));
        let running = tokio::spawn(engine.run(stop.clone()));
        let tasks = vec![intake, serve];
        self.process = Some(Process { store, pool, engine: handle, line, net, metrics, running, tasks, keeping, stop });
        Ok(())
    }

    /// What holds states and when; the thread ends with the last who can ask it.
    fn states(&self, store: &Store) -> (Snapshots, Option<std::thread::JoinHandle<()>>) {
        if !self.holds {
            return (Snapshots { keeper: None, every: u64::MAX, join_beyond: u64::MAX }, None);
        }
        let ((keeper, keep), (every, join_beyond)) = (Keeper::new(store.clone()), STATES);
        (Snapshots { keeper: Some(keeper), every, join_beyond }, Some(std::thread::spawn(keep)))
    }

    fn consensus(&self) -> sampan_proto::keys::SecretKey {
        cast::key(&cast::agency(self.identity), Purpose::Consensus)
    }

    /// The last process may hold the database for a few turns of the runtime more, and tidy its files meanwhile.
    async fn open(&self) -> Result<Store, Fatal> {
        let open = || Store::open_on(Disk::with(self.faults.clone()), &self.dir, &self.genesis, CACHE_MIB);
        for _ in 0..1_000 {
            match open() {
                Err(Fatal::RunningTwice(_) | Fatal::Database(_)) => tokio::task::yield_now().await,
                opened => return opened,
            }
        }
        open()
    }

    /// Ends its process without a word, wherever it is.
    pub(super) async fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            // Nothing that it would have said.
            let _ = process.end().await;
        }
    }

    /// Whether its operator would see that validators sign two things.
    pub(super) fn has_raised_the_alarm(&self) -> bool {
        let calm = |process: &Process| process.metrics.encode().contains("sampan_equivocations_total 0");
        self.process.as_ref().is_some_and(|process| !calm(process))
    }

    /// Whether it holds nothing and the network is so far ahead that it looks for a state, silent if it heard its own key.
    pub(super) fn is_left_behind(&self, top: Height) -> bool {
        let is_new = |process: &Process| process.store.tip().height == Height::GENESIS;
        self.holds && top.0 > STATES.1 && self.process.as_ref().is_some_and(is_new)
    }

    /// Whether the process ended by itself, and why.
    pub(super) async fn ended(&mut self) -> Option<Result<(), Fatal>> {
        let process = self.process.as_ref()?;
        self.joined |= process.floor().height > Height::GENESIS;
        if !process.running.is_finished() {
            return None;
        }
        self.process.take()?.end().await
    }
}

impl Process {
    /// Whether it votes, nothing waits to be decided, and what came before a state that it took over is here, too.
    pub(super) fn is_idle(&self) -> bool {
        self.engine.is_voting() && self.engine.mempool_len() == 0 && self.floor().height == Height::GENESIS
    }

    /// Where the history begins that it holds: at the genesis, unless it took a state over of late.
    pub(super) fn floor(&self) -> Floor {
        // A store that cannot be read stops its engine, which is looked at elsewhere.
        self.store.reader().floor().unwrap_or_default()
    }

    /// Ends it; how it ended, if it had done so by itself.
    async fn end(self) -> Option<Result<(), Fatal>> {
        let Self { store, pool, engine, line, running, tasks, keeping, stop, .. } = self;
        running.abort();
        tasks.iter().for_each(JoinHandle::abort);
        // Whoever waits for an answer of the network learns that there is none any more.
        drop(line);
        let ended = running.await.ok();
        for task in tasks {
            let _ = task.await;
        }
        stop.cancel();
        drop((store, pool, engine));
        // It has the database open until nobody can ask it any more: clients that did are told so on this thread.
        while keeping.as_ref().is_some_and(|thread| !thread.is_finished()) {
            tokio::task::yield_now().await;
        }
        ended
    }
}

/// Answers requests one after the other, on this thread.
async fn serve(store: Store, engine: Handle, mut requests: tokio::sync::mpsc::Receiver<net::InboundRequest>) {
    while let Some(net::InboundRequest { request, reply, .. }) = requests.recv().await {
        // The peer may be gone by now.
        let _ = reply.send(engine::answer(&store, &engine, request).await);
    }
}
