//! The two writes of a block: its contents before the vote for it, the rest once it is decided.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use borsh::BorshSerialize;
use rocksdb::{ColumnFamily, DB, Direction, IteratorMode, WriteBatch};
use sampan_proto::block::Header;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{BodyCommitment, EnvelopeId, HeaderHash, Height};
use sampan_proto::merkle::frontier::Frontier;
use sampan_proto::merkle::state::{Page, PagePath};
use sampan_proto::merkle::tile::{self, TileAppend};
use sampan_proto::state_key;
use sampan_proto::vote::Certificate;
use sampan_proto::wire;

use super::schema::{self, ErasedRow, ExecutedRow, Family, META_TIP, PlacedRow, StagedDocument, StagedRow, TipRow};
use super::{Durable, Inner, Registry, Store, tuning};
use crate::core::Document;
use crate::core::ledger::{GenesisState, Outcome, Placed, Tip};
use crate::fault::Fatal;

/// Room in a batch, in bytes, for keys and framing of a staged document beside its own size, for the rows
/// that a statement adds when it is committed, and for a page of the state tree: estimates, for a batch
/// that grows step by step copies itself several times.
const STAGED_ROWS_BYTES: usize = 256;
const ROWS_BYTES: usize = 1_024;
const PAGE_BYTES: usize = 512;

/// A block that was executed and may be decided: what [`Store::stage`] makes durable.
#[derive(Clone, Debug)]
pub struct Staged {
    /// Its header.
    pub header: Header,
    /// Its documents in order.
    pub documents: Vec<Arc<Document>>,
}

/// A staged block as it is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedBlock {
    /// Its header.
    pub header: Header,
    /// Its documents in order.
    pub documents: Vec<wire::Document>,
}

impl Store {
    /// Makes the contents of a block durable. After this returns, a vote for the block may leave the node,
    /// and [`Store::commit`] of the block cannot lack anything. Staging a block again, or one whose height
    /// is decided already, does nothing.
    ///
    /// # Errors
    /// Stop the node: whether a failed write is on the disk is unknown.
    pub fn stage(&self, staged: &Staged) -> Result<(), Fatal> {
        self.0.write(|inner| inner.stage_batch(staged))
    }

    /// Makes a decided block part of the chain, whole.
    ///
    /// # Errors
    /// Stop the node: whether a failed write is on the disk is unknown. [`Fatal::Damaged`] when the block
    /// was not staged before, or does not follow the tip.
    pub fn commit(&self, outcome: &Outcome, certificate: &Certificate) -> Result<(), Fatal> {
        // First, so that no snapshot of the block is read with the registry from before it. Should the write fail,
        // the node stops.
        self.0.announce(outcome);
        self.0.write(|inner| inner.commit_batch(outcome, certificate))?;
        tracing::debug!(height = outcome.header.height.0, statements = outcome.placed.len(), "block committed");
        Ok(())
    }
}

/// A batch and what becomes of the tip when it is written.
pub(super) type Prepared<'a> = Option<(Batch<'a>, Option<TipRow>)>;

impl Inner {
    /// Members that a block changes, in the registry in memory.
    fn announce(&self, outcome: &Outcome) {
        if outcome.members.is_empty() {
            return;
        }
        let Ok(mut registry) = self.registry.write() else { return };
        let mut members = (*registry.members).clone();
        members.extend(outcome.members.iter().map(|(id, member)| (id.clone(), Arc::clone(member))));
        *registry = Registry { since: outcome.header.height, members: Arc::new(members) };
    }

    /// Prepares a batch and writes it, alone. No batch is written after one that failed.
    pub(super) fn write<'a>(
        &'a self,
        prepare: impl FnOnce(&'a Self) -> Result<Prepared<'a>, Fatal>,
    ) -> Result<(), Fatal> {
        let Ok(mut writer) = self.writer.lock() else { return Err(after_failure()) };
        if writer.failed {
            return Err(after_failure());
        }
        let Some((batch, tip)) = prepare(self)? else { return Ok(()) };
        // A crash up to here leaves the state before this batch. In the next line it leaves that one or the
        // one after, never a mixture: the batch is one record of RocksDB's log, under its checksums.
        writer.failed = true;
        self.disk.write(Durable::Store, self.db.path(), || batch.write_synced())?;
        writer.failed = false;
        // A crash from here on leaves the state after it.
        if let Some(tip) = tip {
            self.set_tip(tip);
        }
        Ok(())
    }

