//! A witness of a chain in memory, and what it has seen.

use sampan_proto::checkpoint::{Note, Signature, WitnessKey};
use sampan_proto::ids::Height;
use sampan_proto::keys::SecretKey;
use sampan_proto::proof::{Binary, Bundle, NamedHead, WitnessPart};

use super::chain::Chain;

/// When it signs, in Unix seconds.
pub(crate) const TIME_S: u64 = 1_767_225_600;

/// A witness, and the key that it signs with.
pub(crate) fn known(name: &str, seed: u8) -> (WitnessKey, SecretKey) {
    let key = SecretKey::from_seed([seed; 32]);
    (WitnessKey::new(name, key.public()).expect("a witness"), key)
}

fn place(height: Height) -> usize {
    usize::try_from(height.0).expect("low") - 1
}

/// The checkpoint of the block `at`, changed and then signed by a witness, connected to the log under the block `head`.
pub(crate) fn seen(chain: &Chain, head: Height, at: Height, change: impl FnOnce(&mut Note)) -> WitnessPart {
    let (witness, key) = known("port.example", 9);
    let (header, certificate) = &chain.heads[place(at)];
    let mut note = Note::decided(header, certificate);
    change(&mut note);
    note.signatures.push(Signature::cosign(&note.checkpoint, &witness, &key, TIME_S));
    let (a, b) = (header.log_size, chain.heads[place(head)].0.log_size);
    let consistency = Binary(chain.log.consistency(a.min(b), a.max(b)));
    WitnessPart { note: note.to_string(), consistency, names: None }
}

/// How the log of the block `at` names the block `head`, before which it has a block with statements.
pub(crate) fn names(chain: &Chain, head: Height, at: Height) -> NamedHead {
    let sizes = |height: usize| chain.heads[height].0.log_size;
    let (index, mut next) = (sizes(place(head)), place(head) + 1);
    while sizes(next) == index {
        next += 1;
    }
    let between = chain.heads[place(head) + 1..next].iter().map(|(header, _)| Binary(header.clone())).collect();
    let entry = chain.entries[usize::try_from(index).expect("an index")].clone();
    NamedHead { between, entry: Binary(entry), path: Binary(chain.log.inclusion(sizes(place(at)), index)) }
}

/// A bundle of the block `head` with what a witness saw of it at the block `at`.
pub(crate) fn bundle(chain: &Chain, head: Height, at: Height) -> Bundle {
    let (header, certificate) = chain.heads[place(head)].clone();
    let witness = WitnessPart { names: Some(names(chain, head, at)), ..seen(chain, head, at, |_| ()) };
    Bundle { witness: Some(witness), ..Bundle::new(chain.genesis.chain, header, certificate) }
}
