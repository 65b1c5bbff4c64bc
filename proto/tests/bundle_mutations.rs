//! Whatever is changed in a bundle file: it does not read, or some rung is INVALID. No change is overlooked.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

mod support;

use data_encoding::BASE64;
use proptest::prelude::*;
use sampan_proto::genesis::Genesis;
use sampan_proto::limits;
use sampan_proto::proof::{Bundle, Ladder, Outcome, Policy, verify};
use sampan_proto::reject::Code;
use serde_json::Value;
use support::cast;
use support::story::Story;

fn policy(story: &Story) -> Policy<'static> {
    let now_ms = story.chain.heads[3].0.time_ms + 1_000;
    Policy { now_ms: Some(now_ms), max_age_ms: Some(60_000), strict: true, witnesses: &[] }
}

fn climb(story: &Story, bundle: &Bundle) -> Ladder {
    verify(bundle, &story.chain.genesis, &policy(story))
}

/// The file without one superfluous byte.
fn file(bundle: &Bundle) -> Vec<u8> {
    serde_json::to_vec(bundle).expect("JSON")
}

/// The ladder of a changed file that still reads and still is VALID, with what it now claims.
fn survives(story: &Story, bytes: &[u8]) -> Option<Bundle> {
    let bundle = Bundle::from_json(bytes).ok()?;
    (climb(story, &bundle).outcome() == Outcome::Valid).then_some(bundle)
}

/// A bundle may claim the absence of anything that is absent: what names it may change, nothing else.
fn is_true_of_another_absence(story: &Story, original: &Bundle, changed: &Bundle) -> bool {
    let mut named = changed.clone();
    if let (Some(status), Some(before)) = (&mut named.status, &original.status) {
        let exists = story.chain.records.contains_key(&status.id);
        if status.record.is_some() || exists {
            return false;
        }
        status.id = before.id;
    }
    if let (Some(reference), Some(before)) = (&mut named.reference, &original.reference) {
        let issued = story.chain.references.contains_key(&(reference.issuer.clone(), reference.key));
        if reference.record.is_some() || issued {
            return false;
        }
        (reference.issuer, reference.key) = (before.issuer.clone(), before.key);
    }
    named == *original && changed != original
}

#[test]
fn every_byte_of_the_file_counts() {
    let story = Story::tell();
    let good = file(&story.full());
    let blank = |byte: &u8| byte.is_ascii_whitespace();
    assert!(!good.iter().any(blank), "a blank would be a byte that counts for nothing");
    assert!(survives(&story, &good).is_some());
    for place in 0..good.len() {
        let mut bytes = good.clone();
        // Over eight neighbours each bit has its turn.
        bytes[place] ^= 1 << (place % 8);
        assert!(survives(&story, &bytes).is_none(), "byte {place}, bit {}", place % 8);
    }
}

#[test]
fn no_byte_can_be_left_out_doubled_or_exchanged() {
    let story = Story::tell();
    let good = file(&story.record_only());
    for place in (0..good.len()).step_by(3) {
        let mut without = good.clone();
        without.remove(place);
        assert!(survives(&story, &without).is_none(), "without byte {place}");
        let mut doubled = good.clone();
        doubled.insert(place, good[place]);
        assert!(survives(&story, &doubled).is_none(), "byte {place} twice");
        let mut exchanged = good.clone();
        if place > 0 && good[place - 1] != good[place] {
            exchanged.swap(place - 1, place);
            assert!(survives(&story, &exchanged).is_none(), "bytes {} and {place} exchanged", place - 1);
        }
    }
    for end in 0..good.len() {
        assert!(Bundle::from_json(&good[..end]).is_err(), "cut at {end}");
    }
}

/// Where the base64 strings of a file are.
fn binary_parts(value: &Value) -> Vec<String> {
    fn walk(value: &Value, path: &str, parts: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    walk(value, &format!("{path}/{key}"), parts);
                }
            }
            Value::Array(list) => {
                for (i, value) in list.iter().enumerate() {
                    walk(value, &format!("{path}/{i}"), parts);
                }
            }
            Value::String(text) if text.len() > 64 && BASE64.decode(text.as_bytes()).is_ok() => {
                parts.push(path.to_owned());
            }
            _ => {}
        }
    }
    let mut parts = Vec::new();
    walk(value, "", &mut parts);
    parts
}

/// The file with one binary part changed.
fn rewritten(value: &Value, part: &str, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut value = value.clone();
    let place = value.pointer_mut(part).expect("a part");
    let mut bytes = BASE64.decode(place.as_str().expect("text").as_bytes()).expect("base64");
    change(&mut bytes);
    *place = Value::String(BASE64.encode(&bytes));
    serde_json::to_vec(&value).expect("JSON")
}

