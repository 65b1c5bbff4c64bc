//! Chance from a seed: the same seed, the same throws, on every machine and in every version.

use std::collections::VecDeque;

/// SplitMix64 (Steele, Lea and Flood, 2014): eight bytes of state, written out so that no library can change it.
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
    /// What they show before chance begins.
    loaded: VecDeque<u8>,
}

impl Dice {
    /// Dice of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed, loaded: VecDeque::new() }
    }

    /// Loaded dice: two bytes decide each of the first throws, and chance of seed 0 those after them. So that whoever
    /// chooses the bytes chooses what happens.
    #[must_use]
    pub fn loaded(bytes: &[u8]) -> Self {
        Self { state: 0, loaded: bytes.iter().copied().collect() }
    }

    /// Dice of their own for a part, so that one part's throws do not move another's.
    #[must_use]
    pub fn part(&mut self) -> Self {
        Self::new(self.throw())
    }

    /// Eight bytes of chance.
    pub fn throw(&mut self) -> u64 {
        if let Some(low) = self.loaded.pop_front() {
            return u64::from(low) | u64::from(self.loaded.pop_front().unwrap_or_default()) << 8;
        }
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 when there is none.
    pub fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.throw() % end }
    }

    /// A number from `low` to `high`, both possible.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True in so many of a hundred throws.
    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let index = usize::try_from(self.below(all.len() as u64)).unwrap_or_default();
        all.get(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_throws_of_a_seed_are_those_of_the_published_generator() {
        let mut dice = Dice::new(1_234_567);
        let throws: Vec<u64> = (0..3).map(|_| dice.throw()).collect();
        assert_eq!(throws, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
        let mut low = Dice::new(7);
        assert!((0..1_000).all(|_| (3..=5).contains(&low.between(3, 5))));
        assert_eq!((low.below(0), low.pick::<u8>(&[])), (0, None));
    }

    #[test]
    fn loaded_dice_show_what_they_were_given_and_then_what_chance_brings() {
        let mut dice = Dice::loaded(&[7, 1, 9]);
        assert_eq!([dice.throw(), dice.throw()], [0x107, 9]);
        assert_eq!(dice.throw(), Dice::new(0).throw());
    }
}
