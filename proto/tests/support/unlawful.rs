//! Histories in which every entry says what its statement says, and which the law allows or does not.

use sampan_proto::doc::DocKind;
use sampan_proto::ids::RecordId;
use sampan_proto::limits::EXPIRY_HORIZON_MS;
use sampan_proto::member::Purpose;
use sampan_proto::proof::Bundle;
use sampan_proto::record::Record;
use sampan_proto::statement::{Action, Application, Finding, Issue, OnRecord, SignedStatement, Statement};
use sampan_proto::title::TitleAct;

use super::cast::{self, BANK, BUYER, CARRIER, CHAMBER, TRADER};
use super::chain::{Chain, STEP_MS};
use super::scene::note;
use super::story::{self, Story};

const AGENCY: &str = "cn-customs";
const SECOND_AGENCY: &str = "my-customs";

/// When the second block is, in which the acts below are executed.
const SECOND_MS: u64 = cast::BEGIN_MS + 2 * STEP_MS;

/// A record with all that happened to it.
fn history(chain: &mut Chain, id: RecordId) -> Bundle {
    chain.block(&[]);
    let members = [CARRIER, CHAMBER, TRADER, BANK, BUYER, AGENCY, SECOND_AGENCY].map(|handle| chain.member(handle));
    Bundle { status: Some(chain.status(id)), history: chain.history(id), members: members.to_vec(), ..chain.bundle() }
}

/// The bill, issued to the trader in the first block.
fn begun() -> (Chain, RecordId) {
    let Story { chain, bill, .. } = Story::tell_until(&cast::genesis_file(), 1);
    (chain, bill)
}

/// The bill's sale to the bank, by a statement that was good until then.
fn sold_until(not_after_ms: u64) -> Bundle {
    let (mut chain, bill) = begun();
    let said = Statement { not_after_ms, ..chain.statement(TRADER, 3, story::transfer(bill, 1, BANK)) };
    let key = cast::key(TRADER, Purpose::Statement);
    chain.block(&[SignedStatement::sign(&said, &[&key]).expect("signed")]);
    history(&mut chain, bill)
}

/// What one member does with the bill in the second block.
fn done(who: &str, action: impl FnOnce(RecordId) -> Action) -> Bundle {
    let (mut chain, bill) = begun();
    let signed = chain.say(who, 3, action(bill));
    chain.block(&[signed]);
    history(&mut chain, bill)
}

/// A record that begins with this.
fn begins(who: &str, action: Action) -> Bundle {
    let mut chain = Chain::new(&cast::genesis_file());
    let signed = chain.say(who, 1, action);
    let id = Record::id_of(signed.id());
    chain.block(&[signed]);
    history(&mut chain, id)
}

/// A document of somebody's.
fn issued(kind: DocKind, by: &str) -> Issue {
    story::issue(kind, by, &story::body(kind, by), TRADER)
}

/// A document that somebody asks the chamber for.
fn applied(kind: DocKind, by: &str) -> Bundle {
    let Issue { claims, body, .. } = issued(kind, CHAMBER);
    begins(by, Action::Apply(Box::new(Application { claims, body, to: cast::id(CHAMBER) })))
}

fn finding(record: RecordId) -> Action {
    Action::Finding(Finding { record, rule: note("C20"), says: note("another weight"), other: None })
}

fn without_seq(record: RecordId, act: TitleAct) -> Action {
    Action::Title(OnRecord { record, seq: None, act })
}

fn freeze(record: RecordId) -> Action {
    without_seq(record, TitleAct::Freeze { reason: note("case 9/2026") })
}

fn unfreeze(record: RecordId) -> Action {
    without_seq(record, TitleAct::Unfreeze { reason: note("case 9/2026 is closed") })
}