struct Subject {
    story: Story,
    value: Value,
    parts: Vec<String>,
}

impl Subject {
    fn new() -> Self {
        let story = Story::tell();
        let value = serde_json::to_value(story.full()).expect("JSON");
        let parts = binary_parts(&value);
        Self { story, value, parts }
    }
}

#[test]
fn the_binary_parts_are_all_found() {
    let subject = Subject::new();
    // Header, certificate; receipt: payload, signature, entry, path; status: record, proof; history: three times
    // entry, payload, signature; reference: proof; members: three times member, proof; body.
    assert_eq!(subject.parts.len(), 2 + 4 + 2 + 3 * 3 + 1 + 3 * 2 + 1, "{:?}", subject.parts);
}

#[test]
fn binary_parts_have_one_encoding() {
    let Subject { story, value, parts } = Subject::new();
    for part in &parts {
        let padded = rewritten(&value, part, |bytes| bytes.push(0));
        assert!(survives(&story, &padded).is_none(), "{part} with a byte more");
        let cut = rewritten(&value, part, |bytes| {
            bytes.pop();
        });
        assert!(survives(&story, &cut).is_none(), "{part} with a byte less");
        let text = value.pointer(part).and_then(Value::as_str).expect("text");
        let as_text = String::from_utf8(serde_json::to_vec(&value).expect("JSON")).expect("text");
        for other in [format!("{text}===="), text.trim_end_matches('=').to_owned() + "\\n", format!(" {text}")] {
            assert!(survives(&story, as_text.replacen(text, &other, 1).as_bytes()).is_none(), "{part} as {other}");
        }
    }
    // A registry entry whose roles stand in another order, or twice, is another encoding of the same member.
    let role = roles_exchanged(&story);
    assert!(role.is_err(), "roles out of order decode to {role:?}");
}

fn roles_exchanged(story: &Story) -> Result<sampan_proto::member::Member, sampan_proto::codec::DecodeError> {
    let bank = story.chain.member(cast::BANK).member.0;
    let mut bytes = sampan_proto::codec::encode(&bank);
    // Two roles behind id, name and country: a length of two, then bank (4) and verifier (5).
    let roles = bytes.windows(6).position(|w| w == [2, 0, 0, 0, 4, 5]).expect("the roles");
    bytes.swap(roles + 4, roles + 5);
    sampan_proto::codec::decode(&bytes, bytes.len())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    /// 8 times 400 places in the binary parts.
    #[test]
    fn no_changed_bit_of_a_binary_part_is_overlooked(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_u8..8), 400)
    ) {
        let Subject { story, value, parts } = Subject::new();
        for (part, place, bit) in places {
            let part = part.get(&parts);
            let changed = rewritten(&value, part, |bytes| *place.get_mut(bytes) ^= 1 << bit);
            prop_assert!(survives(&story, &changed).is_none(), "{} {:?} bit {}", part, place, bit);
        }
    }

    /// The same for a proof that something is absent, which may turn into the proof of another absence.
    #[test]
    fn a_changed_absence_is_an_absence(
        places in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 300)
    ) {
        let story = Story::tell();
        let original = story.absent();
        let good = file(&original);
        for (place, bits) in places {
            let mut bytes = good.clone();
            *place.get_mut(&mut bytes) ^= bits;
            if let Some(changed) = survives(&story, &bytes) {
                prop_assert!(is_true_of_another_absence(&story, &original, &changed), "{:?}: {:#?}", place, changed);
            }
        }
    }
}

#[test]
fn two_files_of_one_network_do_not_mix() {
    // The same story with other salts is the same people and the same network; no part of it fits this head.
    let mut file = cast::genesis_file();
    file.time_ms += 1;
    let (story, other) = (Story::tell(), Story::tell_on(&file));
    let (mine, theirs) = (story.full(), other.full());
    let valid =
        |bundle: &Bundle, anchor: &Genesis| verify(bundle, anchor, &Policy::default()).outcome() == Outcome::Valid;
    assert!(valid(&mine, &story.chain.genesis) && valid(&theirs, &other.chain.genesis));
    let mixes = vec![
        Bundle { receipt: theirs.receipt, ..mine.clone() },
        Bundle { status: theirs.status, ..mine.clone() },
        Bundle { history: theirs.history, ..mine.clone() },
        Bundle { reference: theirs.reference, ..mine.clone() },
        Bundle { head: theirs.head, ..mine.clone() },
    ];
    for mix in mixes {
        assert!(!valid(&mix, &story.chain.genesis), "{mix:#?}");
    }
}

