//! Catching up: decided blocks, missing contents and missed votes are asked for, one request of each kind
//! at a time, peer after peer.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use libp2p::PeerId;
use sampan_proto::ids::{EnvelopeId, HeaderHash, Height};
use sampan_proto::limits;
use sampan_proto::wire::{Announcement, DocsMessage, Request};
use tokio::sync::mpsc;

use super::absent::Absent;
use super::questions::{Question, Questions};
use super::target::Target;
use super::timers::Alarm;
use super::window::{PAGE, Window};
use super::{CheckedBlock, Engine, Fetched};
use crate::core::Document;
use crate::core::ledger::admit;
use crate::fault::Fatal;
use crate::net::{Net, Publication, peers_of, voters_of};
use crate::verify::{Judged, Pool};

/// How often stuck things are looked for.
pub(super) const PATROL: Duration = Duration::from_millis(250);
/// Patrols in a round without a decision before a peer is asked what it heard.
const REPAIR_AFTER: u32 = 4;
/// Patrols between questions how far the peers are, and whether they began without us, while nothing else tells.
const STATUS_AFTER: u32 = 8;
/// Blocks of the past asked for in one request: an idle network's are small.
const PAST_BLOCKS: u16 = 512;
/// Documents asked for in one request.
const DOCUMENTS: usize = 512;
/// Large documents wanted at the same time; offers beyond them are forgotten.
pub(super) const WANTED: usize = 64;
/// Requests for a large document before it is given up; its block will bring it.
const ASK_AGAIN: u8 = 8;

/// What is being asked, and of whom.
pub(super) struct Follower {
    net: Net,
    pool: Pool,
    answers: mpsc::Sender<Fetched>,
    pub(super) target: Target,
    /// Who sent a proposed block: the first to ask for its contents.
    sources: BTreeMap<HeaderHash, PeerId>,
    /// Large documents that peers offered, and how often we asked for each.
    wanted: BTreeMap<EnvelopeId, (PeerId, u8)>,
    /// Documents of decided blocks that came without them.
    pub(super) absent: Absent,
    /// The nodes of validators.
    voters: BTreeSet<PeerId>,
    /// Whether what was asked for last were contents of a block: then a wanted document has its turn.
    asked_contents: bool,
    questions: Questions,
    /// Decided blocks on their way.
    window: Window<CheckedBlock>,
    idle_patrols: u32,
    connected: usize,
}

impl Follower {
    pub(super) fn new(net: Net, pool: Pool, answers: mpsc::Sender<Fetched>) -> Self {
        Self {
            net,
            pool,
            answers,
            target: Target::default(),
            sources: BTreeMap::new(),
            wanted: BTreeMap::new(),
            absent: Absent::default(),
            voters: BTreeSet::new(),
            asked_contents: false,
            questions: Questions::default(),
            window: Window::new(u64::from(PAGE)),
            idle_patrols: 0,
            connected: 0,
        }
    }

    /// An answer to a request for the blocks from a height on; `next` is the one whose turn it is.
    fn came(&mut self, from: Height, next: Height, blocks: Vec<CheckedBlock>) {
        if from == next {
            // Each of them twice: one may have been busy.
            let patience = 2 * self.net.peers().borrow().len().max(1);
            self.target.answered(next, !blocks.is_empty(), patience);
        }
        let blocks = blocks.into_iter().map(|block| (block.header.height, block)).collect();
        self.window.came(from, blocks, self.target.height());
    }

    /// How many blocks are here before their turn, how many documents are wanted, and how many are absent.
    pub(super) fn keeps(&self) -> (usize, usize, usize) {
        (self.window.len(), self.wanted.len(), self.absent.len())
    }

    /// Whether a wanted document has its turn now.
    fn owes_a_wanted_one(&self) -> bool {
        self.asked_contents && !self.wanted.is_empty()
    }

    /// A proposed block came by way of `peer`.
    pub(super) fn source(&mut self, block: HeaderHash, peer: PeerId) {
        self.sources.entry(block).or_insert(peer);
    }

    /// A peer offers documents that are too large for gossip.
    pub(super) fn want(&mut self, peer: PeerId, ids: impl Iterator<Item = EnvelopeId>) {
        for id in ids.take(WANTED.saturating_sub(self.wanted.len())) {
            self.wanted.entry(id).or_insert((peer, 0));
        }
    }

