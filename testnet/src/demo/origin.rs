//! A certificate of origin from application to its last use: presented, checked, used in part, and drawn on by
//! another country's certificate within its balance and not beyond.

use anyhow::Result;
use sampan_proto::doc::{self, DocKind};
use sampan_proto::ids::RecordId;
use serde_json::{Value, json};

use super::desk::{does, may_not, may_not_provably, record};
use super::scene::{Scene, text};
use super::story::Story;
use crate::cluster::cast::{AUTHORITY, EXPORTER, IMPORTER, TRANSIT_AUTHORITY};

/// Customs of the importing country.
const CUSTOMS: &str = "my-customs";
/// Number of the certificate.
const NUMBER: &str = "E263302A7K4M0042";

/// The whole of it.
pub(super) async fn tell(scene: &Scene, story: &mut Story) -> Result<()> {
    let certificate = certified(scene, story).await?;
    checked(scene, story, &certificate).await?;
    drawn(scene, story, &certificate).await
}

/// A Form E under another number, after `edit`.
fn form_e(scene: &Scene, name: &str, number: &str, edit: impl FnOnce(&mut Value)) -> Result<String> {
    let mut form: Value = serde_json::from_str(doc::template(DocKind::CertificateOfOrigin))?;
    form["referenceNumber"] = number.into();
    edit(&mut form);
    let file = scene.file(name);
    std::fs::write(&file, serde_json::to_vec_pretty(&form)?)?;
    Ok(text(&file)?.to_owned())
}

async fn certified(scene: &Scene, story: &mut Story) -> Result<RecordId> {
    story.step("The exporter applies for a Form E, and the authority certifies the very same document");
    let file = form_e(scene, "applied-co.json", NUMBER, |_| ())?;
    let applied = does(scene, story, EXPORTER, 4, &["origin", "apply", &file, "--to", AUTHORITY]).await?;
    let application = record(&applied)?.to_string();
    let certified = does(scene, story, AUTHORITY, 1, &["origin", "certify", &application, "--to", EXPORTER]).await?;
    let answered = scene.record(0, &record(&applied)?).await?;
    story.same("the application is answered", &answered.status.as_str(), &"certified")?;
    record(&certified)
}

async fn checked(scene: &Scene, story: &mut Story, certificate: &RecordId) -> Result<()> {
    story.step("It is presented in Malaysia; customs ask the issuer, who answers in time; part of it is used");
    let id = certificate.to_string();
    may_not(scene, story, EXPORTER, 4, &["origin", "present", &id, "--to", "th-customs"], "not_importing_customs")
        .await?;
    does(scene, story, EXPORTER, 4, &["origin", "present", &id, "--to", CUSTOMS]).await?;
    does(scene, story, CUSTOMS, 1, &["origin", "check", "open", &id, "--reason", "specimen of the stamp in doubt"])
        .await?;
    let check = scene.record(1, certificate).await?.origin.and_then(|origin| origin.check);
    let days = check.map(|check| (check.reply_by_ms - check.since_ms, check.close_by_ms - check.since_ms));
    let day = |days: u64| days * 86_400_000;
    story.same(
        "both sides see when answer and decision are due: 90 and 180 days",
        &days,
        &Some((day(90), day(180))),
    )?;
    let soon = ["origin", "check", "close", &id, "--upheld", "no", "--reason", "no answer"];
    may_not(scene, story, CUSTOMS, 1, &soon, "answer_awaited").await?;
    let answer = ["origin", "check", "answer", &id, "--genuine", "yes", "--answer", "issued by us, stamp of 2026"];
    does(scene, story, AUTHORITY, 0, &answer).await?;
    let close = ["origin", "check", "close", &id, "--upheld", "yes", "--reason", "confirmed by the issuer"];
    does(scene, story, CUSTOMS, 1, &close).await?;
    does(scene, story, CUSTOMS, 1, &["origin", "accept", &id, "--use", "1=4000KGM"]).await?;
    Ok(())
}

/// A back-to-back certificate for what goes on from Singapore.
async fn drawn(scene: &Scene, story: &mut Story, certificate: &RecordId) -> Result<()> {
    story.step("Singapore certifies part of the rest back to back");
    let back_to_back = |name: &str, number: &str, weight: &str| {
        form_e(scene, name, number, |form| {
            form["issuingCountry"] = "SG".into();
            form["items"][0]["box9GrossWeight"]["value"] = weight.into();
            form["box13Ticks"]["movementCertificate"] = true.into();
            form["box13Original"] = json!({ "referenceNumber": NUMBER, "issuingCountry": "CN", "date": "2026-11-19" });
        })
    };
    let (id, first) = (certificate.to_string(), back_to_back("b2b-1.json", "SG26E0001", "3000")?);
    let draw = format!("{id}:1=3000KGM");
    let issue = ["issue", &first, "--to", IMPORTER, "--draw", &draw];
    does(scene, story, TRANSIT_AUTHORITY, 2, &issue).await?;
    story.step("Fraud: a second one certifies more than it draws, then asks for more than is left");
    let (second, draw) = (back_to_back("b2b-2.json", "SG26E0002", "5000")?, format!("{id}:1=2840.5KGM"));
    let issue = ["issue", &second, "--to", IMPORTER, "--draw", &draw];
    may_not(scene, story, TRANSIT_AUTHORITY, 2, &issue, "quantity_imbalance").await?;
    let draw = format!("{id}:1=5000KGM");
    let issue = ["issue", &second, "--to", IMPORTER, "--draw", &draw];
    may_not_provably(scene, story, TRANSIT_AUTHORITY, 2, &issue, "account_overdrawn").await?;
    let left = scene.record(3, certificate).await?.origin.map(|origin| origin.account);
    let left = left.into_iter().flatten().map(|(_, amounts)| amounts.to_string()).collect::<Vec<_>>();
    story.same("2 840.5 kg are left, whoever asks", &left, &vec!["2840.5 KGM".to_owned()])
}
