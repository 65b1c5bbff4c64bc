//! The consensus write-ahead log: what this node said and heard at the height being agreed on, so that
//! after a crash it never contradicts itself.
//!
//! ```text
//!  offset  0        8         12        20        24
//!          ┌────────┬─────────┬─────────┬─────────┬───────────────┬───────────────┬──
//!          │ magic  │ version │ height  │ crc     │ group         │ group         │ …
//!          │ 8      │ u32     │ u64     │ u32     │               │               │
//!          └────────┴─────────┴─────────┴─────────┴───────────────┴───────────────┴──
//!                              group: ┌─────────┬─────────┬───────────────────────────┐
//!                                     │ len u32 │ crc u32 │ borsh Vec<WalEntry>, len  │
//!                                     └─────────┴─────────┴───────────────────────────┘
//! ```
//!
//! Numbers are little-endian. A checksum is CRC-32 (IEEE) over the height, the group's offset, its length and
//! its bytes, so that no group is mistaken for one of another place or height.
//!
//! A group is what one [`Wal::sync`] made durable. That is what tells a torn tail from damage: a group is
//! begun only after the one before it is on the disk. So
//!
//! * bytes that are no group, with no group anywhere behind them, are the tail that a crash tore. Nothing
//!   that depends on it left the node: they are cut.
//! * bytes that are no group, with a group behind them, were durable once. The node may have spoken on
//!   them, and starting without them could make it contradict itself: the file is refused.
//!
//! (Entry by entry this could not be told: the disk orders the pages of unsynced writes as it likes, so a
//! torn tail may have a good last page.)

#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sampan_proto::codec;
use sampan_proto::ids::Height;

use super::{Disk, Durable};
use crate::core::consensus::WalEntry;
use crate::fault::Fatal;

const MAGIC: [u8; 8] = *b"sampanwl";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 24;
const GROUP_HEADER_BYTES: usize = 8;

/// What a log held when it was opened: its height, and the entries in order.
pub type Recorded = (Height, Vec<WalEntry>);

/// The open log. Entries are of one height, the one it is tagged with.
#[derive(Debug)]
pub struct Wal {
    path: PathBuf,
    disk: Disk,
    /// Positioned at `end`.
    file: File,
    height: Height,
    /// Bytes that are durable.
    end: u64,
    /// Entries that are not written yet.
    pending: Vec<WalEntry>,
    /// A write or sync failed: what is on the disk is unknown, so nothing may follow it.
    failed: bool,
}

impl Wal {
    /// Opens the log at `path`, with its height and entries when there is one. Without one it begins a log
    /// for [`Height::GENESIS`], which takes no entries before [`Wal::rotate`] names a height.
    ///
    /// # Errors
    /// [`Fatal::Damaged`] when something durable cannot be read any more; see the module's notes.
    pub fn open(path: &Path, disk: Disk) -> Result<(Self, Option<Recorded>), Fatal> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok((Self::renew(path, Height::GENESIS, disk)?, None));
            }
            Err(error) => return Err(at(path)(error)),
        };
        let height = read_header(path, &bytes)?;
        let (entries, end) = read_groups(path, height, &bytes)?;
        let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(at(path))?;
        if end < bytes.len() {
            tracing::warn!(path = %path.display(), at = end, bytes = bytes.len() - end, "torn tail cut from the log");
            // A crash before the cut is durable finds the same tail again, and cuts it again.
            file.set_len(end as u64).and_then(|()| file.sync_all()).map_err(at(path))?;
        }
        file.seek(SeekFrom::Start(end as u64)).map_err(at(path))?;
        let (path, end) = (path.to_owned(), end as u64);
        let wal = Self { path, disk, file, height, end, pending: Vec::new(), failed: false };
        Ok((wal, Some((height, entries))))
    }

    /// Begins the log of `height` at `path`, whatever is there: for a node that trusts nothing of what it said.
    ///
    /// # Errors
    /// Stop the node: which of the two is on the disk is unknown.
    pub fn renew(path: &Path, height: Height, disk: Disk) -> Result<Self, Fatal> {
        let (file, end) = disk.write(Durable::Log, path, || fresh(path, height))?;
        Ok(Self { path: path.to_owned(), disk, file, height, end, pending: Vec::new(), failed: false })
    }

    /// The height whose entries it takes.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.height
    }

    /// Adds an entry, in memory until [`Wal::sync`]. Entries of another height are ignored: they belong to
    /// a height that is decided, or that has not begun.
    pub fn append(&mut self, height: Height, entry: &WalEntry) {
        if height == self.height && height != Height::GENESIS {
            self.pending.push(entry.clone());
        }
    }

    /// Makes everything appended durable. When this returns, what depends on it may leave the node.
    ///
    /// # Errors
    /// Stop the node: whether a failed write is on the disk is unknown.
    pub fn sync(&mut self) -> Result<(), Fatal> {
        self.writable()?;
        if self.pending.is_empty() {
            return Ok(());
        }
        let group = encode_group(self.height, self.end, &codec::encode(&self.pending));
        self.failed = true;
        // A crash in the next two lines leaves any part of the group, which the next start cuts.
        let file = &mut self.file;
        self.disk.write(Durable::Log, &self.path, || {
            file.write_all(&group).and_then(|()| file.sync_data()).map_err(at(&self.path))
        })?;
        self.failed = false;
        // A crash from here on keeps it.
        self.end += group.len() as u64;
        self.pending.clear();
        Ok(())
    }

    fn writable(&self) -> Result<(), Fatal> {
        if self.failed {
            return Err(Fatal::Damaged(format!("{}: an earlier write failed", self.path.display())));
        }
        Ok(())
    }

    /// Begins the log of `height` and forgets the one before: call it once the commit of the height before
    /// is durable. A crash on the way leaves the old log whole or the new one.
    ///
    /// # Errors
    /// Stop the node: which of the two is on the disk is unknown.
    pub fn rotate(&mut self, height: Height) -> Result<(), Fatal> {
        self.writable()?;
        self.failed = true;
        let (file, end) = self.disk.write(Durable::Log, &self.path, || fresh(&self.path, height))?;
        let (path, disk) = (std::mem::take(&mut self.path), self.disk.clone());
        *self = Self { path, disk, file, height, end, pending: Vec::new(), failed: false };
        Ok(())
    }
}