    /// Asks for one wanted document: first whoever offered it, then others, for the offer may have come
    /// from a peer that only passed it on.
    fn ask_wanted(&mut self) {
        if self.questions.wait(Question::Documents) {
            return;
        }
        self.asked_contents = false;
        self.wanted.retain(|_, (_, asked)| *asked < ASK_AGAIN);
        let Some((id, offerer)) = self.wanted.iter().min_by_key(|(_, (_, asked))| *asked).map(|(id, (p, _))| (*id, *p))
        else {
            return;
        };
        let asked = self.wanted.get_mut(&id).map_or(0, |(_, asked)| {
            *asked += 1;
            *asked
        });
        self.pose(Question::Documents, (asked == 1).then_some(offerer), Request::Documents(vec![id]));
    }

    /// Asks for documents of decided blocks. Nothing waits for them, and nothing may wait for the answer.
    pub(super) fn ask_absent(&mut self) {
        if self.absent.len() > 0
            && let Some(peer) = self.next_peer(Question::Absent)
        {
            let ids = self.absent.next();
            if !ids.is_empty() {
                self.ask(peer, Request::Documents(ids));
            }
        }
    }

    pub(super) fn decided(&mut self) {
        self.sources.clear();
        self.idle_patrols = 0;
    }

    fn next_peer(&mut self, question: Question) -> Option<PeerId> {
        let peers = self.net.peers();
        let peers = peers.borrow();
        if let Question::Round = question {
            // Who does not vote has heard nothing.
            let voters: Vec<PeerId> = peers.iter().filter(|peer| self.voters.contains(peer)).copied().collect();
            return self.questions.next(question, if voters.is_empty() { &peers } else { &voters });
        }
        self.questions.next(question, &peers)
    }

    /// Who decides the next blocks.
    pub(super) fn know_voters(&mut self, voters: BTreeSet<PeerId>) {
        self.voters = voters;
    }

    /// Asks `first`, or whose turn it is, unless the answer to such a question is being waited for.
    fn pose(&mut self, question: Question, first: Option<PeerId>, request: Request) {
        if self.questions.wait(question) {
            return;
        }
        if let Some(peer) = first.or_else(|| self.next_peer(question)) {
            self.questions.asked(question);
            self.ask(peer, request);
        }
    }

    /// Whether peers came since it was last asked: they may know more than we.
    fn has_company(&mut self) -> bool {
        let now = self.net.peers().borrow().len();
        std::mem::replace(&mut self.connected, now) < now
    }

    /// Asks, checks the answer in the pool, and hands it to the engine.
    pub(super) fn ask(&self, peer: PeerId, request: Request) {
        let (net, pool, answers) = (self.net.clone(), self.pool.clone(), self.answers.clone());
        let nothing = Fetched::nothing(peer, &request);
        let asked = tokio::spawn(fetch(net, pool, peer, request));
        tokio::spawn(async move {
            // Whatever became of it, the engine hears that it is not on its way any more.
            let fetched = asked.await.unwrap_or(nothing);
            // The engine is gone when the node stops; nobody waits for the answer then.
            let _ = answers.send(fetched).await;
        });
    }

    /// Asks for decided blocks from `next` on, a page of each peer: first of whoever told of the target.
    fn ask_blocks(&mut self, next: Height) {
        for from in self.window.gaps(next, self.target.height()) {
            let Some(peer) = self.target.informant().or_else(|| self.next_peer(Question::Blocks)) else { return };
            self.window.asked(from);
            self.ask(peer, Request::Blocks { from, count: PAGE });
        }
    }

    fn ask_documents(&mut self, block: &HeaderHash, missing: Vec<EnvelopeId>) {
        if self.questions.wait(Question::Documents) {
            return;
        }
        self.asked_contents = true;
        let first = self.sources.remove(block);
        self.pose(Question::Documents, first, Request::Documents(missing));
    }

    fn ask_round(&mut self, height: Height) {
        self.pose(Question::Round, None, Request::Round(height));
    }

    /// Asks a peer which state it hands over; false when there is no peer.
    pub(super) fn ask_snapshot(&mut self) -> bool {
        let peer = self.next_peer(Question::Snapshot);
        if let Some(peer) = peer {
            self.ask(peer, Request::Snapshot);
        }
        peer.is_some()
    }

    /// Asks a peer for blocks of long ago that are missing, if nobody is being asked.
    pub(super) fn ask_past(&mut self, from: Height) {
        self.pose(Question::Past, None, Request::Past { from, count: PAST_BLOCKS });
    }

