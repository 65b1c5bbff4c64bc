//! The wires between nodes. Each node dials each other through a relay of ours, so that what one says to the other can
//! be late, held up or cut off, in one direction alone if need be.
//!
//! A relay carries a TCP stream, which loses nothing: a lost packet shows as the wait until it is sent again, and a
//! partition as bytes that arrive when it is over. What is in flight when connections are severed is gone.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use super::ports::Reserved;
use crate::clock;
use crate::dice::Dice;

/// Bytes that a relay moves at once.
const CHUNK: usize = 16 * 1_024;
/// Chunks under way in one direction of a connection; a sender that is faster has to wait.
const UNDER_WAY: usize = 64;
/// How long a sender waits until it sends a lost packet again.
const SENT_AGAIN: Duration = Duration::from_millis(200);

/// What happens to all that one node says to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// How late it arrives.
    pub delay: Duration,
    /// How much later still, at most.
    pub jitter: Duration,
    /// Of a hundred chunks, how many have to be sent again.
    pub loss: u64,
    /// Whether nothing arrives at all for now.
    pub held: bool,
    /// How often connections were severed.
    severed: u64,
}

impl Way {
    /// Everything arrives, so much later.
    #[must_use]
    pub fn late(delay: Duration) -> Self {
        Self { delay, ..Self::default() }
    }
}

/// A relay that is going to be: its port is held, and the node that dials it is told of it.
#[derive(Debug)]
pub struct Relay {
    /// Who dials.
    pub from: usize,
    /// Who is dialled.
    pub to: usize,
    /// Where the relay listens.
    pub port: Reserved,
    /// Where the node that is dialled listens.
    pub target: SocketAddr,
}

/// One direction between two nodes: who speaks, who hears.
type Direction = (usize, usize);

/// All wires of a network.
#[derive(Debug)]
pub struct Wires {
    ways: BTreeMap<Direction, watch::Sender<Way>>,
    usual: Way,
    relays: Vec<AbortHandle>,
}

impl Wires {
    /// Starts the relays, on which everything is as usual.
    ///
    /// # Errors
    /// When the runtime cannot take over a port.
    pub fn start(relays: Vec<Relay>, usual: Way) -> Result<Self> {
        let ways: BTreeMap<Direction, _> =
            relays.iter().map(|relay| ((relay.from, relay.to), watch::channel(usual).0)).collect();
        let mut handles = Vec::with_capacity(relays.len());
        for (seed, Relay { from, to, port, target }) in (0..).zip(relays) {
            let way = |direction| ways.get(&direction).map(watch::Sender::subscribe);
            let (Some(there), Some(back)) = (way((from, to)), way((to, from))) else {
                anyhow::bail!("the wire from node {from} to node {to} goes one way only")
            };
            let listener = port.listen()?;
            handles.push(tokio::spawn(relay(listener, target, there, back, Dice::new(seed))).abort_handle());
        }
        Ok(Self { ways, usual, relays: handles })
    }

    /// Changes what happens to all that `from` says to `to`; both may stand for several.
    pub fn change(&self, from: &[usize], to: &[usize], change: impl Fn(&mut Way)) {
        let touched = self.ways.iter().filter(|((a, b), _)| from.contains(a) && to.contains(b));
        touched.for_each(|(_, way)| way.send_modify(&change));
    }

    /// Ends every connection of a node, with what is under way on it.
    pub fn sever(&self, node: usize) {
        let touched = self.ways.iter().filter(|((a, b), _)| *a == node || *b == node);
        touched.for_each(|(_, way)| way.send_modify(|way| way.severed += 1));
    }

    /// Everything arrives again, as late as usual.
    pub fn heal(&self) {
        self.ways.values().for_each(|way| way.send_modify(|way| *way = Way { severed: way.severed, ..self.usual }));
    }
}

impl Drop for Wires {
    fn drop(&mut self) {
        self.relays.iter().for_each(AbortHandle::abort);
    }
}

