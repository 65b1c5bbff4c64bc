//! Rows: which column family holds what, under which key, in which encoding.
//!
//! | family | key | value | written by |
//! |---|---|---|---|
//! | `meta` | name | `schema` u32 BE · `chain` 32 bytes · `tip` [`TipRow`] · `voice` [`Voice`](super::Voice) · `floor` [`Floor`] · `filled` [`FilledRow`] · `taking over` `HeaderHash` | open, commit, voice, take over, backfill, prune |
//! | `headers` | height BE | `Header`, `Certificate` | commit, take over, backfill, prune |
//! | `payloads` | height BE | `Vec<`[`PlacedRow`]`>` | commit, backfill, prune |
//! | `statements` | `EnvelopeId` | `SignedStatement` | stage, backfill, prune |
//! | `bodies` | `BodyCommitment` ‖ `EnvelopeId` | `Body` | stage, backfill, prune |
//! | `erased` | `BodyCommitment` | [`ErasedRow`]: why it is gone | commit, backfill |
//! | `entries` | index BE | `Entry` | commit, backfill, prune |
//! | `placed` | `StatementId` | [`PlacedRow`] | commit, backfill, prune |
//! | `executed` | state key | [`ExecutedRow`], until its expiry has passed | commit, take over |
//! | `expiry` | not after, ms BE ‖ `StatementId` | nothing | commit, take over |
//! | `records` | state key | `Record` | commit, take over |
//! | `references` | state key | `RecordId` | commit, take over |
//! | `goods` | state key | fingerprint of pledged goods, `RecordId` | commit, take over |
//! | `proposals` | `StatementId` | `Proposal` | commit, take over |
//! | `members` | `MemberId` | `Member` | open, commit, take over |
//! | `rosters` | height BE of the block that made it; 0 for the first | `Roster`, which decides the blocks after it | open, commit, take over |
//! | `pages` | page path, a nibble to a byte | `Page` | open, commit, take over |
//! | `tiles` | tile level ‖ index BE | up to 256 hashes | commit, take over, backfill, prune |
//! | `evidence` | validator's key or member's state key, zeros for a fork ‖ `OffenceId` | `Offence` | accuse; never removed |
//! | `staged` | height BE ‖ `HeaderHash` | [`StagedRow`] | stage, dropped by commit |
//!
//! Values are borsh unless they say otherwise. Numbers in keys are big-endian, so that byte order is
//! numeric order. What is large and has a key in the state tree stands under it, so that all that lies below a page
//! of the tree is one range of each family: a snapshot is read that way. A body stands under its statement as well as its commitment: the commitment covers salt
//! and bytes but not the pepper, so a second issuer that puts the same document on the ledger must not
//! overwrite what opens the first one's reference.

use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use rocksdb::{ColumnFamily, DB};
use sampan_proto::block::Header;
use sampan_proto::codec;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{BodyCommitment, ChainId, EnvelopeId, HeaderHash, Height, OffenceId, StatementId};
use sampan_proto::merkle::frontier::Frontier;
use sampan_proto::merkle::tile::{TILE_HEIGHT, TILE_WIDTH, TileId};
use sampan_proto::text::Note;

use crate::core::ledger::{InForce, Placed, Tip};
use crate::fault::Fatal;

/// Version of the rows below. Another version is refused, never guessed at.
pub(super) const SCHEMA: u32 = 7;

/// Names in `meta`.
pub(super) const META_SCHEMA: &[u8] = b"schema";
pub(super) const META_CHAIN: &[u8] = b"chain";
pub(super) const META_TIP: &[u8] = b"tip";
pub(super) const META_VOICE: &[u8] = b"voice";
pub(super) const META_FLOOR: &[u8] = b"floor";
pub(super) const META_FILLED: &[u8] = b"filled";
pub(super) const META_TAKING_OVER: &[u8] = b"taking over";

/// A column family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Meta,
    Headers,
    Payloads,
    Statements,
    Bodies,
    Erased,
    Entries,
    Placed,
    Executed,
    Expiry,
    Records,
    References,
    Goods,
    Proposals,
    Members,
    Rosters,
    Pages,
    Tiles,
    Evidence,
    Staged,
}

impl Family {
    /// Every family, in the order of its discriminants.
    pub(super) const ALL: [Self; 20] = [
        Self::Meta,
        Self::Headers,
        Self::Payloads,
        Self::Statements,
        Self::Bodies,
        Self::Erased,
        Self::Entries,
        Self::Placed,
        Self::Executed,
        Self::Expiry,
        Self::Records,
        Self::References,
        Self::Goods,
        Self::Proposals,
        Self::Members,
        Self::Rosters,
        Self::Pages,
        Self::Tiles,
        Self::Evidence,
        Self::Staged,
    ];

