//! Drafting without a terminal: what is missing, by box and path. The conversation has its tests beside it.

use insta::assert_snapshot;

use crate::sampan::Machine;

#[test]
fn what_is_missing_is_told_by_box_and_path() {
    let machine = Machine::new();
    let form_e = machine.run("template --form form-e").stdout;
    let mut document: serde_json::Value = serde_json::from_str(&form_e).expect("JSON");
    document.as_object_mut().expect("an object").remove("box2Consignee");
    document["items"][0].as_object_mut().expect("an item").remove("box7HsCode");
    machine.write("part.json", document.to_string());
    assert_snapshot!(machine.run("draft part.json").exits(1));
    let told = machine.run("draft part.json --json").exits(1).json();
    assert_eq!(told["complete"], false);
    let paths: Vec<_> =
        told["missing"].as_array().expect("boxes").iter().map(|missing| missing["path"].clone()).collect();
    assert_eq!(
        paths,
        ["$.box2Consignee.name", "$.box2Consignee.address", "$.box2Consignee.country", "$.items[0].box7HsCode"]
    );
}

#[test]
fn a_complete_document_is_checked_and_written() {
    let machine = Machine::new();
    let forms = ["bill-of-lading", "form-e", "form-d", "rcep", "non-preferential"];
    for form in forms {
        let template = if form == "bill-of-lading" { form.to_owned() } else { format!("--form {form}") };
        machine.run(&format!("template {template} -o {form}.in.json")).exits(0);
        machine.run(&format!("draft {form}.in.json --form {form} -o {form}.json")).exits(0).says("complete");
        machine.run(&format!("check {form}.json")).exits(0);
    }
    machine.run("draft form-e.in.json -o form-e.json").exits(1).says("the file exists");
    machine
        .run("draft form-e.in.json --form rcep")
        .exits(1)
        .says("at $.form")
        .says("the document is a form-e, not a rcep");
    let bad = String::from_utf8(machine.read("form-e.in.json")).expect("UTF-8").replace("841370", "84.13");
    machine.write("bad.json", bad);
    machine.run("draft bad.json").exits(1).says("$.items[0].box7HsCode");
}

#[test]
fn an_empty_document_is_of_the_form_that_is_named() {
    let machine = Machine::new();
    machine.write("empty.json", "{}");
    for (form, path) in
        [("rcep", "$.box16Certification.date"), ("bill-of-lading", "$.documentParties.shipper.partyName")]
    {
        machine.run(&format!("draft empty.json --form {form}")).exits(1).says(path);
    }
    machine.run("draft empty.json").exits(1).says("does not show its form");
    machine.run("draft").exits(1).says("there is no terminal to ask on");
    machine.write("list.json", "[]");
    machine.run("draft list.json --form rcep").exits(1);
}
