mod bill_of_lading;
mod certificate_of_origin;
pub(super) mod differential;
mod forms;
pub(super) mod mutants;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::*;

/// Values to put at JSON pointers; null removes.
pub(super) type Edits<'a> = &'a [(&'a str, Value)];

/// A file that others wrote, kept outside the repository; tests that need it say so when it is absent.
pub(super) fn foreign(path: &str) -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let path = workspace.parent()?.join("shared").join(path);
    if path.exists() {
        Some(path)
    } else {
        println!("SKIPPED: {} is not here", path.display());
        None
    }
}

fn example(kind: DocKind) -> Value {
    serde_json::from_str(template(kind)).unwrap()
}

/// The example, edited.
fn edited(kind: DocKind, edits: Edits<'_>) -> Value {
    edited_value(example(kind), edits)
}

/// A document with the value at a JSON pointer replaced, added, or (by null) removed.
pub(super) fn edited_value(mut value: Value, edits: Edits<'_>) -> Value {
    for (pointer, new) in edits {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = value.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}"));
        match (parent, new) {
            (Value::Object(map), Value::Null) => drop(map.remove(key).unwrap_or_else(|| panic!("{pointer}"))),
            (Value::Object(map), new) => drop(map.insert(key.to_owned(), new.clone())),
            (Value::Array(list), new) => match key.parse::<usize>().unwrap() {
                end if end == list.len() => list.push(new.clone()),
                index => list[index] = new.clone(),
            },
            _ => panic!("{pointer}"),
        }
    }
    value
}

fn check_value(kind: DocKind, value: &Value) -> Result<Checked, Refusal> {
    check(kind, &serde_json::to_vec(value).unwrap())
}

fn names(findings: &[Finding]) -> Vec<(String, String)> {
    findings.iter().map(|f| (f.rule.clone().into_owned(), f.path.clone())).collect()
}

/// One edit, exactly one refusal.
#[track_caller]
fn refuses(kind: DocKind, pointer: &str, new: Value, rule: &str, path: &str) {
    let refusal = check_value(kind, &edited(kind, &[(pointer, new)])).expect_err(pointer);
    assert_eq!(names(refusal.findings()), [(rule.to_owned(), path.to_owned())]);
    let reject = refusal.reject();
    assert_eq!((reject.code, reject.path.as_str()), (Code::DocumentRefused, path));
    assert!(reject.detail.starts_with(rule), "{}", reject.detail);
}

/// These edits, exactly this remark.
#[track_caller]
fn remarks(kind: DocKind, edits: Edits<'_>, rule: &str, severity: Severity, path: &str) {
    let checked = check_value(kind, &edited(kind, edits)).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(names(&checked.findings), [(rule.to_owned(), path.to_owned())]);
    assert_eq!(checked.findings[0].severity, severity);
    assert!(!checked.findings[0].detail.is_empty() && !checked.findings[0].source.is_empty());
}

/// These edits, nothing to say.
#[track_caller]
fn silent(kind: DocKind, edits: Edits<'_>) -> Checked {
    let checked = check_value(kind, &edited(kind, edits)).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(names(&checked.findings), []);
    checked
}

#[test]
fn the_examples_are_flawless_and_small() {
    for kind in DocKind::ALL {
        silent(*kind, &[]);
        assert!(template(*kind).len() < 3_000);
    }
}

#[test]
fn the_examples_tell_of_one_shipment() {
    let (bill, form) = (example(DocKind::BillOfLading), example(DocKind::CertificateOfOrigin));
    let cargo = &bill["consignmentItems"][0]["cargoItems"][0];
    let (item, transport) = (&form["items"][0], &form["box3Transport"]);
    let pairs = [
        (&bill["transports"]["vesselVoyages"][0]["vesselName"], &transport["vessel"]),
        (&bill["transports"]["vesselVoyages"][0]["carrierExportVoyageNumber"], &transport["voyage"]),
        (&bill["transports"]["portOfLoading"]["UNLocationCode"], &transport["portOfLoading"]),
        (&bill["transports"]["portOfDischarge"]["UNLocationCode"], &transport["portOfDischarge"]),
        (&bill["shippedOnBoardDate"], &transport["departureDate"]),
        (&bill["documentParties"]["shipper"]["partyName"], &form["box1Exporter"]["name"]),
        (&bill["documentParties"]["notifyParties"][0]["partyName"], &form["box2Consignee"]["name"]),
        (&bill["consignmentItems"][0]["HSCodes"][0], &item["box7HsCode"]),
        (&bill["consignmentItems"][0]["shippingMarks"], &item["box6Marks"]),
        (&cargo["outerPackaging"]["numberOfPackages"], &item["box7Packages"]["count"]),
        (&cargo["cargoGrossWeight"]["unit"], &item["box9GrossWeight"]["unit"]),
    ];
    for (ours, theirs) in pairs {
        assert!(!ours.is_null());
        assert_eq!(ours, theirs);
    }
    assert_eq!(cargo["cargoGrossWeight"]["value"].to_string(), item["box9GrossWeight"]["value"].as_str().unwrap());
}