    /// Its name in the database.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Headers => "headers",
            Self::Payloads => "payloads",
            Self::Statements => "statements",
            Self::Bodies => "bodies",
            Self::Erased => "erased",
            Self::Entries => "entries",
            Self::Placed => "placed",
            Self::Executed => "executed",
            Self::Expiry => "expiry",
            Self::Records => "records",
            Self::References => "references",
            Self::Goods => "goods",
            Self::Proposals => "proposals",
            Self::Members => "members",
            Self::Rosters => "rosters",
            Self::Pages => "pages",
            Self::Tiles => "tiles",
            Self::Evidence => "evidence",
            Self::Staged => "staged",
        }
    }

    /// Its handle in an open database.
    pub(super) fn handle(self, db: &DB) -> Result<&ColumnFamily, Fatal> {
        // `open` created every family; a missing one means that this is not our database.
        db.cf_handle(self.name()).ok_or_else(|| Fatal::Damaged(format!("no column family `{}`", self.name())))
    }
}

/// Where the chain stands, in `meta` under `tip`: written by every commit in the same batch as the block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct TipRow {
    height: Height,
    time_ms: u64,
    hash: HeaderHash,
    frontier: Frontier,
    state_root: Hash32,
    in_force: Arc<InForce>,
    /// The newest row of `expiry` that was removed. Everything added later expires later, so a scan starts
    /// here instead of walking over the tombstones of everything that ever expired.
    pub(super) expired_through: Option<(u64, StatementId)>,
}

impl TipRow {
    pub(super) fn new(tip: Tip, expired_through: Option<(u64, StatementId)>) -> Self {
        let Tip { height, time_ms, hash, frontier, state_root, in_force } = tip;
        Self { height, time_ms, hash, frontier, state_root, in_force, expired_through }
    }

    pub(super) fn tip(&self) -> Tip {
        Tip {
            height: self.height,
            time_ms: self.time_ms,
            hash: self.hash,
            frontier: self.frontier.clone(),
            state_root: self.state_root,
            in_force: Arc::clone(&self.in_force),
        }
    }
}

/// Where the history begins that a node holds: nothing up to this block, unless it was founded with the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Floor {
    /// The last block whose contents are not held; 0 when none is missing.
    pub height: Height,
    /// Entries of the log that are not held.
    pub entries: u64,
}

impl Floor {
    /// Whether the log of so many entries can be told of; of the empty one everybody can tell.
    #[must_use]
    pub const fn holds_log(&self, size: u64) -> bool {
        size == 0 || size >= self.entries
    }

    /// The first tile of a row that is held: those left of the edge of the log under the floor are not.
    #[must_use]
    pub fn first_tile(&self, level: u8) -> u64 {
        self.entries.checked_shr(u32::from(TILE_HEIGHT) * (u32::from(level) + 1)).unwrap_or(0)
    }
}

/// How far the past below the floor is filled in, in `meta` under `filled`.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct FilledRow {
    /// The last block that is.
    pub(super) height: Height,
    pub(super) hash: HeaderHash,
    /// The log after it.
    pub(super) frontier: Frontier,
}

impl FilledRow {
    /// Nothing is.
    pub(super) const fn genesis(chain: ChainId) -> Self {
        Self { height: Height::GENESIS, hash: HeaderHash(chain.0), frontier: Frontier::new() }
    }
}

/// A statement that must not be executed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct ExecutedRow {
    pub(super) statement: StatementId,
    pub(super) index: u64,
    pub(super) not_after_ms: u64,
}

/// An executed statement and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct PlacedRow {
    statement: StatementId,
    envelope: EnvelopeId,
    index: u64,
    not_after_ms: u64,
}

impl From<&Placed> for PlacedRow {
    fn from(placed: &Placed) -> Self {
        let Placed { statement, envelope, index, not_after_ms } = *placed;
        Self { statement, envelope, index, not_after_ms }
    }
}

impl From<PlacedRow> for Placed {
    fn from(row: PlacedRow) -> Self {
        let PlacedRow { statement, envelope, index, not_after_ms } = row;
        Self { statement, envelope, index, not_after_ms }
    }
}

/// Why a document is gone.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct ErasedRow {
    /// The block that erased it.
    pub(super) height: Height,
    /// The agency's reason, as its finding says.
    pub(super) reason: Note,
}

/// A block whose contents are durable and that may be decided: what it is and where its contents stand.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct StagedRow {
    pub(super) header: Header,
    /// In the block's order.
    pub(super) documents: Vec<StagedDocument>,
}

