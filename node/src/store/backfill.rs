//! Backfill: what came before a state that was taken over, block by block from the first one on.
//!
//! ```text
//!   1 ... filled ──▶ ...  floor │ what the node executed itself
//!   whole            missing    │
//! ```
//!
//! Nothing is executed again: each block is certified, links to the one before it and holds what its header says, and
//! its entries lead to the header's log root. When the last missing block is in, the floor goes away, and the store
//! holds what a store holds that was there from the beginning.

use std::collections::BTreeSet;
use std::sync::Arc;

use sampan_proto::block::Header;
use sampan_proto::entry::Entry;
use sampan_proto::ids::{BodyCommitment, Height};
use sampan_proto::merkle::tile;
use sampan_proto::statement::Action;
use sampan_proto::vote::Certificate;
use sampan_proto::wire::PastBlock;

use super::commit::{Batch, Prepared};
use super::schema::{self, ErasedRow, Family, FilledRow, META_FILLED, META_FLOOR};
use super::{Inner, Reader, Store};
use crate::core::Document;
use crate::core::ledger::{Placed, View as _};
use crate::fault::Fatal;

/// A decided block of the past: certificate and contents are checked, and its entries are what a peer says they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// What was decided.
    pub header: Header,
    /// Who decided it.
    pub certificate: Certificate,
    /// The contents, in order.
    pub documents: Vec<Arc<Document>>,
    /// What the block added to the log.
    pub entries: Vec<Entry>,
}

/// Whoever sent the block is to blame: it does not link to the one before it, or its entries are not those of the log
/// that its header names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the block at height {0} does not continue the past")]
pub struct BadPast(pub Height);

impl Reader<'_> {
    /// The next block of the past that is missing; none when nothing is.
    pub fn missing(&self) -> Result<Option<Height>, Fatal> {
        let floor = self.floor()?.height;
        Ok(if floor == Height::GENESIS { None } else { Some(self.filled()?.height.next()) })
    }

    /// A decided block with its entries, for whoever fills in its past.
    pub fn past(&self, height: Height) -> Result<Option<PastBlock>, Fatal> {
        let Some(block) = self.block(height)? else { return Ok(None) };
        let before = Height(height.0 - 1);
        let first = if before == Height::GENESIS { 0 } else { self.log_after(before)? };
        let indexes: Vec<[u8; 8]> = (first..block.header.log_size).map(schema::index_key).collect();
        Ok(Some(PastBlock { block, entries: self.must_get_all(Family::Entries, &indexes)? }))
    }

    /// Entries in the log after a block.
    pub(super) fn log_after(&self, height: Height) -> Result<u64, Fatal> {
        let missing = || schema::missing(Family::Headers, &schema::height_key(height));
        Ok(self.header(height)?.ok_or_else(missing)?.0.log_size)
    }

    /// How far the past is filled in.
    fn filled(&self) -> Result<FilledRow, Fatal> {
        Ok(self.filling()?.unwrap_or_else(|| FilledRow::genesis(self.inner.chain)))
    }

    /// The same; none unless it was begun.
    pub(super) fn filling(&self) -> Result<Option<FilledRow>, Fatal> {
        self.get(Family::Meta, META_FILLED)
    }
}

impl Store {
    /// Fills in blocks that follow the last one filled in, in one batch; those up to a bad one count. More than is
    /// missing is left alone.
    ///
    /// # Errors
    /// Stop the node: whether a failed write is on the disk is unknown. [`Fatal::Consensus`] when the whole past is
    /// here and does not lead to the state that was taken over.
    pub fn fill_in(&self, past: &[Past]) -> Result<Result<(), BadPast>, Fatal> {
        let mut verdict = Ok(());
        // A crash before this is synced leaves the blocks missing: they are asked for again.
        self.0.write(|inner| {
            let filling = Filling::check(inner, past)?;
            verdict = filling.verdict;
            filling.batch(inner)
        })?;
        Ok(verdict)
    }
}

/// The blocks of a page that continue the past.
struct Filling<'a> {
    before: FilledRow,
    after: FilledRow,
    blocks: Vec<(&'a Past, Vec<Placed>)>,
    /// The whole past is here.
    whole: bool,
    verdict: Result<(), BadPast>,
}

