//! Whole numbers as JSON Schema takes them: `60`, and `60.0` and `6e1` as well (2020-12 Core §4.2.3: what has no
//! fraction is an integer, however it is written). What the schema accepts a view must read.

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::Number;

/// A count.
pub(super) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = Number::deserialize(deserializer)?;
    number.as_u64().or_else(|| without_fraction(&number)).ok_or_else(|| D::Error::custom("not a count"))
}

/// A count that may be absent.
pub(super) fn whole_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    whole(deserializer).map(Some)
}

/// A double that is a whole number and small enough to be exact; `-0` is 0.
fn without_fraction(number: &Number) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let double = number.as_f64().filter(|n| n.fract() == 0.0 && (0.0..=EXACT).contains(n))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and within 0 to 2^53")]
    Some(double as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_without_a_fraction_is_whole_however_it_is_written() {
        let read = |text: &str| whole(&mut serde_json::Deserializer::from_str(text)).ok();
        for (text, number) in [("60", 60), ("60.0", 60), ("6e1", 60), ("600e-1", 60), ("0", 0), ("-0", 0), ("-0.0", 0)]
        {
            assert_eq!(read(text), Some(number), "{text}");
        }
        assert_eq!(read("9007199254740992.0"), Some(1 << 53));
        assert_eq!(read("18446744073709551615"), Some(u64::MAX));
        for text in ["-1", "0.5", "-1.0", "9007199254740994.0", "1e300", "\"1\"", "null", "true"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
