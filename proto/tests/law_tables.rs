//! Every act in every situation by everybody: the tables of `TITLE.md` and `ORIGIN.md`, written by this test and
//! compared with what is there. `UPDATE_GOLDEN=1` writes them anew.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

mod support;

use std::fmt::Write as _;
use std::path::PathBuf;

use sampan_proto::origin::{self, OriginAct};
use sampan_proto::record::{Record, Status};
use sampan_proto::reject::Reject;
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
         says otherwise. Whether members named in an act exist, and\nwhether goods are pledged elsewhere, the ledger \
         checks besides.\n",
    );
    for (situation, record) in scene::situations() {
        head(&mut page, situation, &columns);
        for act in scene::acts() {
            let cells = actors.map(|(_, by)| cell(&scene::act(&record, by, &act)));
            let _ = writeln!(page, "| {} | {} |", act.kind().as_str(), cells.join(" | "));
        }
    }
    settle("TITLE.md", &page);
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
    settle("ORIGIN.md", &page);
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
