//! The swarm task: takes events from libp2p and commands from the node, and hands each to where it belongs. It decodes
//! nothing, checks no signature and never waits for anything but the next event.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use libp2p::gossipsub::{self, MessageId, PublishError};
use libp2p::metrics::{Metrics, Recorder as _};
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, PeerId, Swarm, identify, ping};
use sampan_proto::ids::MemberId;
use sampan_proto::wire::{Request, Response};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::behaviour::{Behaviour, BehaviourEvent};
use super::exchange::Exchange;
use super::gossip::Gossipsub;
use super::lanes::Lanes;
use super::metrics::NetMetrics;
use super::outbox::Outbox;
use super::peers::{Dialer, Standings, now};
use super::rpc::{self, Weight};
use super::{Gossip, MessageRef, RequestFailed, Topic, Verdict, Verdicts};
use crate::fault::PeerFault;

const TICK: Duration = Duration::from_secs(1);
/// Every so many ticks half of each penalty is forgiven.
const FORGIVE_TICKS: u64 = 60;

/// A publication, encoded.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) topic: Topic,
    pub(super) data: Vec<u8>,
}

/// A verdict on its way to gossipsub.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) topic: Topic,
    pub(super) id: MessageId,
    pub(super) from: PeerId,
    pub(super) verdict: Verdict,
}

/// What the node asks of the task.
#[derive(Debug)]
pub(super) enum Command {
    Request { peer: PeerId, request: Request, reply: oneshot::Sender<Result<Response, RequestFailed>> },
    Fault { peer: PeerId, fault: PeerFault },
    Members(BTreeMap<PeerId, MemberId>),
    Scores { peer: PeerId, reply: oneshot::Sender<Option<(f64, f64)>> },
}

/// The receiving ends of [`Net`]'s queues.
pub(super) struct Inputs {
    pub(super) urgent: mpsc::Receiver<Outgoing>,
    pub(super) bulk: mpsc::Receiver<Outgoing>,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) verdicts: mpsc::Receiver<Report>,
    pub(super) stop: CancellationToken,
}

/// What the task tells the node.
pub(super) struct Outputs {
    pub(super) gossip: mpsc::Sender<Gossip>,
    pub(super) verdicts: Verdicts,
    pub(super) peers: watch::Sender<Vec<PeerId>>,
    pub(super) listeners: watch::Sender<Vec<Multiaddr>>,
    pub(super) subscribers: watch::Sender<BTreeMap<Topic, usize>>,
}

pub(super) struct Task {
    pub(super) swarm: Swarm<Behaviour>,
    pub(super) inputs: Inputs,
    pub(super) outputs: Outputs,
    pub(super) lanes: Lanes,
    pub(super) outbox: Outbox,
    pub(super) exchange: Exchange,
    pub(super) dialer: Dialer,
    pub(super) standings: Standings,
    pub(super) members: BTreeMap<PeerId, MemberId>,
    pub(super) protocol: String,
    pub(super) metrics: Arc<NetMetrics>,
    pub(super) recorder: Metrics,
    pub(super) ticks: u64,
}

