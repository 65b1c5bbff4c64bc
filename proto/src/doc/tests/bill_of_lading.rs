use super::*;
use crate::doc::codelist::ListKind;
use crate::doc::{Amounts, BillClaims, BillType, Quantity, TitleForm, codelist};

/// The worked example's claims, for a document of this type and form.
fn bill_claims(document_type: BillType, form: TitleForm) -> BillClaims {
    let gross = Amounts([("KGM".parse().expect("unit"), "9840.5".parse().expect("amount"))].into());
    BillClaims { document_type, form, quantity: Quantity { packages: 240, gross } }
}

const BILL: DocKind = DocKind::BillOfLading;

#[test]
fn every_class_of_schema_rule_refuses() {
    let cargo = "/consignmentItems/0/cargoItems/0";
    let cases = [
        ("/transportDocumentReference", Value::Null, "schema.required", "$.transportDocumentReference"),
        (
            "/transports/vesselVoyages/0/vesselName",
            Value::Null,
            "schema.required",
            "$.transports.vesselVoyages[0].vesselName",
        ),
        ("/isToOrder", json!("true"), "schema.type", "$.isToOrder"),
        ("/issueDate", json!(20_261_120), "schema.type", "$.issueDate"),
        ("/transports/portOfLoading", json!([]), "schema.type", "$.transports.portOfLoading"),
        ("/consignmentItems", json!({}), "schema.type", "$.consignmentItems"),
        ("/transportDocumentReference", json!("X".repeat(21)), "schema.length", "$.transportDocumentReference"),
        ("/transportDocumentReference", json!(""), "schema.length", "$.transportDocumentReference"),
        ("/transportDocumentReference", json!(" X"), "schema.pattern", "$.transportDocumentReference"),
        ("/transportDocumentReference", json!("X\nY"), "schema.pattern", "$.transportDocumentReference"),
        ("/carrierCode", json!("A B"), "schema.pattern", "$.carrierCode"),
        (
            "/transports/portOfLoading/UNLocationCode",
            json!("CNNG0"),
            "schema.pattern",
            "$.transports.portOfLoading.UNLocationCode",
        ),
        ("/partyContactDetails/0/email", json!("nobody"), "schema.pattern", "$.partyContactDetails[0].email"),
        ("/consignmentItems/0/HSCodes/0", json!("84.13.70"), "schema.pattern", "$.consignmentItems[0].HSCodes[0]"),
        ("/consignmentItems/0/HSCodes/0", json!("84137"), "schema.length", "$.consignmentItems[0].HSCodes[0]"),
        ("/carrierCodeListProvider", json!("smdg"), "schema.enum", "$.carrierCodeListProvider"),
        ("/issueDate", json!("2026-02-30"), "schema.date", "$.issueDate"),
        ("/numberOfRiderPages", json!(-1), "schema.range", "$.numberOfRiderPages"),
        ("/numberOfRiderPages", json!(1.5), "schema.type", "$.numberOfRiderPages"),
        ("/numberOfRiderPages", json!(2_147_483_648_u32), "schema.range", "$.numberOfRiderPages"),
        ("/declaredValue", json!(-0.01), "schema.range", "$.declaredValue"),
        ("/consignmentItems", json!([]), "schema.items", "$.consignmentItems"),
        (
            "/displayedNameForPortOfLoad",
            json!(["a", "b", "c", "d", "e", "f"]),
            "schema.items",
            "$.displayedNameForPortOfLoad",
        ),
        ("/placeOfIssue", json!({"locationName": "Ningbo"}), "schema.choice", "$.placeOfIssue"),
        ("/placeOfIssue/countryCode", json!("CN"), "schema.choice", "$.placeOfIssue"),
        ("/partyContactDetails/0/email", Value::Null, "schema.choice", "$.partyContactDetails[0]"),
        (
            "/documentParties/consignee",
            json!({"partyName": "X", "identifyingCodes": []}),
            "schema.items",
            "$.documentParties.consignee.identifyingCodes",
        ),
    ];
    for (pointer, new, rule, path) in cases {
        refuses(BILL, pointer, new, rule, path);
    }
    refuses(
        BILL,
        &format!("{cargo}/cargoGrossWeight/value"),
        json!(0),
        "schema.range",
        "$.consignmentItems[0].cargoItems[0].cargoGrossWeight.value",
    );
    refuses(
        BILL,
        &format!("{cargo}/outerPackaging/numberOfPackages"),
        json!(0),
        "schema.range",
        "$.consignmentItems[0].cargoItems[0].outerPackaging.numberOfPackages",
    );
    refuses(
        BILL,
        &format!("{cargo}/outerPackaging/packageCode"),
        json!("ct"),
        "schema.pattern",
        "$.consignmentItems[0].cargoItems[0].outerPackaging.packageCode",
    );
}

