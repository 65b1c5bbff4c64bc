//! How many connections and how many requests one address may have, and how much may be on its way in bodies: so that
//! nobody takes the places of all others.
//!
//! This machine is not counted, for a TLS proxy speaks for everybody and has limits of its own. Of an IPv6 address the
//! first 64 bits count: whoever has one address of a network has them all.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::Lane;
use crate::rate::{Account, Rate};

/// Requests that an address may save up, in seconds of its rate.
const BURST_S: u64 = 2;
/// Room for bodies is given in pieces of so many bytes.
const PIECE: usize = 1_024;
/// Addresses remembered; beyond them those without a connection are forgotten.
const REMEMBERED: usize = 8_192;

/// What an address may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time.
    pub connections: usize,
    /// Requests in a second, in the long run.
    pub requests: u64,
    /// How long a client may take to send the head of a request, or to ask again on an idle connection.
    pub head: Duration,
    /// Bytes of bodies in memory at the same time, of whatever address.
    pub bodies: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 64, requests: 200, head: Duration::from_secs(20), bodies: 64 * 1024 * 1024 }
    }
}

/// Who is here, by address. Clones count together.
#[derive(Clone, Debug)]
pub struct Gate {
    limits: Limits,
    visitors: Arc<Mutex<BTreeMap<IpAddr, Visitor>>>,
    /// Room for bodies, in pieces of [`PIECE`] bytes.
    room: Arc<Semaphore>,
}

impl Default for Gate {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

#[derive(Clone, Copy, Debug)]
struct Visitor {
    connections: usize,
    asked: Account,
}

/// A connection of an address, while it lasts.
#[derive(Debug)]
pub(super) struct Visit {
    gate: Gate,
    /// None for this machine.
    address: Option<IpAddr>,
}

impl Gate {
    /// A gate with these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, visitors: Arc::default(), room: Arc::new(Semaphore::new(limits.bodies / PIECE)) }
    }

    pub(super) const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// A connection comes; none when its address has its share.
    pub(super) fn enter(&self, address: IpAddr) -> Option<Visit> {
        let counted = counted(address);
        if let Some(address) = counted {
            let mut visitors = self.visitors();
            let visitor = visitor(&mut visitors, address, Instant::now());
            if visitor.connections >= self.limits.connections {
                return None;
            }
            visitor.connections += 1;
        }
        Some(Visit { gate: self.clone(), address: counted })
    }

    /// Room for so many bytes more of a body; none when bodies fill all there is.
    pub(super) fn room(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let pieces = u32::try_from(bytes.div_ceil(PIECE)).ok()?;
        Arc::clone(&self.room).try_acquire_many_owned(pieces).ok()
    }

    /// A request comes; false when its address has asked too much of late.
    pub(super) fn admit(&self, address: IpAddr, lane: Lane, now: Instant) -> bool {
        let Some(address) = counted(address) else { return true };
        let mut visitors = self.visitors();
        let visitor = visitor(&mut visitors, address, now);
        let rate = Rate::per_second(self.limits.requests, BURST_S);
        let fits = visitor.asked.affords(rate, cost(lane), now);
        if fits {
            visitor.asked.charge(rate, cost(lane), now);
        }
        fits
    }

    /// Nobody panics while holding it, and it would be whole if somebody did.
    fn visitors(&self) -> MutexGuard<'_, BTreeMap<IpAddr, Visitor>> {
        self.visitors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        if let Some(visitor) = self.gate.visitors().get_mut(&address) {
            visitor.connections = visitor.connections.saturating_sub(1);
        }
    }
}

fn visitor(visitors: &mut BTreeMap<IpAddr, Visitor>, address: IpAddr, now: Instant) -> &mut Visitor {
    if visitors.len() >= REMEMBERED && !visitors.contains_key(&address) {
        visitors.retain(|_, visitor| visitor.connections > 0);
    }
    visitors.entry(address).or_insert_with(|| Visitor { connections: 0, asked: Account::new(now) })
}

/// As what an address is counted; this machine is not.
fn counted(address: IpAddr) -> Option<IpAddr> {
    let address = address.to_canonical();
    if address.is_loopback() {
        return None;
    }
    Some(match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
    })
}

/// What a request weighs.
const fn cost(lane: Lane) -> u64 {
    match lane {
        Lane::Ops | Lane::Read | Lane::Submit | Lane::Wait => 1,
        Lane::Batch => 16,
    }
}
