//! What must hold, whatever happens: looked at after every tick, and once more at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use sampan_proto::codec;
use sampan_proto::genesis::Genesis;
use sampan_proto::ids::{HeaderHash, Height, StatementId};
use sampan_proto::keys::PublicKey;
use sampan_proto::limits;
use sampan_proto::member::Purpose;
use sampan_proto::vote::VoteType;
use sampan_proto::wire::{ConsensusMessage, ProposalMessage};

use sampan_node::engine::Kept;
use sampan_node::net::Topic;
use sampan_node::store::Reader;

use super::cast;
use super::machine::{MEMPOOL, Machine};
use super::referee::Referee;

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Two blocks are decided at one height.
    Fork {
        /// Where.
        height: Height,
        /// Who has the second one.
        node: usize,
    },
    /// A node that was at a height is back before it.
    Regressed {
        /// Which node.
        node: usize,
        /// Where it was.
        was: Height,
        /// Where it is.
        is: Height,
    },
    /// An honest validator signed two things in one place.
    SaidTwoThings {
        /// Which node.
        node: usize,
        /// At which height.
        height: Height,
    },
    /// An honest node blamed an honest one.
    Blamed {
        /// Who blamed.
        by: usize,
        /// Whom.
        whom: usize,
        /// For what.
        why: String,
    },
    /// A node stopped by itself for a reason that nothing in the script gave it.
    Stopped {
        /// Which node.
        node: usize,
        /// What it said.
        why: String,
    },
    /// A statement that was final is not, or stands elsewhere.
    Lost {
        /// Which statement.
        statement: StatementId,
        /// On which node.
        node: usize,
    },
    /// A block was decided that must not be.
    Unlawful {
        /// Where.
        height: Height,
        /// On which node.
        node: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A node showed a height that it had not made durable.
    Promised {
        /// Which node.
        node: usize,
        /// What it showed.
        height: Height,
    },
    /// An honest validator that never lost anything does not vote.
    Silent {
        /// Which node.
        node: usize,
    },
    /// A node has a bill otherwise than the blocks say.
    Astray {
        /// Which node.
        node: usize,
    },
    /// A bill went to two buyers.
    SoldTwice,
    /// More validators lie than may, two blocks were decided at one height, and no honest node raised the alarm.
    SilentFork {
        /// Where.
        height: Height,
    },
    /// A node keeps more of something than it ever may.
    Overfull {
        /// Which node.
        node: usize,
        /// Of what.
        of: &'static str,
    },
    /// Long after all faults are over the network has not come to rest.
    Stalled {
        /// What is not as it should be.
        why: String,
    },
}

/// A violation and when it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// In the network's life, in milliseconds.
    pub at_ms: u64,
    /// What.
    pub what: What,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {} ms: ", self.at_ms)?;
        match &self.what {
            What::Fork { height, node } => write!(f, "fork: node {node} decided another block at height {height}"),
            What::Regressed { node, was, is } => write!(f, "node {node} was at height {was} and is at {is}"),
            What::SaidTwoThings { node, height } => write!(f, "node {node} signed two things at height {height}"),
            What::Blamed { by, whom, why } => write!(f, "honest node {by} blames honest node {whom}: {why}"),
            What::Stopped { node, why } => write!(f, "node {node} stopped by itself: {why}"),
            What::Lost { statement, node } => {
                write!(f, "statement {} is not where it was on node {node}", statement.0.short())
            }
            What::Unlawful { height, node, why } => write!(f, "block {height} on node {node}: {why}"),
            What::Promised { node, height } => write!(f, "node {node} showed height {height} before it was durable"),
            What::Silent { node } => write!(f, "node {node} does not vote, though it lost nothing"),
            What::Astray { node } => write!(f, "node {node} has a bill otherwise than the blocks say"),
            What::SilentFork { height } => write!(f, "the fork at height {height} raised no alarm"),
            What::Overfull { node, of } => write!(f, "node {node} keeps more {of} than it may"),
            What::SoldTwice => f.write_str("a bill went to two buyers"),
            What::Stalled { why } => write!(f, "the network does not come to rest: {why}"),
        }
    }
}

/// Where a validator spoke: height, round, and prevote, precommit or proposal.
type Place = (PublicKey, Height, u32, Option<VoteType>);

/// What has been seen.
#[derive(Debug)]
pub(super) struct Watch {
    keys: Vec<PublicKey>,
    referee: Referee,
    /// What a node may keep.
    most: Kept,
    chain: BTreeMap<Height, HeaderHash>,
    /// How far the referee has come.
    judged: Height,
    heights: BTreeMap<usize, Height>,
    spoken: BTreeMap<Place, Option<HeaderHash>>,
    /// Whether more validators lie than may: then two blocks may be decided at one height, here.
    beyond: bool,
    /// Who came late or took a state over, and has not voted since: what its key may have said before has to be over first.
    late: BTreeSet<usize>,
    pub(super) forks: BTreeSet<Height>,
}

