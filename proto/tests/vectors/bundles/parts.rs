//! A lie on each rung below the head, in bundles whose validators are honest.

use sampan_proto::block::Header;
use sampan_proto::body::Body;
use sampan_proto::ids::{ChainId, Height, RecordId};
use sampan_proto::member::Purpose;
use sampan_proto::proof::{
    Binary, Bundle, Counterpart, Handover, MemberProof, Policy, ReceiptPart, ReferenceProof, StatusPart,
};
use sampan_proto::record::Record;
use sampan_proto::state_key;
use sampan_proto::statement::{Action, DsseEnvelope, SignedStatement};

use super::{Cases, with_members};
use crate::support::cast::{self, BANK, BUYER, CARRIER, CHAMBER, TRADER};
use crate::support::chain::certify;
use crate::support::digest;
use crate::support::story::{ISSUE_INDEX, ORIGIN_INDEX, Story};

fn receipt_of(b: &mut Bundle) -> &mut ReceiptPart {
    b.receipt.as_mut().expect("a receipt")
}

fn status_of(b: &mut Bundle) -> &mut StatusPart {
    b.status.as_mut().expect("a status")
}

fn reference_of(b: &mut Bundle) -> &mut ReferenceProof {
    b.reference.as_mut().expect("a reference")
}

fn body_of(b: &mut Bundle) -> &mut Body {
    &mut b.body.as_mut().expect("a body").0.0
}

/// Lies about the way from the genesis roster to the one that decides the head.
pub(super) fn trust(cases: &mut Cases, story: &Story) {
    let base = story.handed_over();
    let genesis = &story.chain.genesis;
    cases.good("one handover", &base);
    let mut bad = |name: &str, change: &dyn Fn(&mut Bundle)| cases.bad(name, &["roster"], &base, change);
    let redecide = |b: &mut Bundle, change: &dyn Fn(&mut Header)| {
        let step = &mut b.trust_path[0];
        change(&mut step.header.0);
        step.certificate.0 = certify(genesis, &step.header.0, &[0, 1, 2]);
    };
    bad("trust, no way", &|b| b.trust_path.clear());
    bad("trust, a step twice", &|b| b.trust_path.push(b.trust_path[0].clone()));
    bad("trust, another chain", &|b| redecide(b, &|header| header.chain = ChainId(digest(1))));
    bad("trust, another version", &|b| redecide(b, &|header| header.version = 2));
    bad("trust, another roster decided", &|b| redecide(b, &|header| header.roster_hash = digest(1)));
    bad("trust, another roster named", &|b| redecide(b, &|header| header.next_roster_hash = digest(1)));
    bad("trust, another roster given", &|b| b.trust_path[0].roster.0 = genesis.roster.clone());
    bad("trust, height 0", &|b| redecide(b, &|header| header.height = Height(0)));
    bad("trust, the head is not later", &|b| redecide(b, &|header| header.height = Height(4)));
    bad("trust, a header changed", &|b| b.trust_path[0].header.0.time_ms += 1);
    bad("trust, the certificate's height", &|b| b.trust_path[0].certificate.0.height = Height(3));
    bad("trust, no quorum", &|b| {
        b.trust_path[0].certificate.0 = certify(genesis, &b.trust_path[0].header.0, &[1, 2]);
    });
    let (header, certificate) = story.chain.heads[0].clone();
    let (certificate, roster) = (Binary(certificate), Binary(genesis.roster.clone()));
    let idle = Handover { header: Binary(header), certificate, roster };
    bad("trust, a step that changes nothing", &|b| b.trust_path.insert(0, idle.clone()));
    let old = certify(genesis, &base.head.header.0, &[0, 1, 3]);
    cases.bad("trust, the head decided by the old roster", &["certificate"], &base, |b| b.head.certificate.0 = old);
}

pub(super) fn members(cases: &mut Cases, story: &Story) {
    let chain = &story.chain;
    let base = Bundle { members: vec![chain.member(CARRIER)], ..chain.bundle() };
    cases.bad("members, another's proof", &["members"], &base, |b| b.members[0].proof = chain.member(BANK).proof);
    cases.bad("members, another name", &["members"], &base, |b| b.members[0].member.0.name.push('x'));
    let mut two = base.clone();
    two.members.push(chain.member(BUYER));
    cases.bad("members, one of two", &["members"], &two, |b| b.members[1].member.0.name.push('x'));
    let acted = ["members", "statement", "history", "body"];
    cases.bad("members, one that acted", &acted, &story.full(), |b| b.members[0].proof = chain.member(BANK).proof);
    cases.bad("members, the issuer is missing", &["statement", "history", "body"], &story.full(), |b| {
        drop(b.members.remove(0));
    });
}

