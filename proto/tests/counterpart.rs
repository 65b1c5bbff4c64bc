//! A bundle with the other document of the shipment: proven beside the record, and compared with it.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

mod support;

use sampan_proto::body::Body;
use sampan_proto::doc::DocKind;
use sampan_proto::genesis::Genesis;
use sampan_proto::proof::{Binary, Bundle, Counterpart, DisclosedBody, Ladder, Outcome, Policy, Verdict, verify};
use sampan_proto::statement::Action;
use support::cast::{self, BANK, CARRIER, CHAMBER, TRADER};
use support::chain::Chain;
use support::story::{self, ISSUE_INDEX, ORIGIN_INDEX, Story};

fn climb(bundle: &Bundle, anchor: &Genesis) -> Ladder {
    verify(bundle, anchor, &Policy::default())
}

#[track_caller]
fn says(ladder: &Ladder, counterpart: Option<Verdict>, findings: Option<Verdict>) {
    assert_eq!(ladder.verdict("counterpart"), counterpart, "{ladder:#?}");
    assert_eq!(ladder.verdict("findings"), findings, "{ladder:#?}");
    let outcome = if counterpart == Some(Verdict::Invalid) { Outcome::Invalid } else { Outcome::Valid };
    assert_eq!(ladder.outcome(), outcome, "{ladder:#?}");
}

fn part(bundle: &mut Bundle) -> &mut Counterpart {
    bundle.counterpart.as_mut().expect("a counterpart")
}

#[test]
fn two_documents_that_agree_are_valid_and_survive_their_file() {
    let story = Story::tell();
    let bundle = story.compared();
    says(&climb(&bundle, &story.chain.genesis), Some(Verdict::Valid), Some(Verdict::Valid));
    let bytes = serde_json::to_vec(&bundle).expect("JSON");
    assert_eq!(Bundle::from_json(&bytes).as_ref(), Ok(&bundle));
    let from_the_other_side = Bundle {
        counterpart: Some(Counterpart { issue: story.chain.receipt(ISSUE_INDEX), body: story.full().body }),
        members: bundle.members.clone(),
        ..story.origin_receipt()
    };
    says(&climb(&from_the_other_side, &story.chain.genesis), Some(Verdict::Valid), Some(Verdict::Valid));
}

/// A bill and a certificate whose gross weights differ: both are proven, and the difference is shown.
#[test]
fn what_does_not_go_together_is_found_again_by_the_verifier() {
    let mut chain = Chain::new(&cast::genesis_file());
    let bill = story::body(DocKind::BillOfLading, CARRIER);
    let origin = story::body(DocKind::CertificateOfOrigin, CHAMBER);
    let text = String::from_utf8(origin.bytes.clone()).expect("text");
    let heavier = Body { bytes: text.replace("9840.5", "9850.5").into_bytes(), ..origin };
    let issue = |kind, issuer: &str, body: &Body| Action::from(story::issue(kind, issuer, body, TRADER));
    let bill_issue = chain.say(CARRIER, 1, issue(DocKind::BillOfLading, CARRIER, &bill));
    let origin_issue = chain.say(CHAMBER, 2, issue(DocKind::CertificateOfOrigin, CHAMBER, &heavier));
    chain.block(&[bill_issue, origin_issue]);
    let body = |body: Body| Some(DisclosedBody(Binary(body)));
    let bundle = Bundle {
        receipt: Some(chain.receipt(1)),
        members: [CARRIER, CHAMBER].map(|handle| chain.member(handle)).to_vec(),
        body: body(bill),
        counterpart: Some(Counterpart { issue: chain.receipt(2), body: body(heavier) }),
        ..chain.bundle()
    };
    let ladder = climb(&bundle, &chain.genesis);
    says(&ladder, Some(Verdict::Valid), Some(Verdict::Warn));
    let rung = ladder.rungs().iter().find(|rung| rung.name == "findings").expect("a rung");
    assert!(rung.detail.contains("X9") && rung.detail.contains("9850.5"), "{rung:?}");
}

#[test]
fn without_both_documents_nothing_is_found() {
    let story = Story::tell();
    let anchor = &story.chain.genesis;
    let (skipped, valid) = (Some(Verdict::Skipped), Some(Verdict::Valid));
    let without_theirs = |mut bundle: Bundle| {
        part(&mut bundle).body = None;
        bundle
    };
    says(&climb(&without_theirs(story.compared()), anchor), valid, skipped);
    says(&climb(&Bundle { body: None, ..story.compared() }, anchor), valid, skipped);
    says(&climb(&story.full(), anchor), None, None);
}

#[test]
fn a_counterpart_that_is_not_proven_is_invalid() {
    let story = Story::tell();
    let chain = &story.chain;
    let lie = |change: &dyn Fn(&mut Bundle)| {
        let mut bundle = story.compared();
        change(&mut bundle);
        says(&climb(&bundle, &chain.genesis), Some(Verdict::Invalid), None);
    };
    lie(&|b| part(b).issue.path.0.path[0].0[0] ^= 1);
    lie(&|b| part(b).issue.path.0.size -= 1);
    lie(&|b| part(b).issue.path.0.index = ISSUE_INDEX);
    lie(&|b| part(b).issue.statement = chain.receipt(ISSUE_INDEX).statement);
    lie(&|b| part(b).body.as_mut().expect("a body").0.0.bytes[100] ^= 1);
    lie(&|b| part(b).body = b.body.clone());
    // The record's own issue is no other document, a transfer issues none, and a block's entry records nothing.
    lie(&|b| part(b).issue = chain.receipt(ISSUE_INDEX));
    lie(&|b| b.counterpart = Some(Counterpart { issue: chain.receipt(3), body: None }));
    lie(&|b| b.members.retain(|member| member.member.0.id != cast::id(CHAMBER)));
    lie(&|b| {
        (b.status, b.receipt, b.history, b.reference, b.body) = (None, None, Vec::new(), None, None);
        b.members = [CARRIER, TRADER, BANK, CHAMBER].map(|handle| chain.member(handle)).to_vec();
    });
    assert_ne!(ISSUE_INDEX, ORIGIN_INDEX);
}
