//! What can be done with a certificate of origin.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::doc::{Amounts, ItemNumber};
use crate::hash::Hash32;
use crate::ids::MemberId;
use crate::statement::ActionKind;
use crate::text::Note;

/// Quantities by item of a certificate.
pub type ItemAmounts = BTreeMap<ItemNumber, Amounts>;

/// An act on a certificate of origin, or on the application for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum OriginAct {
    /// The issuing authority does not certify what was applied for.
    RefuseApplication {
        /// Why.
        reason: Note,
    },
    /// The exporter takes the application back.
    WithdrawApplication {},
    /// Its holder shows it to customs of the importing country.
    Present {
        /// The agency.
        to: MemberId,
        /// Why it comes after its last day (force majeure, goods imported in time: ATIGA Annex 8 r.14).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        late: Option<Note>,
    },
    /// Customs give preference.
    Accept {
        /// For so much of each item; none is for everything that is left.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        used: Option<ItemAmounts>,
    },
    /// Customs give no preference.
    Reject {
        /// Why: the issuer is told (r.13: within 60 days).
        reason: Note,
    },
    /// Customs ask the issuer whether it is genuine and right (retroactive check, r.18; RCEP art. 3.24).
    OpenCheck {
        /// What is in doubt.
        reason: Note,
    },
    /// The issuer answers.
    AnswerCheck {
        /// Whether it stands by the certificate.
        genuine: bool,
        /// In words.
        answer: Note,
    },
    /// Customs decide.
    CloseCheck {
        /// Whether the certificate stands.
        upheld: bool,
        /// Why.
        reason: Note,
    },
    /// The issuer takes the certificate back.
    Cancel {
        /// Why.
        reason: Note,
    },
    /// The issuer certifies a true copy of a lost one (RCEP art. 3.17.9): an attachment, never a second record.
    CertifyCopy {
        /// SHA-256 of the copy.
        copy: Hash32,
    },
}

impl OriginAct {
    /// The kind of act, as entries record it.
    #[must_use]
    pub const fn kind(&self) -> ActionKind {
        match self {
            Self::RefuseApplication { .. } => ActionKind::RefuseApplication,
            Self::WithdrawApplication {} => ActionKind::WithdrawApplication,
            Self::Present { .. } => ActionKind::Present,
            Self::Accept { .. } => ActionKind::Accept,
            Self::Reject { .. } => ActionKind::Reject,
            Self::OpenCheck { .. } => ActionKind::OpenCheck,
            Self::AnswerCheck { .. } => ActionKind::AnswerCheck,
            Self::CloseCheck { .. } => ActionKind::CloseCheck,
            Self::Cancel { .. } => ActionKind::Cancel,
            Self::CertifyCopy { .. } => ActionKind::CertifyCopy,
        }
    }

    /// Whether it is for applications, as opposed to certificates.
    #[must_use]
    pub const fn is_on_application(&self) -> bool {
        matches!(self, Self::RefuseApplication { .. } | Self::WithdrawApplication {})
    }

    /// The agency that it names, which must be customs of the importing country.
    #[must_use]
    pub const fn agency(&self) -> Option<&MemberId> {
        match self {
            Self::Present { to, .. } => Some(to),
            _ => None,
        }
    }
}
