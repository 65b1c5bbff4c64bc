//! Keys and signatures: Ed25519 (RFC 8032), strict verification only, a suite tag for later ones.
//!
//! Strict means the equation of `SPEC.md` exactly as written: no batch, no cofactor. Nodes that
//! accepted by different equations would disagree about a crafted signature, and fork.

mod known;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use borsh::{BorshDeserialize, BorshSerialize};
use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroize;

pub use known::Known;

use crate::codec;

/// A public key. Text form `ed25519:` and 64 hexadecimal digits; the borsh tag is the suite.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub enum PublicKey {
    /// Ed25519: the compressed Edwards point, 32 bytes.
    Ed25519([u8; 32]),
}

/// A signature by a key of the same suite. Text form base64; the borsh tag is the suite.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub enum Signature {
    /// Ed25519: R and S, 64 bytes.
    Ed25519([u8; 64]),
}

/// The signature is not this key's over these bytes, by the strict equation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("signature does not verify")]
pub struct BadSignature;

/// Why a public key may not enter the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Not `ed25519:` and 64 lowercase hexadecimal digits.
    #[error("expected `ed25519:` and 64 lowercase hexadecimal digits")]
    Syntax,
    /// The bytes are no point of the curve.
    #[error("not a point of the curve")]
    NotAPoint,
    /// The point has a second spelling, which another implementation might prefer.
    #[error("not the canonical encoding of its point")]
    NotCanonical,
    /// The point is of small order or has a torsion part: signatures under it prove nothing.
    #[error("the point is not in the prime-order group")]
    Torsion,
}

impl PublicKey {
    /// Verifies strictly (RFC 8032 without cofactor, small-order points refused).
    ///
    /// # Errors
    /// [`BadSignature`]; also when the key is no point of the curve.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        let (Self::Ed25519(key), Signature::Ed25519(signature)) = (self, signature);
        let key = VerifyingKey::from_bytes(key).map_err(|_| BadSignature)?;
        key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).map_err(|_| BadSignature)
    }

    /// What the registry asks of a key on top of being a point: one spelling, prime order.
    pub fn check_admissible(&self) -> Result<(), BadKey> {
        let Self::Ed25519(bytes) = self;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| BadKey::NotAPoint)?;
        let point = key.to_edwards();
        if point.compress().as_bytes() != bytes {
            return Err(BadKey::NotCanonical);
        }
        if key.is_weak() || !point.is_torsion_free() {
            return Err(BadKey::Torsion);
        }
        Ok(())
    }

    /// The same point on the Montgomery curve (RFC 7748), which keys are agreed on with; none when the bytes are no point.
    #[must_use]
    pub fn agreement(&self) -> Option<[u8; 32]> {
        let Self::Ed25519(bytes) = self;
        VerifyingKey::from_bytes(bytes).ok().map(|key| key.to_montgomery().to_bytes())
    }

    /// The key's bytes, without the suite tag.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        let Self::Ed25519(bytes) = self;
        bytes
    }

    /// Eight hexadecimal digits, for people and logs; never for comparison.
    #[must_use]
    pub fn short(&self) -> String {
        HEXLOWER.encode(&self.as_bytes()[..4])
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ed25519:{}", HEXLOWER.encode(self.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

impl FromStr for PublicKey {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<Self, BadKey> {
        let digits = text.strip_prefix("ed25519:").ok_or(BadKey::Syntax)?;
        let bytes = HEXLOWER.decode(digits.as_bytes()).map_err(|_| BadKey::Syntax)?;
        bytes.try_into().map(Self::Ed25519).map_err(|_| BadKey::Syntax)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Ed25519(bytes) = self;
        f.write_str(&HEXLOWER.encode(&bytes[..4]))
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self::Ed25519(bytes) = self;
        serializer.serialize_str(&BASE64.encode(bytes))
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        let bytes = codec::from_base64(&text).map_err(|_| serde::de::Error::custom("expected base64"))?;
        bytes.try_into().map(Self::Ed25519).map_err(|_| serde::de::Error::custom("expected 64 bytes"))
    }
}

/// A secret key. Wiped when dropped, never printed.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// The key of a 32-byte seed, which the caller draws from the operating system's randomness.
    #[must_use]
    pub fn from_seed(mut seed: [u8; 32]) -> Self {
        let key = Self(SigningKey::from_bytes(&seed));
        seed.zeroize();
        key
    }

    /// The seed, for writing a key file.
    #[must_use]
    pub fn seed(&self) -> zeroize::Zeroizing<[u8; 32]> {
        zeroize::Zeroizing::new(self.0.to_bytes())
    }

    /// The scalar behind [`PublicKey::agreement`].
    #[must_use]
    pub fn agreement(&self) -> zeroize::Zeroizing<[u8; 32]> {
        zeroize::Zeroizing::new(self.0.to_scalar_bytes())
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey::Ed25519(self.0.verifying_key().to_bytes())
    }

    /// Signs bytes (RFC 8032, deterministic).
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature::Ed25519(self.0.sign(message).to_bytes())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.public().short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_binds_key_message_and_every_bit() {
        let key = SecretKey::from_seed([7; 32]);
        let signature = key.sign(b"bill");
        assert_eq!(key.public().verify(b"bill", &signature), Ok(()));
        assert_eq!(key.public().verify(b"bell", &signature), Err(BadSignature));
        assert_eq!(SecretKey::from_seed([8; 32]).public().verify(b"bill", &signature), Err(BadSignature));
        let Signature::Ed25519(bytes) = signature;
        for bit in 0..512 {
            let mut changed = bytes;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key.public().verify(b"bill", &Signature::Ed25519(changed)), Err(BadSignature), "bit {bit}");
        }
    }

    #[test]
    fn the_registry_refuses_keys_that_prove_nothing() {
        assert_eq!(SecretKey::from_seed([7; 32]).public().check_admissible(), Ok(()));
        // The identity, a point of order 8 (RFC 8032 curve constants), and a non-canonical y = p + 1.
        let identity = PublicKey::Ed25519({
            let mut b = [0; 32];
            b[0] = 1;
            b
        });
        assert_eq!(identity.check_admissible(), Err(BadKey::Torsion));
        let order_8 = "ed25519:c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";
        assert_eq!(order_8.parse::<PublicKey>().expect("syntax").check_admissible(), Err(BadKey::Torsion));
        let mut non_canonical = [0xff; 32];
        non_canonical[0] = 0xee;
        non_canonical[31] = 0x7f;
        assert_eq!(PublicKey::Ed25519(non_canonical).check_admissible(), Err(BadKey::NotCanonical));
        assert_eq!("ed25519:AA".parse::<PublicKey>(), Err(BadKey::Syntax));
    }

    #[test]
    fn a_prime_order_key_with_a_torsion_part_added_is_refused() {
        use ed25519_dalek::VerifyingKey;
        let honest = SigningKey::from_bytes(&[9; 32]).verifying_key().to_edwards();
        let order_8: PublicKey =
            "ed25519:c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a".parse().expect("syntax");
        let torsion = VerifyingKey::from_bytes(order_8.as_bytes()).expect("point").to_edwards();
        let mixed = PublicKey::Ed25519((honest + torsion).compress().to_bytes());
        assert_eq!(mixed.check_admissible(), Err(BadKey::Torsion));
    }
}
