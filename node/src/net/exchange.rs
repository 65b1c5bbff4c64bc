//! Requests and answers in flight: quotas on both sides, and who waits for what.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use libp2p::PeerId;
use libp2p::request_response::{InboundFailure, Message, OutboundFailure, OutboundRequestId};
use sampan_proto::wire::{Request, Response};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::metrics::NetMetrics;
use super::quota::{Direction, Quotas, Rates};
use super::rpc::{self, Metered, Query, ResponseChannel, Weight};
use super::{InboundRequest, RequestFailed};
use crate::fault::PeerFault;

/// Where the asker waits.
pub(super) type Reply = oneshot::Sender<Result<Response, RequestFailed>>;

/// Requests of ours at one peer and protocol: half of a connection's streams, so that the peer's own requests find the
/// other half free. A stream too many is dropped without a word.
const ASKED_AT_ONCE: usize = rpc::STREAMS / 2;

struct Pending {
    peer: PeerId,
    reply: Reply,
}

/// An answer of the node's, on its way out.
pub(super) struct Answer {
    peer: PeerId,
    weight: Weight,
    channel: ResponseChannel,
    response: Response,
}

/// The bookkeeping of both request protocols.
pub(super) struct Exchange {
    quotas: Quotas,
    pending: BTreeMap<(Weight, OutboundRequestId), Pending>,
    answers: FuturesUnordered<BoxFuture<'static, Answer>>,
    /// Bytes of answers sent and not yet charged to the peer, counted by the connections' tasks.
    meters: BTreeMap<(PeerId, Weight), Arc<AtomicU64>>,
    requests: mpsc::Sender<InboundRequest>,
    answer_within: Duration,
    metrics: Arc<NetMetrics>,
}

impl Exchange {
    pub(super) fn new(
        rates: Rates,
        timeout: Duration,
        requests: mpsc::Sender<InboundRequest>,
        metrics: Arc<NetMetrics>,
    ) -> Self {
        Self {
            quotas: Quotas::new(rates),
            pending: BTreeMap::new(),
            answers: FuturesUnordered::new(),
            meters: BTreeMap::new(),
            requests,
            // Before the asker's own clock runs out, so that silence inside this node reaches it as `Busy`.
            answer_within: timeout * 4 / 5,
            metrics,
        }
    }

    /// Sends a request to a connected peer, or tells the asker why not.
    pub(super) fn ask(
        &mut self,
        behaviour: &mut rpc::Behaviour,
        now: Instant,
        peer: PeerId,
        request: Request,
        reply: Reply,
    ) {
        let weight = Weight::of(&request);
        let asked = self.pending.iter().filter(|((at, _), pending)| *at == weight && pending.peer == peer).count();
        if asked >= ASKED_AT_ONCE || !self.quotas.admit(now, peer, Direction::Out, weight) {
            return self.refuse(reply, RequestFailed::HeldBack);
        }
        let id = behaviour.send_request(&peer, Metered::new(Query::Request(request), Arc::default()));
        self.pending.insert((weight, id), Pending { peer, reply });
    }

    pub(super) fn refuse(&self, reply: Reply, failed: RequestFailed) {
        self.metrics.request("out", outcome(failed));
        // The asker may have stopped waiting.
        let _ = reply.send(Err(failed));
    }

    /// Takes in what a request protocol reports; returns the fault that it shows, if any.
    pub(super) fn on_event(
        &mut self,
        behaviour: &mut rpc::Behaviour,
        now: Instant,
        weight: Weight,
        paused: bool,
        event: rpc::Event,
    ) -> Option<(PeerId, PeerFault)> {
        match event {
            rpc::Event::Message { peer, message: Message::Request { request, channel, .. }, .. } => {
                self.on_request(behaviour, now, (peer, weight, paused), request, channel)
            }
            rpc::Event::Message { peer, message: Message::Response { request_id, response }, .. } => {
                self.metrics.bytes("in", response.bytes());
                self.quotas.charge(now, peer, Direction::Out, weight, response.bytes());
                self.finish(weight, request_id, Ok(response.message));
                None
            }
            rpc::Event::OutboundFailure { peer, request_id, error, .. } => {
                let failed = failure(&error);
                tracing::debug!(%peer, %error, "request failed");
                self.finish(weight, request_id, Err(failed));
                (failed == RequestFailed::Malformed).then_some((peer, PeerFault::Malformed))
            }
            rpc::Event::InboundFailure { peer, error, .. } => {
                tracing::debug!(%peer, %error, "a peer's request failed");
                if !matches!(error, InboundFailure::ResponseOmission) {
                    self.metrics.request("in", "failed");
                }
                None
            }
            rpc::Event::ResponseSent { .. } => None,
        }
    }

