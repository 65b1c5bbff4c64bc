//! The title moves: handed on, sold twice at the same moment, given back.

use anyhow::{Context, Result};
use sampan_proto::api::{Problem, StatementStatus, Ticket};
use sampan_proto::ids::{Height, MemberId, RecordId};

use super::papers::Papers;
use super::scene::{EXPORTERS_NODE, FINAL, Scene, exits, proven};
use super::story::Story;
use crate::cluster::cast::{BANK, CARRIER, EXPORTER, IMPORTER};
use crate::cluster::handle;
use crate::cluster::http::Answer;
use crate::cluster::person::Signed;
use crate::cluster::wait::until;

/// The possessor hands the bill to `to` through node `node`.
pub(super) async fn hand_on(
    scene: &Scene,
    story: &mut Story,
    node: usize,
    bill: &RecordId,
    to: &str,
) -> Result<Height> {
    let before = scene.record(node, bill).await?;
    let from = before.possessor.context("nobody possesses the bill")?;
    let said = scene.acting(from.as_str(), node, &["transfer", &bill.to_string(), "--to", to]).await?;
    exits(story, &format!("`sampan transfer --to {to}` by {from}"), &said, 0)?;
    let view = scene.api(node)?.record(bill).await?.map_err(|problem| anyhow::anyhow!(problem.detail))?;
    story.same(
        &format!("{to} possesses the bill, at seq {}", before.seq + 1),
        &view.record.possessor,
        &Some(handle(to)?),
    )?;
    Ok(view.as_of.height)
}

/// The exporter hands the bill to its bank.
pub(super) async fn to_the_bank(scene: &Scene, story: &mut Story, papers: &Papers) -> Result<()> {
    story.step("The exporter hands the title to its bank");
    let height = hand_on(scene, story, EXPORTERS_NODE, &papers.bill.record, BANK).await?;
    scene.same_roots(story, height).await
}

/// The bank sells one bill to two buyers at once, through two nodes. One sale stands.
pub(super) async fn race(scene: &Scene, story: &mut Story, papers: &Papers) -> Result<()> {
    story.step("The bank sells the bill to two buyers in the same moment, through two nodes");
    let bill = papers.bill.record;
    let record = scene.record(0, &bill).await?;
    let (chain, bank) = (scene.cluster.chain(), scene.cluster.person(BANK)?);
    let sell = |to: &str| bank.transfer(chain, bill, record.seq, &handle(to)?);
    let sales = [(IMPORTER, sell(IMPORTER)?, 0), (EXPORTER, sell(EXPORTER)?, 2)];
    let [(_, first, a), (_, second, b)] = &sales;
    let (first, second) =
        tokio::join!(scene.api(*a)?.submit(&first.submission), scene.api(*b)?.submit(&second.submission));
    let [(to_1, sale_1, _), (to_2, sale_2, _)] = &sales;
    let fate_1 = fate(scene, *a, sale_1, first?).await?;
    let fate_2 = fate(scene, *b, sale_2, second?).await?;

    let (winner, refusal) = match (fate_1, fate_2) {
        (Ok(()), Err(refusal)) => (*to_1, refusal),
        (Err(refusal), Ok(())) => (*to_2, refusal),
        (fate_1, fate_2) => {
            let came = || format!("{to_1}: {fate_1:?}, {to_2}: {fate_2:?}");
            return story.check("exactly one sale stands", false, "one final, one refused", came);
        }
    };
    story.check(&format!("exactly one sale stands: {winner} has the bill"), true, "one winner", String::new)?;
    let proof =
        scene.refused(story, "the other is refused", &refusal, &["wrong_seq", "superseded", "not_possessor"])?;
    let holder = proven(&proof).and_then(|record| record.possessor.clone());
    story.same("the loser is shown the winner, provably", &holder, &Some(handle(winner)?))?;
    let height = proof.head.header.0.height;
    scene.same_roots(story, height).await
}

/// What became of a sale: final, or refused at the door or later.
async fn fate(scene: &Scene, node: usize, sale: &Signed, answer: Answer<Ticket>) -> Result<Result<(), Box<Problem>>> {
    if let Err(problem) = answer {
        return Ok(Err(problem));
    }
    let api = scene.api(node)?;
    let fate = until("the sale to be decided", FINAL, async || {
        Ok(match api.statement(&sale.id).await? {
            StatementStatus::Final { .. } => Ok(Ok(())),
            StatementStatus::Dropped { problem } => Ok(Err(problem)),
            other => Err(format!("it is {other:?}")),
        })
    });
    let fate = fate.await?;
    match &fate {
        // It was dropped after its ticket. Whoever sends it again is shown why.
        Err(problem) if problem.proof.is_none() => Ok(api.submit(&sale.submission).await?.map(drop)),
        _ => Ok(fate),
    }
}

/// The possessor gives the bill back to the carrier. Nothing can be done with it any more.
pub(super) async fn surrender(scene: &Scene, story: &mut Story, papers: &Papers) -> Result<()> {
    story.step("The possessor gives the bill back to the carrier, and the goods are delivered");
    let bill = papers.bill.record;
    let possessor = scene.record(1, &bill).await?.possessor.context("nobody possesses the bill")?;
    let said = scene.acting(possessor.as_str(), 1, &["surrender", &bill.to_string()]).await?;
    exits(story, &format!("`sampan surrender` by {possessor}"), &said, 0)?;
    let said = scene.acting(CARRIER, 1, &["title", "accept-surrender", &bill.to_string()]).await?;
    exits(story, &format!("`sampan title accept-surrender` by {CARRIER}"), &said, 0)?;
    let record = scene.record(1, &bill).await?;
    let nobody: Option<MemberId> = None;
    story.same(
        "the bill is surrendered and nobody possesses it",
        &(record.status.as_str(), &record.possessor),
        &("surrendered-for-delivery", &nobody),
    )?;

    let late = scene.cluster.person(possessor.as_str())?;
    let late = late.transfer(scene.cluster.chain(), bill, record.seq, &handle(CARRIER)?)?;
    let Err(problem) = scene.api(2)?.submit(&late.submission).await? else {
        return story.check("a later transfer is refused", false, "a refusal", || "it was accepted".to_owned());
    };
    let proof = scene.refused(story, "a later transfer is refused", &problem, &["record_ended"])?;
    let status = proven(&proof).map(|record| record.status.as_str());
    story.same("provably: its life is over", &status, &Some("surrendered-for-delivery"))
}
