//! What clients were told, and how long they had to wait for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sampan_proto::ids::{HeaderHash, Height, MemberId, RecordId, StatementId};

use crate::clock;

/// An answer that a node gave: this is final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ack {
    pub(super) statement: StatementId,
    pub(super) height: Height,
    /// The header that the same node had at that height.
    pub(super) header: HeaderHash,
}

/// Where a bill is, by the last acknowledgement about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bill {
    pub(super) possessor: MemberId,
    pub(super) seq: u64,
}

/// The longest times without an acknowledgement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stalls {
    /// While a quorum was well.
    pub(super) ordinary: Duration,
    /// While there was none.
    pub(super) total: Duration,
}

/// Everything that clients remember.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) acks: Vec<Ack>,
    pub(super) bills: BTreeMap<RecordId, Bill>,
    /// Times that a statement had to be sent again.
    pub(super) again: u64,
    pub(super) stalls: Stalls,
    last: Instant,
    /// Whether there was no quorum at some time since the last acknowledgement, and whether there is none now.
    excused: bool,
    total: bool,
}

/// The memory that clients share.
#[derive(Clone, Debug)]
pub(super) struct Shared(Arc<Mutex<Memory>>);

impl Shared {
    pub(super) fn new() -> Self {
        let (acks, bills, stalls) = (Vec::new(), BTreeMap::new(), Stalls::default());
        let (last, excused, total) = (clock::now(), false, false);
        Self(Arc::new(Mutex::new(Memory { acks, bills, again: 0, stalls, last, excused, total })))
    }

    /// Nobody panics while holding it, and it would be whole if somebody did.
    pub(super) fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    pub(super) fn acknowledged(&mut self, ack: Ack, record: RecordId, bill: Bill) {
        self.acks.push(ack);
        self.bills.insert(record, bill);
        self.settle(clock::now());
        self.excused = self.total;
    }

    /// Counts the time since the last acknowledgement.
    fn settle(&mut self, now: Instant) {
        let waited = now.saturating_duration_since(self.last);
        let longest = if self.excused { &mut self.stalls.total } else { &mut self.stalls.ordinary };
        *longest = (*longest).max(waited);
        self.last = now;
    }

    /// From now on there is no quorum, or there may be one again.
    pub(super) fn set_total(&mut self, total: bool) {
        self.total = total;
        self.excused |= total;
    }

    /// How long nothing was acknowledged, if that is nobody's right.
    pub(super) fn standing_still(&self) -> Option<Duration> {
        (!self.excused).then(|| clock::now().saturating_duration_since(self.last))
    }
}

#[cfg(test)]
mod tests {
    use sampan_proto::hash::Hash32;

    use super::*;

    fn acknowledge(memory: &mut Memory, after: u64) {
        memory.last -= Duration::from_secs(after);
        let (statement, header) = (StatementId(Hash32::ZERO), HeaderHash(Hash32::ZERO));
        let bill = Bill { possessor: "klang-import".parse().expect("a handle"), seq: 1 };
        memory.acknowledged(Ack { statement, height: Height(1), header }, RecordId(Hash32::ZERO), bill);
    }

    #[test]
    fn a_wait_is_excused_if_there_was_no_quorum_at_any_time_of_it() {
        let shared = Shared::new();
        let mut memory = shared.lock();
        acknowledge(&mut memory, 10);
        memory.set_total(true);
        memory.set_total(false);
        assert_eq!(memory.standing_still(), None);
        acknowledge(&mut memory, 20);
        acknowledge(&mut memory, 5);
        assert_eq!((memory.stalls.ordinary.as_secs(), memory.stalls.total.as_secs()), (10, 20));
        assert!(memory.standing_still().is_some());
    }
}
