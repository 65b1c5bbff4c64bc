//! The trade law on a whole ledger: what one record alone cannot know.

use std::collections::BTreeMap;
use std::sync::Arc;

use sampan_proto::doc::Amounts;
use sampan_proto::entry::Entry;
use sampan_proto::genesis::{GenesisEntry, Parameters};
use sampan_proto::governance::{Change as Decided, Govern, Ready, State};
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{Height, RecordId};
use sampan_proto::keys::{SecretKey, Signature};
use sampan_proto::member::{Member, MemberKey, Purpose, Role, Standing};
use sampan_proto::merkle::state::tree;
use sampan_proto::proof::Binary;
use sampan_proto::protocol::Protocol;
use sampan_proto::record::{Record, Status};
use sampan_proto::reject::{Code, Reject};
use sampan_proto::state_key;
use sampan_proto::statement::{Action, ActionKind, Finding, Issue, Replacement, Replaces, SignedStatement};
use sampan_proto::title::{self, TitleAct};

use super::super::fixtures::Network;
use super::{accepted, code, note, path, with_bill};
use crate::core::Document;

const GOODS: Hash32 = Hash32([7; 32]);

fn act(net: &mut Network, by: &str, id: RecordId, act: TitleAct) {
    let document = net.title(by, id, net.state.records[&id].seq, act);
    accepted(net, document);
}

fn refused(net: &Network, by: &str, id: RecordId, act: TitleAct) -> Code {
    code(net, &net.title(by, id, net.state.records[&id].seq, act))
}

/// Issues a bill after `edit`; the new record.
fn reissue(net: &mut Network, number: &str, edit: impl FnOnce(&mut Issue)) -> Result<RecordId, Reject> {
    let kind = sampan_proto::doc::DocKind::BillOfLading;
    let (mut issue, body) = net.issue("sampan-line", kind, Network::bill(number), "ningbo-tools");
    edit(&mut issue);
    let document = net.document(net.sign("sampan-line", Action::from(issue), |_| ()), Some(body));
    let id = Record::id_of(document.statement().id());
    let (_, mut answers) = net.block(&[document]);
    answers.remove(0).map(|()| id)
}

fn surrendered_for_amendment(net: &mut Network, by: &str, id: RecordId) {
    let to = "sampan-line".parse().expect("id");
    act(net, by, id, TitleAct::Surrender { to, purpose: title::Purpose::Amendment });
    act(net, "sampan-line", id, TitleAct::AcceptSurrender {});
}

#[test]
fn goods_are_pledged_once_whatever_the_bill_and_the_bank() {
    let (mut net, first) = with_bill();
    let second = net.issue_bill("SMPN0009", "klang-import");
    let second_id = Record::id_of(second.statement().id());
    accepted(&mut net, second);
    let pledge = || TitleAct::Pledge { bank: "harbour-bank".parse().expect("id"), goods: GOODS };
    act(&mut net, "ningbo-tools", first, pledge());
    act(&mut net, "klang-import", second_id, pledge());
    act(&mut net, "harbour-bank", first, TitleAct::AcceptPledge {});
    assert_eq!(net.state.goods[&GOODS], first);
    assert_eq!(refused(&net, "harbour-bank", second_id, TitleAct::AcceptPledge {}), Code::GoodsPledged);
    assert_eq!(refused(&net, "klang-import", second_id, pledge()), Code::GoodsPledged, "nor offered once more");
    // The offer that no bank can take any more hinders nobody else.
    act(&mut net, "cn-customs", second_id, TitleAct::Freeze { reason: note("court order 12/2026") });
    let remark = sampan_proto::text::Sealed::Sha256(Hash32([8; 32]));
    act(&mut net, "klang-import", second_id, TitleAct::Remark(remark));
    let key = state_key::goods(&GOODS);
    let proof = tree::prove(&net.state, &key).expect("whole");
    let value = state_key::goods_value(&first);
    assert!(proof.verify_presence(&net.tip.state_root, &key, &value).is_ok(), "an open pledge is provable");
    act(&mut net, "harbour-bank", first, TitleAct::ReleasePledge {});
    let proof = tree::prove(&net.state, &key).expect("whole");
    assert!(proof.verify_absence(&net.tip.state_root, &key).is_ok(), "no open pledge is provable as well");
    act(&mut net, "harbour-bank", second_id, TitleAct::AcceptPledge {});
    assert_eq!(net.state.goods[&GOODS], second_id);
}

