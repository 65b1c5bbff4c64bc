//! The wall clock. Time is an input everywhere else: the shell reads it here and hands it in.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// How wrong this process's wall clock is, in milliseconds: not at all, unless it was [`misset`].
static ERROR_MS: AtomicI64 = AtomicI64::new(0);
/// How soon a clock that is misset hears of it.
const SOON: Duration = Duration::from_millis(50);

/// Now by the system's clock, in Unix milliseconds.
#[must_use]
pub fn now_ms() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the shell reads the clock once and hands it in")]
    let now = SystemTime::now();
    let now_ms = now.duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
    now_ms.saturating_add_signed(ERROR_MS.load(Ordering::Relaxed))
}

/// From here on this process's wall clock is wrong by as many milliseconds as a file says, whatever it says in time: so
/// that one node of a test may have a wrong clock on a machine whose clock is right. Whoever may ask for this may as well
/// set the machine's clock.
///
/// # Errors
/// When there is no number in the file.
pub fn misset(file: &Path) -> io::Result<()> {
    ERROR_MS.store(error_in(file)?, Ordering::Relaxed);
    let file = PathBuf::from(file);
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(SOON);
            // In the middle of being written it says nothing.
            if let Ok(error_ms) = error_in(&file) {
                ERROR_MS.store(error_ms, Ordering::Relaxed);
            }
        }
    });
    Ok(())
}

fn error_in(file: &Path) -> io::Result<i64> {
    let text = std::fs::read_to_string(file)?;
    text.trim().parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// A wall clock: the system's, or one of a simulation. Clones show the same time.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<Simulated>>);

/// A clock that goes with the runtime's time, which a simulation moves, and that can be set wrongly.
#[derive(Debug)]
struct Simulated {
    begin_ms: u64,
    begin: Instant,
    error_ms: AtomicI64,
}

impl Clock {
    /// A clock that shows `begin_ms` now and goes with the runtime's time.
    #[must_use]
    pub fn simulated(begin_ms: u64) -> Self {
        let begin = Instant::now();
        Self(Some(Arc::new(Simulated { begin_ms, begin, error_ms: AtomicI64::new(0) })))
    }

    /// Sets a simulated clock wrong by so many milliseconds; the system's is not ours to set.
    pub fn set_error_ms(&self, error_ms: i64) {
        if let Some(simulated) = &self.0 {
            simulated.error_ms.store(error_ms, Ordering::Relaxed);
        }
    }

    /// Now, in Unix milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        let Some(simulated) = &self.0 else { return now_ms() };
        let passed = u64::try_from(simulated.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        let error = simulated.error_ms.load(Ordering::Relaxed);
        simulated.begin_ms.saturating_add(passed).saturating_add_signed(error)
    }
}
