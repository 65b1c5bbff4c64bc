//! Bundles: the whole story proves itself from the genesis file, and each rung of the ladder can fail alone.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

mod support;

use std::collections::BTreeSet;

use sampan_proto::block::Header;
use sampan_proto::body::{Body, pepper_commitment};
use sampan_proto::doc::{self, DocKind};
use sampan_proto::doc::{BillClaims, BillType, Claims, TitleForm};
use sampan_proto::entry::Entry;
use sampan_proto::genesis::Genesis;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{ChainId, HeaderHash, Height, RecordId};
use sampan_proto::keys::Signature;
use sampan_proto::member::Purpose;
use sampan_proto::proof::{
    Binary, Bundle, DisclosedBody, Ladder, MemberProof, Outcome, Policy, ReceiptPart, ReferenceProof, StatusPart,
    Verdict, verify,
};
use sampan_proto::record::Record;
use sampan_proto::roster::Roster;
use sampan_proto::statement::{Action, DsseEnvelope, Issue, SignedStatement};
use support::cast::{self, BANK, BUYER, CARRIER, CHAMBER, TRADER};
use support::chain::{Chain, certify};
use support::digest;
use support::story::{self, ISSUE_INDEX, ORIGIN_INDEX, Story};

fn climb(bundle: &Bundle, anchor: &Genesis) -> Ladder {
    verify(bundle, anchor, &Policy::default())
}

fn invalid(ladder: &Ladder) -> BTreeSet<&'static str> {
    ladder.rungs().iter().filter(|rung| rung.verdict == Verdict::Invalid).map(|rung| rung.name).collect()
}

/// Takes the bundle, changes it, and expects exactly these rungs to be INVALID.
#[track_caller]
fn breaks(story: &Story, bundle: &Bundle, rungs: &[&str], change: impl FnOnce(&mut Bundle)) {
    let before = climb(bundle, &story.chain.genesis);
    assert_eq!(before.outcome(), Outcome::Valid, "before the change: {before:#?}");
    let mut changed = bundle.clone();
    change(&mut changed);
    assert_ne!(&changed, bundle, "the case changes something");
    let after = climb(&changed, &story.chain.genesis);
    assert_eq!(invalid(&after), rungs.iter().copied().collect(), "{after:#?}");
    assert_eq!(after.outcome(), Outcome::Invalid);
}

/// Exchanges the head, decided anew by the validators.
fn redecide(story: &Story, bundle: &mut Bundle, change: impl FnOnce(&mut Header)) {
    let header = &mut bundle.head.header.0;
    change(header);
    bundle.head.certificate.0 = certify(&story.chain.genesis, header, &[0, 1, 2]);
}

#[test]
fn the_whole_story_is_valid_from_the_genesis_file_alone() {
    let story = Story::tell();
    let ladder = climb(&story.full(), &story.chain.genesis);
    let rungs: Vec<_> = ladder.rungs().iter().map(|rung| (rung.name, rung.verdict)).collect();
    let valid = |name| (name, Verdict::Valid);
    let skipped = |name| (name, Verdict::Skipped);
    let head = ["format", "network", "roster", "header", "certificate"].map(valid);
    let ages = ["age", "anchor age"].map(skipped);
    let parts = ["members", "inclusion", "statement", "status", "history", "law", "reference", "body"].map(valid);
    assert_eq!(rungs, [head.as_slice(), &ages, &parts].concat());
    assert_eq!(ladder.outcome(), Outcome::Valid);
    let detail = |name| ladder.rungs().iter().find(|rung| rung.name == name).map(|rung| rung.detail.as_str());
    assert_eq!(detail("status"), Some("issued, held by water-supplies, seq 3, as of height 4"));
    assert_eq!(detail("history"), Some("3 acts, complete back to the issue"));
}

#[test]
fn a_bundle_survives_its_file() {
    let story = Story::tell();
    for bundle in [story.full(), story.record_only(), story.origin_receipt(), story.absent()] {
        let bytes = serde_json::to_vec(&bundle).expect("JSON");
        assert_eq!(Bundle::from_json(&bytes).as_ref(), Ok(&bundle));
        assert_eq!(climb(&bundle, &story.chain.genesis).outcome(), Outcome::Valid);
    }
}

