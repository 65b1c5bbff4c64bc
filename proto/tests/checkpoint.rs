//! Checkpoints: one text for one log, read back as it was written, and worth nothing without the header behind it.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

mod support;

use proptest::prelude::*;
use sampan_proto::checkpoint::{BadNote, Checkpoint, Consistency, LogAt, Note, Signature, WitnessKey};
use sampan_proto::hash::{Domain, Hash32};
use sampan_proto::ids::ChainId;
use sampan_proto::keys::{PublicKey, SecretKey};
use sampan_proto::merkle::BadProof;
use sampan_proto::proof::Binary;
use support::digest;
use support::log::MemoryLog;
use support::sheet::settle;
use support::story::Story;

fn note() -> (Story, Note) {
    let story = Story::tell();
    let (header, certificate) = &story.chain.heads[3];
    let note = Note::decided(header, certificate);
    (story, note)
}

#[test]
fn the_text_is_frozen_and_the_quorum_stands_behind_it() {
    let (story, note) = note();
    let (header, certificate) = &story.chain.heads[3];
    settle("checkpoint.txt", &note.to_string());
    let read = Note::parse(note.to_string().as_bytes()).expect("a checkpoint");
    assert_eq!(read, note);
    assert_eq!(read.quorum(), Ok((header.clone(), certificate.clone())));
    assert_eq!(read.checkpoint, Checkpoint { chain: header.chain, log: LogAt::from(header) });
}

