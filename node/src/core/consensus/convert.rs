//! Our votes, proposals and certificates as Malachite's, and back.

use malachitebft_core_consensus::MisbehaviorEvidence;
use malachitebft_core_types as mt;
use malachitebft_core_types::{NilOrVal, Round, SignedMessage};
use sampan_proto::evidence::Offence;
use sampan_proto::ids::{ChainId, Height};
use sampan_proto::proof::Binary;
use sampan_proto::roster::Roster;
use sampan_proto::vote::{Certificate, Proposal, Signed, Vote, VoteType};
use sampan_proto::wire::RoundCertificate;

use super::context::{Address, BlockId, Context, MtHeight, MtProposal, MtVote};
use super::io::{Step, Timeout};

pub(super) type MtSignedVote = mt::SignedVote<Context>;
pub(super) type MtSignedProposal = mt::SignedProposal<Context>;

const fn vote_type_in(vote_type: VoteType) -> mt::VoteType {
    match vote_type {
        VoteType::Prevote => mt::VoteType::Prevote,
        VoteType::Precommit => mt::VoteType::Precommit,
    }
}

const fn vote_type_out(vote_type: mt::VoteType) -> VoteType {
    match vote_type {
        mt::VoteType::Prevote => VoteType::Prevote,
        mt::VoteType::Precommit => VoteType::Precommit,
    }
}

fn round_in(round: Option<u32>) -> Round {
    round.map_or(Round::Nil, Round::new)
}

/// The round of something that always has one.
pub(super) fn round_out(round: Round) -> u32 {
    round.as_u32().unwrap_or(0)
}

pub(super) fn vote_in(vote: &Signed<Vote>) -> MtSignedVote {
    let Signed { message, signature } = vote;
    let inner = MtVote {
        vote_type: vote_type_in(message.vote_type),
        height: MtHeight(message.height),
        round: Round::new(message.round),
        value: message.block.map_or(NilOrVal::Nil, |block| NilOrVal::Val(BlockId(block))),
        address: Address(message.validator),
    };
    SignedMessage::new(inner, *signature)
}

pub(super) fn vote_message(chain: ChainId, vote: &MtVote) -> Vote {
    Vote {
        chain,
        vote_type: vote_type_out(vote.vote_type),
        height: vote.height.0,
        round: round_out(vote.round),
        block: match vote.value {
            NilOrVal::Nil => None,
            NilOrVal::Val(block) => Some(block.0),
        },
        validator: vote.address.0,
    }
}

pub(super) fn vote_out(chain: ChainId, vote: &MtSignedVote) -> Signed<Vote> {
    Signed { message: vote_message(chain, &vote.message), signature: vote.signature }
}

pub(super) fn proposal_in(proposal: &Signed<Proposal>) -> MtSignedProposal {
    let Signed { message, signature } = proposal;
    let inner = MtProposal {
        height: MtHeight(message.height),
        round: Round::new(message.round),
        value: BlockId(message.block),
        pol_round: round_in(message.pol_round),
        address: Address(message.proposer),
    };
    SignedMessage::new(inner, *signature)
}

pub(super) fn proposal_message(chain: ChainId, proposal: &MtProposal) -> Proposal {
    Proposal {
        chain,
        height: proposal.height.0,
        round: round_out(proposal.round),
        pol_round: proposal.pol_round.as_u32(),
        block: proposal.value.0,
        proposer: proposal.address.0,
    }
}

pub(super) fn proposal_out(chain: ChainId, proposal: &MtSignedProposal) -> Signed<Proposal> {
    Signed { message: proposal_message(chain, &proposal.message), signature: proposal.signature }
}

/// A polka certificate from prevotes; none when they are not all for one block in one round.
pub(super) fn polka_in(chain: ChainId, votes: &[Signed<Vote>]) -> Option<mt::PolkaCertificate<Context>> {
    let first = &votes.first()?.message;
    let block = first.block?;
    let same = |vote: &Signed<Vote>| {
        vote.message.chain == chain
            && vote.message.vote_type == VoteType::Prevote
            && (vote.message.height, vote.message.round, vote.message.block) == (first.height, first.round, first.block)
    };
    votes.iter().all(same).then(|| mt::PolkaCertificate {
        height: MtHeight(first.height),
        round: Round::new(first.round),
        value_id: BlockId(block),
        polka_signatures: votes
            .iter()
            .map(|vote| mt::PolkaSignature::new(Address(vote.message.validator), vote.signature))
            .collect(),
    })
}

