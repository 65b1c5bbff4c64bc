//! Signatures that held before. Who reads many proofs meets the same ones again: those under a head, a handover, an act
//! of a history.

use std::collections::BTreeSet;

use super::{BadSignature, PublicKey, Signature};
use crate::hash::Hash32;

/// A memory of signatures that held, bounded. Only a verification puts one in, and a signature is found again only by
/// all of its key, its message and its own bytes: so it never turns a no into a yes. What did not hold is not remembered,
/// and what was forgotten is verified again.
#[derive(Debug)]
pub struct Known {
    young: BTreeSet<Hash32>,
    /// The young of before, forgotten all at once when the young are as many as there is room for.
    old: BTreeSet<Hash32>,
    room: usize,
}

impl Known {
    /// A memory that keeps nothing: every signature is verified.
    #[must_use]
    pub const fn nothing() -> Self {
        Self::with_room(0)
    }

    /// A memory of the last `room` signatures, and of at most twice as many; 32 bytes and a place in a tree for each.
    #[must_use]
    pub const fn with_room(room: usize) -> Self {
        Self { young: BTreeSet::new(), old: BTreeSet::new(), room }
    }

    /// [`PublicKey::verify`], unless this very signature held before.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify(&mut self, key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        if self.room == 0 {
            return key.verify(message, signature);
        }
        let name = name(key, message, signature);
        if self.young.contains(&name) {
            return Ok(());
        }
        if !self.old.contains(&name) {
            key.verify(message, signature)?;
        }
        if self.young.len() == self.room {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(name);
        Ok(())
    }
}

/// One name for one key, message and signature. Key and signature are of one length each, so no two triples are the same
/// bytes. It never leaves the process, so it has no domain of its own.
fn name(key: &PublicKey, message: &[u8], signature: &Signature) -> Hash32 {
    let Signature::Ed25519(signature) = signature;
    let mut hasher = blake3::Hasher::new();
    hasher.update(key.as_bytes()).update(signature).update(message);
    Hash32(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SecretKey;

    fn signed(number: u8) -> (PublicKey, [u8; 1], Signature) {
        let key = SecretKey::from_seed([number; 32]);
        (key.public(), [number], key.sign(&[number]))
    }

    #[test]
    fn what_held_is_known_and_nothing_that_differs_in_a_bit() {
        let mut known = Known::with_room(8);
        let (key, message, signature) = signed(1);
        known.verify(&key, &message, &signature).expect("it holds");
        assert_eq!(known.young.len(), 1);
        known.verify(&key, &message, &signature).expect("it is known");
        assert_eq!(known.young.len(), 1);
        let (other, ..) = signed(2);
        assert_eq!(known.verify(&other, &message, &signature), Err(BadSignature));
        assert_eq!(known.verify(&key, b"another", &signature), Err(BadSignature));
        let Signature::Ed25519(bytes) = signature;
        for bit in 0..512 {
            let mut changed = bytes;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(known.verify(&key, &message, &Signature::Ed25519(changed)), Err(BadSignature), "bit {bit}");
        }
        // A byte that moves from the message to the signature is in neither place the same.
        let longer = [&bytes[63..], &message].concat();
        assert_eq!(known.verify(&key, &longer, &signature), Err(BadSignature));
        assert_eq!(known.young.len(), 1, "what did not hold is not remembered");
    }

    #[test]
    fn it_holds_no_more_than_twice_its_room_and_never_forgets_the_newest() {
        let mut known = Known::with_room(4);
        for number in 0..40 {
            let (key, message, signature) = signed(number);
            known.verify(&key, &message, &signature).expect("it holds");
            assert!(known.young.len() <= 4 && known.old.len() <= 4);
            let newest: Vec<_> = (number.saturating_sub(3)..=number).map(signed).collect();
            for (key, message, signature) in &newest {
                let name = name(key, message, signature);
                assert!(known.young.contains(&name) || known.old.contains(&name), "after {number}");
            }
        }
        let mut nothing = Known::nothing();
        let (key, message, signature) = signed(1);
        nothing.verify(&key, &message, &signature).expect("it holds");
        assert!(nothing.young.is_empty() && nothing.old.is_empty());
    }
}
