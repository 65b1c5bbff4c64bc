//! Gossip: decode, check, tell the swarm whether to forward it, hand it to the engine.

use std::collections::BTreeSet;

use sampan_proto::block::payload_hash;
use sampan_proto::codec;
use sampan_proto::evidence::Offence;
use sampan_proto::keys::PublicKey;
use sampan_proto::limits;
use sampan_proto::proof::{Binary, Head};
use sampan_proto::reject::Code;
use sampan_proto::verified::Verified;
use sampan_proto::vote::{Signable as _, Signed, Vote, VoteType};
use sampan_proto::wire::{Announcement, ConsensusMessage, DocsMessage, ProposalMessage, RoundCertificate};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Context, Pool};
use crate::core::consensus::proposer;
use crate::engine::{Heard, HeardProposal, Lanes};
use crate::fault::PeerFault;
use crate::net::{Gossip, Net, Topic, Verdict};

/// Takes gossip in until cancelled. Every message ends in exactly one verdict.
pub async fn intake(pool: Pool, net: Net, lanes: Lanes, mut gossip: mpsc::Receiver<Gossip>, stop: CancellationToken) {
    loop {
        let message = tokio::select! {
            () = stop.cancelled() => return,
            message = gossip.recv() => message,
        };
        let Some(message) = message else { return };
        // Wait for room before taking the next message: the lane before us is bounded and drops.
        let Ok(permit) = pool.jobs.clone().acquire_owned().await else { return };
        let (net, lanes, context) = (net.clone(), lanes.clone(), pool.context.clone());
        pool.spawn(move || {
            let timer = context.metrics.time_verify();
            let Gossip { topic, from, data, message } = message;
            let verdict = match context.hear(topic, from, &data) {
                Ok(Some(heard)) => deliver(&context, &lanes, heard),
                Ok(None) => Verdict::Ignore,
                Err(fault) => {
                    tracing::warn!(peer = %from, ?topic, %fault, "rejected gossip");
                    Verdict::Reject
                }
            };
            net.report(message, verdict);
            drop((timer, permit));
        });
    }
}

/// Hands a message on; one that finds its lane full is not forwarded, for we could not use it, and neither is one with
/// nothing in it that is good for others.
fn deliver(context: &Context, lanes: &Lanes, heard: Heard) -> Verdict {
    let (lane, name, verdict) = match &heard {
        Heard::Documents { admitted, offered, .. } if admitted.is_empty() && offered.is_empty() => {
            (&lanes.documents, "documents", Verdict::Ignore)
        }
        Heard::Documents { .. } => (&lanes.documents, "documents", Verdict::Accept),
        _ => (&lanes.consensus, "consensus", Verdict::Accept),
    };
    if lane.try_send(heard).is_ok() {
        verdict
    } else {
        context.metrics.lane_drop(name);
        Verdict::Ignore
    }
}

impl Context {
    /// What a message says, if it is of use; a fault only when no honest peer could have sent it.
    fn hear(&self, topic: Topic, from: libp2p::PeerId, data: &[u8]) -> Result<Option<Heard>, PeerFault> {
        match topic {
            Topic::Documents => self.hear_documents(from, data),
            Topic::Headers => self.hear_announcement(from, data),
            Topic::Votes => self.hear_consensus(data),
            Topic::Proposals => self.hear_proposal(from, decode(data, limits::CONSENSUS_MESSAGE_BYTES)?),
        }
    }

    fn hear_documents(&self, from: libp2p::PeerId, data: &[u8]) -> Result<Option<Heard>, PeerFault> {
        let DocsMessage { documents, offered } = decode(data, limits::DOCS_MESSAGE_BYTES)?;
        if offered.len() > limits::OFFERS {
            return Err(PeerFault::Malformed);
        }
        let (mut admitted, mut offences) = (Vec::with_capacity(documents.len()), Vec::new());
        for result in self.admit_all(documents) {
            match result {
                Ok(document) => admitted.push(document),
                Err(refused) if is_the_senders_fault(refused.reject.code) => return Err(PeerFault::BadSignature),
                // Late, known, or not acceptable in the newest state: not the sender's fault, at most the signer's.
                Err(refused) => offences.extend(refused.offence.map(|offence| *offence)),
            }
        }
        let of_use = !(admitted.is_empty() && offered.is_empty() && offences.is_empty());
        Ok(of_use.then_some(Heard::Documents { from, admitted, offered, offences }))
    }

    fn hear_announcement(&self, from: libp2p::PeerId, data: &[u8]) -> Result<Option<Heard>, PeerFault> {
        let announcement: Announcement = decode(data, limits::CONSENSUS_MESSAGE_BYTES)?;
        let Announcement { header, certificate } = &announcement;
        let decided = header.height <= self.store.tip().height;
        let ours = if decided { self.store.reader().header(header.height).ok().flatten() } else { None };
        if decided && ours.as_ref().is_none_or(|(ours, _)| ours.hash() == header.hash()) {
            // Known; or our own store cannot be read, which the engine meets at its next write.
            return Ok(None);
        }
        let names = certificate.block == header.hash() && certificate.height == header.height;
        let Some((roster, settled)) = self.roster_at(header.height) else { return Ok(None) };
        if !settled && header.roster_hash != roster.hash() {
            // Decided by a roster that we have yet to hear of. Peers say how far they are when they are asked.
            return Ok(None);
        }
        if header.chain != self.chain || !names || certificate.verify(self.chain, &roster).is_err() {
            return Err(PeerFault::BadBlock);
        }
        if let Some((ours, decided)) = ours {
            // Two certificates at one height: more than a third of the roster signed both.
            let theirs = Head { header: Binary(announcement.header), certificate: Binary(announcement.certificate) };
            let ours = Head { header: Binary(ours), certificate: Binary(decided) };
            return Ok(Some(Heard::Offence(Box::new(Offence::Certificates(Box::new([ours, theirs]))))));
        }
        Ok(Some(Heard::Announced(from, Box::new(announcement))))
    }

