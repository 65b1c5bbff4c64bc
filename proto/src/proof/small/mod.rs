//! The small receipt: a record's state, proven in as many bytes as a QR code on paper holds.
//!
//! ```text
//!   record ──▶ state tree's path ──▶ state root ─┐
//!   height, time, chain, version ────────────────┼─▶ fields of the header ──▶ block ◀── precommits of a quorum
//!   roster (the verifier's own) ─────────────────┤
//!   digests beside them ─────────────────────────┘
//! ```
//!
//! It has no digest that can be computed: the record leads to the state root, the state root and what the
//! verifier knows (network, roster, parameters) to the block, and the block is what the validators signed. So
//! every byte is under a signature, and one that is altered leads to a block that nobody signed. Whether the
//! network, the roster or a byte is the wrong one cannot be told apart; the answer says so.
//!
//! It speaks of one moment. It is good for the network's trusting period from then on, and no longer: keys of
//! old validators may leak.

mod base45;
mod make;
mod pack;
mod record;
mod verify;

pub use make::DoesNotFit;
pub use verify::verify;

use pack::{Malformed, Pack, Packer, Unpacker};

use crate::hash::Hash32;
use crate::ids::Height;
use crate::keys::Signature;
use crate::merkle::state::{Found, KEY_BITS, StateProof};
use crate::record::Record;

/// What the text form begins with, and its version; like the rest of it, of QR's alphanumeric mode.
pub const PREFIX: &str = "SAMPAN1:";
/// Longest text that one QR code holds (version 40, lowest error correction, alphanumeric mode).
pub const QR_CHARS: usize = 4_296;

/// A record's state at a height, under the signatures of that height's validators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmallReceipt {
    /// The block.
    pub height: Height,
    /// Its time, in Unix milliseconds.
    pub time_ms: u64,
    /// Height of the handover that gave its roster power; 0 for the genesis roster.
    pub roster_since: Height,
    /// The round it was decided in.
    pub round: u32,
    /// One bit per validator in roster order, least significant first.
    pub signers: Vec<u8>,
    /// A precommit signature for each set bit: no more of them than a quorum needs.
    pub signatures: Vec<Signature>,
    /// The node above the header's fields proposer, previous, payload hash and log size.
    pub beside: Hash32,
    /// The leaf of the header's field log root.
    pub log_root: Hash32,
    /// The leaf of the header's field next roster, unless the roster stays.
    pub next_roster: Option<Hash32>,
    /// The node above parameters and evidence, unless they are the genesis's and none.
    pub rules: Option<Hash32>,
    /// The record.
    pub record: Record,
    /// Its path in the state tree.
    pub path: StateProof,
}

/// The text or bytes are no small receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSmallReceipt {
    /// Another beginning, or another version.
    #[error("a small receipt begins with `{PREFIX}`")]
    Prefix,
    /// Not base45, or not its one spelling.
    #[error("not base45 (RFC 9285)")]
    Base45,
    /// Cut short, too long, or not in its one form.
    #[error("the bytes are not in the form of a small receipt")]
    Malformed,
}

impl SmallReceipt {
    /// The binary form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Packer::default();
        self.pack(&mut out);
        out.finish()
    }

    /// Reads the binary form: all of the bytes, in the one form they have.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadSmallReceipt> {
        let receipt = Self::unpack(&mut Unpacker::new(bytes)).map_err(|Malformed| BadSmallReceipt::Malformed)?;
        if receipt.to_bytes() == bytes { Ok(receipt) } else { Err(BadSmallReceipt::Malformed) }
    }

    /// The text form, for QR's alphanumeric mode.
    #[must_use]
    pub fn to_text(&self) -> String {
        PREFIX.to_owned() + &base45::encode(&self.to_bytes())
    }

    /// Reads the text form.
    pub fn from_text(text: &str) -> Result<Self, BadSmallReceipt> {
        let text = text.strip_prefix(PREFIX).ok_or(BadSmallReceipt::Prefix)?;
        if text.len() > QR_CHARS {
            return Err(BadSmallReceipt::Malformed);
        }
        Self::from_bytes(&base45::decode(text).ok_or(BadSmallReceipt::Base45)?)
    }
}

impl Pack for SmallReceipt {
    fn pack(&self, out: &mut Packer) {
        self.height.pack(out);
        self.time_ms.pack(out);
        self.roster_since.pack(out);
        self.round.pack(out);
        self.next_roster.pack(out);
        self.rules.pack(out);
        self.beside.pack(out);
        self.log_root.pack(out);
        self.record.pack(out);
        self.path.pack(out);
        out.number(self.signers.len() as u64);
        out.raw(&self.signers);
        for Signature::Ed25519(signature) in &self.signatures {
            out.raw(signature);
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Malformed> {
        let (height, time_ms, roster_since, round) =
            (Pack::unpack(from)?, Pack::unpack(from)?, Pack::unpack(from)?, Pack::unpack(from)?);
        let (next_roster, rules) = (Pack::unpack(from)?, Pack::unpack(from)?);
        let (beside, log_root) = (Pack::unpack(from)?, Pack::unpack(from)?);
        let (record, path) = (Pack::unpack(from)?, Pack::unpack(from)?);
        let count = from.number()?;
        let signers = from.raw(count)?.to_vec();
        let signatures = (0..ones(&signers)).map(|_| signature(from)).collect::<Result<_, _>>()?;
        Ok(Self {
            height,
            time_ms,
            roster_since,
            round,
            signers,
            signatures,
            beside,
            log_root,
            next_roster,
            rules,
            record,
            path,
        })
    }
}

impl Pack for StateProof {
    /// Depth, bitmap, siblings; what stands at the end is the record.
    fn pack(&self, out: &mut Packer) {
        out.number(self.depth);
        out.raw(&self.bitmap);
        for sibling in &self.siblings {
            sibling.pack(out);
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Malformed> {
        let depth: u16 = from.number()?;
        if depth > KEY_BITS {
            return Err(Malformed);
        }
        let bitmap = from.raw(usize::from(depth.div_ceil(8)))?.to_vec();
        let siblings = (0..ones(&bitmap)).map(|_| Pack::unpack(from)).collect::<Result<_, _>>()?;
        Ok(Self { depth, found: Found::Value, bitmap, siblings })
    }
}

fn ones(bits: &[u8]) -> u32 {
    bits.iter().map(|byte| byte.count_ones()).sum()
}

fn signature(from: &mut Unpacker<'_>) -> Result<Signature, Malformed> {
    let bytes = from.raw(64)?.try_into().map_err(|_| Malformed)?;
    Ok(Signature::Ed25519(bytes))
}
