//! One block: judged as a validator judges it, without a network and without a clock.

use super::{Audit, Check, Why, fail};
use crate::block::{Block, Header, payload_hash};
use crate::body::Body;
use crate::entry::Entry;
use crate::governance::State;
use crate::ids::EnvelopeId;
use crate::ledger::{Draft, Execution, Outcome};
use crate::limits;
use crate::proof::check_body;
use crate::protocol;
use crate::statement::{Action, SignedStatement, VerifiedStatement};

type Checked<T> = Result<T, (Check, Why)>;

impl Audit {
    pub(super) fn execute(&mut self, block: &Block) -> Checked<()> {
        self.order(block)?;
        self.certificate(block)?;
        let statements = self.statements(block)?;
        let outcome = self.replay(&block.header, &statements)?;
        compare(&outcome.header, &block.header)?;
        let missing = self.bodies(&statements, &block.bodies)?;
        self.adopt(&outcome, missing);
        Ok(())
    }

    /// It follows on the block before, in time and size as the rules ask.
    fn order(&self, block: &Block) -> Checked<()> {
        let (header, tip) = (&block.header, &self.tip);
        if let Err(unknown) = protocol::KNOWN.expect(tip.version()) {
            return fail(Check::Order, format!("{unknown}; newer software goes on from here"));
        }
        if header.height != tip.height.next() {
            return fail(Check::Order, format!("it says it is block {}", header.height));
        }
        if header.previous != tip.hash {
            return fail(Check::Order, format!("it follows on block {}, not on {}", header.previous, tip.hash));
        }
        if header.time_ms <= tip.time_ms {
            return fail(Check::Order, "its time is not after that of the block before");
        }
        if block.statements.is_empty() && header.time_ms < tip.time_ms.saturating_add(tip.parameters().heartbeat_ms) {
            return fail(Check::Order, "it is empty before the heartbeat was due");
        }
        if tip.roster().by_key(&header.proposer).is_none() {
            return fail(Check::Order, "its proposer is no validator");
        }
        Ok(())
    }

    fn certificate(&self, block: &Block) -> Checked<()> {
        let (header, certificate) = (&block.header, &block.certificate);
        if certificate.height != header.height || certificate.block != header.hash() {
            return fail(Check::Certificates, "the certificate is for another header");
        }
        certificate
            .verify(self.genesis.chain, self.tip.roster())
            .or_else(|bad| fail(Check::Certificates, format!("{bad} (by the roster in force)")))
    }

    fn statements(&self, block: &Block) -> Checked<Vec<VerifiedStatement>> {
        if block.statements.len() > limits::BLOCK_STATEMENTS || block.bodies.len() != block.statements.len() {
            return fail(Check::Statements, "more statements than a block holds, or not one place for a body each");
        }
        let envelopes: Vec<EnvelopeId> = block.statements.iter().map(SignedStatement::envelope_id).collect();
        if payload_hash(&envelopes) != block.header.payload_hash {
            return fail(Check::Statements, "not the statements that the header commits to");
        }
        let verify = |(number, signed): (usize, &SignedStatement)| {
            let verified = signed.clone().verify(self.genesis.chain);
            verified.or_else(|reject| fail(Check::Statements, format!("statement {number}: {reject}")))
        };
        block.statements.iter().enumerate().map(verify).collect()
    }

    fn replay(&self, header: &Header, statements: &[VerifiedStatement]) -> Checked<Outcome> {
        let (chain, tip) = (self.genesis.chain, self.tip.clone());
        let draft = Draft { chain, tip, time_ms: header.time_ms, proposer: header.proposer };
        let mut execution = Execution::new(&self.state, draft);
        for (number, statement) in statements.iter().enumerate() {
            let Ok(judged) = execution.apply(statement);
            judged.or_else(|reject| fail(Check::Law, format!("statement {number}: {reject}")))?;
        }
        // The pages are our own work, block by block: a tree that is not whole is a fault of this software.
        execution.finish().or_else(|error| fail(Check::State, error))
    }

    /// Whether the documents that are there are the right ones; gives how many are not there.
    fn bodies(&self, statements: &[VerifiedStatement], bodies: &[Option<Body>]) -> Checked<u64> {
        let mut missing = 0;
        for (number, (statement, body)) in statements.iter().zip(bodies).enumerate() {
            let action = &statement.statement().action;
            match (action.body(), body) {
                (Some(_), None) => missing += 1,
                (_, Some(body)) => self
                    .body(statement, action, body)
                    .or_else(|why| fail(Check::Bodies, format!("the document of statement {number}: {why}")))?,
                (None, None) => {}
            }
        }
        Ok(missing)
    }

    fn body(&self, statement: &VerifiedStatement, action: &Action, body: &Body) -> Result<(), String> {
        // Execution found this member a moment ago.
        let signer = self.state.members.get(&statement.statement().member).ok_or("of no member")?;
        check_body(action, signer, body).map(drop).map_err(|reject| reject.to_string())
    }

    fn adopt(&mut self, outcome: &Outcome, missing: u64) {
        let documents = outcome.entries.iter().filter(|entry| matches!(entry, Entry::Act(act) if act.body.is_some()));
        let enacted = outcome.proposals.values().filter(|proposal| proposal.state == State::Enacted);
        self.count.blocks += 1;
        self.count.statements += outcome.placed.len() as u64;
        self.count.bodies += documents.count() as u64 - missing;
        self.count.bodies_missing += missing;
        self.count.decisions += enacted.count() as u64;
        self.count.handovers += u64::from(outcome.header.next_roster_hash != outcome.header.roster_hash);
        self.state.commit(outcome);
        self.tip = outcome.tip();
    }
}

/// The header that execution leads to, field by field: the first that differs says what is wrong.
fn compare(ours: &Header, theirs: &Header) -> Checked<()> {
    let fields = [
        (Check::Handovers, "roster", ours.roster_hash, theirs.roster_hash),
        (Check::Decisions, "parameters", ours.parameters_hash, theirs.parameters_hash),
        (Check::Log, "log root", ours.log_root, theirs.log_root),
        (Check::State, "state root", ours.state_root, theirs.state_root),
        (Check::Handovers, "next roster", ours.next_roster_hash, theirs.next_roster_hash),
        (Check::Order, "evidence", ours.evidence_hash, theirs.evidence_hash),
    ];
    if let Some((check, what, ours, theirs)) = fields.into_iter().find(|(_, _, ours, theirs)| ours != theirs) {
        return fail(check, format!("{what}: execution leads to {ours}, the header says {theirs}"));
    }
    if ours.log_size != theirs.log_size {
        return fail(Check::Log, format!("{} entries, the header says {}", ours.log_size, theirs.log_size));
    }
    if ours == theirs { Ok(()) } else { fail(Check::Order, "another network or protocol version") }
}
