use std::collections::BTreeSet;

use super::*;
use crate::genesis::{GenesisEntry, Parameters};
use crate::hash::Hash32;
use crate::ids::MemberId;
use crate::keys::SecretKey;
use crate::member::{KeyStanding, Member, MemberKey, Role, Standing};
use crate::protocol::Protocol;
use crate::roster::Validator;

const NOW: u64 = 1_790_000_000_000;
const DAY: u64 = 86_400_000;
const CHAIN: ChainId = ChainId(Hash32([5; 32]));
const AT: Height = Height(10);

fn id(text: &str) -> MemberId {
    text.parse().expect("a handle")
}

fn key(seed: u8) -> PublicKey {
    SecretKey::from_seed([seed; 32]).public()
}

fn roster(powers: &[(&str, u64)]) -> Roster {
    let validator = |(i, (member, power)): (usize, &(&str, u64))| Validator {
        member: id(member),
        key: key(100 + u8::try_from(i).expect("few")),
        power: *power,
    };
    Roster::new(powers.iter().enumerate().map(validator).collect()).expect("a roster")
}

fn four() -> Roster {
    roster(&[("cn-customs", 10), ("my-customs", 10), ("sg-customs", 10), ("th-customs", 7)])
}

fn terms(roster: &Roster, time_ms: u64) -> Terms<'_> {
    Terms { chain: CHAIN, roster, height: AT, time_ms, recovery_wait_ms: 14 * DAY }
}

fn trader(handle: &str, seed: u8) -> Member {
    Member {
        id: id(handle),
        name: "Hai Phong Tools".to_owned(),
        country: "VN".parse().expect("country"),
        roles: BTreeSet::from([Role::Trader]),
        standing: Standing::Active,
        keys: vec![
            MemberKey::from_genesis(Purpose::Statement, key(seed)),
            MemberKey::from_genesis(Purpose::Governance, key(seed + 1)),
        ],
        pepper: None,
    }
}

fn suspend() -> Change {
    Change::Suspend { member: id("hai-phong"), reason: "licence ended".parse().expect("note") }
}

fn recovery() -> Change {
    Change::RecoverKeys { member: id("hai-phong"), statement: key(7), governance: key(8) }
}

fn proposed(change: Change, roster: &Roster) -> Proposal {
    let until = NOW + 30 * DAY;
    Proposal::new(StatementId(Hash32([1; 32])), change, &id("cn-customs"), until, &terms(roster, NOW))
        .expect("proposed")
}

#[test]
fn more_than_two_thirds_of_the_power_decide_and_nothing_less() {
    let roster = four();
    let proposal = proposed(suspend(), &roster);
    let second = proposal.vote(&id("th-customs"), true, &terms(&roster, NOW)).expect("a vote");
    assert_eq!(second.state, State::Open, "17 of 37");
    let third = second.vote(&id("my-customs"), true, &terms(&roster, NOW)).expect("a vote");
    assert_eq!((third.state, third.seq), (State::Enacted, 3), "27 of 37");
    let exact = self::roster(&[("aa-customs", 1), ("bb-customs", 1), ("cn-customs", 1)]);
    let two = proposed(suspend(), &exact).vote(&id("aa-customs"), true, &terms(&exact, NOW)).expect("a vote");
    assert_eq!(two.state, State::Open, "two thirds are not more than two thirds");
}

#[test]
fn a_proposal_falls_when_it_cannot_pass_any_more() {
    let roster = four();
    let against =
        |proposal: &Proposal, who: &str| proposal.vote(&id(who), false, &terms(&roster, NOW)).expect("a vote");
    let one = against(&proposed(suspend(), &roster), "my-customs");
    assert_eq!(one.state, State::Open, "27 of 37 could still come");
    let two = against(&one, "th-customs");
    assert_eq!(two.state, State::Rejected, "20 of 37 cannot be enough");
    let late = two.vote(&id("sg-customs"), true, &terms(&roster, NOW));
    assert_eq!(late.map_err(|reject| reject.code), Err(Code::ProposalClosed));
}

