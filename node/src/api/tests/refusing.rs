use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, header};
use sampan_proto::api::{Batch, Problem};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::super::error::{BUSY, INTERNAL, METHOD_NOT_ALLOWED};
use super::super::*;
use super::fixture::{REMOTE, Solo, json};

async fn refused(solo: &Solo, body: impl Into<Body>) -> Problem {
    solo.post("/v1/statements", body).await.problem()
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_named_by_code_and_path() {
    let solo = Solo::start();
    let good = String::from_utf8(json(&solo.issue("SPLNGB2620001"))).expect("text");
    for (body, code, path) in [
        ("{".to_owned(), "json_malformed", "$"),
        ("[]".to_owned(), "json_type", "$"),
        ("{}".to_owned(), "json_missing_field", "$.statement"),
        (good.replacen("\"body\":", "\"bodies\":", 1), "json_unknown_field", "$.bodies"),
        (good.replacen("{\"statement\":", "{\"body\":null,\"statement\":", 1), "json_duplicate_key", "$.body"),
        (good.replacen("ed25519:", "rsa:", 1), "json_type", "$.statement.signatures[0].keyid"),
        (good.replacen("\"payload\":\"", "\"payload\":\"*", 1), "envelope_malformed", "$.payload"),
        (format!("{good} {}", "x".repeat(400 * 1024)), "json_too_large", "$"),
    ] {
        let problem = refused(&solo, body).await;
        assert_eq!((problem.code.as_str(), problem.path.as_str()), (code, path), "{problem:?}");
    }
    let crowd = Batch { submissions: vec![solo.issue("SPLNGB2620002"); 257] };
    let problem = solo.post("/v1/statements/batch", json(&crowd)).await.problem();
    assert_eq!((problem.code.as_str(), problem.path.as_str()), ("request_malformed", "$.submissions"));
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_are_read_strictly() {
    let solo = Solo::start();
    for (uri, word) in [
        ("/v1/records/xyz", "`id`: expected 64"),
        ("/v1/records/%ff", "UTF-8"),
        ("/v1/headers/-1", "`height`"),
        ("/v1/members/No_Body", "`id`: a member id"),
        ("/v1/node?after=soon", "invalid digit"),
        ("/v1/node?wait=1", "unknown field `wait`"),
        ("/v1/statements/abc?wait_s=1", "`id`"),
    ] {
        let problem = solo.get(uri).await.problem();
        assert_eq!((problem.status, problem.code.as_str()), (400, "request_malformed"), "{uri}");
        assert!(problem.detail.contains(word), "{uri}: {}", problem.detail);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_a_problem_too() {
    let solo = Solo::start();
    for uri in ["/", "/v1", "/v2/node", "/v1/records", "/v1/node/"] {
        let problem = solo.get(uri).await.problem();
        assert_eq!((problem.status, problem.code.as_str()), (404, "not_found"), "{uri}");
    }
    let answer = solo.ask(REMOTE, Request::delete("/v1/members").body(Body::empty()).expect("request")).await;
    assert_eq!(answer.problem().code, METHOD_NOT_ALLOWED.code);
    assert_eq!(answer.headers[header::ALLOW], "GET,HEAD");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_off_is_refused() {
    let solo = Solo::start();
    let parts: [Result<Bytes, std::io::Error>; 2] =
        [Ok(Bytes::from_static(b"{\"statement\"")), Err(std::io::ErrorKind::ConnectionReset.into())];
    let problem = refused(&solo, Body::from_stream(futures::stream::iter(parts))).await;
    assert_eq!(problem.code, "request_malformed");
}

#[tokio::test]
async fn a_full_lane_says_so_at_once() {
    use tower::ServiceExt as _;
    let metrics = Metrics::new(1);
    let guard = Guard::for_lanes(&metrics, &Gate::default())[Lane::Batch as usize].on("/slow");
    let slow = get(|| async { tokio::time::sleep(Duration::from_secs(1)).await });
    let app = Router::new().route("/slow", slow.layer(from_fn_with_state(guard, guard::guarded)));
    let ask = || app.clone().oneshot(Request::get("/slow").body(Body::empty()).expect("request"));
    let answers = futures::future::join_all((0..Lane::Batch.places() + 3).map(|_| ask())).await;
    let (ok, busy): (Vec<_>, Vec<_>) = answers
        .into_iter()
        .map(|answer| answer.expect("infallible"))
        .partition(|answer| answer.status() == StatusCode::OK);
    assert_eq!((ok.len(), busy.len()), (Lane::Batch.places(), 3));
    assert!(busy.iter().all(|answer| answer.status() == 503 && answer.headers()[header::RETRY_AFTER] == "1"));
    assert!(metrics.encode().contains("route=\"/slow\",status=\"503\""), "{}", BUSY.code);
}

#[tokio::test]
async fn a_panic_is_an_internal_problem() {
    use tower::ServiceExt as _;
    async fn fails() -> &'static str {
        panic!("of a test")
    }
    let app: Router = Router::new().route("/", get(fails)).layer(CatchPanicLayer::custom(panicked));
    let answer = app.oneshot(Request::get("/").body(Body::empty()).expect("request")).await.expect("infallible");
    assert_eq!(answer.status(), 500);
    let bytes = axum::body::to_bytes(answer.into_body(), 1_000).await.expect("body");
    assert_eq!(serde_json::from_slice::<Problem>(&bytes).expect("problem").code, INTERNAL.code);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_socket_and_until_it_is_stopped() {
    let solo = Solo::start();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("address");
    let stop = CancellationToken::new();
    let server = tokio::spawn(serve(listener, solo.state.clone(), stop.clone()));
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("sent");
    let mut answer = vec![0; 17];
    stream.read_exact(&mut answer).await.expect("answered");
    assert_eq!(answer, b"HTTP/1.1 200 OK\r\n");
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(4), server)
        .await
        .expect("an idle connection holds nothing up")
        .expect("joined");
    assert!(TcpStream::connect(address).await.is_err());
}
