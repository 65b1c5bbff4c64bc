//! Votes, proposals, certificates: what a signature binds, and how many are enough.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

mod support;

use sampan_proto::genesis::Genesis;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{ChainId, HeaderHash, Height};
use sampan_proto::keys::{BadSignature, SecretKey, Signature};
use sampan_proto::member::Purpose;
use sampan_proto::roster::{Roster, Validator};
use sampan_proto::vote::{BadCertificate, Certificate, Proposal, Signable, Signed, Vote, VoteType};
use support::{cast, digest};

const CHAIN: ChainId = ChainId(Hash32([1; 32]));
const BLOCK: HeaderHash = HeaderHash(Hash32([2; 32]));

fn key(number: usize) -> SecretKey {
    cast::key(&format!("validator-{number}"), Purpose::Consensus)
}

fn vote(by: &SecretKey) -> Vote {
    Vote {
        chain: CHAIN,
        vote_type: VoteType::Precommit,
        height: Height(7),
        round: 1,
        block: Some(BLOCK),
        validator: by.public(),
    }
}

fn proposal(by: &SecretKey) -> Proposal {
    Proposal { chain: CHAIN, height: Height(7), round: 1, pol_round: Some(0), block: BLOCK, proposer: by.public() }
}

fn roster(powers: &[u64]) -> Roster {
    let validator = |(number, power): (usize, &u64)| Validator {
        member: cast::id(&format!("customs-{number:03}")),
        key: key(number).public(),
        power: *power,
    };
    Roster::new(powers.iter().enumerate().map(validator).collect()).expect("a roster")
}

fn precommits(signers: &[usize]) -> Vec<(usize, Signature)> {
    signers.iter().map(|i| (*i, key(*i).sign(vote(&key(*i)).digest().as_bytes()))).collect()
}

fn certificate(roster: &Roster, signers: &[usize]) -> Certificate {
    Certificate::new(Height(7), 1, BLOCK, roster, precommits(signers))
}

