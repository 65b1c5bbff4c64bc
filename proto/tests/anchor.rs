//! Pinned headers: the same proofs from a younger beginning, and nothing from before it.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

mod support;

use sampan_proto::block::Header;
use sampan_proto::genesis::{Genesis, Parameters};
use sampan_proto::ids::Height;
use sampan_proto::proof::{Anchor as _, BadPin, Binary, Bundle, Head, Outcome, Pin, Policy, Verdict, verify};
use sampan_proto::protocol::{KNOWN, UnknownVersion};
use sampan_proto::roster::Roster;
use support::chain::certify;
use support::sheet::settle;
use support::story::{Story, surrender};
use support::{cast, digest, witness};

fn head(story: &Story, height: usize) -> Head {
    let (header, certificate) = story.chain.heads[height - 1].clone();
    Head { header: Binary(header), certificate: Binary(certificate) }
}

/// The header of height 3, pinned.
fn pin(story: &Story) -> Pin {
    let genesis = &story.chain.genesis;
    let roster = genesis.roster.clone();
    Pin::new(&genesis.network, head(story, 3), roster, Some(&genesis.parameters)).expect("they belong together")
}

#[track_caller]
fn roster_rung(bundle: &Bundle, pin: &Pin, verdict: Verdict, words: &str) {
    let ladder = verify(bundle, pin, &Policy::default());
    assert_eq!(ladder.verdict("roster"), Some(verdict), "{ladder:#?}");
    assert_eq!(ladder.outcome() == Outcome::Valid, verdict == Verdict::Valid, "{ladder:#?}");
    let detail = ladder.rungs().iter().find(|rung| rung.name == "roster").map(|rung| rung.detail.clone());
    assert!(detail.as_ref().is_some_and(|detail| detail.contains(words)), "{detail:?}");
}

#[test]
fn what_came_after_a_pin_is_proven_from_it() {
    let story = Story::tell();
    let pin = pin(&story);
    for bundle in [story.full(), story.absent(), story.origin_receipt()] {
        let from_genesis = verify(&bundle, &story.chain.genesis, &Policy::default());
        let from_pin = verify(&bundle, &pin, &Policy::default());
        let verdicts = |ladder: &sampan_proto::proof::Ladder| {
            ladder.rungs().iter().map(|rung| (rung.name, rung.verdict)).collect::<Vec<_>>()
        };
        assert_eq!(verdicts(&from_pin), verdicts(&from_genesis));
        roster_rung(&bundle, &pin, Verdict::Valid, "the roster pinned at height 3 decided it");
    }
}

#[test]
fn the_pinned_header_needs_no_roster_and_no_other_passes_for_it() {
    let story = Story::tell();
    let pin = pin(&story);
    let at = |height| Bundle { head: head(&story, height), ..story.chain.bundle() };
    roster_rung(&at(3), &pin, Verdict::Valid, "the anchor's own header");
    let mut forged = at(3);
    forged.head.header.0.state_root = digest(1);
    forged.head.certificate.0 = certify(&story.chain.genesis, &forged.head.header.0, &[0, 1, 2]);
    roster_rung(&forged, &pin, Verdict::Invalid, "not after the anchor's, 3");
    roster_rung(&at(2), &pin, Verdict::Invalid, "verify it from the genesis file, or fetch it anew");
}

#[test]
fn handovers_before_a_pin_are_the_pins_to_vouch_for() {
    let story = Story::tell();
    let bundle = story.handed_over();
    let next = bundle.trust_path[0].roster.0.clone();
    let after = Genesis { roster: next.clone(), ..story.chain.genesis.clone() };
    let pinned = |roster: &Roster| Header {
        roster_hash: roster.hash(),
        next_roster_hash: roster.hash(),
        ..story.chain.heads[2].0.clone()
    };
    let header = pinned(&next);
    let head = Head { certificate: Binary(certify(&after, &header, &[0, 1, 2])), header: Binary(header) };
    let pin = Pin::new("harbour", head, next, None).expect("they belong together");
    roster_rung(&bundle, &pin, Verdict::Valid, "the roster pinned at height 3");
    // Keys of the roster before are nobody's to trust any more: what they sign now is not looked at.
    let mut leaked = bundle.clone();
    leaked.trust_path[0].roster.0 = story.chain.genesis.roster.clone();
    roster_rung(&leaked, &pin, Verdict::Valid, "the roster pinned at height 3");
    roster_rung(&story.full(), &pin, Verdict::Invalid, "a roster that the anchor does not lead to");
}

#[test]
fn a_pin_ages_and_says_so() {
    let story = Story::tell();
    let own = pin(&story);
    let trusting = own.start().trusting_period_ms();
    let at = |now_ms, strict| Policy { now_ms: Some(now_ms), strict, ..Policy::default() };
    let pinned_ms = story.chain.heads[2].0.time_ms;
    for (pin, age, strict, verdict) in [
        (&own, trusting, true, Verdict::Valid),
        (&own, trusting + 1, false, Verdict::Warn),
        (&own, trusting + 1, true, Verdict::Invalid),
    ] {
        let ladder = verify(&story.full(), pin, &at(pinned_ms + age, strict));
        assert_eq!(ladder.verdict("anchor age"), Some(verdict), "{ladder:#?}");
    }
    let unknown = Pin { parameters: None, ..own };
    assert_eq!(unknown.start().trusting_period_ms(), 30 * 86_400_000);
}

