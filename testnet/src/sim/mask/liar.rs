//! The liar: its blocks lead to another state than their headers say.

use sampan_proto::hash::Domain;
use sampan_proto::keys::SecretKey;

use super::{Message, proposal_in, proposed};

pub(super) fn says(key: &SecretKey, message: &Message) -> Vec<Message> {
    match proposal_in(message) {
        Some(mut lie) => {
            lie.header.state_root = Domain::StateLeaf.hash(lie.header.state_root.as_bytes());
            vec![proposed(key, lie)]
        }
        None => vec![message.clone()],
    }
}
