//! The end: every node is asked for every header and for everything that was ever acknowledged.

use std::sync::Arc;

use anyhow::{Context, Result};
use sampan_proto::api::StatementStatus;
use sampan_proto::genesis::Genesis;
use sampan_proto::ids::{HeaderHash, Height};
use tokio::task::JoinSet;

use super::memory::{Ack, Bill, Shared};
use super::violation::Violation;
use crate::cluster::Cluster;
use crate::cluster::http::Api;

/// Questions to one node at the same time.
const AT_ONCE: usize = 4;

/// What was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Checked {
    /// Heights on each node.
    pub(super) heights: u64,
    /// Acknowledgements on each node.
    pub(super) acknowledged: usize,
}

/// Everything that a node is asked about.
struct Questions {
    genesis: Genesis,
    chain: Vec<HeaderHash>,
    acks: Vec<Ack>,
    bills: Vec<(sampan_proto::ids::RecordId, Bill)>,
}

/// Asks every node about every height up to `top` and about every acknowledgement.
///
/// # Errors
/// When a node does not answer.
pub(super) async fn audit(cluster: &Cluster, top: Height, memory: &Shared) -> Result<(Checked, Vec<Violation>)> {
    let first = cluster.nodes().first().context("no node")?;
    let chain = chain(first.api(), top).await?;
    let (acks, bills) = {
        let memory = memory.lock();
        (memory.acks.clone(), memory.bills.clone().into_iter().collect())
    };
    let checked = Checked { heights: top.0, acknowledged: acks.len() };
    let questions = Arc::new(Questions { genesis: cluster.genesis().clone(), chain, acks, bills });
    let mut tasks = JoinSet::new();
    for node in cluster.nodes() {
        for turn in 0..AT_ONCE {
            let (name, api, questions) = (node.name().to_owned(), node.api().clone(), Arc::clone(&questions));
            tasks.spawn(async move { ask(&name, &api, &questions, turn).await });
        }
    }
    let mut violations = Vec::new();
    while let Some(found) = tasks.join_next().await {
        violations.extend(found??);
    }
    Ok((checked, violations))
}

/// The headers of one node, from the first block on.
async fn chain(api: &Api, top: Height) -> Result<Vec<HeaderHash>> {
    let mut chain = Vec::new();
    for height in (1..=top.0).map(Height) {
        chain.push(api.header(height).await?.hash);
    }
    Ok(chain)
}

/// One node's share of the questions: every [`AT_ONCE`]th, from `turn` on.
async fn ask(name: &str, api: &Api, questions: &Questions, turn: usize) -> Result<Vec<Violation>> {
    let Questions { genesis, chain, acks, bills } = questions;
    let node = || name.to_owned();
    let mut found = Vec::new();
    for (height, expected) in (1..).map(Height).zip(chain).skip(turn).step_by(AT_ONCE) {
        let view = api.header(height).await?;
        if view.hash != *expected || view.header.hash() != *expected {
            found.push(Violation::Fork { height, node: node() });
        }
        // The roster of a network that is disturbed stays the same.
        if view.certificate.block != view.hash || view.certificate.verify(genesis.chain, &genesis.roster).is_err() {
            found.push(Violation::Unsigned { height, node: node() });
        }
    }
    for Ack { statement, height, header } in acks.iter().skip(turn).step_by(AT_ONCE) {
        let index = usize::try_from(height.0 - 1)?;
        let lost = |why| Violation::Lost { statement: *statement, node: node(), why };
        if chain.get(index) != Some(header) {
            found.push(lost(format!("height {height} is another block")));
        }
        match api.statement(statement).await? {
            StatementStatus::Final { height: there, .. } if there == *height => {}
            other => found.push(lost(format!("it was final at height {height}, and is {other:?}"))),
        }
    }
    for (record, Bill { possessor, seq }) in bills.iter().skip(turn).step_by(AT_ONCE) {
        let there = api.record(record).await?.map(|view| (view.record.possessor, view.record.seq));
        if there != Ok((Some(possessor.clone()), *seq)) {
            found.push(Violation::Astray { record: *record, node: node() });
        }
    }
    Ok(found)
}
