//! Two papers of one cargo that do not go together: the difference is found by whoever holds both, customs put it on
//! record, a bundle shows it offline, and a corrected certificate ends it.

use anyhow::{Context, Result};
use sampan_proto::doc::{self, DocKind};
use sampan_proto::ids::RecordId;
use serde_json::{Value, json};

use super::desk::{does, record};
use super::papers::Papers;
use super::scene::{EXPORTERS_NODE, Scene, exits, text};
use super::story::Story;
use crate::cluster::cast::{AUTHORITY, EXPORTER};

/// Customs of the importing country.
const CUSTOMS: &str = "my-customs";
/// Number of the certificate.
const NUMBER: &str = "E263302A7K4M0077";

/// The whole of it.
pub(super) async fn tell(scene: &Scene, story: &mut Story, papers: &Papers) -> Result<()> {
    story.step("Fraud or mistake: a certificate of 110 kg more, in a container that the bill does not list");
    let file = certificate(scene, "heavier-co.json", "9950.5", &["KWS / PORT KLANG / 1-240", "SPLU4072608"])?;
    let differences = differences(scene, story, papers, &file).await?;
    story.same("two differences are found", &differences, &vec!["X16".to_owned(), "X9".to_owned()])?;
    let issued = does(scene, story, AUTHORITY, 1, &["issue", &file, "--to", EXPORTER]).await?;
    let (odd, bill) = (record(&issued)?, papers.bill.record);
    on_record(scene, story, &odd, &bill).await?;
    offline(scene, story, &odd, &bill).await?;

    story.step("The authority corrects it: the same number in version 2, and the papers agree");
    let file = certificate(scene, "corrected-co.json", "9840.5", &["KWS / PORT KLANG / 1-240", "SPLU4072613"])?;
    let (odd, to) = (odd.to_string(), ["--to", EXPORTER]);
    let replaces = ["--replaces", &odd, "--how", "amendment", "--version", "2"];
    does(scene, story, AUTHORITY, 1, &[&["issue", &file], to.as_slice(), &replaces].concat()).await?;
    let left = self::differences(scene, story, papers, &file).await?;
    story.same("nothing is left to look at", &left, &Vec::new())
}

/// The sample certificate with another weight and other marks.
fn certificate(scene: &Scene, name: &str, kilograms: &str, marks: &[&str]) -> Result<String> {
    let mut form: Value = serde_json::from_str(doc::template(DocKind::CertificateOfOrigin))?;
    form["referenceNumber"] = NUMBER.into();
    form["items"][0]["box9GrossWeight"]["value"] = kilograms.into();
    form["items"][0]["box6Marks"] = json!(marks);
    let file = scene.file(name);
    std::fs::write(&file, serde_json::to_vec_pretty(&form)?)?;
    Ok(text(&file)?.to_owned())
}

/// The rules that are broken between the bill and a certificate, in order; each is told with both values and places.
async fn differences(scene: &Scene, story: &mut Story, papers: &Papers, file: &str) -> Result<Vec<String>> {
    let compared = scene.offline(&["check", text(&papers.bill.file)?, file, "--json"]).await?;
    exits(story, "`sampan check` lays it beside the bill", &compared, 0)?;
    let answer = compared.json()?;
    let findings = answer.get("cross").and_then(Value::as_array).context("no comparison")?;
    let mut rules = Vec::new();
    for finding in findings.iter().filter(|finding| finding["severity"] == "warn") {
        let word = |pointer: &str| finding.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let side = |name: &str| format!("{} at {}", word(&format!("/{name}/value")), word(&format!("/{name}/path")));
        story.tell(&format!("{}: {}", word("/rule"), word("/detail")));
        story.tell(&format!("  the bill says {}", side("left")));
        story.tell(&format!("  the certificate says {}", side("right")));
        rules.push(word("/rule"));
    }
    rules.sort();
    Ok(rules)
}

/// Customs sign what they found: it informs, and everybody who traces the certificate sees it.
async fn on_record(scene: &Scene, story: &mut Story, odd: &RecordId, bill: &RecordId) -> Result<()> {
    let (odd, bill) = (odd.to_string(), bill.to_string());
    let says = "9950.5 KGM certified, 9840.5 KGM shipped";
    does(scene, story, CUSTOMS, 2, &["finding", &odd, "--rule", "X9", "--says", says, "--other", &bill]).await?;
    let traced = scene.reading(3, &["trace", &odd, "--json"]).await?;
    exits(story, "`sampan trace` shows the certificate's history", &traced, 0)?;
    let answer = traced.json()?;
    let rule = answer.pointer("/acts/1/finding/rule").and_then(Value::as_str).map(str::to_owned);
    story.same("the finding stands in it", &rule.as_deref(), &Some("X9"))
}

/// One file holds both documents: whoever gets it finds the difference again, with no network.
async fn offline(scene: &Scene, story: &mut Story, odd: &RecordId, bill: &RecordId) -> Result<()> {
    let (odd, bill, file) = (odd.to_string(), bill.to_string(), scene.file("both.bundle.json"));
    let both = ["bundle", &odd, "--with-body", "--with", &bill, "-o", text(&file)?];
    let fetched = scene.reading(EXPORTERS_NODE, &both).await?;
    exits(story, "`sampan bundle --with-body --with` puts both documents into one file", &fetched, 0)?;
    let genesis = text(scene.cluster.genesis_path())?;
    let verified = scene.offline(&["verify", text(&file)?, "--genesis", genesis, "--json"]).await?;
    exits(story, "`sampan verify` proves both from the genesis alone", &verified, 0)?;
    let answer = verified.json()?;
    let rungs = answer.get("ladder").and_then(Value::as_array).context("no ladder")?;
    let verdict = rungs.iter().find(|rung| rung["name"] == "findings").map(|rung| rung["verdict"].clone());
    story.same("and finds the difference by itself", &verdict, &Some(json!("WARN")))
}
