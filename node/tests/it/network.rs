use sampan_proto::genesis::Parameters;
use sampan_proto::ids::Height;
use sampan_proto::proof::{self, Bundle, Outcome, Policy};

use crate::harness::Network;

fn quick() -> Parameters {
    Parameters { heartbeat_ms: 60_000, ..Parameters::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_validator_alone_finalises_a_bill() {
    let mut net = Network::new(1, 0, quick());
    net.start_all().await;
    let (bill, statement, record) = net.bill("SMPN0001", "klang-import");
    let (status, ticket) = net.submit(0, &bill).await;
    assert_eq!(status, 202, "{ticket}");
    assert_eq!(net.is_final(0, statement).await, Height(1));
    let bundle: Bundle = net.get_json(0, &format!("/v1/records/{record}/bundle?body=true")).await;
    let ladder = proof::verify(&bundle, &net.genesis, &Policy::default());
    assert_eq!(ladder.outcome(), Outcome::Valid, "{ladder:?}");
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_validators_and_a_full_node_agree() {
    let mut net = Network::new(4, 1, quick());
    net.start_all().await;
    // Submitted at the full node: a node that does not propose holds it first.
    let (bill, statement, record) = net.bill("SMPN0001", "klang-import");
    let (status, ticket) = net.submit(4, &bill).await;
    assert_eq!(status, 202, "{ticket}");
    let issued = net.is_final(0, statement).await;
    let (transfer, moved) = net.transfer("klang-import", record, 1, "harbour-bank");
    net.is_final(2, statement).await;
    assert_eq!(net.submit(2, &transfer).await.0, 202);
    let height = net.is_final(0, moved).await;
    assert!(height > issued);
    let first = net.reaches(0, height).await;
    for i in 1..5 {
        let other = net.reaches(i, height).await;
        assert_eq!((other.header, other.state_root, other.log_root), (first.header, first.state_root, first.log_root));
    }
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_was_away_catches_up() {
    let mut net = Network::new(4, 0, quick());
    net.start_all().await;
    let (bill, statement, record) = net.bill("SMPN0001", "klang-import");
    assert_eq!(net.submit(0, &bill).await.0, 202);
    net.is_final(3, statement).await;
    net.stop(3).await;
    let hands = ["klang-import", "harbour-bank"];
    let mut height = Height(0);
    for seq in 1..=5u64 {
        let from = usize::try_from(seq - 1).expect("small") % 2;
        let (transfer, moved) = net.transfer(hands[from], record, seq, hands[1 - from]);
        assert_eq!(net.submit(0, &transfer).await.0, 202);
        height = net.is_final(0, moved).await;
    }
    net.start(3).await;
    let (back, there) = (net.reaches(3, height).await, net.reaches(0, height).await);
    assert_eq!((back.header, back.state_root), (there.header, there.state_root));
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_stops_and_starts_again_and_the_chain_goes_on() {
    let mut net = Network::new(4, 0, quick());
    net.start_all().await;
    let (bill, statement, record) = net.bill("SMPN0001", "klang-import");
    assert_eq!(net.submit(1, &bill).await.0, 202);
    net.is_final(1, statement).await;
    net.stop_all().await;
    net.start_all().await;
    let (transfer, moved) = net.transfer("klang-import", record, 1, "harbour-bank");
    assert_eq!(net.submit(1, &transfer).await.0, 202);
    let height = net.is_final(1, moved).await;
    let (one, two) = (net.reaches(1, height).await, net.reaches(2, height).await);
    assert_eq!(one.header, two.header);
    net.stop_all().await;
}

/// Above 64 KiB a body is not gossiped: the full node offers it, validators ask for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_document_submitted_at_a_full_node_becomes_final() {
    let mut net = Network::new(4, 1, quick());
    net.start_all().await;
    let (bill, statement, record) = net.large_bill("SMPN0100", "klang-import", 200 * 1024);
    let (status, ticket) = net.submit(4, &bill).await;
    assert_eq!(status, 202, "{ticket}");
    for i in 0..5 {
        net.is_final(i, statement).await;
        let (status, body) = net.get(i, &format!("/v1/records/{record}/body")).await;
        assert_eq!((status, &body), (200, &bill.body.as_ref().expect("a body").bytes.0), "to the byte, on node {i}");
    }
    net.stop_all().await;
}

/// The standard's own examples, where they are at hand: issued unchanged, given back to the byte.
#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_dcsa_come_back_byte_for_byte() {
    let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/samples/dcsa");
    let Ok(files) = std::fs::read_dir(&samples) else {
        println!("SKIPPED: {} is not here", samples.display());
        return;
    };
    let is_transport_document = |path: &std::path::PathBuf| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("EBL_v3.0.4--get_v3_transport-documents"))
    };
    let documents: Vec<_> = files.filter_map(|file| Some(file.ok()?.path())).filter(is_transport_document).collect();
    assert_eq!(documents.len(), 3, "dry, reefer and dangerous goods");
    let mut net = Network::new(1, 0, quick());
    net.start_all().await;
    for path in documents {
        let bytes = std::fs::read(&path).expect("readable");
        let (bill, statement, record) = net.issue_bill(bytes.clone(), "klang-import");
        let (status, ticket) = net.submit(0, &bill).await;
        assert_eq!(status, 202, "{}: {ticket}", path.display());
        net.is_final(0, statement).await;
        let (status, body) = net.get(0, &format!("/v1/records/{record}/body")).await;
        assert_eq!((status, body), (200, bytes), "{}", path.display());
    }
    net.stop_all().await;
}
