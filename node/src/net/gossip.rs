//! The two gossipsub instances: consensus, small and urgent, and documents, large and patient.
//!
//! Two, because flood publishing and queue lengths are set per instance, and a 256 KiB batch must never sit ahead of a
//! vote. Every setting that differs from the library's default says why.

use std::time::Duration;

use libp2p::gossipsub::{
    self, Behaviour, Config, ConfigBuilder, IdentityTransform, MaxCountSubscriptionFilter, Message,
    MessageAuthenticity, MessageId, MetricsConfig, PeerScoreParams, PeerScoreThresholds, TopicHash, TopicScoreParams,
    ValidationMode, WhitelistSubscriptionFilter,
};
use libp2p::swarm::StreamProtocol;
use prometheus_client::registry::Registry;
use sampan_proto::hash::Domain;
use sampan_proto::ids::ChainId;
use sampan_proto::limits;

use super::renamed::Renamed;
use super::{NetError, Topic, Verdict};

type Filter = MaxCountSubscriptionFilter<WhitelistSubscriptionFilter>;
/// One gossipsub instance under its own protocol name.
pub(super) type Gossipsub = Renamed<Behaviour<IdentityTransform, Filter>>;

/// Room beside the payload: protobuf tags, the topic's name.
const FRAMING_BYTES: usize = 64;
/// gossipsub checks its size limit against the whole read buffer, which may hold one read of 8 KiB of the next message
/// as well: with an exact limit, a full-size message followed closely by another would reset the stream.
const READ_AHEAD_BYTES: usize = 16 * 1024;
/// What a member's score starts from. Members are not told apart: any may be a validator at the next height.
pub(super) const MEMBER_SCORE: f64 = 50.0;
/// Score of one rejected message; the library multiplies it by the square of their number.
const REJECT_WEIGHT: f64 = -20.0;

impl Topic {
    pub(super) const ALL: [Self; 4] = [Self::Documents, Self::Headers, Self::Votes, Self::Proposals];

    /// The topic's name on the wire. The chain stands in the protocol's name, so it need not stand here.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Documents => "docs",
            Self::Headers => "headers",
            Self::Votes => "votes",
            Self::Proposals => "proposals",
        }
    }

    /// The largest message, in bytes.
    pub(super) const fn limit(self) -> usize {
        match self {
            Self::Documents => limits::DOCS_MESSAGE_BYTES,
            // A vote is 180 bytes, but a polka of a full roster is 45 KiB, and a proposal lists a full block's ids.
            Self::Headers | Self::Votes | Self::Proposals => limits::CONSENSUS_MESSAGE_BYTES,
        }
    }

    /// Whether the topic belongs to the consensus instance.
    pub(super) const fn is_consensus(self) -> bool {
        matches!(self, Self::Votes | Self::Proposals)
    }

    pub(super) fn hash(self) -> TopicHash {
        TopicHash::from_raw(self.name())
    }

    pub(super) fn of(hash: &TopicHash) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.name() == hash.as_str())
    }
}

impl From<Verdict> for gossipsub::MessageAcceptance {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Accept => Self::Accept,
            Verdict::Reject => Self::Reject,
            Verdict::Ignore => Self::Ignore,
        }
    }
}

/// Which of the two instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instance {
    Consensus,
    Documents,
}

impl Instance {
    const fn name(self) -> &'static str {
        match self {
            Self::Consensus => "consensus",
            Self::Documents => "docs",
        }
    }

    fn topics(self) -> impl Iterator<Item = Topic> {
        Topic::ALL.into_iter().filter(move |topic| topic.is_consensus() == (self == Self::Consensus))
    }

    /// The protocol's name on the wire.
    pub(super) fn protocol(self, chain: ChainId) -> Result<StreamProtocol, NetError> {
        let name = format!("/sampan/{}/{}/1", chain.0.short(), self.name());
        StreamProtocol::try_from_owned(name).map_err(|error| NetError::Setup(error.to_string()))
    }
}

