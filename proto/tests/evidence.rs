//! Evidence: what is proven of whom, and how little it takes for it to prove nothing.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

mod support;

use sampan_proto::block::Header;
use sampan_proto::evidence::{Evidence, Offence, Proven, verify};
use sampan_proto::ids::{BodyCommitment, ChainId, Height};
use sampan_proto::member::Purpose;
use sampan_proto::proof::{Binary, Ladder, Outcome};
use sampan_proto::statement::{Action, Issue, Replacement, Replaces, SignedStatement};
use sampan_proto::title::TitleAct;
use sampan_proto::vote::{Signed, VoteType};
use support::cast::{self, BUYER, TRADER};
use support::chain::certify;
use support::digest;
use support::offences::Offences;
use support::story::{Story, transfer};

fn climb(evidence: &Evidence, story: &Story) -> (Ladder, Option<Proven>) {
    verify(evidence, &story.chain.genesis)
}

#[track_caller]
fn proves(evidence: &Evidence, story: &Story, members: &[&str], shows: &str) {
    let (ladder, proven) = climb(evidence, story);
    assert_eq!(ladder.outcome(), Outcome::Valid, "{ladder:#?}");
    let proven = proven.expect("proven");
    assert_eq!(proven.members, members.iter().map(|member| cast::id(member)).collect::<Vec<_>>());
    assert!(proven.shows.contains(shows), "{proven:?}");
    let json = serde_json::to_vec(evidence).expect("JSON");
    assert_eq!(Evidence::from_json(&json).as_ref(), Ok(evidence));
}

/// Takes good evidence, changes it, and expects it to prove nothing, by that rung.
#[track_caller]
fn breaks(evidence: &Evidence, story: &Story, rung: &str, change: impl FnOnce(&mut Evidence)) {
    let mut changed = evidence.clone();
    change(&mut changed);
    assert_ne!(&changed, evidence, "the case changes something");
    let (ladder, proven) = climb(&changed, story);
    assert_eq!(ladder.outcome(), Outcome::Invalid, "{ladder:#?}");
    assert_eq!(proven, None);
    assert_eq!(ladder.rungs().last().map(|rung| rung.name), Some(rung), "{ladder:#?}");
}

fn votes_of(evidence: &mut Evidence) -> &mut [Binary<Signed<sampan_proto::vote::Vote>>; 2] {
    let Offence::Votes(votes) = &mut evidence.offence else { panic!("votes") };
    votes
}

#[test]
fn two_votes_in_one_round() {
    let story = Story::tell();
    let good = Offences::new(&story).votes();
    let voter = cast::VALIDATORS[0].0;
    proves(&good, &story, &[voter], "signed two votes for height 4, round 2");
    breaks(&good, &story, "format", |e| e.media_type.push('2'));
    breaks(&good, &story, "network", |e| e.chain = ChainId(digest(1)));
    breaks(&good, &story, "header", |e| e.head = None);
    breaks(&good, &story, "header", |e| e.head.as_mut().expect("a head").header.0.time_ms += 1);
    breaks(&good, &story, "conflict", |e| votes_of(e)[1] = votes_of(e)[0].clone());
    let again = |e: &mut Evidence, change: &dyn Fn(&mut sampan_proto::vote::Vote)| {
        let vote = &mut votes_of(e)[1].0;
        change(&mut vote.message);
        *vote = Signed::sign(vote.message.clone(), &cast::consensus_keys()[0]);
    };
    breaks(&good, &story, "conflict", |e| again(e, &|vote| vote.round = 3));
    breaks(&good, &story, "conflict", |e| again(e, &|vote| vote.height = Height(5)));
    breaks(&good, &story, "conflict", |e| again(e, &|vote| vote.vote_type = VoteType::Precommit));
    breaks(&good, &story, "conflict", |e| again(e, &|vote| vote.chain = ChainId(digest(1))));
    breaks(&good, &story, "signatures", |e| {
        votes_of(e)[1].0.message.block = Some(sampan_proto::ids::HeaderHash(digest(9)));
    });
    // Of another height's head: who validated then is not shown.
    let older = story.chain.heads[2].clone();
    breaks(&good, &story, "signer", |e| {
        e.head = Some(sampan_proto::proof::Head { header: Binary(older.0), certificate: Binary(older.1) });
    });
    // Two votes of two validators are what honest ones do.
    breaks(&good, &story, "conflict", |e| {
        let vote = sampan_proto::vote::Vote {
            validator: cast::consensus_keys()[1].public(),
            ..votes_of(e)[1].0.message.clone()
        };
        votes_of(e)[1].0 = Signed::sign(vote, &cast::consensus_keys()[1]);
    });
    // Of nobody on the roster.
    breaks(&good, &story, "signer", |e| {
        let key = cast::key(TRADER, Purpose::Statement);
        for vote in votes_of(e) {
            vote.0.message.validator = key.public();
            vote.0 = Signed::sign(vote.0.message.clone(), &key);
        }
    });
}

