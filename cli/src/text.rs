//! What is said in more than one place: one function a sentence, so that another language has one
//! place to stand. What a single command says about its answer is written at the end of its own file.

use std::path::Path;

use sampan_proto::entry::ActEntry;
use sampan_proto::genesis::Genesis;
use sampan_proto::ids::{ChainId, Height, MemberId, RecordId, StatementId};
use sampan_proto::proof::{Bundle, ReferenceProof, StatusPart};
use sampan_proto::record::Record;

use crate::time;

/// Where the anchor comes from.
pub(crate) fn origin_file(path: &Path) -> String {
    format!("`{}`", path.display())
}

/// Where the anchor comes from.
pub(crate) fn origin_pin(path: &Path) -> String {
    format!("pinned on first use in `{}`", path.display())
}

/// Where the anchor comes from.
pub(crate) fn origin_node(node: &str) -> String {
    format!("taken from {node} just now")
}

/// The anchor is older than keys of its time are trusted for.
pub(crate) fn old_anchor(origin: &str, trusting_period_ms: u64) -> String {
    let days = trusting_period_ms / 86_400_000;
    format!(
        "the anchor {origin} is older than {days} days: whoever has the keys of the validators of that time could make up \
         all of this. Compare the block that `sampan network pin` names with what other members have, and use that pin"
    )
}

/// A witness that is not sure.
pub(crate) const NOTHING_IS_SIGNED: &str = "nothing is signed; if the anchor is too old, pass a recent one that others have confirmed: `--genesis anchor.json`";

/// The anchor is no better than the node it came from.
pub(crate) fn anchor_from_node(node: &str, genesis: &Genesis, pinned: Option<&Path>) -> String {
    let pinned = pinned.map_or(String::new(), |path| format!(" (pinned in `{}`)", path.display()));
    format!(
        "the anchor comes from {node} itself: compare the chain id {} of `{}` with one you got elsewhere{pinned}",
        genesis.chain, genesis.network
    )
}

/// The anchor is a network's that somebody looked at once.
pub(crate) fn anchor_of_first_use(network: &str, chain: ChainId, origin: &str) -> String {
    format!(
        "the anchor of `{network}` was {origin}: compare the chain id {chain} with one you got elsewhere, or name the \
         network that you mean: `--genesis FILE`"
    )
}

/// A proof is of another network than the one that the node in the settings belongs to.
pub(crate) fn another_network(chain: ChainId, node: &str, own: ChainId) -> String {
    format!("the proof is of network {}, and {node} belongs to network {}", chain.0.short(), own.0.short())
}

/// Which network a proof is of.
pub(crate) fn network(name: &str, chain: ChainId) -> String {
    format!("network `{name}`, chain {chain}")
}

/// The genesis in an archive is no better than the archive.
pub(crate) fn anchor_from_archive(genesis: &Genesis) -> String {
    format!(
        "the archive brings its own genesis: compare the chain id {} of `{}` with one you got elsewhere, or pass \
         `--genesis FILE`",
        genesis.chain, genesis.network
    )
}

/// The node's genesis file is none.
pub(crate) fn node_genesis_is_none(node: &str) -> String {
    format!("what {node} gives as its genesis file is none")
}

/// The proof is of another network than the anchor.
pub(crate) fn other_network(chain: ChainId, origin: &str) -> String {
    format!("the anchor is of network {}, {origin}; another network needs its own `--genesis FILE`", chain.0.short())
}

/// The point of a record in a line.
pub(crate) fn record_state(record: &Record) -> String {
    match &record.possessor {
        Some(possessor) => format!("{}, held by `{possessor}`, seq {}", record.status.as_str(), record.seq),
        None => format!("{}, seq {}", record.status.as_str(), record.seq),
    }
}

/// The block that a bundle stands on.
pub(crate) fn as_of(bundle: &Bundle) -> String {
    let header = &bundle.head.header.0;
    format!("height {}, {}", header.height, time::utc(header.time_ms))
}

