//! Evidence: two things that nobody honest signs both, in one file that proves itself from the anchor.
//!
//! | offence | what is signed twice | by whom |
//! |---|---|---|
//! | `votes` | two votes of one type in one round | a validator |
//! | `proposals` | two proposals for one round | a validator |
//! | `certificates` | two headers decided at one height | a quorum, and with it more than a third of the power twice |
//! | `checkpoints` | a header whose log does not begin with that of an older one | the same |
//! | `statements` | two statements that claim one place of one record | a member |
//!
//! Evidence says what was signed, never why: a stolen key, a copied machine and a fraud look alike.

mod place;
mod verify;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::checkpoint::Consistency;
use crate::hash::{Domain, Hash32};
use crate::ids::{ChainId, Height, OffenceId};
use crate::json::{self, JsonError, JsonLimits};
use crate::limits;
use crate::proof::{Binary, Handover, Head, MemberProof};
use crate::statement::SignedStatement;
use crate::vote::{Proposal, Signable as _, Signed, Vote};

pub use verify::{Proven, verify};

/// Media type of evidence files; it carries the version.
pub const EVIDENCE_MEDIA_TYPE: &str = "application/vnd.sampan.evidence+json;version=1";

/// A self-contained evidence file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Evidence {
    /// [`EVIDENCE_MEDIA_TYPE`].
    pub media_type: String,
    /// The network.
    pub chain: ChainId,
    /// Every change of the roster up to the heads in the file, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trust_path: Vec<Handover>,
    /// The decided header that says who the signer was: of the height voted on, or under which a member is proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Head>,
    /// The member that signed statements, as the registry knows it at the head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberProof>,
    /// What was signed twice.
    pub offence: Offence,
}

/// Two things that nobody honest signs both.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Offence {
    /// Two votes of one validator, of one type, in one round.
    Votes([Binary<Signed<Vote>>; 2]),
    /// Two proposals of one validator for one round.
    Proposals([Binary<Signed<Proposal>>; 2]),
    /// Two headers decided at one height.
    Certificates(Box<[Head; 2]>),
    /// Two decided headers whose logs have different beginnings.
    Checkpoints(Box<Checkpoints>),
    /// Two statements of one member that claim one place of one record.
    Statements([Binary<SignedStatement>; 2]),
}

/// Two decided headers whose logs have different beginnings.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoints {
    /// The header of the smaller log.
    pub older: Head,
    /// The header of the larger one.
    pub newer: Head,
    /// That the larger log begins with another one of the smaller's size.
    pub consistency: Consistency,
}

impl Offence {
    /// Its name: the same for the same two things in either order, whoever found them and however often.
    #[must_use]
    pub fn id(&self) -> OffenceId {
        let header = |head: &Head| head.header.0.hash().0;
        let (kind, mut pair): (u8, [Hash32; 2]) = match self {
            Self::Votes(votes) => (0, votes.each_ref().map(|vote| vote.0.message.digest())),
            Self::Proposals(proposals) => (1, proposals.each_ref().map(|proposal| proposal.0.message.digest())),
            Self::Certificates(heads) => (2, heads.each_ref().map(header)),
            Self::Checkpoints(two) => (3, [header(&two.older), header(&two.newer)]),
            Self::Statements(statements) => (4, statements.each_ref().map(|signed| signed.0.id().0)),
        };
        pair.sort_unstable();
        OffenceId(Domain::Offence.hash_borsh(&(kind, pair)))
    }

    /// Its kind, in one word.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Votes(_) => "votes",
            Self::Proposals(_) => "proposals",
            Self::Certificates(_) => "certificates",
            Self::Checkpoints(_) => "checkpoints",
            Self::Statements(_) => "statements",
        }
    }

    /// The height that it is about; none for statements, which are of no height.
    #[must_use]
    pub fn height(&self) -> Option<Height> {
        match self {
            Self::Votes([vote, _]) => Some(vote.0.message.height),
            Self::Proposals([proposal, _]) => Some(proposal.0.message.height),
            Self::Certificates(heads) => Some(heads[0].header.0.height),
            Self::Checkpoints(two) => Some(two.newer.header.0.height),
            Self::Statements(_) => None,
        }
    }
}

impl Evidence {
    /// Evidence of an offence, with nothing yet that says who the signers were.
    #[must_use]
    pub fn new(chain: ChainId, offence: Offence) -> Self {
        let media_type = EVIDENCE_MEDIA_TYPE.to_owned();
        Self { media_type, chain, trust_path: Vec::new(), head: None, member: None, offence }
    }

    /// Reads an evidence file, as strictly as a bundle.
    ///
    /// # Errors
    /// It is not of the form.
    pub fn from_json(bytes: &[u8]) -> Result<Self, JsonError> {
        let limits = JsonLimits { max_bytes: limits::BUNDLE_BYTES, max_depth: 8, integers_only: true };
        let evidence = json::from_slice(bytes, &limits)?;
        json::expect_as_written(bytes, &evidence)?;
        Ok(evidence)
    }
}
