//! Learning what is final, by following one node's blocks.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use sampan_proto::ids::{Height, StatementId};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::clock;
use crate::cluster::http::Api;

/// Blocks that may wait to be looked at.
const QUEUE: usize = 1_024;

/// A decided block.
#[derive(Clone, Debug)]
pub struct Decided {
    /// What it made final.
    pub statements: Vec<StatementId>,
    /// When that was learnt.
    pub at: Instant,
}

/// Follows a node from where it is now.
#[derive(Debug)]
pub struct Follower {
    blocks: mpsc::Receiver<Result<Decided>>,
    task: JoinHandle<()>,
}

impl Follower {
    /// Starts to follow.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn start(api: &Api) -> Result<Self> {
        let from = api.node().await?.height;
        let (sender, blocks) = mpsc::channel(QUEUE);
        let api = api.clone();
        let task = tokio::spawn(async move {
            if let Err(error) = follow(&api, from, &sender).await {
                let _ = sender.send(Err(error.context(format!("following {}", api.base())))).await;
            }
        });
        Ok(Self { blocks, task })
    }

    /// The next block that made something final.
    ///
    /// # Errors
    /// When none comes within `limit`, or the node can no longer be followed.
    pub async fn next(&mut self, limit: Duration) -> Result<Decided> {
        let end = clock::now() + limit;
        loop {
            let left = end.saturating_duration_since(clock::now());
            match tokio::time::timeout(left, self.blocks.recv()).await {
                Ok(Some(Ok(block))) if block.statements.is_empty() => {}
                Ok(Some(block)) => return block,
                Ok(None) => bail!("the follower ended"),
                Err(_) => bail!("nothing became final for {} s", limit.as_secs()),
            }
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(api: &Api, mut height: Height, blocks: &mpsc::Sender<Result<Decided>>) -> Result<()> {
    loop {
        let tip = api.node_after(height).await?.height;
        while height < tip {
            height = height.next();
            let header = api.header(height).await?;
            let decided = Decided { statements: header.statements, at: clock::now() };
            blocks.send(Ok(decided)).await.context("nobody listens")?;
        }
    }
}
