//! After a crash: the write-ahead log says what this node said at the height it was agreeing on, the staged
//! blocks hold what it was about, and the core steps through both again. The same code as live.

use std::collections::VecDeque;
use std::sync::Arc;

use sampan_proto::keys::SecretKey;
use sampan_proto::wire::ProposalMessage;

use super::{Engine, HeardProposal, Validator};
use crate::core::Document;
use crate::core::consensus::{Consensus, WalEntry};
use crate::fault::Fatal;
use crate::store::wal::{Recorded, Wal};
use crate::store::{StagedBlock, Voice};

impl Engine {
    /// Votes, beginning where the log ends. `voice` is written once the log is the next height's, and before a word.
    pub(super) fn recover(
        &mut self,
        key: SecretKey,
        mut wal: Wal,
        recorded: Option<Recorded>,
        voice: Voice,
    ) -> Result<(), Fatal> {
        let next = self.next_height();
        let entries = match recorded {
            Some((height, entries)) if height == next => entries,
            // Of a height that is decided: the crash came between commit and rotation.
            Some(_) | None => {
                wal.rotate(next)?;
                Vec::new()
            }
        };
        if self.store.voice()? != Some(voice) {
            self.store.set_voice(voice)?;
        }
        let public = key.public();
        let consensus = Consensus::new(self.chain, self.tip.roster().clone(), key, next);
        self.validator = Some(Validator { consensus, wal, key: public, running: false, owed: None });
        self.tell_whether_it_votes();
        if entries.is_empty() {
            return Ok(());
        }
        tracing::info!(height = %next, entries = entries.len(), "stepping through the write-ahead log");
        for staged in self.store.staged(next)? {
            self.recover_block(staged)?;
        }
        self.check_contents(&entries)?;
        self.replay(&entries)
    }

    /// Executes a staged block again: it was valid when it was staged, on the same state.
    fn recover_block(&mut self, staged: StagedBlock) -> Result<(), Fatal> {
        let StagedBlock { header, documents } = staged;
        let chain = self.chain;
        let checked: Result<Vec<Arc<Document>>, _> =
            documents.into_iter().map(|document| Document::check_decided(document, chain).map(Arc::new)).collect();
        let documents = checked.map_err(|reject| Fatal::Damaged(format!("a staged document: {reject}")))?;
        let outcome = self.execute(self.draft(header.time_ms, header.proposer), &documents)?;
        match outcome.filter(|outcome| outcome.header == header) {
            Some(outcome) => {
                self.follower.absent.note(&documents);
                self.candidates.insert_valid(outcome, documents);
                Ok(())
            }
            None => Err(Fatal::Damaged(format!("staged block {:?} does not execute as it did", header.hash()))),
        }
    }

    /// A block that we told the core is valid was staged before; without it we could not keep our word.
    fn check_contents(&self, entries: &[WalEntry]) -> Result<(), Fatal> {
        let missing = entries.iter().find_map(|entry| match entry {
            WalEntry::Value(value) if value.valid && !self.candidates.is_valid(&value.block) => Some(value.block),
            _ => None,
        });
        match missing {
            Some(block) => Err(Fatal::Damaged(format!("block {block:?} was voted on but is not on disk"))),
            None => Ok(()),
        }
    }

    /// What the record says was heard, so that peers can be told again.
    fn remember(&mut self, entry: &WalEntry) {
        match entry {
            WalEntry::Vote(vote) => {
                if let Ok(vote) = vote.clone().verified() {
                    self.heard.vote(&vote);
                }
            }
            WalEntry::Proposal(proposal) => {
                let block = self.candidates.get(&proposal.message.block);
                if let (Some(candidate), Ok(verified)) = (block, proposal.clone().verified()) {
                    let (header, payload) = (candidate.header.clone(), candidate.payload());
                    let message = ProposalMessage { proposal: proposal.clone(), header, payload };
                    self.heard.proposal(&HeardProposal { proposal: verified, message });
                }
            }
            WalEntry::Polka(_) | WalEntry::Value(_) | WalEntry::Timeout(_) => {}
        }
    }

    fn replay(&mut self, entries: &[WalEntry]) -> Result<(), Fatal> {
        let height = self.next_height();
        let mut effects = Vec::new();
        for entry in entries {
            self.remember(entry);
        }
        if let Some(validator) = &mut self.validator {
            validator.running = true;
            validator.consensus.recover(height, entries, &mut effects)?;
        }
        let mut inputs = VecDeque::new();
        for effect in effects {
            self.perform(effect, &mut inputs)?;
        }
        while let Some(input) = inputs.pop_front() {
            self.drive(input)?;
        }
        Ok(())
    }
}
