//! Four cores and a queue: what the engine does, without a network, a disk or a clock.

use std::collections::VecDeque;

use sampan_proto::hash::{Domain, Hash32};
use sampan_proto::ids::{ChainId, HeaderHash, Height};
use sampan_proto::keys::SecretKey;
use sampan_proto::roster::{Roster, Validator};
use sampan_proto::vote::{Certificate, Proposal, Signed, Vote, VoteType};

use super::*;

const CHAIN: ChainId = ChainId(Hash32([7; 32]));
const HEIGHT: Height = Height(1);

fn key(i: usize) -> SecretKey {
    SecretKey::from_seed([u8::try_from(i + 1).expect("few"); 32])
}

fn roster() -> Roster {
    let validator =
        |i| Validator { member: format!("customs-{i}").parse().expect("id"), key: key(i).public(), power: 1 };
    Roster::new((0..4).map(validator).collect()).expect("roster")
}

fn block(name: &str) -> HeaderHash {
    HeaderHash(Domain::HeaderField.hash(name.as_bytes()))
}

/// Index of the validator that proposes in a round of height 1.
fn proposer_of(round: u32) -> usize {
    context::proposer_index(4, HEIGHT, round)
}

/// What one validator did, in order, and the record it would find after a crash.
#[derive(Default)]
struct Log {
    wal: Vec<WalEntry>,
    synced: usize,
    votes: Vec<Signed<Vote>>,
    proposals: Vec<Signed<Proposal>>,
    asked: Vec<u32>,
    decided: Vec<Certificate>,
    timers: Vec<Timeout>,
}

struct Net {
    cores: Vec<Consensus>,
    logs: Vec<Log>,
    queue: VecDeque<(usize, Input)>,
    silent: Vec<usize>,
    /// Whether validator `i` finds blocks valid.
    honest_blocks: Vec<bool>,
    stop_at: Option<(usize, VoteType)>,
}

impl Net {
    fn new() -> Self {
        Self {
            cores: (0..4).map(|i| Consensus::new(CHAIN, roster(), key(i), HEIGHT)).collect(),
            logs: (0..4).map(|_| Log::default()).collect(),
            queue: VecDeque::new(),
            silent: Vec::new(),
            honest_blocks: vec![true; 4],
            stop_at: None,
        }
    }

    fn start(&mut self) {
        for i in 0..4 {
            self.queue.push_back((i, Input::Start(HEIGHT, roster())));
        }
        self.run();
    }

    fn run(&mut self) {
        while let Some((i, input)) = self.queue.pop_front() {
            if self.silent.contains(&i) {
                continue;
            }
            let mut effects = Vec::new();
            self.cores[i].step(input, &mut effects).expect("no contradiction");
            self.perform(i, effects);
        }
    }

    fn perform(&mut self, i: usize, effects: Vec<Effect>) {
        for effect in effects {
            if self.silent.contains(&i) {
                return;
            }
            match effect {
                Effect::Wal(entry) => self.logs[i].wal.push(entry),
                Effect::PublishVote(vote) => {
                    self.logs[i].synced = self.logs[i].wal.len();
                    let recorded = self.logs[i].wal.contains(&WalEntry::Vote(vote.clone()));
                    assert!(recorded, "a vote leaves only after it is recorded");
                    self.logs[i].votes.push(vote.clone());
                    if self.stop_at == Some((i, vote.message.vote_type)) {
                        // Crash: recorded, but nobody heard of it.
                        self.silent.push(i);
                        return;
                    }
                    for to in (0..4).filter(|to| *to != i) {
                        self.queue.push_back((to, Input::Vote(vote.clone().verified().expect("own signature"))));
                    }
                }
                Effect::PublishProposal(proposal) => {
                    self.logs[i].proposals.push(proposal.clone());
                    for to in (0..4).filter(|to| *to != i) {
                        let message = proposal.message.clone();
                        self.queue.push_back((to, Input::Proposal(proposal.clone().verified().expect("signature"))));
                        self.queue.push_back((to, Input::Value(judged(&message, self.honest_blocks[to]))));
                    }
                }
                Effect::GetValue { height, round } => {
                    self.logs[i].asked.push(round);
                    let block = block(&format!("by {i} in {round}"));
                    self.queue.push_back((i, Input::Propose { height, round, block }));
                }
                Effect::Decide(certificate) => self.logs[i].decided.push(certificate),
                Effect::Schedule(timeout) => self.logs[i].timers.push(timeout),
                Effect::PublishPolka(votes) => {
                    for to in (0..4).filter(|to| *to != i) {
                        self.queue.push_back((to, Input::Polka(votes.clone())));
                    }
                }
                Effect::PublishRound(certificate) => {
                    for to in (0..4).filter(|to| *to != i) {
                        self.queue.push_back((to, Input::Round(certificate.clone())));
                    }
                }
                Effect::Cancel(_) | Effect::CancelAll | Effect::RoundStarted { .. } | Effect::Equivocation(_) => {}
            }
        }
    }

