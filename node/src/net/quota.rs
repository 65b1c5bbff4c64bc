//! Per-peer quotas: token buckets for requests and bytes, in both directions.

use std::collections::BTreeMap;
use std::time::Duration;

use libp2p::PeerId;
use tokio::time::Instant;

use super::rpc::Weight;
use crate::rate::{Account, Rate};

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

impl Rates {
    const fn requests(&self, weight: Weight) -> Rate {
        match weight {
            Weight::Small => self.small,
            Weight::Bulk => self.bulk,
        }
    }
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
struct Allowance {
    requests: Account,
    bytes: Account,
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
        let (rate, bytes) = (self.rates.requests(weight), self.rates.bytes);
        let allowance = self.allowance(now, peer, direction, weight);
        let fits = allowance.requests.affords(rate, 1, now) && allowance.bytes.affords(bytes, 1, now);
        if fits {
            allowance.requests.charge(rate, 1, now);
        }
        fits
    }

    /// Counts bytes that went over the wire for a request.
    pub(super) fn charge(&mut self, now: Instant, peer: PeerId, direction: Direction, weight: Weight, bytes: u64) {
        let rate = self.rates.bytes;
        self.allowance(now, peer, direction, weight).bytes.charge(rate, bytes, now);
    }

    fn allowance(&mut self, now: Instant, peer: PeerId, direction: Direction, weight: Weight) -> &mut Allowance {
        let new = || Allowance { requests: Account::new(now), bytes: Account::new(now) };
        self.allowances.entry((peer, direction, weight)).or_insert_with(new)
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