#[test]
fn what_is_not_there_is_skipped_and_nothing_proves_nothing() {
    let story = Story::tell();
    let ladder = climb(&story.chain.bundle(), &story.chain.genesis);
    assert_eq!(ladder.outcome(), Outcome::Valid, "a decided head is something");
    for name in ["age", "anchor age", "members", "body"] {
        assert_eq!(ladder.verdict(name), Some(Verdict::Skipped), "{name}");
    }
    for name in ["inclusion", "statement", "status", "history", "reference"] {
        assert_eq!(ladder.verdict(name), None, "{name}");
    }
    let mut foreign = story.full();
    foreign.chain = ChainId(digest(1));
    let ladder = climb(&foreign, &story.chain.genesis);
    assert_eq!(ladder.verdict("contents"), Some(Verdict::Skipped), "nothing below is looked at");
    assert_eq!(ladder.verdict("status"), None);
    assert_eq!(Ladder::default().outcome(), Outcome::Invalid, "no rung, no proof");
}

#[test]
fn head_rungs() {
    let story = Story::tell();
    let full = || story.full();
    breaks(&story, &full(), &["format"], |b| b.media_type = b.media_type.replace("version=1", "version=2"));
    breaks(&story, &full(), &["format"], |b| redecide(&story, b, |h| h.version = 2));
    breaks(&story, &full(), &["network"], |b| b.chain = ChainId(digest(1)));
    breaks(&story, &full(), &["network"], |b| redecide(&story, b, |h| h.chain = ChainId(digest(1))));
    breaks(&story, &full(), &["roster"], |b| redecide(&story, b, |h| h.roster_hash = digest(1)));
    let heads = &story.chain.heads;
    breaks(&story, &full(), &["header"], |b| b.head.header.0 = heads[2].0.clone());
    breaks(&story, &full(), &["header"], |b| b.head.certificate.0 = heads[2].1.clone());
    breaks(&story, &full(), &["header"], |b| b.head.certificate.0.height = Height(3));
    breaks(&story, &full(), &["header"], |b| b.head.certificate.0.block = HeaderHash(digest(1)));
    breaks(&story, &full(), &["header"], |b| b.head.header.0.state_root = digest(1));
}

#[test]
fn the_certificate_rung() {
    let story = Story::tell();
    let genesis = &story.chain.genesis;
    let full = || story.full();
    let signed_by = |signers: &[usize]| certify(genesis, &story.chain.heads[3].0, signers);
    let breaks = |change: &dyn Fn(&mut Bundle)| breaks(&story, &full(), &["certificate"], change);
    breaks(&|b| b.head.certificate.0.signers[0] ^= 0b1001);
    breaks(&|b| {
        b.head.certificate.0.signatures.pop();
    });
    breaks(&|b| b.head.certificate.0 = signed_by(&[1, 2]));
    breaks(&|b| b.head.certificate.0 = signed_by(&[]));
    breaks(&|b| b.head.certificate.0.round = 1);
    breaks(&|b| {
        b.head.certificate.0 = signed_by(&[0, 1, 2, 3]);
        let Signature::Ed25519(bytes) = &mut b.head.certificate.0.signatures[3];
        bytes[0] ^= 1;
    });
}

#[test]
fn a_network_of_others_proves_nothing_here() {
    let story = Story::tell();
    let mut file = cast::genesis_file();
    file.network.push('2');
    let other = Story::tell_on(&file);
    let ladder = climb(&other.full(), &story.chain.genesis);
    assert_eq!(invalid(&ladder), BTreeSet::from(["network"]));
    assert_eq!(climb(&other.full(), &other.chain.genesis).outcome(), Outcome::Valid);
    // The same network's name, but other people decided.
    let anchor = Genesis { roster: other_roster(&story.chain.genesis), ..story.chain.genesis.clone() };
    assert_eq!(invalid(&climb(&story.full(), &anchor)), BTreeSet::from(["roster"]));
}

fn other_roster(genesis: &Genesis) -> Roster {
    let mut validators = genesis.roster.validators().to_vec();
    validators[0].key = cast::key("stranger", Purpose::Consensus).public();
    Roster::new(validators).expect("a roster")
}

