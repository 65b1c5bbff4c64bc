//! What goes into the consensus core and what comes out, in our own words.

use borsh::{BorshDeserialize, BorshSerialize};
use sampan_proto::evidence::Offence;
use sampan_proto::ids::{HeaderHash, Height};
use sampan_proto::keys::PublicKey;
use sampan_proto::roster::Roster;
use sampan_proto::verified::Verified;
use sampan_proto::vote::{Certificate, Proposal, Signed, Vote};
use sampan_proto::wire::RoundCertificate;

/// A message, a timer or an answer of the engine's.
#[derive(Clone, Debug)]
pub enum Input {
    /// Begin a height, after the one before it is committed.
    Start(Height, Roster),
    /// A vote, signature checked.
    Vote(Verified<Signed<Vote>>),
    /// A proposal, signature checked.
    Proposal(Verified<Signed<Proposal>>),
    /// Prevotes of more than two thirds for one block: signatures are checked here.
    Polka(Vec<Signed<Vote>>),
    /// Leave to go to another round: signatures are checked here.
    Round(RoundCertificate),
    /// The contents of a proposed block are durable and were executed, or proved invalid.
    Value(ProposedBlock),
    /// The block that this node proposes, durable and executed: the answer to [`Effect::GetValue`].
    Propose {
        /// The height it was asked for.
        height: Height,
        /// The round it was asked for.
        round: u32,
        /// The block.
        block: HeaderHash,
    },
    /// A timer ran out.
    Timeout(Timeout),
}

/// A block whose contents have been judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ProposedBlock {
    /// The height it is for.
    pub height: Height,
    /// The round of the signed proposal that names it.
    pub round: u32,
    /// Who signed that proposal.
    pub proposer: PublicKey,
    /// The block.
    pub block: HeaderHash,
    /// Whether it is valid.
    pub valid: bool,
}

/// A timer of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Timeout {
    /// What is waited for.
    pub step: Step,
    /// In which round.
    pub round: u32,
}

/// What a validator waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Step {
    /// The proposal.
    Propose,
    /// Further prevotes.
    Prevote,
    /// Further precommits.
    Precommit,
}

/// What the engine must do, in order.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Append to the write-ahead log. Everything appended is synced before the next publish or decide.
    Wal(WalEntry),
    /// Publish this node's own vote.
    PublishVote(Signed<Vote>),
    /// Publish a proposal with its header and payload.
    PublishProposal(Signed<Proposal>),
    /// Publish prevotes that prove a polka.
    PublishPolka(Vec<Signed<Vote>>),
    /// Publish leave to go to another round.
    PublishRound(RoundCertificate),
    /// Set a timer.
    Schedule(Timeout),
    /// Cancel a timer.
    Cancel(Timeout),
    /// Cancel all timers.
    CancelAll,
    /// A round began.
    RoundStarted {
        /// The round.
        round: u32,
        /// Who proposes in it.
        proposer: PublicKey,
    },
    /// Build a block to propose, and answer with [`Input::Propose`].
    GetValue {
        /// For this height.
        height: Height,
        /// For this round.
        round: u32,
    },
    /// Decided: commit it. The next height starts on demand.
    Decide(Certificate),
    /// Two conflicting signed votes or proposals of one validator.
    Equivocation(Box<Offence>),
}

/// What must survive a crash so that this node never contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum WalEntry {
    /// A vote, own or received.
    Vote(Signed<Vote>),
    /// A proposal, own or received.
    Proposal(Signed<Proposal>),
    /// Prevotes that prove a polka.
    Polka(Vec<Signed<Vote>>),
    /// A block that was judged.
    Value(ProposedBlock),
    /// A timer that ran out.
    Timeout(Timeout),
}
