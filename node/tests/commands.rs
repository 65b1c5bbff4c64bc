//! `sampand` as an operator runs it: exit codes, what is written, what is said.

#![allow(clippy::expect_used, reason = "a test says what it expects, its helpers too")]

use std::path::Path;
use std::process::{Command, Output};

use sampan_node::config::Config;
use sampan_node::store::Store;
use sampan_proto::doc::CodeList;
use sampan_proto::genesis::Genesis;

fn sampand(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sampand"));
    command.args(args).current_dir(dir).env_clear();
    command.output().expect("started")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// Runs it, expects an exit code, gives stdout and stderr.
fn run(dir: &Path, code: i32, args: &[&str]) -> (String, String) {
    let output = sampand(dir, args);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{args:?}\n{out}\n{err}");
    (out, err)
}

fn init(dir: &Path, member: &str, more: &[&str]) -> (String, String) {
    let country = ["--country", "CN"];
    let named = ["init", "--dir", member, "--member", member, "--name", "A Member"];
    run(dir, 0, &[&named, country.as_slice(), more].concat())
}

#[test]
fn members_init_and_somebody_assembles() {
    let dir = tempfile::tempdir().expect("directory");
    let dir = dir.path();
    let (address, talk) = init(dir, "cn-customs", &["--role", "customs,verifier", "--validator", "--power", "2"]);
    assert!(address.starts_with("/ip4/127.0.0.1/tcp/9101/p2p/12D3Koo"), "{address}");
    assert!(talk.contains("sampand run --config cn-customs/sampand.toml"), "{talk}");
    init(dir, "sampan-line", &["--role", "carrier", "--http", "127.0.0.1:9999", "--listen", "/ip4/127.0.0.1/tcp/9"]);
    for file in ["network", "governance", "statement", "consensus"] {
        assert!(dir.join(format!("cn-customs/{file}.key.json")).is_file(), "{file}");
    }
    assert!(!dir.join("sampan-line/consensus.key.json").exists());

    let entries = ["sampan-line/entry.json", "cn-customs/entry.json"];
    let assemble = ["genesis", "assemble", "--network", "trial", "-o", "genesis.json"];
    let (chain, _) = run(dir, 0, &[assemble.as_slice(), &entries].concat());
    let (again, summary) = run(dir, 0, &["genesis", "check", "genesis.json"]);
    assert_eq!(chain, again);
    assert!(summary.contains("cn-customs (A Member, CN): customs, verifier, votes with power 2"), "{summary}");
    let genesis = Genesis::from_bytes(&std::fs::read(dir.join("genesis.json")).expect("file")).expect("genesis");
    assert_eq!(genesis.chain.to_string(), chain.trim());

    let (_, talk) = run(dir, 1, &[assemble.as_slice(), &entries].concat());
    assert!(talk.contains("genesis.json") && talk.contains("hint: choose another place"), "{talk}");
    let (shown, _) =
        run(dir, 0, &["config", "show", "--config", "sampan-line/sampand.toml", "--set", "log.filter=warn"]);
    assert!(shown.contains("listen = \"127.0.0.1:9999\"  # from the file"), "{shown}");
    assert!(shown.contains("filter = \"warn\"  # from the command line"), "{shown}");
    assert!(shown.contains("# consensus is not set"), "{shown}");
}

#[test]
fn an_entry_changed_by_hand_must_be_signed_again() {
    let dir = tempfile::tempdir().expect("directory");
    let dir = dir.path();
    init(dir, "cn-customs", &["--role", "customs", "--validator"]);
    let entry = dir.join("cn-customs/entry.json");
    let changed = std::fs::read_to_string(&entry).expect("entry").replace("A Member", "Another Name");
    std::fs::write(&entry, changed).expect("written");
    let assemble = ["genesis", "assemble", "--network", "trial", "cn-customs/entry.json"];
    let (_, talk) = run(dir, 1, &assemble);
    assert!(talk.contains("cn-customs/entry.json") && talk.contains("did not sign"), "{talk}");
    let sign = ["genesis", "sign", "--key", "cn-customs/governance.key.json", "cn-customs/entry.json"];
    let (signed, _) = run(dir, 0, &sign);
    std::fs::write(&entry, signed).expect("written");
    run(dir, 0, &assemble);
    let wrong = ["genesis", "sign", "--key", "cn-customs/statement.key.json", "cn-customs/entry.json"];
    assert!(run(dir, 1, &wrong).1.contains("statement key where a governance key is needed"));
}

#[test]
fn what_the_user_can_mend_exits_1_with_a_hint() {
    let dir = tempfile::tempdir().expect("directory");
    let dir = dir.path();
    for args in [
        &["frobnicate"][..],
        &[],
        &["init"],
        &["init", "--dir", "x", "--member", "X", "--name", "n", "--country", "CN", "--role", "trader"],
        &["init", "--dir", "x", "--member", "abc", "--name", "n", "--country", "CN", "--role", "pirate"],
        &["init", "--dir", "x", "--member", "abc", "--name", "n", "--country", "CN", "--role", "trader", "--validator"],
        &["genesis", "check", "nothing.json"],
        &["run", "--config", "nothing.toml"],
        &["config", "show", "--set", "http.listen=here"],
        &["config", "show", "--set", "no.such.key=1"],
    ] {
        let (out, err) = run(dir, 1, args);
        assert!(out.is_empty() && !err.is_empty(), "{args:?}: {out}{err}");
    }
    assert!(!dir.join("x").exists(), "nothing is left behind by a refused init");
    let (help, _) = run(dir, 0, &["--help"]);
    assert!(help.contains("Run a node") && !help.contains("stopped"), "what looks at a node does not stop it: {help}");
    run(dir, 0, &["--version"]);
    std::fs::create_dir(dir.join("mine")).expect("directory");
    std::fs::write(dir.join("mine/letters.txt"), "keep").expect("written");
    for fresh in [&["dev", "--dir", "mine"][..], &["dev", "--dir", "mine", "--fresh"]] {
        assert!(run(dir, 1, fresh).1.contains("hint:"));
        assert!(dir.join("mine/letters.txt").is_file(), "what is not ours stays");
    }
}

#[test]
fn a_code_list_is_imported_once() {
    let dir = tempfile::tempdir().expect("directory");
    let dir = dir.path();
    std::fs::write(dir.join("1.csv"), ",MY,PKG,Port Klang\n").expect("written");
    std::fs::write(dir.join("2.csv"), ",CN,NGB,Ningbo\n").expect("written");
    let import = ["codes", "import", "1.csv", "2.csv", "--edition", "2023-2"];
    let (digest, talk) = run(dir, 0, &import);
    assert!(talk.contains("UN/LOCODE, edition 2023-2, 2 codes"), "{talk}");
    let file = std::fs::read(dir.join("locode.codes.json")).expect("file");
    let list = CodeList::from_json(&file).expect("a list");
    assert_eq!((list.sha256.to_string().as_str(), list.has("CNNGB")), (digest.trim(), true));
    assert!(run(dir, 1, &import).1.contains("choose another place"));
    assert!(run(dir, 1, &["codes", "import", "2.csv", "--list", "hs", "--edition", "1"]).1.contains("hscode"));
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_stops_the_node_before_it_starts() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("directory");
    let dir = dir.path();
    init(dir, "cn-customs", &["--role", "customs", "--validator"]);
    run(dir, 0, &["genesis", "assemble", "--network", "t", "-o", "cn-customs/genesis.json", "cn-customs/entry.json"]);
    let key = dir.join("cn-customs/consensus.key.json");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).expect("chmod");
    let (_, talk) = run(dir, 1, &["run", "--config", "cn-customs/sampand.toml"]);
    assert!(talk.contains("chmod 600 cn-customs/consensus.key.json"), "{talk}");
}

