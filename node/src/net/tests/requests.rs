//! Requests and answers.

use sampan_proto::hash::Hash32;
use sampan_proto::ids::{EnvelopeId, HeaderHash, Height};
use sampan_proto::statement::SignedStatement;
use sampan_proto::vote::{Signed, Vote, VoteType};
use sampan_proto::wire::{Document, PeerStatus, Request, Response, RoundState};
use sampan_proto::{codec, limits};
use tokio::time::Instant;

use super::super::RequestFailed;
use super::super::quota::Rates;
use super::super::rpc::Weight;
use super::raw::Raw;
use super::*;
use crate::fault::PeerFault;
use crate::rate::Rate;

fn status(height: u64) -> Response {
    Response::Status(PeerStatus { height: Height(height), header: HeaderHash(Hash32::ZERO) })
}

fn blocks() -> Request {
    Request::Blocks { from: Height(1), count: 64 }
}

fn frame(length: usize, body: &[u8]) -> Vec<u8> {
    [&u32::try_from(length).expect("small").to_le_bytes(), body].concat()
}

fn framed<T: borsh::BorshSerialize>(message: &T) -> Vec<u8> {
    let body = codec::encode(message);
    frame(body.len(), &body)
}

/// Asks while the other answers.
async fn exchange(asker: &Node, answerer: &mut Node, request: Request, response: Response) {
    let peer = answerer.net.local_peer();
    let (got, ()) = tokio::join!(within(asker.net.request(peer, request.clone())), async {
        let inbound = answerer.request().await;
        assert_eq!((inbound.peer, inbound.request), (asker.net.local_peer(), request.clone()));
        inbound.reply.send(response.clone()).expect("network waits");
    });
    assert_eq!(got, Ok(response));
}

#[tokio::test]
async fn requests_go_there_and_back_both_ways() {
    let mut nodes = network(2).await;
    let (first, second) = nodes.split_at_mut(1);
    let (first, second) = (&mut first[0], &mut second[0]);
    exchange(first, second, Request::Status, status(7)).await;
    exchange(second, first, Request::Status, status(8)).await;
    exchange(first, second, Request::Round(Height(3)), Response::Round(RoundState::default())).await;
    exchange(first, second, blocks(), Response::Blocks(vec![])).await;
    let ids = (0..200_u8).map(|byte| EnvelopeId(Hash32([byte; 32]))).collect();
    exchange(first, second, Request::Documents(ids), Response::Documents(vec![])).await;
}

#[tokio::test]
async fn pages_in_flight_do_not_hold_up_small_requests() {
    let mut nodes = network(2).await;
    let peer = nodes[1].net.local_peer();
    let mut pages = Vec::new();
    let mut held = Vec::new();
    for _ in 0..8 {
        let net = nodes[0].net.clone();
        pages.push(tokio::spawn(async move { net.request(peer, blocks()).await }));
        held.push(nodes[1].request().await);
    }
    assert_eq!(within(nodes[0].net.request(peer, blocks())).await, Err(RequestFailed::HeldBack), "eight at once");
    let (first, second) = nodes.split_at_mut(1);
    exchange(&first[0], &mut second[0], Request::Status, status(1)).await;
    drop(held);
    for page in pages {
        assert_eq!(within(page).await.expect("joined"), Ok(Response::Busy), "a dropped reply is an answer");
    }
}

#[tokio::test]
async fn a_peer_that_never_answers_times_out() {
    let mut quiet = Node::join(0, &[]).await;
    let tuning = Tuning { request_timeout: Duration::from_millis(200), ..Tuning::default() };
    let asker = Node::tuned(config(1, &[&quiet]), tuning).await;
    asker.connected_to(&[0]).await;
    let start = Instant::now();
    let result = within(asker.net.request(id(0), Request::Status)).await;
    assert_eq!(result, Err(RequestFailed::Timeout));
    assert!(start.elapsed() >= Duration::from_millis(200));
    let held = quiet.request().await;
    assert_eq!(held.request, Request::Status, "it was asked all right");
}

