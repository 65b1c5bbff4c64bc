//! Every act in every situation by everybody: the tables of `TITLE.md` and `ORIGIN.md`, written by this test and
//! compared with what is there. `UPDATE_GOLDEN=1` writes them anew.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

mod support;

use std::fmt::Write as _;
use std::path::PathBuf;

use sampan_proto::doc::{Amounts, ItemNumber};
use sampan_proto::origin::{self, ItemAmounts, Origin, OriginAct};
use sampan_proto::record::{Record, Status};
use sampan_proto::reject::Reject;
use sampan_proto::title::{Purpose, TitleAct};
use support::cast;
use support::scene::{self, AGENCY, BANK, BUYER, CARRIER, NOW, SECOND_AGENCY, SHIPPER, STRANGER};

/// Compares a page with what the repository holds, or writes it.
fn settle(name: &str, page: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, page).expect("written");
    }
    let held = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(held == page, "{name} is not what the law says now: UPDATE_GOLDEN=1 writes it anew");
}

fn cell(answer: &Result<Record, Reject>) -> String {
    answer.as_ref().map_or_else(|reject| reject.code.as_str().to_owned(), |_| "**yes**".to_owned())
}

fn head(page: &mut String, situation: &str, columns: &[&str]) {
    let _ =
        write!(page, "\n## {situation}\n\n| act | {} |\n|---|{}\n", columns.join(" | "), "---|".repeat(columns.len()));
}

#[test]
fn every_act_on_a_bill_in_every_situation_by_everybody() {
    let actors = [
        ("shipper", SHIPPER),
        ("buyer", BUYER),
        ("carrier", CARRIER),
        ("bank", BANK),
        ("customs", AGENCY),
        ("stranger", STRANGER),
    ];
    let columns = actors.map(|(name, _)| name);
    let mut page = String::from(
        "# What may be done with a bill of lading\n\nWritten by a test from the code. Rows are acts, columns who acts; \
         **yes**, or the code of the refusal. The shipper\nhas the bill and, where it is named, title, unless the heading \
         says otherwise. The first row of `surrender` is for delivery, the\nsecond for amendment. Whether members named \
         in an act exist, and whether goods are pledged elsewhere, the ledger checks besides.\n",
    );
    for (situation, record) in scene::situations().into_iter().chain(pledged_situations()) {
        head(&mut page, situation, &columns);
        for act in title_rows() {
            let cells = actors.map(|(_, by)| cell(&scene::act(&record, by, &act)));
            let _ = writeln!(page, "| {} | {} |", act.kind().as_str(), cells.join(" | "));
        }
    }
    settle("TITLE.md", &page);
}

/// One act of every kind, and surrender a second time, for another purpose than delivery.
fn title_rows() -> Vec<TitleAct> {
    let other = TitleAct::Surrender { to: cast::id(CARRIER), purpose: Purpose::Amendment };
    let twice = |act: TitleAct| {
        let other = matches!(act, TitleAct::Surrender { .. }).then(|| other.clone());
        [act].into_iter().chain(other)
    };
    scene::acts().into_iter().flat_map(twice).collect()
}

