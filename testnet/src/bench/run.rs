//! One run: its phases in order, and the report of them.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use sampan_proto::doc::DocKind;

use super::disk::DiskUsage;
use super::follow::Follower;
use super::load::{self, Latencies, Saturation};
use super::prepare::{Prepared, Press, bar};
use super::report::{LatencyReport, Percentiles, Report, round};
use super::{Arguments, bound, disk, documents::document};
use crate::cluster::binaries::Binaries;
use crate::cluster::http::Api;
use crate::cluster::process::{self, Usage};
use crate::cluster::{Cluster, Options, cast, handle};
use crate::console;

/// Members that sign.
const ISSUERS: usize = 100;
/// Share of the saturation rate at which latency is measured.
const SHARE: f64 = 0.8;
/// How long the steady load lasts, if there are documents enough.
const STEADY: Duration = Duration::from_secs(10);
/// Fewest documents of the steady load.
const STEADY_LEAST: usize = 200;
/// Documents sent one after another before anything is measured: connections and caches are warm then.
const WARM_UP: usize = 20;

/// A figure for each node, by its name.
type ByNode<T> = BTreeMap<String, T>;

/// Runs all phases. When one fails, the network's files stay.
pub(super) async fn measure(arguments: &Arguments, binaries: Binaries) -> Result<Report> {
    let mut run = Run::start(arguments, binaries).await?;
    match phases(&mut run, arguments).await {
        Ok(report) => Ok(report),
        Err(error) => {
            run.cluster.fallen().iter().for_each(|words| console::say(words));
            let dir = run.cluster.keep_files().display().to_string();
            Err(error.context(format!("the network's files and logs stay in {dir}")))
        }
    }
}

async fn phases(run: &mut Run, arguments: &Arguments) -> Result<Report> {
    let verify_rate = run.verify_rate()?;
    let mut syncs = load::new_latencies()?;
    disk::look(run.cluster.dir(), &mut syncs)?;
    run.singles(WARM_UP).await?;

    let disk_before = run.disk()?;
    let loaded = run.saturate(usize::try_from(arguments.documents)?).await?;
    let calm = loaded.rate * SHARE;
    let calm_documents = steady_count(calm, loaded.documents);
    let steady = run.steady(calm, calm_documents).await?;
    let (usage, disk_after) = (run.usage()?, run.disk()?);
    let single = run.singles(arguments.singles).await?;
    say("one in flight", &single);
    let single_one_down = run.singles_with_one_down(arguments.singles).await?;
    disk::look(run.cluster.dir(), &mut syncs)?;

    let issued = loaded.documents + calm_documents;
    let grown = |of: fn(&DiskUsage) -> u64| {
        let before = |name| disk_before.get(name).map_or(0, of);
        let grown = disk_after.iter().map(|(name, after)| (name, of(after).saturating_sub(before(name))));
        grown.map(|(name, bytes)| (name.clone(), round(ratio(bytes, issued)))).collect()
    };
    let mut report = run.report(arguments, verify_rate, &loaded)?;
    report.latency_ms = LatencyReport {
        at_80_percent: Percentiles::from(&steady),
        single: Percentiles::from(&single),
        single_one_down: single_one_down.as_ref().map(Percentiles::from),
    };
    report.fsync_ms = Percentiles::from(&syncs);
    report.bytes_per_document = grown(|disk| disk.total);
    report.log_bytes_per_document = grown(|disk| disk.logs);
    report.rss_mb = usage.iter().map(|(name, usage)| (name.clone(), megabytes(usage.rss))).collect();
    report.rss_peak_mb = usage.iter().map(|(name, usage)| (name.clone(), megabytes(usage.rss_peak))).collect();
    Ok(report)
}

/// A network under load.
struct Run {
    cluster: Cluster,
    apis: Vec<Api>,
    follower: Follower,
    press: Press,
    kind: DocKind,
    size: usize,
}

/// What the saturation phase showed.
struct Loaded {
    documents: usize,
    rate: f64,
    saturation: Saturation,
    cpu_s: ByNode<f64>,
    client_cpu_s: f64,
    machine_cpu_s: f64,
}

impl Run {
    async fn start(arguments: &Arguments, binaries: Binaries) -> Result<Self> {
        let (kind, usual) = arguments.kind.document();
        let size = arguments.size.unwrap_or(usual);
        // An impossible size is refused before anything starts.
        document(kind, 0, size)?;
        let Arguments { validators, full_nodes, ref dir, .. } = *arguments;
        let options = Options { validators, full_nodes, issuers: ISSUERS, dir: dir.clone(), ..Options::new(binaries) };
        let cluster = Cluster::start(&options).await?;
        let issuers = cluster.people().iter().filter(|person| person.id.as_str().starts_with(cast::ISSUER));
        let press = Press::new(cluster.chain(), kind, size, issuers.cloned().collect(), handle(cast::IMPORTER)?)?;
        let apis: Vec<Api> = cluster.nodes().iter().map(|node| node.api().clone()).collect();
        let follower = Follower::start(apis.first().context("no node")?).await?;
        Ok(Self { cluster, apis, follower, press, kind, size })
    }

    fn verify_rate(&self) -> Result<f64> {
        let sample = self.press.sample()?;
        tokio::task::block_in_place(|| bound::verify_rate(self.cluster.chain(), self.kind, self.size, sample))
    }

    fn print(&mut self, count: usize) -> Result<Vec<Prepared>> {
        tokio::task::block_in_place(|| self.press.print(count))
    }

