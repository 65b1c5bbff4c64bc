//! Agreement: feeds the consensus core and performs its effects, in order.

use std::collections::VecDeque;
use std::sync::Arc;

use sampan_proto::evidence::Offence;
use sampan_proto::ids::{HeaderHash, Height};
use sampan_proto::verified::Verified;
use sampan_proto::vote::{Proposal, Signed, Vote};
use sampan_proto::wire::{ConsensusMessage, ProposalMessage};

use super::heard::WINDOW;
use super::timers::Alarm;
use super::{Engine, Heard, HeardProposal};
use crate::core::consensus::{Effect, Input, ProposedBlock};
use crate::fault::Fatal;
use crate::net::Publication;

impl Engine {
    /// Begins the next height when there is a reason to: something to propose, somebody's proposal, votes
    /// of more than a third, or the heartbeat.
    pub(super) fn start_if_due(&mut self) -> Result<(), Fatal> {
        loop {
            let height = self.next_height();
            let reason = !self.mempool.is_empty()
                || self.heard.proposals(height).next().is_some()
                || self.heard.has_begun(self.tip.roster(), height)
                || self.heartbeat_due;
            let Some(validator) = self.validator.as_mut().filter(|v| reason && !v.running) else { return Ok(()) };
            validator.running = true;
            self.drive(Input::Start(height, self.tip.roster().clone()))?;
            self.replay_heard()?;
        }
    }

    /// What was heard of this height before it began.
    pub(super) fn replay_heard(&mut self) -> Result<(), Fatal> {
        let height = self.next_height();
        let proposals: Vec<HeardProposal> = self.heard.proposals(height).cloned().collect();
        for heard in proposals {
            self.take_proposal(&heard)?;
        }
        let votes: Vec<Verified<Signed<Vote>>> = self.heard.votes_at(height).cloned().collect();
        for vote in votes {
            self.drive_at(height, Input::Vote(vote))?;
        }
        Ok(())
    }

    pub(super) fn on_heard(&mut self, heard: Heard) -> Result<(), Fatal> {
        if self.is_taking_over() {
            return Ok(());
        }
        self.listen_for_our_key(&heard)?;
        match heard {
            Heard::Documents { from, admitted, offered, offences } => {
                offences.iter().try_for_each(|offence| self.accuse(offence))?;
                let wanted = offered.into_iter().filter(|id| self.mempool.get(id).is_none());
                self.follower.want(from, wanted);
                self.fetch_missing();
                for admitted in &admitted {
                    // A peer's document that is refused now was fine when it was sent: nobody is told.
                    let _ = self.take_in(admitted, false)?;
                }
                let documents: Vec<_> = admitted.iter().map(|admitted| Arc::clone(admitted.document())).collect();
                self.complete_candidates(&documents)
            }
            Heard::Vote(vote) => {
                let Vote { height, round, .. } = vote.message;
                if !self.listens(height, round) {
                    return Ok(());
                }
                if let Some(offence) = self.heard.vote(&vote) {
                    self.accuse(&offence)?;
                }
                self.drive_at(height, Input::Vote(vote))?;
                self.trust_polkas()
            }
            Heard::Polka(votes) => {
                let Some(Vote { height, round, .. }) = votes.first().map(|vote| vote.message.clone()) else {
                    return Ok(());
                };
                // They count one by one as well, or the time of their block would stay in question here.
                if self.listens(height, round) {
                    let offences: Vec<Offence> = votes.iter().filter_map(|vote| self.heard.vote(vote)).collect();
                    offences.iter().try_for_each(|offence| self.accuse(offence))?;
                }
                self.drive_at(height, Input::Polka(votes.into_iter().map(Verified::into_inner).collect()))?;
                self.trust_polkas()
            }
            Heard::Round(certificate) => {
                self.heard.round_proved(self.tip.roster(), &certificate);
                self.start_if_due()?;
                self.drive_at(certificate.height, Input::Round(certificate))
            }
            Heard::Proposal(from, heard) => {
                let Proposal { height, round, .. } = heard.proposal.message;
                if !self.listens(height, round) || !self.heard.proposal(&heard) {
                    return Ok(());
                }
                if let Some(offence) = self.heard.rival(&heard) {
                    self.accuse(&offence)?;
                }
                self.follower.source(heard.proposal.message.block, from);
                if self.is_running(height) { self.take_proposal(&heard) } else { Ok(()) }
            }
            Heard::Announced(from, announcement) => self.on_announced(from, *announcement),
            Heard::Offence(offence) => self.accuse(&offence),
        }
    }

