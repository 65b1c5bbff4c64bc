//! Whether what lies here may speak: the row of the store that ties the right to vote to the place where a node
//! has written down what it said.
//!
//! A copy of a data directory is as good as the original to read from, but not to vote with: the original may have
//! said more since. So the row names the directory by what a copy does not take along.

use std::path::Path;
use std::time::UNIX_EPOCH;

use borsh::{BorshDeserialize, BorshSerialize};

use super::commit::Batch;
use super::open::get;
use super::schema::{self, Family, META_VOICE};
use super::{Inner, Store};
use crate::fault::Fatal;

/// A node's right to vote, in `meta` under `voice`; no row on a node that never voted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Voice {
    /// It may have said what is not written here.
    Silent,
    /// It votes since genesis, in a directory that was empty then. The time of the first block tells whether the
    /// network was as young as the directory.
    Newborn {
        /// Where.
        place: Place,
        /// When, in Unix milliseconds.
        since_ms: u64,
    },
    /// Everything that it has said and that may still count is in the write-ahead log here.
    Speaking {
        /// Where.
        place: Place,
    },
}

/// A directory as its file system knows it: kept by a restart, a reboot and a rename, and by no copy. (The device is
/// left out, for its number may change with a reboot: after a power failure of everyone, nobody would vote.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Place {
    inode: u64,
    /// In nanoseconds since 1970, where the file system tells.
    born_ns: Option<u64>,
}

impl Place {
    /// Whether both are the same directory. An inode may be used again by a later one, but not at the same instant.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        let same_birth = self.born_ns.zip(other.born_ns).is_none_or(|(ours, theirs)| ours == theirs);
        self.inode == other.inode && same_birth
    }

    pub(crate) fn of(dir: &Path) -> Result<Self, Fatal> {
        let metadata = std::fs::metadata(dir).map_err(|source| Fatal::File { path: dir.to_owned(), source })?;
        let born = metadata.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
        let born_ns = born.and_then(|since| u64::try_from(since.as_nanos()).ok());
        Ok(Self { inode: inode(&metadata), born_ns })
    }
}

#[cfg(unix)]
fn inode(metadata: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &std::fs::Metadata) -> u64 {
    0
}

impl Store {
    /// Where the store is.
    #[must_use]
    pub fn place(&self) -> Place {
        self.0.place
    }

    /// What is written about the node's right to vote.
    pub fn voice(&self) -> Result<Option<Voice>, Fatal> {
        let row = get(&self.0.db, META_VOICE)?;
        row.map(|bytes| schema::decode(Family::Meta, META_VOICE, &bytes)).transpose()
    }

    /// Writes it, synced. Take the right away before what it rests on is touched, and give it only once that is whole.
    ///
    /// # Errors
    /// Stop the node: whether a failed write is on the disk is unknown.
    pub fn set_voice(&self, voice: Voice) -> Result<(), Fatal> {
        self.0.write(|inner: &Inner| {
            let mut batch = Batch::new(&inner.db, 0)?;
            batch.put_borsh(Family::Meta, META_VOICE, &voice);
            Ok(Some((batch, None)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::fixture::World;

    #[test]
    fn a_place_is_kept_by_a_rename_and_by_no_copy() {
        let root = tempfile::tempdir().expect("directory");
        let [here, there, copy] = ["here", "there", "copy"].map(|name| root.path().join(name));
        std::fs::create_dir(&here).expect("made");
        let place = Place::of(&here).expect("a place");
        std::fs::write(here.join("CURRENT"), "x").expect("written");
        assert!(Place::of(&here).expect("a place").is(&place), "what is in it is no matter");
        std::fs::rename(&here, &there).expect("moved");
        assert!(Place::of(&there).expect("a place").is(&place));
        std::fs::create_dir(&copy).expect("made");
        assert!(!Place::of(&copy).expect("a place").is(&place));
        let reused = Place { born_ns: place.born_ns.map(|born| born + 1), ..place };
        assert!(place.born_ns.is_none() || !reused.is(&place), "another directory with an inode used again");
        assert!(Place { born_ns: None, ..place }.is(&place), "a file system that does not tell is no other place");
    }

    #[test]
    fn the_right_to_vote_is_kept() {
        let world = World::new();
        assert_eq!(world.store.voice().expect("read"), None);
        let place = world.store.place();
        for voice in [Voice::Newborn { place, since_ms: 7 }, Voice::Silent, Voice::Speaking { place }] {
            world.store.set_voice(voice).expect("written");
            assert_eq!(world.store.voice().expect("read"), Some(voice));
        }
        let world = world.reopen();
        assert_eq!(world.store.voice().expect("read"), Some(Voice::Speaking { place }));
        let copy = world.open_at(world.killed().path()).expect("opened");
        assert_eq!(copy.voice().expect("read"), Some(Voice::Speaking { place }));
        assert!(!copy.place().is(&place));
    }
}
