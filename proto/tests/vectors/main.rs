//! The vectors for other implementations: `proto/vectors/`, written by today's code and compared byte by byte.
//!
//! `proto/vectors/README.md` says what each file holds. A change here is a new version of a format, or a mistake;
//! a deliberate one is approved with `UPDATE_GOLDEN=1 cargo test -p sampan-proto --test vectors`.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

mod anchors;
mod bundles;
mod consensus;
mod elsewhere;
mod evidence;
mod hashing;
mod sheet;
mod small;
mod statements;
mod strict;
#[path = "../support/mod.rs"]
mod support;
mod trees;

use std::collections::BTreeSet;

/// Every file, so that none is left behind when its test goes.
const FILES: [&str; 19] = [
    "README.md",
    "anchors.json",
    "binary.json",
    "bodies.json",
    "bundles",
    "bundles.json",
    "certificates.json",
    "consistency.json",
    "ed25519.json",
    "evidence.json",
    "genesis.json",
    "hashes.json",
    "header.json",
    "inclusion.json",
    "json.json",
    "small_receipts.json",
    "state.json",
    "statements.json",
    "votes.json",
];

#[test]
fn no_vector_is_an_orphan() {
    let entries = std::fs::read_dir(sheet::directory()).expect("the folder of the vectors");
    let found: BTreeSet<_> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
    if std::env::var_os("UPDATE_GOLDEN").is_none() {
        assert_eq!(found, FILES.iter().map(ToString::to_string).collect());
    }
}
