//! The impersonator: with every vote of its own comes one in the name of somebody else, under its own signature.

use sampan_node::net::Topic;
use sampan_proto::codec;
use sampan_proto::hash::Domain;
use sampan_proto::ids::HeaderHash;
use sampan_proto::keys::{PublicKey, SecretKey};
use sampan_proto::vote::{Signable as _, Signed, Vote};
use sampan_proto::wire::ConsensusMessage;

use super::{Message, vote_in};
use crate::dice::Dice;

pub(super) fn says(key: &SecretKey, others: &[PublicKey], dice: &mut Dice, message: &Message) -> Vec<Message> {
    let mut said = vec![message.clone()];
    if let (Some(own), Some(validator)) = (vote_in(message), dice.pick(others)) {
        let block = match own.message.block {
            Some(_) => None,
            None => Some(HeaderHash(Domain::Gossip.hash(&message.1))),
        };
        let vote = Vote { block, validator: *validator, ..own.message };
        let signature = key.sign(vote.digest().as_bytes());
        said.push((Topic::Votes, codec::encode(&ConsensusMessage::Vote(Signed { message: vote, signature }))));
    }
    said
}
