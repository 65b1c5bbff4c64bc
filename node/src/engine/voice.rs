//! One identity, one node: whether this node may vote, and when it may again.
//!
//! What a validator said at an undecided height stands in its write-ahead log and nowhere else. Where the log may not
//! be whole (a copy, a backup, a lost file), the node follows without a voice until what its key may have said no
//! longer counts:
//!
//! ```text
//!   doubt ──▶ silent ──────────────────▶ listening ─────────────▶ speaking
//!                      a block that was               the next
//!                      made after the start           block
//! ```
//!
//! A block whose time lies beyond our clock at the start, and beyond the skew that validators allow, was not decided
//! when we started: so whatever our key said before then was about its height or a lower one, and it is decided now.
//! During the height after it our key says nothing, if it is ours alone: whoever speaks with it then is another node.
//! A node that is given a seat while it runs was listening all the time, and speaks at once.
//! Once the node votes the guard goes on: what has our signature and was not sent from here stops the node.

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;

use sampan_proto::block::Header;
use sampan_proto::ids::Height;
use sampan_proto::keys::{PublicKey, SecretKey};
use sampan_proto::limits::CLOCK_SKEW_MS;
use sampan_proto::vote::{Certificate, Vote, VoteType};

use super::heard::WINDOW;
use super::{Engine, Heard};
use crate::fault::Fatal;
use crate::store::wal::Wal;
use crate::store::{Place, Voice};

/// What the operator says about the data directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Provenance {
    /// Nothing: the node finds out what it can.
    #[default]
    Unsaid,
    /// It comes from a backup.
    Restored,
    /// This is all that the key has ever signed, and no other node has the key.
    Vouched,
}

/// A node's consensus key: its place in the roster, whether it votes now, is silent, or waits to be given the place.
pub(super) struct Seat {
    key: SecretKey,
    log: PathBuf,
    /// When this process began to listen.
    since_ms: u64,
    /// Whether it voted here before it lost its place: then all that its key has said is known.
    spoke: bool,
    silence: Option<Silence>,
}

impl Seat {
    pub(super) const fn new(key: SecretKey, log: PathBuf, now_ms: u64) -> Self {
        Self { key, log, since_ms: now_ms, spoke: false, silence: None }
    }
}

/// Why and since when a validator is silent.
struct Silence {
    since_ms: u64,
    /// The first block that was certainly made after that: from here on we listen for our own key.
    over: Option<Height>,
}

/// Why the node may not know what it has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doubt {
    Restored,
    Elsewhere,
    Log,
    Unwitnessed,
    Newcomer,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Restored => "it was started as restored from a backup",
            Self::Elsewhere => "its data directory is a copy of the one it voted from",
            Self::Log => "its write-ahead log is missing or of another moment than its store",
            Self::Unwitnessed => "it has no record of what its key has signed",
            Self::Newcomer => "its store is new but the network is not",
        })
    }
}

/// What is known at the start.
struct Facts {
    provenance: Provenance,
    voice: Option<Voice>,
    here: Place,
    tip: Height,
    /// The height of the write-ahead log, if there is one.
    log: Option<Height>,
    /// The time of the first block, if there is one.
    first_ms: Option<u64>,
}

impl Facts {
    /// Whether the node may have said something that it does not know.
    fn doubt(&self) -> Option<Doubt> {
        let (place, since_ms) = match (self.provenance, self.voice) {
            (Provenance::Vouched, _) => return None,
            (Provenance::Restored, _) => return Some(Doubt::Restored),
            // Never started before, as far as anything here tells.
            (Provenance::Unsaid, None) if self.tip == Height::GENESIS && self.log.is_none_or(|at| at <= Height(1)) => {
                return None;
            }
            (Provenance::Unsaid, None | Some(Voice::Silent)) => return Some(Doubt::Unwitnessed),
            (Provenance::Unsaid, Some(Voice::Newborn { place, since_ms })) => (place, Some(since_ms)),
            (Provenance::Unsaid, Some(Voice::Speaking { place })) => (place, None),
        };
        // A crash between a commit and the rotation leaves the log of the tip.
        let whole = self.log.is_some_and(|at| at == self.tip.next() || (at == self.tip && at != Height::GENESIS));
        match (since_ms, self.first_ms) {
            _ if !place.is(&self.here) => Some(Doubt::Elsewhere),
            _ if !whole => Some(Doubt::Log),
            (Some(since_ms), Some(first_ms)) if is_older(first_ms, since_ms) => Some(Doubt::Newcomer),
            _ => None,
        }
    }