/// Keys of a staged document's rows in `statements` and `bodies`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct StagedDocument {
    pub(super) envelope: EnvelopeId,
    pub(super) body: Option<BodyCommitment>,
}

impl StagedDocument {
    /// Key of its body's row, if it brings a body.
    pub(super) fn body_key(&self) -> Option<[u8; 64]> {
        self.body.map(|commitment| body_key(&commitment, &self.envelope))
    }
}

/// Key in `headers`, `payloads` and `rosters`; prefix of keys in `staged`.
pub(super) const fn height_key(height: Height) -> [u8; 8] {
    height.0.to_be_bytes()
}

/// What a key of `headers`, `payloads` or `rosters` says.
pub(super) fn height_of(family: Family, key: &[u8]) -> Result<Height, Fatal> {
    let number = <[u8; 8]>::try_from(key).map_err(|_| unreadable(family, key))?;
    Ok(Height(u64::from_be_bytes(number)))
}

/// Key in `entries`.
pub(super) const fn index_key(index: u64) -> [u8; 8] {
    index.to_be_bytes()
}

/// Key in `tiles`.
pub(super) fn tile_key(level: u8, index: u64) -> [u8; 9] {
    let mut key = [level; 9];
    key[1..].copy_from_slice(&index.to_be_bytes());
    key
}

/// What a key of `tiles` says.
pub(super) fn tile_of(key: &[u8]) -> Result<TileId, Fatal> {
    let parts = key.split_first().and_then(|(level, index)| Some((*level, index.try_into().ok()?)));
    let (level, index) = parts.ok_or_else(|| unreadable(Family::Tiles, key))?;
    Ok(TileId { level, index: u64::from_be_bytes(index) })
}

/// Key in `expiry`.
pub(super) fn expiry_key(not_after_ms: u64, statement: &StatementId) -> [u8; 40] {
    number_and_hash(not_after_ms, &statement.0)
}

/// What a key in `expiry` says.
pub(super) fn expiry_of(key: &[u8]) -> Result<(u64, StatementId), Fatal> {
    let parts = key.split_first_chunk::<8>().and_then(|(number, id)| Some((*number, id.try_into().ok()?)));
    let (number, id) = parts.ok_or_else(|| unreadable(Family::Expiry, key))?;
    Ok((u64::from_be_bytes(number), StatementId(Hash32(id))))
}

/// Key in `evidence`.
pub(super) fn evidence_key(signer: &Hash32, id: &OffenceId) -> [u8; 64] {
    let mut key = [0; 64];
    key[..32].copy_from_slice(signer.as_bytes());
    key[32..].copy_from_slice(id.0.as_bytes());
    key
}

/// Key in `staged`.
pub(super) fn staged_key(height: Height, header: &HeaderHash) -> [u8; 40] {
    number_and_hash(height.0, &header.0)
}

/// Key in `bodies`.
pub(super) fn body_key(commitment: &BodyCommitment, envelope: &EnvelopeId) -> [u8; 64] {
    let mut key = [0; 64];
    key[..32].copy_from_slice(commitment.0.as_bytes());
    key[32..].copy_from_slice(envelope.0.as_bytes());
    key
}

fn number_and_hash(number: u64, hash: &Hash32) -> [u8; 40] {
    let mut key = [0; 40];
    key[..8].copy_from_slice(&number.to_be_bytes());
    key[8..].copy_from_slice(hash.as_bytes());
    key
}

/// Value in `tiles`.
pub(super) fn encode_tile(hashes: &[Hash32]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// Reads a value of `tiles`.
pub(super) fn decode_tile(key: &[u8], bytes: &[u8]) -> Result<Vec<Hash32>, Fatal> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() || hashes.len() > TILE_WIDTH {
        return Err(unreadable(Family::Tiles, key));
    }
    Ok(hashes.iter().map(|hash| Hash32(*hash)).collect())
}

/// Reads a borsh value that this software wrote. The database checks each block it reads against a
/// checksum, so a value that does not decode was written wrongly or by other software.
pub(super) fn decode<T: BorshDeserialize>(family: Family, key: &[u8], bytes: &[u8]) -> Result<T, Fatal> {
    codec::decode(bytes, bytes.len()).map_err(|_| unreadable(family, key))
}

/// A row that cannot be read.
pub(super) fn unreadable(family: Family, key: &[u8]) -> Fatal {
    Fatal::Damaged(format!("the row {} of `{}` cannot be read", key.escape_ascii(), family.name()))
}

/// A row that another row promises and that is not there.
pub(super) fn missing(family: Family, key: &[u8]) -> Fatal {
    Fatal::Damaged(format!("`{}` has no row {}", family.name(), key.escape_ascii()))
}
