//! What every request passes: its address's share, room for its body, a place in its lane or a prompt no, a limit in time,
//! a measurement. A place is for work: a body that is still coming takes none, only room for what is here of it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State as Shared};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sampan_proto::reject::Code;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::error::{BUSY, Refusal, TIMED_OUT};
use super::{Gate, Lane, answer, input};
use crate::metrics::{Metrics, monotonic};

tokio::task_local! {
    /// The place of the request that is in work.
    static PLACE: Arc<OwnedSemaphorePermit>;
}

/// The place of the request in work, for what outlives its time; none outside a request.
pub(super) fn place() -> Option<Arc<OwnedSemaphorePermit>> {
    PLACE.try_with(Arc::clone).ok()
}

/// A lane's places, on a route.
#[derive(Clone)]
pub(super) struct Guard {
    lane: Lane,
    places: Arc<Semaphore>,
    gate: Gate,
    metrics: Metrics,
    route: &'static str,
}

impl Guard {
    /// One for each lane, in the order of their discriminants.
    pub(super) fn for_lanes(metrics: &Metrics, gate: &Gate) -> [Self; Lane::ALL.len()] {
        Lane::ALL.map(|lane| Self {
            lane,
            places: Arc::new(Semaphore::new(lane.places())),
            gate: gate.clone(),
            metrics: metrics.clone(),
            route: "",
        })
    }

    /// The same lane, measured under a route.
    pub(super) fn on(&self, route: &'static str) -> Self {
        Self { route, ..self.clone() }
    }

    async fn pass(&self, request: Request, next: Next) -> Response {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        if peer.is_some_and(|peer| !self.gate.admit(peer, self.lane, Instant::now())) {
            let detail = format!("more than {} requests a second from your address", self.gate.limits().requests);
            return Refusal::new(Code::TooManyRequests, "$", detail).into_response();
        }
        let (parts, body) = request.into_parts();
        let mut room = self.gate.body(peer);
        let body = match input::gather(body, self.lane.body_bytes(), &mut room).await {
            Ok(gathered) => gathered,
            Err(refusal) => return refusal.into_response(),
        };
        let request = Request::from_parts(parts, body);
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            let detail = format!("{} requests of this sort are in work", self.lane.places());
            return Refusal::shell(BUSY, detail).into_response();
        };
        let limit = self.lane.time();
        let done = PLACE.scope(Arc::new(place), next.run(request));
        let Ok(response) = tokio::time::timeout(limit, done).await else {
            let detail = format!("not done within {} s", limit.as_secs());
            return Refusal::shell(TIMED_OUT, detail).into_response();
        };
        answer::hold(response, self.gate.answer(peer)).await
    }
}

/// The middleware.
pub(super) async fn guarded(Shared(guard): Shared<Guard>, request: Request, next: Next) -> Response {
    let since = monotonic();
    let response = guard.pass(request, next).await;
    let time = since.elapsed();
    guard.metrics.http_request(guard.route, response.status().as_u16(), time);
    tracing::debug!(route = guard.route, status = response.status().as_u16(), ?time, "answered");
    response
}
