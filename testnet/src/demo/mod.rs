//! The demonstration: the life of a bill of lading and a certificate of origin on a real network, told
//! step by step. Every step has its checks; the first that fails ends the story and the exit code tells.

mod credit;
mod desk;
mod discord;
mod faults;
mod governance;
mod lasting;
mod origin;
mod papers;
mod proofs;
mod roster;
mod scene;
mod story;
mod title;

pub use story::{Failed, Story};

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::Result;
use tokio_util::sync::CancellationToken;

use crate::cluster::Options;
use crate::cluster::binaries::Binaries;
use crate::{console, up};
use scene::{EXPORTERS_NODE, Scene};

/// Tells the story. With `keep`, the network stays until the user stops it.
///
/// # Errors
/// Only when printing is impossible; a step that fails is reported and gives exit code 1.
pub async fn run(binaries: Binaries, keep: bool, stop: &CancellationToken) -> Result<ExitCode> {
    let mut story = Story::begin();
    let told = tokio::select! {
        told = tell(&mut story, binaries, keep) => told,
        () = stop.cancelled() => {
            console::say("stopped before the end of the story");
            return Ok(ExitCode::from(2));
        }
    };
    let mut scene = match told {
        Ok(scene) => scene,
        Err(error) => {
            story.report(&error);
            return Ok(ExitCode::from(1));
        }
    };
    console::out(&format!("\n{}", story.summary()));
    if keep {
        console::out(&format!("\n{}\n\nCtrl-C ends it.", scene.cluster.view().tour(scene.cluster.binaries())));
        up::stay(&mut scene.cluster, stop).await;
    }
    Ok(ExitCode::SUCCESS)
}

async fn tell(story: &mut Story, binaries: Binaries, keep: bool) -> Result<Scene> {
    story.step("A network starts: four customs agencies validate, an exporter follows");
    let mut scene = Scene::set(&Options::new(binaries)).await?;
    let told = match play(&mut scene, story).await {
        Ok(()) if !keep => lasting::without_servers(&mut scene, story).await,
        told => told,
    };
    match told {
        Ok(()) => Ok(scene),
        Err(error) => {
            let dir = scene.cluster.keep_files().display().to_string();
            console::say(&format!("the network's files and logs stay in {dir}"));
            scene.cluster.fallen().iter().for_each(|words| console::say(words));
            Err(error)
        }
    }
}

async fn play(scene: &mut Scene, story: &mut Story) -> Result<()> {
    started(scene, story).await?;
    let papers = papers::issue(scene, story).await?;
    papers::read_back(scene, story, &papers).await?;
    papers::issue_again(scene, story, &papers).await?;
    title::to_the_bank(scene, story, &papers).await?;
    title::race(scene, story, &papers).await?;
    faults::kill_one(scene, story, &papers).await?;
    faults::kill_all(scene, story, &papers).await?;
    faults::nonsense(scene, story, &papers).await?;
    proofs::offline(scene, story, &papers).await?;
    title::surrender(scene, story, &papers).await?;
    proofs::trace(scene, story, &papers).await?;
    credit::tell(scene, story).await?;
    origin::tell(scene, story).await?;
    discord::tell(scene, story, &papers).await?;
    governance::tell(scene, story).await?;
    roster::tell(scene, story, &papers).await
}

async fn started(scene: &Scene, story: &mut Story) -> Result<()> {
    let nodes = scene.cluster.nodes();
    let pids: BTreeSet<u32> = nodes.iter().filter_map(|node| node.view().pid).collect();
    story.same("five nodes run, each a process of its own", &pids.len(), &(EXPORTERS_NODE + 1))?;
    for node in nodes {
        let status = node.api().node().await?;
        let (peers, voting) = (status.peers, if status.validator { "votes" } else { "follows" });
        let holds = status.chain == scene.cluster.chain() && peers == 4;
        let words = format!("{:<13} {voting}, is on our chain and connected to {peers} others", node.name());
        story.check(&words, holds, "our chain and 4 peers", || format!("chain {} and {peers} peers", status.chain))?;
    }
    story.tell(&format!(
        "chain {}, founded by {} members",
        scene.cluster.chain(),
        scene.cluster.genesis().members.len()
    ));
    Ok(())
}
