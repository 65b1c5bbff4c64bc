//! What the engine keeps besides its lanes, and the most that it may be.

use super::{Engine, absent, follow, heard, window};

/// How many things are kept: what the engine tells after every step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Documents that wait for a block.
    pub documents: usize,
    /// Heights that votes are kept of.
    pub heights: usize,
    /// Votes of these heights.
    pub votes: usize,
    /// Proposals of them.
    pub proposals: usize,
    /// Blocks that they name.
    pub candidates: usize,
    /// Decided blocks that came before their turn.
    pub early_blocks: usize,
    /// Large documents that peers offered.
    pub wanted: usize,
    /// Documents of decided blocks that came without them.
    pub absent: usize,
}

impl Kept {
    /// Each with its name.
    #[must_use]
    pub const fn each(&self) -> [(&'static str, usize); 8] {
        [
            ("documents", self.documents),
            ("heights", self.heights),
            ("votes", self.votes),
            ("proposals", self.proposals),
            ("candidates", self.candidates),
            ("early-blocks", self.early_blocks),
            ("wanted", self.wanted),
            ("absent", self.absent),
        ]
    }

    /// The most there is with so many validators and room for so many documents, as long as no height takes more
    /// rounds than are kept.
    #[must_use]
    pub const fn most(validators: usize, documents: usize) -> Self {
        let rounds = heard::ROUNDS * heard::HEIGHTS;
        let proposals = rounds * heard::PROPOSALS_PER_ROUND;
        // A prevote and a precommit of each; and of blocks those that were proposed, and one of our own.
        let (votes, candidates) = (rounds * validators * 2, proposals + 1);
        let (heights, early_blocks, wanted) = (heard::HEIGHTS, window::EARLY, follow::WANTED);
        let absent = absent::ABSENT;
        Self { documents, heights, votes, proposals, candidates, early_blocks, wanted, absent }
    }

    /// What there is more of than may be.
    #[must_use]
    pub fn beyond(&self, most: &Self) -> Option<&'static str> {
        let pairs = self.each().into_iter().zip(most.each());
        pairs.filter(|((_, is), (_, may))| is > may).map(|((what, _), _)| what).next()
    }
}

impl Engine {
    pub(super) fn keeps(&self) -> Kept {
        let (votes, proposals) = self.heard.len();
        let (early_blocks, wanted, absent) = self.follower.keeps();
        let (documents, candidates) = (self.mempool.len(), self.candidates.len());
        Kept { documents, heights: self.heard.heights(), votes, proposals, candidates, early_blocks, wanted, absent }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_most_is_named() {
        let most = Kept::most(4, 100);
        assert_eq!((most.votes, most.proposals), (75 * 2 * 4 * 2, 75 * 2 * 2));
        assert_eq!(most.beyond(&most), None);
        assert_eq!(Kept { votes: most.votes + 1, ..most }.beyond(&most), Some("votes"));
        assert_eq!(Kept { wanted: most.wanted + 1, ..Kept::default() }.beyond(&most), Some("wanted"));
    }
}
