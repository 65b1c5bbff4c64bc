//! The hand that does it: harms, waits, mends, and waits until the network has healed.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio_util::sync::CancellationToken;

use super::memory::Shared;
use super::plan::{Episode, What};
use super::violation::Violation;
use super::watch::Watch;
use crate::clock;
use crate::cluster::Cluster;
use crate::cluster::wires::Way;

/// How long the network may take to come back, and to acknowledge anything while a quorum is well.
pub(super) const LIMIT: Duration = Duration::from_secs(60);
/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// Packets lost on a slow network, of a hundred.
const LOSS: u64 = 3;

/// What was done, and how long it took to heal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) kills: u64,
    pub(super) pauses: u64,
    pub(super) partitions: u64,
    /// Clocks set wrong; each is set right again later.
    pub(super) clocks: u64,
    /// Nodes whose files could not grow, and those of them that ended by themselves for it.
    pub(super) full_disks: u64,
    pub(super) fell: u64,
    pub(super) heals: BTreeMap<&'static str, Vec<Duration>>,
}

/// Who harms and mends.
pub(super) struct Hand<'a> {
    pub(super) cluster: &'a mut Cluster,
    pub(super) watch: &'a Watch,
    pub(super) memory: &'a Shared,
    pub(super) stop: &'a CancellationToken,
    pub(super) tally: Tally,
    /// Who may end by itself now.
    pub(super) doomed: Vec<usize>,
}

