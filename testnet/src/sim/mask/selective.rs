//! The selective sender: one of the others hears it, and nobody else.

use super::Message;

/// Who hears it.
const FRIEND: usize = 1;

pub(super) fn says(to: usize, message: &Message) -> Vec<Message> {
    if to == FRIEND { vec![message.clone()] } else { Vec::new() }
}
