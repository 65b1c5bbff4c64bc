//! The world: machines on links, a millisecond at a time, until the script is played and the network has come to rest.

mod traffic;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use sampan_node::fault::Fatal;
use sampan_node::net::PeerId;
use sampan_proto::genesis::Genesis;
use sampan_proto::hash::{Domain, Hash32};
use sampan_proto::member::Purpose;

use super::cast;
use super::client::Client;
use super::link::Links;
use super::machine::Machine;
use super::mask::{Mask, Wearer, amnesiac, twin};
use super::script::{Event, Happening, Script};
use super::watch::{Violation, Watch, What};
use crate::dice::Dice;
use crate::{console, scratch};

use traffic::{Asked, Parcel};

/// A turn of the world.
const TICK: Duration = Duration::from_millis(1);
/// How long after the faults the network may take to come to rest, in milliseconds.
const REST_MS: u64 = 120_000;
/// The same where more validators lie than may, and it need not.
const NO_REST_MS: u64 = 10_000;
/// Turns between two looks at what clients wait for.
const CLIENT_TICKS: u64 = 20;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What must not be, if it was.
    pub violation: Option<Violation>,
    /// Digest of everything that passed between machines and when: the same script, the same digest.
    pub trace: Hash32,
    /// Blocks decided.
    pub height: u64,
    /// Statements that became final.
    pub finals: usize,
    /// Times that a process ended.
    pub deaths: u64,
    /// How long the network lived, in milliseconds.
    pub lived_ms: u64,
    /// Heights at which two blocks were decided: none, unless more validators lie than may.
    pub forks: usize,
    /// Machines that took a state over instead of executing what led to it.
    pub joined: usize,
}

/// Plays a script in a runtime of its own.
///
/// # Errors
/// When a machine's directory cannot be made: nothing that happens inside is one.
pub fn play(script: &Script, tell: bool) -> Result<Outcome> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().context("a runtime")?;
    let dir = scratch::directory()?;
    let outcome = runtime.block_on(async { World::new(script, dir.path(), tell)?.live(script).await });
    // Threads of the stores may still be closing files.
    drop(runtime);
    outcome
}

struct World {
    machines: Vec<Machine>,
    /// Machines of the script; those behind them are twins.
    nodes: usize,
    /// Their names on the network.
    names: Vec<PeerId>,
    wearers: BTreeMap<usize, Wearer>,
    links: Links,
    client: Client,
    watch: Watch,
    /// By time and order of posting.
    posted: BTreeMap<(u64, u64), Parcel>,
    posts: u64,
    asked: Vec<Asked>,
    now_ms: u64,
    trace: Hash32,
    deaths: u64,
    /// Whether more validators lie than may, and whether an honest node has said so, by its end at least.
    beyond: bool,
    alarmed: bool,
    /// When a process that ended is started again, if a supervisor does that.
    supervisor: Option<Dice>,
    reboots: BTreeMap<usize, u64>,
    /// A machine did not start.
    found: Option<What>,
    tell: bool,
}

impl World {
    fn new(script: &Script, dir: &std::path::Path, tell: bool) -> Result<Self> {
        let mut dice = Dice::new(script.seed ^ 0x5a5a_5a5a);
        let genesis: Arc<Genesis> = Arc::new(cast::genesis(script.nodes)?);
        let beyond = 3 * script.masks.len() >= script.nodes;
        let holds = !script.late.is_empty();
        let machine = |number, identity| Machine::new(number, identity, dir, &genesis, holds);
        let mut machines: Vec<Machine> = (0..script.nodes).map(|i| machine(i, i)).collect();
        let mut wearers = BTreeMap::new();
        for (node, mask) in &script.masks {
            let key = |node| cast::key(&cast::agency(node), Purpose::Consensus);
            let others = (0..script.nodes).filter(|other| other != node).map(|other| key(other).public());
            let league = script.masks.iter().filter(|(_, other)| other == mask).map(|(i, _)| (*i, key(*i).public()));
            wearers.insert(*node, Wearer::new(*mask, key(*node), others.collect(), league.collect(), dice.part()));
            if twin::doubles(*mask) {
                machines.push(machine(machines.len(), *node));
            }
        }
        Ok(Self {
            machines,
            nodes: script.nodes,
            names: (0..script.nodes).map(cast::peer).collect(),
            wearers,
            links: Links::new(dice.part()),
            client: Client::new(&genesis, dice.part()),
            watch: Watch::new(script.nodes, &genesis, beyond, &script.late),
            beyond,
            alarmed: false,
            posted: BTreeMap::new(),
            posts: 0,
            asked: Vec::new(),
            now_ms: 0,
            trace: Hash32::ZERO,
            deaths: 0,
            supervisor: None,
            reboots: BTreeMap::new(),
            found: None,
            tell,
        })
    }

