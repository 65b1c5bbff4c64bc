//! Peers that lie: what they say is found out, counted, and changes nothing.

use sampan_node::net::Publication;
use sampan_proto::api::{HeaderView, NodeStatus};
use sampan_proto::genesis::Parameters;
use sampan_proto::ids::Height;
use sampan_proto::vote::{Certificate, Signed, Vote, VoteType};
use sampan_proto::wire::Announcement;

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
    let after: NodeStatus = net.get_json(0, "/v1/node").await;
    assert_eq!(after.header, decided.hash, "a decided block is never undone");
    liar.net.shutdown().await;
    net.stop_all().await;
}