#[test]
fn age_rungs() {
    let story = Story::tell();
    let anchor = &story.chain.genesis;
    let head_ms = story.chain.heads[3].0.time_ms;
    let day = 24 * 3_600 * 1_000;
    let rungs = |policy: Policy<'_>| {
        let ladder = verify(&story.full(), anchor, &policy);
        (ladder.verdict("age").expect("a rung"), ladder.verdict("anchor age").expect("a rung"), ladder.outcome())
    };
    let at = |now_ms| Policy { now_ms: Some(now_ms), ..Policy::default() };
    let within = |now_ms, max| Policy { max_age_ms: Some(max), ..at(now_ms) };
    let (valid, skipped) = (Verdict::Valid, Verdict::Skipped);
    assert_eq!(rungs(Policy::default()), (skipped, skipped, Outcome::Valid));
    assert_eq!(rungs(at(head_ms)), (skipped, valid, Outcome::Valid), "no maximum asked for");
    assert_eq!(rungs(within(head_ms + 5_000, 5_000)), (valid, valid, Outcome::Valid), "just within");
    assert_eq!(rungs(within(head_ms + 5_001, 5_000)), (Verdict::Invalid, valid, Outcome::Invalid), "just beyond");
    let trusting = cast::BEGIN_MS + anchor.parameters.trusting_period_ms;
    assert_eq!(rungs(at(trusting)), (skipped, valid, Outcome::Valid));
    assert_eq!(rungs(at(trusting + 1)), (skipped, Verdict::Warn, Outcome::Valid));
    let strict = Policy { strict: true, ..at(trusting + 1) };
    assert_eq!(rungs(strict), (skipped, Verdict::Invalid, Outcome::Invalid));
    assert_eq!(rungs(Policy { strict: true, ..at(trusting) }), (skipped, valid, Outcome::Valid));
    assert_eq!(rungs(within(trusting + 400 * day, u64::MAX)), (valid, Verdict::Warn, Outcome::Valid));
}

#[test]
fn the_members_rung() {
    let story = Story::tell();
    let with_buyer = || {
        let mut bundle = story.full();
        bundle.members.push(story.chain.member(BUYER));
        bundle
    };
    let last = |b: &mut Bundle, change: &dyn Fn(&mut MemberProof)| {
        change(b.members.last_mut().expect("a member"));
    };
    breaks(&story, &with_buyer(), &["members"], |b| last(b, &|m| m.proof = story.chain.member(BANK).proof));
    breaks(&story, &with_buyer(), &["members"], |b| last(b, &|m| m.member.0.name.push('x')));
    breaks(&story, &with_buyer(), &["members"], |b| last(b, &|m| m.member.0.keys[0].valid_until = Some(Height(9))));
    // A member that acted: whatever it signed stands on nothing.
    breaks(&story, &story.full(), &["members", "statement", "history", "body"], |b| {
        b.members[0].proof = story.chain.member(BANK).proof;
    });
    breaks(&story, &story.full(), &["members", "history"], |b| b.members[1].member.0.name.push('x'));
    breaks(&story, &story.full(), &["history"], |b| {
        b.members.pop();
    });
    breaks(&story, &story.full(), &["statement", "history", "body"], |b| drop(b.members.remove(0)));
    breaks(&story, &story.origin_receipt(), &["statement", "body"], |b| b.members.clear());
}

#[test]
fn the_inclusion_rung() {
    let story = Story::tell();
    let receipt = || Bundle { body: None, ..story.origin_receipt() };
    let log = &story.chain.log;
    let breaks = |change: &dyn Fn(&mut ReceiptPart)| {
        breaks(&story, &receipt(), &["inclusion"], |b| change(b.receipt.as_mut().expect("a receipt")));
    };
    breaks(&|r| r.path.0 = log.inclusion(log.size(), ORIGIN_INDEX - 1));
    breaks(&|r| r.path.0.index -= 1);
    breaks(&|r| r.path.0.size += 1);
    breaks(&|r| r.path.0 = log.inclusion(5, ORIGIN_INDEX));
    breaks(&|r| {
        r.path.0.path.pop();
    });
    breaks(&|r| r.path.0.path.push(digest(1)));
    breaks(&|r| r.entry = story.chain.receipt(ISSUE_INDEX).entry);
    breaks(&|r| {
        let Entry::Act(act) = &mut r.entry.0 else { panic!("an act") };
        act.height = Height(1);
    });
}

