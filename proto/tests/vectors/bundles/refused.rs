//! Files that are no bundle, whatever stands in them.

use data_encoding::BASE64;
use sampan_proto::codec;
use sampan_proto::proof::Bundle;
use serde_json::Value;

use super::Cases;
use crate::support::cast::{self, BANK};
use crate::support::story::Story;

pub(super) fn refused(cases: &mut Cases, story: &Story) {
    let chain = &story.chain;
    let bundle = Bundle {
        receipt: Some(chain.receipt(3)),
        members: vec![chain.member(BANK)],
        status: Some(chain.status(story.bill)),
        ..chain.bundle()
    };
    let text = serde_json::to_string(&bundle).expect("JSON");
    let mut edit = |name: &str, from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{name}: the case changes something");
        cases.refused(&format!("refused, {name}"), &changed);
    };
    edit("an unknown field", "{", "{\"extra\":0,");
    edit("an unknown field inside", "\"head\":{", "\"head\":{\"extra\":0,");
    edit("a field twice", "\"chain\":", "\"chain\":null,\"chain\":");
    edit("a field missing", "\"mediaType\":\"application/vnd.sampan.bundle+json;version=1\",", "");
    edit("null for a part", "\"receipt\":{", "\"body\":null,\"receipt\":{");
    edit("an empty list for a part", "\"receipt\":{", "\"history\":[],\"receipt\":{");
    edit("no handover in a list", "\"receipt\":{", "\"trustPath\":[],\"receipt\":{");
    edit("a digest in capitals", &chain.genesis.chain.to_string(), &chain.genesis.chain.to_string().to_uppercase());
    edit("a key of no suite", "\"keyid\":\"ed25519:", "\"keyid\":\"ed448:");
    edit("half a surrogate pair", "\"mediaType\":\"", "\"mediaType\":\"\\ud800");
    edit("a byte order mark", "{", "\u{feff}{");
    let head = text.replacen("\"head\":{\"header\":", "\"head\":[", 1).replacen("\"certificate\":", "", 1);
    cases.refused("refused, an array for an object", &head.replacen("\"},\"receipt\"", "\"],\"receipt\"", 1));
    cases.refused("refused, something behind", &format!("{text}{{}}"));
    cases.refused("refused, cut short", &text[..text.len() - 1]);
    handovers(cases, story);
    let value: Value = serde_json::from_str(&text).expect("JSON");
    let mut binary = |name: &str, place: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes =
            BASE64.decode(value.pointer(place).and_then(Value::as_str).expect("text").as_bytes()).expect("base64");
        let before = BASE64.encode(&bytes);
        change(&mut bytes);
        let after = BASE64.encode(&bytes);
        assert_ne!(before, after, "{name}: the case changes something");
        cases.refused(&format!("refused, {name}"), &text.replacen(&before, &after, 1));
    };
    let header = "/head/header";
    binary("a byte behind a header", header, &|bytes| bytes.push(0));
    binary("a header cut short", header, &|bytes| {
        bytes.pop();
    });
    binary("a proposer of another suite", header, &|bytes| bytes[52] = 1);
    binary("an unknown action", "/receipt/entry", &|bytes| bytes[17] = 200);
    binary("an option that is neither", "/status/record", &|bytes| *bytes.last_mut().expect("a byte") = 2);
    let roles = codec::encode(&cast::id(BANK)).len() + 4 + "Harbour Bank Berhad".len() + 2 + 4;
    binary("roles out of order", "/members/0/member", &|bytes| bytes.swap(roles, roles + 1));
    binary("roles twice", "/members/0/member", &|bytes| bytes[roles] = bytes[roles + 1]);
    binary("a member id in capitals", "/members/0/member", &|bytes| bytes[4] = b'H');
    binary("bits beyond the depth of a proof", "/status/proof", &|bytes| bytes[7] |= 0x80);
    let encoded = value.pointer(header).and_then(Value::as_str).expect("text");
    let mut base64 = |name: &str, to: &str| {
        assert_ne!(encoded, to, "{name}: the case changes something");
        cases.refused(&format!("refused, {name}"), &text.replacen(encoded, to, 1));
    };
    base64("base64 without padding", encoded.trim_end_matches('='));
    base64("base64 in two padded pieces", &in_two_pieces(encoded));
    base64("base64 with a blank", &format!("{encoded} "));
    base64("base64 of the other alphabet", &encoded.replace('+', "-").replace('/', "_"));
    base64("base64 with bits that say nothing", &spare_bit(encoded));
}

/// Rosters that are none.
fn handovers(cases: &mut Cases, story: &Story) {
    let bundle = story.handed_over();
    let text = serde_json::to_string(&bundle).expect("JSON");
    let roster = codec::encode(&bundle.trust_path[0].roster.0);
    let good = BASE64.encode(&roster);
    let mut bad = |name: &str, bytes: Vec<u8>| {
        cases.refused(&format!("refused, {name}"), &text.replacen(&good, &BASE64.encode(&bytes), 1));
    };
    let first = 4 + 4 + "cn-customs".len() + 33 + 8;
    bad("a roster of nobody", vec![0; 4]);
    bad("a roster with a validator twice", [&[2, 0, 0, 0], &roster[4..first], &roster[4..first]].concat());
    let mut powerless = roster.clone();
    powerless[first - 8] = 0;
    bad("a roster with a validator without power", powerless);
}

/// Base64 of the first byte, padded, and of the rest.
fn in_two_pieces(encoded: &str) -> String {
    let bytes = BASE64.decode(encoded.as_bytes()).expect("base64");
    let (head, rest) = bytes.split_at(1);
    BASE64.encode(head) + &BASE64.encode(rest)
}

/// Base64 of the same bytes with a bit set that no byte holds.
fn spare_bit(encoded: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = encoded.trim_end_matches('=');
    assert_ne!(digits, encoded, "there are spare bits");
    let (rest, last) = digits.split_at(digits.len() - 1);
    let next = ALPHABET.split_once(last).and_then(|(_, after)| after.chars().next()).expect("a sign");
    format!("{rest}{next}{}", &encoded[digits.len()..])
}
