//! Answers to peers: decided blocks and contents from the store, what was heard from the engine.

use std::collections::BTreeSet;
use std::sync::Arc;

use borsh::BorshSerialize;
use sampan_proto::block::Block;
use sampan_proto::codec;
use sampan_proto::ids::{EnvelopeId, Height};
use sampan_proto::limits::PAGE_BYTES;
use sampan_proto::wire::{Document, PeerStatus, Request, Response};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::Handle;
use crate::core::Document as CheckedDocument;
use crate::fault::Fatal;
use crate::net::InboundRequest;
use crate::store::{Reader, Store};

/// Pages read from the store at the same time; more are answered `Busy`.
const READERS: usize = 4;
/// Room for framing in a page.
const FRAMING: usize = 1_024;

/// Serves requests until cancelled.
pub async fn serve(
    store: Store,
    engine: Handle,
    mut requests: mpsc::Receiver<InboundRequest>,
    stop: CancellationToken,
) {
    let readers = Arc::new(Semaphore::new(READERS));
    loop {
        let inbound = tokio::select! {
            () = stop.cancelled() => return,
            inbound = requests.recv() => inbound,
        };
        let Some(InboundRequest { request, reply, .. }) = inbound else { return };
        // Questions that repair liveness never wait behind pages; the network bounds them per peer.
        let permit = match &request {
            Request::Status | Request::Round(_) => None,
            Request::Blocks { .. }
            | Request::Documents(_)
            | Request::Snapshot
            | Request::State(_)
            | Request::Past { .. } => {
                let Ok(permit) = Arc::clone(&readers).try_acquire_owned() else {
                    let _ = reply.send(Response::Busy);
                    continue;
                };
                Some(permit)
            }
        };
        let (store, engine) = (store.clone(), engine.clone());
        tokio::spawn(async move {
            let response = answer_apart(store, engine, request).await;
            // The peer may be gone by now.
            let _ = reply.send(response);
            drop(permit);
        });
    }
}

/// The answer to a request, read on the thread that asks.
pub async fn answer(store: &Store, engine: &Handle, request: Request) -> Response {
    match from_engine(store, engine, &request).await {
        Ok(response) => response,
        Err(waiting) => from_store(store, request, waiting).unwrap_or(Response::Busy),
    }
}

/// The same, read on the blocking pool.
async fn answer_apart(store: Store, engine: Handle, request: Request) -> Response {
    let waiting = match from_engine(&store, &engine, &request).await {
        Ok(response) => return response,
        Err(waiting) => waiting,
    };
    let read = tokio::task::spawn_blocking(move || from_store(&store, request, waiting)).await;
    match read {
        Ok(Ok(response)) => response,
        Ok(Err(fault)) => {
            tracing::error!(%fault, "cannot read for a peer");
            Response::Busy
        }
        Err(_) => Response::Busy,
    }
}

/// What the engine answers by itself; else what it adds to the store's answer.
async fn from_engine(store: &Store, engine: &Handle, request: &Request) -> Result<Response, Vec<Document>> {
    match request {
        Request::Round(height) if *height > store.tip().height => Ok(engine.round_state(*height).await),
        Request::Documents(ids) => Err(engine.documents(ids.clone()).await),
        Request::Snapshot => {
            let Some(keeper) = &engine.keeper else { return Ok(Response::Busy) };
            let manifest = keeper.manifest().await;
            Ok(manifest.map_or(Response::Busy, |manifest| Response::Snapshot(Box::new(manifest))))
        }
        Request::State(wanted) => {
            let Some(keeper) = &engine.keeper else { return Ok(Response::Busy) };
            let part = keeper.part(wanted.after, wanted.path).await;
            Ok(part.map_or(Response::Busy, Response::State))
        }
        Request::Status | Request::Blocks { .. } | Request::Past { .. } | Request::Round(_) => Err(Vec::new()),
    }
}

fn from_store(store: &Store, request: Request, waiting: Vec<Document>) -> Result<Response, Fatal> {
    Ok(match request {
        Request::Status => {
            let tip = store.tip();
            Response::Status(PeerStatus { height: tip.height, header: tip.hash })
        }
        Request::Blocks { from, count } => Response::Blocks(blocks(&store.reader(), from, count)?),
        Request::Past { from, count } => {
            let reader = store.reader();
            Response::Past(page(&reader, from, count, |height| reader.past(height))?)
        }
        // The engine has answered these.
        Request::Snapshot | Request::State(_) => Response::Busy,
        // The height is decided: the block says more than the votes did.
        Request::Round(height) => Response::Blocks(blocks(&store.reader(), height, 1)?),
        Request::Documents(ids) => {
            let mut size = 0;
            // Proposed and final ones are in the store; the rest of what we hold waits in the mempool.
            let mut documents = waiting;
            let here: BTreeSet<EnvelopeId> = documents.iter().map(|d| d.statement.envelope_id()).collect();
            let ids: Vec<EnvelopeId> = ids.into_iter().filter(|id| !here.contains(id)).collect();
            documents.extend(store.reader().documents(&ids)?);
            documents.retain(|document| {
                size += document.statement.payload.len() + document.body.as_ref().map_or(0, |b| b.bytes.len()) + 512;
                size + FRAMING <= PAGE_BYTES
            });
            Response::Documents(documents)
        }
    })
}

/// Documents as peers get them, as many as one answer takes: what is beyond it is not copied first.
pub(super) fn page_of<'a>(held: impl Iterator<Item = &'a Arc<CheckedDocument>>) -> Vec<Document> {
    let mut size = FRAMING;
    let fits = held.take_while(|document| {
        size += document.size() + 512;
        size <= PAGE_BYTES
    });
    fits.map(|document| document.to_wire()).collect()
}

fn blocks(reader: &Reader<'_>, from: Height, count: u16) -> Result<Vec<Block>, Fatal> {
    page(reader, from, count, |height| reader.block(height))
}

/// Decided blocks from a height on, as many as fit a page and were asked for.
fn page<T: BorshSerialize>(
    reader: &Reader<'_>,
    from: Height,
    count: u16,
    read: impl Fn(Height) -> Result<Option<T>, Fatal>,
) -> Result<Vec<T>, Fatal> {
    if from <= reader.floor()?.height {
        return Ok(Vec::new());
    }
    let (mut blocks, mut size, mut height) = (Vec::new(), FRAMING, from);
    while blocks.len() < usize::from(count)
        && let Some(block) = read(height)?
    {
        size += codec::encode(&block).len();
        if size > PAGE_BYTES {
            break;
        }
        blocks.push(block);
        height = height.next();
    }
    Ok(blocks)
}
