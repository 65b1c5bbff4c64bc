//! Joining by a snapshot: a new node takes over the state of a block that others decided long after the first, and
//! follows from there.
//!
//! ```text
//!   new and far behind ──▶ asking ──manifest──▶ joining ──last part──▶ following
//!                            ▲                     │
//!                            └── nobody has it any more
//! ```
//!
//! Parts come from every peer that holds the same state, and each is checked by the hash that its parent promises
//! before it is here. Who refuses one may be busy: it has a rest, and is a source no more only when it refuses the same
//! part again and again. Peers hold the state before their newest, too: who offers a newer one is asked for ours first,
//! and what is here is given up only when nobody has the rest.
//!
//! Until the last part is in, there is no state to judge anything by: the engine hears nothing and the node says that it
//! is not ready.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use libp2p::PeerId;
use sampan_proto::block::Header;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::Height;
use sampan_proto::merkle::state::PagePath;
use sampan_proto::snapshot::{CheckedManifest, CheckedPart};
use sampan_proto::wire::{Request, StatePart};

use super::Engine;
use crate::fault::Fatal;
use crate::store::TakeOver;

/// Parts asked for at the same time.
const AT_ONCE: usize = 4;
/// Peers that parts are asked of.
const SOURCES: usize = 4;
/// Refusals of one part after which a peer is taken not to hold the state: so many patrols, for it rests in between.
const REFUSED: u32 = 4;
/// Answers without a state that can be taken over before the blocks are asked for after all.
const REFUSALS: u32 = 8;

/// How a new node begins.
#[derive(Debug, Default)]
pub(super) struct Joining {
    phase: Phase,
    /// Whether a peer is being asked which state it holds.
    asking: bool,
}

#[derive(Debug, Default)]
enum Phase {
    /// Not, or not yet.
    #[default]
    No,
    /// Peers are asked for a state; so many had none.
    Asking(u32),
    /// A state is being taken over.
    Taking(Box<Taking>),
    /// The chain is here, by a state or from its first block on.
    Done,
}

/// A state on its way.
pub(super) struct Taking {
    state: TakeOver,
    /// Who holds it, or did not say that it does not.
    sources: Vec<PeerId>,
    /// Who does not hold it any more.
    gone: BTreeSet<PeerId>,
    /// Who refused a part since the last patrol.
    resting: BTreeSet<PeerId>,
    /// How often a source refused a part that is wanted.
    refused: BTreeMap<(PeerId, PagePath), u32>,
    /// Who was asked for which part.
    asked: BTreeMap<PagePath, PeerId>,
    turn: usize,
    parts: u64,
}

impl Taking {
    fn of(state: TakeOver, source: PeerId) -> Self {
        Self {
            state,
            sources: vec![source],
            gone: BTreeSet::new(),
            resting: BTreeSet::new(),
            refused: BTreeMap::new(),
            asked: BTreeMap::new(),
            turn: 0,
            parts: 0,
        }
    }

    /// A peer offers a state; whether ours may be had from it: it is the same, or a newer one, with ours before it.
    fn may_be_had_from(&mut self, peer: PeerId, offered: &Header) -> bool {
        let ours = &self.state.manifest().header;
        if offered == ours {
            self.gone.remove(&peer);
        } else if offered.height <= ours.height || self.gone.contains(&peer) {
            return false;
        }
        if !self.sources.contains(&peer) {
            self.sources.push(peer);
        }
        true
    }

    /// A part came: whoever gave it holds the state.
    fn on_given(&mut self, path: &PagePath) {
        let giver = self.asked.remove(path);
        self.resting.retain(|peer| Some(*peer) != giver);
        self.refused.retain(|(peer, refused), _| Some(*peer) != giver && refused != path);
    }

    /// A peer does not give a part.
    fn on_refused(&mut self, peer: PeerId, path: &PagePath) {
        self.asked.remove(path);
        self.resting.insert(peer);
        let times = self.refused.entry((peer, *path)).or_default();
        *times += 1;
        if *times >= REFUSED {
            self.sources.retain(|source| *source != peer);
            self.refused.retain(|(source, _), _| *source != peer);
            self.gone.insert(peer);
        }
    }

    /// Whose turn it is to be asked.
    fn next_source(&mut self) -> Option<PeerId> {
        let awake: Vec<PeerId> = self.sources.iter().filter(|source| !self.resting.contains(source)).copied().collect();
        self.turn = self.turn.wrapping_add(1);
        awake.get(self.turn % awake.len().max(1)).copied()
    }
}

impl std::fmt::Debug for Taking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Taking(height {})", self.state.manifest().header.height)
    }
}

impl Engine {
    /// Whether the blocks from the first one on need not be asked for: a state is being taken over, or looked for.
    pub(super) fn joins(&mut self, target: Height) -> bool {
        match &self.joining.phase {
            Phase::No | Phase::Asking(_) if self.tip.height > Height::GENESIS => self.joining.phase = Phase::Done,
            Phase::No if target.0 > self.snapshots.join_beyond => {
                tracing::info!(%target, "new and far behind: looking for a state to take over");
                self.joining.phase = Phase::Asking(0);
            }
            Phase::No | Phase::Asking(_) | Phase::Taking(_) | Phase::Done => {}
        }
        self.is_joining()
    }

