//! What passes between machines: messages, questions and answers, with the delay and the luck of their links, and with what
//! masks make of them.

use sampan_node::net::{PeerId, RequestFailed, Said, Verdict};
use sampan_proto::hash::Domain;
use sampan_proto::wire::{Request, Response};
use tokio::sync::oneshot;

use super::super::mask::{Answer, Message};
use super::super::watch::What;
use super::World;

type Reply = oneshot::Sender<Result<Response, RequestFailed>>;

/// Something on its way.
pub(super) enum Parcel {
    Gossip { from: usize, to: usize, message: Message },
    Question { from: usize, to: usize, request: Request, reply: Reply },
    Answer { to: usize, response: Response, reply: Reply },
}

/// A question that a node has been asked.
pub(super) struct Asked {
    from: usize,
    to: usize,
    answer: oneshot::Receiver<Response>,
    reply: Reply,
    /// Whether a thread of its own answers it, which the network's time does not wait for.
    apart: bool,
}

/// Whether a question is for a state that is on hold.
const fn is_for_a_state(request: &Request) -> bool {
    matches!(request, Request::Snapshot | Request::State(_))
}

impl World {
    fn named(&self, peer: PeerId) -> usize {
        self.names.iter().position(|name| *name == peer).unwrap_or_default()
    }

    /// What a process that ends was waiting for concerns nobody any more.
    pub(super) fn forget(&mut self, node: usize) {
        self.asked.retain(|asked| asked.from != node);
        self.posted.retain(|_, parcel| match parcel {
            Parcel::Gossip { .. } => true,
            Parcel::Question { from, .. } => *from != node,
            Parcel::Answer { to, .. } => *to != node,
        });
    }

    fn post(&mut self, after_ms: u64, parcel: Parcel) {
        self.posts += 1;
        self.posted.insert((self.now_ms + after_ms, self.posts), parcel);
    }

    /// What arrives now.
    pub(super) fn deliver(&mut self) {
        let later = self.posted.split_off(&(self.now_ms + 1, 0));
        let now = std::mem::replace(&mut self.posted, later);
        for parcel in now.into_values() {
            match parcel {
                Parcel::Gossip { from, to, message } => {
                    let digest = Domain::Gossip.hash(&message.1).short();
                    self.note(|| format!("{from} > {to} {:?} {digest}", message.0));
                    let hears = self.wearers.get_mut(&to).is_none_or(|wearer| wearer.hears(&message));
                    if let Some(process) = self.machines[to].process.as_mut().filter(|_| hears) {
                        process.line.gossip(self.names[from % self.nodes], message.0, message.1);
                    }
                }
                Parcel::Question { from, to, request, reply } => self.ask(from, to, request, reply),
                // The asker may be gone.
                Parcel::Answer { response, reply, .. } => drop(reply.send(Ok(response))),
            }
        }
    }

    /// A question arrives. A machine that is asked for a state is asked nothing else in the same moment: which of the
    /// two it answered first would be chance.
    fn ask(&mut self, from: usize, to: usize, request: Request, reply: Reply) {
        let apart = is_for_a_state(&request);
        if self.asked.iter().any(|asked| asked.to == to && (asked.apart || apart)) {
            return self.post(1, Parcel::Question { from, to, request, reply });
        }
        self.note(|| format!("{from} > {to} asks"));
        let Some(process) = &self.machines[to].process else {
            // The asker's own limit would end it; nothing is learned by waiting for that.
            return drop(reply.send(Err(RequestFailed::Timeout)));
        };
        let answer = self.wearers.get(&to).map_or(Answer::True, |wearer| wearer.answers(&request, &process.store));
        match answer {
            Answer::True => {
                let answer = process.line.ask(self.names[from % self.nodes], request);
                self.asked.push(Asked { from, to, answer, reply, apart });
            }
            Answer::False(lie) => {
                let (said, answer) = oneshot::channel();
                // Its other end is in the next line.
                let _ = said.send(*lie);
                self.asked.push(Asked { from, to, answer, reply, apart });
            }
            Answer::Silence => drop(reply.send(Err(RequestFailed::Timeout))),
        }
    }

    pub(super) async fn carry_answers(&mut self) {
        for mut asked in std::mem::take(&mut self.asked) {
            let answered = loop {
                match asked.answer.try_recv() {
                    // It is on its way, however long that takes outside; in here no time passes.
                    Err(oneshot::error::TryRecvError::Empty) if asked.apart => tokio::task::yield_now().await,
                    answered => break answered,
                }
            };
            match answered {
                Ok(response) => match self.links.arrivals(asked.to, asked.from).first().copied() {
                    Some(after) => self.post(after, Parcel::Answer { to: asked.from, response, reply: asked.reply }),
                    None => drop(asked.reply.send(Err(RequestFailed::Timeout))),
                },
                Err(oneshot::error::TryRecvError::Empty) => self.asked.push(asked),
                Err(oneshot::error::TryRecvError::Closed) => drop(asked.reply.send(Err(RequestFailed::Ended))),
            }
        }
    }

    /// Takes what a node says and posts it.
    pub(super) fn collect(&mut self, i: usize) -> Result<(), What> {
        loop {
            let Some(process) = &mut self.machines[i].process else { return Ok(()) };
            let Some(said) = process.line.try_next() else { break };
            match said {
                Said::Publish(topic, data) => {
                    if self.is_honest(i) {
                        self.watch.listen(i, topic, &data)?;
                    }
                    self.publish(i, &(topic, data));
                }
                Said::Request(peer, request, reply) => {
                    let (to, asks) =
                        (self.named(peer), self.wearers.get(&i).is_none_or(|wearer| wearer.asks(&request)));
                    match self.links.arrivals(i, to).first().copied() {
                        Some(after) if asks => self.post(after, Parcel::Question { from: i, to, request, reply }),
                        _ => drop(reply.send(Err(RequestFailed::Timeout))),
                    }
                }
                Said::Verdict(peer, topic, Verdict::Reject) => {
                    self.blame(i, peer, &format!("a message on {topic:?}"))?;
                }
                Said::Verdict(..) => {}
                Said::Fault(peer, fault) => self.blame(i, peer, &fault.to_string())?,
            }
        }
        let store = self.machines[i].process.as_ref().map(|process| &process.store);
        let babble = self.wearers.get_mut(&i).zip(store).map(|(wearer, store)| wearer.babbles(store));
        for message in babble.into_iter().flatten() {
            self.publish(i, &message);
        }
        Ok(())
    }

    fn blame(&mut self, by: usize, peer: PeerId, why: &str) -> Result<(), What> {
        let whom = self.named(peer);
        self.note(|| format!("{by} blames {whom} for {why}"));
        if self.is_honest(by) && self.is_honest(whom) {
            return Err(What::Blamed { by, whom, why: why.to_owned() });
        }
        Ok(())
    }

    fn publish(&mut self, from: usize, message: &Message) {
        for to in (0..self.machines.len()).filter(|to| *to != from) {
            let store = self.machines[from].process.as_ref().map(|process| &process.store);
            let told = match self.wearers.get_mut(&from) {
                Some(wearer) => wearer.says(to, message, store),
                None => vec![message.clone()],
            };
            for message in told {
                for after in self.links.arrivals(from, to) {
                    self.post(after, Parcel::Gossip { from, to, message: message.clone() });
                }
            }
        }
    }
}
