//! What goes wrong, in which order, from a seed: every kind comes up before any comes up again.

use std::time::Duration;

use crate::dice::Dice;

/// A kind of disturbance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// `kill -9`, and a start later.
    Kill,
    /// The same, and killed again while it starts.
    KillTwice,
    /// `SIGSTOP`, and `SIGCONT` later.
    Pause,
    /// Nothing reaches it and nothing it says reaches anybody.
    CutOff,
    /// It hears, and nobody hears it.
    Mute,
    /// It speaks, and hears nobody.
    Deaf,
    /// All its connections end.
    Sever,
    /// Its files may not grow: writes fail, some of them in the middle.
    FullDisk,
    /// Its clock jumps ahead, by seconds or by minutes, and back again later.
    ClockAhead,
    /// Its clock falls behind as far, and jumps ahead again later.
    ClockBehind,
    /// Everything is late and packets are lost, for everybody.
    Slow,
    /// All validators are killed.
    AllDown,
    /// No part of the network has a quorum.
    Split,
}

impl What {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Kill,
        Self::KillTwice,
        Self::Pause,
        Self::CutOff,
        Self::Mute,
        Self::Deaf,
        Self::Sever,
        Self::FullDisk,
        Self::ClockAhead,
        Self::ClockBehind,
        Self::Slow,
        Self::AllDown,
        Self::Split,
    ];

    /// Its name in a report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::KillTwice => "kill-twice",
            Self::Pause => "pause",
            Self::CutOff => "cut-off",
            Self::Mute => "mute",
            Self::Deaf => "deaf",
            Self::Sever => "sever",
            Self::FullDisk => "full-disk",
            Self::ClockAhead => "clock-ahead",
            Self::ClockBehind => "clock-behind",
            Self::Slow => "slow",
            Self::AllDown => "all-down",
            Self::Split => "split",
        }
    }

    /// Whether the network may stand still while it lasts.
    #[must_use]
    pub const fn is_total(self) -> bool {
        matches!(self, Self::AllDown | Self::Split)
    }

    /// How long it lasts, in milliseconds: from, to.
    const fn lasts(self) -> (u64, u64) {
        match self {
            Self::Kill => (0, 3_000),
            Self::KillTwice => (10, 600),
            Self::Pause => (200, 6_000),
            Self::CutOff | Self::Mute | Self::Deaf => (500, 6_000),
            Self::Sever => (0, 500),
            Self::FullDisk => (1_000, 4_000),
            Self::ClockAhead | Self::ClockBehind => (1_000, 6_000),
            Self::Slow => (1_000, 5_000),
            Self::AllDown => (0, 2_000),
            Self::Split => (500, 4_000),
        }
    }
}

/// One disturbance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Episode {
    /// What.
    pub what: What,
    /// Who is hit: at most a third of the validators, or all, or one half of a split.
    pub victims: Vec<usize>,
    /// How long it lasts.
    pub lasts: Duration,
    /// How much, where there is a more or less: milliseconds of delay or of a clock's error, or bytes that a file may still
    /// grow.
    pub measure: u64,
    /// How long nothing more happens once the network has healed.
    pub calm: Duration,
}

/// The episodes of a seed, without end.
#[derive(Debug)]
pub struct Deck {
    dice: Dice,
    validators: usize,
    left: Vec<What>,
}

impl Deck {
    /// The deck of a seed, for a network of this size.
    #[must_use]
    pub const fn new(seed: u64, validators: usize) -> Self {
        Self { dice: Dice::new(seed), validators, left: Vec::new() }
    }

    /// What comes next.
    pub fn draw(&mut self) -> Episode {
        if self.left.is_empty() {
            self.left = What::ALL.to_vec();
        }
        let card = self.number(self.left.len());
        let what = self.left.swap_remove(card);
        let victims = self.victims(what);
        let (low, high) = what.lasts();
        let lasts = Duration::from_millis(self.dice.between(low, high));
        let measure = match what {
            What::Slow => self.dice.between(10, 200),
            // From nothing at all, which fails every file, to what a few blocks fill.
            What::FullDisk => self.dice.between(0, 3) * self.dice.between(0, 60_000),
            // Less than validators allow each other, or far more.
            What::ClockAhead | What::ClockBehind if self.dice.percent(50) => self.dice.between(1_000, 9_000),
            What::ClockAhead | What::ClockBehind => self.dice.between(30_000, 600_000),
            _ => 0,
        };
        Episode { what, victims, lasts, measure, calm: Duration::from_millis(self.dice.between(0, 1_500)) }
    }

    fn victims(&mut self, what: What) -> Vec<usize> {
        let faulty = (self.validators - 1) / 3;
        let count = match what {
            What::AllDown | What::Slow => self.validators,
            What::Split => self.validators / 2,
            _ => 1 + self.number(faulty),
        };
        let mut all: Vec<usize> = (0..self.validators).collect();
        let mut victims: Vec<usize> = (0..count).map(|_| all.swap_remove(self.number(all.len()))).collect();
        victims.sort_unstable();
        victims
    }

    /// A number below `end`.
    fn number(&mut self, end: usize) -> usize {
        usize::try_from(self.dice.below(end as u64)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_comes_up_and_no_more_than_a_third_is_broken_unless_it_is_total() {
        for validators in 4..=11 {
            let (mut deck, mut again) = (Deck::new(7, validators), Deck::new(7, validators));
            let drawn: Vec<Episode> = (0..55).map(|_| deck.draw()).collect();
            assert!(drawn.iter().all(|episode| *episode == again.draw()), "a seed always plans the same");
            let kinds: BTreeSet<What> = drawn.iter().take(What::ALL.len()).map(|episode| episode.what).collect();
            assert_eq!(kinds.len(), What::ALL.len());
            for Episode { what, victims, .. } in &drawn {
                let distinct: BTreeSet<_> = victims.iter().collect();
                assert_eq!(distinct.len(), victims.len());
                assert!(victims.iter().all(|victim| *victim < validators) && !victims.is_empty());
                let few = 3 * victims.len() < validators;
                assert!(few || what.is_total() || *what == What::Slow, "{what:?} hits {victims:?} of {validators}");
                let half = [victims.len(), validators - victims.len()].into_iter().max().expect("two");
                assert!(*what != What::Split || 3 * half <= 2 * validators, "a half of {half} has a quorum");
            }
        }
        let first = Deck::new(1, 4).draw();
        assert!((2..20).any(|seed| Deck::new(seed, 4).draw() != first));
    }
}