    /// Keeps evidence of what nobody honest signs, once, and raises the alarm: nothing here can mend it, people must
    /// see it. A crash before the write forgets it; whoever told it tells others, too.
    pub(super) fn accuse(&mut self, offence: &Offence) -> Result<(), Fatal> {
        if !self.store.accuse(offence)? {
            return Ok(());
        }
        let (id, kind) = (offence.id(), offence.kind());
        if let Offence::Statements(_) = offence {
            // The ledger took one of them and is none the worse for it; whoever was promised the other is.
            self.metrics.double_dealing();
            tracing::warn!(%id, "a member signed one thing over to two");
        } else {
            self.metrics.equivocation();
            let height = offence.height().unwrap_or_default();
            tracing::error!(%id, kind, %height, "ALARM: two things were signed that nobody honest signs both");
        }
        Ok(())
    }

    /// Whether a message of this height is kept; one from further ahead shows that we are behind.
    fn listens(&mut self, height: Height, round: u32) -> bool {
        if self.validator.is_some() && height.0 > self.tip.height.0 + WINDOW {
            self.follower.target.claimed(Height(height.0 - 1), None);
            self.follow();
        }
        self.validator.is_some() && self.heard.wants(self.tip.height, height, round)
    }

    pub(super) fn is_running(&self, height: Height) -> bool {
        height == self.next_height() && self.validator.as_ref().is_some_and(|validator| validator.running)
    }

    /// While a state is looked for no block is executed: old votes, told again, decide none either.
    fn drive_at(&mut self, height: Height, input: Input) -> Result<(), Fatal> {
        if self.is_running(height) && !self.is_joining() { self.drive(input) } else { Ok(()) }
    }

    /// Steps the core with an input and with whatever its effects bring about.
    pub(super) fn drive(&mut self, input: Input) -> Result<(), Fatal> {
        let mut inputs = VecDeque::from([input]);
        while let (Some(input), Some(validator)) = (inputs.pop_front(), self.validator.as_mut()) {
            let mut effects = Vec::new();
            validator.consensus.step(input, &mut effects)?;
            for effect in effects {
                self.perform(effect, &mut inputs)?;
            }
        }
        Ok(())
    }

