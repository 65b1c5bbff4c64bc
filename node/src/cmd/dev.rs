//! `sampand dev`: a network of one validator with sample members, for whoever writes against a node.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use sampan_node::clock::now_ms;
use sampan_node::config::{Config, Keys, Log, Network};
use sampan_node::engine::Provenance;
use sampan_node::node::Node;
use sampan_node::setup::{self, CreatedMember, MemberPlan, SetupError};
use sampan_proto::genesis::Parameters;
use sampan_proto::member::Role;

use super::config::{Overrides, load};
use super::run::{host, start_logging};
use super::{Failure, read_genesis, say};

/// Says that a directory is ours to throw away.
const MARKER: &str = ".sampan-dev";
const MARKER_TEXT: &str = "Made by `sampand dev`; `sampand dev --fresh` throws everything here away.\n";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where the network lives; made at the first run, kept for the next.
    #[arg(long, value_name = "DIR", default_value = "sampan-dev")]
    dir: PathBuf,
    /// Throw the old network away, keys and ledger, and begin a new one.
    #[arg(long)]
    fresh: bool,
    #[command(flatten)]
    overrides: Overrides,
}

/// A sample member: handle, name, country, role.
type Sample = (&'static str, &'static str, &'static str, Role);

/// Runs the node.
const AGENCY: Sample = ("cn-customs", "Sample Customs Agency", "CN", Role::Customs);
const PEOPLE: [Sample; 5] = [
    ("sampan-line", "Sampan Line", "SG", Role::Carrier),
    ("ccpit-ningbo", "Sample Chamber, Ningbo", "CN", Role::IssuingAuthority),
    ("ningbo-tools", "Ningbo Tools Ltd", "CN", Role::Trader),
    ("klang-import", "Klang Import Sdn Bhd", "MY", Role::Trader),
    ("harbour-bank", "Harbour Bank", "SG", Role::Bank),
];

/// Runs the command.
pub(crate) fn dev(arguments: &Arguments) -> Result<(), Failure> {
    let dir = &arguments.dir;
    if arguments.fresh {
        clear(dir)?;
    }
    let config = dir.join("node").join(setup::CONFIG_FILE);
    if !config.exists() {
        found(dir)?;
    }
    let config = load(Some(&config), &arguments.overrides)?.config;
    start_logging(&config.log);
    let genesis = read_genesis(&config.genesis)?;
    host(config, Provenance::Unsaid, |node| guide(dir, node, &genesis.chain.to_string()))
}

/// Throws away what an earlier run made, and nothing else.
fn clear(dir: &Path) -> Result<(), Failure> {
    if !dir.exists() {
        return Ok(());
    }
    if !dir.join(MARKER).is_file() {
        let what = format!("{} was not made by `sampand dev`", dir.display());
        return Err(Failure::refused(what, "name another --dir, or remove it yourself"));
    }
    fs::remove_dir_all(dir).map_err(|e| {
        Failure::refused(format!("removing {}: {e}", dir.display()), "stop the node that still runs there")
    })
}

/// Makes the network in an empty directory.
fn found(dir: &Path) -> Result<(), Failure> {
    setup::create_dir(dir)?;
    let fault = |source| SetupError::File { path: dir.to_owned(), source };
    if fs::read_dir(dir).map_err(fault)?.next().is_some() {
        let what = format!("{} is not empty, and holds no network that `sampand dev` finished making", dir.display());
        return Err(Failure::refused(what, "name another --dir, or use --fresh"));
    }
    setup::write_new(&dir.join(MARKER), MARKER_TEXT.as_bytes())?;
    let mut entries = vec![make(&dir.join("node"), &AGENCY, Some(1))?.entry];
    for person in &PEOPLE {
        entries.push(make(&dir.join("members").join(person.0), person, None)?.entry);
    }
    // There is one agency, so one freezes.
    let parameters = Parameters { freeze_quorum: 1, ..Parameters::default() };
    let (bytes, _) = setup::assemble("dev", parameters, entries, now_ms())?;
    setup::write_new(&dir.join(setup::GENESIS_FILE), &bytes)?;
    let config = Config {
        genesis: Path::new("..").join(setup::GENESIS_FILE),
        keys: Keys { network: setup::NETWORK_KEY.into(), consensus: Some(setup::CONSENSUS_KEY.into()) },
        network: Network { listen: Vec::new(), peers: Vec::new() },
        log: Log { filter: "warn".to_owned(), ..Log::default() },
        ..Config::default()
    };
    // Last, for its presence says that everything else is there.
    Ok(setup::write_config(&dir.join("node").join(setup::CONFIG_FILE), &config)?)
}

fn make(dir: &Path, &(id, name, country, role): &Sample, power: Option<u64>) -> Result<CreatedMember, Failure> {
    let broken = |e: &dyn std::fmt::Display| Failure::unexpected(format!("sample `{id}`: {e}"), "report this as a bug");
    let plan = MemberPlan {
        id: id.parse().map_err(|e| broken(&e))?,
        name: name.to_owned(),
        country: country.parse().map_err(|e| broken(&e))?,
        roles: [role].into(),
        power,
    };
    Ok(setup::create_member(dir, &plan)?)
}

fn guide(dir: &Path, node: &Node, chain: &str) {
    let url = format!("http://{}", node.http_addr());
    let key = |id: &str| dir.join("members").join(id).join(setup::STATEMENT_KEY);
    say("A Sampan network of one is running. Ctrl-C stops it; the next run goes on where it stopped.\n");
    say(&format!("  node      {url}"));
    say(&format!("  chain     {chain}"));
    say(&format!("  genesis   {}\n", dir.join(setup::GENESIS_FILE).display()));
    say("Members and the keys they sign with:");
    for (id, _, _, role) in PEOPLE {
        say(&format!("  {id:<13} {:<18} {}", role.as_str(), key(id).display()));
    }
    let flags = format!("--node {url} --genesis {}", dir.join(setup::GENESIS_FILE).display());
    say(&format!(
        "\nTry:\n  curl {url}/v1/node\n  sampan issue bl.json --to ningbo-tools --key {} {flags}\n\nThe whole interface: {url}/openapi.json",
        key("sampan-line").display()
    ));
}