#[test]
fn a_store_of_another_network_is_the_operators_to_sort_out() {
    let dir = tempfile::tempdir().expect("directory");
    let dir = dir.path();
    init(dir, "cn-customs", &["--role", "customs", "--validator", "--http", "127.0.0.1:0"]);
    let assemble = |network: &str| {
        let file = format!("{network}.json");
        run(dir, 0, &["genesis", "assemble", "--network", network, "-o", &file, "cn-customs/entry.json"]);
        Genesis::from_bytes(&std::fs::read(dir.join(file)).expect("file")).expect("genesis")
    };
    let (first, second) = (assemble("first"), assemble("second"));
    let data = dir.join("cn-customs").join(Config::default().data_dir);
    drop(Store::open(&data, &first, 8).expect("opened"));
    let set = "genesis=second.json";
    let (_, talk) = run(dir, 1, &["run", "--config", "cn-customs/sampand.toml", "--set", set]);
    for words in ["belongs to network", &first.chain.to_string(), &second.chain.to_string(), "hint: under `data_dir`"] {
        assert!(talk.contains(words), "{words}: {talk}");
    }
    assert!(!talk.contains("damaged"), "{talk}");
}

#[test]
fn a_store_is_backed_up_and_a_damaged_one_is_refused_with_the_command_that_mends_it() {
    let dir = tempfile::tempdir().expect("directory");
    let dir = dir.path();
    init(dir, "cn-customs", &["--role", "customs", "--validator", "--http", "127.0.0.1:0"]);
    run(dir, 0, &["genesis", "assemble", "--network", "t", "-o", "cn-customs/genesis.json", "cn-customs/entry.json"]);
    let config = ["--config", "cn-customs/sampand.toml"];
    let command = |code, name: &str| run(dir, code, &[[name, "monday"].as_slice(), &config].concat());
    let data = dir.join("cn-customs").join(Config::default().data_dir);
    assert!(command(1, "backup").1.contains("holds no store"), "of a node that never ran");
    assert!(!data.exists() && !dir.join("monday").exists(), "nothing comes into being");
    std::fs::create_dir_all(&data).expect("made");
    assert!(command(1, "backup").1.contains("holds no store"), "of another directory");
    assert!(std::fs::read_dir(&data).expect("listed").next().is_none() && !dir.join("monday").exists());
    let genesis = std::fs::read(dir.join("cn-customs/genesis.json")).expect("file");
    drop(Store::open(&data, &Genesis::from_bytes(&genesis).expect("genesis"), 8).expect("opened"));
    assert_eq!(command(0, "backup").0, "0\n", "before the first block");
    assert!(command(1, "backup").1.contains("monday is there already"));
    assert!(command(1, "restore").1.contains("hint: choose another place"), "the data directory is in use");

    for entry in std::fs::read_dir(&data).expect("a directory") {
        let path = entry.expect("a file").path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("MANIFEST")) {
            std::fs::write(path, "moths").expect("written");
        }
    }
    let (_, talk) = run(dir, 2, &[["run"].as_slice(), &config].concat());
    assert!(talk.contains("sampand restore DIR"), "{talk}");
    std::fs::rename(&data, dir.join("moth-eaten")).expect("moved away, as it says");
    assert_eq!(command(0, "restore").0, "0\n");
    assert!(data.join("CURRENT").is_file());
}