#[test]
fn dangerous_goods_and_reefers_are_checked_to_the_bottom() {
    let goods = |edit: Value| {
        let mut goods =
            json!({"UNNumber": "3082", "properShippingName": "Environmentally hazardous substance", "imoClass": "9"});
        goods.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        goods
    };
    let pointer = "/consignmentItems/0/cargoItems/0/outerPackaging/dangerousGoods";
    let path = "$.consignmentItems[0].cargoItems[0].outerPackaging.dangerousGoods[0]";
    silent(
        BILL,
        &[(pointer, json!([goods(json!({"subsidiaryRisk1": "6.1", "codedVariantList": "2200", "packingGroup": 3}))]))],
    );
    let cases = [
        (json!({"NANumber": "9037"}), "schema.choice", ""),
        (json!({"subsidiaryRisk1": "6."}), "schema.pattern", ".subsidiaryRisk1"),
        (json!({"codedVariantList": "4200"}), "schema.pattern", ".codedVariantList"),
        (json!({"packingGroup": 4}), "schema.range", ".packingGroup"),
        (json!({"fumigationDateTime": "2026-11-20"}), "schema.date", ".fumigationDateTime"),
        (json!({"inhalationZone": "AB"}), "schema.length", ".inhalationZone"),
        (json!({"limits": {"temperatureUnit": "CEL", "flashPoint": "12"}}), "schema.type", ".limits.flashPoint"),
        (
            json!({"innerPackagings": [{"quantity": 1, "material": "tin", "description": "can", "innerPackagings": [{"quantity": 2, "material": "foil"}]}]}),
            "schema.required",
            ".innerPackagings[0].innerPackagings[0].description",
        ),
    ];
    for (edit, rule, end) in cases {
        refuses(BILL, pointer, json!([goods(edit)]), rule, &format!("{path}{end}"));
    }
    let reefer = "/utilizedTransportEquipments/0/activeReeferSettings";
    silent(
        BILL,
        &[(
            reefer,
            json!({"temperatureSetpoint": -18.5, "temperatureUnit": "CEL", "o2Setpoint": 0, "humiditySetpoint": 100}),
        )],
    );
    refuses(
        BILL,
        reefer,
        json!({"o2Setpoint": 100.5}),
        "schema.range",
        "$.utilizedTransportEquipments[0].activeReeferSettings.o2Setpoint",
    );
}

#[test]
fn lengths_count_characters_not_bytes() {
    silent(BILL, &[("/transportDocumentReference", json!("号".repeat(20)))]);
    refuses(
        BILL,
        "/transportDocumentReference",
        json!("号".repeat(21)),
        "schema.length",
        "$.transportDocumentReference",
    );
}

/// As the standard's `anyOf` has it: one good way to reach somebody is enough.
#[test]
fn a_bad_alternative_beside_a_good_one_only_warns() {
    let edits = [("/partyContactDetails/0/phone", json!(" "))];
    remarks(BILL, &edits, "schema.pattern", Severity::Warn, "$.partyContactDetails[0].phone");
}