/// Builds an instance for a network of so many nodes, and subscribes it if asked to.
pub(super) fn build(
    instance: Instance,
    chain: ChainId,
    nodes: usize,
    subscribe: bool,
    registry: &mut Registry,
) -> Result<Gossipsub, NetError> {
    let failed = |error: &dyn std::fmt::Display| NetError::Setup(format!("gossipsub {}: {error}", instance.name()));
    let prefix = match instance {
        Instance::Consensus => "gossip_consensus",
        Instance::Documents => "gossip_docs",
    };
    let config = config(instance, Mesh::for_nodes(nodes)).map_err(|error| failed(&error))?;
    // Anonymous: what members say is signed by them, inside; a second signature per hop would only cost, and name the
    // node where a document entered.
    let mut behaviour =
        Behaviour::new_with_subscription_filter(MessageAuthenticity::Anonymous, config, subscription_filter(instance))
            .map_err(|error| failed(&error))?
            .with_metrics(registry.sub_registry_with_prefix(prefix), MetricsConfig::default());
    behaviour.register_topics_for_metrics(instance.topics().map(Topic::hash).collect());
    behaviour.with_peer_score(scoring(instance), thresholds()).map_err(|error| failed(&error))?;
    if subscribe {
        for topic in instance.topics() {
            behaviour.subscribe(&gossipsub::IdentTopic::new(topic.name())).map_err(|error| failed(&error))?;
        }
    }
    Ok(Renamed::new(behaviour, instance.protocol(chain)?))
}

/// How many peers each node forwards to. Small networks mesh fully; from nine nodes on the numbers stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mesh {
    target: usize,
    low: usize,
    high: usize,
    outbound_min: usize,
}

impl Mesh {
    fn for_nodes(nodes: usize) -> Self {
        let target = nodes.saturating_sub(1).clamp(1, 8);
        // The library wants `outbound_min ≤ low ≤ target ≤ high` and `outbound_min ≤ target / 2`.
        Self { target, low: (target * 3 / 4).max(1), high: (target * 2).min(12), outbound_min: (target / 2).min(3) }
    }
}

fn config(instance: Instance, mesh: Mesh) -> Result<Config, gossipsub::ConfigBuilderError> {
    let mut builder = ConfigBuilder::default();
    // The default forwards before anybody has checked anything.
    builder.validate_messages();
    builder.validation_mode(ValidationMode::Anonymous).message_id_fn(message_id);
    builder.mesh_n(mesh.target).mesh_n_low(mesh.low).mesh_n_high(mesh.high).mesh_outbound_min(mesh.outbound_min);
    builder.gossip_factor(0.25).history_length(12);
    // The default waits five seconds before the first heartbeat, and so before a first mesh is mended.
    builder.heartbeat_initial_delay(Duration::from_millis(100));
    // Below about 1 KiB an IDONTWANT costs as much as the duplicate it avoids.
    builder.idontwant_message_size_threshold(1024);
    builder.opportunistic_graft_ticks(10).opportunistic_graft_peers(2);
    // Peers come from the registry, never from a peer's word.
    builder.prune_peers(0);
    match instance {
        // One hop to every validator: a vote's delay is the round's delay. The library's queue of 5,000 messages per
        // peer would hold 640 MiB for one slow peer.
        Instance::Consensus => builder
            .flood_publish(true)
            .heartbeat_interval(Duration::from_millis(500))
            .gossip_lazy(3)
            .history_gossip(4)
            .connection_handler_queue_len(512)
            .publish_queue_duration(Duration::from_secs(2))
            .forward_queue_duration(Duration::from_secs(1))
            .duplicate_cache_time(Duration::from_secs(20))
            .idontwant_on_publish(false),
        // `flood_publish` is on by default, and would send every document to every peer.
        Instance::Documents => builder
            .flood_publish(false)
            .heartbeat_interval(Duration::from_secs(1))
            .gossip_lazy(6)
            .history_gossip(3)
            .connection_handler_queue_len(128)
            .publish_queue_duration(Duration::from_secs(10))
            .forward_queue_duration(Duration::from_secs(5))
            .duplicate_cache_time(Duration::from_secs(10 * 60))
            .idontwant_on_publish(true),
    };
    let largest = instance.topics().map(Topic::limit).max().unwrap_or(0);
    // The library's 64 KiB hold for a whole RPC, framing and read-ahead included.
    builder.max_transmit_size(largest + FRAMING_BYTES + READ_AHEAD_BYTES);
    for topic in instance.topics() {
        // A size for every topic, also because `build` checks the mesh numbers only of topics that have one. It is
        // compared with the protobuf when receiving and with the payload when sending; the exact limit is ours.
        builder.max_transmit_size_for_topic(topic.limit() + FRAMING_BYTES, topic.hash());
    }
    builder.build()
}

/// A cryptographic id over topic and content: a weak one would let a peer craft a message that suppresses another's.
/// The encoding puts a length before each part, so no two pairs run together. Only gossipsub's caches ever see it.
fn message_id(message: &Message) -> MessageId {
    let digest = Domain::Gossip.hash_borsh(&(message.topic.as_str(), message.data.as_slice()));
    MessageId::new(&digest.as_bytes()[..20])
}

