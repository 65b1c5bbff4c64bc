//! The invalid proposer: times of next week, heights of tomorrow, statements left out or named twice.

use sampan_proto::block::payload_hash;
use sampan_proto::keys::SecretKey;

use super::super::dice::Dice;
use super::{Message, proposal_in, proposed};

pub(super) fn says(key: &SecretKey, dice: &mut Dice, message: &Message) -> Vec<Message> {
    let Some(mut wrong) = proposal_in(message) else { return vec![message.clone()] };
    match dice.below(5) {
        0 => wrong.header.time_ms += 7 * 86_400_000,
        1 => wrong.header.time_ms = 1,
        2 => wrong.header.height = wrong.header.height.next(),
        3 => {
            wrong.payload.pop();
        }
        _ => {
            let twice = wrong.payload.first().copied();
            wrong.payload.extend(twice);
            wrong.header.payload_hash = payload_hash(&wrong.payload);
        }
    }
    vec![proposed(key, wrong)]
}
