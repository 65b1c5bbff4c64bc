use std::net::IpAddr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, header};
use futures::StreamExt as _;
use sampan_proto::api::NodeStatus;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::input;
use super::super::*;
use super::fixture::{LOCAL, REMOTE, Solo};

const LIMITS: Limits = Limits { connections: 2, requests: 10, head: Duration::from_millis(200) };

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn an_address_has_so_many_connections_and_others_have_theirs() {
    let gate = Gate::new(LIMITS);
    let one = address("192.0.2.1");
    let first = gate.enter(one).expect("room");
    let _second = gate.enter(one).expect("room");
    assert!(gate.enter(one).is_none(), "it has its share");
    assert!(gate.enter(address("::ffff:192.0.2.1")).is_none(), "however it is written");
    let _other = gate.enter(address("192.0.2.2")).expect("another address has its own");
    drop(first);
    let _third = gate.enter(one).expect("a place that is left is free again");
    let _v6 = [gate.enter(address("2001:db8::1")).expect("room"), gate.enter(address("2001:db8::2")).expect("room")];
    assert!(gate.enter(address("2001:db8::3")).is_none(), "a network of IPv6 addresses is one");
    let local: Vec<_> =
        (0..10).map(|_| gate.enter(address("127.0.0.1")).expect("this machine is not counted")).collect();
    assert_eq!(local.len(), 10);
}

#[tokio::test]
async fn an_address_asks_so_often_and_a_batch_weighs_more() {
    let (gate, one, now) = (Gate::new(LIMITS), address("192.0.2.1"), Instant::now());
    let admitted = |now| (0..100).filter(|_| gate.admit(one, Lane::Read, now)).count();
    assert_eq!(admitted(now), 20, "two seconds' worth at once");
    assert_eq!(admitted(now + Duration::from_secs(1)), 10, "and then its rate");
    assert!(gate.admit(address("192.0.2.2"), Lane::Read, now), "another address asks for itself");
    assert!((0..100).all(|_| gate.admit(address("::1"), Lane::Read, now)), "this machine is not counted");
    let batches = Gate::new(LIMITS);
    assert_eq!((0..100).filter(|_| batches.admit(one, Lane::Batch, now)).count(), 1);
}

#[tokio::test]
async fn addresses_without_a_connection_are_forgotten_when_there_are_too_many() {
    let gate = Gate::new(LIMITS);
    let visit = gate.enter(address("192.0.2.1")).expect("room");
    for i in 0..20_000_u32 {
        gate.admit(IpAddr::from((0x0a00_0000 + i).to_be_bytes()), Lane::Read, Instant::now());
    }
    let _second = gate.enter(address("192.0.2.1")).expect("room");
    assert!(gate.enter(address("192.0.2.1")).is_none(), "who is connected is remembered");
    drop(visit);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let mut solo = Solo::start();
    solo.state.gate = Gate::new(Limits { requests: 1, ..LIMITS });
    let here = || Request::get("/v1/node").body(Body::empty()).expect("request");
    for _ in 0..2 {
        let _: NodeStatus = solo.ask(REMOTE, here()).await.json();
    }
    let answer = solo.ask(REMOTE, here()).await;
    assert_eq!(answer.headers[header::RETRY_AFTER], "1");
    let problem = answer.problem();
    assert_eq!((problem.status, problem.code.as_str()), (429, "too_many_requests"));
    let _: NodeStatus = solo.ask(LOCAL, here()).await.json();
}

/// Connects to a server with these limits, says `words` and gives all that it answers until it hangs up.
async fn until_it_hangs_up(words: &[u8]) -> Vec<u8> {
    let mut solo = Solo::start();
    solo.state.gate = Gate::new(LIMITS);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let at = listener.local_addr().expect("address");
    let server = tokio::spawn(serve(listener, solo.state.clone(), CancellationToken::new()));
    let mut stream = TcpStream::connect(at).await.expect("connected");
    stream.write_all(words).await.expect("sent");
    let mut answer = Vec::new();
    let heard = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    heard.expect("it hangs up").expect("in order");
    server.abort();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_never_ends_is_not_waited_for() {
    let answer = until_it_hangs_up(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow:").await;
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_asks_nothing_more_is_ended() {
    let answer = until_it_hangs_up(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(answer.starts_with(b"HTTP/1.1 200") && answer.ends_with(b"ok\n"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_is_not_waited_for_and_a_slow_link_is() {
    let trickle = |pause: u64, piece: &'static [u8]| {
        let pieces = futures::stream::iter(0..400).then(move |_| async move {
            tokio::time::sleep(Duration::from_secs(pause)).await;
            Ok::<_, std::io::Error>(Bytes::from_static(piece))
        });
        Body::from_stream(pieces)
    };
    let limits = sampan_proto::json::JsonLimits { max_bytes: 1 << 20, max_depth: 4, integers_only: true };
    let read = async |body| input::json::<serde_json::Value>(body, &limits).await.map_err(|refusal| refusal.0.code);
    let begin = Instant::now();
    assert_eq!(read(trickle(10, b"[")).await, Err("timed_out".to_owned()));
    assert!(begin.elapsed() < Duration::from_secs(30), "a byte now and then buys no time");
    // A kilobyte a second is a slow link.
    assert_eq!(read(trickle(1, &[b' '; 1_100])).await, Err("json_malformed".to_owned()), "read to its end");
}
