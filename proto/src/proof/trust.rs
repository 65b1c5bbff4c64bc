//! Trust: from the anchor's roster, by every handover there was, to the roster that decides the head.
//!
//! A roster hands over to the next by deciding a header that names it (`next_roster_hash`), with more than two
//! thirds of its own power. No handover is skipped: a verifier never trusts a roster that the one before did not
//! name. Signatures of the side trusted already are checked before anything is made of the other. What was decided
//! before a pinned header is not looked at: the pin vouches for it.

use super::anchor::Start;
use super::bundle::{Bundle, Handover};
use crate::block::Header;
use crate::genesis::Genesis;
use crate::ids::{ChainId, Height};
use crate::keys::Known;
use crate::limits;
use crate::protocol::{self, UnknownVersion};
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
    /// Another chain.
    #[error("of another network")]
    Foreign,
    /// Decided by rules that are not known here.
    #[error(transparent)]
    Version(#[from] UnknownVersion),
    /// Not in the order of their heights.
    #[error("height {0} is not after {1}")]
    Order(Height, Height),
    /// A step is missing before it.
    #[error("decided by another roster than the one before it named")]
    Skipped,
    /// No roster hands over to itself: such steps would only make a path long.
    #[error("its header names the roster that decided it")]
    Unchanged,
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

/// Who vouches for a head.
pub(super) enum Voucher<'a> {
    /// This roster, by the certificate.
    Roster(&'a Roster),
    /// The anchor: it is the very header that is pinned.
    Anchor,
}

/// Who decides the head of a bundle, with the way there in words.
///
/// # Errors
/// The handover that does not hold, and why.
pub(super) fn walk<'a>(
    bundle: &'a Bundle,
    start: &Start<'a>,
    known: &mut Known,
) -> Result<(Voucher<'a>, String), String> {
    let header = &bundle.head.header.0;
    if let Some(pinned) = start.header
        && header.height <= start.height
    {
        if header.hash() == pinned {
            return Ok((Voucher::Anchor, "the anchor's own header".to_owned()));
        }
        let (head, start) = (header.height, start.height);
        let what = format!("the head is of height {head}, not after the anchor's, {start}");
        return Err(format!("{what}: verify it from the genesis file, or fetch it anew"));
    }
    let reigns = Reigns::of_start(&bundle.trust_path, start, known).map_err(|bad| bad.to_string())?;
    let (since, roster) = reigns.last();
    if header.roster_hash != roster.hash() {
        return Err("decided by a roster that the anchor does not lead to".to_owned());
    }
    if header.height <= since {
        return Err(format!("the head is of height {}, before the last handover, {since}", header.height));
    }
    Ok((Voucher::Roster(roster), words(reigns.0.len() - 1, since, start)))
}

/// Follows handovers from the genesis, whose roster is the first: the roster that the last one names, and the height
/// that made it.
///
/// # Errors
/// [`BadPath`]: the handover that does not hold.
pub fn follow_handovers<'a>(
    steps: &'a [Handover],
    chain: ChainId,
    first: &'a Roster,
) -> Result<(&'a Roster, Height), BadPath> {
    let (since, roster) = Reigns::walk(steps, chain, (Height::GENESIS, first), &mut Known::nothing())?.last();
    Ok((roster, since))
}

/// Rosters, each from the height after which it decides, oldest first; the anchor's is always there.
pub(crate) struct Reigns<'a>(Vec<(Height, &'a Roster)>);

impl<'a> Reigns<'a> {
    /// Those that the anchor leads to.
    ///
    /// # Errors
    /// The handover that does not hold, and why.
    pub(crate) fn of_start(path: &'a [Handover], start: &Start<'a>, known: &mut Known) -> Result<Self, BadPath> {
        Self::walk(path, start.chain, (start.height, start.roster), known)
    }

