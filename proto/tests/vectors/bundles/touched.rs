//! Records that another record's issue replaced, certified or drew on: its statement is in the log for them, too, and
//! its document is not theirs.

use std::collections::BTreeMap;

use sampan_proto::body::{Body, reference_key};
use sampan_proto::doc::{self, DocKind};
use sampan_proto::ids::RecordId;
use sampan_proto::proof::{Binary, Bundle, DisclosedBody};
use sampan_proto::record::Status;
use sampan_proto::statement::{Action, ActionKind, Issue, Replacement, Replaces};

use super::Cases;
use crate::elsewhere::{apply, issued, touched};
use crate::support::cast::{self, CARRIER, CHAMBER, TRADER};
use crate::support::scene::kilograms;
use crate::support::story::{self, Story};

/// What an issue does to a record that was there before.
struct Touch {
    story: Story,
    /// The record, and what its entry says.
    before: RecordId,
    action: ActionKind,
    status: Status,
    /// The issue and its document.
    issuer: &'static str,
    issue: Issue,
    body: Body,
}

pub(super) fn touched_records(cases: &mut Cases) {
    for (name, touch) in [("drew on it", draw()), ("replaced it", replace()), ("certified it", certify())] {
        touch.told(name, cases);
    }
}

impl Touch {
    fn told(self, name: &str, cases: &mut Cases) {
        let Self { story: Story { mut chain, .. }, before, action, status, issuer, issue, body } = self;
        let signed = chain.say(issuer, 60, Action::from(issue.clone()));
        let after = issued(&mut chain, &signed, issuer, &issue);
        touched(&mut chain, &signed, before, action, status);
        chain.block(&[]);
        let [of_issue, of_touch] = [after, before].map(|id| chain.records[&id].last.index);
        let about = |id, index| Bundle {
            receipt: Some(chain.receipt(index)),
            status: Some(chain.status(id)),
            members: [CARRIER, CHAMBER, TRADER].map(|handle| chain.member(handle)).to_vec(),
            ..chain.bundle()
        };
        let disclosed = || Some(DisclosedBody(Binary(body.clone())));
        let whole = Bundle { body: disclosed(), history: chain.history(after), ..about(after, of_issue) };
        cases.good(&format!("what {name}, with its document"), &whole);
        let plain = about(before, of_touch);
        cases.good(&format!("a record and what {name}"), &plain);
        cases.bad(&format!("body, of what {name}"), &["body"], &plain, |b| b.body = disclosed());
        let receipt = Bundle { status: None, ..plain };
        cases.bad(&format!("body, of what {name}, beside its receipt"), &["body"], &receipt, |b| b.body = disclosed());
    }
}

/// A certificate with another number and document that draws on the story's.
fn draw() -> Touch {
    let story = Story::tell();
    let text = String::from_utf8(story.origin_body.bytes.clone()).expect("text");
    let bytes = text.replace("E263302A7K4M0018", "E263302A7K4M0019").replace("9840.5", "3000").into_bytes();
    let body = Body { salt: [6; 32], bytes, ..story.origin_body.clone() };
    let draws = BTreeMap::from([(story.origin, kilograms("3000"))]);
    let issue = Issue { draws, ..story::issue(DocKind::CertificateOfOrigin, CHAMBER, &body, TRADER) };
    let (action, status) = (ActionKind::Draw, Status::PartlyAccepted);
    Touch { before: story.origin, story, action, status, issuer: CHAMBER, issue, body }
}

/// The bill once more, under its own number in the next version.
fn replace() -> Touch {
    let story = Story::tell();
    let body = Body { salt: [6; 32], ..story.bill_body.clone() };
    let number = doc::check(DocKind::BillOfLading, &body.bytes).expect("a good document").reference;
    let reference = reference_key(&body.pepper, &cast::id(CARRIER), &doc::Reference { version: 2, ..number });
    let records = BTreeMap::from([(story.bill, story.chain.records[&story.bill].seq)]);
    let replaces = Some(Replaces { how: Replacement::Amendment, records });
    let first = story::issue(DocKind::BillOfLading, CARRIER, &body, TRADER);
    let issue = Issue { version: 2, reference, replaces, ..first };
    let (action, status) = (ActionKind::Replace, Status::Replaced);
    Touch { before: story.bill, story, action, status, issuer: CARRIER, issue, body }
}

/// An application for the story's certificate, answered by another issue of the same document.
fn certify() -> Touch {
    let mut story = Story::tell();
    let (before, _) = apply(&mut story);
    let issue = Issue { application: Some(before), ..story.origin_issue.clone() };
    let (action, status) = (ActionKind::Certify, Status::Certified);
    Touch { before, body: story.origin_body.clone(), story, action, status, issuer: CHAMBER, issue }
}
