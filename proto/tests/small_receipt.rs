//! Small receipts: what they hold, that every byte of them counts, and how small they are.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

mod support;

use std::fmt::Write as _;

use proptest::prelude::*;
use sampan_proto::block::Header;
use sampan_proto::genesis::Genesis;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{Height, MemberId, RecordId};
use sampan_proto::merkle::state::{Found, StateProof};
use sampan_proto::proof::small::{self, BadSmallReceipt, DoesNotFit, PREFIX, QR_CHARS, SmallReceipt};
use sampan_proto::proof::{Binary, Bundle, Outcome, Policy, StatusPart, Verdict};
use sampan_proto::record::Record;
use sampan_proto::state_key;
use support::cast;
use support::scene;
use support::seats::Seats;
use support::sheet::{Sheet, settle};
use support::story::Story;

/// The bill of the story in small, and the policy of somebody who reads it a second later.
fn told() -> (Story, SmallReceipt, Policy<'static>) {
    let story = Story::tell();
    let receipt = SmallReceipt::of(&story.record_only(), &story.chain.genesis).expect("a record");
    let policy =
        Policy { now_ms: Some(receipt.time_ms + 1_000), max_age_ms: Some(60_000), strict: true, ..Policy::default() };
    (story, receipt, policy)
}

fn outcome(bytes: &[u8], story: &Story, policy: &Policy<'_>) -> Outcome {
    match SmallReceipt::from_bytes(bytes) {
        Ok(receipt) => small::verify(&receipt, &story.chain.genesis, &[], policy).outcome(),
        Err(_) => Outcome::Invalid,
    }
}

#[test]
fn golden() {
    let (story, receipt, policy) = told();
    let mut sheet =
        Sheet::new("small_receipt.txt", "The bill of the story as a small receipt, verified a second later.");
    sheet.hex("bytes", &receipt.to_bytes());
    sheet.line("text", receipt.to_text());
    sheet.line("block", receipt.block(&story.chain.genesis, &story.chain.genesis.roster).expect("a path"));
    sheet.line("good until", receipt.expires_ms(&story.chain.genesis));
    for rung in small::verify(&receipt, &story.chain.genesis, &[], &policy).rungs() {
        let verdict = serde_json::to_string(&rung.verdict).expect("JSON");
        sheet.line(format!("rung {}", rung.name), format!("{}: {}", verdict.trim_matches('"'), rung.detail));
    }
    sheet.settle();
}

#[test]
fn it_proves_what_the_bundle_proves() {
    let (story, receipt, policy) = told();
    let (header, certificate) = story.chain.heads.last().expect("a block");
    assert_eq!(receipt.block(&story.chain.genesis, &story.chain.genesis.roster), Ok(header.hash()));
    assert_eq!(receipt.record, story.chain.records[&story.bill]);
    assert_eq!(receipt.signatures.len(), 3, "any three validators are a quorum");
    assert!(certificate.signatures.ends_with(&receipt.signatures[2..]));
    assert_eq!(SmallReceipt::from_text(&receipt.to_text()).as_ref(), Ok(&receipt));
    assert_eq!(outcome(&receipt.to_bytes(), &story, &policy), Outcome::Valid);
    let nothing = SmallReceipt::of(&story.absent(), &story.chain.genesis);
    assert_eq!(nothing, Err(DoesNotFit::NoRecord), "absence is the bundle's to prove");
}

#[test]
fn every_byte_counts() {
    let (story, receipt, policy) = told();
    let good = receipt.to_bytes();
    for place in 0..good.len() {
        for bit in 0..8 {
            let mut bytes = good.clone();
            bytes[place] ^= 1 << bit;
            assert_eq!(outcome(&bytes, &story, &policy), Outcome::Invalid, "byte {place}, bit {bit}");
        }
        let without = [&good[..place], &good[place + 1..]].concat();
        assert_eq!(outcome(&without, &story, &policy), Outcome::Invalid, "without byte {place}");
        let doubled = [&good[..=place], &good[place..]].concat();
        assert_eq!(outcome(&doubled, &story, &policy), Outcome::Invalid, "byte {place} twice");
        assert!(SmallReceipt::from_bytes(&good[..place]).is_err(), "cut at {place}");
    }
}