/// A key counts at the height of the entry: here the bank signed what stands at height 3.
pub(super) fn keys(cases: &mut Cases) {
    for (name, from, until, rungs) in [
        ("keys, from that height on", 3, None, [].as_slice()),
        ("keys, from the next height on", 4, None, &["history"]),
        ("keys, until the next height", 0, Some(4), &[]),
        ("keys, until that height", 0, Some(3), &["history"]),
    ] {
        let mut story = Story::tell();
        let chain = &mut story.chain;
        let mut bank = chain.member(BANK).member.0;
        (bank.keys[0].valid_from, bank.keys[0].valid_until) = (Height(from), until.map(Height));
        let place = state_key::member(&bank.id);
        chain.changes.insert(place, Some(bank.value_hash()));
        chain.block(&[]);
        let part = MemberProof { member: Binary(bank), proof: Binary(chain.prove(&place)) };
        let members = vec![chain.member(CARRIER), chain.member(TRADER), part];
        let bundle = Bundle { members, reference: None, ..story.record_only() };
        cases.add(name, &bundle, &Policy::default(), rungs, None);
    }
}

pub(super) fn receipts(cases: &mut Cases, story: &Story) {
    let chain = &story.chain;
    let log = &chain.log;
    let base = Bundle { receipt: Some(chain.receipt(ISSUE_INDEX)), ..with_members(chain) };
    let mut bad = |name: &str, rung: &str, change: &dyn Fn(&mut Bundle)| cases.bad(name, &[rung], &base, change);
    bad("inclusion, another index", "inclusion", &|b| receipt_of(b).path.0.index = 2);
    bad("inclusion, another size", "inclusion", &|b| receipt_of(b).path.0.size += 1);
    bad("inclusion, an older log", "inclusion", &|b| receipt_of(b).path.0 = log.inclusion(5, ISSUE_INDEX));
    bad("inclusion, a sibling too many", "inclusion", &|b| receipt_of(b).path.0.path.push(digest(1)));
    bad("inclusion, another entry", "inclusion", &|b| receipt_of(b).entry = chain.receipt(3).entry);
    bad("inclusion, a block's entry elsewhere", "inclusion", &|b| receipt_of(b).entry.0 = chain.entries[2].clone());
    bad("receipt, a block's entry", "receipt", &|b| {
        receipt_of(b).entry.0 = chain.entries[2].clone();
        receipt_of(b).path.0 = log.inclusion(log.size(), 2);
    });
    let good = chain.receipt(ISSUE_INDEX).statement;
    let statement = |b: &mut Bundle, envelope: &DsseEnvelope| receipt_of(b).statement = envelope.clone();
    let another = chain.receipt(ORIGIN_INDEX).statement;
    bad("statement, another", "statement", &|b| statement(b, &another));
    let typed = DsseEnvelope { payload_type: "application/json".to_owned(), ..good.clone() };
    bad("statement, payload type", "statement", &|b| statement(b, &typed));
    let unsigned = DsseEnvelope { signatures: vec![], ..good.clone() };
    bad("statement, no signature", "statement", &|b| statement(b, &unsigned));
    let garbled = DsseEnvelope { payload: "%".to_owned(), ..good.clone() };
    bad("statement, no base64", "statement", &|b| statement(b, &garbled));
    let twice = DsseEnvelope { signatures: [good.signatures.clone(), good.signatures].concat(), ..unsigned };
    bad("statement, a signature twice", "statement", &|b| statement(b, &twice));
    let said = chain.statement(CARRIER, 1, Action::from(story.bill_issue.clone()));
    let by = |names: &[(&str, Purpose)]| {
        let keys: Vec<_> = names.iter().map(|(name, purpose)| cast::key(name, *purpose)).collect();
        DsseEnvelope::from(&SignedStatement::sign(&said, &keys.iter().collect::<Vec<_>>()).expect("signed"))
    };
    let governance = by(&[(CARRIER, Purpose::Governance)]);
    bad("statement, by a governance key", "statement", &|b| statement(b, &governance));
    let stranger = by(&[(CARRIER, Purpose::Statement), ("stranger", Purpose::Statement)]);
    bad("statement, a stranger signed too", "statement", &|b| statement(b, &stranger));
    bad("statement, of another record", "statement", &|b| b.status = Some(chain.status(story.origin)));
}

pub(super) fn status(cases: &mut Cases, story: &Story) {
    let chain = &story.chain;
    let present = Bundle { status: Some(chain.status(story.bill)), ..chain.bundle() };
    let absent = Bundle { status: Some(chain.status(RecordId(digest(0x66)))), ..chain.bundle() };
    let bill = &chain.records[&story.bill];
    let mut bad = |name: &str, base: &Bundle, change: &dyn Fn(&mut Bundle)| cases.bad(name, &["status"], base, change);
    let stolen = Record { possessor: Some(cast::id(TRADER)), ..bill.clone() };
    bad("status, another possessor", &present, &|b| status_of(b).record = Some(Binary(stolen.clone())));
    bad("status, denied", &present, &|b| status_of(b).record = None);
    bad("status, under another id", &present, &|b| status_of(b).id = story.origin);
    bad("status, another's proof", &present, &|b| status_of(b).proof = chain.status(story.origin).proof);
    bad("status, absence of what is there", &absent, &|b| status_of(b).id = story.bill);
    bad("status, presence of what is not there", &absent, &|b| status_of(b).record = Some(Binary(bill.clone())));
}

