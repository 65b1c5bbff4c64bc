//! Starting: builds the swarm, listens, and ties the task to its queues. Every queue of this folder has its size here.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use libp2p::metrics::Metrics;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use prometheus_client::registry::Registry;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::behaviour;
use super::exchange::Exchange;
use super::lanes::Lanes;
use super::metrics::NetMetrics;
use super::outbox::Outbox;
use super::peers::{Dialer, Standings, now, os_jitter};
use super::swarm::{Inputs, Outputs, Task};
use super::{Net, NetConfig, NetError, NetEvents, Tuning, Verdicts};

/// Small: the lanes hold what waits, in order of urgency, and what is in here can no longer be overtaken.
const GOSSIP_QUEUE: usize = 64;
const REQUEST_QUEUE: usize = 256;
const URGENT_QUEUE: usize = 1_024;
/// Full of the largest batches: 64 MiB.
const BULK_QUEUE: usize = 256;
const COMMAND_QUEUE: usize = 256;
/// More than all lanes together hold.
const VERDICT_QUEUE: usize = 8_192;

/// Builds the swarm, listens, and spawns the task.
pub(super) fn start(config: NetConfig, tuning: Tuning, registry: &mut Registry) -> Result<(Net, NetEvents), NetError> {
    let mut swarm = behaviour::swarm(&config, tuning, registry)?;
    let local = *swarm.local_peer_id();
    let mut dialer = Dialer::new(&config.peers, now(), os_jitter)?;
    dialer.retain(|peer| *peer != local && is_member(&config, peer));
    for address in &config.listen {
        let failed = |reason: String| NetError::Listen { address: address.clone(), reason };
        check_free(address).map_err(|error| failed(error.to_string()))?;
        swarm.listen_on(address.clone()).map_err(|error| failed(error.to_string()))?;
    }
    let metrics = Arc::new(NetMetrics::register(registry));
    let recorder = Metrics::new(registry);

    let (urgent, urgent_inputs) = mpsc::channel(URGENT_QUEUE);
    let (bulk, bulk_inputs) = mpsc::channel(BULK_QUEUE);
    let (commands, command_inputs) = mpsc::channel(COMMAND_QUEUE);
    let (verdicts, verdict_inputs) = mpsc::channel(VERDICT_QUEUE);
    let (gossip, gossip_events) = mpsc::channel(GOSSIP_QUEUE);
    let (requests, request_events) = mpsc::channel(REQUEST_QUEUE);
    let (peers, peers_seen) = watch::channel(Vec::new());
    let (listeners, listeners_seen) = watch::channel(Vec::new());
    let (subscribers, subscribers_seen) = watch::channel(BTreeMap::new());
    let stop = CancellationToken::new();
    let task = Task {
        swarm,
        inputs: Inputs {
            urgent: urgent_inputs,
            bulk: bulk_inputs,
            commands: command_inputs,
            verdicts: verdict_inputs,
            stop: stop.clone(),
        },
        outputs: Outputs { gossip, verdicts: Verdicts::new(verdicts, &metrics), peers, listeners, subscribers },
        lanes: Lanes::new(&metrics),
        outbox: Outbox::default(),
        exchange: Exchange::new(tuning.quotas, tuning.request_timeout, requests, Arc::clone(&metrics)),
        dialer,
        standings: Standings::default(),
        protocol: behaviour::identity_protocol(&config),
        members: config.members,
        metrics: Arc::clone(&metrics),
        recorder,
        ticks: 0,
    };
    tokio::spawn(task.run());
    let net = Net {
        local,
        follow_consensus: config.follow_consensus,
        urgent,
        bulk,
        commands,
        peers: peers_seen,
        listeners: listeners_seen,
        subscribers: subscribers_seen,
        metrics,
        stop,
    };
    Ok((net, NetEvents { gossip: gossip_events, requests: request_events }))
}

fn is_member(config: &NetConfig, peer: &PeerId) -> bool {
    let member = config.members.contains_key(peer);
    if !member {
        tracing::warn!(%peer, "configured peer is no registered member: not dialling it");
    }
    member
}

/// libp2p listens with `SO_REUSEPORT`: a second node on the same port would start happily, and the kernel would deal
/// out the connections between the two. So try the address first, without.
fn check_free(address: &Multiaddr) -> std::io::Result<()> {
    let mut parts = address.iter();
    let place = match (parts.next(), parts.next()) {
        (Some(Protocol::Ip4(ip)), Some(Protocol::Tcp(port))) => SocketAddr::from((ip, port)),
        (Some(Protocol::Ip6(ip)), Some(Protocol::Tcp(port))) => SocketAddr::from((ip, port)),
        _ => return Ok(()),
    };
    TcpListener::bind(place).map(drop)
}
