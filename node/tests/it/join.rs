//! New nodes that take over a state instead of executing everything that ever happened.

use sampan_node::engine::Provenance;
use sampan_node::net;
use sampan_proto::api::{HeaderView, NodeStatus, RecordView};
use sampan_proto::genesis::Parameters;
use sampan_proto::ids::{Height, RecordId};
use sampan_proto::limits::CLOCK_SKEW_MS;
use sampan_proto::proof::{self, Bundle, Outcome, Policy};
use sampan_proto::snapshot::{Manifest, Part};
use sampan_proto::wire::{PeerStatus, Request, Response};

use crate::harness::Network;
use crate::peer::Peer;
use crate::roster::{seat, unseat};

fn lively() -> Parameters {
    Parameters { heartbeat_ms: 100, ..Parameters::default() }
}

/// A bill in other hands at each height, until the newest is at `height` at least.
async fn lives_until(net: &Network, height: Height) -> RecordId {
    let (bill, statement, record) = net.bill("SMPN0001", "klang-import");
    assert_eq!(net.submit(0, &bill).await.0, 202);
    net.is_final(0, statement).await;
    let hands = ["klang-import", "harbour-bank"];
    for (seq, turn) in (1..=4).zip([0, 1, 0, 1]) {
        let (transfer, moved) = net.transfer(hands[turn], record, seq, hands[1 - turn]);
        assert_eq!(net.submit(0, &transfer).await.0, 202);
        net.is_final(0, moved).await;
    }
    net.reaches(0, height).await;
    record
}

