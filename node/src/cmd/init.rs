//! `sampand init`: a member's keys, its node's configuration, and its entry for the genesis file.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use libp2p::Multiaddr;
use sampan_node::config::{Config, Http, Keys, Network};
use sampan_node::setup::{self, CreatedMember, MemberPlan};
use sampan_proto::ids::MemberId;
use sampan_proto::member::{Country, Role};

use super::{Failure, print, say};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Directory to make everything in.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// The member's handle: 3 to 40 of a-z, 0-9 and single hyphens.
    #[arg(long, value_name = "ID")]
    member: MemberId,
    /// The organisation's name.
    #[arg(long)]
    name: String,
    /// Its country: two capital letters (ISO 3166-1).
    #[arg(long, value_name = "CC")]
    country: Country,
    /// What it may do: customs, issuing-authority, carrier, trader, bank, verifier; several with commas.
    #[arg(long = "role", value_name = "ROLE", value_delimiter = ',', required = true, value_parser = role)]
    roles: Vec<Role>,
    /// Whether its node votes from the beginning; for customs agencies. Others are given a seat later.
    #[arg(long)]
    validator: bool,
    /// Its share in decisions.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "validator")]
    power: u64,
    /// Where the HTTP interface will listen.
    #[arg(long, value_name = "ADDRESS")]
    http: Option<SocketAddr>,
    /// Where the node will listen for its peers, as /ip4/0.0.0.0/tcp/9101.
    #[arg(long, value_name = "MULTIADDR")]
    listen: Vec<Multiaddr>,
}

fn role(text: &str) -> Result<Role, String> {
    let roles = [Role::Customs, Role::IssuingAuthority, Role::Carrier, Role::Trader, Role::Bank, Role::Verifier];
    roles.into_iter().find(|role| role.as_str() == text).ok_or_else(|| {
        let names: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
        format!("expected one of {}", names.join(", "))
    })
}

/// Runs the command.
pub(crate) fn init(arguments: &Arguments) -> Result<(), Failure> {
    let plan = MemberPlan {
        id: arguments.member.clone(),
        name: arguments.name.clone(),
        country: arguments.country,
        roles: arguments.roles.iter().copied().collect(),
        power: arguments.validator.then_some(arguments.power),
    };
    let path = arguments.dir.join(setup::CONFIG_FILE);
    if path.exists() {
        return Err(Failure::refused(format!("{} exists already", path.display()), "choose another --dir"));
    }
    let member = setup::create_member(&arguments.dir, &plan)?;
    let config = configuration(arguments);
    setup::write_config(&path, &config)?;
    next_steps(&member);
    for address in &config.network.listen {
        print(&format!("{address}/p2p/{}", member.peer_id))?;
    }
    Ok(())
}

fn configuration(arguments: &Arguments) -> Config {
    let mut network = Network::default();
    if !arguments.listen.is_empty() {
        network.listen.clone_from(&arguments.listen);
    }
    Config {
        keys: Keys {
            network: setup::NETWORK_KEY.into(),
            consensus: arguments.roles.contains(&Role::Customs).then(|| setup::CONSENSUS_KEY.into()),
        },
        http: arguments.http.map_or_else(Http::default, |listen| Http { listen, ..Http::default() }),
        network,
        ..Config::default()
    }
}

fn next_steps(member: &CreatedMember) {
    let dir = member.dir.display();
    say(&format!(
        "`{}` is made in {dir}.\n\
         \n\
         Next:\n\
         1. Move {} to a safe place, offline: it signs admissions and roster changes.\n\
         2. Send {dir}/{} to whoever assembles the genesis file (`sampand genesis assemble`).\n\
         3. Put the genesis file that comes back at {dir}/{}; compare its chain id by telephone\n   \
            (`sampand genesis check`).\n\
         4. Name the other nodes under network.peers in {dir}/{}: each at its own address as below.\n\
         5. sampand run --config {dir}/{}\n\
         \n\
         This node's address for the others:",
        member.entry.member.id,
        member.governance_key.display(),
        setup::ENTRY_FILE,
        setup::GENESIS_FILE,
        setup::CONFIG_FILE,
        setup::CONFIG_FILE,
    ));
}
