//! Publications that found no subscribed peer: kept, bounded, until one subscribes.
//!
//! A node that publishes in its first moments would otherwise lose the message silently: gossipsub answers
//! `NoPeersSubscribedToTopic` and forgets it.

use std::collections::VecDeque;

use super::Topic;

const ITEMS: usize = 64;
const BYTES: usize = 1024 * 1024;

/// The newest publications that could not leave.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    kept: VecDeque<(Topic, Vec<u8>)>,
    bytes: usize,
}

impl Outbox {
    /// Keeps a publication; returns the topics of older ones that had to go for it.
    pub(super) fn keep(&mut self, topic: Topic, data: Vec<u8>) -> Vec<Topic> {
        self.bytes += data.len();
        self.kept.push_back((topic, data));
        let mut lost = Vec::new();
        while self.kept.len() > ITEMS || self.bytes > BYTES {
            let Some((topic, data)) = self.kept.pop_front() else { break };
            self.bytes -= data.len();
            lost.push(topic);
        }
        lost
    }

    /// Takes what waits for a topic, oldest first.
    pub(super) fn take(&mut self, topic: Topic) -> Vec<Vec<u8>> {
        let all = std::mem::take(&mut self.kept);
        let (taken, left): (Vec<_>, Vec<_>) = all.into_iter().partition(|(kept, _)| *kept == topic);
        self.kept = left.into();
        self.bytes = self.kept.iter().map(|(_, data)| data.len()).sum();
        taken.into_iter().map(|(_, data)| data).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_within_items_and_bytes() {
        let mut outbox = Outbox::default();
        for byte in 0..64 {
            assert!(outbox.keep(Topic::Votes, vec![byte]).is_empty());
        }
        assert_eq!(outbox.keep(Topic::Headers, vec![64]), [Topic::Votes]);
        assert_eq!(outbox.take(Topic::Votes).first(), Some(&vec![1]), "the oldest went");
        assert_eq!(outbox.len(), 1, "the other topic stays");

        assert!(outbox.keep(Topic::Documents, vec![0; BYTES - 1]).is_empty());
        assert_eq!(outbox.keep(Topic::Documents, vec![0]), [Topic::Headers]);
        assert_eq!(outbox.keep(Topic::Documents, vec![0; BYTES]).len(), 2);
        assert_eq!(outbox.take(Topic::Documents), [vec![0; BYTES]]);
        assert!(outbox.keep(Topic::Votes, vec![0; BYTES]).is_empty(), "taking gives the bytes back");
    }
}
