//! Changes to an input, by chance from a seed: a few of them at a time, anywhere in it. They know nothing of any format, but
//! the habits of all: numbers of one to eight bytes, text in quotes, base64 with something binary in it.

use data_encoding::BASE64;

use crate::dice::Dice;

/// Largest input, in bytes: larger ones take time and go no deeper.
const LARGEST: usize = 256 * 1024;
/// Most changes to one input.
const CHANGES: u64 = 6;
/// Longest piece that is moved, doubled or taken out, in bytes.
const PIECE: u64 = 256;
/// Shortest text that is taken for base64, in bytes.
const BASE64_CHARS: usize = 16;
/// Numbers at the ends of their ranges, and just beyond.
const NUMBERS: [u64; 12] = [0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x7fff_ffff, 0xffff_ffff, 1 << 53, u64::MAX];
/// Words that readers trip over.
const WORDS: [&str; 24] = [
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "-0",
    "1e999",
    "0.1",
    "9007199254740993",
    "\\u0000",
    "\\ud800",
    "\u{202e}",
    "\u{feff}",
    "[[[[[[[[",
    "{\"a\":",
    ",",
    "\"",
    "%00",
    "%ff",
    "../",
    "\r\n\r\n",
    "=",
    "\u{2014} ",
    "SAMPAN1:",
];

/// Inputs made of seeds.
pub struct Mutator {
    seeds: Vec<Vec<u8>>,
    dice: Dice,
}

impl Mutator {
    /// From these seeds, by the chance of a number.
    #[must_use]
    pub fn new(seeds: Vec<Vec<u8>>, seed: u64) -> Self {
        Self { seeds, dice: Dice::new(seed) }
    }

    fn some(&mut self) -> Vec<u8> {
        self.dice.pick(&self.seeds).cloned().unwrap_or_default()
    }

    /// The next input.
    pub fn input(&mut self) -> Vec<u8> {
        let mut bytes = self.some();
        for _ in 0..self.dice.between(1, CHANGES) {
            if self.dice.percent(30) {
                self.change_inside(&mut bytes);
            } else {
                self.change(&mut bytes);
            }
        }
        bytes.truncate(LARGEST);
        bytes
    }

    /// A place in some bytes, their end included.
    fn place(&mut self, bytes: &[u8]) -> usize {
        usize::try_from(self.dice.below(bytes.len() as u64 + 1)).unwrap_or_default()
    }

    /// A piece of some bytes: short ones as often as long ones.
    fn piece(&mut self, bytes: &[u8]) -> std::ops::Range<usize> {
        let start = self.place(bytes);
        let most = 1 << self.dice.below(PIECE.ilog2().into());
        let length = usize::try_from(self.dice.between(1, most)).unwrap_or(1);
        start..(start + length).min(bytes.len())
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        match self.dice.below(12) {
            0 => self.flip(bytes),
            1 | 2 => self.number(bytes),
            3 => drop(bytes.drain(self.piece(bytes))),
            4 => {
                let piece = self.piece(bytes);
                bytes.extend_from_within(piece);
            }
            5 => {
                let (piece, to) = (self.piece(bytes), self.place(bytes));
                let piece = bytes.get(piece).unwrap_or_default().to_vec();
                bytes.splice(to..to, piece);
            }
            6 => {
                let at = self.place(bytes);
                bytes.truncate(at);
            }
            7 | 8 => {
                // A piece of another input, in the place of one of this.
                let other = self.some();
                let (from, to) = (self.piece(&other), self.piece(bytes));
                bytes.splice(to, other.get(from).unwrap_or_default().iter().copied());
            }
            9 => {
                // This one's beginning and another one's end.
                let (other, at) = (self.some(), self.place(bytes));
                bytes.truncate(at);
                bytes.extend_from_slice(other.get(at.min(other.len())..).unwrap_or_default());
            }
            10 => {
                let (word, at) = (self.dice.pick(&WORDS).copied().unwrap_or_default(), self.piece(bytes));
                bytes.splice(at, word.bytes());
            }
            _ => {
                let piece = self.piece(bytes);
                for byte in bytes.get_mut(piece).unwrap_or_default() {
                    *byte = self.dice.throw().to_le_bytes()[0];
                }
            }
        }
    }

    fn flip(&mut self, bytes: &mut [u8]) {
        let (at, bit) = (self.place(bytes), self.dice.below(8));
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 1 << bit;
        }
    }

    /// Writes a number over a few bytes, or moves the one that stands there a little.
    fn number(&mut self, bytes: &mut [u8]) {
        let (at, width) = (self.place(bytes), self.dice.pick(&[1, 2, 4, 8]).copied().unwrap_or(4));
        let Some(there) = bytes.get_mut(at..at + width) else { return };
        let mut value = [0; 8];
        value[..width].copy_from_slice(there);
        let old = u64::from_le_bytes(value);
        let new = match self.dice.below(3) {
            0 => self.dice.pick(&NUMBERS).copied().unwrap_or_default(),
            1 => old.wrapping_add(self.dice.between(1, 16)),
            _ => old.wrapping_sub(self.dice.between(1, 16)),
        };
        there.copy_from_slice(&new.to_le_bytes()[..width]);
    }

    /// Changes what stands in base64 between quotes, and leaves it base64.
    fn change_inside(&mut self, bytes: &mut Vec<u8>) {
        let at = self.place(bytes);
        let quote = |text: &[u8]| text.iter().position(|byte| *byte == b'"');
        let inside = || {
            let start = at + quote(bytes.get(at..)?)? + 1;
            let end = start + quote(bytes.get(start..)?)?;
            let decoded = BASE64.decode(bytes.get(start..end)?).ok()?;
            (end - start >= BASE64_CHARS).then_some((start..end, decoded))
        };
        let Some((place, mut decoded)) = inside() else { return self.change(bytes) };
        self.change(&mut decoded);
        bytes.splice(place, BASE64.encode(&decoded).into_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_inputs_and_hardly_two_are_alike() {
        let seeds = vec![br#"{"a":"AAAAAAAAAAAAAAAAAAAA","b":1}"#.to_vec(), (0..=255).collect()];
        let inputs = |seed| {
            let mut mutator = Mutator::new(seeds.clone(), seed);
            (0..1_000).map(|_| mutator.input()).collect::<Vec<_>>()
        };
        let all = inputs(3);
        assert_eq!(inputs(3), all);
        assert_ne!(inputs(4), all);
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert!(different.len() > 800, "{} different inputs", different.len());
        assert!(all.iter().all(|input| input.len() <= LARGEST));
        assert!(Mutator::new(Vec::new(), 1).input().len() <= LARGEST, "also of nothing");
    }

    #[test]
    fn what_is_inside_of_base64_changes_and_stays_base64() {
        let text = format!(r#"{{"proof":"{}"}}"#, BASE64.encode(&[5; 60]));
        let mut mutator = Mutator::new(Vec::new(), 1);
        let changed = (0..100).filter(|_| {
            let mut bytes = text.clone().into_bytes();
            mutator.change_inside(&mut bytes);
            let json: Option<serde_json::Value> = serde_json::from_slice(&bytes).ok();
            let proof = json.and_then(|json| BASE64.decode(json.get("proof")?.as_str()?.as_bytes()).ok());
            proof.is_some_and(|proof| proof != [5; 60])
        });
        assert!(changed.count() > 5);
    }
}
