//! Power failure of everyone, between precommit and decision: the block is on every disk, each node has said that
//! it precommits it, and nobody has heard so from another.

use std::sync::Arc;

use sampan_node::core::Document;
use sampan_node::core::consensus::{ProposedBlock, WalEntry, proposer};
use sampan_node::core::ledger::{Draft, Execution, Outcome};
use sampan_node::store::wal::Wal;
use sampan_node::store::{Disk, Staged, Store};
use sampan_proto::api::Submission;
use sampan_proto::block::Header;
use sampan_proto::genesis::{Genesis, Parameters};
use sampan_proto::keys::SecretKey;
use sampan_proto::statement::SignedStatement;
use sampan_proto::vote::{Proposal, Signed, Vote, VoteType};
use sampan_proto::wire;

use crate::harness::Network;

const VALIDATORS: usize = 4;

/// What the validators' write-ahead logs hold of a block in round 0: everything up to each one's own precommit.
fn said(genesis: &Genesis, header: &Header, keys: &[SecretKey], own: usize) -> Vec<WalEntry> {
    let (chain, height, block) = (genesis.chain, header.height, header.hash());
    let first = proposer(&genesis.roster, height, 0);
    let by = keys.iter().find(|key| key.public() == first).expect("a validator proposes");
    let proposal = Proposal { chain, height, round: 0, pol_round: None, block, proposer: first };
    let vote = |key: &SecretKey, vote_type| {
        let vote = Vote { chain, vote_type, height, round: 0, block: Some(block), validator: key.public() };
        WalEntry::Vote(Signed::sign(vote, key))
    };
    let mut entries = vec![
        WalEntry::Proposal(Signed::sign(proposal, by)),
        WalEntry::Value(ProposedBlock { height, round: 0, proposer: first, block, valid: true }),
    ];
    entries.extend(keys.iter().map(|key| vote(key, VoteType::Prevote)));
    entries.push(vote(&keys[own], VoteType::Precommit));
    entries
}

fn execute(store: &Store, genesis: &Genesis, document: &Document) -> Outcome {
    let tip = store.tip();
    let draft = Draft {
        chain: genesis.chain,
        time_ms: tip.time_ms + 1,
        proposer: proposer(&genesis.roster, tip.height.next(), 0),
        tip,
    };
    let reader = store.reader();
    let mut execution = Execution::new(&reader, draft);
    execution.apply(document.statement()).expect("readable").expect("executes");
    execution.finish().expect("readable")
}

/// Every validator's disk as after a power failure between its precommit for a block of this statement and the
/// decision; gives the block's header.
fn dies_after_precommit(net: &Network, validators: usize, submission: Submission) -> Header {
    let statement = SignedStatement::try_from(submission.statement).expect("an envelope");
    let document = wire::Document { statement, body: None };
    let document = Arc::new(Document::check(document, net.genesis.chain).expect("a document"));
    let keys: Vec<SecretKey> = (0..validators).map(|i| net.consensus_key(i)).collect();
    let mut header = None;
    for i in 0..validators {
        let dir = net.data_dir(i);
        let store = Store::open(&dir, &net.genesis, 8).expect("opens");
        let outcome = execute(&store, &net.genesis, &document);
        let staged = Staged { header: outcome.header.clone(), documents: vec![Arc::clone(&document)] };
        store.stage(&staged).expect("staged");
        let (mut wal, _) = Wal::open(&dir.join("consensus.wal"), Disk::default()).expect("opens");
        wal.rotate(outcome.header.height).expect("rotated");
        for entry in said(&net.genesis, &outcome.header, &keys, i) {
            wal.append(outcome.header.height, &entry);
        }
        wal.sync().expect("synced");
        header = Some(outcome.header);
    }
    header.expect("at least one of them")
}

#[tokio::test(flavor = "multi_thread")]
async fn all_four_die_between_precommit_and_decision_and_decide_that_block() {
    let mut net = Network::new(VALIDATORS, 0, Parameters { heartbeat_ms: 60_000, ..Parameters::default() });
    net.start_all().await;
    let (bill, statement, record) = net.bill("SMPN0001", "klang-import");
    assert_eq!(net.submit(0, &bill).await.0, 202);
    let mut height = sampan_proto::ids::Height::GENESIS;
    for i in 0..VALIDATORS {
        height = net.is_final(i, statement).await;
    }
    net.stop_all().await;

    let (transfer, moved) = net.transfer("klang-import", record, 1, "harbour-bank");
    let header = dies_after_precommit(&net, VALIDATORS, transfer);
    assert_eq!(header.height, height.next());

    net.start_all().await;
    for i in 0..VALIDATORS {
        assert_eq!(net.is_final(i, moved).await, header.height, "node {i}");
        assert_eq!(net.reaches(i, header.height).await.header, header.hash(), "that very block, on node {i}");
    }
    net.stop_all().await;
}

/// A validator that decides alone decides again as it recovers, before anything else of it runs: here a block whose
/// state is to be held for newcomers. It must not wait for what starts after it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_decided_in_recovery_is_held_for_newcomers() {
    let parameters = Parameters { heartbeat_ms: 60_000, ..Parameters::default() };
    let mut net = Network::new(1, 0, parameters).with_states(1, u64::MAX);
    net.start(0).await;
    let (bill, statement, record) = net.bill("SMPN0001", "klang-import");
    assert_eq!(net.submit(0, &bill).await.0, 202);
    net.is_final(0, statement).await;
    net.stop(0).await;
    let (transfer, moved) = net.transfer("klang-import", record, 1, "harbour-bank");
    let header = dies_after_precommit(&net, 1, transfer);
    net.start(0).await;
    assert_eq!(net.is_final(0, moved).await, header.height);
    net.stop(0).await;
}
