//! Records whose lives touch other records: an application that is certified, a bill that is replaced, a
//! certificate that another draws on; and governance.
//!
//! Entries and states are written as `SPEC.md` says; nothing is judged.

use std::collections::BTreeMap;

use sampan_proto::entry::{ActEntry, Entry};
use sampan_proto::governance::{Change, Govern};
use sampan_proto::ids::{Height, RecordId};
use sampan_proto::member::Purpose;
use sampan_proto::proof::Bundle;
use sampan_proto::record::{EntryRef, Record, Status};
use sampan_proto::state_key;
use sampan_proto::statement::{
    Action, ActionKind, Application, Issue, OnRecord, Replacement, Replaces, SignedStatement,
};
use sampan_proto::title::TitleAct;

use crate::support::cast::{self, BUYER, CARRIER, CHAMBER, TRADER};
use crate::support::chain::{Chain, STEP_MS};
use crate::support::digest;
use crate::support::scene::{self, kilograms, note};
use crate::support::story::Story;

const AGENCY: &str = "cn-customs";
const SECOND_AGENCY: &str = "my-customs";

/// The story with more on the same chain.
pub(crate) struct Elsewhere {
    pub(crate) story: Story,
    pub(crate) application: RecordId,
    /// Entry of the application.
    pub(crate) applied: u64,
    pub(crate) replaced: RecordId,
    pub(crate) heir: RecordId,
    /// Entries of a proposal, a vote and a turned-over key.
    pub(crate) governance: [u64; 3],
}

/// Writes the entry of a statement for a record.
fn write(
    chain: &mut Chain,
    signed: &SignedStatement,
    (record, action, seq): (RecordId, ActionKind, u64),
    previous: Option<EntryRef>,
) -> EntryRef {
    let said = signed.parse().expect("a statement");
    let own = said.action.record(signed.id()) == record;
    let height = Height(chain.heads.len() as u64 + 1);
    let placed = chain.append(Entry::Act(ActEntry {
        height,
        time_ms: cast::BEGIN_MS + height.0 * STEP_MS,
        action,
        record,
        seq,
        actor: state_key::member(&said.member),
        statement: signed.id(),
        body: said.action.body().filter(|_| own).map(|body| body.commitment),
        previous,
    }));
    chain.statements.insert(placed.index, signed.clone());
    placed
}

/// Writes an act that another record's statement brings to this one.
pub(crate) fn touched(chain: &mut Chain, signed: &SignedStatement, id: RecordId, action: ActionKind, status: Status) {
    let before = chain.records[&id].clone();
    let seq = before.seq + 1;
    let last = write(chain, signed, (id, action, seq), Some(before.last));
    chain.keep(Record { status, seq, last, ..before });
}

/// Writes an issue and the record that it brings.
pub(crate) fn issued(chain: &mut Chain, signed: &SignedStatement, issuer: &str, issue: &Issue) -> RecordId {
    let id = Record::id_of(signed.id());
    let last = write(chain, signed, (id, ActionKind::Issue, 1), None);
    let height = Height(chain.heads.len() as u64 + 1);
    let mut record = Record { last, ..Record::issued(signed.id(), &cast::id(issuer), issue, height) };
    if let Some(origin) = &mut record.origin {
        origin.drawn = sampan_proto::origin::drawn(&origin.drawn, issue.draws.values()).expect("few");
    }
    chain.keep(record);
    id
}

impl Elsewhere {
    pub(crate) fn tell() -> Self {
        let mut story = Story::tell();
        let (application, applied) = apply(&mut story);
        certify(&mut story, application);
        draw(&mut story);
        let (replaced, heir) = replace(&mut story);
        let governance = govern(&mut story.chain);
        story.chain.block(&[]);
        Self { story, application, applied, replaced, heir, governance }
    }

    /// A record with its whole history.
    pub(crate) fn record(&self, id: RecordId) -> Bundle {
        let chain = &self.story.chain;
        let members = [CARRIER, CHAMBER, TRADER, BUYER, AGENCY].map(|handle| chain.member(handle)).to_vec();
        Bundle { status: Some(chain.status(id)), history: chain.history(id), members, ..chain.bundle() }
    }

    /// An entry in the log.
    pub(crate) fn receipt(&self, index: u64) -> Bundle {
        let chain = &self.story.chain;
        let members = [TRADER, AGENCY, SECOND_AGENCY].map(|handle| chain.member(handle)).to_vec();
        Bundle { receipt: Some(chain.receipt(index)), members, ..chain.bundle() }
    }
}