#[test]
fn a_pledge_is_taken_by_a_bank_and_by_nobody_else() {
    let (net, id) = with_bill();
    let pledge = TitleAct::Pledge { bank: "klang-import".parse().expect("id"), goods: GOODS };
    assert_eq!(refused(&net, "ningbo-tools", id, pledge), Code::NotABank);
}

#[test]
fn an_amendment_is_the_next_version_and_both_name_each_other() {
    let (mut net, old) = with_bill();
    let amend = |net: &mut Network, seq, version| {
        let body_of = |issue: &mut Issue| {
            issue.version = version;
            issue.replaces = Some(Replaces { how: Replacement::Amendment, records: BTreeMap::from([(old, seq)]) });
        };
        reissue(net, "SMPN0011", body_of)
    };
    let early = amend(&mut net, 1, 2).expect_err("refused");
    assert_eq!((early.code, early.path.as_str()), (Code::NoSurrender, "$.action.issue.replaces"));
    surrendered_for_amendment(&mut net, "ningbo-tools", old);
    assert_eq!(amend(&mut net, 2, 2).map_err(|reject| reject.code), Err(Code::WrongSeq));
    assert_eq!(amend(&mut net, 3, 3).map_err(|reject| reject.code), Err(Code::VersionMismatch));
    let heir = amend(&mut net, 3, 2).expect("amended");
    let before = &net.state.records[&old];
    assert_eq!((before.status, before.seq, before.possessor.clone()), (Status::Replaced, 4, None));
    assert_eq!(before.replaced_by, [heir]);
    assert_eq!(net.state.records[&heir].replaces, [old]);
    assert_eq!(net.state.records[&heir].version, 2);
    assert_eq!(refused(&net, "sampan-line", old, TitleAct::Void { reason: note("again") }), Code::RecordEnded);
}

#[test]
fn one_statement_that_changes_two_records_writes_an_entry_for_each() {
    let (mut net, old) = with_bill();
    surrendered_for_amendment(&mut net, "ningbo-tools", old);
    let kind = sampan_proto::doc::DocKind::BillOfLading;
    let (mut issue, body) = net.issue("sampan-line", kind, Network::bill("SMPN0012"), "ningbo-tools");
    issue.replaces = Some(Replaces { how: Replacement::Amendment, records: BTreeMap::from([(old, 3)]) });
    let document = net.document(net.sign("sampan-line", Action::from(issue), |_| ()), Some(body));
    let last = net.state.records[&old].last;
    let outcome = accepted(&mut net, document);
    let [Entry::Block(_), Entry::Act(new), Entry::Act(end)] = outcome.entries.as_slice() else { panic!("three") };
    assert_eq!((new.action, new.seq, new.previous), (ActionKind::Issue, 1, None));
    assert_eq!((end.action, end.record, end.seq, end.previous), (ActionKind::Replace, old, 4, Some(last)));
    assert_eq!((end.statement, end.body), (new.statement, None));
    assert_eq!(outcome.placed[0].index, outcome.first_index + 1, "a receipt is of the statement's own record");
}

#[test]
fn what_is_split_balances_to_the_last_package() {
    let (mut net, old) = with_bill();
    surrendered_for_amendment(&mut net, "ningbo-tools", old);
    let whole = net.state.records[&old].title.as_ref().expect("title").quantity.clone();
    let part = |net: &mut Network, number: &str, packages: u64, gross: &str| {
        let seq = net.state.records[&old].seq;
        let gross = Amounts([("KGM".parse().expect("unit"), gross.parse().expect("amount"))].into());
        reissue(net, number, |issue| {
            let sampan_proto::doc::Claims::BillOfLading(claims) = &mut issue.claims else { panic!("a bill") };
            claims.quantity = sampan_proto::doc::Quantity { packages, gross };
            issue.replaces = Some(Replaces { how: Replacement::Split, records: BTreeMap::from([(old, seq)]) });
        })
    };
    assert_eq!((whole.packages, whole.gross.to_string().as_str()), (240, "9840.5 KGM"));
    let first = part(&mut net, "SMPN0013", 100, "4000").expect("a part");
    assert_eq!(net.state.records[&old].status, Status::SurrenderedForAmendment);
    assert_eq!(part(&mut net, "SMPN0014", 141, "5840.5").map_err(|r| r.code), Err(Code::QuantityImbalance));
    assert_eq!(part(&mut net, "SMPN0014", 140, "5840.6").map_err(|r| r.code), Err(Code::QuantityImbalance));
    let void = TitleAct::Void { reason: note("the rest is lost") };
    assert_eq!(refused(&net, "sampan-line", old, void), Code::NotReplaceable, "nothing vanishes");
    let second = part(&mut net, "SMPN0014", 140, "5840.5").expect("the rest");
    let split = &net.state.records[&old];
    assert_eq!((split.status, split.replaced_by.as_slice()), (Status::Replaced, [first, second].as_slice()));
    for heir in [first, second] {
        surrendered_for_amendment(&mut net, "ningbo-tools", heir);
    }
    let combine = |net: &mut Network, packages| {
        let records = [first, second].map(|id| (id, net.state.records[&id].seq)).into();
        reissue(net, "SMPN0015", |issue| {
            let sampan_proto::doc::Claims::BillOfLading(claims) = &mut issue.claims else { panic!("a bill") };
            claims.quantity.packages = packages;
            issue.replaces = Some(Replaces { how: Replacement::Combination, records });
        })
    };
    assert_eq!(combine(&mut net, 239).map_err(|r| r.code), Err(Code::QuantityImbalance));
    let one = combine(&mut net, 240).expect("combined");
    assert_eq!(net.state.records[&one].title.as_ref().map(|title| &title.quantity), Some(&whole));
}

