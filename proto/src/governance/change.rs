//! What can be decided, and what it makes of a member.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::refuse;
use super::seat::{self, Ready};
use crate::genesis::{GenesisEntry, Parameters};
use crate::hash::Hash32;
use crate::ids::{Height, MemberId};
use crate::keys::{PublicKey, Signature};
use crate::limits;
use crate::member::{KeyStanding, Member, MemberKey, Purpose, Standing};
use crate::proof::Binary;
use crate::protocol::Protocol;
use crate::reject::{Code, Reject};
use crate::roster::Roster;
use crate::text::Note;

/// A change that the roster decides.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// An organisation becomes a member.
    Admit {
        /// Its registry entry, borsh in base64.
        member: Binary<Member>,
        /// By the entry's own governance key, over the digest of the entry: as at genesis.
        signature: Signature,
    },
    /// A member may not act for now.
    Suspend {
        /// Which.
        member: MemberId,
        /// Why.
        reason: Note,
    },
    /// A suspended member may act again.
    Reinstate {
        /// Which.
        member: MemberId,
        /// Why.
        reason: Note,
    },
    /// A member lost its keys: all its statement and governance keys end, these two take their place.
    RecoverKeys {
        /// Which.
        member: MemberId,
        /// Its new statement key.
        statement: PublicKey,
        /// Its new governance key.
        governance: PublicKey,
    },
    /// A customs agency validates, or with another key or power than before.
    Seat {
        /// Which.
        member: MemberId,
        /// Its share in decisions.
        power: u64,
        /// Its consensus key, which says that it is ready.
        ready: Ready,
    },
    /// A member validates no more.
    Unseat {
        /// Which.
        member: MemberId,
        /// Why.
        reason: Note,
    },
    /// Other protocol parameters, all of them.
    Parameters(Parameters),
    /// A code list or policy in a new edition: documents are checked against it from here on.
    Edition {
        /// Which list.
        list: Note,
        /// Which edition.
        edition: Note,
        /// SHA-256 of the official file, or the digest of a code list that was read from such.
        sha256: Hash32,
    },
    /// Blocks are executed by the next version of the rules. One that was decided and is not reached is moved by another.
    Upgrade(Protocol),
}

impl Change {
    /// The member that it changes, if it changes one that exists.
    #[must_use]
    pub const fn member(&self) -> Option<&MemberId> {
        match self {
            Self::Suspend { member, .. }
            | Self::Reinstate { member, .. }
            | Self::RecoverKeys { member, .. }
            | Self::Seat { member, .. }
            | Self::Unseat { member, .. } => Some(member),
            Self::Admit { .. } | Self::Parameters(_) | Self::Edition { .. } | Self::Upgrade(_) => None,
        }
    }

    /// Whether it waits after it was accepted, so that the member can object.
    #[must_use]
    pub const fn waits(&self) -> bool {
        matches!(self, Self::RecoverKeys { .. })
    }

    /// What it makes of the network from the next block on. `before` is the member named, or the one that has the
    /// id of an admission; `roster` and `protocol` are what would count for the next block without this change.
    ///
    /// # Errors
    /// The rule that forbids it. Paths are relative to the change.
    pub fn apply(
        &self,
        before: Option<&Member>,
        roster: &Roster,
        protocol: &Protocol,
        at: Height,
    ) -> Result<Effect, Reject> {
        let known = || before.ok_or_else(|| Reject::new(Code::UnknownRecipient, "$.member", "not in the registry"));
        match self {
            Self::Admit { member, signature } => admitted(&member.0, signature, before).map(Effect::of_member),
            Self::Suspend { .. } => suspended(known()?, roster),
            Self::Reinstate { .. } => standing(known()?, Standing::Active).map(Effect::of_member),
            Self::RecoverKeys { statement, governance, .. } => {
                recovered(known()?, *statement, *governance, at).map(Effect::of_member)
            }
            Self::Seat { ready, power, .. } => seat::seated(known()?, ready.key, *power, roster, at),
            Self::Unseat { .. } => seat::unseated(known()?, roster),
            Self::Parameters(parameters) => adopted(parameters),
            Self::Edition { .. } => Ok(Effect::default()),
            Self::Upgrade(next) => upgraded(next, protocol, at),
        }
    }
}

/// What an accepted change makes of the network, from the next block on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// A member that changes.
    pub member: Option<Member>,
    /// The roster that decides the next block, where it is another one.
    pub roster: Option<Roster>,
    /// The parameters of the next block, where they are others.
    pub parameters: Option<Parameters>,
    /// The protocol version that comes next, where one was decided.
    pub protocol: Option<Protocol>,
}

impl Effect {
    fn of_member(member: Member) -> Self {
        Self { member: Some(member), ..Self::default() }
    }
}

/// Whoever may not act does not decide either: with the standing goes the seat.
fn suspended(member: &Member, roster: &Roster) -> Result<Effect, Reject> {
    let without = seat::holds_seat(roster, &member.id).then(|| seat::changed(roster, &member.id, None));
    let after = standing(member, Standing::Suspended)?;
    Ok(Effect { member: Some(after), roster: without.transpose()?, ..Effect::default() })
}

