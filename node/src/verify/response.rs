//! Answers of peers: checked against what was asked before the engine sees them.

use libp2p::PeerId;
use rayon::prelude::*;
use sampan_proto::block::{Block, payload_hash};
use sampan_proto::ids::EnvelopeId;
use sampan_proto::statement::SignedStatement;
use sampan_proto::wire::{Request, Response, RoundState};

use super::{Context, Pool};
use crate::engine::{CheckedBlock, Fetched};
use crate::fault::PeerFault;

impl Pool {
    /// Checks the answer to `request`.
    pub async fn response(&self, peer: PeerId, request: &Request, response: Response) -> Fetched {
        let request = request.clone();
        let checked = self.run(move |context| context.check_response(peer, &request, response)).await;
        checked.unwrap_or(Fetched::Nothing(peer))
    }
}

impl Context {
    fn check_response(&self, peer: PeerId, request: &Request, response: Response) -> Fetched {
        match (request, response) {
            (Request::Status, Response::Status(status)) => Fetched::Status(peer, status.height),
            (Request::Blocks { .. } | Request::Round(_), Response::Blocks(blocks)) => self.check_blocks(peer, blocks),
            (Request::Documents(_), Response::Documents(documents)) => {
                let checked = documents.into_par_iter().filter_map(|document| self.check_contents(document).ok());
                Fetched::Documents(peer, checked.collect())
            }
            (Request::Round(_), Response::Round(state)) => self.check_round(peer, state),
            (_, Response::Busy) => Fetched::Nothing(peer),
            (_, _) => {
                tracing::warn!(%peer, "answered something that was not asked");
                Fetched::Nothing(peer)
            }
        }
    }

    /// Keeps the blocks up to the first that does not verify; the rest is asked of somebody else.
    fn check_blocks(&self, peer: PeerId, blocks: Vec<Block>) -> Fetched {
        let mut checked = Vec::with_capacity(blocks.len());
        for block in blocks {
            match self.check_block(block) {
                Ok(block) => checked.push(block),
                Err(fault) => {
                    tracing::warn!(%peer, %fault, "sent a bad block");
                    break;
                }
            }
        }
        if checked.is_empty() { Fetched::Nothing(peer) } else { Fetched::Blocks(peer, checked) }
    }

    /// The certificate first: it is the cheap part, and without it nothing else is worth a look.
    fn check_block(&self, block: Block) -> Result<CheckedBlock, PeerFault> {
        let Block { header, certificate, statements, bodies } = block;
        let named = header.hash() == certificate.block && header.height == certificate.height;
        if header.chain != self.chain || !named || certificate.verify(self.chain, &self.roster).is_err() {
            return Err(PeerFault::BadBlock);
        }
        let payload: Vec<EnvelopeId> = statements.iter().map(SignedStatement::envelope_id).collect();
        if payload_hash(&payload) != header.payload_hash || bodies.len() != statements.len() {
            return Err(PeerFault::BadBlock);
        }
        let wire = statements.into_par_iter().zip(bodies);
        let wire = wire.map(|(statement, body)| sampan_proto::wire::Document { statement, body });
        let documents = wire.map(|document| self.check_contents(document)).collect::<Result<Vec<_>, _>>()?;
        Ok(CheckedBlock { header, certificate, documents })
    }

    fn check_round(&self, peer: PeerId, state: RoundState) -> Fetched {
        let RoundState { proposals, votes, certificate } = state;
        // First the certificate: messages of a round that we are far from would not be kept.
        let certificate = certificate.into_iter().map(|certificate| self.hear_round(certificate));
        let proposals = proposals.into_iter().map(|message| self.hear_proposal(peer, message));
        let votes = votes.into_iter().map(|vote| self.hear_vote(vote).map(crate::engine::Heard::Vote));
        match certificate.chain(proposals).chain(votes).collect() {
            Ok(heard) => Fetched::Round(peer, heard),
            Err(fault) => {
                tracing::warn!(%peer, %fault, "sent a bad round state");
                Fetched::Nothing(peer)
            }
        }
    }
}