#[test]
fn every_character_counts() {
    let (story, receipt, policy) = told();
    let good = receipt.to_text();
    for place in 0..good.len() {
        for other in "0A:% z".chars().filter(|other| !good[place..].starts_with(*other)) {
            let text = format!("{}{other}{}", &good[..place], &good[place + 1..]);
            let read = SmallReceipt::from_text(&text);
            let holds = read.is_ok_and(|r| outcome(&r.to_bytes(), &story, &policy) == Outcome::Valid);
            assert!(!holds, "character {place} is `{other}`");
        }
    }
    assert_eq!(SmallReceipt::from_text(&good[1..]), Err(BadSmallReceipt::Prefix));
    assert_eq!(SmallReceipt::from_text(&format!("{PREFIX}:::")), Err(BadSmallReceipt::Base45));
    assert_eq!(SmallReceipt::from_text(&good.replace('1', "2")), Err(BadSmallReceipt::Prefix));
    assert_eq!(SmallReceipt::from_text(PREFIX), Err(BadSmallReceipt::Malformed));
}

#[test]
fn it_is_good_for_the_trusting_period_and_no_longer() {
    let (story, receipt, _) = told();
    let genesis = &story.chain.genesis;
    let end = receipt.expires_ms(genesis);
    let at = |now_ms, max_age_ms| Policy { now_ms, max_age_ms, ..Policy::default() };
    let rungs = |policy| small::verify(&receipt, genesis, &[], &policy);
    assert_eq!(rungs(at(Some(end), None)).verdict("expiry"), Some(Verdict::Valid));
    let late = rungs(at(Some(end + 1), None));
    assert_eq!((late.verdict("expiry"), late.outcome()), (Some(Verdict::Invalid), Outcome::Invalid));
    let old = rungs(at(Some(receipt.time_ms + 5_001), Some(5_000)));
    assert_eq!((old.verdict("age"), old.outcome()), (Some(Verdict::Invalid), Outcome::Invalid));
    assert_eq!(rungs(at(None, None)).verdict("expiry"), Some(Verdict::Skipped));
    let aged = genesis.time_ms + genesis.parameters.trusting_period_ms;
    assert_eq!(rungs(at(Some(aged), None)).verdict("anchor age"), Some(Verdict::Valid));
    assert_eq!(rungs(at(Some(aged + 1), None)).verdict("anchor age"), Some(Verdict::Warn));
    let strict = rungs(Policy { strict: true, ..at(Some(aged + 1), None) });
    assert_eq!((strict.verdict("anchor age"), strict.outcome()), (Some(Verdict::Invalid), Outcome::Invalid));
}

#[test]
fn a_later_roster_needs_its_handovers() {
    let story = Story::tell();
    let genesis = &story.chain.genesis;
    let handed = story.handed_over();
    let mut bundle = Bundle { status: story.record_only().status, ..handed.clone() };
    bundle.reference = None;
    let receipt = SmallReceipt::of(&bundle, genesis).expect("a record");
    assert_eq!(receipt.roster_since, Height(2));
    let verify = |handovers| small::verify(&receipt, genesis, handovers, &Policy::default());
    assert_eq!(verify(&handed.trust_path).outcome(), Outcome::Valid);
    let blind = verify(&[]);
    assert_eq!(blind.verdict("roster"), Some(Verdict::Invalid));
    let why = &blind.rungs().first().expect("a rung").detail;
    assert!(why.contains("since height 2") && why.contains("since 0"), "{why}");
    // Keys of a roster that is gone sign what they like, at any height and time.
    let gone = SmallReceipt::of(&story.record_only(), genesis).expect("a record");
    let ladder = small::verify(&gone, genesis, &handed.trust_path, &Policy::default());
    let why = &ladder.rungs().first().expect("a rung").detail;
    assert_eq!(ladder.verdict("roster"), Some(Verdict::Invalid));
    assert!(why.contains("had handed over at 2"), "{why}");
    let mut forged = handed.trust_path.clone();
    forged[0].header.0.next_roster_hash = genesis.roster.hash();
    assert_eq!(verify(&forged).verdict("roster"), Some(Verdict::Invalid));
}