/// Accepts for one wire; its connections end with it.
async fn relay(
    listener: TcpListener,
    target: SocketAddr,
    there: watch::Receiver<Way>,
    back: watch::Receiver<Way>,
    mut dice: Dice,
) {
    let mut connections = JoinSet::new();
    loop {
        // Out of file descriptors, most likely: the dialler sees a connection that stays silent and tries again.
        let Ok((near, _)) = listener.accept().await else {
            tokio::time::sleep(SENT_AGAIN).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        connections.spawn(carry(near, target, there.clone(), back.clone(), dice.part()));
    }
}

/// Carries one connection until either side ends it or it is severed.
async fn carry(
    near: TcpStream,
    target: SocketAddr,
    there: watch::Receiver<Way>,
    back: watch::Receiver<Way>,
    mut dice: Dice,
) {
    // A node that is down refuses, and so does its relay, by hanging up.
    let Ok(far) = TcpStream::connect(target).await else { return };
    let _ = near.set_nodelay(true).and_then(|()| far.set_nodelay(true));
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    tokio::select! {
        () = pump(near_in, far_out, there, dice.part()) => {}
        () = pump(far_in, near_out, back, dice.part()) => {}
    }
}

/// Chunks under way in one direction, each with the time at which it may arrive, in order.
#[derive(Debug)]
struct Pipe {
    chunks: VecDeque<(Instant, Vec<u8>)>,
    dice: Dice,
}

impl Pipe {
    fn send(&mut self, way: Way, now: Instant, chunk: &[u8]) {
        let jitter = Duration::from_millis(self.dice.below(clock::millis(way.jitter) + 1));
        let again = if self.dice.percent(way.loss) { SENT_AGAIN } else { Duration::ZERO };
        // A stream never overtakes itself.
        let earliest = self.chunks.back().map_or(now, |(due, _)| *due);
        self.chunks.push_back((earliest.max(now + way.delay + jitter + again), chunk.to_vec()));
    }
}

/// Moves bytes in one direction. Ends at the stream's end, at an error, or when the connection is severed.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut way: watch::Receiver<Way>, dice: Dice) {
    let severed = way.borrow_and_update().severed;
    let mut pipe = Pipe { chunks: VecDeque::new(), dice };
    let mut buffer = vec![0; CHUNK];
    loop {
        let now_way = *way.borrow_and_update();
        if now_way.severed != severed {
            return;
        }
        let due = pipe.chunks.front().map(|(due, _)| *due).filter(|_| !now_way.held);
        tokio::select! {
            changed = way.changed() => if changed.is_err() { return },
            read = from.read(&mut buffer), if pipe.chunks.len() < UNDER_WAY => match read {
                Ok(length @ 1..) => pipe.send(now_way, clock::now(), buffer.get(..length).unwrap_or_default()),
                Ok(0) | Err(_) => return,
            },
            () = tokio::time::sleep_until(due.unwrap_or_else(clock::now).into()), if due.is_some() => {
                let Some((_, chunk)) = pipe.chunks.pop_front() else { continue };
                if to.write_all(&chunk).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two nodes that echo, and a wire from 0 to 1 and back.
    async fn wired() -> (Wires, SocketAddr) {
        let echo = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let target = echo.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((stream, _)) = echo.accept().await {
                let (mut from, mut to) = stream.into_split();
                tokio::spawn(async move { tokio::io::copy(&mut from, &mut to).await });
            }
        });
        let port = || Reserved::find(std::net::Ipv4Addr::LOCALHOST).expect("a port");
        let (there, back) = (port(), port());
        let dialled = SocketAddr::from(([127, 0, 0, 1], there.port()));
        let relay = |from, to, port| Relay { from, to, port, target };
        (Wires::start(vec![relay(0, 1, there), relay(1, 0, back)], Way::default()).expect("starts"), dialled)
    }

    async fn echoed(stream: &mut TcpStream, word: &[u8; 4]) -> Duration {
        let since = clock::now();
        stream.write_all(word).await.expect("writes");
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await.expect("comes back");
        assert_eq!(&answer, word);
        since.elapsed()
    }

    #[tokio::test]
    async fn what_is_held_arrives_when_it_heals_and_what_is_severed_never() {
        let (wires, dialled) = wired().await;
        let mut stream = TcpStream::connect(dialled).await.expect("connects");
        echoed(&mut stream, b"fast").await;

        wires.change(&[1], &[0], |way| way.held = true);
        stream.write_all(b"held").await.expect("writes");
        let mut answer = [0; 4];
        let wait = Duration::from_millis(200);
        assert!(tokio::time::timeout(wait, stream.read_exact(&mut answer)).await.is_err(), "the way back is held");
        wires.heal();
        stream.read_exact(&mut answer).await.expect("arrives after all");
        assert_eq!(&answer, b"held");

        let slow = Duration::from_millis(120);
        wires.change(&[0], &[1], |way| way.delay = slow);
        assert!(echoed(&mut stream, b"slow").await >= slow);

        wires.sever(1);
        assert_eq!(stream.read(&mut answer).await.ok().filter(|length| *length > 0), None, "hung up");
        let mut stream = TcpStream::connect(dialled).await.expect("connects again");
        echoed(&mut stream, b"anew").await;
    }

    #[test]
    fn a_stream_never_overtakes_itself() {
        let now = clock::now();
        let mut pipe = Pipe { chunks: VecDeque::new(), dice: Dice::new(1) };
        let way =
            Way { delay: Duration::from_millis(5), jitter: Duration::from_millis(90), loss: 50, ..Way::default() };
        (0..100).for_each(|byte| pipe.send(way, now, &[byte]));
        assert!(pipe.chunks.iter().zip(pipe.chunks.iter().skip(1)).all(|((a, _), (b, _))| a <= b));
        assert!(pipe.chunks.iter().map(|(_, chunk)| chunk[0]).eq(0..100));
        let last = pipe.chunks.back().expect("a chunk").0;
        assert!(last >= now + SENT_AGAIN, "half of them were lost once");
    }
}
