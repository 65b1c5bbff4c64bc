//! A ledger whose validators all lie: header, certificate and trees add up, what they hold does not. A reader
//! sees it by holding entries, records and statements against each other.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

mod support;

use std::collections::BTreeSet;

use sampan_proto::entry::{ActEntry, Entry};
use sampan_proto::ids::{Height, RecordId, StatementId};
use sampan_proto::law::{self, Terms};
use sampan_proto::proof::{Binary, Bundle, Ladder, Outcome, Policy, StatusPart, Verdict, verify};
use sampan_proto::record::{EntryRef, Record, Status};
use sampan_proto::state_key;
use sampan_proto::statement::{ActionKind, SignedStatement};
use support::cast::{self, BANK, BUYER, CARRIER, CHAMBER, TRADER};
use support::chain::Chain;
use support::digest;
use support::story::{self, ISSUE_INDEX, Story};
use support::unlawful;

/// A chain on which the bill was issued, and the trader's transfer of it to the bank.
fn begun() -> (Chain, RecordId, SignedStatement) {
    let Story { chain, bill, .. } = Story::tell_until(&cast::genesis_file(), 1);
    let sold = chain.say(TRADER, 3, story::transfer(bill, 1, BANK));
    (chain, bill, sold)
}

/// The entry that an honest ledger would write of that transfer.
fn honest(chain: &Chain, bill: RecordId, sold: &SignedStatement) -> ActEntry {
    ActEntry {
        height: Height(2),
        time_ms: cast::BEGIN_MS + 20_000,
        action: ActionKind::Transfer,
        record: bill,
        seq: 2,
        actor: state_key::member(&cast::id(TRADER)),
        statement: sold.id(),
        body: None,
        previous: Some(chain.records[&bill].last),
    }
}

/// Writes an entry with its statement, and the record as that leaves it.
fn write(chain: &mut Chain, act: ActEntry, signed: SignedStatement, before: &Record, to: &str) -> EntryRef {
    let terms = Terms { time_ms: act.time_ms, freeze_quorum: chain.genesis.parameters.freeze_quorum };
    let said = signed.parse().expect("a statement");
    let actor = chain.genesis.members.iter().find(|member| member.id == said.member).expect("a member");
    // What the law makes of it, or, where it allows nothing, what a lawless ledger would write.
    let after = law::act(before, &said.action, actor, terms).unwrap_or_else(|_| before.clone());
    let placed = chain.append(Entry::Act(act));
    chain.statements.insert(placed.index, signed);
    chain.keep(Record { possessor: Some(cast::id(to)), seq: before.seq + 1, last: placed, ..after });
    placed
}

#[test]
fn a_record_is_what_its_history_makes_it() {
    let told = |lie: &dyn Fn(&mut Record)| {
        let (mut chain, bill, sold) = begun();
        let before = chain.records[&bill].clone();
        let act = honest(&chain, bill, &sold);
        let placed = write(&mut chain, act, sold, &before, BANK);
        let mut record = chain.records[&bill].clone();
        lie(&mut record);
        chain.keep(record);
        chain.block(&[]);
        invalid(&chain, &with_history(&chain, bill, &[ISSUE_INDEX, placed.index]))
    };
    let law = || BTreeSet::from(["law"]);
    assert_eq!(told(&|_| ()), BTreeSet::new());
    assert_eq!(told(&|record| record.possessor = Some(cast::id(TRADER))), law());
    assert_eq!(told(&|record| record.status = Status::Void), law());
    let holder = |record: &mut Record| record.title.as_mut().expect("title").holder = Some(cast::id(TRADER));
    assert_eq!(told(&holder), law());
}

/// The rung `law` of a history whose statements, entries and record agree, and all that is INVALID.
fn law(bundle: &Bundle) -> (Option<Verdict>, BTreeSet<&'static str>) {
    let ladder = verify(bundle, &cast::genesis(), &Policy::default());
    (ladder.verdict("law"), invalid_rungs(&ladder))
}

#[test]
fn what_the_law_forbids_is_found_whatever_the_record_says() {
    for (name, bundle) in unlawful::unlawful() {
        assert_eq!(law(&bundle), (Some(Verdict::Invalid), BTreeSet::from(["law"])), "{name}");
    }
    for (name, bundle) in unlawful::lawful() {
        assert_eq!(law(&bundle), (Some(Verdict::Valid), BTreeSet::new()), "{name}");
    }
}

/// Parameters may have been others when a bill was frozen, and what they are again today.
#[test]
fn a_freeze_is_not_judged_by_a_quorum_of_another_time() {
    for (name, bundle) in unlawful::open() {
        assert_eq!(bundle.head.header.0.parameters_hash, cast::genesis().parameters_hash());
        assert_eq!(law(&bundle), (Some(Verdict::Skipped), BTreeSet::new()), "{name}");
    }
}

fn invalid_rungs(ladder: &Ladder) -> BTreeSet<&'static str> {
    ladder.rungs().iter().filter(|rung| rung.verdict == Verdict::Invalid).map(|rung| rung.name).collect()
}

fn invalid(chain: &Chain, bundle: &Bundle) -> BTreeSet<&'static str> {
    let ladder = verify(bundle, &chain.genesis, &Policy::default());
    assert_eq!(ladder.verdict("certificate"), Some(Verdict::Valid), "the head is decided all the same");
    let invalid = invalid_rungs(&ladder);
    assert_eq!(ladder.outcome() == Outcome::Invalid, !invalid.is_empty());
    invalid
}

fn members(chain: &Chain) -> Bundle {
    let members = [CARRIER, TRADER, BANK, CHAMBER].map(|handle| chain.member(handle)).to_vec();
    Bundle { members, ..chain.bundle() }
}

