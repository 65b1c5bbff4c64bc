//! Blocks that others propose: gather the contents, execute them, compare the headers, make them durable,
//! and only then tell the core. A non-nil prevote means all of that.

use std::sync::Arc;
use std::time::Duration;

use sampan_proto::block::Header;
use sampan_proto::ids::HeaderHash;
use sampan_proto::limits;
use sampan_proto::wire::ProposalMessage;

use super::candidates::{Candidate, Judgement};
use super::timers::Alarm;
use super::{Engine, HeardProposal};
use crate::core::Document;
use crate::core::consensus::Input;
use crate::core::ledger::{Draft, Execution, Outcome};
use crate::fault::Fatal;
use crate::store::Staged;

/// How long gossip may still bring what a proposal names before it is asked for.
const GRACE: Duration = Duration::from_millis(20);

impl Engine {
    /// A proposal for the height being agreed on.
    pub(super) fn take_proposal(&mut self, heard: &HeardProposal) -> Result<(), Fatal> {
        self.drive(Input::Proposal(heard.proposal.clone()))?;
        let ProposalMessage { proposal, .. } = &heard.message;
        let block = proposal.message.block;
        if !self.is_running(proposal.message.height) {
            return Ok(());
        }
        self.candidates.propose(&heard.message, &self.mempool);
        let Some(candidate) = self.candidates.get(&block) else { return Ok(()) };
        match &candidate.judgement {
            Some(Judgement::Valid(_)) => self.feed_value(block, true),
            Some(Judgement::Invalid) => self.feed_value(block, false),
            Some(Judgement::Untimely(_)) => {
                // A proposer may claim that two thirds prevoted it; what settles the question are their votes.
                if self.has_polka(&candidate.header, block) { self.accept_untimely(&block) } else { Ok(()) }
            }
            None if !candidate.is_complete() => {
                self.timers.set(Alarm::Fetch, GRACE);
                Ok(())
            }
            None => self.judge_block(&block),
        }
    }

    /// Documents came in: they may complete proposed blocks.
    pub(super) fn complete_candidates(&mut self, documents: &[Arc<Document>]) -> Result<(), Fatal> {
        let waiting: Vec<HeaderHash> = self.candidates.incomplete().copied().collect();
        for block in waiting {
            let Some(candidate) = self.candidates.get_mut(&block) else { continue };
            candidate.fill(documents);
            if candidate.is_complete() {
                self.judge_block(&block)?;
            }
        }
        Ok(())
    }

    /// Executes a complete block and tells the core what came of it.
    fn judge_block(&mut self, block: &HeaderHash) -> Result<(), Fatal> {
        let Some(candidate) = self.candidates.get(block) else { return Ok(()) };
        let Some(documents) = candidate.documents() else { return Ok(()) };
        let (outcome, timely) = (self.execute_block(candidate, &documents)?, self.is_timely(candidate));
        let judgement = match outcome {
            None => Judgement::Invalid,
            Some(outcome) if timely => {
                // Durable before the core hears of it: from here on we may have voted for it.
                self.stage(&outcome, documents)?;
                Judgement::Valid(Box::new(outcome))
            }
            Some(outcome) => Judgement::Untimely(Box::new(outcome)),
        };
        let valid = matches!(judgement, Judgement::Valid(_));
        if let Some(candidate) = self.candidates.get_mut(block) {
            candidate.judgement = Some(judgement);
        }
        self.feed_value(*block, valid)
    }

    /// More than two thirds prevoted a block whose time looked wrong here: it is our clock that is off.
    pub(super) fn accept_untimely(&mut self, block: &HeaderHash) -> Result<(), Fatal> {
        let Some((outcome, documents)) = self.candidates.take_untimely(block) else { return Ok(()) };
        tracing::warn!(block = %block.0.short(), "accepted a block far from our clock: check the clock");
        self.stage(&outcome, documents)?;
        if let Some(candidate) = self.candidates.get_mut(block) {
            candidate.judgement = Some(Judgement::Valid(outcome));
        }
        self.feed_value(*block, true)
    }

    pub(super) fn stage(&self, outcome: &Outcome, documents: Vec<Arc<Document>>) -> Result<(), Fatal> {
        let _timer = self.metrics.time_stage();
        self.store.stage(&Staged { header: outcome.header.clone(), documents })
    }

    /// What a block does, if it does what its header says; none when it breaks any rule.
    fn execute_block(&self, candidate: &Candidate, documents: &[Arc<Document>]) -> Result<Option<Outcome>, Fatal> {
        let header = &candidate.header;
        let follows = header.height == self.next_height() && header.previous == self.tip.hash;
        let later = header.time_ms > self.tip.time_ms;
        let due = !documents.is_empty() || self.may_be_empty(header.time_ms);
        let small = documents.iter().map(|document| document.size()).sum::<usize>() <= limits::BLOCK_BYTES;
        if !(follows && later && due && small && self.tip.roster().by_key(&header.proposer).is_some()) {
            tracing::warn!(height = %header.height, follows, later, due, small, "a proposed block breaks a rule");
            return Ok(None);
        }
        let outcome = self.execute(self.draft(header.time_ms, header.proposer), documents)?;
        match outcome {
            Some(outcome) if outcome.header == *header => Ok(Some(outcome)),
            Some(outcome) => {
                self.metrics.root_mismatch();
                tracing::error!(height = %header.height, theirs = ?header, ours = ?outcome.header, "headers differ");
                Ok(None)
            }
            None => Ok(None),
        }
    }

    /// Whether a block of this time may be without statements. Proposer and judges ask the same question.
    pub(super) fn may_be_empty(&self, time_ms: u64) -> bool {
        time_ms >= self.tip.time_ms.saturating_add(self.tip.parameters().heartbeat_ms)
    }

    /// Executes documents that must all succeed.
    pub(super) fn execute(&self, draft: Draft, documents: &[Arc<Document>]) -> Result<Option<Outcome>, Fatal> {
        let _timer = self.metrics.time_execute();
        let reader = self.store.reader();
        let mut execution = Execution::new(&reader, draft);
        for document in documents {
            if let Err(reject) = execution.apply(document.statement())? {
                tracing::warn!(%reject, "a proposed block holds a statement that does not execute");
                return Ok(None);
            }
        }
        Ok(Some(execution.finish()?))
    }

    pub(super) fn draft(&self, time_ms: u64, proposer: sampan_proto::keys::PublicKey) -> Draft {
        Draft { chain: self.chain, tip: self.tip.clone(), time_ms, proposer }
    }

    /// A block's time must be near our clock; one that more than two thirds prevoted has passed that test with them.
    fn is_timely(&self, candidate: &Candidate) -> bool {
        let (theirs, ours) = (candidate.header.time_ms, self.clock.now_ms());
        self.metrics.set_clock_offset(theirs, ours);
        theirs.abs_diff(ours) <= limits::CLOCK_SKEW_MS || self.has_polka(&candidate.header, candidate.header.hash())
    }

    fn has_polka(&self, header: &Header, block: HeaderHash) -> bool {
        self.heard.has_polka(self.tip.roster(), header.height, block)
    }
}
