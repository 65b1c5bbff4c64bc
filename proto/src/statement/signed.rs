//! A statement with its signatures: DSSE on the outside, borsh inside the network.

use borsh::{BorshDeserialize, BorshSerialize};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use super::{Statement, VERSION};
use crate::codec;
use crate::hash::Domain;
use crate::ids::{ChainId, EnvelopeId, StatementId};
use crate::json::{self, JsonLimits};
use crate::keys::{Known, PublicKey, Signature};
use crate::limits;
use crate::reject::{Code, Reject};
use crate::verified::Verified;

/// DSSE payload type of statements.
pub const PAYLOAD_TYPE: &str = "application/vnd.sampan.statement+json;version=1";

const STATEMENT_JSON: JsonLimits =
    JsonLimits { max_bytes: limits::STATEMENT_BYTES, max_depth: limits::STATEMENT_DEPTH, integers_only: true };

/// DSSE pre-authentication encoding of a payload (DSSE v1, `PAE(type, body)`).
#[must_use]
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// One signature and the key that made it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct StatementSignature {
    /// Signer's key; whether it speaks for the member is the registry's to say.
    pub key: PublicKey,
    /// Over the pre-authentication encoding.
    pub signature: Signature,
}

/// Stored and wire form: the exact payload and its signatures in ascending order of keys.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignedStatement {
    /// The JSON bytes that were signed.
    pub payload: Vec<u8>,
    /// One to four, sorted by key, each key once.
    pub signatures: Vec<StatementSignature>,
}

impl SignedStatement {
    /// Signs `statement` with `keys`.
    ///
    /// # Errors
    /// When the statement is larger than the limit or there is not one to four distinct keys.
    pub fn sign(statement: &Statement, keys: &[&crate::keys::SecretKey]) -> Result<Self, Reject> {
        let payload = serde_json::to_vec(statement)
            .map_err(|_| Reject::new(Code::JsonMalformed, "$", "the statement cannot be written as JSON"))?;
        let message = pae(PAYLOAD_TYPE, &payload);
        let sign =
            |key: &&crate::keys::SecretKey| StatementSignature { key: key.public(), signature: key.sign(&message) };
        let mut signatures: Vec<_> = keys.iter().map(sign).collect();
        signatures.sort();
        let signed = Self { payload, signatures };
        signed.check_shape()?;
        Ok(signed)
    }

    /// The statement's name: the digest of its pre-authentication encoding.
    #[must_use]
    pub fn id(&self) -> StatementId {
        StatementId(Domain::Statement.hash(&pae(PAYLOAD_TYPE, &self.payload)))
    }

    /// The name of this statement with these signatures, as proposals list it.
    #[must_use]
    pub fn envelope_id(&self) -> EnvelopeId {
        EnvelopeId(Domain::Envelope.hash_borsh(self))
    }

    fn check_shape(&self) -> Result<(), Reject> {
        if self.payload.len() > limits::STATEMENT_BYTES {
            let detail = format!("{} bytes, at most {} allowed", self.payload.len(), limits::STATEMENT_BYTES);
            return Err(Reject::new(Code::StatementTooLarge, "$.payload", detail));
        }
        let count = self.signatures.len();
        if count == 0 || count > limits::STATEMENT_SIGNATURES {
            return Err(Reject::new(Code::SignatureCount, "$.signatures", format!("{count} signatures")));
        }
        if !self.signatures.is_sorted_by(|a, b| a.key < b.key) {
            return Err(Reject::new(Code::SignatureCount, "$.signatures", "not in ascending order of distinct keys"));
        }
        Ok(())
    }

    /// Reads the payload without checking any signature: for display and for writing new statements.
    pub fn parse(&self) -> Result<Statement, Reject> {
        let statement: Statement = json::from_slice(&self.payload, &STATEMENT_JSON)?;
        // The reader would also take an object as the array of its values, and null for what is left out; nobody
        // else would. No statement has either.
        if has_array_or_null(&self.payload) {
            return Err(Reject::new(Code::JsonType, "$", "a statement holds no array and no null"));
        }
        if statement.version == VERSION {
            Ok(statement)
        } else {
            let detail = format!("version {}, this software speaks {VERSION}", statement.version);
            Err(Reject::new(Code::StatementVersion, "$.version", detail))
        }
    }

