//! Templates and the offline check.

use insta::assert_snapshot;

use crate::sampan::Machine;

#[test]
fn a_template_passes_the_check() {
    let machine = Machine::new();
    for kind in ["bill-of-lading", "certificate-of-origin"] {
        machine.run(&format!("template {kind} -o doc-{kind}.json")).exits(0);
        let run = machine.run(&format!("check doc-{kind}.json --json")).exits(0);
        assert_eq!(run.json()["accepted"], true, "{run}");
        assert_eq!(run.json()["kind"], kind);
        assert_eq!(
            machine.run(&format!("template {kind}")).exits(0).stdout.into_bytes(),
            machine.read(&format!("doc-{kind}.json"))
        );
    }
    assert_snapshot!(machine.run("check doc-bill-of-lading.json"));
    machine.run("template bill-of-lading -o doc-bill-of-lading.json").exits(1).says("the file exists");
}

#[test]
fn every_form_of_certificate_has_a_template() {
    let machine = Machine::new();
    for (form, scheme) in [("form-e", "ACFTA"), ("form-d", "ATIGA"), ("rcep", "RCEP"), ("non-preferential", "NONPREF")]
    {
        machine.run(&format!("template certificate-of-origin --form {form} -o {form}.json")).exits(0);
        let json = machine.run(&format!("check {form}.json --json")).exits(0).json();
        assert_eq!(json["claims"]["certificate-of-origin"]["scheme"], scheme);
        assert_eq!(json["findings"], serde_json::json!([]));
        let alone = machine.run(&format!("template --form {form}")).exits(0).stdout;
        assert_eq!(alone.into_bytes(), machine.read(&format!("{form}.json")));
    }
    machine.run("template bill-of-lading --form rcep").exits(1).says("a bill of lading has none");
    machine.run("template certificate-of-origin --form form-f").exits(1).says("form-e");
    machine.run("template").exits(1);
}

#[test]
fn a_bill_and_a_certificate_are_compared() {
    let machine = Machine::new();
    machine.run("template bill-of-lading -o bl.json").exits(0);
    let form_e = machine.run("template --form form-e").stdout;
    machine.write("e.json", &form_e).write("odd.json", form_e.replace("047S", "048S").replace("9840.5", "9840.6"));
    machine.run("check bl.json e.json").exits(0).says("agree");
    assert_eq!(machine.run("check e.json bl.json --json").exits(0).json()["cross"], serde_json::json!([]));
    assert_snapshot!(machine.run("check bl.json odd.json").exits(0));
    machine.run("check bl.json bl.json").exits(1).says("both documents are a bill-of-lading");
    machine.write("bad.json", form_e.replace("841370", "84.13"));
    let refused = machine.run("check bl.json bad.json --json").exits(1).json();
    assert_eq!(refused["documents"][1]["accepted"], false);
    assert!(refused.get("cross").is_none());
}

#[test]
fn a_bad_document_gets_every_finding_with_its_place() {
    let machine = Machine::new();
    let good = machine.run("template bill-of-lading").stdout;
    let bad = good
        .replace("\"transportDocumentTypeCode\": \"BOL\"", "\"transportDocumentTypeCode\": \"BILL\"")
        .replace("\"isElectronic\": true,", "\"isElectronic\": \"yes\",");
    machine.write("bad.json", bad);
    let run = machine.run("check bad.json").exits(1);
    assert_snapshot!(run);
    let json = machine.run("check bad.json --json").exits(1).json();
    assert_eq!(json["accepted"], false);
    let findings = json["findings"].as_array().expect("findings");
    assert_eq!(findings.len(), 2);
    for field in ["rule", "severity", "path", "detail", "source"] {
        assert!(findings[0][field].is_string(), "{field}");
    }
}

#[test]
fn what_is_no_document_is_told_apart() {
    let machine = Machine::new();
    machine
        .write("twice.json", r#"{"carrierCode": "A", "carrierCode": "B"}"#)
        .write("other.json", "{}")
        .write("no.json", "{");
    machine.run("check twice.json").exits(1).says("json_duplicate_key");
    machine.run("check other.json").exits(1).says("--kind bill-of-lading");
    machine.run("check other.json --kind bill-of-lading").exits(1).says("refused");
    machine.run("check no.json").exits(1).says("`no.json` is not JSON");
    machine.run("template bill-of-lading -o bl.json").exits(0);
    machine.run("check bl.json no.json").exits(1).says("`no.json` is not JSON");
    machine.run("check bl.json other.json").exits(1).says("`other.json` does not show of what kind it is");
    machine.run("check absent.json").exits(1).says("no such file");
    machine.run("check .").exits(1);
}

#[test]
fn a_document_cannot_write_to_the_terminal() {
    let machine = Machine::new();
    machine.write("sly.json", "{\"carrierCode\": \"A\", \"\\u001b[2J\": 1}");
    let run = machine.run("check sly.json").exits(1);
    assert!(!run.stdout.contains('\u{1b}'), "{run}");
}
