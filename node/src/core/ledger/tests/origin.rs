//! Certificates of origin on a whole ledger: applied for, certified, drawn on from another country.

use std::collections::BTreeMap;
use std::sync::Arc;

use sampan_proto::body::Body;
use sampan_proto::doc::{Amounts, Claims, DocKind, ItemNumber};
use sampan_proto::ids::RecordId;
use sampan_proto::origin::{ItemAmounts, OriginAct};
use sampan_proto::record::{Record, Status};
use sampan_proto::reject::{Code, Reject};
use sampan_proto::statement::{Action, Application, Issue, Replacement, Replaces};

use super::super::fixtures::Network;
use super::{accepted, code};

fn kilograms(amount: &str) -> ItemAmounts {
    let amounts = Amounts([("KGM".parse().expect("unit"), amount.parse().expect("amount"))].into());
    ItemAmounts::from([(ItemNumber(1), amounts)])
}

/// A Form E under another number and with another weight.
fn form_e(number: &str, weighs: &str) -> Vec<u8> {
    let form = String::from_utf8(Network::form_e(number)).expect("text");
    form.replace("9840.5", weighs).into_bytes()
}

/// A certificate for `klang-import`, after `edit`; the new record.
fn certify(net: &mut Network, by: &str, form: Vec<u8>, edit: impl FnOnce(&mut Issue)) -> Result<RecordId, Reject> {
    let (mut issue, body) = net.issue(by, DocKind::CertificateOfOrigin, form, "klang-import");
    edit(&mut issue);
    let document = net.document(net.sign(by, Action::from(issue), |_| ()), Some(body));
    let id = Record::id_of(document.statement().id());
    let (_, mut answers) = net.block(&[document]);
    answers.remove(0).map(|()| id)
}

/// A back-to-back certificate of Hanoi on the original of Ningbo.
fn back_to_back(net: &mut Network, form: Vec<u8>, original: RecordId, used: &str) -> Result<RecordId, Reject> {
    certify(net, "moit-hanoi", form, |issue| issue.draws = BTreeMap::from([(original, kilograms(used))]))
}

/// A network with one certificate of 9 840.5 kg.
fn with_certificate() -> (Network, RecordId) {
    let mut net = Network::new();
    let original = net.issue_form_e("ccpit-ningbo", "E1", "klang-import");
    let id = Record::id_of(original.statement().id());
    accepted(&mut net, original);
    (net, id)
}

#[test]
fn what_a_certificate_certifies_is_used_once_across_countries() {
    let (mut net, id) = with_certificate();
    back_to_back(&mut net, form_e("B1", "6000"), id, "6000").expect("within the balance");
    let record = &net.state.records[&id];
    assert_eq!(
        (record.seq, record.origin.as_ref().map(|origin| origin.account.clone())),
        (2, Some(kilograms("3840.5")))
    );
    let beyond = back_to_back(&mut net, form_e("B2", "3840.6"), id, "3840.6").expect_err("refused");
    assert_eq!(beyond.code, Code::AccountOverdrawn);
    assert_eq!(beyond.path, format!("$.action.issue.draws.{}.1", id.0));
    assert!(beyond.detail.contains("3840.5 KGM left"), "{}", beyond.detail);
    back_to_back(&mut net, form_e("B2", "3840.5"), id, "3840.5").expect("to the last gram");
    let empty = back_to_back(&mut net, form_e("B3", "0.1"), id, "0.1");
    assert_eq!(empty.map_err(|reject| reject.code), Err(Code::AccountOverdrawn));
}

