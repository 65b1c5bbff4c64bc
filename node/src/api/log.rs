//! The log for everybody: auditors, mirrors and witnesses read it in tiles (C2SP tlog-tiles) and trust no node.

use std::fmt::Display;

use axum::Json;
use axum::extract::State as Shared;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sampan_proto::checkpoint::Consistency;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::Height;
use sampan_proto::merkle::tile::{EntriesPath, TILE_WIDTH, TilePath};
use sampan_proto::reject::Code;
use serde::Deserialize;

use super::State;
use super::error::Refusal;
use super::input::{Parameters, Path, parameter};
use super::proofs::{Proof, proven};
use super::query::{AS_OF_NOW, FOR_EVER};
use crate::fault::Fatal;
use crate::store::Reader;

/// A partial tile never changes either, but a fuller one soon replaces it.
const A_WHILE: &str = "public, max-age=60";
const BINARY: &str = "application/octet-stream";

/// `GET /v1/log/checkpoint`: size and root of the log as a text, with the header and certificate behind it.
pub(super) async fn checkpoint(Shared(state): Shared<State>) -> Result<Response, Refusal> {
    let note = state.read(|reader| Ok(reader.checkpoint()?)).await?;
    let early = || Refusal::new(Code::NotReady, "$", "no block is decided yet");
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, AS_OF_NOW)];
    Ok((headers, note.ok_or_else(early)?.to_string()).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeadQuery {
    height: Option<u64>,
}

/// `GET /v1/log/head`: the newest header, or that of a height, with its certificate and the way to its roster.
pub(super) async fn head(
    Shared(state): Shared<State>,
    Parameters(query): Parameters<HeadQuery>,
) -> Result<Proof, Refusal> {
    let bundle = state.read(move |reader| {
        let newest = reader.tip()?.height;
        match query.height.map(Height) {
            Some(height) => match reader.decided(height)? {
                None if height > Height::GENESIS && height <= reader.floor()?.height => {
                    Err(not_held(reader, &format!("block {height}")))
                }
                bundle => bundle.map(Some).ok_or_else(|| undecided(height, newest)),
            },
            None => Ok(reader.decided(newest)?),
        }
    });
    proven(bundle.await?)
}

pub(super) fn undecided(height: Height, newest: Height) -> Refusal {
    let detail = format!("no block {height} is decided; the newest is {newest}, the first is 1");
    Refusal::new(Code::NotFound, "$", detail)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsistencyQuery {
    from: u64,
    to: Option<u64>,
}

/// `GET /v1/log/consistency?from=…&to=…`: that the log of `to` entries begins with that of `from`.
pub(super) async fn consistency(
    Shared(state): Shared<State>,
    Parameters(query): Parameters<ConsistencyQuery>,
) -> Result<Json<Consistency>, Refusal> {
    let proof = state.read(move |reader| {
        let size = reader.tip()?.frontier.size();
        let (from, to) = (query.from, query.to.unwrap_or(size));
        let none = || {
            let detail = format!("`from` {from} and `to` {to}: expected from ≤ to ≤ {size}, the size of the log here");
            Refusal::new(if from > to { Code::RequestMalformed } else { Code::NotFound }, "$", detail)
        };
        let floor = reader.floor()?;
        if let Some(size) = [from, to].into_iter().find(|size| from <= to && !floor.holds_log(*size)) {
            return Err(not_held(reader, &format!("the log of {size} entries")));
        }
        reader.consistency(from, to)?.ok_or_else(none)
    });
    proof.await.map(Json)
}

/// `GET /v1/log/tile/{level}/{index}[.p/{width}]`: hashes of the tree, `entries` for `level`: the entries.
pub(super) async fn tile(Shared(state): Shared<State>, Path(path): Path<String>) -> Result<Response, Refusal> {
    let path = format!("tile/{path}");
    let (bytes, width) = if path.starts_with("tile/entries/") {
        let path: EntriesPath = parameter("path", &path)?;
        (state.read(move |reader| entries(reader, &path)).await?, path.width())
    } else {
        let path: TilePath = parameter("path", &path)?;
        (state.read(move |reader| hashes(reader, &path)).await?, path.width())
    };
    let caching = if usize::from(width) == TILE_WIDTH { FOR_EVER } else { A_WHILE };
    Ok(([(header::CONTENT_TYPE, BINARY), (header::CACHE_CONTROL, caching)], bytes).into_response())
}

pub(super) fn hashes(reader: &Reader<'_>, path: &TilePath) -> Result<Vec<u8>, Refusal> {
    if path.tile().index < reader.floor()?.first_tile(path.tile().level) {
        return Err(not_held(reader, path));
    }
    let Some(tile) = reader.tile_at(path)? else { return Err(beyond(reader, path)) };
    Ok(tile.iter().flat_map(|Hash32(bytes)| *bytes).collect())
}

/// Each entry behind its length, two bytes, the most significant first.
fn entries(reader: &Reader<'_>, path: &EntriesPath) -> Result<Vec<u8>, Refusal> {
    if path.index().saturating_mul(TILE_WIDTH as u64) < reader.floor()?.entries {
        return Err(not_held(reader, path));
    }
    let Some(entries) = reader.entries_at(path)? else { return Err(beyond(reader, path)) };
    let mut bytes = Vec::new();
    for entry in entries {
        // An entry has a few hundred bytes.
        let length = u16::try_from(entry.len()).map_err(|_| Fatal::Damaged(format!("an entry under {path}")))?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&entry);
    }
    Ok(bytes)
}

fn beyond(reader: &Reader<'_>, path: &impl Display) -> Refusal {
    match reader.tip() {
        Ok(tip) => {
            let size = tip.frontier.size();
            Refusal::new(Code::NotFound, "$", format!("{path} is not there: the log has {size} entries"))
        }
        Err(fatal) => fatal.into(),
    }
}

/// What was there before the state that this node took over, or what it dropped, is others' to tell.
pub(super) fn not_held(reader: &Reader<'_>, what: &impl Display) -> Refusal {
    match reader.floor() {
        Ok(floor) => {
            let (height, entries) = (floor.height, floor.entries);
            let held = format!("what this node holds begins after block {height}, with entry {entries}");
            Refusal::new(Code::HistoryNotHeld, "$", format!("{what} is not held here: {held}"))
        }
        Err(fatal) => fatal.into(),
    }
}
