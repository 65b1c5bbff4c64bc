//! Deadlines on the runtime's clock, which is the monotonic one; its only reader in the engine.

use std::collections::BTreeMap;
use std::time::Duration;

use sampan_proto::genesis::Parameters;
use tokio::time::Instant;

use crate::core::consensus::{Step, Timeout};

/// What can fall due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alarm {
    /// A round's timeout.
    Round(Timeout),
    /// An idle network writes an empty block.
    Heartbeat,
    /// Ask for what gossip did not bring.
    Fetch,
    /// Look whether anything is stuck.
    Patrol,
}

/// Pending alarms.
#[derive(Debug, Default)]
pub(super) struct Timers {
    due: BTreeMap<Alarm, Instant>,
}

impl Timers {
    /// Sets a round's timer: base plus what each further round adds, by the parameters of its height.
    pub(super) fn schedule(&mut self, timeout: Timeout, parameters: &Parameters) {
        let base = match timeout.step {
            Step::Propose => parameters.propose_timeout_ms,
            Step::Prevote => parameters.prevote_timeout_ms,
            Step::Precommit => parameters.precommit_timeout_ms,
        };
        let further = parameters.timeout_delta_ms.saturating_mul(u64::from(timeout.round));
        self.set(Alarm::Round(timeout), Duration::from_millis(base.saturating_add(further)));
    }

    pub(super) fn set(&mut self, alarm: Alarm, after: Duration) {
        self.due.insert(alarm, Instant::now() + after);
    }

    pub(super) fn cancel(&mut self, alarm: Alarm) {
        self.due.remove(&alarm);
    }

    pub(super) fn cancel_rounds(&mut self) {
        self.due.retain(|alarm, _| !matches!(alarm, Alarm::Round(_)));
    }

    /// When the next alarm is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.due.values().min().copied()
    }

    /// Takes the alarms that are due.
    pub(super) fn take_due(&mut self) -> Vec<Alarm> {
        let now = Instant::now();
        let due: Vec<Alarm> = self.due.iter().filter(|(_, at)| **at <= now).map(|(alarm, _)| *alarm).collect();
        for alarm in &due {
            self.due.remove(alarm);
        }
        due
    }
}
