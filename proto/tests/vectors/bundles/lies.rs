//! Lies of those whom one has to trust: validators who decide what is not so, issuers who sign what is not so.

use sampan_proto::body::{Body, reference_key};
use sampan_proto::doc::{self, Claims, DocKind, TitleForm};
use sampan_proto::entry::{ActEntry, Entry};
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{BodyCommitment, Height, RecordId, StatementId};
use sampan_proto::law;
use sampan_proto::proof::{Binary, Bundle, DisclosedBody, Policy, StatusPart};
use sampan_proto::record::{EntryRef, Record, Status};
use sampan_proto::state_key;
use sampan_proto::statement::{Action, ActionKind, Issue};

use super::{Cases, with_members};
use crate::support::cast::{self, BANK, CARRIER, TRADER};
use crate::support::chain::Chain;
use crate::support::digest;
use crate::support::story::{self, ISSUE_INDEX, Story};
use crate::support::unlawful;

/// Heads on which the validators themselves lie.
pub(super) fn lies(cases: &mut Cases) {
    let honest = |_: &mut ActEntry| ();
    lie(cases, "lie, none", &[], &[], honest, |_| ());
    let both: (&[&str], &[&str]) = (&["statement"], &["history"]);
    lie(cases, "lie, action", both.0, both.1, |act| act.action = ActionKind::Surrender, |_| ());
    lie(cases, "lie, seq", both.0, both.1, |act| act.seq = 3, |_| ());
    lie(cases, "lie, seq 0", both.0, both.1, |act| act.seq = 0, |_| ());
    let bank = state_key::member(&cast::id(BANK));
    lie(cases, "lie, actor", both.0, both.1, |act| act.actor = bank, |_| ());
    let body = Some(BodyCommitment(digest(9)));
    lie(cases, "lie, body", both.0, both.1, |act| act.body = body, |_| ());
    let another = StatementId(digest(9));
    lie(cases, "lie, statement", both.0, both.1, |act| act.statement = another, |_| ());
    let cut = |act: &mut ActEntry| act.previous = None;
    lie(cases, "lie, previous", &[], &["history"], cut, |_| ());
    lie(cases, "lie, seq of the record", &[], &["history"], honest, |record| record.seq = 3);
    let taken = |record: &mut Record| record.possessor = Some(cast::id(TRADER));
    lie(cases, "lie, possessor", &[], &["law"], honest, taken);
    lie(cases, "lie, status", &[], &["law"], honest, |record| record.status = Status::Void);
}

/// Histories of which only the law knows whether they may be.
pub(super) fn laws(cases: &mut Cases) {
    // With a clock they are not changed by whoever compares: what they are for, only some verifiers climb.
    let policy = Policy { now_ms: Some(cast::BEGIN_MS), ..Policy::default() };
    for (name, bundle) in unlawful::lawful().into_iter().chain(unlawful::open()) {
        cases.add(&format!("law, {name}"), &bundle, &policy, &[], None);
    }
    for (name, bundle) in unlawful::unlawful() {
        cases.add(&format!("lie, {name}"), &bundle, &Policy::default(), &["law"], Some("law"));
    }
}

/// Histories that do not begin, and a record in another's place.
pub(super) fn beginnings(cases: &mut Cases) {
    let begun = || Story::tell_until(&cast::genesis_file(), 1);
    let told = |chain: &Chain, bill, entry| {
        let history = vec![chain.act(entry)];
        Bundle { status: Some(chain.status(bill)), history, ..with_members(chain) }
    };
    let Story { mut chain, bill, .. } = begun();
    let before = chain.records[&bill].clone();
    let Entry::Act(issue) = chain.entries[1].clone() else { panic!("an act") };
    let last = chain.append(Entry::Act(ActEntry { previous: Some(before.last), ..issue.clone() }));
    chain.statements.insert(last.index, chain.statements[&ISSUE_INDEX].clone());
    chain.keep(Record { last, ..before.clone() });
    chain.block(&[]);
    let bundle = told(&chain, bill, last.index);
    cases.add("lie, something before the issue", &bundle, &Policy::default(), &["history"], None);

    let Story { mut chain, bill, .. } = begun();
    let sold = chain.say(TRADER, 3, story::transfer(bill, 0, BANK));
    let actor = state_key::member(&cast::id(TRADER));
    let act = ActEntry { action: ActionKind::Transfer, statement: sold.id(), actor, body: None, ..issue };
    let last = chain.append(Entry::Act(act));
    chain.statements.insert(last.index, sold);
    chain.keep(Record { last, ..before.clone() });
    chain.block(&[]);
    let bundle = told(&chain, bill, last.index);
    cases.add("lie, a history without an issue", &bundle, &Policy::default(), &["history"], None);

    let Story { mut chain, .. } = begun();
    let other = RecordId(digest(0x31));
    chain.changes.insert(state_key::record(&other), Some(before.value_hash()));
    chain.block(&[]);
    let proof = Binary(chain.prove(&state_key::record(&other)));
    let status = StatusPart { id: other, record: Some(Binary(before)), proof };
    let bundle = Bundle { status: Some(status), ..chain.bundle() };
    cases.add("lie, a record in anothers place", &bundle, &Policy::default(), &["status"], None);
}

