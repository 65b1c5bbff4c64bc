//! Of whom a newcomer asks which part, and what it keeps.

use sampan_proto::protocol;
use tempfile::TempDir;

use super::*;
use crate::clock::Clock;
use crate::core::mempool::Limits;
use crate::engine::{Parts, Provenance, Snapshots};
use crate::metrics::Metrics;
use crate::net::{Line, Said, line};
use crate::store::Reader;
use crate::store::fixture::World;
use crate::verify::Pool;

/// Turns of the runtime within which a request that was made is on its way.
const TURNS: usize = 32;

/// A network with a state of several parts.
fn grown() -> World {
    let mut world = World::new();
    for block in 0..7 {
        let documents = world.many(block * 300..block * 300 + 300);
        world.decide(&documents);
    }
    world
}

struct Newcomer {
    engine: Engine,
    line: Line,
    /// What it was given, in order.
    given: Vec<PagePath>,
    _dir: TempDir,
}

impl Newcomer {
    fn to(world: &World) -> Self {
        let dir = TempDir::new().expect("directory");
        let store = world.open_at(dir.path()).expect("opened");
        let (net, _, line) = line(PeerId::random(), true);
        let metrics = Metrics::new(1);
        let parts = Parts {
            pool: Pool::inline(store.clone(), metrics.clone(), Clock::default()),
            store,
            wal: dir.path().join("consensus.wal"),
            key: None,
            provenance: Provenance::Unsaid,
            net,
            mempool: Limits { bytes: 1_024, per_member: 1 },
            metrics,
            snapshots: Snapshots { keeper: None, every: 1_000, join_beyond: 4 },
            keep_blocks: None,
            versions: protocol::KNOWN,
            clock: Clock::default(),
        };
        let (mut engine, _, _) = Engine::new(parts).expect("engine");
        assert!(engine.joins(Height(1_000)), "it is far behind");
        Self { engine, line, given: Vec::new(), _dir: dir }
    }

    /// A peer tells that the newest state it holds is this one.
    fn is_told(&mut self, peer: PeerId, of: &World, held: &Reader<'_>) {
        let genesis = &of.network.genesis;
        let manifest = held.manifest().expect("read").expect("blocks");
        let checked = manifest.check(genesis.chain, &genesis.roster).expect("led to");
        self.engine.on_manifest(peer, checked).expect("written");
    }

    /// The parts asked for since it was last looked at, and of whom.
    async fn asks(&mut self) -> Vec<(PeerId, StatePart)> {
        let mut parts = Vec::new();
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
            while let Some(said) = self.line.try_next() {
                let Said::Request(peer, Request::State(part), _) = said else { panic!("{said:?}") };
                parts.push((peer, part));
            }
        }
        parts
    }

    fn is_given(&mut self, held: &Reader<'_>, part: &StatePart) {
        assert_eq!(part.after, held.tip().expect("read").hash, "it goes on with the state that it began with");
        let found = held.part(&part.path).expect("read").expect("something stands there");
        self.given.push(part.path);
        self.engine.on_part(&found.check(&part.path, &part.hash).expect("as promised")).expect("written");
    }

    /// Whatever it asks for now, patrol after patrol, until it is there.
    async fn is_given_the_rest(&mut self, held: &Reader<'_>) {
        for _ in 0..1_000 {
            for (_, part) in self.asks().await {
                self.is_given(held, &part);
            }
            if !self.engine.is_joining() {
                return;
            }
            self.engine.pursue_state();
        }
        panic!("it never came to the end");
    }
}

#[tokio::test]
async fn a_peer_that_is_busy_once_and_offers_a_newer_state_then_is_asked_for_the_rest_of_ours() {
    let mut world = grown();
    let (store, peer) = (world.store.clone(), PeerId::random());
    let held = store.reader();
    let mut newcomer = Newcomer::to(&world);
    newcomer.is_told(peer, &world, &held);
    let root = newcomer.asks().await.remove(0);
    newcomer.is_given(&held, &root.1);
    let parts = newcomer.asks().await;
    assert_eq!(parts.len(), AT_ONCE, "there are several");
    newcomer.engine.on_no_part(peer, &parts[0].1.path);
    assert!(newcomer.asks().await.is_empty(), "who is busy has a rest");

    let more = world.many(9_000..9_010);
    world.decide(&more);
    newcomer.is_told(peer, &world, &world.store.reader());
    for (_, part) in &parts[1..] {
        newcomer.is_given(&held, part);
    }
    newcomer.is_given_the_rest(&held).await;
    assert_eq!(newcomer.engine.tip, held.tip().expect("read"));
    let given: BTreeSet<&PagePath> = newcomer.given.iter().collect();
    assert!(given.len() == newcomer.given.len() && given.len() > AT_ONCE, "every part once: {:?}", newcomer.given);
}

#[tokio::test]
async fn a_peer_that_refuses_a_part_again_and_again_is_believed() {
    let mut world = grown();
    let (store, peer) = (world.store.clone(), PeerId::random());
    let mut newcomer = Newcomer::to(&world);
    newcomer.is_told(peer, &world, &store.reader());
    for _ in 0..REFUSED {
        let (_, part) = newcomer.asks().await.remove(0);
        newcomer.engine.on_no_part(peer, &part.path);
        assert!(newcomer.asks().await.is_empty(), "not before the next patrol");
        newcomer.engine.pursue_state();
    }
    assert!(newcomer.asks().await.is_empty(), "nobody holds it");
    let more = world.many(9_000..9_010);
    world.decide(&more);
    newcomer.is_told(peer, &world, &world.store.reader());
    newcomer.is_given_the_rest(&store.reader()).await;
    assert_eq!(newcomer.engine.tip, world.store.tip(), "the newer one instead");
}

#[tokio::test]
async fn what_one_refuses_is_asked_of_another_at_once() {
    let world = grown();
    let (held, first, second) = (world.store.reader(), PeerId::random(), PeerId::random());
    let mut newcomer = Newcomer::to(&world);
    newcomer.is_told(first, &world, &held);
    newcomer.is_told(second, &world, &held);
    let (_, root) = newcomer.asks().await.remove(0);
    newcomer.engine.on_no_part(first, &root.path);
    assert_eq!(newcomer.asks().await, [(second, root)]);
    newcomer.is_given(&held, &root);
    newcomer.is_given_the_rest(&held).await;
}
