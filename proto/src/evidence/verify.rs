//! Verification of evidence: who signed what twice, from the anchor alone.

use super::place::Place;
use super::{Checkpoints, EVIDENCE_MEDIA_TYPE, Evidence, Offence};
use crate::checkpoint::LogAt;
use crate::ids::{ChainId, Height, MemberId};
use crate::keys::Known;
use crate::member::{KeyStanding, Member};
use crate::proof::{Anchor, Head, Ladder, Reigns, Start, expect};
use crate::roster::Roster;
use crate::state_key;
use crate::statement::{SignedStatement, VerifiedStatement};
use crate::vote::{Proposal, Signable, Signed, Vote, VoteType};

/// What evidence proves once every rung holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// Whose keys signed both.
    pub members: Vec<MemberId>,
    /// What follows.
    pub shows: String,
    /// What does not.
    pub leaves_open: &'static str,
}

const WHY: &str = "why: a stolen key or a copied machine signs the same";
const WHO_BEGAN: &str = "who began it, and which of the two the honest validators hold";
const NO_FRAUD: &str = "fraud: that both were signed is proven, not that both were sent, nor which was executed";

/// Checks an evidence file; what it proves comes with a ladder on which nothing is INVALID.
#[must_use]
pub fn verify(evidence: &Evidence, anchor: &dyn Anchor) -> (Ladder, Option<Proven>) {
    let mut ladder = Ladder::default();
    let proven = climb(evidence, &anchor.start(), &mut ladder);
    (ladder, proven)
}

fn climb(evidence: &Evidence, start: &Start<'_>, ladder: &mut Ladder) -> Option<Proven> {
    let known = evidence.media_type == EVIDENCE_MEDIA_TYPE;
    ladder.check("format", expect(known, EVIDENCE_MEDIA_TYPE, "a media type that is not known here"))?;
    let names = format!("the evidence is of network {}, the anchor is of {}", evidence.chain, start.chain);
    let network = expect(evidence.chain == start.chain, format!("network `{}`", start.network), names);
    ladder.check("network", network)?;
    let reigns = Reigns::of_start(&evidence.trust_path, start, &mut Known::nothing());
    let reigns = reigns
        .map_err(|bad| bad.to_string())
        .map(|reigns| (reigns, format!("{} handovers from the anchor", evidence.trust_path.len())));
    let ground = Ground { evidence, start, reigns: ladder.check("roster", reigns)? };
    match &evidence.offence {
        Offence::Votes([one, two]) => ground.twice(&one.0, &two.0, ladder),
        Offence::Proposals([one, two]) => ground.twice(&one.0, &two.0, ladder),
        Offence::Certificates(heads) => ground.fork(&heads[0], &heads[1], ladder),
        Offence::Checkpoints(two) => ground.checkpoints(two, ladder),
        Offence::Statements([one, two]) => ground.statements(&one.0, &two.0, ladder),
    }
}

/// What a check stands on.
struct Ground<'a> {
    evidence: &'a Evidence,
    start: &'a Start<'a>,
    reigns: Reigns<'a>,
}

/// A consensus message by where it belongs: of those with one place, a validator signs one.
trait Placed: Signable + PartialEq {
    /// What such messages are called.
    const NAME: &'static str;
    /// Where it belongs.
    fn place(&self) -> (ChainId, Height, u32, Option<VoteType>);
}

impl Placed for Vote {
    const NAME: &'static str = "votes";
    fn place(&self) -> (ChainId, Height, u32, Option<VoteType>) {
        (self.chain, self.height, self.round, Some(self.vote_type))
    }
}

impl Placed for Proposal {
    const NAME: &'static str = "proposals";
    fn place(&self) -> (ChainId, Height, u32, Option<VoteType>) {
        (self.chain, self.height, self.round, None)
    }
}