#[test]
fn the_receipt_rung_and_the_statement_rung() {
    let story = Story::tell();
    let issued = || Bundle { receipt: Some(story.chain.receipt(ISSUE_INDEX)), ..story.record_only() };
    let other = story.chain.receipt(ORIGIN_INDEX);
    breaks(&story, &issued(), &["receipt"], |b| {
        let part = b.receipt.as_mut().expect("a receipt");
        part.entry.0 = story.chain.entries[2].clone();
        part.path.0 = story.chain.log.inclusion(story.chain.log.size(), 2);
    });
    let statement = |envelope: DsseEnvelope| {
        breaks(&story, &issued(), &["statement"], |b| b.receipt.as_mut().expect("a receipt").statement = envelope);
    };
    let good = story.chain.receipt(ISSUE_INDEX).statement;
    statement(other.statement.clone());
    statement(DsseEnvelope { payload_type: "application/json".to_owned(), ..good.clone() });
    statement(DsseEnvelope { signatures: vec![], ..good.clone() });
    let mut resigned = good.clone();
    resigned.signatures[0].keyid = cast::key(TRADER, Purpose::Statement).public();
    statement(resigned);
    // A second signature by a stranger spoils it: every signature must be the member's.
    let said = story.chain.statement(CARRIER, 1, Action::from(story.bill_issue.clone()));
    let keys = [cast::key(CARRIER, Purpose::Statement), cast::key("stranger", Purpose::Statement)];
    let both = SignedStatement::sign(&said, &[&keys[0], &keys[1]]).expect("signed");
    statement(DsseEnvelope::from(&both));
    let by = |purpose| {
        let key = cast::key(CARRIER, purpose);
        SignedStatement::sign(&said, &[&key]).expect("signed")
    };
    statement(DsseEnvelope::from(&by(Purpose::Governance)));
    assert_eq!(DsseEnvelope::from(&by(Purpose::Statement)), good, "the test signs as the story does");
}

#[test]
fn keys_count_by_the_height_of_the_entry() {
    let valid = |from: u64, until: Option<u64>| {
        let mut file = cast::genesis_file();
        for entry in file.members.iter_mut().filter(|e| e.member.id.as_str() == BANK) {
            let mut member = entry.member.clone();
            member.keys[0].valid_from = Height(from);
            member.keys[0].valid_until = until.map(Height);
            *entry = cast::entry(member, entry.power);
        }
        let story = Story::tell_on(&file);
        invalid(&climb(&story.record_only(), &story.chain.genesis))
    };
    // The bank acts at height 3.
    let good = BTreeSet::new();
    let bad = BTreeSet::from(["history"]);
    assert_eq!(valid(0, None), good);
    assert_eq!(valid(3, Some(4)), good);
    assert_eq!(valid(0, Some(3)), bad, "retired by then");
    assert_eq!(valid(4, None), bad, "not yet in use");
}

#[test]
fn the_status_rung() {
    let story = Story::tell();
    let chain = &story.chain;
    let status = |id| Bundle { status: Some(chain.status(id)), ..chain.bundle() };
    let present = || status(story.bill);
    let absent = || status(RecordId(digest(0x66)));
    let breaks = |bundle: &Bundle, change: &dyn Fn(&mut StatusPart)| {
        breaks(&story, bundle, &["status"], |b| change(b.status.as_mut().expect("a status")));
    };
    let bill = &chain.records[&story.bill];
    let record = |record| Some(Binary(record));
    breaks(&present(), &|s| s.record = record(Record { possessor: Some(cast::id(TRADER)), ..bill.clone() }));
    breaks(&present(), &|s| s.record = record(Record { seq: 2, ..bill.clone() }));
    breaks(&present(), &|s| s.record = None);
    breaks(&present(), &|s| s.id = story.origin);
    breaks(&present(), &|s| s.record = chain.status(story.origin).record);
    breaks(&present(), &|s| s.proof = chain.status(story.origin).proof);
    // Absence: for a key that is present, and presence for a key that is not.
    breaks(&absent(), &|s| s.id = story.bill);
    breaks(&absent(), &|s| (s.id, s.record) = (story.bill, chain.status(story.bill).record));
    // The state at an older head.
    let older = Story::tell_until(&cast::genesis_file(), 2);
    assert_eq!(older.bill, story.bill);
    let stale = older.chain.status(older.bill);
    breaks(&present(), &|s| *s = stale.clone());
    assert_eq!(
        climb(&Bundle { status: Some(stale.clone()), ..older.chain.bundle() }, &chain.genesis).outcome(),
        Outcome::Valid
    );
}

