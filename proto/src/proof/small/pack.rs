//! Packing: values in as few bytes as their types allow, each in exactly one way.
//!
//! * A number is written seven bits to a byte, the lowest first; the top bit says that more follow (LEB128).
//! * A yes or no, and whether an optional value is there, is one bit. Bits gather eight to a byte, the least
//!   significant first; the byte stands where the first of them was needed.
//! * A member's id is its length and its text the first time, and later 41 plus its place among the ids so far.
//! * Digests, keys and signatures stand as they are: nothing is truncated.
//!
//! A reader packs again what it has read: bytes that are not what the packer writes are refused.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use borsh::BorshDeserialize;

use crate::doc::{Amount, Currency, Date, Unit};
use crate::hash::Hash32;
use crate::ids::{BodyCommitment, Height, MemberId, RecordId, ReferenceKey};
use crate::limits;
use crate::text::Note;

/// The bytes are not what a packer writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// A type with a packed form.
pub(super) trait Pack: Sized {
    /// Writes it.
    fn pack(&self, out: &mut Packer);
    /// Reads it.
    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Malformed>;
}

/// What is packed so far.
#[derive(Default)]
pub(super) struct Packer {
    bytes: Vec<u8>,
    flags: Option<(usize, u8)>,
    members: Vec<MemberId>,
}

impl Packer {
    /// The bytes.
    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// Bytes as they are.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A number.
    pub(super) fn number(&mut self, value: impl Into<u128>) {
        let mut rest: u128 = value.into();
        while rest > 0x7f {
            self.bytes.push(rest.to_le_bytes()[0] | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest.to_le_bytes()[0]);
    }

    fn bit(&mut self, set: bool) {
        let (place, used) = self.flags.filter(|(_, used)| *used < 8).unwrap_or((self.bytes.len(), 0));
        if used == 0 {
            self.bytes.push(0);
        }
        self.bytes[place] |= u8::from(set) << used;
        self.flags = Some((place, used + 1));
    }
}

/// What is left to unpack.
pub(super) struct Unpacker<'a> {
    bytes: &'a [u8],
    flags: Option<(u8, u8)>,
    members: Vec<MemberId>,
}

impl<'a> Unpacker<'a> {
    /// Everything is left.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, flags: None, members: Vec::new() }
    }

    /// Bytes as they are.
    pub(super) fn raw(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (head, rest) = self.bytes.split_at_checked(count).ok_or(Malformed)?;
        self.bytes = rest;
        Ok(head)
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        self.raw(1).map(|bytes| bytes[0])
    }

    /// A number that fits its type.
    pub(super) fn number<N: TryFrom<u128>>(&mut self) -> Result<N, Malformed> {
        let mut value = 0_u128;
        for shift in (0..u128::BITS).step_by(7) {
            let byte = self.byte()?;
            let part = u128::from(byte & 0x7f);
            if part << shift >> shift != part {
                return Err(Malformed);
            }
            value |= part << shift;
            if byte < 0x80 {
                return N::try_from(value).map_err(|_| Malformed);
            }
        }
        Err(Malformed)
    }

    /// A length: nothing in a receipt is longer than the bytes that are left.
    fn length(&mut self) -> Result<usize, Malformed> {
        let length = self.number()?;
        if length > self.bytes.len() { Err(Malformed) } else { Ok(length) }
    }

    fn text<T: FromStr>(&mut self, length: usize) -> Result<T, Malformed> {
        let text = std::str::from_utf8(self.raw(length)?).map_err(|_| Malformed)?;
        text.parse().map_err(|_| Malformed)
    }

    fn bit(&mut self) -> Result<bool, Malformed> {
        let (byte, used) = match self.flags.filter(|(_, used)| *used < 8) {
            Some(open) => open,
            None => (self.byte()?, 0),
        };
        self.flags = Some((byte, used + 1));
        Ok(byte >> used & 1 == 1)
    }
}

/// Structs: their fields in order.
macro_rules! packed {
    ($($name:ty { $($field:ident),+ $(,)? })+) => {$(
        impl Pack for $name {
            fn pack(&self, out: &mut Packer) {
                $(self.$field.pack(out);)+
            }
            fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Malformed> {
                $(let $field = Pack::unpack(from)?;)+
                Ok(Self { $($field),+ })
            }
        }
    )+};
}

/// Types whose borsh form is short already: digests, enums without fields, countries.
macro_rules! packed_as_borsh {
    ($($name:ty),+ $(,)?) => {$(
        impl Pack for $name {
            fn pack(&self, out: &mut Packer) {
                out.raw(&crate::codec::encode(self));
            }
            fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Malformed> {
                from.borsh()
            }
        }
    )+};
}

