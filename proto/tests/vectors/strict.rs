//! What no reader takes: JSON that two readers could read differently, and binary forms that are not the one form.

use sampan_proto::codec;
use sampan_proto::entry::Entry;
use sampan_proto::json::{self, JsonLimits};
use sampan_proto::member::Member;
use sampan_proto::merkle::log::{ConsistencyProof, InclusionProof};
use sampan_proto::record::Record;
use sampan_proto::roster::Roster;
use sampan_proto::vote::Certificate;

use crate::sheet::{Json, hex, object, settle};
use crate::support::cast::{self, BANK, BUYER};
use crate::support::scene;
use crate::support::story::Story;

#[test]
fn json_texts() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
    let case = |(name, bytes, depth, integers_only, accepted): (&str, Vec<u8>, usize, bool, bool)| {
        let limits = JsonLimits { max_bytes: 10_000, max_depth: depth, integers_only };
        assert_eq!(json::scan(&bytes, &limits).is_ok(), accepted, "{name}");
        object([
            ("name", name.into()),
            ("bytes", hex(&bytes)),
            ("max_depth", (depth as u64).into()),
            ("fractions", (!integers_only).into()),
            ("accepted", accepted.into()),
        ])
    };
    let strict =
        |(name, text, accepted): (&'static str, &str, bool)| case((name, text.as_bytes().to_vec(), 8, true, accepted));
    let mut cases: Vec<Json> = [
        ("an object", "{\"a\":[1,true,false,null,\"x\"]}", true),
        ("a bare value", "7", true),
        ("blanks", " \t\r\n{ \"a\" : 1 }\n", true),
        ("nothing", "", false),
        ("a form feed", "\u{c}{}", false),
        ("a no-break space", "\u{a0}{}", false),
        ("a byte order mark", "\u{feff}{}", false),
        ("two values", "{} {}", false),
        ("a comma at the end", "[1,]", false),
        ("a comma in an object at the end", "{\"a\":1,}", false),
        ("a comment", "/* */ {}", false),
        ("single quotes", "{'a':1}", false),
        ("a bare word", "{a:1}", false),
        ("not a number", "NaN", false),
        ("infinity", "Infinity", false),
        ("minus infinity", "-Infinity", false),
        ("a key twice", "{\"a\":1,\"a\":1}", false),
        ("a key twice, once escaped", "{\"a\":1,\"\\u0061\":2}", false),
        ("a key twice, deep inside", "[{\"x\":{\"b\":1,\"b\":null}}]", false),
        ("one key in two objects", "[{\"a\":1},{\"a\":1}]", true),
        ("keys that only look alike", "{\"\u{e9}\":1,\"e\u{301}\":1}", true),
        ("a reserved key", "{\"$serde_json::private::RawValue\":\"1\"}", false),
        ("all short escapes", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", true),
        ("an unknown escape", "\"\\x41\"", false),
        ("a bare control character", "\"\u{1}\"", false),
        ("a bare tab in a string", "\"\t\"", false),
        ("a bare delete", "\"\u{7f}\"", true),
        ("an escaped control character", "\"\\u0000\"", true),
        ("a surrogate pair", "\"\\ud83d\\udea2\"", true),
        ("half a pair", "\"\\ud83d\"", false),
        ("the other half", "\"\\udea2\"", false),
        ("a pair in the wrong order", "\"\\udea2\\ud83d\"", false),
        ("half a pair in a key", "{\"\\ud83d\":1}", false),
        ("three digits of an escape", "\"\\u041\"", false),
        ("a zero in front", "01", false),
        ("a plus in front", "+1", false),
        ("a hexadecimal number", "0x1", false),
        ("2^53", "9007199254740992", true),
        ("2^53 + 1", "9007199254740993", false),
        ("-2^53", "-9007199254740992", true),
        ("-2^53 - 1", "-9007199254740993", false),
        ("a negative zero", "-0", false),
        ("a fraction", "1.5", false),
        ("a whole fraction", "1.0", false),
        ("an exponent", "1e2", false),
        ("digits of another script", "\u{661}", false),
        ("underscores", "1_000", false),
    ]
    .map(strict)
    .to_vec();
    let document =
        |(name, text, accepted): (&'static str, &str, bool)| case((name, text.as_bytes().to_vec(), 8, false, accepted));
    let long = format!("1{}", "0".repeat(309));
    cases.extend(
        [
            ("a document's fraction", "1.50", true),
            ("a document's exponent", "1.5E+2", true),
            ("a document's negative zero", "-0", true),
            ("a document's large integer", "9007199254740993", true),
            ("the largest double", "1.7976931348623157e308", true),
            ("beyond the largest double", "1e309", false),
            ("an integer beyond the largest double", &long, false),
            ("below the smallest double", "1e-999", true),
            ("no digit before the point", ".5", false),
            ("no digit behind the point", "1.", false),
            ("no digit of the exponent", "1e", false),
        ]
        .map(document),
    );
    cases.extend([
        case(("8 deep", nested(8), 8, true, true)),
        case(("9 deep", nested(9), 8, true, false)),
        case(("127 deep", nested(127), 200, true, true)),
        case(("not UTF-8", b"\"\xff\"".to_vec(), 8, true, false)),
        case(("a surrogate in UTF-8", b"\"\xed\xa0\x80\"".to_vec(), 8, true, false)),
        case(("an overlong form", b"\"\xc0\x80\"".to_vec(), 8, true, false)),
        case(("UTF-16", b"\xff\xfe{\x00}\x00".to_vec(), 8, true, false)),
    ]);
    settle("json.json", &[("texts", cases)]);
}

/// A decoder of one type: whether the bytes are the encoding of a value.
type Decoder = (&'static str, fn(&[u8]) -> bool);

fn reads<T: borsh::BorshDeserialize>(bytes: &[u8]) -> bool {
    codec::decode::<T>(bytes, 1 << 20).is_ok()
}

const DECODERS: [Decoder; 8] = [
    ("member", reads::<Member>),
    ("entry", reads::<Entry>),
    ("record", reads::<Record>),
    ("header", reads::<sampan_proto::block::Header>),
    ("certificate", reads::<Certificate>),
    ("roster", reads::<Roster>),
    ("inclusion", reads::<InclusionProof>),
    ("consistency", reads::<ConsistencyProof>),
];

/// Each value as it is, then with every byte changed, left out, doubled: where that is refused and where it is not.
#[test]
fn binary_forms() {
    let story = Story::tell();
    let (header, certificate) = &story.chain.heads[1];
    let log = &story.chain.log;
    let mut bank = story.chain.genesis.members.iter().find(|m| m.id.as_str() == BANK).expect("a bank").clone();
    bank.keys[0].valid_until = Some(sampan_proto::ids::Height(9));
    let mut values: Vec<(&str, Vec<u8>)> = vec![
        ("member", codec::encode(&bank)),
        ("entry", codec::encode(&story.chain.entries[0])),
        ("entry", codec::encode(&story.chain.entries[3])),
        ("entry", codec::encode(&story.chain.entries[4])),
        ("record", codec::encode(&story.chain.records[&story.bill])),
        ("record", codec::encode(&story.chain.records[&story.origin])),
        ("header", codec::encode(header)),
        ("certificate", codec::encode(certificate)),
        ("roster", codec::encode(&story.chain.genesis.roster)),
        ("inclusion", codec::encode(&log.inclusion(7, 3))),
        ("consistency", codec::encode(&log.consistency(3, 7))),
    ];
    values.extend(scene::situations().into_iter().map(|(_, record)| ("record", codec::encode(&record))));
    let mut voices = scene::situations().into_iter().find(|(name, _)| *name == "frozen").expect("a frozen bill").1;
    let title = voices.title.as_mut().expect("title");
    title.freeze.lift.insert(cast::id(BUYER));
    title.surrendered = Some((sampan_proto::title::Purpose::SwitchBill, cast::id(BUYER)));
    values.push(("record", codec::encode(&voices)));
    let mut cases = Vec::new();
    for (kind, bytes) in &values {
        let (_, reads) = DECODERS.iter().find(|(name, _)| name == kind).expect("a decoder");
        assert!(reads(bytes), "{kind}");
        let whole = object([
            ("type", (*kind).into()),
            ("bytes", hex(bytes)),
            ("accepted", verdicts(bytes, [1, 0x80], reads).into()),
        ]);
        cases.push(whole);
    }
    settle("binary.json", &[("values", cases)]);
}

/// For every place a hexadecimal digit: what of these is still accepted. 1: the byte with the first mask on it,
/// 2: with the second, 4: without the byte, 8: with the byte twice.
pub(crate) fn verdicts(bytes: &[u8], masks: [u8; 2], reads: impl Fn(&[u8]) -> bool) -> String {
    let digit = |place: usize| {
        let masked = |mask: u8| {
            let mut changed = bytes.to_vec();
            changed[place] ^= mask;
            changed
        };
        let (mut without, mut twice) = (bytes.to_vec(), bytes.to_vec());
        without.remove(place);
        twice.insert(place, bytes[place]);
        let changed = [masked(masks[0]), masked(masks[1]), without, twice];
        let bits = (0_u32..).zip(&changed).map(|(bit, changed)| u32::from(reads(changed)) << bit).sum();
        char::from_digit(bits, 16).expect("four bits")
    };
    (0..bytes.len()).map(digit).collect()
}
