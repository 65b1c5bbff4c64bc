//! A network that somebody else carries: the node's side of [`Net`] with its other end in the hands of a simulation,
//! which decides what arrives, when, and how often. Nothing here opens a socket.

use std::collections::BTreeMap;
use std::sync::Arc;

use libp2p::PeerId;
use libp2p::gossipsub::MessageId;
use sampan_proto::wire::{Request, Response};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::metrics::NetMetrics;
use super::swarm::{Command, Outgoing, Report};
use super::{Gossip, InboundRequest, MessageRef, Net, NetEvents, RequestFailed, Topic, Verdict, Verdicts};
use crate::fault::PeerFault;

/// Messages that wait in each queue; a simulation takes them out as fast as they come.
const QUEUE: usize = 8_192;

/// What a node says to the network.
#[derive(Debug)]
pub enum Said {
    /// To all that listen to a topic.
    Publish(Topic, Vec<u8>),
    /// To one peer, which answers.
    Request(PeerId, Request, oneshot::Sender<Result<Response, RequestFailed>>),
    /// What it made of a message that this peer handed it.
    Verdict(PeerId, Topic, Verdict),
    /// It blames a peer for an answer.
    Fault(PeerId, PeerFault),
}

/// The other end of a node's network.
pub struct Line {
    local: PeerId,
    urgent: mpsc::Receiver<Outgoing>,
    bulk: mpsc::Receiver<Outgoing>,
    commands: mpsc::Receiver<Command>,
    reports: mpsc::Receiver<Report>,
    verdicts: Verdicts,
    gossip: mpsc::Sender<Gossip>,
    requests: mpsc::Sender<InboundRequest>,
    peers: watch::Sender<Vec<PeerId>>,
    heard: u64,
}

/// A node's side of a network and its other end.
#[must_use]
pub fn line(local: PeerId, follow_consensus: bool) -> (Net, NetEvents, Line) {
    let metrics = Arc::new(NetMetrics::default());
    let (urgent_tx, urgent) = mpsc::channel(QUEUE);
    let (bulk_tx, bulk) = mpsc::channel(QUEUE);
    let (command_tx, commands) = mpsc::channel(QUEUE);
    let (report_tx, reports) = mpsc::channel(QUEUE);
    let (gossip, gossip_rx) = mpsc::channel(QUEUE);
    let (requests, request_rx) = mpsc::channel(QUEUE);
    let (peers, peers_rx) = watch::channel(Vec::new());
    let verdicts = Verdicts::new(report_tx, &metrics);
    let net = Net {
        local,
        follow_consensus,
        urgent: urgent_tx,
        bulk: bulk_tx,
        commands: command_tx,
        peers: peers_rx,
        listeners: watch::channel(Vec::new()).1,
        subscribers: watch::channel(BTreeMap::new()).1,
        metrics,
        stop: CancellationToken::new(),
    };
    let line = Line { local, urgent, bulk, commands, reports, verdicts, gossip, requests, peers, heard: 0 };
    (net, NetEvents { gossip: gossip_rx, requests: request_rx }, line)
}

impl Line {
    /// Whose line it is.
    #[must_use]
    pub const fn local(&self) -> PeerId {
        self.local
    }

    /// What the node says next, in a fixed order of its queues; none when it has nothing to say now.
    pub fn try_next(&mut self) -> Option<Said> {
        if let Ok(Report { topic, from, verdict, .. }) = self.reports.try_recv() {
            return Some(Said::Verdict(from, topic, verdict));
        }
        if let Ok(Outgoing { topic, data }) = self.urgent.try_recv() {
            return Some(Said::Publish(topic, data));
        }
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::Request { peer, request, reply } => return Some(Said::Request(peer, request, reply)),
                Command::Fault { peer, fault } => return Some(Said::Fault(peer, fault)),
                Command::Members(_) | Command::Scores { .. } => {}
            }
        }
        self.bulk.try_recv().ok().map(|Outgoing { topic, data }| Said::Publish(topic, data))
    }

    /// Hands the node a message from a peer; lost when its queue is full.
    pub fn gossip(&mut self, from: PeerId, topic: Topic, data: Vec<u8>) {
        self.heard += 1;
        let id = MessageId::new(&self.heard.to_be_bytes());
        let message = MessageRef::new(topic, id, from, self.verdicts.clone());
        // As a full queue of the real network: the message is ignored.
        let _ = self.gossip.try_send(Gossip { topic, from, data, message });
    }

    /// Asks the node for a peer. Dropping the answer's receiver is hanging up.
    #[must_use]
    pub fn ask(&self, peer: PeerId, request: Request) -> oneshot::Receiver<Response> {
        let (reply, answer) = oneshot::channel();
        let _ = self.requests.try_send(InboundRequest { peer, request, reply });
        answer
    }

    /// Tells the node whom it is connected to.
    pub fn connect(&self, peers: Vec<PeerId>) {
        self.peers.send_replace(peers);
    }
}
