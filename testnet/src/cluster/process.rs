//! One child process: started with its log in a file, ended by its pid, measured through `/proc`.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit};

use crate::clock;

/// How long a process may take to end in order before it is killed.
const PATIENCE: Duration = Duration::from_secs(5);
/// The end of a log that a person is shown.
const TAIL: u64 = 2_000;

/// A running child. Dropping it ends it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

/// What a process uses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Resident memory now, in bytes.
    pub rss: u64,
    /// Most resident memory so far, in bytes.
    pub rss_peak: u64,
    /// Processor time so far, in seconds.
    pub cpu_s: f64,
}

impl Process {
    /// Starts `program`, appending what it says to `log`.
    ///
    /// It gets a process group of its own: a Ctrl-C on the terminal is ours to pass on, in order.
    ///
    /// # Errors
    /// When the log cannot be written or the program not be started.
    pub fn start(program: &Path, args: &[impl AsRef<OsStr>], log: &Path) -> Result<Self> {
        let open = || OpenOptions::new().create(true).append(true).open(log);
        let said = open().and_then(|file| Ok((file.try_clone()?, file)));
        let (out, err) = said.with_context(|| format!("log {}", log.display()))?;
        let child = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        Ok(Self { child, log: log.to_owned() })
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// `kill -9`, and waits until it is gone.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill().with_context(|| format!("killing {}", self.pid()))?;
        self.child.wait().with_context(|| format!("waiting for {}", self.pid())).map(drop)
    }

    /// Asks it to end in order, without waiting.
    pub fn ask_to_end(&mut self) {
        if self.ended().is_some() {
            return;
        }
        // It may have ended this moment, and then there is nothing to ask.
        let _ = self.signal(Signal::TERM).and_then(|()| self.resume());
    }

    /// Stops it where it is (`SIGSTOP`): it holds its connections and says nothing.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn pause(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on (`SIGCONT`).
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn resume(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// From now on no file of its may grow beyond so many bytes; none lifts the limit.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn limit_files(&self, bytes: Option<u64>) -> Result<()> {
        // What we were given ourselves is what a child may be given back.
        let Rlimit { current, maximum } = getrlimit(Resource::Fsize);
        let limit = Rlimit { current: bytes.or(current), maximum };
        let set = prlimit(Some(self.own_pid()?), Resource::Fsize, limit);
        set.map(drop).with_context(|| format!("limiting the files of {}", self.pid()))
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        kill_process(self.own_pid()?, signal).with_context(|| format!("signalling {}", self.pid()))
    }

    /// Its pid, which stays its own until it is reaped, and only this type reaps it.
    fn own_pid(&self) -> Result<Pid> {
        i32::try_from(self.pid()).ok().and_then(Pid::from_raw).context("a pid is a positive number")
    }

