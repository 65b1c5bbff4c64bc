//! One of each thing that nodes say to each other.

use sampan_proto::block::Block;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{EnvelopeId, HeaderHash, Height, StatementId};
use sampan_proto::merkle::state::{Page, PagePath, Slot};
use sampan_proto::proof::Bundle;
use sampan_proto::snapshot::{Item, LogEdge, Manifest, Part};
use sampan_proto::vote::{Proposal, Signed, Vote, VoteType};
use sampan_proto::wire::{
    Announcement, ConsensusMessage, DocsMessage, Document, PastBlock, PeerStatus, ProposalMessage, Request, Response,
    RoundCertificate, RoundState, StatePart,
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
pub(crate) fn requests() -> [Request; 7] {
    [
        Request::Status,
        Request::Blocks { from: Height(2), count: 500 },
        Request::Documents(vec![EnvelopeId(Hash32([0x44; 32]))]),
        Request::Round(Height(4)),
        Request::Snapshot,
        Request::State(StatePart {
            after: HeaderHash(Hash32([0x55; 32])),
            path: PagePath::ROOT.child(0xa).child(3),
            hash: Hash32([0x66; 32]),
        }),
        Request::Past { from: Height(2), count: 64 },
    ]
}

/// Each variant.
pub(crate) fn responses(story: &Story) -> [Response; 9] {
    let header = &story.chain.heads[3].0;
    let page =
        Page::new(std::array::from_fn(
            |nibble| if nibble % 5 == 0 { Slot::Inner(Hash32([0x77; 32])) } else { Slot::Empty },
        ));
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
        Response::Snapshot(Box::new(manifest(story))),
        Response::State(Part::Items(items(story))),
        Response::State(Part::Page(page.to_bytes(), vec![])),
        Response::Busy,
        Response::Past(vec![PastBlock { block: block(story), entries: story.chain.entries[..2].to_vec() }]),
    ]
}

fn manifest(story: &Story) -> Manifest {
    let Bundle { head, trust_path, .. } = story.handed_over();
    let edge = LogEdge::read(3, |_, _| Ok::<_, ()>(vec![Hash32([0x11; 32]), Hash32([0x22; 32]), Hash32([0x33; 32])]));
    let edge = edge.expect("in memory");
    Manifest { header: head.header.0, certificate: head.certificate.0, handovers: trust_path, edge }
}

/// Each kind but the proposal, which `entries.txt` has.
fn items(story: &Story) -> Vec<Item> {
    let record = story.chain.records[&story.bill].clone();
    vec![
        Item::Reference { key: Hash32([1; 32]), record: record.id },
        Item::Goods { fingerprint: Hash32([2; 32]), record: record.id },
        Item::Member(Box::new(story.chain.genesis.members[0].clone())),
        Item::Executed { statement: StatementId(Hash32([3; 32])), index: 7, not_after_ms: 1_790_000_000_000 },
        Item::Parameters(story.chain.genesis.parameters.clone()),
        Item::Edition { list: "un-locode".to_owned(), edition: "2024-2".to_owned(), sha256: Hash32([4; 32]) },
        Item::Record(Box::new(record)),
    ]
}
