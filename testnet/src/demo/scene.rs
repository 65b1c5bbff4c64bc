//! Where the story happens: the network, the people's tool, and the two papers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use sampan_proto::api::{Problem, StatementStatus};
use sampan_proto::ids::{Height, RecordId, StatementId};
use sampan_proto::proof::{Bundle, Outcome, Policy, Verdict, verify};
use sampan_proto::record::Record;

use super::story::Story;
use crate::cluster::cli::{Cli, Said};
use crate::cluster::http::Api;
use crate::cluster::{Cluster, Options};

/// How long anything may take to become final.
pub(super) const FINAL: Duration = Duration::from_secs(20);
/// The exporter's node: the one that does not vote.
pub(super) const EXPORTERS_NODE: usize = 4;

/// A document on the ledger.
#[derive(Clone, Debug)]
pub(super) struct Paper {
    /// The file that was issued.
    pub(super) file: PathBuf,
    /// Its record.
    pub(super) record: RecordId,
    /// The statement that issued it.
    pub(super) statement: StatementId,
}

/// The network and the people's tool.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) cluster: Cluster,
    pub(super) cli: Cli,
}

impl Scene {
    /// Starts the network.
    pub(super) async fn set(options: &Options) -> Result<Self> {
        let cluster = Cluster::start(options).await?;
        let cli = Cli::new(&cluster.binaries().sampan, &cluster.dir().join("desk"))?;
        Ok(Self { cluster, cli })
    }

    /// A client of node `i`.
    pub(super) fn api(&self, i: usize) -> Result<&Api> {
        Ok(self.cluster.nodes().get(i).with_context(|| format!("there is no node {i}"))?.api())
    }

    /// A file on the desk.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.cli.dir().join(name)
    }

    /// `sampan` without any node or key: what anybody can do offline.
    pub(super) async fn offline(&self, args: &[&str]) -> Result<Said> {
        self.cli.run(args).await
    }

    /// `sampan` through node `i`, reading only.
    pub(super) async fn reading(&self, i: usize, args: &[&str]) -> Result<Said> {
        let (node, genesis) = (self.api(i)?.base(), text(self.cluster.genesis_path())?);
        self.cli.run([args, &["--node", node, "--genesis", genesis]].concat()).await
    }

    /// `sampan` through node `i`, signing with the key of `who`.
    pub(super) async fn acting(&self, who: &str, i: usize, args: &[&str]) -> Result<Said> {
        self.signing(&self.cluster.person(who)?.key_file, i, args).await
    }

    /// `sampan` through node `i`, signing with a key file. What was done, every running node has seen before this
    /// ends: the next person may ask any of them.
    pub(super) async fn signing(&self, key: &Path, i: usize, args: &[&str]) -> Result<Said> {
        let said = self.reading(i, &[args, &["--key", text(key)?, "--json"]].concat()).await?;
        let done = (said.code == 0).then(|| said.json()).transpose()?;
        if let Some(id) = done.as_ref().and_then(|done| done.get("statement")).and_then(serde_json::Value::as_str) {
            let id = id.parse().context("a statement's id")?;
            for node in self.cluster.nodes().iter().filter(|node| node.is_up()) {
                node.api().finality(&id, FINAL).await.with_context(|| node.name().to_owned())?;
            }
        }
        Ok(said)
    }

    /// A record as node `i` knows it.
    pub(super) async fn record(&self, i: usize, id: &RecordId) -> Result<Record> {
        let answer = self.api(i)?.record(id).await?;
        answer.map(|view| view.record).map_err(|problem| anyhow::anyhow!("{}: {}", problem.code, problem.detail))
    }

    /// Waits until every running node knows a statement as final, and checks that all say the same.
    pub(super) async fn final_everywhere(&self, story: &mut Story, what: &str, id: &StatementId) -> Result<Height> {
        let mut places = Vec::new();
        for node in self.cluster.nodes().iter().filter(|node| node.is_up()) {
            node.api().finality(id, FINAL).await.with_context(|| node.name().to_owned())?;
            places.push(node.api().statement(id).await?);
        }
        let same = places.windows(2).all(|pair| pair[0] == pair[1]);
        let Some(StatementStatus::Final { height, index, .. }) = places.first().cloned() else {
            anyhow::bail!("no node knows {what} as final");
        };
        let words = format!("{what} is final on all {} nodes: height {height}, entry {index} of the log", places.len());
        story.check(&words, same, "the same place on every node", || format!("{places:?}"))?;
        Ok(height)
    }

    /// Checks that every running node has the same roots at one height from `height` on.
    pub(super) async fn same_roots(&self, story: &mut Story, height: Height) -> Result<()> {
        let agreed = self.cluster.agreement(height).await?;
        let count = self.cluster.nodes().iter().filter(|node| node.is_up()).count();
        let (log, state) = (agreed.log_root.short(), agreed.state_root.short());
        let words =
            format!("all {count} nodes have one log root {log} and one state root {state} at height {}", agreed.height);
        // `agreement` has compared them; it fails where they differ.
        story.check(&words, true, "equal roots", String::new)
    }

    /// Checks a refusal: its code, and that its proof verifies from the genesis alone.
    pub(super) fn refused(&self, story: &mut Story, what: &str, problem: &Problem, codes: &[&str]) -> Result<Bundle> {
        let words = format!("{what}: `{}`, {}", problem.code, problem.detail);
        let expected = format!("one of {}", codes.join(", "));
        story
            .check(&words, codes.contains(&problem.code.as_str()), &expected, || format!("it was {}", problem.code))?;
        let came = || "the refusal has no proof".to_owned();
        story.check(
            "the refusal brings the proof of what stands in the way",
            problem.proof.is_some(),
            "a proof",
            came,
        )?;
        let proof = problem.proof.as_deref().context("a refusal without its proof")?;
        self.proves(story, "the proof verifies from the genesis file alone", proof)?;
        Ok(proof.clone())
    }

    /// Checks that a bundle verifies from the genesis alone.
    pub(super) fn proves(&self, story: &mut Story, what: &str, bundle: &Bundle) -> Result<()> {
        let ladder = verify(bundle, self.cluster.genesis(), &Policy::default());
        let bad = || {
            let bad = ladder.rungs().iter().filter(|rung| rung.verdict == Verdict::Invalid);
            let bad: Vec<_> = bad.map(|rung| format!("{}: {}", rung.name, rung.detail)).collect();
            format!("these rungs fail: {}", bad.join("; "))
        };
        story.check(what, ladder.outcome() == Outcome::Valid, "every rung holds", bad)
    }
}

/// The record that a bundle proves the state of.
pub(super) fn proven(bundle: &Bundle) -> Option<&Record> {
    bundle.status.as_ref()?.record.as_ref().map(|record| &record.0)
}

/// A path as an argument.
pub(super) fn text(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))
}

/// Checks that a command ended as it should.
pub(super) fn exits(story: &mut Story, what: &str, said: &Said, code: i32) -> Result<()> {
    story.check(what, said.code == code, &format!("exit code {code}"), || said.summary())
}
