//! How many connections and how many requests one address may have, and how much may be on its way in bodies and in
//! answers: so that nobody takes the places of all others.
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
/// Room is given in pieces of so many bytes.
const PIECE: usize = 1_024;
/// Of each room one address has this part.
const SHARE: usize = 8;
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
    /// How long a client may take nothing of an answer that is on its way to it.
    pub stall: Duration,
    /// Bytes of bodies in memory at the same time, of all addresses; one of them has an eighth.
    pub bodies: usize,
    /// The same of large answers that were not taken yet.
    pub answers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            requests: 200,
            head: Duration::from_secs(20),
            stall: Duration::from_secs(30),
            bodies: 64 * 1024 * 1024,
            answers: 256 * 1024 * 1024,
        }
    }
}

impl Limits {
    const fn of(&self, way: Way) -> usize {
        match way {
            Way::In => self.bodies,
            Way::Out => self.answers,
        }
    }
}

/// Who is here, by address. Clones count together.
#[derive(Clone, Debug)]
pub struct Gate {
    limits: Limits,
    visitors: Arc<Mutex<BTreeMap<IpAddr, Visitor>>>,
    /// Room for what comes in and for what goes out, in pieces of [`PIECE`] bytes.
    rooms: [Arc<Semaphore>; 2],
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
    /// Room that it takes, coming in and going out.
    pieces: [usize; 2],
}

/// What is in memory for somebody else's link.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Bodies of requests.
    In,
    /// Answers.
    Out,
}

/// The room that one body or one answer takes, until it is dropped.
#[derive(Debug)]
pub(super) struct Room {
    gate: Gate,
    way: Way,
    /// None for this machine.
    address: Option<IpAddr>,
    pieces: usize,
    permit: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// Makes it fit so many bytes in all; false when the address, or all together, would have too much.
    pub(super) fn fit(&mut self, bytes: usize) -> bool {
        // By what is here in all: a body that comes byte by byte takes no more room than another.
        let more = bytes.div_ceil(PIECE).saturating_sub(self.pieces);
        let Ok(wanted) = u32::try_from(more) else { return false };
        let mut visitors = self.gate.visitors();
        let visitor = self.address.map(|address| visitor(&mut visitors, address, Instant::now()));
        let (way, share) = (self.way as usize, self.gate.limits.of(self.way) / SHARE / PIECE);
        if visitor.as_ref().is_some_and(|visitor| visitor.pieces[way] + more > share) {
            return false;
        }
        let Ok(permit) = Arc::clone(&self.gate.rooms[way]).try_acquire_many_owned(wanted) else { return false };
        if let Some(visitor) = visitor {
            visitor.pieces[way] += more;
        }
        self.pieces += more;
        match &mut self.permit {
            Some(held) => held.merge(permit),
            None => self.permit = Some(permit),
        }
        true
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        if let Some(visitor) = self.gate.visitors().get_mut(&address) {
            let pieces = &mut visitor.pieces[self.way as usize];
            *pieces = pieces.saturating_sub(self.pieces);
        }
    }
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
        let rooms = [Way::In, Way::Out].map(|way| Arc::new(Semaphore::new(limits.of(way) / PIECE)));
        Self { limits, visitors: Arc::default(), rooms }
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

    /// Room for a body of an address, none taken yet.
    pub(super) fn body(&self, address: Option<IpAddr>) -> Room {
        self.room(Way::In, address)
    }

    /// Room for an answer to an address, none taken yet.
    pub(super) fn answer(&self, address: Option<IpAddr>) -> Room {
        self.room(Way::Out, address)
    }

    fn room(&self, way: Way, address: Option<IpAddr>) -> Room {
        Room { gate: self.clone(), way, address: address.and_then(counted), pieces: 0, permit: None }
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
        visitors.retain(|_, visitor| visitor.connections > 0 || visitor.pieces != [0; 2]);
    }
    visitors.entry(address).or_insert_with(|| Visitor { connections: 0, asked: Account::new(now), pieces: [0; 2] })
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
        Lane::Ops | Lane::Read | Lane::Whole | Lane::Submit | Lane::Wait => 1,
        Lane::Batch => 16,
    }
}
