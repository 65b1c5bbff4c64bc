//! Boot: create or open, and refuse what is not ours or does not add up.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, RwLock};

use rocksdb::{DB, IteratorMode, Options};
use sampan_proto::genesis::Genesis;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{ChainId, Height, MemberId};
use sampan_proto::member::Member;
use sampan_proto::merkle::log;
use sampan_proto::merkle::state::tree;
use sampan_proto::merkle::tile::TiledLog;

use super::commit::Batch;
use super::schema::{self, Family, META_CHAIN, META_SCHEMA, META_TIP, SCHEMA, TipRow};
use super::take_over::undo_unfinished;
use super::{Disk, Inner, Place, Reader, Registry, Store, Writer, tuning};
use crate::core::ledger::{GenesisState, Tip, genesis_state};
use crate::fault::Fatal;

impl Store {
    /// Whether there is a store in `dir`, whole or not.
    #[must_use]
    pub fn is_in(dir: &Path) -> bool {
        // RocksDB writes CURRENT last when it creates a database: without it there is none yet.
        dir.join("CURRENT").exists()
    }

    /// Opens the store in `dir`, and creates it from `genesis` if there is none. `cache_mib` bounds the
    /// memory for blocks read from disk.
    ///
    /// # Errors
    /// [`Fatal::RunningTwice`] while another process has it open. [`Fatal::OtherNetwork`] when it belongs to
    /// one. [`Fatal::Damaged`] when it was written in another schema, or when its log or its state does not
    /// lead to the roots in its newest header; the message says which.
    pub fn open(dir: &Path, genesis: &Genesis, cache_mib: usize) -> Result<Self, Fatal> {
        Self::open_on(Disk::default(), dir, genesis, cache_mib)
    }

    /// The same on a disk that may fail.
    ///
    /// # Errors
    /// As those of [`Store::open`].
    pub fn open_on(disk: Disk, dir: &Path, genesis: &Genesis, cache_mib: usize) -> Result<Self, Fatal> {
        std::fs::create_dir_all(dir).map_err(|source| Fatal::File { path: dir.to_owned(), source })?;
        refuse_other_families(dir)?;
        let opened = DB::open_cf_descriptors(&tuning::database(cache_mib), dir, tuning::families(cache_mib));
        let db = opened.map_err(|error| lock_or_database(dir, error))?;
        let state = genesis_state(genesis).map_err(|error| Fatal::Damaged(error.to_string()))?;
        if is_new(&db)? {
            // A crash before this line leaves an empty database, and the next start comes here again. After
            // it the genesis state is whole: it is one synced batch.
            create(&db, genesis, &state)?;
        }
        refuse_other_schema(&db, dir)?;
        refuse_other_chain(&db, dir, genesis)?;
        undo_unfinished(&db, &state)?;
        let tip = read_tip(&db)?;
        tracing::info!(height = tip.tip().height.0, dir = %dir.display(), "store opened");
        let members = read_members(&db)?;
        let (chain, place) = (genesis.chain, Place::of(dir)?);
        let (writer, tip) = (Mutex::new(Writer::default()), RwLock::new(tip));
        // Members are as of the tip; nothing is written before the store is open.
        let registry = RwLock::new(Registry { since: Height::GENESIS, members: Arc::new(members) });
        let inner = Inner { db, chain, place, disk, registry, writer, tip };
        check_roots(&Reader::new(&inner), &state.tip)?;
        Ok(Self(Arc::new(inner)))
    }
}

/// Later schemas may bring families that this software does not know; RocksDB's own refusal would not say why.
fn refuse_other_families(dir: &Path) -> Result<(), Fatal> {
    if !Store::is_in(dir) {
        return Ok(());
    }
    let known = |name: &str| name == "default" || Family::ALL.iter().any(|family| family.name() == name);
    match DB::list_cf(&Options::default(), dir)?.into_iter().find(|name| !known(name)) {
        Some(name) => {
            let which = format!("{} has rows `{name}`, which this version does not know", dir.display());
            Err(Fatal::Damaged(format!("{which}: it was written by another version of sampand")))
        }
        None => Ok(()),
    }
}

fn lock_or_database(dir: &Path, error: rocksdb::Error) -> Fatal {
    // RocksDB has no error kind for it. The two texts are those of its `LockFile`: another process, this one.
    let text = error.as_ref();
    if text.contains("While lock file") || text.contains("lock hold by current process") {
        return Fatal::RunningTwice(format!("{} is in use by another sampand", dir.display()));
    }
    Fatal::Database(error)
}

pub(super) fn get(db: &DB, name: &[u8]) -> Result<Option<Vec<u8>>, Fatal> {
    Ok(db.get_cf(Family::Meta.handle(db)?, name)?)
}

