//! Networks of any number of validators.

use sampan_proto::block::Header;
use sampan_proto::genesis::Genesis;
use sampan_proto::keys::SecretKey;
use sampan_proto::roster::{Roster, Validator};
use sampan_proto::vote::{Certificate, Signable as _, Vote, VoteType};

use super::cast;

/// The story's network with other validators, of one vote each, and their keys.
pub(crate) struct Seats {
    keys: Vec<SecretKey>,
    pub(crate) genesis: Genesis,
}

impl Seats {
    pub(crate) fn new(count: usize, genesis: &Genesis) -> Self {
        let keys: Vec<_> = (0..count).map(|i| SecretKey::from_seed(cast::seed(&format!("validator {i}")))).collect();
        let seat = |(i, key): (usize, &SecretKey)| Validator {
            member: cast::id(&format!("customs-{i:03}")),
            key: key.public(),
            power: 1,
        };
        let roster = Roster::new(keys.iter().enumerate().map(seat).collect()).expect("a roster");
        Self { keys, genesis: Genesis { roster, ..genesis.clone() } }
    }

    /// The header as these validators write it: their roster decides it, and stays.
    pub(crate) fn header(&self, header: &Header) -> Header {
        let hash = self.genesis.roster.hash();
        Header { roster_hash: hash, next_roster_hash: hash, ..header.clone() }
    }

    /// Precommits of just as many as are needed.
    pub(crate) fn certify(&self, header: &Header) -> Certificate {
        let precommit = |(i, key): (usize, &SecretKey)| {
            let vote = Vote {
                chain: self.genesis.chain,
                vote_type: VoteType::Precommit,
                height: header.height,
                round: 0,
                block: Some(header.hash()),
                validator: key.public(),
            };
            (i, key.sign(vote.digest().as_bytes()))
        };
        let quorum = 2 * self.keys.len() / 3 + 1;
        let precommits = self.keys.iter().enumerate().take(quorum).map(precommit).collect();
        Certificate::new(header.height, 0, header.hash(), &self.genesis.roster, precommits)
    }
}
