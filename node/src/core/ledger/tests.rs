mod frozen;
mod law;
mod origin;

use std::sync::Arc;

use sampan_proto::body::Body;
use sampan_proto::doc::DocKind;
use sampan_proto::doc::{BillType, Claims};
use sampan_proto::entry::Entry;
use sampan_proto::ids::{Height, RecordId};
use sampan_proto::limits::EXPIRY_HORIZON_MS;
use sampan_proto::member::{MemberKey, Purpose, Standing};
use sampan_proto::merkle::state::tree;
use sampan_proto::record::{Record, Status};
use sampan_proto::reject::Code;
use sampan_proto::state_key;
use sampan_proto::statement::Action;
use sampan_proto::title::TitleAct;

use super::fixtures::{Network, T0};
use super::*;
use crate::core::Document;

fn code(net: &Network, document: &Arc<Document>) -> Code {
    let Ok(judged) = judge(&Overlay::new(&net.state), document.statement(), net.at());
    judged.expect_err("refused").code
}

fn path(net: &Network, document: &Arc<Document>) -> String {
    let Ok(judged) = judge(&Overlay::new(&net.state), document.statement(), net.at());
    judged.expect_err("refused").path
}

fn note(text: &str) -> sampan_proto::text::Note {
    text.parse().expect("a note")
}

fn accepted(net: &mut Network, document: Arc<Document>) -> Outcome {
    let (outcome, answers) = net.block(&[document]);
    assert_eq!(answers, [Ok(())]);
    outcome
}

/// A network with one bill of lading, possessed by `ningbo-tools`.
fn with_bill() -> (Network, RecordId) {
    let mut net = Network::new();
    let bill = net.issue_bill("SMPN0001", "ningbo-tools");
    let (_, answers) = net.block(&[Arc::clone(&bill)]);
    assert_eq!(answers, [Ok(())]);
    (net, Record::id_of(bill.statement().id()))
}

#[test]
fn a_bill_is_issued_handed_on_and_surrendered() {
    let (mut net, id) = with_bill();
    let record = net.state.records[&id].clone();
    assert_eq!(record.possessor, Some("ningbo-tools".parse().expect("id")));
    assert_eq!((record.status, record.seq, record.issued_at), (Status::Issued, 1, Height(1)));
    let steps = [
        net.transfer("ningbo-tools", id, 1, "harbour-bank"),
        net.transfer("harbour-bank", id, 2, "klang-import"),
        net.surrender("klang-import", id, 3, "sampan-line"),
        net.title("sampan-line", id, 4, TitleAct::AcceptSurrender {}),
    ];
    for step in steps {
        assert_eq!(net.block(&[step]).1, [Ok(())]);
    }
    let record = &net.state.records[&id];
    assert_eq!((record.status, record.seq, &record.possessor), (Status::SurrenderedForDelivery, 5, &None));
    assert_eq!(code(&net, &net.transfer("klang-import", id, 4, "harbour-bank")), Code::RecordEnded);
    assert_eq!(code(&net, &net.surrender("klang-import", id, 4, "sampan-line")), Code::RecordEnded);
}

#[test]
fn entries_of_a_record_form_a_chain_that_leaves_nothing_out() {
    let (mut net, id) = with_bill();
    let mut entries: Vec<Entry> = Vec::new();
    for (by, seq, to) in [("ningbo-tools", 1, "harbour-bank"), ("harbour-bank", 2, "klang-import")] {
        let step = net.transfer(by, id, seq, to);
        entries.extend(net.block(&[step]).0.entries);
    }
    let acts = entries.iter().filter_map(|entry| match entry {
        Entry::Act(act) => Some((act, entry.leaf_hash())),
        Entry::Block(_) => None,
    });
    let acts: Vec<_> = acts.collect();
    let last = net.state.records[&id].last;
    assert_eq!((last.leaf, acts[1].0.seq), (acts[1].1, 3));
    assert_eq!(acts[1].0.previous.map(|previous| previous.leaf), Some(acts[0].1));
    assert_eq!(acts[0].0.previous.map(|previous| previous.index), Some(1), "the issue, after the block's own entry");
}

#[test]
fn only_the_right_role_issues() {
    let net = Network::new();
    let (issue, body) = net.issue("ccpit-ningbo", DocKind::BillOfLading, Network::bill("SMPN0002"), "ningbo-tools");
    let by_authority = net.document(net.sign("ccpit-ningbo", Action::from(issue), |_| ()), Some(body));
    assert_eq!(code(&net, &by_authority), Code::WrongRole);
    let (issue, body) = net.issue("sampan-line", DocKind::CertificateOfOrigin, Network::form_e("E1"), "ningbo-tools");
    let by_carrier = net.document(net.sign("sampan-line", Action::from(issue), |_| ()), Some(body));
    assert_eq!(code(&net, &by_carrier), Code::WrongRole);
}

