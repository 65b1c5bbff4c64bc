//! Whom the follower asks.

use std::collections::BTreeSet;

use super::*;
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::net::{Line, Said, line};
use crate::store::fixture::World;

/// Turns of the runtime within which a request that was made is on its way.
const TURNS: usize = 32;

struct Asked {
    line: Line,
    follower: Follower,
    peers: Vec<PeerId>,
    _world: World,
}

impl Asked {
    fn connected(count: usize) -> Self {
        let world = World::new();
        let pool = Pool::inline(world.store.clone(), Metrics::new(1), Clock::default());
        let (net, _, line) = line(PeerId::random(), true);
        let peers: Vec<PeerId> = std::iter::repeat_with(PeerId::random).take(count).collect();
        line.connect(peers.clone());
        Self { line, follower: Follower::new(net, pool, mpsc::channel(8).0), peers, _world: world }
    }

    /// What was asked since it was last looked at, and of whom.
    async fn requests(&mut self) -> Vec<(PeerId, Request)> {
        let mut requests = Vec::new();
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
            while let Some(said) = self.line.try_next() {
                let Said::Request(peer, request, _) = said else { panic!("{said:?}") };
                requests.push((peer, request));
            }
        }
        requests
    }

    /// The pages that are asked for now, and of whom.
    async fn pages(&mut self) -> Vec<(u64, PeerId)> {
        self.follower.ask_blocks(Height(1));
        let page = |(peer, request)| {
            let Request::Blocks { from, count: PAGE } = request else { panic!("{request:?}") };
            (from.0, peer)
        };
        let mut pages: Vec<_> = self.requests().await.into_iter().map(page).collect();
        pages.sort_unstable();
        pages
    }
}

#[tokio::test]
async fn pages_are_asked_of_several_peers_side_by_side_and_each_once() {
    let mut asked = Asked::connected(3);
    let informant = asked.peers[1];
    asked.follower.target.saw(Height(1_000), informant);
    let pages = asked.pages().await;
    assert_eq!(pages.iter().map(|(from, _)| *from).collect::<Vec<_>>(), [1, 65, 129, 193]);
    assert_eq!(pages[0].1, informant, "whoever told of the target has it");
    let of: BTreeSet<PeerId> = pages.iter().map(|(_, peer)| *peer).collect();
    assert_eq!(of, asked.peers.iter().copied().collect(), "nobody waits for one slow peer");
    assert_eq!(asked.pages().await, [], "they are on their way");
}

#[tokio::test]
async fn without_peers_nothing_is_asked_and_with_one_everything_of_it() {
    let mut asked = Asked::connected(0);
    asked.follower.target.claimed(Height(70), None);
    assert_eq!(asked.pages().await, []);
    let only = PeerId::random();
    asked.line.connect(vec![only]);
    assert_eq!(asked.pages().await, [(1, only), (65, only)], "up to the target and no further");
}

#[tokio::test]
async fn what_was_heard_of_a_round_is_asked_of_those_who_vote() {
    let mut asked = Asked::connected(5);
    let voters: BTreeSet<PeerId> = asked.peers[..2].iter().copied().collect();
    asked.follower.know_voters(voters.clone());
    let mut of = BTreeSet::new();
    for _ in 0..5 {
        asked.follower.ask_round(Height(1));
        of.extend(asked.requests().await.into_iter().map(|(peer, _)| peer));
        asked.follower.questions.answered(Question::Round);
    }
    assert_eq!(of, voters);
    asked.follower.know_voters(BTreeSet::from([PeerId::random()]));
    asked.follower.ask_round(Height(1));
    assert_eq!(asked.requests().await.len(), 1, "if none of them is here, somebody else");
}

#[tokio::test]
async fn a_document_is_not_given_up_while_nobody_is_asked_for_it() {
    let mut asked = Asked::connected(2);
    let offerer = asked.peers[1];
    let id = |byte| EnvelopeId(sampan_proto::hash::Hash32([byte; 32]));
    asked.follower.want(offerer, [id(1)].into_iter());
    let block = HeaderHash(sampan_proto::hash::Hash32([9; 32]));
    asked.follower.source(block, offerer);
    asked.follower.ask_documents(&block, vec![id(2)]);
    for _ in 0..=ASK_AGAIN {
        asked.follower.ask_wanted();
        asked.follower.ask_documents(&block, vec![id(3)]);
    }
    assert_eq!(asked.requests().await, [(offerer, Request::Documents(vec![id(2)]))], "one question at a time");
    assert!(asked.follower.owes_a_wanted_one());
    asked.follower.questions.answered(Question::Documents);
    asked.follower.ask_wanted();
    assert_eq!(asked.requests().await, [(offerer, Request::Documents(vec![id(1)]))]);
    assert!(!asked.follower.owes_a_wanted_one());
}