impl Hand<'_> {
    /// One episode from its harm until the network has healed.
    ///
    /// # Errors
    /// A [`Violation`], or why it could not be done.
    pub(super) async fn play(&mut self, episode: &Episode) -> Result<()> {
        self.memory.lock().set_total(episode.what.is_total());
        self.harm(episode)?;
        // A disk that is full may end a node; nothing else may.
        self.doomed = if episode.what == What::FullDisk { episode.victims.clone() } else { Vec::new() };
        self.rest(episode.lasts).await?;
        self.mend(episode).await?;
        self.doomed.clear();
        let since = clock::now();
        self.healed(since, episode).await?;
        self.memory.lock().set_total(false);
        let took = clock::now().saturating_duration_since(since);
        self.tally.heals.entry(episode.what.name()).or_default().push(took);
        self.rest(episode.calm).await
    }

    fn harm(&mut self, Episode { what, victims, measure, .. }: &Episode) -> Result<()> {
        let all: Vec<usize> = (0..self.cluster.nodes().len()).collect();
        let others: Vec<usize> = all.iter().copied().filter(|node| !victims.contains(node)).collect();
        let hold = |way: &mut Way| way.held = true;
        let hit = victims.len() as u64;
        match what {
            What::Kill | What::KillTwice | What::AllDown => self.kill(victims)?,
            What::Pause => {
                victims.iter().try_for_each(|&victim| self.cluster.node(victim)?.process()?.pause())?;
                self.tally.pauses += hit;
            }
            What::Mute => self.cluster.wires()?.change(victims, &others, hold),
            What::Deaf => self.cluster.wires()?.change(&others, victims, hold),
            What::CutOff | What::Split => {
                self.cluster.wires()?.change(victims, &others, hold);
                self.cluster.wires()?.change(&others, victims, hold);
            }
            What::Sever => victims.iter().try_for_each(|&victim| {
                self.cluster.wires()?.sever(victim);
                anyhow::Ok(())
            })?,
            What::FullDisk => {
                victims.iter().try_for_each(|&victim| self.fill(victim, *measure))?;
                self.tally.full_disks += hit;
            }
            What::ClockAhead | What::ClockBehind => {
                let error_ms = i64::try_from(*measure).context("no clock is that wrong")?;
                self.set_clocks(victims, if *what == What::ClockAhead { error_ms } else { -error_ms })?;
                self.tally.clocks += hit;
            }
            What::Slow => self.cluster.wires()?.change(&all, &all, |way| {
                let more = Duration::from_millis(*measure);
                way.delay += more;
                way.jitter = more / 2;
                way.loss = LOSS;
            }),
        }
        if matches!(what, What::CutOff | What::Mute | What::Deaf | What::Split) {
            self.tally.partitions += 1;
        }
        Ok(())
    }

    async fn mend(&mut self, Episode { what, victims, lasts, .. }: &Episode) -> Result<()> {
        match what {
            What::Kill | What::AllDown => self.cluster.launch(victims),
            What::KillTwice => {
                self.cluster.launch(victims)?;
                self.rest(*lasts).await?;
                self.kill(victims)?;
                self.cluster.launch(victims)
            }
            What::Pause => victims.iter().try_for_each(|&victim| self.cluster.node(victim)?.process()?.resume()),
            What::FullDisk => {
                for &victim in victims {
                    if self.cluster.bury(victim)?.is_some() {
                        self.tally.fell += 1;
                    } else {
                        self.kill(&[victim])?;
                    }
                }
                self.cluster.launch(victims)
            }
            What::ClockAhead | What::ClockBehind => self.set_clocks(victims, 0),
            What::CutOff | What::Mute | What::Deaf | What::Sever | What::Slow | What::Split => {
                self.cluster.wires()?.heal();
                Ok(())
            }
        }
    }

    fn set_clocks(&self, victims: &[usize], error_ms: i64) -> Result<()> {
        victims.iter().try_for_each(|&victim| self.cluster.node(victim)?.set_clock_error_ms(error_ms))
    }

    fn kill(&mut self, victims: &[usize]) -> Result<()> {
        self.cluster.kill(victims)?;
        self.tally.kills += victims.len() as u64;
        Ok(())
    }

    /// Lets no file of a node grow further than the longest log of its database and so much; with 0, no file at all.
    fn fill(&self, victim: usize, more: u64) -> Result<()> {
        let node = self.cluster.node(victim)?;
        let data = node.view().config.parent().context("a configuration is in a directory")?.join("data");
        let room = if more == 0 { 0 } else { longest_log(&data)? + more };
        node.process()?.limit_files(Some(room))
    }

    /// Waits until every node is beyond what anybody had when it was mended, and votes.
    async fn healed(&mut self, since: Instant, episode: &Episode) -> Result<()> {
        let due = self.watch.heights().top().next();
        loop {
            self.look()?;
            let missing = match self.watch.heights().healed(since, due) {
                Ok(()) => return Ok(()),
                Err(missing) => missing,
            };
            if clock::now().saturating_duration_since(since) > LIMIT {
                let (what, seconds) = (episode.what.name(), LIMIT.as_secs());
                let why = format!("{seconds} s after `{what}` of {:?} was over: {missing}", episode.victims);
                return Err(Violation::Hung { why }.into());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Nobody ended by itself, nothing that was seen is wrong, and something was acknowledged lately.
    fn look(&mut self) -> Result<()> {
        for node in (0..self.cluster.nodes().len()).filter(|node| !self.doomed.contains(node)) {
            if let Some(words) = self.cluster.bury(node)? {
                return Err(Violation::Stopped { words }.into());
            }
        }
        if let Some(violation) = self.watch.heights().violations.first() {
            return Err(violation.clone().into());
        }
        match self.memory.lock().standing_still() {
            Some(waited) if waited > LIMIT => {
                let why = format!("nothing became final for {} s, though a quorum was well", LIMIT.as_secs());
                Err(Violation::Hung { why }.into())
            }
            _ => Ok(()),
        }
    }

    /// Waits, and looks all the while; shorter when the user wants to stop.
    async fn rest(&mut self, how_long: Duration) -> Result<()> {
        let end = clock::now() + how_long;
        while clock::now() < end && !self.stop.is_cancelled() {
            let left = end.saturating_duration_since(clock::now());
            tokio::time::sleep(left.min(LOOK)).await;
            self.look()?;
        }
        Ok(())
    }
}

fn longest_log(data: &Path) -> Result<u64> {
    let mut longest = 0;
    for entry in std::fs::read_dir(data).with_context(|| data.display().to_string())? {
        let entry = entry?;
        let is_log = entry.path().extension().is_some_and(|extension| extension == "log");
        // A log may be gone by now.
        if let (true, Ok(metadata)) = (is_log, entry.metadata()) {
            longest = longest.max(metadata.len());
        }
    }
    Ok(longest)
}
