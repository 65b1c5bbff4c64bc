//! The traitor: of every block that one of the league proposes it makes two, right in everything and a millisecond apart,
//! and tells each half of the others that it is for theirs. Two of four together can have both decided.

use sampan_node::core::Document;
use sampan_node::core::ledger::{Draft, Execution};
use sampan_node::net::Topic;
use sampan_node::store::{StagedBlock, Store};
use sampan_proto::block::Header;
use sampan_proto::codec;
use sampan_proto::keys::SecretKey;
use sampan_proto::vote::{Signed, Vote};
use sampan_proto::wire::ConsensusMessage;

use super::{League, Message, proposal_in, proposed, vote_in};

pub(super) fn says(key: &SecretKey, league: &League, to: usize, message: &Message, store: &Store) -> Vec<Message> {
    if league.contains_key(&to) {
        return vec![message.clone()];
    }
    let half = (to % 2) as u64;
    if let Some(mut proposal) = proposal_in(message) {
        let Some(header) = version(store, &proposal.header, half) else { return Vec::new() };
        proposal.header = header;
        return vec![proposed(key, proposal)];
    }
    match vote_in(message) {
        Some(Signed { message: vote @ Vote { block: Some(block), height, .. }, .. }) => {
            let staged = store.staged(height).unwrap_or_default();
            let ours = staged.iter().map(|staged| &staged.header).find(|header| header.hash() == block);
            let Some(ours) = ours.filter(|ours| league.values().any(|key| *key == ours.proposer)) else {
                return vec![message.clone()];
            };
            let Some(theirs) = version(store, ours, half) else { return Vec::new() };
            let vote = Signed::sign(Vote { block: Some(theirs.hash()), ..vote }, key);
            vec![(Topic::Votes, codec::encode(&ConsensusMessage::Vote(vote)))]
        }
        _ => vec![message.clone()],
    }
}

/// Whether its own engine may hear this: it must not learn of what it says elsewhere, or it would stop.
pub(super) fn may_hear(message: &Message) -> bool {
    message.0 != Topic::Votes || vote_in(message).is_some()
}

/// The version of a block that a half hears: its time is even or odd, and the rest follows.
fn version(store: &Store, header: &Header, half: u64) -> Option<Header> {
    let time_ms = (header.time_ms & !1) + half;
    if time_ms == header.time_ms {
        return Some(header.clone());
    }
    let staged = store.staged(header.height).ok()?;
    let of_this = |staged: &StagedBlock| staged.header.payload_hash == header.payload_hash;
    let StagedBlock { documents, .. } = staged.into_iter().find(of_this)?;
    let draft = Draft { chain: store.chain(), tip: store.tip(), time_ms, proposer: header.proposer };
    executed(store, draft, documents)
}

/// The header of these statements under a draft, if they execute.
pub(super) fn executed(store: &Store, draft: Draft, documents: Vec<sampan_proto::wire::Document>) -> Option<Header> {
    let reader = store.reader();
    let mut execution = Execution::new(&reader, draft);
    for document in documents {
        let document = Document::check(document, store.chain()).ok()?;
        execution.apply(document.statement()).ok()?.ok()?;
    }
    Some(execution.finish().ok()?.header)
}