#[test]
fn a_stopped_node_is_checked_exported_and_told_to_erase() {
    let dir = tempfile::tempdir().expect("directory");
    let dir = dir.path();
    init(dir, "cn-customs", &["--role", "customs", "--validator"]);
    run(dir, 0, &["genesis", "assemble", "--network", "t", "-o", "cn-customs/genesis.json", "cn-customs/entry.json"]);
    let genesis = std::fs::read(dir.join("cn-customs/genesis.json")).expect("file");
    let config = ["--config", "cn-customs/sampand.toml"];
    let with = |args: &[&'static str]| [args, &config].concat();

    let (_, talk) = run(dir, 1, &with(&["fsck"]));
    let data = dir.join("cn-customs").join(Config::default().data_dir);
    assert!(talk.contains("holds no store") && !data.exists(), "{talk}");
    std::fs::create_dir_all(&data).expect("made");
    for args in [&["fsck"][..], &["export", "--out", "chain.archive"], &["bodies", "sweep"]] {
        assert!(run(dir, 1, &with(args)).1.contains("holds no store"), "{args:?}");
    }
    let store = Store::open(&data, &Genesis::from_bytes(&genesis).expect("genesis"), 8).expect("opened");
    assert!(run(dir, 1, &with(&["fsck"])).1.contains("in use by another sampand"));
    drop(store);
    let (sound, _) = run(dir, 0, &with(&["fsck", "--deep"]));
    assert!(sound.contains("sound: 0 blocks") && sound.contains("0 statements executed again"), "{sound}");
    run(dir, 0, &with(&["export", "--out", "chain.archive", "--bodies"]));
    assert!(std::fs::read(dir.join("chain.archive")).expect("archive").starts_with(b"sampan archive 1\n"));
    run(dir, 1, &with(&["export", "--out", "no/such/folder/chain.archive"]));
    run(dir, 0, &with(&["bodies", "sweep"]));

    let record = "7".repeat(64);
    let erase = ["bodies", "erase", &record, "--reason", "court order 12/2026", "--key"];
    let order = |key: &'static str| [&erase[..], &[key], &config].concat();
    let (signed, talk) = run(dir, 0, &order("cn-customs/statement.key.json"));
    assert!(signed.contains("payloadType") && talk.contains("sampan submit"), "{signed}{talk}");
    assert!(run(dir, 1, &order("cn-customs/governance.key.json")).1.contains("where a statement key is needed"));
}