#[test]
fn a_name_that_is_not_what_it_looks_like_is_refused() {
    let party = |name: &str| json!({"partyName": name, "address": {"street": "Beilun Quay", "city": "Ningbo", "countryCode": "CN"}});
    for (name, rule) in [("Kl\u{430}ng", "N3"), ("Kl\u{202e}gna", "N2"), ("Nguye\u{302}\u{303}n", "N1")] {
        refuses(BILL, "/documentParties/shipper/partyName", json!(name), rule, "$.documentParties.shipper.partyName");
        refuses(BILL, "/documentParties/issuingParty", party(name), rule, "$.documentParties.issuingParty.partyName");
        let path = "$.documentParties.notifyParties[0].partyName";
        refuses(BILL, "/documentParties/notifyParties/0/partyName", json!(name), rule, path);
        let other = json!([{"party": party(name), "partyFunction": "SCO"}]);
        refuses(BILL, "/documentParties/other", other, rule, "$.documentParties.other[0].party.partyName");
        let agent = json!({"partyName": name, "address": {"street": "Quay", "city": "Klang", "countryCode": "MY"}, "partyContactDetails": []});
        let path = "$.documentParties.carriersAgentAtDestination.partyName";
        refuses(BILL, "/documentParties/carriersAgentAtDestination", agent, rule, path);
    }
    silent(BILL, &[("/documentParties/shipper/partyName", json!("\u{5b81}\u{6ce2}\u{6c34}\u{6cf5} Ningbo Pump"))]);
}

#[test]
fn the_standard_is_extensible() {
    let edits = [("/transports/fuel", json!("methanol"))];
    remarks(BILL, &edits, "schema.unknown", Severity::Info, "$.transports.fuel");
}

#[test]
fn a_waybill_to_order_is_refused() {
    let swb = [("/transportDocumentTypeCode", json!("SWB")), ("/numberOfOriginalsWithoutCharges", Value::Null)];
    let refusal = check_value(BILL, &edited(BILL, &swb)).unwrap_err();
    assert_eq!(names(refusal.findings()), [("L1".to_owned(), "$.isToOrder".to_owned())]);
    let mut straight = swb.to_vec();
    straight.push(("/isToOrder", json!(false)));
    let claims = silent(BILL, &straight).claims;
    assert_eq!(claims, Claims::BillOfLading(bill_claims(BillType::Swb, TitleForm::Straight)));
    assert!(!claims.is_title());
}