    /// Lets every timer of a step and round that was set run out.
    fn time_out(&mut self, step: Step, round: u32) {
        for i in 0..4 {
            let timeout = Timeout { step, round };
            if self.logs[i].timers.contains(&timeout) {
                self.queue.push_back((i, Input::Timeout(timeout)));
            }
        }
        self.run();
    }

    fn decided(&self) -> Vec<Option<HeaderHash>> {
        self.logs.iter().map(|log| log.decided.first().map(|certificate| certificate.block)).collect()
    }
}

fn judged(proposal: &Proposal, valid: bool) -> ProposedBlock {
    ProposedBlock {
        height: proposal.height,
        round: proposal.round,
        proposer: proposal.proposer,
        block: proposal.block,
        valid,
    }
}

#[test]
fn four_validators_decide_one_block_with_a_certificate_that_verifies() {
    let mut net = Net::new();
    net.start();
    let expected = block(&format!("by {} in 0", proposer_of(0)));
    assert_eq!(net.decided(), vec![Some(expected); 4]);
    for log in &net.logs {
        assert_eq!(log.decided[0].verify(CHAIN, &roster()), Ok(()));
        assert_eq!(log.decided.len(), 1);
    }
}

#[test]
fn a_silent_proposer_costs_a_round_and_nothing_more() {
    let mut net = Net::new();
    net.silent = vec![proposer_of(0)];
    net.start();
    assert!(net.decided().iter().all(Option::is_none), "nothing to decide in round 0");
    net.time_out(Step::Propose, 0);
    net.time_out(Step::Precommit, 0);
    let expected = Some(block(&format!("by {} in 1", proposer_of(1))));
    let others: Vec<_> = (0..4).filter(|i| *i != proposer_of(0)).map(|i| net.decided()[i]).collect();
    assert_eq!(others, vec![expected; 3]);
    assert_eq!(net.logs[proposer_of(1)].decided[0].round, 1);
}

#[test]
fn a_block_found_invalid_gets_nil_and_is_not_decided() {
    let mut net = Net::new();
    net.honest_blocks = vec![false; 4];
    net.start();
    for i in (0..4).filter(|i| *i != proposer_of(0)) {
        let prevote = &net.logs[i].votes[0].message;
        assert_eq!((prevote.vote_type, prevote.block), (VoteType::Prevote, None), "validator {i}");
    }
    assert!(net.decided().iter().all(Option::is_none));
}

#[test]
fn a_block_found_invalid_by_one_is_decided_by_it_once_it_is_found_valid() {
    let mut net = Net::new();
    let odd = proposer_of(1);
    net.honest_blocks[odd] = false;
    net.start();
    assert_eq!(net.decided().iter().flatten().count(), 3, "three are enough, the fourth waits");
    assert_eq!(net.decided()[odd], None);
    let proposal = net.logs[proposer_of(0)].proposals[0].message.clone();
    net.queue.push_back((odd, Input::Value(judged(&proposal, true))));
    net.run();
    assert_eq!(net.decided()[odd], Some(proposal.block));
}

