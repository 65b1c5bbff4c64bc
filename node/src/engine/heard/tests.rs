use sampan_proto::block::{Header, no_evidence};
use sampan_proto::hash::Hash32;
use sampan_proto::ids::ChainId;
use sampan_proto::keys::SecretKey;
use sampan_proto::roster::Validator;

use super::*;

const CHAIN: ChainId = ChainId(Hash32([7; 32]));

fn key(i: u8) -> SecretKey {
    SecretKey::from_seed([i + 1; 32])
}

fn roster() -> Roster {
    let validator =
        |i| Validator { member: format!("customs-{i}").parse().expect("id"), key: key(i).public(), power: 1 };
    Roster::new((0..4).map(validator).collect()).expect("roster")
}

fn vote(i: u8, height: u64, round: u32, block: Option<HeaderHash>) -> Verified<Signed<Vote>> {
    let (height, validator) = (Height(height), key(i).public());
    let vote = Vote { chain: CHAIN, vote_type: VoteType::Prevote, height, round, block, validator };
    Signed::sign(vote, &key(i)).verified().expect("signed")
}

/// A proposal of a block that differs from others by its time.
fn proposal(height: u64, round: u32, time_ms: u64) -> HeardProposal {
    let header = Header {
        version: 1,
        chain: CHAIN,
        height: Height(height),
        time_ms,
        proposer: key(0).public(),
        previous: HeaderHash(CHAIN.0),
        payload_hash: Hash32::ZERO,
        log_size: 0,
        log_root: Hash32::ZERO,
        state_root: Hash32::ZERO,
        roster_hash: Hash32::ZERO,
        next_roster_hash: Hash32::ZERO,
        parameters_hash: Hash32::ZERO,
        evidence_hash: no_evidence(),
    };
    let (height, block, proposer) = (header.height, header.hash(), header.proposer);
    let message = Proposal { chain: CHAIN, height, round, pol_round: None, block, proposer };
    let signed = Signed::sign(message, &key(0));
    let message = ProposalMessage { proposal: signed.clone(), header, payload: Vec::new() };
    HeardProposal { proposal: signed.verified().expect("signed"), message }
}

#[test]
fn a_proposal_is_news_once_and_a_round_has_room_for_two() {
    let mut heard = Heard::default();
    assert!(heard.proposal(&proposal(1, 0, 1)));
    assert!(!heard.proposal(&proposal(1, 0, 1)), "a peer that tells it again brings nothing new");
    assert!(heard.proposal(&proposal(1, 0, 2)), "a rival proves equivocation");
    assert!(!heard.proposal(&proposal(1, 0, 3)), "more would only take room");
    assert!(heard.proposal(&proposal(1, 1, 3)));
    assert_eq!(heard.proposals(Height(1)).count(), 3);
}

#[test]
fn who_says_two_things_in_one_round_is_found_out_and_nobody_else() {
    let block = Some(HeaderHash(Hash32([3; 32])));
    let mut heard = Heard::default();
    assert_eq!(heard.vote(&vote(0, 1, 0, None)), None);
    assert_eq!(heard.vote(&vote(0, 1, 0, None)), None, "the same again");
    assert_eq!(heard.vote(&vote(0, 1, 1, block)), None, "another round");
    assert_eq!(heard.vote(&vote(1, 1, 0, block)), None, "another validator");
    let offence = heard.vote(&vote(0, 1, 0, block)).expect("two votes in one round");
    assert_eq!((offence.kind(), offence.height()), ("votes", Some(Height(1))));
    assert!(heard.vote(&vote(0, 1, 0, block)).is_some_and(|again| again.id() == offence.id()));
    let one = proposal(1, 0, 1);
    heard.proposal(&one);
    assert_eq!(heard.rival(&one), None);
    let two = proposal(1, 0, 2);
    heard.proposal(&two);
    assert_eq!(heard.rival(&two).map(|offence| offence.kind()), Some("proposals"));
}

#[test]
fn a_height_has_begun_when_an_honest_validator_votes_in_it() {
    let mut heard = Heard::default();
    heard.vote(&vote(0, 1, 0, None));
    heard.vote(&vote(0, 1, 1, None));
    assert!(!heard.has_begun(&roster(), Height(1)), "one validator, however often it votes");
    heard.vote(&vote(1, 1, 0, None));
    assert!(heard.has_begun(&roster(), Height(1)));
    assert!(!heard.has_begun(&roster(), Height(2)));
}

