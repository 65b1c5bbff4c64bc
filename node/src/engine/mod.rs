//! The engine: owns the core, is the only loop and the only writer of the store.
//!
//! It runs on a thread of its own, so it may wait for the disk without holding anybody else up. Every
//! message enters by a bounded lane; the loop serves answers to its own requests first, then
//! consensus, then clients, then gossiped documents, for a decision frees more than it costs.
//!
//! ```text
//!  verify ─▶ heard ──┐                      ┌─▶ wal, store
//!  peers  ─▶ fetched ┼─▶ Engine ─▶ effects ─┼─▶ net
//!  api    ─▶ command ┘   core               └─▶ head (watch)
//! ```

mod absent;
mod agree;
mod backfill;
mod candidates;
mod commit;
mod follow;
mod handle;
mod heard;
mod join;
mod judge;
mod keeper;
mod kept;
mod propose;
mod questions;
mod recover;
mod refusals;
mod serve;
mod target;
mod timers;
mod upgrade;
mod voice;
mod window;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sampan_proto::ids::{ChainId, Height};
use sampan_proto::keys::{PublicKey, SecretKey};
use sampan_proto::limits;
use sampan_proto::protocol::Versions;
use sampan_proto::reject::{Code, Reject};
use sampan_proto::wire::{DocsMessage, Response};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

pub use handle::{CheckedBlock, Command, Fetched, Handle, Heard, Waiting};
pub use heard::HeardProposal;
pub use keeper::Keeper;
pub use kept::Kept;
pub use serve::{answer, serve};
pub use upgrade::know_the_rules;
pub use voice::Provenance;

use crate::clock::Clock;
use crate::core::Document;
use crate::core::consensus::Consensus;
use crate::core::ledger::{Admitted, At, Overlay, Tip, judge};
use crate::core::mempool::{self, Mempool};
use crate::fault::Fatal;
use crate::metrics::Metrics;
use crate::net::{Net, Publication};
use crate::store::Store;
use crate::store::wal::Wal;
use crate::verify::Pool;
use candidates::Candidates;
use follow::Follower;
use join::Joining;
use refusals::Refusals;
use timers::{Alarm, Timers};
use voice::Seat;

/// Consensus messages waiting for the engine.
const CONSENSUS_LANE: usize = 4_096;
/// Batches of gossiped documents waiting for the engine.
const DOCUMENTS_LANE: usize = 256;
/// Answers of peers waiting for the engine.
const FETCHED_LANE: usize = 64;
/// Requests of the API and of peers waiting for the engine.
const COMMAND_LANE: usize = 512;
/// Commands served in one turn before the documents they brought are gossiped.
const COMMANDS_A_TURN: usize = 32;

/// The part that only a validator that votes has.
struct Validator {
    consensus: Consensus,
    wal: Wal,
    key: PublicKey,
    /// Whether the height after the tip has begun.
    running: bool,
    /// A proposal that is due as soon as there is something to propose: round of the next height.
    owed: Option<u32>,
}

/// Whether the node is about to stop. From the moment it is asked on it takes nothing more from clients.
enum Leave {
    Stay,
    /// Tell when nothing waits any more that clients brought.
    Asked(oneshot::Sender<()>),
    Settled,
}

/// Sending ends of the lanes that the verify pool fills.
#[derive(Clone, Debug)]
pub struct Lanes {
    /// Votes, proposals, announcements.
    pub consensus: mpsc::Sender<Heard>,
    /// Gossiped documents.
    pub documents: mpsc::Sender<Heard>,
}

/// Receiving ends of all lanes.
struct Inbox {
    consensus: mpsc::Receiver<Heard>,
    documents: mpsc::Receiver<Heard>,
    fetched: mpsc::Receiver<Fetched>,
    commands: mpsc::Receiver<Command>,
}