/// A validator that crashed after its vote was recorded says exactly the same after it recovers.
fn crash_and_recover(crashed: usize, at: VoteType) {
    let mut net = Net::new();
    net.stop_at = Some((crashed, at));
    net.start();
    let before = net.logs[crashed].votes.clone();
    let wal = net.logs[crashed].wal.clone();

    let mut core = Consensus::new(CHAIN, roster(), key(crashed), HEIGHT);
    let mut effects = Vec::new();
    core.recover(HEIGHT, &wal, &mut effects).expect("the record is consistent");
    let votes: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::PublishVote(vote) => Some(vote.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(votes, before, "the same votes with the same signatures");
    let recorded_again = effects.iter().any(|effect| matches!(effect, Effect::Wal(_)));
    assert!(!recorded_again, "what is recorded is not recorded twice");
    let asked = effects.iter().any(|effect| matches!(effect, Effect::GetValue { .. }));
    assert!(!asked, "a proposal that was made is not made anew");

    net.cores[crashed] = core;
    net.silent.clear();
    net.stop_at = None;
    net.perform(crashed, effects);
    // Liveness repair: peers tell what they said meanwhile.
    let said: Vec<_> = (0..4).filter(|i| *i != crashed).flat_map(|i| net.logs[i].votes.clone()).collect();
    for vote in said {
        net.queue.push_back((crashed, Input::Vote(vote.verified().expect("signature"))));
    }
    net.run();
    let decided = net.decided();
    assert!(decided[crashed].is_some() && decided.iter().flatten().all(|block| Some(*block) == decided[crashed]));
}

#[test]
fn recovery_repeats_a_prevote_and_goes_on() {
    crash_and_recover(proposer_of(1), VoteType::Prevote);
}

#[test]
fn recovery_repeats_a_precommit_and_goes_on() {
    crash_and_recover(proposer_of(1), VoteType::Precommit);
}

#[test]
fn a_proposer_that_crashed_proposes_the_same_block_again() {
    crash_and_recover(proposer_of(0), VoteType::Prevote);
}

#[test]
fn a_vote_lost_before_its_record_is_cast_and_recorded_on_recovery() {
    let mut net = Net::new();
    let crashed = proposer_of(1);
    net.stop_at = Some((crashed, VoteType::Prevote));
    net.start();
    let own = key(crashed).public();
    let without_vote: Vec<WalEntry> = net.logs[crashed]
        .wal
        .iter()
        .filter(|entry| !matches!(entry, WalEntry::Vote(vote) if vote.message.validator == own))
        .cloned()
        .collect();
    let mut core = Consensus::new(CHAIN, roster(), key(crashed), HEIGHT);
    let mut effects = Vec::new();
    core.recover(HEIGHT, &without_vote, &mut effects).expect("consistent");
    let place = |wanted: fn(&Effect) -> bool| effects.iter().position(wanted);
    let recorded = place(|effect| matches!(effect, Effect::Wal(WalEntry::Vote(_))));
    let published = place(|effect| matches!(effect, Effect::PublishVote(_)));
    assert!(recorded.is_some() && recorded < published, "recorded, then published");
}

#[test]
fn everybody_recovers_from_a_power_failure_between_precommit_and_decision() {
    let mut net = Net::new();
    // All four record their precommit and die before anybody hears of it.
    net.start_until_precommit();
    let mut cores = Vec::new();
    let mut effects_of = Vec::new();
    for i in 0..4 {
        let mut core = Consensus::new(CHAIN, roster(), key(i), HEIGHT);
        let mut effects = Vec::new();
        core.recover(HEIGHT, &net.logs[i].wal, &mut effects).expect("consistent");
        cores.push(core);
        effects_of.push(effects);
    }
    net.cores = cores;
    net.stop_at = None;
    net.silent.clear();
    net.queue.clear();
    for (i, effects) in effects_of.into_iter().enumerate() {
        net.perform(i, effects);
    }
    net.run();
    let expected = block(&format!("by {} in 0", proposer_of(0)));
    assert_eq!(net.decided(), vec![Some(expected); 4]);
}

impl Net {
    fn start_until_precommit(&mut self) {
        for i in 0..4 {
            self.queue.push_back((i, Input::Start(HEIGHT, roster())));
        }
        while let Some((i, input)) = self.queue.pop_front() {
            if self.silent.contains(&i) {
                continue;
            }
            let mut effects = Vec::new();
            self.cores[i].step(input, &mut effects).expect("no contradiction");
            self.stop_at = Some((i, VoteType::Precommit));
            self.perform(i, effects);
        }
        assert_eq!(self.silent.len(), 4, "each died with its precommit on disk");
    }
}

#[test]
fn polkas_and_round_certificates_with_a_bad_signature_move_nobody() {
    let vote = |i: usize, vote_type, block| {
        let message = Vote { chain: CHAIN, vote_type, height: HEIGHT, round: 3, block, validator: key(i).public() };
        Signed::sign(message, &key(i))
    };
    let mut core = Consensus::new(CHAIN, roster(), key(0), HEIGHT);
    let mut effects = Vec::new();
    core.step(Input::Start(HEIGHT, roster()), &mut effects).expect("start");
    let mut votes: Vec<_> = (1..4).map(|i| vote(i, VoteType::Precommit, None)).collect();
    votes[2].signature = votes[1].signature;
    let forged = sampan_proto::wire::RoundCertificate { height: HEIGHT, round: 3, skip: false, votes };
    core.step(Input::Round(forged), &mut effects).expect("no harm");
    assert_eq!(core.round(), Some(0));
    let votes: Vec<_> = (1..4).map(|i| vote(i, VoteType::Precommit, None)).collect();
    let honest = sampan_proto::wire::RoundCertificate { height: HEIGHT, round: 3, skip: true, votes };
    core.step(Input::Round(honest), &mut effects).expect("no harm");
    assert_eq!(core.round(), Some(3));
}
