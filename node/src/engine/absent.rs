//! Documents that decided blocks came here without. A block is valid without them, and whoever sent it may have erased
//! them, or keep them back: so others are asked, a few times, and what nobody gives is done without.

use std::collections::BTreeMap;
use std::sync::Arc;

use sampan_proto::ids::EnvelopeId;

use super::Engine;
use crate::core::Document;
use crate::fault::Fatal;

/// Documents remembered. Beyond them none are: a node that lacks so many takes them from a backup.
pub(super) const ABSENT: usize = 4_096;
/// Requests for one, of one peer after the other and seconds apart, before it is given up.
const ASK_AGAIN: u8 = 32;
/// Documents asked for at once: of the largest an answer holds so many.
const AT_ONCE: usize = 16;
/// Patrols between two requests that bring nothing.
const ASK_AFTER: u32 = 8;

/// What is missing, and how often each was asked for.
#[derive(Debug, Default)]
pub(super) struct Absent {
    asked: BTreeMap<EnvelopeId, u8>,
    patrols: u32,
}

impl Absent {
    /// These are missing, as far as they name a document that is not with them.
    pub(super) fn note<'a>(&mut self, documents: impl IntoIterator<Item = &'a Arc<Document>>) {
        for document in documents.into_iter().filter(|document| is_bare(document)) {
            if self.asked.len() < ABSENT {
                self.asked.entry(document.statement().envelope()).or_insert(0);
            }
        }
    }

    /// At every patrol: whether it is time to ask. At once when somebody new is there.
    pub(super) const fn is_due(&mut self, company: bool) -> bool {
        self.patrols = self.patrols.wrapping_add(1);
        company || self.patrols.is_multiple_of(ASK_AFTER)
    }

    /// Those to be asked for now: a few that were asked for least.
    pub(super) fn next(&mut self) -> Vec<EnvelopeId> {
        self.asked.retain(|_, asked| *asked < ASK_AGAIN);
        let Some(least) = self.asked.values().min().copied() else { return Vec::new() };
        let due = self.asked.iter_mut().filter(|(_, asked)| **asked == least).take(AT_ONCE);
        due.map(|(id, asked)| {
            *asked += 1;
            *id
        })
        .collect()
    }

    /// Those of them that were missing, and are not any more.
    fn found(&mut self, documents: &[Arc<Document>]) -> Vec<Arc<Document>> {
        let found = documents.iter().filter(|document| !is_bare(document));
        found.filter(|document| self.asked.remove(&document.statement().envelope()).is_some()).cloned().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.asked.len()
    }
}

fn is_bare(document: &Document) -> bool {
    document.body().is_none() && document.statement().statement().action.body().is_some()
}

impl Engine {
    /// The contents of a decided block, with what lies here of that which came without: a document that this node was
    /// brought is not lost because a peer does not pass it on.
    pub(super) fn made_whole(&self, documents: &[Arc<Document>]) -> Vec<Arc<Document>> {
        let whole = |document: &Arc<Document>| {
            let id = document.statement().envelope();
            let here =
                if is_bare(document) { self.mempool.get(&id).or_else(|| self.candidates.find(&id)) } else { None };
            Arc::clone(here.unwrap_or(document))
        };
        documents.iter().map(whole).collect()
    }

    /// Asked-for documents of decided blocks came.
    pub(super) fn supply(&mut self, documents: &[Arc<Document>]) -> Result<(), Fatal> {
        let found = self.follower.absent.found(documents);
        if found.is_empty() {
            return Ok(());
        }
        self.store.supply(&found)?;
        // Whoever had these is followed by whoever is next: there is something to be had.
        self.follower.ask_absent();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ledger::fixtures::Network;

    #[test]
    fn what_is_missing_is_asked_for_a_few_times_and_then_given_up() {
        let network = Network::new();
        let documents = std::array::from_fn::<_, 20, _>(|number| number)
            .map(|number| network.issue_bill(&format!("SPLNGB26{number:05}"), "ningbo-tools"));
        let naked = documents.each_ref().map(|document| network.bare(document));
        let mut absent = Absent::default();
        absent.note(&documents);
        assert_eq!(absent.len(), 0, "nothing is missing of what came whole");
        absent.note(&naked);
        assert_eq!(absent.next().len(), AT_ONCE);
        assert_eq!(absent.next().len(), 4, "the others have their turn before the first have their second");
        assert_eq!(absent.found(&naked), [], "came without again");
        assert_eq!(absent.found(&documents[..1]), documents[..1]);
        assert_eq!(absent.found(&documents[..1]), [], "once");
        let asked: usize = std::iter::repeat_with(|| absent.next().len()).take(200).sum();
        assert_eq!((asked, absent.len()), (19 * (usize::from(ASK_AGAIN) - 1), 0));
    }
}