/// Owner of the core.
pub struct Engine {
    chain: ChainId,
    clock: Clock,
    store: Store,
    net: Net,
    metrics: Metrics,
    /// This node's consensus key, if it has one: its place in the roster, now or one day.
    seat: Option<Seat>,
    validator: Option<Validator>,
    tip: Tip,
    mempool: Mempool,
    candidates: Candidates,
    heard: heard::Heard,
    follower: Follower,
    refusals: Refusals,
    timers: Timers,
    heartbeat_due: bool,
    outbox: Vec<Arc<Document>>,
    head: watch::Sender<Tip>,
    kept: Arc<Mutex<Kept>>,
    voting: Arc<AtomicBool>,
    joining: Joining,
    joins: Arc<AtomicBool>,
    snapshots: Snapshots,
    /// Blocks whose contents are kept; none: all, and those from before a state that was taken over are fetched.
    keep_blocks: Option<u64>,
    versions: Versions,
    leave: Leave,
    inbox: Option<Inbox>,
}

/// What an engine is made of.
pub struct Parts {
    /// Where blocks are kept.
    pub store: Store,
    /// The write-ahead log's path.
    pub wal: std::path::PathBuf,
    /// This node's consensus key; it votes if the roster lists it.
    pub key: Option<SecretKey>,
    /// Where the store and the log come from.
    pub provenance: Provenance,
    /// The peers.
    pub net: Net,
    /// Checks what peers answer.
    pub pool: Pool,
    /// How much the mempool holds.
    pub mempool: mempool::Limits,
    /// Counters.
    pub metrics: Metrics,
    /// States for newcomers, and from newcomers' side.
    pub snapshots: Snapshots,
    /// So many blocks are kept with their contents; none: all of them, also those from before a state that was taken
    /// over.
    pub keep_blocks: Option<u64>,
    /// The protocol versions that this software executes.
    pub versions: Versions,
    /// The time of day.
    pub clock: Clock,
}

/// How states are handed over and taken over.
#[derive(Clone)]
pub struct Snapshots {
    /// Holds states for newcomers; none hands nothing over.
    pub keeper: Option<Keeper>,
    /// Every so many blocks a state is held.
    pub every: u64,
    /// A new node that is more blocks than that behind takes a state over.
    pub join_beyond: u64,
}

impl Engine {
    /// Puts an engine together and recovers what a crash interrupted.
    pub fn new(parts: Parts) -> Result<(Self, Handle, Lanes), Fatal> {
        let Parts { store, wal, key, provenance, net, pool, mempool, metrics, snapshots, keep_blocks, versions, clock } =
            parts;
        let tip = store.tip();
        let (consensus_tx, consensus) = mpsc::channel(CONSENSUS_LANE);
        let (documents_tx, documents) = mpsc::channel(DOCUMENTS_LANE);
        let (fetched_tx, fetched) = mpsc::channel(FETCHED_LANE);
        let (command_tx, commands) = mpsc::channel(COMMAND_LANE);
        let (head, head_rx) = watch::channel(tip.clone());
        let kept = Arc::<Mutex<Kept>>::default();
        let voting = Arc::new(AtomicBool::new(false));
        let joins = Arc::new(AtomicBool::new(false));
        let handle = Handle {
            commands: command_tx,
            head: head_rx,
            kept: Arc::clone(&kept),
            voting: Arc::clone(&voting),
            joining: Arc::clone(&joins),
            keeper: snapshots.keeper.clone(),
            versions,
            leaving: Arc::default(),
        };
        let mut engine = Self {
            follower: Follower::new(net.clone(), pool, fetched_tx),
            timers: Timers::default(),
            chain: store.chain(),
            store,
            net,
            metrics,
            seat: key.map(|key| Seat::new(key, wal, clock.now_ms())),
            clock,
            validator: None,
            tip,
            mempool: Mempool::new(mempool),
            candidates: Candidates::default(),
            heard: heard::Heard::default(),
            refusals: Refusals::default(),
            heartbeat_due: false,
            outbox: Vec::new(),
            head,
            kept,
            voting,
            joining: Joining::default(),
            joins,
            snapshots,
            keep_blocks,
            versions,
            leave: Leave::Stay,
            inbox: Some(Inbox { consensus, documents, fetched, commands }),
        };
        engine.know_the_rules()?;
        engine.tell_of_upgrade();
        engine.take_seat(provenance)?;
        engine.metrics.set_height(engine.tip.height);
        engine.know_the_members()?;
        engine.tell_what_it_holds()?;
        engine.metrics.set_evidence(engine.store.reader().offences()?.len());
        Ok((engine, handle, Lanes { consensus: consensus_tx, documents: documents_tx }))
    }

