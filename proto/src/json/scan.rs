//! One pass over the bytes: grammar, depth, duplicate keys, numbers. No recursion, and no allocation
//! but two small stacks: every statement and every document passes here.

use std::borrow::Cow;

use super::{JsonError, JsonLimits, push_index, push_key};
use crate::limits::JSON_INTEGER;
use crate::reject::Code;

/// Where `serde_json` stops; a scanner that accepted more would only move the fault.
const DEEPEST: usize = 127;
/// Up to this many keys are compared pairwise, which needs no sorting.
const FEW_KEYS: usize = 16;
/// `serde_json` gives keys with this beginning a meaning of their own (a string under such a key is
/// parsed as JSON that no scanner has seen), so no document may use them.
const RESERVED: &str = "$serde_json::private::";
/// A decimal integer of fewer digits is in a double's range whatever its digits are.
const SURELY_FINITE_DIGITS: usize = 300;

pub(super) fn scan(text: &str, limits: &JsonLimits) -> Result<(), JsonError> {
    let mut scanner = Scanner { text, bytes: text.as_bytes(), at: 0, limits, frames: Vec::new(), keys: Vec::new() };
    scanner.run()
}

/// An array or object that is still open.
struct Frame {
    is_object: bool,
    /// Where its keys begin in [`Scanner::keys`]; for an array, where they would.
    first_key: usize,
    /// An array's current element.
    index: usize,
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    limits: &'a JsonLimits,
    frames: Vec<Frame>,
    /// The keys of all open objects, innermost last.
    keys: Vec<Cow<'a, str>>,
}

