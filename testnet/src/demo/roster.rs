//! Those who decide change while the network runs: a validator leaves, comes back, and every proof leads over both.

use anyhow::{Context, Result};
use sampan_proto::proof::Bundle;
use serde_json::Value;

use super::desk::does;
use super::governance::{governs, statement};
use super::lasting;
use super::papers::Papers;
use super::scene::{EXPORTERS_NODE, FINAL, Scene, exits, text};
use super::story::Story;
use crate::cluster::cast::{CARRIER, EXPORTER};
use crate::cluster::wait::until;

/// The agency that moves house, and its node.
const AGENCY: (&str, usize) = ("th-customs", 3);

/// The whole of it.
pub(super) async fn tell(scene: &Scene, story: &mut Story, papers: &Papers) -> Result<()> {
    lasting::before(scene, story, papers).await?;
    leaves(scene, story).await?;
    comes_back(scene, story).await?;
    proves(scene, story, papers).await?;
    lasting::renewed(scene, story).await
}

/// Three agencies carry a proposal; any three of four are more than two thirds, and so are all of three.
async fn carry(scene: &Scene, story: &mut Story, propose: &[&str]) -> Result<()> {
    let proposal = statement(&governs(scene, story, "cn-customs", 0, &[&["gov", "propose"], propose].concat()).await?)?;
    for (who, node) in [("my-customs", 1), ("sg-customs", 2)] {
        governs(scene, story, who, node, &["gov", "vote", &proposal, "yes"]).await?;
    }
    Ok(())
}

async fn votes(scene: &Scene, story: &mut Story, words: &str, expected: bool) -> Result<()> {
    let api = scene.api(AGENCY.1)?;
    let settled = until("the validator's place", FINAL, async || {
        let now = api.node().await?.validator;
        Ok(if now == expected { Ok(now) } else { Err(format!("votes: {now}")) })
    });
    story.same(words, &settled.await?, &expected)
}

async fn leaves(scene: &Scene, story: &mut Story) -> Result<()> {
    story.step("An agency moves its data centre: its validator leaves the roster, and the network goes on");
    carry(scene, story, &["unseat", AGENCY.0, "--reason", "moves its data centre"]).await?;
    votes(scene, story, "its node follows, and votes no more", false).await?;
    // The block that took the seat was still decided by all four: the next one is not.
    issue_another(scene, story, "SMPN2640096").await?;
    lasting::signed_by_one_without_a_seat(scene, story, AGENCY.1).await
}

/// A bill of its own, for a block.
async fn issue_another(scene: &Scene, story: &mut Story, number: &str) -> Result<()> {
    let another = scene.file("after-bl.json");
    let mut document: Value = serde_json::from_slice(&std::fs::read(scene.file("credit-bl.json"))?)?;
    document["transportDocumentReference"] = number.into();
    std::fs::write(&another, serde_json::to_vec_pretty(&document)?)?;
    let issue = ["issue", text(&another)?, "--to", EXPORTER, "--holder", EXPORTER];
    does(scene, story, CARRIER, 0, &issue).await.map(drop)
}

async fn comes_back(scene: &Scene, story: &mut Story) -> Result<()> {
    story.step("It is ready again, says so with its validator's key, and is given its seat back");
    let node = scene.cluster.nodes().get(AGENCY.1).context("there is no such node")?;
    let ready = tokio::process::Command::new(&scene.cluster.binaries().sampand)
        .args(["ready", "--config"])
        .arg(&node.view().config)
        .output()
        .await?;
    let words = String::from_utf8_lossy(&ready.stderr).into_owned();
    story.check("`sampand ready` signs for it", ready.status.success(), "exit code 0", || words)?;
    let request = scene.file("ready.json");
    std::fs::write(&request, &ready.stdout)?;
    carry(scene, story, &["seat", text(&request)?]).await?;
    votes(scene, story, "its node votes again", true).await?;
    let listed = scene.reading(EXPORTERS_NODE, &["gov", "list"]).await?;
    exits(story, "`sampan gov list` tells what was decided", &listed, 0)?;
    story.tell(listed.text().lines().next().unwrap_or_default());
    let text = listed.text();
    let id = text.split_whitespace().find(|word| word.len() == 64).context("the list names no proposal")?;
    let shown = scene.reading(EXPORTERS_NODE, &["gov", "show", id]).await?;
    exits(story, "`sampan gov show` proves what was proposed", &shown, 0)?;
    let network = scene.reading(EXPORTERS_NODE, &["network"]).await?;
    exits(story, "`sampan network` proves the newest head over both changes", &network, 0)
}

/// A bundle from after both changes leads from the genesis over each of them; without one it leads nowhere.
async fn proves(scene: &Scene, story: &mut Story, papers: &Papers) -> Result<()> {
    story.step("A bundle made now verifies offline: it brings every change of the roster since the genesis");
    let (file, genesis) = (scene.file("after.bundle.json"), scene.cluster.genesis_path());
    let (bundle, genesis) = (text(&file)?, text(genesis)?);
    let record = papers.bill.record.to_string();
    // The block that gave the seat back was still decided by the others: the next one proves both changes.
    issue_another(scene, story, "SMPN2640095").await?;
    let said = scene.reading(EXPORTERS_NODE, &["bundle", &record, "--with-body", "--output", bundle]).await?;
    exits(story, "`sampan bundle` writes the file", &said, 0)?;
    let steps = Bundle::from_json(&std::fs::read(&file)?)?.trust_path.len();
    story.same("it walks over two handovers", &steps, &2)?;
    let said = scene.offline(&["verify", bundle, "--genesis", genesis]).await?;
    exits(story, "`sampan verify` holds, from the genesis alone", &said, 0)?;
    let mut skipped: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
    skipped["trustPath"].as_array_mut().context("a trust path")?.remove(0);
    let copy = scene.file("skipped.bundle.json");
    std::fs::write(&copy, serde_json::to_vec(&skipped)?)?;
    let said = scene.offline(&["verify", text(&copy)?, "--genesis", genesis]).await?;
    exits(story, "with one handover left out: exit 3", &said, 3)
}