#[test]
fn an_exporter_applies_and_an_authority_certifies_the_same_document() {
    let mut net = Network::new();
    let kind = DocKind::CertificateOfOrigin;
    let (issue, body) = net.issue("ccpit-ningbo", kind, Network::form_e("E7"), "ningbo-tools");
    let to = "ccpit-ningbo".parse().expect("id");
    let application = Application { claims: issue.claims.clone(), body: issue.body.clone(), to };
    let apply = |by: &str, net: &Network| {
        let signed = net.sign(by, Action::Apply(Box::new(application.clone())), |_| ());
        net.document(signed, Some(Body { pepper: [0; 32], ..body.clone() }))
    };
    assert_eq!(code(&net, &apply("harbour-bank", &net)), Code::WrongRole);
    let applied = apply("ningbo-tools", &net);
    net.admit(Arc::clone(&applied));
    let id = Record::id_of(applied.statement().id());
    accepted(&mut net, applied);
    assert_eq!(net.state.records[&id].status, Status::Applied);
    let (mut other, other_body) = net.issue("ccpit-ningbo", kind, Network::form_e("E8"), "ningbo-tools");
    other.application = Some(id);
    let document = net.document(net.sign("ccpit-ningbo", Action::from(other), |_| ()), Some(other_body));
    assert_eq!(code(&net, &document), Code::ApplicationMismatch);
    let certify = Issue { application: Some(id), ..issue };
    let document = net.document(net.sign("ccpit-ningbo", Action::from(certify), |_| ()), Some(body));
    let certificate = Record::id_of(document.statement().id());
    accepted(&mut net, document);
    let answered = &net.state.records[&id];
    assert_eq!((answered.status, answered.replaced_by.as_slice()), (Status::Certified, [certificate].as_slice()));
    let exporter = net.state.records[&certificate].origin.as_ref().and_then(|origin| origin.applicant.clone());
    assert_eq!(exporter.map(|id| id.to_string()), Some("ningbo-tools".to_owned()));
    let present = OriginAct::Present { to: "cn-customs".parse().expect("id"), late: None };
    let document = net.document(net.sign("ningbo-tools", Action::origin(certificate, 1, present), |_| ()), None);
    assert_eq!(code(&net, &document), Code::NotImportingCustoms, "the form names another country");
}

#[test]
fn a_certificate_certifies_no_more_than_it_draws() {
    let (mut net, id) = with_certificate();
    let refused = back_to_back(&mut net, form_e("B1", "9840.5"), id, "6000").expect_err("refused");
    assert_eq!(
        (refused.code, refused.path.as_str()),
        (Code::QuantityImbalance, "$.action.issue.claims.certificate-of-origin.items")
    );
    assert_eq!(refused.detail, "9840.5 KGM certified, 6000 KGM drawn");
    let litres = |issue: &mut Issue| {
        let Claims::CertificateOfOrigin(claims) = &mut issue.claims else { panic!("a certificate") };
        let amounts = Amounts([("LTR".parse().expect("unit"), "1".parse().expect("amount"))].into());
        claims.items = ItemAmounts::from([(ItemNumber(1), amounts)]);
        issue.draws = BTreeMap::from([(id, kilograms("6000"))]);
    };
    let refused = certify(&mut net, "moit-hanoi", form_e("B1", "6000"), litres).expect_err("refused");
    assert_eq!(refused.path, "$.action.issue.claims.certificate-of-origin.items.1");
    assert_eq!(net.state.records[&id].seq, 1, "nothing was drawn");
}

#[test]
fn no_certificate_is_replaced_and_drawn_on_by_one_statement() {
    let (mut net, id) = with_certificate();
    let both = |issue: &mut Issue| {
        issue.version = 2;
        issue.replaces = Some(Replaces { how: Replacement::Amendment, records: BTreeMap::from([(id, 1)]) });
        issue.draws = BTreeMap::from([(id, kilograms("1"))]);
    };
    let refused = certify(&mut net, "ccpit-ningbo", form_e("E2", "1"), both).expect_err("refused");
    assert_eq!((refused.code, refused.path), (Code::NotReplaceable, format!("$.action.issue.draws.{}", id.0)));
    let replaced = |issue: &mut Issue| {
        both(issue);
        issue.draws.clear();
    };
    let heir = certify(&mut net, "ccpit-ningbo", form_e("E2", "1"), replaced).expect("one of the two");
    assert_eq!(net.state.records[&id].replaced_by, [heir]);
}

/// A Form E of so many kilograms and pieces.
fn with_pieces(number: &str, weighs: &str, pieces: &str) -> Vec<u8> {
    let mut form: serde_json::Value = serde_json::from_slice(&form_e(number, weighs)).expect("json");
    form["items"][0]["box9Quantity"] = serde_json::json!({ "value": pieces, "unit": "H87" });
    serde_json::to_vec(&form).expect("json")
}

/// Item 1 in these units, such as `6000 KGM`.
fn item(all: &[&str]) -> ItemAmounts {
    let one = |text: &&str| {
        let (amount, unit) = text.split_once(' ').expect("an amount");
        (unit.parse().expect("unit"), amount.parse().expect("amount"))
    };
    ItemAmounts::from([(ItemNumber(1), Amounts(all.iter().map(one).collect()))])
}

