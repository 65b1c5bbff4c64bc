use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn plan(id: &str, roles: &[Role], power: Option<u64>) -> MemberPlan {
    MemberPlan {
        id: id.parse().expect("id"),
        name: format!("Member {id}"),
        country: "CN".parse().expect("country"),
        roles: roles.iter().copied().collect(),
        power,
    }
}

#[test]
fn members_made_here_found_a_network() {
    let dir = tempfile::tempdir().expect("dir");
    let make = |plan: &MemberPlan| create_member(&dir.path().join(plan.id.as_str()), plan).expect("made");
    let customs = make(&plan("vn-customs", &[Role::Customs], Some(3)));
    let carrier = make(&plan("pearl-line", &[Role::Carrier], None));
    let entries = vec![customs.entry.clone(), carrier.entry.clone()];
    let (bytes, genesis) = assemble("test", Parameters::default(), entries, 1_000).expect("assembled");
    assert_eq!(Genesis::from_bytes(&bytes).as_ref(), Ok(&genesis));
    assert_eq!(genesis.roster.total_power(), 3);
    let statement = identity::load(&carrier.statement_key, Purpose::Statement).expect("key");
    let pepper = statement.pepper.as_ref().map(pepper_commitment);
    assert!(pepper.is_some() && pepper == carrier.entry.member.pepper, "a carrier issues");
    assert_eq!(customs.entry.member.pepper, None);
    assert!(carrier.consensus_key.is_none() && customs.consensus_key.is_some());
    let mode = std::fs::metadata(&customs.network_key).expect("metadata").permissions().mode();
    assert_eq!(mode & 0o077, 0);
}

#[test]
fn nothing_is_overwritten_and_no_bad_plan_leaves_a_file() {
    let dir = tempfile::tempdir().expect("dir");
    let trader = plan("trader-one", &[Role::Trader], None);
    create_member(dir.path(), &trader).expect("made");
    assert!(matches!(create_member(dir.path(), &trader), Err(SetupError::Key(KeyError::Exists { .. }))));
    let other = dir.path().join("other");
    for bad in [plan("trader-two", &[Role::Trader], Some(1)), plan("nobody", &[], None)] {
        create_member(&other, &bad).expect_err("refused");
        assert!(!other.exists());
    }
    write_config(&dir.path().join(CONFIG_FILE), &Config::default()).expect("written");
    let twice = write_config(&dir.path().join(CONFIG_FILE), &Config::default()).expect_err("exists");
    assert!(twice.hint().contains("move the old file away"));
}

#[test]
fn an_entry_that_was_changed_founds_nothing() {
    let dir = tempfile::tempdir().expect("dir");
    let made = create_member(dir.path(), &plan("cn-customs", &[Role::Customs], Some(1))).expect("made");
    let changed = GenesisEntry { power: Some(2), ..made.entry.clone() };
    let error = assemble("test", Parameters::default(), vec![changed], 1).expect_err("unsigned");
    assert!(matches!(error, BadGenesis::Unsigned { .. }));
    let twice = vec![made.entry.clone(), made.entry];
    assert_eq!(assemble("test", Parameters::default(), twice, 1), Err(BadGenesis::Order));
}
