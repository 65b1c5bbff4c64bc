//! Keys on disk: read only when nobody else can read them, written once, never overwritten.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use sampan_proto::ids::MemberId;
use sampan_proto::json::JsonError;
use sampan_proto::keyfile::{KEY_FILE_BYTES, KeyFile};
use sampan_proto::keys::SecretKey;
use sampan_proto::member::Purpose;
use zeroize::Zeroizing;

use crate::config::Config;

/// Why a key file was not read or not written.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("key file {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Others than its owner can read it.
    #[error("key file {path} can be read by others than its owner (mode {mode:03o})")]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Not the JSON of a key file, or damaged.
    #[error("key file {path}: {source}")]
    Format {
        /// Which file.
        path: PathBuf,
        /// Where and what.
        source: JsonError,
    },
    /// A key for something else.
    #[error("key file {path} holds a {found} key where a {expected} key is needed")]
    Purpose {
        /// Which file.
        path: PathBuf,
        /// What is needed.
        expected: &'static str,
        /// What it holds.
        found: &'static str,
    },
    /// The consensus and the network key belong to two members.
    #[error("the network key is `{network}`'s, the consensus key is `{consensus}`'s")]
    Strangers {
        /// Whose network key.
        network: MemberId,
        /// Whose consensus key.
        consensus: MemberId,
    },
    /// There is a file already.
    #[error("{path} exists already, and key files are never overwritten")]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("writing {path}: {source}")]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The operating system gave no randomness.
    #[error("no randomness from the operating system: {0}")]
    Randomness(String),
}

impl KeyError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Read { .. } => "check the path under [keys] in sampand.toml; `sampand init` makes keys".to_owned(),
            Self::Exposed { path, .. } => format!("make it private: chmod 600 {}", path.display()),
            Self::Format { .. } => "restore the file from a backup; never edit it by hand".to_owned(),
            Self::Purpose { .. } => "correct the paths under [keys] in sampand.toml".to_owned(),
            Self::Strangers { .. } => "use the keys that one `sampand init` made together".to_owned(),
            Self::Exists { .. } => "choose another directory, or move the old file away first".to_owned(),
            Self::Write { .. } => "check that the directory exists and can be written".to_owned(),
            Self::Randomness(_) => "check that the system provides getrandom or /dev/urandom".to_owned(),
        }
    }
}

/// Who a node is: the keys that it runs with.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The member that runs it, where the key file says so.
    pub member: Option<MemberId>,
    /// Its key on the peer-to-peer network.
    pub network: SecretKey,
    /// The key that votes; none on a node that only follows.
    pub consensus: Option<SecretKey>,
}

impl Identity {
    /// Reads the key files that a configuration names.
    pub fn load(config: &Config) -> Result<Self, KeyError> {
        let network = load(&config.keys.network, Purpose::Network)?;
        let consensus = match &config.keys.consensus {
            Some(path) => Some(load(path, Purpose::Consensus)?),
            None => None,
        };
        let voter = consensus.as_ref().and_then(|key| key.member.clone());
        if let (Some(network), Some(consensus)) = (&network.member, &voter)
            && network != consensus
        {
            return Err(KeyError::Strangers { network: network.clone(), consensus: consensus.clone() });
        }
        let member = network.member.or(voter);
        Ok(Self { member, network: network.secret, consensus: consensus.map(|key| key.secret) })
    }
}

/// Reads the key file at `path`, which must be for `purpose` and private to its owner.
pub fn load(path: &Path, purpose: Purpose) -> Result<KeyFile, KeyError> {
    let read = |source| KeyError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(read)?;
    check_private(&file, path)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_FILE_BYTES + 1));
    file.take(KEY_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(read)?;
    let key = KeyFile::from_json(&bytes).map_err(|source| KeyError::Format { path: path.to_owned(), source })?;
    if key.purpose == purpose {
        Ok(key)
    } else {
        let (expected, found) = (word(purpose), word(key.purpose));
        Err(KeyError::Purpose { path: path.to_owned(), expected, found })
    }
}

/// Writes a new key file that only its owner can read.
pub fn create(path: &Path, key: &KeyFile) -> Result<(), KeyError> {
    let write = |source| KeyError::Write { path: path.to_owned(), source };
    let mut file = private().open(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::AlreadyExists => KeyError::Exists { path: path.to_owned() },
        _ => write(source),
    })?;
    file.write_all(&key.to_json()).map_err(write)?;
    file.sync_all().map_err(write)
}

/// A new key from the operating system's randomness.
pub fn generate() -> Result<SecretKey, KeyError> {
    random().map(SecretKey::from_seed)
}

/// 32 bytes of the operating system's randomness.
pub fn random() -> Result<[u8; 32], KeyError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|e| KeyError::Randomness(e.to_string()))?;
    Ok(bytes)
}

const fn word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Statement => "statement",
        Purpose::Consensus => "consensus",
        Purpose::Network => "network",
        Purpose::Governance => "governance",
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// What a file's mode grants to its group and to others.
#[cfg(unix)]
const OTHERS: u32 = 0o077;

/// Judges the open file, not the path: nobody can swap it in between.
#[cfg(unix)]
fn check_private(file: &File, path: &Path) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;
    let read = |source| KeyError::Read { path: path.to_owned(), source };
    let mode = file.metadata().map_err(read)?.permissions().mode() & 0o777;
    if mode & OTHERS == 0 { Ok(()) } else { Err(KeyError::Exposed { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn check_private(_: &File, _: &Path) -> Result<(), KeyError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(purpose: Purpose) -> KeyFile {
        let member = Some("cn-customs".parse().expect("id"));
        KeyFile { member, purpose, secret: SecretKey::from_seed([3; 32]), pepper: None }
    }

    #[test]
    fn a_key_is_written_once_and_read_for_its_purpose() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("network.key.json");
        create(&path, &key(Purpose::Network)).expect("written");
        assert_eq!(load(&path, Purpose::Network).expect("read").secret.public(), key(Purpose::Network).secret.public());
        assert!(matches!(create(&path, &key(Purpose::Network)), Err(KeyError::Exists { .. })));
        let wrong = load(&path, Purpose::Consensus).expect_err("a network key does not vote");
        assert!(wrong.to_string().contains("network key where a consensus key"), "{wrong}");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused_with_the_command_that_mends_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("network.key.json");
        create(&path, &key(Purpose::Network)).expect("written");
        let mode = |path: &Path| std::fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        for exposed in [0o640, 0o604, 0o660] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(exposed)).expect("chmod");
            let error = load(&path, Purpose::Network).expect_err("exposed");
            assert!(error.hint().starts_with("make it private: chmod 600"), "{error}");
        }
    }

    #[test]
    fn damage_is_named_by_its_path() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("network.key.json");
        create(&path, &key(Purpose::Network)).expect("written");
        let text = std::fs::read_to_string(&path).expect("text").replacen("\"version\": 1", "\"version\": 9", 1);
        std::fs::write(&path, text).expect("written");
        assert!(load(&path, Purpose::Network).expect_err("version").to_string().contains("$.version"));
        let missing = load(&dir.path().join("none"), Purpose::Network).expect_err("missing");
        assert!(missing.hint().contains("sampand init"));
    }
}
