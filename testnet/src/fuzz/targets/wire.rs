//! What peers say, to a node that runs; the first byte says on which topic, or that it is a request or an answer. What
//! decodes is its one encoding. The node blames whoever sends what does not decode, hands on no statement that nobody
//! signed, and takes from an answer no block, document, state or vote that is not what the validators decided and signed.

use std::cell::RefCell;
use std::collections::BTreeSet;

use anyhow::Result;
use borsh::BorshDeserialize;
use sampan_node::core::Document;
use sampan_node::engine::{CheckedBlock, Fetched, Heard};
use sampan_node::net::{Topic, Verdict};
use sampan_proto::block::Header;
use sampan_proto::codec;
use sampan_proto::ids::{EnvelopeId, Height, StatementId};
use sampan_proto::keys::Signature;
use sampan_proto::limits;
use sampan_proto::merkle::state::page::PagePath;
use sampan_proto::vote::{Signed, Vote};
use sampan_proto::wire::{
    Announcement, ConsensusMessage, DocsMessage, ProposalMessage, Request, Response, RoundState, StatePart,
};

use super::{Target, canonical, tagged};
use crate::sim::Alone;

const TOPICS: [Topic; 4] = [Topic::Documents, Topic::Headers, Topic::Votes, Topic::Proposals];
const REQUEST: u8 = 4;
const RESPONSE: u8 = 5;

pub(super) struct Wire {
    alone: RefCell<Alone>,
    seeds: Vec<Vec<u8>>,
    /// Statements that honest parties signed, and with which signatures.
    signed: BTreeSet<StatementId>,
    documents: Vec<EnvelopeId>,
    /// Of votes and proposals.
    signatures: BTreeSet<Signature>,
    /// The newest block of the life that the node had.
    head: Header,
}

impl Wire {
    pub(super) fn open() -> Result<Self> {
        let alone = Alone::live()?;
        let (manifest, part) = alone.state()?;
        let all = alone.executed.iter().chain(&alone.fresh);
        let documents: Vec<EnvelopeId> = all.map(|document| document.statement.envelope_id()).collect();
        let mut seeds: Vec<Vec<u8>> = alone.published.iter().map(|(topic, data)| tagged(tag(*topic), data)).collect();
        let fresh = DocsMessage { documents: alone.fresh.clone(), offered: documents.clone() };
        seeds.push(tagged(tag(Topic::Documents), &codec::encode(&fresh)));
        let head = manifest.header.clone();
        let (root, after) = (head.state_root, head.hash());
        let requests = [
            Request::Status,
            Request::Blocks { from: Height(1), count: 9 },
            Request::Documents(documents.clone()),
            Request::Round(head.height.next()),
            Request::Snapshot,
            Request::State(StatePart { after, path: PagePath::ROOT, hash: root }),
        ];
        let (proposals, votes) = (said(&alone, Topic::Proposals), votes(&alone));
        let mut signatures: BTreeSet<Signature> = votes.iter().map(|vote| vote.signature).collect();
        signatures.extend(proposals.iter().map(|message: &ProposalMessage| message.proposal.signature));
        let round = RoundState { proposals, votes, certificate: None };
        let answers = [
            Response::Blocks(alone.blocks()?),
            Response::Documents(alone.executed.clone()),
            Response::Round(round),
            Response::Snapshot(Box::new(manifest)),
            Response::State(part),
            Response::Busy,
        ];
        seeds.extend(requests.iter().map(|request| tagged(REQUEST, &codec::encode(request))));
        seeds.extend(answers.iter().map(|answer| tagged(RESPONSE, &codec::encode(answer))));
        let signed = alone.signed();
        Ok(Self { alone: RefCell::new(alone), seeds, signed, documents, signatures, head })
    }

    fn is_decided(&self, header: &Header) -> bool {
        let alone = self.alone.borrow();
        let reader = alone.store().expect("the node runs").reader();
        reader.header(header.height).expect("the store can be read").is_some_and(|(decided, _)| decided == *header)
    }

    fn gossip(&self, topic: Topic, bytes: &[u8]) {
        let verdict = self.alone.borrow_mut().hears(topic, bytes.to_vec()).expect("every message gets a verdict");
        let limit = limits::CONSENSUS_MESSAGE_BYTES;
        let read = match topic {
            Topic::Documents => canonical(bytes, limits::DOCS_MESSAGE_BYTES).map(|docs| self.documents(verdict, &docs)),
            Topic::Headers => canonical(bytes, limit).map(|announced: Announcement| {
                assert!(verdict != Verdict::Accept || self.is_decided(&announced.header), "a block of nobody");
            }),
            Topic::Votes => canonical(bytes, limit).map(|message| self.votes(verdict, &message)),
            Topic::Proposals => canonical(bytes, limit).map(|ProposalMessage { proposal, .. }| {
                let said = verdict != Verdict::Accept || self.signatures.contains(&proposal.signature);
                assert!(said, "a proposal that nobody made");
            }),
        };
        assert!(read.is_some() || verdict == Verdict::Reject, "nonsense, and nobody is blamed");
    }

    fn documents(&self, verdict: Verdict, message: &DocsMessage) {
        assert!(message.offered.len() <= limits::OFFERS || verdict == Verdict::Reject, "more offers than there may be");
        // What nobody signed is refused by itself or with its message; what was kept would be decided.
        if verdict == Verdict::Accept && message.offered.is_empty() {
            let honest = message.documents.iter().any(|document| self.signed.contains(&document.statement.id()));
            assert!(honest, "nothing in it that somebody signed");
        }
    }

