//! Who may connect, and staying connected.

use libp2p::identity::Keypair;
use libp2p::swarm::SwarmEvent;

use super::super::NetError;
use super::super::rpc::Weight;
use super::raw::Raw;
use super::*;

#[test]
fn peer_ids_are_those_of_libp2p() {
    for index in 0..20 {
        let mut seed = *key(index).seed();
        let keys = Keypair::ed25519_from_bytes(&mut seed).expect("key");
        assert_eq!(peer_id(&key(index).public()), keys.public().to_peer_id());
    }
}

#[tokio::test]
async fn a_stranger_is_refused_and_a_member_is_not() {
    let node = Node::join(0, &[]).await;
    let mut stranger = Raw::new(MEMBERS, Weight::Small);
    stranger.dial(&node);
    // The handshake proves who it is, so that it may look connected for a moment.
    while !matches!(
        stranger.next().await,
        SwarmEvent::ConnectionClosed { .. } | SwarmEvent::OutgoingConnectionError { .. }
    ) {}
    let member = Node::join(1, &[&node]).await;
    member.connected_to(&[0]).await;
    node.connected_to(&[1]).await;
    assert_eq!(node.net.metrics.refused.get(), 1);
}

#[tokio::test]
async fn a_node_dials_no_stranger() {
    let mut known_to_all = config(0, &[]);
    known_to_all.members.insert(id(MEMBERS), "stranger".parse().expect("member id"));
    let stranger = Node::start(NetConfig { key: key(MEMBERS), ..known_to_all }).await;
    let friend = Node::join(0, &[]).await;
    let node = Node::join(1, &[&stranger, &friend]).await;
    node.connected_to(&[0]).await;
    assert_eq!((node.net.metrics.dials_failed.get(), stranger.net.metrics.refused.get()), (0, 0));
    assert_eq!(*stranger.net.peers().borrow(), []);
}

/// An address where nobody listens yet.
fn free_port() -> Multiaddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
    let port = listener.local_addr().expect("bound").port();
    format!("/ip4/127.0.0.1/tcp/{port}").parse().expect("address")
}

#[tokio::test]
async fn a_peer_that_starts_later_is_found() {
    let place = free_port();
    let waiting = NetConfig { peers: vec![place.clone().with_p2p(id(0)).expect("named")], ..config(1, &[]) };
    let waiting = Node::start(waiting).await;
    let late = Node::start(NetConfig { listen: vec![place], ..config(0, &[]) }).await;
    late.connected_to(&[1]).await;
    waiting.connected_to(&[0]).await;
}

#[tokio::test]
async fn a_peer_that_restarts_on_its_port_is_found_again() {
    let first = Node::join(0, &[]).await;
    let mut second = Node::join(1, &[&first]).await;
    second.connected_to(&[0]).await;
    let place: Multiaddr = first.address.iter().take(2).collect();
    for round in 0..3_u8 {
        // The node of the last round lives until here; the next one takes its place.
        if round == 0 {
            within(first.net.shutdown()).await;
        }
        second.connected_to(&[]).await;
        let again = Node::start(NetConfig { listen: vec![place.clone()], ..config(0, &[]) }).await;
        second.connected_to(&[0]).await;
        again.net.publish_bytes(Topic::Votes, vec![round]);
        assert_eq!(second.judge(Verdict::Accept).await, (Topic::Votes, vec![round]), "and spoken with");
        within(again.net.shutdown()).await;
    }
}

#[tokio::test]
async fn shutdown_sends_what_is_queued_and_ends_all_queues() {
    let mut nodes = network(2).await;
    let mut leaving = nodes.remove(0);
    leaving.net.publish_bytes(Topic::Votes, b"last words".to_vec());
    within(leaving.net.shutdown()).await;
    assert_eq!(nodes[0].judge(Verdict::Accept).await, (Topic::Votes, b"last words".to_vec()));
    nodes[0].connected_to(&[]).await;
    assert!(within(leaving.events.gossip.recv()).await.is_none());
    assert!(within(leaving.events.requests.recv()).await.is_none());
    let after = within(leaving.net.request(id(1), sampan_proto::wire::Request::Status)).await;
    assert_eq!(after, Err(super::super::RequestFailed::Stopped));
    within(leaving.net.shutdown()).await;
}

#[tokio::test]
async fn a_dropped_node_leaves() {
    let mut nodes = network(2).await;
    drop(nodes.pop());
    nodes[0].connected_to(&[]).await;
}

#[tokio::test]
async fn nodes_of_two_networks_share_nothing() {
    let mut here = Node::join(0, &[]).await;
    let there = config(1, &[&here]);
    let there = Node::start(NetConfig { chain: ChainId(Hash32([0xcd; 32])), ..there }).await;
    there.connected_to(&[0]).await;
    there.net.publish_bytes(Topic::Votes, b"foreign".to_vec());
    let asked = within(there.net.request(id(0), sampan_proto::wire::Request::Status)).await;
    assert_eq!(asked, Err(super::super::RequestFailed::Ended));
    let third = Node::join(2, &[&here]).await;
    third.net.publish_bytes(Topic::Votes, b"ours".to_vec());
    assert_eq!(here.judge(Verdict::Accept).await, (Topic::Votes, b"ours".to_vec()));
}

#[tokio::test]
async fn what_cannot_work_is_refused_at_the_start() {
    let start = |config| super::super::start(config, &mut Registry::default()).map(|_| ());
    let nameless = NetConfig { peers: vec![free_port()], ..config(0, &[]) };
    assert!(matches!(start(nameless), Err(NetError::NamelessPeer(_))));
    let node = Node::join(0, &[]).await;
    let taken = NetConfig { listen: vec![node.address.iter().take(2).collect()], ..config(1, &[]) };
    assert!(matches!(start(taken), Err(NetError::Listen { .. })), "the port is taken");
}

#[tokio::test]
async fn metrics_of_all_parts_are_registered_under_their_prefixes() {
    let nodes = network(2).await;
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &nodes[0].registry).expect("encodes");
    for name in ["net_peers 1", "libp2p_swarm_connections_established", "gossip_consensus_", "gossip_docs_"] {
        assert!(text.contains(name), "{name} is missing");
    }
}