    /// Walks over every handover after the first height, which is above that of the genesis if it is pinned.
    fn walk(
        path: &'a [Handover],
        chain: ChainId,
        first: (Height, &'a Roster),
        known: &mut Known,
    ) -> Result<Self, BadPath> {
        if path.len() > limits::HANDOVERS {
            return Err(BadPath { step: limits::HANDOVERS + 1, why: Broken::TooMany });
        }
        let (begin, roster) = first;
        let mut reigns = vec![first];
        let mut last = (roster, begin);
        for (step, handover) in (1..).zip(path) {
            if begin > Height::GENESIS && handover.header.0.height <= begin {
                continue;
            }
            last = hand_over(handover, last, chain, known).map_err(|why| BadPath { step, why })?;
            reigns.push((last.1, last.0));
        }
        Ok(Self(reigns))
    }

    fn last(&self) -> (Height, &'a Roster) {
        self.0[self.0.len() - 1]
    }

    /// The roster that these handovers lead to at a height. That none was left out is for a header to say.
    ///
    /// # Errors
    /// The anchor knows nothing of that height.
    pub(crate) fn at(&self, height: Height) -> Result<&'a Roster, String> {
        let reign = self.0.iter().rfind(|(since, _)| *since < height);
        reign.map(|(_, roster)| *roster).ok_or_else(|| format!("height {height} is not after the anchor"))
    }

    /// The roster that decides a header, by its height and by its own word.
    ///
    /// # Errors
    /// There is none here, or the header names another.
    pub(crate) fn of(&self, header: &Header) -> Result<&'a Roster, String> {
        let roster = self.at(header.height)?;
        if header.roster_hash == roster.hash() {
            Ok(roster)
        } else {
            Err(format!("the header of height {} names a roster that the anchor does not lead to", header.height))
        }
    }
}

fn words(count: usize, since: Height, start: &Start<'_>) -> String {
    let first = match start.header {
        None => "the genesis roster".to_owned(),
        Some(_) => format!("the roster pinned at height {}", start.height),
    };
    match count {
        0 => format!("{first} decided it"),
        1 => format!("one handover from {first}, at height {since}"),
        count => format!("{count} handovers from {first}, the last at height {since}"),
    }
}

/// The roster that decided a block and was in force since another height (0 is the genesis roster), by the handovers
/// before the block.
///
/// # Errors
/// The handover that does not hold, or that they lead to another roster.
pub(super) fn roster_since<'a>(
    path: &'a [Handover],
    since: Height,
    block: Height,
    anchor: &'a Genesis,
) -> Result<&'a Roster, String> {
    if block <= since {
        return Err("older than its own roster".to_owned());
    }
    let mut trusted = (&anchor.roster, Height::GENESIS);
    let before = path.iter().take(limits::HANDOVERS).take_while(|step| step.header.0.height < block);
    for (i, step) in (1..).zip(before) {
        trusted = hand_over(step, trusted, anchor.chain, &mut Known::nothing())
            .map_err(|why| format!("handover {i}: {why}"))?;
    }
    match trusted {
        (roster, height) if height == since => Ok(roster),
        (_, height) if height < since => Err(format!(
            "decided by the roster since height {since}, and the handovers at hand lead to that since {height}"
        )),
        (_, height) => Err(format!("decided by the roster since height {since}, which had handed over at {height}")),
    }
}

/// One roster names the next.
fn hand_over<'a>(
    step: &'a Handover,
    (roster, since): (&Roster, Height),
    chain: ChainId,
    known: &mut Known,
) -> Result<(&'a Roster, Height), Broken> {
    let (header, certificate, next) = (&step.header.0, &step.certificate.0, &step.roster.0);
    protocol::KNOWN.expect(header.version)?;
    if header.chain != chain {
        return Err(Broken::Foreign);
    }
    if header.height <= since {
        return Err(Broken::Order(header.height, since));
    }
    if header.roster_hash != roster.hash() {
        return Err(Broken::Skipped);
    }
    if header.next_roster_hash == header.roster_hash {
        return Err(Broken::Unchanged);
    }
    if certificate.block != header.hash() || certificate.height != header.height {
        return Err(Broken::AnotherHeader);
    }
    certificate.verify_knowing(chain, roster, known)?;
    if header.next_roster_hash != next.hash() {
        return Err(Broken::AnotherRoster);
    }
    Ok((next, header.height))
}
