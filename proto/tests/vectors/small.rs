//! Small receipts: good ones, ones that nobody signed, ones that are none, and every kind of record in one.

use sampan_proto::codec;
use sampan_proto::ids::Height;
use sampan_proto::keys::Signature;
use sampan_proto::proof::small::{self, PREFIX, SmallReceipt};
use sampan_proto::proof::{Bundle, Handover, Policy};

use crate::bundles::word;
use crate::sheet::{Json, hex, object, settle};
use crate::support::digest;
use crate::support::scene;
use crate::support::story::Story;

/// A receipt's verdicts under a policy; `path` names the bundle whose handovers the verifier has.
fn case(name: &str, receipt: &SmallReceipt, path: Option<(&str, &[Handover])>, policy: &Policy<'_>) -> Json {
    assert_eq!(SmallReceipt::from_text(&receipt.to_text()).as_ref(), Ok(receipt), "{name}");
    let genesis = Story::tell().chain.genesis;
    let ladder = small::verify(receipt, &genesis, path.map_or(&[], |(_, handovers)| handovers), policy);
    let rungs = ladder.rungs().iter().map(|rung| Json::List(vec![rung.name.into(), word(rung.verdict).into()]));
    object([
        ("name", name.into()),
        ("text", receipt.to_text().into()),
        ("handovers", path.map(|(bundle, _)| bundle).into()),
        ("now_ms", policy.now_ms.map_or(Json::Null, Json::Number)),
        ("max_age_ms", policy.max_age_ms.map_or(Json::Null, Json::Number)),
        ("outcome", word(ladder.outcome()).into()),
        ("rungs", rungs.collect::<Vec<_>>().into()),
    ])
}

fn receipts() -> Vec<Json> {
    let story = Story::tell();
    let genesis = &story.chain.genesis;
    let good = SmallReceipt::of(&story.record_only(), genesis).expect("a record");
    let handed = story.handed_over();
    let later = Bundle { status: story.record_only().status, reference: None, ..handed.clone() };
    let later = SmallReceipt::of(&later, genesis).expect("a record");
    let way = Some(("one-handover", handed.trust_path.as_slice()));
    let end = good.expires_ms(genesis);
    let any = Policy::default();
    let at = |now_ms, max_age_ms| Policy { now_ms: Some(now_ms), max_age_ms, ..Policy::default() };
    let changed = |change: &dyn Fn(&mut SmallReceipt)| {
        let mut receipt = good.clone();
        change(&mut receipt);
        receipt
    };
    vec![
        case("a bill", &good, None, &any),
        case("just good", &good, None, &at(end, None)),
        case("no longer good", &good, None, &at(end + 1, None)),
        case("young enough", &good, None, &at(good.time_ms + 5_000, Some(5_000))),
        case("too old", &good, None, &at(good.time_ms + 5_001, Some(5_000))),
        case("after a handover", &later, way, &any),
        case("after a handover that the verifier lacks", &later, None, &any),
        case("of a roster that is younger", &changed(&|r| r.roster_since = Height(2)), way, &any),
        case("older than its roster", &changed(&|r| (r.height, r.roster_since) = (Height(2), Height(2))), way, &any),
        case("of a roster that had handed over", &good, way, &any),
        case("another possessor", &changed(&|r| r.record.possessor = r.record.issued_to.clone().into()), None, &any),
        case("another time", &changed(&|r| r.time_ms += 1), None, &any),
        case("another log", &changed(&|r| r.log_root = digest(1)), None, &any),
        case("another next roster", &changed(&|r| r.next_roster = Some(digest(1))), None, &any),
        case("other rules", &changed(&|r| r.rules = Some(digest(1))), None, &any),
        case("a bit beyond the depth", &changed(&|r| r.path.bitmap[0] ^= 0x81), None, &any),
        case(
            "no quorum",
            &changed(&|r| {
                r.signers = vec![0b110];
                r.signatures.remove(0);
            }),
            None,
            &any,
        ),
        case("a signature of another", &changed(&|r| r.signatures.swap(0, 1)), None, &any),
        case("a signature cut short", &changed(&|r| r.signatures[0] = Signature::Ed25519([0; 64])), None, &any),
    ]
}

/// Any record in a receipt: how it is packed, and the borsh form that its digest is made of.
fn records() -> Vec<Json> {
    let story = Story::tell();
    let receipt = SmallReceipt::of(&story.record_only(), &story.chain.genesis).expect("a record");
    let one = |(name, record): (&str, _)| {
        let bytes = SmallReceipt { record, ..receipt.clone() };
        object([("name", name.into()), ("bytes", hex(bytes.to_bytes())), ("record", hex(codec::encode(&bytes.record)))])
    };
    let origin = story.chain.records[&story.origin].clone();
    scene::situations()
        .into_iter()
        .chain([
            ("a certificate", scene::certificate()),
            ("one that drew", scene::back_to_back()),
            ("a signed one", origin),
        ])
        .map(one)
        .collect()
}

fn refused() -> Vec<Json> {
    let story = Story::tell();
    let receipt = SmallReceipt::of(&story.record_only(), &story.chain.genesis).expect("a record");
    let text = receipt.to_text();
    let cases = [
        ("no prefix", text[PREFIX.len()..].to_owned()),
        ("a character too few", text[..text.len() - 1].to_owned()),
        ("two characters too few", text[..text.len() - 2].to_owned()),
        ("a byte too many", format!("{text}00")),
        ("small letters", text.to_lowercase()),
        ("three characters beyond two bytes", text.replacen(&text[8..11], ":::", 1)),
        ("nothing", PREFIX.to_owned()),
        ("another version", text.replacen('1', "2", 1)),
    ];
    for (name, text) in &cases {
        assert!(SmallReceipt::from_text(text).is_err(), "{name}");
    }
    cases.into_iter().map(|(name, text)| object([("name", name.into()), ("text", text.into())])).collect()
}

#[test]
fn small_receipts() {
    settle("small_receipts.json", &[("receipts", receipts()), ("records", records()), ("refused", refused())]);
}
