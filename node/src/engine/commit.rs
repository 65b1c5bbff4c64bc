//! Decisions: one synced write, then everybody is told.

use std::collections::BTreeSet;

use sampan_proto::hash::Hash32;
use sampan_proto::reject::{Code, Reject};
use sampan_proto::state_key;
use sampan_proto::vote::Certificate;
use sampan_proto::wire::Announcement;

use super::timers::Alarm;
use super::{CheckedBlock, Engine};
use crate::core::ledger::{Outcome, Overlay, judge};
use crate::fault::Fatal;
use crate::net::Publication;

impl Engine {
    /// The core decided: commit the block and announce it to nodes that do not vote.
    pub(super) fn decide(&mut self, certificate: &Certificate) -> Result<(), Fatal> {
        let Some(outcome) = self.candidates.take_decided(&certificate.block) else {
            // The core decides only what it was told is valid, and that is kept until the decision.
            return Err(Fatal::Consensus(format!("decided block {:?} is not here", certificate.block)));
        };
        let header = outcome.header.clone();
        self.commit(&outcome, certificate)?;
        self.net.publish(Publication::Header(Announcement { header, certificate: certificate.clone() }));
        self.know_the_rules()
    }

    /// A block that others decided without us.
    pub(super) fn apply(&mut self, block: &CheckedBlock) -> Result<(), Fatal> {
        let CheckedBlock { header, certificate, documents } = block;
        let documents = &self.made_whole(documents);
        let draft = self.draft(header.time_ms, header.proposer);
        let outcome = self.execute(draft, documents)?.filter(|outcome| outcome.header == *header);
        let Some(outcome) = outcome else {
            // More than two thirds vouch for it: either they are not who we think, or this build is wrong.
            // Going on would be a fork.
            let height = header.height;
            return Err(Fatal::Consensus(format!("block {height} was decided but does not execute here")));
        };
        self.stage(&outcome, documents.clone())?;
        self.metrics.sync_block();
        self.adopt(&outcome, certificate)?;
        self.follower.absent.note(documents);
        Ok(())
    }

    /// Commits what others say is decided.
    pub(super) fn adopt(&mut self, outcome: &Outcome, certificate: &Certificate) -> Result<(), Fatal> {
        self.judge_newborn(&outcome.header)?;
        self.look_for_our_key(certificate)?;
        self.commit(outcome, certificate)?;
        self.know_the_rules()
    }

    fn commit(&mut self, outcome: &Outcome, certificate: &Certificate) -> Result<(), Fatal> {
        self.judge_newborn(&outcome.header)?;
        {
            let _timer = self.metrics.time_commit();
            // One synced batch. A crash before it recovers from the write-ahead log; after it, from the store.
            self.store.commit(outcome, certificate)?;
        }
        let upcoming = std::mem::replace(&mut self.tip, outcome.tip()).upcoming();
        let next = self.next_height();
        if !outcome.members.is_empty() || outcome.header.next_roster_hash != outcome.header.roster_hash {
            self.know_the_members()?;
        }
        if let Some(validator) = &mut self.validator {
            // Only now may the record of this height go. A crash before this line finds a log of a height
            // that is decided, and discards it.
            validator.wal.rotate(next)?;
            validator.running = false;
            validator.owed = None;
        }
        self.timers.cancel_rounds();
        self.timers.set(Alarm::Heartbeat, self.heartbeat());
        self.heartbeat_due = false;
        self.candidates.clear();
        self.heard.decided(self.tip.height, self.tip.roster());
        self.follower.decided();
        self.clean_mempool(outcome)?;
        if outcome.header.next_roster_hash != outcome.header.roster_hash {
            self.hand_over(&outcome.header)?;
        }
        self.break_silence(&outcome.header)?;
        self.prune()?;
        if self.tip.upcoming() != upcoming {
            self.tell_of_upgrade();
        }
        self.hold_state(self.tip.height.0.is_multiple_of(self.snapshots.every));
        self.metrics.committed(self.tip.height, outcome.placed.len());
        self.head.send_replace(self.tip.clone());
        Ok(())
    }

    /// Removes what the block executed, what it made void, and what expired.
    fn clean_mempool(&mut self, outcome: &Outcome) -> Result<(), Fatal> {
        for placed in &outcome.placed {
            self.mempool.remove(&placed.statement);
        }
        let mut touched: BTreeSet<Hash32> = outcome.references.keys().copied().collect();
        touched.extend(outcome.records.keys().map(state_key::record));
        let reader = self.store.reader();
        let mut offences = Vec::new();
        for rival in self.mempool.rivals(&touched) {
            if let Err(reject) = judge(&Overlay::new(&reader), rival.statement(), self.next_at())? {
                self.mempool.remove(&rival.statement().id());
                self.metrics.refused(reject.code);
                self.refusals.insert(rival.statement(), reject);
                offences.extend(reader.offence_of(rival.statement())?);
            }
        }
        drop(reader);
        offences.iter().try_for_each(|offence| self.accuse(offence))?;
        for late in self.mempool.remove_expired(self.tip.time_ms) {
            let detail = "it expired before a block took it";
            let reject = Reject::new(Code::StatementExpired, "$.not_after_ms", detail);
            self.refusals.insert(late.statement(), reject);
        }
        Ok(())
    }
}