    fn votes(&self, verdict: Verdict, message: &ConsensusMessage) {
        let votes: Vec<&Signed<Vote>> = match message {
            ConsensusMessage::Vote(vote) => vec![vote],
            ConsensusMessage::Polka(votes) => votes.iter().collect(),
            ConsensusMessage::Round(certificate) => certificate.votes.iter().collect(),
        };
        if verdict == Verdict::Accept {
            let cast = votes.iter().all(|vote| self.signatures.contains(&vote.signature));
            assert!(cast && !votes.is_empty(), "a vote that nobody cast, or none");
            let places: BTreeSet<_> = votes.iter().map(|vote| (vote.message.height, vote.message.round)).collect();
            assert_eq!(places.len(), 1, "votes that do not belong together");
        }
    }

    /// An answer, to the request that it is one to.
    fn answer(&self, response: Response) {
        let (after, path, hash) = (self.head.hash(), PagePath::ROOT, self.head.state_root);
        let request = match &response {
            Response::Status(_) | Response::Busy => Request::Status,
            Response::Blocks(blocks) => {
                let from = blocks.first().map_or(Height(1), |block| block.header.height);
                Request::Blocks { from, count: 9 }
            }
            Response::Documents(_) => Request::Documents(self.documents.clone()),
            Response::Round(_) => Request::Round(self.head.height.next()),
            Response::Snapshot(_) => Request::Snapshot,
            Response::State(_) => Request::State(StatePart { after, path, hash }),
            Response::Past(past) => {
                let from = past.first().map_or(Height(1), |past| past.block.header.height);
                Request::Past { from, count: 9 }
            }
        };
        let judged = self.alone.borrow().judges(&request, response).expect("the node runs");
        match judged.fetched {
            Fetched::Blocks(_, blocks) => blocks.iter().for_each(|block| self.block(block)),
            Fetched::Past(_, past) => {
                for past in &past {
                    assert!(self.is_decided(&past.header), "a past that nobody decided");
                    past.documents.iter().for_each(|document| self.document(document));
                }
            }
            Fetched::Documents(_, documents) => documents.iter().for_each(|document| self.document(document)),
            Fetched::Round(_, heard) => heard.iter().for_each(|heard| self.heard(heard)),
            Fetched::Manifest(_, checked) => {
                assert!(self.is_decided(&checked.manifest.header), "a state that nobody decided");
            }
            Fetched::Part(checked) => assert_eq!(checked.hash, hash, "a part of another state"),
            Fetched::Status(..) | Fetched::Nothing(_) | Fetched::NoManifest | Fetched::NoPart(..) => {}
        }
    }

    fn block(&self, block: &CheckedBlock) {
        let signatures = &block.certificate.signatures;
        let signed = !signatures.is_empty() && signatures.iter().all(|signature| self.signatures.contains(signature));
        assert!(signed && self.is_decided(&block.header), "a block that nobody decided");
        block.documents.iter().for_each(|document| self.document(document));
    }

    /// A statement that honest parties signed, and the document that it commits to.
    fn document(&self, document: &Document) {
        assert!(self.signed.contains(&document.statement().id()), "a statement that nobody signed");
    }

    fn heard(&self, heard: &Heard) {
        let said = |signature: &Signature| self.signatures.contains(signature);
        let honest = match heard {
            Heard::Vote(vote) => said(&vote.signature),
            Heard::Polka(votes) => votes.iter().all(|vote| said(&vote.signature)),
            Heard::Round(certificate) => certificate.votes.iter().all(|vote| said(&vote.signature)),
            Heard::Proposal(_, heard) => said(&heard.proposal.signature),
            Heard::Announced(..) | Heard::Offence(_) | Heard::Documents { .. } => true,
        };
        assert!(honest, "words that nobody said");
    }
}

/// What the node published on a topic.
fn said<T: BorshDeserialize>(alone: &Alone, topic: Topic) -> Vec<T> {
    let on = alone.published.iter().filter(|(on, _)| *on == topic);
    on.filter_map(|(_, data)| codec::decode(data, limits::CONSENSUS_MESSAGE_BYTES).ok()).collect()
}

fn votes(alone: &Alone) -> Vec<Signed<Vote>> {
    let votes = said(alone, Topic::Votes).into_iter().flat_map(|message| match message {
        ConsensusMessage::Vote(vote) => vec![vote],
        ConsensusMessage::Polka(votes) => votes,
        ConsensusMessage::Round(certificate) => certificate.votes,
    });
    votes.collect()
}

/// A topic's tag is its place among the topics.
fn tag(topic: Topic) -> u8 {
    (0..).zip(TOPICS).find(|(_, other)| *other == topic).map_or(u8::MAX, |(tag, _)| tag)
}

impl Target for Wire {
    fn seeds(&self) -> Vec<Vec<u8>> {
        self.seeds.clone()
    }

    fn take(&self, bytes: &[u8]) {
        let Some((tag, bytes)) = bytes.split_first() else { return };
        match *tag {
            REQUEST => drop(canonical::<Request>(bytes, limits::REQUEST_BYTES)),
            RESPONSE => canonical(bytes, limits::PAGE_BYTES).into_iter().for_each(|response| self.answer(response)),
            tag => TOPICS.get(usize::from(tag)).into_iter().for_each(|topic| self.gossip(*topic, bytes)),
        }
    }
}