#[test]
fn who_votes_when_and_how_often() {
    let roster = four();
    let proposal = proposed(suspend(), &roster);
    let vote = |who: &str, time_ms| proposal.vote(&id(who), true, &terms(&roster, time_ms)).map_err(|r| r.code);
    assert_eq!(vote("hai-phong", NOW).map(drop), Err(Code::NotOnRoster));
    assert_eq!(vote("cn-customs", NOW).map(drop), Err(Code::AlreadySpoken));
    assert!(vote("my-customs", NOW + 30 * DAY).is_ok());
    assert_eq!(vote("my-customs", NOW + 30 * DAY + 1).map(drop), Err(Code::ProposalClosed));
    let new = |until_ms| {
        let id = StatementId(Hash32([1; 32]));
        Proposal::new(id, suspend(), &self::id("cn-customs"), until_ms, &terms(&roster, NOW)).map_err(|r| r.code)
    };
    assert_eq!(new(NOW - 1).map(drop), Err(Code::OfferTime));
    assert_eq!(new(NOW + 91 * DAY).map(drop), Err(Code::OfferTime));
}

#[test]
fn lost_keys_come_back_after_a_wait_unless_the_member_objects() {
    let roster = roster(&[("cn-customs", 1)]);
    let accepted = proposed(recovery(), &roster);
    assert_eq!(accepted.state, State::Accepted { from_ms: NOW + 14 * DAY });
    let enact = |time_ms| accepted.enact(&id("cn-customs"), &terms(&roster, time_ms)).map_err(|reject| reject.code);
    assert_eq!(enact(NOW + 14 * DAY - 1).map(drop), Err(Code::ProposalWaits));
    assert_eq!(enact(NOW + 14 * DAY).expect("enacted").state, State::Enacted);
    assert_eq!(enact(NOW + (14 + 90) * DAY).expect("on the last day").state, State::Enacted);
    assert_eq!(enact(NOW + (14 + 90) * DAY + 1).map(drop), Err(Code::ProposalClosed), "who holds the keys by now?");
    assert_eq!(accepted.object(&id("other-one")).map_err(|reject| reject.code), Err(Code::NotAParty));
    let objected = accepted.object(&id("hai-phong")).expect("its own keys");
    let late = objected.enact(&id("cn-customs"), &terms(&roster, NOW + 15 * DAY));
    assert_eq!(late.map_err(|reject| reject.code), Err(Code::ProposalClosed));
    let other = proposed(suspend(), &four()).object(&id("hai-phong"));
    assert_eq!(other.map_err(|reject| reject.code), Err(Code::NotAParty), "a suspension is not objected to");
}

#[test]
fn recovered_keys_take_the_place_of_all_old_ones_from_the_next_block() {
    let old = trader("hai-phong", 3);
    let new =
        recovery().apply(Some(&old), &four(), &Protocol::FOUNDING, AT).expect("applied").member.expect("a member");
    let standing = |purpose, key: &PublicKey, at| new.key_standing(purpose, key, at);
    assert_eq!(standing(Purpose::Statement, &key(3), AT), KeyStanding::Valid, "what was signed before stays valid");
    assert_eq!(standing(Purpose::Statement, &key(3), AT.next()), KeyStanding::Revoked);
    assert_eq!(standing(Purpose::Governance, &key(4), AT.next()), KeyStanding::Revoked);
    assert_eq!(standing(Purpose::Statement, &key(7), AT), KeyStanding::Revoked, "not yet");
    assert_eq!(standing(Purpose::Statement, &key(7), AT.next()), KeyStanding::Valid);
    assert_eq!(standing(Purpose::Governance, &key(8), AT.next()), KeyStanding::Valid);
}

#[test]
fn a_member_turns_over_its_own_keys() {
    let old = trader("hai-phong", 3);
    let new = rotated(&old, Purpose::Statement, key(9), Some(&key(3)), AT).expect("rotated");
    assert_eq!(new.statement_key(&key(3), AT.next()), KeyStanding::Revoked);
    assert_eq!(new.statement_key(&key(9), AT.next()), KeyStanding::Valid);
    let code = |purpose, add, retire: Option<&PublicKey>| rotated(&old, purpose, add, retire, AT).map_err(|r| r.code);
    assert_eq!(code(Purpose::Consensus, key(9), None).map(drop), Err(Code::MemberRefused));
    assert_eq!(code(Purpose::Statement, key(9), Some(&key(4))).map(drop), Err(Code::UnknownKey), "another purpose");
    assert_eq!(code(Purpose::Statement, key(4), None).map(drop), Err(Code::MemberRefused), "a key serves one purpose");
    assert!(code(Purpose::Governance, key(9), Some(&key(4))).is_ok());
}

