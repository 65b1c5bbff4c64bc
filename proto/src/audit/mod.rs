//! Audit: a chain is executed again from its genesis, and every root, certificate, handover and decision is
//! compared with what the validators signed.
//!
//! No node is asked and nothing is believed: state is built from the genesis alone, in memory, by the same
//! [`ledger`](crate::ledger) that nodes run. The first thing that does not hold ends it, with its place named.

mod block;

use std::fmt;

use crate::archive::End;
use crate::block::Block;
use crate::genesis::Genesis;
use crate::ids::Height;
use crate::ledger::{Memory, Tip, genesis_state};
use crate::proof::{Ladder, Verdict};

/// What is compared, in the order of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// One block after another, none left out, each naming the one before; times and sizes as the rules ask.
    Order,
    /// More than two thirds of the roster in force signed the block.
    Certificates,
    /// The statements are those that the header commits to, and their members signed them.
    Statements,
    /// Each statement is lawful where it stands.
    Law,
    /// The log's root after the block.
    Log,
    /// The state's root after the block.
    State,
    /// The roster that decides the next block is the one that governance settled.
    Handovers,
    /// The parameters in force are those that governance settled.
    Decisions,
    /// The documents are those that were committed to, and say what their issuers claimed.
    Bodies,
    /// It ends where it says it does.
    End,
}

impl Check {
    /// Every check.
    pub const ALL: [Self; 10] = [
        Self::Order,
        Self::Certificates,
        Self::Statements,
        Self::Law,
        Self::Log,
        Self::State,
        Self::Handovers,
        Self::Decisions,
        Self::Bodies,
        Self::End,
    ];

    /// The name of its rung, stable.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Certificates => "certificates",
            Self::Statements => "statements",
            Self::Law => "law",
            Self::Log => "log",
            Self::State => "state",
            Self::Handovers => "handovers",
            Self::Decisions => "decisions",
            Self::Bodies => "bodies",
            Self::End => "end",
        }
    }
}

/// The first thing that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("block {height}: {}: {why}", check.as_str())]
pub struct Fault {
    /// The block; for the end the one after the last.
    pub height: Height,
    /// What was compared.
    pub check: Check,
    /// Why it does not hold.
    pub why: Why,
}

/// Why a check does not hold, in words for people; what to do depends on the check alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why(String);

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How much was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Blocks.
    pub blocks: u64,
    /// Statements.
    pub statements: u64,
    /// Changes of the roster.
    pub handovers: u64,
    /// Proposals that were carried out.
    pub decisions: u64,
    /// Documents that were checked.
    pub bodies: u64,
    /// Documents that are not there to be checked.
    pub bodies_missing: u64,
}

/// An audit under way.
#[derive(Debug)]
pub struct Audit {
    genesis: Genesis,
    state: Memory,
    tip: Tip,
    count: Count,
    fault: Option<Fault>,
    ended: bool,
}

impl Audit {
    /// Begins before the first block.
    #[must_use]
    pub fn new(genesis: Genesis) -> Self {
        // Building on no pages reads none, so nothing can be wrong with them.
        let (state, tip) = genesis_state(&genesis).map_or_else(
            |_| (Memory::default(), Tip::genesis(&genesis, crate::merkle::state::empty())),
            |founded| (Memory::at_genesis(&founded), founded.tip),
        );
        Self { genesis, state, tip, count: Count::default(), fault: None, ended: false }
    }

    /// Executes the next block and compares.
    ///
    /// # Errors
    /// The first thing that does not hold; nothing more is looked at after it.
    pub fn block(&mut self, block: &Block) -> Result<(), Fault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let height = self.tip.height.next();
        let done = if self.ended { fail(Check::End, "a block after the end") } else { self.execute(block) };
        done.map_err(|(check, why)| self.fail(height, check, why))
    }

    /// Compares the end.
    ///
    /// # Errors
    /// It ends elsewhere than it says.
    pub fn end(&mut self, end: &End) -> Result<(), Fault> {
        let here = End { height: self.tip.height, block: self.tip.hash, bodies: self.count.bodies };
        if *end == here && !self.ended {
            self.ended = true;
            return Ok(());
        }
        let why = format!(
            "it says it ends at height {} with {} documents, it ends at height {} with {}",
            end.height, end.bodies, here.height, here.bodies
        );
        Err(self.fail(here.height, Check::End, Why(why)))
    }

    /// What cannot be read, or is not there: the same as what does not hold.
    pub fn unreadable(&mut self, check: Check, why: impl fmt::Display) -> Fault {
        self.fail(self.tip.height.next(), check, Why(why.to_string()))
    }

    fn fail(&mut self, height: Height, check: Check, why: Why) -> Fault {
        self.fault.get_or_insert(Fault { height, check, why }).clone()
    }

    /// The state after the last block that held.
    #[must_use]
    pub const fn state(&self) -> &Memory {
        &self.state
    }

    /// The last block that held.
    #[must_use]
    pub const fn tip(&self) -> &Tip {
        &self.tip
    }

    /// How much was compared.
    #[must_use]
    pub const fn count(&self) -> Count {
        self.count
    }

    /// All checks, as far as they came. A check that the fault left unfinished is SKIPPED, and so are documents
    /// that are not there.
    #[must_use]
    pub fn ladder(&self) -> Ladder {
        let mut ladder = Ladder::default();
        for check in Check::ALL {
            let (verdict, words) = match &self.fault {
                Some(fault) if fault.check == check => {
                    (Verdict::Invalid, format!("block {}: {}", fault.height, fault.why))
                }
                Some(_) => (Verdict::Skipped, format!("held up to height {}", self.tip.height)),
                None => self.finished(check),
            };
            ladder.push(check.as_str(), verdict, words);
        }
        ladder
    }

    fn finished(&self, check: Check) -> (Verdict, String) {
        let Count { blocks, statements, handovers, decisions, bodies, bodies_missing } = self.count;
        let words = match check {
            Check::Order | Check::Certificates => format!("{blocks} blocks"),
            Check::Statements | Check::Law => format!("{statements} statements"),
            Check::Log => format!("{} entries, the root of every block", self.tip.frontier.size()),
            Check::State => format!("{} records, the root of every block", self.state.records.len()),
            Check::Handovers => format!("{handovers} changes of the roster"),
            Check::Decisions => format!("{decisions} proposals carried out"),
            Check::Bodies if bodies == 0 && bodies_missing == 0 => "no document was committed to".to_owned(),
            Check::Bodies if bodies == 0 => {
                return (Verdict::Skipped, format!("{bodies_missing} documents are not there to be checked"));
            }
            Check::Bodies if bodies_missing > 0 => {
                return (Verdict::Warn, format!("{bodies} documents; {bodies_missing} are not there to be checked"));
            }
            Check::Bodies => format!("{bodies} documents, as committed and as claimed"),
            Check::End if !self.ended => return (Verdict::Skipped, "the end was not looked for".to_owned()),
            Check::End => format!("height {}, block {}", self.tip.height, self.tip.hash),
        };
        (Verdict::Valid, words)
    }
}

/// A check that does not hold.
fn fail<T>(check: Check, why: impl fmt::Display) -> Result<T, (Check, Why)> {
    Err((check, Why(why.to_string())))
}
