//! The one way in for binary objects: borsh, capped before decoding, nothing left over; in text, base64 in its one spelling.

use borsh::{BorshDeserialize, BorshSerialize};
use data_encoding::BASE64;

/// Bytes that are not the encoding of the expected object: the sender's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Longer than the object may be.
    #[error("{size} bytes, at most {limit} allowed")]
    TooLarge {
        /// Bytes received.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not the canonical encoding of this type, cut short, or with bytes left over.
    #[error("not a canonical encoding")]
    Malformed,
}

/// Decodes exactly one object of at most `limit` bytes.
pub fn decode<T: BorshDeserialize>(bytes: &[u8], limit: usize) -> Result<T, DecodeError> {
    if bytes.len() > limit {
        return Err(DecodeError::TooLarge { size: bytes.len(), limit });
    }
    borsh::from_slice(bytes).map_err(|_| DecodeError::Malformed)
}

/// Encodes an object canonically.
#[must_use]
pub fn encode<T: BorshSerialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A `Vec` accepts every write, and none of our collections exceeds borsh's 2^32 items.
    let written = borsh::to_writer(&mut bytes, value);
    debug_assert!(written.is_ok());
    bytes
}

/// Decodes standard base64 (RFC 4648) with its padding and zero spare bits. The library by itself also takes several
/// padded texts in a row for one, which nobody writes and other readers refuse.
pub fn from_base64(text: &str) -> Result<Vec<u8>, DecodeError> {
    let whole = !text.trim_end_matches('=').contains('=');
    BASE64.decode(text.as_bytes()).ok().filter(|_| whole).ok_or(DecodeError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_one_spelling() {
        for bytes in [&b""[..], b"a", b"ab", b"abc", b"abcd"] {
            assert_eq!(from_base64(&BASE64.encode(bytes)).as_deref(), Ok(bytes));
        }
        assert_eq!(BASE64.decode(b"YQ==YQ==").as_deref(), Ok(&b"aa"[..]), "what the library takes");
        for bad in ["YQ==YQ==", "YWI=YQ==", "YQ==YWJj", "YQ", "YQ=", "YR==", "YQ==\n", "Y-_=", "===="] {
            assert_eq!(from_base64(bad), Err(DecodeError::Malformed), "{bad}");
        }
    }

    #[test]
    fn decoding_is_capped_and_strict() {
        let bytes = encode(&(1u64, vec![2u8, 3]));
        assert_eq!(decode::<(u64, Vec<u8>)>(&bytes, bytes.len()), Ok((1, vec![2, 3])));
        assert_eq!(decode::<(u64, Vec<u8>)>(&bytes, 5), Err(DecodeError::TooLarge { size: bytes.len(), limit: 5 }));
        let longer = [bytes.as_slice(), &[0]].concat();
        assert_eq!(decode::<(u64, Vec<u8>)>(&longer, 100), Err(DecodeError::Malformed));
        assert_eq!(decode::<(u64, Vec<u8>)>(&bytes[..bytes.len() - 1], 100), Err(DecodeError::Malformed));
    }
}
