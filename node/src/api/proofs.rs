//! Answers that prove themselves, and the documents behind them for those who may read them.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::Json;
use axum::extract::{ConnectInfo, State as Shared};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use sampan_proto::api::BodyParts;
use sampan_proto::body::Body;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{ChainId, Height, MemberId, RecordId, ReferenceKey, StatementId};
use sampan_proto::origin::{self, ItemAmounts};
use sampan_proto::proof::{BUNDLE_MEDIA_TYPE, Bundle};
use sampan_proto::record::Record;
use sampan_proto::reject::Code;
use serde::Deserialize;

use super::State;
use super::access::{Caller, Ground, may_read};
use super::error::Refusal;
use super::findings::also_party;
use super::input::{Parameters, Path, parameter};
use super::log::not_held;
use super::query::remembered;
use crate::clock::now_ms;
use crate::core::Obstacle;
use crate::core::ledger::View;
use crate::fault::Fatal;
use crate::store::Reader;

/// A document is for whoever asked and for nobody in between.
const PRIVATE: &str = "private, no-store";

/// A bundle with its media type.
#[derive(Debug)]
pub(super) struct Proof(Bundle);

impl IntoResponse for Proof {
    fn into_response(self) -> Response {
        let caching = if self.0.body.is_some() { PRIVATE } else { "no-cache" };
        let headers = [(header::CONTENT_TYPE, BUNDLE_MEDIA_TYPE), (header::CACHE_CONTROL, caching)];
        (headers, Json(self.0)).into_response()
    }
}

/// Before the first block no header exists that a proof could stand on.
pub(super) fn proven(bundle: Option<Bundle>) -> Result<Proof, Refusal> {
    let early = || Refusal::new(Code::NotReady, "$", "no block is decided yet: nothing can be proven before the first");
    bundle.map(Proof).ok_or_else(early)
}

/// The proof of what stands in a statement's way; none before the first block, or when nothing does.
pub(super) fn in_the_way(reader: &Reader<'_>, obstacle: Option<Obstacle>) -> Result<Option<Bundle>, Fatal> {
    let record = match obstacle {
        None => None,
        Some(Obstacle::Reference(issuer, key)) => return reader.reference(&issuer, &key),
        Some(Obstacle::Record(id)) => Some(id),
        Some(Obstacle::Goods(goods)) => reader.pledged(&goods)?,
        Some(Obstacle::GoodsOf(id)) => {
            let pledge = View::record(reader, &id)?.and_then(|record| record.title?.pledge);
            pledge.map_or(Ok(None), |pledge| reader.pledged(&pledge.goods))?
        }
        Some(Obstacle::Account(draws)) => overdrawn(reader, &draws)?,
    };
    record.map_or(Ok(None), |id| reader.status(&id))
}

