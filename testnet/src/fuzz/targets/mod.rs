//! The ways in, one file each: its doc says what must hold.

#![expect(clippy::expect_used, reason = "what does not hold ends the run: that is what a target is for")]

mod archive;
mod body;
mod bundle;
mod checkpoint;
mod evidence;
mod file;
mod http;
mod qr;
mod schedule;
mod snapshot;
mod statement;
mod wal;
mod wire;

use anyhow::Result;
use borsh::{BorshDeserialize, BorshSerialize};
use sampan_proto::codec;
use serde::Serialize;

use super::{Name, Target};

pub(super) fn open(name: Name) -> Result<Box<dyn Target>> {
    Ok(match name {
        Name::Wire => Box::new(wire::Wire::open()?),
        Name::Http => Box::new(http::Http::open()?),
        Name::Statement => Box::new(statement::Statements::open()?),
        Name::Body => Box::new(body::Bodies),
        Name::Bundle => Box::new(bundle::Bundles::open()?),
        Name::Qr => Box::new(qr::Receipts::open()?),
        Name::Archive => Box::new(archive::Archives::open()?),
        Name::Wal => Box::new(wal::Logs::open()?),
        Name::Snapshot => Box::new(snapshot::Snapshots::open()?),
        Name::Evidence => Box::new(evidence::Evidences::open()?),
        Name::Checkpoint => Box::new(checkpoint::Checkpoints::open()?),
        Name::File => Box::new(file::Files::open()?),
        Name::Schedule => Box::new(schedule::Schedules),
    })
}

/// Decodes a binary object; what decodes is the one encoding of what it says.
fn canonical<T: BorshSerialize + BorshDeserialize>(bytes: &[u8], limit: usize) -> Option<T> {
    let value = codec::decode(bytes, limit).ok()?;
    assert!(codec::encode(&value) == bytes, "two encodings of one object");
    assert!(bytes.len() <= limit, "larger than its limit");
    Some(value)
}

/// JSON that was read says what was read and nothing else: written again it is the same value.
fn faithful<T: Serialize>(bytes: &[u8], read: &T) {
    let text: serde_json::Value = serde_json::from_slice(bytes).expect("it was read");
    let written = serde_json::to_value(read).expect("it has a JSON form");
    assert!(text == written, "says something else than was read");
}

/// An input that begins with a byte that says what it is.
fn tagged(tag: u8, bytes: &[u8]) -> Vec<u8> {
    [&[tag], bytes].concat()
}
