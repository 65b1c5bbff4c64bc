//! The state tree: a binary Merkle tree over 256-bit keys in which a lone leaf stands as high as it can
//! (the shape of the Jellyfish Merkle tree: Gao, Hu, Wu, "Jellyfish Merkle Tree", 2021).
//!
//! ```text
//!   keys 000.. 0110.. 0111..            hash of a subtree with
//!               root                      no leaf      empty(), one constant
//!             ┌───┴───┐                   one leaf     leaf(key, value hash), at any height
//!             ·     empty                 more         node(left, right), also when one side is empty
//!         ┌───┴───┐
//!        000      ·        000 is alone below 00: it collapses to depth 2
//!              ┌──┴──┐
//!            empty   ·     0110 and 0111 part only at their fourth bit
//!                  ┌─┴─┐
//!                0110 0111
//! ```
//!
//! The shape depends on the set of keys alone, never on the order in which they came: two nodes with the
//! same records have the same root, and deleting a key undoes what inserting it did. Keys are digests
//! themselves (see [`crate::state_key`]), so paths are about log2(n) long.
//!
//! * [`proof`]: presence and absence under a root.
//! * [`page`]: four levels of the tree to one stored page.
//! * [`tree`]: reading, updating and proving over pages. It is here and not in the node because an auditor
//!   who rebuilds the state needs it too.

pub mod page;
pub mod proof;
pub mod tree;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

pub use page::{Page, PagePath, Slot};
pub use proof::{Found, StateProof};

use crate::hash::{Domain, Hash32};

/// Bits in a key: no leaf lies deeper.
pub const KEY_BITS: u16 = 256;

static EMPTY: LazyLock<Hash32> = LazyLock::new(|| Domain::StateEmpty.hash(b""));

/// Hash of a subtree without leaves, the empty tree included.
#[must_use]
pub fn empty() -> Hash32 {
    *EMPTY
}

/// Hash of a leaf. It binds the whole key, so it may stand at any height.
#[must_use]
pub fn leaf(key: &Hash32, value_hash: &Hash32) -> Hash32 {
    Domain::StateLeaf.hash_pair(key, value_hash)
}

/// Hash of a subtree with two leaves or more.
#[must_use]
pub fn node(left: &Hash32, right: &Hash32) -> Hash32 {
    Domain::StateNode.hash_pair(left, right)
}

/// Bit number `index` of a key, the most significant first; true leads to the right.
fn bit(key: &Hash32, index: u16) -> bool {
    key.0.get(usize::from(index / 8)).is_some_and(|byte| byte >> (7 - index % 8) & 1 == 1)
}

/// How many leading bits two keys share.
fn shared_bits(a: &Hash32, b: &Hash32) -> u16 {
    (0..KEY_BITS).find(|&index| bit(a, index) != bit(b, index)).unwrap_or(KEY_BITS)
}