pub(super) fn history(cases: &mut Cases, story: &Story) {
    let chain = &story.chain;
    let base = Bundle { reference: None, ..story.record_only() };
    let mut bad = |name: &str, change: &dyn Fn(&mut Bundle)| cases.bad(name, &["history"], &base, change);
    bad("history, the issue left out", &|b| drop(b.history.remove(0)));
    bad("history, an act left out", &|b| drop(b.history.remove(1)));
    bad("history, the last act left out", &|b| {
        b.history.pop();
    });
    bad("history, out of order", &|b| b.history.swap(0, 1));
    bad("history, an act twice", &|b| b.history.insert(1, b.history[1].clone()));
    bad("history, of another record", &|b| b.history = chain.history(story.origin));
    bad("history, another index", &|b| b.history[1].index += 1);
    bad("history, another statement", &|b| b.history[1].statement = b.history[2].statement.clone());
    bad("history, a block's entry", &|b| b.history[0].entry.0 = chain.entries[0].clone());
    bad("history, of no record", &|b| b.status = None);
}

pub(super) fn reference(cases: &mut Cases, story: &Story) {
    let chain = &story.chain;
    let of = |key| Bundle { reference: Some(chain.reference(CARRIER, key)), ..chain.bundle() };
    let (present, absent) = (of(story.bill_issue.reference), of(Story::unused_reference()));
    let mut bad =
        |name: &str, base: &Bundle, change: &dyn Fn(&mut Bundle)| cases.bad(name, &["reference"], base, change);
    bad("reference, denied", &present, &|b| reference_of(b).record = None);
    bad("reference, of another record", &present, &|b| reference_of(b).record = Some(story.origin));
    bad("reference, another key", &present, &|b| reference_of(b).key = story.origin_issue.reference);
    bad("reference, another issuer", &present, &|b| reference_of(b).issuer = cast::id(CHAMBER));
    bad("reference, absence of what is there", &absent, &|b| reference_of(b).key = story.bill_issue.reference);
    bad("reference, presence of what is not there", &absent, &|b| reference_of(b).record = Some(story.bill));
    let number = chain.reference(CHAMBER, story.origin_issue.reference);
    let about =
        Bundle { reference: present.reference.clone(), status: Some(chain.status(story.bill)), ..chain.bundle() };
    bad("reference, of another record than the status", &about, &|b| b.reference = Some(number.clone()));
}

pub(super) fn body(cases: &mut Cases, story: &Story) {
    let base = story.origin_receipt();
    let mut bad = |name: &str, change: &dyn Fn(&mut Bundle)| cases.bad(name, &["body"], &base, change);
    bad("body, a byte changed", &|b| body_of(b).bytes[100] ^= 1);
    bad("body, a blank behind", &|b| body_of(b).bytes.push(b' '));
    bad("body, another salt", &|b| body_of(b).salt[31] ^= 1);
    bad("body, another pepper", &|b| body_of(b).pepper[0] ^= 1);
    bad("body, another document", &|b| *body_of(b) = story.bill_body.clone());
    bad("body, of a transfer", &|b| {
        b.receipt = Some(story.chain.receipt(3));
        b.members = with_members(&story.chain).members;
    });
    cases.bad("body, of nothing", &["body"], &story.chain.bundle(), |b| b.body.clone_from(&base.body));
}

pub(super) fn counterpart(cases: &mut Cases, story: &Story) {
    let (base, chain) = (story.compared(), &story.chain);
    cases.good("a bill and its certificate", &base);
    let theirs = |b: &mut Bundle| counterpart_of(b).body = None;
    let mut apart = base.clone();
    theirs(&mut apart);
    cases.good("a bill and the issue of its certificate", &apart);
    cases.good("a certificate beside a bill that is not disclosed", &Bundle { body: None, ..base.clone() });
    let mut bad = |name: &str, change: &dyn Fn(&mut Bundle)| cases.bad(name, &["counterpart"], &base, change);
    bad("counterpart, another path", &|b| counterpart_of(b).issue.path.0.path[0].0[0] ^= 1);
    bad("counterpart, another statement", &|b| counterpart_of(b).issue.statement = chain.receipt(1).statement);
    bad("counterpart, another document", &|b| counterpart_of(b).body.clone_from(&base.body));
    bad("counterpart, the record itself", &|b| {
        *counterpart_of(b) = Counterpart { issue: chain.receipt(1), body: None };
    });
    bad("counterpart, a transfer", &|b| *counterpart_of(b) = Counterpart { issue: chain.receipt(3), body: None });
    bad("counterpart, a block", &|b| {
        counterpart_of(b).issue.entry.0 = chain.entries[2].clone();
        counterpart_of(b).issue.path.0 = chain.log.inclusion(chain.log.size(), 2);
    });
    bad("counterpart, of a stranger", &|b| {
        b.members.pop();
    });
}

fn counterpart_of(b: &mut Bundle) -> &mut Counterpart {
    b.counterpart.as_mut().expect("a counterpart")
}
