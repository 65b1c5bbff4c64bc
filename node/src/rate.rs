//! Token buckets, each as one instant: the moment at which all that was taken is paid for ("generic cell rate
//! algorithm"). So refilling costs nothing, and there is no fraction to round. Pure: the time is handed in.

use std::time::Duration;

use tokio::time::Instant;

/// A bucket of so many tokens, refilled in so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) tokens: u64,
    pub(crate) refill: Duration,
}

impl Rate {
    /// So many a second, of which so many seconds' worth may be saved up.
    pub(crate) const fn per_second(tokens: u64, saved_s: u64) -> Self {
        Self { tokens: tokens.saturating_mul(saved_s), refill: Duration::from_secs(saved_s) }
    }

    fn cost(self, tokens: u64) -> Duration {
        let nanos = self.refill.as_nanos() * u128::from(tokens) / u128::from(self.tokens.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// What somebody has taken of a rate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    settled: Instant,
}

impl Account {
    /// Nothing is taken.
    pub(crate) const fn new(now: Instant) -> Self {
        Self { settled: now }
    }

    /// Whether there are so many tokens.
    pub(crate) fn affords(&self, rate: Rate, tokens: u64, now: Instant) -> bool {
        self.settled.saturating_duration_since(now) + rate.cost(tokens) <= rate.refill
    }

    /// Takes tokens, also more than there are: what an answer weighs is known only once it is sent.
    pub(crate) fn charge(&mut self, rate: Rate, tokens: u64, now: Instant) {
        self.settled = self.settled.max(now) + rate.cost(tokens);
    }

    /// Whether all that was taken is paid for.
    pub(crate) fn is_settled(&self, now: Instant) -> bool {
        self.settled <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_up_is_there_at_once_and_what_is_owed_is_waited_for() {
        let (rate, now) = (Rate::per_second(10, 2), Instant::now());
        let mut account = Account::new(now);
        assert!(account.affords(rate, 20, now) && !account.affords(rate, 21, now));
        account.charge(rate, 30, now);
        let at = |ms| now + Duration::from_millis(ms);
        assert!(!account.affords(rate, 1, at(1_099)) && account.affords(rate, 1, at(1_100)));
        assert!(!account.is_settled(at(2_999)) && account.is_settled(at(3_000)));
        account.charge(rate, 1, at(60_000));
        assert!(!account.affords(rate, 20, at(60_000)), "no more is saved up than the bucket holds");
    }
}
