//! The forger: it announces blocks that nobody decided, and hands them to whoever asks, under certificates that prove
//! nothing: its own signature alone, its own in everybody's place, or true precommits of too few.

use std::collections::BTreeMap;

use sampan_node::core::ledger::{Draft, Execution};
use sampan_node::net::Topic;
use sampan_node::store::Store;
use sampan_proto::block::{Block, Header};
use sampan_proto::codec;
use sampan_proto::ids::{HeaderHash, Height};
use sampan_proto::keys::{PublicKey, SecretKey, Signature};
use sampan_proto::vote::{Certificate, Signed, Vote, VoteType};
use sampan_proto::wire::{Announcement, PeerStatus, Request, Response};

use super::{Message, proposal_in, vote_in};
use crate::dice::Dice;

/// What it overheard at the height being agreed on.
#[derive(Debug, Default)]
pub(super) struct Forger {
    precommits: BTreeMap<(Height, u32, HeaderHash), BTreeMap<PublicKey, Signature>>,
    headers: BTreeMap<HeaderHash, Header>,
    /// Something came since it last spoke.
    fresh: bool,
}

impl Forger {
    pub(super) fn hears(&mut self, message: &Message) {
        if let Some(Signed { message: vote, signature }) = vote_in(message) {
            let Vote { height, round, block, vote_type, validator, .. } = vote;
            if let (Some(block), VoteType::Precommit) = (block, vote_type) {
                self.precommits.entry((height, round, block)).or_default().insert(validator, signature);
                self.fresh = true;
            }
        }
        if let Some(proposed) = proposal_in(message) {
            self.headers.insert(proposed.proposal.message.block, proposed.header);
        }
    }

    pub(super) fn babbles(&mut self, key: &SecretKey, dice: &mut Dice, store: &Store) -> Vec<Message> {
        let mut said = Vec::new();
        if std::mem::take(&mut self.fresh) {
            said.extend(self.short(key, store));
        }
        if dice.percent(1) {
            said.extend(forged(key, store).map(|block| announced(block.header, block.certificate)));
        }
        said
    }

    /// What was overheard for the next block, with its own signature: too little, as long as it is.
    fn short(&mut self, key: &SecretKey, store: &Store) -> Vec<Message> {
        let tip = store.tip();
        let (height, roster) = (tip.height.next(), tip.roster());
        self.precommits.retain(|(at, ..), _| *at >= height);
        self.headers.retain(|_, header| header.height >= height);
        let mut said = Vec::new();
        for ((_, round, block), heard) in self.precommits.iter().filter(|((at, ..), _)| *at == height) {
            let Some(header) = self.headers.get(block) else { continue };
            let own = precommit(key, store, (height, *round), *block);
            let index = |key: &PublicKey| roster.by_key(key).map(|(index, _)| index);
            let mut signed: Vec<_> = heard.iter().filter_map(|(key, s)| Some((index(key)?, *s))).collect();
            signed.extend(index(&key.public()).map(|index| (index, own)));
            said.push(announced(header.clone(), Certificate::new(height, *round, *block, roster, signed)));
        }
        said
    }
}

/// What it says to one who asks; none where it says the truth.
pub(super) fn answer(key: &SecretKey, request: &Request, store: &Store) -> Option<Response> {
    let next = store.tip().height.next();
    match request {
        Request::Status => {
            let block = forged(key, store)?;
            Some(Response::Status(PeerStatus { height: next, header: block.header.hash() }))
        }
        Request::Blocks { from, .. } | Request::Round(from) if *from == next => {
            Some(Response::Blocks(vec![forged(key, store)?]))
        }
        Request::Blocks { .. }
        | Request::Round(_)
        | Request::Documents(_)
        | Request::Snapshot
        | Request::State(_)
        | Request::Past { .. } => None,
    }
}

fn announced(header: Header, certificate: Certificate) -> Message {
    (Topic::Headers, codec::encode(&Announcement { header, certificate }))
}

fn precommit(key: &SecretKey, store: &Store, (height, round): (Height, u32), block: HeaderHash) -> Signature {
    let (chain, vote_type, validator) = (store.chain(), VoteType::Precommit, key.public());
    Signed::sign(Vote { chain, vote_type, height, round, block: Some(block), validator }, key).signature
}

/// A block without statements on top of its own: it executes everywhere. Its certificate has its own signature, alone
/// or in everybody's place.
fn forged(key: &SecretKey, store: &Store) -> Option<Block> {
    let tip = store.tip();
    let (height, roster) = (tip.height.next(), tip.roster().clone());
    let time_ms = tip.time_ms + tip.parameters().heartbeat_ms;
    let draft = Draft { chain: store.chain(), tip, time_ms, proposer: key.public() };
    let reader = store.reader();
    let header = Execution::new(&reader, draft).finish().ok()?.header;
    let block = header.hash();
    let own = precommit(key, store, (height, 0), block);
    let (index, _) = roster.by_key(&key.public())?;
    let everybody = height.0.is_multiple_of(2);
    let signers = (0..roster.validators().len()).filter(|i| everybody || *i == index);
    let certificate = Certificate::new(height, 0, block, &roster, signers.map(|i| (i, own)).collect());
    Some(Block { header, certificate, statements: Vec::new(), bodies: Vec::new() })
}
