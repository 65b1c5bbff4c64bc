//! Backups: taken while the node runs, put back whole and silent, refused when anything in them is not what it was.

use std::fs;
use std::path::{Path, PathBuf};

use sampan_node::backup::{self, BackupError, Manifest};
use sampan_node::store::{Depth, Store, Voice};
use sampan_proto::api::NodeStatus;
use sampan_proto::genesis::{Genesis, Parameters};
use sampan_proto::ids::Height;

use crate::harness::Network;

fn take(net: &Network, i: usize, to: &Path) -> Result<Manifest, BackupError> {
    backup::take(&net.data_dir(i), b"the genesis file", &net.genesis, to)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_running_node_is_put_back_and_does_not_vote_at_first() {
    let mut net = Network::new(4, 0, Parameters { heartbeat_ms: 500, ..Parameters::default() });
    net.start_all().await;
    let (bill, statement, _) = net.bill("SMPN0001", "klang-import");
    assert_eq!(net.submit(0, &bill).await.0, 202);
    let height = net.is_final(0, statement).await;
    let dir = tempfile::tempdir().expect("a directory");
    let to = dir.path().join("monday");
    let manifest = tokio::task::block_in_place(|| take(&net, 0, &to)).expect("taken while it runs");
    assert!(manifest.height >= height, "what was final is in it");
    assert!(matches!(take(&net, 0, &to), Err(BackupError::Occupied(_))), "nothing is overwritten");

    // The machine is lost, with its disk.
    net.stop(0).await;
    let data = net.data_dir(0);
    assert!(matches!(backup::restore(&to, &net.genesis, &data), Err(BackupError::Occupied(_))));
    fs::remove_dir_all(&data).expect("lost");
    assert_eq!(backup::restore(&to, &net.genesis, &data).expect("put back"), manifest);
    let store = Store::open(&data, &net.genesis, 8).expect("opens");
    assert_eq!((store.tip().height, store.tip().hash), (manifest.height, manifest.header));
    assert_eq!(store.voice().expect("readable"), Some(Voice::Silent));
    drop(store);

    net.start(0).await;
    let status: NodeStatus = net.get_json(0, "/v1/node").await;
    assert!(!status.validator, "it may have said what it does not know");
    assert_eq!(net.is_final(0, statement).await, height);
    net.reaches(0, Height(manifest.height.0 + 2)).await;
    net.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_node_is_exported_and_checked_as_of_one_moment() {
    let mut net = Network::new(1, 0, Parameters { heartbeat_ms: 60_000, ..Parameters::default() });
    net.start(0).await;
    let mut is_final = Height::GENESIS;
    for number in ["SMPN0001", "SMPN0002"] {
        let (bill, statement, _) = net.bill(number, "klang-import");
        assert_eq!(net.submit(0, &bill).await.0, 202);
        is_final = net.is_final(0, statement).await;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let (out, genesis) = (dir.path().join("chain.archive"), &net.genesis);
    let looked = tokio::task::block_in_place(|| {
        backup::look(&net.data_dir(0), genesis, 8, |store| {
            let sound = store.reader().fsck(genesis, Depth::State, |_| ()).expect("sound");
            let end = store.reader().export(b"the genesis file", &out, true, |_| ()).expect("written");
            (sound.height, end.height, end.bodies)
        })
    });
    assert_eq!(looked.expect("while it runs"), (is_final, is_final, 2));
    assert_eq!(copies(&net.data_dir(0)), 0);
    net.stop_all().await;
}

/// Copies of the store that somebody looks at, or that a crash left.
fn copies(data: &Path) -> usize {
    let (inside, beside) = (fs::read_dir(data), fs::read_dir(data.parent().expect("a parent")));
    let names = inside.expect("listed").chain(beside.expect("listed")).map(|entry| entry.expect("a file").file_name());
    names.filter(|name| name.to_string_lossy().contains("looked-at")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_look_at_one_running_node_and_what_a_crash_left_goes_away() {
    let mut net = Network::new(1, 0, Parameters { heartbeat_ms: 60_000, ..Parameters::default() });
    net.start(0).await;
    let (bill, statement, _) = net.bill("SMPN0001", "klang-import");
    assert_eq!(net.submit(0, &bill).await.0, 202);
    let is_final = net.is_final(0, statement).await;
    let (data, genesis) = (net.data_dir(0), &net.genesis);
    fs::create_dir_all(data.join("looked-at.0/store")).expect("left by a crash");
    let sound = |store: &Store| store.reader().fsck(genesis, Depth::State, |_| ()).expect("sound").height;
    let seen = tokio::task::block_in_place(|| {
        backup::look(&data, genesis, 8, |outer| {
            assert_eq!(copies(&data), 1, "its own");
            assert_eq!(backup::put_away(&data).expect("listed"), 1, "it stays as long as somebody looks");
            let inner = backup::look(&data, genesis, 8, |inner| (sound(inner), copies(&data))).expect("beside it");
            assert_eq!(copies(&data), 1, "the other has put its own away");
            (sound(outer), inner)
        })
    });
    assert_eq!(seen.expect("while it runs"), (is_final, (is_final, 2)));
    assert_eq!(copies(&data), 0);
    fs::create_dir_all(data.join("looked-at.3/store")).expect("left by whoever was interrupted");
    assert_eq!((backup::put_away(&data).expect("removed"), copies(&data)), (0, 0));
    net.stop_all().await;
}

/// A backup of a stopped node of a network of one, and where to put it back.
async fn backed_up() -> (Network, tempfile::TempDir, PathBuf, PathBuf) {
    let mut net = Network::new(1, 0, Parameters { heartbeat_ms: 60_000, ..Parameters::default() });
    net.start(0).await;
    let (bill, statement, _) = net.bill("SMPN0001", "klang-import");
    assert_eq!(net.submit(0, &bill).await.0, 202);
    net.is_final(0, statement).await;
    net.stop_all().await;
    let dir = tempfile::tempdir().expect("a directory");
    let (to, data) = (dir.path().join("backup"), dir.path().join("data"));
    assert_eq!(take(&net, 0, &to).expect("taken from a node that is stopped").height, Height(1));
    (net, dir, to, data)
}

fn refused(from: &Path, genesis: &Genesis, data: &Path) -> BackupError {
    let error = backup::restore(from, genesis, data).expect_err("refused");
    assert!(!data.exists(), "nothing is put there");
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_with_one_byte_changed_or_a_file_missing_is_refused() {
    let (net, _dir, to, data) = backed_up().await;
    let mut files = 0;
    for entry in fs::read_dir(to.join("store")).expect("a directory") {
        let path = entry.expect("a file").path();
        let good = fs::read(&path).expect("readable");
        if good.is_empty() {
            continue;
        }
        files += 1;
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        fs::write(&path, &bad).expect("written");
        assert!(matches!(refused(&to, &net.genesis, &data), BackupError::Damaged { .. }), "{}", path.display());
        fs::remove_file(&path).expect("removed");
        assert!(matches!(refused(&to, &net.genesis, &data), BackupError::File { .. }), "{}", path.display());
        fs::write(&path, &good).expect("written");
    }
    assert!(files > 3, "{files} files");
    backup::restore(&to, &net.genesis, &data).expect("as it was it is good, and earlier tries left nothing in the way");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_lies_is_refused() {
    let (net, _dir, to, data) = backed_up().await;
    let other = Network::new(1, 0, Parameters::default()).genesis;
    assert!(matches!(refused(&to, &other, &data), BackupError::OtherNetwork { .. }));
    let path = to.join("backup.json");
    let good = fs::read_to_string(&path).expect("readable");
    for (from, into) in [
        ("\"version\": 1", "\"version\": 2"),
        ("\"name\": \"CURRENT\"", "\"name\": \"../CURRENT\""),
        ("\"name\": \"CURRENT\"", "\"name\": \"..\""),
        ("\"files\"", "\"folders\""),
    ] {
        fs::write(&path, good.replacen(from, into, 1)).expect("written");
        assert!(matches!(refused(&to, &net.genesis, &data), BackupError::Unreadable { .. }), "{into}");
    }
    fs::write(&path, good.replacen("\"height\": 1", "\"height\": 2", 1)).expect("written");
    assert!(matches!(refused(&to, &net.genesis, &data), BackupError::Damaged { .. }));
    fs::remove_file(&path).expect("removed");
    assert!(matches!(refused(&to, &net.genesis, &data), BackupError::Unreadable { .. }), "without it there is none");
}
