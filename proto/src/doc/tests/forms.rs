//! What all forms of certificate have in common, and what each has of its own.

use super::differential::Trial;
use super::mutants::{every_mutant, filled};
use super::*;
use crate::doc::certificate_of_origin::{Certificate, CertificateForm};
use crate::doc::schema::{Type, walk};
use crate::doc::{Amounts, Claims, ItemNumber, OriginClaims, Scheme};

fn form_value(form: CertificateForm, edits: Edits<'_>) -> Value {
    edited_value(serde_json::from_str(form.example()).unwrap(), edits)
}

fn check_form(form: CertificateForm, edits: Edits<'_>) -> Result<Checked, Refusal> {
    check_value(DocKind::CertificateOfOrigin, &form_value(form, edits))
}

/// These edits, exactly these remarks.
#[track_caller]
fn finds(form: CertificateForm, edits: Edits<'_>, expected: &[(&str, &str)]) {
    let checked = check_form(form, edits).unwrap_or_else(|e| panic!("{e}"));
    let expected: Vec<_> = expected.iter().map(|(rule, path)| ((*rule).to_owned(), (*path).to_owned())).collect();
    assert_eq!(names(&checked.findings), expected, "{edits:?}");
}

fn origin(form: CertificateForm, edits: Edits<'_>) -> OriginClaims {
    match check_form(form, edits).unwrap_or_else(|e| panic!("{e}")).claims {
        Claims::CertificateOfOrigin(claims) => claims,
        Claims::BillOfLading(_) => panic!("a certificate"),
    }
}

#[test]
fn every_example_is_flawless_and_tells_its_scheme() {
    for (form, scheme, number) in [
        (CertificateForm::FormE, Scheme::Acfta, "ACFTA:CN:E263302A7K4M0018"),
        (CertificateForm::FormD, Scheme::Atiga, "ATIGA:VN:VN-ID26/02/31847"),
        (CertificateForm::Rcep, Scheme::Rcep, "RCEP:CN:R263302A7K4M0006"),
        (CertificateForm::NonPreferential, Scheme::NonPref, "NONPREF:CN:26C3302A0447/00012"),
    ] {
        let checked = check(DocKind::CertificateOfOrigin, form.example().as_bytes()).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(checked.findings, [], "{form}");
        assert_eq!(checked.reference.number, number);
        assert_eq!(form.scheme(), scheme);
        assert_eq!(origin(form, &[]).scheme, scheme);
        assert_eq!(serde_json::to_value(scheme).unwrap(), scheme.as_str());
        assert_eq!(form.as_str().parse(), Ok(form));
        let body = form_value(form, &[]);
        assert_eq!(Certificate::view(&body).map(|certificate| certificate.form), Some(form));
    }
    assert!("form-f".parse::<CertificateForm>().is_err());
}

#[test]
fn a_line_has_as_many_amounts_as_units() {
    let account = origin(CertificateForm::FormD, &[]).items;
    let amounts = |pairs: &[(&str, &str)]| {
        Amounts(pairs.iter().map(|(unit, value)| (unit.parse().unwrap(), value.parse().unwrap())).collect())
    };
    let expected = [
        (ItemNumber(1), amounts(&[("H87", "7200"), ("KGM", "13260")])),
        (ItemNumber(2), amounts(&[("KGM", "1012.5")])),
    ];
    assert_eq!(account, expected.into());
}

#[test]
fn an_item_number_stands_once() {
    let refusal = check_form(CertificateForm::FormD, &[("/items/1/box5ItemNumber", json!(1))]).unwrap_err();
    assert_eq!(names(refusal.findings()), [("E8".to_owned(), "$.items[1].box5ItemNumber".to_owned())]);
}

