//! Forms of strings. Each stands for one regular expression of a standard, written out by hand: the
//! expressions are tiny, and no engine means no engine's surprises.

use super::super::codelist::ListKind;
use super::super::date::{Date, is_date_time};

/// What a string looks like, apart from its length.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Form {
    Any,
    /// `^\S(?:.*\S)?$`
    Trimmed,
    /// `^\S+$`
    Unbroken,
    /// Trimmed, and no control characters: for our own schemas.
    Printed,
    /// `[A-Z]`: ISO 3166-1 alpha-2
    Country,
    /// `[A-Z]`: ISO 4217
    Currency,
    /// `\d`, ASCII only
    Digits,
    /// `\d`, ASCII only: a tariff code of the Harmonized System
    Tariff,
    /// `[A-Z0-9]`
    Code,
    /// `[A-Z0-9]`: UN/ECE Recommendation 21
    Package,
    /// `[A-Z0-9]`: UN/ECE Recommendation 20
    Unit,
    /// UN/LOCODE: `^[A-Z]{2}[A-Z2-9]{3}$`
    Locode,
    /// `^.+@\S+$`
    Email,
    /// Universal voyage reference: `^\d{2}[0-9A-Z]{2}[NEWSR]$`
    Voyage,
    /// IMDG coded variant list: `^[0-3][0-9A-Z]{3}$`
    Variants,
    /// IMO subsidiary risk: `^[0-9](\.[0-9])?$`
    Risk,
    /// A decimal number above zero as text: `^(0|[1-9]\d*)(\.\d{1,6})?$`
    Decimal,
    /// RFC 3339 full-date
    Date,
    /// RFC 3339 date-time
    DateTime,
    OneOf(&'static [&'static str]),
}

impl Form {
    /// The rule that a breach is reported under.
    pub(super) const fn rule(self) -> &'static str {
        match self {
            Self::OneOf(_) => "schema.enum",
            Self::Date | Self::DateTime => "schema.date",
            _ => "schema.pattern",
        }
    }

    /// Whether the form itself says how long the string is.
    pub(super) const fn fixes_length(self) -> bool {
        matches!(self, Self::OneOf(_) | Self::Date | Self::DateTime)
    }

    /// The list that the string should be on.
    pub(super) const fn list(self) -> Option<ListKind> {
        match self {
            Self::Country => Some(ListKind::Country),
            Self::Currency => Some(ListKind::Currency),
            Self::Package => Some(ListKind::Package),
            Self::Unit => Some(ListKind::Unit),
            Self::Locode => Some(ListKind::Locode),
            Self::Tariff => Some(ListKind::Hs),
            _ => None,
        }
    }

    pub(super) fn accepts(self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let code = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        match self {
            Self::Any => true,
            Self::Trimmed => is_trimmed(text),
            Self::Unbroken => !text.is_empty() && !text.chars().any(is_blank),
            Self::Printed => is_trimmed(text) && !text.chars().any(char::is_control),
            Self::Country | Self::Currency => bytes.iter().all(u8::is_ascii_uppercase),
            Self::Digits | Self::Tariff => bytes.iter().all(u8::is_ascii_digit),
            Self::Code | Self::Package | Self::Unit => bytes.iter().all(code),
            Self::Locode => bytes.split_at_checked(2).is_some_and(|(country, place)| {
                let in_place = |b: &u8| b.is_ascii_uppercase() || (b'2'..=b'9').contains(b);
                country.iter().all(u8::is_ascii_uppercase) && place.iter().all(in_place)
            }),
            Self::Email => is_email(text),
            Self::Voyage => match bytes {
                [y1, y2, n1, n2, b'N' | b'E' | b'W' | b'S' | b'R'] => {
                    y1.is_ascii_digit() && y2.is_ascii_digit() && code(n1) && code(n2)
                }
                _ => false,
            },
            Self::Variants => matches!(bytes, [b'0'..=b'3', rest @ ..] if rest.iter().all(code)),
            Self::Risk => match bytes {
                [class] => class.is_ascii_digit(),
                [class, b'.', division] => class.is_ascii_digit() && division.is_ascii_digit(),
                _ => false,
            },
            Self::Decimal => is_decimal(bytes),
            Self::Date => Date::parse(text).is_some(),
            Self::DateTime => is_date_time(text),
            Self::OneOf(values) => values.contains(&text),
        }
    }

    /// What is expected, in words.
    pub(in super::super) fn says(self) -> String {
        let words = match self {
            Self::Any => "any text",
            Self::Trimmed => "one line that neither begins nor ends with a blank",
            Self::Unbroken => "text without blanks",
            Self::Printed => "one line of printable text that neither begins nor ends with a blank",
            Self::Country | Self::Currency => "capital letters A to Z",
            Self::Digits | Self::Tariff => "digits",
            Self::Code | Self::Package | Self::Unit => "capital letters A to Z and digits",
            Self::Locode => "a UN/LOCODE: two letters of the country, then three letters or digits 2 to 9",
            Self::Email => "an e-mail address",
            Self::Voyage => "a universal voyage reference such as `2601W`",
            Self::Variants => "an IMDG coded variant list",
            Self::Risk => "a class such as `3` or `6.1`",
            Self::Decimal => "a decimal number above zero such as `12.5`, at most six decimals",
            Self::Date => "a date of the calendar as `YYYY-MM-DD`",
            Self::DateTime => "a date and time as `YYYY-MM-DDThh:mm:ssZ`",
            Self::OneOf(values) => return format!("one of {}", values.join(", ")),
        };
        words.to_owned()
    }
}

/// `\s` of ECMA-262, by which JSON Schema patterns are read.
fn is_blank(c: char) -> bool {
    (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}'
}

fn is_trimmed(text: &str) -> bool {
    let edges = [text.chars().next(), text.chars().next_back()];
    let solid = edges.iter().all(|edge| edge.is_some_and(|c| !is_blank(c)));
    solid && is_one_line(text)
}

/// `.` of ECMA-262 matches all but these.
fn is_one_line(text: &str) -> bool {
    !text.contains(['\n', '\r', '\u{2028}', '\u{2029}'])
}

/// The last blank-free run holds an `@` that something stands before and after.
fn is_email(text: &str) -> bool {
    text.char_indices().filter(|(_, c)| *c == '@').any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + 1..]);
        !before.is_empty() && is_one_line(before) && !after.is_empty() && !after.chars().any(is_blank)
    })
}

fn is_decimal(bytes: &[u8]) -> bool {
    let mut halves = bytes.splitn(2, |b| *b == b'.');
    let integer = halves.next().unwrap_or_default();
    let fraction_fits = halves
        .next()
        .is_none_or(|fraction| (1..=6).contains(&fraction.len()) && fraction.iter().all(u8::is_ascii_digit));
    let integer_fits = matches!(integer, [b'0'] | [b'1'..=b'9', ..]) && integer.iter().all(u8::is_ascii_digit);
    fraction_fits && integer_fits && bytes.iter().any(|b| (b'1'..=b'9').contains(b))
}