#[test]
fn two_proposals_for_one_round() {
    let story = Story::tell();
    let good = Offences::new(&story).proposals();
    proves(&good, &story, &[cast::VALIDATORS[2].0], "signed two proposals for height 4, round 2");
    breaks(&good, &story, "conflict", |e| {
        let Offence::Proposals([one, two]) = &mut e.offence else { panic!("proposals") };
        *two = one.clone();
    });
    breaks(&good, &story, "signatures", |e| {
        let Offence::Proposals([one, _]) = &mut e.offence else { panic!("proposals") };
        one.0.message.pol_round = None;
    });
}

#[test]
fn two_blocks_at_one_height() {
    let story = Story::tell();
    let good = Offences::new(&story).certificates();
    // The one is signed by 1, 2 and 3, the other by 0, 1 and 2.
    let both = [cast::VALIDATORS[1].0, cast::VALIDATORS[2].0];
    proves(&good, &story, &both, "two different blocks are decided at height 4");
    let second = |e: &mut Evidence, change: &dyn Fn(&mut Header), signers: &[usize]| {
        let Offence::Certificates(heads) = &mut e.offence else { panic!("certificates") };
        let [_, head] = &mut **heads;
        change(&mut head.header.0);
        head.certificate.0 = certify(&story.chain.genesis, &head.header.0, signers);
    };
    breaks(&good, &story, "conflict", |e| second(e, &|header| header.height = Height(5), &[0, 1, 2]));
    breaks(&good, &story, "header", |e| second(e, &|_| (), &[0, 1]));
    // A forged header may name any roster; who decided it is known by the other one.
    let mut renamed = good.clone();
    second(&mut renamed, &|header| header.roster_hash = digest(1), &[0, 1, 2]);
    proves(&renamed, &story, &both, "two different blocks");
    breaks(&renamed, &story, "header", |e| {
        let Offence::Certificates(heads) = &mut e.offence else { panic!("certificates") };
        let [head, _] = &mut **heads;
        head.header.0.roster_hash = digest(2);
        head.certificate.0 = certify(&story.chain.genesis, &head.header.0, &[0, 1, 3]);
    });
    breaks(&good, &story, "conflict", |e| {
        let Offence::Certificates(heads) = &mut e.offence else { panic!("certificates") };
        let [one, two] = &mut **heads;
        *two = one.clone();
    });
}

#[test]
fn a_log_that_does_not_begin_with_the_older_one() {
    let story = Story::tell();
    let good = Offences::new(&story).checkpoints();
    proves(
        &good,
        &story,
        &[cast::VALIDATORS[0].0, cast::VALIDATORS[1].0],
        "does not begin with the one decided at height 2",
    );
    let two = |e: &mut Evidence| -> Box<sampan_proto::evidence::Checkpoints> {
        let Offence::Checkpoints(two) = &e.offence else { panic!("checkpoints") };
        two.clone()
    };
    breaks(&good, &story, "conflict", |e| {
        let mut with = two(e);
        with.consistency.proof.0.path.pop();
        e.offence = Offence::Checkpoints(with);
    });
    // Two headers of one log are no offence, whatever stands beside them.
    let consistent = Offences::new(&story).consistent();
    breaks(&good, &story, "conflict", |e| *e = consistent);
}

