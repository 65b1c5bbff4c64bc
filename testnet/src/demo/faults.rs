//! What must not stop the network: a validator killed, all of them killed, a peer that talks nonsense.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::papers::Papers;
use super::scene::{EXPORTERS_NODE, FINAL, Scene};
use super::story::Story;
use super::title::hand_on;
use crate::cluster::cast::{EXPORTER, IMPORTER};
use crate::cluster::handle;

/// The validator that is killed alone.
const VICTIM: usize = 3;
/// How much nonsense a peer is sent: more than the longest frame that its first two bytes could announce.
const NONSENSE: usize = 72 * 1024;
/// How long a peer may take to hang up on nonsense.
const HANG_UP: Duration = Duration::from_secs(5);

/// Whoever of the two buyers does not have the bill.
async fn other_buyer(scene: &Scene, papers: &Papers) -> Result<&'static str> {
    let possessor = scene.record(0, &papers.bill.record).await?.possessor.context("nobody possesses the bill")?;
    Ok(if possessor == handle(IMPORTER)? { EXPORTER } else { IMPORTER })
}

/// One validator is killed; the others go on; it comes back and catches up.
pub(super) async fn kill_one(scene: &mut Scene, story: &mut Story, papers: &Papers) -> Result<()> {
    let name = scene.cluster.nodes().get(VICTIM).context("a fourth validator")?.name().to_owned();
    story.step(&format!("{name} is killed with -9 in the middle of everything"));
    scene.cluster.kill(&[VICTIM])?;
    let to = other_buyer(scene, papers).await?;
    let height = hand_on(scene, story, 0, &papers.bill.record, to).await?;
    scene.same_roots(story, height).await?;

    story.step(&format!("{name} starts again and catches up"));
    scene.cluster.restart(&[VICTIM]).await?;
    scene.same_roots(story, height).await?;
    let record = scene.record(VICTIM, &papers.bill.record).await?;
    story.same(&format!("{name} knows who possesses the bill"), &record.possessor, &Some(handle(to)?))
}

/// All validators are killed while a transfer is on its way, and come back to one chain.
pub(super) async fn kill_all(scene: &mut Scene, story: &mut Story, papers: &Papers) -> Result<()> {
    story.step("All four validators are killed at once, with a transfer on its way");
    let bill = papers.bill.record;
    let before = scene.record(0, &bill).await?;
    let to = other_buyer(scene, papers).await?;
    let possessor = before.possessor.context("nobody possesses the bill")?;
    let possessor = scene.cluster.person(possessor.as_str())?;
    let signed = possessor.transfer(scene.cluster.chain(), bill, before.seq, &handle(to)?)?;
    let old = scene.api(0)?.node().await?;
    let ticket = scene.api(0)?.submit(&signed.submission).await?;
    let came = || format!("it was refused: {:?}", ticket.as_ref().err());
    story.check("the transfer has its ticket", ticket.is_ok(), "a ticket", came)?;
    scene.cluster.kill(&[0, 1, 2, 3])?;
    let up: Vec<_> =
        scene.cluster.nodes().iter().filter(|node| node.is_up()).map(|node| node.name().to_owned()).collect();
    story.same("only the exporter's node still runs", &up, &vec![EXPORTER.to_owned()])?;

    story.step("All four start again: one chain, and it goes on");
    scene.cluster.restart(&[0, 1, 2, 3]).await?;
    scene.same_roots(story, old.height).await?;
    if old.height.0 > 0 {
        let kept = scene.api(1)?.header(old.height).await?;
        story.same("what was final is still there, the same block", &kept.hash, &old.header)?;
    }
    // Sending the same signed transfer again is safe: it is the same statement, executed once.
    if let Err(problem) = scene.api(1)?.submit(&signed.submission).await? {
        story.tell(&format!("sent again: {}, {}", problem.code, problem.detail));
    }
    let height = scene.api(1)?.finality(&signed.id, FINAL).await?;
    let record = scene.record(1, &bill).await?;
    let came = (record.possessor, record.seq);
    story.same("the transfer on its way is final, once", &came, &(Some(handle(to)?), before.seq + 1))?;
    scene.same_roots(story, height).await
}

/// A peer that does not speak the protocol is hung up on.
pub(super) async fn nonsense(scene: &Scene, story: &mut Story, papers: &Papers) -> Result<()> {
    story.step("Somebody talks nonsense to every validator's peer-to-peer port");
    let mut noise = vec![0; NONSENSE];
    getrandom::fill(&mut noise)?;
    // One that begins as a peer would, and two that do not.
    let openings: [&[u8]; 3] =
        [b"\x13/multistream/1.0.0\n\x07/noise\n", b"GET / HTTP/1.1\r\n\r\n", b"\xff\xff\xff\xff"];
    for node in scene.cluster.nodes().iter().take(EXPORTERS_NODE) {
        let port = node.view().p2p.split('/').nth(4).and_then(|port| port.parse().ok()).context("a TCP port")?;
        let mut hung_up = 0;
        for opening in openings {
            let talked = talk(port, &[opening, &noise].concat()).await;
            hung_up += u32::from(talked.with_context(|| format!("{} on port {port}", node.name()))?);
        }
        let ready = node.api().ready().await;
        let came = || format!("it hung up {hung_up} times and is {ready:?}");
        let holds = hung_up == 3 && ready.is_ok();
        story.check(&format!("{} hangs up three times and goes on", node.name()), holds, "both", came)?;
    }
    let to = other_buyer(scene, papers).await?;
    let height = hand_on(scene, story, 3, &papers.bill.record, to).await?;
    scene.same_roots(story, height).await
}

/// Connects and says `words`; true when the other hangs up on them.
async fn talk(port: u16, words: &[u8]) -> Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let spoken = async {
        // It may hang up before it has heard everything.
        let _ = stream.write_all(words).await;
        let mut answer = [0; 1_024];
        while matches!(stream.read(&mut answer).await, Ok(1..)) {}
    };
    Ok(tokio::time::timeout(HANG_UP, spoken).await.is_ok())
}