fn proven(net: &Network, bundle: &Bundle) {
    let ladder = proof::verify(bundle, &net.genesis, &Policy::default());
    assert_eq!(ladder.outcome(), Outcome::Valid, "{ladder:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_node_takes_the_state_over_and_serves_what_it_has() {
    let mut net = Network::new(4, 1, lively()).with_states(4, 6).keeping(4, 1_000);
    net.start_first(4).await;
    let record = lives_until(&net, Height(12)).await;
    net.start(4).await;
    let status: NodeStatus = net.reaches(4, Height(13)).await;
    assert!(net.metric(4, "sampan_snapshot_parts").await >= 1, "it took a state over");
    assert_eq!(net.metric(4, "sampan_snapshot_wanted").await, 0);
    assert!(net.metric(4, "sampan_sync_blocks_total").await < status.height.0, "and executed only what came after");

    // The state and what is new are proven there; what came before is not there, since it keeps no archive, and it
    // says so.
    let view: RecordView = net.get_json(4, &format!("/v1/records/{record}")).await;
    assert_eq!((view.record.seq, view.record.possessor), (5, Some("klang-import".parse().expect("id"))));
    proven(&net, &net.get_json(4, &format!("/v1/records/{record}/status")).await);
    let (history, bundle) = (format!("/v1/records/{record}/history"), format!("/v1/records/{record}/bundle"));
    let of_the_log = ["/v1/headers/1", "/v1/receipts/1", "/v1/log/consistency?from=0&to=2"].map(str::to_owned);
    for path in of_the_log.into_iter().chain([history, bundle]) {
        let (status, body) = net.get(4, &path).await;
        assert_eq!(status, 410, "{path}");
        assert!(String::from_utf8_lossy(&body).contains("history_not_held"), "{path}");
    }
    let (bill, statement, newer) = net.bill("SMPN0002", "klang-import");
    assert_eq!(net.submit(4, &bill).await.0, 202);
    net.is_final(4, statement).await;
    proven(&net, &net.get_json(4, &format!("/v1/records/{newer}/bundle?body=true")).await);
    proven(&net, &net.get_json(4, &format!("/v1/receipts/{statement}")).await);

    // It is a node like any other after a restart, too.
    net.stop(4).await;
    net.start(4).await;
    let (transfer, moved) = net.transfer("klang-import", newer, 1, "harbour-bank");
    assert_eq!(net.submit(4, &transfer).await.0, 202);
    let height = net.is_final(4, moved).await;
    assert_eq!(net.reaches(0, height).await.chain, net.reaches(4, height).await.chain);
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_fetches_what_came_before_its_state_and_serves_it() {
    let mut net = Network::new(4, 2, lively()).with_states(4, 6);
    net.start_first(4).await;
    let record = lives_until(&net, Height(12)).await;
    net.start(4).await;
    let status: NodeStatus = net.reaches(4, Height(13)).await;
    assert!(net.metric(4, "sampan_snapshot_parts").await >= 1, "it took a state over");
    net.falls_to(4, "sampan_oldest_block", 1).await;
    assert!(net.metric(4, "sampan_sync_blocks_total").await < status.height.0, "it executed only what came after");
    proven(&net, &net.get_json(4, &format!("/v1/records/{record}/bundle?body=true")).await);
    // Nodes may hold other signatures of one block, each of them enough.
    let first = net.get_json::<HeaderView>(4, "/v1/headers/1").await.header;
    assert_eq!(first, net.get_json::<HeaderView>(0, "/v1/headers/1").await.header);
    let log = "/v1/log/tile/entries/000.p/10";
    assert_eq!(net.get(4, log).await, net.get(0, log).await);

    // Whoever begins at the first block has it from there.
    net.stop(1).await;
    net.stop(2).await;
    net.stop(3).await;
    net.stop(0).await;
    net.executes_everything(5);
    net.start(5).await;
    let height = net.reaches(5, status.height).await.height;
    assert!(net.metric(5, "sampan_sync_blocks_total").await >= height.0, "block by block");
    assert_eq!(net.get_json::<HeaderView>(5, "/v1/headers/1").await.header, first);
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_keeps_no_archive_drops_what_is_old_and_votes_on() {
    let mut net = Network::new(4, 0, lively()).with_states(4, 6).keeping(3, 8);
    net.start_all().await;
    let record = lives_until(&net, Height(12)).await;
    net.reaches(3, Height(24)).await;
    assert!(net.metric(3, "sampan_oldest_block").await >= 8);
    assert_eq!(net.get(3, "/v1/headers/1").await.0, 410);
    proven(&net, &net.get_json(3, &format!("/v1/records/{record}/status")).await);
    net.stop(3).await;
    net.start(3).await;
    net.counts(3, "sampan_voting", 1).await;
    net.stop(0).await;
    let height = net.reaches(1, Height(24)).await.height;
    net.reaches(3, Height(height.0 + 4)).await;
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_lost_everything_takes_a_state_over_and_votes_again_later() {
    let mut net = Network::new(4, 0, lively()).with_states(4, 6);
    net.start_all().await;
    lives_until(&net, Height(12)).await;
    net.stop(3).await;
    std::fs::remove_dir_all(net.data_dir(3)).expect("removed");
    // Peers may still hand on what it said a second ago; an operator who says so need not care.
    net.start_from(3, Provenance::Restored).await;
    net.reaches(3, Height(13)).await;
    assert!(net.metric(3, "sampan_snapshot_parts").await >= 1, "it took a state over");
    net.counts(3, "sampan_voting", 1).await;
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_was_seated_before_it_ever_ran_takes_the_seat_of_the_state_it_took_over() {
    let mut net = Network::with_candidates(4, 1, lively()).with_states(4, 6);
    net.start_first(4).await;
    let seated = net.decide(seat(&net, 4), &[0, 1, 2]).await;
    net.reaches(0, Height(seated.0 + 8)).await;
    net.start(4).await;
    net.reaches(4, seated.next()).await;
    assert!(
        net.metric(4, "sampan_snapshot_parts").await >= 1,
        "it took a state over, and never saw the block of its seat"
    );
    net.counts(4, "sampan_voting", 1).await;
    // With it, four of five go on without one.
    net.stop(2).await;
    let height = net.reaches(4, Height(0)).await.height;
    net.reaches(4, height.next().next()).await;
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_founder_that_was_unseated_before_it_ever_ran_follows_the_state_it_took_over_without_a_vote() {
    let mut net = Network::new(5, 0, lively()).with_states(4, 6);
    net.start_first(4).await;
    let left = net.decide(unseat(4), &[0, 1, 2, 3]).await;
    net.reaches(0, Height(left.0 + 8)).await;
    net.start(4).await;
    let mut status = net.reaches(4, left.next()).await;
    assert!(net.metric(4, "sampan_snapshot_parts").await >= 1, "it took a state over");
    // As long as it would have listened if it had a seat, and a few blocks more.
    let over_ms = sampan_node::clock::now_ms() + CLOCK_SKEW_MS;
    for _ in 0..3 {
        status = net.reaches(4, status.height.next()).await;
        while status.time_ms <= over_ms {
            status = net.reaches(4, status.height.next()).await;
        }
        assert!(!status.validator, "it has no seat");
    }
    assert_eq!(net.metric(4, "sampan_voting").await, 0);
    net.stop_all().await;
}

/// Somebody offers the true state and hands over something else.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_not_of_the_state_is_blamed_and_had_from_somebody_else() {
    let mut net = Network::with_candidates(1, 2, lively()).with_states(4, 6);
    net.start(0).await;
    lives_until(&net, Height(12)).await;
    let curious = Peer::join(&net, net.network_key(1), &[0]).await;
    let manifest = offered(&curious, net::peer_id(&net.network_key(0).public())).await;
    curious.net.shutdown().await;
    net.stop(0).await;
    net.start(2).await;
    let mut liar = Peer::join(&net, net.network_key(1), &[2]).await;
    let answer = |request: &Request| match request {
        Request::Status => {
            let (height, header) = (manifest.header.height, manifest.header.hash());
            Response::Status(PeerStatus { height, header })
        }
        Request::Snapshot => Response::Snapshot(Box::new(manifest.clone())),
        Request::State(_) => Response::State(Part::Items(Vec::new())),
        Request::Blocks { .. } | Request::Past { .. } | Request::Documents(_) | Request::Round(_) => Response::Busy,
    };
    liar.answering(answer, net.counts(2, "net_faults_total{fault=\"bad-snapshot\"}", 1)).await;
    let (status, _) = net.get(2, "/readyz").await;
    assert_eq!(status, 503, "there is no state yet");
    net.start(0).await;
    let height = liar.answering(answer, net.reaches(2, Height(13))).await.height;
    assert!(height >= Height(13));
    assert!(net.metric(2, "sampan_snapshot_parts").await >= 1);
    liar.net.shutdown().await;
    net.stop_all().await;
}

/// The manifest that a node offers.
async fn offered(peer: &Peer, node: net::PeerId) -> Manifest {
    match peer.net.request(node, Request::Snapshot).await {
        Ok(Response::Snapshot(manifest)) => *manifest,
        other => panic!("no state on offer: {other:?}"),
    }
}