    fn ask_status(&mut self) {
        if let Some(peer) = self.next_peer(Question::Status) {
            self.ask(peer, Request::Status);
        }
    }
}

/// The answer to a request, checked in the pool.
async fn fetch(net: Net, pool: Pool, peer: PeerId, request: Request) -> Fetched {
    let response = match net.request(peer, request.clone()).await {
        Ok(response) => response,
        Err(failed) => {
            tracing::debug!(%peer, %failed, "request failed");
            return Fetched::nothing(peer, &request);
        }
    };
    let Judged { fetched, fault } = pool.response(peer, &request, response).await;
    if let Some(fault) = fault {
        tracing::warn!(%peer, %fault, "answered with what no honest node sends");
        // Before the engine hears of it: what it asks next goes to somebody else.
        net.fault(peer, fault);
    }
    fetched
}

impl Engine {
    /// Asks for decided blocks if somebody has more than we.
    pub(super) fn follow(&mut self) {
        let target = self.follower.target.height();
        if target > self.tip.height && !self.joins(target) {
            self.follower.ask_blocks(self.next_height());
        }
    }

    pub(super) fn on_announced(&mut self, from: PeerId, announcement: Announcement) -> Result<(), Fatal> {
        let Announcement { header, certificate } = announcement;
        if header.height <= self.tip.height {
            return Ok(());
        }
        if header.height == self.next_height() && !self.is_joining() && self.candidates.is_valid(&certificate.block) {
            // We hold and executed it; the certificate was checked in the pool.
            if let Some(outcome) = self.candidates.take_decided(&certificate.block) {
                return self.adopt(&outcome, &certificate);
            }
        }
        self.follower.target.saw(header.height, from);
        self.follow();
        Ok(())
    }

    pub(super) fn on_fetched(&mut self, fetched: Fetched) -> Result<(), Fatal> {
        match fetched {
            Fetched::Blocks(from, blocks) => {
                // Also the answer to a question about a round that is over.
                self.follower.questions.answered(Question::Round);
                if self.tip.height == Height::GENESIS && !self.follower.window.awaits(from) {
                    // A node that has nothing yet hears first how far the others are: it may be to take a state over.
                    self.follower.ask_status();
                    return Ok(());
                }
                self.on_blocks(from, blocks)?;
            }
            // There is nothing yet that they could be judged by.
            Fetched::Documents(..) if self.is_taking_over() => self.follower.questions.answered(Question::Documents),
            Fetched::Documents(_, documents) => {
                self.follower.questions.answered(Question::Documents);
                let some = !documents.is_empty();
                self.supply(&documents)?;
                self.take_in_wanted(&documents)?;
                self.complete_candidates(&documents)?;
                // A page may hold only part: go on at once while pages bring something.
                if some {
                    self.fetch_missing();
                }
            }
            Fetched::Status(peer, height) => {
                self.follower.target.claimed(height, Some(peer));
                self.follow();
            }
            Fetched::Round(_, heard) => {
                self.follower.questions.answered(Question::Round);
                for heard in heard {
                    self.on_heard(heard)?;
                }
            }
            Fetched::Manifest(peer, manifest) => self.on_manifest(peer, *manifest)?,
            Fetched::NoManifest => self.on_no_manifest(),
            Fetched::Part(part) => self.on_part(&part)?,
            Fetched::NoPart(peer, path) => self.on_no_part(peer, &path),
            Fetched::Past(peer, past) => {
                self.follower.questions.answered(Question::Past);
                self.on_past(peer, &past)?;
            }
            Fetched::Nothing(_) => {
                // Whatever it was, the next patrol asks somebody else.
                self.follower.questions.answered(Question::Documents);
                self.follower.questions.answered(Question::Round);
            }
        }
        Ok(())
    }

    /// Decided blocks came; those whose turn it is are applied.
    fn on_blocks(&mut self, from: Height, blocks: Vec<CheckedBlock>) -> Result<(), Fatal> {
        let some = !blocks.is_empty();
        self.follower.came(from, self.next_height(), blocks);
        while !self.is_joining()
            && let Some(block) = self.follower.window.take(self.next_height())
        {
            self.apply(&block)?;
        }
        // After an answer without any the next patrol asks somebody else.
        if some {
            self.follow();
        }
        Ok(())
    }

