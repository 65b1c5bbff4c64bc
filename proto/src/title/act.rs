//! What can be done with a document of title.

use serde::{Deserialize, Serialize};

use crate::doc::Money;
use crate::hash::Hash32;
use crate::ids::MemberId;
use crate::statement::{ActionKind, Nonce};
use crate::text::{Note, Sealed};

/// An act on a bill of lading. Numbers in brackets are the rows of the state machine in `SPEC.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TitleAct {
    /// [2] The possessor hands possession on.
    Transfer {
        /// The new possessor.
        to: MemberId,
    },
    /// [3] The possessor offers it; it moves when the other side accepts, or when a bank confirms the payment.
    Offer(Offer),
    /// [3] The member it is offered to takes it.
    AcceptOffer {},
    /// [3] The member it is offered to does not want it.
    DeclineOffer {},
    /// [3] The possessor takes an offer back. One that waits for a payment stands until its deadline.
    WithdrawOffer {},
    /// [3] The bank that an offer names has the money: title moves in the same block.
    ConfirmPayment {
        /// Exactly what the offer asks.
        amount: Money,
        /// The end-to-end reference of the payment, as the offer gives it.
        reference: Note,
    },
    /// [4, 5, 7] Title goes to a named member. From a bill in blank the possessor endorses, and it is named again.
    Endorse {
        /// The new title holder.
        to: MemberId,
        /// Whether that member may endorse it further (`ENDORSE_TO_ORDER`).
        to_order: bool,
    },
    /// [6] From now on possession is title.
    EndorseInBlank {},
    /// [8] A title holder who does not possess the bill names who shall be the next title holder.
    Nominate {
        /// The nominee.
        to: MemberId,
    },
    /// [8] The possessor carries the nomination out.
    ExecuteNomination {},
    /// [9] What came unasked goes back, before any act of one's own.
    RejectTransfer {},
    /// [10] The possessor shows control to somebody who gave a challenge (UK ETDA 2023 s.2(2)(d)).
    ProveControl {
        /// What the verifier chose.
        challenge: Nonce,
    },
    /// [11, 12] Back to the carrier that issued it, who decides. While a bank has a lien, for delivery alone.
    Surrender {
        /// The carrier that issued it; anybody else is refused.
        to: MemberId,
        /// For what.
        purpose: Purpose,
    },
    /// [13] The carrier accepts; a surrender for delivery ends the bill.
    AcceptSurrender {},
    /// [14] The carrier does not accept: the bill goes back to whoever surrendered it.
    RejectSurrender {
        /// Why: the law asks for a reason.
        reason: Note,
    },
    /// [17] The carrier printed it: the electronic record is inoperative from here on (MLETR art. 18).
    SwitchToPaper {
        /// SHA-256 of the printed form, statement of change included.
        printed: Hash32,
    },
    /// [18] The carrier voids it: before its first transfer, or after a surrender for amendment.
    Void {
        /// Why.
        reason: Note,
    },
    /// [19] The title holder offers the goods to a bank as security.
    Pledge {
        /// The bank.
        bank: MemberId,
        /// The goods under the network's goods key: no other open pledge may name the same.
        goods: Hash32,
    },
    /// [19] The bank takes the pledge.
    AcceptPledge {},
    /// [19] The bank does not want the pledge, or the title holder takes it back before the bank answered.
    DeclinePledge {},
    /// [19] The bank agrees that title goes to one named member, its lien staying on the bill.
    ConsentToTransfer {
        /// To whom.
        to: MemberId,
    },
    /// [19] The bank is paid: the lien is gone.
    ReleasePledge {},
    /// [20] A customs agency's voice for freezing the bill; it is frozen when enough of them spoke.
    Freeze {
        /// Why: an order's number, a case.
        reason: Note,
    },
    /// [20] A customs agency's voice for lifting the freeze.
    Unfreeze {
        /// Why.
        reason: Note,
    },
    /// [22] A party leaves a remark that only its readers understand.
    Remark(Sealed),
}

/// An offer of a bill: possession, and title with it unless the bill is in blank, where possession is title.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// To whom.
    pub to: MemberId,
    /// Whether title goes with possession.
    pub title: bool,
    /// Until when it stands, judged by block time. Unix milliseconds.
    pub until_ms: u64,
    /// The payment that it waits for; the bank's confirmation then takes the place of an acceptance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<Payment>,
}

