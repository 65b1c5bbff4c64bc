//! An archive: a whole chain in one file, to be kept and read without any node.
//!
//! ```text
//!   "sampan archive 1\n"  genesis  block 1  block 2  …  block n  end
//!                         └──── each a frame: its length (u32, little-endian), then borsh ────┘
//! ```
//!
//! Everything in it is signed by somebody or leads to what is, so the file needs no checksum: [`crate::audit`] is
//! its check. The last frame says where it ends, so that a file cut short between two frames is no archive.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::block::Block;
use crate::codec;
use crate::ids::{HeaderHash, Height};
use crate::limits;

/// What the file begins with.
pub const MAGIC: &[u8] = b"sampan archive 1\n";
/// Bytes of a frame's length.
pub const LENGTH_BYTES: usize = 4;

/// A piece of the file.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Frame {
    /// The genesis file, byte by byte. The first frame.
    Genesis(Vec<u8>),
    /// A decided block. From height 1 on, none left out.
    Block(Box<Block>),
    /// Nothing comes after it.
    End(End),
}

/// Where an archive ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct End {
    /// Height of the last block; 0 when there is none.
    pub height: Height,
    /// Its name; the chain id when there is none.
    pub block: HeaderHash,
    /// Bodies in the archive.
    pub bodies: u64,
}

/// Why bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    /// Longer than any frame.
    #[error("a frame of {0} bytes is longer than any")]
    TooLong(u32),
    /// Not the encoding of a frame.
    #[error("not the encoding of a frame")]
    Malformed,
}

impl Frame {
    /// The frame with its length before it; none when the format holds no frame of this size.
    #[must_use]
    pub fn encode(&self) -> Option<Vec<u8>> {
        let bytes = codec::encode(self);
        let length =
            u32::try_from(bytes.len()).ok().filter(|length| *length as usize <= limits::ARCHIVE_FRAME_BYTES)?;
        Some([length.to_le_bytes().as_slice(), &bytes].concat())
    }

    /// How many bytes follow a length.
    pub fn length(bytes: [u8; LENGTH_BYTES]) -> Result<usize, BadFrame> {
        let length = u32::from_le_bytes(bytes);
        if length as usize > limits::ARCHIVE_FRAME_BYTES {
            return Err(BadFrame::TooLong(length));
        }
        Ok(length as usize)
    }

    /// Reads the bytes behind a length.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadFrame> {
        codec::decode(bytes, limits::ARCHIVE_FRAME_BYTES).map_err(|_| BadFrame::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash32;

    #[test]
    fn frames_come_back_and_lengths_are_judged_first() {
        let end = Frame::End(End { height: Height(3), block: HeaderHash(Hash32([7; 32])), bodies: 2 });
        for frame in [Frame::Genesis(b"{}".to_vec()), end] {
            let bytes = frame.encode().expect("small");
            let (length, rest) = bytes.split_first_chunk().expect("a length");
            assert_eq!(Frame::length(*length), Ok(rest.len()));
            assert_eq!(Frame::decode(rest).as_ref(), Ok(&frame));
            assert_eq!(Frame::decode(&rest[1..]), Err(BadFrame::Malformed));
        }
        assert_eq!(Frame::length([0xff; 4]), Err(BadFrame::TooLong(u32::MAX)));
    }
}