    /// Large documents that were offered go where gossiped ones go.
    fn take_in_wanted(&mut self, documents: &[Arc<Document>]) -> Result<(), Fatal> {
        for document in documents {
            if self.follower.wanted.remove(&document.statement().envelope()).is_some() {
                let admitted = admit(&self.store.reader(), Arc::clone(document), self.next_at())?;
                if let Ok(admitted) = admitted {
                    // Refused now, it was fine when it was offered: nobody is told.
                    let _ = self.take_in(&admitted, false)?;
                }
            }
        }
        Ok(())
    }

    /// Asks for what the newest incomplete proposal lacks: an older round's can wait, it may never be needed, and one of a
    /// round to come waits for what is at hand. In turn with documents that are wanted for themselves.
    pub(super) fn fetch_missing(&mut self) {
        let round = self.heard.round();
        let proposed = self.heard.proposals(self.next_height()).map(|heard| &heard.proposal.message);
        let candidates = proposed.filter_map(|named| Some((named, self.candidates.get(&named.block)?)));
        let incomplete = candidates.filter(|(_, candidate)| !candidate.is_complete());
        let newest = incomplete.max_by_key(|(named, _)| (named.round <= round, named.round));
        let next = newest.map(|(named, candidate)| (named.block, candidate.missing().take(DOCUMENTS).collect()));
        match next {
            Some((block, missing)) if !self.follower.owes_a_wanted_one() => {
                self.follower.ask_documents(&block, missing);
            }
            _ => self.follower.ask_wanted(),
        }
    }

    /// Tells again what waits here that clients brought: told once, a document may have been lost, or refused for the
    /// sake of another that was not final yet where it came. Each time in other bytes, or gossip takes it for known.
    fn offer_again(&mut self) {
        let waiting: Vec<EnvelopeId> = self.mempool.brought().take(limits::OFFERS).collect();
        let times = (self.follower.idle_patrols / STATUS_AFTER) as usize;
        let offered: Vec<EnvelopeId> = waiting.iter().cycle().take(waiting.len() + times - 1).copied().collect();
        if !waiting.is_empty() && offered.len() <= limits::OFFERS {
            self.net.publish(Publication::Documents(DocsMessage { documents: Vec::new(), offered }));
        }
    }

    /// Who may connect from the next block on, and whose nodes decide it.
    pub(super) fn know_the_members(&mut self) -> Result<(), Fatal> {
        let members = self.store.reader().members()?;
        let (members, next) = (|| members.iter().map(|member| &**member), self.next_height());
        self.follower.know_voters(voters_of(members(), next, self.tip.roster()));
        self.net.admit(peers_of(members(), next));
        Ok(())
    }

    pub(super) fn on_alarms(&mut self) -> Result<(), Fatal> {
        for alarm in self.timers.take_due() {
            match alarm {
                Alarm::Round(timeout) => {
                    let height = self.next_height();
                    if self.is_running(height) {
                        self.drive(crate::core::consensus::Input::Timeout(timeout))?;
                    }
                }
                Alarm::Heartbeat => self.heartbeat_due = true,
                Alarm::Fetch => self.fetch_missing(),
                Alarm::Patrol => self.patrol()?,
            }
        }
        Ok(())
    }

    /// Looks for what is stuck and asks a peer about it.
    fn patrol(&mut self) -> Result<(), Fatal> {
        self.timers.set(Alarm::Patrol, PATROL);
        self.pursue_state();
        self.pursue_past()?;
        self.follower.idle_patrols = self.follower.idle_patrols.saturating_add(1);
        let patrols = self.follower.idle_patrols;
        self.follow();
        self.fetch_missing();
        let height = self.next_height();
        let company = self.follower.has_company();
        self.follower.target.patrol(company);
        if self.follower.absent.is_due(company) {
            self.follower.ask_absent();
        }
        let at_ease = company || patrols.is_multiple_of(STATUS_AFTER);
        // Votes are told once: one that rests may have missed that the others began, and they may need it.
        let uncertain = if self.is_running(height) {
            patrols.is_multiple_of(REPAIR_AFTER)
        } else {
            self.validator.is_some() && at_ease
        };
        if uncertain {
            self.follower.ask_round(height);
        }
        if patrols.is_multiple_of(STATUS_AFTER) {
            self.offer_again();
        }
        if at_ease {
            self.follower.ask_status();
        }
        Ok(())
    }
}
