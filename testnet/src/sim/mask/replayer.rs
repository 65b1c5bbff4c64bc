//! The replayer: with every message comes one of long ago.

use super::Message;
use crate::dice::Dice;

/// What it remembers.
const MEMORY: usize = 512;

pub(super) fn says(said: &mut Vec<Message>, dice: &mut Dice, message: &Message) -> Vec<Message> {
    let old = dice.pick(said).cloned();
    if said.len() < MEMORY {
        said.push(message.clone());
    }
    [Some(message.clone()), old].into_iter().flatten().collect()
}
