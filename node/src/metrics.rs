//! Every metric of the node, each declared here with its help text. Scraped at `/metrics` as `sampan_…`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Metric, Registry};
use sampan_proto::ids::Height;
use sampan_proto::reject::Code;

/// Media type of the text form.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The node's metrics. Clones count into the same numbers.
#[derive(Clone)]
pub struct Metrics {
    families: Families,
    exposed: Arc<Exposed>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByCode {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByLane {
    lane: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByWhat {
    what: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByRoute {
    route: &'static str,
    status: u16,
}

type Requests = Family<ByRoute, Histogram, fn() -> Histogram>;

#[derive(Clone)]
struct Families {
    height: Gauge,
    mempool_documents: Gauge,
    mempool_bytes: Gauge,
    peers: Gauge,
    roster_size: Gauge,
    voting: Gauge,
    snapshot_parts: Gauge,
    snapshot_wanted: Gauge,
    oldest_block: Gauge,
    quorum_in_reach: Gauge,
    lag_blocks: Gauge,
    head_age_seconds: Gauge,
    clock_offset_ms: Gauge,
    disk_free_bytes: Gauge,
    disk_short: Gauge,
    upgrade_height: Gauge,
    upgrade_unsupported: Gauge,
    lane_depth: Family<ByLane, Gauge>,
    kept: Family<ByWhat, Gauge>,
    committed_statements: Counter,
    blocks: Counter,
    empty_blocks: Counter,
    rounds_beyond_first: Counter,
    root_mismatch: Counter,
    equivocations: Counter,
    double_dealings: Counter,
    evidence: Gauge,
    refused: Family<ByCode, Counter>,
    lane_drops: Family<ByLane, Counter>,
    sync_blocks: Counter,
    block_execute_seconds: Histogram,
    commit_seconds: Histogram,
    stage_seconds: Histogram,
    verify_seconds: Histogram,
    http_request_seconds: Requests,
}

/// From 100 microseconds to about a minute and a half.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_1, 2.5, 16))
}

impl Families {
    fn new() -> Self {
        Self {
            height: Gauge::default(),
            mempool_documents: Gauge::default(),
            mempool_bytes: Gauge::default(),
            peers: Gauge::default(),
            roster_size: Gauge::default(),
            voting: Gauge::default(),
            snapshot_parts: Gauge::default(),
            snapshot_wanted: Gauge::default(),
            oldest_block: Gauge::default(),
            quorum_in_reach: Gauge::default(),
            lag_blocks: Gauge::default(),
            head_age_seconds: Gauge::default(),
            clock_offset_ms: Gauge::default(),
            disk_free_bytes: Gauge::default(),
            disk_short: Gauge::default(),
            upgrade_height: Gauge::default(),
            upgrade_unsupported: Gauge::default(),
            lane_depth: Family::default(),
            kept: Family::default(),
            committed_statements: Counter::default(),
            blocks: Counter::default(),
            empty_blocks: Counter::default(),
            rounds_beyond_first: Counter::default(),
            root_mismatch: Counter::default(),
            equivocations: Counter::default(),
            double_dealings: Counter::default(),
            evidence: Gauge::default(),
            refused: Family::default(),
            lane_drops: Family::default(),
            sync_blocks: Counter::default(),
            block_execute_seconds: seconds(),
            commit_seconds: seconds(),
            stage_seconds: seconds(),
            verify_seconds: seconds(),
            http_request_seconds: Family::new_with_constructor(seconds),
        }
    }

    fn register(&self, registry: &mut Registry) {
        let ours = registry.sub_registry_with_prefix("sampan");
        let mut add = |name: &str, help: &str, metric: &dyn Listed| metric.list(ours, name, help);
        add("height", "Height of the newest committed block", &self.height);
        add("mempool_documents", "Documents waiting for a block", &self.mempool_documents);
        add("mempool_bytes", "Bytes of the documents waiting for a block", &self.mempool_bytes);
        add("peers", "Peers connected", &self.peers);
        add("roster_size", "Validators in the roster", &self.roster_size);
        add("snapshot_parts", "Parts of a state taken over so far", &self.snapshot_parts);
        add("snapshot_wanted", "Parts of that state known to be missing", &self.snapshot_wanted);
        add("oldest_block", "First block whose contents are held here; 1 in an archive", &self.oldest_block);
        add("voting", "1 while this node votes, 0 while it follows", &self.voting);
        add(
            "quorum_in_reach",
            "1 while connected validators could decide a block, 0 is an alarm",
            &self.quorum_in_reach,
        );
        add("lag_blocks", "Blocks that peers have and this node has not", &self.lag_blocks);
        add(
            "head_age_seconds",
            "Time since the newest block; more than some heartbeats is an alarm",
            &self.head_age_seconds,
        );
        add("clock_offset_ms", "How far the newest proposal's time is ahead of this clock", &self.clock_offset_ms);
        add("disk_free_bytes", "Room on the disk of the data directory", &self.disk_free_bytes);
        add("disk_short", "1 while the disk is almost full and clients are turned away: an alarm", &self.disk_short);
        add(
            "upgrade_height",
            "First block of the next protocol version, 0 while none is decided",
            &self.upgrade_height,
        );
        add(
            "upgrade_unsupported",
            "1 while a protocol version is decided that this software does not know: an alarm",
            &self.upgrade_unsupported,
        );
        add("lane_depth", "Messages waiting in an internal lane", &self.lane_depth);
        add("kept", "Things of heights that are not decided, and of what is asked for, by what", &self.kept);
        add("committed_statements", "Statements in committed blocks", &self.committed_statements);
        add("blocks", "Blocks committed", &self.blocks);
        add("empty_blocks", "Blocks committed without a statement", &self.empty_blocks);
        add("rounds_beyond_first", "Rounds that a height needed beyond its first", &self.rounds_beyond_first);
        add("root_mismatch", "Proposed blocks whose roots are not ours: an alarm", &self.root_mismatch);
        add("equivocations", "Validators caught signing two different things: an alarm", &self.equivocations);
        add("double_dealings", "Members caught signing one thing over to two", &self.double_dealings);
        add("evidence", "Offences kept, whenever they were met: more than 0 is an alarm", &self.evidence);
        add("refused", "Statements refused, by code", &self.refused);
        add("lane_drops", "Messages dropped because their lane was full", &self.lane_drops);
        add("sync_blocks", "Blocks taken over from peers while catching up", &self.sync_blocks);
        add("block_execute_seconds", "Time to execute a block", &self.block_execute_seconds);
        add("commit_seconds", "Time to write a decided block, synced", &self.commit_seconds);
        add("stage_seconds", "Time to write a proposed block before voting, synced", &self.stage_seconds);
        add("verify_seconds", "Time of one job on the verify pool", &self.verify_seconds);
        add("http_request_seconds", "Time to answer an HTTP request", &self.http_request_seconds);
    }
}

/// A metric that can be listed under a name; lets the table above stay a table.
trait Listed {
    fn list(&self, registry: &mut Registry, name: &str, help: &str);
}

impl<M: Metric + Clone> Listed for M {
    fn list(&self, registry: &mut Registry, name: &str, help: &str) {
        registry.register(name, help, self.clone());
    }
}

/// What a scrape shows: our metrics, and what others registered beside them.
struct Exposed {
    families: Families,
    registry: Registry,
}

impl Exposed {
    fn new(families: Families) -> Self {
        let mut registry = Registry::default();
        families.register(&mut registry);
        Self { families, registry }
    }
}

impl Clone for Exposed {
    /// The same numbers of ours in a registry of its own; what others registered stays with the first.
    fn clone(&self) -> Self {
        Self::new(self.families.clone())
    }
}

/// Observes the time until it is dropped.
#[must_use = "it measures until it is dropped"]
pub struct Timer {
    histogram: Histogram,
    since: Instant,
}

impl Timer {
    fn new(histogram: &Histogram) -> Self {
        Self { histogram: histogram.clone(), since: monotonic() }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.histogram.observe(self.since.elapsed().as_secs_f64());
    }
}

/// The monotonic clock, for measuring only.
#[must_use]
pub fn monotonic() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "measures how long work takes; decides nothing")]
    let now = Instant::now();
    now
}

