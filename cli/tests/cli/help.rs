//! The help of every command is a contract: a change of it is seen.

use std::fmt::Write as _;

use insta::assert_snapshot;

use crate::sampan::Machine;

const COMMANDS: [&str; 40] = [
    "",
    "keys",
    "keys new",
    "keys show",
    "template",
    "draft",
    "check",
    "codes",
    "codes import",
    "codes show",
    "issue",
    "transfer",
    "surrender",
    "submit",
    "show",
    "trace",
    "status",
    "prove",
    "prove original",
    "prove unpledged",
    "prove pledge",
    "prove key",
    "receipt",
    "receipt refresh",
    "bundle",
    "verify",
    "verify evidence",
    "qr",
    "audit",
    "watch",
    "compare",
    "evidence",
    "evidence statements",
    "network",
    "network pin",
    "witness",
    "witness new",
    "witness cosign",
    "witness run",
    "witness add",
];

#[test]
fn every_command_explains_itself() {
    let machine = Machine::new();
    let mut all = String::new();
    for command in COMMANDS {
        let run = machine.run(&format!("{command} --help")).exits(0);
        assert_eq!(run.stderr, "");
        writeln!(all, "$ sampan {command} --help\n{}", run.stdout).expect("a string");
    }
    assert_snapshot!(all);
}

#[test]
fn a_fault_of_usage_is_the_users_and_exits_1() {
    let machine = Machine::new();
    for line in
        ["", "isue x", "verify", "transfer 12ab --to klang-water", "issue x --to Klang", "status x --max-age soon"]
    {
        let run = machine.run(line).exits(1);
        assert!(!run.stderr.is_empty() && run.stdout.is_empty(), "{run}");
    }
    assert_snapshot!(machine.run("issue bl.json --to Klang"));
    assert_eq!(machine.run("verify --json").exits(1).json()["error"]["exit"], 1);
    machine.run("--version").exits(0).says("sampan 0.1.0");
}

#[test]
fn settings_come_from_the_file_below_environment_and_flags() {
    let machine = Machine::new();
    machine.run("network").exits(1).says("no node to ask");
    machine.write("config/sampan/cli.toml", "node = \"ftp://x\"");
    machine.run("network").exits(1).says("`ftp://x` is not the address of a node");
    machine.run_args(&["network"], &[("SAMPAN_NODE", "ftp://y")]).exits(1).says("`ftp://y`");
    machine.run_args(&["network", "--node", "ftp://z"], &[("SAMPAN_NODE", "ftp://y")]).exits(1).says("`ftp://z`");
    machine.write("config/sampan/cli.toml", "nodes = 1");
    machine.run("network").exits(1).says("unknown field `nodes`");
}
