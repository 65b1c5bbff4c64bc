//! What the ledger keeps of a certificate of origin beside its status.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::act::ItemAmounts;
use crate::doc::{Amounts, Date, OriginClaims, Scheme};
use crate::hash::Hash32;
use crate::ids::MemberId;
use crate::member::Country;

/// A certificate's facts, its account and its checks.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Origin {
    /// The agreement.
    pub scheme: Scheme,
    /// Where it was issued.
    pub issuing_country: Country,
    /// Where preference is asked.
    pub importing_country: Country,
    /// The last day on which it can be presented.
    pub expires: Date,
    /// What is left of each item.
    pub account: ItemAmounts,
    /// What it certified in the first place.
    pub certified: ItemAmounts,
    /// What it and those that it replaces drew on their originals, over all items; nothing for one that stands on none.
    pub drawn: Amounts,
    /// The exporter that applied for it, when it did so on the network.
    pub applicant: Option<MemberId>,
    /// The last retroactive check.
    pub check: Option<Check>,
    /// SHA-256 of the last certified true copy.
    pub copy: Option<Hash32>,
}

/// A retroactive check, with the times that both sides see.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Check {
    /// The agency that asks.
    pub by: MemberId,
    /// Since when, in Unix milliseconds.
    pub since_ms: u64,
    /// When the issuer's answer is due.
    pub reply_by_ms: u64,
    /// When the agency's decision is due.
    pub close_by_ms: u64,
    /// When the issuer answered, and whether it stands by the certificate.
    pub answer: Option<(u64, bool)>,
    /// Whether the agency decided.
    pub closed: bool,
}

impl Origin {
    /// A certificate, or an application, as it comes onto the ledger.
    #[must_use]
    pub fn issued(claims: &OriginClaims, applicant: Option<MemberId>) -> Self {
        Self {
            scheme: claims.scheme,
            issuing_country: claims.issuing_country,
            importing_country: claims.importing_country,
            expires: claims.expires,
            account: claims.items.clone(),
            certified: claims.items.clone(),
            drawn: Amounts::default(),
            applicant,
            check: None,
            copy: None,
        }
    }

    /// Whether its last day has passed at a block time, everywhere on earth (UTC-12 is the last place where a
    /// day ends).
    #[must_use]
    pub fn is_expired(&self, time_ms: u64) -> bool {
        const DAY_MS: i128 = 86_400_000;
        let end_ms = (i128::from(self.expires.number()) + 1) * DAY_MS + DAY_MS / 2;
        i128::from(time_ms) >= end_ms
    }

    /// A check that waits for its end.
    pub(super) fn open_check(&self) -> Option<&Check> {
        self.check.as_ref().filter(|check| !check.closed)
    }
}