#[test]
fn a_polka_is_of_one_round() {
    let block = HeaderHash(Hash32([3; 32]));
    let mut heard = Heard::default();
    heard.vote(&vote(0, 1, 0, Some(block)));
    heard.vote(&vote(1, 1, 0, Some(block)));
    heard.vote(&vote(2, 1, 1, Some(block)));
    heard.vote(&vote(3, 1, 0, None));
    assert!(!heard.has_polka(&roster(), Height(1), block));
    heard.vote(&vote(2, 1, 0, Some(block)));
    assert!(heard.has_polka(&roster(), Height(1), block));
}

#[test]
fn what_is_kept_is_bounded_by_heights_and_rounds() {
    let mut heard = Heard::default();
    let tip = Height(5);
    let wanted = |heard: &Heard, height, round| heard.wants(tip, Height(height), round);
    assert!(!wanted(&heard, 5, 0) && wanted(&heard, 6, 0) && wanted(&heard, 7, 0) && !wanted(&heard, 8, 0));
    assert!(wanted(&heard, 6, ROUNDS_AHEAD) && !wanted(&heard, 6, ROUNDS_AHEAD + 1));
    heard.vote(&vote(0, 6, 0, None));
    heard.vote(&vote(0, 6, 90, None));
    heard.vote(&vote(0, 7, 0, None));
    heard.round_started(Height(6), 100);
    assert!(wanted(&heard, 6, 100 + ROUNDS_AHEAD));
    let rounds: Vec<u32> = heard.votes_at(Height(6)).map(|vote| vote.message.round).collect();
    assert_eq!(rounds, [90], "rounds far behind are forgotten, of this height only");
    assert_eq!(heard.votes_at(Height(7)).count(), 1);
    heard.decided(Height(6), &roster());
    assert_eq!((heard.votes_at(Height(6)).count(), heard.votes_at(Height(7)).count()), (0, 1));
}

#[test]
fn a_peer_far_behind_is_given_the_newest_round_certificate_of_its_height() {
    let mut heard = Heard::default();
    let certificate = |height, round| RoundCertificate { height: Height(height), round, skip: true, votes: Vec::new() };
    heard.certificate(&certificate(6, 40));
    heard.certificate(&certificate(6, 30));
    assert_eq!(heard.round_state(Height(6)).certificate, Some(certificate(6, 40)));
    assert_eq!(heard.round_state(Height(7)).certificate, None);
    heard.decided(Height(6), &roster());
    assert_eq!(heard.round_state(Height(6)).certificate, None);
}

#[test]
fn a_height_has_begun_when_more_than_a_third_voted_in_a_round_of_it_however_far_ahead() {
    let certificate = |voters: u8| {
        let votes = (0..voters).map(|i| vote(i, 6, 500, None).into_inner()).collect();
        RoundCertificate { height: Height(6), round: 500, skip: true, votes }
    };
    let mut heard = Heard::default();
    heard.round_proved(&roster(), &certificate(1));
    assert!(!heard.has_begun(&roster(), Height(6)), "one may lie");
    heard.round_proved(&roster(), &certificate(2));
    assert!(heard.has_begun(&roster(), Height(6)));
    assert!(!heard.has_begun(&roster(), Height(7)), "and no other height");
}

#[test]
fn what_somebody_said_of_a_height_at_which_he_has_no_say_is_forgotten() {
    let mut heard = Heard::default();
    for i in 0..4 {
        heard.vote(&vote(i, 7, 0, None));
    }
    let all = roster();
    let left = Roster::new(all.validators().iter().filter(|seat| seat.key != key(3).public()).cloned().collect());
    heard.decided(Height(6), &left.expect("roster"));
    let voters: BTreeSet<PublicKey> = heard.votes_at(Height(7)).map(|vote| vote.message.validator).collect();
    assert_eq!(voters, (0..3).map(|i| key(i).public()).collect());
}

#[test]
fn a_proposal_for_anothers_turn_is_forgotten() {
    let (all, mut heard) = (roster(), Heard::default());
    let turn = (0..4).find(|round| proposer(&all, Height(7), *round) == key(0).public()).expect("its turn");
    assert!(heard.proposal(&proposal(7, turn, 1)) && heard.proposal(&proposal(7, turn + 1, 1)));
    heard.decided(Height(6), &all);
    let turns: Vec<u32> = heard.proposals(Height(7)).map(|heard| heard.proposal.message.round).collect();
    assert_eq!(turns, [turn]);
}
