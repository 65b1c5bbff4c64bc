//! The two papers come onto the ledger, and no second one of the same number.

use anyhow::{Context, Result};
use sampan_proto::doc::DocKind;
use sampan_proto::doc::cross::{self, Bill, Origin};
use serde_json::Value;

use super::scene::{EXPORTERS_NODE, Paper, Scene, exits, text};
use super::story::Story;
use crate::cluster::cast::{AUTHORITY, CARRIER, EXPORTER, IMPORTER};
use crate::cluster::handle;

/// Bill and certificate.
#[derive(Debug)]
pub(super) struct Papers {
    pub(super) bill: Paper,
    pub(super) certificate: Paper,
}

/// Both are checked, issued and final everywhere.
pub(super) async fn issue(scene: &Scene, story: &mut Story) -> Result<Papers> {
    story.step("The carrier checks its bill of lading and issues it to the exporter");
    let bill = issue_one(scene, story, CARRIER, 0, DocKind::BillOfLading, "bl.json").await?;
    story.step("The issuing authority issues the certificate of origin, Form E");
    let certificate = issue_one(scene, story, AUTHORITY, 1, DocKind::CertificateOfOrigin, "co.json").await?;

    story.step("Every node has both, in the same place");
    scene.final_everywhere(story, "the bill", &bill.statement).await?;
    let height = scene.final_everywhere(story, "the certificate", &certificate.statement).await?;
    scene.same_roots(story, height).await?;
    Ok(Papers { bill, certificate })
}

async fn issue_one(
    scene: &Scene,
    story: &mut Story,
    who: &str,
    node: usize,
    kind: DocKind,
    name: &str,
) -> Result<Paper> {
    let template = scene.offline(&["template", kind.as_str()]).await?;
    exits(story, &format!("`sampan template {kind}` gives a filled example"), &template, 0)?;
    let file = scene.file(name);
    std::fs::write(&file, &template.stdout)?;
    let checked = scene.offline(&["check", text(&file)?]).await?;
    exits(story, &format!("`sampan check {name}` finds nothing that refuses it"), &checked, 0)?;
    let issued = scene.acting(who, node, &["issue", text(&file)?, "--to", EXPORTER]).await?;
    exits(
        story,
        &format!("`sampan issue {name} --to {EXPORTER}` by {who} comes back with a verified receipt"),
        &issued,
        0,
    )?;
    let json = issued.json()?;
    let field = |name: &str| {
        let value = json.get(name).and_then(Value::as_str);
        value.with_context(|| format!("`sampan issue --json` names no `{name}`: {json}"))
    };
    Ok(Paper { record: field("record")?.parse()?, statement: field("statement")?.parse()?, file })
}

/// What comes back is what went in.
pub(super) async fn read_back(scene: &Scene, story: &mut Story, papers: &Papers) -> Result<()> {
    story.step("The documents come back byte for byte");
    for (what, paper) in [("bill", &papers.bill), ("certificate", &papers.certificate)] {
        let sent = std::fs::read(&paper.file)?;
        let back = scene.api(EXPORTERS_NODE)?.body(&paper.record).await?;
        let words = format!("the {what} from the exporter's node: {} bytes, the same", back.len());
        story.check(&words, back == sent, "the bytes that went in", || format!("{} others", back.len()))?;
    }
    compared(scene, story, papers).await
}

/// An officer lays both documents side by side; every node that holds them says the same.
async fn compared(scene: &Scene, story: &mut Story, papers: &Papers) -> Result<()> {
    story.step("An officer lays the bill and the certificate side by side");
    let (bill, origin) =
        (Bill::open(&std::fs::read(&papers.bill.file)?)?, Origin::open(&std::fs::read(&papers.certificate.file)?)?);
    let expected = cross::pair(&bill, &origin);
    for node in [0, EXPORTERS_NODE] {
        let answer = scene.api(node)?.findings(&papers.bill.record, &papers.certificate.record).await?;
        let told = answer.map(|view| view.findings).map_err(|problem| anyhow::anyhow!("{}", problem.detail))?;
        story.same(
            &format!("node {node} finds what the documents say: {} findings", expected.len()),
            &told,
            &expected,
        )?;
    }
    for finding in &expected {
        story.tell(&format!(
            "{} {}: `{}` against `{}`",
            finding.rule, finding.detail, finding.left.value, finding.right.value
        ));
    }
    Ok(())
}

/// The same number again is refused, with the proof that it is taken.
pub(super) async fn issue_again(scene: &Scene, story: &mut Story, papers: &Papers) -> Result<()> {
    story.step("The carrier tries to issue the same bill a second time, to somebody else");
    let (bill, proof) = (text(&papers.bill.file)?.to_owned(), scene.file("taken.bundle.json"));
    let again = scene.acting(CARRIER, 2, &["issue", &bill, "--to", IMPORTER, "--bundle", text(&proof)?]).await?;
    exits(story, "`sampan issue` says no", &again, 1)?;
    let code = again.json()?.pointer("/error/code").and_then(Value::as_str).map(str::to_owned);
    story.same("because the number is taken", &code.as_deref(), &Some("reference_already_issued"))?;
    let verified = scene.offline(&["verify", text(&proof)?, "--genesis", text(scene.cluster.genesis_path())?]).await?;
    exits(story, "`sampan verify` checks the proof that came with the no", &verified, 0)?;
    let carrier = scene.cluster.person(CARRIER)?;
    let bytes = std::fs::read(&papers.bill.file)?;
    let signed = carrier.issue(scene.cluster.chain(), DocKind::BillOfLading, bytes, &handle(IMPORTER)?)?;
    let answer = scene.api(3)?.submit(&signed.submission).await?;
    let Err(problem) = answer else {
        return story.check("another node says no", false, "a refusal", || "it was accepted".to_owned());
    };
    let proof = scene.refused(story, "another node says no", &problem, &["reference_already_issued"])?;
    let record = proof.reference.and_then(|reference| reference.record);
    story.same("it proves that the number belongs to the first bill", &record, &Some(papers.bill.record))
}
