//! The end: every node is asked for every header, for everything that was ever acknowledged, and for its evidence.

use std::sync::Arc;

use anyhow::{Context, Result};
use sampan_proto::api::{OffenceView, StatementStatus};
use sampan_proto::genesis::Genesis;
use sampan_proto::ids::{HeaderHash, Height, RecordId};
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
    bills: Vec<(RecordId, Bill)>,
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
    if turn == 0 {
        let accused = |OffenceView { kind, height, .. }| Violation::Accused { node: node(), kind, height };
        found.extend(api.evidence().await?.evidence.into_iter().map(accused));
    }
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
        match api.statement_now(statement).await? {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sampan_proto::doc::{self, DocKind};
    use sampan_proto::hash::Hash32;
    use sampan_proto::ids::StatementId;

    use super::*;
    use crate::cluster::Options;
    use crate::cluster::binaries::Binaries;
    use crate::cluster::cast::{BANK, CARRIER, EXPORTER};

    /// A true memory of one bill, and then that memory with one thing changed. `cargo build --bins` comes first.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_otherwise_than_it_was_acknowledged_is_lost_astray_or_forked() {
        let binaries = Binaries::find(None).expect("build them first");
        let options = Options { validators: 1, full_nodes: 0, ..Options::new(binaries) };
        let cluster = Cluster::start(&options).await.expect("starts");
        let api = cluster.nodes()[0].api();
        let person = |id| cluster.person(id).expect("a member");
        let bytes = doc::template(DocKind::BillOfLading).as_bytes().to_vec();
        let to = &person(EXPORTER).id;
        let issue = person(CARRIER).issue(cluster.chain(), DocKind::BillOfLading, bytes, to).expect("signs");
        let record = api.submit(&issue.submission).await.expect("answers").expect("a ticket").record;
        let height = api.finality(&issue.id, Duration::from_secs(20)).await.expect("final");
        let header = api.header(height).await.expect("a header").hash;
        let ack = Ack { statement: issue.id, height, header };
        let bill = Bill { possessor: to.clone(), seq: 1 };
        let found = async |ack: &Ack, bill: Bill| {
            let memory = Shared::new();
            memory.lock().acknowledged(ack.clone(), record, bill);
            audit(&cluster, height, &memory).await.expect("answers").1
        };

        assert_eq!(found(&ack, bill.clone()).await, Vec::new());
        let lost = |found: Vec<Violation>| found.iter().any(|v| matches!(v, Violation::Lost { .. }));
        let unheard = Ack { statement: StatementId(Hash32([9; 32])), ..ack.clone() };
        assert!(lost(found(&unheard, bill.clone()).await), "a statement that is nowhere");
        let elsewhere = Ack { header: HeaderHash(Hash32([9; 32])), ..ack.clone() };
        assert!(lost(found(&elsewhere, bill.clone()).await), "another block at its height");
        let later = Ack { height: height.next(), ..ack.clone() };
        assert!(lost(found(&later, bill.clone()).await), "another height");
        let sold = Bill { possessor: person(BANK).id.clone(), seq: 2 };
        let node = cluster.nodes()[0].name().to_owned();
        assert_eq!(found(&ack, sold).await, [Violation::Astray { record, node: node.clone() }]);

        // What another node has as its first block.
        let chain = vec![HeaderHash(Hash32([9; 32]))];
        let questions = Questions { genesis: cluster.genesis().clone(), chain, acks: Vec::new(), bills: Vec::new() };
        let forked = ask(&node, api, &questions, 0).await.expect("answers");
        assert_eq!(forked, [Violation::Fork { height: Height(1), node }]);
    }
}
