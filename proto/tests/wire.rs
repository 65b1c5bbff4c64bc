//! Decoders: one encoding for each thing, whatever else arrives is refused, and nothing makes them panic or
//! reserve memory that no sender paid for.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

mod support;

use std::sync::LazyLock;

use borsh::{BorshDeserialize, BorshSerialize};
use proptest::prelude::*;
use sampan_proto::block::{Block, Header};
use sampan_proto::body::Body;
use sampan_proto::codec;
use sampan_proto::entry::Entry;
use sampan_proto::genesis::Genesis;
use sampan_proto::ids::ChainId;
use sampan_proto::keyfile::KeyFile;
use sampan_proto::member::{Country, Member, Purpose};
use sampan_proto::merkle::frontier::Frontier;
use sampan_proto::merkle::log::{ConsistencyProof, InclusionProof};
use sampan_proto::merkle::state::{Page, Slot, StateProof};
use sampan_proto::proof::Bundle;
use sampan_proto::record::Record;
use sampan_proto::roster::Roster;
use sampan_proto::state_key;
use sampan_proto::statement::{DsseEnvelope, SignedStatement};
use sampan_proto::vote::{Certificate, Proposal, Signed, Vote, VoteType};
use sampan_proto::wire::{
    Announcement, ConsensusMessage, DocsMessage, Document, ProposalMessage, Request, Response, RoundState,
};
use support::story::{ISSUE_INDEX, Story};
use support::{cast, digest, samples};

/// A decoder: gives the encoding of what it read.
type Decode = fn(&[u8]) -> Option<Vec<u8>>;

fn borsh<T: BorshSerialize + BorshDeserialize>(bytes: &[u8]) -> Option<Vec<u8>> {
    codec::decode::<T>(bytes, usize::MAX).ok().map(|value| codec::encode(&value))
}

fn page(bytes: &[u8]) -> Option<Vec<u8>> {
    Page::from_bytes(bytes).ok().map(|page| page.to_bytes())
}

struct Sample {
    name: &'static str,
    bytes: Vec<u8>,
    decode: Decode,
}

fn sample<T: BorshSerialize + BorshDeserialize>(name: &'static str, value: &T) -> Sample {
    Sample { name, bytes: codec::encode(value), decode: borsh::<T> }
}

/// One of everything that crosses a wire or a disk in binary.
static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(all_samples);
/// One of every file.
static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(json_samples);
static CHAIN: LazyLock<ChainId> = LazyLock::new(|| cast::genesis().chain);

fn all_samples() -> Vec<Sample> {
    let story = Story::tell();
    let chain = &story.chain;
    let mut samples = vec![
        sample("document", &samples::document(&story)),
        sample("document without a body", &samples::bare_document(&story)),
        sample("docs message", &samples::docs_message(&story)),
        sample("announcement", &samples::announcement(&story)),
        sample("proposal message", &samples::proposal_message(&story)),
        sample("block", &samples::block(&story)),
        sample("header", &chain.heads[3].0),
        sample("certificate", &chain.heads[3].1),
        sample("signed statement", &chain.statements[&ISSUE_INDEX]),
        sample("body", &story.bill_body),
        sample("block entry", &chain.entries[0]),
        sample("issue entry", &chain.entries[1]),
        sample("transfer entry", &chain.entries[3]),
        sample("record", &chain.records[&story.bill]),
        sample("member", &chain.member(cast::BANK).member.0),
        sample("roster", &chain.genesis.roster),
        sample("vote", &samples::vote(&story, 0, VoteType::Precommit)),
        sample("proposal", &samples::proposal(&story)),
        sample("inclusion proof", &chain.log.inclusion(7, 3)),
        sample("consistency proof", &chain.log.consistency(3, 7)),
        sample("presence proof", &chain.prove(&state_key::record(&story.bill))),
        sample("absence proof", &chain.prove(&digest(0x99))),
        sample("frontier", &frontier(7)),
        Sample { name: "page", bytes: a_page().to_bytes(), decode: page },
    ];
    samples.extend(samples::consensus_messages(&story).iter().map(|m| sample("consensus message", m)));
    samples.extend(samples::requests().iter().map(|m| sample("request", m)));
    samples.extend(samples::responses(&story).iter().map(|m| sample("response", m)));
    samples
}

fn frontier(size: u8) -> Frontier {
    let mut frontier = Frontier::new();
    (0..size).for_each(|i| frontier.append(digest(i)));
    frontier
}

fn a_page() -> Page {
    let mut slots = [Slot::Empty; 16];
    slots[3] = Slot::Leaf { key: digest(0x31), value_hash: digest(1) };
    slots[4] = Slot::Leaf { key: digest(0x41), value_hash: digest(2) };
    slots[5] = Slot::Inner(digest(3));
    Page::new(slots)
}