/// A transfer whose entry or record lies, as a receipt and as a history; what each breaks.
fn lie(
    cases: &mut Cases,
    name: &str,
    receipt: &[&str],
    history: &[&str],
    in_entry: impl Fn(&mut ActEntry),
    in_record: impl Fn(&mut Record),
) {
    let Story { mut chain, bill, .. } = Story::tell_until(&cast::genesis_file(), 1);
    let sold = chain.say(TRADER, 3, story::transfer(bill, 1, BANK));
    let before = chain.records[&bill].clone();
    let mut act = ActEntry {
        height: Height(2),
        time_ms: cast::BEGIN_MS + 20_000,
        action: ActionKind::Transfer,
        record: bill,
        seq: 2,
        actor: state_key::member(&cast::id(TRADER)),
        statement: sold.id(),
        body: None,
        previous: Some(before.last),
    };
    let actor = chain.genesis.members.iter().find(|member| member.id.as_str() == TRADER).expect("a member");
    let terms = law::Terms { time_ms: act.time_ms, freeze_quorum: 2 };
    let after = law::act(&before, &sold.parse().expect("a statement").action, actor, terms);
    in_entry(&mut act);
    let last: EntryRef = chain.append(Entry::Act(act));
    chain.statements.insert(last.index, sold);
    let mut record = Record { last, ..after.expect("lawful") };
    in_record(&mut record);
    chain.keep(record);
    chain.block(&[]);
    let needs = history.contains(&"law").then_some("law");
    let told = Bundle { receipt: Some(chain.receipt(last.index)), ..with_members(&chain) };
    cases.add(&format!("{name}, in a receipt"), &told, &Policy::default(), receipt, None);
    let acts = [ISSUE_INDEX, last.index].map(|index| chain.act(index)).to_vec();
    let told = Bundle { status: Some(chain.status(bill)), history: acts, ..with_members(&chain) };
    cases.add(&format!("{name}, in a history"), &told, &Policy::default(), history, needs);
}

/// What issuers claim of their documents.
pub(super) fn issuers(cases: &mut Cases, story: &Story) {
    let text = String::from_utf8(story.bill_body.bytes.clone()).expect("text");
    let edited = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "the case changes something");
        changed.into_bytes()
    };
    let same = || text.clone().into_bytes();
    claims(cases, "claims, honest", &[], None, same(), |_| ());
    claims(cases, "claims, another number", &["body"], None, same(), |issue| issue.reference.0 = digest(1));
    let salted = Body { pepper: [9; 32], ..story.bill_body.clone() };
    let number = doc::check(DocKind::BillOfLading, &salted.bytes).expect("a good document").reference;
    let reference = reference_key(&salted.pepper, &cast::id(CARRIER), &number);
    let another = |issue: &mut Issue| issue.reference = reference;
    disclosed(cases, "claims, under another pepper", (&["body"], None), salted, another);
    claims(cases, "claims, another version", &["body"], None, same(), |issue| issue.version = 2);
    claims(cases, "claims, another digest", &["body"], None, same(), |issue| issue.body.jcs_sha256 = digest(1));
    claims(cases, "claims, another size", &["body"], None, same(), |issue| issue.body.size += 1);
    claims(cases, "claims, more packages", &["body"], None, same(), |issue| {
        let Claims::BillOfLading(claims) = &mut issue.claims else { panic!("a bill") };
        claims.quantity.packages += 1;
    });
    claims(cases, "claims, another form", &["body"], None, same(), |issue| {
        let Claims::BillOfLading(claims) = &mut issue.claims else { panic!("a bill") };
        claims.form = TitleForm::Straight;
    });
    claims(cases, "claims, of a certificate", &["body"], None, same(), |issue| {
        issue.claims = story.origin_issue.claims.clone();
    });
    let heavier = edited("9840.5", "9840.500000001");
    claims(cases, "claims, a billionth of a kilogram less", &["body"], None, heavier, |_| ());
    let renumbered = edited("SPLNGB2611047", "SPLNGB2611048");
    claims(cases, "claims, a document of another number", &["body"], None, renumbered, |_| ());
    let schema = edited("\"receiptTypeAtOrigin\": \"CY\"", "\"receiptTypeAtOrigin\": \"XX\"");
    claims(cases, "claims, the document's schema is not kept", &["body"], Some("document"), schema, |_| ());
}

/// A bill whose issuer signed what `change` makes of the claims, over another text of the document.
fn claims(
    cases: &mut Cases,
    name: &str,
    rungs: &[&str],
    needs: Option<&str>,
    bytes: Vec<u8>,
    change: impl Fn(&mut Issue),
) {
    disclosed(cases, name, (rungs, needs), Body { bytes, ..story::body(DocKind::BillOfLading, CARRIER) }, change);
}

/// The same with another body altogether.
fn disclosed(
    cases: &mut Cases,
    name: &str,
    (rungs, needs): (&[&str], Option<&str>),
    body: Body,
    change: impl Fn(&mut Issue),
) {
    let kind = DocKind::BillOfLading;
    let good = story::body(kind, CARRIER);
    let mut chain = Chain::new(&cast::genesis_file());
    let mut issue = story::issue(kind, CARRIER, &good, TRADER);
    issue.body.commitment = body.commitment();
    issue.body.size = u32::try_from(body.bytes.len()).expect("small");
    issue.body.jcs_sha256 = Hash32(doc::jcs_sha256(&body.bytes).expect("JSON"));
    change(&mut issue);
    chain.block(&[chain.say(CARRIER, 1, Action::from(issue))]);
    let bundle = Bundle {
        receipt: Some(chain.receipt(ISSUE_INDEX)),
        members: vec![chain.member(CARRIER)],
        body: Some(DisclosedBody(Binary(body))),
        ..chain.bundle()
    };
    cases.add(name, &bundle, &Policy::default(), rungs, needs);
}
