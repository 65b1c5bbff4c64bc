//! Gossip among nodes.

use sampan_proto::codec;
use sampan_proto::wire::DocsMessage;

use super::super::Publication;
use super::super::swarm::Outgoing;
use super::*;

/// Collects and accepts until as many messages came as expected.
async fn collect(node: &mut Node, count: usize) -> Vec<(Topic, Vec<u8>)> {
    let mut all = Vec::new();
    while all.len() < count {
        all.push(node.judge(Verdict::Accept).await);
    }
    all.sort();
    all
}

fn one_of_each(text: &str) -> Vec<(Topic, Vec<u8>)> {
    let mut all: Vec<_> = Topic::ALL.map(|topic| (topic, format!("{text} {}", topic.name()).into_bytes())).into();
    all.sort();
    all
}

#[tokio::test]
async fn every_topic_arrives_once_at_all_five() {
    let mut nodes = network(5).await;
    for text in ["first", "second", "last"] {
        for (topic, data) in one_of_each(text) {
            nodes[0].net.publish_bytes(topic, data);
        }
        for node in &mut nodes[1..] {
            // A copy too many of an earlier message would show up in the next round.
            assert_eq!(collect(node, 4).await, one_of_each(text));
        }
    }
    assert!(nodes[0].events.gossip.try_recv().is_err(), "nothing comes back to the publisher");
}

#[tokio::test]
async fn a_publication_is_the_canonical_encoding_on_its_topic() {
    let mut nodes = network(2).await;
    let message = DocsMessage { documents: vec![], offered: vec![] };
    nodes[0].net.publish(Publication::Documents(message.clone()));
    assert_eq!(nodes[1].judge(Verdict::Accept).await, (Topic::Documents, codec::encode(&message)));
}

/// Node 1 between nodes 0 and 2, which do not know each other.
async fn line() -> [Node; 3] {
    let left = Node::join(0, &[]).await;
    let middle = Node::join(1, &[&left]).await;
    let right = Node::join(2, &[&middle]).await;
    left.connected_to(&[1]).await;
    middle.connected_to(&[0, 2]).await;
    right.connected_to(&[1]).await;
    for (node, peers) in [(&left, 1), (&middle, 2), (&right, 1)] {
        node.heard_by(peers, peers).await;
    }
    [left, middle, right]
}

#[tokio::test]
async fn a_rejected_message_goes_no_further_and_costs_its_sender() {
    for (topic, consensus) in [(Topic::Votes, true), (Topic::Documents, false)] {
        let [left, mut middle, mut right] = line().await;
        let score = |(votes, documents): (f64, f64)| if consensus { votes } else { documents };
        let before = score(middle.scores(0).await);
        for (text, verdict) in [("bad", Verdict::Reject), ("late", Verdict::Ignore), ("good", Verdict::Accept)] {
            left.net.publish_bytes(topic, text.into());
            assert_eq!(middle.judge(verdict).await, (topic, text.into()));
        }
        assert_eq!(right.judge(Verdict::Accept).await, (topic, b"good".to_vec()), "what was not accepted comes first");
        let after = score(middle.scores(0).await);
        assert!((before - after - 20.0).abs() < 0.5, "one rejection: {before} to {after}");
    }
}

#[tokio::test]
async fn a_message_dropped_without_a_verdict_is_ignored() {
    let [left, mut middle, mut right] = line().await;
    let before = middle.scores(0).await;
    left.net.publish_bytes(Topic::Votes, b"lost".to_vec());
    drop(middle.gossip().await);
    left.net.publish_bytes(Topic::Votes, b"good".to_vec());
    middle.judge(Verdict::Accept).await;
    assert_eq!(right.judge(Verdict::Accept).await, (Topic::Votes, b"good".to_vec()));
    assert_eq!(middle.scores(0).await, before);
    assert!((middle.metric("net_verdicts_total") - 2.0).abs() < 0.1, "every message ends in one verdict");
}

