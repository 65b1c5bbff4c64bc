//! Check of a store: everything that is kept is derived again, and compared.
//!
//! | depth | derived again | compared with |
//! |---|---|---|
//! | [`Depth::Log`] | each header's place, roster and certificate; its payload from the statements; the log's root after it and its tiles from the entries | the headers, every tile |
//! | [`Depth::State`] | besides: every block executed again from the genesis, bodies included | every root, and every row of the state |
//!
//! A node that took the state over begins after the block that it took it after, which is derived from the genesis by the
//! handovers; at [`Depth::State`] its rows are compared with the newest root, for what led there is not held, and the
//! bodies of its blocks with what their statements commit to.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use borsh::BorshDeserialize;
use rocksdb::IteratorMode;
use sampan_proto::audit::{Audit, Count};
use sampan_proto::block::{Header, payload_hash};
use sampan_proto::entry::Entry;
use sampan_proto::genesis::Genesis;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{EnvelopeId, HeaderHash, Height, RecordId, StatementId};
use sampan_proto::member::Member;
use sampan_proto::merkle::frontier::Frontier;
use sampan_proto::merkle::state::PagePath;
use sampan_proto::merkle::state::tree::PageRead as _;
use sampan_proto::merkle::tile::{self, RowAppend, TILE_HEIGHT, TILE_WIDTH, TileAppend, TileId, TileRead as _};
use sampan_proto::proof::check_commitment;
use sampan_proto::snapshot::Item;
use sampan_proto::state_key;
use sampan_proto::statement::SignedStatement;

use super::Reader;
use super::schema::{self, ExecutedRow, Family};
use crate::fault::Fatal;

/// How much is derived again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Headers, certificates, statements and the log.
    Log,
    /// Besides: the state, by executing every block; on a node that took it over, by its tree.
    State,
}

/// What was derived and is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sound {
    /// The last block that is not held here.
    pub floor: Height,
    /// The newest block.
    pub height: Height,
    /// Entries of the log.
    pub entries: u64,
    /// How the state was derived, if it was.
    pub state: Option<StateSound>,
}

/// How a state was derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateSound {
    /// By executing every block.
    Executed(Count),
    /// So many items lead to the newest header's state root.
    Committed(u64),
}

/// The chain as far as it is derived.
struct Walk {
    previous: HeaderHash,
    frontier: Frontier,
}