#[test]
fn who_turned_over_all_the_keys_it_may_is_still_recovered_and_seated() {
    let seeded = |i: usize| SecretKey::from_seed([u8::try_from(i).expect("few"); 32]).public();
    // As a thief with the governance key would: in, in, in, until the registry takes no more.
    let mut member = agency("vn-customs", 20);
    while member.keys.len() < 48 {
        let add = seeded(100 + member.keys.len());
        member = rotated(&member, Purpose::Governance, add, None, AT).expect("rotated");
    }
    let more = rotated(&member, Purpose::Governance, seeded(200), Some(&key(21)), AT);
    let refused = (Code::MemberRefused, "$.add".to_owned());
    assert_eq!(more.map_err(|reject| (reject.code, reject.path)), Err(refused));
    let recovery = Change::RecoverKeys { member: id("vn-customs"), statement: key(7), governance: key(8) };
    let apply = |change: Change, member: &Member| {
        change.apply(Some(member), &four(), &Protocol::FOUNDING, AT).expect("applied").member.expect("a member")
    };
    let recovered = apply(recovery, &member);
    let governs: Vec<_> = recovered.keys_at(Purpose::Governance, AT.next()).collect();
    assert_eq!((governs, recovered.keys.len()), (vec![&key(8)], 50));
    let other = Ready::sign(CHAIN, &id("vn-customs"), &SecretKey::from_seed([30; 32]), NOW);
    assert_eq!(apply(seat(|ready| *ready = other), &recovered).keys.len(), 51, "a new consensus key has its place too");
}

#[test]
fn an_entry_is_admitted_when_its_own_governance_key_signed_it() {
    let member = trader("hai-phong", 3);
    let digest = GenesisEntry::signing_digest(&member, None);
    let signature = SecretKey::from_seed([4; 32]).sign(&digest.0);
    assert_eq!(admitted(&member, &signature, None), Ok(member.clone()));
    let code = |member: &Member, signature, before: Option<&Member>| {
        admitted(member, signature, before).map(drop).map_err(|reject| (reject.code, reject.path))
    };
    let refused = |path: &str| Err((Code::MemberRefused, path.to_owned()));
    let by_statement_key = SecretKey::from_seed([3; 32]).sign(&digest.0);
    assert_eq!(code(&member, &by_statement_key, None), refused("$.signature"));
    assert_eq!(code(&member, &signature, Some(&member)), refused("$.member"));
    let other = Member { country: "TH".parse().expect("country"), ..member.clone() };
    assert_eq!(code(&other, &signature, None), refused("$.signature"), "every field is signed");
    let nameless = Member { name: String::new(), ..member };
    assert_eq!(code(&nameless, &signature, None), refused("$.member"));
}

#[test]
fn standing_changes_both_ways_and_once() {
    let member = trader("hai-phong", 3);
    let suspended =
        suspend().apply(Some(&member), &four(), &Protocol::FOUNDING, AT).expect("applied").member.expect("a member");
    assert_eq!(suspended.standing, Standing::Suspended);
    assert_eq!(
        suspend().apply(Some(&suspended), &four(), &Protocol::FOUNDING, AT).map_err(|reject| reject.code),
        Err(Code::AlreadySpoken)
    );
    let back = Change::Reinstate { member: id("hai-phong"), reason: "renewed".parse().expect("note") };
    assert_eq!(back.apply(Some(&suspended), &four(), &Protocol::FOUNDING, AT).expect("applied").member, Some(member));
    assert_eq!(
        back.apply(None, &four(), &Protocol::FOUNDING, AT).map_err(|reject| reject.code),
        Err(Code::UnknownRecipient)
    );
}

fn agency(handle: &str, seed: u8) -> Member {
    let keys = [Purpose::Statement, Purpose::Governance, Purpose::Consensus];
    let keys = keys.into_iter().zip(seed..).map(|(purpose, seed)| MemberKey::from_genesis(purpose, key(seed)));
    Member { roles: BTreeSet::from([Role::Customs]), keys: keys.collect(), ..trader(handle, seed) }
}

