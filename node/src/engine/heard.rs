//! What validators said about heights that are not decided: enough to start a height, to notice a polka,
//! and to answer a peer that missed something (liveness repair is by request, see `wire::Request::Round`).

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use sampan_proto::evidence::Offence;
use sampan_proto::ids::{HeaderHash, Height};
use sampan_proto::keys::PublicKey;
use sampan_proto::proof::Binary;
use sampan_proto::roster::Roster;
use sampan_proto::verified::Verified;
use sampan_proto::vote::{Proposal, Signed, Vote, VoteType};
use sampan_proto::wire::{ProposalMessage, RoundCertificate, RoundState};

use crate::core::consensus::proposer;

/// Heights beyond the tip of which messages are kept: the one being agreed on and the one after.
pub(super) const WINDOW: u64 = HEIGHTS as u64;
pub(super) const HEIGHTS: usize = 2;
/// Rounds beyond the current one of which messages are kept; as many as the consensus core looks ahead.
const ROUNDS_AHEAD: u32 = 10;
/// Rounds behind the current one of which messages are kept; a peer further behind is given the
/// certificate of the round instead.
const ROUNDS_BEHIND: u32 = 64;
/// Proposals kept per height and round: an honest one and a rival that proves equivocation.
pub(super) const PROPOSALS_PER_ROUND: usize = 2;
/// Rounds of a height of which messages are kept: those behind the current one, it, and those ahead.
pub(super) const ROUNDS: usize = (ROUNDS_BEHIND + 1 + ROUNDS_AHEAD) as usize;

/// A proposal whose signature is checked, with the header and payload that it names.
#[derive(Clone, Debug)]
pub struct HeardProposal {
    /// The proposal.
    pub proposal: Verified<Signed<Proposal>>,
    /// What it names, as it goes over the wire.
    pub message: ProposalMessage,
}

/// Messages of undecided heights, bounded by window, rounds and roster.
#[derive(Debug, Default)]
pub(super) struct Heard {
    votes: BTreeMap<(Height, u32, VoteType, PublicKey), Verified<Signed<Vote>>>,
    proposals: BTreeMap<(Height, u32), Vec<HeardProposal>>,
    newest_round: u32,
    certificate: Option<RoundCertificate>,
    /// A height of which a round was proved to be over, or to be entered.
    begun: Option<Height>,
}

impl Heard {
    /// Whether a message of this height and round is worth keeping, with `tip` decided.
    pub(super) fn wants(&self, tip: Height, height: Height, round: u32) -> bool {
        height > tip && height.0 - tip.0 <= WINDOW && round <= self.newest_round.saturating_add(ROUNDS_AHEAD)
    }

    /// Keeps a vote. A second, conflicting vote of the same validator is not kept (the core has both): the two are
    /// evidence.
    pub(super) fn vote(&mut self, vote: &Verified<Signed<Vote>>) -> Option<Offence> {
        let Vote { height, round, vote_type, validator, .. } = vote.message;
        let first = self.votes.entry((height, round, vote_type, validator)).or_insert_with(|| vote.clone());
        let pair = || Offence::Votes([&*first, vote].map(|vote| Binary((**vote).clone())));
        (first.message != vote.message).then(pair)
    }

    /// Whether this very vote is kept, or was so far behind that it is no longer.
    pub(super) fn knows_vote(&self, vote: &Vote) -> bool {
        let known = self.votes.get(&(vote.height, vote.round, vote.vote_type, vote.validator));
        vote.round < self.newest_round.saturating_sub(ROUNDS_BEHIND) || known.is_some_and(|k| k.message == *vote)
    }

    /// The same of a proposal.
    pub(super) fn knows_proposal(&self, proposal: &Proposal) -> bool {
        let known = self.proposals.get(&(proposal.height, proposal.round));
        proposal.round < self.newest_round.saturating_sub(ROUNDS_BEHIND)
            || known.is_some_and(|share| share.iter().any(|kept| kept.proposal.message == *proposal))
    }

    /// Keeps a proposal; false when it is known or the round has its share already.
    pub(super) fn proposal(&mut self, new: &HeardProposal) -> bool {
        let Proposal { height, round, .. } = new.proposal.message;
        let share = self.proposals.entry((height, round)).or_default();
        let known = share.iter().any(|other| other.proposal.message == new.proposal.message);
        if known || share.len() >= PROPOSALS_PER_ROUND {
            return false;
        }
        share.push(new.clone());
        true
    }

    /// A proposal that is kept together with another of its proposer for its round.
    pub(super) fn rival(&self, new: &HeardProposal) -> Option<Offence> {
        let Proposal { height, round, proposer, .. } = new.proposal.message;
        let mut share = self.proposals.get(&(height, round))?.iter().map(|kept| &kept.proposal);
        let other = share.find(|kept| kept.message.proposer == proposer && kept.message != new.proposal.message)?;
        Some(Offence::Proposals([other, &new.proposal].map(|told| Binary((**told).clone()))))
    }