#[test]
fn bad_json_keeps_its_own_code() {
    let doubled =
        template(DocKind::CertificateOfOrigin).replacen("\"form\": \"E\",", "\"form\": \"E\", \"form\": \"E\",", 1);
    let refusal = check(DocKind::CertificateOfOrigin, doubled.as_bytes()).unwrap_err();
    assert_eq!(refusal.reject().code, Code::JsonDuplicateKey);
    assert_eq!(names(refusal.findings()), [("json_duplicate_key".to_owned(), "$.form".to_owned())]);
    assert_eq!(jcs_sha256(doubled.as_bytes()).unwrap_err().code, Code::JsonDuplicateKey);
    let long = vec![b' '; crate::limits::BODY_BYTES + 1];
    assert_eq!(check(DocKind::BillOfLading, &long).unwrap_err().reject().code, Code::JsonTooLarge);
}

#[test]
fn every_breach_is_named_and_the_answer_counts_them() {
    let kind = DocKind::CertificateOfOrigin;
    let edits =
        [("/scheme", json!("ATIGA")), ("/box1Exporter/country", json!("China")), ("/items/0/box7HsCode", Value::Null)];
    let refusal = check_value(kind, &edited(kind, &edits)).unwrap_err();
    let expected = [
        ("schema.enum", "$.scheme"),
        ("schema.length", "$.box1Exporter.country"),
        ("schema.required", "$.items[0].box7HsCode"),
    ];
    assert_eq!(names(refusal.findings()), expected.map(|(rule, path)| (rule.to_owned(), path.to_owned())));
    let reject = refusal.reject();
    assert_eq!(reject.path, "$.scheme");
    assert_eq!(reject.detail, "schema.enum: expected one of ACFTA (and 2 more)");
}

#[test]
fn a_hostile_body_gets_a_short_answer_and_remarks_hide_no_refusal() {
    let mut value = example(DocKind::BillOfLading);
    let map = value.as_object_mut().unwrap();
    for i in 0..2_000 {
        map.insert(format!("extra{i}"), json!(i));
    }
    assert_eq!(check_value(DocKind::BillOfLading, &value).unwrap().findings.len(), 256);
    value["carrierClauses"] = json!(vec![1; 1_000]);
    let refusal = check_value(DocKind::BillOfLading, &value).unwrap_err();
    assert_eq!(refusal.findings().len(), 256);
    assert!(refusal.reject().detail.ends_with("(and 999 more)"), "{refusal}");
}

