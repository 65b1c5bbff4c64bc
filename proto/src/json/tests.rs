use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use super::*;
use crate::limits::JSON_INTEGER;

const STRICT: JsonLimits = JsonLimits { max_bytes: 4096, max_depth: 8, integers_only: true };
const FLOATS: JsonLimits = JsonLimits { integers_only: false, ..STRICT };

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outer {
    a: u32,
    #[serde(default)]
    list: Vec<Inner>,
    #[serde(default)]
    act: Option<Act>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inner {
    b: String,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Act {
    Issue(Inner),
}

#[track_caller]
fn refused(text: &str, limits: &JsonLimits) -> (Code, String) {
    let error = scan(text.as_bytes(), limits).expect_err(text);
    (error.code, error.path)
}

#[track_caller]
fn misread(text: &str) -> (Code, String) {
    scan(text.as_bytes(), &STRICT).expect("the scanner has no objection");
    let error = from_slice::<Outer>(text.as_bytes(), &STRICT).expect_err(text);
    (error.code, error.path)
}

fn at(code: Code, path: &str) -> (Code, String) {
    (code, path.to_owned())
}

#[test]
fn reads_what_is_well_formed() {
    let text = r#" { "a" : 7, "list":[{"b":"x\u0041\ud83d\ude00"} , {"b":""}], "act":{"issue":{"b":"y"}} } "#;
    let read: Outer = from_slice(text.as_bytes(), &STRICT).unwrap();
    assert_eq!(read.list[0].b, "xA\u{1f600}");
    assert_eq!(read.act, Some(Act::Issue(Inner { b: "y".to_owned() })));
    for text in ["0", "-1", "[]", "{}", "[[],{}]", "\"\"", "true", "false", "null", "\t[ ]\r\n"] {
        scan(text.as_bytes(), &STRICT).unwrap_or_else(|e| panic!("{text}: {e}"));
    }
    for text in ["0.5", "-0", "-0.0", "1e3", "1E-3", "1.25e+10", "123456789012345678901234567890"] {
        scan(text.as_bytes(), &FLOATS).unwrap_or_else(|e| panic!("{text}: {e}"));
    }
}

#[test]
fn size_is_capped_before_anything_is_read() {
    let limits = JsonLimits { max_bytes: 4, ..STRICT };
    scan(b"[12]", &limits).unwrap();
    assert_eq!(scan(b"\xff\xff\xff\xff\xff", &limits).unwrap_err().code, Code::JsonTooLarge);
}

#[test]
fn only_utf8_without_byte_order_mark() {
    assert_eq!(scan(b"\"\xc3\x28\"", &STRICT).unwrap_err().code, Code::JsonMalformed);
    assert_eq!(refused("\u{feff}{}", &STRICT), at(Code::JsonMalformed, "$"));
}

#[test]
fn malformed_texts_are_refused() {
    let cases = [
        "",
        " ",
        "{",
        "[",
        "\"",
        "{}x",
        "{} {}",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\" 1}",
        "{\"a\":1 \"b\":2}",
        "[}",
        "{]",
        "'a'",
        "tru",
        "nul",
        "True",
        "+1",
        "01",
        "-",
        "-01",
        ".5",
        "NaN",
        "1.",
        "1e",
        "1e+",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\t\"",
        "\"\\",
        "// c\n1",
        "\u{a0}1",
        "{1:2}",
        "]",
    ];
    for text in cases {
        assert_eq!(refused(text, &FLOATS).0, Code::JsonMalformed, "{text}");
        assert!(serde_json::from_str::<Value>(text).is_err(), "{text}: not malformed after all");
    }
}

#[test]
fn malformed_texts_are_located() {
    let error = scan(b"{\"a\": [1,\n  {\"b c\": tru}]}", &STRICT).unwrap_err();
    assert_eq!(error.path, "$.a[1][\"b c\"]");
    assert!(error.detail.ends_with("(line 2, column 11)"), "{}", error.detail);
}

#[test]
fn half_surrogates_are_refused() {
    for text in
        [r#""\ud800""#, r#""\udc00""#, r#""\ud800\u0041""#, r#""\ud800x""#, r#"{"\udbff":1}"#, r#""\ude00\ud83d""#]
    {
        assert_eq!(refused(text, &STRICT).0, Code::JsonMalformed, "{text}");
    }
}

#[test]
fn duplicate_keys_are_refused_at_every_depth() {
    let cases = [
        (r#"{"a":1,"a":1}"#, "$.a"),
        (r#"{"a":1,"b":2,"a":3}"#, "$.a"),
        (r#"[0,{"x":{"y":[{"k":1,"l":2,"k":3}]}}]"#, "$[1].x.y[0].k"),
        (r#"{"a":1,"\u0061":2}"#, "$.a"),
        (r#"{"a":{"a":1},"b":[{"a":1}],"a":2}"#, "$.a"),
        (r#"{"":1,"":2}"#, r#"$[""]"#),
    ];
    for (text, path) in cases {
        assert_eq!(refused(text, &STRICT), at(Code::JsonDuplicateKey, path), "{text}");
    }
    scan(r#"{"a":{"a":[{"a":1},{"a":2}]},"A":2}"#.as_bytes(), &STRICT).unwrap();
}

#[test]
fn duplicate_keys_are_found_among_many() {
    let limits = JsonLimits { max_bytes: 1 << 20, ..STRICT };
    let object = |keys: &mut dyn Iterator<Item = usize>| {
        let members: Vec<_> = keys.map(|k| format!("\"k{k}\":0")).collect();
        format!("{{{}}}", members.join(","))
    };
    for count in [15, 16, 17, 18, 40_000] {
        scan(object(&mut (0..count)).as_bytes(), &limits).unwrap();
        let twice = object(&mut (0..count).chain([count / 2]));
        assert_eq!(refused(&twice, &limits), at(Code::JsonDuplicateKey, &format!("$.k{}", count / 2)));
    }
}

#[test]
fn depth_is_capped() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    scan(nested(8).as_bytes(), &STRICT).unwrap();
    assert_eq!(refused(&nested(9), &STRICT).0, Code::JsonTooDeep);
    assert_eq!(refused(r#"{"a":[[[[[[[[0]]]]]]]]}"#, &STRICT), at(Code::JsonTooDeep, "$.a[0][0][0][0][0][0][0]"));
    // Whatever the caller allows, nothing reaches serde_json's own limit or the stack's.
    let boundless = JsonLimits { max_bytes: 1 << 22, max_depth: usize::MAX, integers_only: true };
    from_slice::<Value>(nested(127).as_bytes(), &boundless).unwrap();
    assert_eq!(refused(&nested(1 << 20), &boundless).0, Code::JsonTooDeep);
}

#[test]
fn integers_only_means_it() {
    for good in [JSON_INTEGER.to_string(), format!("-{JSON_INTEGER}"), "0".to_owned()] {
        scan(good.as_bytes(), &STRICT).unwrap();
    }
    let beyond = (JSON_INTEGER + 1).to_string();
    let bad = ["1.0", "1e2", "-0", "0.0", "1E0", &beyond, &format!("-{beyond}"), "99999999999999999999999999"];
    for text in bad {
        assert_eq!(refused(&format!("{{\"n\":[{text}]}}"), &STRICT), at(Code::JsonNumber, "$.n[0]"), "{text}");
    }
}

#[test]
fn numbers_beyond_a_double_are_refused() {
    let digits = "9".repeat(310);
    for text in ["1e309", "-1e999", "1e999999999999", &digits, &format!("{digits}.5")] {
        assert_eq!(refused(text, &FLOATS).0, Code::JsonNumber, "{text}");
        assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
    }
    for text in ["1e308", "1e-999", &"9".repeat(308)] {
        from_slice::<Value>(text.as_bytes(), &FLOATS).unwrap();
    }
}

/// `serde_json` would parse the string as JSON, past the scanner.
#[test]
fn no_key_smuggles_json_in() {
    let smuggled = r#"{"$serde_json::private::RawValue":"{\"a\":1,\"a\":2}"}"#;
    let read: Value = serde_json::from_str(smuggled).unwrap();
    assert_eq!(read, serde_json::json!({"a": 2}), "the trap is gone; the scanner's rule may go too");
    assert_eq!(refused(smuggled, &STRICT).0, Code::JsonMalformed);
    let escaped = smuggled.replacen('$', "\\u0024", 1);
    assert_eq!(refused(&escaped, &STRICT).0, Code::JsonMalformed);
}

#[test]
fn what_does_not_fit_is_named_by_its_path() {
    let cases = [
        (r#"{"a":1,"c":2}"#, Code::JsonUnknownField, "$.c"),
        (r#"{"a":1,"list":[{"b":"x"},{"b":"y","zz":0}]}"#, Code::JsonUnknownField, "$.list[1].zz"),
        (r#"{"list":[]}"#, Code::JsonMissingField, "$.a"),
        (r#"{"a":1,"list":[{}]}"#, Code::JsonMissingField, "$.list[0].b"),
        (r#"{"a":"1"}"#, Code::JsonType, "$.a"),
        (r#"{"a":-1}"#, Code::JsonType, "$.a"),
        (r#"{"a":1,"list":[{"b":null}]}"#, Code::JsonType, "$.list[0].b"),
        (r#"{"a":1,"act":{"issue":{"b":[]}}}"#, Code::JsonType, "$.act.issue.b"),
        (r#"{"a":1,"act":{"sink":{}}}"#, Code::JsonType, "$.act"),
        ("[]", Code::JsonType, "$"),
    ];
    for (text, code, path) in cases {
        let found = misread(text);
        assert_eq!(found.0, code, "{text}");
        assert_eq!(found.1, path, "{text}");
    }
}

#[test]
fn answers_stay_small() {
    let limits = JsonLimits { max_bytes: 1 << 20, ..STRICT };
    let text = format!("{{\"a\":1,\"{}\":2}}", "é".repeat(10_000));
    let error = from_slice::<Outer>(text.as_bytes(), &limits).unwrap_err();
    assert_eq!(error.code, Code::JsonUnknownField);
    assert!(error.path.len() + error.detail.len() < 1_200, "{error}");
}

#[test]
fn a_refusal_keeps_code_path_and_detail() {
    let error = scan(b"{\"a\":1.5}", &STRICT).unwrap_err();
    let reject = Reject::from(error.clone());
    assert_eq!((reject.code, reject.path, reject.detail), (Code::JsonNumber, "$.a".to_owned(), error.detail));
}

pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no infinities", |n| n.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 20, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..20).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..20)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

const ROOMY: JsonLimits = JsonLimits { max_bytes: 1 << 24, max_depth: 127, integers_only: false };

proptest! {
    #[test]
    fn valid_json_is_accepted_and_kept(value in any_json()) {
        for text in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
            prop_assert_eq!(from_slice::<Value>(text.as_bytes(), &ROOMY).unwrap(), value.clone());
        }
    }

    /// One byte replaced, dropped or doubled: the scanner and `serde_json` agree whether JSON is left.
    /// Duplicate keys, which only the scanner sees, are left out.
    #[test]
    fn the_scanner_agrees_with_serde_json(
        value in any_json(),
        place in any::<prop::sample::Index>(),
        byte in prop_oneof![any::<u8>(), prop::sample::select(b"{}[]:,\"\\0e.-+ u".to_vec())],
        change in 0..3_u8,
    ) {
        let mut bytes = serde_json::to_vec(&value).unwrap();
        let at = place.index(bytes.len());
        match change {
            0 => bytes[at] = byte,
            1 => { bytes.remove(at); }
            _ => bytes.insert(at, byte),
        }
        let scanned = scan(&bytes, &ROOMY);
        let parsed = serde_json::from_slice::<Value>(&bytes);
        if !matches!(&scanned, Err(e) if e.code == Code::JsonDuplicateKey) {
            prop_assert_eq!(scanned.is_ok(), parsed.is_ok(), "{:?} {:?} {:?}", String::from_utf8_lossy(&bytes), scanned, parsed);
        }
    }

    #[test]
    fn noise_never_panics(bytes in proptest::collection::vec(
        prop_oneof![any::<u8>(), prop::sample::select(b"{}[]:,\"\\0129eE.-+tfn ud".to_vec())], 0..200)) {
        let scanned = scan(&bytes, &ROOMY);
        let parsed = serde_json::from_slice::<Value>(&bytes);
        if !matches!(&scanned, Err(e) if e.code == Code::JsonDuplicateKey) {
            prop_assert_eq!(scanned.is_ok(), parsed.is_ok(), "{:?}", String::from_utf8_lossy(&bytes));
        }
    }
}