impl Task {
    pub(super) async fn run(mut self) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let gossip = self.outputs.gossip.clone();
        loop {
            let due = self.dialer.next_due();
            tokio::select! {
                () = self.inputs.stop.cancelled() => break,
                event = self.swarm.select_next_some() => self.on_event(event),
                Some(report) = self.inputs.verdicts.recv() => self.on_report(&report),
                Some(outgoing) = self.inputs.urgent.recv() => self.publish(outgoing),
                Some(outgoing) = self.inputs.bulk.recv() => self.publish(outgoing),
                command = self.inputs.commands.recv() => match command {
                    Some(command) => self.on_command(command),
                    None => break,
                },
                Ok(permit) = gossip.reserve(), if !self.lanes.is_empty() => {
                    if let Some(next) = self.lanes.pop() {
                        permit.send(next);
                    }
                }
                answer = self.exchange.next_answer() => {
                    let behaviour = self.swarm.behaviour_mut().rpc(Exchange::weight_of(&answer));
                    self.exchange.answer(behaviour, answer);
                }
                () = sleep_until(due) => self.dial(),
                _ = tick.tick() => self.on_tick(),
            }
        }
        self.drain().await;
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        self.recorder.record(&event);
        match event {
            SwarmEvent::Behaviour(event) => self.on_behaviour(event),
            SwarmEvent::ConnectionEstablished { peer_id, num_established, .. } if num_established.get() == 1 => {
                self.on_connected(peer_id);
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, cause, .. } => {
                tracing::info!(peer = %peer_id, member = ?self.members.get(&peer_id), ?cause, "disconnected");
                self.dialer.disconnected(&peer_id, now());
                self.tell_peers();
                self.tell_subscribers();
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => {
                tracing::debug!(%peer, %error, "dial failed");
                self.metrics.dials_failed.inc();
                if !self.swarm.is_connected(&peer) {
                    self.dialer.failed(&peer, now());
                }
            }
            SwarmEvent::IncomingConnectionError { send_back_addr, peer_id, error, .. } => {
                tracing::debug!(from = %send_back_addr, peer = ?peer_id, %error, "inbound connection refused");
                self.metrics.refused.inc();
            }
            SwarmEvent::NewListenAddr { .. } | SwarmEvent::ExpiredListenAddr { .. } => {
                self.outputs.listeners.send_replace(self.swarm.listeners().cloned().collect());
            }
            SwarmEvent::ListenerClosed { addresses, reason, .. } => {
                tracing::error!(?addresses, ?reason, "no longer listening");
            }
            _ => {}
        }
    }

    fn on_connected(&mut self, peer: PeerId) {
        tracing::info!(%peer, member = ?self.members.get(&peer), "connected");
        self.dialer.connected(&peer, now());
        self.apply_score(&peer);
        self.tell_peers();
    }