impl Metrics {
    /// All at zero, for a roster of so many validators.
    #[must_use]
    pub fn new(roster_size: usize) -> Self {
        let families = Families::new();
        set(&families.roster_size, roster_size as u64);
        Self { exposed: Arc::new(Exposed::new(families.clone())), families }
    }

    /// So many validators decide the next block.
    pub fn set_roster_size(&self, validators: usize) {
        set(&self.families.roster_size, validators as u64);
    }

    /// The registry, for metrics of others. To be used before the first clone is made: clones made
    /// earlier do not show what is registered later.
    pub fn registry_mut(&mut self) -> &mut Registry {
        &mut Arc::make_mut(&mut self.exposed).registry
    }

    /// The text that Prometheus scrapes.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = text::encode(&mut out, &self.exposed.registry);
        out
    }

    /// The newest committed height.
    pub fn set_height(&self, height: Height) {
        set(&self.families.height, height.0);
    }

    /// A block was committed, with so many statements.
    pub fn committed(&self, height: Height, statements: usize) {
        self.set_height(height);
        self.families.blocks.inc();
        self.families.committed_statements.inc_by(statements as u64);
        if statements == 0 {
            self.families.empty_blocks.inc();
        }
    }

    /// What waits in the mempool.
    pub fn set_mempool(&self, documents: usize, bytes: usize) {
        set(&self.families.mempool_documents, documents as u64);
        set(&self.families.mempool_bytes, bytes as u64);
    }

    /// How many peers are connected.
    pub fn set_peers(&self, count: usize) {
        set(&self.families.peers, count as u64);
    }

    /// Whether this node votes.
    pub fn set_voting(&self, votes: bool) {
        set(&self.families.voting, votes.into());
    }

    /// The first block whose contents are held.
    pub fn set_oldest_block(&self, height: Height) {
        set(&self.families.oldest_block, height.0);
    }

    /// How far a state is taken over: parts that are here, and parts known to be missing.
    pub fn set_snapshot_parts(&self, here: u64, wanted: usize) {
        set(&self.families.snapshot_parts, here);
        set(&self.families.snapshot_wanted, wanted as u64);
    }

    /// Whether connected validators could decide a block.
    pub fn set_quorum_in_reach(&self, in_reach: bool) {
        set(&self.families.quorum_in_reach, in_reach.into());
    }

    /// How many blocks peers are ahead.
    pub fn set_lag(&self, blocks: u64) {
        set(&self.families.lag_blocks, blocks);
    }

    /// How old the newest block is.
    pub fn set_head_age_ms(&self, age_ms: u64) {
        set(&self.families.head_age_seconds, age_ms / 1_000);
    }

    /// A fresh proposal's time against this node's clock.
    pub fn set_clock_offset(&self, theirs_ms: u64, ours_ms: u64) {
        let ms = i64::try_from(theirs_ms.abs_diff(ours_ms)).unwrap_or(i64::MAX);
        self.families.clock_offset_ms.set(if theirs_ms < ours_ms { -ms } else { ms });
    }

    /// How many bytes are free on the disk, and whether that is too little.
    pub fn set_disk(&self, free: u64, short: bool) {
        set(&self.families.disk_free_bytes, free);
        set(&self.families.disk_short, short.into());
    }

    /// The first block of the next protocol version, and whether this software knows it; none while none is decided.
    pub fn set_upgrade(&self, next: Option<(Height, bool)>) {
        set(&self.families.upgrade_height, next.map_or(0, |(from, _)| from.0));
        set(&self.families.upgrade_unsupported, next.is_some_and(|(_, known)| !known).into());
    }

    /// How many messages wait in a lane.
    pub fn set_lane_depth(&self, lane: &'static str, depth: usize) {
        set(&self.families.lane_depth.get_or_create(&ByLane { lane }), depth as u64);
    }

    /// How many things the engine keeps.
    pub fn set_kept(&self, kept: &[(&'static str, usize)]) {
        for (what, count) in kept {
            set(&self.families.kept.get_or_create(&ByWhat { what }), *count as u64);
        }
    }

    /// A full lane dropped a message.
    pub fn lane_drop(&self, lane: &'static str) {
        self.families.lane_drops.get_or_create(&ByLane { lane }).inc();
    }

    /// A statement was refused.
    pub fn refused(&self, code: Code) {
        self.families.refused.get_or_create(&ByCode { code: code.as_str() }).inc();
    }

    /// A height went into a further round.
    pub fn round_beyond_first(&self) {
        self.families.rounds_beyond_first.inc();
    }

    /// A proposed block has other roots than ours.
    pub fn root_mismatch(&self) {
        self.families.root_mismatch.inc();
    }

    /// A validator signed two different things.
    pub fn equivocation(&self) {
        self.families.equivocations.inc();
        self.families.evidence.inc();
    }

    /// So many offences were met in earlier lives of the node.
    pub fn set_evidence(&self, offences: usize) {
        set(&self.families.evidence, offences as u64);
    }

    /// A member signed one thing over to two.
    pub fn double_dealing(&self) {
        self.families.double_dealings.inc();
        self.families.evidence.inc();
    }

    /// A block was taken over from a peer.
    pub fn sync_block(&self) {
        self.families.sync_blocks.inc();
    }

    /// Times the execution of a block.
    pub fn time_execute(&self) -> Timer {
        Timer::new(&self.families.block_execute_seconds)
    }

    /// Times the writing of a decided block.
    pub fn time_commit(&self) -> Timer {
        Timer::new(&self.families.commit_seconds)
    }

    /// Times the writing of a proposed block.
    pub fn time_stage(&self) -> Timer {
        Timer::new(&self.families.stage_seconds)
    }

    /// Times a job on the verify pool.
    pub fn time_verify(&self) -> Timer {
        Timer::new(&self.families.verify_seconds)
    }

    /// An HTTP request was answered.
    pub fn http_request(&self, route: &'static str, status: u16, time: Duration) {
        let requests = &self.families.http_request_seconds;
        requests.get_or_create(&ByRoute { route, status }).observe(time.as_secs_f64());
    }
}

fn set(gauge: &Gauge, value: u64) {
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scrape_shows_every_metric_with_its_help() {
        let metrics = Metrics::new(4);
        metrics.committed(Height(7), 3);
        metrics.committed(Height(8), 0);
        metrics.refused(Code::WrongSeq);
        metrics.lane_drop("documents");
        metrics.set_lane_depth("consensus", 2);
        metrics.http_request("/v1/node", 200, Duration::from_millis(2));
        drop(metrics.time_commit());
        let text = metrics.encode();
        for line in [
            "sampan_roster_size 4",
            "sampan_height 8",
            "sampan_blocks_total 2",
            "sampan_empty_blocks_total 1",
            "sampan_committed_statements_total 3",
            "sampan_refused_total{code=\"wrong_seq\"} 1",
            "sampan_lane_drops_total{lane=\"documents\"} 1",
            "sampan_lane_depth{lane=\"consensus\"} 2",
            "sampan_commit_seconds_count 1",
            "sampan_http_request_seconds_count{route=\"/v1/node\",status=\"200\"} 1",
            "# HELP sampan_root_mismatch Proposed blocks whose roots are not ours: an alarm.",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert_eq!(text.matches("# HELP ").count(), 34);
    }

    #[test]
    fn clones_count_into_the_same_numbers_and_show_what_was_registered_before() {
        let mut metrics = Metrics::new(1);
        metrics.registry_mut().register("foreign", "Somebody else's", Counter::<u64>::default());
        let clone = metrics.clone();
        clone.sync_block();
        assert!(metrics.encode().contains("sampan_sync_blocks_total 1"));
        assert!(clone.encode().contains("foreign_total 0"));
        metrics.registry_mut();
        assert!(metrics.encode().contains("sampan_sync_blocks_total 1"));
    }
}
