//! Seats: who validates. A change made in one block decides from the next, and the header of the first names it.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::change::{Effect, retire, with_key};
use super::{Terms, refuse};
use crate::hash::{Domain, Hash32};
use crate::ids::{ChainId, Height, MemberId};
use crate::keys::{PublicKey, SecretKey, Signature};
use crate::limits::READY_MS;
use crate::member::{KeyStanding, Member, Purpose, Role, Standing};
use crate::reject::{Code, Reject};
use crate::roster::{Roster, Validator};

/// A consensus key says that its node runs and will vote. Without it, a key that nobody holds could be seated,
/// and the power that it never uses would count against every decision.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// The key that will vote.
    pub key: PublicKey,
    /// When it said so, in Unix milliseconds.
    pub time_ms: u64,
    /// By that key, over [`Ready::digest`].
    pub signature: Signature,
}

impl Ready {
    /// The 32 bytes that the consensus key signs.
    #[must_use]
    pub fn digest(chain: ChainId, member: &MemberId, key: &PublicKey, time_ms: u64) -> Hash32 {
        Domain::Ready.hash_borsh(&(chain, member, key, time_ms))
    }

    /// What a node that is about to be seated signs.
    #[must_use]
    pub fn sign(chain: ChainId, member: &MemberId, secret: &SecretKey, time_ms: u64) -> Self {
        let key = secret.public();
        let signature = secret.sign(Self::digest(chain, member, &key, time_ms).as_bytes());
        Self { key, time_ms, signature }
    }

    /// Its own key signed it, for this network and member, and lately.
    pub(super) fn check(&self, member: &MemberId, terms: &Terms<'_>) -> Result<(), Reject> {
        let digest = Self::digest(terms.chain, member, &self.key, self.time_ms);
        if self.key.check_admissible().is_err() || self.key.verify(digest.as_bytes(), &self.signature).is_err() {
            let detail = format!("key {} has not signed this for `{member}` on this network", self.key.short());
            return refuse(Code::ReadyRefused, "$.change.seat.ready.signature", detail);
        }
        if self.time_ms.abs_diff(terms.time_ms) > READY_MS {
            let hours = READY_MS / 3_600_000;
            let detail = format!("signed more than {hours} hours from block time");
            return refuse(Code::ReadyRefused, "$.change.seat.ready.time_ms", detail);
        }
        Ok(())
    }
}

/// A validator asks for a seat: what `sampand ready` prints and `sampan gov propose seat` takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeatRequest {
    /// Whose validator.
    pub member: MemberId,
    /// The word of its key.
    pub ready: Ready,
}

/// The member validates with this key and power from the next block on; any other consensus key of it ends there.
pub(super) fn seated(
    member: &Member,
    key: PublicKey,
    power: u64,
    roster: &Roster,
    at: Height,
) -> Result<Effect, Reject> {
    if !member.roles.contains(&Role::Customs) {
        let detail = format!("`{}` has not the role customs, which a validator needs", member.id);
        return refuse(Code::RosterRefused, "$.member", detail);
    }
    if member.standing == Standing::Suspended {
        return refuse(Code::RosterRefused, "$.member", format!("`{}` is suspended", member.id));
    }
    let seat = Validator { member: member.id.clone(), key, power };
    if roster.validators().contains(&seat) {
        return refuse(Code::AlreadySpoken, "$.member", format!("`{}` validates with that key and power", member.id));
    }
    let next = changed(roster, &member.id, Some(seat))?;
    let current = member.key_standing(Purpose::Consensus, &key, at.next()) == KeyStanding::Valid;
    let mut after = member.clone();
    for old in after.keys.iter_mut().filter(|k| k.purpose == Purpose::Consensus && k.key != key) {
        retire(old, at);
    }
    let after = if current { after } else { with_key(after, Purpose::Consensus, key, at, "$.ready.key")? };
    Ok(Effect { member: (after != *member).then_some(after), roster: Some(next), ..Effect::default() })
}

/// The member validates no more from the next block on.
pub(super) fn unseated(member: &Member, roster: &Roster) -> Result<Effect, Reject> {
    if !holds_seat(roster, &member.id) {
        return refuse(Code::RosterRefused, "$.member", format!("`{}` has no validator", member.id));
    }
    Ok(Effect { roster: Some(changed(roster, &member.id, None)?), ..Effect::default() })
}

/// Whether a member validates.
pub(super) fn holds_seat(roster: &Roster, member: &MemberId) -> bool {
    roster.validators().iter().any(|validator| validator.member == *member)
}

/// The roster with one member's seat taken away, and perhaps another put in its place.
pub(super) fn changed(roster: &Roster, member: &MemberId, seat: Option<Validator>) -> Result<Roster, Reject> {
    let others = roster.validators().iter().filter(|validator| validator.member != *member).cloned();
    let mut validators: Vec<Validator> = others.chain(seat).collect();
    validators.sort_by(|a, b| a.member.cmp(&b.member));
    Roster::new(validators).map_err(|bad| Reject::new(Code::RosterRefused, "$.member", bad.to_string()))
}
