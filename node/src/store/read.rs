//! Reading: committed state as of one moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use borsh::BorshDeserialize;
use rocksdb::{DB, DBIteratorWithThreadMode, DBPinnableSlice, Direction, IteratorMode, ReadOptions, Snapshot};
use sampan_proto::block::{Block, Header};
use sampan_proto::body::Body;
use sampan_proto::entry::{ActEntry, Entry};
use sampan_proto::governance::Proposal;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{BodyCommitment, EnvelopeId, Height, MemberId, RecordId, StatementId};
use sampan_proto::limits;
use sampan_proto::member::Member;
use sampan_proto::merkle::state::tree::{PageRead, TreeError};
use sampan_proto::merkle::state::{Page, PagePath};
use sampan_proto::merkle::tile::{TileError, TileRead};
use sampan_proto::record::Record;
use sampan_proto::roster::Roster;
use sampan_proto::state_key;
use sampan_proto::statement::SignedStatement;
use sampan_proto::text::Note;
use sampan_proto::vote::Certificate;
use sampan_proto::wire;

use super::commit::StagedBlock;
use super::schema::{self, ErasedRow, Family, Floor, META_FLOOR, META_TIP, PlacedRow, StagedRow, TipRow};
use super::{Inner, Store};
use crate::core::ledger::{Placed, Tip, View};
use crate::fault::Fatal;

/// Rows fetched together: few enough that a request for the largest documents stays small in memory.
const ROWS_AT_ONCE: usize = 64;

/// Committed state as of the moment it was made: a snapshot. Commits after that do not change what it
/// shows, and it shows whole blocks only. It keeps what later blocks replace on the disk, so drop it soon.
pub struct Reader<'a> {
    pub(super) inner: &'a Inner,
    pub(super) snapshot: Snapshot<'a>,
    /// Point reads at the snapshot, made once: there are thousands of them in a block.
    options: ReadOptions,
    /// The registry as of the snapshot, if it is the one in memory.
    members: Option<Arc<BTreeMap<MemberId, Arc<Member>>>>,
}

type Row<'a> = DBPinnableSlice<'a>;
/// A row of an iterator.
pub(super) type KeyValue = (Box<[u8]>, Box<[u8]>);

/// A part of a record's history.
#[derive(Debug)]
pub struct Acts {
    /// Oldest first: the index in the log, the entry, the statement.
    pub acts: Vec<(u64, Entry, SignedStatement)>,
    /// The index of the newest act that is older; none when these go back to the issue.
    pub older: Option<u64>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(inner: &'a Inner) -> Self {
        let snapshot = inner.db.snapshot();
        let mut options = ReadOptions::default();
        options.set_snapshot(&snapshot);
        let mut reader = Self { inner, snapshot, options, members: None };
        reader.members = reader.registry();
        reader
    }

    /// The registry in memory, unless it is of a later block than the snapshot. A change is announced there before
    /// it is written, so a snapshot can be older than it, never newer.
    fn registry(&self) -> Option<Arc<BTreeMap<MemberId, Arc<Member>>>> {
        let registry = self.inner.registry.read().ok()?.clone();
        let known = registry.since == Height::GENESIS || self.tip_row().ok()?.tip().height >= registry.since;
        known.then_some(registry.members)
    }

