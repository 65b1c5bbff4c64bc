//! Blocks proposed for the next height: their contents as far as they are here, and what executing them gave.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sampan_proto::block::Header;
use sampan_proto::ids::{EnvelopeId, HeaderHash};
use sampan_proto::wire::ProposalMessage;

use crate::core::Document;
use crate::core::ledger::Outcome;
use crate::core::mempool::Mempool;

/// Blocks that may be decided at one height.
#[derive(Debug, Default)]
pub(super) struct Candidates(BTreeMap<HeaderHash, Candidate>);

/// A proposed block.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) header: Header,
    contents: Vec<(EnvelopeId, Option<Arc<Document>>)>,
    pub(super) judgement: Option<Judgement>,
}

/// What executing a candidate gave.
#[derive(Debug)]
pub(super) enum Judgement {
    /// Valid, and its contents are durable.
    Valid(Box<Outcome>),
    /// It executes, but its time is far from our clock: valid as soon as more than two thirds prevote it.
    Untimely(Box<Outcome>),
    /// It breaks a rule or does not lead to the roots that its header claims.
    Invalid,
}

impl Candidates {
    /// Keeps the candidate that a proposal names, with what the mempool and the other candidates hold of it
    /// filled in: proposals of further rounds have most of their statements in common, and what was fetched
    /// for one is not fetched again.
    pub(super) fn propose(&mut self, message: &ProposalMessage, mempool: &Mempool) {
        let block = message.proposal.message.block;
        if self.0.contains_key(&block) {
            return;
        }
        let mut candidate = Candidate {
            header: message.header.clone(),
            contents: message.payload.iter().map(|id| (*id, mempool.get(id).cloned())).collect(),
            judgement: None,
        };
        if !candidate.is_complete() {
            let others = self.0.values().flat_map(|other| &other.contents);
            let held: Vec<Arc<Document>> = others.filter_map(|(_, document)| document.clone()).collect();
            candidate.fill(&held);
        }
        self.0.insert(block, candidate);
    }

    /// A block of our own or from our own disk: complete, executed and durable.
    pub(super) fn insert_valid(&mut self, outcome: Outcome, documents: Vec<Arc<Document>>) {
        let contents = documents.into_iter().map(|document| (document.statement().envelope(), Some(document)));
        let candidate = Candidate {
            header: outcome.header.clone(),
            contents: contents.collect(),
            judgement: Some(Judgement::Valid(Box::new(outcome))),
        };
        self.0.insert(candidate.header.hash(), candidate);
    }

    pub(super) fn get(&self, block: &HeaderHash) -> Option<&Candidate> {
        self.0.get(block)
    }

    pub(super) fn get_mut(&mut self, block: &HeaderHash) -> Option<&mut Candidate> {
        self.0.get_mut(block)
    }

    /// Takes the outcome of a block that waited for a polka, with its documents.
    pub(super) fn take_untimely(&mut self, block: &HeaderHash) -> Option<(Box<Outcome>, Vec<Arc<Document>>)> {
        let candidate = self.0.get_mut(block)?;
        let documents = candidate.documents()?;
        match candidate.judgement.take() {
            Some(Judgement::Untimely(outcome)) => Some((outcome, documents)),
            other => {
                candidate.judgement = other;
                None
            }
        }
    }

    /// Blocks that are still incomplete.
    pub(super) fn incomplete(&self) -> impl Iterator<Item = &HeaderHash> {
        self.0.iter().filter(|(_, candidate)| !candidate.is_complete()).map(|(block, _)| block)
    }

    /// Blocks that wait for a polka to become valid.
    pub(super) fn untimely(&self) -> Vec<HeaderHash> {
        let waits = |candidate: &Candidate| matches!(candidate.judgement, Some(Judgement::Untimely(_)));
        self.0.iter().filter(|(_, candidate)| waits(candidate)).map(|(block, _)| *block).collect()
    }

    /// Takes the outcome of a decided block; the others are void.
    pub(super) fn take_decided(&mut self, block: &HeaderHash) -> Option<Outcome> {
        let candidate = self.0.remove(block)?;
        match candidate.judgement {
            Some(Judgement::Valid(outcome)) => Some(*outcome),
            Some(Judgement::Untimely(_) | Judgement::Invalid) | None => None,
        }
    }

    /// Whether a block's contents are durable and executed.
    pub(super) fn is_valid(&self, block: &HeaderHash) -> bool {
        self.0.get(block).is_some_and(|candidate| matches!(candidate.judgement, Some(Judgement::Valid(_))))
    }

    /// Drops blocks that no proposal names any more that is kept: whoever names one again brings it again. A valid
    /// one stays, for we may be the one that has to.
    pub(super) fn forget_unnamed(&mut self, named: &BTreeSet<HeaderHash>) {
        self.0.retain(|block, candidate| {
            named.contains(block) || matches!(candidate.judgement, Some(Judgement::Valid(_)))
        });
    }

    /// A document of one of them, if it is here.
    pub(super) fn find(&self, id: &EnvelopeId) -> Option<&Arc<Document>> {
        let contents = self.0.values().flat_map(|candidate| &candidate.contents);
        contents.filter(|(named, _)| named == id).find_map(|(_, document)| document.as_ref())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Candidate {
    /// The statements' names, in order.
    pub(super) fn payload(&self) -> Vec<EnvelopeId> {
        self.contents.iter().map(|(id, _)| *id).collect()
    }

    /// Whether all its contents are here.
    pub(super) fn is_complete(&self) -> bool {
        self.missing().next().is_none()
    }

    /// What is not here yet.
    pub(super) fn missing(&self) -> impl Iterator<Item = EnvelopeId> {
        self.contents.iter().filter(|(_, document)| document.is_none()).map(|(id, _)| *id)
    }

    /// Fills in documents by name; others are ignored.
    pub(super) fn fill(&mut self, documents: &[Arc<Document>]) {
        let by_name: BTreeMap<EnvelopeId, &Arc<Document>> =
            documents.iter().map(|document| (document.statement().envelope(), document)).collect();
        for (id, slot) in &mut self.contents {
            if slot.is_none() {
                *slot = by_name.get(id).map(|document| Arc::clone(document));
            }
        }
    }

    /// The documents in order, once all are here.
    pub(super) fn documents(&self) -> Option<Vec<Arc<Document>>> {
        self.contents.iter().map(|(_, document)| document.clone()).collect()
    }
}
