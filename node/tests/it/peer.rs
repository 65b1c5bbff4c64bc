//! A member's node that the test plays itself: it says what the test wants, with the keys that the test has.

use sampan_node::net::{self, Gossip, Multiaddr, Net, NetConfig, NetEvents, PeerId, Publication, Topic, Verdict};
use sampan_proto::codec;
use sampan_proto::ids::Height;
use sampan_proto::keys::SecretKey;
use sampan_proto::member::Purpose;
use sampan_proto::vote::Vote;
use sampan_proto::wire::{ConsensusMessage, DocsMessage, Request, Response};

use crate::harness::{Network, PATIENCE};

/// The peer.
pub(crate) struct Peer {
    pub(crate) net: Net,
    events: NetEvents,
}

impl Peer {
    /// Joins with the network key of one member, connected to running nodes and heard by them.
    pub(crate) async fn join(network: &Network, key: SecretKey, nodes: &[usize]) -> Self {
        let ids = network.genesis.members.iter().flat_map(|member| {
            let keys: Vec<PeerId> = member.keys_at(Purpose::Network, Height(1)).map(net::peer_id).collect();
            keys.into_iter().map(move |peer| (peer, member.id.clone()))
        });
        let config = NetConfig {
            key,
            chain: network.genesis.chain,
            listen: vec!["/ip4/127.0.0.1/tcp/0".parse().expect("address")],
            peers: nodes.iter().map(|node| network.address(*node)).collect::<Vec<Multiaddr>>(),
            members: ids.collect(),
            validators: network.genesis.roster.validators().len(),
            follow_consensus: true,
        };
        let (net, events) = net::start(config, &mut prometheus_client::registry::Registry::default()).expect("starts");
        let topics = [Topic::Votes, Topic::Proposals, Topic::Headers, Topic::Documents];
        let mut subscribers = net.subscribers();
        let all = subscribers.wait_for(|count| topics.iter().all(|t| count.get(t).is_some_and(|n| *n >= nodes.len())));
        tokio::time::timeout(PATIENCE, all).await.expect("connected in time").expect("running");
        Self { net, events }
    }

    pub(crate) fn say(&self, publication: Publication) {
        self.net.publish(publication);
    }

    /// The next vote that the predicate picks.
    pub(crate) async fn hears(&mut self, mut wanted: impl FnMut(&Vote) -> bool) -> Vote {
        let vote = |topic, data: &[u8]| match codec::decode(data, data.len()) {
            Ok(ConsensusMessage::Vote(vote)) if topic == Topic::Votes => Some(vote.message),
            _ => None,
        };
        self.hears_of(|topic, data| vote(topic, data).filter(&mut wanted)).await
    }

    /// What is told of documents next.
    pub(crate) async fn hears_of_documents(&mut self) -> DocsMessage {
        let told = |topic, data: &[u8]| codec::decode(data, data.len()).ok().filter(|_| topic == Topic::Documents);
        self.hears_of(told).await
    }

    async fn hears_of<T>(&mut self, mut wanted: impl FnMut(Topic, &[u8]) -> Option<T>) -> T {
        let wait = async {
            loop {
                let Gossip { topic, data, message, .. } = self.events.gossip.recv().await.expect("running");
                self.net.report(message, Verdict::Accept);
                if let Some(heard) = wanted(topic, &data) {
                    return heard;
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("such a message")
    }

    /// Answers requests as the closure says until the future ends.
    pub(crate) async fn answering<T>(
        &mut self,
        mut answer: impl FnMut(&Request) -> Response,
        until: impl Future<Output = T>,
    ) -> T {
        tokio::pin!(until);
        loop {
            tokio::select! {
                done = &mut until => return done,
                Some(inbound) = self.events.requests.recv() => {
                    // A node that asked and left needs no answer.
                    let _ = inbound.reply.send(answer(&inbound.request));
                }
            }
        }
    }
}