fn is_new(db: &DB) -> Result<bool, Fatal> {
    if get(db, META_SCHEMA)?.is_some() {
        return Ok(false);
    }
    for family in Family::ALL {
        if let Some(row) = db.iterator_cf(family.handle(db)?, IteratorMode::Start).next() {
            row?;
            return Err(Fatal::Damaged(format!("`meta` is empty but `{}` is not", family.name())));
        }
    }
    Ok(true)
}

fn create(db: &DB, genesis: &Genesis, state: &GenesisState) -> Result<(), Fatal> {
    let mut batch = Batch::new(db, 0)?;
    batch.put(Family::Meta, META_SCHEMA, &SCHEMA.to_be_bytes());
    batch.put(Family::Meta, META_CHAIN, genesis.chain.0.as_bytes());
    batch.put_borsh(Family::Meta, META_TIP, &TipRow::new(state.tip.clone(), None));
    batch.put_borsh(Family::Rosters, &schema::height_key(Height::GENESIS), &genesis.roster);
    batch.put_genesis(state);
    batch.write_synced()
}

fn refuse_other_schema(db: &DB, dir: &Path) -> Result<(), Fatal> {
    let written = get(db, META_SCHEMA)?.unwrap_or_default();
    if written == SCHEMA.to_be_bytes() {
        return Ok(());
    }
    let version = written.try_into().map_or_else(|_| "unknown".to_owned(), |v| u32::from_be_bytes(v).to_string());
    let which = format!("{} is in schema {version}, this version reads schema {SCHEMA}", dir.display());
    Err(Fatal::Damaged(which))
}

fn refuse_other_chain(db: &DB, dir: &Path, genesis: &Genesis) -> Result<(), Fatal> {
    let written = get(db, META_CHAIN)?.unwrap_or_default();
    if written == genesis.chain.0.as_bytes() {
        return Ok(());
    }
    let network = format!("`{}` ({})", genesis.network, genesis.chain);
    let chain = <[u8; 32]>::try_from(written).map(|bytes| ChainId(Hash32(bytes)));
    Err(match chain {
        Ok(chain) => Fatal::OtherNetwork(format!(
            "{} belongs to network {chain}, the genesis file is of {network}",
            dir.display()
        )),
        Err(_) => Fatal::Damaged(format!("{} does not say to which network it belongs", dir.display())),
    })
}

fn read_tip(db: &DB) -> Result<TipRow, Fatal> {
    let bytes = get(db, META_TIP)?.ok_or_else(|| schema::missing(Family::Meta, META_TIP))?;
    schema::decode(Family::Meta, META_TIP, &bytes)
}

pub(super) fn read_members(db: &DB) -> Result<BTreeMap<MemberId, Arc<Member>>, Fatal> {
    let mut members = BTreeMap::new();
    for row in db.iterator_cf(Family::Members.handle(db)?, IteratorMode::Start) {
        let (key, value) = row?;
        let member: Member = schema::decode(Family::Members, &key, &value)?;
        members.insert(member.id.clone(), Arc::new(member));
    }
    Ok(members)
}

/// Derives both roots from what is stored and compares them with the newest header, or with the genesis
/// before the first block.
pub(super) fn check_roots(reader: &Reader<'_>, genesis: &Tip) -> Result<(), Fatal> {
    let tip = reader.tip()?;
    let newest = reader.newest_header()?;
    let expected = match &newest {
        Some((header, _)) => Tip::after(header, tip.frontier.clone(), Arc::clone(&tip.in_force)),
        None => genesis.clone(),
    };
    if tip != expected {
        let (tip, newest) = (tip.height, expected.height);
        return Err(Fatal::Damaged(format!("`meta` says height {tip}, which is not the newest header, {newest}")));
    }
    let roster = newest.as_ref().map(|(header, _)| header.next_roster_hash);
    if roster.is_some_and(|named| named != tip.roster().hash()) {
        let detail = format!("`meta` has another roster than the header at height {} names", tip.height);
        return Err(Fatal::Damaged(detail));
    }
    if newest.as_ref().is_some_and(|(header, _)| header.version != tip.in_force.protocol.at(header.height)) {
        let detail = format!("`meta` has another protocol version than the header at height {}", tip.height);
        return Err(Fatal::Damaged(detail));
    }
    let (log_size, log_root) = match &newest {
        Some((header, _)) => (header.log_size, header.log_root),
        None => (0, log::empty()),
    };
    let frontier = tip.frontier.root();
    compare("the log's right edge leads", &frontier, tip.height, &log_root)?;
    let tiles = log::root(&TiledLog::new(reader), log_size)?;
    compare("the log's tiles lead", &tiles, tip.height, &log_root)?;
    let pages = tree::root(reader)?;
    compare("the state's pages lead", &pages, tip.height, &tip.state_root)
}

fn compare(what: &str, root: &Hash32, height: Height, expected: &Hash32) -> Result<(), Fatal> {
    if root == expected {
        return Ok(());
    }
    Err(Fatal::Damaged(format!("{what} to root {root}, the header at height {height} says {expected}")))
}
