//! A record: what the ledger knows of a document now.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::doc::Claims;
use crate::doc::DocKind;
use crate::hash::{Domain, Hash32};
use crate::ids::{BodyCommitment, Height, MemberId, RecordId, ReferenceKey, StatementId};
use crate::origin::Origin;
use crate::statement::{Application, Issue};
use crate::title::Title;

/// Where in its life a document is. The borsh tag is frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// In force.
    Issued,
    /// Given back to the carrier for the goods; the carrier has not answered.
    PendingSurrenderForDelivery,
    /// Given back to the carrier to be changed; the carrier has not answered.
    PendingSurrenderForAmendment,
    /// The carrier took it for the goods: it is over.
    SurrenderedForDelivery,
    /// The carrier took it to be changed: its heirs are to come.
    SurrenderedForAmendment,
    /// The carrier voided it.
    Void,
    /// Another document took its place.
    Replaced,
    /// Paper took its place.
    SwitchedToPaper,
    /// A certificate is applied for.
    Applied,
    /// The application is answered by a certificate.
    Certified,
    /// The application is refused.
    Refused,
    /// The application is taken back.
    Withdrawn,
    /// Customs of the importing country have it.
    Presented,
    /// Preference is given for part of it.
    PartlyAccepted,
    /// Preference is given for all of it.
    Accepted,
    /// No preference is given.
    Rejected,
    /// It stood a retroactive check.
    Confirmed,
    /// It did not stand a retroactive check.
    Denied,
    /// Its issuer took it back.
    Cancelled,
}

impl Status {
    /// The name used in JSON, the API and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::PendingSurrenderForDelivery => "pending-surrender-for-delivery",
            Self::PendingSurrenderForAmendment => "pending-surrender-for-amendment",
            Self::SurrenderedForDelivery => "surrendered-for-delivery",
            Self::SurrenderedForAmendment => "surrendered-for-amendment",
            Self::Void => "void",
            Self::Replaced => "replaced",
            Self::SwitchedToPaper => "switched-to-paper",
            Self::Applied => "applied",
            Self::Certified => "certified",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Presented => "presented",
            Self::PartlyAccepted => "partly-accepted",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Confirmed => "confirmed",
            Self::Denied => "denied",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing can be done with it any more.
    #[must_use]
    pub const fn is_ended(self) -> bool {
        matches!(
            self,
            Self::SurrenderedForDelivery
                | Self::Void
                | Self::Replaced
                | Self::SwitchedToPaper
                | Self::Certified
                | Self::Refused
                | Self::Withdrawn
                | Self::Cancelled
        )
    }
}

/// An entry by its place and content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct EntryRef {
    /// Index in the log, from 0.
    pub index: u64,
    /// Its leaf hash.
    pub leaf: Hash32,
}

impl EntryRef {
    /// No entry yet.
    pub const NONE: Self = Self { index: 0, leaf: Hash32::ZERO };
}

/// A document's current state. State value of the `record` key space.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Record {
    /// Its name.
    pub id: RecordId,
    /// What kind of document it is.
    pub kind: DocKind,
    /// Who issued it.
    pub issuer: MemberId,
    /// The member it was issued to.
    pub issued_to: MemberId,
    /// Its number and version under the issuer's pepper; an application has none.
    pub reference: Option<ReferenceKey>,
    /// Version of the number, from 1.
    pub version: u32,
    /// Its body.
    pub body: BodyCommitment,
    /// Where in its life it is.
    pub status: Status,
    /// Who controls it: exactly one member while a bill of lading is in force, nobody otherwise.
    pub possessor: Option<MemberId>,
    /// Counts the acts on it, from 1; the next act names it.
    pub seq: u64,
    /// Height of the block that issued it.
    pub issued_at: Height,
    /// Its newest entry: from here its history can be walked back, leaving nothing out.
    pub last: EntryRef,
    /// The records in whose place it came.
    pub replaces: Vec<RecordId>,
    /// The records that came in its place.
    pub replaced_by: Vec<RecordId>,
    /// SHA-256 of the paper in whose place it came.
    pub from_paper: Option<Hash32>,
    /// Title, if it is a bill of lading that somebody can possess.
    pub title: Option<Title>,
    /// Origin, if it certifies one or applies for it.
    pub origin: Option<Origin>,
}

