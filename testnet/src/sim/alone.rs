//! A network that one node decides alone, after a short honest life: bills are issued, one is sold, customs find something,
//! and a validator is unseated. For whoever needs a real node, and all that honest parties have said to it and signed.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sampan_node::api;
use sampan_node::net::{Said, Topic, Verdict};
use sampan_node::store::Store;
use sampan_node::verify::Judged;
use sampan_proto::block::Block;
use sampan_proto::genesis::Genesis;
use sampan_proto::ids::{Height, StatementId};
use sampan_proto::merkle::state::PagePath;
use sampan_proto::proof::Bundle;
use sampan_proto::record::Record;
use sampan_proto::snapshot::{Manifest, Part};
use sampan_proto::wire::{Document, Request, Response};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::cast::{self, A_DAY_MS, Pen, TRADERS, Way};
use super::machine::{Machine, Process};
use crate::scratch;

/// The first of four validators has more than two thirds of the power, and is the only one that runs.
const POWERS: [u64; 4] = [10, 1, 1, 1];
/// How long a statement may take to become final, in milliseconds of the network's life.
const PATIENCE_MS: u64 = 60_000;
/// How long a message may take through the node, in turns of its runtime.
const TURNS: usize = 1_000;

/// The node and its network.
pub(crate) struct Alone {
    pub(crate) genesis: Arc<Genesis>,
    /// The genesis file, to the byte.
    pub(crate) genesis_bytes: Vec<u8>,
    /// What the node published, in order.
    pub(crate) published: Vec<(Topic, Vec<u8>)>,
    /// Statements that are final.
    pub(crate) executed: Vec<Document>,
    /// Statements that are signed and were not submitted.
    pub(crate) fresh: Vec<Document>,
    // Dropped in this order: the process, what it runs in, where its files are.
    machine: Machine,
    runtime: Runtime,
    dir: TempDir,
}

impl Alone {
    /// Founds the network, starts the node and lets it live.
    ///
    /// # Errors
    /// When it does not start, or does not decide.
    pub(crate) fn live() -> Result<Self> {
        let dir = scratch::directory()?;
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build()?;
        let (genesis_bytes, genesis) = cast::founded(&POWERS)?;
        let genesis = Arc::new(genesis);
        let mut machine = {
            // Its clock goes with the runtime's.
            let _inside = runtime.enter();
            Machine::new(0, 0, dir.path(), &genesis, false)
        };
        runtime.block_on(machine.start(false))?;
        let (published, executed, fresh) = (Vec::new(), Vec::new(), Vec::new());
        let mut alone = Self { genesis, genesis_bytes, published, executed, fresh, machine, runtime, dir };
        alone.trade()?;
        Ok(alone)
    }

    fn trade(&mut self) -> Result<()> {
        let mut pen = Pen::new(Arc::clone(&self.genesis));
        let (sold, sold_id) = pen.bill(A_DAY_MS)?;
        let (kept, kept_id) = pen.bill(A_DAY_MS)?;
        self.decide(vec![sold, kept])?;
        let [from, to, next] = TRADERS;
        let sale = pen.transfer(sold_id, 1, Way { from, to, signer: from })?;
        let finding = pen.finding(kept_id)?;
        self.decide(vec![sale, finding])?;
        let unseat = pen.unseat(POWERS.len() - 1)?;
        self.decide(vec![unseat])?;
        let (late, _) = pen.bill(A_DAY_MS)?;
        self.decide(vec![late])?;
        let (bill, _) = pen.bill(A_DAY_MS)?;
        let resale = pen.transfer(sold_id, 2, Way { from: to, to: next, signer: to })?;
        self.fresh = vec![bill, resale, pen.finding(kept_id)?];
        Ok(())
    }