    /// The stateless check: shape, strict JSON, network, every signature. Cheap tests first.
    ///
    /// # Errors
    /// The sender's fault in each case: the same bytes are refused everywhere, for ever.
    pub fn verify(self, chain: ChainId) -> Result<VerifiedStatement, Reject> {
        self.verify_knowing(chain, &mut Known::nothing())
    }

    /// The same for whoever remembers signatures.
    ///
    /// # Errors
    /// As [`SignedStatement::verify`], whatever is remembered.
    pub fn verify_knowing(self, chain: ChainId, known: &mut Known) -> Result<VerifiedStatement, Reject> {
        self.check_shape()?;
        let statement = self.parse()?;
        if statement.chain != chain {
            let detail = format!("signed for network {}, this is {}", statement.chain.0.short(), chain.0.short());
            return Err(Reject::new(Code::WrongChain, "$.chain", detail));
        }
        let message = pae(PAYLOAD_TYPE, &self.payload);
        for (i, s) in self.signatures.iter().enumerate() {
            known.verify(&s.key, &message, &s.signature).map_err(|_| {
                let path = format!("$.signatures[{i}]");
                Reject::new(Code::BadSignature, path, format!("the signature of key {} does not verify", s.key.short()))
            })?;
        }
        let id = StatementId(Domain::Statement.hash(&message));
        let envelope = self.envelope_id();
        Ok(VerifiedStatement { id, envelope, inner: Verified::new((statement, self)) })
    }
}

/// Whether JSON that is known to be well-formed has an array or a null anywhere. Outside of strings an `n` begins
/// a null and nothing else.
fn has_array_or_null(json: &[u8]) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    json.iter().any(|byte| {
        let begins = matches!(byte, b'[' | b'n') && !quoted;
        quoted ^= *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        begins
    })
}

/// A statement whose form, network and signatures have been checked, with its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedStatement {
    id: StatementId,
    envelope: EnvelopeId,
    inner: Verified<(Statement, SignedStatement)>,
}

impl VerifiedStatement {
    /// The statement's name.
    #[must_use]
    pub const fn id(&self) -> StatementId {
        self.id
    }

    /// The name of the statement with its signatures.
    #[must_use]
    pub const fn envelope(&self) -> EnvelopeId {
        self.envelope
    }

    /// What is said.
    #[must_use]
    pub fn statement(&self) -> &Statement {
        &self.inner.0
    }

    /// The signed form.
    #[must_use]
    pub fn signed(&self) -> &SignedStatement {
        &self.inner.1
    }

    /// Bytes in a block: payload and signatures.
    #[must_use]
    pub fn size(&self) -> usize {
        let signed = self.signed();
        signed.payload.len() + signed.signatures.len() * 98 + 8
    }
}

/// A statement as it enters through HTTP and rests in files: a DSSE envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DsseEnvelope {
    /// [`PAYLOAD_TYPE`].
    pub payload_type: String,
    /// The JSON that was signed, in base64.
    pub payload: String,
    /// The signatures.
    pub signatures: Vec<DsseSignature>,
}

/// A signature in a DSSE envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DsseSignature {
    /// The signer's public key in text form.
    pub keyid: PublicKey,
    /// The signature in base64.
    pub sig: Signature,
}

impl From<&SignedStatement> for DsseEnvelope {
    fn from(signed: &SignedStatement) -> Self {
        let signature = |s: &StatementSignature| DsseSignature { keyid: s.key, sig: s.signature };
        Self {
            payload_type: PAYLOAD_TYPE.to_owned(),
            payload: BASE64.encode(&signed.payload),
            signatures: signed.signatures.iter().map(signature).collect(),
        }
    }
}

impl TryFrom<DsseEnvelope> for SignedStatement {
    type Error = Reject;

    fn try_from(envelope: DsseEnvelope) -> Result<Self, Reject> {
        if envelope.payload_type != PAYLOAD_TYPE {
            let detail = format!("expected `{PAYLOAD_TYPE}`");
            return Err(Reject::new(Code::EnvelopeMalformed, "$.payloadType", detail));
        }
        let payload = codec::from_base64(&envelope.payload)
            .map_err(|_| Reject::new(Code::EnvelopeMalformed, "$.payload", "not base64"))?;
        let signature = |s: DsseSignature| StatementSignature { key: s.keyid, signature: s.sig };
        let mut signatures: Vec<_> = envelope.signatures.into_iter().map(signature).collect();
        signatures.sort();
        Ok(Self { payload, signatures })
    }
}
