//! The genesis file: what it binds, and what is no genesis.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

mod support;

use proptest::prelude::*;
use sampan_proto::genesis::{BadGenesis, Genesis, GenesisEntry, GenesisFile, Parameters};
use sampan_proto::ids::Height;
use sampan_proto::keys::{BadKey, PublicKey, Signature};
use sampan_proto::limits;
use sampan_proto::member::{BadMember, Member, MemberKey, Purpose, Role};
use sampan_proto::roster::BadRoster;
use support::cast;

fn read(file: &GenesisFile) -> Result<Genesis, BadGenesis> {
    Genesis::from_bytes(&cast::written(file))
}

/// The test network's file with the entry of `handle` changed and signed anew.
fn with(handle: &str, change: impl FnOnce(&mut Member, &mut Option<u64>)) -> GenesisFile {
    let mut file = cast::genesis_file();
    let place = file.members.iter().position(|e| e.member.id.as_str() == handle).expect("a member");
    let GenesisEntry { mut member, mut power, .. } = file.members[place].clone();
    change(&mut member, &mut power);
    file.members[place] = cast::entry(member, power);
    file
}

/// Why the file with that change is no genesis.
fn refused(handle: &str, change: impl FnOnce(&mut Member, &mut Option<u64>)) -> BadGenesis {
    read(&with(handle, change)).expect_err("refused")
}

fn bad_member(handle: &str, why: BadMember) -> BadGenesis {
    BadGenesis::Member { member: cast::id(handle), why }
}

#[test]
fn the_test_network_is_a_genesis() {
    let genesis = cast::genesis();
    assert_eq!(genesis.members.len(), 9);
    assert_eq!(genesis.roster.validators().len(), 4);
    assert_eq!(genesis.roster.total_power(), 37);
    assert!(read(&with("pump-works", |_, _| ())).is_ok(), "signed anew, nothing changed");
}

#[test]
fn an_entry_is_signed_by_its_own_governance_key() {
    let unsigned = |handle: &str| Err(BadGenesis::Unsigned { member: cast::id(handle) });
    let tampered = |change: &dyn Fn(&mut GenesisEntry)| {
        let mut file = cast::genesis_file();
        change(&mut file.members[0]);
        let handle = file.members[0].member.id.to_string();
        assert_eq!(read(&file), unsigned(&handle));
    };
    tampered(&|e| e.member.name.push('x'));
    tampered(&|e| e.member.country = "TH".parse().expect("a country"));
    tampered(&|e| assert!(e.member.roles.insert(Role::Trader)));
    tampered(&|e| e.member.standing = sampan_proto::member::Standing::Suspended);
    tampered(&|e| e.member.keys.swap(0, 1));
    tampered(&|e| e.member.keys[0].valid_from = Height(1));
    tampered(&|e| e.member.keys[0].valid_until = Some(Height(9)));
    tampered(&|e| e.member.pepper = Some(support::digest(1)));
    tampered(&|e| e.power = e.power.map(|power| power + 1));
    tampered(&|e| {
        let Signature::Ed25519(bytes) = &mut e.signature;
        bytes[3] ^= 1;
    });
    // Another key of the same member does not do, nor does another member's governance key.
    for (signer, purpose) in [("cn-customs", Purpose::Statement), ("my-customs", Purpose::Governance)] {
        tampered(&|e| {
            let digest = GenesisEntry::signing_digest(&e.member, e.power);
            e.signature = cast::key(signer, purpose).sign(digest.as_bytes());
        });
    }
}

#[test]
fn a_governance_key_that_does_not_count_yet_signs_nothing() {
    let late = refused("pump-works", |member, _| {
        member.keys.iter_mut().filter(|k| k.purpose == Purpose::Governance).for_each(|k| k.valid_from = Height(1));
    });
    assert_eq!(late, BadGenesis::Unsigned { member: cast::id("pump-works") });
}

#[test]
fn members_stand_in_order_each_once() {
    let mut file = cast::genesis_file();
    file.members.swap(2, 3);
    assert_eq!(read(&file), Err(BadGenesis::Order));
    let mut file = cast::genesis_file();
    file.members.insert(3, file.members[3].clone());
    assert_eq!(read(&file), Err(BadGenesis::Order), "a member twice");
}

#[test]
fn a_validator_is_a_customs_agency_with_one_consensus_key() {
    let expected = |handle: &str| BadGenesis::Validator { member: cast::id(handle) };
    assert_eq!(refused("pump-works", |_, power| *power = Some(1)), expected("pump-works"));
    let two = |member: &mut Member, _: &mut Option<u64>| {
        let key = cast::key("another", Purpose::Consensus).public();
        member.keys.push(MemberKey::from_genesis(Purpose::Consensus, key));
    };
    assert_eq!(refused("my-customs", two), expected("my-customs"));
    let none = |member: &mut Member, _: &mut Option<u64>| member.keys.retain(|k| k.purpose != Purpose::Consensus);
    assert_eq!(refused("my-customs", none), expected("my-customs"));
    let other_role = |member: &mut Member, _: &mut Option<u64>| {
        member.roles.clear();
        member.roles.insert(Role::Bank);
    };
    assert_eq!(refused("my-customs", other_role), expected("my-customs"));
    // A second one that counts only later is no second one.
    let later = |member: &mut Member, _: &mut Option<u64>| {
        let key = cast::key("another", Purpose::Consensus).public();
        member.keys.push(MemberKey { valid_from: Height(100), ..MemberKey::from_genesis(Purpose::Consensus, key) });
    };
    assert!(read(&with("my-customs", later)).is_ok());
}