pub(super) fn polka_out(context: &Context, polka: &mt::PolkaCertificate<Context>) -> Vec<Signed<Vote>> {
    polka.votes(context).map(|vote| vote_out(context.chain, &vote)).collect()
}

/// A round certificate; none when a vote is of another network or height.
pub(super) fn round_certificate_in(
    chain: ChainId,
    certificate: &RoundCertificate,
) -> Option<mt::RoundCertificate<Context>> {
    let same = |vote: &Signed<Vote>| {
        vote.message.chain == chain
            && vote.message.height == certificate.height
            && vote.message.round == certificate.round
    };
    let signature = |vote: &Signed<Vote>| {
        let MtVote { vote_type, value, address, .. } = vote_in(vote).message;
        mt::RoundSignature::new(vote_type, value, address, vote.signature)
    };
    certificate.votes.iter().all(same).then(|| mt::RoundCertificate {
        height: MtHeight(certificate.height),
        round: Round::new(certificate.round),
        cert_type: if certificate.skip { mt::RoundCertificateType::Skip } else { mt::RoundCertificateType::Precommit },
        round_signatures: certificate.votes.iter().map(signature).collect(),
    })
}

pub(super) fn round_certificate_out(
    context: &Context,
    certificate: &mt::RoundCertificate<Context>,
) -> RoundCertificate {
    RoundCertificate {
        height: certificate.height.0,
        round: round_out(certificate.round),
        skip: matches!(certificate.cert_type, mt::RoundCertificateType::Skip),
        votes: certificate.votes(context).map(|vote| vote_out(context.chain, &vote)).collect(),
    }
}

pub(super) fn certificate_out(roster: &Roster, certificate: &mt::CommitCertificate<Context>) -> Certificate {
    let precommits = certificate.commit_signatures.iter();
    let indexed = |s: &mt::CommitSignature<Context>| Some((roster.by_key(&s.address.0)?.0, s.signature));
    let height: Height = certificate.height.0;
    let round = round_out(certificate.round);
    Certificate::new(height, round, certificate.value_id.0, roster, precommits.filter_map(indexed).collect())
}

pub(super) fn timeout_in(timeout: Timeout) -> mt::Timeout {
    let round = Round::new(timeout.round);
    match timeout.step {
        Step::Propose => mt::Timeout::propose(round),
        Step::Prevote => mt::Timeout::prevote(round),
        Step::Precommit => mt::Timeout::precommit(round),
    }
}

/// Our timers; none for the two that the library has and we do not use: rebroadcast (identical gossip
/// bytes are swallowed by the duplicate cache; repair is by request) and the finalisation period.
pub(super) fn timeout_out(timeout: mt::Timeout) -> Option<Timeout> {
    let step = match timeout.kind {
        mt::TimeoutKind::Propose => Step::Propose,
        mt::TimeoutKind::Prevote => Step::Prevote,
        mt::TimeoutKind::Precommit => Step::Precommit,
        mt::TimeoutKind::Rebroadcast | mt::TimeoutKind::FinalizeHeight(_) => return None,
    };
    Some(Timeout { step, round: round_out(timeout.round) })
}

/// What the library has collected of validators that contradicted themselves.
pub(super) fn offences_out(chain: ChainId, evidence: &MisbehaviorEvidence<Context>) -> Vec<Offence> {
    let votes = evidence.votes.iter().flat_map(|(_, pairs)| pairs);
    let votes = votes.map(|(one, two)| Offence::Votes([one, two].map(|vote| Binary(vote_out(chain, vote)))));
    let proposals = evidence.proposals.iter().flat_map(|(_, pairs)| pairs);
    let proposals =
        proposals.map(|(one, two)| Offence::Proposals([one, two].map(|told| Binary(proposal_out(chain, told)))));
    votes.chain(proposals).collect()
}
