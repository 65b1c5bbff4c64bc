//! What attackers do, each sort by tasks of its own, against every node at once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::ValueEnum;
use sampan_proto::api::Submission;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::member::Traitor;
use crate::bench::prepare::Prepared;
use crate::cluster::Cluster;

/// A sort of attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Attack {
    /// Heads of requests that never end, a byte a second.
    SlowLoris,
    /// Bodies that come a byte a second.
    Trickle,
    /// Statements with somebody else's signature, as fast as they are refused.
    Forged,
    /// Bodies of sixteen mebibytes.
    Oversized,
    /// A hundred thousand brackets.
    Nesting,
    /// Noise at the peer-to-peer port, and lengths that nobody pays for.
    Noise,
    /// A member's own node, which gossips statements with somebody else's signature.
    Gossip,
}

/// Bytes of a body that is too large.
const OVERSIZE: usize = 16 * 1024 * 1024;
/// Brackets of a nesting bomb.
const BRACKETS: usize = 100_000;
/// Between two bytes of what is slow.
const SLOW: Duration = Duration::from_secs(1);
/// Pause of a task that was turned away.
const REST: Duration = Duration::from_millis(50);
/// Between two pieces of noise on one connection.
const NOISY: Duration = Duration::from_millis(200);

impl Attack {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::SlowLoris => "slow-loris",
            Self::Trickle => "trickle",
            Self::Forged => "forged",
            Self::Oversized => "oversized",
            Self::Nesting => "nesting",
            Self::Noise => "noise",
            Self::Gossip => "gossip",
        }
    }

    /// Connections at a time to each node.
    const fn tasks(self) -> usize {
        match self {
            Self::SlowLoris => 250,
            Self::Trickle => 100,
            Self::Noise => 50,
            Self::Forged | Self::Nesting => 4,
            Self::Oversized => 2,
            // One node of a traitor speaks to all others.
            Self::Gossip => 0,
        }
    }
}

/// Whom to attack, and what with.
#[derive(Clone, Debug)]
pub(super) struct Targets {
    /// HTTP address and peer-to-peer port of each node.
    nodes: Vec<(SocketAddr, SocketAddr)>,
    /// A submission whose signature is of another statement.
    forged: Arc<[u8]>,
    traitor: Traitor,
}

impl Targets {
    /// Two honest documents make a forged one: the signature of the second under the first.
    pub(super) fn of(cluster: &Cluster, two: &[Prepared]) -> Result<Self> {
        let [one, other] = two else { anyhow::bail!("a forgery is made of two documents") };
        let mut forged: Submission = serde_json::from_str(&one.json)?;
        let other: Submission = serde_json::from_str(&other.json)?;
        let (ours, theirs) = (forged.statement.signatures.first_mut(), other.statement.signatures.first());
        ours.context("unsigned")?.sig = theirs.context("unsigned")?.sig;
        let address = |node: &crate::cluster::node::Node| {
            let http = node.view().http.strip_prefix("http://").context("an HTTP address")?.parse()?;
            Ok((http, p2p_address(&node.view().p2p)?))
        };
        Ok(Self {
            nodes: cluster.nodes().iter().map(address).collect::<Result<_>>()?,
            traitor: Traitor::new(cluster, &forged)?,
            forged: serde_json::to_vec(&forged)?.into(),
        })
    }
}

/// `/ip4/A/tcp/P/…` as a socket's address.
fn p2p_address(text: &str) -> Result<SocketAddr> {
    let parts: Vec<&str> = text.split('/').collect();
    let ["", "ip4", ip, "tcp", port, ..] = parts.as_slice() else { anyhow::bail!("`{text}` is no address of a peer") };
    format!("{ip}:{port}").parse().with_context(|| text.to_owned())
}

/// Attackers at work. They end with it.
#[derive(Debug)]
pub(super) struct Attackers {
    tasks: JoinSet<()>,
    attempts: Arc<AtomicU64>,
}

