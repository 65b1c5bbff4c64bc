//! A node that is told to stop: it says so, and leaves nothing behind that it has accepted.

use sampan_proto::genesis::Parameters;

use crate::harness::{Network, PATIENCE, ask};

fn quiet() -> Parameters {
    Parameters { heartbeat_ms: 60_000, ..Parameters::default() }
}

/// The full node alone has what its client just brought, and peers ask for the contents of the large one.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_accepted_just_before_it_was_told_to_stop_becomes_final() {
    let mut net = Network::new(4, 1, quiet());
    net.start_all().await;
    let (large, one, _) = net.large_bill("SMPN0001", "klang-import", 200 * 1024);
    let (small, two, _) = net.bill("SMPN0002", "klang-import");
    for bill in [&small, &large] {
        assert_eq!(net.submit(4, bill).await.0, 202);
    }
    net.stop(4).await;
    for statement in [one, two] {
        net.is_final(0, statement).await;
    }
    net.stop_all().await;
}

/// Without a quorum nothing becomes final: the node says that it leaves, takes nothing more, and leaves all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stops_says_so_takes_nothing_more_and_does_not_wait_for_ever() {
    let mut net = Network::new(2, 0, quiet());
    net.start_all().await;
    let (bill, issued, _) = net.bill("SMPN0001", "klang-import");
    net.sent(0, &bill, issued).await;
    net.stop(1).await;
    let (waits, ..) = net.bill("SMPN0002", "klang-import");
    let (late, ..) = net.bill("SMPN0003", "klang-import");
    assert_eq!(net.submit(0, &waits).await.0, 202);

    let node = net.nodes[0].take().expect("running");
    let address = node.http_addr();
    assert_eq!(ask(address, "GET", "/readyz", b"").await.0, 200);
    let stopping = tokio::spawn(node.shutdown());
    let unready = async { while ask(address, "GET", "/readyz", b"").await.0 == 200 {} };
    tokio::time::timeout(PATIENCE, unready).await.expect("it says so");
    let late = serde_json::to_vec(&late).expect("json");
    let refused = async {
        loop {
            match ask(address, "POST", "/v1/statements", &late).await {
                (202, _) => {}
                refused => return refused,
            }
        }
    };
    let (status, answer) = tokio::time::timeout(PATIENCE, refused).await.expect("it takes nothing more");
    assert!(status == 503 && String::from_utf8_lossy(&answer).contains("not_ready"), "{status}");
    assert_eq!(ask(address, "GET", "/v1/node", b"").await.0, 200, "whoever reads is served");
    let ended = tokio::time::timeout(PATIENCE, stopping).await.expect("in bounded time");
    ended.expect("no panic").expect("in order");
}
