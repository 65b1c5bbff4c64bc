//! A statement with its body, checked as far as that needs no state.

use sampan_proto::body::Body;
use sampan_proto::ids::ChainId;
use sampan_proto::proof::check_commitment;
use sampan_proto::reject::{Code, Reject};
use sampan_proto::statement::VerifiedStatement;
use sampan_proto::{limits, wire};

/// A verified statement and the body it commits to, if it does. What peers exchange, what a block is
/// made of; whether the ledger accepts it is another question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    statement: VerifiedStatement,
    body: Option<Body>,
}

impl Document {
    /// Checks signatures and network of the statement, and that exactly what commits to a body brings it. Cheap tests first.
    ///
    /// # Errors
    /// The sender's fault in each case: the same bytes are refused everywhere, for ever.
    pub fn check(document: wire::Document, chain: ChainId) -> Result<Self, Reject> {
        let wire::Document { statement, body } = document;
        if let Some(body) = &body
            && body.bytes.len() > limits::BODY_BYTES
        {
            return Err(Reject::new(Code::BodyTooLarge, "$.body.bytes", format!("{} bytes", body.bytes.len())));
        }
        let statement = statement.verify(chain)?;
        match (statement.statement().action.body(), &body) {
            (Some(committed), Some(body)) => check_commitment(committed, body)?,
            (Some(_), None) => {
                return Err(Reject::new(Code::BodyMissing, "$.body", "this statement comes with its document"));
            }
            (None, Some(_)) => {
                return Err(Reject::new(Code::BodyUnexpected, "$.body", "this statement commits to no document"));
            }
            (None, None) => {}
        }
        Ok(Self { statement, body })
    }

    /// The same for what a decided block holds, whose document the sender may not have any more: it was erased. A block
    /// is valid without it.
    ///
    /// # Errors
    /// As those of [`Document::check`], but [`Code::BodyMissing`].
    pub fn check_decided(document: wire::Document, chain: ChainId) -> Result<Self, Reject> {
        if document.body.is_some() {
            return Self::check(document, chain);
        }
        Ok(Self { statement: document.statement.verify(chain)?, body: None })
    }

    /// The statement.
    #[must_use]
    pub const fn statement(&self) -> &VerifiedStatement {
        &self.statement
    }

    /// Its body, for an issue or an application that has it still.
    #[must_use]
    pub const fn body(&self) -> Option<&Body> {
        self.body.as_ref()
    }

    /// Bytes in a block, in the mempool and on the wire.
    #[must_use]
    pub fn size(&self) -> usize {
        self.statement.size() + self.body.as_ref().map_or(1, |body| body.bytes.len() + 69)
    }

    /// As peers pass it on.
    #[must_use]
    pub fn to_wire(&self) -> wire::Document {
        wire::Document { statement: self.statement.signed().clone(), body: self.body.clone() }
    }
}