#[test]
fn a_roster_has_power_and_no_key_twice() {
    let roster = |why| BadGenesis::Roster(why);
    assert_eq!(refused("my-customs", |_, power| *power = Some(0)), roster(BadRoster::Power));
    let above = limits::VALIDATOR_POWER + 1;
    assert_eq!(refused("my-customs", |_, power| *power = Some(above)), roster(BadRoster::Power));
    let shared = cast::key("cn-customs", Purpose::Consensus).public();
    let share = |member: &mut Member, _: &mut Option<u64>| {
        member.keys.iter_mut().filter(|k| k.purpose == Purpose::Consensus).for_each(|k| k.key = shared);
    };
    assert_eq!(refused("my-customs", share), roster(BadRoster::KeyTwice));
    let mut file = cast::genesis_file();
    file.members.retain(|e| e.power.is_none());
    assert_eq!(read(&file), Err(roster(BadRoster::Size)), "nobody validates");
}

#[test]
fn parameters_are_in_range() {
    type Field = fn(&mut Parameters) -> &mut u64;
    let ranges: [(&str, u64, u64, Field); 6] = [
        ("heartbeat_ms", 100, 3_600_000, |p| &mut p.heartbeat_ms),
        ("propose_timeout_ms", 10, 600_000, |p| &mut p.propose_timeout_ms),
        ("prevote_timeout_ms", 10, 600_000, |p| &mut p.prevote_timeout_ms),
        ("precommit_timeout_ms", 10, 600_000, |p| &mut p.precommit_timeout_ms),
        ("timeout_delta_ms", 1, 600_000, |p| &mut p.timeout_delta_ms),
        ("trusting_period_ms", 60_000, 316_224_000_000, |p| &mut p.trusting_period_ms),
    ];
    for (name, low, high, field) in ranges {
        for (value, good) in [(low - 1, false), (low, true), (high, true), (high + 1, false)] {
            let mut file = cast::genesis_file();
            *field(&mut file.parameters) = value;
            let expected = if good { Ok(()) } else { Err(BadGenesis::Parameter(name)) };
            assert_eq!(read(&file).map(drop), expected, "{name} = {value}");
        }
    }
}

#[test]
fn only_version_1_is_known() {
    for version in [0, 2, u32::MAX] {
        let file = GenesisFile { version, ..cast::genesis_file() };
        assert_eq!(read(&file), Err(BadGenesis::Version(version)));
    }
}

#[test]
fn weak_keys_are_refused() {
    let weak = |bytes: [u8; 32]| {
        refused("pump-works", |member, _| {
            let key = MemberKey::from_genesis(Purpose::Statement, PublicKey::Ed25519(bytes));
            member.keys.push(key);
        })
    };
    let refusal = |why| bad_member("pump-works", BadMember::Key(why));
    let mut identity = [0; 32];
    identity[0] = 1;
    assert_eq!(weak(identity), refusal(BadKey::Torsion));
    assert_eq!(weak([0; 32]), refusal(BadKey::Torsion), "a point of order four");
    let mut second_spelling = [0xff; 32];
    (second_spelling[0], second_spelling[31]) = (0xee, 0x7f);
    assert_eq!(weak(second_spelling), refusal(BadKey::NotCanonical));
    let mut no_point = [0; 32];
    no_point[0] = 2;
    assert_eq!(weak(no_point), refusal(BadKey::NotAPoint));
}

#[test]
fn names_have_one_spelling_and_show_what_they_are() {
    let named = |name: &str| refused("pump-works", |member, _| name.clone_into(&mut member.name));
    let long = "x".repeat(limits::MEMBER_NAME_CHARS + 1);
    let cases = [
        ("", "empty"),
        ("Cafe\u{301} Trading", "not NFC"),
        ("\u{212b}ngstr\u{f6}m Lines", "the sign of the unit for the letter"),
        (" Pump Works", "a blank before"),
        ("Pump Works\u{a0}", "a blank behind"),
        ("Pump\nWorks", "a control character"),
        ("Pump\u{200b}Works", "a blank of no width"),
        ("Pump\u{202e}skroW", "turned about"),
        ("\u{feff}Pump Works", "a byte order mark"),
        ("Pump W\u{43e}rks", "a Cyrillic letter in a Latin word"),
        (&long, "too long"),
    ];
    for (name, why) in cases {
        assert_eq!(named(name), bad_member("pump-works", BadMember::Name), "{why}");
    }
    let full = "海".repeat(limits::MEMBER_NAME_CHARS);
    for good in ["Caf\u{e9} Trading", "海曙水泵厂 Pump Works Co., Ltd.", "ท่าเรือแหลมฉบัง", "Gốm Sông Cấm", &full]
    {
        assert!(read(&with("pump-works", |member, _| good.clone_into(&mut member.name))).is_ok(), "{good}");
    }
}

