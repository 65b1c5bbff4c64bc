use std::net::IpAddr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, header};
use futures::StreamExt as _;
use sampan_proto::api::{NodeStatus, Submission};
use sampan_proto::statement::SignedStatement;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::super::input;
use super::super::*;
use super::fixture::{CARRIER, LOCAL, REMOTE, Solo};

const LIMITS: Limits = Limits {
    connections: 2,
    requests: 10,
    head: Duration::from_millis(200),
    stall: Duration::from_millis(200),
    bodies: 2 * 1024 * 1024,
    answers: 2 * 1024 * 1024,
};

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

fn signed(submission: Submission) -> SignedStatement {
    submission.statement.try_into().expect("an envelope")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_hands_in_more_than_its_share_waits_and_others_do_not() {
    let solo = Solo::start();
    let (shares, now) = (Shares::new(10), Instant::now());
    let (busy, quiet) = (signed(solo.issue("SPLNGB2600010")), signed(solo.certify()));
    let carrier: MemberId = CARRIER.parse().expect("id");
    assert!(!shares.count(999) && shares.count(1_000), "an idle node counts nobody");
    let charge = |count: usize, now| shares.charge(std::iter::repeat_n(&carrier, count), now);
    charge(19, now);
    assert_eq!(shares.refuse(&busy, now), None, "two seconds' worth at once");
    charge(1, now);
    let refused = shares.refuse(&busy, now).expect("no more");
    assert_eq!((refused.code, refused.path.as_str()), (Code::MemberRate, "$.member"));
    assert_eq!(shares.refuse(&quiet, now), None, "another member has its own");
    let later = |ms| now + Duration::from_millis(ms);
    assert_eq!(shares.refuse(&busy, later(99)).map(|reject| reject.code), Some(Code::MemberRate));
    assert_eq!(shares.refuse(&busy, later(100)), None, "and then its rate");
    // A large batch is owed for.
    charge(256, later(100));
    assert!(shares.refuse(&busy, later(25_600)).is_some());
    assert_eq!(shares.refuse(&busy, later(25_700)), None);
}

#[tokio::test]
async fn members_that_owe_nothing_are_forgotten_when_there_are_too_many() {
    let (shares, now) = (Shares::new(10), Instant::now());
    let members: Vec<MemberId> = (0..9_000).map(|i| format!("member-{i}").parse().expect("id")).collect();
    for (i, member) in (0..).zip(&members) {
        shares.charge(std::iter::once(member), now + Duration::from_millis(i));
    }
    assert!(shares.remembered() < 8_300, "{}", shares.remembered());
}

/// Only what a member has signed counts for it: others cannot use up its share.
#[tokio::test(flavor = "multi_thread")]
async fn a_share_is_used_up_by_the_members_own_signature_only() {
    let mut solo = Solo::start();
    solo.state.shares = Shares::new(1);
    solo.state.shares.busy = 0;
    let forged = |number: &str| {
        let mut forged = solo.issue(number);
        forged.statement.signatures[0].sig = solo.certify().statement.signatures[0].sig;
        forged
    };
    for i in 0..5 {
        let problem = solo.submit(&forged(&format!("SPLNGB260002{i}"))).await.problem();
        assert_eq!(problem.known_code(), Some(Code::BadSignature));
    }
    assert_eq!(solo.state.shares.remembered(), 0, "nothing counts for whoever is named there");
    solo.finish(&solo.issue("SPLNGB2600030")).await;
    assert_eq!(solo.state.shares.remembered(), 1, "what it signed does");
    let carrier: MemberId = CARRIER.parse().expect("id");
    solo.state.shares.charge(std::iter::repeat_n(&carrier, 600), Instant::now());
    let answer = solo.submit(&solo.issue("SPLNGB2600032")).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.headers[header::RETRY_AFTER], "1");
    assert_eq!(answer.problem().known_code(), Some(Code::MemberRate));
    // Before its signature is looked at: this costs the node nothing.
    assert_eq!(solo.submit(&forged("SPLNGB2600033")).await.problem().known_code(), Some(Code::MemberRate));
    solo.finish(&solo.certify()).await;
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

/// Who asks and asks and reads nothing: the answers fill what the operating system holds for it, and stand.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_of_its_answers_is_let_go() {
    let solo = Solo::start();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let at = listener.local_addr().expect("address");
    let mut state = solo.state.clone();
    state.gate = Gate::new(LIMITS);
    let server = tokio::spawn(serve(listener, state, CancellationToken::new()));
    let mut stream = TcpStream::connect(at).await.expect("connected");
    let asked = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(4_000);
    let gone = async { while stream.write_all(&asked).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("it hangs up");
    server.abort();
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
    let gate = Gate::new(LIMITS);
    let read = async |body| {
        let gathered = input::gather(body, 1 << 20, &mut gate.body(None)).await;
        gathered.map(|_| ()).map_err(|refusal| refusal.0.code)
    };
    let begin = Instant::now();
    assert_eq!(read(trickle(10, b"[")).await, Err("timed_out".to_owned()));
    assert!(begin.elapsed() < Duration::from_secs(30), "a byte now and then buys no time");
    // A kilobyte a second is a slow link.
    assert_eq!(read(trickle(1, &[b' '; 1_100])).await, Ok(()), "read to its end");
    // What came quickly at first buys no time for what comes slowly.
    let quick = futures::stream::iter([Ok(Bytes::from(vec![b' '; 60_000]))]);
    let begin = Instant::now();
    let stalls = Body::from_stream(quick.chain(trickle(10, b" ").into_data_stream()));
    assert_eq!(read(stalls).await, Err("timed_out".to_owned()));
    assert!(begin.elapsed() < Duration::from_secs(30));
}

/// A body of which this much comes at once and the rest never; tells when that much was taken in.
fn endless(bytes: usize) -> (Body, tokio::sync::oneshot::Receiver<()>) {
    let (tell, told) = tokio::sync::oneshot::channel();
    let first = futures::stream::iter([Ok::<_, axum::Error>(Bytes::from(vec![b' '; bytes]))]);
    let rest = futures::stream::once(async move {
        let _ = tell.send(());
        std::future::pending().await
    });
    (Body::from_stream(first.chain(rest)), told)
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_never_come_take_no_place_and_together_no_more_than_their_room() {
    let mut solo = Solo::start();
    solo.state.gate = Gate::new(LIMITS);
    let app = router(solo.state.clone());
    let send = |body| {
        let mut request = Request::post("/v1/statements/batch").body(body).expect("request");
        request.extensions_mut().insert(ConnectInfo(std::net::SocketAddr::from(LOCAL)));
        app.clone().oneshot(request)
    };
    let mut held = Vec::new();
    for _ in 0..Lane::Batch.places() + 4 {
        let (body, told) = endless(1);
        held.push(tokio::spawn(send(body)));
        told.await.expect("it is here");
    }
    let batch = sampan_proto::api::Batch { submissions: vec![solo.issue("SPLNGB2600040")] };
    let answer = send(Body::from(serde_json::to_vec(&batch).expect("json"))).await.expect("infallible");
    assert_eq!(answer.status(), 200, "every place of the lane is free");
    // Two mebibytes of room, of which these leave less than one.
    let (body, told) = endless(1_500_000);
    held.push(tokio::spawn(send(body)));
    told.await.expect("it is here");
    let full = async || send(Body::from(vec![b' '; 1_000_000])).await.expect("infallible").status();
    let busy = async { while full().await != 503 {} };
    tokio::time::timeout(Duration::from_secs(20), busy).await.expect("no room");
    held.iter().for_each(tokio::task::JoinHandle::abort);
    let free = async { while full().await == 503 {} };
    tokio::time::timeout(Duration::from_secs(20), free).await.expect("what is given up is free again");
}

#[tokio::test]
async fn a_body_takes_room_for_what_is_here_of_it_however_it_comes() {
    let gate = Gate::new(LIMITS);
    let bytes = futures::stream::iter((0..4_096).map(|_| Ok::<_, axum::Error>(Bytes::from_static(b" "))));
    let mut room = gate.body(Some(address("192.0.2.1")));
    assert!(input::gather(Body::from_stream(bytes), 8_192, &mut room).await.is_ok(), "four kibibytes, byte by byte");
    let others = LIMITS.bodies - 4_096;
    assert!(gate.body(None).fit(others), "and they take four kibibytes");
    assert!(!gate.body(None).fit(others + 1));
}

#[tokio::test]
async fn of_the_room_for_bodies_an_address_has_its_share() {
    let gate = Gate::new(LIMITS);
    let share = LIMITS.bodies / 8;
    let (mut one, mut two) = (gate.body(Some(address("192.0.2.1"))), gate.body(Some(address("192.0.2.1"))));
    assert!(one.fit(share - 1_024) && two.fit(1_024), "together its share");
    assert!(!two.fit(1_025), "and no more");
    assert!(gate.body(Some(address("192.0.2.2"))).fit(share), "another address has its own");
    assert!(gate.body(Some(address("127.0.0.1"))).fit(LIMITS.bodies - 2 * share), "this machine is not counted");
    drop(one);
    assert!(two.fit(share), "what is given up is free again");
}

/// An application whose one route gives an answer of 1.2 MB.
fn large() -> Router {
    let guard = Guard::for_lanes(&Metrics::new(1), &Gate::new(LIMITS))[Lane::Whole as usize].on("/large");
    let answer = get(|| async { vec![7; 1_200_000] });
    Router::new().route("/large", answer.layer(from_fn_with_state(guard, guard::guarded)))
}

async fn ask(app: &Router, peer: ([u8; 4], u16)) -> Response {
    let mut request = Request::get("/large").body(Body::empty()).expect("request");
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(peer)));
    app.clone().oneshot(request).await.expect("infallible")
}

