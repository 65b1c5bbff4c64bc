//! Signed notes (C2SP signed-note): a checkpoint's text and the lines of those who sign it.
//!
//! Any number of parties sign one text, each with a line of its own: `— name base64(key id ‖ signature)`. A reader
//! takes the lines of the keys that it knows and passes over the others.

use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

use super::{Checkpoint, LogAt, ORIGIN};
use crate::block::Header;
use crate::codec;
use crate::hash::Hash32;
use crate::ids::ChainId;
use crate::limits;
use crate::vote::Certificate;

/// What a line of signature begins with: an em dash and a blank.
const DASH: &str = "\u{2014} ";
/// Type of a quorum's signature; `0xff` leaves the name of the type to us.
const QUORUM: &[u8] = b"\xffsampan quorum v1";

/// A checkpoint with signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// By whom, in the order of their lines.
    pub signatures: Vec<Signature>,
}

/// A line of signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// What the signer calls itself.
    pub name: String,
    /// The first bytes of a digest of name and key: tells keys apart, proves nothing.
    pub key_id: [u8; 4],
    /// In the form of the key's type.
    pub bytes: Vec<u8>,
}

/// Why a text is no checkpoint, or not what it seems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNote {
    /// Beyond the limit.
    #[error(
        "a checkpoint has at most {} bytes and {} signatures",
        limits::CHECKPOINT_BYTES,
        limits::CHECKPOINT_SIGNATURES
    )]
    TooLarge,
    /// Not the three lines of a checkpoint.
    #[error("expected three lines: `sampan/<chain id>`, the size, the root in base64; then an empty one")]
    Text,
    /// A line of signature that is none, or no such line at all.
    #[error("expected lines of signature: an em dash, a name, base64")]
    SignatureLine,
    /// The quorum's line is missing, or holds no header with a certificate for it.
    #[error("no header with its certificate stands behind it")]
    NoQuorum,
    /// The quorum's header is of another log than the text.
    #[error("the header behind it commits to another log")]
    OtherLog,
}

impl Checkpoint {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin(), self.log.size, BASE64.encode(self.log.root.as_bytes()))
    }

    fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        let chain: ChainId = lines.next()?.strip_prefix(ORIGIN)?.parse().ok()?;
        let size = lines.next()?.parse().ok()?;
        let root = codec::from_base64(lines.next()?).ok()?.try_into().ok()?;
        let checkpoint = Self { chain, log: LogAt { size, root: Hash32(root) } };
        // Printing back decides: a sign, a leading zero or a fourth line differ.
        (checkpoint.text() == text).then_some(checkpoint)
    }
}

impl Note {
    /// The checkpoint that a decided header stands behind.
    #[must_use]
    pub fn decided(header: &Header, certificate: &Certificate) -> Self {
        let checkpoint = Checkpoint { chain: header.chain, log: LogAt::from(header) };
        let name = checkpoint.origin();
        let key_id = key_id(&name, &[QUORUM, header.chain.0.as_bytes()].concat());
        let bytes = codec::encode(&(header, certificate));
        Self { checkpoint, signatures: vec![Signature { name, key_id, bytes }] }
    }

    /// Reads the text of a signed checkpoint.
    ///
    /// # Errors
    /// It is not of this form; whether a signature holds is for those who know its key.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadNote> {
        if bytes.len() > limits::CHECKPOINT_BYTES {
            return Err(BadNote::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| BadNote::Text)?;
        // The empty line belongs to neither side.
        let (body, lines) = text.split_once("\n\n").ok_or(BadNote::Text)?;
        let checkpoint = Checkpoint::from_text(&format!("{body}\n")).ok_or(BadNote::Text)?;
        let lines = lines.strip_suffix('\n').ok_or(BadNote::SignatureLine)?;
        let signatures: Option<Vec<_>> = lines.split('\n').map(Signature::from_line).collect();
        let signatures = signatures.ok_or(BadNote::SignatureLine)?;
        if signatures.len() > limits::CHECKPOINT_SIGNATURES {
            return Err(BadNote::TooLarge);
        }
        Ok(Self { checkpoint, signatures })
    }

    /// The header and certificate behind the checkpoint. That the certificate holds is for the roster to say.
    ///
    /// # Errors
    /// There is none, or it commits to another log.
    pub fn quorum(&self) -> Result<(Header, Certificate), BadNote> {
        let name = self.checkpoint.origin();
        let key_id = key_id(&name, &[QUORUM, self.checkpoint.chain.0.as_bytes()].concat());
        let line = self.signatures.iter().find(|line| line.name == name && line.key_id == key_id);
        let (header, certificate): (Header, Certificate) =
            codec::decode(&line.ok_or(BadNote::NoQuorum)?.bytes, limits::CHECKPOINT_BYTES)
                .map_err(|_| BadNote::NoQuorum)?;
        if certificate.block != header.hash() || certificate.height != header.height {
            return Err(BadNote::NoQuorum);
        }
        if header.chain != self.checkpoint.chain || LogAt::from(&header) != self.checkpoint.log {
            return Err(BadNote::OtherLog);
        }
        Ok((header, certificate))
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.checkpoint.text())?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl std::fmt::Display for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = [self.key_id.as_slice(), &self.bytes].concat();
        write!(f, "{DASH}{} {}", self.name, BASE64.encode(&bytes))
    }
}

impl Signature {
    fn from_line(line: &str) -> Option<Self> {
        let (name, bytes) = line.strip_prefix(DASH)?.split_once(' ')?;
        let bytes = codec::from_base64(bytes).ok()?;
        let (key_id, bytes) = bytes.split_first_chunk::<4>()?;
        let good = is_key_name(name) && !bytes.is_empty();
        good.then(|| Self { name: name.to_owned(), key_id: *key_id, bytes: bytes.to_vec() })
    }
}

/// Whether a text may name a key: not empty, no blank, no plus (C2SP signed-note).
pub(super) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|sign| sign == '+' || sign.is_whitespace() || sign.is_control())
}

/// `SHA-256(name ‖ newline ‖ type and key)`, its first four bytes.
pub(super) fn key_id(name: &str, typed_key: &[u8]) -> [u8; 4] {
    let mut digest = Sha256::new();
    digest.update(name.as_bytes());
    digest.update(b"\n");
    digest.update(typed_key);
    let digest: [u8; 32] = digest.finalize().into();
    [digest[0], digest[1], digest[2], digest[3]]
}
