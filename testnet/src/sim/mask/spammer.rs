//! The spammer: bytes that mean nothing, on every topic.

use sampan_node::net::Topic;

use super::Message;
use crate::dice::Dice;

pub(super) fn babbles(dice: &mut Dice) -> Vec<Message> {
    if !dice.percent(5) {
        return Vec::new();
    }
    let topic =
        *dice.pick(&[Topic::Documents, Topic::Headers, Topic::Votes, Topic::Proposals]).unwrap_or(&Topic::Votes);
    let bytes = (0..dice.between(0, 400)).map(|_| dice.throw().to_le_bytes()[0]).collect();
    vec![(topic, bytes)]
}
