//! A clear no: every refusal that a user can meet, with its stable code and what to do next.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($name:ident = $text:literal, $status:literal, $hint:literal;)*) => {
        /// Stable codes of refusals. The text is a contract: codes are added, never renamed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "each variant is documented by its code and hint in the table below")]
        pub enum Code { $($name,)* }

        impl Code {
            /// Every code, in the order of the documented table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status it is answered with.
            #[must_use]
            pub const fn http_status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// What the user can do next.
            #[must_use]
            pub const fn hint(self) -> &'static str {
                match self { $(Self::$name => $hint,)* }
            }
        }
    };
}

codes! {
    JsonTooLarge = "json_too_large", 413, "shorten the document; the limit is named in the detail";
    JsonMalformed = "json_malformed", 400, "send one well-formed JSON value in UTF-8 and nothing after it";
    JsonDuplicateKey = "json_duplicate_key", 400, "keep one of the two members; readers would disagree about which one counts";
    JsonTooDeep = "json_too_deep", 400, "flatten the nesting";
    JsonNumber = "json_number", 400, "use an integer of at most 2^53";
    JsonUnknownField = "json_unknown_field", 422, "remove the field or correct its spelling";
    JsonMissingField = "json_missing_field", 422, "add the field";
    JsonType = "json_type", 422, "correct the value at the path";
    StatementTooLarge = "statement_too_large", 413, "a statement holds commitments and claims; the document goes into the body";
    StatementVersion = "statement_version", 422, "use a client that speaks this network's statement version";
    EnvelopeMalformed = "envelope_malformed", 400, "send a DSSE envelope as `sampan submit` does";
    WrongChain = "wrong_chain", 422, "sign for this network: compare the chain id with `sampan network`";
    StatementExpired = "statement_expired", 422, "sign it again with a later expiry";
    ExpiryTooFar = "expiry_too_far", 422, "set the expiry at most seven days ahead";
    BadSignature = "bad_signature", 422, "sign the exact payload bytes with the key that the envelope names";
    SignatureCount = "signature_count", 422, "one to four signatures, each key once, sorted by key";
    UnknownMember = "unknown_member", 403, "ask a customs agency of the network to admit the organisation";
    MemberSuspended = "member_suspended", 403, "ask the agency that suspended the membership";
    UnknownKey = "unknown_key", 403, "sign with a key that the registry lists for this member";
    KeyRevoked = "key_revoked", 403, "sign with the member's current key";
    WrongRole = "wrong_role", 403, "only a member with the role named in the detail may do this";
    UnknownRecord = "unknown_record", 404, "check the record id, or wait until the issue is final";
    WrongSeq = "wrong_seq", 409, "fetch the record's newest state and sign again with its seq";
    NotPossessor = "not_possessor", 403, "only the possessor may do this; `sampan show` tells who that is";
    NotTransferable = "not_transferable", 422, "only a bill of lading that is a document of title has a possessor";
    TransferToSelf = "transfer_to_self", 422, "name another member as the recipient";
    UnknownRecipient = "unknown_recipient", 422, "name a member of the registry as the recipient";
    WrongRecipient = "wrong_recipient", 422, "a bill of lading is surrendered to the carrier that issued it";
    RecordEnded = "record_ended", 409, "the record's life is over; nothing can be done with it";
    SeqMissing = "seq_missing", 422, "name the record's seq that you saw; only a freeze leaves it out";
    NotTitleHolder = "not_title_holder", 403, "only the title holder may do this; `sampan show` tells who that is";
    NotNegotiable = "not_negotiable", 422, "a straight bill is handed on or surrendered, never endorsed";
    NotEndorsable = "not_endorsable", 409, "see the detail; a bill endorsed without `to order` can only be surrendered by its holder";
    HolderMismatch = "holder_mismatch", 422, "name the holder of a named bill, and none for one in blank";
    OfferOpen = "offer_open", 409, "an offer stands: wait until it is answered or over, or withdraw it";
    NoOffer = "no_offer", 409, "fetch the record's newest state; nothing is offered";
    OfferExpired = "offer_expired", 409, "ask for a new offer";
    OfferTime = "offer_time", 422, "let the offer stand between now and 180 days from now";
    PaymentAwaited = "payment_awaited", 409, "the bank that the offer names confirms the payment, or its deadline passes";
    PaymentMismatch = "payment_mismatch", 422, "confirm exactly the amount and reference that the offer asks for";
    NotTheBank = "not_the_bank", 403, "only the bank that the record names may do this";
    NotABank = "not_a_bank", 422, "name a member with the role bank";
    NoNomination = "no_nomination", 409, "the title holder nominates first";
    NothingToReject = "nothing_to_reject", 409, "only the last recipient may send a bill back, before any act of its own";
    SurrenderPending = "surrender_pending", 409, "the carrier has it: it accepts, rejects or re-issues";
    NoSurrender = "no_surrender", 409, "the bill has to be surrendered to the carrier first";
    NotIssuer = "not_issuer", 403, "only the member that issued it may do this";
    NotVoidable = "not_voidable", 409, "a bill that moved is surrendered first";
    Pledged = "pledged", 409, "ask the bank that holds the pledge to consent, or to release it before the bill is changed";
    NoPledge = "no_pledge", 409, "fetch the record's newest state; no such pledge is there";
    GoodsPledged = "goods_pledged", 409, "these goods secure a loan already; the proof names the record";
    RecordFrozen = "record_frozen", 409, "customs froze the record; ask the agencies that it names";
    NotFrozen = "not_frozen", 409, "fetch the record's newest state; it is not frozen";
    AlreadySpoken = "already_spoken", 409, "nothing to do: it was said before";
    NotAParty = "not_a_party", 403, "only a party of the document may do this";
    NotReplaceable = "not_replaceable", 422, "see the detail: what replaces what, and how";
    VersionMismatch = "version_mismatch", 422, "a first issue is version 1; an amendment is one above what it replaces";
    QuantityImbalance = "quantity_imbalance", 422, "packages and weights must add up to those replaced; a certificate certifies at most what was drawn, and draws in every unit of an item";
    NotACertificate = "not_a_certificate", 422, "only a certificate of origin has this act";
    WrongState = "wrong_state", 409, "fetch the record's newest state; the detail names it";
    NotImportingCustoms = "not_importing_customs", 403, "customs of the country where preference is asked decide";
    CertificateExpired = "certificate_expired", 409, "present it with the reason why it comes late, or ask for a new one";
    CheckOpen = "check_open", 409, "a retroactive check is open; it has to be closed first";
    NoCheck = "no_check", 409, "customs open a check first";
    AnswerAwaited = "answer_awaited", 409, "the issuer may still answer; the detail says until when";
    NoSuchItem = "no_such_item", 422, "name items of the certificate, and leave out those not used";
    AccountOverdrawn = "account_overdrawn", 409, "the detail says what is left of the certificate";
    ApplicationMismatch = "application_mismatch", 422, "certify the very document that was applied for";
    NotAPair = "not_a_pair", 422, "name a bill of lading and a certificate of origin";
    UnknownProposal = "unknown_proposal", 404, "check the id of the statement that proposed it";
    NotOnRoster = "not_on_roster", 403, "only members whose validator is on the roster propose, vote and enact";
    ProposalClosed = "proposal_closed", 409, "it is decided or its time is over; propose it again if it is still wanted";
    ProposalWaits = "proposal_waits", 409, "carry it out when its waiting time is over";
    ReadyRefused = "ready_refused", 422, "let the validator sign anew with `sampand ready`";
    RosterRefused = "roster_refused", 422, "name a customs agency with a key of its own; one validator stays at least";
    ParametersRefused = "parameters_refused", 422, "keep the parameter within its range";
    UpgradeRefused = "upgrade_refused", 422, "propose the next version, from a height far enough ahead to be decided before";
    MemberRefused = "member_refused", 422, "correct the registry entry; the detail says what is wrong";
    ReferenceAlreadyIssued = "reference_already_issued", 409, "a reference is issued once, ever; use a new number";
    StatementAlreadyExecuted = "statement_already_executed", 409, "nothing to do: its receipt is at /v1/receipts";
    Superseded = "superseded", 409, "another statement won; fetch the record's newest state";
    BodyMissing = "body_missing", 422, "send the body together with an issue";
    BodyUnexpected = "body_unexpected", 422, "only an issue carries a body";
    BodyTooLarge = "body_too_large", 413, "a body has at most 262144 bytes";
    BodyMismatch = "body_mismatch", 422, "send the exact bytes and salt that the commitment was made from";
    ClaimsMismatch = "claims_mismatch", 422, "claim what the body says; the path names the claim";
    ReferenceMismatch = "reference_mismatch", 422, "derive the reference key from the body's number and the pepper in the registry";
    DocumentRefused = "document_refused", 422, "correct the findings listed; `sampan check` explains each";
    MempoolFull = "mempool_full", 503, "wait and send again; nothing was stored";
    MemberQuota = "member_quota", 429, "wait until your earlier statements are final";
    MemberRate = "member_rate", 429, "wait and send again, or send through another node; this one is busy";
    TooManyRequests = "too_many_requests", 429, "wait and send again";
    NotFound = "not_found", 404, "check the address; /openapi.json lists them";
    NotReady = "not_ready", 503, "the node is catching up; ask again or ask another node";
    NotDisclosed = "not_disclosed", 403, "a body is read on the node's own machine or by a party's signed request";
    BodyErased = "body_erased", 410, "the document is gone for good; every proof about the record still holds";
    BodyNotHere = "body_not_here", 404, "this node holds no copy of the body; ask a party for a bundle";
    HistoryNotHeld = "history_not_held", 410, "ask a node that holds the whole log; state and what is new are proven here";
    RequestMalformed = "request_malformed", 400, "the detail names the parameter";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        let known = Self::ALL.iter().copied().find(|code| code.as_str() == text);
        known.ok_or_else(|| serde::de::Error::custom("unknown code"))
    }
}

/// A refusal: what, where, why. What to do next comes with the code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Reject {
    /// The stable code.
    pub code: Code,
    /// JSON path of the offending value (`$` when it is the whole).
    pub path: String,
    /// What is wrong, in words.
    pub detail: String,
}

impl Reject {
    /// A refusal of the value at `path`.
    #[must_use]
    pub fn new(code: Code, path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { code, path: path.into(), detail: detail.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_every_one_helps() {
        let mut texts: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(!code.hint().is_empty() && !code.hint().ends_with('.'), "{code}");
            assert!((400..=599).contains(&code.http_status()), "{code}");
        }
    }
}
