//! The HTTP interface: JSON under `/v1`, problems with a code, a path and a hint, nothing trusted.
//!
//! `routes` is the whole table; every request passes one `guard` that turns away what
//! there is no room for and whoever asks too often, ends what takes too long, and measures the rest. Store reads run on the blocking
//! pool, each on its own snapshot.

mod access;
mod answer;
mod error;
mod evidence;
mod findings;
mod gate;
mod guard;
mod input;
mod log;
mod ops;
mod proofs;
mod query;
mod serve;
mod shares;
mod submit;
#[cfg(test)]
mod tests;
mod wait;

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, Method, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use libp2p::PeerId;
use sampan_proto::genesis::Genesis;
use sampan_proto::ids::MemberId;
use sampan_proto::reject::Code;
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;

pub use gate::{Gate, Limits};
pub use serve::serve;
pub use shares::Shares;

use crate::engine::Handle;
use crate::metrics::Metrics;
use crate::space::Space;
use crate::store::{Reader, Store};
use crate::verify::Pool;
use access::Caller;
use error::{INTERNAL, METHOD_NOT_ALLOWED, Refusal};
use guard::Guard;

/// What the handlers work with. Cheap to clone.
#[derive(Clone)]
pub struct State {
    /// Committed state.
    pub store: Store,
    /// Checks what comes in.
    pub pool: Pool,
    /// Takes in what was checked.
    pub engine: Handle,
    /// The network.
    pub genesis: Arc<Genesis>,
    /// The genesis file, to the byte.
    pub genesis_bytes: Arc<[u8]>,
    /// Counters.
    pub metrics: Metrics,
    /// The member that runs the node, where it is known.
    pub member: Option<MemberId>,
    /// Whether it is one of the validators that make the first block.
    pub validator: bool,
    /// Connected peers.
    pub peers: watch::Receiver<Vec<PeerId>>,
    /// Room on the disk.
    pub space: Space,
    /// Who is here, and how often they asked.
    pub gate: Gate,
    /// Whether callers on this machine read documents without a signature.
    pub local_reads: bool,
    /// Which member handed in how much.
    pub shares: Shares,
}

impl State {
    /// Who calls.
    fn caller(&self, peer: SocketAddr, headers: &HeaderMap) -> Result<Caller, Refusal> {
        Ok(Caller::of(peer, headers, self.local_reads)?)
    }

    /// Reads the store on the blocking pool.
    async fn read<T, F>(&self, look: F) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: FnOnce(&Reader<'_>) -> Result<T, Refusal> + Send + 'static,
    {
        if self.engine.is_joining() {
            // Half a state is no state.
            return Err(Refusal::new(Code::NotReady, "$", "the node is taking over the state"));
        }
        // A read that nobody waits for any more goes on to its end, and its place is taken until then.
        let (store, place) = (self.store.clone(), guard::place());
        let read = tokio::task::spawn_blocking(move || {
            let _place = place;
            look(&store.reader())
        });
        let read = read.await;
        read.unwrap_or_else(|_| Err(Refusal::shell(INTERNAL, "the read was interrupted")))
    }
}

/// How many requests of a sort may be in work at once, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    /// Liveness, metrics, what is constant.
    Ops,
    /// Answers from the store.
    Read,
    /// Answers that hold all there is of a record: each of them may be large.
    Whole,
    /// One statement; a slow link may take its time.
    Submit,
    /// Many statements.
    Batch,
    /// Long polls: many, for they cost little while they wait.
    Wait,
}

impl Lane {
    const ALL: [Self; 6] = [Self::Ops, Self::Read, Self::Whole, Self::Submit, Self::Batch, Self::Wait];

    const fn places(self) -> usize {
        match self {
            Self::Ops | Self::Whole => 32,
            Self::Read | Self::Submit => 256,
            Self::Batch => 16,
            Self::Wait => 2_048,
        }
    }

