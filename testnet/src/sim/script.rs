//! A script: what happens to a network and when, in words that read as the incident.
//!
//! ```text
//! # The proposer dies while half of the others cannot hear it
//! seed 7
//! nodes 4
//! at 200 submit 3 by 0
//! at 400 cut 0,1 | 2,3
//! at 900 crash 1 after 3 writes
//! at 2000 heal
//! at 2500 start 1
//! lasts 6000
//! ```
//!
//! `byzantine 0 liar` before the first event puts a mask on a validator; `late 3` leaves one out, with nothing on its disk,
//! until it is started or the faults are over: what the others decided by then it takes over as a state.
//!
//! Times are milliseconds of the network's life. `#` begins a remark. After `lasts` all faults end, everybody is started,
//! and what was submitted must become final.

use std::fmt;
use std::str::FromStr;

use super::mask::Mask;

/// The most nodes of a script.
pub(super) const NODES: usize = 10;

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    /// A client submits so many bills at a node.
    Submit { bills: u64, by: usize },
    /// A bill is sold to two buyers, through two nodes at once.
    Race { one: usize, other: usize },
    /// Customs put a finding onto a bill.
    Find { by: usize },
    /// Somebody submits what must never be executed: old statements again, acts at a wrong seq, a bill that is another's.
    Cheat { by: usize },
    /// Nodes of one group hear nothing of the other, both ways.
    Cut { one: Vec<usize>, other: Vec<usize> },
    /// What `from` says does not reach `to`; the other way it does.
    Deafen { from: usize, to: usize },
    /// Every cut is mended.
    Heal,
    /// Of a hundred messages so many are lost, doubled, and all take up to so many milliseconds.
    Links { lost: u64, doubled: u64, delay_ms: u64 },
    /// The process ends without a word.
    Kill { node: usize },
    /// It ends at one of its next writes, before or after the bytes are on the disk; a torn log is one that has only a
    /// part of them. Where it does not run, those are the writes of its next start.
    Crash { node: usize, at: CrashAt, writes: u64 },
    /// Its disk takes nothing more.
    Fill { node: usize },
    /// It is started again, with room on its disk.
    Start { node: usize },
    /// From here on a process that ends by itself is started again within milliseconds, by a supervisor, and clients that
    /// waited for it ask it again at once.
    Supervise,
    /// Its clock is wrong by so many milliseconds from here on.
    Clock { node: usize, error_ms: i64 },
}

/// Where in a write a node dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CrashAt {
    Before,
    After,
    Torn,
}

/// A happening and its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) at_ms: u64,
    pub(super) what: Happening,
}

/// A network and what happens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Where the links' and masks' chance comes from.
    pub(super) seed: u64,
    pub(super) nodes: usize,
    /// Validators that lie, and how.
    pub(super) masks: Vec<(usize, Mask)>,
    /// Validators that run for the first time when the network is no longer young.
    pub(super) late: Vec<usize>,
    /// In order of time.
    pub(super) events: Vec<Event>,
    /// When the faults end.
    pub(super) lasts_ms: u64,
}

impl Script {
    /// How many things happen: what a smaller script has fewer of.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether nothing happens at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let group = |nodes: &[usize]| nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        match self {
            Self::Submit { bills, by } => write!(f, "submit {bills} by {by}"),
            Self::Race { one, other } => write!(f, "race {one} {other}"),
            Self::Find { by } => write!(f, "find by {by}"),
            Self::Cheat { by } => write!(f, "cheat by {by}"),
            Self::Cut { one, other } => write!(f, "cut {} | {}", group(one), group(other)),
            Self::Deafen { from, to } => write!(f, "deafen {from} > {to}"),
            Self::Heal => f.write_str("heal"),
            Self::Links { lost, doubled, delay_ms } => write!(f, "links {lost} {doubled} {delay_ms}"),
            Self::Kill { node } => write!(f, "kill {node}"),
            Self::Crash { node, at, writes } => {
                let word = match at {
                    CrashAt::Before => "before",
                    CrashAt::After => "after",
                    CrashAt::Torn => "torn",
                };
                write!(f, "crash {node} {word} {writes} writes")
            }
            Self::Fill { node } => write!(f, "fill {node}"),
            Self::Start { node } => write!(f, "start {node}"),
            Self::Supervise => f.write_str("supervise"),
            Self::Clock { node, error_ms } => write!(f, "clock {node} {error_ms}"),
        }
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}\nnodes {}", self.seed, self.nodes)?;
        for (node, mask) in &self.masks {
            writeln!(f, "byzantine {node} {mask}")?;
        }
        for node in &self.late {
            writeln!(f, "late {node}")?;
        }
        for Event { at_ms, what } in &self.events {
            writeln!(f, "at {at_ms} {what}")?;
        }
        writeln!(f, "lasts {}", self.lasts_ms)
    }
}

