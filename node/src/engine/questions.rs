//! Questions to peers: whose turn it is to be asked what, and what is being asked.

use libp2p::PeerId;

/// What is asked of one peer after the other.
#[derive(Clone, Copy)]
pub(super) enum Question {
    Blocks,
    Documents,
    Absent,
    Round,
    Snapshot,
    Past,
    Status,
}

#[derive(Clone, Copy, Debug, Default)]
struct Asking {
    turn: usize,
    waits: bool,
}

/// How each kind of question goes. A turn that they shared would fall into step with the patrol: three questions in two
/// seconds, three peers, and one of them never asked for the votes that it alone heard.
#[derive(Debug, Default)]
pub(super) struct Questions([Asking; Question::Status as usize + 1]);

impl Questions {
    /// Whose turn it is among these peers.
    pub(super) fn next(&mut self, question: Question, peers: &[PeerId]) -> Option<PeerId> {
        let turn = &mut self.0[question as usize].turn;
        *turn = turn.wrapping_add(1);
        peers.get(*turn % peers.len().max(1)).copied()
    }

    /// Whether an answer is being waited for.
    pub(super) const fn wait(&self, question: Question) -> bool {
        self.0[question as usize].waits
    }

    pub(super) const fn asked(&mut self, question: Question) {
        self.0[question as usize].waits = true;
    }

    pub(super) const fn answered(&mut self, question: Question) {
        self.0[question as usize].waits = false;
    }
}
