//! A network in the foreground, until Ctrl-C.

use std::time::Duration;

use anyhow::Result;
use tokio_util::sync::CancellationToken;

use crate::cluster::{Cluster, Options, view};
use crate::console;

/// How often fallen nodes are looked for.
const WATCH: Duration = Duration::from_millis(500);

/// Starts a network, says `ready`, and keeps it until it is told to stop.
///
/// # Errors
/// When it does not come up.
pub async fn run(options: &Options, stop: &CancellationToken) -> Result<()> {
    let starting = Cluster::start(options);
    let mut cluster = tokio::select! {
        cluster = starting => cluster?,
        () = stop.cancelled() => return Ok(()),
    };
    console::say(&cluster.view().tour(cluster.binaries()));
    console::say(&format!("\n{} describes it. Ctrl-C ends it.", cluster.dir().join(view::FILE).display()));
    console::out("ready");
    stay(&mut cluster, stop).await;
    Ok(())
}

/// Keeps a network until the user stops it, and reports nodes that end by themselves.
pub async fn stay(cluster: &mut Cluster, stop: &CancellationToken) {
    let mut reported: Vec<String> = Vec::new();
    while tokio::time::timeout(WATCH, stop.cancelled()).await.is_err() {
        let fallen = cluster.fallen();
        fallen.iter().filter(|words| !reported.contains(words)).for_each(|words| console::say(words));
        reported = fallen;
    }
    console::say("ending");
    for name in cluster.stop() {
        console::say(&format!("{name} did not end in order and was killed"));
    }
}