    /// Runs until cancelled. Whatever is running then is in the write-ahead log: a stop is a gentle crash.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), Fatal> {
        // `new` put the inbox there and only this function takes it.
        let Some(mut inbox) = self.inbox.take() else { return Ok(()) };
        self.timers.set(Alarm::Heartbeat, self.heartbeat());
        self.timers.set(Alarm::Patrol, follow::PATROL);
        self.hold_state(self.tip.height > Height::GENESIS);
        loop {
            self.flush_outbox();
            self.pay_what_is_owed()?;
            self.start_if_due()?;
            self.publish_gauges(&inbox);
            self.let_go_if_settled();
            let due = self.timers.next();
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                Some(fetched) = inbox.fetched.recv() => self.on_fetched(fetched)?,
                Some(heard) = inbox.consensus.recv() => self.on_heard(heard)?,
                // An alarm is always set: the patrol sets itself again.
                () = tokio::time::sleep_until(due.unwrap_or_else(tokio::time::Instant::now)) => self.on_alarms()?,
                Some(command) = inbox.commands.recv() => {
                    self.on_command(command)?;
                    for _ in 1..COMMANDS_A_TURN {
                        let Ok(command) = inbox.commands.try_recv() else { break };
                        self.on_command(command)?;
                    }
                }
                Some(heard) = inbox.documents.recv() => self.on_heard(heard)?,
                else => return Ok(()),
            }
        }
    }

    fn heartbeat(&self) -> std::time::Duration {
        std::time::Duration::from_millis(self.tip.parameters().heartbeat_ms)
    }

    /// The height being agreed on, or to be agreed on next.
    const fn next_height(&self) -> Height {
        self.tip.height.next()
    }

    /// When a statement admitted now would be executed at the earliest.
    fn next_at(&self) -> At<'_> {
        At {
            height: self.next_height(),
            time_ms: self.clock.now_ms().max(self.tip.time_ms + 1),
            in_force: &self.tip.in_force,
        }
    }

    fn on_command(&mut self, command: Command) -> Result<(), Fatal> {
        match command {
            Command::Submit(documents, reply) if self.is_taking_over() => {
                let wait = || Reject::new(Code::NotReady, "$", "the node is taking over the state");
                let _ = reply.send(documents.iter().map(|_| Err(wait())).collect());
            }
            Command::Submit(documents, reply) if !matches!(self.leave, Leave::Stay) => {
                let _ = reply.send(documents.iter().map(|_| Err(handle::stopping())).collect());
            }
            Command::Submit(documents, reply) => {
                let mut answers = Vec::with_capacity(documents.len());
                for admitted in documents {
                    answers.push(self.take_in(&admitted, true)?);
                }
                // The client may be gone; its documents are in all the same.
                let _ = reply.send(answers);
            }
            Command::Accuse(offences) => offences.iter().try_for_each(|offence| self.accuse(offence))?,
            Command::Waiting(statement, reply) => {
                let waiting = match self.mempool.by_statement(&statement) {
                    Some(document) => Waiting::Pending { not_after_ms: document.statement().statement().not_after_ms },
                    None => match self.refusals.get(&statement) {
                        Some((reject, obstacle)) => Waiting::Dropped(reject, obstacle),
                        None => Waiting::Unknown,
                    },
                };
                let _ = reply.send(waiting);
            }
            Command::Documents(ids, reply) => {
                let _ = reply.send(serve::page_of(ids.iter().filter_map(|id| self.mempool.get(id))));
            }
            Command::RoundState(height, reply) => {
                let _ = reply.send(Response::Round(self.heard.round_state(height)));
            }
            Command::Settle(settled) => self.leave = Leave::Asked(settled),
        }
        Ok(())
    }

    /// Takes a document into the mempool; judged again when blocks were decided since its admission.
    fn take_in(&mut self, admitted: &Admitted, own: bool) -> Result<Result<(), Reject>, Fatal> {
        let document = admitted.document();
        if admitted.judged_for() != self.next_height() {
            let reader = self.store.reader();
            if let Err(reject) = judge(&Overlay::new(&reader), document.statement(), self.next_at())? {
                let offence = reader.offence_of(document.statement())?;
                drop(reader);
                offence.map_or(Ok(()), |offence| self.accuse(&offence))?;
                return Ok(Err(reject));
            }
        }
        match self.mempool.insert(admitted, own) {
            Err(reject) => return Ok(Err(reject)),
            Ok(true) if own => self.outbox.push(Arc::clone(document)),
            Ok(_) => {}
        }
        Ok(Ok(()))
    }

    /// Gossips what clients brought, in messages as full as they may be. Large documents are only offered:
    /// whoever wants one asks for it, so that it does not travel the mesh in copies.
    fn flush_outbox(&mut self) {
        const ROOM: usize = limits::DOCS_MESSAGE_BYTES - 32 * limits::OFFERS - 1_024;
        let mut message = DocsMessage { documents: Vec::new(), offered: Vec::new() };
        let mut size = 0;
        for document in self.outbox.drain(..) {
            let is_large = document.body().is_some_and(|body| body.bytes.len() > limits::GOSSIPED_BODY_BYTES);
            let room = if is_large { 0 } else { document.size() };
            if size + room > ROOM || message.offered.len() == limits::OFFERS {
                let full = std::mem::replace(&mut message, DocsMessage { documents: Vec::new(), offered: Vec::new() });
                self.net.publish(Publication::Documents(full));
                size = 0;
            }
            size += room;
            if is_large {
                message.offered.push(document.statement().envelope());
            } else {
                message.documents.push(document.to_wire());
            }
        }
        if !(message.documents.is_empty() && message.offered.is_empty()) {
            self.net.publish(Publication::Documents(message));
        }
    }

    /// Lets a node that is about to stop go once nothing waits any more that its clients brought.
    fn let_go_if_settled(&mut self) {
        if self.mempool.own() > 0 || !matches!(self.leave, Leave::Asked(_)) {
            return;
        }
        if let Leave::Asked(settled) = std::mem::replace(&mut self.leave, Leave::Settled) {
            // Whoever asked may have lost its patience.
            let _ = settled.send(());
        }
    }

    fn tell_whether_it_joins(&self) {
        self.joins.store(self.is_taking_over(), Ordering::Relaxed);
    }

    /// Holds the state after the tip for newcomers.
    fn hold_state(&self, due: bool) {
        if let Some(keeper) = self.snapshots.keeper.as_ref().filter(|_| due) {
            keeper.hold();
        }
    }

    fn tell_whether_it_votes(&self) {
        let votes = self.validator.is_some();
        self.voting.store(votes, Ordering::Relaxed);
        self.metrics.set_voting(votes);
    }

    fn publish_gauges(&self, inbox: &Inbox) {
        self.metrics.set_lane_depth("consensus", inbox.consensus.len());
        self.metrics.set_lane_depth("documents", inbox.documents.len());
        self.metrics.set_lane_depth("fetched", inbox.fetched.len());
        self.metrics.set_lane_depth("commands", inbox.commands.len());
        self.metrics.set_lag(self.follower.target.lag(self.tip.height));
        let kept = self.keeps();
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        // What waits in the mempool has metrics of its own.
        self.metrics.set_kept(&kept.each()[1..]);
        self.metrics.set_mempool(self.mempool.len(), self.mempool.bytes());
    }
}
