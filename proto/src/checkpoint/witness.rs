//! Witnesses: whoever has seen a checkpoint, checked that it grew out of the last one, and says so (C2SP
//! cosignature/v1, Ed25519). An outside witness makes a rewrite visible that the whole roster takes part in.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};

use super::Checkpoint;
use super::note::{Signature, is_key_name, key_id};
use crate::codec;
use crate::keys::{self, PublicKey, SecretKey};

/// Type of a witness's Ed25519 key in C2SP signed-note.
const COSIGNATURE: u8 = 4;

/// A witness as a verifier knows it. Text form as in C2SP: `name+key id+base64(type ‖ key)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessKey {
    name: String,
    key: PublicKey,
}

/// The text is not the key of a witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a witness key `name+key id+base64`, as `sampan witness new` prints it")]
pub struct NotAWitnessKey;

impl WitnessKey {
    /// A witness by its name, which has no blank and no plus, and its key.
    ///
    /// # Errors
    /// The name is none, or the key may not be used: not a point, weak, or with a second spelling.
    pub fn new(name: &str, key: PublicKey) -> Result<Self, NotAWitnessKey> {
        if !is_key_name(name) || key.check_admissible().is_err() {
            return Err(NotAWitnessKey);
        }
        Ok(Self { name: name.to_owned(), key })
    }

    /// What it calls itself.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a line is by this witness, and when it says to have seen the checkpoint, in Unix seconds. None when
    /// the line is of another key, or does not hold.
    #[must_use]
    pub fn seen(&self, checkpoint: &Checkpoint, line: &Signature) -> Option<u64> {
        let ours = line.name == self.name && line.key_id == self.id();
        let (time, signature) = line.bytes.split_first_chunk::<8>().filter(|_| ours)?;
        let time = u64::from_be_bytes(*time);
        let signature = keys::Signature::Ed25519(signature.try_into().ok()?);
        self.key.verify(&message(checkpoint, time), &signature).ok().map(|()| time)
    }

    fn id(&self) -> [u8; 4] {
        key_id(&self.name, &typed(&self.key))
    }
}

impl Signature {
    /// A witness says that it saw the checkpoint at a time, in Unix seconds. What it must have checked before is not
    /// this function's to know.
    #[must_use]
    pub fn cosign(checkpoint: &Checkpoint, witness: &WitnessKey, key: &SecretKey, time: u64) -> Self {
        let keys::Signature::Ed25519(signature) = key.sign(&message(checkpoint, time));
        let bytes = [time.to_be_bytes().as_slice(), &signature].concat();
        Self { name: witness.name.clone(), key_id: witness.id(), bytes }
    }
}

/// What is signed.
fn message(checkpoint: &Checkpoint, time: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {time}\n{}", checkpoint.text()).into_bytes()
}

fn typed(key: &PublicKey) -> [u8; 33] {
    let mut typed = [COSIGNATURE; 33];
    typed[1..].copy_from_slice(key.as_bytes());
    typed
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}+{}", self.name, HEXLOWER.encode(&self.id()), BASE64.encode(&typed(&self.key)))
    }
}

impl FromStr for WitnessKey {
    type Err = NotAWitnessKey;

    fn from_str(text: &str) -> Result<Self, NotAWitnessKey> {
        let read = || {
            let (name, rest) = text.split_once('+')?;
            let (_, key) = rest.split_once('+')?;
            let typed = codec::from_base64(key).ok()?;
            let (kind, key) = typed.split_first()?;
            let key = PublicKey::Ed25519(key.try_into().ok()?);
            (*kind == COSIGNATURE).then(|| Self::new(name, key).ok())?
        };
        // Printing back decides: another id than that of name and key differs.
        read().filter(|key| key.to_string() == text).ok_or(NotAWitnessKey)
    }
}
