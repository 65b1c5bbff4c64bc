//! Documents that come after their block: whoever sent the block sent it without them.

use std::sync::Arc;

use super::Store;
use super::commit::Batch;
use crate::core::Document;
use crate::fault::Fatal;

impl Store {
    /// Keeps the bodies of these documents, where their statements are final here and nobody ordered them erased.
    ///
    /// # Errors
    /// Stop the node: whether a failed write is on the disk is unknown.
    pub fn supply(&self, documents: &[Arc<Document>]) -> Result<(), Fatal> {
        // A crash before this is synced leaves the node as it was: without them.
        self.0.write(|inner| {
            let (reader, mut batch) = (super::Reader::new(inner), Batch::new(&inner.db, 0)?);
            for document in documents {
                let (id, envelope) = (document.statement().id(), document.statement().envelope());
                if reader.placed(&id)?.is_some_and(|placed| placed.envelope == envelope) {
                    batch.put_contents(document, &inner.staged_document(document)?);
                }
            }
            Ok(Some((batch, None)))
        })
    }
}