#[test]
fn the_history_rung() {
    let story = Story::tell();
    let chain = &story.chain;
    let breaks = |change: &dyn Fn(&mut Bundle)| breaks(&story, &story.full(), &["history"], change);
    breaks(&|b| drop(b.history.remove(0)));
    breaks(&|b| drop(b.history.remove(1)));
    breaks(&|b| {
        b.history.pop();
    });
    breaks(&|b| b.history.swap(0, 1));
    breaks(&|b| b.history.reverse());
    breaks(&|b| b.history.insert(1, b.history[1].clone()));
    breaks(&|b| b.history[0] = chain.history(story.origin)[0].clone());
    breaks(&|b| b.history = chain.history(story.origin));
    breaks(&|b| b.history.insert(0, chain.history(story.origin)[0].clone()));
    breaks(&|b| b.history[1].index += 1);
    breaks(&|b| b.history[1].statement = b.history[2].statement.clone());
    breaks(&|b| b.history[0].entry.0 = chain.entries[0].clone());
    breaks(&|b| {
        let Entry::Act(act) = &mut b.history[1].entry.0 else { panic!("an act") };
        act.previous = None;
    });
    // Without the record it hangs in the air, and so does the document.
    let alone = Bundle { status: None, ..story.record_only() };
    assert_eq!(invalid(&climb(&alone, &chain.genesis)), BTreeSet::from(["history"]));
}

#[test]
fn the_reference_rung() {
    let story = Story::tell();
    let chain = &story.chain;
    let reference = |key| Bundle { reference: Some(chain.reference(CARRIER, key)), ..chain.bundle() };
    let present = || reference(story.bill_issue.reference);
    let absent = || reference(Story::unused_reference());
    let breaks = |bundle: &Bundle, change: &dyn Fn(&mut ReferenceProof)| {
        breaks(&story, bundle, &["reference"], |b| change(b.reference.as_mut().expect("a reference")));
    };
    breaks(&present(), &|r| r.record = None);
    breaks(&present(), &|r| r.record = Some(story.origin));
    breaks(&present(), &|r| r.key = story.origin_issue.reference);
    breaks(&present(), &|r| r.issuer = cast::id(CHAMBER));
    breaks(&present(), &|r| r.proof = chain.reference(CARRIER, Story::unused_reference()).proof);
    breaks(&absent(), &|r| r.record = Some(story.bill));
    breaks(&absent(), &|r| r.key = story.bill_issue.reference);
}

/// Each part is true by itself; together they would say that the buyer holds the certificate of origin.
#[test]
fn parts_about_different_records_do_not_make_a_bundle() {
    let story = Story::tell();
    let chain = &story.chain;
    let mixed = || Bundle { status: Some(chain.status(story.origin)), ..story.origin_receipt() };
    breaks(&story, &mixed(), &["statement", "body"], |b| b.status = Some(chain.status(story.bill)));
    breaks(&story, &mixed(), &["statement", "body"], |b| b.status = Some(chain.status(RecordId(digest(0x66)))));
    let number = chain.reference(CHAMBER, story.origin_issue.reference);
    breaks(&story, &story.full(), &["reference"], |b| b.reference = Some(number.clone()));
    let numbered = || Bundle { reference: Some(number.clone()), ..story.origin_receipt() };
    breaks(&story, &numbered(), &["reference"], |b| {
        b.reference = Some(chain.reference(CARRIER, story.bill_issue.reference));
    });
}