#[test]
fn it_is_of_one_network() {
    let (_, receipt, policy) = told();
    let mut file = cast::genesis_file();
    file.network = "another strait".to_owned();
    let other = Genesis::from_bytes(&cast::written(&file)).expect("a genesis");
    let ladder = small::verify(&receipt, &other, &[], &policy);
    assert_eq!(ladder.verdict("certificate"), Some(Verdict::Invalid));
    assert_eq!(ladder.verdict("status"), Some(Verdict::Skipped));
}

/// Records in every situation that the law tells apart, and after every act that it allows there.
fn records() -> Vec<Record> {
    let mut records: Vec<_> = scene::situations().into_iter().map(|(_, record)| record).collect();
    let people = [scene::SHIPPER, scene::BUYER, scene::CARRIER, scene::BANK, scene::AGENCY, scene::SECOND_AGENCY];
    for record in records.clone() {
        let acts = scene::acts();
        let tries = acts.iter().flat_map(|act| people.iter().map(move |who| (who, act)));
        records.extend(tries.filter_map(|(who, act)| scene::act(&record, who, act).ok()));
    }
    records.extend([scene::certificate(), scene::back_to_back()]);
    records.extend(Story::tell().chain.records.into_values());
    records
}

/// A receipt that holds the record; nobody signed it.
fn holding(receipt: &SmallReceipt, record: Record) -> SmallReceipt {
    SmallReceipt { record, ..receipt.clone() }
}

#[test]
fn every_record_comes_back() {
    let (_, receipt, _) = told();
    let records = records();
    assert!(records.len() > 60, "{}", records.len());
    for record in records {
        let one = holding(&receipt, record);
        assert_eq!(SmallReceipt::from_bytes(&one.to_bytes()).as_ref(), Ok(&one));
    }
}

proptest! {
    /// Numbers at their limits, members that come back or not, lists, digests beside the path.
    #[test]
    fn whatever_it_holds_comes_back(
        (seq, height, time_ms, version, until) in (any::<u64>(), any::<u64>(), any::<u64>(), any::<u32>(), any::<u64>()),
        names in prop::collection::vec("[a-z]{3,10}(-[a-z0-9]{1,9}){0,2}", 1..4),
        lists in prop::collection::vec(any::<[u8; 32]>(), 0..5),
        amount in "(0|[1-9][0-9]{0,14})(\\.[0-9]{0,8}[1-9])?",
        beside in any::<[Option<[u8; 32]>; 2]>(),
    ) {
        let (_, receipt, _) = told();
        let name = |i: usize| -> MemberId { names[i % names.len()].parse().expect("a member id") };
        let mut record = scene::situations().swap_remove(8).1;
        (record.seq, record.version, record.issued_at) = (seq, version, Height(height));
        (record.issuer, record.issued_to, record.possessor) = (name(0), name(1), Some(name(2)));
        record.replaces = lists.iter().map(|bytes| RecordId(Hash32(*bytes))).collect();
        let title = record.title.as_mut().expect("a title");
        title.quantity.packages = until;
        title.quantity.gross.0.insert("TNE".parse().expect("unit"), amount.parse().expect("amount"));
        title.freeze.voices = [name(0), name(3)].into();
        title.offer.as_mut().expect("an offer").until_ms = until;
        let one = SmallReceipt {
            time_ms,
            next_roster: beside[0].map(Hash32),
            rules: beside[1].map(Hash32),
            ..holding(&receipt, record)
        };
        prop_assert_eq!(SmallReceipt::from_text(&one.to_text()), Ok(one));
    }

    /// No bytes make it panic, and none are read that are not written so.
    #[test]
    fn noise_is_refused_or_comes_back(
        mut bytes in prop::collection::vec(any::<u8>(), 0..2_000),
        good in any::<bool>(),
    ) {
        if good {
            bytes.splice(..0, told().1.to_bytes().into_iter().take(200));
        }
        if let Ok(receipt) = SmallReceipt::from_bytes(&bytes) {
            prop_assert_eq!(receipt.to_bytes(), bytes);
        }
    }
}

