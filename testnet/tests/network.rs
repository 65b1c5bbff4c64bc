//! A network of real processes. `sampand` and `sampan` must have been built (`make test` does it):
//! `cargo build --bins`.

use std::time::Duration;

use sampan_proto::api::StatementStatus;
use sampan_proto::doc::{self, DocKind};
use sampan_proto::proof::{Outcome, Policy, verify};
use sampan_testnet::cluster::binaries::Binaries;
use sampan_testnet::cluster::cast::{BANK, CARRIER, EXPORTER};
use sampan_testnet::cluster::view::{NetworkView, NodeRole};
use sampan_testnet::cluster::{Cluster, Options};

const FINAL: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_processes_agree_survive_and_prove() {
    let binaries = Binaries::find(None).expect("build them first");
    let mut cluster = Cluster::start(&Options::new(binaries)).await.expect("starts");
    let chain = cluster.chain();
    let view: NetworkView =
        serde_json::from_slice(&std::fs::read(cluster.dir().join("network.json")).expect("written")).expect("reads");
    assert_eq!(view.nodes.iter().filter(|node| node.role == NodeRole::Validator).count(), 4);
    assert!(view.nodes.iter().all(|node| node.pid.is_some()));

    // A bill is issued through one node and final on all.
    let bytes = doc::template(DocKind::BillOfLading).as_bytes().to_vec();
    let carrier = cluster.person(CARRIER).expect("a carrier").clone();
    let exporter = cluster.person(EXPORTER).expect("an exporter").clone();
    let bank = cluster.person(BANK).expect("a bank").clone();
    let issue = carrier.issue(chain, DocKind::BillOfLading, bytes.clone(), &exporter.id).expect("signs");
    let ticket = cluster.nodes()[0].api().submit(&issue.submission).await.expect("answers").expect("a ticket");
    assert_eq!(ticket.statement, issue.id);
    for node in cluster.nodes() {
        node.api().finality(&issue.id, FINAL).await.unwrap_or_else(|e| panic!("{}: {e:#}", node.name()));
        assert_eq!(node.api().body(&ticket.record).await.expect("a body"), bytes, "{}", node.name());
    }
    let height = cluster.nodes()[0].api().finality(&issue.id, FINAL).await.expect("final");
    cluster.agreement(height).await.expect("equal roots");

    // One validator is killed; the others go on without it.
    cluster.kill(&[2]).expect("kills");
    let transfer = exporter.transfer(chain, ticket.record, 1, &bank.id).expect("signs");
    cluster.nodes()[4].api().submit(&transfer.submission).await.expect("answers").expect("a ticket");
    let height = cluster.nodes()[0].api().finality(&transfer.id, FINAL).await.expect("final without the third");

    // It comes back, catches up, and proves what happened without it.
    cluster.restart(&[2]).await.expect("starts again");
    cluster.agreement(height).await.expect("equal roots after the restart");
    let third = cluster.nodes()[2].api();
    assert!(matches!(third.statement(&transfer.id).await.expect("answers"), StatementStatus::Final { .. }));
    let bundle = third.status(&ticket.record).await.expect("answers").expect("a bundle");
    let ladder = verify(&bundle, cluster.genesis(), &Policy::default());
    assert_eq!(ladder.outcome(), Outcome::Valid, "{ladder:?}");
    let record = &bundle.status.as_ref().expect("a status").record.as_ref().expect("a record").0;
    assert_eq!((record.possessor.as_ref(), record.seq), (Some(&bank.id), 2));

    assert_eq!(cluster.stop(), Vec::<String>::new(), "all end in order when they are asked to");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_was_stopped_starts_again_where_it_was() {
    let dir = tempfile::tempdir().expect("a directory");
    let binaries = Binaries::find(None).expect("build them first");
    let dir_option = Some(dir.path().to_owned());
    let options = Options { validators: 1, full_nodes: 0, dir: dir_option, ..Options::new(binaries) };
    let mut cluster = Cluster::start(&options).await.expect("starts");
    let carrier = cluster.person(CARRIER).expect("a carrier").clone();
    let to = cluster.person(EXPORTER).expect("an exporter").id.clone();
    let bytes = doc::template(DocKind::BillOfLading).as_bytes().to_vec();
    let issue = carrier.issue(cluster.chain(), DocKind::BillOfLading, bytes, &to).expect("signs");
    cluster.nodes()[0].api().submit(&issue.submission).await.expect("answers").expect("a ticket");
    let height = cluster.nodes()[0].api().finality(&issue.id, FINAL).await.expect("final");
    let before = cluster.nodes()[0].api().header(height).await.expect("a header");
    cluster.stop();
    drop(cluster);

    let cluster = Cluster::start(&options).await.expect("starts again");
    assert_eq!(cluster.chain(), before.header.chain);
    assert_eq!(cluster.nodes()[0].api().header(height).await.expect("a header"), before);
}
