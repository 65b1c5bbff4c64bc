//! Answers of peers: checked against what was asked before the engine sees them. What is good of an answer is used,
//! and what no honest node sends is told apart from what is merely of no use.

use std::collections::BTreeSet;

use libp2p::PeerId;
use rayon::prelude::*;
use sampan_proto::block::{Block, payload_hash};
use sampan_proto::ids::{EnvelopeId, Height};
use sampan_proto::roster::Roster;
use sampan_proto::snapshot::{BadSnapshot, Manifest, Part};
use sampan_proto::statement::SignedStatement;
use sampan_proto::wire::{self, PastBlock, Request, Response, RoundState, StatePart};

use super::{Context, Pool};
use crate::core::Document;
use crate::engine::{CheckedBlock, Fetched, Heard};
use crate::fault::PeerFault;
use crate::store::Past;

/// An answer: what is good of it, and what its sender did wrong.
#[derive(Debug)]
pub struct Judged {
    /// For the engine.
    pub fetched: Fetched,
    /// For the network.
    pub fault: Option<PeerFault>,
}

impl From<Fetched> for Judged {
    fn from(fetched: Fetched) -> Self {
        Self { fetched, fault: None }
    }
}

impl Pool {
    /// Checks the answer to `request`.
    pub async fn response(&self, peer: PeerId, request: &Request, response: Response) -> Judged {
        let (asked, request) = (request.clone(), request.clone());
        let judged = self.run(move |context| context.check_response(peer, &request, response)).await;
        judged.unwrap_or_else(|| Fetched::nothing(peer, &asked).into())
    }
}

fn check_part(peer: PeerId, asked: &StatePart, part: Part) -> Judged {
    match part.check(&asked.path, &asked.hash) {
        Ok(checked) => Fetched::Part(Box::new(checked)).into(),
        Err(_) => Judged { fetched: Fetched::NoPart(peer, asked.path), fault: Some(PeerFault::BadSnapshot) },
    }
}

impl Context {
    fn check_response(&self, peer: PeerId, request: &Request, response: Response) -> Judged {
        match (request, response) {
            (Request::Status, Response::Status(status)) => Fetched::Status(peer, status.height).into(),
            (Request::Blocks { from, .. } | Request::Round(from), Response::Blocks(blocks)) => {
                self.check_blocks(*from, blocks)
            }
            (Request::Documents(asked), Response::Documents(documents)) => self.check_documents(peer, asked, documents),
            (Request::Round(_), Response::Round(state)) => self.check_round(peer, state),
            (Request::Snapshot, Response::Snapshot(manifest)) => self.check_manifest(peer, *manifest),
            (Request::State(asked), Response::State(part)) => check_part(peer, asked, part),
            (Request::Past { from, .. }, Response::Past(past)) => self.check_past(peer, *from, past),
            (_, Response::Busy) => Fetched::nothing(peer, request).into(),
            (_, _) => Judged { fetched: Fetched::nothing(peer, request), fault: Some(PeerFault::Malformed) },
        }
    }

    fn check_blocks(&self, from: Height, blocks: Vec<Block>) -> Judged {
        let (checked, fault) = self.check_run(from, blocks);
        Judged { fetched: Fetched::Blocks(from, checked), fault }
    }

    /// Blocks that are not executed. Whether their entries are those of the log is seen where they are filled in.
    fn check_past(&self, peer: PeerId, from: Height, past: Vec<PastBlock>) -> Judged {
        let (blocks, entries): (Vec<Block>, Vec<_>) = past.into_iter().map(|past| (past.block, past.entries)).unzip();
        let (checked, fault) = self.check_run(from, blocks);
        let past = checked.into_iter().zip(entries).map(|(block, entries)| {
            let CheckedBlock { header, certificate, documents } = block;
            Past { header, certificate, documents, entries }
        });
        Judged { fetched: Fetched::Past(peer, past.collect()), fault }
    }