    async fn saturate(&mut self, documents: usize) -> Result<Loaded> {
        let prepared = self.print(documents)?;
        let progress = bar(documents as u64, "saturation");
        let look = |run: &Self| {
            Ok::<_, anyhow::Error>((run.usage()?, process::usage(std::process::id())?, process::machine_cpu_s()?))
        };
        let (before, mine_before, machine_before) = look(self)?;
        let saturation = load::saturate(&self.apis, prepared, &mut self.follower, &progress).await?;
        let (after, mine, machine) = look(self)?;
        progress.finish_and_clear();
        let rate = ratio(documents as u64, 1) / saturation.seconds;
        console::say(&format!("saturation: {rate:.0} documents/s"));
        let spent = |(name, usage): (&String, &Usage)| {
            let before = before.get(name).map_or(0.0, |usage| usage.cpu_s);
            (name.clone(), round(usage.cpu_s - before))
        };
        let client_cpu_s = round(mine.cpu_s - mine_before.cpu_s);
        let cpu_s = after.iter().map(spent).collect();
        Ok(Loaded { documents, rate, saturation, cpu_s, client_cpu_s, machine_cpu_s: machine - machine_before })
    }

    async fn steady(&mut self, rate: f64, documents: usize) -> Result<Latencies> {
        let prepared = self.print(documents)?;
        let progress = bar(documents as u64, "80 %");
        let latencies = load::steady(&self.apis, prepared, rate, &mut self.follower, &progress).await?;
        progress.finish_and_clear();
        say(&format!("{rate:.0} documents/s"), &latencies);
        Ok(latencies)
    }

    async fn singles(&mut self, documents: usize) -> Result<Latencies> {
        let prepared = self.print(documents)?;
        load::one_by_one(&self.apis, prepared, &mut self.follower).await
    }

    /// Kills the last validator; none when the others could not go on.
    async fn singles_with_one_down(&mut self, documents: usize) -> Result<Option<Latencies>> {
        let validators = self.cluster.genesis().roster.validators().len();
        if validators < 4 {
            return Ok(None);
        }
        self.cluster.kill(&[validators - 1])?;
        self.apis.remove(validators - 1);
        let latencies = self.singles(documents).await?;
        say("one in flight, one validator down", &latencies);
        Ok(Some(latencies))
    }

    fn usage(&self) -> Result<ByNode<Usage>> {
        self.cluster.nodes().iter().map(|node| Ok((node.name().to_owned(), node.usage()?))).collect()
    }

    fn disk(&self) -> Result<ByNode<DiskUsage>> {
        let of = |node: &crate::cluster::node::Node| {
            let dir = node.view().config.parent().context("a configuration lies in its node's directory")?;
            Ok((node.name().to_owned(), disk::usage(&dir.join("data"))?))
        };
        self.cluster.nodes().iter().map(of).collect()
    }

    /// The report so far: what the first phase showed.
    fn report(&self, arguments: &Arguments, verify_rate: f64, loaded: &Loaded) -> Result<Report> {
        let nodes = u32::try_from(self.cluster.nodes().len())?;
        let cores = u32::try_from(std::thread::available_parallelism()?.get())?;
        let bound_per_s = bound::documents_per_second(verify_rate, cores, nodes);
        let Loaded { documents, ref saturation, client_cpu_s, machine_cpu_s, .. } = *loaded;
        let ours = loaded.cpu_s.values().sum::<f64>() + client_cpu_s;
        let verifying = ratio(documents as u64, 1) * f64::from(nodes) / verify_rate;
        let machine = saturation.seconds * f64::from(cores);
        Ok(Report {
            validators: u32::try_from(arguments.validators)?,
            nodes,
            documents,
            size: self.size,
            kind: arguments.kind.name(),
            release: !cfg!(debug_assertions),
            cores,
            committed_per_s: round(loaded.rate),
            verify_per_s_per_core: round(verify_rate),
            bound_per_s: round(bound_per_s),
            ratio: share(loaded.rate, bound_per_s),
            ratio_of_cpu: share(verifying, ours),
            blocks: saturation.blocks,
            sent_again: saturation.again,
            saturation_s: round(saturation.seconds),
            cpu_s: loaded.cpu_s.clone(),
            client_cpu_s,
            others_share: share((machine_cpu_s - ours).max(0.0), machine),
            ..Report::default()
        })
    }
}

fn say(what: &str, latencies: &Latencies) {
    console::say(&format!("{what}: {}", Percentiles::from(latencies).words()));
}

/// As many documents as a steady load at `rate` needs, within reason.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of documents, not negative")]
fn steady_count(rate: f64, documents: usize) -> usize {
    let wanted = (rate * STEADY.as_secs_f64()).ceil() as usize;
    wanted.min(documents).max(STEADY_LEAST)
}

#[expect(clippy::cast_precision_loss, reason = "figures far below 2^52")]
fn ratio(part: u64, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// A share with three decimals.
fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { (part / whole * 1_000.0).round() / 1_000.0 } else { 0.0 }
}

fn megabytes(bytes: u64) -> f64 {
    round(ratio(bytes, 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_load_lasts_ten_seconds_if_it_can() {
        assert_eq!(steady_count(1_000.0, 20_000), 10_000);
        assert_eq!(steady_count(5_000.0, 20_000), 20_000);
        assert_eq!(steady_count(1.0, 20_000), 200);
    }
}
