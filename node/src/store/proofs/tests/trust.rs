//! Rosters that hand over: a bundle leads from the genesis to whoever decides now, and no step of it can be forged.

use sampan_proto::governance::Change;
use sampan_proto::ids::Height;
use sampan_proto::keys::SecretKey;
use sampan_proto::member::Purpose;
use sampan_proto::proof::Handover;
use sampan_proto::roster::{Roster, Validator};
use sampan_proto::vote::{Certificate, Signed, Vote, VoteType};

use super::*;
use crate::store::fixture::seed;

/// A bill, two agencies that are seated one after the other, and a transfer decided by all three.
fn grown() -> (World, RecordId) {
    let mut world = World::new();
    let bill = world.bill(1, "ningbo-tools");
    let record = Record::id_of(bill.statement().id());
    world.decide(&[bill]);
    for member in ["my-customs", "vn-customs"] {
        let admit = world.governs(world.admit(member));
        world.decide(&admit);
        let seat = world.governs(world.seat(member, 1));
        world.decide(&seat);
    }
    let transfer = world.network.transfer("ningbo-tools", record, 1, "harbour-bank");
    world.decide(&[transfer]);
    (world, record)
}

fn refusal(world: &World, bundle: &Bundle) -> Option<String> {
    let ladder = ladder(world, bundle);
    let rung = ladder.rungs().iter().find(|rung| rung.verdict == Verdict::Invalid)?;
    assert_eq!(rung.name, "roster", "{ladder:#?}");
    assert_eq!(ladder.verdict("contents"), Some(Verdict::Skipped), "nothing stands on it");
    Some(rung.detail.clone())
}

#[test]
fn a_bundle_leads_over_every_change_of_the_roster() {
    let (world, record) = grown();
    let world = world.reopen();
    let reader = world.store.reader();
    let bundle = reader.record_bundle(&record, true).expect("read").expect("a block");
    assert_proves(&world, &bundle, &["roster", "status", "history", "law", "body"]);
    let heights: Vec<Height> = bundle.trust_path.iter().map(|step| step.header.0.height).collect();
    assert_eq!(heights, [Height(3), Height(5)]);
    let seats = |height| reader.roster(Height(height)).expect("read").map(|roster| roster.validators().len());
    let sizes: Vec<_> = (0..=8).map(seats).collect();
    assert_eq!(sizes, [None, Some(1), Some(1), Some(1), Some(2), Some(2), Some(3), Some(3), None]);
}

#[test]
fn the_block_that_changes_the_roster_is_the_last_of_the_old_one() {
    let mut world = World::new();
    let admit = world.governs(world.admit("my-customs"));
    world.decide(&admit);
    let seat = world.governs(world.seat("my-customs", 1));
    let id = seat[0].statement().id();
    world.decide(&seat);
    let bundle = world.store.reader().receipt(&id).expect("read").expect("executed");
    assert!(bundle.trust_path.is_empty(), "the head is decided by the roster that it changes");
    assert_proves(&world, &bundle, &["roster", "inclusion"]);
}

type Forgery = fn(&mut Vec<Handover>);

#[test]
fn a_skipped_reordered_or_foreign_handover_leads_nowhere() {
    let (world, record) = grown();
    let bundle = world.store.reader().status(&record).expect("read").expect("a block");
    let with = |edit: Forgery| {
        let mut forged = bundle.clone();
        edit(&mut forged.trust_path);
        refusal(&world, &forged)
    };
    let cases: [(&str, Forgery); 7] = [
        ("all are missing", Vec::clear),
        ("the first is missing", |path| drop(path.remove(0))),
        ("the last is missing", |path| drop(path.pop())),
        ("out of order", |path| path.reverse()),
        ("one twice", |path| path.push(path[1].clone())),
        ("a certificate of another", |path| path[0].certificate = path[1].certificate.clone()),
        ("a roster of another", |path| path[0].roster = path[1].roster.clone()),
    ];
    for (case, edit) in cases {
        assert!(with(edit).is_some(), "{case}");
    }
    assert_eq!(refusal(&world, &bundle), None, "as it was, it leads there");
}

