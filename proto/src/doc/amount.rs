//! Exact amounts: decimals as documents print them, never floats.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Fractional digits of an [`Amount`].
const SCALE: u8 = 9;
/// Integer digits of an [`Amount`].
const WHOLE: u8 = 15;
/// One, counted in the last fractional digit.
const ONE: u128 = 10_u128.pow(SCALE as u32);
/// The first amount that has too many digits.
const BEYOND: u128 = 10_u128.pow(WHOLE as u32) * ONE;

/// A non-negative decimal of at most 15 integer and 9 fractional digits. One spelling: no leading or
/// trailing zero that could be left out, no exponent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Amount(u128);

/// The text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a decimal such as `1250.5`: at most 15 digits, a point, at most 9 digits")]
pub struct NotAnAmount;

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Reads a decimal as a document prints it: zeros that could be left out are no fault.
    pub fn read(text: &str) -> Result<Self, NotAnAmount> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err(NotAnAmount);
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        if whole.len() > usize::from(WHOLE) || fraction.len() > usize::from(SCALE) {
            return Err(NotAnAmount);
        }
        // At most 24 digits, which a u128 holds.
        let zeros = std::iter::repeat_n(b'0', usize::from(SCALE) - fraction.len());
        let all = whole.bytes().chain(fraction.bytes()).chain(zeros);
        Ok(Self(all.fold(0, |value, b| value * 10 + u128::from(b - b'0'))))
    }

    /// Reads a JSON number, exponent and all, digit by digit: no double stands between.
    pub fn from_json(text: &str) -> Result<Self, NotAnAmount> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i32 = exponent.parse().map_err(|_| NotAnAmount)?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits: String = whole.chars().chain(fraction.chars()).collect();
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotAnAmount);
        }
        let significant = digits.trim_end_matches('0').trim_start_matches('0');
        if significant.is_empty() {
            return Ok(Self::ZERO);
        }
        // The place of the last significant digit, counted from the point to the right.
        let trailing = digits.len() - digits.trim_end_matches('0').len();
        let decimals = signed(fraction.len())? - signed(trailing)? - i64::from(exponent);
        let shift = i64::from(SCALE).checked_sub(decimals).and_then(|shift| u32::try_from(shift).ok());
        let too_many = significant.len() > usize::from(WHOLE + SCALE);
        let (Some(shift), false) = (shift, too_many) else { return Err(NotAnAmount) };
        let value = significant.bytes().fold(0_u128, |value, b| value * 10 + u128::from(b - b'0'));
        let scaled = 10_u128.checked_pow(shift).and_then(|power| value.checked_mul(power));
        scaled.filter(|scaled| *scaled < BEYOND).map(Self).ok_or(NotAnAmount)
    }

    /// In the last fractional digit, a billionth.
    pub(crate) const fn billionths(self) -> u128 {
        self.0
    }

    /// So many billionths, unless it has too many digits.
    pub(crate) fn from_billionths(billionths: u128) -> Option<Self> {
        (billionths < BEYOND).then_some(Self(billionths))
    }

    /// The sum, unless it has too many digits.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        let sum = self.0.checked_add(other.0)?;
        (sum < BEYOND).then_some(Self(sum))
    }

    /// The difference, unless it is negative.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

/// A count of digits in a text that a body's size bounds.
fn signed(count: usize) -> Result<i64, NotAnAmount> {
    i64::try_from(count).map_err(|_| NotAnAmount)
}

impl From<u64> for Amount {
    /// A count; beyond 15 digits the largest count there is.
    fn from(count: u64) -> Self {
        Self((u128::from(count) * ONE).min(BEYOND - ONE))
    }
}

impl FromStr for Amount {
    type Err = NotAnAmount;

    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        let amount = Self::read(text)?;
        if amount.to_string() == text { Ok(amount) } else { Err(NotAnAmount) }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / ONE, self.0 % ONE);
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        let fraction = format!("{fraction:0width$}", width = usize::from(SCALE));
        write!(f, "{whole}.{}", fraction.trim_end_matches('0'))
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A unit of measure: one to three of `A-Z` and `0-9` (UN/ECE Recommendation 20 or 21), such as `KGM`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, Serialize)]
#[serde(transparent)]
pub struct Unit(String);

/// The text is no unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a unit has one to three capitals or digits (UN/ECE Recommendation 20), such as KGM")]
pub struct NotAUnit;

impl Unit {
    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Unit {
    type Err = NotAUnit;

    fn from_str(text: &str) -> Result<Self, NotAUnit> {
        let sign = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        if (1..=3).contains(&text.len()) && text.bytes().all(sign) { Ok(Self(text.to_owned())) } else { Err(NotAUnit) }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl BorshDeserialize for Unit {
    fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
        let text = String::deserialize_reader(reader)?;
        text.parse().map_err(|NotAUnit| borsh::io::ErrorKind::InvalidData.into())
    }
}

impl<'de> Deserialize<'de> for Unit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Amounts by unit. No unit is converted into another: an account in kilograms is used in kilograms.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Amounts(pub BTreeMap<Unit, Amount>);

impl Amounts {
    /// Unit by unit; none when a sum has too many digits.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Option<Self> {
        let mut sum = self.clone();
        for (unit, amount) in &other.0 {
            let place = sum.0.entry(unit.clone()).or_default();
            *place = place.plus(*amount)?;
        }
        Some(sum)
    }

    /// Unit by unit; none when `other` has a unit that is not here, or more of it.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Option<Self> {
        let mut rest = self.clone();
        for (unit, amount) in &other.0 {
            let place = rest.0.get_mut(unit)?;
            *place = place.minus(*amount)?;
        }
        Some(rest)
    }

    /// Whether there is nothing of any unit.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.values().all(|amount| *amount == Amount::ZERO)
    }
}