/// A seat for `vn-customs` whose key is ready at `time_ms`, with what is wrong about it.
fn seat(edit: impl FnOnce(&mut Ready)) -> Change {
    let mut ready = Ready::sign(CHAIN, &id("vn-customs"), &SecretKey::from_seed([22; 32]), NOW);
    edit(&mut ready);
    Change::Seat { member: id("vn-customs"), power: 10, ready }
}

fn members(roster: &Roster) -> Vec<(&str, u64)> {
    roster.validators().iter().map(|validator| (validator.member.as_str(), validator.power)).collect()
}

#[test]
fn a_seat_is_proposed_with_the_word_of_its_key() {
    let roster = four();
    let propose = |change: Change, time_ms: u64| {
        let id = StatementId(Hash32([1; 32]));
        let proposed = Proposal::new(id, change, &self::id("cn-customs"), time_ms + DAY, &terms(&roster, time_ms));
        proposed.map(drop).map_err(|reject| (reject.code, reject.path))
    };
    let refused = |field: &str| Err((Code::ReadyRefused, format!("$.change.seat.ready.{field}")));
    assert_eq!(propose(seat(|_| ()), NOW + DAY), Ok(()));
    assert_eq!(propose(seat(|_| ()), NOW + DAY + 1), refused("time_ms"));
    assert_eq!(propose(seat(|ready| ready.time_ms += 1), NOW), refused("signature"));
    let elsewhere = Ready::sign(ChainId(Hash32([6; 32])), &id("vn-customs"), &SecretKey::from_seed([22; 32]), NOW);
    assert_eq!(propose(seat(|ready| *ready = elsewhere), NOW), refused("signature"));
    let another = Ready::sign(CHAIN, &id("my-customs"), &SecretKey::from_seed([22; 32]), NOW);
    assert_eq!(propose(seat(|ready| *ready = another), NOW), refused("signature"));
    assert_eq!(propose(seat(|ready| ready.key = key(23)), NOW), refused("signature"));
}

#[test]
fn a_customs_agency_is_seated_with_its_key_and_unseated() {
    let (roster, member) = (four(), agency("vn-customs", 20));
    let effect = seat(|_| ()).apply(Some(&member), &roster, &Protocol::FOUNDING, AT).expect("seated");
    let next = effect.roster.expect("a roster");
    let all = [("cn-customs", 10), ("my-customs", 10), ("sg-customs", 10), ("th-customs", 7), ("vn-customs", 10)];
    assert_eq!((members(&next), effect.member), (all.to_vec(), None), "its key is in the registry already");
    let again = seat(|_| ()).apply(Some(&member), &next, &Protocol::FOUNDING, AT).map_err(|reject| reject.code);
    assert_eq!(again, Err(Code::AlreadySpoken));

    let other = Ready::sign(CHAIN, &id("vn-customs"), &SecretKey::from_seed([30; 32]), NOW);
    let moved = seat(|ready| *ready = other).apply(Some(&member), &next, &Protocol::FOUNDING, AT).expect("another key");
    let after = moved.member.expect("the registry follows");
    let standing = |key: u8, at| after.key_standing(Purpose::Consensus, &self::key(key), at);
    assert_eq!((standing(22, AT), standing(22, AT.next())), (KeyStanding::Valid, KeyStanding::Revoked));
    assert_eq!((standing(30, AT), standing(30, AT.next())), (KeyStanding::Revoked, KeyStanding::Valid));
    assert_eq!(members(&moved.roster.expect("a roster")), all, "one seat a member");

    let leave = Change::Unseat { member: id("vn-customs"), reason: "moves house".parse().expect("note") };
    let without = leave.apply(Some(&member), &next, &Protocol::FOUNDING, AT).expect("unseated");
    assert_eq!((without.roster, without.member), (Some(roster.clone()), None));
    assert_eq!(
        leave.apply(Some(&member), &roster, &Protocol::FOUNDING, AT).map_err(|reject| reject.code),
        Err(Code::RosterRefused)
    );
    let alone = self::roster(&[("vn-customs", 1)]);
    assert_eq!(
        leave.apply(Some(&member), &alone, &Protocol::FOUNDING, AT).map_err(|reject| reject.code),
        Err(Code::RosterRefused)
    );
}