/// The bill of the story on a network of so many validators and records, each with its number in the state.
fn on_a_network(validators: usize, records: u64, record: Record) -> (Genesis, SmallReceipt) {
    let story = Story::tell();
    let seats = Seats::new(validators, &story.chain.genesis);
    let path = typical_path(2 * records);
    let root = path.root_of(&state_key::record(&record.id), &record.value_hash()).expect("a path");
    let header = seats.header(&Header {
        height: Height(3_000_000),
        log_size: 5 * records,
        state_root: root,
        ..story.chain.heads[3].0.clone()
    });
    let certificate = seats.certify(&header);
    let genesis = seats.genesis;
    let status = StatusPart { id: record.id, record: Some(Binary(record)), proof: Binary(path) };
    let bundle = Bundle { status: Some(status), ..Bundle::new(genesis.chain, header, certificate) };
    let receipt = SmallReceipt::of(&bundle, &genesis).expect("a record");
    (genesis, receipt)
}

/// A path as long as the average one among so many random keys: log2(n) + 0.33 siblings, of which the deepest two
/// stand one level further down than there are siblings.
fn typical_path(keys: u64) -> StateProof {
    let siblings = u16::try_from(keys.ilog2() + 1).expect("low");
    let depth = siblings + 1;
    let mut bitmap = vec![0; usize::from(depth.div_ceil(8))];
    for level in (0..depth).filter(|level| *level != 1) {
        bitmap[usize::from(level / 8)] |= 1 << (level % 8);
    }
    let sibling = |i| Hash32(cast::seed(&format!("sibling {i}")));
    StateProof { depth, found: Found::Value, bitmap, siblings: (0..siblings).map(sibling).collect() }
}

#[test]
fn sizes() {
    let mut table = String::from(
        "| validators | records | issued | handed on once | characters | one QR code |\n|---|---|---|---|---|---|\n",
    );
    let moved = Story::tell().chain.records.into_values().find(|record| record.seq == 3).expect("the bill");
    let issued = Story::tell_until(&cast::genesis_file(), 1).chain.records.into_values().next().expect("the bill");
    for (validators, records) in
        [(4, 1_000_000), (7, 1_000), (7, 1_000_000), (7, 100_000_000), (25, 1_000_000), (100, 1_000_000)]
    {
        let (genesis, small) = on_a_network(validators, records, issued.clone());
        assert_eq!(small::verify(&small, &genesis, &[], &Policy::default()).outcome(), Outcome::Valid);
        let (_, handed_on) = on_a_network(validators, records, moved.clone());
        let (bytes, more, chars) = (small.to_bytes().len(), handed_on.to_bytes().len(), handed_on.to_text().len());
        let fits = if chars <= QR_CHARS { "yes" } else { "no" };
        let _ = writeln!(table, "| {validators} | {records} | {bytes} B | {more} B | {chars} | {fits} |");
        assert!((validators, records) != (7, 1_000_000) || more <= 1_280, "1.25 KiB at 7 validators: {more}");
        assert!(validators > 25 || chars <= QR_CHARS);
    }
    settle("small_receipt_sizes.md", &table);
}
