//! Backups: the store as of a moment, with a manifest that names every file and its digest, and the genesis file.
//!
//! ```text
//!  backup/  backup.json   what it is, and a BLAKE3 digest of each file
//!           genesis.json  the network's anchor
//!           store/        the database; its right to vote is taken away in the copy
//! ```
//!
//! Keys are not in it, and neither is the write-ahead log: whoever votes from a backup could say what it said otherwise
//! before. So a copy is silent from the moment it is made, by whatever way it is put back, and votes again once newer
//! heights are decided.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use sampan_proto::genesis::Genesis;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{ChainId, HeaderHash, Height};
use serde::{Deserialize, Serialize};

use crate::clock::now_ms;
use crate::control::{self, Order, Reply};
use crate::fault::Fatal;
use crate::setup::GENESIS_FILE;
use crate::store::{Store, Voice};

/// The manifest's name. It is written last: without it there is no backup.
const MANIFEST: &str = "backup.json";
/// The database's folder.
const STORE: &str = "store";
/// Names of copies that are looked at begin so.
const LOOKED_AT: &str = "looked-at.";
/// The version of this layout.
const VERSION: u32 = 1;
/// Memory for the database's cache while it is looked through, in MiB.
const CACHE_MIB: usize = 16;

/// What a backup is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Manifest {
    /// Of this layout.
    pub version: u32,
    /// The network.
    pub chain: ChainId,
    /// The newest block in it.
    pub height: Height,
    /// That block's header; the chain id before the first block.
    pub header: HeaderHash,
    /// When it was made, in Unix milliseconds.
    pub made_ms: u64,
    /// The files of the database, in order of their names.
    pub files: Vec<Kept>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Kept {
    /// Its name.
    pub name: String,
    /// Its BLAKE3 digest.
    pub blake3: Hash32,
}

/// Why a backup was not made or not put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no store to be backed up or looked at.
    #[error("{0} holds no store")]
    Nothing(PathBuf),
    /// Something is there already.
    #[error("{0} is there already")]
    Occupied(PathBuf),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The node that runs could not do it.
    #[error("the node says: {0}")]
    Node(String),
    /// It is no backup, or not one of this version.
    #[error("{path} is no backup: {why}")]
    Unreadable {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file is not what was backed up.
    #[error("{path} is damaged: {why}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// How.
        why: String,
    },
    /// It is of another network than the configuration.
    #[error("the backup is of network {theirs}, the genesis file of {ours}")]
    OtherNetwork {
        /// The backup's.
        theirs: ChainId,
        /// The configuration's.
        ours: ChainId,
    },
    /// The database in it does not add up.
    #[error(transparent)]
    Store(#[from] Fatal),
}

impl BackupError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Nothing(_) => "name the configuration of a node that has run, with `--config`",
            Self::Occupied(_) => "choose another place, or move away what is there: nothing is overwritten",
            Self::File { .. } => "check the path, its permissions, and the room on the disk",
            Self::Node(_) => "see the node's log; a node that is stopped can be backed up too",
            Self::Unreadable { .. } => "name the directory that `sampand backup` made",
            Self::Damaged { .. } => {
                "take another backup; without one start with an empty data directory, and the node fetches everything \
                 from its peers"
            }
            Self::OtherNetwork { .. } => "name the configuration of the network that the backup is of",
            Self::Store(fault) => fault.hint(),
        }
    }

    /// Whether nothing is broken but what the operator named.
    #[must_use]
    pub const fn is_for_the_operator(&self) -> bool {
        match self {
            Self::Store(fault) => fault.is_for_the_operator(),
            Self::File { .. } | Self::Node(_) => false,
            Self::Nothing(_)
            | Self::Occupied(_)
            | Self::Unreadable { .. }
            | Self::Damaged { .. }
            | Self::OtherNetwork { .. } => true,
        }
    }
}

type Outcome<T> = Result<T, BackupError>;

fn at(path: &Path) -> impl FnOnce(io::Error) -> BackupError + '_ {
    |source| BackupError::File { path: path.to_owned(), source }
}

