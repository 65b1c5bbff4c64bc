//! Evidence: what was met that nobody honest signs. Written once, never removed, never more than so much of anybody.

use rocksdb::{Direction, IteratorMode};
use sampan_proto::entry::Entry;
use sampan_proto::evidence::{Evidence, Offence};
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{Height, OffenceId, RecordId};
use sampan_proto::keys::PublicKey;
use sampan_proto::member::KeyStanding;
use sampan_proto::proof::{Binary, Head};
use sampan_proto::state_key;
use sampan_proto::statement::{Action, SignedStatement, VerifiedStatement};

use super::commit::Batch;
use super::proofs;
use super::schema::{self, Family};
use super::{Reader, Store};
use crate::core::ledger::View;
use crate::fault::Fatal;

/// Offences kept of one signer: a key that is abused does not fill the disk, and one is enough to judge it.
const OF_ONE_SIGNER: usize = 16;
/// Acts that are looked back over for the one in whose place a statement comes: who is later than that is no rival.
const ACTS_BACK: usize = 64;

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

/// Whose share it counts against: the validator's key, or the member, that signed twice. A fork has no single signer.
fn signer(offence: &Offence) -> Hash32 {
    let key = |key: &PublicKey| Hash32(*key.as_bytes());
    match offence {
        Offence::Votes([vote, _]) => key(&vote.0.message.validator),
        Offence::Proposals([proposal, _]) => key(&proposal.0.message.proposer),
        // What is no statement was never an offence of one.
        Offence::Statements([one, _]) => one.0.parse().map_or(Hash32::ZERO, |said| state_key::member(&said.member)),
        Offence::Certificates(_) | Offence::Checkpoints(_) => Hash32::ZERO,
    }
}

/// One vote or proposal does not say who may sign at its height: a decided header does.
const fn needs_header(offence: &Offence) -> bool {
    matches!(offence, Offence::Votes(_) | Offence::Proposals(_))
}