#[test]
fn every_sample_reads_as_itself() {
    for Sample { name, bytes, decode } in SAMPLES.iter() {
        assert_eq!(decode(bytes).as_ref(), Some(bytes), "{name}");
    }
}

#[test]
fn truncation_at_every_length_is_refused() {
    for Sample { name, bytes, decode } in SAMPLES.iter() {
        for end in 0..bytes.len() {
            assert_eq!(decode(&bytes[..end]), None, "{name} cut at {end} of {}", bytes.len());
        }
    }
}

#[test]
fn bytes_left_over_are_refused() {
    for Sample { name, bytes, decode } in SAMPLES.iter() {
        for tail in [&[0][..], &[1], &[0; 32], bytes] {
            assert_eq!(decode(&[bytes, tail].concat()), None, "{name} and {} bytes more", tail.len());
        }
    }
}

#[test]
fn the_cap_stands_before_the_decoder() {
    let bytes = codec::encode(&samples::docs_message(&Story::tell()));
    assert!(codec::decode::<DocsMessage>(&bytes, bytes.len()).is_ok());
    let refused = codec::decode::<DocsMessage>(&bytes, bytes.len() - 1);
    assert_eq!(refused, Err(codec::DecodeError::TooLarge { size: bytes.len(), limit: bytes.len() - 1 }));
}

/// The address space that this process has ever reserved, in bytes; none where the system does not tell.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmPeak:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1_024)
}

#[test]
fn a_length_that_no_sender_paid_for_reserves_nothing() {
    const GIB: u64 = 1 << 30;
    let before = peak();
    for Sample { name, bytes, decode } in SAMPLES.iter() {
        for at in 0..bytes.len().saturating_sub(3) {
            for length in [u32::MAX, 1 << 31, 1 << 24] {
                let mut forged = bytes.clone();
                forged[at..at + 4].copy_from_slice(&length.to_le_bytes());
                let read = decode(&forged);
                assert!(read.is_none_or(|again| again == forged), "{name} at {at}");
                // Nothing behind the length: the shortest way to ask for four thousand million items.
                let _ = decode(&forged[..at + 4]);
            }
        }
    }
    let (Some(before), Some(after)) = (before, peak()) else {
        println!("SKIPPED: this system does not tell how much memory was reserved");
        return;
    };
    assert!(after - before < GIB, "{} bytes reserved", after - before);
    // The gauge moves when somebody does reserve that much.
    let mut paid = Vec::<u8>::new();
    if paid.try_reserve_exact(4 << 30).is_ok() {
        assert!(std::hint::black_box(&paid).capacity() >= 4 << 30);
        assert!(peak().is_some_and(|peak| peak - before > GIB));
    }
}

/// Every way to change one byte: what still reads is written as it was read, so nothing has two encodings.
#[test]
fn what_reads_has_one_encoding() {
    for Sample { name, bytes, decode } in SAMPLES.iter() {
        let mut read = 0;
        for at in 0..bytes.len() {
            for flip in [1, 2, 0x10, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[at] ^= flip;
                if let Some(again) = decode(&changed) {
                    assert_eq!(again, changed, "{name}: byte {at} ^ {flip:#x}");
                    read += 1;
                }
            }
        }
        assert!(read > 0 || bytes.len() < 8, "{name}: digests may be anything, so some change reads");
    }
}

#[test]
fn sets_and_codes_have_one_encoding() {
    let bank = Story::tell().chain.member(cast::BANK).member.0;
    assert_eq!(bank.roles.len(), 2);
    let bytes = codec::encode(&bank);
    let at = bytes.windows(6).position(|w| w == [2, 0, 0, 0, 4, 5]).expect("the roles: a length, bank, verifier");
    for roles in [[5, 4], [4, 4], [5, 5], [4, 6]] {
        let mut changed = bytes.clone();
        changed[at + 4..at + 6].copy_from_slice(&roles);
        assert_eq!(borsh::<Member>(&changed), None, "roles {roles:?}");
    }
    for country in [*b"cn", [0, 0], [0xff, 0xfe], *b"C1"] {
        assert!(codec::decode::<Country>(&country, 2).is_err(), "{country:?}");
    }
    assert_eq!(codec::decode::<Country>(b"CN", 2), Ok("CN".parse().expect("a country")));
}

fn json_samples() -> Vec<Vec<u8>> {
    let story = Story::tell();
    let key = KeyFile {
        member: Some(cast::id(cast::CARRIER)),
        purpose: Purpose::Statement,
        secret: cast::key(cast::CARRIER, Purpose::Statement),
        pepper: Some(cast::pepper(cast::CARRIER)),
    };
    vec![
        serde_json::to_vec(&story.full()).expect("JSON"),
        cast::written(&cast::genesis_file()),
        key.to_json().to_vec(),
        story.chain.statements[&ISSUE_INDEX].payload.clone(),
        serde_json::to_vec(&DsseEnvelope::from(&story.chain.statements[&6])).expect("JSON"),
    ]
}

