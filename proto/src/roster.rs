//! The roster: validators and their power at a height, and the arithmetic of quorums.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::hash::{Domain, Hash32};
use crate::ids::MemberId;
use crate::keys::PublicKey;
use crate::limits;

/// One validator.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validator {
    /// The customs agency that runs it.
    pub member: MemberId,
    /// The key that votes.
    pub key: PublicKey,
    /// Its share in decisions.
    pub power: u64,
}

/// The validators in order of their member ids. The order gives each its index in certificates.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, Serialize)]
#[serde(transparent)]
pub struct Roster(Vec<Validator>);

/// Why a list of validators is no roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRoster {
    /// None, or more than the limit.
    #[error("a roster has 1 to 256 validators")]
    Size,
    /// Not in ascending order of member ids, or a member twice.
    #[error("validators stand in ascending order of member ids, each member once")]
    Order,
    /// A key twice.
    #[error("each validator votes with its own key")]
    KeyTwice,
    /// No power, or more than the limit.
    #[error("power is 1 to 1000000")]
    Power,
}

impl Roster {
    /// Checks size, order, keys and powers.
    pub fn new(validators: Vec<Validator>) -> Result<Self, BadRoster> {
        if validators.is_empty() || validators.len() > limits::VALIDATORS {
            return Err(BadRoster::Size);
        }
        if !validators.is_sorted_by(|a, b| a.member < b.member) {
            return Err(BadRoster::Order);
        }
        let keys: std::collections::BTreeSet<_> = validators.iter().map(|v| v.key).collect();
        if keys.len() != validators.len() {
            return Err(BadRoster::KeyTwice);
        }
        if validators.iter().any(|v| v.power == 0 || v.power > limits::VALIDATOR_POWER) {
            return Err(BadRoster::Power);
        }
        Ok(Self(validators))
    }

    /// The validators in roster order.
    #[must_use]
    pub fn validators(&self) -> &[Validator] {
        &self.0
    }

    /// The validator with this consensus key, and its index.
    #[must_use]
    pub fn by_key(&self, key: &PublicKey) -> Option<(usize, &Validator)> {
        self.0.iter().enumerate().find(|(_, v)| v.key == *key)
    }

    /// All power together.
    #[must_use]
    pub fn total_power(&self) -> u64 {
        self.0.iter().map(|v| v.power).sum()
    }

    /// Whether `power` is more than two thirds of the whole (2f+1 of 3f+1).
    #[must_use]
    pub fn is_quorum(&self, power: u64) -> bool {
        3 * u128::from(power) > 2 * u128::from(self.total_power())
    }

    /// Whether `power` is more than one third of the whole (f+1 of 3f+1): at least one of them is honest.
    #[must_use]
    pub fn holds_an_honest_one(&self, power: u64) -> bool {
        3 * u128::from(power) > u128::from(self.total_power())
    }

    /// What headers commit to.
    #[must_use]
    pub fn hash(&self) -> Hash32 {
        Domain::Roster.hash_borsh(self)
    }
}

impl BorshDeserialize for Roster {
    fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
        Self::new(Vec::deserialize_reader(reader)?).map_err(|_| borsh::io::ErrorKind::InvalidData.into())
    }
}

impl<'de> Deserialize<'de> for Roster {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let validators = <Vec<Validator> as Deserialize>::deserialize(deserializer)?;
        Self::new(validators).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster(powers: &[u64]) -> Result<Roster, BadRoster> {
        let validator = |(i, power): (usize, &u64)| Validator {
            member: format!("customs-{i:03}").parse().expect("id"),
            key: PublicKey::Ed25519([u8::try_from(i).expect("few"); 32]),
            power: *power,
        };
        Roster::new(powers.iter().enumerate().map(validator).collect())
    }

    #[test]
    fn quorum_is_strictly_more_than_two_thirds() {
        for (n, quorum) in [(1, 1), (2, 2), (3, 3), (4, 3), (6, 5), (7, 5), (10, 7), (100, 67)] {
            let roster = roster(&vec![1; n]).expect("roster");
            assert!(roster.is_quorum(quorum) && !roster.is_quorum(quorum - 1), "{n} validators");
        }
        let four = roster(&[1; 4]).expect("roster");
        assert!(four.holds_an_honest_one(2) && !four.holds_an_honest_one(1));
    }

    #[test]
    fn a_roster_has_one_spelling() {
        assert_eq!(roster(&[]), Err(BadRoster::Size));
        assert_eq!(roster(&[1, 0]), Err(BadRoster::Power));
        let good = roster(&[1, 1]).expect("roster");
        let swapped: Vec<_> = good.validators().iter().rev().cloned().collect();
        assert_eq!(Roster::new(swapped), Err(BadRoster::Order));
        let mut twice = good.validators().to_vec();
        twice[1].key = twice[0].key;
        assert_eq!(Roster::new(twice), Err(BadRoster::KeyTwice));
    }
}
