//! One of each thing that nodes say to each other.

use sampan_proto::block::Block;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{EnvelopeId, Height};
use sampan_proto::vote::{Proposal, Signed, Vote, VoteType};
use sampan_proto::wire::{
    Announcement, ConsensusMessage, DocsMessage, Document, PeerStatus, ProposalMessage, Request, Response,
    RoundCertificate, RoundState,
};

use super::cast;
use super::story::{ISSUE_INDEX, Story};

/// A vote of validator `index` at the height after the story.
pub(crate) fn vote(story: &Story, index: usize, vote_type: VoteType) -> Signed<Vote> {
    let key = &cast::consensus_keys()[index];
    let header = &story.chain.heads[3].0;
    let vote = Vote {
        chain: story.chain.genesis.chain,
        vote_type,
        height: header.height,
        round: 2,
        block: (index != 3).then(|| header.hash()),
        validator: key.public(),
    };
    Signed::sign(vote, key)
}

/// A proposal of the last block again.
pub(crate) fn proposal(story: &Story) -> Signed<Proposal> {
    let key = &cast::consensus_keys()[2];
    let header = &story.chain.heads[3].0;
    let proposal = Proposal {
        chain: story.chain.genesis.chain,
        height: header.height,
        round: 2,
        pol_round: Some(1),
        block: header.hash(),
        proposer: key.public(),
    };
    Signed::sign(proposal, key)
}

/// The issue with its document.
pub(crate) fn document(story: &Story) -> Document {
    let statement = story.chain.statements[&ISSUE_INDEX].clone();
    Document { statement, body: Some(story.bill_body.clone()) }
}

/// The second transfer: a document without a body.
pub(crate) fn bare_document(story: &Story) -> Document {
    Document { statement: story.chain.statements[&6].clone(), body: None }
}

/// The second block, of two statements with one body.
pub(crate) fn block(story: &Story) -> Block {
    let (header, certificate) = story.chain.heads[1].clone();
    let statements = [3, 4].map(|index| story.chain.statements[&index].clone()).to_vec();
    Block { header, certificate, statements, bodies: vec![None, Some(story.origin_body.clone())] }
}

/// What a peer announces.
pub(crate) fn announcement(story: &Story) -> Announcement {
    let (header, certificate) = story.chain.heads[3].clone();
    Announcement { header, certificate }
}

/// A batch and an offer.
pub(crate) fn docs_message(story: &Story) -> DocsMessage {
    let offered = vec![EnvelopeId(Hash32([0x55; 32]))];
    DocsMessage { documents: vec![document(story), bare_document(story)], offered }
}

/// A proposal with its contents by name.
pub(crate) fn proposal_message(story: &Story) -> ProposalMessage {
    let payload = vec![EnvelopeId(Hash32([0x44; 32])), EnvelopeId(Hash32([0x45; 32]))];
    ProposalMessage { proposal: proposal(story), header: story.chain.heads[3].0.clone(), payload }
}

/// Each variant.
pub(crate) fn consensus_messages(story: &Story) -> [ConsensusMessage; 3] {
    let prevotes = (0..3).map(|i| vote(story, i, VoteType::Prevote)).collect();
    let precommits = [2, 3].map(|i| vote(story, i, VoteType::Precommit)).to_vec();
    let round = RoundCertificate { height: Height(4), round: 2, skip: true, votes: precommits };
    [
        ConsensusMessage::Vote(vote(story, 3, VoteType::Precommit)),
        ConsensusMessage::Polka(prevotes),
        ConsensusMessage::Round(round),
    ]
}

/// Each variant.
pub(crate) fn requests() -> [Request; 4] {
    [
        Request::Status,
        Request::Blocks { from: Height(2), count: 500 },
        Request::Documents(vec![EnvelopeId(Hash32([0x44; 32]))]),
        Request::Round(Height(4)),
    ]
}

/// Each variant.
pub(crate) fn responses(story: &Story) -> [Response; 5] {
    let header = &story.chain.heads[3].0;
    let state = RoundState {
        proposals: vec![proposal_message(story)],
        votes: vec![vote(story, 1, VoteType::Prevote)],
        certificate: None,
    };
    [
        Response::Status(PeerStatus { height: header.height, header: header.hash() }),
        Response::Blocks(vec![block(story)]),
        Response::Documents(vec![bare_document(story)]),
        Response::Round(state),
        Response::Busy,
    ]
}