#[test]
fn a_reference_is_issued_once_ever_also_within_one_block() {
    let mut net = Network::new();
    let first = net.issue_form_e("ccpit-ningbo", "E1", "ningbo-tools");
    let second = net.issue_form_e("ccpit-ningbo", "e1", "klang-import");
    let other = net.issue_form_e("moit-hanoi", "E1", "klang-import");
    let (outcome, answers) = net.block(&[first, Arc::clone(&second), other]);
    assert_eq!(answers[1].as_ref().map_err(|reject| reject.code), Err(Code::ReferenceAlreadyIssued));
    assert!(answers[0].is_ok() && answers[2].is_ok(), "another issuer's number is another number");
    assert_eq!(outcome.placed.len(), 2);
    assert_eq!(code(&net, &second), Code::ReferenceAlreadyIssued, "and in later blocks");
    assert_eq!(path(&net, &second), "$.action.issue.reference");
}

#[test]
fn of_two_racing_transfers_one_wins() {
    let (mut net, id) = with_bill();
    let to_bank = net.transfer("ningbo-tools", id, 1, "harbour-bank");
    let to_buyer = net.transfer("ningbo-tools", id, 1, "klang-import");
    let (_, answers) = net.block(&[to_bank, to_buyer]);
    assert_eq!(answers[0], Ok(()));
    assert_eq!(answers[1].as_ref().map_err(|reject| reject.code), Err(Code::WrongSeq));
    assert_eq!(net.state.records[&id].possessor, Some("harbour-bank".parse().expect("id")));
}

#[test]
fn every_act_against_the_rules_has_its_code() {
    let (net, id) = with_bill();
    let unknown = RecordId(sampan_proto::hash::Hash32([1; 32]));
    let cases = [
        (net.transfer("klang-import", id, 1, "harbour-bank"), Code::NotPossessor),
        (net.transfer("ningbo-tools", id, 2, "harbour-bank"), Code::WrongSeq),
        (net.transfer("ningbo-tools", id, 1, "ningbo-tools"), Code::TransferToSelf),
        (net.transfer("ningbo-tools", id, 1, "nobody-here"), Code::UnknownRecipient),
        (net.transfer("ningbo-tools", unknown, 1, "harbour-bank"), Code::UnknownRecord),
        (net.surrender("klang-import", id, 1, "sampan-line"), Code::NotPossessor),
        (net.surrender("ningbo-tools", id, 1, "harbour-bank"), Code::WrongRecipient),
        (net.issue_bill("SMPN0003", "nobody-here"), Code::UnknownRecipient),
        (net.issue_bill("SMPN0001", "ningbo-tools"), Code::ReferenceAlreadyIssued),
    ];
    for (document, expected) in &cases {
        assert_eq!(code(&net, document), *expected);
        let before = net.state.records.clone();
        let mut execution = Execution::new(&net.state, net.draft(net.tip.time_ms + 1));
        let Ok(answer) = execution.apply(document.statement());
        assert_eq!(answer.map_err(|reject| reject.code), Err(*expected), "execution judges like admission");
        let outcome = execution.finish().expect("whole");
        assert!(outcome.entries.is_empty() && outcome.records.is_empty(), "a refused statement leaves no trace");
        assert_eq!((outcome.header.state_root, before), (net.tip.state_root, net.state.records.clone()));
    }
}

#[test]
fn certificates_and_waybills_have_no_possessor() {
    let mut net = Network::new();
    let certificate = net.issue_form_e("ccpit-ningbo", "E1", "ningbo-tools");
    let (mut issue, body) = net.issue("sampan-line", DocKind::BillOfLading, Network::bill("SMPN0009"), "ningbo-tools");
    let Claims::BillOfLading(claims) = &mut issue.claims else { panic!("a bill") };
    claims.document_type = BillType::Swb;
    let waybill = net.document(net.sign("sampan-line", Action::from(issue), |_| ()), Some(body));
    let ids = [&certificate, &waybill].map(|document| Record::id_of(document.statement().id()));
    assert!(net.block(&[certificate, waybill]).1.iter().all(Result::is_ok));
    for id in ids {
        assert_eq!(net.state.records[&id].possessor, None);
        assert_eq!(code(&net, &net.transfer("ningbo-tools", id, 1, "harbour-bank")), Code::NotTransferable);
    }
}

#[test]
fn time_bounds_are_judged_by_block_time() {
    let net = Network::new();
    let at = net.at().time_ms;
    let with_expiry = |not_after_ms| {
        let (issue, body) =
            net.issue("ccpit-ningbo", DocKind::CertificateOfOrigin, Network::form_e("E1"), "ningbo-tools");
        let signed = net.sign("ccpit-ningbo", Action::from(issue), |statement| statement.not_after_ms = not_after_ms);
        net.document(signed, Some(body))
    };
    assert_eq!(code(&net, &with_expiry(at - 1)), Code::StatementExpired);
    assert_eq!(code(&net, &with_expiry(at + EXPIRY_HORIZON_MS + 1)), Code::ExpiryTooFar);
    for fine in [at, at + EXPIRY_HORIZON_MS] {
        let Ok(judged) = judge(&Overlay::new(&net.state), with_expiry(fine).statement(), net.at());
        assert!(judged.is_ok());
    }
}

