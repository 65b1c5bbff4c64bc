//! What nodes say to each other. Everything is borsh, one enum or struct per topic and protocol,
//! capped before it is decoded (see [`crate::limits`]).

use borsh::{BorshDeserialize, BorshSerialize};

use crate::block::{Block, Header};
use crate::body::Body;
use crate::entry::Entry;
use crate::hash::Hash32;
use crate::ids::{EnvelopeId, HeaderHash, Height};
use crate::merkle::state::PagePath;
use crate::snapshot::{Manifest, Part};
use crate::statement::SignedStatement;
use crate::vote::{Certificate, Proposal, Signed, Vote};

/// A statement and the body that it brings, as nodes hand it on.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Document {
    /// The signed statement.
    pub statement: SignedStatement,
    /// Its body, for an issue.
    pub body: Option<Body>,
}

/// Topic `docs`: a batch of documents that are not final yet.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct DocsMessage {
    /// In the order in which the sender took them in.
    pub documents: Vec<Document>,
    /// Documents with bodies above [`crate::limits::GOSSIPED_BODY_BYTES`], to be asked for by name.
    pub offered: Vec<EnvelopeId>,
}

/// Topic `headers`: a block was decided.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Announcement {
    /// What was decided.
    pub header: Header,
    /// Who decided it.
    pub certificate: Certificate,
}

/// Topic `proposals`: a signed proposal with the header it names and the statements that make it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ProposalMessage {
    /// The proposal.
    pub proposal: Signed<Proposal>,
    /// Hashes to the block that the proposal names.
    pub header: Header,
    /// Hashes to the header's payload.
    pub payload: Vec<EnvelopeId>,
}

/// Topic `votes`: what validators say in a round.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum ConsensusMessage {
    /// A vote.
    Vote(Signed<Vote>),
    /// More than two thirds prevoted one block in one round.
    Polka(Vec<Signed<Vote>>),
    /// A round may be entered.
    Round(RoundCertificate),
}

/// Proof that a round may be left or skipped.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RoundCertificate {
    /// The height.
    pub height: Height,
    /// The round that the votes are of.
    pub round: u32,
    /// True: more than a third voted in this later round, so skip to it. False: more than two thirds
    /// precommitted in this round without agreement, so go on to the next.
    pub skip: bool,
    /// The votes.
    pub votes: Vec<Signed<Vote>>,
}

/// A request to one peer.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Request {
    /// How far are you?
    Status,
    /// Decided blocks from a height on, as many as fit one page.
    Blocks {
        /// The first one.
        from: Height,
        /// At most so many.
        count: u16,
    },
    /// Statements with their bodies, final or not, by the names that a proposal lists.
    Documents(Vec<EnvelopeId>),
    /// What you have heard at this height: liveness repair.
    Round(Height),
    /// Which state can you hand over?
    Snapshot,
    /// Part of the state after a block.
    State(StatePart),
    /// Decided blocks with what they added to the log, for whoever took over a state that came after them.
    Past {
        /// The first one.
        from: Height,
        /// At most so many.
        count: u16,
    },
}

/// Which part of which state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StatePart {
    /// The block after which it is the state.
    pub after: HeaderHash,
    /// What lies below this path of the state tree.
    pub path: PagePath,
    /// The hash that stands for it there: the answer is judged by it.
    pub hash: Hash32,
}

/// The answer to a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Response {
    /// To `Status`.
    Status(PeerStatus),
    /// To `Blocks`; also to `Round` when that height is decided.
    Blocks(Vec<Block>),
    /// To `Documents`: those that the peer holds, as many as fit one page.
    Documents(Vec<Document>),
    /// To `Round`.
    Round(RoundState),
    /// To `Snapshot`.
    Snapshot(Box<Manifest>),
    /// To `State`.
    State(Part),
    /// Ask again later, or somebody else.
    Busy,
    /// To `Past`: as many as fit one page.
    Past(Vec<PastBlock>),
}

/// A decided block that the reader does not execute.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PastBlock {
    /// The block.
    pub block: Block,
    /// Its entries in the log, in order.
    pub entries: Vec<Entry>,
}

/// Where a peer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PeerStatus {
    /// Its newest decided height.
    pub height: Height,
    /// The header at that height.
    pub header: HeaderHash,
}

/// What a peer has heard at an undecided height.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RoundState {
    /// Proposals, newest round first.
    pub proposals: Vec<ProposalMessage>,
    /// Votes of the newest rounds.
    pub votes: Vec<Signed<Vote>>,
    /// What let the peer enter its round: for whoever is many rounds behind.
    pub certificate: Option<RoundCertificate>,
}
