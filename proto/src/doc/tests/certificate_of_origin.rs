use super::*;
use crate::doc::{Amounts, ItemNumber, OriginClaims, Scheme};

const ORIGIN: DocKind = DocKind::CertificateOfOrigin;

#[test]
fn every_class_of_schema_rule_refuses() {
    let item = "$.items[0]";
    let cases = [
        ("/referenceNumber", Value::Null, "schema.required", "$.referenceNumber".to_owned()),
        ("/box13Ticks/exhibition", Value::Null, "schema.required", "$.box13Ticks.exhibition".to_owned()),
        ("/items/0/box6Marks", Value::Null, "schema.required", format!("{item}.box6Marks")),
        ("/box1Exporter", json!("Ningbo"), "schema.type", "$.box1Exporter".to_owned()),
        ("/items/0/box9GrossWeight/value", json!(9840.5), "schema.type", format!("{item}.box9GrossWeight.value")),
        ("/box1Exporter/name", json!("n".repeat(141)), "schema.length", "$.box1Exporter.name".to_owned()),
        ("/referenceNumber", json!("E1\u{7}"), "schema.pattern", "$.referenceNumber".to_owned()),
        ("/items/0/box7HsCode", json!("8413.7"), "schema.pattern", format!("{item}.box7HsCode")),
        ("/items/0/box7HsCode", json!("84137011"), "schema.length", format!("{item}.box7HsCode")),
        ("/items/0/box8OriginCriterion/code", json!("CTC"), "schema.enum", format!("{item}.box8OriginCriterion.code")),
        ("/issuingCountry", json!("JP"), "schema.enum", "$.issuingCountry".to_owned()),
        ("/scheme", json!("ATIGA"), "schema.enum", "$.scheme".to_owned()),
        ("/box12Certification/date", json!("19/11/2026"), "schema.date", "$.box12Certification.date".to_owned()),
        ("/items/0/box7Packages/count", json!(0), "schema.range", format!("{item}.box7Packages.count")),
        ("/items", json!([]), "schema.items", "$.items".to_owned()),
        ("/items/0/box9GrossWeight", Value::Null, "schema.choice", item.to_owned()),
        ("/box14", json!("x"), "schema.unknown", "$.box14".to_owned()),
        ("/items/0/box7Hscode", json!("841370"), "schema.unknown", format!("{item}.box7Hscode")),
        ("/items/0/box8OriginCriterion/percent", Value::Null, "E1", format!("{item}.box8OriginCriterion.percent")),
        ("/items/0/box8OriginCriterion/code", json!("WO"), "E1", format!("{item}.box8OriginCriterion.percent")),
        ("/form", json!("F"), "schema.enum", "$.form".to_owned()),
        ("/form", Value::Null, "schema.enum", "$.form".to_owned()),
        ("/items/0/box9Quantity", json!({"value": "9000", "unit": "KGM"}), "E9", format!("{item}.box9Quantity.unit")),
        ("/items/0/box9GrossWeight/value", json!("1234567890123456"), "E10", format!("{item}.box9GrossWeight.value")),
        ("/box2Consignee/name", json!("Kl\u{430}ng Water"), "N3", "$.box2Consignee.name".to_owned()),
        ("/box1Exporter/name", json!("Ningbo \u{202e}pmuP"), "N2", "$.box1Exporter.name".to_owned()),
        ("/box12Certification/authority", json!("Cu\u{302}c"), "N1", "$.box12Certification.authority".to_owned()),
    ];
    for (pointer, new, rule, path) in cases {
        refuses(ORIGIN, pointer, new, rule, &path);
    }
}

#[test]
fn quantities_are_decimal_text() {
    for good in ["1", "0.5", "12.000000", "10", "0.000001"] {
        silent(ORIGIN, &[("/items/0/box9GrossWeight/value", json!(good))]);
    }
    for bad in ["0", "0.0", "-1", "+1", "01", "1.", ".5", "1e3", "1,5", "1.0000001", "1.2.3", " 1", "١"] {
        let path = "$.items[0].box9GrossWeight.value";
        refuses(ORIGIN, "/items/0/box9GrossWeight/value", json!(bad), "schema.pattern", path);
    }
}