    fn stage_batch(&self, staged: &Staged) -> Result<Prepared<'_>, Fatal> {
        let tip = self.tip().tip();
        let header = &staged.header;
        if header.height <= tip.height {
            // Decided while it was being checked: nobody will vote on it any more.
            return Ok(None);
        }
        if header.height != tip.height.next() || header.previous != tip.hash {
            let detail = format!("the block staged for height {} does not follow height {}", header.height, tip.height);
            return Err(Fatal::Damaged(detail));
        }
        let hash = header.hash();
        let mut rows = Vec::with_capacity(staged.documents.len());
        for document in &staged.documents {
            rows.push(self.staged_document(document)?);
        }
        let others = self.staged_rows(header.height)?;
        if let Some(there) = others.get(&hash)
            && !brings_bodies(&mut rows, &there.documents)
        {
            return Ok(None);
        }
        // Blocks proposed for one height have most of their statements in common: those are written once.
        // Their rows cannot go away before this height is decided, for only its commit removes any.
        let held = others.values().flat_map(|row| &row.documents);
        let held: BTreeSet<(EnvelopeId, bool)> = held.map(|row| (row.envelope, row.body.is_some())).collect();
        let bytes: usize = staged.documents.iter().map(|document| document.size() + STAGED_ROWS_BYTES).sum();
        let mut batch = Batch::new(&self.db, bytes)?;
        for (document, row) in staged.documents.iter().zip(&rows) {
            if !held.contains(&(row.envelope, row.body.is_some())) {
                batch.put_contents(document, row);
            }
        }
        let row = StagedRow { header: header.clone(), documents: rows };
        batch.put_borsh(Family::Staged, &schema::staged_key(header.height, &hash), &row);
        Ok(Some((batch, None)))
    }

    fn commit_batch(&self, outcome: &Outcome, certificate: &Certificate) -> Result<Prepared<'_>, Fatal> {
        let header = &outcome.header;
        let hash = header.hash();
        let tip = self.tip();
        let staged = self.staged_rows(header.height)?;
        let mut frontier = tip.tip().frontier;
        let rows = tile::append(&mut frontier, &outcome.leaves);
        follows(&tip.tip(), outcome, certificate, &frontier)?;
        is_staged(outcome, staged.get(&hash))?;

        let bytes = outcome.entries.len() * ROWS_BYTES + outcome.pages.len() * PAGE_BYTES;
        let mut batch = Batch::new(&self.db, bytes)?;
        let height = schema::height_key(header.height);
        batch.put_borsh(Family::Headers, &height, &(header, certificate));
        for (index, entry) in (outcome.first_index..).zip(&outcome.entries) {
            batch.put_borsh(Family::Entries, &schema::index_key(index), entry);
        }
        for piece in rows.iter().flat_map(tile::RowAppend::tiles) {
            self.put_tile(&mut batch, &piece)?;
        }
        batch.put_places(header.height, &outcome.placed);
        for Placed { statement, index, not_after_ms, .. } in &outcome.placed {
            let (statement, index, not_after_ms) = (*statement, *index, *not_after_ms);
            batch.put_executed(&ExecutedRow { statement, index, not_after_ms });
        }
        for (not_after_ms, statement) in &outcome.expired {
            batch.delete(Family::Expiry, &schema::expiry_key(*not_after_ms, statement));
            batch.delete(Family::Executed, state_key::executed(statement).as_bytes());
        }
        for (id, record) in &outcome.records {
            batch.put_borsh(Family::Records, state_key::record(id).as_bytes(), record);
        }
        for (key, record) in &outcome.references {
            batch.put(Family::References, key.as_bytes(), record.0.as_bytes());
        }
        for (goods, record) in &outcome.goods {
            let key = state_key::goods(goods);
            match record {
                Some(record) => batch.put_borsh(Family::Goods, key.as_bytes(), &(goods, record)),
                None => batch.delete(Family::Goods, key.as_bytes()),
            }
        }
        for (id, proposal) in &outcome.proposals {
            batch.put_borsh(Family::Proposals, id.0.as_bytes(), proposal);
        }
        for (id, member) in &outcome.members {
            batch.put_borsh(Family::Members, id.as_str().as_bytes(), &**member);
        }
        if header.next_roster_hash != header.roster_hash {
            batch.put_borsh(Family::Rosters, &height, &outcome.in_force.roster);
        }
        for (record, reason) in &outcome.erased {
            let row = ErasedRow { height: header.height, reason: reason.clone() };
            // The finding touched the record, so the outcome holds it.
            if let Some(record) = outcome.records.get(record) {
                self.erase(&mut batch, &record.body, &row)?;
            }
        }
        batch.put_pages(&outcome.pages);
        batch.drop_staged(header.height, &hash, &staged);
        let row = TipRow::new(outcome.tip(), outcome.expired.last().copied().or(tip.expired_through));
        batch.put_borsh(Family::Meta, META_TIP, &row);
        Ok(Some((batch, Some(row))))
    }

    /// Where a document's rows stand. One that came without its body, which was erased elsewhere, has none to be kept;
    /// neither has one whose body was erased here: it does not come back with another statement.
    pub(super) fn staged_document(&self, document: &Document) -> Result<StagedDocument, Fatal> {
        let statement = document.statement();
        let committed = statement.statement().action.body().map(|body| body.commitment);
        let mut body = committed.filter(|_| document.body().is_some());
        if let Some(commitment) = &body
            && self.db.get_pinned_cf(Family::Erased.handle(&self.db)?, commitment.0.as_bytes())?.is_some()
        {
            body = None;
        }
        Ok(StagedDocument { envelope: statement.envelope(), body })
    }

    /// Drops a document, whoever brought it along, and keeps the reason.
    pub(super) fn erase(
        &self,
        batch: &mut Batch<'_>,
        commitment: &BodyCommitment,
        row: &ErasedRow,
    ) -> Result<(), Fatal> {
        let commitment = commitment.0.as_bytes();
        for key in self.keys_under(Family::Bodies, commitment)? {
            batch.delete(Family::Bodies, &key);
        }
        batch.put_borsh(Family::Erased, commitment, row);
        Ok(())
    }

    fn keys_under(&self, family: Family, prefix: &[u8]) -> Result<Vec<Box<[u8]>>, Fatal> {
        let rows = self.db.iterator_cf(family.handle(&self.db)?, IteratorMode::From(prefix, Direction::Forward));
        let keys = rows.map(|row| Ok(row?.0));
        keys.take_while(|key: &Result<Box<[u8]>, Fatal>| key.as_ref().map_or(true, |key| key.starts_with(prefix)))
            .collect()
    }

    /// The last tile of a row grows until it is full: it is written again with what is added. Under the floor of a
    /// state that was taken over, the tiles of its edge are there before what fills them.
    pub(super) fn put_tile(&self, batch: &mut Batch<'_>, piece: &TileAppend<'_>) -> Result<(), Fatal> {
        let key = schema::tile_key(piece.tile.level, piece.tile.index);
        let row = self.db.get_pinned_cf(Family::Tiles.handle(&self.db)?, key)?;
        let mut hashes = row.map_or_else(|| Ok(Vec::new()), |row| schema::decode_tile(&key, &row))?;
        match hashes.get(piece.held..) {
            Some([]) => {
                hashes.extend_from_slice(piece.hashes);
                batch.put(Family::Tiles, &key, &schema::encode_tile(&hashes));
                Ok(())
            }
            Some(there) if there.starts_with(piece.hashes) => Ok(()),
            Some(_) | None => Err(schema::unreadable(Family::Tiles, &key)),
        }
    }

    /// What is staged for a height. Reads the present, so call it under the writer's lock.
    fn staged_rows(&self, height: Height) -> Result<BTreeMap<HeaderHash, StagedRow>, Fatal> {
        let prefix = schema::height_key(height);
        let start = IteratorMode::From(&prefix, Direction::Forward);
        let mut rows = BTreeMap::new();
        for row in self.db.iterator_cf(Family::Staged.handle(&self.db)?, start) {
            let (key, value) = row?;
            let Some(hash) = key.strip_prefix(&prefix) else { break };
            let hash: [u8; 32] = hash.try_into().map_err(|_| schema::unreadable(Family::Staged, &key))?;
            rows.insert(HeaderHash(Hash32(hash)), schema::decode(Family::Staged, &key, &value)?);
        }
        Ok(rows)
    }
}

