//! The three ways of loading a network: as much as it takes, at a steady rate, one after another.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use indicatif::ProgressBar;
use sampan_proto::api::BATCH;
use sampan_proto::ids::StatementId;
use tokio::task::JoinSet;

use super::follow::{Decided, Follower};
use super::prepare::Prepared;
use super::send::deliver;
use crate::clock;
use crate::cluster::http::Api;

/// Connections to each node while it takes as much as it can.
const CONNECTIONS: usize = 2;
/// Submissions in one request while a node takes as much as it can.
const CHUNK: usize = 128;
/// How often a steady load is handed over: what is due by then goes in one request.
const TICK: Duration = Duration::from_millis(10);
/// The network has failed when nothing becomes final for so long.
const STALL: Duration = Duration::from_secs(60);

/// Latencies in microseconds.
pub type Latencies = Histogram<u64>;

/// What came of offering as much as was accepted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Saturation {
    /// From the first submission until the last statement was final.
    pub seconds: f64,
    /// Submissions that had to be sent again because a node was full.
    pub again: u64,
    /// Blocks that made them final.
    pub blocks: u64,
}

/// Statements that are not final yet, with the time from which their latency counts.
#[derive(Debug, Default)]
struct Outstanding(BTreeMap<StatementId, Instant>);

impl Outstanding {
    /// Settles what a block made final; gives the latencies.
    fn settle(&mut self, block: &Decided) -> Vec<Duration> {
        let since = block.statements.iter().filter_map(|id| self.0.remove(id));
        since.map(|since| block.at.saturating_duration_since(since)).collect()
    }
}

/// Offers everything as fast as it is accepted, over all nodes.
///
/// # Errors
/// When a node refuses, or nothing becomes final any more.
pub async fn saturate(
    apis: &[Api],
    documents: Vec<Prepared>,
    follower: &mut Follower,
    bar: &ProgressBar,
) -> Result<Saturation> {
    let start = clock::now();
    let mut outstanding = Outstanding(documents.iter().map(|document| (document.id, start)).collect());
    let again = Arc::new(AtomicU64::new(0));
    let queue = Arc::new(Mutex::new(VecDeque::from(documents)));
    let mut senders = JoinSet::new();
    for api in apis.iter().flat_map(|api| std::iter::repeat_n(api, CONNECTIONS)) {
        let (api, queue, again) = (api.clone(), Arc::clone(&queue), Arc::clone(&again));
        senders.spawn(async move {
            loop {
                let chunk = take(&queue);
                if chunk.is_empty() {
                    return anyhow::Ok(());
                }
                deliver(&api, &chunk, &again).await?;
            }
        });
    }
    let (mut blocks, mut last) = (0, start);
    settle_all(&mut outstanding, &mut senders, follower, |latencies, at| {
        bar.inc(latencies.len() as u64);
        (blocks, last) = (blocks + 1, at);
        Ok(())
    })
    .await?;
    let seconds = last.saturating_duration_since(start).as_secs_f64();
    Ok(Saturation { seconds, again: again.load(Ordering::Relaxed), blocks })
}

/// The next chunk. No sender panics while it holds the queue, and the queue would be whole if one did.
fn take(queue: &Mutex<VecDeque<Prepared>>) -> Vec<Prepared> {
    let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    let count = CHUNK.min(queue.len());
    queue.drain(..count).collect()
}

/// Offers documents at `rate` per second, whatever becomes of the earlier ones. Latency counts from when
/// a document was due, not from when there was time to send it.
///
/// # Errors
/// When a node refuses, or nothing becomes final any more.
pub async fn steady(
    apis: &[Api],
    documents: Vec<Prepared>,
    rate: f64,
    follower: &mut Follower,
    bar: &ProgressBar,
) -> Result<Latencies> {
    ensure!(rate > 0.0 && !apis.is_empty(), "a steady load needs a rate and a node");
    let start = clock::now() + TICK;
    let due = |i: u32| start + Duration::from_secs_f64(f64::from(i) / rate);
    let mut outstanding = Outstanding((0..).zip(&documents).map(|(i, document)| (document.id, due(i))).collect());
    let mut senders = JoinSet::new();
    senders.spawn(schedule(apis.to_vec(), documents, rate, start));
    let mut latencies = new_latencies()?;
    settle_all(&mut outstanding, &mut senders, follower, |settled, _| {
        bar.inc(settled.len() as u64);
        settled.into_iter().try_for_each(|latency| record(&mut latencies, latency))
    })
    .await?;
    Ok(latencies)
}