/// A pledged bill after the bank consented, once to the carrier, once to a buyer who is to pay for it.
fn pledged_situations() -> [(&'static str, Record); 2] {
    let situations = scene::situations();
    let (_, pledged) = situations.iter().find(|(name, _)| *name == "pledged").expect("it is there");
    let consent = |to| TitleAct::ConsentToTransfer { to: cast::id(to) };
    let after = |record: &Record, by, act: &TitleAct| scene::act(record, by, act).expect("lawful");
    let to_buyer = after(pledged, BANK, &consent(BUYER));
    [
        ("pledged, the bank consents to the carrier", after(pledged, BANK, &consent(CARRIER))),
        (
            "pledged, the bank consents to the buyer, offered against payment",
            after(&to_buyer, SHIPPER, &scene::offer(true)),
        ),
    ]
}

fn origin_act(record: &Record, by: &str, country: &str, act: &OriginAct) -> Result<Record, Reject> {
    let id = cast::id(by);
    let country = country.parse().expect("country");
    let customs = by.ends_with("-customs");
    origin::act(record, act, &origin::Actor { id: &id, country, customs, time_ms: NOW })
}

/// A certificate in every situation that the law tells apart.
fn origin_situations() -> Vec<(&'static str, Record)> {
    let after = |record: &Record, by: &str, country: &str, act| origin_act(record, by, country, &act).expect("lawful");
    let note = scene::note;
    let issued = scene::certificate();
    let applied = Record {
        status: Status::Applied,
        issuer: cast::id(SHIPPER),
        issued_to: cast::id("ningbo-chamber"),
        ..issued.clone()
    };
    let presented = after(&issued, SHIPPER, "CN", OriginAct::Present { to: cast::id(SECOND_AGENCY), late: None });
    let by_customs = |record: &Record, act| after(record, SECOND_AGENCY, "MY", act);
    let part = by_customs(&presented, OriginAct::Accept { used: Some(scene::kilograms("4000")) });
    let all = by_customs(&presented, OriginAct::Accept { used: None });
    let rejected = by_customs(&presented, OriginAct::Reject { reason: note("criterion not met") });
    let checked = by_customs(&all, OriginAct::OpenCheck { reason: note("stamp in doubt") });
    let answer = OriginAct::AnswerCheck { genuine: true, answer: note("issued by us") };
    let answered = after(&checked, "ningbo-chamber", "CN", answer);
    let confirmed = by_customs(&answered, OriginAct::CloseCheck { upheld: true, reason: note("confirmed") });
    let denied = by_customs(&answered, OriginAct::CloseCheck { upheld: false, reason: note("forged") });
    let over = after(&issued, "ningbo-chamber", "CN", OriginAct::Cancel { reason: note("goods returned") });
    vec![
        ("applied for", applied),
        ("issued", issued),
        ("presented", presented),
        ("accepted in part", part),
        ("accepted", all),
        ("rejected", rejected),
        ("under check", checked),
        ("under check, answered", answered),
        ("confirmed", confirmed),
        ("denied", denied),
        ("cancelled", over),
    ]
}

#[test]
fn every_act_on_a_certificate_in_every_situation_by_everybody() {
    let actors = [
        ("exporter", SHIPPER, "CN"),
        ("authority", "ningbo-chamber", "CN"),
        ("importing customs", SECOND_AGENCY, "MY"),
        ("other customs", AGENCY, "CN"),
        ("stranger", STRANGER, "MY"),
    ];
    let columns = actors.map(|(name, ..)| name);
    let mut page = String::from(
        "# What may be done with a certificate of origin\n\nWritten by a test from the code. Rows are acts, columns who \
         acts; **yes**, or the code of the refusal. The first row\nof `accept` is for part of the goods, the second for \
         all that is left.\n",
    );
    for (situation, record) in origin_situations() {
        head(&mut page, situation, &columns);
        for act in scene::origin_acts() {
            let cells = actors.map(|(_, by, country)| cell(&origin_act(&record, by, country, &act)));
            let _ = writeln!(page, "| {} | {} |", act.kind().as_str(), cells.join(" | "));
        }
    }
    page.push_str(
        "\n## drawn on\n\nA back-to-back certificate of another authority takes a part of the goods; the ledger asks \
         besides that it certifies\nno more than it and the certificates that it replaces drew. A draw on an item takes some \
         of every unit in which that item is\ncertified; in a unit in which the originals certify nothing (pieces, where they \
         state only the weight) the new one may certify freely,\nfor there is nothing to compare it with.\n\n| situation | draw |\n|---|---|\n",
    );
    for (situation, record) in origin_situations() {
        let _ = writeln!(page, "| {situation} | {} |", cell(&drawn(&record)));
    }
    settle("ORIGIN.md", &page);
}

/// An original after another certificate under the same agreement drew four tons from it.
fn drawn(original: &Record) -> Result<Record, Reject> {
    let new = scene::certificate().origin.expect("a certificate");
    origin::draw_on(original, &scene::kilograms("4000"), &new, NOW).map(|(after, _)| after)
}

#[test]
fn nothing_is_drawn_from_a_certificate_in_doubt() {
    let note = scene::note;
    let by_customs = |record: &Record, act| origin_act(record, SECOND_AGENCY, "MY", &act).expect("lawful");
    let present = OriginAct::Present { to: cast::id(SECOND_AGENCY), late: None };
    let presented = origin_act(&scene::certificate(), SHIPPER, "CN", &present).expect("lawful");
    assert!(drawn(&presented).is_ok());
    let checked = by_customs(&presented, OriginAct::OpenCheck { reason: note("stamp in doubt") });
    assert_eq!(drawn(&checked).map_err(|reject| reject.code.as_str()), Err("check_open"));
    let answer = OriginAct::AnswerCheck { genuine: true, answer: note("issued by us") };
    let answered = origin_act(&checked, "ningbo-chamber", "CN", &answer).expect("lawful");
    assert_eq!(drawn(&answered).map_err(|reject| reject.code.as_str()), Err("check_open"), "customs decide");
    let upheld = by_customs(&answered, OriginAct::CloseCheck { upheld: true, reason: note("confirmed") });
    assert!(drawn(&upheld).is_ok());
}

/// A certificate of these items, presented.
fn presented(items: ItemAmounts) -> Record {
    let issued = scene::certificate();
    let origin = issued.origin.clone().expect("a certificate");
    let origin = Origin { account: items.clone(), certified: items, ..origin };
    Record { status: Status::Presented, origin: Some(origin), ..issued }
}

#[test]
fn all_that_is_left_leaves_out_what_is_used_up_and_what_has_no_amount() {
    let accept = |record: &Record, used| origin_act(record, SECOND_AGENCY, "MY", &OriginAct::Accept { used });
    let account = |record: &Record| record.origin.as_ref().map(|origin| origin.account.clone()).expect("an account");
    let pieces = |count: &str| Amounts([("PCE".parse().expect("unit"), count.parse().expect("amount"))].into());
    let with_second = |amounts| {
        let mut items = scene::kilograms("9840.5");
        items.insert(ItemNumber(2), amounts);
        items
    };
    let part =
        accept(&presented(with_second(pieces("240"))), Some(scene::kilograms("9840.5"))).expect("the first item");
    let again = OriginAct::Present { to: cast::id(SECOND_AGENCY), late: None };
    let again = origin_act(&part, SHIPPER, "CN", &again).expect("lawful");
    let rest = accept(&again, None).expect("the second one is left");
    assert!((part.status, rest.status) == (Status::PartlyAccepted, Status::Accepted));
    assert!(account(&rest).values().all(Amounts::is_zero));

    let unmeasured = accept(&presented(with_second(Amounts::default())), None).expect("one item says no amount");
    assert!(unmeasured.status == Status::Accepted && account(&unmeasured).values().all(Amounts::is_zero));
    let without = ItemAmounts::from([(ItemNumber(1), Amounts::default())]);
    assert_eq!(accept(&presented(without), None).map(|record| record.status), Ok(Status::Accepted), "as a whole");

    let nothing = accept(&Record { status: Status::Confirmed, ..rest }, None).expect_err("all of it is used");
    assert_eq!((nothing.code.as_str(), nothing.path.as_str()), ("account_overdrawn", "$.used"));
}

#[test]
fn a_check_has_its_dates_and_an_answer_may_come_late() {
    const DAY: u64 = 86_400_000;
    let situations = origin_situations();
    let (_, checked) = situations.iter().find(|(name, _)| *name == "under check").expect("it is there");
    let check = checked.origin.as_ref().and_then(|origin| origin.check.clone()).expect("open");
    assert_eq!((check.since_ms, check.reply_by_ms, check.close_by_ms), (NOW, NOW + 90 * DAY, NOW + 180 * DAY));
    let close = OriginAct::CloseCheck { upheld: false, reason: scene::note("no answer") };
    let at = |time_ms| {
        let (id, country) = (cast::id(SECOND_AGENCY), "MY".parse().expect("country"));
        origin::act(checked, &close, &origin::Actor { id: &id, country, customs: true, time_ms })
    };
    assert_eq!(at(check.reply_by_ms).map_err(|reject| reject.code.as_str()), Err("answer_awaited"));
    assert_eq!(at(check.reply_by_ms + 1).expect("overdue").status, Status::Denied);
}

#[test]
fn a_certificate_comes_late_only_with_a_reason() {
    let issued = scene::certificate();
    let (id, country) = (cast::id(SHIPPER), "CN".parse().expect("country"));
    let at = |time_ms, late: Option<&str>| {
        let late = late.map(scene::note);
        let act = OriginAct::Present { to: cast::id(SECOND_AGENCY), late };
        origin::act(&issued, &act, &origin::Actor { id: &id, country, customs: false, time_ms })
    };
    // 2027-11-19 ends last at UTC-12, twelve hours after it ended at UTC.
    let end_ms = (21_141 + 1) * 86_400_000 + 43_200_000;
    assert!(at(end_ms - 1, None).is_ok());
    assert_eq!(at(end_ms, None).map_err(|reject| reject.code.as_str()), Err("certificate_expired"));
    assert_eq!(at(end_ms, Some("goods arrived in time, typhoon")).expect("late").status, Status::Presented);
}
