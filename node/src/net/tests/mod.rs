//! Real nodes on loopback. Everything waits for events, with one generous limit; nothing sleeps.

mod connections;
mod raw;
mod requests;
mod spreading;

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use prometheus_client::registry::Registry;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{ChainId, MemberId};
use sampan_proto::keys::SecretKey;

use super::{Gossip, InboundRequest, Multiaddr, Net, NetConfig, NetEvents, PeerId, Topic, Tuning, Verdict, peer_id};

pub(super) const CHAIN: ChainId = ChainId(Hash32([0xab; 32]));
/// Members in every test network; not all of them need to run.
const MEMBERS: u8 = 5;

/// No test waits longer for anything; on a busy machine a second can be short.
pub(super) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("nothing happened for half a minute")
}

pub(super) fn key(index: u8) -> SecretKey {
    SecretKey::from_seed([index + 1; 32])
}

pub(super) fn id(index: u8) -> PeerId {
    peer_id(&key(index).public())
}

pub(super) fn config(index: u8, peers: &[&Node]) -> NetConfig {
    let member = |index| -> (PeerId, MemberId) { (id(index), format!("member-{index}").parse().expect("member id")) };
    NetConfig {
        key: key(index),
        chain: CHAIN,
        listen: vec!["/ip4/127.0.0.1/tcp/0".parse().expect("address")],
        peers: peers.iter().map(|node| node.address.clone()).collect(),
        members: (0..MEMBERS).map(member).collect::<BTreeMap<_, _>>(),
        validators: usize::from(MEMBERS),
        follow_consensus: true,
    }
}

/// A running node.
pub(super) struct Node {
    pub(super) net: Net,
    pub(super) events: NetEvents,
    /// With its name.
    pub(super) address: Multiaddr,
    pub(super) registry: Registry,
}

impl Node {
    pub(super) async fn start(config: NetConfig) -> Self {
        Self::tuned(config, Tuning::default()).await
    }

    pub(super) async fn tuned(config: NetConfig, tuning: Tuning) -> Self {
        let mut registry = Registry::default();
        let (net, events) = super::start::start(config, tuning, &mut registry).expect("start");
        let mut listeners = net.listeners();
        let address = within(listeners.wait_for(|addresses| !addresses.is_empty())).await.expect("running")[0].clone();
        let address = address.with_p2p(net.local_peer()).expect("its own name");
        Self { net, events, address, registry }
    }

    /// A node that dials these.
    pub(super) async fn join(index: u8, peers: &[&Self]) -> Self {
        Self::start(config(index, peers)).await
    }

    pub(super) async fn connected_to(&self, peers: &[u8]) {
        let mut expected: Vec<_> = peers.iter().map(|index| id(*index)).collect();
        expected.sort_unstable();
        within(self.net.peers().wait_for(|connected| *connected == expected)).await.expect("running");
    }

    /// Waits until so many peers would hear votes and documents.
    pub(super) async fn heard_by(&self, votes: usize, documents: usize) {
        let heard = |counts: &BTreeMap<Topic, usize>, topic| counts.get(&topic).copied().unwrap_or(0);
        let done = |counts: &BTreeMap<Topic, usize>| {
            let consensus = [Topic::Votes, Topic::Proposals].iter().all(|topic| heard(counts, *topic) == votes);
            consensus && [Topic::Headers, Topic::Documents].iter().all(|topic| heard(counts, *topic) == documents)
        };
        within(self.net.subscribers().wait_for(done)).await.expect("running");
    }

    pub(super) async fn gossip(&mut self) -> Gossip {
        within(self.events.gossip.recv()).await.expect("running")
    }

    /// Takes the next message, gives the verdict, and says what it was.
    pub(super) async fn judge(&mut self, verdict: Verdict) -> (Topic, Vec<u8>) {
        let gossip = self.gossip().await;
        self.net.report(gossip.message, verdict);
        (gossip.topic, gossip.data)
    }

    pub(super) async fn request(&mut self) -> InboundRequest {
        within(self.events.requests.recv()).await.expect("running")
    }

    pub(super) async fn scores(&self, index: u8) -> (f64, f64) {
        within(self.net.scores(id(index))).await.expect("known peer")
    }

    /// The value of a metric without labels, or the sum over its labels.
    pub(super) fn metric(&self, name: &str) -> f64 {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).expect("encodes");
        let matching = text
            .lines()
            .filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ') || rest.starts_with('{')));
        matching.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }
}

/// Nodes 0 to n − 1, each of which dials those before it.
pub(super) async fn network(nodes: u8) -> Vec<Node> {
    let mut running: Vec<Node> = Vec::new();
    for index in 0..nodes {
        let next = Node::join(index, &running.iter().collect::<Vec<_>>()).await;
        running.push(next);
    }
    for (index, node) in (0..).zip(&running) {
        let others: Vec<u8> = (0..nodes).filter(|other| *other != index).collect();
        node.connected_to(&others).await;
        node.heard_by(others.len(), others.len()).await;
    }
    running
}
