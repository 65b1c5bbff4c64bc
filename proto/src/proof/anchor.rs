//! What a verifier starts from: the genesis, or a header that it has come to trust.
//!
//! From the genesis every proof walks over all handovers that there were. A pinned header is younger: it was verified
//! once, by somebody who trusts the genesis, and from it on keys of older rosters prove nothing any more, whoever
//! has them by then.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::bundle::{Binary, Head};
use crate::genesis::{Genesis, Parameters};
use crate::ids::{ChainId, HeaderHash, Height};
use crate::json::{self, JsonError, JsonLimits};
use crate::limits;
use crate::protocol::{self, UnknownVersion};
use crate::roster::Roster;

/// Media type of anchor files that are not a genesis.
pub const PIN_MEDIA_TYPE: &str = "application/vnd.sampan.anchor+json;version=1";

/// Where trust starts.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// The network.
    pub chain: ChainId,
    /// What people call it.
    pub network: &'a str,
    /// The height from which on `roster` decides; itself not decided by it.
    pub height: Height,
    /// The header at that height, where one is pinned.
    pub header: Option<HeaderHash>,
    /// Who decides the blocks after it.
    pub roster: &'a Roster,
    /// When that was. Unix milliseconds.
    pub time_ms: u64,
    /// The parameters in force then, where the anchor has them.
    pub parameters: Option<&'a Parameters>,
}

impl Start<'_> {
    /// How long the anchor is good for: that of the network, where it is known.
    #[must_use]
    pub fn trusting_period_ms(&self) -> u64 {
        self.parameters.map_or_else(|| Parameters::default().trusting_period_ms, |known| known.trusting_period_ms)
    }
}

/// What a verifier starts from.
pub trait Anchor {
    /// Where its trust starts.
    fn start(&self) -> Start<'_>;
}

/// Shared, it is the same anchor.
impl Anchor for Arc<Genesis> {
    fn start(&self) -> Start<'_> {
        (**self).start()
    }
}

impl Anchor for Genesis {
    fn start(&self) -> Start<'_> {
        Start {
            chain: self.chain,
            network: &self.network,
            height: Height::GENESIS,
            header: None,
            roster: &self.roster,
            time_ms: self.time_ms,
            parameters: Some(&self.parameters),
        }
    }
}

/// A pinned header: what its owner once verified, and who decides from there on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Pin {
    /// [`PIN_MEDIA_TYPE`].
    pub media_type: String,
    /// The network.
    pub chain: ChainId,
    /// What people call it.
    pub network: String,
    /// The header, with the certificate that it was verified by.
    pub head: Head,
    /// The roster that the header names for the blocks after it.
    pub roster: Binary<Roster>,
    /// The parameters that the header commits to, where they were known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Binary<Parameters>>,
}

/// Why a file is no anchor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPin {
    /// Not of the form.
    #[error("{}: {}", .0.path, .0.detail)]
    Json(JsonError),
    /// Of another form.
    #[error("expected `{PIN_MEDIA_TYPE}`")]
    Form,
    /// Its header is of a version that is not known here.
    #[error(transparent)]
    Version(#[from] UnknownVersion),
    /// Its parts do not belong together.
    #[error("{0}")]
    Parts(&'static str),
}

impl Pin {
    /// Pins a header that was verified, with the roster that it names.
    ///
    /// # Errors
    /// The parts do not belong together.
    pub fn new(network: &str, head: Head, roster: Roster, parameters: Option<&Parameters>) -> Result<Self, BadPin> {
        let header = &head.header.0;
        let parameters = parameters.filter(|known| known.hash() == header.parameters_hash);
        let pin = Self {
            media_type: PIN_MEDIA_TYPE.to_owned(),
            chain: header.chain,
            network: network.to_owned(),
            roster: Binary(roster),
            parameters: parameters.cloned().map(Binary),
            head,
        };
        pin.check()?;
        Ok(pin)
    }

    /// Reads an anchor file, as strictly as a bundle.
    ///
    /// # Errors
    /// It is none, or its parts do not belong together. Whether it deserves trust is its owner's to know.
    pub fn from_json(bytes: &[u8]) -> Result<Self, BadPin> {
        let limits = JsonLimits { max_bytes: limits::PIN_BYTES, max_depth: 4, integers_only: true };
        let pin: Self = json::from_slice(bytes, &limits).map_err(BadPin::Json)?;
        json::expect_as_written(bytes, &pin).map_err(BadPin::Json)?;
        pin.check()?;
        Ok(pin)
    }

    fn check(&self) -> Result<(), BadPin> {
        let (header, certificate) = (&self.head.header.0, &self.head.certificate.0);
        if self.media_type != PIN_MEDIA_TYPE {
            return Err(BadPin::Form);
        }
        protocol::KNOWN.expect(header.version)?;
        if header.chain != self.chain {
            return Err(BadPin::Parts("the header is of another network"));
        }
        if certificate.block != header.hash() || certificate.height != header.height {
            return Err(BadPin::Parts("the certificate is for another header"));
        }
        if header.next_roster_hash != self.roster.0.hash() {
            return Err(BadPin::Parts("the header names another roster"));
        }
        if self.parameters.as_ref().is_some_and(|parameters| parameters.0.hash() != header.parameters_hash) {
            return Err(BadPin::Parts("the header commits to other parameters"));
        }
        Ok(())
    }
}

impl Anchor for Pin {
    fn start(&self) -> Start<'_> {
        let header = &self.head.header.0;
        Start {
            chain: self.chain,
            network: &self.network,
            height: header.height,
            header: Some(header.hash()),
            roster: &self.roster.0,
            time_ms: header.time_ms,
            parameters: self.parameters.as_ref().map(|parameters| &parameters.0),
        }
    }
}
