//! A new protocol version: old and new software run side by side up to its first block, and only the new goes on.
//!
//! There is no second version yet, so version 2 stands for whatever comes next: it differs in nothing but the number
//! that headers say, and a node of the "new software" is one that is told that it knows both.

use sampan_node::engine::Provenance;
use sampan_node::fault::Fatal;
use sampan_node::node::{Start, StartError};
use sampan_node::store::Store;
use sampan_proto::api::{HeaderView, NodeStatus, UpgradeView};
use sampan_proto::genesis::Parameters;
use sampan_proto::governance::Change;
use sampan_proto::ids::Height;
use sampan_proto::limits::UPGRADE_LEAD;
use sampan_proto::proof::{self, Bundle, Outcome, Policy, Verdict};
use sampan_proto::protocol::{KNOWN, Protocol, Versions};

use crate::harness::Network;

/// What comes after this software.
const NEW: Start = Start { provenance: Provenance::Unsaid, versions: Versions { oldest: 1, newest: 2 } };
/// This software.
const OLD: Start = Start { provenance: Provenance::Unsaid, versions: KNOWN };

fn hasty() -> Parameters {
    Parameters { heartbeat_ms: 100, ..Parameters::default() }
}

async fn version(net: &Network, height: u64) -> u32 {
    net.get_json::<HeaderView>(0, &format!("/v1/headers/{height}")).await.header.version
}

/// Three of four validators are new software, the fourth and a full node are old.
#[tokio::test(flavor = "multi_thread")]
async fn old_and_new_software_run_side_by_side_up_to_the_height_and_only_the_new_goes_on() {
    let mut net = Network::new(4, 1, hasty());
    for (i, start) in [NEW, NEW, NEW, OLD, OLD].into_iter().enumerate() {
        net.try_start(i, start).await.expect("starts");
    }
    let (bill, issued, record) = net.bill("SMPN0001", "klang-import");
    assert_eq!(net.submit(3, &bill).await.0, 202);
    net.is_final(4, issued).await;
    let now = net.reaches(0, Height(1)).await.height;
    let second = Protocol { version: 2, from: Height(now.0 + UPGRADE_LEAD + 40) };
    let decided = net.decide(Change::Upgrade(second), &[0, 1, 3]).await;
    assert!(decided < second.from);

    // All of them tell, and those that will have to stop raise the alarm.
    for (i, known) in [true, true, true, false, false].into_iter().enumerate() {
        let status: NodeStatus = net.reaches(i, decided).await;
        assert_eq!((status.protocol, status.upgrade), (1, Some(UpgradeView { next: second, known })), "node {i}");
        assert_eq!(net.metric(i, "sampan_upgrade_height").await, second.from.0);
        assert_eq!(net.metric(i, "sampan_upgrade_unsupported").await, u64::from(!known), "node {i}");
    }
    // An old node that starts in between runs, and knows it at once.
    net.stop(4).await;
    net.try_start(4, OLD).await.expect("there is time until then");
    assert_eq!(net.metric(4, "sampan_upgrade_unsupported").await, 1);

    for old in [3, 4] {
        let fault = net.stops(old).await;
        assert!(matches!(fault, Fatal::UnknownProtocol { height, .. } if height == second.from), "{fault}");
        assert!(fault.is_for_the_operator() && fault.hint().contains("install"), "{fault}");
        let said =
            format!("block {} is of another protocol: protocol version 2 is not known here, only 1", second.from);
        assert!(fault.to_string().starts_with(&said), "{fault}");
        // The second start says the same, however often: it opens nothing and says nothing to anybody.
        let Err(StartError::Fatal(again)) = net.try_start(old, OLD).await else { panic!("it started") };
        assert_eq!(again.to_string(), fault.to_string());
        let store = Store::open(&net.data_dir(old), &net.genesis, 8).expect("whole");
        assert_eq!(store.tip().height.next(), second.from, "it has all that it can execute");
    }

    // Three of four are a quorum, and now they need each other.
    net.reaches(0, Height(second.from.0 + 2)).await;
    assert_eq!((version(&net, second.from.0 - 1).await, version(&net, second.from.0).await), (1, 2));
    assert_eq!(net.metric(0, "sampan_upgrade_height").await, 0, "it is over");
    let bundle: Bundle = net.get_json(0, &format!("/v1/records/{record}/bundle")).await;
    let ladder = proof::verify(&bundle, &net.genesis, &Policy::default());
    assert_eq!((ladder.outcome(), ladder.verdict("format")), (Outcome::Invalid, Some(Verdict::Invalid)));
    assert!(
        ladder.rungs().iter().any(|rung| rung.detail.contains("protocol version 2 is not known here")),
        "{ladder:?}"
    );

    // New software on the old node's data directory: it votes from there on as if nothing had been.
    net.try_start(3, NEW).await.expect("starts");
    net.try_start(4, NEW).await.expect("starts");
    net.stop(2).await;
    let (transfer, moved) = net.transfer("klang-import", record, 1, "harbour-bank");
    assert_eq!(net.submit(3, &transfer).await.0, 202);
    let height = net.is_final(4, moved).await;
    let status = net.reaches(3, height).await;
    assert_eq!((status.validator, status.protocol, status.upgrade), (true, 2, None));
    for i in [0, 1, 3, 4] {
        assert_eq!(net.metric(i, "sampan_equivocations_total").await, 0, "nobody said two things");
    }
    net.stop_all().await;
}