/// The block is the next one and its certificate is for it. The engine sees to that; to write a block for
/// which it fails would lose what was promised.
fn follows(tip: &Tip, outcome: &Outcome, certificate: &Certificate, frontier: &Frontier) -> Result<(), Fatal> {
    let header = &outcome.header;
    if header.height != tip.height.next() || header.previous != tip.hash {
        return Err(refused(header.height, &format!("it does not follow the tip at height {}", tip.height)));
    }
    if certificate.block != header.hash() || certificate.height != header.height {
        return Err(refused(header.height, "its certificate is for another block"));
    }
    if outcome.first_index != tip.frontier.size() || *frontier != outcome.frontier {
        return Err(refused(header.height, "its entries do not continue the log"));
    }
    Ok(())
}

/// Its contents are on the disk, for nothing here writes them.
fn is_staged(outcome: &Outcome, staged: Option<&StagedRow>) -> Result<(), Fatal> {
    let height = outcome.header.height;
    let staged = staged.ok_or_else(|| refused(height, "its contents were not staged"))?;
    if envelopes([staged]).eq(outcome.payload()) {
        return Ok(());
    }
    Err(refused(height, "its contents are not those that were staged"))
}

fn refused(height: Height, why: &str) -> Fatal {
    Fatal::Damaged(format!("block {height} cannot be committed: {why}"))
}