#[test]
fn a_back_to_back_certificate_expires_with_its_first_original() {
    let original = |date: &str| json!({"referenceNumber": "D1", "issuingCountry": "TH", "date": date});
    let edits = [
        ("/box13Ticks/backToBack", json!(true)),
        ("/box7Originals", json!([original("2026-08-01"), original("2026-05-15")])),
        ("/box11ExporterDeclaration/producedIn", json!("TH")),
    ];
    finds(CertificateForm::FormD, &edits, &[]);
    assert_eq!(origin(CertificateForm::FormD, &edits).expires, "2027-05-15".parse().unwrap());
    assert_eq!(origin(CertificateForm::FormD, &[]).expires, "2027-11-19".parse().unwrap());
    let expired = [
        ("/box17Ticks/backToBack", json!(true)),
        ("/box14Original", original("2025-11-18")),
        ("/box15ExporterDeclaration/producedIn", json!("TH")),
    ];
    finds(CertificateForm::Rcep, &expired, &[("C4", "$.box16Certification.date")]);
}

#[test]
fn form_d_has_rules_of_its_own() {
    let form = CertificateForm::FormD;
    let criterion = "/items/1/box8OriginCriterion";
    let fob = ("/items/1/box9Fob", json!({"value": "300", "currency": "USD"}));
    finds(form, &[(criterion, json!({"code": "CTSH", "percent": 35})), fob.clone()], &[]);
    finds(form, &[(criterion, json!({"code": "CTSH"}))], &[]);
    finds(form, &[("/items/0/box9Fob", Value::Null)], &[("C11", "$.items[0].box9Fob")]);
    // The FOB value is asked for in trade with Indonesia, Cambodia and Laos only.
    let to_thailand = [("/box11ExporterDeclaration/importingCountry", json!("TH"))];
    finds(form, &to_thailand, &[("C11", "$.items[0].box9Fob")]);
    let partial = [(criterion, json!({"code": "PC", "percent": 25})), ("/box13Ticks/partialCumulation", json!(true))];
    finds(form, &partial, &[]);
    finds(form, &partial[..1], &[("C10", "$.box13Ticks.partialCumulation")]);
    finds(form, &partial[1..], &[("C10", "$.box13Ticks.partialCumulation")]);
    let much = [(criterion, json!({"code": "PC", "percent": 40})), ("/box13Ticks/partialCumulation", json!(true))];
    finds(form, &much, &[("C10", "$.items[1].box8OriginCriterion.percent")]);
    finds(form, &[("/box13Ticks/thirdCountryInvoicing", json!(true))], &[("C2", "$.box7ThirdCountryInvoicer")]);
    finds(form, &[("/box13Ticks/backToBack", json!(true))], &[("C3", "$.box7Originals")]);
    finds(form, &[("/box12Certification/date", json!("2026-11-24"))], &[("C7", "$.box13Ticks.issuedRetroactively")]);
    finds(
        form,
        &[("/issuingCountry", json!("TL")), ("/box11ExporterDeclaration/producedIn", json!("TL"))],
        &[("E11", "$.issuingCountry")],
    );
    let small = [
        ("/items/0/box9Fob/value", json!("150.00")),
        ("/items/1/box8OriginCriterion", json!({"code": "RVC", "percent": 70})),
        ("/items/1/box9Fob", json!({"value": "50", "currency": "USD"})),
    ];
    finds(form, &small, &[("C22", "$.items")]);
    let bare = check_form(form, &[(criterion, json!({"code": "RVC"}))]).unwrap_err();
    assert_eq!(names(bare.findings()), [("E1".to_owned(), "$.items[1].box8OriginCriterion.percent".to_owned())]);
}

