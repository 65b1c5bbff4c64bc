//! The network's own metrics, beside those that libp2p and gossipsub bring.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::{Topic, Verdict};
use crate::fault::PeerFault;

type One = [(&'static str, &'static str); 1];
type Two = [(&'static str, &'static str); 2];

/// Counters and gauges under `net_`.
#[derive(Debug, Default)]
pub(super) struct NetMetrics {
    lane_depth: Family<One, Gauge>,
    lane_dropped: Family<One, Counter>,
    queue_depth: Family<One, Gauge>,
    queue_dropped: Family<One, Counter>,
    unsent: Family<Two, Counter>,
    verdicts: Family<Two, Counter>,
    requests: Family<Two, Counter>,
    faults: Family<One, Counter>,
    /// Verdicts that came after gossipsub had forgotten the message.
    pub(super) late_verdicts: Counter,
    /// Publications that wait for a first subscriber.
    pub(super) kept: Gauge,
    /// Connected peers.
    pub(super) peers: Gauge,
    /// Dials that failed.
    pub(super) dials_failed: Counter,
    /// Inbound connections refused: strangers, limits, broken handshakes.
    pub(super) refused: Counter,
    /// Messages that a slow peer's queue had no room or no time for.
    pub(super) slow_peer_messages: Counter,
    /// Bytes of requests and answers sent to peers, and received from them.
    pub(super) rpc_bytes: Family<One, Counter>,
}

impl NetMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let net = registry.sub_registry_with_prefix("net");
        net.register("lane_depth", "Gossip messages waiting for verification", metrics.lane_depth.clone());
        net.register("lane_dropped", "Gossip messages dropped because the lane was full", metrics.lane_dropped.clone());
        net.register("queue_depth", "Items in the queues around the swarm task", metrics.queue_depth.clone());
        net.register("queue_dropped", "Items that found a queue full", metrics.queue_dropped.clone());
        net.register("unsent", "Publications not sent, by topic and reason", metrics.unsent.clone());
        net.register("verdicts", "Verdicts on gossip messages", metrics.verdicts.clone());
        net.register("late_verdicts", "Verdicts on messages gossipsub no longer had", metrics.late_verdicts.clone());
        net.register("kept", "Publications waiting for a first subscriber", metrics.kept.clone());
        net.register("requests", "Requests by direction and outcome", metrics.requests.clone());
        net.register("rpc_bytes", "Bytes of requests and answers, by direction", metrics.rpc_bytes.clone());
        net.register("faults", "Faults that peers were blamed for", metrics.faults.clone());
        net.register("peers", "Connected peers", metrics.peers.clone());
        net.register("dials_failed", "Dials that failed", metrics.dials_failed.clone());
        net.register("refused", "Inbound connections refused", metrics.refused.clone());
        net.register("slow_peer_messages", "Messages a slow peer missed", metrics.slow_peer_messages.clone());
        metrics
    }

    pub(super) fn lane(&self, topic: Topic) -> (Gauge, Counter) {
        let label = [("lane", topic.name())];
        (self.lane_depth.get_or_create(&label).clone(), self.lane_dropped.get_or_create(&label).clone())
    }

    pub(super) fn queue(&self, name: &'static str, depth: usize) {
        self.queue_depth.get_or_create(&[("queue", name)]).set(i64::try_from(depth).unwrap_or(i64::MAX));
    }

    pub(super) fn queue_dropped(&self, name: &'static str) -> Counter {
        self.queue_dropped.get_or_create(&[("queue", name)]).clone()
    }

    pub(super) fn unsent(&self, topic: Topic, reason: &'static str) {
        self.unsent.get_or_create(&[("topic", topic.name()), ("reason", reason)]).inc();
    }

    #[cfg(test)]
    pub(super) fn unsent_count(&self, topic: Topic, reason: &'static str) -> u64 {
        self.unsent.get_or_create(&[("topic", topic.name()), ("reason", reason)]).get()
    }

    pub(super) fn verdict(&self, topic: Topic, verdict: Verdict) {
        let verdict = match verdict {
            Verdict::Accept => "accept",
            Verdict::Reject => "reject",
            Verdict::Ignore => "ignore",
        };
        self.verdicts.get_or_create(&[("topic", topic.name()), ("verdict", verdict)]).inc();
    }

    pub(super) fn request(&self, direction: &'static str, outcome: &'static str) {
        self.requests.get_or_create(&[("direction", direction), ("outcome", outcome)]).inc();
    }

    pub(super) fn bytes(&self, direction: &'static str, bytes: u64) {
        self.rpc_bytes.get_or_create(&[("direction", direction)]).inc_by(bytes);
    }

    pub(super) fn fault(&self, fault: PeerFault) {
        let fault = match fault {
            PeerFault::Malformed => "malformed",
            PeerFault::BadSignature => "bad-signature",
            PeerFault::WrongChain => "wrong-chain",
            PeerFault::BadProposal => "bad-proposal",
            PeerFault::BadBlock => "bad-block",
            PeerFault::BadSnapshot => "bad-snapshot",
            PeerFault::OverQuota => "over-quota",
        };
        self.faults.get_or_create(&[("fault", fault)]).inc();
    }

    #[cfg(test)]
    pub(super) fn fault_count(&self, fault: &'static str) -> u64 {
        self.faults.get_or_create(&[("fault", fault)]).get()
    }
}
