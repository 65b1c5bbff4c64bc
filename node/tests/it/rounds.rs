//! Rounds that went wrong, on whole nodes: a block that only one clock finds odd, and a validator left behind.

use sampan_node::clock::now_ms;
use sampan_node::core::consensus::{Step, Timeout, WalEntry, proposer};
use sampan_node::core::ledger::{Draft, Execution};
use sampan_node::net::Publication;
use sampan_node::store::wal::Wal;
use sampan_node::store::{Disk, Store};
use sampan_proto::api::{HeaderView, NodeStatus};
use sampan_proto::block::Header;
use sampan_proto::genesis::{Genesis, Parameters};
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{HeaderHash, Height};
use sampan_proto::keys::SecretKey;
use sampan_proto::vote::{Proposal, Signed, Vote, VoteType};
use sampan_proto::wire::{ConsensusMessage, ProposalMessage};

use crate::harness::Network;
use crate::peer::Peer;

const FIRST: Height = Height(1);

fn quiet() -> Parameters {
    Parameters { heartbeat_ms: 60_000, ..Parameters::default() }
}

fn vote(genesis: &Genesis, by: &SecretKey, vote_type: VoteType, round: u32, block: Option<HeaderHash>) -> Signed<Vote> {
    let vote = Vote { chain: genesis.chain, vote_type, height: FIRST, round, block, validator: by.public() };
    Signed::sign(vote, by)
}

/// The first block, empty, at a time of our choosing.
fn empty_block(genesis: &Genesis, time_ms: u64) -> Header {
    let dir = tempfile::tempdir().expect("directory");
    let store = Store::open(dir.path(), genesis, 8).expect("opens");
    let draft =
        Draft { chain: genesis.chain, tip: store.tip(), time_ms, proposer: proposer(&genesis.roster, FIRST, 0) };
    let reader = store.reader();
    Execution::new(&reader, draft).finish().expect("readable").header
}

/// The node under test is one of four; the test is the other three.
#[tokio::test(flavor = "multi_thread")]
async fn a_block_far_from_our_clock_is_accepted_once_two_thirds_prevote_it() {
    let mut net = Network::new(4, 1, quiet());
    let keys: Vec<SecretKey> = (0..4).map(|i| net.consensus_key(i)).collect();
    let first = proposer(&net.genesis.roster, FIRST, 0);
    let lead = keys.iter().position(|key| key.public() == first).expect("one of four");
    let (node, own) = ((lead + 1) % 4, keys[(lead + 1) % 4].public());
    net.start(node).await;
    let mut others = Peer::join(&net, net.network_key(4), &[node]).await;
    let say = |others: &Peer, vote_type, block| {
        for key in keys.iter().filter(|key| key.public() != own) {
            let vote = vote(&net.genesis, key, vote_type, 0, block);
            others.say(Publication::Consensus(ConsensusMessage::Vote(vote)));
        }
    };

    let header = empty_block(&net.genesis, now_ms() + 3_600_000);
    let block = header.hash();
    let proposal =
        Proposal { chain: net.genesis.chain, height: FIRST, round: 0, pol_round: None, block, proposer: first };
    let proposal = Signed::sign(proposal, &keys[lead]);
    others.say(Publication::Proposal(ProposalMessage { proposal, header, payload: Vec::new() }));
    let by_node = |vote_type| move |vote: &Vote| vote.validator == own && vote.vote_type == vote_type;
    let prevote = others.hears(by_node(VoteType::Prevote)).await;
    assert_eq!(prevote.block, None, "an hour ahead of our clock");
    let offset_ms = net.metric(node, "sampan_clock_offset_ms").await;
    assert!((3_500_000..3_700_000).contains(&offset_ms), "{offset_ms}");

    say(&others, VoteType::Prevote, Some(block));
    let precommit = others.hears(by_node(VoteType::Precommit)).await;
    assert_eq!((precommit.round, precommit.block), (0, Some(block)), "two thirds find the time right: ours is off");
    say(&others, VoteType::Precommit, Some(block));
    let status: NodeStatus = net.reaches(node, FIRST).await;
    assert_eq!(status.header, block);
    others.net.shutdown().await;
    net.stop_all().await;
}

/// Whoever proposes in two rounds could say in the later one that the block stands on a polka, and in the earlier one
/// that it is fresh: a block of far in the future that everybody prevotes would end the chain.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_a_block_was_prevoted_does_not_make_its_time_right() {
    let mut net = Network::new(4, 1, quiet());
    let keys: Vec<SecretKey> = (0..4).map(|i| net.consensus_key(i)).collect();
    let first = proposer(&net.genesis.roster, FIRST, 0);
    assert_eq!(proposer(&net.genesis.roster, FIRST, 4), first, "it is its turn again after four rounds");
    let lead = keys.iter().position(|key| key.public() == first).expect("one of four");
    let (node, own) = ((lead + 1) % 4, keys[(lead + 1) % 4].public());
    net.start(node).await;
    let mut others = Peer::join(&net, net.network_key(4), &[node]).await;
    let header = empty_block(&net.genesis, now_ms() + 100 * 366 * 24 * 3_600_000);
    let block = header.hash();
    for (round, pol_round) in [(4, Some(0)), (0, None)] {
        let proposal = Proposal { chain: net.genesis.chain, height: FIRST, round, pol_round, block, proposer: first };
        let proposal = Signed::sign(proposal, &keys[lead]);
        let message = ProposalMessage { proposal, header: header.clone(), payload: Vec::new() };
        others.say(Publication::Proposal(message));
        // The later round's is there, and judged, before the earlier one's comes.
        if round == 4 {
            net.counts(node, "sampan_kept{what=\"candidates\"}", 1).await;
        }
    }
    let prevote = others.hears(|vote: &Vote| vote.validator == own && vote.vote_type == VoteType::Prevote).await;
    assert_eq!((prevote.round, prevote.block), (0, None));
    others.net.shutdown().await;
    net.stop_all().await;
}

