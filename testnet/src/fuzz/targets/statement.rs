//! Signed statements. An envelope, a stored form and a payload are taken. What verifies was signed by those who hold the keys,
//! verifies again, and is the same after a change of form; what can be read says the same when it is written again.

use std::collections::BTreeSet;

use anyhow::Result;
use sampan_proto::codec;
use sampan_proto::ids::{ChainId, StatementId};
use sampan_proto::json::{self, JsonLimits};
use sampan_proto::limits;
use sampan_proto::statement::{DsseEnvelope, SignedStatement, StatementSignature};

use super::{Target, canonical};
use crate::fuzz::vectors;

/// An envelope by itself; in a submission it has the same depth and less room.
const ENVELOPE: JsonLimits = JsonLimits { max_bytes: 400 * 1024, max_depth: 8, integers_only: true };

pub(super) struct Statements {
    chain: ChainId,
    seeds: Vec<Vec<u8>>,
    signed: BTreeSet<StatementId>,
    signatures: BTreeSet<StatementSignature>,
}

impl Statements {
    pub(super) fn open() -> Result<Self> {
        let chain = vectors::genesis()?.chain;
        let envelopes = vectors::column("statements.json", "statements", "envelope")?;
        let payloads = vectors::column("statements.json", "payloads", "payload")?;
        let (mut signed, mut signatures, mut stored) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        for envelope in &envelopes {
            let envelope: DsseEnvelope = json::from_slice(envelope.as_bytes(), &ENVELOPE)?;
            let statement = SignedStatement::try_from(envelope)?;
            signed.insert(statement.clone().verify(chain)?.id());
            stored.push(codec::encode(&statement));
            signatures.extend(statement.signatures);
        }
        let seeds = stored.into_iter().chain(envelopes.into_iter().chain(payloads).map(String::into_bytes)).collect();
        Ok(Self { chain, seeds, signed, signatures })
    }

    fn believe(&self, statement: &SignedStatement) {
        let Ok(verified) = statement.clone().verify(self.chain) else { return };
        assert!(self.signed.contains(&verified.id()), "verifies, and nobody signed it");
        let known = statement.signatures.iter().all(|signature| self.signatures.contains(signature));
        assert!(known, "verifies by a signature that nobody made");
        assert_eq!(statement.clone().verify(self.chain).as_ref(), Ok(&verified), "verifies only once");
        let envelope = DsseEnvelope::from(statement);
        assert_eq!(SignedStatement::try_from(envelope).as_ref(), Ok(statement), "another one in its envelope");
    }
}

impl Target for Statements {
    fn seeds(&self) -> Vec<Vec<u8>> {
        self.seeds.clone()
    }

    fn take(&self, bytes: &[u8]) {
        if let Some(statement) = canonical::<SignedStatement>(bytes, limits::STATEMENT_BYTES + 1_024) {
            self.believe(&statement);
        }
        if let Ok(envelope) = json::from_slice::<DsseEnvelope>(bytes, &ENVELOPE)
            && let Ok(statement) = SignedStatement::try_from(envelope)
        {
            self.believe(&statement);
        }
        let alone = |payload: &[u8]| SignedStatement { payload: payload.to_vec(), signatures: Vec::new() }.parse();
        if let Ok(statement) = alone(bytes) {
            let written = serde_json::to_vec(&statement).expect("a statement has a JSON form");
            assert_eq!(alone(&written).as_ref(), Ok(&statement), "says something else when it is written again");
        }
    }
}
