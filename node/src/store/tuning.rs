//! How RocksDB is set up: many small rows of one block in one synced batch, in about 200 MiB with the
//! block cache.
//!
//! Deliberately left alone:
//! * `manual_wal_flush` stays off and every batch is synced: a batch that returned is on the disk.
//! * `unordered_write` stays off: it would let a snapshot see half a block.
//! * `enable_pipelined_write` and concurrent memtable writes help several writers; there is one.
//! * WAL recovery stays point-in-time. Only the newest batch can be torn by a power loss (each one before
//!   it was synced first), and it may be torn anywhere, since the disk orders the pages of one write as it
//!   likes. The stricter modes would refuse to start after that.

use rocksdb::{BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, LogLevel, Options, WriteOptions};

use super::schema::Family;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
/// A filter that lets about one in a hundred absent keys through.
const BLOOM_BITS: f64 = 10.0;
/// Values from this size on are kept apart from their keys, so that compaction moves keys only.
const BLOB_BYTES: u64 = 512;
/// Write-ahead log kept at most, in caches: bounds both disk and the time that a restart replays. RocksDB reserves
/// as much at the beginning of a log, if memtables are not smaller.
const WAL_CACHES: usize = 2;
/// Room reserved at the beginning of each list of files. An open database begins a new one.
const MANIFEST_BYTES: usize = 64 * KIB;

/// What a family is like.
struct Shape {
    /// Memtable, in bytes. They add up to less than 100 MiB; a full one is flushed while the next fills.
    memtable: usize,
    /// Read by whole keys that are often absent.
    points: bool,
    /// Mostly digests, which do not compress.
    digests: bool,
    /// Large values that are written once.
    blobs: bool,
}

/// Sizes follow what a full block writes: some MiB of statements, bodies and pages, some hundred KiB of
/// the other rows per statement, a few KiB of the rest.
const fn shape(family: Family) -> Shape {
    let rows = Shape { memtable: 8 * MIB, points: true, digests: true, blobs: false };
    let few = Shape { memtable: MIB, points: false, digests: false, blobs: false };
    match family {
        Family::Statements | Family::Bodies => Shape { memtable: 16 * MIB, points: true, digests: false, blobs: true },
        Family::Pages => Shape { memtable: 24 * MIB, ..rows },
        Family::Executed | Family::References => rows,
        Family::Records => Shape { digests: false, ..rows },
        Family::Entries | Family::Placed => Shape { memtable: 4 * MIB, points: false, digests: false, blobs: false },
        Family::Expiry | Family::Payloads | Family::Tiles | Family::Staged => {
            Shape { memtable: 2 * MIB, points: false, digests: true, blobs: false }
        }
        Family::Meta
        | Family::Headers
        | Family::Members
        | Family::Rosters
        | Family::Goods
        | Family::Proposals
        | Family::Erased
        | Family::Evidence => few,
    }
}

/// Options of the database as a whole, whose block cache has `cache_mib`.
pub(super) fn database(cache_mib: usize) -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    // One flush and one compaction: the machine's cores belong to signatures.
    options.set_max_background_jobs(2);
    options.set_max_total_wal_size(WAL_CACHES.saturating_mul(cache_bytes(cache_mib)) as u64);
    options.set_manifest_preallocation_size(MANIFEST_BYTES);
    // A closed log file that is missing or shorter than it was is refused at the next start.
    options.set_track_and_verify_wals_in_manifest(true);
    // Background files go to the disk little by little instead of in one burst that a vote waits behind.
    options.set_bytes_per_sync(MIB as u64);
    options.set_max_open_files(512);
    options.set_keep_log_file_num(4);
    options.set_max_log_file_size(4 * MIB);
    options.set_log_level(LogLevel::Warn);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    options
}

/// Every family with its options; all share one block cache of `cache_mib`.
pub(super) fn families(cache_mib: usize) -> Vec<ColumnFamilyDescriptor> {
    let cache = Cache::new_lru_cache(cache_bytes(cache_mib));
    let descriptor = |family: Family| ColumnFamilyDescriptor::new(family.name(), options(&shape(family), &cache));
    Family::ALL.into_iter().map(descriptor).collect()
}

const fn cache_bytes(cache_mib: usize) -> usize {
    let mib = if cache_mib == 0 { 1 } else { cache_mib };
    mib.saturating_mul(MIB)
}

fn options(shape: &Shape, cache: &Cache) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    // Index and filter blocks count against the cache, so that memory stays bounded as the log grows.
    table.set_cache_index_and_filter_blocks(true);
    table.set_cache_index_and_filter_blocks_with_high_priority(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    table.set_format_version(6);

    let mut options = Options::default();
    options.set_write_buffer_size(shape.memtable);
    options.set_max_write_buffer_number(3);
    options.set_compression_type(DBCompressionType::Lz4);
    if shape.digests {
        options.set_compression_type(DBCompressionType::None);
    }
    if shape.points {
        table.set_bloom_filter(BLOOM_BITS, false);
        // "Was it executed?" is asked of keys that are absent, before it is in any file: ask a filter first.
        options.set_memtable_prefix_bloom_ratio(0.02);
        options.set_memtable_whole_key_filtering(true);
    }
    if shape.blobs {
        options.set_enable_blob_files(true);
        options.set_min_blob_size(BLOB_BYTES);
        options.set_blob_compression_type(DBCompressionType::Lz4);
        // Losing blocks and erased bodies give their space back.
        options.set_enable_blob_gc(true);
    }
    options.set_block_based_table_factory(&table);
    options
}

/// Every write: in the log, and on the disk before it returns.
pub(super) fn synced() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(true);
    options
}