/// A change of one field, and its name.
type Change<T> = (&'static str, fn(&mut T));

/// Signs `message`, then checks each variation of it under the same signature.
fn binds<T: Signable + Clone + std::fmt::Debug + Eq>(message: &T, by: &SecretKey, changes: &[Change<T>]) {
    let signed = Signed::sign(message.clone(), by);
    assert_eq!(signed.verify(), Ok(()));
    for (field, change) in changes {
        let mut other = signed.clone();
        change(&mut other.message);
        assert_ne!(other.message, *message, "{field}: the case changes something");
        assert_ne!(other.message.digest(), message.digest(), "{field}");
        assert_eq!(other.verify(), Err(BadSignature), "{field}");
        assert!(other.verified().is_err(), "{field}");
    }
}

#[test]
fn a_vote_binds_every_field() {
    let changes: [Change<Vote>; 8] = [
        ("chain", |v| v.chain = ChainId(digest(9))),
        ("type", |v| v.vote_type = VoteType::Prevote),
        ("height", |v| v.height = Height(8)),
        ("round", |v| v.round = 2),
        ("round and height", |v| (v.height, v.round) = (Height(1), 7)),
        ("block", |v| v.block = Some(HeaderHash(digest(9)))),
        ("nil", |v| v.block = None),
        ("validator", |v| v.validator = key(1).public()),
    ];
    binds(&vote(&key(0)), &key(0), &changes);
}

#[test]
fn a_proposal_binds_every_field() {
    let changes: [Change<Proposal>; 7] = [
        ("chain", |p| p.chain = ChainId(digest(9))),
        ("height", |p| p.height = Height(8)),
        ("round", |p| p.round = 2),
        ("pol_round", |p| p.pol_round = Some(1)),
        ("no pol_round", |p| p.pol_round = None),
        ("block", |p| p.block = HeaderHash(digest(9))),
        ("proposer", |p| p.proposer = key(1).public()),
    ];
    binds(&proposal(&key(0)), &key(0), &changes);
}

#[test]
fn votes_and_proposals_have_domains_of_their_own() {
    // The same bytes signed as the other kind of object would be another digest.
    let (vote, proposal) = (vote(&key(0)), proposal(&key(0)));
    let vote_bytes = sampan_proto::codec::encode(&vote);
    assert_eq!(vote.digest(), sampan_proto::hash::Domain::Vote.hash(&vote_bytes));
    assert_ne!(vote.digest(), sampan_proto::hash::Domain::Proposal.hash(&vote_bytes));
    let as_vote = Signed { message: vote, signature: Signed::sign(proposal, &key(0)).signature };
    assert_eq!(as_vote.verify(), Err(BadSignature));
}

#[test]
fn signed_by_another_key_than_the_one_named() {
    assert_eq!(Signed::sign(vote(&key(0)), &key(1)).verify(), Err(BadSignature));
    assert_eq!(Signed::sign(proposal(&key(0)), &key(1)).verify(), Err(BadSignature));
}

#[test]
fn a_certificate_does_not_depend_on_the_order_of_its_votes() {
    let roster = roster(&[1; 7]);
    let sorted = certificate(&roster, &[0, 2, 3, 5, 6]);
    assert_eq!(sorted.verify(CHAIN, &roster), Ok(()));
    assert_eq!(sorted.signers, [0b0110_1101]);
    for order in [[6, 5, 3, 2, 0], [3, 0, 6, 2, 5]] {
        assert_eq!(certificate(&roster, &order), sorted);
    }
    let twice = certificate(&roster, &[5, 0, 2, 0, 3, 6, 5]);
    assert_eq!(twice, sorted, "a vote that came twice counts once");
    let indexes: Vec<_> = sorted.precommits().map(|(index, _)| index).collect();
    assert_eq!(indexes, [0, 2, 3, 5, 6]);
}

#[test]
fn a_vote_twice_is_not_two_votes() {
    let roster = roster(&[1; 4]);
    let two = certificate(&roster, &[0, 1, 0, 1]);
    assert_eq!(two.verify(CHAIN, &roster), Err(BadCertificate::NoQuorum { power: 2, total: 4 }));
}

#[test]
fn a_bitmap_spans_bytes() {
    let roster = roster(&[1; 10]);
    let signers = [0, 1, 2, 4, 7, 8, 9];
    let certificate = certificate(&roster, &signers);
    assert_eq!(certificate.signers, [0b1001_0111, 0b11]);
    assert_eq!(certificate.verify(CHAIN, &roster), Ok(()));
}

/// Every set of signers: a certificate verifies exactly when its power is more than two thirds.
fn every_subset(powers: &[u64]) -> usize {
    let roster = roster(powers);
    let total: u64 = powers.iter().sum();
    let all = precommits(&(0..powers.len()).collect::<Vec<_>>());
    let mut quorums = 0;
    for subset in 0_u32..1 << powers.len() {
        let chosen: Vec<_> = all.iter().filter(|(i, _)| subset >> i & 1 == 1).copied().collect();
        let power: u64 = chosen.iter().map(|(i, _)| powers[*i]).sum();
        let verdict = Certificate::new(Height(7), 1, BLOCK, &roster, chosen).verify(CHAIN, &roster);
        let enough = 3 * power > 2 * total;
        let expected = if enough { Ok(()) } else { Err(BadCertificate::NoQuorum { power, total }) };
        assert_eq!(verdict, expected, "{powers:?}, signers {subset:b}");
        quorums += usize::from(enough);
    }
    quorums
}

#[test]
fn quorums_of_four_with_unequal_power() {
    assert_eq!(every_subset(&[1, 1, 1, 1]), 5, "three of four, or all");
    assert_eq!(every_subset(&[10, 10, 10, 7]), 5, "any three");
    assert_eq!(every_subset(&[7, 1, 1, 1]), 8, "whatever holds the 7 of 10");
    assert_eq!(every_subset(&[6, 1, 1, 1]), 7, "6 of 9 is two thirds exactly: it needs one more");
}

#[test]
fn quorums_of_seven_with_unequal_power() {
    assert_eq!(every_subset(&[1; 7]), 29, "five, six or seven of seven");
    // 14 of 21 is two thirds exactly, and not enough.
    let exactly = roster(&[6, 5, 4, 3, 1, 1, 1]);
    assert!(!exactly.is_quorum(14) && exactly.is_quorum(15));
    every_subset(&[6, 5, 4, 3, 1, 1, 1]);
}

#[test]
fn arithmetic_at_the_limits_does_not_wrap() {
    let most = sampan_proto::limits::VALIDATOR_POWER;
    let roster = roster(&[most; 4]);
    assert!(roster.is_quorum(u64::MAX) && !roster.is_quorum(0));
    assert!(!roster.is_quorum(2 * most) && roster.is_quorum(3 * most));
    assert!(roster.holds_an_honest_one(2 * most) && !roster.holds_an_honest_one(most));
}

#[test]
fn a_certificate_binds_what_it_says() {
    let roster = roster(&[1; 4]);
    let good = certificate(&roster, &[0, 1, 3]);
    let bad = |change: &dyn Fn(&mut Certificate)| {
        let mut other = good.clone();
        change(&mut other);
        other.verify(CHAIN, &roster).expect_err("refused")
    };
    let first = BadCertificate::Signature { index: 0 };
    assert_eq!(bad(&|c| c.height = Height(8)), first);
    assert_eq!(bad(&|c| c.round = 0), first);
    assert_eq!(bad(&|c| c.block = HeaderHash(digest(9))), first);
    assert_eq!(good.verify(ChainId(digest(9)), &roster), Err(first));
    // Shape: the bitmap and the signatures fit each other and the roster.
    assert_eq!(bad(&|c| c.signers = vec![0b1111]), BadCertificate::Shape);
    assert_eq!(bad(&|c| c.signers = vec![0b11]), BadCertificate::Shape);
    assert_eq!(bad(&|c| c.signers = vec![0b1_0011]), BadCertificate::Shape, "a bit beyond the roster");
    assert_eq!(bad(&|c| c.signers.push(0)), BadCertificate::Shape, "a byte too many");
    assert_eq!(bad(&|c| c.signers.clear()), BadCertificate::Shape);
    assert_eq!(
        bad(&|c| {
            c.signatures.pop();
        }),
        BadCertificate::Shape
    );
    assert_eq!(bad(&|c| c.signatures.push(c.signatures[0])), BadCertificate::Shape);
    // Attribution: each signature is its own validator's.
    assert_eq!(bad(&|c| c.signers = vec![0b0111]), BadCertificate::Signature { index: 2 });
    assert_eq!(bad(&|c| c.signatures.swap(0, 1)), BadCertificate::Signature { index: 0 });
    let empty = Certificate { signers: vec![0], signatures: vec![], ..good.clone() };
    assert_eq!(empty.verify(CHAIN, &roster), Err(BadCertificate::NoQuorum { power: 0, total: 4 }));
}

#[test]
fn one_bad_signature_among_enough_good_ones_is_refused() {
    let roster = roster(&[1; 4]);
    for index in 0..4 {
        let mut certificate = certificate(&roster, &[0, 1, 2, 3]);
        let Signature::Ed25519(bytes) = &mut certificate.signatures[index];
        bytes[11] ^= 0x20;
        assert_eq!(certificate.verify(CHAIN, &roster), Err(BadCertificate::Signature { index }));
    }
}

#[test]
fn prevotes_and_nil_votes_certify_nothing() {
    let roster = roster(&[1; 4]);
    let with = |change: &dyn Fn(&mut Vote)| {
        let sign = |i: usize| {
            let mut vote = vote(&key(i));
            change(&mut vote);
            (i, key(i).sign(vote.digest().as_bytes()))
        };
        let votes = (0..4).map(sign).collect();
        Certificate::new(Height(7), 1, BLOCK, &roster, votes).verify(CHAIN, &roster)
    };
    assert_eq!(with(&|_| ()), Ok(()));
    let refused = Err(BadCertificate::Signature { index: 0 });
    assert_eq!(with(&|v| v.vote_type = VoteType::Prevote), refused);
    assert_eq!(with(&|v| v.block = None), refused);
}

#[test]
fn votes_of_strangers_find_no_place() {
    let roster = roster(&[1; 4]);
    let mut votes = precommits(&[0, 1]);
    votes.push((9, key(9).sign(vote(&key(9)).digest().as_bytes())));
    let certificate = Certificate::new(Height(7), 1, BLOCK, &roster, votes);
    assert_eq!(certificate.verify(CHAIN, &roster), Err(BadCertificate::Shape));
}

#[test]
fn the_test_network_decides_by_any_three() {
    let Genesis { roster, .. } = cast::genesis();
    let powers: Vec<_> = roster.validators().iter().map(|v| v.power).collect();
    assert_eq!(powers, [10, 10, 10, 7]);
    assert!(roster.is_quorum(27) && !roster.is_quorum(20));
}