pub(crate) fn apply(story: &mut Story) -> (RecordId, u64) {
    let Issue { claims, body, .. } = story.origin_issue.clone();
    let application = Application { claims, body, to: cast::id(CHAMBER) };
    let chain = &mut story.chain;
    let signed = chain.say(TRADER, 20, Action::Apply(Box::new(application.clone())));
    let id = Record::id_of(signed.id());
    let last = write(chain, &signed, (id, ActionKind::Apply, 1), None);
    let height = Height(chain.heads.len() as u64 + 1);
    chain.keep(Record { last, ..Record::applied(signed.id(), &cast::id(TRADER), &application, height) });
    chain.block(&[]);
    (id, last.index)
}

fn certify(story: &mut Story, application: RecordId) {
    let issue = Issue { application: Some(application), ..story.origin_issue.clone() };
    let chain = &mut story.chain;
    let signed = chain.say(CHAMBER, 21, Action::from(issue.clone()));
    issued(chain, &signed, CHAMBER, &issue);
    touched(chain, &signed, application, ActionKind::Certify, Status::Certified);
    chain.block(&[]);
}

fn draw(story: &mut Story) {
    let draws = BTreeMap::from([(story.origin, kilograms("9840.5"))]);
    let issue = Issue { draws, ..story.origin_issue.clone() };
    let original = story.origin;
    let chain = &mut story.chain;
    let signed = chain.say(CHAMBER, 22, Action::from(issue.clone()));
    issued(chain, &signed, CHAMBER, &issue);
    touched(chain, &signed, original, ActionKind::Draw, Status::PartlyAccepted);
    chain.block(&[]);
}

/// A bill that is offered, taken, looked at by customs, given back to be amended, and replaced.
fn replace(story: &mut Story) -> (RecordId, RecordId) {
    let first = Issue { reference: Story::unused_reference(), ..story.bill_issue.clone() };
    let chain = &mut story.chain;
    let signed = chain.say(CARRIER, 30, Action::from(first.clone()));
    let id = Record::id_of(signed.id());
    chain.block(&[signed]);
    let freeze = TitleAct::Freeze { reason: note("case 9/2026") };
    let surrender = TitleAct::Surrender { to: cast::id(CARRIER), purpose: sampan_proto::title::Purpose::Amendment };
    let acts = [
        (TRADER, scene::offer(false)),
        (BUYER, TitleAct::AcceptOffer {}),
        (AGENCY, freeze),
        (BUYER, surrender),
        (CARRIER, TitleAct::AcceptSurrender {}),
    ];
    for (nonce, (who, act)) in (31..).zip(acts) {
        let seq = (!matches!(act, TitleAct::Freeze { .. })).then(|| chain.records[&id].seq);
        let signed = chain.say(who, nonce, Action::Title(OnRecord { record: id, seq, act }));
        chain.block(&[signed]);
    }
    let records = BTreeMap::from([(id, chain.records[&id].seq)]);
    let replaces = Some(Replaces { how: Replacement::Amendment, records });
    let second = Issue { version: 2, replaces, reference: sampan_proto::ids::ReferenceKey(digest(0x78)), ..first };
    let signed = chain.say(CARRIER, 40, Action::from(second.clone()));
    let heir = issued(chain, &signed, CARRIER, &second);
    touched(chain, &signed, id, ActionKind::Replace, Status::Replaced);
    chain.block(&[]);
    (id, heir)
}

fn govern(chain: &mut Chain) -> [u64; 3] {
    let say = |chain: &Chain, who: &str, nonce, act| {
        let statement = chain.statement(who, nonce, Action::Govern(act));
        SignedStatement::sign(&statement, &[&cast::key(who, Purpose::Governance)]).expect("signed")
    };
    let change = Change::Suspend { member: cast::id(BUYER), reason: note("court order 14/2026") };
    let propose = Govern::Propose { change: Box::new(change), until_ms: cast::BEGIN_MS + 86_400_000 };
    let proposed = say(chain, AGENCY, 50, propose);
    let name = Record::id_of(proposed.id());
    let first = write(chain, &proposed, (name, ActionKind::Propose, 1), None);
    let vote = say(chain, SECOND_AGENCY, 51, Govern::Vote { proposal: proposed.id(), yes: true });
    let second = write(chain, &vote, (name, ActionKind::Vote, 2), Some(first));
    let add = cast::key("pump-works anew", Purpose::Statement).public();
    let rotate = say(chain, TRADER, 52, Govern::RotateKey { purpose: Purpose::Statement, add, retire: None });
    let third = write(chain, &rotate, (Record::id_of(rotate.id()), ActionKind::RotateKey, 1), None);
    [first.index, second.index, third.index]
}
