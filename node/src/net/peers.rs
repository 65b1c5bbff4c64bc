//! Peers: what a fault costs, and staying connected.

use std::collections::BTreeMap;
use std::time::Duration;

use libp2p::multiaddr::Protocol;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::{Multiaddr, PeerId};
use tokio::time::Instant;

use super::gossip::MEMBER_SCORE;
use super::{NetError, Verdict};
use crate::fault::PeerFault;

/// The one place that reads the clock for this folder; everything else is handed the time.
pub(super) fn now() -> Instant {
    Instant::now()
}

/// What follows from a fault. Nobody is ever disconnected for one: any member may be a validator, and a network of four
/// that hangs up on one cannot afford a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Consequence {
    /// On a gossip message with this fault.
    pub(super) verdict: Verdict,
    /// Taken off the peer's gossip score; half of it wears off each minute.
    pub(super) penalty: f64,
    /// So long we neither ask the peer for pages nor send it any. Liveness repair goes on.
    pub(super) pause: Duration,
}

/// Penalties add up to no more than this, so that they alone never push a peer below a gossip threshold: that takes
/// rejected messages.
pub(super) const MAX_PENALTY: f64 = 90.0;

/// The consequence table.
pub(super) const fn consequence(fault: PeerFault) -> Consequence {
    let (verdict, penalty, pause) = match fault {
        PeerFault::Malformed => (Verdict::Reject, 20.0, 10),
        PeerFault::BadSignature | PeerFault::BadProposal => (Verdict::Reject, 20.0, 0),
        // Most likely a misconfigured node: it will not get better within seconds.
        PeerFault::WrongChain => (Verdict::Reject, 40.0, 60),
        // A damaged disk, or a lie: ask somebody else for a while.
        PeerFault::BadBlock | PeerFault::BadSnapshot => (Verdict::Reject, 40.0, 30),
        // The refusal itself is the consequence; honest nodes in a hurry get here.
        PeerFault::OverQuota => (Verdict::Ignore, 1.0, 0),
    };
    Consequence { verdict, penalty, pause: Duration::from_secs(pause) }
}

impl From<PeerFault> for Verdict {
    fn from(fault: PeerFault) -> Self {
        consequence(fault).verdict
    }
}

#[derive(Clone, Copy, Debug)]
struct Standing {
    penalty: f64,
    paused_until: Instant,
}

/// How peers stand beside their gossip scores.
#[derive(Debug, Default)]
pub(super) struct Standings(BTreeMap<PeerId, Standing>);

impl Standings {
    /// Applies a fault's consequence; returns whether the peer was in good standing before.
    pub(super) fn blame(&mut self, now: Instant, peer: PeerId, fault: PeerFault) -> bool {
        let consequence = consequence(fault);
        let standing = self.0.entry(peer).or_insert(Standing { penalty: 0.0, paused_until: now });
        let first = standing.penalty < 1.0;
        standing.penalty = (standing.penalty + consequence.penalty).min(MAX_PENALTY);
        standing.paused_until = standing.paused_until.max(now + consequence.pause);
        first
    }

    pub(super) fn is_paused(&self, now: Instant, peer: &PeerId) -> bool {
        self.0.get(peer).is_some_and(|standing| standing.paused_until > now)
    }

    /// The application's part of the peer's gossip score.
    pub(super) fn score(&self, peer: &PeerId) -> f64 {
        MEMBER_SCORE - self.0.get(peer).map_or(0.0, |standing| standing.penalty)
    }

    /// Halves the penalties, called once a minute; returns whose changed.
    pub(super) fn forgive(&mut self, now: Instant) -> Vec<PeerId> {
        for standing in self.0.values_mut() {
            standing.penalty /= 2.0;
        }
        let changed = self.0.keys().copied().collect();
        self.0.retain(|_, standing| standing.penalty >= 0.5 || standing.paused_until > now);
        changed
    }
}

const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(10);
/// A connection that ends sooner counts as a failed dial: a peer whose allow-list refuses us completes the handshake
/// and hangs up, and would otherwise be redialled ten times a second for ever.
const SETTLED: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct Target {
    addresses: Vec<Multiaddr>,
    failures: u32,
    /// When to dial next; none while connected or dialling.
    due: Option<Instant>,
    connected_at: Option<Instant>,
}

/// Keeps the configured peers connected: jittered exponential backoff, for as long as the node runs.
#[derive(Debug)]
pub(super) struct Dialer {
    targets: BTreeMap<PeerId, Target>,
    /// A number in 0..=255.
    jitter: fn() -> u8,
}

impl Dialer {
    /// Groups the configured addresses by peer, each due at once.
    pub(super) fn new(peers: &[Multiaddr], now: Instant, jitter: fn() -> u8) -> Result<Self, NetError> {
        let mut targets = BTreeMap::<PeerId, Target>::new();
        for address in peers {
            let Some(Protocol::P2p(peer)) = address.iter().last() else {
                return Err(NetError::NamelessPeer(address.clone()));
            };
            targets
                .entry(peer)
                .or_insert_with(|| Target { addresses: vec![], failures: 0, due: Some(now), connected_at: None })
                .addresses
                .push(address.clone());
        }
        Ok(Self { targets, jitter })
    }

