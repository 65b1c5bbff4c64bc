use std::sync::Arc;

use sampan_proto::block::payload_hash;
use sampan_proto::keys::SecretKey;
use sampan_proto::vote::{Proposal, Signed};
use sampan_proto::wire::ProposalMessage;

use super::*;
use crate::core::ledger::Execution;
use crate::core::ledger::fixtures::Network;
use crate::core::mempool::Limits;

/// A proposal of these documents in a round; no matter whether the state allows them.
fn proposal(net: &Network, round: u32, documents: &[Arc<Document>]) -> ProposalMessage {
    let key = SecretKey::from_seed([1; 32]);
    let mut header = Execution::new(&net.state, net.draft(net.tip.time_ms + 1)).finish().expect("whole").header;
    let payload: Vec<EnvelopeId> = documents.iter().map(|document| document.statement().envelope()).collect();
    header.payload_hash = payload_hash(&payload);
    let (chain, height, block, proposer) = (header.chain, header.height, header.hash(), key.public());
    let proposal = Proposal { chain, height, round, pol_round: None, block, proposer };
    ProposalMessage { proposal: Signed::sign(proposal, &key), header, payload }
}

fn empty() -> Mempool {
    Mempool::new(Limits { bytes: 1 << 20, per_member: 100 })
}

#[test]
fn what_was_fetched_for_one_proposal_is_not_fetched_for_the_next() {
    let net = Network::new();
    let [e1, e2, e3] = ["E1", "E2", "E3"].map(|number| net.issue_form_e("ccpit-ningbo", number, "ningbo-tools"));
    let mut candidates = Candidates::default();
    let first = proposal(&net, 0, &[Arc::clone(&e1), Arc::clone(&e2)]);
    candidates.propose(&first, &empty());
    let block = first.proposal.message.block;
    assert_eq!(candidates.get(&block).expect("kept").missing().count(), 2, "nothing is here yet");
    candidates.get_mut(&block).expect("kept").fill(&[Arc::clone(&e1), Arc::clone(&e2)]);
    assert_eq!(candidates.incomplete().count(), 0);

    let second = proposal(&net, 1, &[Arc::clone(&e2), Arc::clone(&e3), Arc::clone(&e1)]);
    candidates.propose(&second, &empty());
    let candidate = candidates.get(&second.proposal.message.block).expect("kept");
    assert_eq!(candidate.missing().collect::<Vec<_>>(), [e3.statement().envelope()]);
    assert_eq!(candidates.incomplete().collect::<Vec<_>>(), [&second.proposal.message.block]);
}

#[test]
fn the_mempool_fills_a_candidate_in_the_order_of_its_payload() {
    let net = Network::new();
    let [e1, e2] = ["E1", "E2"].map(|number| net.issue_form_e("ccpit-ningbo", number, "ningbo-tools"));
    let mut mempool = empty();
    for document in [&e1, &e2] {
        assert_eq!(mempool.insert(&net.admit(Arc::clone(document)), false), Ok(true));
    }
    let message = proposal(&net, 0, &[Arc::clone(&e2), Arc::clone(&e1)]);
    let mut candidates = Candidates::default();
    candidates.propose(&message, &mempool);
    let candidate = candidates.get(&message.proposal.message.block).expect("kept");
    assert_eq!(candidate.documents(), Some(vec![e2, e1]));
}

#[test]
fn only_a_block_that_waits_for_a_polka_is_taken_as_one() {
    let mut net = Network::new();
    let document = net.issue_form_e("ccpit-ningbo", "E1", "ningbo-tools");
    let (outcome, _) = net.block(&[Arc::clone(&document)]);
    let block = outcome.header.hash();
    let mut candidates = Candidates::default();
    candidates.insert_valid(outcome.clone(), vec![document]);
    assert!(candidates.take_untimely(&block).is_none());
    assert!(candidates.is_valid(&block), "and it stays what it was");
    candidates.get_mut(&block).expect("kept").judgement = Some(Judgement::Untimely(Box::new(outcome.clone())));
    assert_eq!(candidates.untimely(), [block]);
    assert!(candidates.take_decided(&block).is_none(), "not valid, not decided by us");
    let mut again = Candidates::default();
    again.insert_valid(outcome.clone(), Vec::new());
    again.get_mut(&block).expect("kept").judgement = Some(Judgement::Untimely(Box::new(outcome)));
    assert!(again.take_untimely(&block).is_some());
}

#[test]
fn blocks_that_nobody_names_any_more_are_dropped_and_valid_ones_stay() {
    let net = Network::new();
    let numbers = ["E1", "E2", "E3", "E4"];
    let documents = numbers.map(|number| net.issue_form_e("ccpit-ningbo", number, "ningbo-tools"));
    let mut candidates = Candidates::default();
    let blocks: Vec<HeaderHash> = (0..)
        .zip(&documents)
        .map(|(round, document)| {
            let message = proposal(&net, round, &[Arc::clone(document)]);
            candidates.propose(&message, &empty());
            message.proposal.message.block
        })
        .collect();
    let outcome = || Execution::new(&net.state, net.draft(net.tip.time_ms + 1)).finish().expect("whole");
    let judgements =
        [Judgement::Valid(Box::new(outcome())), Judgement::Invalid, Judgement::Untimely(Box::new(outcome()))];
    for (block, judgement) in blocks.iter().zip(judgements) {
        candidates.get_mut(block).expect("kept").judgement = Some(judgement);
    }
    candidates.forget_unnamed(&blocks.iter().copied().collect());
    assert_eq!(candidates.len(), 4);
    candidates.forget_unnamed(&BTreeSet::from([blocks[3]]));
    assert!(candidates.is_valid(&blocks[0]) && candidates.get(&blocks[3]).is_some());
    assert_eq!(candidates.len(), 2);
}
