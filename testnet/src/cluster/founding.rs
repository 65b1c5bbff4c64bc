//! Founding a network: every member makes its keys and signs its own entry, the entries make the genesis
//! file, and each member that runs a node gets a configuration.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use anyhow::Result;
use sampan_node::config::{Config, Http, Keys, Log, Network};
use sampan_node::setup::{self, CreatedMember, MemberPlan};
use sampan_proto::genesis::{Genesis, Parameters};

use super::cast::{self, Part};
use super::node::Node;
use super::person::Person;
use super::ports::Reserved;
use super::view::{NodeRole, NodeView};
use super::wires::Relay;
use super::{Options, handle, read_key};
use crate::clock;
use crate::usage::Unusable;

/// What people call a local network.
const NETWORK: &str = "testnet";
/// Voting power of every validator.
const POWER: u64 = 1;

/// A founded network, nothing of which runs yet.
#[derive(Debug)]
pub struct Founded {
    /// Its genesis.
    pub genesis: Genesis,
    /// The genesis file.
    pub genesis_path: PathBuf,
    /// The members that act: people first, then agencies.
    pub people: Vec<Person>,
    /// Its nodes, validators first.
    pub nodes: Vec<Node>,
    /// The relays on the wires between them, if there are to be any.
    pub relays: Vec<Relay>,
}

/// Founds a network in `dir`.
///
/// # Errors
/// When the cast is impossible or the files cannot be written; nothing is overwritten.
pub fn found(options: &Options, dir: &Path) -> Result<Founded> {
    let agencies = cast::validators(options.validators)?;
    let people = cast::people();
    if options.full_nodes > people.len() {
        let why = format!("at most {} full nodes, not {}", people.len(), options.full_nodes);
        return Err(Unusable::because(why).into());
    }
    let actors: Vec<Part> = people.into_iter().chain(cast::issuers(options.issuers)).collect();

    let agencies: Vec<Made> = agencies.into_iter().map(|part| make(dir, part)).collect::<Result<_>>()?;
    let actors: Vec<Made> = actors.into_iter().map(|part| make(dir, part)).collect::<Result<_>>()?;
    let genesis_path = dir.join(setup::GENESIS_FILE);
    let genesis = write_genesis(&genesis_path, agencies.iter().chain(&actors))?;

    let hosts = agencies.iter().chain(actors.iter().take(options.full_nodes));
    let (nodes, relays) = configure(dir, &hosts.collect::<Vec<_>>(), options)?;
    let people = actors.iter().chain(&agencies).map(person).collect::<Result<_>>()?;
    Ok(Founded { genesis, genesis_path, people, nodes, relays })
}

/// A genesis file of a network that nobody runs: what a stranger might take for the right one.
///
/// # Errors
/// When the files cannot be written.
pub fn found_elsewhere(dir: &Path) -> Result<PathBuf> {
    let agencies = cast::validators(4)?;
    let made: Vec<Made> = agencies.into_iter().map(|part| make(dir, part)).collect::<Result<_>>()?;
    let path = dir.join(setup::GENESIS_FILE);
    write_genesis(&path, made.iter()).map(|_| path)
}

/// A member with its files.
struct Made {
    part: Part,
    files: CreatedMember,
}

fn make(dir: &Path, part: Part) -> Result<Made> {
    let plan = MemberPlan {
        id: handle(&part.id)?,
        name: part.name.clone(),
        country: part.country.parse()?,
        roles: part.roles.iter().copied().collect(),
        power: part.validates.then_some(POWER),
    };
    let files = setup::create_member(&dir.join("members").join(&part.id), &plan)?;
    Ok(Made { part, files })
}

fn write_genesis<'a>(path: &Path, made: impl Iterator<Item = &'a Made>) -> Result<Genesis> {
    let entries = made.map(|member| member.files.entry.clone()).collect();
    let (bytes, genesis) = setup::assemble(NETWORK, Parameters::default(), entries, clock::unix_ms())?;
    setup::write_new(path, &bytes)?;
    Ok(genesis)
}

