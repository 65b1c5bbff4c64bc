//! What was measured: JSON for programs, a table for people.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::load::Latencies;

/// Share of the machine that others may use before a person is warned.
const QUIET: f64 = 0.05;

/// Everything that a run measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Nodes that vote.
    pub validators: u32,
    /// Nodes that verify: all of them.
    pub nodes: u32,
    /// Documents of the saturation phase.
    pub documents: usize,
    /// Bytes of each document.
    pub size: usize,
    /// `co` or `bl`.
    pub kind: &'static str,
    /// Whether this program was built with optimisation; without it no figure means anything.
    pub release: bool,
    /// Processor cores of this machine.
    pub cores: u32,
    /// Documents finalised per second under saturation, from the first submission to the last finality.
    pub committed_per_s: f64,
    /// Strict verifications per second of processor time on one core, in this run.
    pub verify_per_s_per_core: f64,
    /// What the machine could finalise if nodes did nothing but verify: rate × cores ÷ nodes.
    pub bound_per_s: f64,
    /// `committed_per_s` ÷ `bound_per_s`.
    pub ratio: f64,
    /// Share of the processor time of nodes and client that verifying each statement once on each node takes:
    /// what `ratio` could be if nobody ever waited and nobody else used the machine.
    pub ratio_of_cpu: f64,
    /// Blocks of the saturation phase.
    pub blocks: u64,
    /// Submissions that were sent again because a node was full.
    pub sent_again: u64,
    /// From when a document was due to when it was known to be final.
    pub latency_ms: LatencyReport,
    /// One synced write of 4 KiB before and after all phases: no node can be faster.
    pub fsync_ms: Percentiles,
    /// Growth on disk per document after both loads, by node, write-ahead logs included.
    pub bytes_per_document: BTreeMap<String, f64>,
    /// The part of it that is still in write-ahead logs.
    pub log_bytes_per_document: BTreeMap<String, f64>,
    /// Resident memory at the end of the steady load, by node.
    pub rss_mb: BTreeMap<String, f64>,
    /// Most resident memory until then, by node.
    pub rss_peak_mb: BTreeMap<String, f64>,
    /// Processor seconds of the saturation phase, by node.
    pub cpu_s: BTreeMap<String, f64>,
    /// Processor seconds of the client in the saturation phase.
    pub client_cpu_s: f64,
    /// Share of this machine that others used in the saturation phase: the more, the lower `committed_per_s`.
    pub others_share: f64,
    /// Wall-clock seconds of the saturation phase.
    pub saturation_s: f64,
}

/// Latencies of the three phases that measure them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LatencyReport {
    /// At 80 % of `committed_per_s`.
    pub at_80_percent: Percentiles,
    /// With one document in flight.
    pub single: Percentiles,
    /// The same with one validator down.
    pub single_one_down: Option<Percentiles>,
}

/// Percentiles in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Percentiles {
    /// Median.
    pub p50: f64,
    /// 99 of 100 are faster.
    pub p99: f64,
    /// The slowest.
    pub max: f64,
    /// How many were measured.
    pub samples: u64,
}

impl From<&Latencies> for Percentiles {
    fn from(latencies: &Latencies) -> Self {
        let at = |quantile| ms(latencies.value_at_quantile(quantile));
        Self { p50: at(0.5), p99: at(0.99), max: ms(latencies.max()), samples: latencies.len() }
    }
}

/// Microseconds as milliseconds with two decimals.
#[expect(clippy::cast_precision_loss, reason = "a latency has far fewer than 2^52 microseconds")]
fn ms(micros: u64) -> f64 {
    round(micros as f64 / 1_000.0)
}

/// Two decimals: nothing here is measured better.
#[must_use]
pub fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

impl Report {
    /// The table for people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut table = String::new();
        let mut row = |name: &str, value: String| {
            // Writing to a string cannot fail.
            let _ = writeln!(table, "  {name:<26} {value}");
        };
        let build = if self.release { "" } else { "  (NOT a release build: these figures mean nothing)" };
        row("load", format!("{} {} of {} bytes{build}", self.documents, self.kind, self.size));
        row("network", format!("{} validators, {} nodes, {} cores", self.validators, self.nodes, self.cores));
        row("committed", format!("{:.0} documents/s in {} blocks", self.committed_per_s, self.blocks));
        row(
            "bound",
            format!("{:.0} documents/s ({:.0} verifications/s per core)", self.bound_per_s, self.verify_per_s_per_core),
        );
        row("ratio", format!("{:.3} (by processor time {:.3})", self.ratio, self.ratio_of_cpu));
        row("latency at 80 %", self.latency_ms.at_80_percent.words());
        row("latency, one in flight", self.latency_ms.single.words());
        if let Some(down) = &self.latency_ms.single_one_down {
            row("the same, one node down", down.words());
        }
        row("one synced write", self.fsync_ms.words());
        for (name, bytes) in &self.bytes_per_document {
            let of = |map: &BTreeMap<String, f64>| map.get(name).copied().unwrap_or_default();
            let (rss, peak, cpu) = (of(&self.rss_mb), of(&self.rss_peak_mb), of(&self.cpu_s));
            let disk = format!("{bytes:.0} bytes/document ({:.0} in logs)", of(&self.log_bytes_per_document));
            row(name, format!("{disk}, {rss:.0} MB (peak {peak:.0}), {cpu:.1} s of processor"));
        }
        row("client", format!("{:.1} s of processor, {} sent again", self.client_cpu_s, self.sent_again));
        if self.others_share > QUIET {
            let others = self.others_share * 100.0;
            row("WARNING", format!("others used {others:.0} % of this machine: measure again when it is quiet"));
        }
        table
    }
}

impl Percentiles {
    /// The percentiles in one line.
    #[must_use]
    pub fn words(&self) -> String {
        format!("p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms ({} samples)", self.p50, self.p99, self.max, self.samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_milliseconds() {
        let mut latencies = Latencies::new(3).expect("a histogram");
        for ms in 1..=100 {
            latencies.record(ms * 1_000).expect("records");
        }
        let percentiles = Percentiles::from(&latencies);
        assert!((percentiles.p50 - 50.0).abs() < 0.1, "{percentiles:?}");
        assert!((percentiles.p99 - 99.0).abs() < 0.1, "{percentiles:?}");
        assert_eq!(percentiles.samples, 100);
        assert!(percentiles.words().starts_with("p50 50.0 ms, p99 99.0 ms"), "{}", percentiles.words());
    }
}
