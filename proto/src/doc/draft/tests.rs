use super::*;
use crate::doc::check;

const FORMS: [DraftForm; 5] = [
    DraftForm::BillOfLading,
    DraftForm::Certificate(CertificateForm::FormE),
    DraftForm::Certificate(CertificateForm::FormD),
    DraftForm::Certificate(CertificateForm::Rcep),
    DraftForm::Certificate(CertificateForm::NonPreferential),
];
const FORM_E: DraftForm = DraftForm::Certificate(CertificateForm::FormE);

/// Fills a draft in with what the worked example says, and leaves out what it does not say.
fn fill_in(draft: &mut Draft) {
    let example = draft.form.example();
    for _ in 0..1_000 {
        let Some(place) = draft.next() else { return };
        match place.path.get(&example) {
            Some(value) => draft.answer(&place, &words::shown(value)).expect("the example does"),
            None => draft.skip(&place).expect("not in the example, hence not mandatory"),
        }
    }
    panic!("the questions do not end");
}

#[test]
fn what_the_examples_say_makes_the_examples() {
    for form in FORMS {
        let mut draft = Draft::new(form);
        fill_in(&mut draft);
        let made: Value = serde_json::from_slice(&draft.document()).expect("JSON");
        assert_eq!(made, form.example(), "{form}");
        check(form.kind(), &draft.document()).expect("accepted");
        assert!(draft.missing().is_empty(), "{form}");
    }
}

/// Whoever is interrupted goes on where he was: at any place.
#[test]
fn a_draft_is_kept_between_any_two_answers() {
    for form in FORMS {
        let (mut draft, example) = (Draft::new(form), form.example());
        while let Some(place) = draft.next() {
            match place.path.get(&example) {
                Some(value) => draft.answer(&place, &words::shown(value)).expect("the example does"),
                None => draft.skip(&place).expect("not mandatory"),
            }
            let kept = Draft::from_json(&draft.to_json()).expect("read back");
            assert_eq!(kept, draft, "after {}", place.path);
            draft = kept;
        }
    }
}

/// Back is the way one came, to the beginning; and from there the same way leads forward again.
#[test]
fn back_undoes_one_answer_at_a_time() {
    for form in FORMS {
        let mut draft = Draft::new(form);
        fill_in(&mut draft);
        let done = draft.clone();
        let mut way = Vec::new();
        while let Some(place) = draft.back() {
            assert_eq!(draft.next().map(|open| open.path), Some(place.path.clone()), "{form}");
            way.push(place);
        }
        assert_eq!(draft.next().map(|p| p.path), Draft::new(form).next().map(|p| p.path), "{form}");
        for place in way.iter().rev() {
            match place.said() {
                Some(text) => draft.answer(place, &text).expect("said before"),
                None => draft.skip(place).expect("left out before"),
            }
        }
        assert_eq!(draft.document, done.document, "{form}");
    }
}

#[test]
fn an_answer_that_breaks_a_rule_changes_nothing() {
    let mut draft = Draft::new(FORM_E);
    let place = |draft: &Draft, path: &str| {
        draft.places().into_iter().find(|place| place.path.to_string() == path).expect("a place")
    };
    let country = place(&draft, "$.issuingCountry");
    assert_eq!(draft.answer(&country, "FR").expect_err("no party").rule, "schema.enum");
    let name = place(&draft, "$.box1Exporter.name");
    assert_eq!(draft.answer(&name, "").expect_err("empty").rule, "schema.length");
    assert_eq!(draft.skip(&name).expect_err("mandatory").rule, "schema.required");
    let number = place(&draft, "$.items[0].box5ItemNumber");
    for bad in ["one", "0", "1.5", "70000"] {
        assert!(draft.answer(&number, bad).is_err(), "{bad}");
    }
    let tick = place(&draft, "$.box13Ticks.exhibition");
    assert_eq!(draft.answer(&tick, "perhaps").expect_err("neither").rule, "schema.type");
    assert_eq!(draft, Draft::new(FORM_E));
    draft.answer(&tick, "No").expect("no");
    assert_eq!(draft.document["box13Ticks"]["exhibition"], Value::Bool(false));
}

#[test]
fn what_is_missing_is_told_by_path_also_inside_missing_parts() {
    let paths = |text: &str| -> Vec<String> {
        let draft = Draft::from_document(Some(FORM_E), text.as_bytes()).expect("a document");
        draft.missing().iter().map(|place| place.path.to_string()).collect()
    };
    let all = paths("{}");
    for path in
        ["$.box1Exporter.name", "$.items[0].box7HsCode", "$.items[0].box9GrossWeight.value", "$.box13Ticks.exhibition"]
    {
        assert!(all.iter().any(|there| there == path), "{path} in {all:?}");
    }
    assert!(
        !all.iter().any(|path| path.contains("box9Quantity") || path.contains("box3Transport") || path == "$.form")
    );
    let mut document: Value = FORM_E.example();
    assert_eq!(paths(&document.to_string()), Vec::<String>::new());
    document["items"][0].as_object_mut().expect("an item").remove("box10Invoice");
    document["box2Consignee"] = serde_json::json!({ "name": null, "country": "MY" });
    document["items"][0]["box7Packages"] = serde_json::json!({});
    let expected = [
        "$.box2Consignee.name",
        "$.box2Consignee.address",
        "$.items[0].box7Packages.count",
        "$.items[0].box7Packages.kind",
        "$.items[0].box10Invoice.number",
        "$.items[0].box10Invoice.date",
    ];
    assert_eq!(paths(&document.to_string()), expected);
}