#[test]
fn the_body_rung() {
    let story = Story::tell();
    let breaks = |change: &dyn Fn(&mut Body)| {
        breaks(&story, &story.full(), &["body"], |b| change(&mut b.body.as_mut().expect("a body").0.0));
    };
    breaks(&|body| body.bytes[100] ^= 1);
    breaks(&|body| body.bytes.push(b' '));
    breaks(&|body| {
        body.bytes.pop();
    });
    breaks(&|body| body.salt[31] ^= 1);
    breaks(&|body| body.pepper[0] ^= 1);
    breaks(&|body| *body = story.origin_body.clone());
    let no_issue = Bundle { receipt: Some(story.chain.receipt(3)), history: vec![], ..story.full() };
    let ladder = climb(&no_issue, &story.chain.genesis);
    assert_eq!(invalid(&ladder), BTreeSet::from(["body"]), "a transfer brings no document: {ladder:#?}");
    let nothing = Bundle { body: story.full().body, ..story.chain.bundle() };
    assert_eq!(invalid(&climb(&nothing, &story.chain.genesis)), BTreeSet::from(["body"]));
}

/// What an issuer signs about a document is checked against the document by every reader.
#[test]
fn claims_that_the_document_does_not_bear_out() {
    let good = story::body(DocKind::BillOfLading, CARRIER);
    let outcome = |issuer: &str, body: &Body, change: &dyn Fn(&mut Issue)| {
        let mut chain = Chain::new(&cast::genesis_file());
        let mut issue = story::issue(DocKind::BillOfLading, issuer, &good, TRADER);
        issue.body.commitment = body.commitment();
        issue.body.size = u32::try_from(body.bytes.len()).expect("small");
        issue.body.jcs_sha256 = Hash32(doc::jcs_sha256(&body.bytes).expect("JSON"));
        change(&mut issue);
        chain.block(&[chain.say(issuer, 1, Action::from(issue))]);
        let bundle = Bundle {
            receipt: Some(chain.receipt(ISSUE_INDEX)),
            members: vec![chain.member(issuer)],
            body: Some(DisclosedBody(Binary(body.clone()))),
            ..chain.bundle()
        };
        invalid(&climb(&bundle, &chain.genesis))
    };
    let (valid, bad) = (BTreeSet::new(), BTreeSet::from(["body"]));
    assert_eq!(outcome(CARRIER, &good, &|_| ()), valid);
    let lie = |change: &dyn Fn(&mut BillClaims)| {
        outcome(CARRIER, &good, &|issue| {
            let Claims::BillOfLading(claims) = &mut issue.claims else { panic!("a bill") };
            change(claims);
        })
    };
    assert_eq!(lie(&|claims| claims.form = TitleForm::Straight), bad);
    assert_eq!(lie(&|claims| claims.document_type = BillType::Swb), bad);
    assert_eq!(lie(&|claims| claims.quantity.packages += 1), bad);
    assert_eq!(outcome(CARRIER, &good, &|i| i.reference.0 = digest(1)), bad, "another number");
    assert_eq!(outcome(CARRIER, &good, &|i| i.body.jcs_sha256 = digest(1)), bad);
    assert_eq!(outcome(CARRIER, &good, &|i| i.body.size += 1), bad);
    let text = String::from_utf8(good.bytes.clone()).expect("text");
    let unschooled =
        Body { bytes: text.replacen("\"carrierCode\"", "\"carrierKode\"", 1).into_bytes(), ..good.clone() };
    assert_eq!(outcome(CARRIER, &unschooled, &|_| ()), bad, "the schema is not kept");
    let renumbered = Body { bytes: text.replacen("SPLNGB2611047", "SPLNGB2611048", 1).into_bytes(), ..good.clone() };
    assert_eq!(outcome(CARRIER, &renumbered, &|_| ()), bad, "another document under this number");
    let salted = Body { pepper: [9; 32], ..good.clone() };
    assert_ne!(pepper_commitment(&salted.pepper), pepper_commitment(&good.pepper));
    assert_eq!(outcome(CARRIER, &salted, &|_| ()), bad, "another pepper than the registry's");
    assert_eq!(outcome(TRADER, &good, &|_| ()), bad, "an issuer without a pepper");
}