/// Whether a block that is staged already comes with bodies that it came without then: it was sent by somebody who did
/// not have them, and a crash came before it was committed. What was there stays.
fn brings_bodies(rows: &mut [StagedDocument], there: &[StagedDocument]) -> bool {
    let mut brings = false;
    for (row, there) in rows.iter_mut().zip(there) {
        brings |= row.body.is_some() && there.body.is_none();
        row.body = row.body.or(there.body);
    }
    brings
}

fn envelopes<'a>(rows: impl IntoIterator<Item = &'a StagedRow>) -> impl Iterator<Item = EnvelopeId> {
    rows.into_iter().flat_map(|row| &row.documents).map(|document| document.envelope)
}

fn after_failure() -> Fatal {
    Fatal::Damaged("an earlier write failed; a restart finds out how far it came".to_owned())
}

/// A write batch with the handles of all families.
pub(super) struct Batch<'a> {
    db: &'a DB,
    families: Vec<&'a ColumnFamily>,
    writes: WriteBatch,
    /// The value being encoded: one allocation for thousands of rows.
    value: Vec<u8>,
}

impl<'a> Batch<'a> {
    /// An empty batch with room for about so many bytes.
    pub(super) fn new(db: &'a DB, bytes: usize) -> Result<Self, Fatal> {
        let families = Family::ALL.into_iter().map(|family| family.handle(db)).collect::<Result<_, _>>()?;
        Ok(Self { db, families, writes: WriteBatch::with_capacity_bytes(bytes), value: Vec::new() })
    }

    pub(super) fn put(&mut self, family: Family, key: &[u8], value: &[u8]) {
        // `families` has one handle for each discriminant.
        self.writes.put_cf(&self.families[family as usize], key, value);
    }