impl Record {
    /// The name of the record that `statement` issues.
    #[must_use]
    pub fn id_of(statement: StatementId) -> RecordId {
        RecordId(Domain::Record.hash(statement.0.as_bytes()))
    }

    /// The record that an issue brings, its entry not written yet.
    #[must_use]
    pub fn issued(statement: StatementId, issuer: &MemberId, issue: &Issue, at: Height) -> Self {
        let (title, origin) = match &issue.claims {
            Claims::BillOfLading(claims) => {
                let title = || Title::issued(claims.form, issue.holder.clone(), claims.quantity.clone());
                (issue.claims.is_title().then(title), None)
            }
            Claims::CertificateOfOrigin(claims) => (None, Some(Origin::issued(claims, None))),
        };
        Self {
            id: Self::id_of(statement),
            kind: issue.claims.kind(),
            issuer: issuer.clone(),
            issued_to: issue.to.clone(),
            reference: Some(issue.reference),
            version: issue.version,
            body: issue.body.commitment,
            status: Status::Issued,
            possessor: title.is_some().then(|| issue.to.clone()),
            seq: 1,
            issued_at: at,
            last: EntryRef::NONE,
            replaces: issue.replaces.iter().flat_map(|replaces| replaces.records.keys().copied()).collect(),
            replaced_by: Vec::new(),
            from_paper: issue.from_paper,
            title,
            origin,
        }
    }

    /// The record that an application brings. Its issuer is the exporter, and it is issued to the authority.
    #[must_use]
    pub fn applied(statement: StatementId, exporter: &MemberId, application: &Application, at: Height) -> Self {
        let origin = match &application.claims {
            Claims::CertificateOfOrigin(claims) => Some(Origin::issued(claims, Some(exporter.clone()))),
            Claims::BillOfLading(_) => None,
        };
        Self {
            id: Self::id_of(statement),
            kind: application.claims.kind(),
            issuer: exporter.clone(),
            issued_to: application.to.clone(),
            reference: None,
            version: 0,
            body: application.body.commitment,
            status: Status::Applied,
            possessor: None,
            seq: 1,
            issued_at: at,
            last: EntryRef::NONE,
            replaces: Vec::new(),
            replaced_by: Vec::new(),
            from_paper: None,
            title: None,
            origin,
        }
    }

    /// Members with a part in the document, who may read it: issuer and first recipient, possessor and title
    /// holder, whoever it is offered or pledged to, the exporter that applied. Some may come twice.
    pub fn parties(&self) -> impl Iterator<Item = &MemberId> {
        let title = self.title.iter().flat_map(|title| {
            let offer = title.offer.as_ref().map(|offer| &offer.to);
            let bank = title.offer.as_ref().and_then(|offer| offer.payment.as_ref()).map(|payment| &payment.bank);
            let pledge = title.pledge.as_ref().map(|pledge| &pledge.bank);
            let lien = title.lien.as_ref().map(|lien| &lien.bank);
            [title.holder.as_ref(), title.nominee.as_ref(), offer, bank, pledge, lien].into_iter().flatten()
        });
        let applicant = self.origin.iter().filter_map(|origin| origin.applicant.as_ref());
        [&self.issuer, &self.issued_to].into_iter().chain(&self.possessor).chain(title).chain(applicant)
    }

    /// The state value that the record's leaf commits to.
    #[must_use]
    pub fn value_hash(&self) -> Hash32 {
        Domain::ValueRecord.hash_borsh(self)
    }
}
