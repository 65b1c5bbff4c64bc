//! The parts of a node that run beside the engine. One that ends before it is told to, or panics, stops the node: a node
//! without its intake or its interface would look alive and be of no use. Whoever supervises it starts it again.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::fault::Fatal;

/// The parts, and which of them broke first.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    tasks: TaskTracker,
    stop: CancellationToken,
    broken: Arc<OnceLock<&'static str>>,
}

impl Running {
    /// None yet.
    pub(crate) fn new(stop: CancellationToken) -> Self {
        Self { tasks: TaskTracker::new(), stop, broken: Arc::default() }
    }

    /// A part that runs until the node stops.
    pub(crate) fn part(&self, name: &'static str, runs: impl Future<Output = ()> + Send + 'static) {
        let ends = End { name, stop: self.stop.clone(), broken: Arc::clone(&self.broken) };
        self.tasks.spawn(async move {
            // Dropped at the end, and while a panic unwinds.
            let _ends = ends;
            runs.await;
        });
    }

    /// One that waits for others on a thread of its own, and that nothing depends on.
    pub(crate) fn aside(&self, runs: impl FnOnce() + Send + 'static) {
        self.tasks.spawn_blocking(runs);
    }

    /// Waits until all have ended.
    pub(crate) async fn ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Why the node had to stop, if one of its parts broke.
    ///
    /// # Errors
    /// [`Fatal::Part`].
    pub(crate) fn whole(&self) -> Result<(), Fatal> {
        self.broken.get().map_or(Ok(()), |name| Err(Fatal::Part(name)))
    }
}

struct End {
    name: &'static str,
    stop: CancellationToken,
    broken: Arc<OnceLock<&'static str>>,
}

impl Drop for End {
    fn drop(&mut self) {
        if !self.stop.is_cancelled() {
            // Only the first matters: the others end because of it.
            let _ = self.broken.set(self.name);
            self.stop.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_that_panics_or_ends_too_early_stops_the_node() {
        for panics in [true, false] {
            let stop = CancellationToken::new();
            let running = Running::new(stop.clone());
            let told = stop.clone();
            running.part("patient", async move { told.cancelled().await });
            running.part("broken", async move { assert!(!panics, "of a test") });
            stop.cancelled().await;
            running.ended().await;
            assert!(matches!(running.whole(), Err(Fatal::Part("broken"))));
        }
    }

    #[tokio::test]
    async fn parts_that_end_when_they_are_told_to_are_whole() {
        let stop = CancellationToken::new();
        let running = Running::new(stop.clone());
        let told = stop.clone();
        running.part("patient", async move { told.cancelled().await });
        stop.cancel();
        running.ended().await;
        assert!(running.whole().is_ok());
    }
}
