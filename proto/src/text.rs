//! Short texts in statements: people's reasons, and remarks that only their readers understand.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use borsh::{BorshDeserialize, BorshSerialize};
use data_encoding::BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec;
use crate::doc::is_invisible;
use crate::hash::Hash32;

/// Characters of a [`Note`].
const NOTE_CHARS: usize = 255;
/// Bytes of a sealed remark.
const SEALED_BYTES: usize = 120;

/// One line of 1 to 255 characters in Unicode NFC, each of which shows. Everybody on the network reads it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, Serialize)]
#[serde(transparent)]
pub struct Note(String);

/// The text is no note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a note has 1 to 255 characters in Unicode NFC, on one line, none of them invisible, no blank at either end")]
pub struct NotANote;

impl Note {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Note {
    type Err = NotANote;

    fn from_str(text: &str) -> Result<Self, NotANote> {
        let shows = |c: char| !c.is_control() && !is_invisible(c);
        let fits = (1..=NOTE_CHARS).contains(&text.chars().count()) && text.trim() == text;
        let clean = text.chars().all(shows) && unicode_normalization::is_nfc(text);
        if fits && clean { Ok(Self(text.to_owned())) } else { Err(NotANote) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl BorshDeserialize for Note {
    fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
        let text = String::deserialize_reader(reader)?;
        text.parse().map_err(|NotANote| borsh::io::ErrorKind::InvalidData.into())
    }
}

impl<'de> Deserialize<'de> for Note {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A remark whose words are not for everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sealed {
    /// SHA-256 of a text kept elsewhere.
    Sha256(Hash32),
    /// At most 120 bytes, encrypted by the parties' own means.
    Encrypted(Cipher),
}

/// Encrypted bytes, 1 to 120 of them; text form base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cipher(Vec<u8>);

impl Cipher {
    /// Encrypted bytes; none when they are too many, or none at all.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (1..=SEALED_BYTES).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for Cipher {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Cipher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom("expected 1 to 120 bytes in base64");
        let bytes = codec::from_base64(&text).map_err(|_| wrong())?;
        Self::new(bytes).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_show_what_they_say() {
        for good in ["a", "court order 12/2026", "\u{6d77}\u{5173}\u{67e5}\u{9a8c}", &"x".repeat(255)] {
            assert_eq!(good.parse::<Note>().map(|note| note.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", " a", "a ", "a\nb", "a\u{2028}b", "a\u{2029}b", "a\u{202e}b", "e\u{301}", &"x".repeat(256)] {
            assert_eq!(bad.parse::<Note>(), Err(NotANote), "{bad:?}");
        }
    }

    #[test]
    fn a_sealed_remark_is_small() {
        let read = |bytes: &[u8]| serde_json::from_value::<Cipher>(BASE64.encode(bytes).into());
        assert!(read(&[0; 120]).is_ok() && read(&[0; 121]).is_err() && read(&[]).is_err());
    }
}
