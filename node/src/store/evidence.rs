//! Evidence: what was met that nobody honest signs. Written once, never removed, never more than so much of anybody.

use rocksdb::{Direction, IteratorMode};
use sampan_proto::evidence::{Evidence, Offence};
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{Height, OffenceId};
use sampan_proto::keys::PublicKey;
use sampan_proto::proof::{Binary, Head};

use super::commit::Batch;
use super::schema::{self, Family};
use super::{Reader, Store};
use crate::fault::Fatal;

/// Offences kept of one signer: a key that is abused does not fill the disk, and one is enough to judge it.
const OF_ONE_SIGNER: usize = 16;

impl Store {
    /// Keeps an offence, synced; false when it is kept already or its signer has had its share.
    ///
    /// # Errors
    /// Stop the node: whether a failed write is on the disk is unknown.
    pub fn accuse(&self, offence: &Offence) -> Result<bool, Fatal> {
        let mut new = false;
        self.0.write(|inner| {
            let prefix = signer(offence);
            let key = schema::evidence_key(&prefix, &offence.id());
            let family = Family::Evidence.handle(&inner.db)?;
            if inner.db.get_pinned_cf(family, key)?.is_some() {
                return Ok(None);
            }
            let start = IteratorMode::From(prefix.as_bytes(), Direction::Forward);
            let mut held = 0;
            for row in inner.db.iterator_cf(family, start) {
                if !row?.0.starts_with(prefix.as_bytes()) {
                    break;
                }
                held += 1;
            }
            if held >= OF_ONE_SIGNER {
                return Ok(None);
            }
            let mut batch = Batch::new(&inner.db, 1_024)?;
            batch.put_borsh(Family::Evidence, &key, offence);
            new = true;
            Ok(Some((batch, None)))
        })?;
        Ok(new)
    }
}

/// Whose share it counts against: the key that signed twice. A fork has no single signer.
fn signer(offence: &Offence) -> Hash32 {
    let key = |key: &PublicKey| Hash32(*key.as_bytes());
    match offence {
        Offence::Votes([vote, _]) => key(&vote.0.message.validator),
        Offence::Proposals([proposal, _]) => key(&proposal.0.message.proposer),
        Offence::Certificates(_) | Offence::Checkpoints(_) | Offence::Statements(_) => Hash32::ZERO,
    }
}

impl Reader<'_> {
    /// Every offence that is kept.
    pub fn offences(&self) -> Result<Vec<Offence>, Fatal> {
        let rows = self.rows_of(Family::Evidence)?;
        rows.into_iter().map(|(key, value)| schema::decode(Family::Evidence, &key, &value)).collect()
    }

    /// An offence that is kept, by its name.
    pub fn offence(&self, id: &OffenceId) -> Result<Option<Offence>, Fatal> {
        // A handful of rows: each validator has its share.
        Ok(self.offences()?.into_iter().find(|offence| offence.id() == *id))
    }

    /// The offence with all that a stranger needs to judge it; none while its height is not decided, for until then
    /// nobody has said who its validators are.
    pub fn evidence(&self, offence: Offence) -> Result<Option<Evidence>, Fatal> {
        let height = offence.height().unwrap_or(Height(1));
        let Some((header, certificate)) = self.header(height)? else { return Ok(None) };
        let alone = matches!(offence, Offence::Votes(_) | Offence::Proposals(_));
        let head = alone.then_some(Head { header: Binary(header), certificate: Binary(certificate) });
        let trust_path = self.trust_path(height)?;
        Ok(Some(Evidence { trust_path, head, ..Evidence::new(self.inner.chain, offence) }))
    }
}

#[cfg(test)]
mod tests {
    use sampan_proto::evidence::verify;
    use sampan_proto::ids::HeaderHash;
    use sampan_proto::member::Purpose;
    use sampan_proto::proof::Outcome;
    use sampan_proto::vote::{Signed, Vote, VoteType};

    use super::*;
    use crate::store::fixture::{World, seed};

    /// The validator's two prevotes of a round at a height.
    fn twice(world: &World, height: u64, round: u32) -> Offence {
        let key = seed("cn-customs", Purpose::Consensus);
        let vote = |block| {
            let (chain, vote_type) = (world.network.genesis.chain, VoteType::Prevote);
            let vote = Vote { chain, vote_type, height: Height(height), round, block, validator: key.public() };
            Binary(Signed::sign(vote, &key))
        };
        Offence::Votes([vote(None), vote(Some(HeaderHash(Hash32([7; 32]))))])
    }

    #[test]
    fn an_offence_is_kept_once_and_survives() {
        let world = World::new();
        let offence = twice(&world, 1, 0);
        let Offence::Votes([one, two]) = offence.clone() else { unreachable!() };
        assert!(world.store.accuse(&offence).expect("written"));
        assert!(!world.store.accuse(&offence).expect("known"));
        assert!(!world.store.accuse(&Offence::Votes([two, one])).expect("known"), "in the other order");
        let killed = world.killed();
        let store = world.open_at(killed.path()).expect("opened");
        assert_eq!(store.reader().offences().expect("read"), std::slice::from_ref(&offence));
        assert_eq!(store.reader().offence(&offence.id()).expect("read"), Some(offence));
    }

    #[test]
    fn a_key_that_is_abused_does_not_fill_the_disk() {
        let world = World::new();
        let kept = (0..40).filter(|round| world.store.accuse(&twice(&world, 1, *round)).expect("written")).count();
        assert_eq!(kept, OF_ONE_SIGNER);
        assert_eq!(world.store.reader().offences().expect("read").len(), OF_ONE_SIGNER);
    }

    #[test]
    fn it_proves_itself_once_its_height_is_decided() {
        let mut world = World::new();
        let offence = twice(&world, 1, 0);
        world.store.accuse(&offence).expect("written");
        assert!(world.store.reader().evidence(offence.clone()).expect("read").is_none(), "nothing is decided yet");
        let bill = world.bill(1, "ningbo-tools");
        world.decide(&[bill]);
        let evidence = world.store.reader().evidence(offence).expect("read").expect("decided");
        let (ladder, proven) = verify(&evidence, &world.network.genesis);
        assert_eq!(ladder.outcome(), Outcome::Valid, "{ladder:#?}");
        assert!(proven.expect("proven").shows.contains("two votes for height 1"));
    }
}
