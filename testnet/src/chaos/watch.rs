//! Looks at every node several times a second: one chain, nobody goes back, and who has come back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sampan_proto::api::NodeStatus;
use sampan_proto::ids::{HeaderHash, Height};
use tokio::task::{AbortHandle, JoinSet};

use super::violation::Violation;
use crate::clock;
use crate::cluster::Cluster;

/// Pause between two looks at a node.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a node may take to say how it is; one that is paused says nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// What was seen of a node last.
#[derive(Clone, Debug)]
struct Seen {
    name: String,
    status: Option<(Instant, NodeStatus)>,
}

/// What was seen of all.
#[derive(Debug)]
pub(super) struct Heights {
    nodes: Vec<Seen>,
    chain: BTreeMap<Height, HeaderHash>,
    pub(super) violations: Vec<Violation>,
}

/// The watch. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Watch {
    heights: Arc<Mutex<Heights>>,
    tasks: Vec<AbortHandle>,
}

impl Watch {
    /// Starts to look.
    pub(super) fn start(cluster: &Cluster) -> Self {
        let seen = |name: &str| Seen { name: name.to_owned(), status: None };
        let nodes = cluster.nodes().iter().map(|node| seen(node.name())).collect();
        let heights = Arc::new(Mutex::new(Heights { nodes, chain: BTreeMap::new(), violations: Vec::new() }));
        let mut tasks = JoinSet::new();
        let look = |(i, node): (usize, &crate::cluster::node::Node)| {
            let (api, heights) = (node.api().clone(), Arc::clone(&heights));
            tasks.spawn(async move {
                loop {
                    let asked = clock::now();
                    if let Ok(Ok(status)) = tokio::time::timeout(PATIENCE, api.node()).await {
                        lock(&heights).look(i, asked, status);
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            })
        };
        let handles = cluster.nodes().iter().enumerate().map(look).collect();
        tasks.detach_all();
        Self { heights, tasks: handles }
    }

    /// What was seen so far.
    pub(super) fn heights(&self) -> MutexGuard<'_, Heights> {
        lock(&self.heights)
    }
}

/// Nobody panics while holding it, and it would be whole if somebody did.
fn lock(heights: &Mutex<Heights>) -> MutexGuard<'_, Heights> {
    heights.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl Heights {
    fn look(&mut self, i: usize, asked: Instant, status: NodeStatus) {
        let Some(seen) = self.nodes.get_mut(i) else { return };
        let (height, header) = (status.height, status.header);
        let was = seen.status.as_ref().map_or(Height::GENESIS, |(_, status)| status.height);
        if height < was {
            self.violations.push(Violation::Regressed { node: seen.name.clone(), was, is: height });
        }
        if *self.chain.entry(height).or_insert(header) != header {
            self.violations.push(Violation::Fork { height, node: seen.name.clone() });
        }
        seen.status = Some((asked, status));
    }

    /// The newest height that anybody showed.
    pub(super) fn top(&self) -> Height {
        self.chain.keys().next_back().copied().unwrap_or(Height::GENESIS)
    }

    /// Whether every node was asked after `since`, is at `height`, and votes; or who is not there yet.
    pub(super) fn healed(&self, since: Instant, height: Height) -> Result<(), String> {
        let wanting = |seen: &Seen| match &seen.status {
            Some((asked, _)) if *asked < since => Some(format!("{} does not answer", seen.name)),
            Some((_, status)) if status.height < height => Some(format!("{} is at {}", seen.name, status.height)),
            Some((_, status)) if !status.validator => Some(format!("{} does not vote", seen.name)),
            Some(_) => None,
            None => Some(format!("{} was never seen", seen.name)),
        };
        let wanting: Vec<String> = self.nodes.iter().filter_map(wanting).collect();
        if wanting.is_empty() { Ok(()) } else { Err(format!("height {height} is due; {}", wanting.join(", "))) }
    }
}
