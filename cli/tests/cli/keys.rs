//! Key files.

use insta::assert_snapshot;

use crate::sampan::Machine;

#[test]
fn a_new_key_is_written_once_privately_and_shown_without_secrets() {
    let machine = Machine::new();
    let made = machine.run("keys new --member pearl-line --pepper --json").exits(0);
    assert!(machine.has("pearl-line.key.json"));
    let file: serde_json::Value = serde_json::from_slice(&machine.read("pearl-line.key.json")).expect("JSON");
    let shown = machine.run("keys show pearl-line.key.json --json").exits(0);
    assert_eq!(shown.json(), made.json());
    assert_eq!(shown.json()["public"], file["public"]);
    for secret in ["secret", "pepper"] {
        assert!(!made.stdout.contains(file[secret].as_str().expect("text")), "{made}");
    }
    machine.run("keys new --member pearl-line").exits(1).says("the file exists");
    let public = file["public"].as_str().expect("text");
    let pepper = shown.json()["pepper"].as_str().expect("text").to_owned();
    assert_snapshot!(machine.run("keys show pearl-line.key.json").with(&[(public, "PUBLIC"), (&pepper, "COMMITMENT")]));
}

#[test]
fn each_purpose_has_its_file() {
    let machine = Machine::new();
    machine.run("keys new --purpose consensus").exits(0);
    machine.run("keys new --purpose network --member cn-customs").exits(0);
    machine.run("keys new -o mine.json").exits(0);
    for name in ["consensus.key.json", "cn-customs.network.key.json", "mine.json"] {
        assert!(machine.has(name), "{name}");
    }
    machine.run("keys new --purpose network --pepper").exits(1);
}

#[cfg(unix)]
#[test]
fn a_key_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let machine = Machine::new();
    machine.run("keys new -o k.json").exits(0);
    let path = machine.path("k.json");
    assert_eq!(std::fs::metadata(&path).expect("file").permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("mode");
    machine.run("keys show k.json --quiet").exits(0).says("others can read the key file");
}

#[test]
fn a_damaged_key_file_is_refused_by_path() {
    let machine = Machine::new();
    machine.run("keys new -o k.json").exits(0);
    let text = String::from_utf8(machine.read("k.json")).expect("UTF-8");
    machine.write("bad.json", text.replace("\"version\": 1", "\"version\": 2"));
    machine.run("keys show bad.json").exits(1).says("at $.version");
    machine.write("worse.json", "not JSON");
    machine.run("keys show worse.json").exits(1).says("is not a key file");
}
