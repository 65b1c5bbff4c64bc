//! The usurper: it proposes whenever it votes, at rounds and heights that are others' to propose at.

use sampan_node::net::Topic;
use sampan_proto::block::{Header, PROTOCOL_VERSION, no_evidence, payload_hash};
use sampan_proto::codec;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{ChainId, HeaderHash, Height};
use sampan_proto::keys::SecretKey;
use sampan_proto::vote::{Proposal, Signed};
use sampan_proto::wire::ProposalMessage;

use super::super::cast::BEGIN_MS;
use super::{Message, vote_in};

/// As many as a node keeps of a round: were they kept, there would be no room for the rightful one.
const A_ROUND: u64 = 2;

pub(super) fn says(key: &SecretKey, message: &Message) -> Vec<Message> {
    let mut said = vec![message.clone()];
    if let Some(Signed { message: vote, .. }) = vote_in(message) {
        let places = [(vote.height, vote.round + 1), (vote.height, vote.round + 2), (vote.height.next(), 0)];
        for (height, round) in places {
            said.extend((0..A_ROUND).map(|i| proposal(key, vote.chain, (height, round), i)));
        }
    }
    said
}

fn proposal(key: &SecretKey, chain: ChainId, (height, round): (Height, u32), i: u64) -> Message {
    let header = Header {
        version: PROTOCOL_VERSION,
        chain,
        height,
        time_ms: BEGIN_MS + i,
        proposer: key.public(),
        previous: HeaderHash(Hash32::ZERO),
        payload_hash: payload_hash(&[]),
        log_size: 0,
        log_root: Hash32::ZERO,
        state_root: Hash32::ZERO,
        roster_hash: Hash32::ZERO,
        next_roster_hash: Hash32::ZERO,
        parameters_hash: Hash32::ZERO,
        evidence_hash: no_evidence(),
    };
    let proposal = Proposal { chain, height, round, pol_round: None, block: header.hash(), proposer: key.public() };
    let message = ProposalMessage { proposal: Signed::sign(proposal, key), header, payload: Vec::new() };
    (Topic::Proposals, codec::encode(&message))
}