    fn hear_consensus(&self, data: &[u8]) -> Result<Option<Heard>, PeerFault> {
        Ok(match decode(data, limits::CONSENSUS_MESSAGE_BYTES)? {
            ConsensusMessage::Vote(vote) => self.hear_vote(vote)?.map(Heard::Vote),
            // The core checks these again as certificates; here it is decided whether to forward them.
            ConsensusMessage::Polka(votes) => self.hear_polka(votes)?.map(Heard::Polka),
            ConsensusMessage::Round(certificate) => self.hear_round(certificate)?,
        })
    }

    fn hear_polka(&self, votes: Vec<Signed<Vote>>) -> Result<Option<Vec<Verified<Signed<Vote>>>>, PeerFault> {
        let first = votes.first().map(|first| first.message.clone()).ok_or(PeerFault::Malformed)?;
        let same = |vote: &Vote| {
            vote.vote_type == VoteType::Prevote
                && (vote.height, vote.round, vote.block) == (first.height, first.round, first.block)
        };
        if first.block.is_none() {
            return Err(PeerFault::Malformed);
        }
        self.hear_votes(votes, same)
    }

    pub(super) fn hear_round(&self, certificate: RoundCertificate) -> Result<Option<Heard>, PeerFault> {
        let same = |vote: &Vote| (vote.height, vote.round) == (certificate.height, certificate.round);
        Ok(self.hear_votes(certificate.votes.clone(), same)?.map(|_| Heard::Round(certificate)))
    }

    /// All of them, or none when one is of no use here. Nobody honest sends none, votes that do not belong together, or
    /// a validator's twice; and whoever could send them could make as many messages of one vote as it likes.
    fn hear_votes(
        &self,
        votes: Vec<Signed<Vote>>,
        same: impl Fn(&Vote) -> bool,
    ) -> Result<Option<Vec<Verified<Signed<Vote>>>>, PeerFault> {
        let signers: BTreeSet<&PublicKey> = votes.iter().map(|vote| vote.message.signer()).collect();
        let together = !votes.is_empty() && signers.len() == votes.len();
        if !together || !votes.iter().all(|vote| same(&vote.message)) {
            return Err(PeerFault::Malformed);
        }
        votes.into_iter().map(|vote| self.hear_vote(vote)).collect()
    }

    pub(super) fn hear_vote(&self, vote: Signed<Vote>) -> Result<Option<Verified<Signed<Vote>>>, PeerFault> {
        if vote.message.chain != self.chain {
            return Err(PeerFault::WrongChain);
        }
        if self.store.tip().roster().by_key(vote.message.signer()).is_none() {
            // Seated by a block that we do not have, or unseated by one that its sender did not have: nobody's fault.
            let Some((roster, settled)) = self.roster_at(vote.message.height) else { return Ok(None) };
            match roster.by_key(vote.message.signer()) {
                None if settled => return Err(PeerFault::BadSignature),
                None => return Ok(None),
                Some(_) => {}
            }
        }
        vote.verified().map(Some).map_err(|_| PeerFault::BadSignature)
    }

    pub(super) fn hear_proposal(
        &self,
        from: libp2p::PeerId,
        message: ProposalMessage,
    ) -> Result<Option<Heard>, PeerFault> {
        let proposal = &message.proposal.message;
        let header = &message.header;
        if proposal.chain != self.chain || header.chain != self.chain {
            return Err(PeerFault::WrongChain);
        }
        let tip = self.store.tip();
        if header.height > tip.height && header.version != tip.in_force.protocol.at(header.height) {
            // By other rules than we should judge it by; whether these can still change is not looked at.
            return Ok(None);
        }
        let bound = header.height == proposal.height
            && message.payload.len() <= limits::BLOCK_STATEMENTS
            && header.payload_hash == payload_hash(&message.payload)
            && header.hash() == proposal.block
            && proposal.pol_round.is_none_or(|pol| pol < proposal.round);
        let Some((roster, settled)) = self.roster_at(proposal.height) else { return Ok(None) };
        let rightful = proposer(&roster, proposal.height, proposal.round) == proposal.proposer;
        if !rightful && !settled {
            return Ok(None);
        }
        // A fresh block names its proposer; a re-proposal keeps the name of whoever proposed it first.
        let named = proposal.pol_round.is_some() || header.proposer == proposal.proposer;
        if !(bound && rightful && named) {
            return Err(PeerFault::BadProposal);
        }
        let proposal = message.proposal.clone().verified().map_err(|_| PeerFault::BadSignature)?;
        Ok(Some(Heard::Proposal(from, Box::new(HeardProposal { proposal, message }))))
    }
}

fn decode<T: borsh::BorshDeserialize>(data: &[u8], limit: usize) -> Result<T, PeerFault> {
    codec::decode(data, limit).map_err(|_| PeerFault::Malformed)
}

/// Refusals that do not depend on the state: an honest peer has made the same test before it forwarded.
const fn is_the_senders_fault(code: Code) -> bool {
    matches!(
        code,
        Code::BadSignature
            | Code::SignatureCount
            | Code::WrongChain
            | Code::StatementTooLarge
            | Code::StatementVersion
            | Code::JsonMalformed
            | Code::JsonDuplicateKey
            | Code::JsonTooDeep
            | Code::JsonTooLarge
            | Code::JsonNumber
            | Code::JsonUnknownField
            | Code::JsonMissingField
            | Code::JsonType
            | Code::BodyMissing
            | Code::BodyUnexpected
            | Code::BodyTooLarge
            | Code::BodyMismatch
    )
}
