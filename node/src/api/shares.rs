//! How many statements a member may hand in while the node is busy: so that whoever hands in many does not hold up
//! those who hand in few.
//!
//! A statement counts once its signature is checked, so nobody uses up the share of another by writing its name; a
//! member that has used up its share is turned away before anything is checked. What was taken beyond the share, in
//! one large batch, is owed and keeps the member waiting. While the node is idle nobody is counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sampan_proto::ids::MemberId;
use sampan_proto::limits::BLOCK_STATEMENTS;
use sampan_proto::reject::{Code, Reject};
use sampan_proto::statement::SignedStatement;
use tokio::time::Instant;

use crate::rate::{Account, Rate};

/// Statements waiting from which on the node is busy: half a block.
const BUSY: usize = BLOCK_STATEMENTS / 2;
/// What a member may save up, in seconds of its rate.
const BURST_S: u64 = 2;
/// Members remembered; beyond them those that owe nothing are forgotten.
const REMEMBERED: usize = 8_192;

/// Who handed in how much of late. Clones count together.
#[derive(Clone, Debug)]
pub struct Shares {
    /// Statements of a member in a second.
    per_second: u32,
    /// Statements waiting from which on the node is busy.
    pub(super) busy: usize,
    /// What each handed in.
    members: Arc<Mutex<BTreeMap<MemberId, Account>>>,
}

impl Shares {
    /// So many statements of each member in a second, in the long run.
    #[must_use]
    pub fn new(per_second: u32) -> Self {
        Self { per_second: per_second.max(1), busy: BUSY, members: Arc::default() }
    }

    /// Whether shares count while so many statements wait.
    pub(super) const fn count(&self, waiting: usize) -> bool {
        waiting >= self.busy
    }

    /// Why a statement is not even looked at; none if its member has something left.
    pub(super) fn refuse(&self, statement: &SignedStatement, now: Instant) -> Option<Reject> {
        let (rate, members) = (self.rate(), self.members());
        let is_spent = |account: &Account| !account.affords(rate, 1, now);
        // Most of the time nobody's is, and then nothing need be read to know whose this is.
        if !members.values().any(is_spent) {
            return None;
        }
        let member = statement.parse().ok()?.member;
        members.get(&member).filter(|account| is_spent(account))?;
        let most = self.per_second;
        let detail = format!("more than {most} statements a second of `{member}`, and the node is busy");
        Some(Reject::new(Code::MemberRate, "$.member", detail))
    }

    /// Statements of these members were checked and admitted.
    pub(super) fn charge<'a>(&self, signers: impl Iterator<Item = &'a MemberId>, now: Instant) {
        let (rate, mut members) = (self.rate(), self.members());
        for signer in signers {
            members.entry(signer.clone()).or_insert(Account::new(now)).charge(rate, 1, now);
        }
        if members.len() > REMEMBERED {
            members.retain(|_, account| !account.is_settled(now));
        }
    }

    /// Members remembered.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.members().len()
    }

    fn rate(&self) -> Rate {
        Rate::per_second(self.per_second.into(), BURST_S)
    }

    /// Nobody panics while holding it, and it would be whole if somebody did.
    fn members(&self) -> MutexGuard<'_, BTreeMap<MemberId, Account>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
