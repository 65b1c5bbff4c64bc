//! Remarks for one reader: sealed to the statement key of a member, so that the ledger keeps bytes that only this
//! member opens. HPKE (RFC 9180) in base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305; the key
//! that signs, as a point of the Montgomery curve, is the one that opens. The record and the network are bound in: a
//! remark that somebody moves elsewhere opens nowhere.

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _};
use sampan_proto::ids::{ChainId, RecordId};
use sampan_proto::keys::{PublicKey, SecretKey};
use sampan_proto::text::Cipher;

use crate::failure::Failure;

type PublicHalf = <X25519HkdfSha256 as Kem>::PublicKey;
type PrivateHalf = <X25519HkdfSha256 as Kem>::PrivateKey;
type Encapped = <X25519HkdfSha256 as Kem>::EncappedKey;

/// Bytes of the encapsulated key, which stands first.
const ENCAPPED_BYTES: usize = 32;
/// Bytes of a remark: what 120 leave beside the encapsulated key and the tag.
const REMARK_BYTES: usize = 72;

/// Where the remark stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The network.
    pub(crate) chain: ChainId,
    /// The record.
    pub(crate) record: RecordId,
}

impl Place {
    fn info(self) -> Vec<u8> {
        [b"sampan v1 remark".as_slice(), self.chain.0.as_bytes(), self.record.0.as_bytes()].concat()
    }
}

/// Seals a remark to a member's statement key.
pub(crate) fn seal(text: &str, reader: &PublicKey, place: Place) -> Result<Cipher, Failure> {
    if text.is_empty() || text.len() > REMARK_BYTES {
        return Err(Failure::refused(format!(
            "a sealed remark has 1 to {REMARK_BYTES} bytes, this one {}",
            text.len()
        ))
        .hint("keep the words in a file, and leave its digest with `--file`"));
    }
    let unusable = || Failure::refused("the reader's key is none to seal with");
    let point = reader.agreement().ok_or_else(unusable)?;
    let reader = PublicHalf::from_bytes(&point).map_err(|_| unusable())?;
    let sealed = hpke::single_shot_seal::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &reader,
        &place.info(),
        text.as_bytes(),
        &[],
    );
    let (encapped, sealed) = sealed.map_err(|error| Failure::unexpected("the remark cannot be sealed").why(error))?;
    let bytes = [encapped.to_bytes().as_slice(), &sealed].concat();
    Cipher::new(bytes).ok_or_else(|| Failure::unexpected("the sealed remark has another size than it should"))
}

/// Opens a remark; none when it is for somebody else.
pub(crate) fn open(cipher: &Cipher, key: &SecretKey, place: Place) -> Option<String> {
    let (encapped, sealed) = cipher.as_bytes().split_at_checked(ENCAPPED_BYTES)?;
    let opened = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &PrivateHalf::from_bytes(key.agreement().as_slice()).ok()?,
        &Encapped::from_bytes(encapped).ok()?,
        &place.info(),
        sealed,
        &[],
    );
    String::from_utf8(opened.ok()?).ok()
}

#[cfg(test)]
mod tests {
    use sampan_proto::hash::Hash32;

    use super::*;

    #[test]
    fn a_remark_opens_for_its_reader_in_its_place_and_nowhere_else() {
        let (reader, other) = (SecretKey::from_seed([7; 32]), SecretKey::from_seed([8; 32]));
        let place = Place { chain: ChainId(Hash32([1; 32])), record: RecordId(Hash32([2; 32])) };
        let text = "Überweisung bis 30. 11., sonst Rückgabe";
        let cipher = seal(text, &reader.public(), place).expect("sealed");
        assert_eq!(open(&cipher, &reader, place).as_deref(), Some(text));
        assert_eq!(open(&cipher, &other, place), None);
        assert_eq!(open(&cipher, &reader, Place { record: RecordId(Hash32([3; 32])), ..place }), None);
        assert_eq!(open(&cipher, &reader, Place { chain: ChainId(Hash32([3; 32])), ..place }), None);
        for at in 0..cipher.as_bytes().len() {
            let mut bytes = cipher.as_bytes().to_vec();
            bytes[at] ^= 1;
            assert_eq!(open(&Cipher::new(bytes).expect("bytes"), &reader, place), None, "byte {at}");
        }
        let again = seal(text, &reader.public(), place).expect("sealed");
        assert_ne!(again, cipher, "the same words look different each time");
    }

    #[test]
    fn a_remark_has_its_size() {
        let reader = SecretKey::from_seed([7; 32]);
        let place = Place { chain: ChainId(Hash32([1; 32])), record: RecordId(Hash32([2; 32])) };
        assert!(seal(&"x".repeat(REMARK_BYTES), &reader.public(), place).is_ok());
        assert!(seal(&"x".repeat(REMARK_BYTES + 1), &reader.public(), place).is_err());
        assert!(seal("", &reader.public(), place).is_err());
        assert_eq!(open(&Cipher::new(vec![0; 20]).expect("bytes"), &reader, place), None);
    }
}
