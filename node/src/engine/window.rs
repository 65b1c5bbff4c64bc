//! Decided blocks on their way: a few pages of several peers at the same time, put back in order here.
//!
//! ```text
//!            next         + stride     + 2 strides
//!   applied ──▶│ asked of a │   early    │ asked of b │ ...
//! ```
//!
//! Nobody knows how many blocks the next page will hold, only how many the last one did. So pages are asked for that
//! far apart, and gaps that shorter ones leave are asked for again.

use std::collections::{BTreeMap, BTreeSet};

use sampan_proto::ids::Height;

/// Pages that are on their way or wait for their turn: bounds what is held in memory.
const PAGES: usize = 4;
/// Blocks that are asked for in one page at most.
pub(super) const PAGE: u16 = 64;
/// Blocks that may be here before their turn.
pub(super) const EARLY: usize = PAGES * PAGE as usize;

/// What lies between the tip and what peers have.
pub(super) struct Window<B> {
    /// The first block of each page that is asked for.
    asked: BTreeSet<Height>,
    /// Blocks that came before their turn.
    early: BTreeMap<Height, B>,
    /// Blocks that a page seems to hold.
    stride: u64,
}

impl<B> Window<B> {
    /// Empty; a page is taken to hold so many blocks.
    pub(super) const fn new(stride: u64) -> Self {
        Self { asked: BTreeSet::new(), early: BTreeMap::new(), stride }
    }

    /// The first block of each page to be asked for now, where `next` is the next one to be applied and peers
    /// have them up to `target`.
    pub(super) fn gaps(&self, next: Height, target: Height) -> Vec<Height> {
        let last = target.0.min(next.0.saturating_add(PAGES as u64 * self.stride - 1));
        let (mut gaps, mut at) = (Vec::new(), next);
        while at.0 <= last {
            let covering = self.asked.range(..=at).next_back().filter(|first| at.0 - first.0 < self.stride);
            match covering {
                _ if self.early.contains_key(&at) => at = at.next(),
                Some(first) => at = Height(first.0 + self.stride),
                None => {
                    gaps.push(at);
                    at = Height(at.0 + self.stride);
                }
            }
        }
        // Pages may be on their way that were asked for further ahead.
        gaps.truncate(PAGES.saturating_sub(self.asked.len()));
        gaps
    }

    /// How many blocks are here before their turn.
    pub(super) fn len(&self) -> usize {
        self.early.len()
    }

    /// Whether a page from this block on was asked for.
    pub(super) fn awaits(&self, from: Height) -> bool {
        self.asked.contains(&from)
    }

    /// A page is asked for.
    pub(super) fn asked(&mut self, from: Height) {
        self.asked.insert(from);
    }

    /// A page came, or nothing in its place. One that ends before `target` was full.
    pub(super) fn came(&mut self, from: Height, blocks: Vec<(Height, B)>, target: Height) {
        self.asked.remove(&from);
        if blocks.last().is_some_and(|(last, _)| *last < target) {
            self.stride = blocks.len() as u64;
        }
        self.early.extend(blocks);
    }

    /// The block whose turn it is, if it is here. What comes before it is of no use any more.
    pub(super) fn take(&mut self, next: Height) -> Option<B> {
        self.early = self.early.split_off(&next);
        self.early.remove(&next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: Height = Height(1_000);

    fn page(heights: std::ops::RangeInclusive<u64>) -> Vec<(Height, u64)> {
        heights.map(|height| (Height(height), height)).collect()
    }

    /// Asks for what should be asked for, and says what that is.
    fn ask(window: &mut Window<u64>, next: u64, target: Height) -> Vec<u64> {
        let gaps = window.gaps(Height(next), target);
        for from in &gaps {
            window.asked(*from);
        }
        gaps.iter().map(|from| from.0).collect()
    }

    /// Takes what has its turn.
    fn applied(window: &mut Window<u64>, next: u64) -> u64 {
        let mut next = next;
        while let Some(block) = window.take(Height(next)) {
            assert_eq!(block, next);
            next += 1;
        }
        next
    }

    #[test]
    fn pages_are_asked_for_side_by_side_and_applied_in_order() {
        let mut window = Window::new(10);
        assert_eq!(ask(&mut window, 1, FAR), [1, 11, 21, 31]);
        assert_eq!(ask(&mut window, 1, FAR), [0; 0], "once each");
        window.came(Height(11), page(11..=20), FAR);
        assert_eq!(applied(&mut window, 1), 1);
        assert_eq!(ask(&mut window, 1, FAR), [0; 0], "no more than there is room for");
        window.came(Height(1), page(1..=10), FAR);
        assert_eq!(applied(&mut window, 1), 21);
        assert_eq!(ask(&mut window, 21, FAR), [41, 51]);
    }

    #[test]
    fn what_a_peer_does_not_bring_is_asked_for_again() {
        let mut window = Window::new(10);
        ask(&mut window, 1, FAR);
        window.came(Height(11), Vec::new(), FAR);
        assert_eq!(ask(&mut window, 1, FAR), [11]);
        window.came(Height(1), page(1..=4), FAR);
        assert_eq!(applied(&mut window, 1), 5);
        assert_eq!(ask(&mut window, 5, FAR), [5], "those further ahead are on their way still");
    }

    #[test]
    fn nothing_beyond_the_target_is_asked_for_and_the_last_page_teaches_nothing() {
        let mut window = Window::new(10);
        assert_eq!(ask(&mut window, 1, Height(12)), [1, 11]);
        window.came(Height(1), page(1..=10), Height(12));
        window.came(Height(11), page(11..=12), Height(12));
        assert_eq!(applied(&mut window, 1), 13);
        assert_eq!(ask(&mut window, 13, Height(12)), [0; 0]);
        assert_eq!(ask(&mut window, 13, FAR), [13, 23, 33, 43]);
    }

    #[test]
    fn what_was_decided_meanwhile_is_dropped() {
        let mut window = Window::new(10);
        ask(&mut window, 1, FAR);
        window.came(Height(1), page(1..=10), FAR);
        assert_eq!(window.take(Height(8)), Some(8));
        assert_eq!(window.early.len(), 2);
        assert_eq!(window.take(Height(30)), None);
        assert!(window.early.is_empty());
    }
}
