//! Clients that trade all the while: a bill is issued, handed on, and the next one follows. Each sends the same
//! statement to node after node until one of them says that it is final, and remembers what was said.

use std::time::Duration;

use anyhow::Result;
use sampan_proto::api::StatementStatus;
use sampan_proto::doc::DocKind;
use sampan_proto::ids::{ChainId, RecordId};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::memory::{Ack, Bill, Shared};
use crate::bench::documents::document;
use crate::cluster::Cluster;
use crate::cluster::cast::{BANK, CARRIER, EXPORTER};
use crate::cluster::http::Api;
use crate::cluster::person::{Person, Signed};

/// Clients for each node: most of what they do is wait.
const PER_NODE: usize = 4;
/// How long a client waits for a node before it turns to the next.
const PATIENCE: Duration = Duration::from_secs(4);
/// Rest before it does.
const REST: Duration = Duration::from_millis(50);
/// Bytes of a bill.
const SIZE: usize = 2_048;

/// A client.
struct Client {
    number: u64,
    /// The node that it asks first.
    home: usize,
    apis: Vec<Api>,
    chain: ChainId,
    carrier: Person,
    exporter: Person,
    bank: Person,
    memory: Shared,
}

/// Starts clients that send `rate` statements a second together, until `stop`; each then finishes what it has begun.
///
/// # Errors
/// When the network has no sample members.
pub(super) fn start(
    cluster: &Cluster,
    rate: u64,
    memory: &Shared,
    stop: &CancellationToken,
) -> Result<JoinSet<Result<()>>> {
    let apis: Vec<Api> = cluster.nodes().iter().map(|node| node.api().clone()).collect();
    let count = apis.len() * PER_NODE;
    // Two statements a bill.
    let pace = Duration::from_secs_f64(2.0) * u32::try_from(count)? / u32::try_from(rate)?;
    let client = |number: usize| {
        anyhow::Ok(Client {
            number: number as u64,
            home: number % apis.len(),
            apis: apis.clone(),
            chain: cluster.chain(),
            carrier: cluster.person(CARRIER)?.clone(),
            exporter: cluster.person(EXPORTER)?.clone(),
            bank: cluster.person(BANK)?.clone(),
            memory: memory.clone(),
        })
    };
    let mut clients = JoinSet::new();
    for number in 0..count {
        clients.spawn(client(number)?.trade(pace, stop.clone()));
    }
    Ok(clients)
}

impl Client {
    async fn trade(self, pace: Duration, stop: CancellationToken) -> Result<()> {
        let mut ticks = tokio::time::interval(pace);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for i in 0.. {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = ticks.tick() => {}
            }
            // Numbers of their own for each client.
            let bytes = document(DocKind::BillOfLading, self.number * 1_000_000 + i, SIZE)?;
            let issue = self.carrier.issue(self.chain, DocKind::BillOfLading, bytes, &self.exporter.id)?;
            let bill = Bill { possessor: self.exporter.id.clone(), seq: 1 };
            let record = self.settle(&issue, &bill).await?;
            let sale = self.exporter.transfer(self.chain, record, bill.seq, &self.bank.id)?;
            self.settle(&sale, &Bill { possessor: self.bank.id.clone(), seq: 2 }).await?;
        }
        Ok(())
    }

    /// Sends a statement until a node says that it is final, and remembers it.
    async fn settle(&self, signed: &Signed, bill: &Bill) -> Result<RecordId> {
        let json = serde_json::to_vec(&signed.submission)?;
        for api in self.apis.iter().cycle().skip(self.home) {
            let asked = tokio::time::timeout(PATIENCE, ask(api, signed, &json)).await;
            if let Ok(Ok(Some((ack, record)))) = asked {
                self.memory.lock().acknowledged(ack, record, bill.clone());
                return Ok(record);
            }
            // It is down, or cut off, or behind, or has no room: the next one may know more.
            self.memory.lock().again += 1;
            tokio::time::sleep(REST).await;
        }
        anyhow::bail!("there is no node to ask")
    }
}

/// Submits a statement to a node, and gives what it says once it is final there.
async fn ask(api: &Api, signed: &Signed, json: &[u8]) -> Result<Option<(Ack, RecordId)>> {
    // A refusal may mean that it is final already: where it stands tells.
    let ticket = api.submit_json(json.to_vec()).await?;
    if ticket.is_err_and(|problem| problem.code != "statement_already_executed") {
        return Ok(None);
    }
    let StatementStatus::Final { height, record, .. } = api.statement(&signed.id).await? else { return Ok(None) };
    let header = api.header(height).await?.hash;
    Ok(Some((Ack { statement: signed.id, height, header }, record)))
}