#[test]
fn rcep_has_rules_of_its_own() {
    let form = CertificateForm::Rcep;
    // No days of grace.
    finds(form, &[("/box16Certification/date", json!("2026-11-21"))], &[("C7", "$.box17Ticks.issuedRetroactively")]);
    let by_value = ("/items/0/box10OriginCriterion", json!({"code": "RVC", "with": ["DMI"]}));
    let expected = [("E13", "$.items[0].box10OriginCriterion.with"), ("C11", "$.items[0].box12Fob")];
    finds(form, &[by_value], &expected);
    finds(form, &[("/box17Ticks/thirdPartyInvoicing", json!(true))], &[("C2", "$.box14ThirdPartyInvoicer")]);
    let early = [
        ("/issuingCountry", json!("PH")),
        ("/box15ExporterDeclaration/producedIn", json!("PH")),
        ("/box15ExporterDeclaration/date", json!("2023-05-30")),
        ("/box16Certification/date", json!("2023-06-01")),
    ];
    finds(form, &early, &[("E11", "$.issuingCountry")]);
    let refusal = check_form(form, &[("/box3ProducerNote", Value::Null)]).unwrap_err();
    assert_eq!(names(refusal.findings()), [("schema.choice".to_owned(), "$".to_owned())]);
    let alone = check_form(form, &[("/items/0/box10OriginCriterion/code", json!("ACU"))]).unwrap_err();
    assert_eq!(
        names(alone.findings()),
        [("schema.enum".to_owned(), "$.items[0].box10OriginCriterion.code".to_owned())]
    );
}

#[test]
fn form_e_changed_in_2019() {
    let old = [
        ("/box3Transport", json!({})),
        ("/box11ExporterDeclaration/date", json!("2019-05-02")),
        ("/box12Certification/date", json!("2019-05-03")),
        ("/items/0/box8OriginCriterion", json!({"code": "WO"})),
    ];
    finds(CertificateForm::FormE, &old, &[]);
    let mut new = old.to_vec();
    new[2].1 = json!("2019-09-03");
    finds(CertificateForm::FormE, &new, &[("C11", "$.items[0].box9Fob")]);
}

#[test]
fn without_preference_nothing_is_asked_of_origin() {
    let edits = [
        ("/box12Certification/date", json!("2027-12-01")),
        ("/box11ExporterDeclaration/producedIn", json!("JP")),
        ("/box4Destination", json!("CN")),
    ];
    finds(CertificateForm::NonPreferential, &edits, &[]);
    assert_eq!(origin(CertificateForm::NonPreferential, &edits).importing_country.as_str(), "CN");
}

#[test]
fn our_tables_and_our_published_schemas_judge_alike() {
    let mut documents = 0;
    for form in CertificateForm::ALL {
        let seeds = [filled(Type::Object(form.table()), 0), form_value(*form, &[])];
        documents += Trial::new(form.table(), &form.json_schema()).run(&seeds, 500);
    }
    assert!(documents > 8_000, "{documents} documents");
}

/// Table and view are written apart: what the one takes and the other cannot read is refused without a word that helps.
#[test]
fn whatever_the_schema_takes_the_view_reads() {
    let bill = (DocKind::BillOfLading, crate::doc::bill_of_lading::table(), example(DocKind::BillOfLading));
    let certificates =
        CertificateForm::ALL.iter().map(|form| (DocKind::CertificateOfOrigin, form.table(), form_value(*form, &[])));
    for (kind, table, example) in certificates.chain([bill]) {
        let (mut taken, mut unread) = (0, Vec::new());
        every_mutant(table, &[filled(Type::Object(table), 0), example], 2_000, |document, story| {
            taken += usize::from(walk(document, table, "", None).refused().is_ok());
            let refused = check_value(kind, document).err();
            if refused.is_some_and(|refusal| refusal.findings().iter().any(|finding| finding.rule == "schema.shape")) {
                unread.push(story.to_owned());
            }
        });
        assert!(taken > 500, "{taken} taken: the mutants are too wild");
        assert!(
            unread.is_empty(),
            "{} of {taken} cannot be read: {:#?}",
            unread.len(),
            &unread[..unread.len().min(20)]
        );
    }
}

/// `UPDATE_GOLDEN=1 cargo test -p sampan-proto --lib schemas_are_published` writes them anew.
#[test]
fn schemas_are_published() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    for form in CertificateForm::ALL {
        let path = folder.join(format!("{form}.schema.json"));
        let schema = serde_json::to_string_pretty(&form.json_schema()).unwrap() + "\n";
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &schema).unwrap();
        }
        let published = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(published, schema, "{} is out of date", path.display());
    }
}