/// A line that says nothing that a script can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    line: usize,
    text: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: cannot make sense of `{}`", self.line, self.text)
    }
}

impl std::error::Error for Unreadable {}

impl FromStr for Script {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let mut script =
            Self { seed: 0, nodes: 4, masks: Vec::new(), late: Vec::new(), events: Vec::new(), lasts_ms: 0 };
        for (number, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split('#').next().unwrap_or_default().split_whitespace().collect();
            if !words.is_empty() && read(&mut script, &words).is_none() {
                return Err(Unreadable { line: number + 1, text: line.to_owned() });
            }
        }
        script.events.sort_by_key(|event| event.at_ms);
        Ok(script)
    }
}

fn read(script: &mut Script, words: &[&str]) -> Option<()> {
    match words {
        ["seed", seed] => script.seed = seed.parse().ok()?,
        ["nodes", nodes] => script.nodes = nodes.parse().ok().filter(|nodes| (1..=NODES).contains(nodes))?,
        ["lasts", time] => script.lasts_ms = time.parse().ok()?,
        ["byzantine", node, mask] => {
            let known = self::node(script, node)?;
            script.masks.push((known, mask.parse().ok()?));
        }
        ["late", node] => script.late.push(self::node(script, node)?),
        ["at", time, rest @ ..] => {
            let event = Event { at_ms: time.parse().ok()?, what: happening(script, rest)? };
            script.events.push(event);
        }
        _ => return None,
    }
    Some(())
}

fn node(script: &Script, word: &str) -> Option<usize> {
    word.parse().ok().filter(|node| *node < script.nodes)
}

fn happening(script: &Script, words: &[&str]) -> Option<Happening> {
    let node = |word: &str| self::node(script, word);
    let group = |word: &str| word.split(',').map(node).collect::<Option<Vec<_>>>();
    Some(match words {
        ["submit", bills, "by", by] => Happening::Submit { bills: bills.parse().ok()?, by: node(by)? },
        ["race", one, other] => Happening::Race { one: node(one)?, other: node(other)? },
        ["find", "by", by] => Happening::Find { by: node(by)? },
        ["cheat", "by", by] => Happening::Cheat { by: node(by)? },
        ["cut", one, "|", other] => Happening::Cut { one: group(one)?, other: group(other)? },
        ["deafen", from, ">", to] => Happening::Deafen { from: node(from)?, to: node(to)? },
        ["heal"] => Happening::Heal,
        ["links", lost, doubled, delay] => {
            Happening::Links { lost: lost.parse().ok()?, doubled: doubled.parse().ok()?, delay_ms: delay.parse().ok()? }
        }
        ["kill", which] => Happening::Kill { node: node(which)? },
        ["crash", which, at, writes, "writes"] => {
            let at = match *at {
                "before" => CrashAt::Before,
                "after" => CrashAt::After,
                "torn" => CrashAt::Torn,
                _ => return None,
            };
            Happening::Crash { node: node(which)?, at, writes: writes.parse().ok()? }
        }
        ["fill", which] => Happening::Fill { node: node(which)? },
        ["supervise"] => Happening::Supervise,
        ["start", which] => Happening::Start { node: node(which)? },
        ["clock", which, error] => Happening::Clock { node: node(which)?, error_ms: error.parse().ok()? },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::plan;
    use super::*;

    #[test]
    fn every_script_reads_back_as_it_is_written() {
        for seed in 0..200 {
            let script = plan::script(seed);
            assert_eq!(script.to_string().parse(), Ok(script), "seed {seed}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_named_by_its_line() {
        let wrong = |text: &str| text.parse::<Script>().expect_err("unreadable").to_string();
        assert_eq!(wrong("nodes 4\nat 5 kill 4"), "line 2: cannot make sense of `at 5 kill 4`");
        assert_eq!(wrong("nodes 99"), "line 1: cannot make sense of `nodes 99`");
        assert_eq!(wrong("at noon heal"), "line 1: cannot make sense of `at noon heal`");
        let remark: Script = "# nothing happens\nnodes 1 # alone\n".parse().expect("a script");
        assert_eq!((remark.nodes, remark.is_empty()), (1, true));
    }
}