impl Reader<'_> {
    /// Derives everything again. `reached` hears of every block.
    ///
    /// # Errors
    /// [`Fatal::Damaged`] names the first place that is not as it should be.
    pub fn fsck(&self, genesis: &Genesis, depth: Depth, mut reached: impl FnMut(Height)) -> Result<Sound, Fatal> {
        let (tip, floor) = (self.tip()?, self.floor()?.height);
        let mut walk = self.begin(genesis, floor)?;
        let mut audit = (depth == Depth::State && floor == Height::GENESIS).then(|| Audit::new(genesis.clone()));
        for height in (floor.0 + 1..=tip.height.0).map(Height) {
            self.check_block(height, genesis, &mut walk)?;
            if let Some(audit) = &mut audit {
                let block = self.block(height)?.ok_or_else(|| wrong(height, "it is not there"))?;
                audit.block(&block).map_err(|fault| Fatal::Damaged(fault.to_string()))?;
            } else if depth == Depth::State {
                self.check_bodies(height)?;
            }
            reached(height);
        }
        self.check_tiles(walk.frontier.size())?;
        let state = match (&audit, depth) {
            (Some(audit), _) => {
                self.check_rows(audit)?;
                Some(StateSound::Executed(audit.count()))
            }
            (None, Depth::State) => Some(StateSound::Committed(self.check_tree()?)),
            (None, Depth::Log) => None,
        };
        Ok(Sound { floor, height: tip.height, entries: walk.frontier.size(), state })
    }

    /// The chain before the first block that is held here: nothing, or what the genesis leads to by the handovers.
    fn begin(&self, genesis: &Genesis, floor: Height) -> Result<Walk, Fatal> {
        if floor == Height::GENESIS {
            return Ok(Walk { previous: HeaderHash(genesis.chain.0), frontier: Frontier::new() });
        }
        let manifest = self.manifest_at(floor)?.ok_or_else(|| wrong(floor, "it is not there"))?;
        let manifest = manifest.check(genesis.chain, &genesis.roster).map_err(|bad| wrong(floor, bad))?.manifest;
        let frontier = manifest.edge.frontier(manifest.header.log_size);
        let frontier = frontier.ok_or_else(|| wrong(floor, "its log has another edge"))?;
        Ok(Walk { previous: manifest.header.hash(), frontier })
    }

    /// The rows of the state lead to the root that the newest header commits to, page by page. Gives how many there are.
    fn check_tree(&self) -> Result<u64, Fatal> {
        let Some((header, _)) = self.head()? else { return Ok(0) };
        let wrong = |what: &dyn Display| wrong(header.height, format!("its state: {what}"));
        let mut promised = BTreeMap::from([(PagePath::ROOT, header.state_root)]);
        let (mut items, mut members, mut expiry) = (0, BTreeMap::new(), BTreeSet::new());
        while let Some((path, hash)) = promised.pop_first() {
            let part = self.part(&path)?.ok_or_else(|| wrong(&"a part is not there"))?;
            let part = part.check(&path, &hash).map_err(|bad| wrong(&bad))?;
            for (path, page) in &part.pages {
                if self.page(path)?.as_ref() != Some(page) {
                    return Err(wrong(&"a page is not what its rows lead to"));
                }
            }
            items += part.items.len() as u64;
            for (_, item) in part.items {
                match item {
                    Item::Member(member) => {
                        members.insert(member.id.clone(), member);
                    }
                    Item::Executed { statement, not_after_ms, .. } => {
                        expiry.insert((not_after_ms, statement));
                    }
                    _ => {}
                }
            }
            promised.extend(part.below);
        }
        // The registry is answered from memory; its rows are what the next start reads.
        self.same_rows::<_, _, Member>(Family::Members, &members, |id| id.as_str().as_bytes().to_vec())?;
        self.same_expiry(&expiry)?;
        Ok(items)
    }

    /// What is executed again is compared with its commitment where it is executed; this is for what is not. A document
    /// that is not held was erased, or never came.
    fn check_bodies(&self, height: Height) -> Result<(), Fatal> {
        let block = self.block(height)?.ok_or_else(|| wrong(height, "it is not there"))?;
        for (statement, body) in block.statements.iter().zip(&block.bodies) {
            let Some(body) = body else { continue };
            let said = statement.parse().ok();
            let committed = said.as_ref().and_then(|said| said.action.body());
            if committed.is_none_or(|committed| check_commitment(committed, body).is_err()) {
                let name = statement.id().0.short();
                return Err(wrong(height, format!("`bodies` has another document than statement {name} commits to")));
            }
        }
        Ok(())
    }

    /// A header follows on the one before, its roster decided it, and its contents are those of the log.
    fn check_block(&self, height: Height, genesis: &Genesis, walk: &mut Walk) -> Result<(), Fatal> {
        let (header, certificate) = self.header(height)?.ok_or_else(|| wrong(height, "it is not there"))?;
        if header.height != height || header.previous != walk.previous || header.chain != genesis.chain {
            return Err(wrong(height, "its header does not follow on the one before"));
        }
        let roster = self.roster(height)?.filter(|roster| roster.hash() == header.roster_hash);
        let roster = roster.ok_or_else(|| wrong(height, "its roster is not the one that its header names"))?;
        if certificate.block != header.hash() || certificate.height != height {
            return Err(wrong(height, "its certificate is for another header"));
        }
        certificate.verify(genesis.chain, &roster).map_err(|bad| wrong(height, bad))?;
        self.check_statements(&header)?;
        self.check_entries(&header, walk)?;
        walk.previous = header.hash();
        Ok(())
    }

    fn check_statements(&self, header: &Header) -> Result<(), Fatal> {
        let placed = self.placed_in(header.height)?;
        let envelopes: Vec<EnvelopeId> = placed.iter().map(|placed| placed.envelope).collect();
        if payload_hash(&envelopes) != header.payload_hash {
            return Err(wrong(header.height, "its statements are not those that its header commits to"));
        }
        for placed in &placed {
            let name = placed.statement.0.short();
            let statement = self.statement(&placed.envelope)?;
            let same =
                |signed: &SignedStatement| signed.envelope_id() == placed.envelope && signed.id() == placed.statement;
            let Some(statement) = statement.filter(same) else {
                return Err(wrong(header.height, format!("statement {name} is not there or another")));
            };
            let expires = statement.parse().is_ok_and(|said| said.not_after_ms == placed.not_after_ms);
            let entry = self.entry(placed.index)?;
            let recorded = matches!(entry, Some(Entry::Act(act)) if act.statement == placed.statement);
            if !expires || !recorded || self.placed(&placed.statement)? != Some(*placed) {
                return Err(wrong(header.height, format!("statement {name} is not where its row says")));
            }
        }
        Ok(())
    }

    fn check_entries(&self, header: &Header, walk: &mut Walk) -> Result<(), Fatal> {
        let mut leaves = Vec::new();
        for index in walk.frontier.size()..header.log_size {
            let entry: Option<Entry> = self.entry(index)?;
            let entry = entry.ok_or_else(|| wrong(header.height, format!("entry {index} is not there")))?;
            leaves.push(entry.leaf_hash());
        }
        let rows = tile::append(&mut walk.frontier, &leaves);
        if walk.frontier.size() != header.log_size || walk.frontier.root() != header.log_root {
            return Err(wrong(header.height, "its entries do not lead to its log root"));
        }
        for TileAppend { tile, held, hashes } in rows.iter().flat_map(RowAppend::tiles) {
            let row = self.tile(tile.level, tile.index)?;
            if row.get(held..).is_none_or(|added| !added.starts_with(hashes)) {
                let what = format!("tile {}/{} is not what its entries lead to", tile.level, tile.index);
                return Err(wrong(header.height, what));
            }
        }
        Ok(())
    }

    /// No tile holds more than the log. What is left of the floor's edge is a past on its way in, and proves itself when
    /// it is whole.
    fn check_tiles(&self, size: u64) -> Result<(), Fatal> {
        let floor = self.floor()?;
        for row in self.snapshot.iterator_cf(Family::Tiles.handle(&self.inner.db)?, IteratorMode::Start) {
            let (key, value) = row?;
            let TileId { level, index } = schema::tile_of(&key)?;
            let in_row = size.checked_shr(u32::from(TILE_HEIGHT) * u32::from(level)).unwrap_or(0);
            let expected = in_row.saturating_sub(index.saturating_mul(TILE_WIDTH as u64)).min(TILE_WIDTH as u64);
            let held = schema::decode_tile(&key, &value)?.len() as u64;
            if index >= floor.first_tile(level) && (held != expected || held == 0) {
                let what = format!("tile {level}/{index} has {held} hashes, the log leads to {expected}");
                return Err(Fatal::Damaged(what));
            }
        }
        Ok(())
    }

    /// The rows of the state are what execution leads to, no more and no less.
    fn check_rows(&self, audit: &Audit) -> Result<(), Fatal> {
        let state = audit.state();
        self.same_rows(Family::Records, &state.records, |id| state_key::record(id).0.to_vec())?;
        self.same_rows(Family::References, &state.references, |key| key.0.to_vec())?;
        self.same_rows(Family::Proposals, &state.proposals, |id| id.0.0.to_vec())?;
        self.same_rows::<_, _, Member>(Family::Members, &state.members, |id| id.as_str().as_bytes().to_vec())?;
        let pages: BTreeMap<Vec<u8>, Vec<u8>> =
            state.pages.iter().map(|(path, page)| (path.to_bytes(), page.to_bytes())).collect();
        self.compare(Family::Pages, pages.len(), |key, row| Ok(pages.get(key).is_some_and(|page| page == row)))?;
        self.compare(Family::Goods, state.goods.len(), |key, row| {
            let (goods, record): (Hash32, RecordId) = schema::decode(Family::Goods, key, row)?;
            Ok(state.goods.get(&goods) == Some(&record) && state_key::goods(&goods).0 == key)
        })?;
        self.compare(Family::Executed, state.executed.len(), |key, row| {
            let ExecutedRow { statement, index, not_after_ms } = schema::decode(Family::Executed, key, row)?;
            // Where it stands was compared block by block.
            let here = self.placed(&statement)?.is_some_and(|placed| placed.index == index);
            let known = state.executed.contains(&statement) && state.expiry.contains(&(not_after_ms, statement));
            Ok(here && known && state_key::executed(&statement).0 == key)
        })?;
        self.same_expiry(&state.expiry)
    }

    /// What must not be executed again leaves the state when its time has come, and nothing else does.
    fn same_expiry(&self, derived: &BTreeSet<(u64, StatementId)>) -> Result<(), Fatal> {
        let is_right = |key: &[u8], row: &[u8]| Ok(row.is_empty() && derived.contains(&schema::expiry_of(key)?));
        self.compare(Family::Expiry, derived.len(), is_right)
    }

    /// The rows of a family are these values under these keys.
    fn same_rows<K, V, T>(
        &self,
        family: Family,
        derived: &BTreeMap<K, V>,
        key: impl Fn(&K) -> Vec<u8>,
    ) -> Result<(), Fatal>
    where
        V: Borrow<T>,
        T: BorshDeserialize + PartialEq,
    {
        let derived: BTreeMap<Vec<u8>, &T> = derived.iter().map(|(k, value)| (key(k), value.borrow())).collect();
        self.compare(family, derived.len(), |key, row| {
            let row: T = schema::decode(family, key, row)?;
            Ok(derived.get(key).is_some_and(|value| **value == row))
        })
    }

    /// As many rows as there should be, and each of them right.
    fn compare(
        &self,
        family: Family,
        count: usize,
        is_right: impl Fn(&[u8], &[u8]) -> Result<bool, Fatal>,
    ) -> Result<(), Fatal> {
        let mut rows = 0;
        for row in self.snapshot.iterator_cf(family.handle(&self.inner.db)?, IteratorMode::Start) {
            let (key, value) = row?;
            rows += 1;
            if !is_right(&key, &value)? {
                let what =
                    format!("the row {} of `{}` is not what the blocks lead to", key.escape_ascii(), family.name());
                return Err(Fatal::Damaged(what));
            }
        }
        if rows == count {
            return Ok(());
        }
        Err(Fatal::Damaged(format!("`{}` has {rows} rows, the blocks lead to {count}", family.name())))
    }
}

fn wrong(height: Height, what: impl Display) -> Fatal {
    Fatal::Damaged(format!("block {height}: {what}"))
}
