//! Certificates that draw on an original of two units, and their amendments, in every way there is: what is in force
//! certifies together, in each unit, no more than the original.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

mod support;

use sampan_proto::doc::{Amounts, ItemNumber};
use sampan_proto::ids::RecordId;
use sampan_proto::origin::{self, Actor, ItemAmounts, Origin};
use sampan_proto::record::Record;
use sampan_proto::reject::Reject;
use support::scene::{self, NOW, amounts};
use support::{cast, digest};

const UNITS: [&str; 2] = ["H87", "KGM"];
const MOST: u64 = 2;

/// Everything from nothing at all to the whole original, with units left out and units of which there are none.
fn every_item() -> Vec<ItemAmounts> {
    let choices = [None, Some("0"), Some("1"), Some("2")];
    let both = choices.iter().flat_map(|pieces| choices.iter().map(move |weight| [*pieces, *weight]));
    let item = |both: [Option<&'static str>; 2]| {
        let named: Vec<_> = both.into_iter().zip(UNITS).filter_map(|(amount, unit)| Some((amount?, unit))).collect();
        ItemAmounts::from([(ItemNumber(1), amounts(&named))])
    };
    both.map(item).collect()
}

fn certificate(items: &ItemAmounts) -> Record {
    let record = scene::certificate();
    let of = |origin: &Origin| Origin { account: items.clone(), certified: items.clone(), ..origin.clone() };
    Record { origin: record.origin.as_ref().map(of), ..record }
}

fn origin_of(record: &Record) -> &Origin {
    record.origin.as_ref().expect("a certificate")
}

/// An issue of `items`, in the place of `old`, that draws so much: the original and the new certificate after it.
fn issue(
    original: &Record,
    old: Option<&Record>,
    items: &ItemAmounts,
    used: Option<&ItemAmounts>,
) -> Result<(Record, Record), Reject> {
    let new = certificate(items);
    let id = cast::id("ningbo-chamber");
    let actor = Actor { id: &id, country: "CN".parse().expect("country"), customs: false, time_ms: NOW };
    let origin = match old {
        Some(old) => origin::replace(old, origin_of(&new), RecordId(digest(9)), &actor)?.1,
        None => origin_of(&new).clone(),
    };
    let (original, origin) = match used {
        Some(used) => origin::draw_on(original, used, &origin, NOW)?,
        None => (original.clone(), origin),
    };
    origin::covered(&origin.certified, &origin.drawn)?;
    Ok((original, Record { origin: Some(origin), ..new }))
}

fn certified(record: &Record) -> [u64; 2] {
    let all = origin_of(record).certified[&ItemNumber(1)].clone();
    UNITS.map(|unit| {
        let amount = all.0.get(&unit.parse().expect("unit")).copied().unwrap_or_default();
        amount.to_string().parse().expect("a whole number")
    })
}

#[test]
fn however_it_is_drawn_and_amended_goods_are_certified_once() {
    let whole = ItemAmounts::from([(ItemNumber(1), amounts(&[("2", "H87"), ("2", "KGM")]))]);
    let (choices, original) = (every_item(), certificate(&whole));
    let uses: Vec<_> = [None].into_iter().chain(choices.iter().map(Some)).collect();
    let mut lawful = 0;
    let mut check = |all: &[&Record]| {
        lawful += 1;
        for unit in 0..UNITS.len() {
            let sum: u64 = all.iter().map(|record| certified(record)[unit]).sum();
            assert!(sum <= MOST, "{all:?}");
        }
    };
    let draws = |original: &Record, old: Option<&Record>| -> Vec<(Record, Record)> {
        let first = usize::from(old.is_none());
        let ways = choices.iter().flat_map(|items| uses[first..].iter().map(move |used| (items, *used)));
        ways.filter_map(|(items, used)| issue(original, old, items, used).ok()).collect()
    };
    for (original, first) in draws(&original, None) {
        check(&[&first]);
        for (original, amended) in draws(&original, Some(&first)) {
            check(&[&amended]);
            for (_, second) in draws(&original, None) {
                check(&[&amended, &second]);
            }
        }
        for (original, second) in draws(&original, None) {
            check(&[&first, &second]);
            for (_, amended) in draws(&original, Some(&second)) {
                check(&[&first, &amended]);
            }
        }
    }
    assert!(lawful > 100, "{lawful} ways are lawful");
}

#[test]
fn an_heir_has_drawn_what_the_replaced_drew() {
    let kilograms = scene::kilograms;
    let (original, first) =
        issue(&certificate(&kilograms("9000")), None, &kilograms("1"), Some(&kilograms("1"))).expect("lawful");
    let more = |used: Option<&str>, weight: &str| {
        issue(&original, Some(&first), &kilograms(weight), used.map(kilograms).as_ref()).map_err(|reject| reject.detail)
    };
    assert_eq!(more(None, "9000").err().as_deref(), Some("9000 KGM certified, 1 KGM drawn"));
    assert_eq!(more(Some("4"), "5.1").err().as_deref(), Some("5.1 KGM certified, 5 KGM drawn"));
    let (left, heir) = more(Some("4"), "5").expect("as much as both drew");
    assert_eq!(origin_of(&left).account, kilograms("8995"));
    assert_eq!(origin_of(&heir).drawn, amounts(&[("5", "KGM")]));
    let (_, again) = issue(&left, Some(&heir), &kilograms("3"), None).expect("less");
    assert_eq!(origin_of(&again).drawn, amounts(&[("5", "KGM")]), "nothing is given back");
    let nothing =
        issue(&left, None, &ItemAmounts::from([(ItemNumber(1), Amounts::default())]), Some(&ItemAmounts::new()));
    assert_eq!(nothing.map_err(|reject| reject.code.as_str()).err(), Some("no_such_item"));
}
