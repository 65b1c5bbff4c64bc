//! Things that nobody honest signs both, on the story's network.

use sampan_proto::block::Header;
use sampan_proto::checkpoint::{Consistency, LogAt};
use sampan_proto::evidence::{Checkpoints, Evidence, Offence};
use sampan_proto::ids::HeaderHash;
use sampan_proto::proof::{Binary, Head, MemberProof};
use sampan_proto::statement::{Action, SignedStatement};
use sampan_proto::title::TitleAct;
use sampan_proto::vote::{Signed, Vote, VoteType};

use super::cast::{self, BANK, BUYER, CARRIER, TRADER};
use super::chain::certify;
use super::digest;
use super::log::MemoryLog;
use super::samples;
use super::story::{ISSUE_INDEX, Story};

/// Makes them.
pub(crate) struct Offences<'a> {
    story: &'a Story,
}

impl<'a> Offences<'a> {
    pub(crate) fn new(story: &'a Story) -> Self {
        Self { story }
    }

    fn evidence(&self, offence: Offence) -> Evidence {
        Evidence { head: Some(self.head(4)), ..Evidence::new(self.story.chain.genesis.chain, offence) }
    }

    fn head(&self, height: usize) -> Head {
        let (header, certificate) = self.story.chain.heads[height - 1].clone();
        Head { header: Binary(header), certificate: Binary(certificate) }
    }

    /// A header that is as good as the others, decided by validators 0, 1 and 2.
    fn decided(&self, header: Header) -> Head {
        let certificate = certify(&self.story.chain.genesis, &header, &[0, 1, 2]);
        Head { header: Binary(header), certificate: Binary(certificate) }
    }

    /// The first validator prevotes the block, and nil.
    pub(crate) fn votes(&self) -> Evidence {
        let one = samples::vote(self.story, 0, VoteType::Prevote);
        let nil = Vote { block: None, ..one.message.clone() };
        let two = Signed::sign(nil, &cast::consensus_keys()[0]);
        self.evidence(Offence::Votes([Binary(one), Binary(two)]))
    }

    /// The third validator proposes another block as well.
    pub(crate) fn proposals(&self) -> Evidence {
        let one = samples::proposal(self.story);
        let mut other = one.message.clone();
        other.block = HeaderHash(digest(5));
        let two = Signed::sign(other, &cast::consensus_keys()[2]);
        self.evidence(Offence::Proposals([Binary(one), Binary(two)]))
    }

    /// Height 4 is decided twice.
    pub(crate) fn certificates(&self) -> Evidence {
        let header = Header { state_root: digest(7), ..self.story.chain.heads[3].0.clone() };
        let offence = Offence::Certificates(Box::new([self.head(4), self.decided(header)]));
        Evidence { head: None, ..self.evidence(offence) }
    }

    /// Height 4 is decided over a log whose first entry is another than at height 2.
    pub(crate) fn checkpoints(&self) -> Evidence {
        let mut log = self.story.chain.log.clone();
        log.0[0] = digest(7);
        self.two_checkpoints(&log)
    }

    /// The same over the log as it is: no offence.
    pub(crate) fn consistent(&self) -> Evidence {
        self.two_checkpoints(&self.story.chain.log)
    }

    fn two_checkpoints(&self, log: &MemoryLog) -> Evidence {
        let older = self.head(2);
        let header = Header { log_root: log.root(log.size()), ..self.story.chain.heads[3].0.clone() };
        let newer = self.decided(header);
        let (from, to) = (older.header.0.log_size, log.size());
        let consistency = Consistency {
            from: LogAt { size: from, root: log.root(from) },
            to: LogAt { size: to, root: log.root(to) },
            proof: Binary(log.consistency(from, to)),
        };
        let offence = Offence::Checkpoints(Box::new(Checkpoints { older, newer, consistency }));
        Evidence { head: None, ..self.evidence(offence) }
    }

    /// The trader hands the bill to two others, at one seq; then at another; then somebody else does.
    pub(crate) fn transfers(&self) -> [SignedStatement; 4] {
        let chain = &self.story.chain;
        let transfer = |who: &str, nonce, seq, to: &str| {
            chain.say(who, nonce, Action::title(self.story.bill, seq, TitleAct::Transfer { to: cast::id(to) }))
        };
        [
            transfer(TRADER, 40, 1, BUYER),
            transfer(TRADER, 41, 1, BANK),
            transfer(TRADER, 42, 2, BANK),
            transfer(BANK, 43, 1, BUYER),
        ]
    }

    /// The trader sells the bill twice.
    pub(crate) fn statements(&self) -> Evidence {
        let [one, two, ..] = self.transfers();
        let offence = Offence::Statements([Binary(one), Binary(two)]);
        Evidence { member: Some(self.story.chain.member(TRADER)), ..self.evidence(offence) }
    }

    /// The carrier issues one number twice.
    pub(crate) fn double_issue(&self) -> Evidence {
        let chain = &self.story.chain;
        let one = chain.statements[&ISSUE_INDEX].clone();
        let two = chain.say(CARRIER, 44, Action::from(self.story.bill_issue.clone()));
        let offence = Offence::Statements([Binary(one), Binary(two)]);
        Evidence { member: Some(chain.member(CARRIER)), ..self.evidence(offence) }
    }

    /// The trader's entry with another name.
    pub(crate) fn member_changed(&self) -> MemberProof {
        let mut part = self.story.chain.member(TRADER);
        part.member.0.name.push('x');
        part
    }
}