/// Somebody who was never named takes over: first by a header that names it without the power to decide, then by
/// signing as a roster of its own.
#[test]
fn who_was_not_named_by_more_than_two_thirds_decides_nothing() {
    let (world, record) = grown();
    let bundle = world.store.reader().status(&record).expect("read").expect("a block");
    let thief = SecretKey::from_seed([66; 32]);
    let own = Validator { member: "my-customs".parse().expect("id"), key: thief.public(), power: 1 };
    let usurped = Roster::new(vec![own]).expect("a roster");
    let chain = world.network.genesis.chain;
    let signed = |header: &sampan_proto::block::Header, keys: &[&SecretKey], roster: &Roster| {
        let vote = |key: &&SecretKey| {
            let (height, block, validator) = (header.height, Some(header.hash()), key.public());
            let vote = Vote { chain, vote_type: VoteType::Precommit, height, round: 0, block, validator };
            let index = roster.by_key(&validator).map_or(0, |(index, _)| index);
            (index, Signed::sign(vote, key).signature)
        };
        Certificate::new(header.height, 0, header.hash(), roster, keys.iter().map(vote).collect())
    };
    let mut forged = bundle.clone();
    let three = forged.trust_path[1].roster.0.clone();
    let mut header = forged.head.header.0.clone();
    header.next_roster_hash = usurped.hash();
    // One of three, with the founder's key in other hands than the two others'.
    let one = signed(&header, &[&seed("cn-customs", Purpose::Consensus)], &three);
    forged.trust_path.push(Handover {
        header: Binary(header.clone()),
        certificate: Binary(one),
        roster: Binary(usurped.clone()),
    });
    forged.head.header.0.height = header.height.next();
    forged.head.header.0.roster_hash = usurped.hash();
    forged.head.certificate.0 = signed(&forged.head.header.0, &[&thief], &usurped);
    let why = refusal(&world, &forged).expect("refused");
    assert!(why.starts_with("handover 3: 1 of 3 power signed"), "{why}");
    // With all three keys it would hold: that is what more than two thirds mean.
    let keys = ["cn-customs", "my-customs", "vn-customs"].map(|member| seed(member, Purpose::Consensus));
    forged.trust_path[2].certificate.0 = signed(&header, &keys.each_ref(), &three);
    assert_eq!(refusal(&world, &forged), None);
}

#[test]
fn a_suspended_validator_signs_nothing_any_more() {
    let (mut world, record) = grown();
    let reason = "licence ended".parse().expect("note");
    let suspend = Change::Suspend { member: "vn-customs".parse().expect("id"), reason };
    let acts = world.governs(suspend);
    world.decide(&acts);
    assert_eq!(world.store.tip().roster().validators().len(), 2, "all three voted for it, the last one too");
    let bill = world.bill(7, "ningbo-tools");
    world.decide(&[bill]);
    let bundle = world.store.reader().status(&record).expect("read").expect("a block");
    assert_proves(&world, &bundle, &["roster"]);
    // The same head with the suspended validator's signature in the place of one of the two.
    let two = bundle.trust_path[2].roster.0.clone();
    let (header, key) = (bundle.head.header.0.clone(), seed("vn-customs", Purpose::Consensus));
    let vote = Vote {
        chain: world.network.genesis.chain,
        vote_type: VoteType::Precommit,
        height: header.height,
        round: 0,
        block: Some(header.hash()),
        validator: key.public(),
    };
    let mut forged = bundle;
    let first = forged.head.certificate.0.signatures[0];
    let precommits = vec![(0, first), (1, Signed::sign(vote, &key).signature)];
    forged.head.certificate.0 = Certificate::new(header.height, 0, header.hash(), &two, precommits);
    let ladder = ladder(&world, &forged);
    assert_eq!(ladder.verdict("certificate"), Some(Verdict::Invalid), "{ladder:#?}");
}
