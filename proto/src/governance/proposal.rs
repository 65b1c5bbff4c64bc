//! A proposal and its votes.

use std::collections::BTreeSet;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::{Change, Terms, refuse};
use crate::hash::{Domain, Hash32};
use crate::ids::{MemberId, StatementId};
use crate::limits::PROPOSAL_HORIZON_MS;
use crate::record::EntryRef;
use crate::reject::{Code, Reject};

/// How far a proposal has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It can be voted on until its time is over.
    Open,
    /// Accepted; it can be carried out from then on, for 90 days, unless the member objects. Unix milliseconds.
    Accepted {
        /// When its waiting time is over.
        from_ms: u64,
    },
    /// Carried out.
    Enacted,
    /// So many voted against it that it cannot be accepted any more.
    Rejected,
    /// The member whose keys it would have replaced said no.
    Objected,
}

/// A proposal. State value of the `proposal` key space.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Proposal {
    /// The statement that proposed it.
    pub id: StatementId,
    /// What shall change.
    pub change: Change,
    /// Who proposed it.
    pub by: MemberId,
    /// Until when it can be voted on, in Unix milliseconds.
    pub until_ms: u64,
    /// Who is for it.
    pub yes: BTreeSet<MemberId>,
    /// Who is against it.
    pub no: BTreeSet<MemberId>,
    /// How far it has come.
    pub state: State,
    /// Counts the acts on it, from 1.
    pub seq: u64,
    /// Its newest entry.
    pub last: EntryRef,
}

impl Proposal {
    /// A proposal with the proposer's own vote.
    ///
    /// # Errors
    /// [`Code::NotOnRoster`], [`Code::OfferTime`], [`Code::ReadyRefused`].
    pub fn new(
        id: StatementId,
        change: Change,
        by: &MemberId,
        until_ms: u64,
        terms: &Terms<'_>,
    ) -> Result<Self, Reject> {
        on_roster(by, terms)?;
        if until_ms < terms.time_ms || until_ms - terms.time_ms > PROPOSAL_HORIZON_MS {
            return refuse(Code::OfferTime, "$.until_ms", "not between now and 90 days from now");
        }
        if let Change::Seat { member, ready, .. } = &change {
            ready.check(member, terms)?;
        }
        let (yes, no) = (BTreeSet::from([by.clone()]), BTreeSet::new());
        let by = by.clone();
        let proposal = Self { id, change, by, until_ms, yes, no, state: State::Open, seq: 1, last: EntryRef::NONE };
        Ok(proposal.counted(terms))
    }

    /// The proposal after a vote.
    ///
    /// # Errors
    /// [`Code::NotOnRoster`], [`Code::ProposalClosed`], [`Code::AlreadySpoken`].
    pub fn vote(&self, by: &MemberId, yes: bool, terms: &Terms<'_>) -> Result<Self, Reject> {
        on_roster(by, terms)?;
        if self.state != State::Open || terms.time_ms > self.until_ms {
            return refuse(Code::ProposalClosed, "$.proposal", "it is decided, or its time is over");
        }
        if self.yes.contains(by) || self.no.contains(by) {
            return refuse(Code::AlreadySpoken, "$.proposal", format!("`{by}` voted before"));
        }
        let mut next = Self { seq: self.seq + 1, ..self.clone() };
        let side = if yes { &mut next.yes } else { &mut next.no };
        side.insert(by.clone());
        Ok(next.counted(terms))
    }

    /// The proposal after its member's objection.
    ///
    /// # Errors
    /// [`Code::NotAParty`], [`Code::ProposalClosed`].
    pub fn object(&self, by: &MemberId) -> Result<Self, Reject> {
        if !self.change.waits() || self.change.member() != Some(by) {
            return refuse(Code::NotAParty, "$.proposal", "only the member whose keys it would replace objects");
        }
        if !matches!(self.state, State::Open | State::Accepted { .. }) {
            return refuse(Code::ProposalClosed, "$.proposal", "it is decided");
        }
        Ok(Self { state: State::Objected, seq: self.seq + 1, ..self.clone() })
    }

    /// The proposal carried out, once its waiting time is over and before it lapses: the keys that it brings are those
    /// of its day, and who holds them years later nobody decided.
    ///
    /// # Errors
    /// [`Code::NotOnRoster`], [`Code::ProposalClosed`], [`Code::ProposalWaits`].
    pub fn enact(&self, by: &MemberId, terms: &Terms<'_>) -> Result<Self, Reject> {
        on_roster(by, terms)?;
        match self.state {
            State::Accepted { from_ms } if terms.time_ms < from_ms => {
                let days = (from_ms - terms.time_ms).div_ceil(86_400_000);
                refuse(Code::ProposalWaits, "$.proposal", format!("it waits {days} days more for an objection"))
            }
            State::Accepted { from_ms } if terms.time_ms - from_ms > PROPOSAL_HORIZON_MS => {
                refuse(Code::ProposalClosed, "$.proposal", "nobody carried it out in 90 days: propose it again")
            }
            State::Accepted { .. } => Ok(Self { state: State::Enacted, seq: self.seq + 1, ..self.clone() }),
            _ => refuse(Code::ProposalClosed, "$.proposal", "it is not accepted, or carried out already"),
        }
    }

    /// Decided as soon as the votes decide: more than two thirds of the power for it, or so much against it that
    /// this cannot come any more. Votes of members that left the roster do not count.
    fn counted(mut self, terms: &Terms<'_>) -> Self {
        let power = |voters: &BTreeSet<MemberId>| {
            let validators = terms.roster.validators().iter();
            validators.filter(|validator| voters.contains(&validator.member)).map(|validator| validator.power).sum()
        };
        let against: u64 = power(&self.no);
        if terms.roster.is_quorum(power(&self.yes)) {
            let wait = if self.change.waits() { terms.recovery_wait_ms } else { 0 };
            let from_ms = terms.time_ms.saturating_add(wait);
            self.state = if wait == 0 { State::Enacted } else { State::Accepted { from_ms } };
        } else if !terms.roster.is_quorum(terms.roster.total_power() - against) {
            self.state = State::Rejected;
        }
        self
    }

    /// The state value that the proposal's leaf commits to.
    #[must_use]
    pub fn value_hash(&self) -> Hash32 {
        Domain::ValueProposal.hash_borsh(self)
    }
}

fn on_roster(by: &MemberId, terms: &Terms<'_>) -> Result<(), Reject> {
    if terms.roster.validators().iter().any(|validator| validator.member == *by) {
        return Ok(());
    }
    refuse(Code::NotOnRoster, "$.member", format!("`{by}` has no validator"))
}