impl Ground<'_> {
    /// A header is decided by the roster that the handovers lead to at its height.
    fn decided(&self, head: &Head) -> Result<&Roster, String> {
        let (header, certificate) = (&head.header.0, &head.certificate.0);
        let roster = self.reigns.at(header.height)?;
        if certificate.block != header.hash() || certificate.height != header.height {
            return Err("the certificate is for another header".to_owned());
        }
        certificate.verify(self.start.chain, roster).map_err(|bad| bad.to_string())?;
        Ok(roster)
    }

    /// The header that says who the signers were.
    fn head(&self, ladder: &mut Ladder) -> Option<(&Head, &Roster)> {
        let head = self.evidence.head.as_ref();
        let decided = head.ok_or_else(|| "no header says who the signer was".to_owned()).and_then(|head| {
            let roster = self.decided(head)?;
            self.reigns.of(&head.header.0)?;
            Ok(((head, roster), format!("height {}, decided", head.header.0.height)))
        });
        ladder.check("header", decided)
    }

    /// Two messages with one place.
    fn twice<T: Placed>(&self, one: &Signed<T>, two: &Signed<T>, ladder: &mut Ladder) -> Option<Proven> {
        let (_, roster) = self.head(ladder)?;
        let (chain, height, round, _) = one.message.place();
        let apart = one.message != two.message
            && one.message.place() == two.message.place()
            && one.message.signer() == two.message.signer();
        let words = format!("two {} for height {height}, round {round}, that differ", T::NAME);
        ladder.check("conflict", expect(apart, words, format!("these are not two {} with one place", T::NAME)))?;
        let of_height = self.evidence.head.as_ref().is_some_and(|head| head.header.0.height == height);
        let signer = roster.by_key(one.message.signer()).filter(|_| chain == self.start.chain && of_height);
        let signer = signer.ok_or_else(|| "by no validator of that height".to_owned());
        let member =
            ladder.check("signer", signer.map(|(_, found)| (found.member.clone(), found.member.to_string())))?;
        let both = one.verify().is_ok() && two.verify().is_ok();
        ladder.check("signatures", expect(both, "both hold", "a signature does not verify"))?;
        let shows = format!("the validator of `{member}` signed two {} for height {height}, round {round}", T::NAME);
        Some(Proven { members: vec![member], shows, leaves_open: WHY })
    }

    /// Two decided headers: both hold. A forged one may name any roster; one of them must name the one that decided
    /// both, for otherwise a handover in between may be missing.
    fn heads(&self, one: &Head, two: &Head, ladder: &mut Ladder) -> Option<()> {
        let (first, second) = (one.header.0.height, two.header.0.height);
        let named = match (self.reigns.of(&one.header.0), self.reigns.of(&two.header.0)) {
            (Ok(_), Ok(_)) => Ok(()),
            (Ok(_), Err(_)) | (Err(_), Ok(_)) if first == second => Ok(()),
            (Err(why), _) | (_, Err(why)) => Err(why),
        };
        let both = named.and_then(|()| self.decided(one)).and_then(|_| self.decided(two));
        ladder.check("header", both.map(|_| ((), format!("heights {first} and {second}, both decided"))))
    }

    /// Two headers at one height.
    fn fork(&self, one: &Head, two: &Head, ladder: &mut Ladder) -> Option<Proven> {
        self.heads(one, two, ladder)?;
        let height = one.header.0.height;
        let apart = two.header.0.height == height && one.header.0.hash() != two.header.0.hash();
        ladder.check(
            "conflict",
            expect(apart, format!("two headers at height {height}"), "not two headers of one height"),
        )?;
        let shows = format!("two different blocks are decided at height {height}");
        Some(Proven { members: self.signers_of_both(one, two), shows, leaves_open: WHO_BEGAN })
    }

    /// A log that does not begin with an older one.
    fn checkpoints(&self, two: &Checkpoints, ladder: &mut Ladder) -> Option<Proven> {
        self.heads(&two.older, &two.newer, ladder)?;
        let older = LogAt::from(&two.older.header.0);
        let begins = &two.consistency.from;
        let proven = two.consistency.to == LogAt::from(&two.newer.header.0) && two.consistency.verify().is_ok();
        let apart = proven && begins.size == older.size && begins.root != older.root;
        let words = format!("of {} entries the roots differ", older.size);
        ladder.check("conflict", expect(apart, words, "the newer log is not shown to begin with another one"))?;
        let (first, second) = (two.older.header.0.height, two.newer.header.0.height);
        let shows = format!("the log decided at height {second} does not begin with the one decided at height {first}");
        Some(Proven { members: self.signers_of_both(&two.older, &two.newer), shows, leaves_open: WHO_BEGAN })
    }

    fn signers_of_both(&self, one: &Head, two: &Head) -> Vec<MemberId> {
        let signers = |head: &Head| {
            let Ok(roster) = self.reigns.at(head.header.0.height) else { return Vec::new() };
            let signer =
                |(index, _): (usize, _)| roster.validators().get(index).map(|validator| validator.member.clone());
            head.certificate.0.precommits().filter_map(signer).collect::<Vec<_>>()
        };
        let second = signers(two);
        signers(one).into_iter().filter(|member| second.contains(member)).collect()
    }

    /// Two statements that claim one place.
    fn statements(&self, one: &SignedStatement, two: &SignedStatement, ladder: &mut Ladder) -> Option<Proven> {
        let (head, _) = self.head(ladder)?;
        let part = self.evidence.member.as_ref();
        let root = head.header.0.state_root;
        let member = part.filter(|part| {
            let member = &part.member.0;
            part.proof.0.verify_presence(&root, &state_key::member(&member.id), &member.value_hash()).is_ok()
        });
        let member = member.map(|part| &part.member.0).ok_or_else(|| "no proof of the member's keys".to_owned());
        let member = ladder.check("member", member.map(|member| (member, member.id.to_string())))?;
        let said = [one, two].map(|signed| self.said(signed, member, head.header.0.height));
        let [one, two] = said;
        let both = one.and_then(|one| Ok((one, two?)));
        let (one, two) = ladder.check("signatures", both.map(|both| (both, "both hold".to_owned())))?;
        let place = Place::shared(&one, &two).ok_or_else(|| "they do not claim one place".to_owned());
        let place = ladder.check("conflict", place.map(|place| (place, place.words())))?;
        let shows = format!("`{}` signed two different statements, {}", member.id, place.words());
        Some(Proven { members: vec![member.id.clone()], shows, leaves_open: NO_FRAUD })
    }

    fn said(&self, signed: &SignedStatement, member: &Member, height: Height) -> Result<VerifiedStatement, String> {
        let verified = signed.clone().verify(self.start.chain).map_err(|reject| reject.to_string())?;
        if verified.statement().member != member.id {
            return Err(format!("a statement of `{}`", verified.statement().member));
        }
        let purpose = verified.statement().action.purpose();
        let known = |key| member.key_standing(purpose, key, height) != KeyStanding::Unknown;
        if verified.signed().signatures.iter().all(|line| known(&line.key)) {
            Ok(verified)
        } else {
            Err(format!("signed by a key that the registry does not list for `{}`", member.id))
        }
    }
}
