//! Long polls: an answer as soon as it is final, or what is known when the client's patience ends.

use std::time::Duration;

use axum::Json;
use axum::extract::State as Shared;
use sampan_proto::api::{NodeStatus, StatementStatus, UpgradeView};
use sampan_proto::entry::Entry;
use sampan_proto::ids::{Height, StatementId};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::State;
use super::error::Refusal;
use super::input::{Parameters, Path, parameter};
use super::proofs::in_the_way;
use crate::core::ledger::Tip;
use crate::engine::Waiting;
use crate::fault::Fatal;
use crate::store::Reader;

/// Longest wait, in seconds; whoever asks for more gets this much.
pub(super) const LONGEST_S: u64 = 60;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StatementQuery {
    #[serde(default)]
    wait_s: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeQuery {
    after: Option<Height>,
    #[serde(default)]
    wait_s: u64,
}

/// Wakes at every commit until a deadline.
struct Patience {
    head: watch::Receiver<Tip>,
    deadline: Instant,
}

impl Patience {
    fn new(state: &State, wait_s: u64) -> Self {
        let mut head = state.engine.head();
        // Whatever is committed after this line wakes; whatever was before it is in the store.
        head.mark_unchanged();
        Self { head, deadline: Instant::now() + Duration::from_secs(wait_s.min(LONGEST_S)) }
    }

    /// Waits for the next commit; false when time is up or the node stops.
    async fn next(&mut self) -> bool {
        matches!(timeout_at(self.deadline, self.head.changed()).await, Ok(Ok(())))
    }
}

/// `GET /v1/statements/{id}?wait_s=N`: where a statement is; with patience, until it is final or dropped.
pub(super) async fn statement(
    Shared(state): Shared<State>,
    Path(id): Path<String>,
    Parameters(query): Parameters<StatementQuery>,
) -> Result<Json<StatementStatus>, Refusal> {
    let id: StatementId = parameter("id", &id)?;
    let mut patience = Patience::new(&state, query.wait_s);
    loop {
        let status = locate(&state, id).await?;
        let settled = matches!(status, StatementStatus::Final { .. } | StatementStatus::Dropped { .. });
        if settled || !patience.next().await {
            return Ok(Json(status));
        }
    }
}

/// Asks the engine first and the store second: a statement leaves the mempool only after its commit, so
/// in this order it cannot slip through.
async fn locate(state: &State, id: StatementId) -> Result<StatementStatus, Refusal> {
    let waiting = state.engine.pending(id).await;
    state.read(move |reader| Ok(stands(reader, id, waiting)?)).await
}

fn stands(reader: &Reader<'_>, id: StatementId, waiting: Waiting) -> Result<StatementStatus, Fatal> {
    if let Some(done) = executed(reader, id)? {
        return Ok(done);
    }
    Ok(match waiting {
        Waiting::Pending { not_after_ms } => StatementStatus::Pending { not_after_ms },
        Waiting::Dropped(reject, obstacle) => {
            let Refusal(problem) = Refusal::from(reject).proven_by(in_the_way(reader, obstacle)?);
            StatementStatus::Dropped { problem }
        }
        Waiting::Unknown => StatementStatus::Unknown,
    })
}

fn executed(reader: &Reader<'_>, id: StatementId) -> Result<Option<StatementStatus>, Fatal> {
    let Some(placed) = reader.placed(&id)? else { return Ok(None) };
    match reader.entry(placed.index)? {
        Some(Entry::Act(act)) => {
            Ok(Some(StatementStatus::Final { height: act.height, index: placed.index, record: act.record }))
        }
        _ => Err(Fatal::Damaged(format!("entry {} records no act", placed.index))),
    }
}

/// `GET /v1/node?after=H&wait_s=N`: the node about itself; with patience, until it is beyond height H.
pub(super) async fn node(Shared(state): Shared<State>, Parameters(query): Parameters<NodeQuery>) -> Json<NodeStatus> {
    let mut patience = Patience::new(&state, query.wait_s);
    let reached = |tip: &Tip| query.after.is_none_or(|after| tip.height > after);
    let mut tip = state.engine.head().borrow().clone();
    while !reached(&tip) && patience.next().await {
        tip = patience.head.borrow_and_update().clone();
    }
    Json(status(&state, &tip))
}

fn status(state: &State, tip: &Tip) -> NodeStatus {
    NodeStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        chain: state.genesis.chain,
        network: state.genesis.network.clone(),
        member: state.member.clone(),
        validator: state.engine.is_voting(),
        height: tip.height,
        header: tip.hash,
        time_ms: tip.time_ms,
        log_size: tip.frontier.size(),
        log_root: tip.frontier.root(),
        state_root: tip.state_root,
        peers: u32::try_from(state.peers.borrow().len()).unwrap_or(u32::MAX),
        mempool: u32::try_from(state.engine.mempool_len()).unwrap_or(u32::MAX),
        protocol: tip.version(),
        upgrade: tip.upcoming().map(|next| UpgradeView { next, known: state.engine.versions().contain(next.version) }),
    }
}
