//! Small receipts, from text and from bytes. What is read is written back to the byte; what verifies says of its record, at
//! its height, what an honest receipt says.

use std::collections::BTreeSet;

use anyhow::Result;
use sampan_proto::genesis::Genesis;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::Height;
use sampan_proto::proof::small::{self, PREFIX, SmallReceipt};
use sampan_proto::proof::{Bundle, Handover, Outcome, Policy};

use super::Target;
use crate::fuzz::vectors;

pub(super) struct Receipts {
    anchor: Genesis,
    /// None, and those of each bundle that has some.
    paths: Vec<Vec<Handover>>,
    seeds: Vec<Vec<u8>>,
    said: BTreeSet<(Height, u64, Hash32)>,
}

impl Receipts {
    pub(super) fn open() -> Result<Self> {
        let texts = vectors::column("small_receipts.json", "receipts", "text")?;
        let records = vectors::bytes("small_receipts.json", "records", "bytes")?;
        let bundles = vectors::files("vectors/bundles")?;
        let paths = bundles.iter().filter_map(|file| Some(Bundle::from_json(file).ok()?.trust_path));
        let mut paths: Vec<Vec<Handover>> = paths.filter(|path| !path.is_empty()).collect();
        paths.dedup();
        paths.push(Vec::new());
        let mut opened = Self { anchor: vectors::genesis()?, paths, seeds: records, said: BTreeSet::new() };
        for receipt in texts.iter().filter_map(|text| SmallReceipt::from_text(text).ok()) {
            if opened.verifies(&receipt) {
                opened.said.insert(says(&receipt));
                opened.seeds.extend([receipt.to_text().into_bytes(), receipt.to_bytes()]);
            }
        }
        Ok(opened)
    }

    fn verifies(&self, receipt: &SmallReceipt) -> bool {
        let by = |path: &Vec<Handover>| small::verify(receipt, &self.anchor, path, &Policy::default()).outcome();
        self.paths.iter().any(|path| by(path) == Outcome::Valid)
    }
}

fn says(receipt: &SmallReceipt) -> (Height, u64, Hash32) {
    (receipt.height, receipt.time_ms, receipt.record.value_hash())
}

impl Target for Receipts {
    fn seeds(&self) -> Vec<Vec<u8>> {
        self.seeds.clone()
    }

    fn take(&self, bytes: &[u8]) {
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.starts_with(PREFIX));
        let receipt = match text {
            Some(text) => SmallReceipt::from_text(text),
            None => SmallReceipt::from_bytes(bytes),
        };
        let Ok(receipt) = receipt else { return };
        let same = text.map_or_else(|| receipt.to_bytes() == bytes, |text| receipt.to_text() == text);
        assert!(same, "two spellings of one receipt");
        assert!(!self.verifies(&receipt) || self.said.contains(&says(&receipt)), "verifies, and nobody signed it");
    }
}