#[tokio::test]
async fn silence_inside_the_node_reaches_the_asker_as_busy() {
    let tuning = Tuning { request_timeout: Duration::from_millis(500), ..Tuning::default() };
    let mut quiet = Node::tuned(config(0, &[]), tuning).await;
    let asker = Node::join(1, &[&quiet]).await;
    asker.connected_to(&[0]).await;
    let (result, held) = tokio::join!(within(asker.net.request(id(0), Request::Status)), quiet.request());
    assert_eq!(result, Ok(Response::Busy));
    drop(held);
}

const AGE: Duration = Duration::from_secs(1_000_000);

const SLOW: Rates = {
    let two = Rate { tokens: 2, refill: AGE };
    Rates { small: two, bulk: two, bytes: Rates::MEMBER.bytes }
};

#[tokio::test]
async fn over_quota_is_busy_and_known_as_such() {
    let mut strict = Node::tuned(config(0, &[]), Tuning { quotas: SLOW, ..Tuning::default() }).await;
    let asker = Node::join(1, &[&strict]).await;
    asker.connected_to(&[0]).await;
    for _ in 0..2 {
        exchange(&asker, &mut strict, Request::Status, status(1)).await;
    }
    assert_eq!(within(asker.net.request(id(0), Request::Status)).await, Ok(Response::Busy));
    assert!(strict.events.requests.try_recv().is_err(), "the node was not bothered");
    assert_eq!(strict.net.metrics.fault_count("over-quota"), 1);
    exchange(&asker, &mut strict, blocks(), Response::Blocks(vec![])).await;
}

#[tokio::test]
async fn bytes_of_answers_count() {
    let quotas = Rates { bytes: Rate { tokens: 10_000, refill: AGE }, ..Rates::MEMBER };
    let mut strict = Node::tuned(config(0, &[]), Tuning { quotas, ..Tuning::default() }).await;
    let asker = Node::join(1, &[&strict]).await;
    asker.connected_to(&[0]).await;
    let vote = Vote {
        chain: CHAIN,
        vote_type: VoteType::Prevote,
        height: Height(1),
        round: 0,
        block: None,
        validator: key(0).public(),
    };
    let large = RoundState { proposals: vec![], votes: vec![Signed::sign(vote, &key(0)); 100], certificate: None };
    exchange(&asker, &mut strict, Request::Round(Height(1)), Response::Round(large)).await;
    assert_eq!(within(asker.net.request(id(0), Request::Status)).await, Ok(Response::Busy), "14 KB of 10");
    exchange(&asker, &mut strict, blocks(), Response::Blocks(vec![])).await;
}

/// Pages that a peer gets of so many requests, one after the other; the rest is answered `Busy`.
async fn pages(asker: &Node, requests: usize) -> usize {
    let mut pages = 0;
    for _ in 0..requests {
        match within(asker.net.request(id(0), blocks())).await {
            Ok(Response::Documents(_)) => pages += 1,
            other => assert_eq!(other, Ok(Response::Busy)),
        }
    }
    pages
}

#[tokio::test]
async fn a_greedy_peer_is_turned_away_while_an_honest_one_is_served() {
    let quotas = Rates { bytes: Rate { tokens: 100_000, refill: AGE }, ..Rates::MEMBER };
    let strict = Node::tuned(config(0, &[]), Tuning { quotas, ..Tuning::default() }).await;
    let (greedy, honest) = (Node::join(1, &[&strict]).await, Node::join(2, &[&strict]).await);
    strict.connected_to(&[1, 2]).await;
    let Node { net, mut events, .. } = strict;
    let statement = SignedStatement { payload: vec![b' '; 30_000], signatures: vec![] };
    let page = Response::Documents(vec![Document { statement, body: None }]);
    let served = tokio::spawn(async move {
        let mut bothered = 0;
        while let Some(inbound) = events.requests.recv().await {
            bothered += 1;
            inbound.reply.send(page.clone()).expect("network waits");
        }
        bothered
    });
    let (first, second) = tokio::join!(pages(&greedy, 60), pages(&greedy, 60));
    // The greedy one goes on while the honest one asks for what it needs.
    let (third, fair) = tokio::join!(pages(&greedy, 60), pages(&honest, 3));
    assert!((4..=5).contains(&(first + second)), "100 KB are three pages and what was under way: {first} + {second}");
    assert_eq!((third, fair), (0, 3));
    assert_eq!(net.metrics.fault_count("over-quota"), u64::try_from(180 - first - second).expect("few"));
    net.shutdown().await;
    drop(net);
    assert_eq!(within(served).await.expect("joined"), first + second + fair, "refusals never reached the node");
}

