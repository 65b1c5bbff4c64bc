//! Taking over a snapshot: part by part into an empty store, and in the end what makes it a chain.
//!
//! ```text
//!   begin ──▶ `taking over` ──▶ parts, a batch each ──▶ finish: headers, rosters, edge, floor, tip
//!                                                              and drops `taking over`
//! ```
//!
//! A crash before `finish` is synced leaves `taking over`, and the next start wipes what was taken so far: half a
//! state is no state. After it the store is that of a node which holds no history up to the snapshot's block.

use std::collections::BTreeMap;

use rocksdb::{DB, IteratorMode, ReadOptions};
use sampan_proto::genesis::Parameters;
use sampan_proto::hash::Hash32;
use sampan_proto::member::Member;
use sampan_proto::merkle::state::{Page, PagePath};
use sampan_proto::protocol::Protocol;
use sampan_proto::snapshot::{CheckedManifest, CheckedPart, Item, Manifest};

use super::commit::Batch;
use super::open::{check_roots, read_members};
use super::schema::{self, ExecutedRow, Family, Floor, META_FLOOR, META_TAKING_OVER, META_TIP, META_VOICE, TipRow};
use super::{Reader, Registry, Store, Voice};
use crate::core::ledger::{GenesisState, InForce, Tip};
use crate::fault::Fatal;

/// Families that hold the state.
const STATE: [Family; 8] = [
    Family::Executed,
    Family::Expiry,
    Family::Records,
    Family::References,
    Family::Goods,
    Family::Proposals,
    Family::Members,
    Family::Pages,
];

/// A snapshot on its way into a store.
pub struct TakeOver {
    store: Store,
    manifest: CheckedManifest,
    parameters: Option<Parameters>,
    protocol: Protocol,
    /// What the store held before.
    before: GenesisState,
    /// Parts that were promised and did not come yet, and the hash that stands for each.
    wanted: BTreeMap<PagePath, Hash32>,
}

impl Store {
    /// Begins to take over a snapshot.
    ///
    /// # Errors
    /// [`Fatal::Damaged`] unless the store is at genesis: a chain is not left for another state of it.
    pub fn take_over(&self, manifest: CheckedManifest) -> Result<TakeOver, Fatal> {
        let height = self.tip().height;
        if height.0 != 0 {
            return Err(Fatal::Damaged(format!("a snapshot is for a new store, this one is at height {height}")));
        }
        let before = genesis_of(&self.reader())?;
        let header = manifest.manifest.header.hash();
        self.0.write(|inner| {
            let mut batch = Batch::new(&inner.db, 0)?;
            batch.put(Family::Meta, META_TAKING_OVER, header.0.as_bytes());
            Ok(Some((batch, None)))
        })?;
        let wanted = BTreeMap::from([(PagePath::ROOT, manifest.manifest.header.state_root)]);
        let (parameters, protocol) = (None, Protocol::FOUNDING);
        Ok(TakeOver { store: self.clone(), manifest, parameters, protocol, before, wanted })
    }
}

