//! The commands as people run them. `sampand` and `sampan` must have been built (`make test` does it):
//! `cargo build --bins`.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Output};

use sampan_testnet::cluster::binaries::Binaries;

fn testnet(bin_dir: &std::path::Path, args: &[&str]) -> std::io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_sampan-testnet")).args(args).arg("--bin-dir").arg(bin_dir).output()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_story_is_told_to_its_end() {
    let binaries = Binaries::find(None).expect("build them first");
    let told = testnet(binaries.sampand.parent().expect("a directory"), &["demo"]).expect("runs");
    let story = text(&told.stdout);
    assert_eq!(told.status.code(), Some(0), "{story}{}", text(&told.stderr));
    assert!(story.contains("all hold"), "{story}");
}

#[test]
fn a_check_that_fails_ends_the_story_with_what_was_expected_and_what_came() {
    let binaries = Binaries::find(None).expect("build them first");
    let dir = tempfile::tempdir().expect("a directory");
    symlink(&binaries.sampand, dir.path().join("sampand")).expect("links");
    let broken = dir.path().join("sampan");
    std::fs::write(&broken, "#!/bin/sh\necho out of ink >&2\nexit 2\n").expect("writes");
    std::fs::set_permissions(&broken, PermissionsExt::from_mode(0o755)).expect("makes it a program");
    let told = testnet(dir.path(), &["demo"]).expect("runs");
    let story = text(&told.stdout);
    assert_eq!(told.status.code(), Some(1), "{story}");
    assert!(story.contains("expected: exit code 0"), "{story}");
    assert!(story.contains("came:     exit 2: out of ink"), "{story}");
    // It keeps the logs of a story that failed; this one was meant to.
    let kept = text(&told.stderr);
    let kept = kept.lines().find_map(|line| line.strip_prefix("the network's files and logs stay in "));
    std::fs::remove_dir_all(kept.expect("says where the logs are")).expect("is there");
}

#[test]
fn a_small_load_is_measured_in_every_phase() {
    let binaries = Binaries::find(None).expect("build them first");
    let args = ["bench", "--documents", "300", "--singles", "5", "--json"];
    let measured = testnet(binaries.sampand.parent().expect("a directory"), &args).expect("runs");
    assert_eq!(measured.status.code(), Some(0), "{}", text(&measured.stderr));
    let report: serde_json::Value = serde_json::from_slice(&measured.stdout).expect("JSON and nothing else");
    let number = |pointer: &str| report.pointer(pointer).and_then(serde_json::Value::as_f64).expect(pointer);
    let positive = [
        "/committed_per_s",
        "/bound_per_s",
        "/ratio",
        "/latency_ms/at_80_percent/p50",
        "/latency_ms/single/p99",
        "/latency_ms/single_one_down/p50",
        "/bytes_per_document/cn-customs",
        "/rss_mb/cn-customs",
        "/cpu_s/cn-customs",
        "/fsync_ms/p50",
    ];
    for pointer in positive {
        assert!(number(pointer) > 0.0, "{pointer}: {report}");
    }
    assert!((number("/ratio") - number("/committed_per_s") / number("/bound_per_s")).abs() < 0.001, "{report}");
}

#[test]
fn half_a_minute_of_chaos_loses_nothing_and_forks_nothing() {
    let binaries = Binaries::find(None).expect("build them first");
    let args = ["chaos", "--seconds", "30", "--seed", "7", "--json"];
    let disturbed = testnet(binaries.sampand.parent().expect("a directory"), &args).expect("runs");
    let talk = text(&disturbed.stderr);
    assert_eq!(disturbed.status.code(), Some(0), "{talk}");
    let report: serde_json::Value = serde_json::from_slice(&disturbed.stdout).expect("JSON and nothing else");
    let number = |key: &str| report.get(key).and_then(serde_json::Value::as_u64).expect(key);
    assert_eq!((number("lost"), number("forked"), number("seed")), (0, 0, 7), "{talk}");
    // Something happened, and it was looked at.
    for key in ["acknowledged", "heights", "kills", "longest_stall_ms"] {
        assert!(number(key) > 0, "{key}: {talk}");
    }
    assert!(report.pointer("/heal/count").and_then(serde_json::Value::as_u64) >= Some(3), "{talk}");
}

