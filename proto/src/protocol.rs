//! Protocol versions: by which rules a block is executed, and from which height on by the next ones.
//!
//! Every header says its version. The roster decides the next version and its first block (`upgrade`, in
//! [`governance`](crate::governance)); up to there old and new software do the same, from there on only software that
//! knows the new rules goes on. What is of a version that is not known here is refused by its name: nobody guesses at
//! rules, and nothing of such a block is read but the number.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::block::PROTOCOL_VERSION;
use crate::ids::Height;

/// The version of the first block.
pub const FIRST_VERSION: u32 = 1;

/// The versions that this software executes and verifies.
pub const KNOWN: Versions = Versions { oldest: FIRST_VERSION, newest: PROTOCOL_VERSION };

/// Versions that a piece of software knows: all from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The first that it knows.
    pub oldest: u32,
    /// The last.
    pub newest: u32,
}

/// A version that is not known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("protocol version {version} is not known here, only {known}")]
pub struct UnknownVersion {
    /// Which.
    pub version: u32,
    /// Which are.
    pub known: Versions,
}

impl Versions {
    /// Whether a version is one of them.
    #[must_use]
    pub const fn contain(self, version: u32) -> bool {
        self.oldest <= version && version <= self.newest
    }

    /// Refuses a version that is none of them.
    ///
    /// # Errors
    /// [`UnknownVersion`]; newer software is needed.
    pub const fn expect(self, version: u32) -> Result<(), UnknownVersion> {
        if self.contain(version) { Ok(()) } else { Err(UnknownVersion { version, known: self }) }
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { oldest, newest } = self;
        if oldest == newest { write!(f, "{newest}") } else { write!(f, "{oldest} to {newest}") }
    }
}

/// The newest version that was decided, and where it begins. Versions follow one another, so this says the version of
/// every block that is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// The version.
    pub version: u32,
    /// The first block of it.
    pub from: Height,
}

impl Protocol {
    /// What a network begins with.
    pub const FOUNDING: Self = Self { version: FIRST_VERSION, from: Height::GENESIS };

    /// The version of the block at a height, which is no lower than that of the decision.
    #[must_use]
    pub const fn at(&self, height: Height) -> u32 {
        if height.0 < self.from.0 { self.version - 1 } else { self.version }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_begins_at_its_height_and_the_one_before_it_ends_there() {
        assert_eq!(Protocol::FOUNDING.at(Height(1)), 1);
        let next = Protocol { version: 2, from: Height(100) };
        assert_eq!([1, 99, 100, u64::MAX].map(|height| next.at(Height(height))), [1, 1, 2, 2]);
    }

    #[test]
    fn a_version_that_is_not_known_is_named() {
        assert_eq!(KNOWN.expect(FIRST_VERSION), Ok(()));
        let refused = KNOWN.expect(2).map_err(|unknown| unknown.to_string());
        assert_eq!(refused, Err("protocol version 2 is not known here, only 1".to_owned()));
        assert!(KNOWN.expect(0).is_err());
        let later = Versions { oldest: 2, newest: 4 };
        assert_eq!(
            later.expect(1).map_err(|u| u.to_string()),
            Err("protocol version 1 is not known here, only 2 to 4".to_owned())
        );
        assert!(later.contain(2) && later.contain(4) && !later.contain(5));
    }
}