#[test]
fn rules_of_the_trade_warn() {
    let endorsee = json!({"partyName": "Bank", "identifyingCodes": [{"codeListProvider": "GLEIF", "partyCode": "X"}]});
    let cargo = "/consignmentItems/0/cargoItems/0";
    let cases: &[(Edits<'_>, &str, &str)] = &[
        (&[("/transportDocumentStatus", json!("VOIDED"))], "L0", "$.transportDocumentStatus"),
        (&[("/shippedOnBoardDate", Value::Null)], "L2", "$.shippedOnBoardDate"),
        (&[("/receivedForShipmentDate", json!("2026-11-18"))], "L2", "$.receivedForShipmentDate"),
        (
            &[("/isShippedOnBoardType", json!(false)), ("/shippedOnBoardDate", Value::Null)],
            "L2",
            "$.receivedForShipmentDate",
        ),
        (&[("/numberOfOriginalsWithCharges", json!(1))], "L3", "$.numberOfOriginalsWithoutCharges"),
        (&[("/numberOfOriginalsWithoutCharges", json!(3))], "L3", "$.numberOfOriginalsWithoutCharges"),
        (
            &[("/transportDocumentTypeCode", json!("SWB")), ("/isToOrder", json!(false))],
            "L3",
            "$.numberOfOriginalsWithoutCharges",
        ),
        (&[("/declaredValue", json!(100))], "L4", "$.declaredValueCurrency"),
        (&[("/declaredValueCurrency", json!("USD"))], "L4", "$.declaredValue"),
        (
            &[("/isToOrder", json!(false)), ("/documentParties/endorsee", endorsee.clone())],
            "L5",
            "$.documentParties.endorsee",
        ),
        (&[("/documentParties/notifyParties", Value::Null)], "L6", "$.documentParties.notifyParties"),
        (
            &[("/consignmentItems/0/cargoItems/0/equipmentReference", json!("SPLU0000010"))],
            "L7",
            "$.consignmentItems[0].cargoItems[0].equipmentReference",
        ),
        (
            &[("/consignmentItems/0/descriptionOfGoods", json!(["1 container general", "cargo, as per invoice"]))],
            "L9",
            "$.consignmentItems[0].descriptionOfGoods",
        ),
        (&[("/issueDate", Value::Null)], "L10", "$.issueDate"),
        (&[("/shippedOnBoardDate", json!("2026-11-22"))], "L13", "$.shippedOnBoardDate"),
        (
            &[("/consignmentItems/0/cargoItems/0/cargoNetWeight", json!({"value": 9840.6, "unit": "KGM"}))],
            "L14",
            "$.consignmentItems[0].cargoItems[0].cargoNetWeight",
        ),
        (
            &[("/consignmentItems/0/cargoItems/0/cargoNetWeight", json!({"value": 21_695, "unit": "LBR"}))],
            "L14",
            "$.consignmentItems[0].cargoItems[0].cargoNetWeight",
        ),
    ];
    for (edits, rule, path) in cases {
        remarks(BILL, edits, rule, Severity::Warn, path);
    }
    let container = |number: &str| {
        [
            (format!("{cargo}/equipmentReference"), json!(number)),
            ("/utilizedTransportEquipments/0/equipment/equipmentReference".to_owned(), json!(number)),
        ]
    };
    let edits = container("SPLU4072614");
    let edits: Vec<_> = edits.iter().map(|(pointer, new)| (pointer.as_str(), new.clone())).collect();
    remarks(BILL, &edits, "L11", Severity::Warn, "$.utilizedTransportEquipments[0].equipment.equipmentReference");
    // Published examples of right numbers, and one that is not of ISO 6346 form.
    for number in ["CSQU3054383", "TOLU4734787", "SHIPPER-1"] {
        let edits = container(number);
        let edits: Vec<_> = edits.iter().map(|(pointer, new)| (pointer.as_str(), new.clone())).collect();
        silent(BILL, &edits);
    }
}

const CARGO: &str = "$.consignmentItems[0].cargoItems[0]";

/// The example with the gross weight's digits replaced in the text itself.
fn weighing(digits: &str) -> Result<Checked, Refusal> {
    check(BILL, template(BILL).replacen("9840.5", digits, 1).as_bytes())
}

#[test]
fn weights_are_those_of_the_bytes() {
    for (digits, exact) in [
        ("9840.50", "9840.5"),
        ("98405e-1", "9840.5"),
        ("123456789012345.123456789", "123456789012345.123456789"),
        ("9840.500000001", "9840.500000001"),
    ] {
        let Claims::BillOfLading(claims) = weighing(digits).expect(digits).claims else { panic!("a bill") };
        let gross: Vec<_> = claims.quantity.gross.0.into_values().collect();
        assert_eq!(gross, [exact.parse().expect("amount")], "{digits}");
    }
    for digits in ["9840.5000000001", "1234567890123456.5", "1e15"] {
        let refusal = weighing(digits).expect_err(digits);
        let path = format!("{CARGO}.cargoGrossWeight.value");
        assert_eq!(names(refusal.findings()), [("L17".to_owned(), path)], "{digits}");
    }
}

#[test]
fn a_net_weight_that_only_a_double_hides_is_found() {
    // Both are one double.
    let text = template(BILL).replacen(
        r#""cargoGrossWeight": { "value": 9840.5,"#,
        r#""cargoNetWeight": { "value": 98405123456789.200000001, "unit": "KGM" }, "cargoGrossWeight": { "value": 98405123456789.2,"#,
        1,
    );
    let checked = check(BILL, text.as_bytes()).expect("accepted");
    assert_eq!(names(&checked.findings), [("L14".to_owned(), format!("{CARGO}.cargoNetWeight"))]);
}

#[test]
fn a_sum_of_weights_that_no_account_carries_is_refused() {
    let mut value = example(BILL);
    value["consignmentItems"][0]["cargoItems"][0]["cargoGrossWeight"]["value"] = json!(9e14);
    let cargo = value["consignmentItems"][0]["cargoItems"][0].clone();
    value["consignmentItems"][0]["cargoItems"] = json!([cargo, cargo]);
    let refusal = check_value(BILL, &value).expect_err("too much");
    assert_eq!(names(refusal.findings()), [("L17".to_owned(), "$.consignmentItems".to_owned())]);
}

#[test]
fn counts_may_be_written_with_a_point() {
    let pointer = "/consignmentItems/0/cargoItems/0/outerPackaging/numberOfPackages";
    assert_eq!(silent(BILL, &[(pointer, json!(240.0))]).claims, silent(BILL, &[]).claims);
}

#[test]
fn codes_that_no_list_has_warn_and_name_the_edition() {
    let cases = [
        (
            "/documentParties/shipper/address/countryCode",
            json!("XX"),
            "K1",
            "$.documentParties.shipper.address.countryCode",
        ),
        (
            "/consignmentItems/0/cargoItems/0/outerPackaging/packageCode",
            json!("Q9"),
            "K3",
            "$.consignmentItems[0].cargoItems[0].outerPackaging.packageCode",
        ),
        ("/consignmentItems/0/HSCodes/0", json!("770101"), "L8", "$.consignmentItems[0].HSCodes[0]"),
    ];
    for (pointer, new, rule, path) in cases {
        remarks(BILL, &[(pointer, new)], rule, Severity::Warn, path);
    }
    let worth = [("/declaredValue", json!(5)), ("/declaredValueCurrency", json!("DEM"))];
    remarks(BILL, &worth, "K2", Severity::Warn, "$.declaredValueCurrency");
    let list = |kind: ListKind, text: &str, edition: &str| {
        codelist::read(kind, edition.parse().expect("a note"), &[text.as_bytes()]).expect("a list")
    };
    let lists = |places: &str, line: &str| {
        let mut lists = CodeLists::default();
        for list in [
            list(ListKind::Locode, places, "2023-2"),
            list(ListKind::Smdg, &format!("Code\n{line}\n"), "7"),
            list(ListKind::Hs, "hscode\n841370\n", "HS 2022"),
            list(ListKind::Carriers, &format!("member,provider,code\nsampan-line,SMDG,{line}\n"), "1"),
        ] {
            lists.add(list).expect("one of each");
        }
        lists.of_issuer("sampan-line".parse().expect("an id"))
    };
    let against = |lists: &CodeLists| check_against(BILL, template(BILL).as_bytes(), lists).expect("accepted").findings;
    let found = against(&lists(",CN,NBO,x\n,MY,PKG,x\n", "MAE"));
    let places = [
        "$.transports.portOfLoading.UNLocationCode",
        "$.placeOfIssue.UNLocationCode",
        "$.invoicePayableAt.UNLocationCode",
    ];
    let mut expected: Vec<_> = places.map(|path| ("L12".to_owned(), path.to_owned())).into();
    expected.extend(
        [("L15", "$.carrierCode"), ("L16", "$.carrierCode")].map(|(rule, path)| (rule.to_owned(), path.to_owned())),
    );
    assert_eq!(names(&found), expected);
    assert!(found.iter().all(|finding| finding.severity == Severity::Warn));
    assert!(found[0].detail.contains("edition 2023-2") && found[3].detail.contains("edition 7"), "{found:?}");
    // What is listed is not spoken of; what is not given is.
    assert_eq!(against(&lists(",CN,NGB,x\n,MY,PKG,x\n", "SPL")), []);
    let found = against(&CodeLists::default());
    assert_eq!(found.len(), 4);
    assert!(found.iter().all(|finding| finding.rule == "K0" && finding.severity == Severity::Info), "{found:?}");
}

#[test]
fn rules_keep_silent_where_they_do_not_apply() {
    let consignee = json!({"partyName": "Bank", "isNotifyParty": true, "identifyingCodes": [{"codeListProvider": "GLEIF", "partyCode": "X"}]});
    let cases: &[Edits<'_>] = &[
        &[("/documentParties/notifyParties", Value::Null), ("/documentParties/consignee", consignee.clone())],
        &[("/documentParties/endorsee", consignee)],
        &[("/isElectronic", json!(false)), ("/numberOfOriginalsWithoutCharges", json!(3))],
        &[("/declaredValue", json!(1231.1)), ("/declaredValueCurrency", json!("USD"))],
        &[("/shippedOnBoardDate", json!("2026-11-21"))],
        &[("/consignmentItems/0/descriptionOfGoods", json!(["Fakir sandals", "cargo nets in general"]))],
        &[("/consignmentItems/0/cargoItems/0/cargoNetWeight", json!({"value": 21_694, "unit": "LBR"}))],
        &[
            ("/isShippedOnBoardType", json!(false)),
            ("/shippedOnBoardDate", Value::Null),
            ("/receivedForShipmentDate", json!("2026-11-18")),
        ],
    ];
    for edits in cases {
        silent(BILL, edits);
    }
    // A draft has no dates yet.
    let draft = [
        ("/transportDocumentStatus", json!("DRAFT")),
        ("/issueDate", Value::Null),
        ("/shippedOnBoardDate", Value::Null),
    ];
    remarks(BILL, &draft, "L0", Severity::Warn, "$.transportDocumentStatus");
}

#[test]
fn the_number_belongs_to_the_carrier() {
    let checked = silent(BILL, &[]);
    let expected = Reference { kind: BILL, number: "SMDG:SPL:SPLNGB2611047".to_owned(), version: 1 };
    assert_eq!(checked.reference, expected);
    assert_eq!(checked.claims, Claims::BillOfLading(bill_claims(BillType::Bol, TitleForm::Blank)));
    let twin = [("/transportDocumentReference", json!("splngb 2611047")), ("/carrierCode", json!("spl"))];
    assert_eq!(silent(BILL, &twin).reference, expected);
    assert_ne!(silent(BILL, &[("/carrierCodeListProvider", json!("NMFTA"))]).reference, expected);
}

#[test]
fn published_transport_documents_are_accepted_unchanged() {
    let Some(folder) = foreign("samples/dcsa") else { return };
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("EBL_v3.0.4--") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let checked = check(BILL, &bytes).unwrap_or_else(|e| panic!("{name}: {e} {:?}", e.findings()));
        assert!(checked.claims.is_title());
        println!("{name}: {:?}", names(&checked.findings));
        // Their authors left out the notify party and the date of issue.
        assert!(checked.findings.iter().any(|f| f.rule == "L6" && f.severity == Severity::Warn), "{name}");
        jcs_sha256(&bytes).unwrap();
        count += 1;
    }
    assert_eq!(count, 3);
}

/// A signed PINT envelope whose document is a waybill to order: its checksum holds, the document does not.
#[test]
fn the_published_envelope_has_our_digest_and_breaks_our_rule() {
    let Some(path) = foreign("samples/pint/HHL71800000-ebl-envelope-ed25519.json") else { return };
    let Some(manifest) = foreign("samples/pint/HHL71800000-envelope-manifest-ed25519.json") else { return };
    let envelope: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let document = serde_json::to_vec(&envelope["transportDocument"]).unwrap();
    let manifest: Value = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
    let checksum = manifest["transportDocumentChecksum"].as_str().unwrap();
    assert_eq!(data_encoding::HEXLOWER.encode(&jcs_sha256(&document).unwrap()), checksum);
    let refusal = check(BILL, &document).unwrap_err();
    assert!(names(refusal.findings()).contains(&("L1".to_owned(), "$.isToOrder".to_owned())), "{refusal}");
}
