//! The consensus write-ahead log, from any bytes. It is refused, or it opens to entries; then it opens again to the same, takes
//! one more, and has that one at its end. Of an honest log that was cut, or damaged in one place of four bytes (which CRC-32
//! always notices), nothing comes back but a beginning of what it held, and all of it where more of it follows the damage.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sampan_node::core::consensus::{Step, Timeout, WalEntry};
use sampan_node::net::Topic;
use sampan_node::store::Disk;
use sampan_node::store::wal::{Recorded, Wal};
use sampan_proto::codec;
use sampan_proto::ids::Height;
use sampan_proto::limits;
use sampan_proto::wire::{ConsensusMessage, ProposalMessage};
use tempfile::TempDir;

use super::{Target, canonical};
use crate::scratch;
use crate::sim::Alone;

/// Entries that one sync makes durable.
const GROUP: usize = 2;
/// Bytes of the widest damage.
const BURST: usize = 4;
/// Bytes before the first group, as the log's own doc says.
const HEADER_BYTES: usize = 24;

pub(super) struct Logs {
    dir: TempDir,
    honest: Vec<(Vec<u8>, Vec<WalEntry>)>,
}

impl Logs {
    pub(super) fn open() -> Result<Self> {
        let entries: Vec<WalEntry> = Alone::live()?.published.iter().flat_map(recorded).collect();
        let mut opened = Self { dir: scratch::directory()?, honest: Vec::new() };
        for count in [0, 1, 5, entries.len()] {
            let entries = entries.get(..count.min(entries.len())).unwrap_or_default().to_vec();
            opened.honest.push((opened.written(&entries)?, entries));
        }
        Ok(opened)
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("consensus.wal")
    }

    /// A log of some entries.
    fn written(&self, entries: &[WalEntry]) -> Result<Vec<u8>> {
        let height = Height(7);
        let mut log = Wal::renew(&self.path(), height, Disk::default())?;
        for group in entries.chunks(GROUP) {
            for entry in group {
                log.append(height, entry);
            }
            log.sync()?;
        }
        std::fs::read(self.path()).context("the log")
    }

    /// The entries of an honest log of which these bytes are what is left, and how many of them must come back if it is
    /// not refused: a burst may take the last group for a tail that was torn, and the one before if it lies in both.
    fn damaged(&self, bytes: &[u8]) -> Option<(&[WalEntry], usize)> {
        self.honest.iter().find_map(|(log, entries)| {
            let same = log.iter().zip(bytes).take_while(|(a, b)| a == b).count();
            let behind = log.iter().rev().zip(bytes.iter().rev()).take_while(|(a, b)| a == b).count();
            let burst = log.len() == bytes.len() && same >= HEADER_BYTES && same + behind + BURST >= log.len();
            match (log.starts_with(bytes), burst) {
                (true, _) => Some((entries.as_slice(), 0)),
                (false, true) => Some((entries.as_slice(), entries.len().saturating_sub(2 * GROUP))),
                (false, false) => None,
            }
        })
    }
}

/// What a validator records of what it publishes.
fn recorded((topic, data): &(Topic, Vec<u8>)) -> Vec<WalEntry> {
    let limit = limits::CONSENSUS_MESSAGE_BYTES;
    let said = match topic {
        Topic::Votes => match codec::decode(data, limit).ok() {
            Some(ConsensusMessage::Vote(vote)) => Some(WalEntry::Vote(vote)),
            Some(ConsensusMessage::Polka(votes)) => Some(WalEntry::Polka(votes)),
            _ => None,
        },
        Topic::Proposals => {
            codec::decode(data, limit).ok().map(|message: ProposalMessage| WalEntry::Proposal(message.proposal))
        }
        Topic::Documents | Topic::Headers => None,
    };
    said.into_iter().collect()
}

/// The log at a path; none when it is refused.
fn read(path: &Path) -> Option<(Wal, Recorded)> {
    let (log, recorded) = Wal::open(path, Disk::default()).ok()?;
    Some((log, recorded.expect("the file is there")))
}

impl Target for Logs {
    fn seeds(&self) -> Vec<Vec<u8>> {
        self.honest.iter().flat_map(|(log, entries)| [log.clone(), codec::encode(entries)]).collect()
    }

    fn take(&self, bytes: &[u8]) {
        // What a group holds, without the checksum that no change keeps right.
        let _ = canonical::<Vec<WalEntry>>(bytes, limits::PAGE_BYTES);
        let path = self.path();
        std::fs::write(&path, bytes).expect("a file can be written");
        let Some((_, (height, entries))) = read(&path) else { return };
        if let Some((honest, least)) = self.damaged(bytes) {
            assert!(honest.starts_with(&entries), "entries that the log never held");
            assert!(entries.len() >= least, "what was durable is forgotten");
        }
        let (mut log, again) = read(&path).expect("what was opened opens again");
        assert!(again == (height, entries.clone()), "other entries at the second start");
        let last = WalEntry::Timeout(Timeout { step: Step::Precommit, round: 3 });
        log.append(height, &last);
        log.sync().expect("it takes one more");
        let taken = if height == Height::GENESIS { Vec::new() } else { vec![last] };
        let (_, (_, grown)) = read(&path).expect("what was appended opens");
        assert!(grown == [entries, taken].concat(), "what was appended is not at its end");
    }
}