/// Sends what is due at each tick in one request, to the nodes in turn, without waiting for answers.
async fn schedule(apis: Vec<Api>, documents: Vec<Prepared>, rate: f64, start: Instant) -> Result<()> {
    let mut requests: JoinSet<Result<()>> = JoinSet::new();
    let mut left = documents.into_iter().peekable();
    let (mut sent, mut turn) = (0_usize, apis.iter().cycle());
    let mut ticks = tokio::time::interval(TICK);
    while left.peek().is_some() {
        ticks.tick().await;
        let elapsed = clock::now().saturating_duration_since(start).as_secs_f64();
        let mut count = due_by(elapsed, rate).saturating_sub(sent);
        while count > 0 && left.peek().is_some() {
            let chunk: Vec<Prepared> = left.by_ref().take(count.min(BATCH)).collect();
            (sent, count) = (sent + chunk.len(), count - chunk.len().min(count));
            let api = turn.next().context("no node")?.clone();
            requests.spawn(async move { deliver(&api, &chunk, &AtomicU64::new(0)).await });
        }
        while let Some(done) = requests.try_join_next() {
            done??;
        }
    }
    while let Some(done) = requests.join_next().await {
        done??;
    }
    Ok(())
}

/// How many documents are due after so many seconds: the first at once.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of documents, not negative")]
fn due_by(elapsed: f64, rate: f64) -> usize {
    if elapsed <= 0.0 { 0 } else { (elapsed * rate).floor() as usize + 1 }
}

/// Waits until nothing is outstanding, while senders send.
async fn settle_all(
    outstanding: &mut Outstanding,
    senders: &mut JoinSet<Result<()>>,
    follower: &mut Follower,
    mut on_settled: impl FnMut(Vec<Duration>, Instant) -> Result<()>,
) -> Result<()> {
    while !outstanding.0.is_empty() {
        tokio::select! {
            block = follower.next(STALL) => {
                let block = block.with_context(|| format!("{} statements are not final", outstanding.0.len()))?;
                let settled = outstanding.settle(&block);
                if !settled.is_empty() {
                    on_settled(settled, block.at)?;
                }
            }
            Some(sender) = senders.join_next() => sender??,
        }
    }
    Ok(())
}

/// One document after another, each to the next node, each final before the next is sent.
///
/// # Errors
/// When a node refuses, or nothing becomes final any more.
pub async fn one_by_one(apis: &[Api], documents: Vec<Prepared>, follower: &mut Follower) -> Result<Latencies> {
    let mut latencies = new_latencies()?;
    for (document, api) in documents.iter().zip(apis.iter().cycle()) {
        let start = clock::now();
        let mut outstanding = Outstanding(BTreeMap::from([(document.id, start)]));
        let ticket = api.submit_json(document.json.clone().into_bytes()).await?;
        ticket.map_err(|problem| anyhow::anyhow!("refused: {}: {}", problem.code, problem.detail))?;
        while !outstanding.0.is_empty() {
            let block = follower.next(STALL).await?;
            outstanding.settle(&block).into_iter().try_for_each(|latency| record(&mut latencies, latency))?;
        }
    }
    Ok(latencies)
}

/// Three digits of what is measured, whatever it is.
pub(super) fn new_latencies() -> Result<Latencies> {
    Histogram::new(3).context("a histogram of three digits")
}

pub(super) fn record(latencies: &mut Latencies, latency: Duration) -> Result<()> {
    latencies.record(clock::micros(latency)).context("recording a latency")
}

#[cfg(test)]
mod tests {
    use sampan_proto::hash::Hash32;

    use super::*;

    #[test]
    fn the_schedule_does_not_wait_for_anybody() {
        assert_eq!(due_by(-0.1, 100.0), 0);
        assert_eq!(due_by(0.001, 100.0), 1);
        assert_eq!(due_by(1.0, 100.0), 101);
    }

    #[test]
    fn latency_counts_from_when_a_document_was_due() {
        let (a, b) = (StatementId(Hash32([1; 32])), StatementId(Hash32([2; 32])));
        let start = clock::now();
        let mut outstanding = Outstanding(BTreeMap::from([(a, start), (b, start + Duration::from_millis(5))]));
        let stranger = StatementId(Hash32([3; 32]));
        let block = Decided { statements: vec![b, stranger, a], at: start + Duration::from_millis(25) };
        let settled = outstanding.settle(&block);
        assert_eq!(settled, [Duration::from_millis(20), Duration::from_millis(25)]);
        assert!(outstanding.0.is_empty());
        assert!(outstanding.settle(&block).is_empty(), "nothing settles twice");
    }
}
