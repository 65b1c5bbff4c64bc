//! Files that a person gives. A genesis that is read has only entries that their members signed, and one with other bytes
//! is another network; an anchor, a key and a code list say the same when they are written again.

use anyhow::Result;
use sampan_proto::doc::CodeList;
use sampan_proto::doc::codelist::ListKind;
use sampan_proto::genesis::Genesis;
use sampan_proto::keyfile::KeyFile;
use sampan_proto::proof::{Anchor as _, Pin};

use super::{Target, faithful};
use crate::fuzz::vectors;

/// Two networks that were founded.
const FOUNDED: [&str; 2] = ["vectors/genesis.json", "tests/golden/genesis.json"];

pub(super) struct Files {
    /// Each genesis that was founded, and its bytes.
    founded: Vec<(Genesis, Vec<u8>)>,
}

impl Files {
    pub(super) fn open() -> Result<Self> {
        let read = |path| {
            let bytes = vectors::file(path)?;
            Ok((Genesis::from_bytes(&bytes)?, bytes))
        };
        Ok(Self { founded: FOUNDED.into_iter().map(read).collect::<Result<_>>()? })
    }

    fn genesis(&self, read: &Genesis, bytes: &[u8]) {
        for (genesis, file) in &self.founded {
            assert_eq!(read.chain == genesis.chain, bytes == file, "two files of one network");
        }
        let signed = |member| self.founded.iter().any(|(genesis, _)| genesis.members.contains(member));
        assert!(read.members.iter().all(signed), "a member that never signed its entry");
    }
}

impl Target for Files {
    fn seeds(&self) -> Vec<Vec<u8>> {
        let golden = ["tests/golden/anchor.json", "tests/golden/key_file.json"];
        let golden = golden.into_iter().filter_map(|path| vectors::file(path).ok());
        let lists = [ListKind::Country, ListKind::Currency].into_iter().filter_map(CodeList::compiled);
        let founded = self.founded.iter().map(|(_, bytes)| bytes.clone());
        golden.chain(lists.map(|list| list.to_json())).chain(founded).collect()
    }

    fn take(&self, bytes: &[u8]) {
        if let Ok(genesis) = Genesis::from_bytes(bytes) {
            self.genesis(&genesis, bytes);
        }
        if let Ok(pin) = Pin::from_json(bytes) {
            faithful(bytes, &pin);
            assert_eq!(pin.start().chain, pin.chain, "an anchor in two networks");
        }
        if let Ok(key) = KeyFile::from_json(bytes) {
            let again = KeyFile::from_json(&key.to_json()).expect("what was written is read");
            assert!(again.to_json() == key.to_json(), "another key when it is written again");
        }
        if let Ok(list) = CodeList::from_json(bytes) {
            assert_eq!(CodeList::from_json(&list.to_json()).as_ref(), Ok(&list), "another list when written again");
        }
    }
}