#[tokio::test]
async fn a_large_answer_takes_room_until_its_client_has_it() {
    let app = large();
    let mut waits = ask(&app, LOCAL).await.into_body().into_data_stream();
    let slice = waits.next().await.expect("begins").expect("bytes");
    assert!(slice.len() <= 64 * 1_024, "{} bytes at once", slice.len());
    assert_eq!(ask(&app, LOCAL).await.status(), 503, "two of them are more than there is room for");
    let mut taken = slice.len();
    while let Some(slice) = waits.next().await {
        taken += slice.expect("bytes").len();
    }
    assert_eq!(taken, 1_200_000, "whole");
    drop(waits);
    assert_eq!(ask(&app, LOCAL).await.status(), 200, "what was taken is room again");
    assert_eq!(ask(&app, REMOTE).await.status(), 503, "one address has an eighth of it");
}

/// Reading goes on where nobody waits for it any more: it is not one more beside those that have a place.
#[tokio::test(start_paused = true)]
async fn what_outlives_its_request_keeps_its_place() {
    let kept = Arc::new(std::sync::Mutex::new(Vec::new()));
    let guard = Guard::for_lanes(&Metrics::new(1), &Gate::new(LIMITS))[Lane::Whole as usize].on("/large");
    let hold = Arc::clone(&kept);
    let answer = get(|| async move {
        hold.lock().expect("no panic").extend(guard::place());
        std::future::pending::<()>().await;
    });
    let app = Router::new().route("/large", answer.layer(from_fn_with_state(guard, guard::guarded)));
    let answers = futures::future::join_all((0..Lane::Whole.places()).map(|_| ask(&app, LOCAL))).await;
    assert!(answers.iter().all(|answer| answer.status() == 408), "none is done in time");
    assert_eq!(ask(&app, LOCAL).await.status(), 503, "and every place is taken");
    kept.lock().expect("no panic").clear();
    assert_eq!(ask(&app, LOCAL).await.status(), 408, "until what held them ends");
}