    async fn live(mut self, script: &Script) -> Result<Outcome> {
        for i in (0..self.machines.len()).filter(|i| !script.late.contains(i)) {
            self.start(i).await;
        }
        let mut events = script.events.iter().peekable();
        let violation = loop {
            while let Some(event) = events.next_if(|event| event.at_ms <= self.now_ms.min(script.lasts_ms)) {
                self.happen(event).await?;
            }
            if self.now_ms == script.lasts_ms {
                self.mend().await;
            }
            match self.turn().await {
                Err(what) => break Some(what),
                Ok(()) if self.beyond && self.now_ms > script.lasts_ms + NO_REST_MS => break self.silent_fork(),
                Ok(()) if self.beyond => {}
                Ok(()) if self.now_ms > script.lasts_ms && self.is_at_rest() => {
                    break (0..self.nodes)
                        .filter(|i| self.is_honest(*i))
                        .find_map(|i| {
                            let machine = &self.machines[i];
                            self.client.settle(i, machine).and_then(|()| self.watch.settle(i, machine)).err()
                        })
                        .or_else(|| self.client.sold_twice());
                }
                Ok(()) if self.now_ms > script.lasts_ms + REST_MS => break Some(self.stalled()),
                Ok(()) => {}
            }
        };
        let forks = self.watch.forks.len();
        let joined = self.machines.iter().filter(|machine| machine.joined).count();
        for machine in &mut self.machines {
            machine.kill().await;
        }
        Ok(Outcome {
            violation: violation.map(|what| Violation { at_ms: self.now_ms, what }),
            trace: self.trace,
            height: self.watch.top().0,
            finals: self.client.finals(),
            deaths: self.deaths,
            lived_ms: self.now_ms,
            forks,
            joined,
        })
    }

    fn mask(&self, node: usize) -> Option<Mask> {
        self.wearers.get(&node).map(|wearer| wearer.mask)
    }

    fn is_honest(&self, node: usize) -> bool {
        node < self.nodes && self.mask(node).is_none()
    }

    fn note(&mut self, words: impl FnOnce() -> String) {
        let line = format!("{:>7} {}", self.now_ms, words());
        self.trace = Domain::Gossip.hash(&[self.trace.as_bytes().as_slice(), line.as_bytes()].concat());
        if self.tell {
            console::out(&line);
        }
    }

    /// Starts a machine that does not run. That it does not start has a reason in the script, or is a finding.
    async fn start(&mut self, i: usize) {
        let forgets = amnesiac::forgets(self.mask(i)) || i >= self.nodes;
        let Some(machine) = self.machines.get_mut(i).filter(|machine| machine.process.is_none()) else { return };
        match machine.start(forgets).await {
            Ok(()) => self.note(|| format!("{i} starts")),
            Err(fault) => {
                self.deaths += 1;
                self.note(|| format!("{i} does not start"));
                self.reboot_soon(i);
                if self.is_honest(i) && !self.machines[i].faults.struck() {
                    self.found = Some(What::Stopped { node: i, why: fault.to_string() });
                }
            }
        }
    }

    async fn happen(&mut self, event: &Event) -> Result<()> {
        self.note(|| event.what.to_string());
        match &event.what {
            Happening::Submit { bills, by } => self.client.submit(*bills, *by, self.now_ms)?,
            Happening::Race { one, other } => self.client.race([*one, *other], &self.machines)?,
            Happening::Find { by } => self.client.find(*by, &self.machines)?,
            Happening::Cheat { by } => self.client.cheat(*by, &self.machines)?,
            Happening::Cut { one, other } => self.links.cut(one, other),
            Happening::Deafen { from, to } => self.links.deafen(*from, *to),
            Happening::Heal => self.links.heal(),
            Happening::Links { lost, doubled, delay_ms } => self.links.set(*lost, *doubled, *delay_ms),
            Happening::Kill { node } => {
                self.deaths += u64::from(self.machines[*node].process.is_some());
                self.forget(*node);
                self.machines[*node].kill().await;
            }
            Happening::Crash { node, at, writes } => self.machines[*node].faults.crash(*at, *writes),
            Happening::Fill { node } => self.machines[*node].faults.fill(),
            Happening::Start { node } => self.start(*node).await,
            Happening::Supervise => self.supervisor = Some(Dice::new(self.now_ms ^ 0xa5a5)),
            Happening::Clock { node, error_ms } => self.machines[*node].clock.set_error_ms(*error_ms),
        }
        Ok(())
    }