/// A document is told once, and may have been refused for the sake of another that was not final yet where it came.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_told_again_and_each_time_in_other_bytes() {
    let mut net = Network::new(4, 1, Parameters { heartbeat_ms: 600_000, ..quiet() });
    net.start(0).await;
    let mut other = Peer::join(&net, net.network_key(4), &[0]).await;
    let (bill, _, _) = net.bill("SMPN0001", "klang-import");
    assert_eq!(net.submit(0, &bill).await.0, 202);
    let first = other.hears_of_documents().await;
    assert!(first.offered.is_empty());
    let id = first.documents.first().expect("the bill").statement.envelope_id();
    let [second, third] = [other.hears_of_documents().await, other.hears_of_documents().await];
    assert_ne!(second, third, "what is the same is swallowed as known");
    for told in [second, third] {
        assert!(told.documents.is_empty() && told.offered.iter().all(|offered| *offered == id), "{told:?}");
    }
    other.net.shutdown().await;
    net.stop_all().await;
}

/// One of four hears a block of the rightful proposer that says another state than the law leads to.
#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_leads_to_another_state_raises_the_alarm() {
    let mut net = Network::new(4, 1, Parameters { heartbeat_ms: 100, ..quiet() });
    let first = proposer(&net.genesis.roster, FIRST, 0);
    let keys: Vec<SecretKey> = (0..4).map(|i| net.consensus_key(i)).collect();
    let lead = keys.iter().position(|key| key.public() == first).expect("one of four");
    let node = (lead + 1) % 4;
    net.start(node).await;
    let others = Peer::join(&net, net.network_key(4), &[node]).await;
    let header = empty_block(&net.genesis, net.genesis.time_ms + 1_000);
    let lie = Header { state_root: Hash32([9; 32]), ..header };
    let (chain, block) = (net.genesis.chain, lie.hash());
    let proposal = Proposal { chain, height: FIRST, round: 0, pol_round: None, block, proposer: first };
    let proposal = Signed::sign(proposal, &keys[lead]);
    others.say(Publication::Proposal(ProposalMessage { proposal, header: lie, payload: Vec::new() }));
    net.counts(node, "sampan_root_mismatch_total", 1).await;
    others.net.shutdown().await;
    net.stop_all().await;
}

/// Rounds that two validators went through while the third was away; more than the votes that a peer keeps.
const ROUNDS: u32 = 100;

/// What a validator recorded of rounds in which all who were there voted nil.
fn nil_rounds(genesis: &Genesis, own: &SecretKey, others: &[&SecretKey]) -> Vec<WalEntry> {
    let nil = |by: &SecretKey, vote_type, round| WalEntry::Vote(vote(genesis, by, vote_type, round, None));
    let mut entries = Vec::new();
    for round in 0..ROUNDS {
        entries.push(WalEntry::Timeout(Timeout { step: Step::Propose, round }));
        for vote_type in [VoteType::Prevote, VoteType::Precommit] {
            entries.push(nil(own, vote_type, round));
            entries.extend(others.iter().map(|by| nil(by, vote_type, round)));
        }
        entries.push(WalEntry::Timeout(Timeout { step: Step::Precommit, round }));
    }
    entries
}

/// Validators 0, 1 and 3 are in round 100, then 3 dies; 2 comes for the first time, and nothing is decided without it.
/// That round may be the turn of the one that died: so late a round must not last long.
#[tokio::test(flavor = "multi_thread")]
async fn a_validator_many_rounds_behind_is_brought_there_by_a_round_certificate() {
    // No heartbeat helps: whoever comes last must find out that the others began.
    let mut net = Network::new(4, 0, Parameters { timeout_delta_ms: 10, heartbeat_ms: 600_000, ..quiet() });
    let keys: Vec<SecretKey> = (0..4).map(|i| net.consensus_key(i)).collect();
    for i in 0..2 {
        std::fs::create_dir_all(net.data_dir(i)).expect("made");
        let (mut wal, _) = Wal::open(&net.data_dir(i).join("consensus.wal"), Disk::default()).expect("opens");
        wal.rotate(FIRST).expect("rotated");
        for entry in nil_rounds(&net.genesis, &keys[i], &[&keys[1 - i], &keys[3]]) {
            wal.append(FIRST, &entry);
        }
        wal.sync().expect("synced");
        net.start(i).await;
    }
    let (bill, statement, _) = net.bill("SMPN0001", "klang-import");
    assert_eq!(net.submit(0, &bill).await.0, 202);
    net.start(2).await;
    for i in 0..3 {
        assert_eq!(net.is_final(i, statement).await, FIRST);
        let view: HeaderView = net.get_json(i, "/v1/headers/1").await;
        assert!(view.certificate.round >= ROUNDS, "round {}, and it was not begun anew", view.certificate.round);
    }
    let walked = net.metric(2, "sampan_rounds_beyond_first_total").await;
    assert!(walked > 0 && walked < u64::from(ROUNDS) / 2, "it did not walk through {walked} rounds, it was carried");
    net.stop_all().await;
}
