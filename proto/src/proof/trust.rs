//! Trust: from the anchor's roster, by every handover there was, to the roster that decides the head.
//!
//! A roster hands over to the next by deciding a header that names it (`next_roster_hash`), with more than two
//! thirds of its own power. No handover is skipped: a verifier never trusts a roster that the one before did not
//! name. Signatures of the side trusted already are checked before anything is made of the other.

use super::bundle::{Bundle, Handover};
use crate::block::PROTOCOL_VERSION;
use crate::genesis::Genesis;
use crate::ids::Height;
use crate::limits;
use crate::roster::Roster;

/// The roster that decides the head of a bundle, with the way to it in words.
///
/// # Errors
/// The handover that does not hold, and why.
pub(super) fn walk<'a>(bundle: &'a Bundle, anchor: &'a Genesis) -> Result<(&'a Roster, String), String> {
    if bundle.trust_path.len() > limits::HANDOVERS {
        return Err(format!("more than {} handovers", limits::HANDOVERS));
    }
    let mut trusted = (&anchor.roster, Height::GENESIS);
    for (i, step) in bundle.trust_path.iter().enumerate() {
        trusted = hand_over(step, trusted, anchor).map_err(|why| format!("handover {}: {why}", i + 1))?;
    }
    let (roster, since) = trusted;
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

/// One roster names the next.
fn hand_over<'a>(
    step: &'a Handover,
    (roster, since): (&Roster, Height),
    anchor: &Genesis,
) -> Result<(&'a Roster, Height), String> {
    let (header, certificate, next) = (&step.header.0, &step.certificate.0, &step.roster.0);
    if header.chain != anchor.chain || header.version != PROTOCOL_VERSION {
        return Err("of another network or protocol version".to_owned());
    }
    if header.height <= since {
        return Err(format!("height {} is not after {since}", header.height));
    }
    if header.roster_hash != roster.hash() {
        return Err("decided by another roster than the one before it named".to_owned());
    }
    if certificate.block != header.hash() || certificate.height != header.height {
        return Err("the certificate is for another header".to_owned());
    }
    certificate.verify(anchor.chain, roster).map_err(|bad| bad.to_string())?;
    if header.next_roster_hash != next.hash() {
        return Err("its header names another roster".to_owned());
    }
    Ok((next, header.height))
}