#[test]
fn the_form_that_is_named_is_the_form_that_is_made() {
    let rcep = DraftForm::Certificate(CertificateForm::Rcep);
    let other = Draft::from_document(Some(rcep), FORM_E.example().to_string().as_bytes()).expect_err("another form");
    assert_eq!((other.path.as_str(), other.detail.as_str()), ("$.form", "the document is a form-e, not a rcep"));
    assert_eq!(Draft::from_document(None, b"{}").expect_err("no form").path, "$.form");
    let shown = Draft::from_document(None, FORM_E.example().to_string().as_bytes()).expect("a document");
    assert_eq!(shown.form(), FORM_E);
    let made: Value = serde_json::from_slice(&Draft::new(rcep).document()).expect("JSON");
    assert_eq!((&made["form"], &made["scheme"]), (&"RCEP".into(), &"RCEP".into()));
    for form in FORMS {
        assert_eq!(form.as_str().parse(), Ok(form));
    }
}

/// A finding of the check leads back to its box; boxes after it keep what they say.
#[test]
fn a_box_is_asked_again() {
    let mut draft = Draft::new(FORM_E);
    fill_in(&mut draft);
    assert!(draft.ask_again("$.box12Certification.date") && !draft.ask_again("$.box99"));
    let place = draft.next().expect("open");
    assert_eq!(place.path.to_string(), "$.box12Certification.date");
    draft.answer(&place, "2026-11-19").expect("a date");
    assert_eq!(draft.next().map(|place| place.path), None);
    let marks = draft.places().into_iter().find(|p| p.path.to_string() == "$.items[0].box6Marks[1]").expect("asked");
    draft.answer(&marks, "SECOND").expect("marks");
    assert!(draft.ask_again("$.items[0].box6Marks[0]"));
    assert_eq!(draft.document["items"][0]["box6Marks"][1], "SECOND");
    let open = draft.next().expect("open");
    assert_eq!(open.path.to_string(), "$.items[0].box6Marks[0]");
    draft.answer(&open, "FIRST").expect("marks");
    assert_eq!(draft.document["items"][0]["box6Marks"], serde_json::json!(["FIRST", "SECOND"]));
}

/// What was wanted of alternatives can be taken back as it was said.
#[test]
fn a_part_that_was_wanted_is_still_asked_about() {
    let example = Draft::from_document(None, FORM_E.example().to_string().as_bytes()).expect("the example");
    let mut draft = Draft::new(FORM_E);
    fill_in(&mut draft);
    let paths = |draft: &Draft| -> Vec<String> {
        draft.places().iter().filter(|place| place.said().is_some()).map(|place| place.path.to_string()).collect()
    };
    assert_eq!(paths(&draft), paths(&example));
    assert!(paths(&draft).contains(&"$.items[0].box9GrossWeight".to_owned()));
}

#[test]
fn of_alternatives_one_is_enough_and_the_last_is_mandatory() {
    let mut draft = Draft::new(FORM_E);
    let place = |draft: &Draft, path: &str| draft.places().into_iter().find(|place| place.path.to_string() == path);
    let weight = place(&draft, "$.items[0].box9GrossWeight").expect("asked");
    assert!(weight.is_part() && weight.need == Need::May);
    draft.skip(&weight).expect("there is another");
    let value = place(&draft, "$.items[0].box9Quantity.value").expect("asked at once");
    assert_eq!(value.need, Need::Must);
    let mut bill = Draft::new(DraftForm::BillOfLading);
    let place_of_issue = place(&bill, "$.invoicePayableAt.UNLocationCode").expect("asked");
    bill.answer(&place_of_issue, "CNNGB").expect("a place");
    assert!(place(&bill, "$.invoicePayableAt.freeText").is_none(), "exactly one of the two");
}

#[test]
fn a_file_that_is_no_draft_is_refused_by_path() {
    let text = String::from_utf8(Draft::new(FORM_E).to_json()).expect("UTF-8");
    for (from, to, path) in [
        ("\"version\": 1", "\"version\": 2", "$.version"),
        ("form-e", "form-f", "$.form"),
        ("\"skipped\"", "\"left\"", "$.left"),
    ] {
        assert_eq!(Draft::from_json(text.replace(from, to).as_bytes()).expect_err("no draft").path, path);
    }
}

#[test]
fn boxes_have_names() {
    let draft = Draft::new(FORM_E);
    let names: Vec<String> = draft.places().iter().map(Place::name).collect();
    for name in ["box 1 exporter, country", "items 1, box 7 HS code", "items 1, box 6 marks 1"] {
        assert!(names.iter().any(|there| there == name), "{name} in {names:?}");
    }
    let bill = Draft::new(DraftForm::BillOfLading);
    let place =
        bill.places().into_iter().find(|place| place.path.to_string().ends_with("portOfLoading.UNLocationCode"));
    let place = place.expect("asked");
    assert_eq!(place.name(), "transports, port of loading, UN location code");
    assert_eq!(place.example.as_deref(), Some("CNNGB"));
    assert!(place.expected().contains("UN/LOCODE"));
}
