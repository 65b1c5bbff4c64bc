//! Per-peer quotas: token buckets for requests and bytes, in both directions.
//!
//! Pure: the time is handed in. A bucket is one instant, the moment at which it will be full again ("generic cell rate
//! algorithm"), so refilling costs nothing and there is no fraction to round.

use std::collections::BTreeMap;
use std::time::Duration;

use libp2p::PeerId;
use tokio::time::Instant;

use super::rpc::Weight;

/// A bucket of so many tokens, refilled in so long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    pub(super) tokens: u64,
    pub(super) refill: Duration,
}

impl Rate {
    fn cost(self, tokens: u64) -> Duration {
        let nanos = self.refill.as_nanos() * u128::from(tokens) / u128::from(self.tokens.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// What one peer may ask of us, and we of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rates {
    /// `Status` and `Round`: a few a second in a stuck round.
    pub(super) small: Rate,
    /// `Blocks` and `Documents`.
    pub(super) bulk: Rate,
    /// Bytes of requests and answers, each protocol for itself.
    pub(super) bytes: Rate,
}

impl Rates {
    /// Among members. Bytes count more than requests: a laggard must be able to catch up while the network runs at full
    /// load, which is 16 pages of a full block a second.
    pub(super) const MEMBER: Self = Self {
        small: Rate { tokens: 100, refill: Duration::from_secs(2) },
        bulk: Rate { tokens: 400, refill: Duration::from_secs(2) },
        bytes: Rate { tokens: 64 * 1024 * 1024, refill: Duration::from_secs(1) },
    };
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Direction {
    /// The peer asks us.
    In,
    /// We ask the peer: our own enthusiasm never gets us blamed.
    Out,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    rate: Rate,
    full_at: Instant,
}

impl Bucket {
    fn has_room(&self, now: Instant) -> bool {
        self.full_at.saturating_duration_since(now) + self.rate.cost(1) <= self.rate.refill
    }

    /// Takes tokens, also more than there are: what an answer weighs is known only once it is sent.
    fn charge(&mut self, now: Instant, tokens: u64) {
        self.full_at = self.full_at.max(now) + self.rate.cost(tokens);
    }
}

#[derive(Clone, Copy, Debug)]
struct Allowance {
    requests: Bucket,
    bytes: Bucket,
}

/// The quotas of all peers. They outlive connections, or reconnecting would refill them; only members connect, so there
/// are never more than members times four.
#[derive(Debug)]
pub(super) struct Quotas {
    rates: Rates,
    allowances: BTreeMap<(PeerId, Direction, Weight), Allowance>,
}

impl Quotas {
    pub(super) fn new(rates: Rates) -> Self {
        Self { rates, allowances: BTreeMap::new() }
    }

    /// Whether a request is within quota; if so, it is counted.
    pub(super) fn admit(&mut self, now: Instant, peer: PeerId, direction: Direction, weight: Weight) -> bool {
        let allowance = self.allowance(now, peer, direction, weight);
        let fits = allowance.requests.has_room(now) && allowance.bytes.has_room(now);
        if fits {
            allowance.requests.charge(now, 1);
        }
        fits
    }

    /// Counts bytes that went over the wire for a request.
    pub(super) fn charge(&mut self, now: Instant, peer: PeerId, direction: Direction, weight: Weight, bytes: u64) {
        self.allowance(now, peer, direction, weight).bytes.charge(now, bytes);
    }

    fn allowance(&mut self, now: Instant, peer: PeerId, direction: Direction, weight: Weight) -> &mut Allowance {
        let requests = match weight {
            Weight::Small => self.rates.small,
            Weight::Bulk => self.rates.bulk,
        };
        let bucket = |rate| Bucket { rate, full_at: now };
        self.allowances
            .entry((peer, direction, weight))
            .or_insert_with(|| Allowance { requests: bucket(requests), bytes: bucket(self.rates.bytes) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: Rates = Rates {
        small: Rate { tokens: 4, refill: Duration::from_secs(2) },
        bulk: Rate { tokens: 1_000, refill: Duration::from_secs(1) },
        bytes: Rate { tokens: 1_000, refill: Duration::from_secs(1) },
    };

    #[test]
    fn a_burst_passes_then_the_rate_holds() {
        let (mut quotas, peer, start) = (Quotas::new(RATES), PeerId::random(), Instant::now());
        let mut ask =
            |after: u64| quotas.admit(start + Duration::from_millis(after), peer, Direction::In, Weight::Small);
        assert_eq!([ask(0), ask(0), ask(0), ask(0), ask(0)], [true, true, true, true, false]);
        assert!(!ask(0), "what was refused is not counted, and changes nothing");
        assert_eq!([ask(501), ask(501)], [true, false], "half a second refills one");
        assert_eq!([ask(60_000), ask(60_000), ask(60_000), ask(60_000), ask(60_000)], [true, true, true, true, false]);
    }

    #[test]
    fn bytes_are_paid_afterwards_and_block_until_refilled() {
        let (mut quotas, peer, start) = (Quotas::new(RATES), PeerId::random(), Instant::now());
        let bulk = |quotas: &mut Quotas, after| {
            quotas.admit(start + Duration::from_millis(after), peer, Direction::In, Weight::Bulk)
        };
        assert!(bulk(&mut quotas, 0));
        quotas.charge(start, peer, Direction::In, Weight::Bulk, 5_000);
        assert!(!bulk(&mut quotas, 0));
        assert!(!bulk(&mut quotas, 3_900));
        assert!(bulk(&mut quotas, 4_100), "four of five seconds are paid, one is the burst");
    }

    #[test]
    fn peers_directions_and_protocols_do_not_share() {
        let (mut quotas, peer, now) = (Quotas::new(RATES), PeerId::random(), Instant::now());
        quotas.charge(now, peer, Direction::In, Weight::Bulk, 1_000_000);
        assert!(!quotas.admit(now, peer, Direction::In, Weight::Bulk));
        assert!(quotas.admit(now, peer, Direction::Out, Weight::Bulk));
        assert!(quotas.admit(now, peer, Direction::In, Weight::Small), "bulk never blocks liveness repair");
        assert!(quotas.admit(now, PeerId::random(), Direction::In, Weight::Bulk));
    }
}
