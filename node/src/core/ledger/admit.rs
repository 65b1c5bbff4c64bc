//! Admission: what a node demands before it takes a document in and hands it on. The same judgement as
//! execution, on committed state, plus the check that the body says what the statement claims.

use std::sync::Arc;

use sampan_proto::ids::Height;
use sampan_proto::proof::check_claims;
use sampan_proto::reject::Reject;

use super::{At, Overlay, View, judge};
use crate::core::Document;

/// A document that passed admission on some committed state. Only [`admit`] makes one; the state may
/// have moved on since, which execution judges again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    document: Arc<Document>,
    height: Height,
}

impl Admitted {
    /// The document.
    #[must_use]
    pub const fn document(&self) -> &Arc<Document> {
        &self.document
    }

    /// The block that it was judged for; once that one is decided it must be judged again.
    #[must_use]
    pub const fn judged_for(&self) -> Height {
        self.height
    }
}

/// Admits a document, judged as if the next block executed it at `at`.
pub fn admit<V: View>(state: &V, document: Arc<Document>, at: At<'_>) -> Result<Result<Admitted, Reject>, V::Error> {
    let statement = document.statement();
    if let Err(reject) = judge(&Overlay::new(state), statement, at)? {
        return Ok(Err(reject));
    }
    if let Some(body) = document.body() {
        // `judge` found this member a moment ago in the same state.
        let signer = state.member(&statement.statement().member)?;
        let action = &statement.statement().action;
        if let Some(Err(reject)) = signer.map(|signer| check_claims(action, &signer, body)) {
            return Ok(Err(reject));
        }
    }
    Ok(Ok(Admitted { document, height: at.height }))
}
