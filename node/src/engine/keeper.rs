//! States on hold for newcomers: the database as it was after a few blocks.
//!
//! A view of the database borrows it, so the views live in one task on a thread of its own, which answers questions
//! about them. What later blocks replace stays on the disk as long as a view of it is held: [`HELD`] bounds that.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use sampan_proto::ids::HeaderHash;
use sampan_proto::merkle::state::PagePath;
use sampan_proto::snapshot::{Manifest, Part};
use tokio::sync::oneshot;

use crate::fault::Fatal;
use crate::store::{Reader, Store};

/// States held: the newest, and the one before it for those who are in the middle of it.
const HELD: usize = 2;
/// Questions waiting; more are turned away.
const QUESTIONS: usize = 32;

enum Question {
    Hold(SyncSender<()>),
    Manifest(oneshot::Sender<Manifest>),
    Part(HeaderHash, PagePath, oneshot::Sender<Part>),
}

/// Asks the task that holds the states. Cheap to clone; the task ends with the last clone.
#[derive(Clone)]
pub struct Keeper(SyncSender<Question>);

impl Keeper {
    /// The keeper, and the task to be run where it may wait for the disk.
    pub fn new(store: Store) -> (Self, impl FnOnce() + Send + 'static) {
        let (questions, asked) = sync_channel(QUESTIONS);
        (Self(questions), move || {
            if let Err(fault) = keep(&store, &asked) {
                // The engine meets the same fault at its next read and stops the node.
                tracing::error!(%fault, "cannot hand the state over");
            }
        })
    }

    /// Holds the state after the newest block. Returns once it is held, so that no later block gets into it.
    pub(super) fn hold(&self) {
        let (held, wait) = sync_channel(1);
        if self.0.send(Question::Hold(held)).is_ok() {
            // An error means that the task has ended: there is nothing to wait for.
            let _ = wait.recv();
        }
    }

    /// What the newest state on hold is of.
    pub(super) async fn manifest(&self) -> Option<Manifest> {
        let (reply, answer) = oneshot::channel();
        self.0.try_send(Question::Manifest(reply)).ok()?;
        answer.await.ok()
    }

    /// What lies below a path in the state after the block of this name.
    pub(super) async fn part(&self, header: HeaderHash, path: PagePath) -> Option<Part> {
        let (reply, answer) = oneshot::channel();
        self.0.try_send(Question::Part(header, path, reply)).ok()?;
        answer.await.ok()
    }
}

struct Held<'a> {
    header: HeaderHash,
    manifest: Manifest,
    reader: Reader<'a>,
}

fn keep(store: &Store, questions: &Receiver<Question>) -> Result<(), Fatal> {
    let mut states: VecDeque<Held<'_>> = VecDeque::new();
    for question in questions {
        // Whoever asked may be gone by now.
        match question {
            Question::Hold(held) => {
                let reader = store.reader();
                let _ = held.send(());
                if let Some(manifest) = reader.manifest()? {
                    states.truncate(HELD - 1);
                    states.push_front(Held { header: manifest.header.hash(), manifest, reader });
                }
            }
            Question::Manifest(reply) => {
                if let Some(newest) = states.front() {
                    let _ = reply.send(newest.manifest.clone());
                }
            }
            Question::Part(header, path, reply) => {
                let state = states.iter().find(|state| state.header == header);
                if let Some(part) = state.map(|state| state.reader.part(&path)).transpose()?.flatten() {
                    let _ = reply.send(part);
                }
            }
        }
    }
    Ok(())
}
