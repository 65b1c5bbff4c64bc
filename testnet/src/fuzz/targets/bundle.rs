//! Bundle files. What is read says the same when it is written again. A bundle that verifies claims nothing that no honest
//! bundle claims: each of its parts is one that honest parties made, in the place where they made it; and nothing that
//! exists is proven absent.

use std::collections::BTreeSet;

use anyhow::Result;
use sampan_proto::checkpoint::WitnessKey;
use sampan_proto::codec;
use sampan_proto::genesis::Genesis;
use sampan_proto::hash::Hash32;
use sampan_proto::keys::SecretKey;
use sampan_proto::proof::{self, Bundle, DisclosedBody, Outcome, Policy, ReceiptPart};
use sampan_proto::state_key;
use sampan_proto::statement::{DsseEnvelope, SignedStatement};

use super::{Target, faithful};
use crate::fuzz::vectors;
use crate::sim::Alone;

/// A claim in few bytes: its sort, the root that it stands under, and what it says.
type Claim = (&'static str, Hash32, Vec<u8>);

pub(super) struct Bundles {
    anchors: [Genesis; 2],
    /// The one that signed the checkpoints in `proto/vectors`.
    witnesses: [WitnessKey; 1],
    seeds: Vec<Vec<u8>>,
    claimed: BTreeSet<Claim>,
}

impl Bundles {
    pub(super) fn open() -> Result<Self> {
        let alone = Alone::live()?;
        let files = vectors::files("vectors/bundles")?;
        let bundles = files.iter().filter_map(|file| Bundle::from_json(file).ok()).chain(alone.bundles()?);
        let anchors = [vectors::genesis()?, Genesis::clone(&alone.genesis)];
        let witnesses = [WitnessKey::new("port.example", SecretKey::from_seed([9; 32]).public())?];
        let mut opened = Self { anchors, witnesses, seeds: Vec::new(), claimed: BTreeSet::new() };
        // Not those of liars: they are signed in part, and two of them may make a third that is signed in all.
        for bundle in bundles.filter(|bundle| opened.verifies(bundle)).collect::<Vec<_>>() {
            opened.seeds.push(serde_json::to_vec(&bundle)?);
            opened.claimed.extend(claims(&bundle).0);
        }
        Ok(opened)
    }

    fn verifies(&self, bundle: &Bundle) -> bool {
        // The witness of the vectors: its word is judged wherever it is brought.
        let witnesses = if bundle.witness.is_some() { self.witnesses.as_slice() } else { &[] };
        let policy = Policy { witnesses, ..Policy::default() };
        let holds = |anchor: &Genesis| proof::verify(bundle, anchor, &policy).outcome() == Outcome::Valid;
        self.anchors.iter().any(holds)
    }
}

impl Target for Bundles {
    fn seeds(&self) -> Vec<Vec<u8>> {
        self.seeds.clone()
    }

    fn take(&self, bytes: &[u8]) {
        let Ok(bundle) = Bundle::from_json(bytes) else { return };
        faithful(bytes, &bundle);
        if !self.verifies(&bundle) {
            return;
        }
        let (present, absent) = claims(&bundle);
        let lies: Vec<_> = present.difference(&self.claimed).map(|(sort, ..)| sort).collect();
        assert!(lies.is_empty(), "verifies, and nobody honest made its {lies:?}");
        assert!(absent.is_disjoint(&self.claimed), "what exists is proven absent");
    }
}

/// What a bundle that verifies makes its reader believe: what is there, and, as if it were there, what is not.
fn claims(bundle: &Bundle) -> (BTreeSet<Claim>, BTreeSet<Claim>) {
    let header = &bundle.head.header.0;
    let (log, state) = (header.log_root, header.state_root);
    let (mut present, mut absent) = (BTreeSet::new(), BTreeSet::new());
    present.insert(("head", header.hash().0, Vec::new()));
    if let Some(part) = bundle.witness.as_ref().filter(|part| part.names.is_some()) {
        let seen = part.note.split("\n\n").next().unwrap_or_default();
        present.insert(("named by the log", header.hash().0, seen.as_bytes().to_vec()));
    }
    for step in &bundle.trust_path {
        present.insert(("roster", step.header.0.hash().0, codec::encode(&step.roster)));
    }
    let issues = bundle.receipt.iter().chain(bundle.counterpart.iter().map(|other| &other.issue));
    for ReceiptPart { statement, entry, path } in issues {
        present.insert(("entry", log, codec::encode(&(path.0.index, entry.0.leaf_hash()))));
        present.extend(signed(statement));
    }
    if let Some(part) = &bundle.entry {
        present.insert(("entry", log, codec::encode(&(part.path.0.index, part.entry.0.leaf_hash()))));
    }
    for act in &bundle.history {
        present.insert(("act", Hash32::ZERO, codec::encode(&(act.index, act.entry.0.leaf_hash()))));
        present.extend(signed(&act.statement));
    }
    if let Some(part) = &bundle.status {
        let there = ("record there", state, codec::encode(&part.id));
        match &part.record {
            Some(record) => present.extend([("record", state, codec::encode(&record.0.value_hash())), there]),
            None => drop(absent.insert(there)),
        }
    }
    let reference = bundle.reference.as_ref().map(|r| (state_key::reference(&r.issuer, &r.key), r.record));
    let goods = bundle.goods.as_ref().map(|goods| (state_key::goods(&goods.goods), goods.record));
    for (key, record) in reference.into_iter().chain(goods) {
        let there = ("key there", state, codec::encode(&key));
        match record {
            Some(record) => present.extend([("key", state, codec::encode(&(key, record))), there]),
            None => drop(absent.insert(there)),
        }
    }
    for part in &bundle.members {
        present.insert(("member", state, codec::encode(&part.member.0.value_hash())));
    }
    let bodies = bundle.body.iter().chain(bundle.counterpart.iter().filter_map(|other| other.body.as_ref()));
    for DisclosedBody(body) in bodies {
        present.insert(("body", body.0.commitment().0, body.0.pepper.to_vec()));
    }
    (present, absent)
}

/// A statement and each of its signatures.
fn signed(envelope: &DsseEnvelope) -> Vec<Claim> {
    let statement = SignedStatement::try_from(envelope.clone()).expect("it verified");
    let id = statement.id().0;
    let signature = |signature| ("signature", id, codec::encode(signature));
    statement.signatures.iter().map(signature).chain([("statement", id, Vec::new())]).collect()
}