#[test]
fn rules_of_origin_practice_warn() {
    let party = json!({"name": "Canton Fair", "address": "382 Yuejiang Road, Guangzhou", "country": "CN"});
    let invoicer = json!({"name": "Raffles Trading Pte. Ltd.", "country": "SG"});
    let original = json!({"referenceNumber": "E1", "issuingCountry": "TH", "date": "2026-10-01"});
    let cases: &[(Edits<'_>, &str, &str)] = &[
        (&[("/box13Ticks/thirdPartyInvoicing", json!(true))], "C2", "$.box7ThirdPartyInvoicer"),
        (&[("/box7ThirdPartyInvoicer", invoicer)], "C2", "$.box7ThirdPartyInvoicer"),
        (&[("/box13Ticks/movementCertificate", json!(true))], "C3", "$.box13Original"),
        (&[("/box13Original", original)], "C3", "$.box13Original"),
        (&[("/box13Ticks/exhibition", json!(true))], "C8", "$.box2Exhibition"),
        (&[("/box2Exhibition", party)], "C8", "$.box2Exhibition"),
        (&[("/box12Certification/date", json!("2026-11-24"))], "C7", "$.box13Ticks.issuedRetroactively"),
        (&[("/box13Ticks/issuedRetroactively", json!(true))], "C7", "$.box13Ticks.issuedRetroactively"),
        (
            &[("/box12Certification/date", json!("2027-11-21")), ("/box13Ticks/issuedRetroactively", json!(true))],
            "C6",
            "$.box12Certification.date",
        ),
        (&[("/items/0/box9Fob", Value::Null)], "C11", "$.items[0].box9Fob"),
        (&[("/items/0/box8OriginCriterion", json!({"code": "WO"}))], "C11", "$.items[0].box9Fob"),
        (&[("/items/0/box7HsCode", json!("770100"))], "C12", "$.items[0].box7HsCode"),
        (&[("/items/0/box8OriginCriterion/percent", json!(39))], "E2", "$.items[0].box8OriginCriterion.percent"),
        (&[("/items/0/box5ItemNumber", json!(2))], "E3", "$.items[0].box5ItemNumber"),
        (&[("/box11ExporterDeclaration/producedIn", json!("VN"))], "E4", "$.box11ExporterDeclaration.producedIn"),
        (
            &[("/box11ExporterDeclaration/importingCountry", json!("CN"))],
            "E5",
            "$.box11ExporterDeclaration.importingCountry",
        ),
        (&[("/box11ExporterDeclaration/date", json!("2026-11-20"))], "E6", "$.box11ExporterDeclaration.date"),
    ];
    for (edits, rule, path) in cases {
        remarks(ORIGIN, edits, rule, Severity::Warn, path);
    }
    let box4 = [("/box4OfficialUse", json!({"preferenceGiven": true}))];
    remarks(ORIGIN, &box4, "E7", Severity::Info, "$.box4OfficialUse");
}

#[test]
fn rules_keep_silent_where_they_do_not_apply() {
    let original = json!({"referenceNumber": "E1", "issuingCountry": "TH", "date": "2026-10-01"});
    let cases: &[Edits<'_>] = &[
        &[("/box12Certification/date", json!("2026-11-23"))],
        &[("/box12Certification/date", json!("2026-11-24")), ("/box13Ticks/issuedRetroactively", json!(true))],
        &[("/box12Certification/date", json!("2027-11-20")), ("/box13Ticks/issuedRetroactively", json!(true))],
        &[("/box3Transport", json!({})), ("/box12Certification/date", json!("2028-01-01"))],
        &[("/items/0/box8OriginCriterion", json!({"code": "PSR"})), ("/items/0/box9Fob", Value::Null)],
        &[("/items/0/box8OriginCriterion/percent", json!(40))],
        &[("/items/0/box9GrossWeight", Value::Null), ("/items/0/box9Quantity", json!({"value": "240", "unit": "H87"}))],
        &[
            ("/box13Ticks/movementCertificate", json!(true)),
            ("/box13Original", original),
            ("/box11ExporterDeclaration/producedIn", json!("TH")),
        ],
    ];
    for edits in cases {
        silent(ORIGIN, edits);
    }
}

#[test]
fn more_than_fifty_items_warn() {
    let item = example(ORIGIN)["items"][0].clone();
    let items = |count: u32| {
        let numbered = (1..=count).map(|number| {
            let mut item = item.clone();
            item["box5ItemNumber"] = json!(number);
            item
        });
        Value::Array(numbered.collect())
    };
    silent(ORIGIN, &[("/items", items(50))]);
    remarks(ORIGIN, &[("/items", items(51))], "C21", Severity::Warn, "$.items");
}

#[test]
fn claims_and_number_follow_from_the_form() {
    let checked = silent(ORIGIN, &[]);
    let expected = Reference { kind: ORIGIN, number: "ACFTA:CN:E263302A7K4M0018".to_owned(), version: 1 };
    assert_eq!(checked.reference, expected);
    let claims = OriginClaims {
        scheme: Scheme::Acfta,
        issuing_country: "CN".parse().unwrap(),
        importing_country: "MY".parse().unwrap(),
        expires: "2027-11-19".parse().unwrap(),
        items: [(ItemNumber(1), Amounts([("KGM".parse().unwrap(), "9840.5".parse().unwrap())].into()))].into(),
    };
    assert_eq!(checked.claims, Claims::CertificateOfOrigin(claims));
    assert!(!checked.claims.is_title());
    assert_eq!(silent(ORIGIN, &[("/referenceNumber", json!("e263302 a7k4m 0018"))]).reference, expected);
}
