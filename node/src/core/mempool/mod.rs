//! What was admitted and is not final yet. Bounded by bytes and by member, and by how much a member leaves to others; hands
//! a proposer documents in a fair order: members in turn, each member's in order of arrival.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sampan_proto::hash::Hash32;
use sampan_proto::ids::{EnvelopeId, MemberId, StatementId};
use sampan_proto::reject::{Code, Reject};
use sampan_proto::state_key;
use sampan_proto::statement::{Action, VerifiedStatement};

use super::Document;
use super::ledger::Admitted;

/// How much a mempool holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in all.
    pub bytes: usize,
    /// Documents of one member.
    pub per_member: usize,
}

/// Documents waiting for a block.
#[derive(Debug)]
pub struct Mempool {
    limits: Limits,
    bytes: usize,
    own: usize,
    arrivals: u64,
    documents: BTreeMap<EnvelopeId, Waiting>,
    statements: BTreeMap<StatementId, EnvelopeId>,
    queues: BTreeMap<MemberId, Queue>,
    contested: BTreeMap<Hash32, BTreeSet<EnvelopeId>>,
    expiries: BTreeSet<(u64, EnvelopeId)>,
}

/// What waits of one member, in order of arrival.
#[derive(Debug, Default)]
struct Queue {
    bytes: usize,
    documents: BTreeMap<u64, EnvelopeId>,
}

#[derive(Debug)]
struct Waiting {
    document: Arc<Document>,
    arrival: u64,
    own: bool,
}

/// The one thing that a statement competes for, by state key: a reference or a record.
#[must_use]
pub fn contested(statement: &VerifiedStatement) -> Hash32 {
    match &statement.statement().action {
        Action::Issue(issue) => state_key::reference(&statement.statement().member, &issue.reference),
        action => state_key::record(&action.record(statement.id())),
    }
}