/// What a status part proves.
pub(crate) fn status_fact(part: &StatusPart, bundle: &Bundle) -> String {
    let id = part.id.0.short();
    match &part.record {
        Some(record) => {
            let (state, since) = (record_state(&record.0), record.0.issued_at);
            format!("record {id}, on the ledger since height {since}, is {state}, as of {}", as_of(bundle))
        }
        None => format!("there is no record {id}, as of {}", as_of(bundle)),
    }
}

/// What a reference part proves.
pub(crate) fn reference_fact(part: &ReferenceProof, bundle: &Bundle) -> String {
    match &part.record {
        Some(id) => format!("this number of `{}` is record {id}, as of {}", part.issuer, as_of(bundle)),
        None => format!("`{}` never issued this number, as of {}", part.issuer, as_of(bundle)),
    }
}

/// What a counterpart proves.
pub(crate) fn counterpart_fact(act: &ActEntry, by: &MemberId) -> String {
    format!("beside it is record {}, which `{by}` brought onto the ledger at height {}", act.record, act.height)
}

/// What a bundle with nothing on its head proves.
pub(crate) fn head_fact(bundle: &Bundle) -> String {
    format!("the network decided the block at {}", as_of(bundle))
}

/// The proof is about something that was not asked.
pub(crate) const OFF_THE_POINT: &str = "the node sent a proof about something else than what was asked";

/// The node's "no" came with a proof that fails.
pub(crate) const REFUSED_WITH_A_FALSE_PROOF: &str =
    "the node refused, and the proof it gives as the reason fails: do not rely on this node";

/// What the receipt of a later roster needs.
pub(crate) fn needs_handovers(since: Height) -> String {
    format!(
        "the validators changed at height {since}: give any bundle of this network that is newer with `--handovers`"
    )
}

/// A record that the ledger does not have.
pub(crate) fn no_such_record(id: &RecordId) -> String {
    format!("there is no record {}", id.0.short())
}

/// A statement that nobody heard of any more.
pub(crate) fn lost(statement: &StatementId) -> String {
    format!("the node does not know statement {} any more, though it was sent again", statement.0.short())
}

/// The time for executing a statement has passed.
pub(crate) fn expired(statement: &StatementId) -> String {
    format!("statement {} was not executed before it expired", statement.0.short())
}

/// How to ask again for something accepted.
pub(crate) fn ask_again(statement: &StatementId) -> String {
    format!("the statement was accepted; ask for its receipt later: `sampan receipt {statement}`")
}

/// The act is final, and more about its record could not be had.
pub(crate) fn has_the_receipt(path: &Path) -> String {
    let path = path.display();
    format!(
        "the act is final: `{path}` holds its receipt; for all about the record ask a node that holds the whole log with `sampan bundle`"
    )
}

/// The node does not hold the record's past.
pub(crate) const NO_PAST_HERE: &str = "the node does not hold the record's past: this is its state; a node that holds the whole log also tells its acts and remarks";

/// Why a record is shown without its remarks.
pub(crate) const LONG_HISTORY: &str =
    "the record has more acts than a bundle holds: this is its state and its issue; its remarks are not shown";

/// How to send again what may or may not have arrived.
pub(crate) fn send_again(path: &Path) -> String {
    format!("nothing is lost: `sampan submit {}` sends the same statement, and it counts once", path.display())
}

/// A key file that others can read.
pub(crate) fn readable_key(path: &Path) -> String {
    format!("others can read the key file `{0}`: `chmod 600 {0}`", path.display())
}

/// A bundle that holds the document.
pub(crate) fn holds_the_document(path: &Path) -> String {
    format!("`{}` holds the document itself: give it only to those who may read it", path.display())
}

/// Whose statement is signed.
pub(crate) fn signed_for(member: &MemberId, network: &str) -> String {
    format!("signed as `{member}` for network `{network}`")
}
