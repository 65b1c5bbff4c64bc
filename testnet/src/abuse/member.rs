//! A member that turned against the network: its node is let in, for the registry lists its key, and gossips statements
//! that bear somebody else's signature.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use sampan_node::metrics::Metrics;
use sampan_node::net::{self, Multiaddr, NetConfig, Publication};
use sampan_node::setup;
use sampan_proto::api::Submission;
use sampan_proto::genesis::Genesis;
use sampan_proto::ids::Height;
use sampan_proto::keyfile::KeyFile;
use sampan_proto::keys::SecretKey;
use sampan_proto::statement::SignedStatement;
use sampan_proto::wire::{DocsMessage, Document};

use crate::cluster::{Cluster, cast};

/// Between two messages: as many as a busy honest node sends.
const PACE: Duration = Duration::from_millis(5);

/// Its key, whom it speaks to, and what it says.
#[derive(Clone, Debug)]
pub(super) struct Traitor {
    key: SecretKey,
    genesis: Genesis,
    peers: Vec<Multiaddr>,
    document: Document,
}

impl Traitor {
    /// The importer, whose node does not run.
    pub(super) fn new(cluster: &Cluster, forged: &Submission) -> Result<Self> {
        let path = cluster.dir().join("members").join(cast::IMPORTER).join(setup::NETWORK_KEY);
        let file = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        let key = KeyFile::from_json(&file).map_err(|error| anyhow::anyhow!("{}: {}", error.path, error.detail))?;
        let statement = SignedStatement::try_from(forged.statement.clone()).map_err(anyhow::Error::new)?;
        Ok(Self {
            key: key.secret,
            genesis: cluster.genesis().clone(),
            peers: cluster.nodes().iter().map(|node| Ok(node.view().p2p.parse()?)).collect::<Result<_>>()?,
            document: Document { statement, body: forged.body.clone().map(Into::into) },
        })
    }

    /// Gossips until it is dropped. Every message is another one, so that none is swallowed as known.
    pub(super) async fn gossip(&self, attempts: &AtomicU64) {
        let config = NetConfig {
            key: self.key.clone(),
            chain: self.genesis.chain,
            listen: Vec::new(),
            peers: self.peers.clone(),
            members: net::peers_of(self.genesis.members.iter(), Height(1)),
            validators: self.genesis.roster.validators().len(),
            follow_consensus: false,
        };
        let mut metrics = Metrics::new(0);
        // Without a network of its own there is nothing to attack with; the count of attempts stays at zero and says so.
        let Ok((net, _events)) = net::start(config, metrics.registry_mut()) else { return };
        let (mut document, mut peers) = (self.document.clone(), net.peers());
        // What nobody hears is no attack, and does not count as one.
        while peers.wait_for(|peers| !peers.is_empty()).await.is_ok() {
            let number = attempts.fetch_add(1, Ordering::Relaxed);
            if let Some(body) = &mut document.body {
                body.salt[..8].copy_from_slice(&number.to_le_bytes());
            }
            net.publish(Publication::Documents(DocsMessage { documents: vec![document.clone()], offered: Vec::new() }));
            tokio::time::sleep(PACE).await;
        }
    }
}