#[test]
fn goods_are_not_certified_twice_over_two_units() {
    let mut net = Network::new();
    let original = certify(&mut net, "ccpit-ningbo", with_pieces("E1", "9840.5", "240"), |_| ()).expect("issued");
    let draw = |net: &mut Network, number: &str, form: [&str; 2], drawn: &[&str]| {
        let form = with_pieces(number, form[0], form[1]);
        certify(net, "moit-hanoi", form, |issue| issue.draws = BTreeMap::from([(original, item(drawn))]))
    };
    for (one, other) in [("9840.5 KGM", "H87"), ("240 H87", "KGM")] {
        let refused = draw(&mut net, "B1", ["9840.5", "240"], &[one]).expect_err("half of it");
        let path = format!("$.action.issue.draws.{}.1", original.0);
        assert_eq!((refused.code, refused.path), (Code::QuantityImbalance, path));
        assert!(refused.detail.contains(&format!("no {other}")), "{}", refused.detail);
    }
    let beyond = draw(&mut net, "B1", ["6000", "99999"], &["6000 KGM", "146 H87"]);
    assert_eq!(beyond.map_err(|reject| reject.code), Err(Code::QuantityImbalance), "more pieces than were drawn");
    draw(&mut net, "B1", ["6000", "146"], &["6000 KGM", "146 H87"]).expect("both units");
    draw(&mut net, "B2", ["3840.5", "94"], &["3840.5 KGM", "94 H87"]).expect("the rest of both");
    let twice = draw(&mut net, "B3", ["3840.5", "94"], &["3840.5 KGM", "94 H87"]);
    assert_eq!(twice.map_err(|reject| reject.code), Err(Code::AccountOverdrawn));
}

#[test]
fn pieces_may_be_certified_where_the_original_states_the_weight_alone() {
    let (mut net, original) = with_certificate();
    let draw = |issue: &mut Issue| issue.draws = BTreeMap::from([(original, kilograms("6000"))]);
    certify(&mut net, "moit-hanoi", with_pieces("B1", "6000", "146"), draw).expect("nothing says otherwise");
}

#[test]
fn an_amendment_is_held_to_what_was_drawn_before_it_and_by_it() {
    let (mut net, original) = with_certificate();
    let first = back_to_back(&mut net, form_e("B1", "1"), original, "1").expect("drawn");
    let amend = |net: &mut Network, old: RecordId, version: u32, weighs: &str, used: Option<&str>| {
        let seq = net.state.records[&old].seq;
        // The reference has its version in it; here another number stands for it.
        certify(net, "moit-hanoi", form_e(&format!("B1V{version}"), weighs), |issue| {
            issue.version = version;
            issue.replaces = Some(Replaces { how: Replacement::Amendment, records: BTreeMap::from([(old, seq)]) });
            issue.draws = used.map(|used| (original, kilograms(used))).into_iter().collect();
        })
    };
    let refused = amend(&mut net, first, 2, "9000", None).expect_err("out of one kilogram");
    assert_eq!(
        (refused.code, refused.path.as_str(), refused.detail.as_str()),
        (
            Code::QuantityImbalance,
            "$.action.issue.claims.certificate-of-origin.items",
            "9000 KGM certified, 1 KGM drawn"
        )
    );
    let refused = amend(&mut net, first, 2, "5.1", Some("4")).expect_err("refused");
    assert_eq!(refused.detail, "5.1 KGM certified, 5 KGM drawn");
    assert_eq!(net.state.records[&original].seq, 2, "nothing more was drawn");
    let second = amend(&mut net, first, 2, "5", Some("4")).expect("what the first drew counts");
    let third = amend(&mut net, second, 3, "5", None).expect("an amendment of something else");
    let drawn = net.state.records[&third].origin.as_ref().map(|origin| origin.drawn.clone());
    assert_eq!(drawn.as_ref(), item(&["5 KGM"]).get(&ItemNumber(1)));
    let fourth = amend(&mut net, third, 4, "5.1", None).map_err(|reject| reject.code);
    assert_eq!(fourth, Err(Code::QuantityImbalance));
    let own = net.issue_form_e("ccpit-ningbo", "E2", "klang-import");
    let own_id = Record::id_of(own.statement().id());
    accepted(&mut net, own);
    let free = certify(&mut net, "ccpit-ningbo", form_e("E3", "10000"), |issue| {
        issue.version = 2;
        issue.replaces = Some(Replaces { how: Replacement::Amendment, records: BTreeMap::from([(own_id, 1)]) });
    });
    assert!(free.is_ok(), "who stands on no original is held to none");
}