#[test]
fn a_changed_byte_is_another_checkpoint_or_none() {
    let (_, note) = note();
    let text = note.to_string();
    for place in 0..text.len() {
        for mask in [1, 0x20, 0x80] {
            let mut bytes = text.clone().into_bytes();
            bytes[place] ^= mask;
            let Ok(changed) = Note::parse(&bytes) else { continue };
            assert_ne!(changed, note, "byte {place}: a second spelling");
            if changed.checkpoint != note.checkpoint {
                assert!(changed.quorum().is_err(), "byte {place}: the quorum decided another log");
            }
        }
    }
    for end in 0..text.len() {
        assert!(Note::parse(&text.as_bytes()[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn only_the_header_of_this_very_log_stands_behind_it() {
    let (story, note) = note();
    let older = Note::decided(&story.chain.heads[1].0, &story.chain.heads[1].1);
    let graft = Note { signatures: older.signatures, ..note.clone() };
    assert_eq!(graft.quorum(), Err(BadNote::OtherLog));
    let mixed = Note::decided(&story.chain.heads[3].0, &story.chain.heads[1].1);
    assert_eq!(mixed.quorum(), Err(BadNote::NoQuorum), "the certificate is for another header");
    let stranger = Signature { name: "port.example".to_owned(), ..note.signatures[0].clone() };
    assert_eq!(Note { signatures: vec![stranger.clone()], ..note.clone() }.quorum(), Err(BadNote::NoQuorum));
    let both = Note { signatures: vec![stranger, note.signatures[0].clone()], ..note };
    assert!(both.quorum().is_ok(), "lines of others are passed over");
}

#[test]
fn what_is_too_large_or_has_more_lines_is_refused() {
    let (_, note) = note();
    let text = note.to_string();
    assert_eq!(Note::parse(&vec![b'x'; 65 * 1_024]), Err(BadNote::TooLarge));
    let many = Note { signatures: vec![note.signatures[0].clone(); 65], ..note.clone() };
    assert_eq!(Note::parse(many.to_string().as_bytes()), Err(BadNote::TooLarge));
    for (from, to) in
        [("\n\n", "\nan extension\n\n"), ("\n\n", "\n \n"), ("sampan/", "sampan/ "), ("sampan/", "Sampan/")]
    {
        assert_eq!(Note::parse(text.replacen(from, to, 1).as_bytes()), Err(BadNote::Text), "{to:?}");
    }
    let unsigned = Note { signatures: Vec::new(), ..note };
    assert!(Note::parse(unsigned.to_string().as_bytes()).is_err(), "nobody signed");
}

fn witness(name: &str, seed: u8) -> (WitnessKey, SecretKey) {
    let key = SecretKey::from_seed([seed; 32]);
    (WitnessKey::new(name, key.public()).expect("a witness"), key)
}

#[test]
fn a_witness_signs_one_checkpoint_at_one_time() {
    let (_, mut note) = note();
    let (port, key) = witness("port.example", 9);
    note.signatures.push(Signature::cosign(&note.checkpoint, &port, &key, 1_767_225_600));
    settle("cosigned.txt", &format!("{port}\n{note}"));
    let read = Note::parse(note.to_string().as_bytes()).expect("a checkpoint");
    let line = &read.signatures[1];
    assert_eq!(port.seen(&read.checkpoint, line), Some(1_767_225_600));
    assert!(read.quorum().is_ok(), "the quorum's line is there as before");
    let log = read.checkpoint.log;
    for other in [LogAt { size: log.size + 1, ..log }, LogAt { root: digest(1), ..log }] {
        assert_eq!(port.seen(&Checkpoint { log: other, ..read.checkpoint }, line), None);
    }
    for place in 0..line.bytes.len() {
        let mut changed = line.clone();
        changed.bytes[place] ^= 1;
        assert_eq!(port.seen(&read.checkpoint, &changed), None, "byte {place}");
    }
    assert_eq!(port.seen(&read.checkpoint, &read.signatures[0]), None, "the quorum's line");
    assert_eq!(witness("port.example", 8).0.seen(&read.checkpoint, line), None, "another key");
    assert_eq!(witness("harbour.example", 9).0.seen(&read.checkpoint, line), None, "another name");
}

#[test]
fn a_witness_key_has_one_spelling() {
    let (port, _) = witness("port.example", 9);
    let text = port.to_string();
    assert_eq!(text.parse(), Ok(port.clone()));
    let place = text.find('+').expect("a plus") + 1;
    let id = if text.as_bytes()[place] == b'0' { "1" } else { "0" };
    let mut forged = text.clone();
    forged.replace_range(place..=place, id);
    for bad in [&forged, "port.example", "", "+0+", &text.replace("port", "port port"), &text.to_uppercase()] {
        assert!(bad.parse::<WitnessKey>().is_err(), "{bad}");
    }
    assert!(WitnessKey::new("port+example", SecretKey::from_seed([9; 32]).public()).is_err());
    assert!(WitnessKey::new("weak", PublicKey::Ed25519([0; 32])).is_err());
}

fn at(log: &MemoryLog, size: u64) -> LogAt {
    LogAt { size, root: log.root(size) }
}

proptest! {
    #[test]
    fn texts_are_read_as_they_are_written(
        chain: [u8; 32], size: u64, root: [u8; 32],
        names in prop::collection::vec(("[a-z./é—]{1,20}", any::<[u8; 4]>(), prop::collection::vec(any::<u8>(), 1..80)), 1..5),
    ) {
        let checkpoint = Checkpoint { chain: ChainId(Hash32(chain)), log: LogAt { size, root: Hash32(root) } };
        let signatures = names.into_iter().map(|(name, key_id, bytes)| Signature { name, key_id, bytes }).collect();
        let note = Note { checkpoint, signatures };
        prop_assert_eq!(Note::parse(note.to_string().as_bytes()), Ok(note));
    }

    #[test]
    fn two_logs_are_connected_if_one_grew_out_of_the_other(sizes in (1_u64..200, 0_u64..200), byte in 0_usize..200) {
        let (old, new) = (sizes.0, sizes.0 + sizes.1);
        let log = MemoryLog((0..new).map(|i| Domain::LogLeaf.hash(&i.to_be_bytes())).collect());
        let proof = Binary(log.consistency(old, new));
        let good = Consistency { from: at(&log, old), to: at(&log, new), proof };
        prop_assert_eq!(good.connects(&at(&log, old), &at(&log, new)), Ok(()));
        prop_assert_eq!(good.connects(&at(&log, old), &LogAt { root: digest(1), ..at(&log, new) }), Err(BadProof::Claim));
        // Another history of the same sizes: no proof leads from one into the other.
        let place = byte % usize::try_from(old).expect("small");
        let mut other = log.clone();
        other.0[place] = digest(7);
        let forged = Consistency { from: at(&other, old), ..good.clone() };
        prop_assert!(forged.verify().is_err());
        let resized = Consistency { from: LogAt { size: old - 1, ..good.from }, ..good };
        prop_assert_eq!(resized.verify(), Err(BadProof::Position));
    }
}
