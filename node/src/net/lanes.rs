//! Lanes between the swarm and verification: one bounded queue per topic, served in a fixed order.
//!
//! The node reads one channel. The lanes sit before it, so that a decided header overtakes a thousand waiting
//! documents, and so that a flood on one topic costs only that topic.

use std::collections::VecDeque;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

use super::metrics::NetMetrics;
use super::{Gossip, Topic};

/// What one lane may hold.
struct Cap {
    topic: Topic,
    items: usize,
    bytes: usize,
}

const MIB: usize = 1024 * 1024;

/// Order of service. A certificate settles everything below it, a proposal must be known before its votes count, and
/// documents can wait. Votes have the longest lane because they come in bursts of one per validator and step.
const LANES: [Cap; 4] = [
    Cap { topic: Topic::Headers, items: 64, bytes: 8 * MIB },
    Cap { topic: Topic::Proposals, items: 64, bytes: 8 * MIB },
    Cap { topic: Topic::Votes, items: 4_096, bytes: 16 * MIB },
    Cap { topic: Topic::Documents, items: 2_048, bytes: 64 * MIB },
];

struct Lane {
    cap: Cap,
    waiting: VecDeque<Gossip>,
    bytes: usize,
    depth: Gauge,
    dropped: Counter,
}

/// The four lanes.
pub(super) struct Lanes {
    lanes: [Lane; 4],
}

impl Lanes {
    pub(super) fn new(metrics: &NetMetrics) -> Self {
        let lanes = LANES.map(|cap| {
            let (depth, dropped) = metrics.lane(cap.topic);
            Lane { cap, waiting: VecDeque::new(), bytes: 0, depth, dropped }
        });
        Self { lanes }
    }

    /// Queues a message. One that finds its lane full is dropped, which by [`super::MessageRef`] ignores it.
    pub(super) fn push(&mut self, gossip: Gossip) {
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.cap.topic == gossip.topic) else { return };
        if lane.waiting.len() >= lane.cap.items || lane.bytes + gossip.data.len() > lane.cap.bytes {
            lane.dropped.inc();
            return;
        }
        lane.bytes += gossip.data.len();
        lane.waiting.push_back(gossip);
        lane.depth.inc();
    }

    /// The next message in order of service.
    pub(super) fn pop(&mut self) -> Option<Gossip> {
        let lane = self.lanes.iter_mut().find(|lane| !lane.waiting.is_empty())?;
        let gossip = lane.waiting.pop_front()?;
        lane.bytes -= gossip.data.len();
        lane.depth.dec();
        Some(gossip)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lanes.iter().all(|lane| lane.waiting.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use libp2p::PeerId;
    use libp2p::gossipsub::MessageId;
    use tokio::sync::mpsc;

    use super::super::swarm::Report;
    use super::super::{MessageRef, Verdict, Verdicts};
    use super::*;

    fn gossip(topic: Topic, bytes: usize, verdicts: &Verdicts) -> Gossip {
        let from = PeerId::random();
        let message = MessageRef::new(topic, MessageId::new(b"id"), from, verdicts.clone());
        Gossip { topic, from, data: vec![0; bytes], message }
    }

    fn verdicts() -> (Verdicts, mpsc::Receiver<Report>) {
        let (queue, reports) = mpsc::channel(16);
        (Verdicts::new(queue, &NetMetrics::default()), reports)
    }

    #[test]
    fn service_is_by_urgency_then_by_age() {
        let (verdicts, _reports) = verdicts();
        let mut lanes = Lanes::new(&NetMetrics::default());
        for topic in [Topic::Documents, Topic::Votes, Topic::Proposals, Topic::Votes, Topic::Headers] {
            lanes.push(gossip(topic, 1, &verdicts));
        }
        let order: Vec<_> = std::iter::from_fn(|| lanes.pop()).map(|gossip| gossip.topic).collect();
        assert_eq!(order, [Topic::Headers, Topic::Proposals, Topic::Votes, Topic::Votes, Topic::Documents]);
        assert!(lanes.is_empty());
    }

    #[test]
    fn a_full_lane_ignores_the_newcomer_and_leaves_the_others_alone() {
        let (verdicts, mut reports) = verdicts();
        let metrics = NetMetrics::default();
        let mut lanes = Lanes::new(&metrics);
        for _ in 0..64 {
            lanes.push(gossip(Topic::Proposals, 1, &verdicts));
        }
        assert!(reports.try_recv().is_err(), "nothing dropped yet");
        lanes.push(gossip(Topic::Proposals, 1, &verdicts));
        assert_eq!(reports.try_recv().map(|report| report.verdict), Ok(Verdict::Ignore));
        lanes.push(gossip(Topic::Votes, 1, &verdicts));
        assert!(reports.try_recv().is_err(), "votes have their own lane");
        let (depth, dropped) = metrics.lane(Topic::Proposals);
        assert_eq!((depth.get(), dropped.get()), (64, 1));
    }

    #[test]
    fn a_lane_counts_bytes_and_gives_them_back() {
        let (verdicts, mut reports) = verdicts();
        let mut lanes = Lanes::new(&NetMetrics::default());
        for _ in 0..4 {
            lanes.push(gossip(Topic::Documents, 16 * MIB, &verdicts));
        }
        lanes.push(gossip(Topic::Documents, 1, &verdicts));
        assert!(reports.try_recv().is_ok(), "64 MiB are the most");
        let taken = lanes.pop();
        lanes.push(gossip(Topic::Documents, 1, &verdicts));
        assert!(reports.try_recv().is_err(), "there is room again");
        drop(taken);
    }
}