    /// Whether a state is being taken over, or looked for: until then no block is executed.
    pub(super) const fn is_joining(&self) -> bool {
        matches!(self.joining.phase, Phase::Asking(_) | Phase::Taking(_))
    }

    /// Whether there is no state yet to judge anything by.
    pub(super) const fn is_taking_over(&self) -> bool {
        matches!(self.joining.phase, Phase::Taking(_))
    }

    /// At every patrol: asks for what nobody is asked for.
    pub(super) fn pursue_state(&mut self) {
        match &mut self.joining.phase {
            Phase::No | Phase::Done => {}
            Phase::Asking(refusals) if *refusals >= REFUSALS => {
                tracing::info!("nobody hands a state over: following from the first block");
                self.joining.phase = Phase::Done;
            }
            Phase::Asking(_) => self.ask_which_state(),
            Phase::Taking(taking) => {
                taking.resting.clear();
                if taking.sources.len() < SOURCES {
                    self.ask_which_state();
                }
                self.ask_parts();
            }
        }
    }

    fn ask_which_state(&mut self) {
        if !self.joining.asking {
            self.joining.asking = self.follower.ask_snapshot();
        }
    }

    /// A peer told which state it holds; its header is decided by the roster that the genesis leads to.
    pub(super) fn on_manifest(&mut self, peer: PeerId, manifest: CheckedManifest) -> Result<(), Fatal> {
        self.joining.asking = false;
        let header = &manifest.manifest.header;
        match &mut self.joining.phase {
            Phase::Asking(refusals) if header.height.0 <= self.snapshots.join_beyond => {
                *refusals += 1;
                return Ok(());
            }
            Phase::Asking(_) => {}
            Phase::Taking(taking) => {
                if taking.may_be_had_from(peer, header) {
                    self.ask_parts();
                    return Ok(());
                }
                if !taking.sources.is_empty() {
                    return Ok(());
                }
                tracing::warn!("the state that was being taken over is held by nobody any more: another one");
                if let Phase::Taking(taking) = std::mem::take(&mut self.joining.phase) {
                    taking.state.abandon()?;
                }
            }
            Phase::No | Phase::Done => return Ok(()),
        }
        tracing::info!(height = %header.height, "taking over the state");
        // What our key may have said is said at heights that we shall not see.
        self.fall_silent_to_join()?;
        let state = self.store.take_over(manifest)?;
        self.joining.phase = Phase::Taking(Box::new(Taking::of(state, peer)));
        self.tell_whether_it_joins();
        self.ask_parts();
        Ok(())
    }

    /// A peer holds no state, or does not say which.
    pub(super) const fn on_no_manifest(&mut self) {
        self.joining.asking = false;
        if let Phase::Asking(refusals) = &mut self.joining.phase {
            *refusals += 1;
        }
    }

    pub(super) fn on_part(&mut self, part: &CheckedPart) -> Result<(), Fatal> {
        let Phase::Taking(taking) = &mut self.joining.phase else { return Ok(()) };
        taking.on_given(&part.path);
        taking.state.take(part)?;
        taking.parts += 1;
        self.metrics.set_snapshot_parts(taking.parts, taking.state.wanted().len());
        if taking.state.wanted().is_empty() {
            return self.arrive();
        }
        self.ask_parts();
        Ok(())
    }

    /// A peer does not give a part: it is asked of the others, and of that one again after a while.
    pub(super) fn on_no_part(&mut self, peer: PeerId, path: &PagePath) {
        if let Phase::Taking(taking) = &mut self.joining.phase {
            taking.on_refused(peer, path);
            self.ask_parts();
        }
    }

    fn ask_parts(&mut self) {
        let Phase::Taking(taking) = &mut self.joining.phase else { return };
        let after = taking.state.manifest().header.hash();
        let wanted = taking.state.wanted().iter().filter(|(path, _)| !taking.asked.contains_key(path));
        let unasked: Vec<(PagePath, Hash32)> = wanted.take(AT_ONCE).map(|(path, hash)| (*path, *hash)).collect();
        for (path, hash) in unasked {
            if taking.asked.len() >= AT_ONCE {
                return;
            }
            // When all have a rest, the next patrol asks.
            let Some(peer) = taking.next_source() else { return };
            taking.asked.insert(path, peer);
            self.follower.ask(peer, Request::State(StatePart { after, path, hash }));
        }
    }

    /// The state is whole: the node is where its block is, and follows.
    fn arrive(&mut self) -> Result<(), Fatal> {
        let Phase::Taking(taking) = std::mem::replace(&mut self.joining.phase, Phase::Done) else { return Ok(()) };
        taking.state.finish()?;
        self.tip = self.store.tip();
        let height = self.tip.height;
        tracing::info!(%height, parts = taking.parts, "took over the state");
        self.heard.decided(height, self.tip.roster());
        self.know_the_members()?;
        self.candidates.clear();
        self.metrics.set_height(height);
        self.tell_what_it_holds()?;
        self.metrics.set_roster_size(self.tip.roster().validators().len());
        self.know_the_rules()?;
        self.tell_of_upgrade();
        self.take_the_seat_it_arrived_at()?;
        self.tell_whether_it_joins();
        self.head.send_replace(self.tip.clone());
        self.follow();
        Ok(())
    }
}
