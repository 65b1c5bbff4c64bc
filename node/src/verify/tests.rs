//! What a peer answers: the good of it is used, and garbage is told from what is merely of no use.

use sampan_proto::block::Block;
use sampan_proto::ids::{EnvelopeId, Height};
use sampan_proto::vote::{Signed, Vote, VoteType};
use sampan_proto::wire::{self, PeerStatus, Request, Response, RoundState};

use super::*;
use crate::engine::Fetched;
use crate::store::fixture::World;

/// Three blocks, each with a bill of lading, and a pool that judges what a peer says of them.
struct Judge {
    world: World,
    pool: Pool,
}

impl Judge {
    fn new() -> Self {
        let mut world = World::new();
        for number in 1..=3 {
            let bill = world.bill(number, "ningbo-tools");
            world.decide(&[bill]);
        }
        let pool = Pool::new(world.store.clone(), Metrics::new(1), 1).expect("threads");
        Self { world, pool }
    }

    fn block(&self, height: u64) -> Block {
        self.world.store.reader().block(Height(height)).expect("read").expect("decided")
    }

    fn document(&self, height: u64) -> wire::Document {
        let Block { statements, bodies, .. } = self.block(height);
        wire::Document { statement: statements[0].clone(), body: bodies[0].clone() }
    }

    /// How many items of the answer are of use, and whose fault the rest is.
    async fn of(&self, request: Request, response: Response) -> (usize, Option<PeerFault>) {
        let judged = self.pool.response(libp2p::PeerId::random(), &request, response).await;
        let useful = match judged.fetched {
            Fetched::Blocks(_, blocks) => blocks.len(),
            Fetched::Past(_, past) => past.len(),
            Fetched::Documents(_, documents) => documents.len(),
            Fetched::Round(_, heard) => heard.len(),
            Fetched::Status(..) | Fetched::Manifest(..) | Fetched::Part(_) => 1,
            Fetched::Nothing(_) | Fetched::NoManifest | Fetched::NoPart(..) => 0,
        };
        (useful, judged.fault)
    }

    async fn blocks(&self, blocks: Vec<Block>) -> (usize, Option<PeerFault>) {
        self.of(Request::Blocks { from: Height(1), count: 64 }, Response::Blocks(blocks)).await
    }
}

#[tokio::test]
async fn what_is_true_or_merely_of_no_use_is_nobodys_fault() {
    let judge = Judge::new();
    assert_eq!(judge.blocks((1..=3).map(|height| judge.block(height)).collect()).await, (3, None));
    assert_eq!(judge.blocks(Vec::new()).await, (0, None), "it has none");
    let mut without = judge.block(2);
    without.bodies[0] = None;
    assert_eq!(judge.blocks(vec![judge.block(1), without]).await, (2, None), "a document may have been erased");
    assert_eq!(judge.of(Request::Round(Height(2)), Response::Blocks(vec![judge.block(2)])).await, (1, None));
    let status = PeerStatus { height: Height(9), header: judge.block(1).header.hash() };
    assert_eq!(judge.of(Request::Status, Response::Status(status)).await, (1, None));
    let asked = Request::Documents(vec![judge.document(1).statement.envelope_id()]);
    assert_eq!(judge.of(asked.clone(), Response::Documents(vec![judge.document(1)])).await, (1, None));
    assert_eq!(judge.of(asked.clone(), Response::Documents(Vec::new())).await, (0, None));
    for request in [asked, Request::Status, Request::Round(Height(4)), Request::Blocks { from: Height(4), count: 1 }] {
        assert_eq!(judge.of(request, Response::Busy).await, (0, None));
    }
}

