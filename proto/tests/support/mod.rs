//! A small network for the tests: four validators, four members, and a bill of lading that changes hands.
//!
//! Everything comes from fixed seeds, so that two runs write the same bytes. It writes entries and states as
//! `SPEC.md` says and judges nothing: the rules of the ledger are the node's to test.

#![allow(dead_code, reason = "each test file takes what it needs")]
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot be set up fails")]

pub(crate) mod cast;
pub(crate) mod chain;
pub(crate) mod log;
pub(crate) mod offences;
pub(crate) mod samples;
pub(crate) mod scene;
pub(crate) mod seats;
pub(crate) mod sheet;
pub(crate) mod story;
pub(crate) mod unlawful;
pub(crate) mod witness;

use sampan_proto::hash::Hash32;

/// A digest that is told apart at sight.
pub(crate) fn digest(byte: u8) -> Hash32 {
    Hash32([byte; 32])
}

/// Hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