#[test]
fn two_statements_that_claim_one_place() {
    let story = Story::tell();
    let offences = Offences::new(&story);
    let good = offences.statements();
    proves(&good, &story, &[TRADER], "at seq 1");
    proves(&offences.double_issue(), &story, &[cast::CARRIER], "both issue number");
    let (_, proven) = climb(&good, &story);
    assert!(proven.expect("proven").leaves_open.starts_with("fraud"));
    breaks(&good, &story, "member", |e| e.member = None);
    breaks(&good, &story, "member", |e| e.member = Some(Offences::new(&story).member_changed()));
    breaks(&good, &story, "signatures", |e| e.member = Some(story.chain.member(BUYER)));
    let statements = |e: &mut Evidence, one, two| e.offence = Offence::Statements([Binary(one), Binary(two)]);
    let [one, two, later, stranger] = offences.transfers();
    breaks(&good, &story, "conflict", |e| statements(e, one.clone(), one.clone()));
    breaks(&good, &story, "conflict", |e| statements(e, one.clone(), later));
    breaks(&good, &story, "signatures", |e| statements(e, one, stranger));
    breaks(&good, &story, "signatures", |e| {
        let mut forged = two.clone();
        forged.payload[20] ^= 1;
        statements(e, two, forged);
    });
}

#[test]
fn what_is_signed_twice_in_innocence_is_no_offence() {
    let story = Story::tell();
    let chain = &story.chain;
    let verified = |signed: SignedStatement| signed.verify(chain.genesis.chain).expect("verifies");
    let shown = |one: &SignedStatement, two: &SignedStatement| {
        let both = [one, two].map(|signed| verified(signed.clone()));
        assert_eq!(
            Offence::of_statements(&both[0], &both[1]).map(|offence| offence.id()),
            Offence::of_statements(&both[1], &both[0]).map(|offence| offence.id()),
        );
        Offence::of_statements(&both[0], &both[1])
    };
    let [sold, resold, later, stranger] = Offences::new(&story).transfers();
    assert!(matches!(shown(&sold, &resold), Some(Offence::Statements(_))), "one bill to two");
    let again = chain.say(TRADER, 50, transfer(story.bill, 1, BUYER));
    assert_ne!(again.id(), sold.id());
    assert_eq!(shown(&sold, &again), None, "the same, sent again");
    assert_eq!(shown(&sold, &sold), None);
    assert_eq!(shown(&sold, &later), None, "at another seq");
    assert_eq!(shown(&resold, &stranger), None, "by another member");
    let say = |nonce, act| chain.say(TRADER, nonce, Action::title(story.bill, 1, act));
    assert_eq!(
        shown(&say(51, TitleAct::AcceptOffer {}), &say(52, TitleAct::DeclineOffer {})),
        None,
        "two clerks answer an offer"
    );
    assert_eq!(shown(&sold, &say(53, TitleAct::WithdrawOffer {})), None);

    let issue = |nonce, change: &dyn Fn(&mut Issue)| {
        let mut issue = story.bill_issue.clone();
        change(&mut issue);
        chain.say(cast::CARRIER, nonce, Action::from(issue))
    };
    let first = issue(60, &|_| ());
    let salted = issue(61, &|issue| issue.body.commitment = BodyCommitment(digest(3)));
    assert_eq!(shown(&first, &salted), None, "the same document under another salt");
    let other = issue(62, &|issue| issue.to = cast::id(BUYER));
    assert!(shown(&first, &other).is_some(), "one number to two");
    let text = issue(63, &|issue| issue.body.jcs_sha256 = digest(3));
    assert!(shown(&first, &text).is_some(), "one number, two documents");
    // A re-issue ends the record at a seq at which it was sold.
    let ended = issue(64, &|issue| {
        issue.reference = sampan_proto::ids::ReferenceKey(digest(9));
        let records = [(story.bill, 1)].into();
        issue.replaces = Some(Replaces { how: Replacement::Amendment, records });
    });
    let surrendered = chain.say(cast::CARRIER, 65, transfer(story.bill, 1, BUYER));
    let offence = shown(&ended, &surrendered).expect("re-issued and handed over");
    let evidence = Evidence {
        head: Offences::new(&story).statements().head,
        member: Some(chain.member(cast::CARRIER)),
        ..Evidence::new(chain.genesis.chain, offence)
    };
    proves(&evidence, &story, &[cast::CARRIER], "at seq 1");
}

#[test]
fn an_offence_has_one_name_in_either_order() {
    let story = Story::tell();
    let offences = Offences::new(&story);
    let all = [
        offences.votes(),
        offences.proposals(),
        offences.certificates(),
        offences.checkpoints(),
        offences.statements(),
    ];
    let mut ids: Vec<_> = all.iter().map(|evidence| evidence.offence.id()).collect();
    let Offence::Votes([one, two]) = all[0].offence.clone() else { panic!("votes") };
    assert_eq!(Offence::Votes([two, one]).id(), ids[0]);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all.len());
}