#[test]
fn a_freeze_needs_enough_agencies_and_no_seq() {
    let (mut net, id) = with_bill();
    let freeze = TitleAct::Freeze { reason: note("court order 12/2026") };
    let on = sampan_proto::statement::OnRecord { record: id, seq: None, act: freeze };
    let voice = net.document(net.sign("cn-customs", Action::Title(on), |_| ()), None);
    accepted(&mut net, voice);
    let frozen = |net: &Network| net.state.records[&id].title.as_ref().expect("title").freeze.in_force;
    assert!(!frozen(&net), "one of two agencies");
    let missing = sampan_proto::statement::OnRecord { record: id, seq: None, act: TitleAct::EndorseInBlank {} };
    let document = net.document(net.sign("ningbo-tools", Action::Title(missing), |_| ()), None);
    assert_eq!((code(&net, &document), path(&net, &document).as_str()), (Code::SeqMissing, "$.action.title.seq"));
    let own = TitleAct::Freeze { reason: note("mine") };
    assert_eq!(refused(&net, "ningbo-tools", id, own), Code::WrongRole);
}

#[test]
fn customs_put_findings_on_record_and_nobody_else_does() {
    let (mut net, id) = with_bill();
    let finding = || Finding { record: id, rule: note("X3"), says: note("9840.5 KGM against 9900"), other: None };
    let by = |who: &str, net: &Network| net.document(net.sign(who, Action::Finding(finding()), |_| ()), None);
    assert_eq!(code(&net, &by("harbour-bank", &net)), Code::WrongRole);
    let document = by("cn-customs", &net);
    accepted(&mut net, document);
    let record = &net.state.records[&id];
    assert_eq!((record.seq, record.status), (2, Status::Issued), "it informs, it decides nothing");
}

/// An act of governance by a member, with its governance key.
fn governs(net: &Network, by: &str, act: Govern) -> Arc<Document> {
    net.document(net.sign(by, Action::Govern(act), |_| ()), None)
}

fn newcomer() -> (Member, Signature) {
    let key = |seed: u8| SecretKey::from_seed([seed; 32]);
    let member = Member {
        id: "hai-phong".parse().expect("id"),
        name: "Hai Phong Tools".to_owned(),
        country: "VN".parse().expect("country"),
        roles: [Role::Trader].into(),
        standing: Standing::Active,
        keys: vec![
            MemberKey::from_genesis(Purpose::Statement, key(3).public()),
            MemberKey::from_genesis(Purpose::Governance, key(4).public()),
        ],
        pepper: None,
    };
    let signature = key(4).sign(&GenesisEntry::signing_digest(&member, None).0);
    (member, signature)
}

fn propose(net: &Network, change: Decided) -> Govern {
    Govern::Propose { change: Box::new(change), until_ms: net.tip.time_ms + 86_400_000 }
}

#[test]
fn a_member_is_admitted_acts_and_is_suspended() {
    let (mut net, id) = with_bill();
    let (member, signature) = newcomer();
    let key = state_key::member(&member.id);
    let transfer = net.transfer("ningbo-tools", id, 1, "hai-phong");
    assert_eq!(code(&net, &transfer), Code::UnknownRecipient);
    let admit = Decided::Admit { member: Binary(member.clone()), signature };
    let proposed = governs(&net, "cn-customs", propose(&net, admit.clone()));
    accepted(&mut net, proposed);
    let proof = tree::prove(&net.state, &key).expect("whole");
    assert!(
        proof.verify_presence(&net.tip.state_root, &key, &member.value_hash()).is_ok(),
        "the only validator decides"
    );
    let again = governs(&net, "cn-customs", propose(&net, admit));
    assert_eq!(
        (code(&net, &again), path(&net, &again).as_str()),
        (Code::MemberRefused, "$.action.govern.propose.change.member")
    );
    accepted(&mut net, transfer);
    let reason = note("licence ended");
    let suspend = Decided::Suspend { member: "ningbo-tools".parse().expect("id"), reason };
    let proposed = governs(&net, "cn-customs", propose(&net, suspend));
    accepted(&mut net, proposed);
    let act = net.transfer("ningbo-tools", id, 2, "harbour-bank");
    assert_eq!(code(&net, &act), Code::MemberSuspended);
}

