//! What proofs cost: growing the log and the state, proving, verifying, at 10^3 to 10^6 entries; and whole bundles.
//!
//! `cargo bench -p sampan-proto`; figures are kept in `BENCHMARKS.md`. `SAMPAN_BENCH_ENTRIES` (of the log) and
//! `SAMPAN_BENCH_KEYS` (in the state) measure other sizes, which are numbers with commas between.

#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that cannot be set up fails; macros write functions")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sampan_proto::genesis::Genesis;
use sampan_proto::hash::{Domain, Hash32};
use sampan_proto::keys::Known;
use sampan_proto::merkle::frontier::Frontier;
use sampan_proto::merkle::log::{self, LogRead};
use sampan_proto::merkle::state::{Page, PagePath, tree};
use sampan_proto::proof::small::{self, SmallReceipt};
use sampan_proto::proof::{Binary, Bundle, Head, Outcome, Policy, verify, verify_knowing};
use support::seats::Seats;
use support::story::Story;

/// The sizes that a variable of the environment names, or the usual ones.
fn sizes(variable: &str) -> Vec<u64> {
    let given = std::env::var(variable).ok();
    let sizes = given.as_deref().unwrap_or("1000,10000,100000,1000000");
    sizes.split(',').map(|size| size.trim().parse().expect("numbers with commas between")).collect()
}

/// Another one each time, always the same row of them.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, size: u64) -> u64 {
        // Knuth's multiplier: spread over the whole range, which is all that is asked here.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 16) % size
    }
}

fn leaf(index: u64) -> Hash32 {
    Domain::LogLeaf.hash(&index.to_le_bytes())
}

/// Every perfect subtree of a log.
struct Levels(Vec<Vec<Hash32>>);

impl Levels {
    fn grown(size: u64) -> (Self, Frontier) {
        let mut levels = vec![(0..size).map(leaf).collect::<Vec<_>>()];
        let mut frontier = Frontier::new();
        levels[0].iter().for_each(|leaf| frontier.append(*leaf));
        while let Some(below) = levels.last().filter(|below| below.len() > 1) {
            levels.push(below.as_chunks::<2>().0.iter().map(|[left, right]| log::node(left, right)).collect());
        }
        (Self(levels), frontier)
    }
}

impl LogRead for Levels {
    type Error = Infallible;

    fn subtree(&self, level: u8, index: u64) -> Result<Hash32, Infallible> {
        Ok(self.0[usize::from(level)][usize::try_from(index).expect("low")])
    }
}

fn log(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("log");
    for size in sizes("SAMPAN_BENCH_ENTRIES") {
        let (levels, frontier) = Levels::grown(size);
        let root = frontier.root();
        let mut numbers = Numbers(size);
        group.bench_function(BenchmarkId::new("append", size), |bench| {
            bench.iter(|| {
                let mut frontier = frontier.clone();
                frontier.append(black_box(leaf(size)));
                frontier.root()
            });
        });
        group.bench_function(BenchmarkId::new("prove", size), |bench| {
            bench.iter(|| log::prove_inclusion(&levels, size, numbers.below(size)));
        });
        let Ok(proof) = log::prove_inclusion(&levels, size, size / 3);
        let proof = proof.expect("in the log");
        let entry = leaf(size / 3);
        group.bench_function(BenchmarkId::new("verify", size), |bench| {
            bench.iter(|| black_box(&proof).verify(&entry, &root).expect("it holds"));
        });
        let old = size / 2 + 1;
        let (Ok(consistency), Ok(old_root)) = (log::prove_consistency(&levels, old, size), log::root(&levels, old));
        let consistency = consistency.expect("older");
        group.bench_function(BenchmarkId::new("consistency", size), |bench| {
            bench.iter(|| black_box(&consistency).verify(&old_root, &root).expect("it holds"));
        });
    }
    group.finish();
}

fn state(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("state");
    group.sample_size(30);
    for size in sizes("SAMPAN_BENCH_KEYS") {
        let changes = (0..size).map(|index| (leaf(index), Some(leaf(index + 1)))).collect();
        let mut pages: BTreeMap<PagePath, Page> = BTreeMap::new();
        let update = tree::update(&pages, &changes).expect("in memory");
        let root = update.root;
        update.apply(&mut pages);
        let mut numbers = Numbers(size);
        group.bench_function(BenchmarkId::new("update", size), |bench| {
            bench.iter(|| {
                let one = BTreeMap::from([(leaf(numbers.below(size)), Some(leaf(7)))]);
                tree::update(&pages, &one).expect("in memory").root
            });
        });
        group.bench_function(BenchmarkId::new("prove", size), |bench| {
            bench.iter(|| tree::prove(&pages, &leaf(numbers.below(size))).expect("in memory"));
        });
        let (key, value) = (leaf(size / 3), leaf(size / 3 + 1));
        let proof = tree::prove(&pages, &key).expect("in memory");
        group.bench_function(BenchmarkId::new("verify", size), |bench| {
            bench.iter(|| black_box(&proof).verify_presence(&root, &key, &value).expect("it holds"));
        });
    }
    group.finish();
}

/// The story's bundle on a network of so many validators, of whom as many signed as are needed.
fn signed_by(validators: usize) -> (Genesis, Bundle) {
    let story = Story::tell();
    let seats = Seats::new(validators, &story.chain.genesis);
    let mut bundle = story.full();
    let header = seats.header(&bundle.head.header.0);
    bundle.head = Head { certificate: Binary(seats.certify(&header)), header: Binary(header) };
    (seats.genesis, bundle)
}

/// A memory that has met what a bundle holds.
fn having_met(bundle: &Bundle, genesis: &Genesis) -> Known {
    let mut known = Known::with_room(1_024);
    assert_eq!(verify_knowing(bundle, genesis, &Policy::default(), &mut known).outcome(), Outcome::Valid);
    known
}

fn bundles(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bundle");
    group.throughput(Throughput::Elements(1));
    for validators in [4, 7, 25, 100] {
        let (genesis, bundle) = signed_by(validators);
        assert_eq!(verify(&bundle, &genesis, &Policy::default()).outcome(), Outcome::Valid);
        group.bench_function(BenchmarkId::new("verify", validators), |bench| {
            bench.iter(|| verify(black_box(&bundle), &genesis, &Policy::default()));
        });
        let Head { header, certificate } = bundle.head.clone();
        let head = Bundle::new(bundle.chain, header.0, certificate.0);
        group.bench_function(BenchmarkId::new("head known", validators), |bench| {
            bench.iter_batched_ref(
                || having_met(&head, &genesis),
                |known| verify_knowing(black_box(&bundle), &genesis, &Policy::default(), known),
                BatchSize::SmallInput,
            );
        });
        let mut known = having_met(&bundle, &genesis);
        group.bench_function(BenchmarkId::new("all known", validators), |bench| {
            bench.iter(|| verify_knowing(black_box(&bundle), &genesis, &Policy::default(), &mut known));
        });
        let receipt = SmallReceipt::of(&bundle, &genesis).expect("a record");
        let text = receipt.to_text();
        if SmallReceipt::from_text(&text).is_err() {
            // More than one code holds.
            continue;
        }
        group.bench_function(BenchmarkId::new("small receipt", validators), |bench| {
            bench.iter(|| {
                let receipt = SmallReceipt::from_text(black_box(&text)).expect("a receipt");
                small::verify(&receipt, &genesis, &[], &Policy::default())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, log, state, bundles);
criterion_main!(benches);
