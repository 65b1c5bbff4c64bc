//! Bytes become checked types on a bounded pool: signatures, hashes, schemas, everything that needs no
//! decision. The network and the API both come through here, so each signature is verified once.

mod gossip;
mod response;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rayon::prelude::*;
use sampan_proto::body::pepper_commitment;
use sampan_proto::evidence::Offence;
use sampan_proto::ids::{ChainId, Height};
use sampan_proto::reject::{Code, Reject};
use sampan_proto::roster::Roster;
use sampan_proto::statement::Action;
use sampan_proto::wire;
use tokio::sync::{Semaphore, oneshot};

pub use gossip::intake;
pub use response::Judged;

use crate::clock::Clock;
use crate::core::Document;
use crate::core::ledger::{Admitted, At, View, admit};
use crate::fault::{Fatal, PeerFault};
use crate::metrics::Metrics;
use crate::store::Store;

/// Jobs in the pool, running or waiting; beyond it callers wait, and gossip is dropped at its lane.
const JOBS: usize = 64;

/// The pool. Cheap to clone.
#[derive(Clone)]
pub struct Pool {
    /// None: jobs run on the thread that brings them.
    threads: Option<Arc<rayon::ThreadPool>>,
    jobs: Arc<Semaphore>,
    context: Arc<Context>,
}

/// A document that is not admitted, and what it shows of a member that has said otherwise in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub reject: Reject,
    /// For the engine, which keeps it.
    pub offence: Option<Box<Offence>>,
}

impl From<Reject> for Refused {
    fn from(reject: Reject) -> Self {
        Self { reject, offence: None }
    }
}

/// What checking needs to know.
struct Context {
    chain: ChainId,
    store: Store,
    metrics: Metrics,
    clock: Clock,
}

impl Pool {
    /// A pool with so many threads.
    pub fn new(store: Store, metrics: Metrics, threads: usize) -> Result<Self, Fatal> {
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("verify-{i}"))
            // Whoever waits for the job learns that there is no answer; without a handler the process would end.
            .panic_handler(|_| tracing::error!("a job of the verify pool panicked, which is a fault of this software"))
            .build()
            .map_err(|error| Fatal::Damaged(format!("cannot start the verify pool: {error}")))?;
        Ok(Self::of(Some(Arc::new(threads)), store, metrics, Clock::default()))
    }

    /// No threads: every job runs at once, where it is brought. For simulations, in which order is everything.
    #[must_use]
    pub fn inline(store: Store, metrics: Metrics, clock: Clock) -> Self {
        Self::of(None, store, metrics, clock)
    }

    fn of(threads: Option<Arc<rayon::ThreadPool>>, store: Store, metrics: Metrics, clock: Clock) -> Self {
        let context = Context { chain: store.chain(), store, metrics, clock };
        Self { threads, jobs: Arc::new(Semaphore::new(JOBS)), context: Arc::new(context) }
    }

    /// Checks and admits documents on committed state: one answer each, in order.
    pub async fn admit(&self, documents: Vec<wire::Document>) -> Vec<Result<Admitted, Refused>> {
        let count = documents.len();
        let lost = || Err(Reject::new(Code::NotReady, "$", "the node is stopping").into());
        self.run(move |context| context.admit_all(documents)).await.unwrap_or_else(|| vec![lost(); count])
    }

    fn spawn(&self, job: impl FnOnce() + Send + 'static) {
        match &self.threads {
            Some(threads) => threads.spawn(job),
            None => job(),
        }
    }

    /// Runs a job on the pool; none when the pool is gone.
    async fn run<T: Send + 'static>(&self, job: impl FnOnce(&Context) -> T + Send + 'static) -> Option<T> {
        let permit = Arc::clone(&self.jobs).acquire_owned().await.ok()?;
        let (reply, answer) = oneshot::channel();
        let context = Arc::clone(&self.context);
        self.spawn(move || {
            let timer = context.metrics.time_verify();
            // Whoever asked may have given up meanwhile.
            let _ = reply.send(job(&context));
            drop((timer, permit));
        });
        answer.await.ok()
    }
}

impl Context {
    /// The roster that decides a height, and whether that is settled: beyond the block after the tip it is a guess,
    /// for a block that we do not have may change it.
    fn roster_at(&self, height: Height) -> Option<(Roster, bool)> {
        let tip = self.store.tip();
        let next = tip.height.next();
        if height >= next {
            return Some((tip.roster().clone(), height == next));
        }
        // A store that cannot be read stops the engine; here the message is of no use.
        self.store.reader().roster(height).ok().flatten().map(|roster| (roster, true))
    }

    fn check(&self, document: wire::Document) -> Result<Arc<Document>, Reject> {
        Document::check(document, self.chain).map(Arc::new)
    }

    /// A document that a peer handed over as contents of a block. Its pepper is not part of any commitment in
    /// the statement, but of the registry: with a wrong one the body would be of no use to whoever asks later.
    fn check_contents(&self, document: Result<Document, Reject>) -> Result<Arc<Document>, PeerFault> {
        let document = document.map(Arc::new).map_err(|_| PeerFault::BadBlock)?;
        let Some(body) = document.body() else { return Ok(document) };
        if !matches!(document.statement().statement().action, Action::Issue(_)) {
            return Ok(document);
        }
        let issuer = View::member(&self.store.reader(), &document.statement().statement().member);
        match issuer {
            Ok(Some(issuer)) if issuer.pepper != Some(pepper_commitment(&body.pepper)) => Err(PeerFault::BadBlock),
            // An unknown issuer is for execution to refuse; a store that cannot be read stops the engine.
            _ => Ok(document),
        }
    }

    fn admit_all(&self, documents: Vec<wire::Document>) -> Vec<Result<Admitted, Refused>> {
        let tip = self.store.tip();
        let at = At {
            height: tip.height.next(),
            time_ms: self.clock.now_ms().max(tip.time_ms + 1),
            in_force: &tip.in_force,
        };
        documents.into_par_iter().map(|document| self.admit_one(document, at)).collect()
    }

    fn admit_one(&self, document: wire::Document, at: At<'_>) -> Result<Admitted, Refused> {
        let document = self.check(document)?;
        let reader = self.store.reader();
        let judged = admit(&reader, Arc::clone(&document), at).and_then(|judged| match judged {
            Ok(admitted) => Ok(Ok(admitted)),
            Err(reject) => Ok(Err(Refused { reject, offence: reader.offence_of(document.statement())?.map(Box::new) })),
        });
        judged.unwrap_or_else(|fault| {
            // The engine meets the same fault at its next write and stops the node.
            tracing::error!(%fault, "cannot read the state");
            Err(Reject::new(Code::NotReady, "$", "the node cannot read its store").into())
        })
    }
}
