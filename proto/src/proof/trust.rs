//! Trust: from the anchor's roster, by every handover there was, to the roster that decides the head.
//!
//! A roster hands over to the next by deciding a header that names it (`next_roster_hash`), with more than two
//! thirds of its own power. No handover is skipped: a verifier never trusts a roster that the one before did not
//! name. Signatures of the side trusted already are checked before anything is made of the other.

use super::bundle::{Bundle, Handover};
use crate::block::PROTOCOL_VERSION;
use crate::genesis::Genesis;
use crate::ids::{ChainId, Height};
use crate::limits;
use crate::roster::Roster;
use crate::vote::BadCertificate;

/// A handover that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("handover {step}: {why}")]
pub struct BadPath {
    /// Which one, from 1.
    pub step: usize,
    /// What is wrong with it.
    pub why: Broken,
}

/// Why one roster does not hand over to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// There are too many.
    #[error("more than {} of them", limits::HANDOVERS)]
    TooMany,
    /// Another chain, or a version that is not known here.
    #[error("of another network or protocol version")]
    Foreign,
    /// Not in the order of their heights.
    #[error("height {0} is not after {1}")]
    Order(Height, Height),
    /// A step is missing before it.
    #[error("decided by another roster than the one before it named")]
    Skipped,
    /// A certificate that belongs elsewhere.
    #[error("the certificate is for another header")]
    AnotherHeader,
    /// Not decided.
    #[error(transparent)]
    Certificate(#[from] BadCertificate),
    /// The roster that comes with it is not the next one.
    #[error("its header names another roster")]
    AnotherRoster,
}

/// Follows handovers from the genesis, whose roster is the first: the roster that the last one names, and the height that made it.
///
/// # Errors
/// [`BadPath`]: the handover that does not hold.
pub fn follow_handovers<'a>(
    steps: &'a [Handover],
    chain: ChainId,
    first: &'a Roster,
) -> Result<(&'a Roster, Height), BadPath> {
    if steps.len() > limits::HANDOVERS {
        return Err(BadPath { step: limits::HANDOVERS + 1, why: Broken::TooMany });
    }
    let mut trusted = (first, Height::GENESIS);
    for (step, handover) in (1..).zip(steps) {
        trusted = hand_over(handover, trusted, chain).map_err(|why| BadPath { step, why })?;
    }
    Ok(trusted)
}

/// The roster that decides the head of a bundle, with the way to it in words.
///
/// # Errors
/// The handover that does not hold, and why.
pub(super) fn walk<'a>(bundle: &'a Bundle, anchor: &'a Genesis) -> Result<(&'a Roster, String), String> {
    let (roster, since) =
        follow_handovers(&bundle.trust_path, anchor.chain, &anchor.roster).map_err(|bad| bad.to_string())?;
    let header = &bundle.head.header.0;
    if header.roster_hash != roster.hash() {
        return Err("decided by a roster that the anchor does not lead to".to_owned());
    }
    if header.height <= since {
        return Err(format!("the head is of height {}, before the last handover, {since}", header.height));
    }
    let words = match bundle.trust_path.len() {
        0 => "the genesis roster decided it".to_owned(),
        1 => format!("one handover from the genesis roster, at height {since}"),
        count => format!("{count} handovers from the genesis roster, the last at height {since}"),
    };
    Ok((roster, words))
}

/// The roster in force since a height (0 is the genesis roster), by the handovers up to there.
///
/// # Errors
/// The handover that does not hold, or that none of them is of that height.
pub(super) fn roster_since<'a>(path: &'a [Handover], since: Height, anchor: &'a Genesis) -> Result<&'a Roster, String> {
    let mut trusted = (&anchor.roster, Height::GENESIS);
    for (i, step) in path.iter().take(limits::HANDOVERS).enumerate() {
        if trusted.1 == since {
            break;
        }
        trusted = hand_over(step, trusted, anchor.chain).map_err(|why| format!("handover {}: {why}", i + 1))?;
    }
    let (roster, height) = trusted;
    if height == since {
        return Ok(roster);
    }
    Err(format!("decided by the roster since height {since}, and the handovers at hand lead to that since {height}"))
}

/// One roster names the next.
fn hand_over<'a>(
    step: &'a Handover,
    (roster, since): (&Roster, Height),
    chain: ChainId,
) -> Result<(&'a Roster, Height), Broken> {
    let (header, certificate, next) = (&step.header.0, &step.certificate.0, &step.roster.0);
    if header.chain != chain || header.version != PROTOCOL_VERSION {
        return Err(Broken::Foreign);
    }
    if header.height <= since {
        return Err(Broken::Order(header.height, since));
    }
    if header.roster_hash != roster.hash() {
        return Err(Broken::Skipped);
    }
    if certificate.block != header.hash() || certificate.height != header.height {
        return Err(Broken::AnotherHeader);
    }
    certificate.verify(chain, roster)?;
    if header.next_roster_hash != next.hash() {
        return Err(Broken::AnotherRoster);
    }
    Ok((next, header.height))
}
