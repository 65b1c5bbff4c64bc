//! A named bill secures a loan, is sold against payment, amended and given back; the same cargo is pledged once.

use anyhow::Result;
use sampan_proto::doc::{self, DocKind};
use sampan_proto::ids::RecordId;
use serde_json::{Value, json};

use super::desk::{does, may_not, may_not_provably, record};
use super::scene::{Scene, text};
use super::story::Story;
use crate::cluster::cast::{BANK, CARRIER, EXPORTER, IMPORTER, OTHER_BANK};
use crate::cluster::handle;

/// The goods key that the members of this network share.
const GOODS_KEY: &str = "5a6d0f2c3b1e4d7f8a9c0b1d2e3f405162738495a6b7c8d9e0f1a2b3c4d5e6f7";

/// The whole of it.
pub(super) async fn tell(scene: &Scene, story: &mut Story) -> Result<()> {
    let bill = issued(scene, story, "SMPN2640081", "credit-bl.json").await?;
    pledged(scene, story, &bill).await?;
    pledged_twice(scene, story).await?;
    sold(scene, story, &bill).await?;
    amended(scene, story, &bill).await
}

/// A bill to the exporter's order.
async fn issued(scene: &Scene, story: &mut Story, number: &str, name: &str) -> Result<RecordId> {
    story.step(&format!("The carrier issues bill {number} to the order of the exporter"));
    let mut bill: Value = serde_json::from_str(doc::template(DocKind::BillOfLading))?;
    bill["transportDocumentReference"] = number.into();
    bill["documentParties"]["endorsee"] = json!({
        "partyName": "Ningbo Tools Ltd",
        "identifyingCodes": [{ "codeListProvider": "ZZZ", "partyCode": EXPORTER }],
    });
    let file = scene.file(name);
    std::fs::write(&file, serde_json::to_vec_pretty(&bill)?)?;
    let said = does(scene, story, CARRIER, 0, &["issue", text(&file)?, "--to", EXPORTER, "--holder", EXPORTER]).await?;
    record(&said)
}

/// The arguments of a pledge of the goods in the document `name`.
fn pledge(scene: &Scene, bill: &RecordId, name: &str, bank: &str) -> Result<Vec<String>> {
    let key = scene.file("goods.key");
    std::fs::write(&key, GOODS_KEY)?;
    let (document, key) = (scene.file(name), text(&key)?.to_owned());
    let words =
        ["pledge", "offer", &bill.to_string(), "--bank", bank, "--document", text(&document)?, "--goods-key", &key];
    Ok(words.map(str::to_owned).to_vec())
}

fn words(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

async fn pledged(scene: &Scene, story: &mut Story, bill: &RecordId) -> Result<()> {
    story.step("The exporter pledges the goods to its bank; without the bank title goes nowhere");
    let id = bill.to_string();
    let offer = pledge(scene, bill, "credit-bl.json", BANK)?;
    does(scene, story, EXPORTER, 4, &words(&offer)).await?;
    does(scene, story, BANK, 1, &["pledge", "accept", &id]).await?;
    may_not_provably(scene, story, EXPORTER, 2, &["title", "endorse", &id, "--to", IMPORTER], "pledged").await
}

/// Fraud: the same cargo on a second bill, offered to a second bank.
async fn pledged_twice(scene: &Scene, story: &mut Story) -> Result<()> {
    let second = issued(scene, story, "SMPN2640082", "twin-bl.json").await?;
    story.step("Fraud: the same cargo, on the second bill, is offered to a second bank");
    let offer = pledge(scene, &second, "twin-bl.json", OTHER_BANK)?;
    may_not_provably(scene, story, EXPORTER, 3, &words(&offer), "goods_pledged").await
}

async fn sold(scene: &Scene, story: &mut Story, bill: &RecordId) -> Result<()> {
    story.step("The loan is paid, and the bill is sold against payment: title moves with the bank's word");
    let id = bill.to_string();
    does(scene, story, BANK, 1, &["pledge", "release", &id]).await?;
    let payment = ["--amount", "31200", "--currency", "USD", "--reference", "NHP-2611-07"];
    let offer = ["title", "offer", &id, "--to", IMPORTER, "--against", BANK];
    does(scene, story, EXPORTER, 4, &[offer.as_slice(), &payment].concat()).await?;
    may_not(scene, story, IMPORTER, 0, &["title", "accept", &id], "payment_awaited").await?;
    let less =
        ["title", "confirm-payment", &id, "--amount", "31199.99", "--currency", "USD", "--reference", "NHP-2611-07"];
    may_not(scene, story, BANK, 2, &less, "payment_mismatch").await?;
    does(scene, story, BANK, 2, &[["title", "confirm-payment", &id].as_slice(), &payment].concat()).await?;
    let now = scene.record(2, bill).await?;
    let title = now.title.and_then(|title| title.holder);
    let both = (Some(handle(IMPORTER)?), Some(handle(IMPORTER)?));
    story.same("possession and title are the importer's, in one block", &(now.possessor, title), &both)?;
    does(scene, story, IMPORTER, 0, &["title", "endorse-blank", &id]).await?;
    Ok(())
}

async fn amended(scene: &Scene, story: &mut Story, bill: &RecordId) -> Result<()> {
    story.step("The importer wants another place of delivery: the bill is amended, old and new name each other");
    let id = bill.to_string();
    let purpose = ["surrender", &id, "--for", "change-of-destination"];
    does(scene, story, IMPORTER, 0, &purpose).await?;
    may_not(scene, story, IMPORTER, 0, &["transfer", &id, "--to", BANK], "surrender_pending").await?;
    does(scene, story, CARRIER, 1, &["title", "accept-surrender", &id]).await?;
    let mut document: Value = serde_json::from_slice(&std::fs::read(scene.file("credit-bl.json"))?)?;
    if let Some(parties) = document["documentParties"].as_object_mut() {
        parties.remove("endorsee");
    }
    let file = scene.file("amended-bl.json");
    std::fs::write(&file, serde_json::to_vec_pretty(&document)?)?;
    let amend = ["issue", text(&file)?, "--to", IMPORTER, "--replaces", &id, "--how", "amendment", "--version", "2"];
    let heir = record(&does(scene, story, CARRIER, 1, &amend).await?)?;
    let old = scene.record(3, bill).await?;
    story.same(
        "the old bill is replaced by the new one",
        &(old.status.as_str(), old.replaced_by),
        &("replaced", vec![heir]),
    )?;
    does(scene, story, IMPORTER, 3, &["surrender", &heir.to_string()]).await?;
    does(scene, story, CARRIER, 1, &["title", "accept-surrender", &heir.to_string()]).await?;
    let end = scene.record(0, &heir).await?;
    story.same("the goods are delivered", &end.status.as_str(), &"surrendered-for-delivery")
}