#[test]
fn governance_needs_a_validator_and_a_governance_key() {
    let net = Network::new();
    let reason = || note("licence ended");
    let suspend = || Decided::Suspend { member: "harbour-bank".parse().expect("id"), reason: reason() };
    assert_eq!(code(&net, &governs(&net, "ningbo-tools", propose(&net, suspend()))), Code::NotOnRoster);
    let vote = Govern::Vote { proposal: sampan_proto::ids::StatementId(Hash32([1; 32])), yes: true };
    let document = governs(&net, "cn-customs", vote);
    assert_eq!(
        (code(&net, &document), path(&net, &document).as_str()),
        (Code::UnknownProposal, "$.action.govern.vote.proposal")
    );
    let daily = net.sign_with("cn-customs", Purpose::Statement, Action::Govern(propose(&net, suspend())));
    assert_eq!(code(&net, &net.document(daily, None)), Code::UnknownKey, "the daily key decides nothing");
}

#[test]
fn a_key_turned_over_ends_with_its_block() {
    let (mut net, id) = with_bill();
    let old = net.state.members[&"ningbo-tools".parse().expect("id")].keys[0].key;
    let new = SecretKey::from_seed([9; 32]);
    let rotate = Govern::RotateKey { purpose: Purpose::Statement, add: new.public(), retire: Some(old) };
    let by_old_key = net.transfer("ningbo-tools", id, 1, "harbour-bank");
    let documents = [governs(&net, "ningbo-tools", rotate), by_old_key];
    assert_eq!(net.block(&documents).1, [Ok(()), Ok(())], "in its own block the old key still counts");
    let late = net.transfer("ningbo-tools", id, 2, "klang-import");
    assert_eq!(code(&net, &late), Code::KeyRevoked);
}

#[test]
fn an_edition_in_force_is_provable() {
    let mut net = Network::new();
    let sha256 = Hash32([8; 32]);
    let edition = Decided::Edition { list: note("un-locode"), edition: note("2024-2"), sha256 };
    let proposed = governs(&net, "cn-customs", propose(&net, edition));
    accepted(&mut net, proposed);
    let key = state_key::parameter("list un-locode");
    let proof = tree::prove(&net.state, &key).expect("whole");
    let value = state_key::edition_value("2024-2", &sha256);
    assert!(proof.verify_presence(&net.tip.state_root, &key, &value).is_ok());
}

#[test]
fn the_next_version_rules_from_its_height_on_and_is_provable_from_its_decision_on() {
    let mut net = Network::new();
    let second = Protocol { version: 2, from: Height(60) };
    let (key, value) = (state_key::upgrade(), state_key::upgrade_value(&second));
    let before = tree::prove(&net.state, &key).expect("whole");
    assert!(before.verify_absence(&net.tip.state_root, &key).is_ok());
    let hasty = Decided::Upgrade(Protocol { from: Height(20), ..second });
    let hasty = governs(&net, "cn-customs", propose(&net, hasty));
    assert_eq!(
        (code(&net, &hasty), path(&net, &hasty).as_str()),
        (Code::UpgradeRefused, "$.action.govern.propose.change.upgrade.from")
    );
    let proposed = governs(&net, "cn-customs", propose(&net, Decided::Upgrade(second)));
    accepted(&mut net, proposed);
    let proof = tree::prove(&net.state, &key).expect("whole");
    assert!(proof.verify_presence(&net.tip.state_root, &key, &value).is_ok());
    while net.tip.height < Height(61) {
        let (upcoming, version) = (net.tip.upcoming(), net.tip.version());
        let (outcome, _) = net.block(&[]);
        let from_there = outcome.header.height >= second.from;
        assert_eq!(outcome.header.version, if from_there { 2 } else { 1 });
        assert_eq!((upcoming.is_none(), version), (outcome.header.height > second.from, outcome.header.version));
    }
}