    fn row(&self, family: Family, key: &[u8]) -> Result<Option<Row<'_>>, Fatal> {
        Ok(self.inner.db.get_pinned_cf_opt(family.handle(&self.inner.db)?, key, &self.options)?)
    }

    pub(super) fn get<T: BorshDeserialize>(&self, family: Family, key: &[u8]) -> Result<Option<T>, Fatal> {
        self.row(family, key)?.map(|row| schema::decode(family, key, &row)).transpose()
    }

    fn must_get<T: BorshDeserialize>(&self, family: Family, key: &[u8]) -> Result<T, Fatal> {
        self.get(family, key)?.ok_or_else(|| schema::missing(family, key))
    }

    /// Many rows at once, in the order of their keys.
    pub(super) fn rows<const N: usize>(&self, family: Family, keys: &[[u8; N]]) -> Result<Vec<Option<Row<'_>>>, Fatal> {
        let handle = family.handle(&self.inner.db)?;
        let rows = self.inner.db.batched_multi_get_cf_opt(handle, keys, false, &self.options);
        Ok(rows.into_iter().collect::<Result<_, _>>()?)
    }

    /// Many rows at once, all of which must be there.
    pub(super) fn must_get_all<T: BorshDeserialize, const N: usize>(
        &self,
        family: Family,
        keys: &[[u8; N]],
    ) -> Result<Vec<T>, Fatal> {
        let decode = |(key, row): (&[u8; N], Option<Row<'_>>)| {
            let row = row.ok_or_else(|| schema::missing(family, key))?;
            schema::decode(family, key, &row)
        };
        keys.iter().zip(self.rows(family, keys)?).map(decode).collect()
    }

    fn tip_row(&self) -> Result<TipRow, Fatal> {
        self.must_get(Family::Meta, META_TIP)
    }

    /// Where the history begins that is held here.
    pub fn floor(&self) -> Result<Floor, Fatal> {
        Ok(self.get(Family::Meta, META_FLOOR)?.unwrap_or_default())
    }

    /// Rows of a family at the snapshot, in the order of their keys.
    pub(super) fn rows_from(
        &self,
        family: Family,
        options: ReadOptions,
        from: IteratorMode<'_>,
    ) -> Result<DBIteratorWithThreadMode<'_, DB>, Fatal> {
        Ok(self.snapshot.iterator_cf_opt(family.handle(&self.inner.db)?, options, from))
    }

    /// The block that the next one builds on.
    pub fn tip(&self) -> Result<Tip, Fatal> {
        Ok(self.tip_row()?.tip())
    }

    /// The newest header and its certificate; none before the first block.
    pub fn head(&self) -> Result<Option<(Header, Certificate)>, Fatal> {
        self.header(self.tip()?.height)
    }

    /// The header at a height and its certificate.
    pub fn header(&self, height: Height) -> Result<Option<(Header, Certificate)>, Fatal> {
        self.get(Family::Headers, &schema::height_key(height))
    }

    /// Every row of a family of few, with its key.
    pub(super) fn rows_of(&self, family: Family) -> Result<Vec<KeyValue>, Fatal> {
        let rows = self.snapshot.iterator_cf(family.handle(&self.inner.db)?, IteratorMode::Start);
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Every proposal there ever was.
    pub fn proposals(&self) -> Result<Vec<Proposal>, Fatal> {
        let rows = self.rows_of(Family::Proposals)?;
        rows.into_iter().map(|(key, value)| schema::decode(Family::Proposals, &key, &value)).collect()
    }

    /// The roster that decides the block at a height; none beyond the block after the tip, for that is not settled.
    pub fn roster(&self, height: Height) -> Result<Option<Roster>, Fatal> {
        if height == Height::GENESIS || height > self.tip()?.height.next() {
            return Ok(None);
        }
        let before = schema::height_key(Height(height.0 - 1));
        let rosters = Family::Rosters.handle(&self.inner.db)?;
        let start = IteratorMode::From(&before, Direction::Reverse);
        let row = self.snapshot.iterator_cf(rosters, start).next();
        // `open` wrote the first roster under height 0.
        let (key, value) = row.ok_or_else(|| schema::missing(Family::Rosters, &before))??;
        schema::decode(Family::Rosters, &key, &value).map(Some)
    }

    /// Every change of the roster, oldest first: the height whose block made it, and who decides from there on.
    pub(super) fn handovers(&self) -> Result<Vec<(Height, Roster)>, Fatal> {
        let first = schema::height_key(Height(1));
        let rosters = Family::Rosters.handle(&self.inner.db)?;
        let rows = self.snapshot.iterator_cf(rosters, IteratorMode::From(&first, Direction::Forward));
        rows.map(|row| {
            let (key, value) = row?;
            Ok((schema::height_of(Family::Rosters, &key)?, schema::decode(Family::Rosters, &key, &value)?))
        })
        .collect()
    }

    /// The last row of `headers`, whatever the tip says: for the check at boot.
    pub(super) fn newest_header(&self) -> Result<Option<(Header, Certificate)>, Fatal> {
        let headers = Family::Headers.handle(&self.inner.db)?;
        let Some(row) = self.snapshot.iterator_cf(headers, IteratorMode::End).next() else { return Ok(None) };
        let (key, value) = row?;
        schema::decode(Family::Headers, &key, &value).map(Some)
    }

    /// What the block at a height executed, in order; empty for a height that is not decided.
    pub fn placed_in(&self, height: Height) -> Result<Vec<Placed>, Fatal> {
        let rows: Option<Vec<PlacedRow>> = self.get(Family::Payloads, &schema::height_key(height))?;
        Ok(rows.into_iter().flatten().map(Placed::from).collect())
    }

    /// The place of an executed statement.
    pub fn placed(&self, id: &StatementId) -> Result<Option<Placed>, Fatal> {
        let row: Option<PlacedRow> = self.get(Family::Placed, id.0.as_bytes())?;
        Ok(row.map(Placed::from))
    }

    /// The log entry at an index.
    pub fn entry(&self, index: u64) -> Result<Option<Entry>, Fatal> {
        self.get(Family::Entries, &schema::index_key(index))
    }

    /// A statement, final or staged.
    pub fn statement(&self, id: &EnvelopeId) -> Result<Option<SignedStatement>, Fatal> {
        self.get(Family::Statements, id.0.as_bytes())
    }

    /// A body by its commitment, final or staged. Whoever opened that commitment on the ledger, bytes and
    /// salt are the same; the pepper is the issuer's own, so for a record ask [`Reader::record_body`].
    pub fn body(&self, commitment: &BodyCommitment) -> Result<Option<Body>, Fatal> {
        let prefix = commitment.0.as_bytes();
        let bodies = Family::Bodies.handle(&self.inner.db)?;
        let start = IteratorMode::From(prefix, Direction::Forward);
        let Some(row) = self.snapshot.iterator_cf(bodies, start).next() else { return Ok(None) };
        let (key, value) = row?;
        if !key.starts_with(prefix) {
            return Ok(None);
        }
        schema::decode(Family::Bodies, &key, &value).map(Some)
    }

    /// The body that a record was issued with; none when there is no such record or this node does not hold
    /// its body.
    pub fn record_body(&self, id: &RecordId) -> Result<Option<Body>, Fatal> {
        let Some(record) = self.record(id)? else { return Ok(None) };
        let issue = self.issue(&record)?;
        self.get(Family::Bodies, &schema::body_key(&record.body, &issue.envelope))
    }

    /// The place of the statement that issued a record.
    pub(super) fn issue(&self, record: &Record) -> Result<Placed, Fatal> {
        let (id, height) = (record.id, record.issued_at);
        let damaged = || Fatal::Damaged(format!("block {height} does not hold the issue of record {}", id.0.short()));
        let placed = self.placed_in(height)?;
        placed.into_iter().find(|placed| Record::id_of(placed.statement) == id).ok_or_else(damaged)
    }

    /// Why the document of a record was erased, and in which block; none if it was not.
    pub fn erased(&self, record: &Record) -> Result<Option<(Height, Note)>, Fatal> {
        let row: Option<ErasedRow> = self.get(Family::Erased, record.body.0.as_bytes())?;
        Ok(row.map(|row| (row.height, row.reason)))
    }

    /// The registry, in order of ids.
    pub fn members(&self) -> Result<Vec<Arc<Member>>, Fatal> {
        if let Some(members) = &self.members {
            return Ok(members.values().cloned().collect());
        }
        let mut options = ReadOptions::default();
        options.set_snapshot(&self.snapshot);
        let rows = self.inner.db.iterator_cf_opt(Family::Members.handle(&self.inner.db)?, options, IteratorMode::Start);
        rows.map(|row| {
            let (key, value) = row?;
            schema::decode(Family::Members, &key, &value).map(Arc::new)
        })
        .collect()
    }

    /// A decided block with its statements, and with the bodies that this node holds.
    pub fn block(&self, height: Height) -> Result<Option<Block>, Fatal> {
        let Some((header, certificate)) = self.header(height)? else { return Ok(None) };
        let placed = self.placed_in(height)?;
        let envelopes: Vec<[u8; 32]> = placed.iter().map(|placed| placed.envelope.0.0).collect();
        let statements = self.must_get_all(Family::Statements, &envelopes)?;
        let indexes: Vec<[u8; 8]> = placed.iter().map(|placed| schema::index_key(placed.index)).collect();
        let entries: Vec<Entry> = self.must_get_all(Family::Entries, &indexes)?;
        let commitment = |(placed, entry): (&Placed, &Entry)| match entry {
            Entry::Act(ActEntry { body: Some(body), .. }) => Some(schema::body_key(body, &placed.envelope)),
            Entry::Act(_) | Entry::Block(_) => None,
        };
        let keys: Vec<Option<[u8; 64]>> = placed.iter().zip(&entries).map(commitment).collect();
        Ok(Some(Block { header, certificate, statements, bodies: self.bodies(&keys)? }))
    }

    /// Bodies by their keys, where there is a key and a row.
    fn bodies(&self, keys: &[Option<[u8; 64]>]) -> Result<Vec<Option<Body>>, Fatal> {
        let present: Vec<[u8; 64]> = keys.iter().flatten().copied().collect();
        let mut rows = present.iter().zip(self.rows(Family::Bodies, &present)?);
        let body = |key: &Option<[u8; 64]>| {
            let row = key.and_then(|_| rows.next());
            let Some((key, Some(row))) = row else { return Ok(None) };
            schema::decode(Family::Bodies, key, &row).map(Some)
        };
        keys.iter().map(body).collect()
    }

    /// Statements with their bodies, final or staged, in the order asked for: those that this node holds
    /// whole, as many as one page takes (a whole block always fits).
    pub fn documents(&self, envelopes: &[EnvelopeId]) -> Result<Vec<wire::Document>, Fatal> {
        let mut documents = Vec::new();
        let mut bytes = 0;
        for envelopes in envelopes.chunks(ROWS_AT_ONCE) {
            let keys: Vec<[u8; 32]> = envelopes.iter().map(|envelope| envelope.0.0).collect();
            for (key, row) in keys.iter().zip(self.rows(Family::Statements, &keys)?) {
                let Some(row) = row else { continue };
                let Some(document) = self.document(key, &row)? else { continue };
                bytes += row.len() + 1 + document.body.as_ref().map_or(0, |body| body.bytes.len() + 68);
                if bytes > limits::BLOCK_BYTES {
                    return Ok(documents);
                }
                documents.push(document);
            }
        }
        Ok(documents)
    }

    /// A statement's row with its body; none when it needs a body that this node does not hold.
    fn document(&self, envelope: &[u8; 32], row: &[u8]) -> Result<Option<wire::Document>, Fatal> {
        let statement: SignedStatement = schema::decode(Family::Statements, envelope, row)?;
        let parsed = statement.parse().map_err(|_| schema::unreadable(Family::Statements, envelope))?;
        let Some(committed) = parsed.action.body() else { return Ok(Some(wire::Document { statement, body: None })) };
        let key = schema::body_key(&committed.commitment, &EnvelopeId(Hash32(*envelope)));
        let body: Option<Body> = self.get(Family::Bodies, &key)?;
        Ok(body.map(|body| wire::Document { statement, body: Some(body) }))
    }

    /// What happened to a record up to the entry at an index, or up to now: at most so many acts, oldest first, with each
    /// entry's index, and the index from which older ones go on. Empty when there is no such record, or none of its
    /// entries there. Walks back from the newest.
    pub fn history(&self, id: &RecordId, newest: Option<u64>, most: usize) -> Result<Acts, Fatal> {
        let mut next = match newest {
            None => self.record(id)?.map(|record| record.last.index),
            Some(index) => match self.entry(index)? {
                Some(Entry::Act(act)) if act.record == *id => Some(index),
                _ => None,
            },
        };
        let mut acts: Vec<(u64, ActEntry)> = Vec::new();
        while let Some(index) = next.filter(|_| acts.len() < most) {
            let key = schema::index_key(index);
            let Entry::Act(act) = self.must_get(Family::Entries, &key)? else {
                return Err(schema::unreadable(Family::Entries, &key));
            };
            // Entries only name earlier ones: a walk that does not go back would never end.
            if act.previous.is_some_and(|previous| previous.index >= index) {
                return Err(schema::unreadable(Family::Entries, &key));
            }
            next = act.previous.map(|previous| previous.index);
            acts.push((index, act));
        }
        acts.reverse();
        let statements: Vec<[u8; 32]> = acts.iter().map(|(_, act)| act.statement.0.0).collect();
        let placed: Vec<PlacedRow> = self.must_get_all(Family::Placed, &statements)?;
        let envelopes: Vec<[u8; 32]> = placed.iter().map(|row| Placed::from(*row).envelope.0.0).collect();
        let statements: Vec<SignedStatement> = self.must_get_all(Family::Statements, &envelopes)?;
        let act = |((index, act), statement)| (index, Entry::Act(act), statement);
        Ok(Acts { acts: acts.into_iter().zip(statements).map(act).collect(), older: next })
    }

    fn staged(&self, height: Height) -> Result<Vec<StagedBlock>, Fatal> {
        let prefix = schema::height_key(height);
        let start = IteratorMode::From(&prefix, Direction::Forward);
        let mut blocks = Vec::new();
        for row in self.snapshot.iterator_cf(Family::Staged.handle(&self.inner.db)?, start) {
            let (key, value) = row?;
            if !key.starts_with(&prefix) {
                break;
            }
            let StagedRow { header, documents } = schema::decode(Family::Staged, &key, &value)?;
            let envelopes: Vec<[u8; 32]> = documents.iter().map(|document| document.envelope.0.0).collect();
            let keys: Vec<Option<[u8; 64]>> = documents.iter().map(schema::StagedDocument::body_key).collect();
            let statements: Vec<SignedStatement> = self.must_get_all(Family::Statements, &envelopes)?;
            let bodies = self.bodies(&keys)?;
            // Written in one batch with the row: a body that is promised and absent is damage.
            if let Some((Some(key), _)) = keys.iter().zip(&bodies).find(|(key, body)| key.is_some() && body.is_none()) {
                return Err(schema::missing(Family::Bodies, key));
            }
            let document = |(statement, body)| wire::Document { statement, body };
            let documents = statements.into_iter().zip(bodies).map(document).collect();
            blocks.push(StagedBlock { header, documents });
        }
        Ok(blocks)
    }
}

