//! The network: libp2p among registered members, and nothing that decides anything.
//!
//! ```text
//!            publish ─▶ urgent │ bulk ─┐                 ┌─▶ lanes ─▶ gossip    (verify, then `report`)
//!   node ──▶ request ─────────────────┼─▶ swarm task ───┼─▶ requests            (answer by oneshot)
//!            report  ─────────────────┘   only dispatch  └─▶ peers, listeners   (watch)
//! ```
//!
//! | File | What it holds |
//! |---|---|
//! | `behaviour` | the composed behaviour, allow-list first |
//! | `gossip`, `renamed` | the two gossipsub instances, their tuning and scoring |
//! | `lanes`, `outbox` | bounded queues: what came in, and what could not leave yet |
//! | `rpc`, `exchange` | the request protocols' codec, and their bookkeeping |
//! | `quota`, `peers` | token buckets, what a fault costs, redialling |
//! | `start`, `swarm` | the task that moves things between all of these |
//!
//! Bytes of gossip leave here undecoded: `verify` decodes and checks them on its pool, and every message ends in
//! exactly one verdict. No signature is checked and no file touched in this folder.

mod behaviour;
mod exchange;
mod gossip;
mod lanes;
mod line;
mod metrics;
mod outbox;
mod peers;
mod quota;
mod registry;
mod renamed;
mod rpc;
mod start;
mod swarm;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use libp2p::gossipsub::MessageId;
pub use libp2p::{Multiaddr, PeerId};
pub use line::{Line, Said, line};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
pub use registry::{peers_of, voters_of};
use sampan_proto::codec;
use sampan_proto::ids::{ChainId, MemberId};
use sampan_proto::keys::{PublicKey, SecretKey};
use sampan_proto::wire::{Announcement, ConsensusMessage, DocsMessage, ProposalMessage, Request, Response};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use self::metrics::NetMetrics;
use self::swarm::{Command, Outgoing, Report};
use crate::fault::PeerFault;

/// What the network is started with.
#[derive(Clone, Debug)]
pub struct NetConfig {
    /// The node's network key; its public half is the peer id.
    pub key: SecretKey,
    /// The network: part of every protocol's name, so that nodes of two networks never talk.
    pub chain: ChainId,
    /// Addresses to listen on.
    pub listen: Vec<Multiaddr>,
    /// Peers to stay connected to, each address ending in `/p2p/<peer id>`.
    pub peers: Vec<Multiaddr>,
    /// Registered members by their network keys. Nobody else may connect.
    pub members: BTreeMap<PeerId, MemberId>,
    /// How many validators there are: a small network meshes fully.
    pub validators: usize,
    /// Whether to take part in the consensus topics. A full node follows documents and headers only.
    pub follow_consensus: bool,
}

/// Why the network could not start.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The network key is not usable as a libp2p identity.
    #[error("network key: {0}")]
    Key(String),
    /// A configured peer's address does not say whose it is.
    #[error("peer address {0} must end in /p2p/<peer id>")]
    NamelessPeer(Multiaddr),
    /// An address cannot be listened on.
    #[error("listen on {address}: {reason}")]
    Listen {
        /// Which address.
        address: Multiaddr,
        /// Why.
        reason: String,
    },
    /// The transport or a protocol could not be set up.
    #[error("network setup: {0}")]
    Setup(String),
}

/// The gossip topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Documents that are not final yet, in batches.
    Documents,
    /// Decided blocks: header and certificate.
    Headers,
    /// Votes, polkas and round certificates.
    Votes,
    /// Proposals.
    Proposals,
}

/// Something to tell the network.
#[derive(Clone, Debug)]
pub enum Publication {
    /// To topic `docs`.
    Documents(DocsMessage),
    /// To topic `headers`.
    Header(Announcement),
    /// To topic `votes`.
    Consensus(ConsensusMessage),
    /// To topic `proposals`.
    Proposal(ProposalMessage),
}

impl Publication {
    fn encode(self) -> (Topic, Vec<u8>) {
        match self {
            Self::Documents(message) => (Topic::Documents, codec::encode(&message)),
            Self::Header(message) => (Topic::Headers, codec::encode(&message)),
            Self::Consensus(message) => (Topic::Votes, codec::encode(&message)),
            Self::Proposal(message) => (Topic::Proposals, codec::encode(&message)),
        }
    }
}