/// Backs up the store in `data` into `to`, whether a node runs on it or not. What is left half done by a crash lies
/// beside `to` under another name.
///
/// # Errors
/// Nothing is at `to` then.
pub fn take(data: &Path, genesis_bytes: &[u8], genesis: &Genesis, to: &Path) -> Outcome<Manifest> {
    is_founded(data)?;
    if to.exists() {
        return Err(BackupError::Occupied(to.to_owned()));
    }
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(at(parent))?;
    // The node may have another working directory.
    let parent = parent.canonicalize().map_err(at(parent))?;
    let draft = parent.join(beside(to, "partial"));
    clear(&draft)?;
    fs::create_dir(&draft).map_err(at(&draft))?;
    let store = draft.join(STORE);
    match control::order(data, &Order::Checkpoint(store.clone())).map_err(at(data))? {
        Some(Reply::Done) => {}
        Some(Reply::Failed(why)) => return Err(BackupError::Node(why)),
        None => Store::open(data, genesis, CACHE_MIB)?.checkpoint(&store)?,
    }
    let (height, header) = silence(&store, genesis)?;
    let files = digests(&store)?;
    let manifest = Manifest { version: VERSION, chain: genesis.chain, height, header, made_ms: now_ms(), files };
    write(&draft.join(GENESIS_FILE), genesis_bytes)?;
    // A struct of strings and numbers always has a JSON form.
    write(&draft.join(MANIFEST), &serde_json::to_vec_pretty(&manifest).unwrap_or_default())?;
    sync(&draft)?;
    fs::rename(&draft, to).map_err(at(to))?;
    sync(&parent)?;
    Ok(manifest)
}

/// Looks at the store in `data` as it is at one moment, whether a node runs on it or not: a node that does makes a copy
/// inside `data`, of links where the file system has them. It is gone afterwards, or with the next if a crash leaves it.
///
/// # Errors
/// Nothing was looked at then.
pub fn look<T>(data: &Path, genesis: &Genesis, cache_mib: usize, at_it: impl FnOnce(&Store) -> T) -> Outcome<T> {
    is_founded(data)?;
    // The node may have another working directory.
    let data = data.canonicalize().map_err(at(data))?;
    let copy = Copy::place(&data)?;
    let store = match control::order(&data, &Order::Checkpoint(copy.store())).map_err(at(&data))? {
        Some(Reply::Done) => Store::open(&copy.store(), genesis, cache_mib),
        Some(Reply::Failed(why)) => return Err(BackupError::Node(why)),
        None => Store::open(&data, genesis, cache_mib),
    };
    Ok(store.map(|store| at_it(&store))?)
}

/// Nothing comes into being by being looked at.
fn is_founded(data: &Path) -> Outcome<()> {
    if Store::is_in(data) { Ok(()) } else { Err(BackupError::Nothing(data.to_owned())) }
}

/// Puts away the copies that a crash left, or whoever interrupted a look; gives how many are being looked at.
///
/// # Errors
/// When they cannot be listed or removed.
pub fn put_away(data: &Path) -> Outcome<usize> {
    let mut looked_at = 0;
    for entry in fs::read_dir(data).map_err(at(data))? {
        let path = entry.map_err(at(data))?.path();
        let is_copy = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(LOOKED_AT));
        // One that cannot be opened was put away this moment.
        let Some(copy) = is_copy.then(|| File::open(&path).ok()).flatten() else { continue };
        if copy.try_lock().is_ok() {
            clear(&path)?;
        } else {
            looked_at += 1;
        }
    }
    Ok(looked_at)
}

/// A copy of a store, for as long as somebody looks at it. The lock on its directory says so.
struct Copy {
    dir: PathBuf,
    _looking: File,
}

impl Copy {
    /// A place for one in the data directory: links do not lead to another file system. Copies that a crash left go
    /// away, those that others look at stay.
    fn place(data: &Path) -> Outcome<Self> {
        // Until this returns: in between, ours is not locked yet and looks as if it had been left.
        let door = File::open(data).map_err(at(data))?;
        door.lock().map_err(at(data))?;
        put_away(data)?;
        let place = |number: u64| data.join(format!("{LOOKED_AT}{number}"));
        let mut number = 0;
        while place(number).exists() {
            number += 1;
        }
        let dir = place(number);
        // A crash from here on leaves a directory that nobody has locked.
        fs::create_dir(&dir).map_err(at(&dir))?;
        let looking = File::open(&dir).map_err(at(&dir))?;
        looking.lock().map_err(at(&dir))?;
        Ok(Self { dir, _looking: looking })
    }