    /// Waits until it is gone, and kills it at `end`. True when it ended in order.
    pub fn gone_by(&mut self, end: Instant) -> bool {
        while clock::now() < end {
            if let Some(status) = self.ended() {
                return status.success();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.kill();
        false
    }

    /// When patience with a process that was just asked to end is over.
    #[must_use]
    pub fn patience() -> Instant {
        clock::now() + PATIENCE
    }

    /// The last lines that it said.
    #[must_use]
    pub fn last_words(&self) -> String {
        tail(&self.log).unwrap_or_else(|error| format!("(its log cannot be read: {error})"))
    }

    /// What it uses now.
    ///
    /// # Errors
    /// When it is gone, or there is no `/proc`.
    pub fn usage(&self) -> Result<Usage> {
        usage(self.pid())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended().is_none() {
            self.ask_to_end();
            self.gone_by(Self::patience());
        }
    }
}

fn tail(log: &Path) -> std::io::Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

/// What the process `pid` uses.
///
/// # Errors
/// When there is no such process, or no `/proc`.
pub fn usage(pid: u32) -> Result<Usage> {
    let read = |name: &str| {
        let path = format!("/proc/{pid}/{name}");
        std::fs::read_to_string(&path).with_context(|| path)
    };
    let (status, stat) = (read("status")?, read("stat")?);
    parse_usage(&status, &stat, rustix::param::clock_ticks_per_second())
        .with_context(|| format!("/proc/{pid} does not look as expected"))
}

/// Processor seconds that this machine has spent on anything since it started.
///
/// # Errors
/// When there is no `/proc`.
pub fn machine_cpu_s() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/stat").context("/proc/stat")?;
    parse_machine(&stat, rustix::param::clock_ticks_per_second()).context("/proc/stat does not look as expected")
}

/// The first line: user, nice, system, idle, iowait, irq, softirq, steal. All but idle and iowait is work,
/// be it of another machine on the same hardware.
fn parse_machine(stat: &str, ticks_per_second: u64) -> Option<f64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<u64> = line.split_ascii_whitespace().take(8).map_while(|text| text.parse().ok()).collect();
    let [user, nice, system, _, _, irq, softirq, steal] = ticks.as_slice() else { return None };
    Some(seconds(user + nice + system + irq + softirq + steal, ticks_per_second))
}

#[expect(clippy::cast_precision_loss, reason = "2^52 clock ticks are longer than any machine runs")]
fn seconds(ticks: u64, ticks_per_second: u64) -> f64 {
    ticks as f64 / ticks_per_second as f64
}

fn parse_usage(status: &str, stat: &str, ticks_per_second: u64) -> Option<Usage> {
    let kib = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    };
    // The second field is the name in parentheses, which may hold anything; the rest is numbers.
    let (_, numbers) = stat.rsplit_once(')')?;
    let mut fields = numbers.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let ticks = ticks()? + ticks()?;
    Some(Usage {
        rss: kib("VmRSS:")? * 1_024,
        rss_peak: kib("VmHWM:")? * 1_024,
        cpu_s: seconds(ticks, ticks_per_second),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_is_read_whatever_the_process_is_called() {
        let status = "Name:\tx) y\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\n";
        let stat = "7 (x) y) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0";
        let usage = parse_usage(status, stat, 100).expect("parses");
        assert_eq!(usage, Usage { rss: 1 << 20, rss_peak: 2 << 20, cpu_s: 2.0 });
        assert_eq!(parse_usage("", stat, 100), None);
        assert!(super::usage(std::process::id()).expect("of this process").rss > 0);
        let machine = "cpu  100 10 40 900 800 20 20 10 5 5\ncpu0 1 1 1\n";
        assert_eq!(parse_machine(machine, 100), Some(2.0));
        assert!(machine_cpu_s().expect("of this machine") > 0.0);
    }

    #[test]
    fn a_process_is_logged_ends_in_order_and_is_killed_when_it_does_not() {
        let dir = tempfile::tempdir().expect("a directory");
        let log = dir.path().join("log");
        let sh = |script: &str| Process::start(Path::new("/bin/sh"), &["-c", script], &log).expect("starts");
        let mut quick = sh("echo hello; exit 3");
        assert!(!quick.gone_by(Process::patience()));
        assert_eq!(quick.ended().and_then(|status| status.code()), Some(3));
        assert_eq!(quick.last_words(), "hello");

        let mut polite = sh("trap 'exit 0' TERM; echo set; while :; do sleep 0.01; done");
        while !polite.last_words().ends_with("set") {
            std::thread::sleep(Duration::from_millis(5));
        }
        polite.ask_to_end();
        assert!(polite.gone_by(Process::patience()));

        let mut deaf = sh("trap '' TERM; echo deaf; exec sleep 60");
        while !deaf.last_words().ends_with("deaf") {
            std::thread::sleep(Duration::from_millis(5));
        }
        deaf.ask_to_end();
        assert!(!deaf.gone_by(clock::now() + Duration::from_millis(50)));
        assert!(deaf.ended().is_some());
    }
}