#[tokio::test]
async fn a_node_holds_itself_back() {
    let mut peer = Node::join(0, &[]).await;
    let hasty = Node::tuned(config(1, &[&peer]), Tuning { quotas: SLOW, ..Tuning::default() }).await;
    hasty.connected_to(&[0]).await;
    for _ in 0..2 {
        exchange(&hasty, &mut peer, Request::Status, status(1)).await;
    }
    assert_eq!(within(hasty.net.request(id(0), Request::Status)).await, Err(RequestFailed::HeldBack));
    assert!(peer.events.requests.try_recv().is_err());
}

#[tokio::test]
async fn a_peer_blamed_for_a_block_is_not_asked_for_pages_for_a_while() {
    let mut nodes = network(2).await;
    let before = nodes[0].scores(1).await;
    nodes[0].net.fault(id(1), PeerFault::BadBlock);
    assert_eq!(within(nodes[0].net.request(id(1), blocks())).await, Err(RequestFailed::HeldBack));
    assert_eq!(within(nodes[1].net.request(id(0), blocks())).await, Ok(Response::Busy), "nor served any");
    assert!(nodes[0].events.requests.try_recv().is_err(), "and the node is not bothered");
    let (first, second) = nodes.split_at_mut(1);
    exchange(&first[0], &mut second[0], Request::Round(Height(1)), Response::Round(RoundState::default())).await;
    let after = first[0].scores(1).await;
    assert!(after.0 < before.0 && after.1 < before.1);
}

#[tokio::test]
async fn nobody_is_dialled_for_a_request() {
    let node = Node::join(0, &[]).await;
    assert_eq!(within(node.net.request(id(1), Request::Status)).await, Err(RequestFailed::NotConnected));
}

#[tokio::test]
async fn rubbish_ends_the_stream_and_nothing_else() {
    let mut node = Node::join(0, &[]).await;
    let mut raw = Raw::new(1, Weight::Small);
    raw.connect(&node).await;
    let rubbish = [
        frame(limits::REQUEST_BYTES + 1, &[]),
        frame(usize::try_from(u32::MAX).expect("64 bits"), &[0; 100]),
        frame(9, &[0xee; 9]),
        frame(2, &[0, 0]),
        framed(&blocks()),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
    ];
    for (count, bytes) in (1..).zip(rubbish) {
        assert!(raw.say(id(0), bytes).await.is_none_or(|answer| answer.is_empty()), "case {count}");
    }
    assert!(raw.say(id(0), frame(9, &[3, 0])).await.is_none_or(|answer| answer.is_empty()));

    let (answer, ()) = tokio::join!(raw.say(id(0), framed(&Request::Status)), async {
        let inbound = node.request().await;
        assert_eq!(inbound.request, Request::Status, "the first that reaches the node");
        inbound.reply.send(status(5)).expect("network waits");
    });
    assert_eq!(answer, Some(framed(&status(5))), "the node goes on");
    // The task had heard of all failures before it heard of that request: one connection, in order.
    assert_eq!(node.net.metrics.fault_count("malformed"), 6, "all but the one cut short, which may be a crash");
}

#[tokio::test]
async fn an_answer_that_is_too_large_or_rubbish_is_the_answerers_fault() {
    let node = Node::join(0, &[]).await;
    let mut raw = Raw::new(1, Weight::Small);
    raw.connect(&node).await;
    node.connected_to(&[1]).await;
    for (count, bytes) in (1..).zip([frame(limits::PAGE_BYTES + 1, &[0; 64]), frame(3, &[9; 3])]) {
        let (result, ()) = tokio::join!(within(node.net.request(id(1), Request::Status)), raw.answer(bytes));
        assert_eq!(result, Err(RequestFailed::Malformed));
        assert_eq!(node.net.metrics.fault_count("malformed"), count);
    }
}