/// The first original that has not enough left.
fn overdrawn(reader: &Reader<'_>, draws: &BTreeMap<RecordId, ItemAmounts>) -> Result<Option<RecordId>, Fatal> {
    for (id, used) in draws {
        let origin = View::record(reader, id)?.and_then(|record| record.origin);
        if origin.is_some_and(|origin| origin::draw(&origin, used).is_err()) {
            return Ok(Some(*id));
        }
    }
    Ok(None)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceiptQuery {
    against: Option<String>,
}

/// `GET /v1/receipts/{statement}`: a statement's entry in the log, or the entry at an index. Against the newest
/// header a statement comes with who signed it; against an older one, and of other entries, the entry alone.
pub(super) async fn receipt(
    Shared(state): Shared<State>,
    Path(name): Path<String>,
    Parameters(query): Parameters<ReceiptQuery>,
) -> Result<Proof, Refusal> {
    let named = match name.parse() {
        Ok(index) => Named::Index(index),
        Err(_) => Named::Statement(parameter("statement", &name)?),
    };
    let against = match query.against.as_deref() {
        None | Some("latest") => None,
        Some(height) => Some(Height(parameter("against", height)?)),
    };
    state.read(move |reader| receipt_of(reader, named, against)).await.map(Proof)
}

/// How a receipt is asked for. A statement's id has 64 digits, no index has.
#[derive(Clone, Copy)]
pub(super) enum Named {
    Statement(StatementId),
    Index(u64),
}

pub(super) fn receipt_of(reader: &Reader<'_>, named: Named, against: Option<Height>) -> Result<Bundle, Refusal> {
    let (newest, floor) = (reader.tip()?.height, reader.floor()?);
    let pending = |id: StatementId| {
        let detail = format!("statement {} is not final here; /v1/statements/{id} tells where it is", id.0.short());
        let older = format!("; what was final before block {} is not held here", floor.height.next());
        let detail = if floor.height == Height::GENESIS { detail } else { detail + &older };
        Refusal::new(Code::NotFound, "$", detail)
    };
    let index = match named {
        Named::Statement(id) => reader.placed(&id)?.ok_or_else(|| pending(id))?.index,
        Named::Index(index) => index,
    };
    // Before anything else: while a past is being filled in, its entries are here and the tiles over them are not.
    if index < floor.entries {
        return Err(not_held(reader, &format!("entry {index}")));
    }
    let statement = match named {
        Named::Statement(id) => Some(id),
        Named::Index(index) => reader.placed_at(index)?.map(|placed| placed.statement),
    };
    if let (None, Some(id)) = (against, statement) {
        return reader.receipt(&id)?.ok_or_else(|| pending(id));
    }
    let height = against.unwrap_or(newest);
    reader.inclusion(index, height)?.ok_or_else(|| {
        let detail = format!("entry {index} is not in the log at height {height}; the newest height is {newest}");
        Refusal::new(Code::NotFound, "$", detail)
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StatusQuery {
    goods: Option<Hash32>,
}

/// `GET /v1/records/{id}/status`: a document's state now, or that it does not exist; with `goods=…` also whose pledge
/// of these goods is open.
pub(super) async fn status(
    Shared(state): Shared<State>,
    Path(id): Path<String>,
    Parameters(query): Parameters<StatusQuery>,
) -> Result<Proof, Refusal> {
    let id = parameter("id", &id)?;
    let bundle = state.read(move |reader| {
        Ok(match query.goods {
            Some(goods) => reader.status_of_goods(&id, &goods)?,
            None => reader.status(&id)?,
        })
    });
    proven(bundle.await?)
}

/// `GET /v1/references/{issuer}/{key}`: what became of a document number, or that it was never issued.
pub(super) async fn reference(
    Shared(state): Shared<State>,
    Path((issuer, key)): Path<(String, String)>,
) -> Result<Proof, Refusal> {
    let (issuer, key): (MemberId, ReferenceKey) = (parameter("issuer", &issuer)?, parameter("key", &key)?);
    proven(state.read(move |reader| Ok(reader.reference(&issuer, &key)?)).await?)
}

/// `GET /v1/members/{id}`: a member as the registry knows it.
pub(super) async fn member(Shared(state): Shared<State>, Path(id): Path<String>) -> Result<Proof, Refusal> {
    let id: MemberId = parameter("id", &id)?;
    let bundle = state.read(move |reader| {
        if View::member(reader, &id)?.is_none() {
            return Err(Refusal::new(Code::NotFound, "$", format!("`{id}` is not in the registry")));
        }
        Ok(reader.member(&id)?)
    });
    proven(bundle.await?)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BundleQuery {
    #[serde(default)]
    body: bool,
    with: Option<RecordId>,
}

/// `GET /v1/records/{id}/bundle?body=true&with={other}`: everything about a document in one file, with the document
/// itself for those who may read it, and beside it the other document of the shipment.
pub(super) async fn bundle(
    Shared(state): Shared<State>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(id): Path<String>,
    Parameters(query): Parameters<BundleQuery>,
    headers: HeaderMap,
) -> Result<Proof, Refusal> {
    let id = parameter("id", &id)?;
    let reading = if query.body { Some((state.caller(peer, &headers)?, state.genesis.chain)) } else { None };
    let bundle = state.read(move |reader| {
        let record = remembered(reader, &id)?;
        if let Some((caller, chain)) = &reading {
            authorise(reader, caller, (&record, query.with.as_ref()), *chain)?;
        }
        let bundle = reader.record_bundle(&id, reading.is_some())?;
        match (bundle, &query.with) {
            (Some(bundle), Some(other)) => beside(reader, bundle, &record, other, reading.as_ref()).map(Some),
            (bundle, _) => Ok(bundle),
        }
    });
    proven(bundle.await?)
}

/// The bundle with the other document of the shipment, which whoever asks for documents must be a party of as well.
fn beside(
    reader: &Reader<'_>,
    bundle: Bundle,
    record: &Record,
    other: &RecordId,
    reading: Option<&(Caller, ChainId)>,
) -> Result<Bundle, Refusal> {
    let other = remembered(reader, other)?;
    if other.kind == record.kind {
        return Err(Refusal::new(Code::NotAPair, "$.with", "both are of one kind"));
    }
    if let Some((caller, _)) = reading {
        also_party(reader, caller, &other)?;
    }
    Ok(reader.with_counterpart(bundle, &other, reading.is_some())?)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BodyQuery {
    #[serde(default)]
    parts: bool,
}

/// `GET /v1/records/{id}/body`: the document to the byte; with `parts=true` also what opens its
/// commitments.
pub(super) async fn body(
    Shared(state): Shared<State>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(id): Path<String>,
    Parameters(query): Parameters<BodyQuery>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let id: RecordId = parameter("id", &id)?;
    let (caller, chain) = (state.caller(peer, &headers)?, state.genesis.chain);
    let body = state.read(move |reader| {
        let record = remembered(reader, &id)?;
        authorise(reader, &caller, (&record, None), chain)?;
        held_body(reader, &record)
    });
    let body = body.await?;
    let private = [(header::CACHE_CONTROL, PRIVATE)];
    Ok(if query.parts {
        (private, Json(BodyParts::from(body))).into_response()
    } else {
        (private, [(header::CONTENT_TYPE, "application/json")], body.bytes).into_response()
    })
}

/// The document of a record, or why it is not to be had.
pub(super) fn held_body(reader: &Reader<'_>, record: &Record) -> Result<Body, Refusal> {
    if let Some(body) = reader.record_body(&record.id)? {
        return Ok(body);
    }
    let whose = format!("the body of record {}", record.id.0.short());
    Err(match reader.erased(record)? {
        Some((height, reason)) => Refusal::new(Code::BodyErased, "$", format!("{whose}, in block {height}: {reason}")),
        None => Refusal::new(Code::BodyNotHere, "$", whose),
    })
}

pub(super) fn authorise(
    reader: &Reader<'_>,
    caller: &Caller,
    (record, beside): (&Record, Option<&RecordId>),
    chain: ChainId,
) -> Result<(), Refusal> {
    let member = match caller {
        Caller::Signed(request) => View::member(reader, &request.member)?,
        Caller::Local | Caller::Unknown => None,
    };
    let ground = Ground { chain, height: reader.tip()?.height, now_ms: now_ms(), record, beside };
    Ok(may_read(caller, member.as_deref(), &ground)?)
}
