//! What a run measured.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use crate::bench::report::{Percentiles, round};

/// What honest clients keep at least, as a share of what they keep when nobody attacks.
const LEAST: f64 = 0.5;

/// One phase.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Which attack, or none.
    pub name: String,
    /// Honest documents that became final in a second.
    pub final_per_s: f64,
    /// Time until they were, from when they were due.
    pub latency_ms: Percentiles,
    /// What attackers began: connections or requests.
    pub attempts: u64,
    /// Memory of the largest node at its end, in MB.
    pub rss_mb: f64,
    /// Most memory that any node ever had by then, in MB.
    pub rss_peak_mb: f64,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Honest documents offered in a second.
    pub rate: u32,
    /// Seconds of each phase.
    pub seconds: u32,
    /// Whether the figures mean anything.
    pub release: bool,
    /// The phases; the first is without attackers.
    pub rows: Vec<Row>,
}

impl Row {
    /// The phase in one line.
    pub(super) fn words(&self, rate: f64) -> String {
        let Percentiles { p50, p99, .. } = self.latency_ms;
        format!(
            "  {:<12} {:>7.1}/s of {rate:.0}, p50 {p50:>7.1} ms, p99 {p99:>7.1} ms, memory {:>5.0} MB (peak {:>5.0}), {} attempts",
            self.name, self.final_per_s, self.rss_mb, self.rss_peak_mb, self.attempts
        )
    }
}

impl Report {
    /// The least that honest clients kept in any phase, as a share of the first.
    #[must_use]
    pub fn least_share(&self) -> f64 {
        let Some(quiet) = self.rows.first().map(|row| row.final_per_s).filter(|rate| *rate > 0.0) else { return 0.0 };
        self.rows.iter().map(|row| row.final_per_s / quiet).fold(f64::INFINITY, f64::min)
    }

    /// Whether it is enough.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.least_share() >= LEAST
    }

    /// The table for people.
    #[must_use]
    pub fn table(&self) -> String {
        let build = if self.release { "" } else { " (NOT a release build)" };
        let mut table = format!("{} documents/s for {} s in each phase{build}\n", self.rate, self.seconds);
        for row in &self.rows {
            // Writing to a string cannot fail.
            let _ = writeln!(table, "{}", row.words(f64::from(self.rate)));
        }
        let peak = self.rows.iter().map(|row| row.rss_peak_mb).fold(0.0, f64::max);
        let share = self.least_share() * 100.0;
        let _ = write!(table, "  honest clients kept {share:.0} % at least; no node had more than {peak:.0} MB");
        table
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
pub(super) fn per_second(documents: usize, elapsed: Duration) -> f64 {
    round(documents as f64 / elapsed.as_secs_f64())
}

#[expect(clippy::cast_precision_loss, reason = "memory far below 2^52 bytes")]
pub(super) fn megabytes(bytes: Option<u64>) -> f64 {
    round(bytes.unwrap_or_default() as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_half_in_any_phase_is_too_little() {
        let row = |final_per_s| Row {
            name: "x".to_owned(),
            final_per_s,
            latency_ms: Percentiles::default(),
            attempts: 1,
            rss_mb: 1.0,
            rss_peak_mb: 2.0,
        };
        let report = |rates: &[f64]| Report {
            rate: 200,
            seconds: 1,
            release: true,
            rows: rates.iter().copied().map(row).collect(),
        };
        assert!(report(&[200.0, 100.0, 199.0]).holds());
        assert!(!report(&[200.0, 99.0, 199.0]).holds());
        assert!(!report(&[]).holds());
        assert!(report(&[200.0, 150.0]).table().contains("kept 75 % at least; no node had more than 2 MB"));
        assert!((per_second(50, Duration::from_secs(2)) - 25.0).abs() < 0.01);
        assert!((megabytes(Some(3_000_000)) - 3.0).abs() < 0.01);
    }
}