impl Watch {
    pub(super) fn new(nodes: usize, genesis: &Arc<Genesis>, beyond: bool, late: &[usize]) -> Self {
        let keys = (0..nodes).map(|node| cast::key(&cast::agency(node), Purpose::Consensus).public()).collect();
        let (chain, heights, spoken) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let referee = Referee::new(genesis);
        let most = Kept::most(nodes, MEMPOOL.per_member * genesis.members.len());
        let (late, forks) = (late.iter().copied().collect(), BTreeSet::new());
        Self { keys, referee, most, chain, judged: Height::GENESIS, heights, spoken, beyond, late, forks }
    }

    /// The newest height that anybody decided.
    pub(super) fn top(&self) -> Height {
        self.chain.keys().next_back().copied().unwrap_or(Height::GENESIS)
    }

    /// Looks at an honest machine: what it shows, and the blocks that it has decided since it was looked at.
    pub(super) fn look(&mut self, node: usize, machine: &Machine, now_ms: u64) -> Result<(), What> {
        let Some(process) = &machine.process else { return Ok(()) };
        let (tip, shown) = (process.store.tip().height, process.engine.head().borrow().height);
        if let Some(of) = process.engine.kept().beyond(&self.most) {
            return Err(What::Overfull { node, of });
        }
        if shown > tip {
            return Err(What::Promised { node, height: shown });
        }
        if process.engine.is_joining() || machine.is_left_behind(self.top()) {
            self.late.insert(node);
        }
        match process.engine.is_voting() {
            false if !self.late.contains(&node) => return Err(What::Silent { node }),
            true if tip > Height::GENESIS => {
                self.late.remove(&node);
            }
            true | false => {}
        }
        let was = self.heights.get(&node).copied().unwrap_or(Height::GENESIS);
        if tip < was {
            return Err(What::Regressed { node, was, is: tip });
        }
        let floor = process.floor().height;
        for height in (floor.0.max(was.0 + 1)..=tip.0).map(Height) {
            self.decided(node, height, floor, &process.store.reader(), now_ms)?;
        }
        self.heights.insert(node, tip);
        Ok(())
    }

    /// A node has decided a height: rightly, and as everybody else. Of the block at its floor it has the header alone.
    fn decided(
        &mut self,
        node: usize,
        height: Height,
        floor: Height,
        reader: &Reader<'_>,
        now_ms: u64,
    ) -> Result<(), What> {
        let Some((header, certificate)) = reader.header(height).ok().flatten() else {
            return Err(What::Fork { height, node });
        };
        let unlawful = |why| What::Unlawful { height, node, why };
        self.referee.certified(&header, &certificate).map_err(unlawful)?;
        if *self.chain.entry(height).or_insert(header.hash()) != header.hash() {
            self.forks.insert(height);
            return if self.beyond { Ok(()) } else { Err(What::Fork { height, node }) };
        }
        if height <= self.judged.max(floor) || self.beyond {
            return Ok(());
        }
        self.judged = height;
        let block = reader.block(height).ok().flatten().ok_or(unlawful("its contents cannot be read"))?;
        self.referee.judge(&block, now_ms).map_err(unlawful)
    }

    /// At the end: a machine has every block, also those that it asked for later, and says of every bill what they say.
    pub(super) fn settle(&self, node: usize, machine: &Machine) -> Result<(), What> {
        let Some(process) = &machine.process else { return Ok(()) };
        let reader = process.store.reader();
        let has = |height: &Height, hash: &HeaderHash| {
            reader.block(*height).is_ok_and(|block| block.is_some_and(|block| block.header.hash() == *hash))
        };
        if let Some(height) = self.chain.iter().find(|(height, hash)| !has(height, hash)).map(|(height, _)| *height) {
            return Err(What::Fork { height, node });
        }
        if self.referee.agrees(&reader) { Ok(()) } else { Err(What::Astray { node }) }
    }

    /// Listens to what an honest node publishes: in one place it says one thing, through every crash and restart.
    pub(super) fn listen(&mut self, node: usize, topic: Topic, data: &[u8]) -> Result<(), What> {
        let (place, block) = match topic {
            Topic::Votes => match codec::decode(data, limits::CONSENSUS_MESSAGE_BYTES) {
                Ok(ConsensusMessage::Vote(signed)) => {
                    let vote = signed.message;
                    ((vote.validator, vote.height, vote.round, Some(vote.vote_type)), vote.block)
                }
                _ => return Ok(()),
            },
            Topic::Proposals => match codec::decode::<ProposalMessage>(data, limits::CONSENSUS_MESSAGE_BYTES) {
                Ok(ProposalMessage { proposal, .. }) => {
                    let said = proposal.message;
                    ((said.proposer, said.height, said.round, None), Some(said.block))
                }
                Err(_) => return Ok(()),
            },
            Topic::Documents | Topic::Headers => return Ok(()),
        };
        if self.keys.get(node) == Some(&place.0) && *self.spoken.entry(place).or_insert(block) != block {
            return Err(What::SaidTwoThings { node, height: place.1 });
        }
        Ok(())
    }
}