/// A new log of `height` in the place of the one at `path`.
fn fresh(path: &Path, height: Height) -> Result<(File, u64), Fatal> {
    let temporary = path.with_extension("new");
    let header = encode_header(height);
    // A crash before the rename leaves the old log, and this file, which the next rotation overwrites.
    let mut file = File::create(&temporary).map_err(at(&temporary))?;
    file.write_all(&header).and_then(|()| file.sync_all()).map_err(at(&temporary))?;
    // The name always means a whole log: the new one was synced before it took the name.
    std::fs::rename(&temporary, path).map_err(at(path))?;
    // A crash before this line may bring the old log back. Its height is decided and committed by then, so
    // the next start rotates again.
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(at(directory))?;
    Ok((file, header.len() as u64))
}

fn encode_header(height: Height) -> Vec<u8> {
    let mut header = [&MAGIC[..], &VERSION.to_le_bytes(), &height.0.to_le_bytes()].concat();
    let crc = crc32(&[&header]);
    header.extend_from_slice(&crc.to_le_bytes());
    header
}

fn encode_group(height: Height, offset: u64, entries: &[u8]) -> Vec<u8> {
    // Entries of one sync are a few messages of at most 128 KiB.
    let len = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    let crc = group_crc(height, offset, len, entries);
    [&len.to_le_bytes()[..], &crc.to_le_bytes(), entries].concat()
}

fn group_crc(height: Height, offset: u64, len: u32, entries: &[u8]) -> u32 {
    crc32(&[&height.0.to_le_bytes(), &offset.to_le_bytes(), &len.to_le_bytes(), entries])
}

/// The header is synced before the file takes its name, so it is never torn.
fn read_header(path: &Path, bytes: &[u8]) -> Result<Height, Fatal> {
    let refuse = |why: &str| Err(Fatal::Damaged(format!("{}: {why}", path.display())));
    let Some((header, _)) = bytes.split_first_chunk::<HEADER_BYTES>() else { return refuse("cut short in its header") };
    if header[..8] != MAGIC {
        return refuse("not a consensus log");
    }
    if word(header, 20) != Some(crc32(&[&header[..20]])) {
        return refuse("its header is damaged");
    }
    if word(header, 8) != Some(VERSION) {
        return refuse("written by another version of sampand");
    }
    let height = header[12..20].try_into().map(u64::from_le_bytes);
    height.map(Height).or_else(|_| refuse("cut short in its header"))
}

fn word(bytes: &[u8], offset: usize) -> Option<u32> {
    let word = bytes.get(offset..offset.checked_add(4)?)?;
    word.try_into().ok().map(u32::from_le_bytes)
}

/// All entries, and where the groups end.
fn read_groups(path: &Path, height: Height, bytes: &[u8]) -> Result<(Vec<WalEntry>, usize), Fatal> {
    let mut entries = Vec::new();
    let mut offset = HEADER_BYTES;
    while let Some(group) = group_at(height, bytes, offset) {
        let decoded: Vec<WalEntry> = codec::decode(group, group.len()).map_err(|_| {
            Fatal::Damaged(format!("{}: the entries at byte {offset} are of another version", path.display()))
        })?;
        entries.extend(decoded);
        offset += GROUP_HEADER_BYTES + group.len();
    }
    let behind = (offset + 1..bytes.len()).find(|&later| group_at(height, bytes, later).is_some());
    match behind {
        Some(later) => Err(Fatal::Damaged(format!(
            "{}: unreadable at byte {offset}, though whole entries follow at byte {later}: this node may have \
             voted on what is lost; start it with --restored: it votes again once newer heights are decided",
            path.display()
        ))),
        None => Ok((entries, offset)),
    }
}

/// The bytes of the group that begins at `offset`, if one does.
fn group_at(height: Height, bytes: &[u8], offset: usize) -> Option<&[u8]> {
    let (len, crc) = (word(bytes, offset)?, word(bytes, offset + 4)?);
    let start = offset + GROUP_HEADER_BYTES;
    let group = bytes.get(start..start.checked_add(usize::try_from(len).ok()?)?)?;
    // A group holds an entry at least: zeros, which a torn write may leave, are none.
    let whole = !group.is_empty() && group_crc(height, offset as u64, len, group) == crc;
    whole.then_some(group)
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Fatal {
    let path = path.to_owned();
    |source| Fatal::File { path, source }
}

/// CRC-32 (IEEE 802.3, as in zip and PNG) over the parts in order.
fn crc32(parts: &[&[u8]]) -> u32 {
    let bytes = parts.iter().flat_map(|part| part.iter());
    !bytes.fold(!0, |crc: u32, byte| crc >> 8 ^ CRC_TABLE[usize::from(crc.to_le_bytes()[0] ^ byte)])
}

const CRC_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index: u32 = 0;
    while index < 256 {
        let mut crc = index;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[index as usize] = crc;
        index += 1;
    }
    table
};