    pub(super) fn perform(&mut self, effect: Effect, inputs: &mut VecDeque<Input>) -> Result<(), Fatal> {
        match effect {
            Effect::Wal(entry) => {
                let height = self.next_height();
                if let Some(validator) = &mut self.validator {
                    validator.wal.append(height, &entry);
                }
            }
            Effect::PublishVote(vote) => {
                self.sync_wal()?;
                // The precommit that decided the height comes after the decision: nobody needs it any more.
                let matters = vote.message.height > self.tip.height;
                if let Some(own) = vote.clone().verified().ok().filter(|_| matters) {
                    self.heard.vote(&own);
                }
                self.net.publish(Publication::Consensus(ConsensusMessage::Vote(vote)));
            }
            Effect::PublishProposal(proposal) => {
                self.sync_wal()?;
                self.publish_proposal(proposal);
            }
            Effect::PublishPolka(votes) => {
                self.sync_wal()?;
                self.net.publish(Publication::Consensus(ConsensusMessage::Polka(votes)));
            }
            Effect::PublishRound(certificate) => {
                self.sync_wal()?;
                self.heard.certificate(&certificate);
                self.net.publish(Publication::Consensus(ConsensusMessage::Round(certificate)));
            }
            Effect::Schedule(timeout) => self.timers.schedule(timeout, self.tip.parameters()),
            Effect::Cancel(timeout) => self.timers.cancel(Alarm::Round(timeout)),
            Effect::CancelAll => self.timers.cancel_rounds(),
            Effect::RoundStarted { round, proposer } => {
                let height = self.next_height();
                self.heard.round_started(height, round);
                let named = self.heard.proposals(height).map(|heard| heard.proposal.message.block).collect();
                self.candidates.forget_unnamed(&named);
                if let Some(validator) = &mut self.validator {
                    validator.owed = None;
                }
                if round > 0 {
                    self.metrics.round_beyond_first();
                    tracing::info!(%height, round, proposer = %proposer.short(), "another round");
                }
            }
            Effect::GetValue { height, round } => match self.propose(height, round)? {
                Some(block) => inputs.push_back(Input::Propose { height, round, block }),
                None => {
                    if let Some(validator) = &mut self.validator {
                        validator.owed = Some(round);
                    }
                }
            },
            Effect::Decide(certificate) => {
                self.sync_wal()?;
                self.decide(&certificate)?;
            }
            Effect::Equivocation(offence) => self.accuse(&offence)?,
        }
        Ok(())
    }

    /// What this node says next depends on what it recorded: a crash after this line finds the record.
    fn sync_wal(&mut self) -> Result<(), Fatal> {
        match &mut self.validator {
            Some(validator) => validator.wal.sync(),
            None => Ok(()),
        }
    }

    fn publish_proposal(&mut self, proposal: Signed<Proposal>) {
        // The core proposes only blocks that it was given, and those are kept until the height is decided.
        let Some(candidate) = self.candidates.get(&proposal.message.block) else { return };
        let message = ProposalMessage { proposal, header: candidate.header.clone(), payload: candidate.payload() };
        if let Ok(own) = message.proposal.clone().verified() {
            self.heard.proposal(&HeardProposal { proposal: own, message: message.clone() });
        }
        self.net.publish(Publication::Proposal(message));
    }

    /// Documents came in while a proposal of ours was due.
    pub(super) fn pay_what_is_owed(&mut self) -> Result<(), Fatal> {
        let height = self.next_height();
        let owed = self.validator.as_ref().and_then(|validator| validator.owed);
        let (Some(round), true) = (owed, self.is_running(height)) else { return Ok(()) };
        if self.mempool.is_empty() && !self.heartbeat_due {
            return Ok(());
        }
        let Some(block) = self.propose(height, round)? else { return Ok(()) };
        if let Some(validator) = &mut self.validator {
            validator.owed = None;
        }
        self.drive(Input::Propose { height, round, block })
    }

    /// Blocks whose time looked wrong here become valid once more than two thirds prevote them.
    fn trust_polkas(&mut self) -> Result<(), Fatal> {
        let height = self.next_height();
        for block in self.candidates.untimely() {
            if self.heard.has_polka(self.tip.roster(), height, block) {
                self.accept_untimely(&block)?;
            }
        }
        Ok(())
    }

    /// Tells the core what was found of a block, for every proposal that names it.
    pub(super) fn feed_value(&mut self, block: HeaderHash, valid: bool) -> Result<(), Fatal> {
        let height = self.next_height();
        let named = self.heard.proposals(height).filter(|heard| heard.proposal.message.block == block);
        let values: Vec<ProposedBlock> = named
            .map(|heard| ProposedBlock {
                height,
                round: heard.proposal.message.round,
                proposer: heard.proposal.message.proposer,
                block,
                valid,
            })
            .collect();
        for value in values {
            // A value may decide the height, after which the rest are stale.
            self.drive_at(height, Input::Value(value))?;
        }
        Ok(())
    }
}
