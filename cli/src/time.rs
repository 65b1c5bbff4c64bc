//! Times as people read and write them. The only place that reads the clock.

use std::time::Duration;

use jiff::Timestamp;

/// Now, in Unix milliseconds.
pub(crate) fn now_ms() -> u64 {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default()
}

/// `2026-11-24 09:30:00 UTC`.
pub(crate) fn utc(ms: u64) -> String {
    match i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()) {
        Some(time) => time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        None => format!("{ms} ms after 1970"),
    }
}

/// `12 s ago`, `3 min ago`, `in 5 s`.
pub(crate) fn ago(then_ms: u64, now_ms: u64) -> String {
    let words = |ms: u64| match ms / 1_000 {
        s @ 0..120 => format!("{s} s"),
        s @ 120..7_200 => format!("{} min", s / 60),
        s @ 7_200..172_800 => format!("{} h", s / 3_600),
        s => format!("{} days", s / 86_400),
    };
    if then_ms > now_ms {
        format!("in {}", words(then_ms - now_ms))
    } else {
        format!("{} ago", words(now_ms - then_ms))
    }
}

/// A span of time as the user writes it: `90s`, `5m`, `1h30m`, `7d`.
pub(crate) fn parse_span(text: &str) -> Result<Duration, String> {
    let wrong = || "a span of time is written as `90s`, `5m`, `1h30m` or `7d`".to_owned();
    let mut rest = text;
    let mut seconds = 0_u64;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at(digits);
        let unit = match tail.bytes().next() {
            Some(b's') => 1,
            Some(b'm') => 60,
            Some(b'h') => 3_600,
            Some(b'd') => 86_400,
            _ => return Err(wrong()),
        };
        let span = number.parse::<u64>().ok().and_then(|n| n.checked_mul(unit));
        seconds = span.and_then(|span| seconds.checked_add(span)).ok_or_else(wrong)?;
        rest = &tail[1..];
    }
    if seconds == 0 { Err(wrong()) } else { Ok(Duration::from_secs(seconds)) }
}

/// The beginning of a day, in UTC, in Unix milliseconds.
pub(crate) fn parse_day(text: &str) -> Result<u64, String> {
    let wrong = || "a day from 1970 on is written as `2026-03-05`".to_owned();
    let is_day = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let begin: Option<Timestamp> = format!("{text}T00:00:00Z").parse().ok().filter(|_| is_day);
    begin.and_then(|begin| u64::try_from(begin.as_millisecond()).ok()).ok_or_else(wrong)
}

/// A span in milliseconds.
pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_written() {
        for (text, seconds) in [("90s", 90), ("5m", 300), ("1h30m", 5_400), ("7d", 604_800)] {
            assert_eq!(parse_span(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "5", "m", "0s", "5 m", "1w", "99999999999999999999d", "-1s"] {
            assert!(parse_span(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn days_begin_at_midnight() {
        assert_eq!(parse_day("1970-01-02"), Ok(86_400_000));
        for bad in ["", "yesterday", "2026-02-30", "1969-12-31", "05.03.2026"] {
            assert!(parse_day(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_shown_in_utc_whatever_they_are() {
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(u64::MAX), format!("{} ms after 1970", u64::MAX));
        assert_eq!(ago(0, 61_000), "61 s ago");
        assert_eq!(ago(10_000, 5_000), "in 5 s");
    }
}