impl Reader<'_> {
    /// Every offence that is kept.
    pub fn offences(&self) -> Result<Vec<Offence>, Fatal> {
        let rows = self.rows_of(Family::Evidence)?;
        rows.into_iter().map(|(key, value)| schema::decode(Family::Evidence, &key, &value)).collect()
    }

    /// An offence that is kept, by its name.
    pub fn offence(&self, id: &OffenceId) -> Result<Option<Offence>, Fatal> {
        // A handful of rows: everybody has a share.
        Ok(self.offences()?.into_iter().find(|offence| offence.id() == *id))
    }

    /// Heights whose headers say who the signers of offences that are kept were.
    pub(super) fn judged_by(&self) -> Result<Vec<Height>, Fatal> {
        Ok(self.offences()?.iter().filter(|offence| needs_header(offence)).filter_map(Offence::height).collect())
    }

    /// The offence with all that a stranger needs to judge it; none while its height is not decided, for until then
    /// nobody has said who its validators are, and none when the header that says so is not held here.
    pub fn evidence(&self, offence: Offence) -> Result<Option<Evidence>, Fatal> {
        if let Offence::Statements([one, _]) = &offence {
            let Some(registry) = self.member(&proofs::signer(&one.0)?)? else { return Ok(None) };
            let (trust_path, head, member) =
                (registry.trust_path, Some(registry.head), registry.members.into_iter().next());
            return Ok(Some(Evidence { trust_path, head, member, ..Evidence::new(self.inner.chain, offence) }));
        }
        let height = offence.height().unwrap_or(Height(1));
        if height > self.tip()?.height {
            return Ok(None);
        }
        let mut evidence =
            Evidence { trust_path: self.trust_path(height)?, ..Evidence::new(self.inner.chain, offence) };
        if needs_header(&evidence.offence) {
            let Some((header, certificate)) = self.header(height)? else { return Ok(None) };
            evidence.head = Some(Head { header: Binary(header), certificate: Binary(certificate) });
        }
        Ok(Some(evidence))
    }

    /// The offence of a member whose statement comes too late because another of its own, which says otherwise, was
    /// executed in that place; none where nothing of the kind was.
    pub fn offence_of(&self, late: &VerifiedStatement) -> Result<Option<Offence>, Fatal> {
        let said = late.statement();
        let place = match &said.action {
            Action::Issue(issue) => {
                let number = state_key::reference(&said.member, &issue.reference);
                View::reference(self, &number)?.map(|record| (record, 0))
            }
            action => {
                let record = action.record(late.id());
                action.touches(late.id(), record).and_then(|(_, seq)| Some((record, seq?)))
            }
        };
        let Some((record, seq)) = place else { return Ok(None) };
        let Some(member) = View::member(self, &said.member)? else { return Ok(None) };
        let (purpose, now) = (said.action.purpose(), self.tip()?.height);
        // A signature that holds may be a stranger's.
        let own = |key| member.key_standing(purpose, key, now) != KeyStanding::Unknown;
        if !late.signed().signatures.iter().all(|line| own(&line.key)) {
            return Ok(None);
        }
        let executed = self.executed_at(&record, seq)?.and_then(|signed| signed.verify(self.inner.chain).ok());
        Ok(executed.and_then(|executed| Offence::of_statements(&executed, late)))
    }

    /// The statement that acted on a record after this seq; none when it is not held here, or long ago.
    fn executed_at(&self, record: &RecordId, seq: u64) -> Result<Option<SignedStatement>, Fatal> {
        let mut next = self.record(record)?.map(|record| record.last);
        for _ in 0..ACTS_BACK {
            let Some(place) = next else { break };
            let Some(Entry::Act(act)) = self.entry(place.index)? else { break };
            if act.seq == seq + 1 {
                let Some(placed) = self.placed(&act.statement)? else { break };
                return self.statement(&placed.envelope);
            }
            next = act.previous.filter(|_| act.seq > seq);
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use sampan_proto::block::Header;
    use sampan_proto::evidence::verify;
    use sampan_proto::ids::HeaderHash;
    use sampan_proto::member::Purpose;
    use sampan_proto::proof::Outcome;
    use sampan_proto::record::Record;
    use sampan_proto::title::TitleAct;
    use sampan_proto::vote::{Signed, Vote, VoteType};

    use super::*;
    use crate::core::Document;
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
    fn a_member_that_sells_twice_is_kept_with_its_proof() {
        let mut world = World::new();
        let bill = world.bill(1, "ningbo-tools");
        let id = Record::id_of(bill.statement().id());
        world.decide(&[bill]);
        let sell = |world: &World, to: &str| world.network.transfer("ningbo-tools", id, 1, to);
        let sold = sell(&world, "harbour-bank");
        let shown =
            |world: &World, document: &Document| world.store.reader().offence_of(document.statement()).expect("read");
        assert_eq!(shown(&world, &sell(&world, "klang-import")), None, "nothing was executed in its place");
        world.decide(std::slice::from_ref(&sold));
        let resold = sell(&world, "klang-import");
        let offence = shown(&world, &resold).expect("sold twice");
        assert_eq!(shown(&world, &sold), None, "it itself");
        let again = sell(&world, "harbour-bank");
        assert_ne!(again.statement().id(), sold.statement().id());
        assert_eq!(shown(&world, &again), None, "the same again");
        let next = world.network.transfer("ningbo-tools", id, 2, "klang-import");
        assert_eq!(shown(&world, &next), None, "not the possessor any more, which is no lie");
        let stranger = world.network.sign_with("ningbo-tools", Purpose::Governance, transfer(id, 1, "klang-import"));
        assert_eq!(shown(&world, &world.network.document(stranger, None)), None, "another's signature");

        let number = world.bill(1, "klang-import");
        assert_eq!(shown(&world, &number).map(|offence| offence.kind()), Some("statements"), "one number to two");
        assert!(world.store.accuse(&offence).expect("written"));
        assert!(!world.store.accuse(&offence).expect("known"));
        let evidence = world.store.reader().evidence(offence).expect("read").expect("decided");
        let (ladder, proven) = verify(&evidence, &world.network.genesis);
        assert_eq!(ladder.outcome(), Outcome::Valid, "{ladder:#?}");
        let proven = proven.expect("proven");
        assert_eq!(proven.members, ["ningbo-tools".parse().expect("id")]);
        assert!(proven.shows.contains("at seq 1"), "{}", proven.shows);
    }

    fn transfer(record: RecordId, seq: u64, to: &str) -> Action {
        Action::title(record, seq, TitleAct::Transfer { to: to.parse().expect("id") })
    }

    fn assert_proven(world: &World, offence: &Offence) {
        let evidence = world.store.reader().evidence(offence.clone()).expect("read").expect("held");
        let (ladder, _) = verify(&evidence, &world.network.genesis);
        assert_eq!(ladder.outcome(), Outcome::Valid, "{}: {ladder:#?}", offence.kind());
    }

    #[test]
    fn it_proves_itself_still_when_its_block_is_dropped() {
        let mut world = World::new();
        let head =
            |header: &Header, certificate| Head { header: Binary(header.clone()), certificate: Binary(certificate) };
        let (one, two) = (world.execute(world.next_ms(), &[]).header, world.execute(world.next_ms() + 1, &[]).header);
        let fork = [one, two].map(|header| head(&header, world.certify(&header)));
        let offences = [twice(&world, 1, 0), Offence::Certificates(Box::new(fork))];
        for offence in &offences {
            world.store.accuse(offence).expect("written");
        }
        for number in 1..=4 {
            let bill = world.bill(number, "ningbo-tools");
            world.decide(&[bill]);
        }
        world.store.prune(Height(3)).expect("dropped");
        assert!(world.store.reader().header(Height(2)).expect("read").is_none(), "others are gone");
        for offence in &offences {
            assert_proven(&world, offence);
        }
        assert_eq!(world.store.reader().evidence(twice(&world, 2, 0)).expect("read"), None, "met too late");
        let later = twice(&world, 5, 0);
        assert_eq!(world.store.reader().evidence(later).expect("read"), None, "not decided yet");
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
