//! What was done to the network and how it took it: JSON for programs, a table for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use super::audit::Checked;
use super::hand::Tally;
use super::memory::Memory;
use super::violation::Violation;
use crate::clock;
use crate::cluster::ground::Ground;

/// Times to heal, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Heal {
    /// Disturbances.
    pub count: usize,
    /// Half of them took no longer.
    pub median_ms: u64,
    /// None took longer.
    pub max_ms: u64,
}

impl Heal {
    fn of<'a>(times: impl IntoIterator<Item = &'a Duration>) -> Self {
        let mut times: Vec<u64> = times.into_iter().map(|time| clock::millis(*time)).collect();
        times.sort_unstable();
        let median_ms = times.get(times.len().saturating_sub(1) / 2).copied().unwrap_or_default();
        Self { count: times.len(), median_ms, max_ms: times.last().copied().unwrap_or_default() }
    }
}

/// Everything about a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its plan.
    pub seed: u64,
    /// Where its nodes lived.
    pub ground: Ground,
    /// Nodes that vote; there are no others.
    pub validators: usize,
    /// How long it was disturbed.
    pub seconds: u64,
    /// `kill -9`.
    pub kills: u64,
    /// `SIGSTOP`.
    pub pauses: u64,
    /// Nodes cut off, in one direction or both, and splits.
    pub partitions: u64,
    /// Clocks set wrong by seconds or minutes, and right again.
    pub clocks: u64,
    /// Nodes whose files could not grow.
    pub full_disks: u64,
    /// Those of them that ended by themselves for it.
    pub fell: u64,
    /// Statements that a node called final to a client.
    pub acknowledged: usize,
    /// Times that a client turned to the next node with a statement.
    pub sent_again: u64,
    /// Heights compared on every node.
    pub heights: u64,
    /// Acknowledged statements that are not where they were, summed over nodes.
    pub lost: usize,
    /// Heights at which a node has another block, summed over nodes.
    pub forked: usize,
    /// Proofs that nodes keep of somebody who signed two things.
    pub accused: usize,
    /// Longest time without an acknowledgement while a quorum was well.
    pub longest_stall_ms: u64,
    /// The same while there was none.
    pub longest_stall_without_quorum_ms: u64,
    /// From when a disturbance was over until every node had a newer block and voted.
    pub heal: Heal,
    /// The same by kind.
    pub heal_by_kind: BTreeMap<&'static str, Heal>,
    /// What must not be, in words.
    pub violations: Vec<String>,
}

impl Report {
    pub(super) fn new(seed: u64, validators: usize, lasted: Duration, tally: &Tally, memory: &Memory) -> Self {
        Self {
            seed,
            validators,
            seconds: lasted.as_secs(),
            kills: tally.kills,
            pauses: tally.pauses,
            partitions: tally.partitions,
            clocks: tally.clocks,
            full_disks: tally.full_disks,
            fell: tally.fell,
            acknowledged: memory.acks.len(),
            sent_again: memory.again,
            longest_stall_ms: clock::millis(memory.stalls.ordinary),
            longest_stall_without_quorum_ms: clock::millis(memory.stalls.total),
            heal: Heal::of(tally.heals.values().flatten()),
            heal_by_kind: tally.heals.iter().map(|(kind, times)| (*kind, Heal::of(times))).collect(),
            ..Self::default()
        }
    }

    /// Adds what the end showed.
    pub(super) fn found(&mut self, checked: Checked, violations: &[Violation]) {
        self.heights = checked.heights;
        self.lost +=
            violations.iter().filter(|v| matches!(v, Violation::Lost { .. } | Violation::Astray { .. })).count();
        self.forked += violations.iter().filter(|v| matches!(v, Violation::Fork { .. })).count();
        self.accused += violations.iter().filter(|v| matches!(v, Violation::Accused { .. })).count();
        self.violations.extend(violations.iter().map(Violation::to_string));
    }

    /// For people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let Self { validators, ground, seconds, seed, .. } = self;
        let _ = writeln!(text, "{validators} validators {ground} disturbed for {seconds} s, seed {seed}");
        let mut row = |what: &str, figure: String| {
            let _ = writeln!(text, "  {what:<42} {figure}");
        };
        row("killed with -9", self.kills.to_string());
        row("paused", self.pauses.to_string());
        row("cut off or split", self.partitions.to_string());
        row("clocks set wrong", self.clocks.to_string());
        row("disks full (and nodes that ended for it)", format!("{} ({})", self.full_disks, self.fell));
        row("statements acknowledged as final", self.acknowledged.to_string());
        row("sent again, to another node", self.sent_again.to_string());
        row("heights compared on every node", self.heights.to_string());
        row("longest wait while a quorum was well", format!("{} ms", self.longest_stall_ms));
        row("longest wait while there was none", format!("{} ms", self.longest_stall_without_quorum_ms));
        for (kind, heal) in &self.heal_by_kind {
            row(&format!("healed after {kind} ({})", heal.count), times(*heal));
        }
        row("healed after anything", times(self.heal));
        row("acknowledged and lost", self.lost.to_string());
        row("forked", self.forked.to_string());
        row("proofs that somebody signed two things", self.accused.to_string());
        for violation in &self.violations {
            let _ = writeln!(text, "violation: {violation}");
        }
        text.trim_end().to_owned()
    }
}

fn times(heal: Heal) -> String {
    format!("median {} ms, longest {} ms", heal.median_ms, heal.max_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_the_longest_are_what_they_say() {
        let times = [9, 1, 5, 7].map(Duration::from_millis);
        assert_eq!(Heal::of(&times), Heal { count: 4, median_ms: 5, max_ms: 9 });
        assert_eq!(Heal::of(&[]), Heal::default());
    }

    #[test]
    fn what_is_lost_and_what_is_forked_is_counted_and_told() {
        let mut report = Report::default();
        let node = "my-customs".to_owned();
        let fork = Violation::Fork { height: sampan_proto::ids::Height(7), node: node.clone() };
        let hung = Violation::Hung { why: "nothing moves".to_owned() };
        report.found(Checked { heights: 9, acknowledged: 3 }, &[fork, hung]);
        assert_eq!((report.heights, report.forked, report.lost), (9, 1, 0));
        let table = report.table();
        assert!(
            table.contains("my-customs has another block at height 7") && table.contains("nothing moves"),
            "{table}"
        );
    }
}