#[test]
fn a_statement_executes_once_and_its_id_leaves_the_tree_when_it_has_expired() {
    let mut net = Network::new();
    let issue = net.issue_form_e("ccpit-ningbo", "E1", "ningbo-tools");
    let statement = issue.statement().clone();
    net.block(&[Arc::clone(&issue)]);
    assert_eq!(code(&net, &issue), Code::StatementAlreadyExecuted);
    let key = state_key::executed(&statement.id());
    let not_after_ms = statement.statement().not_after_ms;
    let value = state_key::executed_value(1, not_after_ms);
    let present = |net: &Network| {
        let proof = tree::prove(&net.state.pages, &key).expect("whole");
        proof.verify_presence(&net.tip.state_root, &key, &value).is_ok()
    };
    assert!(present(&net));
    net.block_at(not_after_ms, &[]);
    assert!(present(&net), "at its last moment it could still be replayed");
    let (outcome, _) = net.block_at(not_after_ms + 1, &[]);
    assert_eq!(outcome.expired, [(not_after_ms, statement.id())]);
    let proof = tree::prove(&net.state.pages, &key).expect("whole");
    assert_eq!(proof.verify_absence(&net.tip.state_root, &key), Ok(()));
    assert_eq!(code(&net, &issue), Code::StatementExpired);
}

#[test]
fn members_act_with_their_own_current_keys_only() {
    let (mut net, id) = with_bill();
    let transfer = net.transfer("ningbo-tools", id, 1, "harbour-bank");
    let trader: sampan_proto::ids::MemberId = "ningbo-tools".parse().expect("id");
    let original = Arc::clone(&net.state.members[&trader]);

    let mut changed = (*original).clone();
    changed.standing = Standing::Suspended;
    net.state.members.insert(trader.clone(), Arc::new(changed));
    assert_eq!(code(&net, &transfer), Code::MemberSuspended);

    let mut changed = (*original).clone();
    let statement_key = changed.keys.iter_mut().find(|key| key.purpose == Purpose::Statement).expect("key");
    statement_key.valid_until = Some(net.tip.height.next());
    net.state.members.insert(trader.clone(), Arc::new(changed));
    assert_eq!(code(&net, &transfer), Code::KeyRevoked);

    let mut changed = (*original).clone();
    changed.keys.retain(|key: &MemberKey| key.purpose != Purpose::Statement);
    net.state.members.insert(trader.clone(), Arc::new(changed));
    assert_eq!(code(&net, &transfer), Code::UnknownKey);
    assert_eq!(path(&net, &transfer), "$.signatures[0].keyid");

    net.state.members.remove(&trader);
    assert_eq!(code(&net, &transfer), Code::UnknownMember);
}

#[test]
fn admission_also_reads_the_document() {
    let net = Network::new();
    let admit_code = |statement, body: Body| {
        let Ok(admitted) = admit(&net.state, net.document(statement, Some(body)), net.at());
        admitted.map(|_| ()).map_err(|reject| reject.code)
    };
    let issue = || net.issue("ccpit-ningbo", DocKind::CertificateOfOrigin, Network::form_e("E1"), "ningbo-tools");
    let sign = |issue| net.sign("ccpit-ningbo", Action::from(issue), |_| ());

    let (good, body) = issue();
    assert_eq!(admit_code(sign(good), body), Ok(()));

    let (mut other_number, body) = issue();
    other_number.reference =
        net.issue("ccpit-ningbo", DocKind::CertificateOfOrigin, Network::form_e("E2"), "ningbo-tools").0.reference;
    assert_eq!(admit_code(sign(other_number), body), Err(Code::ReferenceMismatch));

    let (mut other_digest, body) = issue();
    other_digest.body.jcs_sha256 = sampan_proto::hash::Hash32([0; 32]);
    assert_eq!(admit_code(sign(other_digest), body), Err(Code::BodyMismatch));

    let (mut other_claims, body) = issue();
    let Claims::CertificateOfOrigin(claims) = &mut other_claims.claims else { panic!("a certificate") };
    claims.importing_country = "VN".parse().expect("country");
    assert_eq!(admit_code(sign(other_claims), body), Err(Code::ClaimsMismatch));

    let (mut foreign_pepper, mut body) = issue();
    body.pepper = [1; 32];
    foreign_pepper.body.commitment = body.commitment();
    assert_eq!(admit_code(sign(foreign_pepper), body), Err(Code::ReferenceMismatch));

    let (mut no_form, mut body) = issue();
    body.bytes = b"{}".to_vec();
    no_form.body.commitment = body.commitment();
    no_form.body.size = 2;
    assert_eq!(admit_code(sign(no_form), body), Err(Code::DocumentRefused));
}

#[test]
fn the_same_history_gives_the_same_roots() {
    let run = || {
        let (mut net, id) = with_bill();
        let certificate = net.issue_form_e("ccpit-ningbo", "E1", "klang-import");
        let transfer = net.transfer("ningbo-tools", id, 1, "harbour-bank");
        net.block(&[transfer, certificate]).0.header
    };
    let (first, second) = (run(), run());
    assert_eq!(first, second);
    assert_eq!(first.log_size, 5, "two block entries and three acts");
    assert_ne!(first.state_root, Network::new().tip.state_root);
    assert!(first.time_ms > T0);
}
