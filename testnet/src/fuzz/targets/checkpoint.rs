//! Signed checkpoints. What is read is written back to the byte; a quorum behind one is the quorum that decided that block, and
//! a witness's line holds for the checkpoint that it saw, at the time when it saw it, and for no other.

use anyhow::{Context, Result};
use sampan_proto::checkpoint::{Note, Signature, WitnessKey};
use sampan_proto::ids::HeaderHash;
use sampan_proto::keys::SecretKey;

use super::Target;
use crate::fuzz::vectors;
use crate::sim::Alone;

/// When the witness saw the checkpoint, in Unix seconds.
const SEEN_S: u64 = 1_790_000_100;

pub(super) struct Checkpoints {
    alone: Alone,
    witness: WitnessKey,
    honest: Note,
    decided: HeaderHash,
}

impl Checkpoints {
    pub(super) fn open() -> Result<Self> {
        let alone = Alone::live()?;
        let key = SecretKey::from_seed([0x77; 32]);
        let witness = WitnessKey::new("port.example", key.public())?;
        let mut honest = alone.store()?.reader().checkpoint()?.context("a checkpoint")?;
        honest.signatures.push(Signature::cosign(&honest.checkpoint, &witness, &key, SEEN_S));
        let decided = honest.quorum()?.0.hash();
        Ok(Self { alone, witness, honest, decided })
    }
}

impl Target for Checkpoints {
    fn seeds(&self) -> Vec<Vec<u8>> {
        let golden = ["tests/golden/checkpoint.txt", "tests/golden/cosigned.txt"];
        let golden = golden.into_iter().filter_map(|path| vectors::file(path).ok());
        golden.chain([self.honest.to_string().into_bytes()]).collect()
    }

    fn take(&self, bytes: &[u8]) {
        let Ok(note) = Note::parse(bytes) else { return };
        assert!(note.to_string().as_bytes() == bytes, "two spellings of one checkpoint");
        let chain = self.alone.genesis.chain;
        if let Ok((header, certificate)) = note.quorum() {
            let roster = self.alone.store().and_then(|store| Ok(store.reader().roster(header.height)?));
            let roster = roster.expect("the store can be read").unwrap_or_else(|| self.alone.genesis.roster.clone());
            let decided = header.chain == chain && certificate.verify(chain, &roster).is_ok();
            assert!(!decided || header.hash() == self.decided, "a quorum that did not decide it");
        }
        for time in note.signatures.iter().filter_map(|line| self.witness.seen(&note.checkpoint, line)) {
            assert_eq!((&note.checkpoint, time), (&self.honest.checkpoint, SEEN_S), "a witness that did not see it");
        }
    }
}