/// What becomes of a gossip message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Forward it.
    Accept,
    /// Drop it and blame the sender: nobody honest sends this, not even late.
    Reject,
    /// Drop it without blame: old, known already, or no room.
    Ignore,
}

/// The queue of verdicts.
#[derive(Clone, Debug)]
struct Verdicts {
    queue: mpsc::Sender<Report>,
    lost: Counter,
}

impl Verdicts {
    fn new(queue: mpsc::Sender<Report>, metrics: &NetMetrics) -> Self {
        Self { queue, lost: metrics.queue_dropped("verdicts") }
    }

    fn give(&self, report: Report) {
        // A full queue loses the verdict, which then counts as `Ignore`: the message leaves gossipsub's cache by age.
        // The queue is longer than all lanes together, so that takes a stalled swarm.
        if self.queue.try_send(report).is_err() {
            self.lost.inc();
        }
    }
}

/// The handle by which a gossip message's verdict is given. Dropping it ignores the message, so that a message that
/// gets lost on its way through the node still ends in one verdict.
#[derive(Debug)]
pub struct MessageRef {
    report: Option<(Topic, MessageId, PeerId)>,
    verdicts: Verdicts,
}

impl MessageRef {
    fn new(topic: Topic, id: MessageId, from: PeerId, verdicts: Verdicts) -> Self {
        Self { report: Some((topic, id, from)), verdicts }
    }

    fn settle(&mut self, verdict: Verdict) {
        if let Some((topic, id, from)) = self.report.take() {
            self.verdicts.give(Report { topic, id, from, verdict });
        }
    }
}

impl Drop for MessageRef {
    fn drop(&mut self) {
        self.settle(Verdict::Ignore);
    }
}

/// A gossip message as it came, undecoded; its length is within the topic's limit.
#[derive(Debug)]
pub struct Gossip {
    /// Where it was published.
    pub topic: Topic,
    /// Who handed it to us; not necessarily who made it.
    pub from: PeerId,
    /// The encoded object.
    pub data: Vec<u8>,
    /// For the verdict.
    pub message: MessageRef,
}

/// A peer asks.
#[derive(Debug)]
pub struct InboundRequest {
    /// Who.
    pub peer: PeerId,
    /// What.
    pub request: Request,
    /// The answer goes here; dropping it, or eight seconds of silence, answers [`Response::Busy`].
    pub reply: oneshot::Sender<Response>,
}

/// What the network brings in. Both queues are bounded; a stalled reader costs messages, never memory.
#[derive(Debug)]
pub struct NetEvents {
    /// Gossip: headers before proposals before votes before documents.
    pub gossip: mpsc::Receiver<Gossip>,
    /// Requests of peers.
    pub requests: mpsc::Receiver<InboundRequest>,
}

/// Why a request has no answer. Ask somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestFailed {
    /// There is no connection to the peer.
    #[error("not connected")]
    NotConnected,
    /// We already ask this peer as much, or as often, as a fair node does; or it recently sent us rubbish.
    #[error("held back by our own quota for this peer")]
    HeldBack,
    /// No answer within the time limit.
    #[error("timed out")]
    Timeout,
    /// The connection ended, or the peer refused the stream or does not speak the protocol.
    #[error("connection or stream ended")]
    Ended,
    /// The peer's answer was too large or not decodable.
    #[error("malformed answer")]
    Malformed,
    /// The network is stopped.
    #[error("network is stopped")]
    Stopped,
}

/// The node's side of the network task. Cheap to clone; the task ends when the last clone is gone.
#[derive(Clone, Debug)]
pub struct Net {
    local: PeerId,
    follow_consensus: bool,
    urgent: mpsc::Sender<Outgoing>,
    bulk: mpsc::Sender<Outgoing>,
    commands: mpsc::Sender<Command>,
    peers: watch::Receiver<Vec<PeerId>>,
    listeners: watch::Receiver<Vec<Multiaddr>>,
    subscribers: watch::Receiver<BTreeMap<Topic, usize>>,
    metrics: Arc<NetMetrics>,
    stop: CancellationToken,
}

impl Net {
    /// This node's peer id.
    pub fn local_peer(&self) -> PeerId {
        self.local
    }

    /// Publishes without waiting. What finds the queue full is dropped and counted; what finds no subscribed peer
    /// yet is kept for a while (see `outbox`). Identical bytes published again within the duplicate cache's time go
    /// nowhere, so repeating a vote is no repair: that is what [`Request::Round`] is for.
    pub fn publish(&self, publication: Publication) {
        let (topic, data) = publication.encode();
        self.publish_bytes(topic, data);
    }