    /// What to write down before the first word, when there is no doubt.
    fn voice(&self, now_ms: u64) -> Voice {
        let place = self.here;
        match self.voice {
            Some(Voice::Newborn { since_ms, .. }) if self.tip == Height::GENESIS => Voice::Newborn { place, since_ms },
            None if self.provenance == Provenance::Unsaid => Voice::Newborn { place, since_ms: now_ms },
            _ => Voice::Speaking { place },
        }
    }
}

/// Whether the network's first block was made before a node first started: then the node may be an old one that lost
/// everything. A network's founders start within seconds of its first block.
const fn is_older(first_ms: u64, since_ms: u64) -> bool {
    first_ms.saturating_add(CLOCK_SKEW_MS) < since_ms
}

impl Engine {
    /// At the start: takes the node's place in the roster, if it has one: it votes, or it follows until it may.
    pub(super) fn take_seat(&mut self, provenance: Provenance) -> Result<(), Fatal> {
        let Some(seat) = self.seat.as_ref().filter(|seat| self.tip.roster().by_key(&seat.key.public()).is_some())
        else {
            return Ok(());
        };
        let key = seat.key.clone();
        // A log that is not trusted anyway need not be readable.
        let opened = match provenance {
            Provenance::Restored => None,
            Provenance::Unsaid | Provenance::Vouched => Some(Wal::open(&seat.log, self.store.disk())?),
        };
        let recorded = opened.as_ref().and_then(|(_, recorded)| recorded.as_ref());
        let first = self.store.reader().header(Height(1))?;
        let facts = Facts {
            provenance,
            voice: self.store.voice()?,
            here: self.store.place(),
            tip: self.tip.height,
            log: recorded.map(|(height, _)| *height),
            first_ms: first.map(|(header, _)| header.time_ms),
        };
        match (facts.doubt(), opened) {
            (None, Some((wal, recorded))) => self.recover(key, wal, recorded, facts.voice(self.clock.now_ms())),
            (doubt, _) => self.fall_silent(doubt.unwrap_or(Doubt::Restored)),
        }
    }

    /// Follows without a vote. A crash after the row is written starts here again.
    fn fall_silent(&mut self, why: Doubt) -> Result<(), Fatal> {
        self.store.set_voice(Voice::Silent)?;
        self.validator = None;
        let since_ms = self.clock.now_ms();
        if let Some(seat) = &mut self.seat {
            seat.silence = Some(Silence { since_ms, over: None });
            tracing::warn!(
                %why,
                "NOT VOTING: this validator may have said what it does not know; it votes once two newer heights are \
                 decided. If no other node has its key and it is sure to be whole, start it with --vote-now"
            );
        }
        self.tell_whether_it_votes();
        Ok(())
    }

    /// The state of a later block is taken over: what was said at the heights before it is not known here.
    pub(super) fn fall_silent_to_join(&mut self) -> Result<(), Fatal> {
        let seated = self.seat.as_ref().is_some_and(|seat| self.tip.roster().by_key(&seat.key.public()).is_some());
        self.timers.cancel_rounds();
        if seated { self.fall_silent(Doubt::Newcomer) } else { Ok(()) }
    }

    /// The roster is that of the state taken over now: who was given a seat in between listens first, who lost it follows.
    pub(super) fn take_the_seat_it_arrived_at(&mut self) -> Result<(), Fatal> {
        let Some(seat) = &mut self.seat else { return Ok(()) };
        match (seat.silence.is_some(), self.tip.roster().by_key(&seat.key.public()).is_some()) {
            (false, true) => self.fall_silent(Doubt::Newcomer),
            (true, false) => {
                seat.silence = None;
                self.tell_whether_it_votes();
                Ok(())
            }
            (true, true) | (false, false) => Ok(()),
        }
    }

    /// The roster changed: the node is given a place, loses it, or neither. Whoever is given one speaks at once if it
    /// listened to its own key when that was decided: what the key may have said before is of heights that are over.
    pub(super) fn hand_over(&mut self, header: &Header) -> Result<(), Fatal> {
        self.metrics.set_roster_size(self.tip.roster().validators().len());
        let Some(seat) = &mut self.seat else { return Ok(()) };
        let seated = self.tip.roster().by_key(&seat.key.public()).is_some();
        let placed = self.validator.is_some() || seat.silence.is_some();
        match (placed, seated) {
            (false, true) if seat.spoke || header.time_ms > seat.since_ms.saturating_add(CLOCK_SKEW_MS) => {
                tracing::info!(height = %self.next_height(), "this validator has a seat: voting");
                self.speak()
            }
            (false, true) => self.fall_silent(Doubt::Unwitnessed),
            (true, false) => {
                seat.spoke = seat.silence.is_none();
                seat.silence = None;
                tracing::info!(height = %self.next_height(), "this validator has no seat any more: following");
                self.validator = None;
                self.tell_whether_it_votes();
                Ok(())
            }
            (true, true) | (false, false) => Ok(()),
        }
    }