#[tokio::test]
async fn a_block_that_does_not_verify_is_its_senders_fault_and_the_ones_before_it_are_used() {
    let judge = Judge::new();
    let bad = Some(PeerFault::BadBlock);
    let damage: [fn(&mut Block); 5] = [
        |block| block.header.time_ms += 1,
        |block| block.certificate.signatures.clear(),
        |block| block.certificate.round += 1,
        |block| block.statements.clear(),
        |block| block.bodies[0].as_mut().expect("a bill").pepper[0] ^= 1,
    ];
    for (case, damage) in damage.into_iter().enumerate() {
        let mut second = judge.block(2);
        damage(&mut second);
        assert_eq!(judge.blocks(vec![judge.block(1), second, judge.block(3)]).await, (1, bad), "case {case}");
    }
    assert_eq!(judge.blocks(vec![judge.block(2)]).await, (0, bad), "another height than was asked for");
    assert_eq!(judge.blocks(vec![judge.block(1), judge.block(3)]).await, (1, bad), "a gap");
}

#[tokio::test]
async fn garbage_in_other_answers_is_their_senders_fault() {
    let judge = Judge::new();
    let mut torn = judge.document(1);
    torn.body.as_mut().expect("a bill").bytes.push(b' ');
    let names: Vec<EnvelopeId> = (1..=2).map(|height| judge.document(height).statement.envelope_id()).collect();
    let answer = Response::Documents(vec![torn, judge.document(2)]);
    assert_eq!(judge.of(Request::Documents(names.clone()), answer).await, (1, Some(PeerFault::BadBlock)));
    let unasked = Response::Documents(vec![judge.document(3)]);
    assert_eq!(judge.of(Request::Documents(names), unasked).await, (0, Some(PeerFault::Malformed)));

    let stranger = sampan_proto::keys::SecretKey::from_seed([9; 32]);
    let (chain, validator) = (judge.world.network.genesis.chain, stranger.public());
    let vote = Vote { chain, vote_type: VoteType::Prevote, height: Height(4), round: 0, block: None, validator };
    let votes = vec![Signed::sign(vote, &stranger)];
    let state = RoundState { proposals: Vec::new(), votes, certificate: None };
    let round = judge.of(Request::Round(Height(4)), Response::Round(state)).await;
    assert_eq!(round, (0, Some(PeerFault::BadSignature)));
    let other = judge.of(Request::Status, Response::Blocks(Vec::new())).await;
    assert_eq!(other, (0, Some(PeerFault::Malformed)), "an answer to something else");
}

/// The network above, in which a second agency is given a seat by the block at height 5, and one block after it.
fn grown() -> Judge {
    let mut judge = Judge::new();
    let world = &mut judge.world;
    let admit = world.governs(world.admit("my-customs"));
    world.decide(&admit);
    let seat = world.governs(world.seat("my-customs", 1));
    world.decide(&seat);
    let bill = world.bill(9, "ningbo-tools");
    world.decide(&[bill]);
    judge
}

#[tokio::test]
async fn a_page_ends_where_the_roster_changes_for_whoever_does_not_know_the_next() {
    let (ahead, behind) = (grown(), Judge::new());
    let page = |from: u64| (from..=6).map(|height| ahead.block(height)).collect::<Vec<_>>();
    let request = |from| Request::Blocks { from: Height(from), count: 64 };
    assert_eq!(behind.of(request(4), Response::Blocks(page(4))).await, (2, None), "to the handover");
    assert_eq!(ahead.of(request(6), Response::Blocks(page(6))).await, (1, None), "known by then");
    // Asked for blocks beyond the tip, a node cannot tell who decides them: nobody is blamed.
    assert_eq!(behind.of(request(6), Response::Blocks(page(6))).await, (0, None));
    // Who names the roster that it knows and does not show its signatures is blamed there, too.
    let mut unsigned = page(5);
    assert_eq!(behind.of(request(5), Response::Blocks(unsigned.clone())).await, (1, None));
    unsigned[0].certificate.signatures.clear();
    assert_eq!(behind.of(request(5), Response::Blocks(unsigned)).await, (0, Some(PeerFault::BadBlock)));
    let mut forged = page(4);
    forged[0].header.next_roster_hash = sampan_proto::hash::Hash32::ZERO;
    assert_eq!(behind.of(request(4), Response::Blocks(forged)).await, (0, Some(PeerFault::BadBlock)));
}

