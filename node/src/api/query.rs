//! Plain answers as of the newest block: for screens and scripts. Who wants proof asks for the bundle.

use std::sync::Arc;

use axum::Json;
use axum::extract::State as Shared;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sampan_proto::api::{ActView, AsOf, HeaderView, HistoryView, MembersView, ProposalView, ProposalsView, RecordView};
use sampan_proto::entry::Entry;
use sampan_proto::ids::{Height, RecordId, StatementId};
use sampan_proto::member::Member;
use sampan_proto::record::Record;
use sampan_proto::reject::Code;
use sampan_proto::statement::{DsseEnvelope, SignedStatement};
use serde::Deserialize;

use super::State;
use super::error::Refusal;
use super::input::{Parameters, Path, parameter};
use super::log::{not_held, undecided};
use crate::core::ledger::View as _;
use crate::fault::Fatal;
use crate::store::Reader;

/// What never changes may be kept for ever.
pub(super) const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Proposals in one answer; older ones are asked for by name.
const PROPOSALS: usize = 1_000;
/// Acts in one answer, each at most a few times as large as a statement may be; older ones are asked for by their place.
const ACTS: usize = 128;
/// What changes is asked for again.
pub(super) const AS_OF_NOW: &str = "no-cache";

pub(super) fn as_of(reader: &Reader<'_>) -> Result<AsOf, Fatal> {
    let tip = reader.tip()?;
    Ok(AsOf { height: tip.height, time_ms: tip.time_ms, header: tip.hash })
}

/// The record, or that there is none.
pub(super) fn known(reader: &Reader<'_>, id: &RecordId) -> Result<Record, Refusal> {
    let unknown = || Refusal::new(Code::UnknownRecord, "$", format!("no record {} exists", id.0.short()));
    reader.record(id)?.ok_or_else(unknown)
}

/// The record with its history, or why that is not here.
pub(super) fn remembered(reader: &Reader<'_>, id: &RecordId) -> Result<Record, Refusal> {
    let record = known(reader, id)?;
    held(reader, record.issued_at).map(|()| record)
}

/// Whether this node holds a block's contents: one that took over a later state does not, nor one that dropped them.
fn held(reader: &Reader<'_>, height: Height) -> Result<(), Refusal> {
    if height > reader.floor()?.height { Ok(()) } else { Err(not_held(reader, &format!("what block {height} said"))) }
}

/// `GET /v1/records/{id}`: a document's state.
pub(super) async fn record(Shared(state): Shared<State>, Path(id): Path<String>) -> Result<Json<RecordView>, Refusal> {
    let id = parameter("id", &id)?;
    let view = state.read(move |reader| Ok(RecordView { record: known(reader, &id)?, as_of: as_of(reader)? })).await?;
    Ok(Json(view))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryQuery {
    at: Option<u64>,
}

/// `GET /v1/records/{id}/history?at={index}`: what happened to a document up to that entry, or up to now; older acts by
/// the index that the answer gives.
pub(super) async fn history(
    Shared(state): Shared<State>,
    Path(id): Path<String>,
    Parameters(query): Parameters<HistoryQuery>,
) -> Result<Json<HistoryView>, Refusal> {
    let id = parameter("id", &id)?;
    let view = state.read(move |reader| {
        let record = remembered(reader, &id)?;
        let page = reader.history(&id, query.at, ACTS)?;
        if page.acts.is_empty() {
            let detail = format!("entry {} is no act on record {}", query.at.unwrap_or_default(), id.0.short());
            return Err(Refusal::new(Code::NotFound, "$.at", detail));
        }
        let acts = page.acts.into_iter().map(act).collect::<Result<_, _>>()?;
        Ok(HistoryView { record, acts, older: page.older, as_of: as_of(reader)? })
    });
    view.await.map(Json)
}

fn act((index, entry, signed): (u64, Entry, SignedStatement)) -> Result<ActView, Fatal> {
    // It was executed, so it was read before.
    let damaged = |reject| Fatal::Damaged(format!("the statement of entry {index}: {reject}"));
    let statement = signed.parse().map_err(damaged)?;
    Ok(ActView { index, entry, statement, envelope: DsseEnvelope::from(&signed) })
}

/// `GET /v1/members`: the registry.
pub(super) async fn members(Shared(state): Shared<State>) -> Result<Json<MembersView>, Refusal> {
    let view = state.read(|reader| {
        let members: Vec<Member> = reader.members()?.into_iter().map(Arc::unwrap_or_clone).collect();
        Ok(MembersView { members, as_of: as_of(reader)? })
    });
    view.await.map(Json)
}

/// `GET /v1/proposals`: what the roster is asked to decide, and what it decided, the newest first.
pub(super) async fn proposals(Shared(state): Shared<State>) -> Result<Json<ProposalsView>, Refusal> {
    let view = state.read(|reader| {
        let mut proposals = reader.proposals()?;
        proposals.sort_by_key(|proposal| std::cmp::Reverse(proposal.last.index));
        proposals.truncate(PROPOSALS);
        Ok(ProposalsView { proposals, as_of: as_of(reader)? })
    });
    view.await.map(Json)
}

/// `GET /v1/proposals/{id}`: one of them, by the statement that proposed it.
pub(super) async fn proposal(
    Shared(state): Shared<State>,
    Path(id): Path<String>,
) -> Result<Json<ProposalView>, Refusal> {
    let id: StatementId = parameter("id", &id)?;
    let view = state.read(move |reader| {
        let unknown = || Refusal::new(Code::UnknownProposal, "$", format!("{} proposed nothing", id.0.short()));
        let proposal = reader.proposal(&id)?.ok_or_else(unknown)?;
        Ok(ProposalView { proposal, as_of: as_of(reader)? })
    });
    view.await.map(Json)
}

/// `GET /v1/headers/{height}`: a decided block without its contents; `latest` is the newest.
pub(super) async fn header(Shared(state): Shared<State>, Path(height): Path<String>) -> Result<Response, Refusal> {
    let (height, caching) = match height.as_str() {
        "latest" => (None, AS_OF_NOW),
        number => (Some(Height(parameter("height", number)?)), FOR_EVER),
    };
    let view = state.read(move |reader| {
        let newest = reader.tip()?.height;
        if height.is_none() && newest == Height::GENESIS {
            return Err(Refusal::new(Code::NotReady, "$", "no block is decided yet"));
        }
        decided(reader, height.unwrap_or(newest), newest)
    });
    let view = view.await?;
    Ok(([(header::CACHE_CONTROL, caching)], Json(view)).into_response())
}

fn decided(reader: &Reader<'_>, height: Height, newest: Height) -> Result<HeaderView, Refusal> {
    if height > Height::GENESIS {
        held(reader, height)?;
    }
    let (header, certificate) = reader.header(height)?.ok_or_else(|| undecided(height, newest))?;
    let statements = reader.placed_in(height)?.into_iter().map(|placed| placed.statement).collect();
    Ok(HeaderView { hash: header.hash(), header, certificate, statements })
}

/// `GET /v1/genesis`: the genesis file, to the byte; its digest is the network.
pub(super) async fn genesis(Shared(state): Shared<State>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, FOR_EVER)];
    (headers, state.genesis_bytes.to_vec()).into_response()
}