impl<'a> Filling<'a> {
    fn check(inner: &Inner, past: &'a [Past]) -> Result<Self, Fatal> {
        let reader = Reader::new(inner);
        let (floor, before) = (reader.floor()?.height, reader.filled()?);
        let mut filling = Self { after: before.clone(), before, blocks: Vec::new(), whole: false, verdict: Ok(()) };
        let missing = past.iter().skip_while(|block| block.header.height <= filling.before.height);
        for block in missing.take_while(|block| block.header.height <= floor) {
            let Some((after, placed)) = filling.after.extended(block) else {
                filling.verdict = Err(BadPast(block.header.height));
                break;
            };
            (filling.after, filling.whole) = (after, block.header.height == floor);
            filling.blocks.push((block, placed));
        }
        if filling.whole && reader.header(floor)?.is_none_or(|(header, _)| header.hash() != filling.after.hash) {
            let detail = format!("the blocks before height {floor} do not lead to the state that was taken over there");
            return Err(Fatal::Consensus(detail));
        }
        Ok(filling)
    }

    fn batch<'b>(&self, inner: &'b Inner) -> Result<Prepared<'b>, Fatal> {
        if self.blocks.is_empty() {
            return Ok(None);
        }
        let mut batch = Batch::new(&inner.db, 0)?;
        let erased = erasures(&Reader::new(inner), &self.blocks)?;
        let gone: BTreeSet<BodyCommitment> = erased.iter().map(|(commitment, _)| *commitment).collect();
        let mut index = self.before.frontier.size();
        for (block, placed) in &self.blocks {
            let height = block.header.height;
            batch.put_borsh(Family::Headers, &schema::height_key(height), &(&block.header, &block.certificate));
            for (index, entry) in (index..).zip(&block.entries) {
                batch.put_borsh(Family::Entries, &schema::index_key(index), entry);
            }
            index = block.header.log_size;
            batch.put_places(height, placed);
            for document in &block.documents {
                let mut row = inner.staged_document(document)?;
                row.body = row.body.filter(|commitment| !gone.contains(commitment));
                batch.put_contents(document, &row);
            }
        }
        let leaves: Vec<_> = self.blocks.iter().flat_map(|(block, _)| &block.entries).map(Entry::leaf_hash).collect();
        for piece in tile::append(&mut self.before.frontier.clone(), &leaves).iter().flat_map(tile::RowAppend::tiles) {
            inner.put_tile(&mut batch, &piece)?;
        }
        for (commitment, row) in &erased {
            inner.erase(&mut batch, commitment, row)?;
        }
        if self.whole {
            batch.delete(Family::Meta, META_FLOOR);
            batch.delete(Family::Meta, META_FILLED);
        } else {
            batch.put_borsh(Family::Meta, META_FILLED, &self.after);
        }
        Ok(Some((batch, None)))
    }
}

impl FilledRow {
    /// After one more block, with the places of its statements; none when the block does not continue this past.
    fn extended(&self, block: &Past) -> Option<(Self, Vec<Placed>)> {
        let Past { header, documents, entries, .. } = block;
        let mut frontier = self.frontier.clone();
        for entry in entries {
            frontier.append(entry.leaf_hash());
        }
        let follows = header.height == self.height.next() && header.previous == self.hash;
        if !follows || frontier.size() != header.log_size || frontier.root() != header.log_root {
            return None;
        }
        let placed = places(documents, (self.frontier.size()..).zip(entries)).collect::<Option<_>>()?;
        Some((Self { height: header.height, hash: header.hash(), frontier }, placed))
    }
}

/// Where each statement's own entry stands: the first that names it. Entries are in the order of statements.
fn places<'a>(
    documents: &'a [Arc<Document>],
    mut entries: impl Iterator<Item = (u64, &'a Entry)> + 'a,
) -> impl Iterator<Item = Option<Placed>> + 'a {
    documents.iter().map(move |document| {
        let (statement, envelope) = (document.statement().id(), document.statement().envelope());
        let (index, _) = entries.find(|(_, entry)| matches!(entry, Entry::Act(act) if act.statement == statement))?;
        let not_after_ms = document.statement().statement().not_after_ms;
        Some(Placed { statement, envelope, index, not_after_ms })
    })
}

/// Documents that these blocks ordered to be erased.
fn erasures(reader: &Reader<'_>, blocks: &[(&Past, Vec<Placed>)]) -> Result<Vec<(BodyCommitment, ErasedRow)>, Fatal> {
    let mut erased = Vec::new();
    for (block, _) in blocks {
        for document in &block.documents {
            let Action::Finding(finding) = &document.statement().statement().action else { continue };
            // Every record there ever was is in the state.
            if let (true, Some(record)) = (finding.erases(), reader.record(&finding.record)?) {
                let row = ErasedRow { height: block.header.height, reason: finding.says.clone() };
                erased.push((record.body, row));
            }
        }
    }
    Ok(erased)
}
