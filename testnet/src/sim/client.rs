//! A client with a memory: it submits, asks again where it got no answer, and remembers what it was told is final. And
//! one that cheats: it submits what must never be executed, and does not care for the answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use sampan_node::core::ledger::View as _;
use sampan_proto::genesis::Genesis;
use sampan_proto::ids::{RecordId, StatementId};
use sampan_proto::record::Record;
use sampan_proto::reject::{Code, Reject};
use sampan_proto::wire::Document;
use tokio::sync::mpsc;

use super::cast::{A_DAY_MS, Pen, TRADERS, Way};
use super::machine::Machine;
use super::watch::What;
use crate::dice::Dice;

/// How long it waits before it asks another node, in milliseconds.
const PATIENCE_MS: u64 = 3_000;
/// Refusals that wait to be heard.
const REFUSALS: usize = 1_024;
/// Of a hundred bills so many are in a hurry.
const HURRIED: u64 = 10;

/// Where an errand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// To be submitted.
    Open,
    /// Final, with this entry.
    Final(u64),
    /// Somebody else was first, or its time is over.
    Refused,
}

/// A statement to be made final.
#[derive(Debug)]
struct Errand {
    document: Document,
    /// One of several that cannot all be: the race's number.
    race: Option<u64>,
    until_ms: u64,
    by: usize,
    again_ms: u64,
    /// Whether it waited for the node to come back already: one that comes and goes for ever is not waited for.
    waited: bool,
    state: State,
}

impl Errand {
    /// Whether a refusal settles it.
    fn is_settled_by(&self, code: Code, now_ms: u64) -> bool {
        let lost = matches!(code, Code::WrongSeq | Code::NotPossessor | Code::Superseded);
        (self.race.is_some() && lost) || (code == Code::StatementExpired && now_ms > self.until_ms)
    }
}

/// A bill that the client had issued.
#[derive(Debug)]
struct Bill {
    issue: StatementId,
    record: RecordId,
    /// Who sold it, oldest first.
    sellers: Vec<&'static str>,
}

/// The client.
pub(super) struct Client {
    pen: Pen,
    dice: Dice,
    errands: BTreeMap<StatementId, Errand>,
    /// In order of their issue.
    bills: Vec<Bill>,
    races: u64,
    /// What cheats submit at the next tick, and through whom.
    crooked: Vec<(usize, Document)>,
    refusals: mpsc::Sender<(StatementId, Reject)>,
    refused: mpsc::Receiver<(StatementId, Reject)>,
}

impl Client {
    pub(super) fn new(genesis: &Arc<Genesis>, dice: Dice) -> Self {
        let (refusals, refused) = mpsc::channel(REFUSALS);
        let pen = Pen::new(Arc::clone(genesis));
        let (errands, bills, crooked) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { pen, dice, errands, bills, races: 0, crooked, refusals, refused }
    }

    /// So many bills more, through a node; some of them in a hurry.
    pub(super) fn submit(&mut self, bills: u64, by: usize, now_ms: u64) -> Result<()> {
        for _ in 0..bills {
            let hurried = self.dice.percent(HURRIED);
            let until_ms = if hurried { now_ms + self.dice.between(100, 3_000) } else { A_DAY_MS };
            let (document, record) = self.pen.bill(until_ms)?;
            self.bills.push(Bill { issue: document.statement.id(), record, sellers: Vec::new() });
            self.take_on(document, by, None, until_ms);
        }
        Ok(())
    }

    /// The oldest bill that is final and unsold, or else any, goes to two buyers, each through a node of its own.
    pub(super) fn race(&mut self, nodes: [usize; 2], machines: &[Machine]) -> Result<()> {
        let Some((bill, record)) = self.some_bill(true, nodes[0], machines) else { return Ok(()) };
        let Some((seller, buyers)) = parties(&record) else { return Ok(()) };
        self.bills[bill].sellers.push(seller);
        self.races += 1;
        for (to, by) in buyers.into_iter().zip(nodes) {
            let document = self.pen.transfer(record.id, record.seq, Way { from: seller, to, signer: seller })?;
            self.take_on(document, by, Some(self.races), A_DAY_MS);
        }
        Ok(())
    }

    /// Customs find something about a bill.
    pub(super) fn find(&mut self, by: usize, machines: &[Machine]) -> Result<()> {
        let Some((_, record)) = self.some_bill(false, by, machines) else { return Ok(()) };
        let document = self.pen.finding(record.id)?;
        self.take_on(document, by, None, A_DAY_MS);
        Ok(())
    }

    /// Everything that somebody who means no good would try, through one node.
    pub(super) fn cheat(&mut self, by: usize, machines: &[Machine]) -> Result<()> {
        let is_final = |errand: &&Errand| matches!(errand.state, State::Final(_));
        let finals: Vec<Document> = self.errands.values().filter(is_final).map(|e| e.document.clone()).collect();
        for _ in 0..4 {
            self.crooked.extend(self.dice.pick(&finals).map(|document| (by, document.clone())));
        }
        let Some((bill, record)) = self.some_bill(false, by, machines) else { return Ok(()) };
        let Some((from, buyers)) = parties(&record) else { return Ok(()) };
        let [to, thief] = buyers;
        // The possessor names a seq that is over, and one that is to come; a buyer signs for the possessor; and who had
        // the bill sells it again.
        let honest = Way { from, to, signer: from };
        let mut tries = vec![(record.seq.saturating_sub(1), honest), (record.seq + 1, honest)];
        tries.push((record.seq, Way { signer: thief, ..honest }));
        let former = self.bills[bill].sellers.iter().rev().find(|seller| **seller != from).copied();
        tries.extend(former.map(|former| (record.seq, Way { from: former, to: from, signer: former })));
        for (seq, way) in tries {
            let document = self.pen.transfer(record.id, seq, way)?;
            self.crooked.push((by, document));
        }
        Ok(())
    }

