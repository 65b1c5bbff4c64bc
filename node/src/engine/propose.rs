//! Our own proposals: take what waits, leave out what no longer executes, make it durable.

use std::sync::Arc;

use sampan_proto::ids::{HeaderHash, Height};
use sampan_proto::limits;

use super::Engine;
use crate::core::Document;
use crate::core::ledger::{At, Execution, Outcome, Overlay, judge};
use crate::fault::Fatal;

/// Room that a block's header, certificate and framing take of a page.
const FRAMING: usize = 64 * 1_024;

/// After so many failed rounds a block gets no smaller.
const HALVINGS: u32 = 6;

impl Engine {
    /// Builds and stages a block for the next height; none when there is nothing to propose yet. With each round that
    /// failed it holds half as much: perhaps the others could not judge more in the time they wait.
    pub(super) fn propose(&mut self, height: Height, round: u32) -> Result<Option<HeaderHash>, Fatal> {
        if !self.is_running(height) {
            return Ok(None);
        }
        let most = (limits::BLOCK_STATEMENTS >> round.min(HALVINGS)).max(1);
        let waiting = self.mempool.candidates(most, limits::BLOCK_BYTES - FRAMING);
        if waiting.is_empty() && !self.heartbeat_due {
            return Ok(None);
        }
        let (outcome, documents) = self.build(&waiting)?;
        // Nothing that waited executes any more: the others would refuse an empty block before its time.
        if documents.is_empty() && !(self.heartbeat_due && self.may_be_empty(outcome.header.time_ms)) {
            return Ok(None);
        }
        let block = outcome.header.hash();
        // Durable before the core hears of it. A crash after this line leaves a block that nobody has heard of
        // until the core has recorded that it proposes it; the commit of this height drops it.
        self.stage(&outcome, documents.clone())?;
        self.candidates.insert_valid(outcome, documents);
        Ok(Some(block))
    }

    fn build(&mut self, waiting: &[Arc<Document>]) -> Result<(Outcome, Vec<Arc<Document>>), Fatal> {
        // Only a validator is asked to propose, so the key is there; without one nothing would accept it.
        let proposer = self.validator.as_ref().map_or(self.tip.roster().validators()[0].key, |v| v.key);
        let earliest = if waiting.is_empty() { self.tip.parameters().heartbeat_ms } else { 1 };
        let time_ms = self.clock.now_ms().max(self.tip.time_ms.saturating_add(earliest));

        let _timer = self.metrics.time_execute();
        let reader = self.store.reader();
        let mut execution = Execution::new(&reader, self.draft(time_ms, proposer));
        let mut documents = Vec::with_capacity(waiting.len());
        for document in waiting {
            if execution.apply(document.statement())?.is_ok() {
                documents.push(Arc::clone(document));
                continue;
            }
            // What is only in the way of what stands before it in this block waits: that is not decided yet. Once
            // it is, the commit refuses it, and can prove why.
            let at = At { time_ms, ..self.next_at() };
            if let Err(reject) = judge(&Overlay::new(&reader), document.statement(), at)? {
                self.mempool.remove(&document.statement().id());
                self.metrics.refused(reject.code);
                self.refusals.insert(document.statement(), reject);
            }
        }
        Ok((execution.finish()?, documents))
    }
}
