//! Kinds of acts, as entries of the log record them.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $tag:literal, $text:literal;)*) => {
        /// The kind of an act. The borsh tag is frozen: kinds are added, never renumbered.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
        #[derive(Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[borsh(use_discriminant = true)]
        #[repr(u8)]
        pub enum ActionKind { $($(#[$doc])* $name = $tag,)* }

        impl ActionKind {
            /// Every kind, in the order of their tags.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name used in JSON, the API and messages.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

kinds! {
    /// A document came onto the ledger.
    Issue = 1, "issue";
    /// A bill's possession was handed on.
    Transfer = 2, "transfer";
    /// A bill was given back to its carrier.
    Surrender = 3, "surrender";
    /// A bill was offered.
    Offer = 4, "offer";
    /// An offer was taken.
    AcceptOffer = 5, "accept-offer";
    /// An offer was not wanted.
    DeclineOffer = 6, "decline-offer";
    /// An offer was taken back.
    WithdrawOffer = 7, "withdraw-offer";
    /// A bank confirmed a payment, and the bill moved.
    ConfirmPayment = 8, "confirm-payment";
    /// Title was endorsed to a member.
    Endorse = 9, "endorse";
    /// A bill was endorsed in blank.
    EndorseInBlank = 10, "endorse-in-blank";
    /// A title holder named the next one.
    Nominate = 11, "nominate";
    /// The nominee became the title holder.
    ExecuteNomination = 12, "execute-nomination";
    /// What came unasked went back.
    RejectTransfer = 13, "reject-transfer";
    /// The possessor showed control.
    ProveControl = 14, "prove-control";
    /// The carrier accepted a surrender.
    AcceptSurrender = 15, "accept-surrender";
    /// The carrier gave a surrendered bill back.
    RejectSurrender = 16, "reject-surrender";
    /// Paper took the place of the record.
    SwitchToPaper = 17, "switch-to-paper";
    /// A bill was voided.
    Void = 18, "void";
    /// Goods were offered as security.
    Pledge = 19, "pledge";
    /// A bank took a pledge.
    AcceptPledge = 20, "accept-pledge";
    /// A pledge was not taken.
    DeclinePledge = 21, "decline-pledge";
    /// A bank agreed to a transfer of title.
    ConsentToTransfer = 22, "consent-to-transfer";
    /// A bank gave a pledge back.
    ReleasePledge = 23, "release-pledge";
    /// A customs agency spoke for freezing.
    Freeze = 24, "freeze";
    /// A customs agency spoke for lifting a freeze.
    Unfreeze = 25, "unfreeze";
    /// A party left a remark.
    Remark = 26, "remark";
    /// Another document took the record's place.
    Replace = 27, "replace";
    /// A certificate of origin was applied for.
    Apply = 40, "apply";
    /// An application was answered by a certificate.
    Certify = 41, "certify";
    /// An application was refused.
    RefuseApplication = 42, "refuse-application";
    /// An application was taken back.
    WithdrawApplication = 43, "withdraw-application";
    /// A certificate was shown to customs.
    Present = 44, "present";
    /// Customs gave preference.
    Accept = 45, "accept";
    /// Customs gave no preference.
    Reject = 46, "reject";
    /// Customs asked the issuer.
    OpenCheck = 47, "open-check";
    /// The issuer answered.
    AnswerCheck = 48, "answer-check";
    /// Customs decided.
    CloseCheck = 49, "close-check";
    /// A certificate was taken back.
    Cancel = 50, "cancel";
    /// A true copy was certified.
    CertifyCopy = 51, "certify-copy";
    /// A back-to-back certificate drew on the account.
    Draw = 52, "draw";
    /// A customs agency put a finding onto a record.
    Finding = 60, "finding";
    /// A change was proposed.
    Propose = 80, "propose";
    /// A validator's member voted.
    Vote = 81, "vote";
    /// A member objected to the recovery of its keys.
    Object = 82, "object";
    /// A recovery was carried out.
    Enact = 83, "enact";
    /// A member turned over a key.
    RotateKey = 84, "rotate-key";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_json_and_messages_are_one() {
        for kind in ActionKind::ALL {
            assert_eq!(serde_json::to_string(kind).expect("json"), format!("\"{}\"", kind.as_str()));
        }
        assert!(ActionKind::ALL.is_sorted_by(|a, b| (*a as u8) < (*b as u8)));
    }
}
