use std::cell::RefCell;
use std::io::Cursor;

use sampan_proto::doc::draft::{Draft, DraftForm};
use sampan_proto::doc::{CertificateForm, check};

use super::dialogue::{Dialogue, End};
use crate::page::Page;

const FORM_E: DraftForm = DraftForm::Certificate(CertificateForm::FormE);

/// What a person types, what was kept after each line, and what was said.
struct Talk {
    end: End,
    draft: Draft,
    kept: Vec<Draft>,
    said: String,
}

fn talk(draft: Draft, lines: &[u8]) -> Talk {
    let said = RefCell::new(String::new());
    let mut kept = Vec::new();
    let say = |page: Page| said.borrow_mut().push_str(&page.into_text());
    let mut dialogue = Dialogue::new(draft, Cursor::new(lines), say, Page::new(false));
    let keep = &mut |draft: &Draft| {
        kept.push(draft.clone());
        Ok(())
    };
    let end = dialogue.run(keep).unwrap_or_else(|_| panic!("nothing fails here"));
    let draft = dialogue.draft().clone();
    drop(dialogue);
    Talk { end, draft, kept, said: said.into_inner() }
}

/// The lines that make the worked example.
fn example_lines() -> Vec<String> {
    let example = Draft::from_document(None, CertificateForm::FormE.example().as_bytes()).expect("the example");
    let mut draft = Draft::new(FORM_E);
    let mut lines = Vec::new();
    while let Some(place) = draft.next() {
        let same = example.places().into_iter().find(|other| other.path == place.path);
        let line = same.and_then(|place| place.said()).unwrap_or_default();
        if line.is_empty() {
            draft.skip(&place).expect("not mandatory");
        } else {
            draft.answer(&place, &line).expect("the example does");
        }
        lines.push(line);
    }
    lines
}

#[test]
fn a_person_fills_in_a_form() {
    let lines = example_lines().join("\n") + "\n";
    let Talk { end, draft, .. } = talk(Draft::new(FORM_E), lines.as_bytes());
    assert!(matches!(end, End::Complete(findings) if findings.is_empty()));
    check(FORM_E.kind(), &draft.document()).expect("accepted");
}

/// After every line the draft is kept as it is: whoever is cut off at any line goes on from there.
#[test]
fn nothing_is_lost_whenever_it_ends() {
    let lines = example_lines();
    for cut in 0..lines.len() {
        let first = lines[..cut].iter().fold(String::new(), |all, line| all + line + "\n");
        let Talk { end, kept, .. } = talk(Draft::new(FORM_E), first.as_bytes());
        assert!(matches!(end, End::Left) && kept.len() == cut, "{cut}");
        let file = kept.last().map_or_else(|| Draft::new(FORM_E).to_json(), Draft::to_json);
        let rest = lines[cut..].join("\n") + "\n";
        let resumed = talk(Draft::from_json(&file).expect("a draft"), rest.as_bytes());
        assert!(matches!(resumed.end, End::Complete(_)), "{cut}: {}", resumed.said);
    }
}

#[test]
fn a_refused_answer_is_asked_again_with_its_rule() {
    let Talk { said, kept, .. } = talk(Draft::new(FORM_E), b"E26\nFR\nCN\n:quit\n");
    assert!(said.contains("schema.enum: expected one of BN, CN"), "{said}");
    assert_eq!(said.matches("issuing country").count(), 2, "{said}");
    assert_eq!(kept[0], kept[1], "the refused answer changed nothing");
    assert!(said.contains("such as E263302A7K4M0018"), "{said}");
}

#[test]
fn what_is_not_utf_8_is_asked_again() {
    let Talk { said, draft, .. } = talk(Draft::new(FORM_E), b"\xc4\xe3\xba\xc3\nE26\n");
    assert!(said.contains("not UTF-8"), "{said}");
    assert_eq!(said.matches("reference number").count(), 2, "{said}");
    assert_eq!(draft.places()[0].said().as_deref(), Some("E26"));
}

#[test]
fn back_skip_and_list() {
    let Talk { said, draft, .. } = talk(Draft::new(FORM_E), b"E26\nCN\n:back\nMY\n:list\n:skip\n:back\n:back\n:back\n");
    assert_eq!(said.matches("issuing country").count(), 4, "asked three times, listed once: {said}");
    assert!(said.contains("schema.required: this box cannot be left out"), "{said}");
    assert!(said.contains("this is the first box"), "{said}");
    assert_eq!(draft, Draft::from_json(&draft.to_json()).expect("a draft"));
    assert_eq!(draft.places()[0].said(), None);
}

/// What only the whole document shows leads back to its box.
#[test]
fn a_fault_of_the_whole_document_is_asked_again() {
    let mut lines = example_lines();
    let unit = lines.iter().position(|line| line == "KGM").expect("the unit");
    let after = unit + 1;
    assert_eq!(lines[after], "", "no other quantity is said");
    lines.splice(after..=after, ["yes", "1", "KGM"].map(str::to_owned));
    lines.push("H87".to_owned());
    let Talk { end, said, .. } = talk(Draft::new(FORM_E), (lines.join("\n") + "\n").as_bytes());
    assert!(said.contains("refuse"), "{said}");
    assert!(matches!(end, End::Complete(_) | End::Left), "{said}");
}