    /// Keeps the blocks up to the first that does not verify, or that hands over to another roster: the rest is
    /// asked for again, of somebody else or once we know who decides.
    fn check_run(&self, from: Height, blocks: Vec<Block>) -> (Vec<CheckedBlock>, Option<PeerFault>) {
        let Some((roster, settled)) = self.roster_at(from) else { return (Vec::new(), None) };
        let mut checked = Vec::with_capacity(blocks.len());
        for (height, block) in (from.0..).zip(blocks) {
            // Of whom we may not know yet nobody is blamed; of those whom we know, whoever names them.
            let settled = settled || block.header.roster_hash == roster.hash();
            match self.check_block(Height(height), block, &roster) {
                Ok(block) => {
                    let hands_over = block.header.next_roster_hash != block.header.roster_hash;
                    checked.push(block);
                    if hands_over {
                        break;
                    }
                }
                Err(found) => return (checked, settled.then_some(found)),
            }
        }
        (checked, None)
    }

    /// The certificate first: it is the cheap part, and without it nothing else is worth a look.
    fn check_block(&self, height: Height, block: Block, roster: &Roster) -> Result<CheckedBlock, PeerFault> {
        let Block { header, certificate, statements, bodies } = block;
        let named = header.hash() == certificate.block && certificate.height == height && header.height == height;
        let named = named && header.roster_hash == roster.hash();
        if header.chain != self.chain || !named || certificate.verify(self.chain, roster).is_err() {
            return Err(PeerFault::BadBlock);
        }
        let payload: Vec<EnvelopeId> = statements.iter().map(SignedStatement::envelope_id).collect();
        if payload_hash(&payload) != header.payload_hash || bodies.len() != statements.len() {
            return Err(PeerFault::BadBlock);
        }
        let wire = statements.into_par_iter().zip(bodies);
        let wire = wire.map(|(statement, body)| wire::Document { statement, body });
        let documents = wire
            .map(|document| self.check_contents(Document::check_decided(document, self.chain)))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(CheckedBlock { header, certificate, documents })
    }

    /// Keeps the documents that verify, if they were asked for: whoever answers has checked them before.
    fn check_documents(&self, peer: PeerId, asked: &[EnvelopeId], documents: Vec<wire::Document>) -> Judged {
        let asked: BTreeSet<&EnvelopeId> = asked.iter().collect();
        let checked: Vec<_> = documents
            .into_par_iter()
            .map(|document| {
                let is_asked = asked.contains(&document.statement.envelope_id());
                if !is_asked {
                    return Err(PeerFault::Malformed);
                }
                self.check_contents(Document::check(document, self.chain))
            })
            .collect();
        let fault = checked.iter().find_map(|document| document.as_ref().err().copied());
        let good = checked.into_iter().filter_map(Result::ok).collect();
        Judged { fetched: Fetched::Documents(peer, good), fault }
    }

    fn check_manifest(&self, peer: PeerId, manifest: Manifest) -> Judged {
        let Ok(Some(first)) = self.store.reader().roster(Height(1)) else { return Fetched::NoManifest.into() };
        match manifest.check(self.chain, &first) {
            Ok(checked) => Fetched::Manifest(peer, Box::new(checked)).into(),
            Err(BadSnapshot::Version(newer)) => {
                tracing::error!(%peer, %newer, "UPGRADE NEEDED: offers a state of a later version");
                Fetched::NoManifest.into()
            }
            Err(bad) => {
                tracing::debug!(%peer, %bad, "offers a state");
                Judged { fetched: Fetched::NoManifest, fault: Some(PeerFault::BadSnapshot) }
            }
        }
    }

    fn check_round(&self, peer: PeerId, state: RoundState) -> Judged {
        let RoundState { proposals, votes, certificate } = state;
        // First the certificate: messages of a round that we are far from would not be kept.
        let certificate = certificate.into_iter().map(|certificate| self.hear_round(certificate));
        let proposals = proposals.into_iter().map(|message| self.hear_proposal(peer, message));
        let votes = votes.into_iter().map(|vote| Ok(self.hear_vote(vote)?.map(Heard::Vote)));
        let (mut heard, mut fault) = (Vec::new(), None);
        for said in certificate.chain(proposals).chain(votes) {
            match said {
                Ok(said) => heard.extend(said),
                // One bad thing that somebody told our peer must not keep the rest from us.
                Err(bad) => fault = Some(bad),
            }
        }
        Judged { fault: fault.filter(|_| heard.is_empty()), fetched: Fetched::Round(peer, heard) }
    }
}
