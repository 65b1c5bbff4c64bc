//! How many statements a member may hand in while the node is busy: so that whoever hands in many does not hold up
//! those who hand in few.
//!
//! A statement counts once its signature is checked, so nobody uses up the share of another by writing its name; a
//! member that has used up its share is turned away before anything is checked. What was taken beyond the share, in
//! one large batch, is owed and keeps the member waiting. While the node is idle nobody is counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sampan_proto::ids::MemberId;
use sampan_proto::limits::BLOCK_STATEMENTS;
use sampan_proto::reject::{Code, Reject};
use sampan_proto::statement::SignedStatement;
use tokio::time::Instant;

/// Statements waiting from which on the node is busy: half a block.
const BUSY: usize = BLOCK_STATEMENTS / 2;
/// What a member may save up: this much time of its rate.
const BURST: Duration = Duration::from_secs(2);
/// Members remembered; beyond them those that owe nothing are forgotten.
const REMEMBERED: usize = 8_192;

/// Who handed in how much of late. Clones count together.
#[derive(Clone, Debug)]
pub struct Shares {
    /// Statements of a member in a second.
    rate: u32,
    /// Statements waiting from which on the node is busy.
    pub(super) busy: usize,
    /// When all that a member handed in is paid for: a token bucket in one instant.
    settled: Arc<Mutex<BTreeMap<MemberId, Instant>>>,
}

impl Shares {
    /// So many statements of each member in a second, in the long run.
    #[must_use]
    pub fn new(rate: u32) -> Self {
        Self { rate: rate.max(1), busy: BUSY, settled: Arc::default() }
    }

    /// Whether shares count while so many statements wait.
    pub(super) const fn count(&self, waiting: usize) -> bool {
        waiting >= self.busy
    }

    /// Why a statement is not even looked at; none if its member has something left.
    pub(super) fn refuse(&self, statement: &SignedStatement, now: Instant) -> Option<Reject> {
        let settled = self.settled();
        let spent = |settled: &Instant| settled.saturating_duration_since(now) + self.price() > BURST;
        // Most of the time nobody has, and then nothing need be read to know whose this is.
        if !settled.values().any(spent) {
            return None;
        }
        let member = statement.parse().ok()?.member;
        settled.get(&member).filter(|settled| spent(settled))?;
        let detail = format!("more than {} statements a second of `{member}`, and the node is busy", self.rate);
        Some(Reject::new(Code::MemberRate, "$.member", detail))
    }

    /// Statements of these members were checked and admitted.
    pub(super) fn charge<'a>(&self, members: impl Iterator<Item = &'a MemberId>, now: Instant) {
        let mut settled = self.settled();
        for member in members {
            let until = settled.entry(member.clone()).or_insert(now);
            *until = (*until).max(now) + self.price();
        }
        if settled.len() > REMEMBERED {
            settled.retain(|_, until| *until > now);
        }
    }

    /// Members remembered.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.settled().len()
    }

    fn price(&self) -> Duration {
        Duration::from_secs(1) / self.rate
    }

    /// Nobody panics while holding it, and it would be whole if somebody did.
    fn settled(&self) -> MutexGuard<'_, BTreeMap<MemberId, Instant>> {
        self.settled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