#[test]
fn a_witness_that_saw_a_block_named_vouches_for_it_when_the_anchor_is_old() {
    let mut story = Story::tell();
    let given_up = story.chain.say(cast::BUYER, 9, surrender(story.bill, 3, cast::CARRIER));
    story.chain.block(&[given_up]);
    let genesis = &story.chain.genesis;
    let late = cast::BEGIN_MS + genesis.parameters.trusting_period_ms + 1;
    let witnesses = [witness::known("port.example", 9).0];
    let policy = Policy { now_ms: Some(late), strict: true, witnesses: &witnesses, ..Policy::default() };
    let seen = witness::bundle(&story.chain, Height(3), Height(5));
    let ladder = verify(&seen, genesis, &policy);
    let word = ladder.rungs().iter().find(|rung| rung.name == "anchor age").expect("a rung");
    assert_eq!(word.verdict, Verdict::Valid, "{ladder:#?}");
    assert_eq!(word.detail, "`port.example` saw a log that names this very block at Unix time 1767225600");
    assert_eq!(
        verify(&seen, genesis, &Policy { witnesses: &[], ..policy }).verdict("anchor age"),
        Some(Verdict::Invalid)
    );

    // Whoever has the keys of an old roster keeps the log, which was seen, and makes up the state.
    let mut forged = seen.clone();
    forged.head.header.0.state_root = digest(7);
    forged.head.certificate.0 = certify(genesis, &forged.head.header.0, &[0, 1, 2]);
    let of_forged = |forged: &Bundle| {
        let ladder = verify(forged, genesis, &policy);
        assert_eq!(ladder.verdict("certificate"), Some(Verdict::Valid));
        [ladder.verdict("anchor age"), ladder.verdict("witness")]
    };
    assert_eq!(of_forged(&forged), [Some(Verdict::Invalid); 2]);
    forged.witness.as_mut().expect("a witness").names = None;
    assert_eq!(
        of_forged(&forged),
        [Some(Verdict::Invalid), Some(Verdict::Valid)],
        "its word for the log is not enough"
    );
}

#[test]
fn every_byte_of_the_way_from_a_witnessed_log_counts() {
    let mut story = Story::tell();
    story.chain.block(&[]);
    let given_up = story.chain.say(cast::BUYER, 9, surrender(story.bill, 3, cast::CARRIER));
    story.chain.block(&[given_up]);
    let witnesses = [witness::known("port.example", 9).0];
    let policy = Policy { witnesses: &witnesses, ..Policy::default() };
    let good = serde_json::to_string(&witness::bundle(&story.chain, Height(3), Height(6))).expect("JSON");
    let holds = |bytes: &[u8]| {
        let bundle = Bundle::from_json(bytes).ok();
        bundle.is_some_and(|bundle| verify(&bundle, &story.chain.genesis, &policy).outcome() == Outcome::Valid)
    };
    assert!(holds(good.as_bytes()));
    for place in good.find("\"consistency\"").expect("a proof")..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[place] ^= 1 << (place % 8);
        assert!(!holds(&bytes), "byte {place}, bit {}", place % 8);
    }
}

#[test]
fn the_file_is_frozen_and_its_parts_belong_together() {
    let story = Story::tell();
    let good = pin(&story);
    let json = serde_json::to_string_pretty(&good).expect("JSON") + "\n";
    settle("anchor.json", &json);
    assert_eq!(Pin::from_json(json.as_bytes()).as_ref(), Ok(&good));
    let refused = |change: &dyn Fn(&mut Pin)| {
        let mut pin = good.clone();
        change(&mut pin);
        Pin::from_json(&serde_json::to_vec(&pin).expect("JSON")).expect_err("refused")
    };
    assert_eq!(refused(&|pin| pin.media_type.push('2')), BadPin::Form);
    let newer = UnknownVersion { version: 2, known: KNOWN };
    assert_eq!(refused(&|pin| pin.head.header.0.version = 2), BadPin::Version(newer));
    for change in [
        &(|pin: &mut Pin| pin.chain.0 = digest(1)) as &dyn Fn(&mut Pin),
        &|pin| pin.head.header.0.time_ms += 1,
        &|pin| pin.head = Head { header: pin.head.header.clone(), ..head(&story, 2) },
        &|pin| pin.roster.0 = Roster::new(pin.roster.0.validators()[1..].to_vec()).expect("a roster"),
        &|pin| pin.parameters = Some(Binary(Parameters { freeze_quorum: 9, ..Parameters::default() })),
    ] {
        assert!(matches!(refused(change), BadPin::Parts(_)));
    }
    assert!(matches!(Pin::from_json(b"{}"), Err(BadPin::Json(_))));
}