impl fmt::Display for Amounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (unit, amount)) in self.0.iter().enumerate() {
            let between = if i == 0 { "" } else { ", " };
            write!(f, "{between}{amount} {}", unit.as_str())?;
        }
        if self.0.is_empty() { f.write_str("nothing") } else { Ok(()) }
    }
}

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// How much.
    pub value: Amount,
    /// ISO 4217 code.
    pub currency: Currency,
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.value, self.currency)
    }
}

/// A currency: three capitals (ISO 4217). Whether the code is in use is for a code list to say.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, Serialize)]
#[serde(transparent)]
pub struct Currency(Unit);

/// The text is no currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a currency is three capitals (ISO 4217), such as USD")]
pub struct NotACurrency;

impl FromStr for Currency {
    type Err = NotACurrency;

    fn from_str(text: &str) -> Result<Self, NotACurrency> {
        let capitals = text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase());
        if capitals { text.parse().map(Self).map_err(|NotAUnit| NotACurrency) } else { Err(NotACurrency) }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl BorshDeserialize for Currency {
    fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
        let text = String::deserialize_reader(reader)?;
        text.parse().map_err(|NotACurrency| borsh::io::ErrorKind::InvalidData.into())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a bill of lading covers: packages, and gross weight by unit (`KGM`, `LBR`).
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantity {
    /// Packages of any kind.
    pub packages: u64,
    /// Gross weight by unit.
    pub gross: Amounts,
}

impl Quantity {
    /// Both together; none when a sum has too many digits.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Option<Self> {
        Some(Self { packages: self.packages.checked_add(other.packages)?, gross: self.gross.plus(&other.gross)? })
    }

    /// What is left; none when `other` is more.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Option<Self> {
        Some(Self { packages: self.packages.checked_sub(other.packages)?, gross: self.gross.minus(&other.gross)? })
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.packages == 0 && self.gross.is_zero()
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} packages, {}", self.packages, self.gross)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_have_one_spelling() {
        for good in ["0", "1", "1250.5", "0.000000001", "999999999999999.999999999"] {
            assert_eq!(good.parse::<Amount>().expect(good).to_string(), good);
        }
        for bad in
            ["", ".", "1.", ".5", "01", "1.50", "-1", "+1", "1e3", "1,5", "1000000000000000", "0.0000000001", "\u{661}"]
        {
            assert_eq!(bad.parse::<Amount>(), Err(NotAnAmount), "{bad}");
        }
        assert_eq!(Amount::read("0012.50"), "12.5".parse());
        assert_eq!(Amount::from(7).to_string(), "7");
    }

    #[test]
    fn json_numbers_are_read_digit_by_digit() {
        for (text, exact) in [
            ("9840.50", "9840.5"),
            ("0", "0"),
            ("0.000e7", "0"),
            ("98405e-1", "9840.5"),
            ("9.8405E+3", "9840.5"),
            ("0.00984050e+6", "9840.5"),
            ("1e14", "100000000000000"),
            ("1000000000e-18", "0.000000001"),
            // No double holds these.
            ("9007199254740993", ""),
            ("907199254740993.000000001", "907199254740993.000000001"),
            ("0.100000000000000000000", "0.1"),
        ] {
            let expected = if exact.is_empty() { Err(NotAnAmount) } else { Ok(exact.parse().expect(exact)) };
            assert_eq!(Amount::from_json(text), expected, "{text}");
        }
        for bad in
            ["-1", "1e15", "0.0000000001", "1e-10", "1e99999999999999999999", "1e-9223372036854775808", "", ".", "e1"]
        {
            assert_eq!(Amount::from_json(bad), Err(NotAnAmount), "{bad}");
        }
    }

    #[test]
    fn units_have_one_spelling() {
        for bad in ["", "kgm", "KGMS", "K M"] {
            assert_eq!(bad.parse::<Unit>(), Err(NotAUnit), "{bad}");
        }
        assert_eq!("KGM".parse::<Unit>().map(|unit| unit.as_str().to_owned()), Ok("KGM".to_owned()));
    }

    fn amounts() -> impl Strategy<Value = Amounts> {
        let unit = prop::sample::select(vec!["KGM", "LBR", "PCE"]);
        let amount = (0..10_u128.pow(20)).prop_map(Amount);
        prop::collection::btree_map(unit.prop_map(|unit| unit.parse().expect("unit")), amount, 0..3).prop_map(Amounts)
    }

    proptest! {
        #[test]
        fn what_is_added_can_be_taken_away_again(a in amounts(), b in amounts()) {
            let sum = a.plus(&b).expect("few digits");
            let rest = sum.minus(&b).expect("less");
            for (unit, amount) in &rest.0 {
                prop_assert_eq!(*amount, a.0.get(unit).copied().unwrap_or_default());
            }
            let more = b.plus(&Amounts(BTreeMap::from([("KGM".parse().expect("unit"), Amount(1))]))).expect("few");
            prop_assert_eq!(b.minus(&more), None);
        }

        #[test]
        fn an_exponent_moves_the_point_and_nothing_else(nano in 0..10_u128.pow(24), shift in 0..40_u32) {
            let text = format!("{nano}{}e-{}", "0".repeat(shift as usize), u32::from(SCALE) + shift);
            prop_assert_eq!(Amount::from_json(&text), Ok(Amount(nano)));
            prop_assert_eq!(Amount::from_json(&Amount(nano).to_string()), Ok(Amount(nano)));
        }

        #[test]
        fn text_and_amount_are_one(nano in 0..10_u128.pow(24)) {
            let amount = Amount(nano);
            prop_assert_eq!(amount.to_string().parse::<Amount>(), Ok(amount));
        }
    }
}
