//! What the ledger keeps of a bill's title beside its status and possessor.

use std::collections::BTreeSet;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::act::{Payment, Purpose};
use crate::doc::{Quantity, TitleForm};
use crate::hash::Hash32;
use crate::ids::MemberId;

/// Title to a bill of lading. Possession stands in the record itself.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Title {
    /// To whom it is made out now.
    pub form: TitleForm,
    /// The title holder: the consignee of a straight bill, the endorsee of a named one, nobody when in blank.
    pub holder: Option<MemberId>,
    /// Whether the holder may endorse it on.
    pub may_endorse: bool,
    /// Whom a holder without possession nominated.
    pub nominee: Option<MemberId>,
    /// An offer that stands until it is answered or its time is over.
    pub offer: Option<OpenOffer>,
    /// What a recipient that has not acted yet may send back.
    pub undo: Option<Undo>,
    /// Offered as security, the bank has not answered.
    pub pledge: Option<Pledge>,
    /// Security that a bank holds.
    pub lien: Option<Lien>,
    /// Voices of customs agencies.
    pub freeze: Freeze,
    /// Surrendered for this, by this member.
    pub surrendered: Option<(Purpose, MemberId)>,
    /// SHA-256 of the printed form that took its place.
    pub printed: Option<Hash32>,
    /// Whether it was ever handed on or endorsed.
    pub moved: bool,
    /// What it covers; of a bill being split, what its heirs have not taken yet.
    pub quantity: Quantity,
}

/// An offer made.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct OpenOffer {
    /// To whom.
    pub to: MemberId,
    /// Whether title goes with possession.
    pub title: bool,
    /// Until when, in Unix milliseconds.
    pub until_ms: u64,
    /// The payment it waits for.
    pub payment: Option<Payment>,
}

/// The state before a move that the recipient did not ask for.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Undo {
    /// Who gave.
    pub by: MemberId,
    /// Who got, and may send back.
    pub to: MemberId,
    /// Possessor before.
    pub possessor: MemberId,
    /// Form before.
    pub form: TitleForm,
    /// Title holder before.
    pub holder: Option<MemberId>,
    /// Whether that holder could endorse.
    pub may_endorse: bool,
}

/// Goods offered to a bank as security.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Pledge {
    /// Who pledges.
    pub by: MemberId,
    /// The bank.
    pub bank: MemberId,
    /// The goods under the network's goods key.
    pub goods: Hash32,
}

/// A bank's security on the goods.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Lien {
    /// The bank.
    pub bank: MemberId,
    /// The goods under the network's goods key: pledged once at a time.
    pub goods: Hash32,
    /// To whom title may go with the bank's consent.
    pub consent: Option<MemberId>,
}

/// Voices for freezing, and for lifting the freeze.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Freeze {
    /// Agencies that want it frozen.
    pub voices: BTreeSet<MemberId>,
    /// Whether enough of them spoke.
    pub in_force: bool,
    /// Agencies that want the freeze lifted.
    pub lift: BTreeSet<MemberId>,
}

impl Freeze {
    /// Whether the bill stands still.
    #[must_use]
    pub const fn is_in_force(&self) -> bool {
        self.in_force
    }
}

impl Title {
    /// A bill as it is issued: named bills may be endorsed on, straight ones never.
    #[must_use]
    pub fn issued(form: TitleForm, holder: Option<MemberId>, quantity: Quantity) -> Self {
        Self {
            form,
            holder,
            may_endorse: form == TitleForm::Named,
            nominee: None,
            offer: None,
            undo: None,
            pledge: None,
            lien: None,
            freeze: Freeze::default(),
            surrendered: None,
            printed: None,
            moved: false,
            quantity,
        }
    }

    /// Whether `member`, possessing it, disposes of title.
    pub(super) fn is_held_by(&self, member: &MemberId) -> bool {
        self.form == TitleForm::Blank || self.holder.as_ref() == Some(member)
    }

    /// An offer whose time is not over.
    pub(super) fn standing_offer(&self, time_ms: u64) -> Option<&OpenOffer> {
        self.offer.as_ref().filter(|offer| time_ms <= offer.until_ms)
    }
}
