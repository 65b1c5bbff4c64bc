//! Errors by reaction. Three families besides the user's `Reject`: stop the node, blame the peer, or
//! try again (which is a value of the caller's, not an error).

use std::io::ErrorKind;

use sampan_proto::ids::Height;
use sampan_proto::protocol::UnknownVersion;

/// The node must stop: what is on disk or in memory can no longer be trusted to be what was promised.
/// A restart recovers, or refuses to start and says which command mends it.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
    /// The database failed. A failed write leaves its outcome unknown: never retry on the same handle.
    #[error("database: {0}")]
    Database(#[from] rocksdb::Error),
    /// A file failed: the write-ahead log, a key, the lock.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: std::path::PathBuf,
        /// How.
        source: std::io::Error,
    },
    /// Something on disk is not what this software wrote.
    #[error("damaged store: {0}")]
    Damaged(String),
    /// The consensus library reported a state that must not be.
    #[error("consensus: {0}")]
    Consensus(String),
    /// A part of the node panicked, or ended before it was told to.
    #[error("the node's {0} ended by itself, which is a fault of this software; the rest was stopped with it")]
    Part(&'static str),
    /// Another node runs with the same data or keys.
    #[error("{0}")]
    RunningTwice(String),
    /// Somebody else signs with this node's consensus key.
    #[error(
        "another node votes with this node's consensus key {key}: it spoke at height {height}, where this one did \
         not; this one stops, so that the key does not say two things"
    )]
    SharedKey {
        /// The key, shortened.
        key: String,
        /// Where the other one spoke.
        height: Height,
    },
    /// The next block is executed by rules that this software does not know.
    #[error("block {height} is of another protocol: {unknown}; this node goes no further than the block before it")]
    UnknownProtocol {
        /// Which version, and which ones are known.
        unknown: UnknownVersion,
        /// The first block that cannot be executed here.
        height: Height,
    },
    /// A store of another network: whole, but not ours.
    #[error("{0}")]
    OtherNetwork(String),
}

impl Fatal {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::RunningTwice(_) => "stop the other node first",
            Self::SharedKey { .. } => {
                "stop one of the two for good; the one that is left votes again once newer heights are decided"
            }
            Self::UnknownProtocol { .. } => {
                "install a sampand that knows that version and start it on the same data directory: nothing is lost, and it \
                 goes on from here"
            }
            Self::OtherNetwork(_) => {
                "under `data_dir` name a directory of this network, or an empty one to join it anew; or under \
                 `genesis` the file of the network that the directory belongs to"
            }
            Self::File { source, .. } if matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::FileTooLarge) => {
                "make room on the disk and start the node again: what it promised is there"
            }
            Self::Part(_) => {
                "start the node again: what it promised is there; and report what the log says before this"
            }
            Self::Database(_) | Self::File { .. } | Self::Damaged(_) | Self::Consensus(_) => {
                "if it says the same when it is started again, move the data directory away and put a backup back with \
                 `sampand restore DIR`; without a backup start with an empty one: the node fetches everything from its \
                 peers, and votes again by itself"
            }
        }
    }

    /// Whether the operator can mend it: nothing is broken, something is set up wrongly.
    #[must_use]
    pub const fn is_for_the_operator(&self) -> bool {
        matches!(
            self,
            Self::RunningTwice(_) | Self::SharedKey { .. } | Self::UnknownProtocol { .. } | Self::OtherNetwork(_)
        )
    }
}

/// What a peer did wrong, provably: nobody honest sends this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerFault {
    /// Bytes that are no message of the protocol.
    #[error("malformed message")]
    Malformed,
    /// A signature that does not verify.
    #[error("bad signature")]
    BadSignature,
    /// A message of another network.
    #[error("another network")]
    WrongChain,
    /// A proposal that contradicts itself, or not from its round's proposer.
    #[error("inconsistent proposal")]
    BadProposal,
    /// A block whose certificate or contents do not verify.
    #[error("block does not verify")]
    BadBlock,
    /// A state, or a part of one, that is not what its header or its parent promises.
    #[error("state does not verify")]
    BadSnapshot,
    /// More requests or bytes than the quota allows.
    #[error("over quota")]
    OverQuota,
}
