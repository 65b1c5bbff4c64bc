//! One node of the network: its files and addresses, and its process while it runs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sampan_proto::ids::Height;

use super::binaries::Binaries;
use super::ground::Place;
use super::http::Api;
use super::ports::Reserved;
use super::process::{Process, Usage};
use super::view::NodeView;
use super::wait;

/// Becomes the node, in the same process. A file that may not grow then fails the write, as a full disk does, where it
/// would otherwise end the process.
const LAUNCH: &str = r#"trap '' XFSZ; exec "$@""#;
/// The file beside its configuration that says how wrong its clock is, in milliseconds, where that may happen.
const CLOCK: &str = "clock-error";

/// A node, running or not.
#[derive(Debug)]
pub struct Node {
    view: NodeView,
    api: Api,
    ports: Vec<Reserved>,
    /// Where its process lives.
    place: Place,
    /// What it runs instead of what all others run.
    program: Option<PathBuf>,
    process: Option<Process>,
}

impl Node {
    /// A node that does not run yet, with the ports that wait for it.
    ///
    /// # Errors
    /// When no client of it can be set up.
    pub fn new(mut view: NodeView, ports: Vec<Reserved>, place: Place) -> Result<Self> {
        view.pid = None;
        let api = Api::new(view.http.clone())?;
        Ok(Self { view, api, ports, place, program: None, process: None })
    }

    /// It runs another program than all others from its next start on.
    pub fn set_program(&mut self, program: PathBuf) {
        self.program = Some(program);
    }

    /// Its clock is wrong by so many milliseconds from here on. Where that may happen, it is said before the first start.
    ///
    /// # Errors
    /// When its directory cannot be written.
    pub fn set_clock_error_ms(&self, error_ms: i64) -> Result<()> {
        let file = self.clock()?;
        std::fs::write(&file, error_ms.to_string()).with_context(|| file.display().to_string())
    }

    fn clock(&self) -> Result<PathBuf> {
        Ok(self.view.config.parent().context("a configuration is in a directory")?.join(CLOCK))
    }

    /// What is written down of it.
    #[must_use]
    pub const fn view(&self) -> &NodeView {
        &self.view
    }

    /// The member that runs it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.view.name
    }

    /// A client of it.
    #[must_use]
    pub const fn api(&self) -> &Api {
        &self.api
    }

    /// Whether its process was started and not ended by us.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        self.process.is_some()
    }

    /// Starts its process in the same directory and on the same ports as ever.
    ///
    /// # Errors
    /// When it runs already or the program cannot be started.
    pub fn start(&mut self, binaries: &Binaries) -> Result<()> {
        if self.is_up() {
            bail!("{} runs already", self.name());
        }
        let (clock, program) = (self.clock()?, self.program.as_ref().unwrap_or(&binaries.sampand));
        self.ports.drain(..).for_each(Reserved::release);
        let mut args: Vec<OsString> = ["-c", LAUNCH, "sampand"].map(OsString::from).into();
        args.extend(self.place.entrance());
        args.extend([OsString::from(program), "run".into(), "--config".into(), self.view.config.clone().into()]);
        if clock.is_file() {
            args.extend([OsString::from("--clock-error"), clock.into()]);
        }
        let process = Process::start(Path::new("/bin/sh"), &args, &self.view.log)?;
        self.view.pid = Some(process.pid());
        self.process = Some(process);
        Ok(())
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// When it does not run or the kernel refuses.
    pub fn kill(&mut self) -> Result<()> {
        let Some(mut process) = self.process.take() else { bail!("{} does not run", self.view.name) };
        self.view.pid = None;
        process.kill()
    }

    /// Its process.
    ///
    /// # Errors
    /// When it does not run.
    pub fn process(&self) -> Result<&Process> {
        self.process.as_ref().with_context(|| format!("{} does not run", self.name()))
    }

    /// Asks it to end in order, without waiting.
    pub fn ask_to_end(&mut self) {
        if let Some(process) = &mut self.process {
            process.ask_to_end();
        }
    }

    /// Ends it and waits until it is gone; true when it ended in order or was down already.
    pub fn stop(&mut self) -> bool {
        self.view.pid = None;
        self.process.take().is_none_or(|mut process| {
            process.ask_to_end();
            process.gone_by(Process::patience())
        })
    }

    /// Forgets a process that ended by itself.
    pub fn bury(&mut self) {
        if self.process.as_mut().is_some_and(|process| process.ended().is_some()) {
            self.process = None;
            self.view.pid = None;
        }
    }

    /// How it ended, if it did so by itself, with its last words.
    pub fn fallen(&mut self) -> Option<String> {
        let process = self.process.as_mut()?;
        let status = process.ended()?;
        Some(format!("{} ended by itself ({status}). Its last words:\n{}", self.view.name, process.last_words()))
    }

    /// Waits until it is ready and connected to `peers` others.
    ///
    /// # Errors
    /// When it ends by itself or does not become ready in time.
    pub async fn ready(&mut self, peers: usize, limit: Duration) -> Result<()> {
        let (what, api) = (format!("{} to be ready", self.view.name), self.api.clone());
        let ready = wait::until(&what, limit, async || {
            if let Some(fallen) = self.fallen() {
                bail!(fallen);
            }
            if let Err(why) = api.ready().await {
                return Ok(Err(why));
            }
            let status = api.node().await?;
            let enough = usize::try_from(status.peers).is_ok_and(|have| have >= peers);
            Ok(if enough { Ok(()) } else { Err(format!("{} of {peers} peers are connected", status.peers)) })
        });
        let ready = ready.await;
        ready.with_context(|| format!("log of {}: {}", self.view.name, self.view.log.display()))
    }

    /// Waits until it has decided `height`.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn reaches(&self, height: Height, limit: Duration) -> Result<()> {
        wait::until(&format!("{} to reach height {height}", self.name()), limit, async || {
            Ok(match self.api.node().await {
                Ok(status) if status.height >= height => Ok(()),
                Ok(status) => Err(format!("it is at {}", status.height)),
                Err(error) => Err(error.to_string()),
            })
        })
        .await
    }

    /// What its process uses.
    ///
    /// # Errors
    /// When it does not run.
    pub fn usage(&self) -> Result<Usage> {
        self.process()?.usage()
    }
}