    fn on_behaviour(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Consensus(event) | BehaviourEvent::Documents(event) => {
                self.recorder.record(&event);
                self.on_gossip(event);
            }
            BehaviourEvent::Small(event) => self.on_rpc(Weight::Small, event),
            BehaviourEvent::Bulk(event) => self.on_rpc(Weight::Bulk, event),
            BehaviourEvent::Ping(event) => {
                self.recorder.record(&event);
                // The library only reports a dead connection; closing it, and so redialling, is up to us.
                if matches!(event.result, Err(ping::Failure::Timeout | ping::Failure::Other { .. })) {
                    self.swarm.close_connection(event.connection);
                }
            }
            BehaviourEvent::Identify(event) => {
                self.recorder.record(&event);
                self.on_identify(event);
            }
            BehaviourEvent::Allowed(never) | BehaviourEvent::Limits(never) => match never {},
        }
    }

    fn on_identify(&mut self, event: identify::Event) {
        let identify::Event::Received { peer_id, info, .. } = event else { return };
        tracing::debug!(peer = %peer_id, agent = info.agent_version, "identified");
        if info.protocol_version != self.protocol {
            tracing::warn!(peer = %peer_id, protocol = info.protocol_version, "a member's node runs another network");
            self.blame(peer_id, PeerFault::WrongChain);
        }
    }

    fn on_gossip(&mut self, event: gossipsub::Event) {
        match event {
            gossipsub::Event::Message { propagation_source: from, message_id, message } => {
                // The filter admits no other topic.
                let Some(topic) = Topic::of(&message.topic) else { return };
                let reference = MessageRef::new(topic, message_id, from, self.outputs.verdicts.clone());
                let mut gossip = Gossip { topic, from, data: message.data, message: reference };
                if gossip.data.len() > topic.limit() {
                    // gossipsub's own limit leaves room for framing.
                    return gossip.message.settle(Verdict::Reject);
                }
                self.lanes.push(gossip);
            }
            gossipsub::Event::Subscribed { topic, .. } => {
                let Some(topic) = Topic::of(&topic) else { return };
                for data in self.outbox.take(topic) {
                    self.publish(Outgoing { topic, data });
                }
                self.metrics.kept.set(i64::try_from(self.outbox.len()).unwrap_or(i64::MAX));
                self.tell_subscribers();
            }
            gossipsub::Event::SlowPeer { peer_id, failed_messages } => {
                let missed = failed_messages.priority + failed_messages.non_priority;
                tracing::debug!(peer = %peer_id, missed, "slow peer");
                self.metrics.slow_peer_messages.inc_by(missed as u64);
            }
            gossipsub::Event::GossipsubNotSupported { peer_id } => {
                tracing::debug!(peer = %peer_id, "peer does not speak our gossip");
            }
            gossipsub::Event::Unsubscribed { .. } => self.tell_subscribers(),
        }
    }

    fn on_rpc(&mut self, weight: Weight, event: rpc::Event) {
        let peer = match &event {
            rpc::Event::Message { peer, .. }
            | rpc::Event::OutboundFailure { peer, .. }
            | rpc::Event::InboundFailure { peer, .. }
            | rpc::Event::ResponseSent { peer, .. } => *peer,
        };
        let paused = weight == Weight::Bulk && self.standings.is_paused(now(), &peer);
        let behaviour = self.swarm.behaviour_mut().rpc(weight);
        let fault = self.exchange.on_event(behaviour, now(), weight, paused, event);
        if let Some((peer, fault)) = fault {
            self.blame(peer, fault);
        }
    }

    fn on_report(&mut self, report: &Report) {
        self.metrics.verdict(report.topic, report.verdict);
        let gossip = &mut self.swarm.behaviour_mut().gossip(report.topic).inner;
        if !gossip.report_message_validation_result(&report.id, &report.from, report.verdict.into()) {
            self.metrics.late_verdicts.inc();
        }
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Request { peer, request, reply } => {
                let weight = Weight::of(&request);
                // The library would dial; whom we dial is settled in the configuration.
                if !self.swarm.is_connected(&peer) {
                    return self.exchange.refuse(reply, RequestFailed::NotConnected);
                }
                if weight == Weight::Bulk && self.standings.is_paused(now(), &peer) {
                    return self.exchange.refuse(reply, RequestFailed::HeldBack);
                }
                let behaviour = self.swarm.behaviour_mut().rpc(weight);
                self.exchange.ask(behaviour, now(), peer, request, reply);
            }
            Command::Fault { peer, fault } => self.blame(peer, fault),
            Command::Members(members) => {
                self.swarm.behaviour_mut().admit(&self.members, &members);
                self.members = members;
            }
            Command::Scores { peer, reply } => {
                let behaviour = self.swarm.behaviour();
                let score = |gossip: &Gossipsub| gossip.inner.peer_score(&peer);
                let _ = reply.send(score(&behaviour.consensus).zip(score(&behaviour.documents)));
            }
        }
    }

    fn publish(&mut self, Outgoing { topic, data }: Outgoing) {
        let gossip = &mut self.swarm.behaviour_mut().gossip(topic).inner;
        match gossip.publish(topic.hash(), data.clone()) {
            Ok(_) => {}
            Err(PublishError::NoPeersSubscribedToTopic) => {
                for lost in self.outbox.keep(topic, data) {
                    self.metrics.unsent(lost, "no-subscriber");
                }
                self.metrics.kept.set(i64::try_from(self.outbox.len()).unwrap_or(i64::MAX));
            }
            Err(PublishError::Duplicate) => self.metrics.unsent(topic, "duplicate"),
            // gossipsub has it in its cache: peers can still ask for it when it is advertised.
            Err(PublishError::AllQueuesFull(_)) => self.metrics.unsent(topic, "peers-slow"),
            Err(error) => {
                tracing::warn!(topic = topic.name(), %error, "publish failed");
                self.metrics.unsent(topic, "refused");
            }
        }
    }

    fn blame(&mut self, peer: PeerId, fault: PeerFault) {
        self.metrics.fault(fault);
        if self.standings.blame(now(), peer, fault) {
            tracing::warn!(%peer, member = ?self.members.get(&peer), %fault, "peer at fault");
        }
        self.apply_score(&peer);
    }

    fn apply_score(&mut self, peer: &PeerId) {
        let score = self.standings.score(peer);
        let behaviour = self.swarm.behaviour_mut();
        behaviour.consensus.inner.set_application_score(peer, score);
        behaviour.documents.inner.set_application_score(peer, score);
    }

    fn tell_peers(&self) {
        let mut peers: Vec<_> = self.swarm.connected_peers().copied().collect();
        peers.sort_unstable();
        self.metrics.peers.set(i64::try_from(peers.len()).unwrap_or(i64::MAX));
        self.outputs.peers.send_replace(peers);
    }

    fn tell_subscribers(&self) {
        let behaviour = self.swarm.behaviour();
        let mut counts = BTreeMap::new();
        for (_, topics) in behaviour.consensus.inner.all_peers().chain(behaviour.documents.inner.all_peers()) {
            for topic in topics.into_iter().filter_map(Topic::of) {
                *counts.entry(topic).or_default() += 1;
            }
        }
        self.outputs.subscribers.send_replace(counts);
    }

    fn dial(&mut self) {
        for (peer, options) in self.dialer.take_due(now()) {
            if self.swarm.is_connected(&peer) {
                self.dialer.connected(&peer, now());
            } else if let Err(error) = self.swarm.dial(options) {
                tracing::debug!(%peer, %error, "dial refused");
                self.dialer.failed(&peer, now());
            }
        }
    }

    fn on_tick(&mut self) {
        self.ticks += 1;
        if self.ticks.is_multiple_of(FORGIVE_TICKS) {
            for peer in self.standings.forgive(now()) {
                self.apply_score(&peer);
            }
        }
        self.metrics.queue("urgent", self.inputs.urgent.len());
        self.metrics.queue("bulk", self.inputs.bulk.len());
        self.metrics.queue("commands", self.inputs.commands.len());
        self.metrics.queue("verdicts", self.inputs.verdicts.len());
        let gossip = &self.outputs.gossip;
        self.metrics.queue("gossip", gossip.max_capacity() - gossip.capacity());
        self.metrics.queue("answers", self.exchange.owed());
    }

    /// The orderly end: what is queued is published, what is owed is answered, then peers see a closed connection
    /// instead of a timeout.
    async fn drain(&mut self) {
        const GRACE: Duration = Duration::from_millis(100);
        const LONGEST: Duration = Duration::from_secs(1);
        while let Ok(outgoing) = self.inputs.urgent.try_recv() {
            self.publish(outgoing);
        }
        while let Ok(outgoing) = self.inputs.bulk.try_recv() {
            self.publish(outgoing);
        }
        let start = now();
        while now() < start + LONGEST && (now() < start + GRACE || self.exchange.owed() > 0) {
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_event(event),
                answer = self.exchange.next_answer() => {
                    let behaviour = self.swarm.behaviour_mut().rpc(Exchange::weight_of(&answer));
                    self.exchange.answer(behaviour, answer);
                }
                () = sleep_until(Some(start + GRACE)), if now() < start + GRACE => {}
                () = sleep_until(Some(start + LONGEST)) => {}
            }
        }
        let connected: Vec<_> = self.swarm.connected_peers().copied().collect();
        for peer in connected {
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let until = now() + LONGEST;
        while self.swarm.connected_peers().next().is_some() && now() < until {
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_event(event),
                () = sleep_until(Some(until)) => {}
            }
        }
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