    /// The largest body.
    const fn body_bytes(self) -> usize {
        match self {
            // A statement and a body of full size in base64, and the JSON around them.
            Self::Submit => 400 * 1024,
            // Many small ones, or a few large ones.
            Self::Batch => 8 * 1024 * 1024,
            Self::Ops | Self::Read | Self::Whole | Self::Wait => 0,
        }
    }

    const fn time(self) -> Duration {
        Duration::from_secs(match self {
            Self::Ops | Self::Read | Self::Whole => 30,
            Self::Submit | Self::Batch => 300,
            Self::Wait => wait::LONGEST_S + 30,
        })
    }
}

/// One route.
struct Route {
    path: &'static str,
    lane: Lane,
    handler: MethodRouter<State>,
}

const fn route(path: &'static str, lane: Lane, handler: MethodRouter<State>) -> Route {
    Route { path, lane, handler }
}

/// Every route of the interface.
fn routes() -> Vec<Route> {
    vec![
        route("/v1/statements", Lane::Submit, post(submit::one)),
        route("/v1/statements/batch", Lane::Batch, post(submit::batch)),
        route("/v1/statements/{id}", Lane::Wait, get(wait::statement)),
        route("/v1/receipts/{statement}", Lane::Read, get(proofs::receipt)),
        route("/v1/records/{id}", Lane::Read, get(query::record)),
        route("/v1/records/{id}/history", Lane::Whole, get(query::history)),
        route("/v1/records/{id}/status", Lane::Read, get(proofs::status)),
        route("/v1/records/{id}/bundle", Lane::Whole, get(proofs::bundle)),
        route("/v1/records/{id}/body", Lane::Read, get(proofs::body)),
        route("/v1/references/{issuer}/{key}", Lane::Read, get(proofs::reference)),
        route("/v1/records/{id}/findings/{other}", Lane::Read, get(findings::findings)),
        route("/v1/proposals", Lane::Read, get(query::proposals)),
        route("/v1/proposals/{id}", Lane::Read, get(query::proposal)),
        route("/v1/members", Lane::Read, get(query::members)),
        route("/v1/members/{id}", Lane::Read, get(proofs::member)),
        route("/v1/headers/{height}", Lane::Read, get(query::header)),
        route("/v1/log/checkpoint", Lane::Read, get(log::checkpoint)),
        route("/v1/log/head", Lane::Read, get(log::head)),
        route("/v1/log/consistency", Lane::Read, get(log::consistency)),
        route("/v1/log/tile/{*path}", Lane::Read, get(log::tile)),
        route("/v1/evidence", Lane::Read, get(evidence::list)),
        route("/v1/evidence/{id}", Lane::Read, get(evidence::one)),
        route("/v1/genesis", Lane::Read, get(query::genesis)),
        route("/v1/node", Lane::Wait, get(wait::node)),
        route("/healthz", Lane::Ops, get(ops::healthz)),
        route("/readyz", Lane::Ops, get(ops::readyz)),
        route("/metrics", Lane::Ops, get(ops::metrics)),
        route("/openapi.json", Lane::Ops, get(ops::openapi)),
    ]
}

/// The whole interface. Requests must carry [`axum::extract::ConnectInfo`] with the peer's socket
/// address, as [`serve`] gives it.
pub fn router(state: State) -> Router {
    let guards = Guard::for_lanes(&state.metrics, &state.gate);
    let mut router = Router::new();
    for route in routes() {
        let guard = guards[route.lane as usize].on(route.path);
        router = router.route(route.path, route.handler.layer(from_fn_with_state(guard, guard::guarded)));
    }
    router
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(state)
}

async fn not_found(uri: Uri) -> Refusal {
    Refusal::new(Code::NotFound, "$", format!("nothing is at {}", uri.path()))
}

async fn method_not_allowed(method: Method, uri: Uri) -> Refusal {
    Refusal::shell(METHOD_NOT_ALLOWED, format!("{} does not take {method}", uri.path()))
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    // The panic hook has written what and where.
    Refusal::shell(INTERNAL, "the node failed at this request").into_response()
}
