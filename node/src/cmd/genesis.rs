//! `sampand genesis`: the file where a network begins, made by many.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use sampan_node::clock::now_ms;
use sampan_node::{identity, setup};
use sampan_proto::genesis::{BadGenesis, Genesis, GenesisEntry, Parameters};
use sampan_proto::member::Purpose;

use super::{Failure, print, read_genesis, read_json, say};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Put the members' signed entries together; prints the chain id.
    Assemble {
        /// What people will call the network.
        #[arg(long, value_name = "NAME")]
        network: String,
        /// Where to write the genesis file.
        #[arg(short, long, value_name = "FILE", default_value = setup::GENESIS_FILE)]
        output: PathBuf,
        /// Protocol parameters as JSON; without it the defaults. They hold until the roster changes them.
        #[arg(long, value_name = "FILE")]
        parameters: Option<PathBuf>,
        /// The members' entry.json files.
        #[arg(required = true, value_name = "ENTRY")]
        entries: Vec<PathBuf>,
    },
    /// Check a genesis file: every signature, the roster, the parameters; prints the chain id.
    Check {
        /// The genesis file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Sign an entry that was corrected by hand; prints it.
    Sign {
        /// The member's governance key file.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The corrected entry.json.
        #[arg(value_name = "ENTRY")]
        entry: PathBuf,
    },
}

/// Runs the command.
pub(crate) fn genesis(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Assemble { network, output, parameters, entries } => {
            assemble(network, output, parameters.as_deref(), entries)
        }
        Command::Check { file } => {
            let genesis = read_genesis(file)?;
            describe(&genesis);
            print(&genesis.chain.to_string())
        }
        Command::Sign { key, entry } => sign(key, entry),
    }
}

fn assemble(network: &str, output: &Path, parameters: Option<&Path>, files: &[PathBuf]) -> Result<(), Failure> {
    let parameters = parameters.map(read_json::<Parameters>).transpose()?.unwrap_or_default();
    let mut entries = Vec::with_capacity(files.len());
    for file in files {
        let entry: GenesisEntry = read_json(file)?;
        entry.check().map_err(|e| blame(file, &e))?;
        entries.push(entry);
    }
    let (bytes, genesis) = setup::assemble(network, parameters, entries, now_ms())?;
    setup::write_new(output, &bytes)?;
    describe(&genesis);
    say(&format!(
        "Written to {}. Send it to every member, and tell each the chain id over another channel:",
        output.display()
    ));
    print(&genesis.chain.to_string())
}

fn blame(file: &Path, error: &BadGenesis) -> Failure {
    Failure::refused(format!("{}: {error}", file.display()), "ask that member for a new entry.json")
}

fn sign(key: &Path, file: &Path) -> Result<(), Failure> {
    let entry: GenesisEntry = read_json(file)?;
    let key = identity::load(key, Purpose::Governance).map_err(setup::SetupError::from)?;
    let digest = GenesisEntry::signing_digest(&entry.member, entry.power);
    let entry = GenesisEntry { signature: key.secret.sign(digest.as_bytes()), ..entry };
    entry.check().map_err(|e| match e {
        BadGenesis::Unsigned { member } => {
            Failure::refused(format!("this is no governance key of `{member}`"), "use the key that the entry lists")
        }
        other => blame(file, &other),
    })?;
    let text = serde_json::to_string_pretty(&entry);
    print(&text.map_err(|e| Failure::unexpected(e.to_string(), "report this as a bug"))?)
}

fn describe(genesis: &Genesis) {
    say(&format!("network `{}`: {} members", genesis.network, genesis.members.len()));
    for member in &genesis.members {
        let roles: Vec<_> = member.roles.iter().map(|role| role.as_str()).collect();
        let power = genesis.roster.validators().iter().find(|v| v.member == member.id).map(|v| v.power);
        let votes = power.map_or(String::new(), |power| format!(", votes with power {power}"));
        say(&format!("  {} ({}, {}): {}{votes}", member.id, member.name, member.country, roles.join(", ")));
    }
    let validators = genesis.roster.validators().len();
    say(&format!("{validators} validators, power {} in all", genesis.roster.total_power()));
    if validators > 1 && validators < 4 {
        say("note: fewer than 4 validators stop when one of them does");
    }
}
