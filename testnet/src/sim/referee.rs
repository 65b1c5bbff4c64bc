//! A second opinion on every decided block: the rules written down again, in a few lines that share nothing with the
//! ledger but the formats. What a node decides must hold by both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sampan_node::core::ledger::View as _;
use sampan_node::store::Reader;
use sampan_proto::block::{Block, Header, payload_hash};
use sampan_proto::genesis::Genesis;
use sampan_proto::ids::{HeaderHash, Height, MemberId, RecordId, StatementId};
use sampan_proto::member::Purpose;
use sampan_proto::record::Record;
use sampan_proto::statement::{Action, OnRecord, PAYLOAD_TYPE, SignedStatement, Statement, pae};
use sampan_proto::title::TitleAct;
use sampan_proto::vote::{Certificate, Signable as _, Vote, VoteType};

use super::cast;

/// How far ahead of the true time a block may be, in milliseconds: the worst clock of a script and the skew that
/// validators allow each other.
const AHEAD_MS: u64 = 15_000 + 10_000 + 1_000;

/// A bill as the referee knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bill {
    seq: u64,
    possessor: MemberId,
}

/// Who keeps the rules.
#[derive(Debug)]
pub(super) struct Referee {
    genesis: Arc<Genesis>,
    executed: BTreeSet<StatementId>,
    bills: BTreeMap<RecordId, Bill>,
    height: Height,
    time_ms: u64,
    last: HeaderHash,
}

type Ruling = Result<(), &'static str>;

fn rule(holds: bool, broken: &'static str) -> Ruling {
    if holds { Ok(()) } else { Err(broken) }
}

impl Referee {
    pub(super) fn new(genesis: &Arc<Genesis>) -> Self {
        Self {
            genesis: Arc::clone(genesis),
            executed: BTreeSet::new(),
            bills: BTreeMap::new(),
            height: Height::GENESIS,
            time_ms: genesis.time_ms,
            last: HeaderHash(genesis.chain.0),
        }
    }

    /// More than two thirds of the validators signed for the header.
    pub(super) fn certified(&self, header: &Header, certificate: &Certificate) -> Ruling {
        let Certificate { height, round, block, .. } = *certificate;
        rule(block == header.hash() && height == header.height, "its certificate is for another block")?;
        let validators = self.genesis.roster.validators();
        let signers: BTreeSet<usize> = certificate
            .precommits()
            .filter(|(index, signature)| {
                validators.get(*index).is_some_and(|validator| {
                    let (chain, vote_type, block) = (self.genesis.chain, VoteType::Precommit, Some(block));
                    let vote = Vote { chain, vote_type, height, round, block, validator: validator.key };
                    validator.key.verify(vote.digest().as_bytes(), signature).is_ok()
                })
            })
            .map(|(index, _)| index)
            .collect();
        rule(3 * signers.len() > 2 * validators.len(), "too few validators signed for it")
    }

    /// The next block of the chain, at `now_ms` of the network's life.
    pub(super) fn judge(&mut self, block: &Block, now_ms: u64) -> Ruling {
        let Block { header, statements, .. } = block;
        rule(header.height == self.height.next() && header.previous == self.last, "it does not follow the one before")?;
        rule(header.time_ms > self.time_ms, "its time is not after that of the one before")?;
        rule(header.time_ms <= cast::BEGIN_MS + now_ms + AHEAD_MS, "its time is far ahead of every clock")?;
        let heartbeat_ms = self.genesis.parameters.heartbeat_ms;
        let due = header.time_ms >= self.time_ms + heartbeat_ms;
        rule(due || !statements.is_empty(), "it is empty before an empty block is due")?;
        let payload: Vec<_> = statements.iter().map(SignedStatement::envelope_id).collect();
        rule(payload_hash(&payload) == header.payload_hash, "it holds other statements than its header names")?;
        for signed in statements {
            self.execute(signed, header.time_ms)?;
        }
        (self.height, self.time_ms, self.last) = (header.height, header.time_ms, header.hash());
        Ok(())
    }

    fn execute(&mut self, signed: &SignedStatement, time_ms: u64) -> Ruling {
        let statement = signed.parse().map_err(|_| "a statement cannot be read")?;
        rule(statement.chain == self.genesis.chain, "a statement of another network")?;
        rule(statement.not_after_ms >= time_ms, "a statement after its time")?;
        rule(self.executed.insert(signed.id()), "a statement executed twice")?;
        rule(is_signed(signed, &statement), "a statement that its member did not sign")?;
        match statement.action {
            Action::Issue(issue) => {
                let bill = Bill { seq: 1, possessor: issue.to };
                let taken = self.bills.insert(Record::id_of(signed.id()), bill).is_some();
                rule(!taken, "a bill issued twice")
            }
            Action::Title(OnRecord { record, seq, act: TitleAct::Transfer { to } }) => {
                let bill = self.bills.get_mut(&record).ok_or("a transfer of nothing")?;
                rule(bill.possessor == statement.member, "a transfer by somebody who has not got the bill")?;
                rule(
                    seq == Some(bill.seq),
                    "a transfer that its signer would not have made, for it names another seq",
                )?;
                *bill = Bill { seq: bill.seq + 1, possessor: to };
                Ok(())
            }
            Action::Finding(finding) => {
                let bill = self.bills.get_mut(&finding.record).ok_or("a finding on nothing")?;
                bill.seq += 1;
                Ok(())
            }
            _ => Err("a statement that nobody in a simulation makes"),
        }
    }

    /// What a node at the newest height says of every bill is what the referee says.
    pub(super) fn agrees(&self, reader: &Reader<'_>) -> bool {
        self.bills.iter().all(|(id, bill)| {
            let record = reader.record(id).ok().flatten();
            record.is_some_and(|r| r.seq == bill.seq && r.possessor.as_ref() == Some(&bill.possessor))
        })
    }
}

/// One signature, by the key that the member is known to have.
fn is_signed(signed: &SignedStatement, statement: &Statement) -> bool {
    let key = cast::key(statement.member.as_str(), Purpose::Statement).public();
    let message = pae(PAYLOAD_TYPE, &signed.payload);
    matches!(&*signed.signatures, [one] if one.key == key && key.verify(&message, &one.signature).is_ok())
}
