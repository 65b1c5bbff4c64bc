//! How far the network is: what a certificate proves, and what somebody only says.

use std::collections::BTreeSet;

use libp2p::PeerId;
use sampan_proto::ids::Height;

/// Patrols after which nobody is doubted any more.
const DOUBT: u32 = 40;

/// The newest height that there seems to be.
#[derive(Debug, Default)]
pub(super) struct Target {
    /// Proven by a certificate to be decided.
    proven: Height,
    /// One that somebody says is, always beyond the proven one: believed until nobody can show a block on the way there.
    claim: Option<Claim>,
    /// Who said what nobody could show, not long ago.
    doubted: BTreeSet<PeerId>,
    patrols: u32,
    /// Who told of it last, and was not asked yet.
    informant: Option<PeerId>,
}

#[derive(Clone, Copy, Debug)]
struct Claim {
    height: Height,
    /// None for whoever voted for a block after it.
    by: Option<PeerId>,
    /// Requests for the next block that brought none since.
    fruitless: usize,
}

impl Target {
    /// A certificate shows that `height` is decided.
    pub(super) fn saw(&mut self, height: Height, peer: PeerId) {
        if height > self.height() {
            self.informant = Some(peer);
        }
        self.proven = self.proven.max(height);
        self.claim = self.claim.filter(|claim| claim.height > self.proven);
    }

    /// Somebody says that `height` is.
    pub(super) fn claimed(&mut self, height: Height, by: Option<PeerId>) {
        let is_doubted = by.is_some_and(|peer| self.doubted.contains(&peer));
        if height > self.height() && !is_doubted {
            self.claim = Some(Claim { height, by, fruitless: 0 });
            self.informant = by;
        }
    }

    /// At every patrol. Who was doubted may only have been busy: after a while, and when somebody new is there, it is
    /// heard again. A liar costs some requests each time.
    pub(super) fn patrol(&mut self, company: bool) {
        self.patrols = self.patrols.wrapping_add(1);
        if company || self.patrols.is_multiple_of(DOUBT) {
            self.doubted.clear();
        }
    }

    /// The newest height that somebody proved or says to be decided.
    pub(super) fn height(&self) -> Height {
        self.claim.map_or(self.proven, |claim| claim.height)
    }

    /// How many blocks it is beyond `tip`.
    pub(super) fn lag(&self, tip: Height) -> u64 {
        self.height().0.saturating_sub(tip.0)
    }

    /// How many of them are proven to be there: for others nothing waits.
    pub(super) const fn proven_lag(&self, tip: Height) -> u64 {
        self.proven.0.saturating_sub(tip.0)
    }

    /// Who knows of it: the first to be asked, once.
    pub(super) const fn informant(&mut self) -> Option<PeerId> {
        self.informant.take()
    }

    /// A request for the block `next` brought it or nothing. What so many requests bring nothing for is not there: a
    /// single liar would have the node look behind for ever.
    pub(super) fn answered(&mut self, next: Height, something: bool, patience: usize) {
        let Some(claim) = self.claim.as_mut().filter(|_| next > self.proven) else { return };
        claim.fruitless = if something { 0 } else { claim.fruitless + 1 };
        if claim.fruitless >= patience {
            tracing::debug!(height = %claim.height, by = ?claim.by, "nobody has the blocks that somebody speaks of");
            self.doubted.extend(claim.by);
            self.claim = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A height that nobody can show a block on the way to is not waited for, and its teller not believed again
    /// for a while.
    #[test]
    fn what_one_peer_says_of_its_height_is_doubted_when_nobody_has_the_blocks() {
        let (mut target, liar, other) = (Target::default(), PeerId::random(), PeerId::random());
        let (next, far) = (Height(5), Height(u64::MAX));
        target.saw(Height(4), other);
        target.claimed(far, Some(liar));
        assert_eq!((target.height(), target.informant()), (far, Some(liar)));
        assert_eq!(target.proven_lag(Height(4)), 0, "what is only said holds nothing up");
        for something in [false, false, true, false, false] {
            target.answered(next, something, 3);
            assert_eq!(target.height(), far, "not everybody was asked");
        }
        target.answered(Height(4), false, 3);
        assert_eq!(target.height(), far, "what is proven is there, whoever does not give it");
        target.answered(next, false, 3);
        assert_eq!((target.height(), target.lag(Height(4))), (Height(4), 0));
        target.claimed(far, Some(liar));
        assert_eq!(target.height(), Height(4));
        target.claimed(Height(9), Some(other));
        assert_eq!(target.height(), Height(9), "others are believed");
        target.saw(Height(12), other);
        assert_eq!((target.height(), target.proven_lag(Height(10))), (Height(12), 2));
        let mut doubting = Target { doubted: BTreeSet::from([liar]), ..Target::default() };
        (1..DOUBT).for_each(|_| doubting.patrol(false));
        doubting.claimed(far, Some(liar));
        assert_eq!(doubting.height(), Height::GENESIS);
        doubting.patrol(false);
        doubting.claimed(far, Some(liar));
        assert_eq!(doubting.height(), far, "who was only busy is heard again");
        let mut doubting = Target { doubted: BTreeSet::from([liar]), ..Target::default() };
        doubting.patrol(true);
        doubting.claimed(far, Some(liar));
        assert_eq!(doubting.height(), far, "at once when somebody new is there");
    }
}