#[tokio::test]
async fn full_size_documents_pass_back_to_back_and_a_larger_one_is_refused() {
    let mut nodes = network(2).await;
    let limit = Topic::Documents.limit();
    nodes[0].net.publish_bytes(Topic::Documents, vec![9; limit + 1]);
    assert_eq!(nodes[0].net.metrics.unsent_count(Topic::Documents, "oversize"), 1);
    // Several in a row, because the library's own limit counts what it has read ahead.
    for byte in 0..6 {
        nodes[0].net.publish_bytes(Topic::Documents, vec![byte; limit]);
    }
    for byte in 0..6 {
        let (topic, data) = nodes[1].judge(Verdict::Accept).await;
        assert_eq!((topic, data.len(), data.first()), (Topic::Documents, limit, Some(&byte)));
    }
}

#[tokio::test]
async fn an_oversize_message_of_a_peer_is_rejected_before_anybody_sees_it() {
    let mut nodes = network(2).await;
    let before = nodes[1].scores(0).await;
    for topic in [Topic::Votes, Topic::Documents] {
        // Past the check in `publish`, as a node of other software would.
        let outgoing = Outgoing { topic, data: vec![7; topic.limit() + 1] };
        within(nodes[0].net.bulk.send(outgoing)).await.expect("running");
    }
    for topic in [Topic::Votes, Topic::Documents] {
        nodes[0].net.publish_bytes(topic, b"fine".to_vec());
        let (_, data) = nodes[1].judge(Verdict::Accept).await;
        assert!(data == b"fine", "{} bytes came through", data.len());
    }
    let after = nodes[1].scores(0).await;
    assert!(after.0 < before.0 - 15.0 && after.1 < before.1 - 15.0, "{before:?} to {after:?}");
}

#[tokio::test]
async fn a_full_node_gets_headers_and_documents_but_no_votes() {
    let mut first = Node::join(0, &[]).await;
    let second = Node::join(1, &[&first]).await;
    let full = super::config(2, &[&first, &second]);
    let mut full = Node::start(super::super::NetConfig { follow_consensus: false, ..full }).await;
    full.connected_to(&[0, 1]).await;
    first.heard_by(1, 2).await;
    second.heard_by(1, 2).await;
    for round in 0..3_u8 {
        for topic in [Topic::Votes, Topic::Proposals, Topic::Headers, Topic::Documents] {
            second.net.publish_bytes(topic, vec![round]);
        }
        // By the time the other validator has all four, a vote for the full node would be ahead of its header.
        assert_eq!(collect(&mut first, 4).await.len(), 4);
        let seen = collect(&mut full, 2).await;
        assert_eq!(seen, [(Topic::Documents, vec![round]), (Topic::Headers, vec![round])]);
    }
    full.net.publish_bytes(Topic::Votes, b"vote".to_vec());
    assert_eq!(full.net.metrics.unsent_count(Topic::Votes, "not-followed"), 1, "nor does it say any");
}

#[tokio::test]
async fn what_is_published_before_anybody_listens_arrives_later() {
    let early = Node::join(0, &[]).await;
    for (topic, data) in one_of_each("early") {
        early.net.publish_bytes(topic, data);
    }
    let mut late = Node::join(1, &[&early]).await;
    assert_eq!(collect(&mut late, 4).await, one_of_each("early"));
}

#[tokio::test]
async fn documents_are_not_sent_to_those_that_have_them() {
    let mut nodes = network(3).await;
    for byte in 0..8 {
        nodes[0].net.publish_bytes(Topic::Documents, vec![byte; 8 * 1024]);
    }
    for node in &mut nodes[1..] {
        collect(node, 8).await;
    }
    nodes[0].net.publish_bytes(Topic::Documents, b"end".to_vec());
    for node in &mut nodes[1..] {
        collect(node, 1).await;
    }
    let avoided: f64 = nodes.iter().map(|node| node.metric("gossip_docs_idontwant_msgs_total")).sum();
    assert!(avoided > 0.0, "peers speak the gossipsub version that knows IDONTWANT");
}
