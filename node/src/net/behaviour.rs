//! The composed behaviour.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::num::NonZeroU8;
use std::time::Duration;

use libp2p::allow_block_list::{self, AllowedPeers};
use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::identity::Keypair;
use libp2p::swarm::NetworkBehaviour;
use libp2p::{PeerId, Swarm, SwarmBuilder, identify, noise, ping, tcp, yamux};
use prometheus_client::registry::Registry;
use sampan_proto::ids::MemberId;

use super::gossip::{self, Gossipsub, Instance};
use super::rpc::{self, Weight};
use super::{NetConfig, NetError, Topic, Tuning};

/// Everything that runs on a connection, asked in this order whether a connection may stand.
#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    /// First, so that a stranger costs one handshake and reaches nothing else. Not a pre-shared key: that could not
    /// shut out one member.
    allowed: allow_block_list::Behaviour<AllowedPeers>,
    limits: connection_limits::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    pub(super) consensus: Gossipsub,
    pub(super) documents: Gossipsub,
    pub(super) small: rpc::Behaviour,
    pub(super) bulk: rpc::Behaviour,
}

impl Behaviour {
    pub(super) fn gossip(&mut self, topic: Topic) -> &mut Gossipsub {
        if topic.is_consensus() { &mut self.consensus } else { &mut self.documents }
    }

    pub(super) fn rpc(&mut self, weight: Weight) -> &mut rpc::Behaviour {
        match weight {
            Weight::Small => &mut self.small,
            Weight::Bulk => &mut self.bulk,
        }
    }

    /// Lets in who is new, and hangs up on who is gone.
    pub(super) fn admit(&mut self, old: &BTreeMap<PeerId, MemberId>, new: &BTreeMap<PeerId, MemberId>) {
        for peer in new.keys().filter(|peer| !old.contains_key(peer)) {
            self.allowed.allow_peer(*peer);
        }
        for peer in old.keys().filter(|peer| !new.contains_key(peer)) {
            self.allowed.disallow_peer(*peer);
        }
    }

    fn new(config: &NetConfig, tuning: Tuning, keys: &Keypair, registry: &mut Registry) -> Result<Self, NetError> {
        let mut allowed = allow_block_list::Behaviour::<AllowedPeers>::default();
        for peer in config.members.keys() {
            allowed.allow_peer(*peer);
        }
        let chain = config.chain;
        let identify = identify::Config::new(identity_protocol(config), keys.public())
            .with_agent_version(concat!("sampan/", env!("CARGO_PKG_VERSION")).to_owned())
            // Addresses come from the configuration; what a peer says of itself is for the log.
            .with_cache_size(0);
        // The consensus instance is there on a full node too, for it to be told nothing: it subscribes to no topic.
        let consensus =
            gossip::build(Instance::Consensus, chain, config.validators, config.follow_consensus, registry)?;
        Ok(Self {
            allowed,
            limits: connection_limits::Behaviour::new(limits(config)),
            identify: identify::Behaviour::new(identify),
            ping: ping::Behaviour::new(
                ping::Config::new().with_interval(Duration::from_secs(15)).with_timeout(Duration::from_secs(10)),
            ),
            consensus,
            documents: gossip::build(Instance::Documents, chain, config.members.len(), true, registry)?,
            small: Weight::Small.behaviour(chain, tuning.request_timeout)?,
            bulk: Weight::Bulk.behaviour(chain, tuning.request_timeout)?,
        })
    }
}

/// What peers of this network call themselves.
pub(super) fn identity_protocol(config: &NetConfig) -> String {
    format!("/sampan/{}/1", config.chain.0.short())
}

fn limits(config: &NetConfig) -> ConnectionLimits {
    let established = if config.follow_consensus { 150 } else { 50 };
    ConnectionLimits::default()
        // Handshakes with peers that are not known yet.
        .with_max_pending_incoming(Some(16))
        .with_max_pending_outgoing(Some(16))
        .with_max_established_incoming(Some(established))
        .with_max_established_outgoing(Some(established))
        // Two when both dialled at once, and the same again when a peer comes back from a power cut while its old
        // connections have not yet been found dead.
        .with_max_established_per_peer(Some(4))
}

/// Builds the swarm; nothing listens or dials yet.
pub(super) fn swarm(config: &NetConfig, tuning: Tuning, registry: &mut Registry) -> Result<Swarm<Behaviour>, NetError> {
    let setup = |error: &dyn std::fmt::Display| NetError::Setup(error.to_string());
    let mut seed = *config.key.seed();
    let keys = Keypair::ed25519_from_bytes(&mut seed).map_err(|error| NetError::Key(error.to_string()))?;
    let behaviour = Behaviour::new(config, tuning, &keys, registry)?;
    // Votes are small and must not wait for a segment to fill. No QUIC: its idle timers drop quiet peers, and it does
    // not mix with the rest of this stack's limits.
    let builder = SwarmBuilder::with_existing_identity(keys)
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)
        .map_err(|error| setup(&error))?
        .with_dns()
        .map_err(|error| setup(&error))?
        .with_bandwidth_metrics(registry)
        .with_behaviour(|_| behaviour)
        .map_err(|error: Infallible| setup(&error))?;
    let swarm = builder.with_swarm_config(|swarm| {
        swarm
            // A member outside our mesh is idle for hours and still wanted.
            .with_idle_connection_timeout(Duration::from_secs(24 * 3_600))
            .with_per_connection_event_buffer_size(16)
            .with_dial_concurrency_factor(DIALS_PER_PEER)
    });
    Ok(swarm.build())
}

/// Addresses of one peer that are tried at once.
const DIALS_PER_PEER: NonZeroU8 = match NonZeroU8::new(4) {
    Some(factor) => factor,
    None => NonZeroU8::MIN,
};