    /// Submits statements and waits until they are final.
    fn decide(&mut self, documents: Vec<Document>) -> Result<()> {
        let ids: Vec<StatementId> = documents.iter().map(|document| document.statement.id()).collect();
        self.executed.extend(documents.iter().cloned());
        let process = self.machine.process.as_mut().context("the node runs")?;
        let published = &mut self.published;
        self.runtime.block_on(async {
            for admitted in process.pool.admit(documents).await {
                process
                    .engine
                    .submit(vec![admitted.map_err(|refused| refused.reject)?])
                    .await
                    .into_iter()
                    .collect::<Result<(), _>>()?;
            }
            for _ in 0..PATIENCE_MS {
                tokio::time::sleep(Duration::from_millis(1)).await;
                while let Some(said) = process.line.try_next() {
                    if let Said::Publish(topic, data) = said {
                        published.push((topic, data));
                    }
                }
                let reader = process.store.reader();
                if ids.iter().all(|id| reader.placed(id).is_ok_and(|placed| placed.is_some())) {
                    return Ok(());
                }
            }
            bail!("not final after {PATIENCE_MS} ms")
        })
    }

    /// Ids of all statements that honest parties signed.
    pub(crate) fn signed(&self) -> BTreeSet<StatementId> {
        self.executed.iter().chain(&self.fresh).map(|document| document.statement.id()).collect()
    }

    fn process(&self) -> Result<&Process> {
        self.machine.process.as_ref().context("the node runs")
    }

    /// What the node has committed.
    pub(crate) fn store(&self) -> Result<&Store> {
        Ok(&self.process()?.store)
    }

    /// Every block that it decided.
    pub(crate) fn blocks(&self) -> Result<Vec<Block>> {
        let reader = self.store()?.reader();
        let heights = 1..=reader.tip()?.height.0;
        heights.map(|height| reader.block(Height(height))?.context("a decided block")).collect()
    }

    /// Proofs about every statement and every record.
    pub(crate) fn bundles(&self) -> Result<Vec<Bundle>> {
        let reader = self.store()?.reader();
        let mut bundles = Vec::new();
        for document in &self.executed {
            let id = document.statement.id();
            bundles.extend(reader.receipt(&id)?);
            bundles.extend(reader.record_bundle(&Record::id_of(id), true)?);
        }
        Ok(bundles)
    }

    /// The chain as an archive, with the documents or without.
    pub(crate) fn archive(&self, bodies: bool) -> Result<Vec<u8>> {
        let path = self.dir.path().join("archive");
        self.store()?.reader().export(&self.genesis_bytes, &path, bodies, |_| ())?;
        Ok(std::fs::read(path)?)
    }

    /// Its newest state, as it hands it over: small enough for one part.
    pub(crate) fn state(&self) -> Result<(Manifest, Part)> {
        let reader = self.store()?.reader();
        let manifest = reader.manifest()?.context("a decided block")?;
        Ok((manifest, reader.part(&PagePath::ROOT)?.context("a state")?))
    }

    /// What its HTTP interface works with.
    pub(crate) fn api(&self) -> Result<api::State> {
        let process = self.process()?;
        Ok(api::State {
            store: process.store.clone(),
            pool: process.pool.clone(),
            engine: process.engine.clone(),
            genesis: Arc::clone(&self.genesis),
            genesis_bytes: self.genesis_bytes.clone().into(),
            metrics: process.metrics.clone(),
            member: Some(cast::agency(0).parse()?),
            validator: true,
            peers: process.net.peers(),
            space: sampan_node::space::Space::default(),
            gate: api::Gate::default(),
            local_reads: true,
            // Never busy: what is fed here is one request at a time.
            shares: api::Shares::new(100),
        })
    }

    /// Lets the node run while something is waited for.
    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// What the node makes of an answer that a peer gives it.
    pub(crate) fn judges(&self, request: &Request, response: Response) -> Result<Judged> {
        let pool = &self.process()?.pool;
        Ok(self.run(pool.response(cast::peer(1), request, response)))
    }

    /// What the node makes of a message that a peer publishes.
    pub(crate) fn hears(&mut self, topic: Topic, data: Vec<u8>) -> Result<Verdict> {
        let process = self.machine.process.as_mut().context("the node runs")?;
        self.runtime.block_on(async {
            process.line.gossip(cast::peer(1), topic, data);
            for _ in 0..TURNS {
                while let Some(said) = process.line.try_next() {
                    if let Said::Verdict(_, _, verdict) = said {
                        return Ok(verdict);
                    }
                }
                tokio::task::yield_now().await;
            }
            bail!("a message without a verdict")
        })
    }
}