#[tokio::test]
async fn the_past_is_judged_by_who_decided_it_then() {
    let ahead = grown();
    let told = |from: u64| {
        let block = |height| ahead.world.store.reader().past(Height(height)).expect("read").expect("decided");
        (from..=6).map(block).collect::<Vec<_>>()
    };
    let request = |from| Request::Past { from: Height(from), count: 64 };
    assert_eq!(ahead.of(request(1), Response::Past(told(1))).await, (5, None), "to the handover");
    assert_eq!(ahead.of(request(6), Response::Past(told(6))).await, (1, None));
    assert_eq!(ahead.of(request(1), Response::Past(Vec::new())).await, (0, None), "it holds none");
    let mut forged = told(1);
    forged[2].block.certificate.signatures.clear();
    assert_eq!(ahead.of(request(1), Response::Past(forged)).await, (2, Some(PeerFault::BadBlock)));
    assert_eq!(ahead.of(request(2), Response::Past(told(1))).await, (0, Some(PeerFault::BadBlock)), "another height");
}

#[tokio::test]
async fn votes_of_a_roster_to_come_are_ignored_and_those_of_strangers_blamed() {
    let (ahead, behind) = (grown(), Judge::new());
    let newcomer = crate::store::fixture::seed("my-customs", sampan_proto::member::Purpose::Consensus);
    let chain = behind.world.network.genesis.chain;
    let vote = |height| {
        let validator = newcomer.public();
        let vote = Vote { chain, vote_type: VoteType::Prevote, height, round: 0, block: None, validator };
        let votes = vec![Signed::sign(vote, &newcomer)];
        Response::Round(RoundState { proposals: Vec::new(), votes, certificate: None })
    };
    let ask = Request::Round(Height(4));
    assert_eq!(behind.of(ask.clone(), vote(Height(5))).await, (0, None), "it may be seated by a block to come");
    assert_eq!(behind.of(ask.clone(), vote(Height(4))).await, (0, Some(PeerFault::BadSignature)), "not at the next");
    assert_eq!(ahead.of(Request::Round(Height(7)), vote(Height(7))).await, (1, None));
}

#[tokio::test]
async fn votes_that_do_not_belong_together_are_their_senders_fault() {
    let judge = Judge::new();
    let chain = judge.world.network.genesis.chain;
    let key = crate::store::fixture::seed("cn-customs", sampan_proto::member::Purpose::Consensus);
    let vote = |round| {
        let (height, validator, block) = (Height(4), key.public(), None);
        Signed::sign(Vote { chain, vote_type: VoteType::Prevote, height, round, block, validator }, &key)
    };
    let of = async |votes: Vec<Signed<Vote>>| {
        let certificate = Some(wire::RoundCertificate { height: Height(4), round: 1, skip: true, votes });
        let state = RoundState { proposals: Vec::new(), votes: Vec::new(), certificate };
        judge.of(Request::Round(Height(4)), Response::Round(state)).await
    };
    let fault = Some(PeerFault::Malformed);
    assert_eq!(of(vec![vote(1)]).await, (1, None));
    assert_eq!(of(Vec::new()).await, (0, fault), "none");
    assert_eq!(of(vec![vote(1), vote(1)]).await, (0, fault), "one twice");
    assert_eq!(of(vec![vote(2)]).await, (0, fault), "of another round");
    let stranger = crate::store::fixture::seed("my-customs", sampan_proto::member::Purpose::Consensus);
    let (height, validator) = (Height(4), stranger.public());
    let told = Vote { chain, vote_type: VoteType::Prevote, height, round: 1, block: None, validator };
    let votes = vec![Signed::sign(told, &stranger), vote(1)];
    let state = RoundState { proposals: Vec::new(), votes, certificate: None };
    let all = judge.of(Request::Round(Height(4)), Response::Round(state)).await;
    assert_eq!(all, (1, None), "what a stranger told our peer is not the peer's fault while the rest is of use");
}

#[tokio::test]
async fn a_job_that_panics_leaves_whoever_asked_without_an_answer_and_the_next_one_runs() {
    let judge = Judge::new();
    assert_eq!(judge.pool.run(|_| -> u8 { panic!("of a test") }).await, None);
    assert_eq!(judge.pool.run(|_| 7).await, Some(7));
}
