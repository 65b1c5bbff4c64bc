//! How the rest of the node talks to the engine: bounded lanes in, one watch out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use libp2p::PeerId;
use sampan_proto::evidence::Offence;
use sampan_proto::ids::{EnvelopeId, Height, StatementId};
use sampan_proto::merkle::state::PagePath;
use sampan_proto::protocol::Versions;
use sampan_proto::reject::{Code, Reject};
use sampan_proto::snapshot::{CheckedManifest, CheckedPart};
use sampan_proto::verified::Verified;
use sampan_proto::vote::{Signed, Vote};
use sampan_proto::wire::{Announcement, Request, Response, RoundCertificate};
use tokio::sync::{mpsc, oneshot, watch};

use super::heard::HeardProposal;
use super::keeper::Keeper;
use super::kept::Kept;
use crate::core::ledger::{Admitted, Tip};
use crate::core::{Document, Obstacle};
use crate::store::Past;

/// From the verify pool: what peers said, checked as far as that needs no state.
#[derive(Debug)]
pub enum Heard {
    /// A validator's vote.
    Vote(Verified<Signed<Vote>>),
    /// A polka; the core checks its signatures.
    Polka(Vec<Verified<Signed<Vote>>>),
    /// Leave to change rounds; the core checks its signatures.
    Round(RoundCertificate),
    /// A proposal from its round's proposer, consistent with its header and payload.
    Proposal(PeerId, Box<HeardProposal>),
    /// A block was decided; the certificate is checked.
    Announced(PeerId, Box<Announcement>),
    /// Two things that nobody honest signs both; signatures are checked.
    Offence(Box<Offence>),
    /// Documents.
    Documents {
        /// The peer that sent them.
        from: PeerId,
        /// For the mempool.
        admitted: Vec<Admitted>,
        /// Names of large ones that the peer knows of.
        offered: Vec<EnvelopeId>,
        /// What those that are not admitted show of their signers.
        offences: Vec<Offence>,
    },
}

/// The answer to a request that the engine sent, checked as far as that needs no state.
#[derive(Debug)]
pub enum Fetched {
    /// Decided blocks from the height on that was asked for: certificates, statements and bodies are checked. None when
    /// the peer does not give them.
    Blocks(Height, Vec<CheckedBlock>),
    /// Contents of a proposed block.
    Documents(PeerId, Vec<Arc<Document>>),
    /// How far the peer is.
    Status(PeerId, Height),
    /// What the peer heard at our height.
    Round(PeerId, Vec<Heard>),
    /// A state that the peer hands over.
    Manifest(PeerId, Box<CheckedManifest>),
    /// A part of that state.
    Part(Box<CheckedPart>),
    /// Decided blocks of long ago; none when the peer does not tell.
    Past(PeerId, Vec<Past>),
    /// Nothing usable came.
    Nothing(PeerId),
    /// No state.
    NoManifest,
    /// Not this part of a state.
    NoPart(PeerId, PagePath),
}

impl Fetched {
    /// No usable answer to a request.
    #[must_use]
    pub fn nothing(peer: PeerId, request: &Request) -> Self {
        match request {
            Request::Snapshot => Self::NoManifest,
            Request::State(part) => Self::NoPart(peer, part.path),
            Request::Past { .. } => Self::Past(peer, Vec::new()),
            Request::Blocks { from, .. } => Self::Blocks(*from, Vec::new()),
            Request::Status | Request::Documents(_) | Request::Round(_) => Self::Nothing(peer),
        }
    }
}

/// A decided block whose certificate and contents are checked, but not yet executed here.
#[derive(Debug)]
pub struct CheckedBlock {
    /// What was decided.
    pub header: sampan_proto::block::Header,
    /// Who decided it.
    pub certificate: sampan_proto::vote::Certificate,
    /// The contents, in order.
    pub documents: Vec<Arc<Document>>,
}

/// From the API and from peers that ask.
#[derive(Debug)]
pub enum Command {
    /// Take documents into the mempool.
    Submit(Vec<Admitted>, oneshot::Sender<Vec<Result<(), Reject>>>),
    /// Keep what refused documents show of their signers.
    Accuse(Vec<Offence>),
    /// Where is a statement that is not final?
    Waiting(StatementId, oneshot::Sender<Waiting>),
    /// Which of these wait in the mempool?
    Documents(Vec<EnvelopeId>, oneshot::Sender<Vec<sampan_proto::wire::Document>>),
    /// What was heard at an undecided height?
    RoundState(Height, oneshot::Sender<Response>),
    /// Take nothing more from clients, and tell when all that they brought is settled.
    Settle(oneshot::Sender<()>),
}