impl Mempool {
    /// An empty one.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            bytes: 0,
            own: 0,
            arrivals: 0,
            documents: BTreeMap::new(),
            statements: BTreeMap::new(),
            queues: BTreeMap::new(),
            contested: BTreeMap::new(),
            expiries: BTreeSet::new(),
        }
    }

    /// Documents waiting.
    #[must_use]
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// Bytes waiting.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Documents waiting that this node's own clients brought.
    #[must_use]
    pub const fn own(&self) -> usize {
        self.own
    }

    /// These, by the names that proposals list.
    pub fn brought(&self) -> impl Iterator<Item = EnvelopeId> {
        self.documents.iter().filter(|(_, waiting)| waiting.own).map(|(envelope, _)| *envelope)
    }

    /// Takes a document in that a client of this node brought (`own`) or a peer; false when it (or the same statement
    /// with other signatures) waits already.
    ///
    /// # Errors
    /// [`Code::MempoolFull`] or [`Code::MemberQuota`]; nothing was stored.
    pub fn insert(&mut self, admitted: &Admitted, own: bool) -> Result<bool, Reject> {
        let document = admitted.document();
        let statement = document.statement();
        if self.statements.contains_key(&statement.id()) {
            return Ok(false);
        }
        if self.bytes + document.size() > self.limits.bytes {
            let detail = format!("{} documents of {} bytes are waiting", self.len(), self.bytes);
            return Err(Reject::new(Code::MempoolFull, "$", detail));
        }
        let member = &statement.statement().member;
        if let Some(Queue { bytes, documents }) = self.queues.get(member) {
            // A member leaves as much room as it takes: alone it fills half, two fill a third each, and whoever comes
            // next finds a place.
            let free = self.limits.bytes - self.bytes - document.size();
            if documents.len() >= self.limits.per_member || bytes + document.size() > free {
                let detail = format!("{} documents of `{member}`, {bytes} bytes, are waiting", documents.len());
                return Err(Reject::new(Code::MemberQuota, "$.member", detail));
            }
        }
        let queue = self.queues.entry(member.clone()).or_default();
        let (envelope, arrival) = (statement.envelope(), self.arrivals);
        self.arrivals += 1;
        queue.documents.insert(arrival, envelope);
        queue.bytes += document.size();
        self.bytes += document.size();
        self.own += usize::from(own);
        self.statements.insert(statement.id(), envelope);
        self.contested.entry(contested(statement)).or_default().insert(envelope);
        self.expiries.insert((statement.statement().not_after_ms, envelope));
        self.documents.insert(envelope, Waiting { document: Arc::clone(document), arrival, own });
        Ok(true)
    }

    /// A waiting document by the name that proposals list.
    #[must_use]
    pub fn get(&self, envelope: &EnvelopeId) -> Option<&Arc<Document>> {
        self.documents.get(envelope).map(|waiting| &waiting.document)
    }

    /// A waiting document by its statement.
    #[must_use]
    pub fn by_statement(&self, statement: &StatementId) -> Option<&Arc<Document>> {
        self.get(self.statements.get(statement)?)
    }

    /// Documents for a block in fair order, at most so many and so large together.
    #[must_use]
    pub fn candidates(&self, statements: usize, bytes: usize) -> Vec<Arc<Document>> {
        let mut turns: Vec<_> = self.queues.values().map(|queue| queue.documents.values()).collect();
        let (mut chosen, mut size) = (Vec::new(), 0);
        while !turns.is_empty() && chosen.len() < statements {
            let mut still = Vec::with_capacity(turns.len());
            for mut turn in turns {
                let Some(document) = turn.next().and_then(|envelope| self.get(envelope)) else { continue };
                size += document.size();
                if size > bytes || chosen.len() == statements {
                    return chosen;
                }
                chosen.push(Arc::clone(document));
                still.push(turn);
            }
            turns = still;
        }
        chosen
    }

    /// Removes a statement, whichever signatures it waited with.
    pub fn remove(&mut self, statement: &StatementId) -> Option<Arc<Document>> {
        let envelope = self.statements.remove(statement)?;
        let Waiting { document, arrival, own } = self.documents.remove(&envelope)?;
        let verified = document.statement();
        self.bytes -= document.size();
        self.own -= usize::from(own);
        self.expiries.remove(&(verified.statement().not_after_ms, envelope));
        remove_from(&mut self.queues, &verified.statement().member, |queue| {
            queue.documents.remove(&arrival);
            queue.bytes -= document.size();
            queue.documents.is_empty()
        });
        remove_from(&mut self.contested, &contested(verified), |rivals| {
            rivals.remove(&envelope);
            rivals.is_empty()
        });
        Some(document)
    }

    /// Waiting documents that compete for any of these state keys: a block that took one may have made
    /// them void.
    #[must_use]
    pub fn rivals(&self, keys: &BTreeSet<Hash32>) -> Vec<Arc<Document>> {
        let rivals = keys.iter().filter_map(|key| self.contested.get(key)).flatten();
        rivals.filter_map(|envelope| self.get(envelope)).cloned().collect()
    }

    /// Removes what can no longer be executed after a block at `time_ms`.
    pub fn remove_expired(&mut self, time_ms: u64) -> Vec<Arc<Document>> {
        let late = self.expiries.iter().take_while(|(not_after_ms, _)| *not_after_ms < time_ms);
        let late: Vec<EnvelopeId> = late.map(|(_, envelope)| *envelope).collect();
        let statements: Vec<StatementId> =
            late.iter().filter_map(|envelope| Some(self.get(envelope)?.statement().id())).collect();
        statements.iter().filter_map(|statement| self.remove(statement)).collect()
    }
}

/// Lets `remove` work on the value under `key`, and drops the value when it says that nothing is left.
fn remove_from<K: Ord, V>(map: &mut BTreeMap<K, V>, key: &K, remove: impl FnOnce(&mut V) -> bool) {
    if map.get_mut(key).is_some_and(remove) {
        map.remove(key);
    }
}
