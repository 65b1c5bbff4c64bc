//! Masks: what a Byzantine validator makes of what an honest engine says. One lie, one file.
//!
//! Under the mask runs the engine that everybody runs; the mask stands between it and the links, with its key. Two lies
//! need more than that: the [`amnesiac`] and the [`twin`], which the world starts otherwise.

mod equivocator;
mod invalid_proposer;
mod liar;
mod replayer;
mod selective;
mod spammer;
mod withholder;

/// It forgets its write-ahead log whenever it starts, and votes all the same.
pub(super) mod amnesiac {
    use super::Mask;

    /// Whether a machine with this mask starts without its log.
    pub(crate) fn forgets(mask: Option<Mask>) -> bool {
        mask == Some(Mask::Amnesiac)
    }
}

/// Two nodes with one key, each of which believes that it is alone.
pub(super) mod twin {
    use super::Mask;

    /// Whether a second machine runs with the key.
    pub(crate) fn doubles(mask: Mask) -> bool {
        mask == Mask::Twin
    }
}

use std::fmt;
use std::str::FromStr;

use sampan_node::net::Topic;
use sampan_proto::codec;
use sampan_proto::keys::SecretKey;
use sampan_proto::limits;
use sampan_proto::vote::Signed;
use sampan_proto::wire::{ConsensusMessage, ProposalMessage, Request};

use super::dice::Dice;

/// A message on a topic.
pub(super) type Message = (Topic, Vec<u8>);

/// A way to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mask {
    /// Says one thing to half of the others and another thing to the rest.
    Equivocator,
    /// Proposes what it gives nobody the contents of.
    Withholder,
    /// Proposes blocks that lead to another state than it says.
    Liar,
    /// Forgets what it voted.
    Amnesiac,
    /// Says again what it said long ago.
    Replayer,
    /// Says nothing that means anything, all the time.
    Spammer,
    /// Proposes what cannot be: times, heights and payloads out of place.
    InvalidProposer,
    /// Speaks to one of the others only.
    Selective,
    /// Runs twice.
    Twin,
}

impl Mask {
    /// Every mask.
    pub(super) const ALL: [Self; 9] = [
        Self::Equivocator,
        Self::Withholder,
        Self::Liar,
        Self::Amnesiac,
        Self::Replayer,
        Self::Spammer,
        Self::InvalidProposer,
        Self::Selective,
        Self::Twin,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Equivocator => "equivocator",
            Self::Withholder => "withholder",
            Self::Liar => "liar",
            Self::Amnesiac => "amnesiac",
            Self::Replayer => "replayer",
            Self::Spammer => "spammer",
            Self::InvalidProposer => "invalid-proposer",
            Self::Selective => "selective",
            Self::Twin => "twin",
        }
    }
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Mask {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|mask| mask.name() == text).ok_or(())
    }
}

/// A validator with a mask on.
pub(super) struct Wearer {
    pub(super) mask: Mask,
    key: SecretKey,
    dice: Dice,
    /// What it said, for whoever says it again.
    said: Vec<Message>,
}

impl Wearer {
    pub(super) const fn new(mask: Mask, key: SecretKey, dice: Dice) -> Self {
        Self { mask, key, dice, said: Vec::new() }
    }

    /// What one of the others hears when the engine says `message` to all.
    pub(super) fn says(&mut self, to: usize, message: &Message) -> Vec<Message> {
        match self.mask {
            Mask::Equivocator => equivocator::says(&self.key, to, message),
            Mask::Liar => liar::says(&self.key, message),
            Mask::InvalidProposer => invalid_proposer::says(&self.key, &mut self.dice, message),
            Mask::Withholder => withholder::says(message),
            Mask::Selective => selective::says(to, message),
            Mask::Replayer => replayer::says(&mut self.said, &mut self.dice, message),
            Mask::Amnesiac | Mask::Spammer | Mask::Twin => vec![message.clone()],
        }
    }

    /// What one of the others hears besides, at any moment.
    pub(super) fn babbles(&mut self) -> Vec<Message> {
        if self.mask == Mask::Spammer { spammer::babbles(&mut self.dice) } else { Vec::new() }
    }

    /// Whether it answers a request at all.
    pub(super) fn answers(&self, request: &Request) -> bool {
        self.mask != Mask::Withholder || withholder::answers(request)
    }
}

fn vote_in(message: &Message) -> Option<Signed<sampan_proto::vote::Vote>> {
    match codec::decode(&message.1, limits::CONSENSUS_MESSAGE_BYTES).ok()? {
        ConsensusMessage::Vote(vote) if message.0 == Topic::Votes => Some(vote),
        _ => None,
    }
}

fn proposal_in(message: &Message) -> Option<ProposalMessage> {
    (message.0 == Topic::Proposals).then(|| codec::decode(&message.1, limits::CONSENSUS_MESSAGE_BYTES).ok())?
}

/// The proposal of a changed block, signed anew.
fn proposed(key: &SecretKey, mut message: ProposalMessage) -> Message {
    let mut proposal = message.proposal.message;
    proposal.block = message.header.hash();
    message.proposal = Signed::sign(proposal, key);
    (Topic::Proposals, codec::encode(&message))
}