    /// All faults are over.
    async fn mend(&mut self) {
        self.note(|| "all is well again".to_owned());
        self.links.heal();
        self.links.set(0, 0, 5);
        for i in 0..self.machines.len() {
            self.machines[i].clock.set_error_ms(0);
            self.machines[i].faults.clear();
            self.start(i).await;
        }
    }

    async fn turn(&mut self) -> Result<(), What> {
        if let Some(what) = self.found.take() {
            return Err(what);
        }
        self.reboot().await;
        self.connect();
        self.deliver();
        if self.now_ms.is_multiple_of(CLIENT_TICKS) {
            self.client.tick(self.now_ms, &self.machines[..self.nodes]);
        }
        // Everything that can run runs before the time moves.
        tokio::time::sleep(TICK).await;
        self.now_ms += 1;
        for i in 0..self.machines.len() {
            self.collect(i)?;
            if self.is_honest(i) {
                self.watch.look(i, &self.machines[i], self.now_ms)?;
            }
            self.bury(i).await?;
        }
        self.carry_answers().await;
        Ok(())
    }

    /// Everybody sees whom it could talk to.
    fn connect(&self) {
        for (i, machine) in self.machines.iter().enumerate() {
            let Some(process) = &machine.process else { continue };
            let up = |j: &usize| self.machines[*j].process.is_some();
            let open = |j: &usize| self.links.is_open(i, *j) && self.links.is_open(*j, i);
            let mut peers: Vec<PeerId> = (0..self.nodes).filter(up).filter(open).map(|j| self.names[j]).collect();
            peers.sort_unstable();
            process.line.connect(peers);
        }
    }

    /// A process that ended by itself: as the script wanted, or not.
    async fn bury(&mut self, i: usize) -> Result<(), What> {
        let Some(ended) = self.machines[i].ended().await else { return Ok(()) };
        self.deaths += 1;
        self.forget(i);
        let why = ended.err().map_or_else(|| "for no reason".to_owned(), |fault: Fatal| fault.to_string());
        self.note(|| format!("{i} ends"));
        self.reboot_soon(i);
        if self.machines[i].faults.struck() || !self.is_honest(i) {
            return Ok(());
        }
        self.alarmed = true;
        if self.beyond { Ok(()) } else { Err(What::Stopped { node: i, why }) }
    }

    /// A fork that no honest node has noticed.
    fn silent_fork(&self) -> Option<What> {
        let mut honest =
            self.machines.iter().enumerate().filter(|(i, _)| self.is_honest(*i)).map(|(_, machine)| machine);
        let noticed = self.alarmed || honest.any(Machine::has_raised_the_alarm);
        self.watch.forks.first().filter(|_| !noticed).map(|height| What::SilentFork { height: *height })
    }

    fn reboot_soon(&mut self, i: usize) {
        if let Some(dice) = &mut self.supervisor {
            self.reboots.insert(i, self.now_ms + dice.between(1, 20));
        }
    }

    /// Starts again whom a supervisor starts now.
    async fn reboot(&mut self) {
        let now_ms = self.now_ms;
        let due: Vec<usize> = self.reboots.iter().filter(|(_, at_ms)| **at_ms <= now_ms).map(|(i, _)| *i).collect();
        for i in due {
            self.reboots.remove(&i);
            self.start(i).await;
            self.client.returned(i);
        }
    }

    /// Everybody is at one height, votes and holds the whole chain, whatever was submitted is settled, and nothing waits.
    fn is_at_rest(&self) -> bool {
        let tips = self.machines[..self.nodes].iter().enumerate().filter(|(i, _)| self.is_honest(*i));
        let mut heights = tips.map(|(_, machine)| {
            let idle = machine.process.as_ref().filter(|process| process.is_idle());
            idle.map(|process| process.store.tip().height)
        });
        let first = heights.next().flatten();
        self.client.open() == 0 && first.is_some() && heights.all(|height| height == first)
    }

    fn stalled(&self) -> What {
        let heights: Vec<String> = self.machines[..self.nodes]
            .iter()
            .map(|machine| machine.process.as_ref().map_or("-".to_owned(), |p| p.store.tip().height.to_string()))
            .collect();
        let running = self.machines[..self.nodes].iter().filter_map(|machine| machine.process.as_ref());
        let waiting: usize = running.map(|process| process.engine.mempool_len()).sum();
        let (open, heights) = (self.client.open(), heights.join(" "));
        What::Stalled { why: format!("{open} statements are not settled, {waiting} wait at nodes, heights {heights}") }
    }
}