impl<'a> Scanner<'a> {
    fn run(&mut self) -> Result<(), JsonError> {
        loop {
            self.blank();
            let opened = self.value()?;
            if opened && !self.first_of_container()? {
                continue;
            }
            if self.after_value()? {
                return Ok(());
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    /// Reads a scalar, or the opening of a container; says whether a container was opened.
    fn value(&mut self) -> Result<bool, JsonError> {
        match self.peek() {
            Some(b'{') => self.open(true).map(|()| true),
            Some(b'[') => self.open(false).map(|()| true),
            Some(b'"') => self.string().map(|_| false),
            Some(b'-' | b'0'..=b'9') => self.number().map(|()| false),
            Some(b't') => self.word("true").map(|()| false),
            Some(b'f') => self.word("false").map(|()| false),
            Some(b'n') => self.word("null").map(|()| false),
            Some(_) => Err(self.malformed("expected a value")),
            None => Err(self.malformed("the text ends where a value is expected")),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), JsonError> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.malformed("expected a value"))
        }
    }

    fn open(&mut self, is_object: bool) -> Result<(), JsonError> {
        let deepest = self.limits.max_depth.min(DEEPEST);
        if self.frames.len() >= deepest {
            return Err(self.fault(Code::JsonTooDeep, format!("more than {deepest} levels")));
        }
        self.at += 1;
        self.frames.push(Frame { is_object, first_key: self.keys.len(), index: 0 });
        Ok(())
    }

    /// After an opening bracket: whether the container is empty and thus closed again. Otherwise the
    /// scanner stands before its first value.
    fn first_of_container(&mut self) -> Result<bool, JsonError> {
        self.blank();
        let is_object = self.frames.last().is_some_and(|frame| frame.is_object);
        match (self.peek(), is_object) {
            (Some(b'}'), true) | (Some(b']'), false) => self.close().map(|()| true),
            (_, true) => self.key().map(|()| false),
            (_, false) => Ok(false),
        }
    }

    /// After a value: closes what ends, and says whether the text is over. Otherwise the scanner
    /// stands before the next value.
    fn after_value(&mut self) -> Result<bool, JsonError> {
        loop {
            self.blank();
            let next = self.peek();
            match (self.frames.last_mut(), next) {
                (None, None) => return Ok(true),
                (None, Some(_)) => return Err(self.malformed("something follows the value")),
                (Some(frame), Some(b',')) => {
                    frame.index += 1;
                    let is_object = frame.is_object;
                    self.at += 1;
                    if is_object {
                        self.blank();
                        self.key()?;
                    }
                    return Ok(false);
                }
                (Some(Frame { is_object: true, .. }), Some(b'}'))
                | (Some(Frame { is_object: false, .. }), Some(b']')) => self.close()?,
                (Some(Frame { is_object: true, .. }), _) => return Err(self.malformed("expected `,` or `}`")),
                (Some(Frame { is_object: false, .. }), _) => return Err(self.malformed("expected `,` or `]`")),
            }
        }
    }

    fn close(&mut self) -> Result<(), JsonError> {
        if let Some(frame) = self.frames.last() {
            let first_key = frame.first_key;
            if let Some(twice) = duplicate(&self.keys[first_key..]) {
                self.keys.truncate(first_key + twice + 1);
                return Err(self.fault(Code::JsonDuplicateKey, "the object has this key twice".to_owned()));
            }
            self.keys.truncate(first_key);
            self.frames.pop();
        }
        self.at += 1;
        Ok(())
    }

    fn key(&mut self) -> Result<(), JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.malformed("expected a key in double quotes"));
        }
        let start = self.at;
        let escaped = self.string()?;
        let key = if escaped { self.unescaped(start)? } else { Cow::Borrowed(&self.text[start + 1..self.at - 1]) };
        if key.starts_with(RESERVED) {
            return Err(self.malformed("this key is reserved"));
        }
        self.keys.push(key);
        self.blank();
        if self.peek() != Some(b':') {
            return Err(self.malformed("expected `:` after the key"));
        }
        self.at += 1;
        Ok(())
    }

    /// The string from its opening quote at `start` to here, with its escapes resolved.
    fn unescaped(&self, start: usize) -> Result<Cow<'a, str>, JsonError> {
        let decoded = serde_json::from_str::<String>(&self.text[start..self.at]);
        decoded.map(Cow::Owned).map_err(|_| self.malformed("the key is not a string"))
    }

    /// Passes over a string; says whether it holds escapes.
    fn string(&mut self) -> Result<bool, JsonError> {
        self.at += 1;
        let mut escaped = false;
        loop {
            let plain = |b: &u8| *b >= 0x20 && *b != b'"' && *b != b'\\';
            self.at += self.bytes[self.at..].iter().take_while(|b| plain(b)).count();
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err(self.malformed("a control character stands in a string")),
                None => return Err(self.malformed("a string is not closed")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(())
            }
            Some(b'u') => match (self.unit(self.at), self.unit(self.at + 6)) {
                (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => {
                    self.at += 12;
                    Ok(())
                }
                (Some(0xD800..=0xDFFF), _) => Err(self.malformed("half of a surrogate pair")),
                (Some(_), _) => {
                    self.at += 6;
                    Ok(())
                }
                (None, _) => Err(self.malformed("`\\u` needs four hexadecimal digits")),
            },
            _ => Err(self.malformed("unknown escape in a string")),
        }
    }

    /// The UTF-16 code unit written as `\uXXXX` at `at`.
    fn unit(&self, at: usize) -> Option<u16> {
        let digits = self.bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
        digits.iter().try_fold(0_u16, |unit, digit| {
            let value = char::from(*digit).to_digit(16)?;
            Some(unit << 4 | u16::try_from(value).ok()?)
        })
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let first = self.at;
        if self.digits()? > 1 && self.bytes[first] == b'0' {
            return Err(self.malformed("a number begins with a superfluous zero"));
        }
        let integer = &self.bytes[first..self.at];
        let fraction = self.peek() == Some(b'.');
        if fraction {
            self.at += 1;
            self.digits()?;
        }
        let exponent = matches!(self.peek(), Some(b'e' | b'E'));
        if exponent {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        if self.limits.integers_only {
            // A negative zero is a float to most readers.
            let negative_zero = negative && integer == b"0";
            if fraction || exponent || negative_zero || !within_integers(integer) {
                let detail = "only integers of at most 2^53, without fraction or exponent, are allowed here";
                return Err(self.fault(Code::JsonNumber, detail.to_owned()));
            }
        } else if exponent || integer.len() > SURELY_FINITE_DIGITS {
            let value: Option<f64> = self.text[start..self.at].parse().ok();
            if !value.is_some_and(f64::is_finite) {
                return Err(self.fault(Code::JsonNumber, "no IEEE 754 double holds this number".to_owned()));
            }
        }
        Ok(())
    }

    /// Passes over one or more digits and counts them.
    fn digits(&mut self) -> Result<usize, JsonError> {
        let count = self.bytes[self.at..].iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += count;
        if count == 0 { Err(self.malformed("a number lacks a digit")) } else { Ok(count) }
    }

    fn malformed(&self, what: &str) -> JsonError {
        let before = &self.bytes[..self.at.min(self.bytes.len())];
        let line = before.split(|b| *b == b'\n').count();
        let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
        self.fault(Code::JsonMalformed, format!("{what} (line {line}, column {column})"))
    }

    fn fault(&self, code: Code, detail: String) -> JsonError {
        let mut path = String::from("$");
        for (i, frame) in self.frames.iter().enumerate() {
            let end = self.frames.get(i + 1).map_or(self.keys.len(), |inner| inner.first_key);
            match (frame.is_object, self.keys[frame.first_key..end].last()) {
                (true, Some(key)) => push_key(&mut path, key),
                (true, None) => {}
                (false, _) => push_index(&mut path, frame.index),
            }
        }
        JsonError { code, path, detail }
    }
}

/// Whether the digits stand for at most [`JSON_INTEGER`].
fn within_integers(digits: &[u8]) -> bool {
    let value = digits.iter().try_fold(0_u64, |value, digit| {
        let value = value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
        (value <= JSON_INTEGER).then_some(value)
    });
    value.is_some()
}

/// The position of the first key that stood before. Pairwise for few keys, by sorting for many, so
/// that an object of ten thousand keys costs no square.
fn duplicate(keys: &[Cow<'_, str>]) -> Option<usize> {
    if keys.len() <= FEW_KEYS {
        return (1..keys.len()).find(|i| keys[..*i].contains(&keys[*i]));
    }
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_unstable_by(|a, b| keys[*a].cmp(&keys[*b]).then(a.cmp(b)));
    order.windows(2).filter(|pair| keys[pair[0]] == keys[pair[1]]).map(|pair| pair[1]).min()
}
