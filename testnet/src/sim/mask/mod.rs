//! Masks: what a Byzantine validator makes of what an honest engine says. One lie, one file.
//!
//! Under the mask runs the engine that everybody runs; the mask stands between it and the links, with its key. Two lies
//! need more than that: the [`amnesiac`] and the [`twin`], which the world starts otherwise.

pub(super) mod amnesiac;
mod equivocator;
mod forger;
mod impersonator;
mod invalid_proposer;
mod liar;
mod replayer;
mod selective;
mod spammer;
mod traitor;
pub(super) mod twin;
mod usurper;
mod withholder;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use sampan_node::net::Topic;
use sampan_node::store::Store;
use sampan_proto::codec;
use sampan_proto::keys::{PublicKey, SecretKey};
use sampan_proto::limits;
use sampan_proto::vote::Signed;
use sampan_proto::wire::{ConsensusMessage, ProposalMessage, Request, Response};

use crate::dice::Dice;

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
    /// Announces and hands out blocks that nobody decided.
    Forger,
    /// Votes in the names of others.
    Impersonator,
    /// Proposes when it is others' turn.
    Usurper,
    /// Has two blocks decided, if it is not alone.
    Traitor,
}

impl Mask {
    /// Every mask.
    pub(super) const ALL: [Self; 13] = [
        Self::Equivocator,
        Self::Withholder,
        Self::Liar,
        Self::Amnesiac,
        Self::Replayer,
        Self::Spammer,
        Self::InvalidProposer,
        Self::Selective,
        Self::Twin,
        Self::Forger,
        Self::Impersonator,
        Self::Usurper,
        Self::Traitor,
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
            Self::Forger => "forger",
            Self::Impersonator => "impersonator",
            Self::Usurper => "usurper",
            Self::Traitor => "traitor",
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

/// Who wears the same mask, by number, with its key.
pub(super) type League = BTreeMap<usize, PublicKey>;

/// A validator with a mask on.
pub(super) struct Wearer {
    pub(super) mask: Mask,
    key: SecretKey,
    others: Vec<PublicKey>,
    league: League,
    dice: Dice,
    /// What it said, for whoever says it again.
    said: Vec<Message>,
    forger: forger::Forger,
}

/// What a validator answers.
#[derive(Debug)]
pub(super) enum Answer {
    /// What its engine says.
    True,
    /// Something else.
    False(Box<Response>),
    /// Nothing.
    Silence,
}

impl Wearer {
    pub(super) fn new(mask: Mask, key: SecretKey, others: Vec<PublicKey>, league: League, dice: Dice) -> Self {
        Self { mask, key, others, league, dice, said: Vec::new(), forger: forger::Forger::default() }
    }

    /// What one of the others hears when the engine says `message` to all.
    pub(super) fn says(&mut self, to: usize, message: &Message, store: Option<&Store>) -> Vec<Message> {
        match self.mask {
            Mask::Equivocator => equivocator::says(&self.key, to, message),
            Mask::Liar => liar::says(&self.key, message),
            Mask::InvalidProposer => invalid_proposer::says(&self.key, message, store),
            Mask::Withholder => withholder::says(message),
            Mask::Selective => selective::says(to, message),
            Mask::Replayer => replayer::says(&mut self.said, &mut self.dice, message),
            Mask::Impersonator => impersonator::says(&self.key, &self.others, &mut self.dice, message),
            Mask::Usurper => usurper::says(&self.key, message),
            Mask::Traitor => {
                store.map_or_else(Vec::new, |store| traitor::says(&self.key, &self.league, to, message, store))
            }
            Mask::Amnesiac | Mask::Spammer | Mask::Twin | Mask::Forger => vec![message.clone()],
        }
    }

    /// It hears what somebody says; false when its engine must not.
    pub(super) fn hears(&mut self, message: &Message) -> bool {
        if self.mask == Mask::Forger {
            self.forger.hears(message);
        }
        self.mask != Mask::Traitor || traitor::may_hear(message)
    }

    /// Whether it lets its engine ask this.
    pub(super) fn asks(&self, request: &Request) -> bool {
        self.mask != Mask::Traitor || !matches!(request, Request::Round(_))
    }

    /// What the others hear besides, at any moment.
    pub(super) fn babbles(&mut self, store: &Store) -> Vec<Message> {
        match self.mask {
            Mask::Spammer => spammer::babbles(&mut self.dice),
            Mask::Forger => self.forger.babbles(&self.key, &mut self.dice, store),
            _ => Vec::new(),
        }
    }

    /// What it answers to a request.
    pub(super) fn answers(&self, request: &Request, store: &Store) -> Answer {
        match self.mask {
            Mask::Withholder if !withholder::answers(request) => Answer::Silence,
            Mask::Forger => {
                forger::answer(&self.key, request, store).map_or(Answer::True, |lie| Answer::False(Box::new(lie)))
            }
            _ => Answer::True,
        }
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
