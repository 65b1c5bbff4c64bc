//! Evidence files. What is read says the same when it is written again; what verifies accuses nobody of what it did not
//! sign: both halves are things that were signed, and they are two.

use std::collections::BTreeSet;

use anyhow::Result;
use sampan_proto::codec;
use sampan_proto::evidence::{self, Evidence, Offence};
use sampan_proto::genesis::Genesis;
use sampan_proto::proof::Outcome;

use super::{Target, faithful};
use crate::fuzz::vectors;

pub(super) struct Evidences {
    anchor: Genesis,
    seeds: Vec<Vec<u8>>,
    signed: BTreeSet<Vec<u8>>,
}

impl Evidences {
    pub(super) fn open() -> Result<Self> {
        let texts = vectors::column("evidence.json", "cases", "evidence")?;
        let mut opened = Self { anchor: vectors::genesis()?, seeds: Vec::new(), signed: BTreeSet::new() };
        // Not what liars made: it is signed in part, and two of it may make a third that is signed in all.
        for text in texts.into_iter().map(String::into_bytes) {
            if let Some(proven) = Evidence::from_json(&text).ok().filter(|evidence| opened.verifies(evidence)) {
                opened.signed.extend(halves(&proven.offence));
                opened.seeds.push(text);
            }
        }
        Ok(opened)
    }

    fn verifies(&self, evidence: &Evidence) -> bool {
        let (ladder, proven) = evidence::verify(evidence, &self.anchor);
        assert_eq!(proven.is_some(), ladder.outcome() == Outcome::Valid, "the ladder says otherwise");
        proven.is_some()
    }
}

/// What was signed, and what was signed beside it.
fn halves(offence: &Offence) -> [Vec<u8>; 2] {
    match offence {
        Offence::Votes(two) => two.each_ref().map(codec::encode),
        Offence::Proposals(two) => two.each_ref().map(codec::encode),
        Offence::Certificates(two) => two.each_ref().map(|head| codec::encode(&head.header.0.hash())),
        Offence::Checkpoints(two) => [&two.older, &two.newer].map(|head| codec::encode(&head.header.0.hash())),
        Offence::Statements(two) => two.each_ref().map(|signed| codec::encode(&signed.0.id())),
    }
}

impl Target for Evidences {
    fn seeds(&self) -> Vec<Vec<u8>> {
        self.seeds.clone()
    }

    fn take(&self, bytes: &[u8]) {
        let Ok(evidence) = Evidence::from_json(bytes) else { return };
        faithful(bytes, &evidence);
        if self.verifies(&evidence) {
            let [one, other] = halves(&evidence.offence);
            assert_ne!(one, other, "accused of saying one thing");
            assert!(self.signed.contains(&one) && self.signed.contains(&other), "accused of what nobody signed");
        }
    }
}