    /// Leaves out those that the predicate refuses.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&PeerId) -> bool) {
        self.targets.retain(|peer, _| keep(peer));
    }

    /// When the next dial is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.targets.values().filter_map(|target| target.due).min()
    }

    /// Dials to start now. Each ends in [`Self::connected`] or [`Self::failed`].
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<(PeerId, DialOpts)> {
        let due = self.targets.iter_mut().filter(|(_, target)| target.due.is_some_and(|due| due <= now));
        due.map(|(peer, target)| {
            target.due = None;
            let options = DialOpts::peer_id(*peer)
                .condition(PeerCondition::DisconnectedAndNotDialing)
                .addresses(target.addresses.clone())
                // By default a dial leaves from the listening port. Two nodes that dial each other at once would then
                // share one pair of ports, and a restarted node would meet its own TIME_WAIT.
                .allocate_new_port()
                .build();
            (*peer, options)
        })
        .collect()
    }

    /// A first connection to the peer stands.
    pub(super) fn connected(&mut self, peer: &PeerId, now: Instant) {
        if let Some(target) = self.targets.get_mut(peer) {
            target.due = None;
            target.connected_at = Some(now);
        }
    }

    /// The last connection to the peer ended.
    pub(super) fn disconnected(&mut self, peer: &PeerId, now: Instant) {
        let Some(target) = self.targets.get_mut(peer) else { return };
        let settled = target.connected_at.take().is_some_and(|since| now.duration_since(since) >= SETTLED);
        target.failures = if settled { 0 } else { target.failures.saturating_add(1) };
        target.due = Some(now + delay(target.failures, (self.jitter)()));
    }

    /// A dial failed, and no other connection stands.
    pub(super) fn failed(&mut self, peer: &PeerId, now: Instant) {
        let Some(target) = self.targets.get_mut(peer) else { return };
        target.due = Some(now + delay(target.failures, (self.jitter)()));
        target.failures = target.failures.saturating_add(1);
    }
}

/// Doubles from 100 ms to 10 s, with a quarter of jitter either way: nodes that lost each other together must not come
/// back together.
fn delay(failures: u32, jitter: u8) -> Duration {
    let base = FIRST_DELAY.saturating_mul(1 << failures.min(10)).min(LONGEST_DELAY);
    base * 3 / 4 + base / 2 * u32::from(jitter) / 255
}

/// Jitter from the operating system.
pub(super) fn os_jitter() -> u8 {
    // Without randomness there is no jitter, which is a lesser evil than no redial.
    let mut byte = [128];
    let _ = getrandom::fill(&mut byte);
    byte[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(peer: PeerId) -> Multiaddr {
        format!("/ip4/127.0.0.1/tcp/1/p2p/{peer}").parse().expect("address")
    }

    fn millis(dialer: &Dialer, now: Instant) -> Option<u128> {
        dialer.next_due().map(|due| due.duration_since(now).as_millis())
    }

    #[test]
    fn redials_back_off_to_ten_seconds_and_start_over_once_settled() {
        let (peer, start) = (PeerId::random(), now());
        let mut dialer = Dialer::new(&[address(peer), address(peer)], start, || 0).expect("named");
        let mut waits = vec![];
        for _ in 0..9 {
            let at = dialer.next_due().expect("due");
            assert_eq!(dialer.take_due(at).len(), 1, "two addresses are one dial");
            assert_eq!(dialer.next_due(), None, "not again while dialling");
            dialer.failed(&peer, at);
            waits.extend(millis(&dialer, at));
        }
        assert_eq!(waits, [75, 150, 300, 600, 1_200, 2_400, 4_800, 7_500, 7_500]);

        dialer.connected(&peer, start);
        assert_eq!(dialer.next_due(), None);
        let short = start + Duration::from_secs(1);
        dialer.disconnected(&peer, short);
        assert_eq!(millis(&dialer, short), Some(7_500), "a peer that hangs up at once is no success");
        dialer.connected(&peer, start);
        let long = start + SETTLED;
        dialer.disconnected(&peer, long);
        assert_eq!(millis(&dialer, long), Some(75));
    }

    #[test]
    fn jitter_spreads_by_a_quarter_either_way() {
        assert_eq!(delay(0, 0), Duration::from_millis(75));
        assert_eq!(delay(0, 255), Duration::from_millis(125));
        assert_eq!(delay(u32::MAX, 255), Duration::from_millis(12_500));
    }

    #[test]
    fn a_peer_without_a_name_is_refused() {
        let nameless: Multiaddr = "/ip4/127.0.0.1/tcp/1".parse().expect("address");
        assert!(matches!(Dialer::new(&[nameless], now(), || 0), Err(NetError::NamelessPeer(_))));
    }

    #[test]
    fn faults_cost_score_and_pages_for_a_while() {
        let (peer, start) = (PeerId::random(), now());
        let mut standings = Standings::default();
        assert!(standings.blame(start, peer, PeerFault::BadBlock));
        assert!(!standings.blame(start, peer, PeerFault::OverQuota), "only the first is news");
        assert!((standings.score(&peer) - 9.0).abs() < 0.01);
        assert!(standings.is_paused(start + Duration::from_secs(29), &peer));
        assert!(!standings.is_paused(start + Duration::from_secs(31), &peer));
        for _ in 0..100 {
            standings.blame(start, peer, PeerFault::WrongChain);
        }
        assert!(standings.score(&peer) >= MEMBER_SCORE - MAX_PENALTY);
        let later = start + Duration::from_secs(3_600);
        for _ in 0..8 {
            assert!(standings.score(&peer) < MEMBER_SCORE);
            standings.forgive(later);
        }
        assert!((standings.score(&peer) - MEMBER_SCORE).abs() < 0.01, "forgiven and forgotten");
    }

    #[test]
    fn provable_faults_reject_and_haste_does_not() {
        assert_eq!(Verdict::from(PeerFault::BadSignature), Verdict::Reject);
        assert_eq!(Verdict::from(PeerFault::OverQuota), Verdict::Ignore);
    }
}