/// The bill with the history of these entries.
fn with_history(chain: &Chain, bill: RecordId, entries: &[u64]) -> Bundle {
    let history = entries.iter().map(|index| chain.act(*index)).collect();
    Bundle { status: Some(chain.status(bill)), history, ..members(chain) }
}

/// What a reader says to a receipt, and to a history, with that lie in the transfer's entry.
fn told(lie: impl FnOnce(&mut ActEntry)) -> (BTreeSet<&'static str>, BTreeSet<&'static str>) {
    let (mut chain, bill, sold) = begun();
    let before = chain.records[&bill].clone();
    let mut act = honest(&chain, bill, &sold);
    lie(&mut act);
    let placed = write(&mut chain, act, sold, &before, BANK);
    chain.block(&[]);
    let receipt = Bundle { receipt: Some(chain.receipt(placed.index)), ..members(&chain) };
    (invalid(&chain, &receipt), invalid(&chain, &with_history(&chain, bill, &[ISSUE_INDEX, placed.index])))
}

#[test]
fn an_entry_says_what_its_statement_says() {
    let none = BTreeSet::new();
    assert_eq!(told(|_| ()), (none.clone(), none), "the honest entry");
    let both = || (BTreeSet::from(["statement"]), BTreeSet::from(["history"]));
    assert_eq!(told(|act| act.action = ActionKind::Surrender), both());
    assert_eq!(told(|act| act.record = RecordId(digest(9))), both());
    assert_eq!(told(|act| act.seq = 3), both());
    assert_eq!(told(|act| act.seq = 1), both());
    assert_eq!(told(|act| act.seq = 0), both());
    assert_eq!(told(|act| act.actor = state_key::member(&cast::id(BANK))), both());
    assert_eq!(told(|act| act.statement = StatementId(digest(9))), both());
    assert_eq!(told(|act| act.body = Some(sampan_proto::ids::BodyCommitment(digest(9)))), both());
}

#[test]
fn a_history_leads_back_to_the_issue() {
    let cut = |previous: Option<EntryRef>| told(|act| act.previous = previous).1;
    assert_eq!(cut(None), BTreeSet::from(["history"]));
    assert_eq!(cut(Some(EntryRef { index: ISSUE_INDEX, leaf: digest(9) })), BTreeSet::from(["history"]));
    // A record that was never issued: its first act is a transfer.
    let (mut chain, bill, sold) = begun();
    let before = Record { seq: 1, ..chain.records[&bill].clone() };
    let act = ActEntry { previous: None, ..honest(&chain, bill, &sold) };
    let placed = write(&mut chain, act, sold, &before, BANK);
    let record = chain.records[&bill].clone();
    chain.block(&[]);
    assert_eq!(invalid(&chain, &with_history(&chain, bill, &[placed.index])), BTreeSet::from(["history"]));
    assert_eq!(record.seq, 2);
}

/// The trader's transfer of the bill, executed twice: the second time as if it named seq 2.
#[test]
fn a_statement_is_not_executed_twice() {
    let (mut chain, bill, sold) = begun();
    let before = chain.records[&bill].clone();
    let act = honest(&chain, bill, &sold);
    let first = write(&mut chain, act.clone(), sold.clone(), &before, BANK);
    let again = ActEntry { seq: 3, previous: Some(first), ..act };
    let between = chain.records[&bill].clone();
    let second = write(&mut chain, again, sold, &between, BANK);
    chain.block(&[]);
    let twice = with_history(&chain, bill, &[ISSUE_INDEX, first.index, second.index]);
    assert_eq!(invalid(&chain, &twice), BTreeSet::from(["history"]));
}

/// An act on one record, chained into the history of another.
#[test]
fn a_history_is_of_one_record() {
    let (mut chain, bill, _) = begun();
    let other = RecordId(digest(0x31));
    let sold = chain.say(TRADER, 3, story::transfer(other, 1, BANK));
    let before = chain.records[&bill].clone();
    let act = ActEntry { record: other, ..honest(&chain, bill, &sold) };
    let placed = write(&mut chain, act, sold, &before, BANK);
    chain.block(&[]);
    let bundle = with_history(&chain, bill, &[ISSUE_INDEX, placed.index]);
    assert_eq!(invalid(&chain, &bundle), BTreeSet::from(["history"]));
}

/// The record counts three acts, its entries two.
#[test]
fn a_record_counts_its_acts() {
    let (mut chain, bill, sold) = begun();
    let before = Record { seq: 2, ..chain.records[&bill].clone() };
    let act = honest(&chain, bill, &sold);
    let placed = write(&mut chain, act, sold, &before, BANK);
    chain.block(&[]);
    let bundle = with_history(&chain, bill, &[ISSUE_INDEX, placed.index]);
    assert_eq!(invalid(&chain, &bundle), BTreeSet::from(["history"]));
}

/// Another record's state under this record's key.
#[test]
fn a_record_stands_under_its_own_key() {
    let (mut chain, bill, _) = begun();
    let other = RecordId(digest(0x31));
    let record = Record { possessor: Some(cast::id(BUYER)), ..chain.records[&bill].clone() };
    chain.changes.insert(state_key::record(&other), Some(record.value_hash()));
    chain.block(&[]);
    let proof = Binary(chain.prove(&state_key::record(&other)));
    assert_eq!(proof.0.verify_presence(&chain.state_root(), &state_key::record(&other), &record.value_hash()), Ok(()));
    let status = StatusPart { id: other, record: Some(Binary(record)), proof };
    let bundle = Bundle { status: Some(status), ..members(&chain) };
    assert_eq!(invalid(&chain, &bundle), BTreeSet::from(["status"]));
}