impl Attackers {
    /// Ends them; gives how often they began something.
    pub(super) async fn end(mut self) -> u64 {
        self.tasks.shutdown().await;
        self.attempts.load(Ordering::Relaxed)
    }
}

/// Sets attackers on all nodes.
pub(super) fn launch(attacks: &[Attack], targets: &Targets) -> Attackers {
    let (mut tasks, attempts) = (JoinSet::new(), Arc::new(AtomicU64::new(0)));
    for attack in attacks {
        for (http, p2p) in &targets.nodes {
            for _ in 0..attack.tasks() {
                let (attack, http, p2p) = (*attack, *http, *p2p);
                let (forged, attempts) = (Arc::clone(&targets.forged), Arc::clone(&attempts));
                tasks.spawn(async move {
                    loop {
                        attempts.fetch_add(1, Ordering::Relaxed);
                        // Being hung up on is what an attacker lives with.
                        let _ = once(attack, http, p2p, &forged).await;
                        if !matches!(attack, Attack::Forged | Attack::Nesting) {
                            tokio::time::sleep(REST).await;
                        }
                    }
                });
            }
        }
        if *attack == Attack::Gossip {
            let (traitor, attempts) = (targets.traitor.clone(), Arc::clone(&attempts));
            tasks.spawn(async move { traitor.gossip(&attempts).await });
        }
    }
    Attackers { tasks, attempts }
}

/// One connection, until it is over.
async fn once(attack: Attack, http: SocketAddr, p2p: SocketAddr, forged: &[u8]) -> std::io::Result<()> {
    match attack {
        Attack::SlowLoris => {
            let mut stream = TcpStream::connect(http).await?;
            stream.write_all(b"GET /v1/node HTTP/1.1\r\nhost: loris\r\nx-slow: ").await?;
            drip(&mut stream).await
        }
        Attack::Trickle => {
            let mut stream = TcpStream::connect(http).await?;
            stream.write_all(&head("/v1/statements", 300_000)).await?;
            drip(&mut stream).await
        }
        Attack::Forged => post(http, "/v1/statements", forged).await,
        Attack::Oversized => post(http, "/v1/statements/batch", &vec![b' '; OVERSIZE]).await,
        Attack::Nesting => post(http, "/v1/statements", &vec![b'['; BRACKETS]).await,
        Attack::Noise => {
            let mut stream = TcpStream::connect(p2p).await?;
            for turn in 0..u32::MAX {
                // A protocol's name, then a frame of as many bytes as its length can say, of which none comes.
                let piece: &[u8] = if turn == 0 { b"\x13/multistream/1.0.0\n" } else { &[0xff; 512] };
                stream.write_all(piece).await?;
                tokio::time::sleep(NOISY).await;
            }
            Ok(())
        }
        Attack::Gossip => Ok(()),
    }
}

/// A byte now and then, until the other side hangs up.
async fn drip(stream: &mut TcpStream) -> std::io::Result<()> {
    loop {
        stream.write_all(b"a").await?;
        let mut answer = [0; 512];
        let heard = tokio::time::timeout(SLOW, stream.read(&mut answer)).await;
        if matches!(heard, Ok(Ok(0) | Err(_))) {
            return Ok(());
        }
    }
}

async fn post(to: SocketAddr, path: &str, body: &[u8]) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(to).await?;
    stream.write_all(&head(path, body.len())).await?;
    stream.write_all(body).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.map(drop)
}

fn head(path: &str, length: usize) -> Vec<u8> {
    let head = "host: attacker\r\nconnection: close\r\ncontent-type: application/json";
    format!("POST {path} HTTP/1.1\r\n{head}\r\ncontent-length: {length}\r\n\r\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peers_address_is_a_sockets() {
        assert_eq!(p2p_address("/ip4/127.0.0.1/tcp/9101/p2p/x").ok(), "127.0.0.1:9101".parse().ok());
        assert!(p2p_address("/dns/localhost/tcp/1").is_err());
    }
}
