//! `jmt` as a differential oracle. Its tree has our shape but hashes `"JMT::LeafNode" ‖ key ‖ value hash`,
//! `"JMT::IntrnalNode" ‖ left ‖ right`, and writes its own constant for an empty subtree. A hasher that sees
//! the whole input can therefore translate each of the three into ours; any other input is a value, and our
//! values are value hashes already.

use std::collections::BTreeMap;
use std::sync::Arc;

use jmt::storage::{LeafNode, Node, NodeKey, TreeReader};
use jmt::{JellyfishMerkleIterator, JellyfishMerkleTree, KeyHash, OwnedValue, SimpleHasher, Version};
use proptest::prelude::*;

use super::{Batch, Map, Pages, applied, batches, digest, updated};
use crate::hash::{Domain, Hash32};
use crate::merkle::state;

const JMT_EMPTY: &[u8; 32] = b"SPARSE_MERKLE_PLACEHOLDER_HASH__";

fn translated(hash: &[u8]) -> Hash32 {
    let hash: [u8; 32] = hash.try_into().unwrap();
    if hash == *JMT_EMPTY { state::empty() } else { Hash32(hash) }
}

struct OurHasher(Vec<u8>);

impl SimpleHasher for OurHasher {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn update(&mut self, data: &[u8]) {
        self.0.extend_from_slice(data);
    }

    fn finalize(self) -> [u8; 32] {
        if let Some(leaf) = self.0.strip_prefix(b"JMT::LeafNode") {
            assert_eq!(leaf.len(), 64);
            Domain::StateLeaf.hash(leaf).0
        } else if let Some(node) = self.0.strip_prefix(b"JMT::IntrnalNode") {
            let (left, right) = node.split_at(32);
            Domain::StateNode.hash(&[translated(left).0, translated(right).0].concat()).0
        } else {
            self.0.try_into().unwrap()
        }
    }
}

/// Every version of every node, and the newest values.
#[derive(Default)]
struct Store {
    nodes: BTreeMap<NodeKey, Node>,
    values: BTreeMap<[u8; 32], Option<OwnedValue>>,
}

/// `jmt` speaks `anyhow`, which is no dependency of ours: its error type is named through its iterator.
type Fallible<T> = Result<T, <<JellyfishMerkleIterator<Store> as Iterator>::Item as Outcome>::Error>;

trait Outcome {
    type Error;
}

impl<T, E> Outcome for Result<T, E> {
    type Error = E;
}

impl TreeReader for Store {
    fn get_node_option(&self, key: &NodeKey) -> Fallible<Option<Node>> {
        Ok(self.nodes.get(key).cloned())
    }

    fn get_value_option(&self, _: Version, key: KeyHash) -> Fallible<Option<OwnedValue>> {
        Ok(self.values.get(&key.0).cloned().flatten())
    }

    fn get_rightmost_leaf(&self) -> Fallible<Option<(NodeKey, LeafNode)>> {
        Ok(None)
    }
}

/// Roots after each batch, by `jmt`.
fn jmt_roots(batches: &[Batch]) -> Vec<Hash32> {
    let mut store = Store::default();
    let mut roots = Vec::new();
    for (batch, version) in batches.iter().zip(0..) {
        let changes: Vec<_> = batch.iter().map(|(key, value)| (KeyHash(key.0), value.map(|v| v.0.to_vec()))).collect();
        let (root, update) = JellyfishMerkleTree::<_, OurHasher>::new(&store).put_value_set(changes, version).unwrap();
        store.nodes.extend(update.node_batch.nodes().clone());
        store.values.extend(update.node_batch.values().iter().map(|((_, key), value)| (key.0, value.clone())));
        roots.push(translated(&root.0));
    }
    // The store is a true one: what `jmt` reads back is what was put.
    let version = batches.len() as u64 - 1;
    let read = JellyfishMerkleIterator::new(Arc::new(store), version, KeyHash([0; 32])).unwrap();
    let read: Map = read.map(Result::unwrap).map(|(key, value)| (Hash32(key.0), translated(&value))).collect();
    assert_eq!(read, applied(batches));
    roots
}

fn our_roots(batches: &[Batch]) -> Vec<Hash32> {
    let mut pages = Pages::new();
    let step = |batch| {
        let update = updated(&pages, batch);
        let root = update.root;
        update.apply(&mut pages);
        root
    };
    batches.iter().map(step).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn roots_are_those_of_jmt(batches in batches()) {
        prop_assert_eq!(our_roots(&batches), jmt_roots(&batches));
    }
}

#[test]
fn roots_of_a_larger_tree_are_those_of_jmt() {
    let mut batches: Vec<Batch> = vec![(0..3_000).map(|n| (digest(n), Some(digest(n)))).collect()];
    batches.push((0..2_000).map(|n| (digest(2 * n), (n % 2 == 0).then(|| digest(n + 1)))).collect());
    batches.push((0..4_000).map(|n| (digest(n), None)).collect());
    let roots = our_roots(&batches);
    assert_eq!(roots, jmt_roots(&batches));
    assert_eq!(roots[2], state::empty());
    assert_ne!(roots[0], roots[1]);
}