    /// A bill that is final, as a node knows it now: one that was never sold where there is one, if so wanted.
    fn some_bill(&mut self, unsold: bool, node: usize, machines: &[Machine]) -> Option<(usize, Record)> {
        let is_final = |bill: &Bill| self.errands.get(&bill.issue).is_some_and(|e| matches!(e.state, State::Final(_)));
        let all: Vec<usize> = (0..self.bills.len()).filter(|i| is_final(&self.bills[*i])).collect();
        let first = all.iter().find(|i| self.bills[**i].sellers.is_empty()).filter(|_| unsold).copied();
        let bill = first.or_else(|| self.dice.pick(&all).copied())?;
        let process = machines.get(node)?.process.as_ref()?;
        let record = process.store.reader().record(&self.bills[bill].record).ok().flatten()?;
        Some((bill, record))
    }

    fn take_on(&mut self, document: Document, by: usize, race: Option<u64>, until_ms: u64) {
        let errand = Errand { document, race, until_ms, by, again_ms: 0, waited: false, state: State::Open };
        self.errands.insert(errand.document.statement.id(), errand);
    }

    /// A node that clients wait for is back.
    pub(super) fn returned(&mut self, node: usize) {
        let waiting = |errand: &&mut Errand| errand.by == node && errand.state == State::Open && !errand.waited;
        for errand in self.errands.values_mut().filter(waiting) {
            (errand.again_ms, errand.waited) = (0, true);
        }
    }

    /// Submits what is due, hears answers, and looks what has become final.
    pub(super) fn tick(&mut self, now_ms: u64, machines: &[Machine]) {
        while let Ok((id, reject)) = self.refused.try_recv() {
            if let Some(errand) = self.errands.get_mut(&id).filter(|e| e.is_settled_by(reject.code, now_ms)) {
                errand.state = State::Refused;
            }
        }
        let mut due = std::mem::take(&mut self.crooked);
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
            due.push((errand.by, errand.document.clone()));
        }
        for (by, document) in due {
            self.send(by, document, machines);
        }
    }

    fn send(&self, by: usize, document: Document, machines: &[Machine]) {
        let Some(process) = machines.get(by).and_then(|machine| machine.process.as_ref()) else { return };
        let (pool, engine, refusals) = (process.pool.clone(), process.engine.clone(), self.refusals.clone());
        let id = document.statement.id();
        tokio::spawn(async move {
            for admitted in pool.admit(vec![document]).await {
                let refused = match admitted {
                    Ok(admitted) => engine.submit(vec![admitted]).await.into_iter().find_map(Result::err),
                    Err(refused) => Some(refused.reject),
                };
                if let Some(reject) = refused {
                    // Lost when the queue is full, as an answer of a node may be: it is asked again.
                    let _ = refusals.try_send((id, reject));
                }
            }
        });
    }

    /// How many errands are not settled yet.
    pub(super) fn open(&self) -> usize {
        self.errands.values().filter(|errand| errand.state == State::Open).count()
    }

    /// How many statements are final.
    pub(super) fn finals(&self) -> usize {
        self.errands.values().filter(|errand| matches!(errand.state, State::Final(_))).count()
    }

    /// Everything that was shown as final is so on a machine, in the same place; where it took the state over that this led
    /// to, the statement is known as executed, as long as it could be executed again.
    pub(super) fn settle(&self, node: usize, machine: &Machine) -> Result<(), What> {
        let Some(process) = &machine.process else { return Ok(()) };
        let (reader, floor) = (process.store.reader(), process.floor());
        for (id, errand) in &self.errands {
            let State::Final(index) = errand.state else { continue };
            let is_there = if index < floor.entries {
                errand.until_ms < A_DAY_MS || reader.executed(id).is_ok_and(|executed| executed)
            } else {
                let placed = reader.placed(id).ok().flatten();
                placed.map(|placed| placed.index) == Some(index)
            };
            if !is_there {
                return Err(What::Lost { statement: *id, node });
            }
        }
        Ok(())
    }

    /// Whether a bill went to two buyers.
    pub(super) fn sold_twice(&self) -> Option<What> {
        let is_final = |errand: &&Errand| matches!(errand.state, State::Final(_));
        let mut buyers: BTreeMap<u64, usize> = BTreeMap::new();
        for race in self.errands.values().filter(is_final).filter_map(|errand| errand.race) {
            *buyers.entry(race).or_default() += 1;
        }
        buyers.values().any(|count| *count > 1).then_some(What::SoldTwice)
    }
}

/// Who has a bill, and two others.
fn parties(record: &Record) -> Option<(&'static str, [&'static str; 2])> {
    let possessor = record.possessor.as_ref()?.as_str();
    let seller = TRADERS.into_iter().find(|trader| *trader == possessor)?;
    let mut others = TRADERS.into_iter().filter(|trader| *trader != seller);
    Some((seller, [others.next()?, others.next()?]))
}