pub(super) use {packed, packed_as_borsh};

impl Unpacker<'_> {
    /// A value in borsh.
    pub(super) fn borsh<T: BorshDeserialize>(&mut self) -> Result<T, Malformed> {
        T::deserialize(&mut self.bytes).map_err(|_| Malformed)
    }
}

macro_rules! packed_numbers {
    ($($name:ty),+) => {$(
        impl Pack for $name {
            fn pack(&self, out: &mut Packer) {
                out.number(*self);
            }
            fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Malformed> {
                from.number()
            }
        }
    )+};
}

packed_numbers!(u16, u32, u64);
packed_as_borsh!(Hash32, RecordId, ReferenceKey, BodyCommitment);

impl Pack for Height {
    fn pack(&self, out: &mut Packer) {
        self.0.pack(out);
    }
    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Malformed> {
        from.number().map(Self)
    }
}

impl Pack for bool {
    fn pack(&self, out: &mut Packer) {
        out.bit(*self);
    }
    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Malformed> {
        from.bit()
    }
}

impl<T: Pack> Pack for Option<T> {
    fn pack(&self, out: &mut Packer) {
        out.bit(self.is_some());
        if let Some(value) = self {
            value.pack(out);
        }
    }
    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Malformed> {
        if from.bit()? { T::unpack(from).map(Some) } else { Ok(None) }
    }
}

impl<A: Pack, B: Pack> Pack for (A, B) {
    fn pack(&self, out: &mut Packer) {
        self.0.pack(out);
        self.1.pack(out);
    }
    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Malformed> {
        Ok((A::unpack(from)?, B::unpack(from)?))
    }
}

impl<T: Pack> Pack for Vec<T> {
    fn pack(&self, out: &mut Packer) {
        out.number(self.len() as u64);
        for item in self {
            item.pack(out);
        }
    }
    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Malformed> {
        let count = from.length()?;
        (0..count).map(|_| T::unpack(from)).collect()
    }
}

impl<T: Pack + Ord + Clone> Pack for BTreeSet<T> {
    fn pack(&self, out: &mut Packer) {
        out.number(self.len() as u64);
        for item in self {
            item.pack(out);
        }
    }
    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Malformed> {
        Vec::unpack(from).map(Self::from_iter)
    }
}

impl<K: Pack + Ord, V: Pack> Pack for BTreeMap<K, V> {
    fn pack(&self, out: &mut Packer) {
        out.number(self.len() as u64);
        for (key, value) in self {
            key.pack(out);
            value.pack(out);
        }
    }
    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Malformed> {
        Vec::unpack(from).map(Self::from_iter)
    }
}

/// Where the numbers of ids seen before begin: no id is as long.
const SEEN: usize = limits::MEMBER_ID_CHARS + 1;

impl Pack for MemberId {
    fn pack(&self, out: &mut Packer) {
        if let Some(place) = out.members.iter().position(|member| member == self) {
            out.number((SEEN + place) as u64);
            return;
        }
        out.number(self.as_str().len() as u64);
        out.raw(self.as_str().as_bytes());
        out.members.push(self.clone());
    }
    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Malformed> {
        let number: usize = from.number()?;
        if let Some(place) = number.checked_sub(SEEN) {
            return from.members.get(place).cloned().ok_or(Malformed);
        }
        let member: Self = from.text(number)?;
        from.members.push(member.clone());
        Ok(member)
    }
}

/// Texts: their length and their bytes.
macro_rules! packed_texts {
    ($($name:ty),+) => {$(
        impl Pack for $name {
            fn pack(&self, out: &mut Packer) {
                let text = self.to_string();
                out.number(text.len() as u64);
                out.raw(text.as_bytes());
            }
            fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Malformed> {
                let length = from.length()?;
                from.text(length)
            }
        }
    )+};
}

packed_texts!(Currency, Date, Note, Unit);

impl Pack for Amount {
    /// The zeros at its end are counted, not written: 1250.5 is 12505 and eight of its nine decimals.
    fn pack(&self, out: &mut Packer) {
        let (mut digits, mut zeros) = (self.billionths(), 0_u32);
        while digits != 0 && digits.is_multiple_of(10) {
            digits /= 10;
            zeros += 1;
        }
        out.number(digits);
        out.number(zeros);
    }
    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Malformed> {
        let (digits, zeros): (u128, u32) = (from.number()?, from.number()?);
        let billionths = 10_u128.checked_pow(zeros).and_then(|power| digits.checked_mul(power));
        billionths.and_then(Self::from_billionths).ok_or(Malformed)
    }
}
