//! Making a small receipt out of a bundle that proves a record's state.

use super::SmallReceipt;
use crate::block::{Header, field_leaf, field_root, no_evidence};
use crate::codec;
use crate::genesis::Genesis;
use crate::ids::Height;
use crate::keys::Known;
use crate::proof::trust::{self, Voucher};
use crate::proof::{Anchor as _, Bundle};
use crate::protocol::FIRST_VERSION;
use crate::roster::Roster;
use crate::vote::Certificate;

/// Why a bundle makes no small receipt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DoesNotFit {
    /// It shows no record.
    #[error("the bundle proves no record's state")]
    NoRecord,
    /// The roster that decided its head is not one that the anchor leads to.
    #[error("{0}")]
    Roster(String),
    /// It has no place for a version, so it tells of blocks of the first only.
    #[error("its block is of protocol version {0}, a small receipt is of {FIRST_VERSION}")]
    Version(u32),
}

impl SmallReceipt {
    /// The record of a bundle, in small. The bundle has been verified: nothing is checked here but the roster.
    pub fn of(bundle: &Bundle, anchor: &Genesis) -> Result<Self, DoesNotFit> {
        let part = bundle.status.as_ref().ok_or(DoesNotFit::NoRecord)?;
        let record = part.record.as_ref().ok_or(DoesNotFit::NoRecord)?.0.clone();
        let version = bundle.head.header.0.version;
        if version != FIRST_VERSION {
            return Err(DoesNotFit::Version(version));
        }
        let (voucher, _) = trust::walk(bundle, &anchor.start(), &mut Known::nothing()).map_err(DoesNotFit::Roster)?;
        let Voucher::Roster(roster) = voucher else {
            return Err(DoesNotFit::Roster("no roster decided it: the anchor alone vouches for it".to_owned()));
        };
        let header = &bundle.head.header.0;
        let leaves = header.field_leaves();
        let (signers, signatures) = smallest_quorum(&bundle.head.certificate.0, roster);
        Ok(Self {
            height: header.height,
            time_ms: header.time_ms,
            roster_since: bundle.trust_path.last().map_or(Height::GENESIS, |step| step.header.0.height),
            round: bundle.head.certificate.0.round,
            signers,
            signatures,
            beside: field_root(&leaves[4..8]),
            log_root: leaves[8],
            next_roster: (header.next_roster_hash != header.roster_hash).then(|| leaves[11]),
            rules: Some(field_root(&leaves[12..14])).filter(|_| !keeps_the_rules(header, anchor)),
            record,
            path: part.proof.0.clone(),
        })
    }
}

fn keeps_the_rules(header: &Header, anchor: &Genesis) -> bool {
    header.parameters_hash == anchor.parameters_hash() && header.evidence_hash == no_evidence()
}

/// The node above parameters and evidence when nothing is said about them.
pub(super) fn usual_rules(anchor: &Genesis) -> crate::hash::Hash32 {
    let leaf = |i, hash: &_| field_leaf(i, &codec::encode(hash));
    field_root(&[leaf(12, &anchor.parameters_hash()), leaf(13, &no_evidence())])
}

/// As few precommits as make a quorum: the most powerful validators first, in roster order among equals.
fn smallest_quorum(certificate: &Certificate, roster: &Roster) -> (Vec<u8>, Vec<crate::keys::Signature>) {
    let power = |index: usize| roster.validators().get(index).map_or(0, |validator| validator.power);
    let mut precommits: Vec<_> = certificate.precommits().map(|(index, signature)| (index, *signature)).collect();
    precommits.sort_by_key(|(index, _)| std::cmp::Reverse(power(*index)));
    let mut sum = 0;
    let needed = precommits.iter().take_while(|(index, _)| {
        let more = !roster.is_quorum(sum);
        sum += power(*index);
        more
    });
    let needed = needed.copied().collect();
    let small = Certificate::new(certificate.height, certificate.round, certificate.block, roster, needed);
    (small.signers, small.signatures)
}