/// Gives every host two ports and a configuration that names all others as peers, at their own ports or at the relays
/// on the wires to them. Where there are wires a clock may go wrong, too.
fn configure(dir: &Path, hosts: &[&Made], options: &Options) -> Result<(Vec<Node>, Vec<Relay>)> {
    let (ground, wired) = (options.ground, options.wired);
    let ours = ground.ours();
    let logs = dir.join("logs");
    setup::create_dir(&logs)?;
    let ports = hosts.iter().map(|_| Ok((Reserved::find(ours)?, Reserved::find(ours)?))).collect::<Result<Vec<_>>>()?;
    let p2p = |(address, port): (Ipv4Addr, u16)| format!("/ip4/{address}/tcp/{port}");
    let at = |host: &Made, place| format!("{}/p2p/{}", p2p(place), host.files.peer_id);
    let targets: Vec<u16> = ports.iter().map(|(_, port)| port.port()).collect();
    let (mut nodes, mut relays) = (Vec::with_capacity(hosts.len()), Vec::new());
    for (i, (host, (http, p2p_port))) in hosts.iter().zip(ports).enumerate() {
        let place = ground.place(i);
        let mut peers = Vec::with_capacity(hosts.len());
        for (other, (&peer, &target)) in hosts.iter().zip(&targets).enumerate().filter(|(other, _)| *other != i) {
            let mut dialled = (ground.place(other).address(), target);
            if wired {
                let port = Reserved::find(ours)?;
                let relayed = std::mem::replace(&mut dialled, (ours, port.port()));
                relays.push(Relay { from: i, to: other, port, target: relayed.into() });
            }
            peers.push(at(peer, dialled).parse()?);
        }
        let (http_at, p2p_at) = ((place.address(), http.port()), (place.address(), p2p_port.port()));
        let config = Config {
            genesis: Path::new("../..").join(setup::GENESIS_FILE),
            keys: Keys {
                network: setup::NETWORK_KEY.into(),
                consensus: host.part.validates.then(|| setup::CONSENSUS_KEY.into()),
            },
            // All clients of the network are one address, and not always the node's own.
            http: Http {
                listen: http_at.into(),
                connections_per_address: 4_096,
                requests_per_address: 1_000_000,
                ..Http::default()
            },
            network: Network { listen: vec![p2p(p2p_at).parse()?], peers },
            log: Log::default(),
            ..Config::default()
        };
        let path = host.files.dir.join(setup::CONFIG_FILE);
        setup::write_config(&path, &config)?;
        let view = NodeView {
            name: host.part.id.clone(),
            role: if host.part.validates { NodeRole::Validator } else { NodeRole::FullNode },
            pid: None,
            http: format!("http://{}:{}", http_at.0, http_at.1),
            p2p: at(host, p2p_at),
            config: path,
            log: logs.join(format!("{}.log", host.part.id)),
        };
        let node = Node::new(view, vec![http, p2p_port], place)?;
        if wired {
            node.set_clock_error_ms(0)?;
        }
        nodes.push(node);
    }
    Ok((nodes, relays))
}

fn person(made: &Made) -> Result<Person> {
    let key_file = made.files.statement_key.clone();
    let key = read_key(&key_file)?;
    Ok(Person {
        id: handle(&made.part.id)?,
        name: made.part.name.clone(),
        roles: made.part.roles.clone(),
        key_file,
        key,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cluster::binaries::Binaries;

    #[test]
    fn a_founded_network_has_everything_that_its_nodes_need() {
        let dir = tempfile::tempdir().expect("a directory");
        let binaries = Binaries { sampand: PathBuf::new(), sampan: PathBuf::new() };
        let options = Options { issuers: 2, ..Options::new(binaries) };
        let founded = found(&options, dir.path()).expect("founds");
        assert_eq!(founded.genesis.roster.validators().len(), 4);
        assert_eq!((founded.nodes.len(), founded.people.len()), (5, 13), "seven people, two issuers, four agencies");
        let mut ports = BTreeSet::new();
        for node in &founded.nodes {
            let view = node.view();
            let loaded = Config::load(Some(&view.config), [], &[]).expect("a configuration").config;
            assert_eq!(loaded.network.peers.len(), 4);
            assert_eq!(loaded.keys.consensus.is_some(), view.role == NodeRole::Validator);
            let genesis = std::fs::read(&loaded.genesis).expect("the genesis file is where the configuration says");
            assert_eq!(Genesis::from_bytes(&genesis).as_ref(), Ok(&founded.genesis));
            assert!(loaded.keys.network.is_file());
            ports.insert(view.http.clone());
            ports.insert(view.p2p.clone());
        }
        assert_eq!(ports.len(), 10, "every node has ports of its own");
        let issuers = founded.people.iter().filter(|person| person.key.pepper.is_some());
        assert_eq!(issuers.count(), 5, "carrier, authority and the issuers of the load");
        assert!(found(&options, dir.path()).is_err(), "nothing is overwritten");
        let other = tempfile::tempdir().expect("a directory");
        let stranger = std::fs::read(found_elsewhere(other.path()).expect("founds")).expect("reads");
        assert_ne!(Genesis::from_bytes(&stranger).expect("a genesis").chain, founded.genesis.chain);
    }
}