    fn store(&self) -> PathBuf {
        self.dir.join(STORE)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // What cannot be removed goes with the next.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// Puts a backup back as the data directory `data`, which must be empty or not there: every file compared with its
/// digest, the log and the state with their roots.
///
/// # Errors
/// `data` is as it was then.
pub fn restore(from: &Path, genesis: &Genesis, data: &Path) -> Outcome<Manifest> {
    let manifest = read_manifest(&from.join(MANIFEST))?;
    if manifest.chain != genesis.chain {
        return Err(BackupError::OtherNetwork { theirs: manifest.chain, ours: genesis.chain });
    }
    if fs::read_dir(data).is_ok_and(|mut files| files.next().is_some()) {
        return Err(BackupError::Occupied(data.to_owned()));
    }
    let parent = data.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(at(parent))?;
    let draft = parent.join(beside(data, "restoring"));
    clear(&draft)?;
    fs::create_dir(&draft).map_err(at(&draft))?;
    for kept in &manifest.files {
        bring(&from.join(STORE).join(&kept.name), &draft.join(&kept.name), &kept.blake3)?;
    }
    let found = silence(&draft, genesis)?;
    if found != (manifest.height, manifest.header) {
        let why = format!("the manifest says height {}, the database {}", manifest.height, found.0);
        return Err(BackupError::Damaged { path: from.join(MANIFEST), why });
    }
    sync(&draft)?;
    if data.exists() {
        fs::remove_dir(data).map_err(at(data))?;
    }
    // A crash before this line leaves a draft, which the next try removes; after it the directory is whole.
    fs::rename(&draft, data).map_err(at(data))?;
    sync(parent)?;
    Ok(manifest)
}

/// The name of what is not finished yet.
fn beside(path: &Path, what: &str) -> String {
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    format!(".{name}.{what}")
}

/// Removes what an earlier try left.
fn clear(draft: &Path) -> Outcome<()> {
    match fs::remove_dir_all(draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(draft)(error)),
        _ => Ok(()),
    }
}

/// Opens a copy of a store, which compares its roots, and takes its right to vote away. Gives its newest block.
fn silence(dir: &Path, genesis: &Genesis) -> Outcome<(Height, HeaderHash)> {
    let store = Store::open(dir, genesis, CACHE_MIB)?;
    store.set_voice(Voice::Silent)?;
    let tip = store.tip();
    Ok((tip.height, tip.hash))
}

/// The database's files with their digests; not its own log and lock, which it makes anew.
fn digests(dir: &Path) -> Outcome<Vec<Kept>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(at(dir))? {
        let path = entry.map_err(at(dir))?.path();
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        if name == "LOCK" || name.starts_with("LOG") {
            fs::remove_file(&path).map_err(at(&path))?;
            continue;
        }
        let file = File::open(&path).map_err(at(&path))?;
        file.sync_all().map_err(at(&path))?;
        files.push(Kept { name, blake3: digest(&path, &file)? });
    }
    sync(dir)?;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

fn digest(path: &Path, file: &File) -> Outcome<Hash32> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file).map_err(at(path))?;
    Ok(Hash32(*hasher.finalize().as_bytes()))
}

/// Copies a file of a backup, if it is what was backed up.
fn bring(from: &Path, to: &Path, expected: &Hash32) -> Outcome<()> {
    fs::copy(from, to).map_err(at(from))?;
    // What counts is what was written, not what was read.
    let file = File::open(to).map_err(at(to))?;
    file.sync_all().map_err(at(to))?;
    if digest(to, &file)? == *expected {
        return Ok(());
    }
    Err(BackupError::Damaged { path: from.to_owned(), why: "it is not the file that was backed up".to_owned() })
}

fn read_manifest(path: &Path) -> Outcome<Manifest> {
    let unreadable = |why: String| BackupError::Unreadable { path: path.to_owned(), why };
    let bytes = fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
    if manifest.version != VERSION {
        return Err(unreadable(format!("it is of version {}, this is version {VERSION}", manifest.version)));
    }
    let is_name = |kept: &Kept| Path::new(&kept.name).file_name().is_some_and(|name| name == kept.name.as_str());
    match manifest.files.iter().find(|kept| !is_name(kept)) {
        Some(kept) => Err(unreadable(format!("`{}` is no name of a file", kept.name))),
        None => Ok(manifest),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Outcome<()> {
    fs::write(path, bytes).and_then(|()| File::open(path)?.sync_all()).map_err(at(path))
}

/// Makes the names in a directory durable.
fn sync(dir: &Path) -> Outcome<()> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(at(dir))
}