#[test]
fn unknown_fields_and_duplicate_keys_are_refused_in_every_object() {
    let story = Story::tell();
    let text = String::from_utf8(file(&story.full())).expect("text");
    let objects: Vec<_> = text.match_indices('{').map(|(at, _)| at).collect();
    assert!(objects.len() > 15, "{}", objects.len());
    for at in objects {
        let (head, tail) = text.split_at(at + 1);
        let unknown = Bundle::from_json(format!("{head}\"unheardOf\":0,{tail}").as_bytes()).expect_err("refused");
        assert_eq!(unknown.code, Code::JsonUnknownField, "{unknown}");
        assert!(unknown.path.ends_with(".unheardOf"), "{unknown}");
        let key = tail.split(':').next().expect("a key");
        let twice = Bundle::from_json(format!("{head}{key}:null,{tail}").as_bytes()).expect_err("refused");
        assert_eq!(twice.code, Code::JsonDuplicateKey, "{twice}");
    }
}

/// `serde` reads an object also as the array of its values, and null for what is left out. Nobody else does.
#[test]
fn a_part_has_one_form() {
    fn walk(value: &Value, path: &str, objects: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                objects.push(path.to_owned());
                map.iter().for_each(|(key, inner)| walk(inner, &format!("{path}/{key}"), objects));
            }
            Value::Array(list) => (0..).zip(list).for_each(|(i, inner)| walk(inner, &format!("{path}/{i}"), objects)),
            _ => {}
        }
    }
    let story = Story::tell();
    let whole = serde_json::to_value(story.full()).expect("JSON");
    let mut objects = Vec::new();
    walk(&whole, "", &mut objects);
    assert!(objects.len() > 15, "{}", objects.len());
    for place in objects {
        let mut changed = whole.clone();
        let object = changed.pointer_mut(&place).expect("an object");
        *object = object.as_object().expect("an object").values().cloned().collect();
        assert!(Bundle::from_json(&serde_json::to_vec(&changed).expect("JSON")).is_err(), "{place} as an array");
    }
    // In the order in which the fields are declared, which serde goes by.
    let array = String::from_utf8(file(&story.full())).expect("text");
    let array = array.replacen("\"head\":{\"header\":", "\"head\":[", 1).replacen("\"certificate\":", "", 1);
    let array = array.replacen("\"},\"receipt\"", "\"],\"receipt\"", 1);
    assert_eq!(Bundle::from_json(array.as_bytes()).map_err(|e| e.code), Err(Code::JsonType));
    for (part, nothing) in [("body", "null"), ("status", "null"), ("members", "[]"), ("history", "[]")] {
        let mut changed = whole.clone();
        changed[part] = serde_json::from_str(nothing).expect("JSON");
        let refused = Bundle::from_json(&serde_json::to_vec(&changed).expect("JSON"));
        assert_eq!(refused.map_err(|e| e.code), Err(Code::JsonType), "{part} is {nothing}");
    }
    let absent = String::from_utf8(file(&story.absent())).expect("text");
    assert!(absent.contains("\"record\":null"), "here null says that there is none");
    assert!(Bundle::from_json(absent.as_bytes()).is_ok());
    assert!(Bundle::from_json(absent.replace("\"record\":null,", "").as_bytes()).is_ok(), "so does nothing");
}

#[test]
fn a_bundle_has_its_size_and_depth() {
    let story = Story::tell();
    let mut bytes = file(&story.full());
    bytes.resize(limits::BUNDLE_BYTES, b' ');
    assert!(Bundle::from_json(&bytes).is_ok(), "the largest");
    bytes.push(b' ');
    assert_eq!(Bundle::from_json(&bytes).map_err(|e| e.code), Err(Code::JsonTooLarge));
    let deep = format!("{{\"head\":{}0{}}}", "[".repeat(9), "]".repeat(9));
    assert_eq!(Bundle::from_json(deep.as_bytes()).map_err(|e| e.code), Err(Code::JsonTooDeep));
    let text = String::from_utf8(file(&story.full())).expect("text");
    let fraction = text.replacen("\"index\":1", "\"index\":1.0", 1);
    assert_ne!(fraction, text);
    assert_eq!(Bundle::from_json(fraction.as_bytes()).map_err(|e| e.code), Err(Code::JsonNumber));
    assert!(Bundle::from_json(&[text.as_bytes(), b"{}"].concat()).is_err(), "one value");
}