#[test]
fn members_have_roles_and_distinct_keys() {
    assert_eq!(refused("pump-works", |m, _| m.roles.clear()), bad_member("pump-works", BadMember::NoRole));
    assert_eq!(refused("pump-works", |m, _| m.keys.clear()), bad_member("pump-works", BadMember::KeyCount));
    let twice = |m: &mut Member, _: &mut Option<u64>| {
        m.keys.push(MemberKey::from_genesis(Purpose::Network, m.keys[0].key));
    };
    assert_eq!(refused("pump-works", twice), bad_member("pump-works", BadMember::KeyTwice));
    let crowd = |m: &mut Member, _: &mut Option<u64>| {
        let key = |i| cast::key(&format!("spare-{i}"), Purpose::Statement).public();
        m.keys.extend((0..limits::MEMBER_KEYS).map(|i| MemberKey::from_genesis(Purpose::Statement, key(i))));
    };
    assert_eq!(refused("pump-works", crowd), bad_member("pump-works", BadMember::KeyCount));
}

#[test]
fn the_file_is_strict_json() {
    let good = String::from_utf8(cast::written(&cast::genesis_file())).expect("text");
    let cases = [
        (good.replacen('{', "{\"chain\": 1,", 1), "$.chain", "unknown field"),
        (good.replacen("\"roles\"", "\"rules\": [], \"roles\"", 1), "$.members[0].member.rules", "unknown field"),
        (good.replacen("\"version\": 1", "\"version\": 1, \"version\": 1", 1), "$.version", "twice"),
        (good.replacen("\"version\": 1", "\"version\": 1.0", 1), "$.version", "integers"),
        (good.replacen("\"country\": \"CN\"", "\"country\": \"cn\"", 1), "$.members[0].member.country", "capital"),
        (format!("{good}{{}}"), "$", "follows"),
        (good.replacen("\"network\": \"test-strait\",", "", 1), "$.network", "missing field"),
        (good.replacen("\"valid_from\": 0", "\"valid_until\": null", 1), "$", "null"),
        (good.replacen("\"bank\",\n          \"verifier\"", "\"verifier\", \"bank\"", 1), "$", "order"),
        (good.replacen("\"customs\"", "\"customs\", \"customs\"", 1), "$", "order"),
    ];
    for (text, at, says) in cases {
        assert_ne!(text, good, "{at}: the case changes the file");
        match Genesis::from_bytes(text.as_bytes()) {
            Err(BadGenesis::Json { path, detail }) => assert!(path == at && detail.contains(says), "{path}: {detail}"),
            other => panic!("{at}: {other:?}"),
        }
    }
    let short = good.replacen("\"standing\": \"active\",", "", 1).replacen(",\n            \"valid_from\": 0", "", 1);
    assert!(short.len() + 40 < good.len());
    assert!(Genesis::from_bytes(short.as_bytes()).is_ok(), "what has a default may be left out");
    let blanks = vec![b' '; limits::GENESIS_BYTES + 1];
    assert!(matches!(Genesis::from_bytes(&blanks), Err(BadGenesis::Json { detail, .. }) if detail.contains("at most")));
}

#[test]
fn the_chain_id_depends_on_blanks_too() {
    let bytes = cast::written(&cast::genesis_file());
    let chain = cast::genesis().chain;
    let spaced = Genesis::from_bytes(&[bytes.as_slice(), b" "].concat()).expect("the same content");
    assert_ne!(spaced.chain, chain);
    let compact = Genesis::from_bytes(&serde_json::to_vec(&cast::genesis_file()).expect("JSON")).expect("a genesis");
    assert_ne!(compact.chain, chain);
    assert_eq!(compact.roster, spaced.roster);
}

/// Every byte: what still reads as a genesis is another network.
#[test]
fn the_chain_id_depends_on_every_byte() {
    let good = cast::written(&cast::genesis_file());
    let chain = cast::genesis().chain;
    let mut read = 0;
    for place in 0..good.len() {
        let mut bytes = good.clone();
        bytes[place] ^= 1 << (place % 8);
        if let Ok(other) = Genesis::from_bytes(&bytes) {
            assert_ne!(other.chain, chain, "byte {place}");
            read += 1;
        }
    }
    assert!(read > 0, "some bytes (the network's name, the time) are free");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_changed_is_another_network_or_none(
        place in any::<prop::sample::Index>(), bits in 1_u8.., cut in any::<bool>()
    ) {
        let mut bytes = cast::written(&cast::genesis_file());
        let place = place.index(bytes.len());
        if cut { bytes.truncate(place) } else { bytes[place] ^= bits }
        if let Ok(other) = Genesis::from_bytes(&bytes) {
            prop_assert_ne!(other.chain, cast::genesis().chain);
        }
    }
}