    /// Votes from the next height on: nothing that this key ever said is about it.
    fn speak(&mut self) -> Result<(), Fatal> {
        let Some((key, path)) = self.seat.as_mut().map(|seat| {
            seat.silence = None;
            (seat.key.clone(), seat.log.clone())
        }) else {
            return Ok(());
        };
        let wal = Wal::renew(&path, self.next_height(), self.store.disk())?;
        self.recover(key, wal, None, Voice::Speaking { place: self.store.place() })
    }

    /// The first block is about to be committed: does it show that the network is older than the node?
    pub(super) fn judge_newborn(&mut self, header: &Header) -> Result<(), Fatal> {
        if header.height == Height(1)
            && let Some(Voice::Newborn { place, since_ms }) = self.store.voice()?
        {
            // A crash after either line finds what the block has shown; it would show the same again.
            if is_older(header.time_ms, since_ms) {
                return self.fall_silent(Doubt::Newcomer);
            }
            self.store.set_voice(Voice::Speaking { place })?;
        }
        Ok(())
    }

    /// A block was committed: is the silence over?
    pub(super) fn break_silence(&mut self, header: &Header) -> Result<(), Fatal> {
        let Some(silence) = self.seat.as_mut().and_then(|seat| seat.silence.as_mut()) else { return Ok(()) };
        if silence.over.is_some() {
            tracing::info!(height = %self.next_height(), "voting again: newer heights were decided");
            return self.speak();
        }
        if header.time_ms > silence.since_ms.saturating_add(CLOCK_SKEW_MS) {
            silence.over = Some(header.height);
        }
        Ok(())
    }

    /// Our precommit in a certificate of others that we did not give. Asked before the height is forgotten.
    pub(super) fn look_for_our_key(&mut self, certificate: &Certificate) -> Result<(), Fatal> {
        let Some(key) = self.guarded_key() else { return Ok(()) };
        let index = self.tip.roster().by_key(&key).map(|(index, _)| index);
        let Certificate { height, round, block, .. } = *certificate;
        let (chain, vote_type, block) = (self.chain, VoteType::Precommit, Some(block));
        let vote = Vote { chain, vote_type, height, round, block, validator: key };
        let signed = certificate.precommits().any(|(signer, _)| Some(signer) == index);
        if signed && !self.heard.knows_vote(&vote) { self.yield_to_the_other(&key, height) } else { Ok(()) }
    }

    /// A message with our signature that we did not send.
    pub(super) fn listen_for_our_key(&mut self, heard: &Heard) -> Result<(), Fatal> {
        let Some(key) = self.guarded_key() else { return Ok(()) };
        // Of a height far ahead it says nothing yet: it may be what we said before our disk was lost.
        let undecided = |height: Height| height > self.tip.height && height.0 - self.tip.height.0 <= WINDOW;
        let foreign = |vote: &&Vote| vote.validator == key && undecided(vote.height) && !self.heard.knows_vote(vote);
        let spoke = match heard {
            Heard::Vote(vote) => Some(&vote.message).filter(foreign).map(|vote| vote.height),
            Heard::Polka(votes) => votes.iter().map(|vote| &vote.message).find(foreign).map(|vote| vote.height),
            Heard::Round(certificate) => {
                certificate.votes.iter().map(|vote| &vote.message).find(foreign).map(|vote| vote.height)
            }
            Heard::Proposal(_, heard) => {
                let proposal = &heard.proposal.message;
                let ours = proposal.proposer == key && undecided(proposal.height);
                (ours && !self.heard.knows_proposal(proposal)).then_some(proposal.height)
            }
            Heard::Announced(..) | Heard::Documents { .. } | Heard::Offence(_) => None,
        };
        spoke.map_or(Ok(()), |height| self.yield_to_the_other(&key, height))
    }

    /// Our key, while it is known what it has said: always, but at the beginning of a silence.
    fn guarded_key(&self) -> Option<PublicKey> {
        let seat = self.seat.as_ref()?;
        seat.silence.as_ref().is_none_or(|silence| silence.over.is_some()).then(|| seat.key.public())
    }

    /// Two nodes with one key say two things sooner or later. A start after this begins in silence. A new node that is
    /// far behind most likely hears itself, from before its disk was lost: it listens first, and stops later if there is
    /// another after all.
    fn yield_to_the_other(&mut self, key: &PublicKey, height: Height) -> Result<(), Fatal> {
        if self.is_joining() {
            self.timers.cancel_rounds();
            return self.fall_silent(Doubt::Newcomer);
        }
        self.store.set_voice(Voice::Silent)?;
        Err(Fatal::SharedKey { key: key.short(), height })
    }
}