/// Who does what with the bill.
type Does = (&'static str, fn(RecordId) -> Action);

/// A bill that agencies freeze and let go while `quorum` of them were enough; before and after it takes as many as the
/// genesis says.
fn held(quorum: u32, acts: &[Does]) -> (Chain, RecordId) {
    let (mut chain, bill) = begun();
    let usual = std::mem::replace(&mut chain.genesis.parameters.freeze_quorum, quorum);
    chain.block(&[]);
    for (nonce, (who, action)) in (3..).zip(acts) {
        let signed = chain.say(who, nonce, action(bill));
        chain.block(&[signed]);
    }
    chain.genesis.parameters.freeze_quorum = usual;
    (chain, bill)
}

fn frozen(quorum: u32, acts: &[Does]) -> Bundle {
    let (mut chain, bill) = held(quorum, acts);
    history(&mut chain, bill)
}

/// What the law allows.
pub(crate) fn lawful() -> Vec<(&'static str, Bundle)> {
    vec![
        ("a transfer at the last moment", sold_until(SECOND_MS)),
        ("a transfer at the first moment", sold_until(SECOND_MS + EXPIRY_HORIZON_MS)),
        ("a finding", done(AGENCY, finding)),
        ("a carrier's bill", begins(CARRIER, Action::from(issued(DocKind::BillOfLading, CARRIER)))),
        ("a chamber's certificate", begins(CHAMBER, Action::from(issued(DocKind::CertificateOfOrigin, CHAMBER)))),
        ("a trader's application", applied(DocKind::CertificateOfOrigin, TRADER)),
    ]
}

/// What may have been lawful: how many agencies it took to freeze is not proven.
pub(crate) fn open() -> Vec<(&'static str, Bundle)> {
    vec![
        ("a voice for a freeze", frozen(2, &[(AGENCY, freeze)])),
        ("a freeze by one while one was enough", frozen(1, &[(AGENCY, freeze)])),
        ("a freeze by two while two were enough", frozen(2, &[(AGENCY, freeze), (SECOND_AGENCY, freeze)])),
        ("a freeze by two while three were needed", frozen(3, &[(AGENCY, freeze), (SECOND_AGENCY, freeze)])),
        ("a voice taken back", frozen(2, &[(AGENCY, freeze), (AGENCY, unfreeze)])),
        ("a freeze lifted by another", frozen(1, &[(AGENCY, freeze), (SECOND_AGENCY, unfreeze)])),
        ("a freeze and a voice to lift it", {
            let (mut chain, bill) = held(1, &[(AGENCY, freeze)]);
            let lifting = chain.say(SECOND_AGENCY, 9, unfreeze(bill));
            chain.block(&[lifting]);
            history(&mut chain, bill)
        }),
    ]
}

/// What the law never allows, and a ledger whose validators all lie did.
pub(crate) fn unlawful() -> Vec<(&'static str, Bundle)> {
    let second = Issue { version: 2, ..issued(DocKind::BillOfLading, CARRIER) };
    let transfer = |bill| without_seq(bill, TitleAct::Transfer { to: cast::id(BANK) });
    vec![
        ("an expired transfer", sold_until(SECOND_MS - 1)),
        ("a transfer too early", sold_until(SECOND_MS + EXPIRY_HORIZON_MS + 1)),
        ("a transfer without a seq", done(TRADER, transfer)),
        ("a trader's finding", done(TRADER, finding)),
        ("a trader's bill", begins(TRADER, Action::from(issued(DocKind::BillOfLading, TRADER)))),
        ("a carrier's certificate", begins(CARRIER, Action::from(issued(DocKind::CertificateOfOrigin, CARRIER)))),
        ("a second version of nothing", begins(CARRIER, Action::from(second))),
        ("a bank's application", applied(DocKind::CertificateOfOrigin, BANK)),
        ("an application for a bill", applied(DocKind::BillOfLading, TRADER)),
        ("a voice used twice", voice_used_twice()),
        ("a frozen bill that moved", frozen_and_moved()),
    ]
}

/// An agency's voice, taken back, and spoken again by the same statement.
fn voice_used_twice() -> Bundle {
    let (mut chain, bill) = begun();
    let [voice, back] = [(3, freeze(bill)), (4, unfreeze(bill))].map(|(nonce, said)| chain.say(AGENCY, nonce, said));
    for signed in [&voice, &back, &voice] {
        chain.block(std::slice::from_ref(signed));
    }
    history(&mut chain, bill)
}

/// A bill that one agency froze while one was enough, and that was sold all the same.
fn frozen_and_moved() -> Bundle {
    let (mut chain, bill) = begun();
    let signed = chain.say(AGENCY, 3, freeze(bill));
    chain.block(&[signed]);
    let sold = chain.say(TRADER, 4, story::transfer(bill, 2, BANK));
    chain.block(&[sold]);
    let mut record = chain.records[&bill].clone();
    record.title.as_mut().expect("a title").freeze.in_force = true;
    assert_eq!(record.possessor, Some(cast::id(BANK)));
    chain.keep(record);
    history(&mut chain, bill)
}
