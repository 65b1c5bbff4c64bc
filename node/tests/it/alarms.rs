//! What an operator is woken for: that it shows when it is so, and no longer when it is over.

use sampan_proto::genesis::Parameters;
use sampan_proto::ids::{HeaderHash, Height};
use sampan_proto::wire::{PeerStatus, Request, Response};

use crate::harness::{Network, PATIENCE};
use crate::peer::Peer;

fn quiet() -> Parameters {
    Parameters { heartbeat_ms: 60_000, ..Parameters::default() }
}

/// Waits until a gauge of node `i` shows this.
async fn shows(net: &Network, i: usize, gauge: &str, value: u64) {
    let wait = async { while net.metric(i, gauge).await != value {} };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{gauge} never was {value}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quorum_that_is_lost_shows_until_it_is_back() {
    let mut net = Network::new(2, 0, quiet());
    net.start_all().await;
    shows(&net, 0, "sampan_quorum_in_reach", 1).await;
    net.stop(1).await;
    shows(&net, 0, "sampan_quorum_in_reach", 0).await;
    net.start(1).await;
    shows(&net, 0, "sampan_quorum_in_reach", 1).await;
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_peers_have_and_a_node_has_not_shows() {
    let mut net = Network::new(2, 1, quiet());
    net.start(0).await;
    let mut peer = Peer::join(&net, net.network_key(2), &[0]).await;
    let ahead = PeerStatus { height: Height(9), header: HeaderHash(net.genesis.chain.0) };
    let answer = |request: &Request| match request {
        Request::Status => Response::Status(ahead),
        _ => Response::Busy,
    };
    peer.answering(answer, shows(&net, 0, "sampan_lag_blocks", 9)).await;
    peer.net.shutdown().await;
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_with_less_room_than_it_should_have_shows() {
    let mut net = Network::new(1, 0, quiet());
    net.set_disk_reserve_mib(0, u64::MAX);
    net.start(0).await;
    shows(&net, 0, "sampan_disk_short", 1).await;
    let (bill, ..) = net.bill("SMPN0001", "klang-import");
    assert_eq!(net.submit(0, &bill).await.1["code"], "disk_almost_full");
    net.stop(0).await;
    net.set_disk_reserve_mib(0, 0);
    net.start(0).await;
    shows(&net, 0, "sampan_disk_short", 0).await;
    net.stop_all().await;
}