impl Store {
    /// The blocks staged for a height that is not decided yet, contents included: what a restarted node may
    /// have voted for.
    pub fn staged(&self, height: Height) -> Result<Vec<StagedBlock>, Fatal> {
        self.reader().staged(height)
    }
}

/// Any walk over stored pages ends in this: a page that a slot names and that is gone is damage.
impl From<TreeError<Self>> for Fatal {
    fn from(error: TreeError<Self>) -> Self {
        match error {
            TreeError::Read(fatal) => fatal,
            TreeError::Missing(_) => Self::Damaged(error.to_string()),
        }
    }
}

/// Any walk over stored tiles ends in this: a tile shorter than the log that it belongs to is damage.
impl From<TileError<Self>> for Fatal {
    fn from(error: TileError<Self>) -> Self {
        match error {
            TileError::Read(fatal) => fatal,
            TileError::Short(_) => Self::Damaged(error.to_string()),
        }
    }
}

impl PageRead for Reader<'_> {
    type Error = Fatal;

    fn page(&self, path: &PagePath) -> Result<Option<Page>, Fatal> {
        let key = path.to_bytes();
        let page = |row: Row<'_>| Page::from_bytes(&row).map_err(|_| schema::unreadable(Family::Pages, &key));
        self.row(Family::Pages, &key)?.map(page).transpose()
    }
}