    /// Proposals heard for `height`, oldest round first.
    pub(super) fn proposals(&self, height: Height) -> impl Iterator<Item = &HeardProposal> {
        self.proposals.range((height, 0)..=(height, u32::MAX)).flat_map(|(_, kept)| kept)
    }

    /// The round that goes on.
    pub(super) const fn round(&self) -> u32 {
        self.newest_round
    }

    /// A round of `height` began: rounds far behind it matter no more.
    pub(super) fn round_started(&mut self, height: Height, round: u32) {
        self.newest_round = round;
        let oldest = round.saturating_sub(ROUNDS_BEHIND);
        self.votes.retain(|(at, of, ..), _| *at != height || *of >= oldest);
        self.proposals.retain(|(at, of), _| *at != height || *of >= oldest);
    }

    /// What lets a round be entered.
    pub(super) fn certificate(&mut self, certificate: &RoundCertificate) {
        if self.certificate.as_ref().is_none_or(|known| known.round <= certificate.round) {
            self.certificate = Some(certificate.clone());
        }
    }

    /// A peer proves how far a round got. Of rounds far ahead no votes are kept: this alone may tell that a height began.
    pub(super) fn round_proved(&mut self, roster: &Roster, certificate: &RoundCertificate) {
        let voters: Vec<PublicKey> = certificate.votes.iter().map(|vote| vote.message.validator).collect();
        if roster.holds_an_honest_one(power(roster, voters.iter())) {
            self.begun = Some(certificate.height);
        }
    }

    /// From the lowest to the highest of which votes are kept: so many heights.
    pub(super) fn heights(&self) -> usize {
        let at = |entry: Option<(&(Height, u32, VoteType, PublicKey), _)>| entry.map(|((height, ..), _)| height.0);
        let ends = at(self.votes.first_key_value()).zip(at(self.votes.last_key_value()));
        ends.map_or(0, |(first, last)| usize::try_from(last - first + 1).unwrap_or(usize::MAX))
    }

    /// How many votes and proposals are kept.
    pub(super) fn len(&self) -> (usize, usize) {
        (self.votes.len(), self.proposals.values().map(Vec::len).sum())
    }

    /// A height is decided: forget everything up to it, and what was said of the next one by who has no say there. A
    /// peer that is told of it would blame us.
    pub(super) fn decided(&mut self, height: Height, roster: &Roster) {
        let next = height.next();
        let has_a_say = |at: &Height, key: &PublicKey| *at != next || roster.by_key(key).is_some();
        self.votes.retain(|(at, _, _, key), _| *at > height && has_a_say(at, key));
        self.proposals.retain(|(at, round), share| {
            let named = |heard: &HeardProposal| {
                *at != next || heard.proposal.message.proposer == proposer(roster, next, *round)
            };
            share.retain(named);
            *at > height && !share.is_empty()
        });
        self.newest_round = 0;
        self.certificate = None;
    }

    /// Whether validators with more than a third of the power voted at `height`: one of them is honest,
    /// so the height has begun.
    pub(super) fn has_begun(&self, roster: &Roster, height: Height) -> bool {
        if self.begun == Some(height) {
            return true;
        }
        let heard: BTreeSet<PublicKey> = self.votes_at(height).map(|vote| vote.message.validator).collect();
        roster.holds_an_honest_one(power(roster, heard.iter()))
    }

    /// Whether more than two thirds prevoted `block` in one round.
    pub(super) fn has_polka(&self, roster: &Roster, height: Height, block: HeaderHash) -> bool {
        let mut rounds: BTreeMap<u32, Vec<PublicKey>> = BTreeMap::new();
        for vote in self.votes_at(height).map(|vote| &vote.message) {
            if vote.vote_type == VoteType::Prevote && vote.block == Some(block) {
                rounds.entry(vote.round).or_default().push(vote.validator);
            }
        }
        rounds.values().any(|voters| roster.is_quorum(power(roster, voters.iter())))
    }

    /// Everything of a height, for a peer that asks.
    pub(super) fn round_state(&self, height: Height) -> RoundState {
        RoundState {
            proposals: self.proposals(height).map(|heard| heard.message.clone()).collect(),
            votes: self.votes_at(height).map(|vote| (**vote).clone()).collect(),
            certificate: self.certificate.clone().filter(|certificate| certificate.height == height),
        }
    }

    pub(super) fn votes_at(&self, height: Height) -> impl Iterator<Item = &Verified<Signed<Vote>>> {
        self.votes.iter().filter(move |((at, ..), _)| *at == height).map(|(_, vote)| vote)
    }
}

fn power<'a>(roster: &Roster, voters: impl Iterator<Item = &'a PublicKey>) -> u64 {
    voters.filter_map(|key| roster.by_key(key)).map(|(_, validator)| validator.power).sum()
}