    pub(super) fn put_borsh<T: BorshSerialize>(&mut self, family: Family, key: &[u8], value: &T) {
        let mut bytes = std::mem::take(&mut self.value);
        bytes.clear();
        // As in `codec::encode`: a `Vec` accepts every write.
        let written = borsh::to_writer(&mut bytes, value);
        debug_assert!(written.is_ok());
        self.put(family, key, &bytes);
        self.value = bytes;
    }

    pub(super) fn delete(&mut self, family: Family, key: &[u8]) {
        self.writes.delete_cf(&self.families[family as usize], key);
    }

    /// Removes the rows from one key on and before another.
    pub(super) fn delete_range(&mut self, family: Family, from: &[u8], to: &[u8]) {
        self.writes.delete_range_cf(&self.families[family as usize], from, to);
    }

    /// A statement and its body, under the keys that `row` names.
    pub(super) fn put_contents(&mut self, document: &Document, row: &StagedDocument) {
        self.put_borsh(Family::Statements, row.envelope.0.as_bytes(), document.statement().signed());
        if let (Some(body), Some(key)) = (document.body(), row.body_key()) {
            self.put_borsh(Family::Bodies, &key, body);
        }
    }

    /// What a block executed: by height, and by statement.
    pub(super) fn put_places(&mut self, height: Height, placed: &[Placed]) {
        let rows: Vec<PlacedRow> = placed.iter().map(PlacedRow::from).collect();
        self.put_borsh(Family::Payloads, &schema::height_key(height), &rows);
        for (placed, row) in placed.iter().zip(&rows) {
            self.put_borsh(Family::Placed, placed.statement.0.as_bytes(), row);
        }
    }

    /// A statement that must not be executed again before it expires.
    pub(super) fn put_executed(&mut self, row: &ExecutedRow) {
        self.put_borsh(Family::Executed, state_key::executed(&row.statement).as_bytes(), row);
        self.put(Family::Expiry, &schema::expiry_key(row.not_after_ms, &row.statement), &[]);
    }

    /// Drops what was staged for the height, and the contents that only losing blocks hold. A statement may
    /// stand in both: what the decided block holds stays. No lower height has staged rows: this batch takes
    /// all of its height, and `stage` adds none to a decided one.
    fn drop_staged(&mut self, height: Height, decided: &HeaderHash, rows: &BTreeMap<HeaderHash, StagedRow>) {
        let kept: BTreeSet<EnvelopeId> = envelopes(rows.get(decided)).collect();
        for (hash, row) in rows {
            self.delete(Family::Staged, &schema::staged_key(height, hash));
            for document in row.documents.iter().filter(|document| !kept.contains(&document.envelope)) {
                self.delete(Family::Statements, document.envelope.0.as_bytes());
                if let Some(key) = document.body_key() {
                    self.delete(Family::Bodies, &key);
                }
            }
        }
    }

    /// The state before the first block.
    pub(super) fn put_genesis(&mut self, state: &GenesisState) {
        for member in &state.members {
            self.put_borsh(Family::Members, member.id.as_str().as_bytes(), member);
        }
        self.put_pages(&state.pages);
    }

    /// Removes every row of a family.
    pub(super) fn clear(&mut self, family: Family) {
        // No key is longer than two digests, so this is after the last one.
        self.delete_range(family, &[], &[0xff; 65]);
    }

    /// Pages of the state tree; none is a page that is gone.
    pub(super) fn put_pages(&mut self, pages: &BTreeMap<PagePath, Option<Page>>) {
        for (path, page) in pages {
            match page {
                Some(page) => self.put(Family::Pages, &path.to_bytes(), &page.to_bytes()),
                None => self.delete(Family::Pages, &path.to_bytes()),
            }
        }
    }

    /// Writes the batch, all of it or nothing, and returns when it is on the disk.
    pub(super) fn write_synced(self) -> Result<(), Fatal> {
        Ok(self.db.write_opt(self.writes, &tuning::synced())?)
    }
}
