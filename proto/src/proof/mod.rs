//! Proofs: answers that prove themselves, and the ladder of named checks that reads them.
//!
//! A [`Bundle`] is one self-contained file. Everything in it stands on one decided header (its
//! `head`): entries by inclusion in the log, states by the state tree, the head by the certificate of
//! a roster that the verifier's anchor leads to.

mod anchor;
mod bundle;
mod counterpart;
mod ladder;
mod replay;
mod signers;
pub mod small;
mod trust;
mod verify;
mod witness;

pub use anchor::{Anchor, BadPin, PIN_MEDIA_TYPE, Pin, Start};
pub use bundle::{
    BUNDLE_MEDIA_TYPE, Binary, Bundle, Counterpart, DisclosedBody, EntryPart, GoodsProof, Handover, Head, HistoryEntry,
    MemberProof, NamedHead, ReceiptPart, ReferenceProof, StatusPart, WitnessPart,
};
pub use counterpart::compare;
pub use ladder::{Ladder, Outcome, Rung, Verdict};
pub use trust::{BadPath, Broken, follow_handovers};
pub use verify::{Policy, check_body, check_claims, check_commitment, verify, verify_knowing};
pub use witness::BadWay;

pub(crate) use ladder::expect;
pub(crate) use trust::Reigns;