/// Every reader of foreign bytes. That this returns is the test.
fn read_by_all(bytes: &[u8]) {
    let _ = Bundle::from_json(bytes);
    let _ = Genesis::from_bytes(bytes);
    let _ = KeyFile::from_json(bytes);
    let _ = page(bytes);
    let signed = SignedStatement { payload: bytes.to_vec(), signatures: vec![] };
    let _ = signed.parse();
    let _ = (signed.id(), signed.envelope_id());
    let _ = signed.verify(*CHAIN);
    if let Ok(envelope) = serde_json::from_slice::<DsseEnvelope>(bytes) {
        let _ = SignedStatement::try_from(envelope).map(|signed| signed.parse());
    }
    let decoders: [Decode; 24] = [
        borsh::<Document>,
        borsh::<DocsMessage>,
        borsh::<Announcement>,
        borsh::<ProposalMessage>,
        borsh::<ConsensusMessage>,
        borsh::<Request>,
        borsh::<Response>,
        borsh::<RoundState>,
        borsh::<Block>,
        borsh::<Header>,
        borsh::<Certificate>,
        borsh::<SignedStatement>,
        borsh::<Body>,
        borsh::<Entry>,
        borsh::<Record>,
        borsh::<Member>,
        borsh::<Roster>,
        borsh::<Signed<Vote>>,
        borsh::<Signed<Proposal>>,
        borsh::<InclusionProof>,
        borsh::<ConsistencyProof>,
        borsh::<StateProof>,
        borsh::<Frontier>,
        page,
    ];
    for decode in decoders {
        if let Some(again) = decode(bytes) {
            assert_eq!(again, bytes, "read and written differ");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        read_by_all(&bytes);
    }

    /// Bytes that begin like something: small lengths and tags, so that decoders get further in.
    #[test]
    fn small_numbers_never_panic(bytes in prop::collection::vec(prop_oneof![4 => 0_u8..4, 1 => any::<u8>()], 0..600)) {
        read_by_all(&bytes);
    }

    #[test]
    fn json_like_text_never_panics(text in "[\\[\\]{}\",:0-9a-f\\\\. \u{e9}-]{0,300}") {
        read_by_all(text.as_bytes());
    }

    /// Good files with a piece cut out, doubled, or overwritten.
    #[test]
    fn damaged_files_never_panic(
        which in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
        len in 0_usize..40,
        noise in prop::collection::vec(any::<u8>(), 0..8),
    ) {
        let good = which.get(&FILES);
        let from = from.index(good.len());
        let to = (from + len).min(good.len());
        for middle in [&[][..], &noise, &good[from..to].repeat(2)] {
            read_by_all(&[&good[..from], middle, &good[to..]].concat());
        }
    }

    #[test]
    fn damaged_messages_read_as_they_are_written(
        which in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
        len in 0_usize..40,
        noise in prop::collection::vec(any::<u8>(), 0..8),
    ) {
        let Sample { bytes, decode, name } = which.get(&SAMPLES);
        let from = from.index(bytes.len());
        let to = (from + len).min(bytes.len());
        let damaged = [&bytes[..from], &noise, &bytes[to..]].concat();
        if let Some(again) = decode(&damaged) {
            prop_assert_eq!(again, damaged, "{}", name);
        }
    }
}

#[test]
fn the_good_files_read() {
    let [bundle, genesis, key, statement, envelope] = FILES.clone().try_into().expect("five");
    assert!(Bundle::from_json(&bundle).is_ok());
    assert!(Genesis::from_bytes(&genesis).is_ok());
    let read = KeyFile::from_json(&key).expect("a key file");
    assert_eq!(read.to_json().to_vec(), key);
    assert!(SignedStatement { payload: statement, signatures: vec![] }.parse().is_ok());
    assert!(serde_json::from_slice::<DsseEnvelope>(&envelope).is_ok());
}

#[test]
fn a_key_file_is_what_it_says() {
    let text = String::from_utf8(FILES[2].clone()).expect("text");
    let other = cast::key(cast::TRADER, Purpose::Statement).public().to_string();
    let mine = cast::key(cast::CARRIER, Purpose::Statement).public().to_string();
    for (wrong, path) in [
        (text.replacen(&mine, &other, 1), "$.public"),
        (text.replacen("\"version\": 1", "\"version\": 2", 1), "$.version"),
        (text.replacen('{', "{\"extra\": 1,", 1), "$.extra"),
        (text.replacen("\"statement\"", "\"everything\"", 1), "$.purpose"),
    ] {
        let error = KeyFile::from_json(wrong.as_bytes()).expect_err("refused");
        assert_eq!(error.path, path, "{error}");
    }
    let long = vec![b' '; sampan_proto::keyfile::KEY_FILE_BYTES + 1];
    assert!(KeyFile::from_json(&long).is_err());
}