/// A payment that an offer waits for.
#[derive(Clone, Debug, PartialEq, Eq, borsh::BorshSerialize, borsh::BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// The bank whose word counts.
    pub bank: MemberId,
    /// How much.
    pub amount: Money,
    /// End-to-end reference (ISO 20022 `EndToEndId`), so that the bank finds the transfer.
    pub reference: Note,
}

/// What a bill is surrendered for (DCSA surrender request codes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, borsh::BorshSerialize, borsh::BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// `SREQ`: the goods are claimed.
    Delivery,
    /// `AREQ`: the text shall change, the bill be split or combined with others.
    Amendment,
    /// `AREQ`, reason `COD`: another destination.
    ChangeOfDestination,
    /// `AREQ`, reason `SWI`: a switch bill.
    SwitchBill,
    /// `AREQ`, reason `SWTP`: paper from here on.
    SwitchToPaper,
}

/// A member that an act names, and what it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named<'a> {
    /// The member.
    pub member: &'a MemberId,
    /// The field that names it.
    pub field: &'static str,
    /// Whether it must be a bank.
    pub bank: bool,
}

impl TitleAct {
    /// The kind of act, as entries record it.
    #[must_use]
    pub const fn kind(&self) -> ActionKind {
        match self {
            Self::Transfer { .. } => ActionKind::Transfer,
            Self::Offer(_) => ActionKind::Offer,
            Self::AcceptOffer {} => ActionKind::AcceptOffer,
            Self::DeclineOffer {} => ActionKind::DeclineOffer,
            Self::WithdrawOffer {} => ActionKind::WithdrawOffer,
            Self::ConfirmPayment { .. } => ActionKind::ConfirmPayment,
            Self::Endorse { .. } => ActionKind::Endorse,
            Self::EndorseInBlank {} => ActionKind::EndorseInBlank,
            Self::Nominate { .. } => ActionKind::Nominate,
            Self::ExecuteNomination {} => ActionKind::ExecuteNomination,
            Self::RejectTransfer {} => ActionKind::RejectTransfer,
            Self::ProveControl { .. } => ActionKind::ProveControl,
            Self::Surrender { .. } => ActionKind::Surrender,
            Self::AcceptSurrender {} => ActionKind::AcceptSurrender,
            Self::RejectSurrender { .. } => ActionKind::RejectSurrender,
            Self::SwitchToPaper { .. } => ActionKind::SwitchToPaper,
            Self::Void { .. } => ActionKind::Void,
            Self::Pledge { .. } => ActionKind::Pledge,
            Self::AcceptPledge {} => ActionKind::AcceptPledge,
            Self::DeclinePledge {} => ActionKind::DeclinePledge,
            Self::ConsentToTransfer { .. } => ActionKind::ConsentToTransfer,
            Self::ReleasePledge {} => ActionKind::ReleasePledge,
            Self::Freeze { .. } => ActionKind::Freeze,
            Self::Unfreeze { .. } => ActionKind::Unfreeze,
            Self::Remark(_) => ActionKind::Remark,
        }
    }

    /// Members that it names: all of them must be in the registry.
    pub fn named(&self) -> impl Iterator<Item = Named<'_>> {
        let one = |member, field, bank| Some(Named { member, field, bank });
        let first = match self {
            Self::Transfer { to }
            | Self::Endorse { to, .. }
            | Self::Nominate { to }
            | Self::ConsentToTransfer { to } => one(to, "to", false),
            Self::Offer(offer) => one(&offer.to, "to", false),
            Self::Pledge { bank, .. } => one(bank, "bank", true),
            _ => None,
        };
        let second = match self {
            Self::Offer(Offer { payment: Some(payment), .. }) => one(&payment.bank, "payment.bank", true),
            _ => None,
        };
        first.into_iter().chain(second)
    }

    /// The member that it is addressed to, if there is one.
    #[must_use]
    pub fn recipient(&self) -> Option<&MemberId> {
        match self {
            Self::Surrender { to, .. } => Some(to),
            _ => self.named().next().map(|named| named.member),
        }
    }

    /// Whether it acts on whatever state the record is in, so that nobody can outrun it: a freeze.
    #[must_use]
    pub const fn outruns(&self) -> bool {
        matches!(self, Self::Freeze { .. } | Self::Unfreeze { .. })
    }

    /// Whether a frozen bill allows it: nothing that moves control or title, or ends the record.
    #[must_use]
    pub const fn moves_nothing(&self) -> bool {
        matches!(self, Self::Freeze { .. } | Self::Unfreeze { .. } | Self::ProveControl { .. } | Self::Remark(_))
    }
}