/// Every sort of attack, briefly: what is measured for the record takes longer and a release build.
#[test]
fn honest_clients_keep_half_while_a_node_is_attacked() {
    let binaries = Binaries::find(None).expect("build them first");
    let args = ["abuse", "--seconds", "2", "--rate", "50", "--json"];
    let attacked = testnet(binaries.sampand.parent().expect("a directory"), &args).expect("runs");
    let talk = text(&attacked.stderr);
    assert_eq!(attacked.status.code(), Some(0), "{talk}");
    let report: serde_json::Value = serde_json::from_slice(&attacked.stdout).expect("JSON and nothing else");
    let rows = report["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 10, "seven attacks, all of them, and calm before and after: {talk}");
    for row in &rows[1..9] {
        assert!(row["attempts"].as_u64() > Some(0), "{row}");
        assert!(row["rss_peak_mb"].as_f64() < Some(512.0), "memory is bounded: {row}");
    }
}

#[test]
fn chaos_finds_out_a_node_that_ends_by_itself() {
    let binaries = Binaries::find(None).expect("build them first");
    let dir = tempfile::tempdir().expect("a directory");
    let mortal = dir.path().join("sampand");
    // The kernel ends it after a second of work, in the same process: nobody is left behind.
    let program = format!("#!/bin/sh\nulimit -t 1\nexec '{}' \"$@\"\n", binaries.sampand.display());
    std::fs::write(&mortal, program).expect("writes");
    std::fs::set_permissions(&mortal, PermissionsExt::from_mode(0o755)).expect("makes it a program");
    let node = mortal.to_str().expect("UTF-8");
    let args = ["chaos", "--seconds", "60", "--seed", "7", "--node", node, "--only", "0", "--json"];
    let disturbed = testnet(binaries.sampand.parent().expect("a directory"), &args).expect("runs");
    let talk = text(&disturbed.stderr);
    assert_eq!(disturbed.status.code(), Some(3), "{talk}");
    let report: serde_json::Value = serde_json::from_slice(&disturbed.stdout).expect("JSON and nothing else");
    let violation = report.pointer("/violations/0").and_then(serde_json::Value::as_str).expect("one at least");
    assert!(violation.contains("ended by itself"), "{violation}");
    let kept = talk.lines().find_map(|line| line.strip_prefix("the network's files and logs stay in "));
    std::fs::remove_dir_all(kept.expect("says where the logs are")).expect("is there");
}

#[test]
fn chaos_over_namespaces_loses_nothing_or_says_what_the_machine_lacks() {
    let binaries = Binaries::find(None).expect("build them first");
    let args = ["chaos", "--namespaces", "--seconds", "20", "--seed", "7", "--json"];
    let disturbed = testnet(binaries.sampand.parent().expect("a directory"), &args).expect("runs");
    let talk = text(&disturbed.stderr);
    if disturbed.status.code() == Some(1) {
        assert!(talk.contains("network namespaces with bad lines are not to be had here"), "{talk}");
        return eprintln!("NOT TRIED over namespaces: {talk}");
    }
    assert_eq!(disturbed.status.code(), Some(0), "{talk}");
    let report: serde_json::Value = serde_json::from_slice(&disturbed.stdout).expect("JSON and nothing else");
    let number = |key: &str| report.get(key).and_then(serde_json::Value::as_u64).expect(key);
    assert_eq!((number("lost"), number("forked"), number("accused")), (0, 0, 0), "{talk}");
    assert!(number("acknowledged") > 0 && report["ground"] == "namespaces", "{talk}");
}

#[test]
fn what_cannot_be_is_said_before_anything_starts() {
    let binaries = Binaries::find(None).expect("build them first");
    let dir = binaries.sampand.parent().expect("a directory");
    let impossible = [
        ["up", "--validators", "12"],
        ["up", "--full-nodes", "8"],
        ["bench", "--size", "10"],
        ["chaos", "--validators", "3"],
    ];
    for args in impossible {
        let refused = testnet(dir, &args).expect("runs");
        assert_eq!(refused.status.code(), Some(1), "{args:?}");
        assert!(text(&refused.stderr).contains("not "), "{args:?}: {}", text(&refused.stderr));
    }
    let nowhere = tempfile::tempdir().expect("a directory");
    let missing = testnet(nowhere.path(), &["up"]).expect("runs");
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).contains("cargo build --bins"), "{}", text(&missing.stderr));
}
