//! The equivocator: half of the others hear its votes and proposals, the rest hear others, as well signed.

use sampan_node::net::Topic;
use sampan_proto::codec;
use sampan_proto::keys::SecretKey;
use sampan_proto::vote::{Signed, Vote};
use sampan_proto::wire::ConsensusMessage;

use super::{Message, proposal_in, proposed, vote_in};

pub(super) fn says(key: &SecretKey, to: usize, message: &Message) -> Vec<Message> {
    if to.is_multiple_of(2) {
        return vec![message.clone()];
    }
    if let Some(Signed { message: vote, .. }) = vote_in(message) {
        let other = Signed::sign(Vote { block: None, ..vote }, key);
        return vec![(Topic::Votes, codec::encode(&ConsensusMessage::Vote(other)))];
    }
    if let Some(mut other) = proposal_in(message) {
        other.header.time_ms += 1;
        return vec![proposed(key, other)];
    }
    vec![message.clone()]
}