fn adopted(parameters: &Parameters) -> Result<Effect, Reject> {
    match parameters.check() {
        Ok(()) => Ok(Effect { parameters: Some(parameters.clone()), ..Effect::default() }),
        Err(name) => refuse(Code::ParametersRefused, &format!("$.parameters.{name}"), "out of range"),
    }
}

/// Versions follow one another, and everybody hears of one before its first block.
fn upgraded(next: &Protocol, now: &Protocol, at: Height) -> Result<Effect, Reject> {
    let version = now.at(at) + 1;
    if next.version != version {
        let detail = format!("version {} is in force, {version} comes next", version - 1);
        return refuse(Code::UpgradeRefused, "$.upgrade.version", detail);
    }
    let earliest = at.0.saturating_add(limits::UPGRADE_LEAD);
    if next.from.0 < earliest {
        let detail = format!("decided at height {at}, it begins at {earliest} at the earliest");
        return refuse(Code::UpgradeRefused, "$.upgrade.from", detail);
    }
    Ok(Effect { protocol: Some(*next), ..Effect::default() })
}

/// A registry entry is whole, signed by its own governance key, and its id was never used.
///
/// # Errors
/// [`Code::MemberRefused`].
pub fn admitted(member: &Member, signature: &Signature, before: Option<&Member>) -> Result<Member, Reject> {
    if before.is_some() {
        return refuse(
            Code::MemberRefused,
            "$.member",
            format!("`{}` is a member; ids are never used again", member.id),
        );
    }
    if let Err(bad) = member.check() {
        return refuse(Code::MemberRefused, "$.member", bad.to_string());
    }
    if member.standing != Standing::Active {
        return refuse(Code::MemberRefused, "$.member", "a member is admitted to act");
    }
    let digest = GenesisEntry::signing_digest(member, None);
    let mut keys = member.keys_at(Purpose::Governance, Height::GENESIS);
    if keys.any(|key| key.verify(&digest.0, signature).is_ok()) {
        return Ok(member.clone());
    }
    refuse(Code::MemberRefused, "$.signature", "the entry's own governance key has not signed it")
}

fn standing(member: &Member, standing: Standing) -> Result<Member, Reject> {
    if member.standing == standing {
        return refuse(Code::AlreadySpoken, "$.member", format!("`{}` has that standing already", member.id));
    }
    Ok(Member { standing, ..member.clone() })
}

/// The member with one key more, from the next block on, and perhaps one that ends there.
///
/// # Errors
/// [`Code::MemberRefused`], [`Code::UnknownKey`]. Paths are relative to the act.
pub fn rotated(
    member: &Member,
    purpose: Purpose,
    add: PublicKey,
    retire: Option<&PublicKey>,
    at: Height,
) -> Result<Member, Reject> {
    if purpose == Purpose::Consensus {
        return refuse(Code::MemberRefused, "$.purpose", "a consensus key changes with the roster");
    }
    if member.keys.len() >= limits::ROTATED_KEYS {
        let detail =
            format!("the registry has {} keys of `{}`; the roster can recover it", member.keys.len(), member.id);
        return refuse(Code::MemberRefused, "$.add", detail);
    }
    let mut next = member.clone();
    if let Some(old) = retire {
        let found = next.keys.iter_mut().find(|k| k.key == *old && k.purpose == purpose && k.valid_until.is_none());
        let Some(key) = found else {
            return refuse(Code::UnknownKey, "$.retire", "not a current key of this purpose");
        };
        key.valid_until = Some(at.next());
    }
    let next = with_key(next, purpose, add, at, "$.add")?;
    if !can_govern(&next, at.next()) {
        return refuse(Code::MemberRefused, "$.retire", "a member keeps a governance key");
    }
    Ok(next)
}

fn recovered(member: &Member, statement: PublicKey, governance: PublicKey, at: Height) -> Result<Member, Reject> {
    let mut next = member.clone();
    let lost = |key: &&mut MemberKey| matches!(key.purpose, Purpose::Statement | Purpose::Governance);
    for key in next.keys.iter_mut().filter(lost) {
        retire(key, at);
    }
    let next = with_key(next, Purpose::Statement, statement, at, "$.statement")?;
    with_key(next, Purpose::Governance, governance, at, "$.governance")
}

/// A key that counts no more from the next block on.
pub(super) fn retire(key: &mut MemberKey, at: Height) {
    key.valid_until = Some(key.valid_until.map_or(at.next(), |until| until.min(at.next())));
}

/// One key more, and the entry is still one that the registry takes.
pub(super) fn with_key(
    mut member: Member,
    purpose: Purpose,
    key: PublicKey,
    at: Height,
    path: &str,
) -> Result<Member, Reject> {
    if member.keys.len() >= limits::MEMBER_KEYS {
        return refuse(Code::MemberRefused, path, "the registry keeps at most 64 keys of a member");
    }
    member.keys.push(MemberKey { purpose, key, valid_from: at.next(), valid_until: None });
    match member.check() {
        Ok(()) => Ok(member),
        Err(bad) => refuse(Code::MemberRefused, path, bad.to_string()),
    }
}

/// Whether one of the member's governance keys counts at a height: without one it can decide nothing any more.
fn can_govern(member: &Member, at: Height) -> bool {
    let counts = |k: &MemberKey| member.key_standing(k.purpose, &k.key, at) == KeyStanding::Valid;
    member.keys.iter().any(|k| k.purpose == Purpose::Governance && counts(k))
}
