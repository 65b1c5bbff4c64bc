use super::*;
use crate::doc::certificate_of_origin::CertificateForm;
use crate::doc::template;
use crate::doc::tests::{Edits, edited_value};
use serde_json::json;

fn bill(edits: Edits<'_>) -> Bill {
    let value = serde_json::from_str(template(DocKind::BillOfLading)).unwrap();
    Bill::open(&serde_json::to_vec(&edited_value(value, edits)).unwrap()).unwrap_or_else(|e| panic!("{e}"))
}

fn origin(form: CertificateForm, edits: Edits<'_>) -> Origin {
    let value = serde_json::from_str(form.example()).unwrap();
    Origin::open(&serde_json::to_vec(&edited_value(value, edits)).unwrap()).unwrap_or_else(|e| panic!("{e}"))
}

fn form_e(edits: Edits<'_>) -> Origin {
    origin(CertificateForm::FormE, edits)
}

/// Rule and both values of every finding.
fn told(found: &[CrossFinding]) -> Vec<(&str, &str, &str)> {
    found.iter().map(|f| (&*f.rule, f.left.value.as_str(), f.right.value.as_str())).collect()
}

#[test]
fn papers_of_one_shipment_have_nothing_against_each_other() {
    assert_eq!(pair(&bill(&[]), &form_e(&[])), []);
    // The exporter's name stands in Chinese on the RCEP certificate.
    let found = pair(&bill(&[]), &origin(CertificateForm::Rcep, &[]));
    let expected = [("X14", "Ningbo Haishu Pump Works Co., Ltd.", "宁波海曙水泵厂有限公司")];
    assert_eq!(told(&found), expected);
    assert_eq!(found[0].left.path, "$.documentParties.shipper.partyName");
    assert_eq!(found[0].right.path, "$.box1Exporter.name");
    assert_eq!(found[0].left.document, "SMDG:SPL:SPLNGB2611047");
    assert_eq!(found[0].severity, Severity::Info);
}

