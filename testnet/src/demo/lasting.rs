//! Proofs that outlive their servers: an old file under validators who came later, forgeries and the rung that tells
//! each, and in the end all of it with every node stopped.

use anyhow::{Context, Result};
use sampan_node::setup;
use sampan_proto::keyfile::KeyFile;
use sampan_proto::proof::Bundle;
use sampan_proto::vote::{Signed, Vote, VoteType};
use serde_json::Value;

use super::papers::Papers;
use super::scene::{EXPORTERS_NODE, FINAL, Scene, exits, text};
use super::story::Story;
use crate::clock;
use crate::cluster::founding;
use crate::cluster::wait::until;

/// Made before the roster changed.
const OLD: &str = "old.bundle.json";
/// The same again, by the newest block.
const RENEWED: &str = "renewed.bundle.json";

/// Keeps a bundle from before the roster changes.
pub(super) async fn before(scene: &Scene, story: &mut Story, papers: &Papers) -> Result<()> {
    story.step("A bundle is put away before the validators change");
    let (record, file) = (papers.bill.record.to_string(), scene.file(OLD));
    let said = scene.reading(EXPORTERS_NODE, &["bundle", &record, "--with-body", "--output", text(&file)?]).await?;
    exits(story, "`sampan bundle` writes it", &said, 0)
}

/// A head decided while `agency` had no seat, with its signature in the place of one that counts.
pub(super) async fn signed_by_one_without_a_seat(scene: &Scene, story: &mut Story, agency: usize) -> Result<()> {
    let record = Bundle::from_json(&std::fs::read(scene.file(OLD))?)?.status.context("a status")?.id.to_string();
    let (file, forged) = (scene.file("unseated.bundle.json"), scene.file("forged.bundle.json"));
    let said = scene.reading(0, &["bundle", &record, "--output", text(&file)?]).await?;
    exits(story, "a bundle decided by those who stayed", &said, 0)?;
    let mut bundle = Bundle::from_json(&std::fs::read(&file)?)?;
    let config = &scene.cluster.nodes().get(agency).context("there is no such node")?.view().config;
    let key = KeyFile::from_json(&std::fs::read(config.with_file_name(setup::CONSENSUS_KEY))?)?.secret;
    let certificate = &mut bundle.head.certificate.0;
    let vote = Vote {
        chain: bundle.chain,
        vote_type: VoteType::Precommit,
        height: certificate.height,
        round: certificate.round,
        block: Some(certificate.block),
        validator: key.public(),
    };
    *certificate.signatures.last_mut().context("a signature")? = Signed::sign(vote, &key).signature;
    std::fs::write(&forged, serde_json::to_vec(&bundle)?)?;
    told_by(scene, story, "signed by the validator that has no seat", &[text(&forged)?], "certificate").await
}

/// The old file again, by the newest block and today's validators; and what a forger could try.
pub(super) async fn renewed(scene: &Scene, story: &mut Story) -> Result<()> {
    story.step("The old bundle again: by the newest block, over both changes of the validators");
    let (old, new) = (scene.file(OLD), scene.file(RENEWED));
    let said = scene.reading(EXPORTERS_NODE, &["receipt", "refresh", text(&old)?, "--output", text(&new)?]).await?;
    exits(story, "`sampan receipt refresh` writes it", &said, 0)?;
    let (before, after) = (Bundle::from_json(&std::fs::read(&old)?)?, Bundle::from_json(&std::fs::read(&new)?)?);
    story.same("it walks over two handovers more", &(after.trust_path.len() - before.trust_path.len()), &2)?;
    holds(scene, story, RENEWED).await?;
    let nodes: Vec<&str> = scene.cluster.nodes().iter().map(|node| node.api().base()).collect();
    let said =
        scene.offline(&[&["compare", "--genesis", text(scene.cluster.genesis_path())?], &nodes[..]].concat()).await?;
    exits(story, "`sampan compare`: all five nodes tell one history", &said, 0)?;

    story.step("What a forger could try, and the rung that tells it");
    let elsewhere = founding::found_elsewhere(&scene.file("another"))?;
    let said = scene.offline(&["--json", "verify", text(&new)?, "--genesis", text(&elsewhere)?]).await?;
    invalid(story, "another network's genesis", &said, "network")?;
    let made_ms = before.head.header.0.time_ms;
    let aged = until("a second to pass", FINAL, async || {
        let age_ms = clock::unix_ms().saturating_sub(made_ms);
        Ok(if age_ms > 1_000 { Ok(()) } else { Err(format!("the bundle is {age_ms} ms old")) })
    });
    aged.await?;
    told_by(scene, story, "older than its reader allows", &[text(&old)?, "--max-age", "1s"], "age").await?;
    let forge = |name: &str, change: &dyn Fn(&mut Vec<Value>)| {
        let mut bundle: Value = serde_json::from_slice(&std::fs::read(&new)?)?;
        change(bundle["history"].as_array_mut().context("a history")?);
        let file = scene.file(name);
        std::fs::write(&file, serde_json::to_vec(&bundle)?)?;
        Ok::<_, anyhow::Error>(file)
    };
    let removed = forge("removed.bundle.json", &|history| drop(history.remove(1)))?;
    told_by(scene, story, "an entry left out of its history", &[text(&removed)?], "history").await?;
    let reordered = forge("reordered.bundle.json", &|history| history.swap(1, 2))?;
    told_by(scene, story, "its history in another order", &[text(&reordered)?], "history").await
}

/// Nobody is there to ask any more.
pub(super) async fn without_servers(scene: &mut Scene, story: &mut Story) -> Result<()> {
    story.step("Every node stops. The files prove what they proved");
    let killed = scene.cluster.stop();
    story.same("all five ended in order", &killed, &Vec::new())?;
    holds(scene, story, OLD).await?;
    holds(scene, story, RENEWED).await
}

async fn holds(scene: &Scene, story: &mut Story, file: &str) -> Result<()> {
    let (bundle, genesis) = (scene.file(file), scene.cluster.genesis_path());
    let said = scene.offline(&["verify", text(&bundle)?, "--genesis", text(genesis)?]).await?;
    exits(story, &format!("{file} verifies offline"), &said, 0)
}

async fn told_by(scene: &Scene, story: &mut Story, what: &str, file: &[&str], rung: &str) -> Result<()> {
    let genesis = ["--genesis", text(scene.cluster.genesis_path())?];
    let said = scene.offline(&[&["--json", "verify"], file, &genesis[..]].concat()).await?;
    invalid(story, what, &said, rung)
}

/// Exit 3, and the first rung that does not hold is the one expected.
fn invalid(story: &mut Story, what: &str, said: &crate::cluster::cli::Said, rung: &str) -> Result<()> {
    let json = said.json()?;
    let rungs = json["ladder"].as_array().context("a ladder")?;
    let first = rungs.iter().find(|rung| rung["verdict"] == "INVALID").map(|found| &found["name"]);
    let holds = said.code == 3 && first.is_some_and(|name| name == rung);
    story.check(&format!("{what}: exit 3, `{rung}`"), holds, rung, || said.summary())
}
