//! Links: when a message arrives, if it does, and how often.

use std::collections::BTreeSet;

use crate::dice::Dice;

/// The state of all links.
#[derive(Debug)]
pub(super) struct Links {
    dice: Dice,
    lost: u64,
    doubled: u64,
    delay_ms: u64,
    /// Ways that nothing passes, from and to.
    cut: BTreeSet<(usize, usize)>,
}

impl Links {
    /// Good links.
    pub(super) const fn new(dice: Dice) -> Self {
        Self { dice, lost: 0, doubled: 0, delay_ms: 5, cut: BTreeSet::new() }
    }

    pub(super) const fn set(&mut self, lost: u64, doubled: u64, delay_ms: u64) {
        (self.lost, self.doubled, self.delay_ms) = (lost, doubled, delay_ms);
    }

    pub(super) fn cut(&mut self, one: &[usize], other: &[usize]) {
        for (a, b) in one.iter().flat_map(|a| other.iter().map(move |b| (*a, *b))) {
            self.cut.extend([(a, b), (b, a)]);
        }
    }

    pub(super) fn deafen(&mut self, from: usize, to: usize) {
        self.cut.insert((from, to));
    }

    pub(super) fn heal(&mut self) {
        self.cut.clear();
    }

    pub(super) fn is_open(&self, from: usize, to: usize) -> bool {
        from != to && !self.cut.contains(&(from, to))
    }

    /// After how many milliseconds a message arrives: never, once, or twice.
    pub(super) fn arrivals(&mut self, from: usize, to: usize) -> Vec<u64> {
        if !self.is_open(from, to) || self.dice.percent(self.lost) {
            return Vec::new();
        }
        let copies = if self.dice.percent(self.doubled) { 2 } else { 1 };
        (0..copies).map(|_| self.dice.between(1, self.delay_ms)).collect()
    }
}