/// A snapshot holds exactly the tiles of its own log size, so none has to be cut to it.
impl TileRead for Reader<'_> {
    type Error = Fatal;

    fn tile(&self, level: u8, index: u64) -> Result<Vec<Hash32>, Fatal> {
        let key = schema::tile_key(level, index);
        self.row(Family::Tiles, &key)?.map_or_else(|| Ok(Vec::new()), |row| schema::decode_tile(&key, &row))
    }
}

impl View for Reader<'_> {
    fn member(&self, id: &MemberId) -> Result<Option<Arc<Member>>, Fatal> {
        match &self.members {
            Some(members) => Ok(members.get(id).cloned()),
            None => Ok(self.get(Family::Members, id.as_str().as_bytes())?.map(Arc::new)),
        }
    }

    fn record(&self, id: &RecordId) -> Result<Option<Record>, Fatal> {
        self.get(Family::Records, state_key::record(id).as_bytes())
    }

    fn reference(&self, key: &Hash32) -> Result<Option<RecordId>, Fatal> {
        self.get(Family::References, key.as_bytes())
    }

    fn pledged(&self, goods: &Hash32) -> Result<Option<RecordId>, Fatal> {
        let row: Option<(Hash32, RecordId)> = self.get(Family::Goods, state_key::goods(goods).as_bytes())?;
        Ok(row.map(|(_, record)| record))
    }

    fn proposal(&self, id: &StatementId) -> Result<Option<Proposal>, Fatal> {
        self.get(Family::Proposals, id.0.as_bytes())
    }

    fn executed(&self, id: &StatementId) -> Result<bool, Fatal> {
        Ok(self.row(Family::Executed, state_key::executed(id).as_bytes())?.is_some())
    }

    fn expired(&self, time_ms: u64, limit: usize) -> Result<Vec<(u64, StatementId)>, Fatal> {
        let mut options = ReadOptions::default();
        if let Some((not_after_ms, statement)) = self.tip_row()?.expired_through {
            options.set_iterate_lower_bound(schema::expiry_key(not_after_ms, &statement));
        }
        // Exclusive, and shorter than any key: rows of `time_ms` itself are not expired yet.
        options.set_iterate_upper_bound(time_ms.to_be_bytes());
        let expiry = Family::Expiry.handle(&self.inner.db)?;
        let rows = self.snapshot.iterator_cf_opt(expiry, options, IteratorMode::Start);
        rows.take(limit).map(|row| schema::expiry_of(&row?.0)).collect()
    }
}