    fn publish_bytes(&self, topic: Topic, data: Vec<u8>) {
        if data.len() > topic.limit() {
            tracing::warn!(topic = topic.name(), bytes = data.len(), "refusing to publish an oversize message");
            return self.metrics.unsent(topic, "oversize");
        }
        if topic.is_consensus() && !self.follow_consensus {
            return self.metrics.unsent(topic, "not-followed");
        }
        // Documents have a queue of their own, so that a flood of them never sits ahead of a vote.
        let queue = if topic == Topic::Documents { &self.bulk } else { &self.urgent };
        if queue.try_send(Outgoing { topic, data }).is_err() {
            self.metrics.unsent(topic, "queue-full");
        }
    }

    /// Asks one connected peer. [`Response::Busy`] is an answer too.
    pub async fn request(&self, peer: PeerId, request: Request) -> Result<Response, RequestFailed> {
        let (reply, answer) = oneshot::channel();
        let command = Command::Request { peer, request, reply };
        self.commands.send(command).await.map_err(|_| RequestFailed::Stopped)?;
        answer.await.unwrap_or(Err(RequestFailed::Stopped))
    }

    /// Gives the verdict on a gossip message. Give it soon: after about six seconds an accepted vote or proposal
    /// (twelve, a document) has left the cache and is no longer forwarded.
    pub fn report(&self, mut message: MessageRef, verdict: Verdict) {
        message.settle(verdict);
    }

    /// Peers that may connect from now on; others are hung up on.
    pub fn admit(&self, members: BTreeMap<PeerId, MemberId>) {
        // The queue holds far more commands than the registry has changes.
        if self.commands.try_send(Command::Members(members)).is_err() {
            self.metrics.queue_dropped("commands").inc();
        }
    }

    /// Blames a peer for something other than a gossip message, such as a page that does not verify.
    pub fn fault(&self, peer: PeerId, fault: PeerFault) {
        // A full queue means that the task has worse problems than a missed reprimand.
        if self.commands.try_send(Command::Fault { peer, fault }).is_err() {
            self.metrics.queue_dropped("commands").inc();
        }
    }

    /// Connected peers, sorted.
    pub fn peers(&self) -> watch::Receiver<Vec<PeerId>> {
        self.peers.clone()
    }

    /// How many connected peers have subscribed to each topic: who would hear a publication now. A peer that subscribes
    /// later gets nothing of what went before; it has to ask.
    pub fn subscribers(&self) -> watch::Receiver<BTreeMap<Topic, usize>> {
        self.subscribers.clone()
    }

    /// Addresses listened on, port 0 resolved.
    pub fn listeners(&self) -> watch::Receiver<Vec<Multiaddr>> {
        self.listeners.clone()
    }

    /// A peer's gossip scores, `(consensus, documents)`, for the operator; none if the peer is unknown.
    pub async fn scores(&self, peer: PeerId) -> Option<(f64, f64)> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Scores { peer, reply }).await.ok()?;
        answer.await.ok().flatten()
    }

    /// Publishes what is queued, answers what is being answered, says goodbye to all peers, and returns when the task
    /// has ended; at most two seconds.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.commands.closed().await;
    }
}

/// The peer id that belongs to a network key.
pub fn peer_id(key: &PublicKey) -> PeerId {
    // An Ed25519 peer id is the identity multihash of the key's protobuf encoding. Written out, because the library
    // would decompress the point only to throw it away.
    let mut bytes = vec![0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
    bytes.extend_from_slice(key.as_bytes());
    match PeerId::from_bytes(&bytes) {
        Ok(peer) => peer,
        Err(_) => unreachable!("38 bytes of identity multihash are a peer id"),
    }
}

/// Numbers that tests shrink.
#[derive(Clone, Copy, Debug)]
struct Tuning {
    /// For a whole request and its answer.
    request_timeout: Duration,
    /// Per peer and direction.
    quotas: quota::Rates,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { request_timeout: Duration::from_secs(10), quotas: quota::Rates::MEMBER }
    }
}

/// Starts the network on the current tokio runtime.
pub fn start(config: NetConfig, registry: &mut Registry) -> Result<(Net, NetEvents), NetError> {
    start::start(config, Tuning::default(), registry)
}
