//! Proof builders: bundles that `sampan_proto::proof::verify` accepts from the genesis alone.
//!
//! Everything stands on the newest header of the reader's snapshot, so one bundle never mixes two states.

use std::collections::BTreeSet;

#[cfg(test)]
mod tests;

use sampan_proto::entry::Entry;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{Height, MemberId, RecordId, ReferenceKey, StatementId};
use sampan_proto::limits;
use sampan_proto::member::Member;
use sampan_proto::merkle::log;
use sampan_proto::merkle::state::StateProof;
use sampan_proto::merkle::state::tree;
use sampan_proto::merkle::tile::TiledLog;
use sampan_proto::proof::{
    Binary, Bundle, Counterpart, DisclosedBody, GoodsProof, Handover, HistoryEntry, MemberProof, ReceiptPart,
    ReferenceProof, StatusPart,
};
use sampan_proto::record::Record;
use sampan_proto::roster::Roster;
use sampan_proto::state_key;
use sampan_proto::statement::{DsseEnvelope, SignedStatement};

use super::Reader;
use super::schema::{self, Family};
use crate::core::ledger::{Placed, View};
use crate::fault::Fatal;

impl Reader<'_> {
    /// A statement with its entry, the entry's path in the log and the member that signed it; none when it
    /// was not executed.
    pub fn receipt(&self, id: &StatementId) -> Result<Option<Bundle>, Fatal> {
        let Some(mut bundle) = self.bundle()? else { return Ok(None) };
        let Some(placed) = self.placed(id)? else { return Ok(None) };
        let act = self.placed_act(&placed)?;
        bundle.members = self.member_proofs([signer(&act.2)?])?;
        bundle.receipt = Some(self.receipt_part(&bundle, act)?);
        Ok(Some(bundle))
    }

    /// A statement that was executed, with its place and its entry.
    fn placed_act(&self, placed: &Placed) -> Result<(u64, Entry, SignedStatement), Fatal> {
        let key = schema::index_key(placed.index);
        let entry = self.entry(placed.index)?.ok_or_else(|| schema::missing(Family::Entries, &key))?;
        let statement = self.statement(&placed.envelope)?;
        let statement = statement.ok_or_else(|| schema::missing(Family::Statements, placed.envelope.0.as_bytes()))?;
        Ok((placed.index, entry, statement))
    }

    /// The bundle with the other document of the shipment beside it: the statement that issued it and `with_body` the
    /// document, if this node holds it.
    pub fn with_counterpart(&self, bundle: Bundle, other: &Record, with_body: bool) -> Result<Bundle, Fatal> {
        let issue = self.placed_act(&self.issue(other)?)?;
        let (by, issue) = (signer(&issue.2)?, self.receipt_part(&bundle, issue)?);
        let body = if with_body { self.record_body(&other.id)? } else { None };
        let body = body.map(|body| DisclosedBody(Binary(body)));
        let mut members = bundle.members;
        if members.iter().all(|part| part.member.0.id != by) {
            members.extend(self.member_proofs([by])?);
        }
        Ok(Bundle { members, counterpart: Some(Counterpart { issue, body }), ..bundle })
    }

    fn receipt_part(
        &self,
        bundle: &Bundle,
        (index, entry, statement): (u64, Entry, SignedStatement),
    ) -> Result<ReceiptPart, Fatal> {
        let size = bundle.head.header.0.log_size;
        let path = log::prove_inclusion(&TiledLog::new(self), size, index)?;
        let path = path.ok_or_else(|| schema::unreadable(Family::Entries, &schema::index_key(index)))?;
        Ok(ReceiptPart { statement: DsseEnvelope::from(&statement), entry: Binary(entry), path: Binary(path) })
    }

    /// A record's state, or that there is none; none before the first block.
    pub fn status(&self, id: &RecordId) -> Result<Option<Bundle>, Fatal> {
        let Some(mut bundle) = self.bundle()? else { return Ok(None) };
        bundle.status = Some(self.status_part(id, self.record(id)?)?);
        Ok(Some(bundle))
    }

    /// The same, and whose pledge of these goods is open.
    pub fn status_of_goods(&self, id: &RecordId, goods: &Hash32) -> Result<Option<Bundle>, Fatal> {
        let Some(mut bundle) = self.status(id)? else { return Ok(None) };
        let proof = self.prove(&state_key::goods(goods))?;
        bundle.goods = Some(GoodsProof { goods: *goods, record: self.pledged(goods)?, proof });
        Ok(Some(bundle))
    }

    /// All that can be shown of a record: state, history back to the issue, its number, the members that
    /// acted, and `with_body` the document if this node holds it. Without the record, that there is none. A
    /// history of more than [`limits::HISTORY_ENTRIES`] acts is left out; the receipt of the issue stands for it, on
    /// which the document hangs. None before the first block.
    pub fn record_bundle(&self, id: &RecordId, with_body: bool) -> Result<Option<Bundle>, Fatal> {
        let Some(mut bundle) = self.bundle()? else { return Ok(None) };
        let record = self.record(id)?;
        bundle.status = Some(self.status_part(id, record.clone())?);
        let Some(record) = record else { return Ok(Some(bundle)) };
        if let Some(reference) = &record.reference {
            bundle.reference = Some(self.reference_part(&record.issuer, reference)?);
        }
        let mut members = BTreeSet::from([record.issuer.clone()]);
        if record.seq <= limits::HISTORY_ENTRIES as u64 {
            let history = self.history(id, None, limits::HISTORY_ENTRIES)?.acts;
            for (_, _, statement) in &history {
                members.insert(signer(statement)?);
            }
            bundle.history = history.into_iter().map(history_part).collect();
        } else {
            let issue = self.placed_act(&self.issue(&record)?)?;
            bundle.receipt = Some(self.receipt_part(&bundle, issue)?);
        }
        if with_body {
            bundle.body = self.record_body(id)?.map(|body| DisclosedBody(Binary(body)));
        }
        bundle.members = self.member_proofs(members)?;
        Ok(Some(bundle))
    }

    /// What became of a document number, or that it was never issued; none before the first block.
    pub fn reference(&self, issuer: &MemberId, key: &ReferenceKey) -> Result<Option<Bundle>, Fatal> {
        let Some(mut bundle) = self.bundle()? else { return Ok(None) };
        bundle.reference = Some(self.reference_part(issuer, key)?);
        Ok(Some(bundle))
    }

    /// A member as the registry knows it; none for a stranger and before the first block.
    pub fn member(&self, id: &MemberId) -> Result<Option<Bundle>, Fatal> {
        let Some(mut bundle) = self.bundle()? else { return Ok(None) };
        if View::member(self, id)?.is_none() {
            return Ok(None);
        }
        bundle.members = self.member_proofs([id.clone()])?;
        Ok(Some(bundle))
    }

    /// The newest header and nothing on it yet; none before the first block.
    fn bundle(&self) -> Result<Option<Bundle>, Fatal> {
        self.decided(self.tip()?.height)
    }

    /// The handovers that lead from the genesis roster to the one that decided `head`. The roster that `head`
    /// itself names decides nothing yet.
    pub(super) fn trust_path(&self, head: Height) -> Result<Vec<Handover>, Fatal> {
        let before = |(height, _): &(Height, Roster)| *height < head;
        let handover = |(height, roster)| {
            let row = self.header(height)?;
            let (header, certificate) =
                row.ok_or_else(|| schema::missing(Family::Headers, &schema::height_key(height)))?;
            Ok(Handover { header: Binary(header), certificate: Binary(certificate), roster: Binary(roster) })
        };
        self.handovers()?.into_iter().filter(before).map(handover).collect()
    }

    fn prove(&self, key: &Hash32) -> Result<Binary<StateProof>, Fatal> {
        Ok(Binary(tree::prove(self, key)?))
    }

    fn status_part(&self, id: &RecordId, record: Option<Record>) -> Result<StatusPart, Fatal> {
        Ok(StatusPart { id: *id, record: record.map(Binary), proof: self.prove(&state_key::record(id))? })
    }

    fn reference_part(&self, issuer: &MemberId, key: &ReferenceKey) -> Result<ReferenceProof, Fatal> {
        let state_key = state_key::reference(issuer, key);
        let record = View::reference(self, &state_key)?;
        Ok(ReferenceProof { issuer: issuer.clone(), key: *key, record, proof: self.prove(&state_key)? })
    }

    fn member_proofs(&self, ids: impl IntoIterator<Item = MemberId>) -> Result<Vec<MemberProof>, Fatal> {
        let proof = |id: MemberId| {
            let member =
                View::member(self, &id)?.ok_or_else(|| schema::missing(Family::Members, id.as_str().as_bytes()))?;
            let proof = self.prove(&state_key::member(&id))?;
            Ok(MemberProof { member: Binary(Member::clone(&member)), proof })
        };
        ids.into_iter().map(proof).collect()
    }
}

fn history_part((index, entry, statement): (u64, Entry, SignedStatement)) -> HistoryEntry {
    HistoryEntry { index, entry: Binary(entry), statement: DsseEnvelope::from(&statement) }
}

/// Who made a stored statement.
pub(super) fn signer(statement: &SignedStatement) -> Result<MemberId, Fatal> {
    let parsed = statement.parse();
    let parsed = parsed.map_err(|_| schema::unreadable(Family::Statements, statement.envelope_id().0.as_bytes()))?;
    Ok(parsed.member)
}