impl TakeOver {
    /// What is taken over.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest.manifest
    }

    /// What is still to come: paths, and the hash that stands for each.
    #[must_use]
    pub const fn wanted(&self) -> &BTreeMap<PagePath, Hash32> {
        &self.wanted
    }

    /// Takes in a part, if it is one that is wanted still.
    ///
    /// # Errors
    /// Stop the node: whether a failed write is on the disk is unknown.
    pub fn take(&mut self, part: &CheckedPart) -> Result<(), Fatal> {
        if self.wanted.get(&part.path) != Some(&part.hash) {
            return Ok(());
        }
        self.wanted.remove(&part.path);
        self.wanted.extend(part.below.iter().copied());
        for (_, item) in &part.items {
            match item {
                Item::Parameters(parameters) => self.parameters = Some(parameters.clone()),
                Item::Upgrade(protocol) => self.protocol = *protocol,
                _ => {}
            }
        }
        self.store.0.write(|inner| {
            let mut batch = Batch::new(&inner.db, 0)?;
            for (key, item) in &part.items {
                batch.put_item(key, item);
            }
            for (path, page) in &part.pages {
                batch.put(Family::Pages, &path.to_bytes(), &page.to_bytes());
            }
            Ok(Some((batch, None)))
        })
    }

    /// Gives up: back to the genesis state.
    ///
    /// # Errors
    /// Stop the node: whether a failed write is on the disk is unknown.
    pub fn abandon(self) -> Result<(), Fatal> {
        self.store.0.write(|inner| Ok(Some((undone(&inner.db, &self.before)?, None))))
    }

    /// Makes what was taken over the node's chain, once nothing is wanted any more.
    ///
    /// # Errors
    /// [`Fatal::Damaged`] when a part is missing. Stop the node.
    pub fn finish(self) -> Result<(), Fatal> {
        let Self { store, manifest: CheckedManifest { manifest, roster }, parameters, protocol, wanted, .. } = self;
        let Manifest { header, certificate, handovers, edge } = manifest;
        let incomplete = || Fatal::Damaged(format!("the snapshot at height {} lacks a part", header.height));
        if !wanted.is_empty() {
            return Err(incomplete());
        }
        let parameters = parameters.ok_or_else(incomplete)?;
        let frontier = edge.frontier(header.log_size).ok_or_else(incomplete)?;
        let tip = Tip::after(&header, frontier, InForce { roster, parameters, protocol }.into());
        let row = TipRow::new(tip.clone(), None);
        let members = read_members(&store.0.db)?;
        if let Ok(mut registry) = store.0.registry.write() {
            *registry = Registry { since: header.height, members: members.into() };
        }
        store.0.write(|inner| {
            let mut batch = Batch::new(&inner.db, 0)?;
            batch.put_borsh(Family::Headers, &schema::height_key(header.height), &(&header, &certificate));
            for step in &handovers {
                let at = schema::height_key(step.header.0.height);
                batch.put_borsh(Family::Headers, &at, &(&step.header.0, &step.certificate.0));
                batch.put_borsh(Family::Rosters, &at, &step.roster.0);
            }
            for (level, index, hashes) in edge.tiles(header.log_size) {
                batch.put(Family::Tiles, &schema::tile_key(level, index), &schema::encode_tile(hashes));
            }
            let floor = Floor { height: header.height, entries: header.log_size };
            batch.put_borsh(Family::Meta, META_FLOOR, &floor);
            // Whatever this node's key has said, it is not known here.
            batch.put_borsh(Family::Meta, META_VOICE, &Voice::Silent);
            batch.put_borsh(Family::Meta, META_TIP, &row);
            batch.delete(Family::Meta, META_TAKING_OVER);
            Ok(Some((batch, Some(row))))
        })?;
        check_roots(&Reader::new(&store.0), &tip)
    }
}

impl Batch<'_> {
    fn put_item(&mut self, key: &Hash32, item: &Item) {
        let key = key.as_bytes();
        match item {
            Item::Record(record) => self.put_borsh(Family::Records, key, record),
            Item::Reference { record, .. } => self.put(Family::References, key, record.0.as_bytes()),
            Item::Goods { fingerprint, record } => self.put_borsh(Family::Goods, key, &(fingerprint, record)),
            Item::Proposal(proposal) => self.put_borsh(Family::Proposals, proposal.id.0.as_bytes(), proposal),
            Item::Member(member) => self.put_borsh(Family::Members, member.id.as_str().as_bytes(), member),
            Item::Executed { statement, index, not_after_ms } => {
                let (statement, index, not_after_ms) = (*statement, *index, *not_after_ms);
                self.put_executed(&ExecutedRow { statement, index, not_after_ms });
            }
            // The tip has parameters and version, and the proposals have the editions.
            Item::Parameters(_) | Item::Edition { .. } | Item::Upgrade(_) => {}
        }
    }
}

/// The state of a store at genesis.
fn genesis_of(reader: &Reader<'_>) -> Result<GenesisState, Fatal> {
    let members = reader.members()?.iter().map(|member| Member::clone(member)).collect();
    let mut pages = BTreeMap::new();
    for row in reader.rows_from(Family::Pages, ReadOptions::default(), IteratorMode::Start)? {
        let (key, value) = row?;
        let unreadable = |_| schema::unreadable(Family::Pages, &key);
        let path = PagePath::from_bytes(&key).map_err(unreadable)?;
        pages.insert(path, Some(Page::from_bytes(&value).map_err(unreadable)?));
    }
    Ok(GenesisState { tip: reader.tip()?, members, pages })
}

/// At boot: a take-over that did not come to its end is undone, back to the genesis state.
pub(super) fn undo_unfinished(db: &DB, state: &GenesisState) -> Result<(), Fatal> {
    if super::open::get(db, META_TAKING_OVER)?.is_none() {
        return Ok(());
    }
    tracing::warn!("a snapshot was being taken over when the node stopped: it begins anew");
    undone(db, state)?.write_synced()
}

/// Wipes what was taken so far.
fn undone<'a>(db: &'a DB, state: &GenesisState) -> Result<Batch<'a>, Fatal> {
    let mut batch = Batch::new(db, 0)?;
    for family in STATE {
        batch.clear(family);
    }
    batch.put_genesis(state);
    batch.delete(Family::Meta, META_TAKING_OVER);
    Ok(batch)
}