/// A customs agency that asks to join, and the word of its consensus key.
fn agency(net: &Network, id: &str, seed: u8) -> (Decided, Decided, SecretKey) {
    let keys = [Purpose::Statement, Purpose::Governance, Purpose::Consensus];
    let secrets: Vec<SecretKey> = (seed..).take(keys.len()).map(|seed| SecretKey::from_seed([seed; 32])).collect();
    let listed = |(purpose, secret): (Purpose, &SecretKey)| MemberKey::from_genesis(purpose, secret.public());
    let member = Member {
        id: id.parse().expect("id"),
        roles: [Role::Customs].into(),
        keys: keys.into_iter().zip(&secrets).map(listed).collect(),
        ..newcomer().0
    };
    let signature = secrets[1].sign(&GenesisEntry::signing_digest(&member, None).0);
    let ready = Ready::sign(net.genesis.chain, &member.id, &secrets[2], net.tip.time_ms);
    let seat = Decided::Seat { member: member.id.clone(), power: 2, ready };
    (Decided::Admit { member: Binary(member), signature }, seat, secrets[1].clone())
}

#[test]
fn a_roster_decides_the_block_that_changes_it_and_the_next_one_decides_from_there() {
    let mut net = Network::new();
    let founding = net.genesis.roster.hash();
    let (admit_vn, seat_vn, _) = agency(&net, "vn-customs", 30);
    let (admit_my, seat_my, key_my) = agency(&net, "my-customs", 40);
    let early = governs(&net, "cn-customs", propose(&net, seat_my.clone()));
    assert_eq!(
        (code(&net, &early), path(&net, &early).as_str()),
        (Code::UnknownRecipient, "$.action.govern.propose.change.member")
    );
    // Four proposals in one block: each is judged on what those before it have settled.
    let changes = [admit_vn, admit_my, seat_vn, seat_my];
    let documents = changes.map(|change| governs(&net, "cn-customs", propose(&net, change)));
    let (outcome, answers) = net.block(&documents);
    assert_eq!(answers, [Ok(()), Ok(()), Ok(()), Ok(())]);
    let five = net.tip.roster().clone();
    let seats: Vec<&str> = five.validators().iter().map(|validator| validator.member.as_str()).collect();
    assert_eq!(seats, ["cn-customs", "my-customs", "vn-customs"]);
    assert_eq!((outcome.header.roster_hash, outcome.header.next_roster_hash), (founding, five.hash()));

    let reason = note("licence ended");
    let suspend = Decided::Suspend { member: "ningbo-tools".parse().expect("id"), reason };
    let proposed = governs(&net, "cn-customs", propose(&net, suspend.clone()));
    let outcome = accepted(&mut net, proposed.clone());
    assert_eq!((outcome.header.roster_hash, outcome.header.next_roster_hash), (five.hash(), five.hash()));
    let state = |net: &Network| net.state.proposals[&proposed.statement().id()].state;
    assert_eq!(state(&net), State::Open, "1 of 5: the founder decides nothing alone any more");
    let vote = Action::Govern(Govern::Vote { proposal: proposed.statement().id(), yes: true });
    let vote = net.sign("my-customs", vote, |_| ()).parse().expect("a statement");
    let vote = net.document(SignedStatement::sign(&vote, &[&key_my]).expect("signed"), None);
    accepted(&mut net, vote);
    assert_eq!(state(&net), State::Open, "3 of 5 are no more than two thirds");
}

#[test]
fn parameters_rule_from_the_next_block_on() {
    let mut net = Network::new();
    let old = net.genesis.parameters.clone();
    let new = Parameters { freeze_quorum: 1, heartbeat_ms: 20_000, ..old.clone() };
    let proposed = governs(&net, "cn-customs", propose(&net, Decided::Parameters(new.clone())));
    let changing = accepted(&mut net, proposed);
    assert_eq!(changing.header.parameters_hash, old.hash(), "its own block is judged by the old ones");
    let key = state_key::parameter("protocol");
    let proof = tree::prove(&net.state, &key).expect("whole");
    assert!(proof.verify_presence(&net.tip.state_root, &key, &new.hash()).is_ok());
    let bill = net.issue_bill("SMPN0007", "ningbo-tools");
    let id = Record::id_of(bill.statement().id());
    assert_eq!(accepted(&mut net, bill).header.parameters_hash, new.hash());
    act(&mut net, "cn-customs", id, TitleAct::Freeze { reason: note("court order") });
    assert_eq!(
        refused(&net, "ningbo-tools", id, TitleAct::Transfer { to: "harbour-bank".parse().expect("id") }),
        Code::RecordFrozen
    );
}