#[test]
fn findings_survive_json() {
    let kind = DocKind::CertificateOfOrigin;
    let checked = check_value(kind, &edited(kind, &[("/items/0/box5ItemNumber", json!(2))])).unwrap();
    let text = serde_json::to_string(&checked).unwrap();
    assert!(text.contains(r#""severity":"warn""#), "{text}");
    assert_eq!(serde_json::from_str::<Checked>(&text).unwrap(), checked);
}

#[test]
fn rules_are_documented_once_each() {
    for kind in DocKind::ALL {
        let mut codes: Vec<_> = rules(*kind).iter().map(|rule| rule.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), rules(*kind).len());
        assert!(rules(*kind).iter().all(|rule| !rule.source.is_empty() && !rule.says.is_empty()));
    }
}

#[test]
fn kinds_have_frozen_tags_and_names() {
    for (kind, tag, name) in
        [(DocKind::BillOfLading, 1, "bill-of-lading"), (DocKind::CertificateOfOrigin, 2, "certificate-of-origin")]
    {
        assert_eq!(borsh::to_vec(&kind).unwrap(), [tag]);
        assert_eq!(serde_json::to_value(kind).unwrap(), name);
        assert_eq!(name.parse(), Ok(kind));
        assert_eq!(kind.to_string(), name);
    }
    assert_eq!("invoice".parse::<DocKind>(), Err(UnknownKind));
}

#[test]
fn a_number_has_one_spelling() {
    let number = |text| Reference::first(DocKind::CertificateOfOrigin, &["ACFTA", "CN", text]).number;
    assert_eq!(number("e26 ma51\u{a0}0001"), "ACFTA:CN:E26MA510001");
    let twins =
        [" E26MA510001", "E26\u{200b}MA510001", "\u{ff25}26MA51\u{ff10}001", "E26\tMA510001\n", "e26ma51000\u{fe0f}1"];
    for twin in twins {
        assert_eq!(number(twin), "ACFTA:CN:E26MA510001", "{twin:?}");
    }
    assert_eq!(number("stra\u{df}e"), number("STRASSE"));
    assert_eq!(number("\u{e9}"), number("E\u{301}"));
    assert_ne!(number("1/23"), number("12/3"));
    assert_ne!(number("O1"), number("01"));
}

proptest::proptest! {
    #[test]
    fn our_canonical_form_is_the_librarys(value in crate::json::tests::any_json()) {
        let mut ours = Vec::new();
        canonical::write(&value, &mut ours).unwrap();
        let theirs = serde_json_canonicalizer::to_vec(&value).unwrap();
        proptest::prop_assert_eq!(String::from_utf8(ours).unwrap(), String::from_utf8(theirs).unwrap());
    }

    #[test]
    fn the_one_spelling_is_final_and_blind_to_case_and_blanks(text in "\\PC{0,12}", word in "[a-zA-Z0-9/-]{1,12}") {
        let number = |text: &str| Reference::first(DocKind::BillOfLading, &[text]).number;
        proptest::prop_assert_eq!(number(&number(&text)), number(&text));
        let spaced: String = word.chars().flat_map(|c| [' ', c]).collect();
        proptest::prop_assert_eq!(number(&spaced.to_lowercase()), number(&word));
    }
}

#[test]
fn dates_are_those_of_the_calendar() {
    use date::{Date, is_date_time};
    for bad in [
        "2026-02-29",
        "1900-02-29",
        "2026-00-10",
        "2026-13-01",
        "2026-04-31",
        "2026-1-1",
        "20260101",
        "2026-01-01T",
        "",
    ] {
        assert_eq!(Date::parse(bad), None, "{bad}");
    }
    let number = |text| Date::parse(text).unwrap().number();
    assert_eq!(number("1970-01-01"), 0);
    assert_eq!(number("2000-02-29"), 11_016);
    assert_eq!(number("2026-11-20"), 20_777);
    assert_eq!(number("1969-12-31"), -1);
    assert_eq!(Date::parse("2024-02-29").unwrap().next_year(), Date::parse("2025-02-28").unwrap());
    for good in ["2026-11-20T08:30:00Z", "2026-11-20t23:59:60.123+08:00", "2026-11-20T00:00:00-05:30"] {
        assert!(is_date_time(good), "{good}");
    }
    let bad = [
        "2026-11-20",
        "2026-11-20T24:00:00Z",
        "2026-11-20T08:30:00",
        "2026-11-20T08:30:00.Z",
        "2026-11-31T08:30:00Z",
        "é026-11-20T08:30:00Z",
    ];
    for bad in bad {
        assert!(!is_date_time(bad), "{bad}");
    }
}

/// Pinned: the digest stands in signed statements.
#[test]
fn the_rfc_8785_digest_is_pinned() {
    let digest = |text: &str| data_encoding::HEXLOWER.encode(&jcs_sha256(text.as_bytes()).unwrap());
    let plain = data_encoding::HEXLOWER.encode(&Sha256::digest(br#"{"a":9840.5,"b":[1,0.000001,1e-7]}"#));
    assert_eq!(digest(" { \"b\" : [1.0, 1e-6, 1e-7], \"\\u0061\":9840.50 } "), plain);
    // By UTF-16 the emoji, a surrogate pair, stands before the ligature; by code point after it.
    let emoji_first = data_encoding::HEXLOWER.encode(&Sha256::digest("{\"\u{1f600}\":1,\"\u{fb01}\":2}"));
    assert_eq!(digest("{\"\u{fb01}\":2,\"\u{1f600}\":1}"), emoji_first);
    assert_eq!(digest("-0"), digest("0"));
    assert_eq!(digest("9007199254740993"), digest("9007199254740992"));
    assert_ne!(digest("9007199254740994"), digest("9007199254740992"));
}

#[test]
fn the_published_rfc_8785_vectors_agree() {
    let Some(folder) = foreign("vectors/jcs/testdata") else { return };
    let mut count = 0;
    for entry in std::fs::read_dir(folder.join("input")).unwrap() {
        let input = entry.unwrap().path();
        let output = std::fs::read(folder.join("output").join(input.file_name().unwrap())).unwrap();
        let expected: [u8; 32] = Sha256::digest(output.trim_ascii_end()).into();
        assert_eq!(jcs_sha256(&std::fs::read(&input).unwrap()).unwrap(), expected, "{}", input.display());
        count += 1;
    }
    assert!(count >= 6, "{count} vectors");
}