    fn on_request(
        &mut self,
        behaviour: &mut rpc::Behaviour,
        now: Instant,
        (peer, weight, paused): (PeerId, Weight, bool),
        query: Metered<Query>,
        channel: ResponseChannel,
    ) -> Option<(PeerId, PeerFault)> {
        let meter = self.meters.entry((peer, weight)).or_default();
        let sent = meter.swap(0, Ordering::Relaxed);
        let busy = Metered::new(Response::Busy, Arc::clone(meter));
        self.metrics.bytes("in", query.bytes());
        self.metrics.bytes("out", sent);
        self.quotas.charge(now, peer, Direction::In, weight, sent);
        let admitted = self.quotas.admit(now, peer, Direction::In, weight);
        self.quotas.charge(now, peer, Direction::In, weight, query.bytes());
        if !admitted {
            self.metrics.request("in", "over-quota");
            // Fails only if the peer has left.
            let _ = behaviour.send_response(channel, busy);
            return Some((peer, PeerFault::OverQuota));
        }
        let Query::Request(request) = query.message else {
            self.metrics.request("in", "malformed");
            // Without an answer the stream ends.
            drop(channel);
            return Some((peer, PeerFault::Malformed));
        };
        let (reply, answer) = oneshot::channel();
        let inbound = InboundRequest { peer, request, reply };
        if paused || self.requests.try_send(inbound).is_err() {
            self.metrics.request("in", if paused { "paused" } else { "queue-full" });
            let _ = behaviour.send_response(channel, busy);
            return None;
        }
        let within = self.answer_within;
        self.answers.push(Box::pin(async move {
            let response = tokio::time::timeout(within, answer).await.ok().and_then(Result::ok);
            Answer { peer, weight, channel, response: response.unwrap_or(Response::Busy) }
        }));
        None
    }

    /// The next answer that the node has given; pending for ever while none is awaited.
    pub(super) async fn next_answer(&mut self) -> Answer {
        match self.answers.next().await {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }

    /// Sends an answer. It is charged to the peer's quota at its next request.
    pub(super) fn answer(&mut self, behaviour: &mut rpc::Behaviour, answer: Answer) {
        let outcome = if matches!(answer.response, Response::Busy) { "busy" } else { "answered" };
        let meter = self.meters.entry((answer.peer, answer.weight)).or_default();
        let sent = behaviour.send_response(answer.channel, Metered::new(answer.response, Arc::clone(meter)));
        self.metrics.request("in", if sent.is_ok() { outcome } else { "peer-left" });
    }

    pub(super) fn weight_of(answer: &Answer) -> Weight {
        answer.weight
    }

    /// How many answers the node still owes.
    pub(super) fn owed(&self) -> usize {
        self.answers.len()
    }

    fn finish(&mut self, weight: Weight, id: OutboundRequestId, result: Result<Response, RequestFailed>) {
        self.metrics.request("out", result.as_ref().map_or_else(|failed| outcome(*failed), |_| "answered"));
        if let Some(pending) = self.pending.remove(&(weight, id)) {
            let _ = pending.reply.send(result);
        }
    }
}

fn failure(error: &OutboundFailure) -> RequestFailed {
    match error {
        OutboundFailure::DialFailure => RequestFailed::NotConnected,
        OutboundFailure::Timeout => RequestFailed::Timeout,
        OutboundFailure::Io(error) if is_malformed(error) => RequestFailed::Malformed,
        OutboundFailure::ConnectionClosed | OutboundFailure::UnsupportedProtocols | OutboundFailure::Io(_) => {
            RequestFailed::Ended
        }
    }
}

/// Only what our own codec calls invalid is a fault; a stream that ends early may be a crash or a full table.
fn is_malformed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidData
}

const fn outcome(failed: RequestFailed) -> &'static str {
    match failed {
        RequestFailed::NotConnected => "not-connected",
        RequestFailed::HeldBack => "held-back",
        RequestFailed::Timeout => "timeout",
        RequestFailed::Ended => "ended",
        RequestFailed::Malformed => "malformed",
        RequestFailed::Stopped => "stopped",
    }
}