#[expect(clippy::disallowed_types, reason = "gossipsub's filter is a HashSet; it is asked, never iterated")]
fn subscription_filter(instance: Instance) -> Filter {
    let topics = instance.topics().map(Topic::hash).collect::<std::collections::HashSet<_>>();
    MaxCountSubscriptionFilter {
        filter: WhitelistSubscriptionFilter(topics),
        max_subscribed_topics: 8,
        max_subscriptions_per_request: 8,
    }
}

/// Invalid messages (P4) alone make a score. Deliveries (P2, P3) stay out: traffic is bursty, and honest peers are
/// quiet for hours. So do shared addresses (P6), because agencies share them, and slow or clumsy routing (P7).
fn scoring(instance: Instance) -> PeerScoreParams {
    let topic = TopicScoreParams {
        topic_weight: 1.0,
        time_in_mesh_weight: 0.0,
        first_message_deliveries_weight: 0.0,
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        invalid_message_deliveries_weight: REJECT_WEIGHT,
        // The penalty is the square of a counter: halving the counter in 20 minutes halves the penalty in ten.
        invalid_message_deliveries_decay: 0.5_f64.powf(1.0 / 1_200.0),
        ..TopicScoreParams::default()
    };
    PeerScoreParams {
        topics: instance.topics().map(|name| (name.hash(), topic.clone())).collect(),
        app_specific_weight: 1.0,
        ip_colocation_factor_weight: 0.0,
        behaviour_penalty_weight: 0.0,
        slow_peer_weight: 0.0,
        ..PeerScoreParams::default()
    }
}

fn thresholds() -> PeerScoreThresholds {
    PeerScoreThresholds {
        gossip_threshold: -50.0,
        publish_threshold: -100.0,
        graylist_threshold: -200.0,
        ..PeerScoreThresholds::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mesh_numbers_satisfy_the_library_for_every_size() {
        assert_eq!(Mesh::for_nodes(4), Mesh { target: 3, low: 2, high: 6, outbound_min: 1 });
        assert_eq!(Mesh::for_nodes(9), Mesh { target: 8, low: 6, high: 12, outbound_min: 3 });
        assert_eq!(Mesh::for_nodes(100), Mesh::for_nodes(9));
        for nodes in 0..=20 {
            for instance in [Instance::Consensus, Instance::Documents] {
                let built = config(instance, Mesh::for_nodes(nodes));
                assert!(built.is_ok_and(|config| config.validate_messages()), "{nodes} nodes");
            }
        }
    }

    #[test]
    fn message_ids_bind_topic_and_content_apart() {
        let id = |topic: &str, data: &[u8]| {
            let topic = TopicHash::from_raw(topic);
            message_id(&Message { source: None, data: data.to_vec(), sequence_number: None, topic })
        };
        assert_eq!(id("votes", b"x"), id("votes", b"x"));
        assert_eq!(id("votes", b"x").0.len(), 20);
        assert_ne!(id("votes", b"x"), id("votes", b"y"));
        assert_ne!(id("votes", b"x"), id("docs", b"x"));
        assert_ne!(id("vote", b"sx"), id("votes", b"x"), "no bytes move from topic to content");
    }

    #[test]
    fn each_topic_lives_in_one_instance() {
        assert_eq!(Instance::Consensus.topics().collect::<Vec<_>>(), [Topic::Votes, Topic::Proposals]);
        assert_eq!(Instance::Documents.topics().collect::<Vec<_>>(), [Topic::Documents, Topic::Headers]);
        for topic in Topic::ALL {
            assert_eq!(Topic::of(&topic.hash()), Some(topic));
        }
        assert_eq!(Topic::of(&TopicHash::from_raw("other")), None);
    }

    #[test]
    fn one_mistake_is_forgiven_and_no_score_of_ours_reaches_the_graylist() {
        let params = scoring(Instance::Consensus);
        assert_eq!(params.validate(), Ok(()));
        assert_eq!(thresholds().validate(), Ok(()));
        let [forgiven, worst] = [REJECT_WEIGHT, -super::super::peers::MAX_PENALTY].map(|change| MEMBER_SCORE + change);
        assert!(forgiven > 0.0, "a single rejected message keeps the peer in the mesh");
        assert!(worst > thresholds().gossip_threshold);
    }
}
