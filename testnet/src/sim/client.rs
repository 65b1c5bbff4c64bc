//! A client with a memory: it submits, asks again where it got no answer, and remembers what it was told is final.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use sampan_proto::genesis::Genesis;
use sampan_proto::ids::{RecordId, StatementId};
use sampan_proto::reject::{Code, Reject};
use sampan_proto::wire::Document;
use tokio::sync::mpsc;

use super::cast::{self, RIVALS};
use super::dice::Dice;
use super::machine::Machine;
use super::watch::What;

/// How long it waits before it asks another node, in milliseconds.
const PATIENCE_MS: u64 = 3_000;

/// Refusals that wait to be heard.
const REFUSALS: usize = 1_024;

/// Where an errand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// To be submitted.
    Open,
    /// Final, with this entry.
    Final(u64),
    /// Somebody else was first.
    Refused,
}

/// A statement to be made final.
#[derive(Debug)]
struct Errand {
    document: Document,
    record: RecordId,
    /// One of two that cannot both be.
    races: bool,
    by: usize,
    again_ms: u64,
    state: State,
}

/// The client.
pub(super) struct Client {
    genesis: Arc<Genesis>,
    dice: Dice,
    errands: BTreeMap<StatementId, Errand>,
    /// Bills in order of their issue, and whether they have been sold.
    bills: Vec<(StatementId, RecordId, bool)>,
    number: u64,
    refusals: mpsc::Sender<(StatementId, Reject)>,
    refused: mpsc::Receiver<(StatementId, Reject)>,
}

impl Client {
    pub(super) fn new(genesis: &Arc<Genesis>, dice: Dice) -> Self {
        let (refusals, refused) = mpsc::channel(REFUSALS);
        Self {
            genesis: Arc::clone(genesis),
            dice,
            errands: BTreeMap::new(),
            bills: Vec::new(),
            number: 0,
            refusals,
            refused,
        }
    }

    /// So many bills more, through a node.
    pub(super) fn submit(&mut self, bills: u64, by: usize) -> Result<()> {
        for _ in 0..bills {
            self.number += 1;
            let (document, record) = cast::bill(&self.genesis, self.number)?;
            self.bills.push((document.statement.id(), record, false));
            self.take_on(document, record, by, false);
        }
        Ok(())
    }

    /// The oldest bill that is final and unsold goes to two buyers, each through a node of its own.
    pub(super) fn race(&mut self, nodes: [usize; 2]) -> Result<()> {
        let errands = &self.errands;
        let is_final = |id: &StatementId| errands.get(id).is_some_and(|errand| matches!(errand.state, State::Final(_)));
        let Some((_, record, sold)) = self.bills.iter_mut().find(|(id, _, sold)| !sold && is_final(id)) else {
            return Ok(());
        };
        *sold = true;
        let record = *record;
        for (rival, by) in RIVALS.into_iter().zip(nodes) {
            self.number += 1;
            let document = cast::transfer(&self.genesis, self.number, record, rival)?;
            self.take_on(document, record, by, true);
        }
        Ok(())
    }

    fn take_on(&mut self, document: Document, record: RecordId, by: usize, races: bool) {
        let errand = Errand { document, record, races, by, again_ms: 0, state: State::Open };
        self.errands.insert(errand.document.statement.id(), errand);
    }

    /// Submits what is due, hears answers, and looks what has become final.
    pub(super) fn tick(&mut self, now_ms: u64, machines: &[Machine]) {
        while let Ok((id, reject)) = self.refused.try_recv() {
            let lost = matches!(reject.code, Code::WrongSeq | Code::NotPossessor | Code::Superseded);
            if let Some(errand) = self.errands.get_mut(&id).filter(|errand| errand.races && lost) {
                errand.state = State::Refused;
            }
        }
        for (id, errand) in self.errands.iter_mut().filter(|(_, errand)| errand.state == State::Open) {
            let process = machines.get(errand.by).and_then(|machine| machine.process.as_ref());
            if let Some(process) = process
                && let Ok(Some(placed)) = process.store.reader().placed(id)
            {
                // What a node shows as final is final for ever: from here on it must be there.
                errand.state = State::Final(placed.index);
                continue;
            }
            if now_ms < errand.again_ms {
                continue;
            }
            if errand.again_ms > 0 {
                errand.by = usize::try_from(self.dice.below(machines.len() as u64)).unwrap_or_default();
            }
            errand.again_ms = now_ms + PATIENCE_MS;
            let Some(process) = machines.get(errand.by).and_then(|machine| machine.process.as_ref()) else { continue };
            let (pool, engine, refusals) = (process.pool.clone(), process.engine.clone(), self.refusals.clone());
            let (id, document) = (*id, errand.document.clone());
            tokio::spawn(async move {
                for admitted in pool.admit(vec![document]).await {
                    let refused = match admitted {
                        Ok(admitted) => engine.submit(vec![admitted]).await.into_iter().find_map(Result::err),
                        Err(reject) => Some(reject),
                    };
                    if let Some(reject) = refused {
                        // Lost when the queue is full, as an answer of a node may be: it is asked again.
                        let _ = refusals.try_send((id, reject));
                    }
                }
            });
        }
    }

    /// How many errands are not settled yet.
    pub(super) fn open(&self) -> usize {
        self.errands.values().filter(|errand| errand.state == State::Open).count()
    }

    /// How many statements are final.
    pub(super) fn finals(&self) -> usize {
        self.errands.values().filter(|errand| matches!(errand.state, State::Final(_))).count()
    }

    /// Everything that was shown as final is so on a machine, in the same place.
    pub(super) fn settle(&self, node: usize, machine: &Machine) -> Result<(), What> {
        let Some(process) = &machine.process else { return Ok(()) };
        let reader = process.store.reader();
        for (id, errand) in &self.errands {
            let State::Final(index) = errand.state else { continue };
            let placed = reader.placed(id).ok().flatten();
            if placed.map(|placed| placed.index) != Some(index) {
                return Err(What::Lost { statement: *id, node });
            }
        }
        Ok(())
    }

    /// Whether a bill went to two buyers.
    pub(super) fn sold_twice(&self) -> Option<What> {
        let sold = self.errands.values().filter(|errand| errand.races && matches!(errand.state, State::Final(_)));
        let mut buyers: BTreeMap<RecordId, usize> = BTreeMap::new();
        sold.for_each(|errand| *buyers.entry(errand.record).or_default() += 1);
        buyers.values().any(|count| *count > 1).then_some(What::SoldTwice)
    }
}
