//! Peers that lie: what they say is found out, counted, and changes nothing.

use sampan_node::engine::Provenance;
use sampan_node::net::Publication;
use sampan_node::store::Store;
use sampan_proto::api::{EvidenceView, HeaderView, NodeStatus};
use sampan_proto::evidence::{self, Evidence};
use sampan_proto::genesis::Parameters;
use sampan_proto::ids::Height;
use sampan_proto::proof::Outcome;
use sampan_proto::vote::{Certificate, Signed, Vote, VoteType};
use sampan_proto::wire::{Announcement, PeerStatus, Request, Response};

use crate::harness::Network;
use crate::peer::Peer;

fn quiet() -> Parameters {
    Parameters { heartbeat_ms: 60_000, ..Parameters::default() }
}

/// The only validator signs two blocks of one height. Nothing can mend that; people must hear of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_certificate_at_a_decided_height_raises_the_alarm() {
    let mut net = Network::new(1, 1, quiet());
    net.start(0).await;
    let (bill, statement, _) = net.bill("SMPN0001", "klang-import");
    assert_eq!(net.submit(0, &bill).await.0, 202);
    assert_eq!(net.is_final(0, statement).await, Height(1));
    let decided: HeaderView = net.get_json(0, "/v1/headers/1").await;
    let liar = Peer::join(&net, net.network_key(1), &[0]).await;

    // What is decided here, told again, is no alarm.
    liar.say(Publication::Header(Announcement {
        header: decided.header.clone(),
        certificate: decided.certificate.clone(),
    }));
    let mut header = decided.header.clone();
    header.time_ms += 1;
    let (key, block) = (net.consensus_key(0), header.hash());
    let vote = Vote {
        chain: net.genesis.chain,
        vote_type: VoteType::Precommit,
        height: header.height,
        round: 0,
        block: Some(block),
        validator: key.public(),
    };
    let signatures = vec![(0, Signed::sign(vote, &key).signature)];
    let certificate = Certificate::new(header.height, 0, block, &net.genesis.roster, signatures);
    liar.say(Publication::Header(Announcement { header, certificate }));
    net.counts(0, "sampan_equivocations_total", 1).await;
    let list: EvidenceView = net.get_json(0, "/v1/evidence").await;
    let [found] = list.evidence.as_slice() else { panic!("one offence: {list:?}") };
    let evidence: Evidence = net.get_json(0, &format!("/v1/evidence/{}", found.id)).await;
    let (ladder, proven) = evidence::verify(&evidence, &net.genesis);
    assert_eq!(ladder.outcome(), Outcome::Valid, "{ladder:#?}");
    assert_eq!(proven.map(|proven| proven.members.len()), Some(1), "the only validator signed both");
    let after: NodeStatus = net.get_json(0, "/v1/node").await;
    assert_eq!(after.header, decided.hash, "a decided block is never undone");
    liar.net.shutdown().await;
    net.stop(0).await;
    net.start(0).await;
    let since_ever = (net.metric(0, "sampan_evidence").await, net.metric(0, "sampan_equivocations_total").await);
    assert_eq!(since_ever, (1, 0), "a restart does not end the alarm");
    net.stop_all().await;
}

/// One of two validators starts anew beside a member whose node answers every question for blocks with a damaged one.
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_serves_garbage_is_blamed_and_the_truth_comes_from_another() {
    let mut net = Network::new(2, 1, quiet());
    net.start(0).await;
    net.start(1).await;
    let (bill, statement, _) = net.bill("SMPN0001", "klang-import");
    assert_eq!(net.submit(0, &bill).await.0, 202);
    for i in 0..2 {
        assert_eq!(net.is_final(i, statement).await, Height(1));
    }
    net.stop_all().await;
    let store = Store::open(&net.data_dir(0), &net.genesis, 8).expect("opens");
    let truth = store.reader().block(Height(1)).expect("readable").expect("decided");
    drop(store);
    std::fs::remove_dir_all(net.data_dir(1)).expect("removed");

    // It has voted in the block that it lost.
    net.start_from(1, Provenance::Restored).await;
    let mut liar = Peer::join(&net, net.network_key(2), &[1]).await;
    let mut lie = truth.clone();
    lie.header.time_ms += 1;
    let answer = |request: &Request| match request {
        Request::Status => Response::Status(PeerStatus { height: Height(1), header: truth.header.hash() }),
        Request::Blocks { .. } => Response::Blocks(vec![lie.clone()]),
        Request::Documents(_) | Request::Round(_) | Request::Snapshot | Request::State(_) | Request::Past { .. } => {
            Response::Busy
        }
    };
    liar.answering(answer, net.counts(1, "net_faults_total{fault=\"bad-block\"}", 1)).await;
    let blamed: NodeStatus = net.get_json(1, "/v1/node").await;
    assert_eq!(blamed.height, Height::GENESIS, "nothing of it was taken");
    net.start(0).await;
    let status = liar.answering(answer, net.reaches(1, Height(1))).await;
    assert_eq!(status.header, truth.header.hash());
    liar.net.shutdown().await;
    net.stop_all().await;
}

/// A node catches up beside a member's node that gives it every block without its document.
#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_a_peer_keeps_back_comes_from_another() {
    let mut net = Network::with_candidates(1, 2, quiet());
    net.start(0).await;
    let (bill, statement, record) = net.bill("SMPN0001", "klang-import");
    assert_eq!(net.submit(0, &bill).await.0, 202);
    assert_eq!(net.is_final(0, statement).await, Height(1));
    net.stop_all().await;
    let store = Store::open(&net.data_dir(0), &net.genesis, 8).expect("opens");
    let mut stripped = store.reader().block(Height(1)).expect("readable").expect("decided");
    drop(store);
    stripped.bodies.iter_mut().for_each(|body| *body = None);

    net.start(1).await;
    let mut liar = Peer::join(&net, net.network_key(2), &[1]).await;
    let answer = |request: &Request| match request {
        Request::Status => Response::Status(PeerStatus { height: Height(1), header: stripped.header.hash() }),
        Request::Blocks { from: Height(1), .. } => Response::Blocks(vec![stripped.clone()]),
        Request::Blocks { .. } => Response::Blocks(Vec::new()),
        Request::Documents(_) => Response::Documents(Vec::new()),
        Request::Round(_) | Request::Snapshot | Request::State(_) | Request::Past { .. } => Response::Busy,
    };
    liar.answering(answer, net.reaches(1, Height(1))).await;
    let body = format!("/v1/records/{record}/body");
    assert_eq!(net.get(1, &body).await.0, 404, "a block is valid without it");
    liar.answering(answer, net.counts(1, "sampan_kept{what=\"absent\"}", 1)).await;
    net.start(0).await;
    liar.answering(answer, net.falls_to(1, "sampan_kept{what=\"absent\"}", 0)).await;
    let (status, bytes) = net.get(1, &body).await;
    assert_eq!((status, bytes), net.get(0, &body).await, "whoever has it gives it");
    assert_eq!(status, 200);
    liar.net.shutdown().await;
    net.stop_all().await;
}