/// Where a statement that is not final is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// In the mempool.
    Pending {
        /// Its expiry, in Unix milliseconds.
        not_after_ms: u64,
    },
    /// It was here and was dropped: why, and what stood in the way.
    Dropped(Reject, Option<Obstacle>),
    /// Not here, or long forgotten.
    Unknown,
}

/// The API's end of the engine.
#[derive(Clone)]
pub struct Handle {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) head: watch::Receiver<Tip>,
    pub(super) kept: Arc<Mutex<Kept>>,
    pub(super) voting: Arc<AtomicBool>,
    pub(super) joining: Arc<AtomicBool>,
    pub(super) keeper: Option<Keeper>,
    pub(super) versions: Versions,
    pub(super) leaving: Arc<AtomicBool>,
}

/// The answer to what comes too late.
pub(super) fn stopping() -> Reject {
    Reject::new(Code::NotReady, "$", "the node is stopping")
}

impl Handle {
    /// Takes admitted documents into the mempool: one answer each, in order.
    pub async fn submit(&self, documents: Vec<Admitted>) -> Vec<Result<(), Reject>> {
        let count = documents.len();
        let (reply, answer) = oneshot::channel();
        let lost = || Err(stopping());
        match self.commands.try_send(Command::Submit(documents, reply)) {
            Ok(()) => answer.await.unwrap_or_else(|_| vec![lost(); count]),
            Err(mpsc::error::TrySendError::Full(_)) => {
                vec![Err(Reject::new(Code::MempoolFull, "$", "the engine's queue is full")); count]
            }
            Err(mpsc::error::TrySendError::Closed(_)) => vec![lost(); count],
        }
    }

    /// Has what refused documents show of their signers kept. A queue that is full loses it: whoever signed twice tries
    /// again, and those whom it told come with it.
    pub fn accuse(&self, offences: Vec<Offence>) {
        if !offences.is_empty() {
            let _ = self.commands.try_send(Command::Accuse(offences));
        }
    }

    /// Where a statement that is not final is.
    pub async fn pending(&self, statement: StatementId) -> Waiting {
        let (reply, answer) = oneshot::channel();
        if self.commands.send(Command::Waiting(statement, reply)).await.is_err() {
            return Waiting::Unknown;
        }
        answer.await.unwrap_or(Waiting::Unknown)
    }

    /// Documents that wait in the mempool, for a peer.
    pub async fn documents(&self, ids: Vec<EnvelopeId>) -> Vec<sampan_proto::wire::Document> {
        let (reply, answer) = oneshot::channel();
        if self.commands.try_send(Command::Documents(ids, reply)).is_err() {
            return Vec::new();
        }
        answer.await.unwrap_or_default()
    }

    /// What was heard at an undecided height, for a peer.
    pub async fn round_state(&self, height: Height) -> Response {
        let (reply, answer) = oneshot::channel();
        if self.commands.try_send(Command::RoundState(height, reply)).is_err() {
            return Response::Busy;
        }
        answer.await.unwrap_or(Response::Busy)
    }

    /// Says that the node is about to stop; it works as before.
    pub fn announce_leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    /// Whether it is.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    /// Takes nothing more from clients, and returns when all that they brought is final or refused.
    pub async fn settle(&self) {
        let (settled, wait) = oneshot::channel();
        if self.commands.send(Command::Settle(settled)).await.is_ok() {
            // An error means that the engine has ended: nothing more will happen to what waits.
            let _ = wait.await;
        }
    }

    /// The newest committed block; changes at every commit.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<Tip> {
        self.head.clone()
    }

    /// Whether the node votes now: a validator that may not know what it has said does not.
    #[must_use]
    pub fn is_voting(&self) -> bool {
        self.voting.load(Ordering::Relaxed)
    }

    /// Whether a state is being taken over: until it is whole there is nothing to answer from.
    #[must_use]
    pub fn is_joining(&self) -> bool {
        self.joining.load(Ordering::Relaxed)
    }

    /// The protocol versions that this software executes.
    #[must_use]
    pub const fn versions(&self) -> Versions {
        self.versions
    }

    /// Documents waiting in the mempool.
    #[must_use]
    pub fn mempool_len(&self) -> usize {
        self.kept().documents
    }

    /// What the engine kept after its last step.
    #[must_use]
    pub fn kept(&self) -> Kept {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