#[test]
fn each_difference_is_told_with_both_values() {
    let cases: &[(Edits<'_>, &str, &str, &str, &str)] = &[
        (
            &[("/box3Transport/vessel", json!("Sampan Opal"))],
            "X1",
            "Sampan Pearl",
            "Sampan Opal",
            "$.box3Transport.vessel",
        ),
        (&[("/box3Transport/voyage", json!("048S"))], "X2", "047S", "048S", "$.box3Transport.voyage"),
        (
            &[("/box3Transport/departureDate", json!("2026-11-24"))],
            "X3",
            "2026-11-20",
            "2026-11-24",
            "$.box3Transport.departureDate",
        ),
        (&[("/box3Transport/portOfLoading", json!("CNSHA"))], "X5", "CNNGB", "CNSHA", "$.box3Transport.portOfLoading"),
        (
            &[("/box3Transport/portOfDischarge", json!("MYPEN"))],
            "X6",
            "MYPKG",
            "MYPEN",
            "$.box3Transport.portOfDischarge",
        ),
        (&[("/items/0/box7Packages/count", json!(241))], "X7", "240", "241", "$.items[*].box7Packages"),
        (&[("/items/0/box7Packages/count", json!(239))], "X8", "240", "239", "$.items[*].box7Packages"),
        (
            &[("/items/0/box9GrossWeight/value", json!("9840.500001"))],
            "X9",
            "9840.5 KGM",
            "9840.500001 KGM",
            "$.items[*].box9GrossWeight",
        ),
        (
            &[("/items/0/box9GrossWeight", json!({"value": "9.8404", "unit": "TNE"}))],
            "X10",
            "9840.5 KGM",
            "9.8404 TNE",
            "$.items[*].box9GrossWeight",
        ),
        (&[("/items/0/box7HsCode", json!("841381"))], "X11", "841370", "841381", "$.items[0].box7HsCode"),
        (
            &[("/box1Exporter/name", json!("Ningbo Valve Works"))],
            "X12",
            "Ningbo Haishu Pump Works Co., Ltd.",
            "Ningbo Valve Works",
            "$.box1Exporter.name",
        ),
        (
            &[("/box2Consignee/name", json!("Penang Water"))],
            "X13",
            "Klang Water Supplies Sdn. Bhd.",
            "Penang Water",
            "$.box2Consignee.name",
        ),
        (
            &[("/items/0/box6Marks", json!(["PWS 1-240"]))],
            "X15",
            "KWS / PORT KLANG / 1-240",
            "PWS 1-240",
            "$.items[0].box6Marks[0]",
        ),
        (
            &[("/items/0/box7Description", json!("Pumps in CSQU3054383"))],
            "X16",
            "SPLU4072613",
            "CSQU3054383",
            "$.items[0].box7Description",
        ),
        (
            &[("/box11ExporterDeclaration/importingCountry", json!("TH"))],
            "C20",
            "MYPKG",
            "TH",
            "$.box11ExporterDeclaration.importingCountry",
        ),
    ];
    for (edits, rule, left, right, path) in cases {
        let found = pair(&bill(&[]), &form_e(edits));
        assert_eq!(told(&found), [(*rule, *left, *right)]);
        assert_eq!(found[0].right.path, *path);
        let known = RULES.iter().find(|known| known.code == *rule).expect("a documented rule");
        assert_eq!(known.severity, found[0].severity);
    }
    let all: std::collections::BTreeSet<_> = RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(all.len(), RULES.len());
}

#[test]
fn what_people_read_as_equal_is_equal() {
    let same: &[Edits<'_>] = &[
        &[("/box3Transport/vessel", json!("M.V. SAMPAN PEARL"))],
        &[("/box3Transport/departureDate", json!("2026-11-22"))],
        &[("/box3Transport", json!({}))],
        &[("/box1Exporter/name", json!("NINGBO HAISHU PUMP WORKS COMPANY LIMITED"))],
        &[("/items/0/box9GrossWeight", json!({"value": "9.8405", "unit": "TNE"}))],
        &[("/items/0/box6Marks", json!(["kws port klang", "1-240"]))],
        &[("/items/0/box7Description", json!("Pumps in SPLU 407261-3"))],
    ];
    for edits in same {
        assert_eq!(pair(&bill(&[]), &form_e(edits)), [], "{edits:?}");
    }
    let long = bill(&[("/consignmentItems/0/HSCodes/0", json!("8413709190"))]);
    assert_eq!(pair(&long, &form_e(&[])), []);
}

#[test]
fn issue_after_the_bills_day_on_board_wants_its_tick() {
    let early = bill(&[("/shippedOnBoardDate", json!("2026-11-14"))]);
    let silent_on_departure = ("/box3Transport/departureDate", Value::Null);
    let found = pair(&early, &form_e(std::slice::from_ref(&silent_on_departure)));
    assert_eq!(told(&found), [("X4", "2026-11-14", "2026-11-19")]);
    let ticked = form_e(&[silent_on_departure, ("/box13Ticks/issuedRetroactively", json!(true))]);
    assert_eq!(pair(&early, &ticked), []);
}

#[test]
fn the_way_may_begin_and_end_inland() {
    // Over Singapore under one through bill, delivered at Kuala Lumpur.
    let discharged = ("/transports/portOfDischarge/UNLocationCode", json!("SGSIN"));
    let through = bill(&[discharged.clone(), ("/transports/placeOfDelivery", json!({"UNLocationCode": "MYKUL"}))]);
    let silent_on_ports = form_e(&[("/box3Transport/portOfDischarge", Value::Null)]);
    assert_eq!(pair(&through, &silent_on_ports), []);
    assert_eq!(told(&pair(&bill(&[discharged]), &silent_on_ports)), [("C20", "SGSIN", "MY")]);
}

#[test]
fn the_worst_stands_first() {
    let edits = [("/items/0/box6Marks", json!(["PWS"])), ("/box3Transport/voyage", json!("1"))];
    let found = pair(&bill(&[]), &form_e(&edits));
    assert_eq!(told(&found).iter().map(|(rule, ..)| *rule).collect::<Vec<_>>(), ["X2", "X15"]);
}

fn numbered(number: &str, edits: Edits<'_>) -> Bill {
    let mut all = vec![("/transportDocumentReference", json!(number))];
    all.extend(edits.iter().cloned());
    bill(&all)
}

#[test]
fn a_container_is_on_one_voyage_at_a_time() {
    let first = numbered("A1", &[]);
    let shared = numbered("A2", &[]);
    let other_ship = numbered("A3", &[("/transports/vesselVoyages/0/vesselName", json!("Sampan Opal"))]);
    let later = numbered(
        "A4",
        &[
            ("/shippedOnBoardDate", json!("2026-11-28")),
            ("/transports/plannedArrivalDate", json!("2026-12-06")),
            ("/transports/vesselVoyages/0/vesselName", json!("Sampan Opal")),
        ],
    );
    let rules = |papers: &[Bill]| {
        bills(papers)
            .iter()
            .map(|f| (f.rule.to_string(), f.left.document.clone(), f.right.document.clone()))
            .collect::<Vec<_>>()
    };
    let of = |rule: &str, a: &str, b: &str| (rule.to_owned(), format!("SMDG:SPL:{a}"), format!("SMDG:SPL:{b}"));
    assert_eq!(rules(&[first.clone(), shared.clone()]), [of("X21", "A1", "A2")]);
    assert_eq!(rules(&[first.clone(), other_ship.clone()]), [of("X20", "A1", "A3")]);
    assert_eq!(rules(&[first.clone(), later.clone()]), []);
    assert_eq!(rules(&[first.clone(), first.clone()]), []);
    let all = [first, shared, other_ship, later];
    assert_eq!(rules(&all), [of("X20", "A1", "A3"), of("X20", "A2", "A3"), of("X21", "A1", "A2")]);
}

#[test]
fn an_invoice_stands_on_one_certificate() {
    let first = form_e(&[]);
    let second = form_e(&[("/referenceNumber", json!("E2"))]);
    let rcep = origin(CertificateForm::Rcep, &[("/box1Exporter/name", json!("Ningbo Haishu Pump Works Company Ltd"))]);
    let found = origins(&[first.clone(), second.clone()]);
    assert_eq!(told(&found), [("X22", "NHP-2611-07", "NHP-2611-07")]);
    assert_eq!(found[0].left.path, "$.items[0].box10Invoice.number");
    // Under another scheme it is the same goods twice all the same.
    assert_eq!(origins(&[first.clone(), rcep]).len(), 1);
    let movement = form_e(&[
        ("/referenceNumber", json!("E3")),
        ("/box13Ticks/movementCertificate", json!(true)),
        (
            "/box13Original",
            json!({"referenceNumber": "e2 63302a7k4m0018", "issuingCountry": "CN", "date": "2026-11-19"}),
        ),
    ]);
    assert_eq!(origins(&[movement, first.clone()]), []);
    assert_eq!(
        origins(&[
            first.clone(),
            form_e(&[("/referenceNumber", json!("E4")), ("/items/0/box10Invoice/number", json!("NHP-2611-08"))])
        ]),
        []
    );
    assert_eq!(origins(&[first.clone(), first]), []);
}

proptest::proptest! {
    #[test]
    fn the_order_of_the_arguments_is_nothing(order in proptest::sample::subsequence((0..6_usize).collect::<Vec<_>>(), 0..=6), turn in 0..6_usize) {
        let ships = ["Sampan Pearl", "Sampan Opal", "Sampan Jade"];
        let each = |i: &usize| numbered(&format!("B{i}"), &[("/transports/vesselVoyages/0/vesselName", json!(ships[i % 3]))]);
        let mut papers: Vec<Bill> = order.iter().map(each).collect();
        let mut papers_of_origin: Vec<Origin> = order.iter().map(|i| form_e(&[("/referenceNumber", json!(format!("E{i}")))])).collect();
        let (forward, forward_origins) = (bills(&papers), origins(&papers_of_origin));
        papers.reverse();
        papers_of_origin.reverse();
        if !papers.is_empty() {
            let turn = turn % papers.len();
            papers.rotate_left(turn);
            papers_of_origin.rotate_left(turn);
        }
        proptest::prop_assert_eq!(forward.len(), order.len() * order.len().saturating_sub(1) / 2);
        proptest::prop_assert_eq!(forward, bills(&papers));
        proptest::prop_assert_eq!(forward_origins, origins(&papers_of_origin));
    }
}

#[test]
fn a_hostile_pair_gets_a_short_answer() {
    let codes: Vec<String> = (0..2_000).map(|i| format!("01{i:04}")).collect();
    let crowded = bill(&[("/consignmentItems/0/HSCodes", json!(codes))]);
    let item = serde_json::from_str::<Value>(CertificateForm::FormE.example()).unwrap()["items"][0].clone();
    let items: Vec<Value> = (1..=400)
        .map(|number| {
            let mut item = item.clone();
            item["box5ItemNumber"] = json!(number);
            item["box9GrossWeight"]["value"] = json!("1");
            item
        })
        .collect();
    let found = pair(&crowded, &form_e(&[("/items", json!(items))]));
    assert_eq!(found.len(), TOLD);
    assert!(serde_json::to_vec(&found).unwrap().len() < 256 * 1024);
    assert!(found[0].left.value.ends_with("and 1992 more"), "{}", found[0].left.value);
}

#[test]
fn findings_survive_json() {
    let found = pair(&bill(&[]), &form_e(&[("/box3Transport/voyage", json!("1"))]));
    let text = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Vec<CrossFinding>>(&text).unwrap(), found);
}