#[test]
fn who_may_not_act_does_not_decide() {
    let (roster, member) = (four(), agency("vn-customs", 20));
    let code = |member: &Member| {
        seat(|_| ()).apply(Some(member), &roster, &Protocol::FOUNDING, AT).map(drop).map_err(|reject| reject.code)
    };
    assert_eq!(code(&Member { standing: Standing::Suspended, ..member.clone() }), Err(Code::RosterRefused));
    assert_eq!(code(&trader("vn-customs", 20)), Err(Code::RosterRefused), "not a customs agency");
    let powerless = Change::Seat {
        power: 0,
        member: id("vn-customs"),
        ready: match seat(|_| ()) {
            Change::Seat { ready, .. } => ready,
            _ => unreachable!("a seat"),
        },
    };
    assert_eq!(
        powerless.apply(Some(&member), &roster, &Protocol::FOUNDING, AT).map_err(|reject| reject.code),
        Err(Code::RosterRefused)
    );

    let agency = agency("my-customs", 20);
    let suspend = Change::Suspend { member: id("my-customs"), reason: "by court order".parse().expect("note") };
    let effect = suspend.apply(Some(&agency), &roster, &Protocol::FOUNDING, AT).expect("suspended");
    assert_eq!(effect.member.map(|member| member.standing), Some(Standing::Suspended));
    let rest = [("cn-customs", 10), ("sg-customs", 10), ("th-customs", 7)];
    assert_eq!(members(&effect.roster.expect("its seat goes too")), rest);
    let alone = self::roster(&[("my-customs", 1)]);
    let last = suspend.apply(Some(&agency), &alone, &Protocol::FOUNDING, AT).map_err(|reject| reject.code);
    assert_eq!(last, Err(Code::RosterRefused), "somebody has to decide");
}

#[test]
fn parameters_change_within_their_ranges() {
    let adopt = |parameters: Parameters| Change::Parameters(parameters).apply(None, &four(), &Protocol::FOUNDING, AT);
    let good = Parameters { heartbeat_ms: 20_000, ..Parameters::default() };
    let effect = adopt(good.clone()).expect("adopted");
    assert_eq!((effect.parameters, effect.roster, effect.member), (Some(good), None, None));
    let bad = adopt(Parameters { freeze_quorum: 0, ..Parameters::default() });
    let refused = (Code::ParametersRefused, "$.parameters.freeze_quorum".to_owned());
    assert_eq!(bad.map_err(|reject| (reject.code, reject.path)), Err(refused));
}

#[test]
fn the_next_version_is_decided_well_before_its_height_and_can_be_moved_until_then() {
    let upgrade = |version, from| Change::Upgrade(Protocol { version, from: Height(from) });
    let decided = |now: Protocol, next: Change, at| {
        let effect = next.apply(None, &four(), &now, Height(at));
        effect.map(|effect| effect.protocol.expect("a version")).map_err(|reject| (reject.code, reject.path))
    };
    let first = Protocol::FOUNDING;
    let second = decided(first, upgrade(2, 60), 10).expect("far enough ahead");
    assert_eq!(second, Protocol { version: 2, from: Height(60) });
    let refused = |path: &str| Err((Code::UpgradeRefused, path.to_owned()));
    assert_eq!(decided(first, upgrade(2, 59), 10), refused("$.upgrade.from"), "too late to be heard of");
    for version in [0, 1, 3] {
        assert_eq!(decided(first, upgrade(version, 60), 10), refused("$.upgrade.version"), "{version}");
    }
    // Until its first block it can be moved, and nothing can come after it; from there on it is in force.
    assert_eq!(decided(second, upgrade(2, 500), 59), Ok(Protocol { version: 2, from: Height(500) }));
    assert_eq!(decided(second, upgrade(3, 500), 59), refused("$.upgrade.version"));
    assert_eq!(decided(second, upgrade(2, 500), 60), refused("$.upgrade.version"));
    assert_eq!(decided(second, upgrade(3, 110), 60), Ok(Protocol { version: 3, from: Height(110) }));
}
