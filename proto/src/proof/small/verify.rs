//! Verification of a small receipt: from the record up to the block, and down from the anchor to its signers.

use super::SmallReceipt;
use super::make::usual_rules;
use crate::block::{field_leaf, field_root};
use crate::codec;
use crate::genesis::Genesis;
use crate::hash::Hash32;
use crate::ids::HeaderHash;
use crate::merkle::BadProof;
use crate::proof::ladder::{Ladder, Verdict};
use crate::proof::verify::NO_CLOCK;
use crate::proof::{Handover, Policy, trust};
use crate::protocol::FIRST_VERSION;
use crate::roster::Roster;
use crate::state_key;
use crate::vote::Certificate;

/// What is said of a block that nobody signed: the bytes do not tell why.
const UNSIGNED: &str = "altered, or of another network or roster";

/// Checks everything that a small receipt claims. `handovers` are those of a newer bundle, oldest first: they are
/// needed once the roster is no longer the genesis's.
#[must_use]
pub fn verify(receipt: &SmallReceipt, anchor: &Genesis, handovers: &[Handover], policy: &Policy<'_>) -> Ladder {
    let mut ladder = Ladder::default();
    if !decided(receipt, anchor, handovers, &mut ladder) {
        ladder.push("status", Verdict::Skipped, "nothing stands on a block that is not proven");
        return ladder;
    }
    let record = &receipt.record;
    let holder = record.possessor.as_ref().map_or(String::new(), |who| format!(", held by {who}"));
    let words = format!("{}{holder}, seq {}, as of height {}", record.status.as_str(), record.seq, receipt.height);
    ladder.push("status", Verdict::Valid, words);
    age(receipt, anchor, policy, &mut ladder);
    ladder
}

/// The record leads to a block that more than two thirds of a trusted roster signed.
fn decided(receipt: &SmallReceipt, anchor: &Genesis, handovers: &[Handover], ladder: &mut Ladder) -> bool {
    let since = receipt.roster_since;
    let known = trust::roster_since(handovers, since, receipt.height, anchor);
    let known = known.map(|roster| (roster, format!("the roster in force since height {since}")));
    let Some(roster) = ladder.check("roster", known) else { return false };
    let signed = receipt.block(anchor, roster).map_err(|bad| bad.to_string()).and_then(|block| {
        let certificate = Certificate {
            height: receipt.height,
            round: receipt.round,
            block,
            signers: receipt.signers.clone(),
            signatures: receipt.signatures.clone(),
        };
        certificate.verify(anchor.chain, roster).map_err(|bad| format!("{bad}: {UNSIGNED}"))
    });
    let count = format!("{} of {} validators signed", receipt.signatures.len(), roster.validators().len());
    ladder.check("certificate", signed.map(|()| ((), count))).is_some()
}

fn age(receipt: &SmallReceipt, anchor: &Genesis, policy: &Policy<'_>, ladder: &mut Ladder) {
    policy.age(receipt.time_ms, ladder);
    // Whoever has the keys of an old roster can write any time into a receipt, and it has no room for more.
    let trusting = (anchor.time_ms, anchor.parameters.trusting_period_ms);
    policy.anchor_age(trusting, None, "ask for a bundle, and verify it from a recent block", ladder);
    let Some(now_ms) = policy.now_ms else {
        ladder.push("expiry", Verdict::Skipped, NO_CLOCK);
        return;
    };
    let days = anchor.parameters.trusting_period_ms / 86_400_000;
    if now_ms > receipt.expires_ms(anchor) {
        ladder.push("expiry", Verdict::Invalid, format!("older than {days} days: ask for a new one"));
    } else {
        ladder.push("expiry", Verdict::Valid, format!("good for {days} days from its time"));
    }
}

impl SmallReceipt {
    /// Until when it is good, in Unix milliseconds: nobody can write another day into it.
    #[must_use]
    pub const fn expires_ms(&self, anchor: &Genesis) -> u64 {
        self.time_ms.saturating_add(anchor.parameters.trusting_period_ms)
    }

    /// The block that the record, the fields and the digests beside them lead to.
    pub fn block(&self, anchor: &Genesis, roster: &Roster) -> Result<HeaderHash, BadProof> {
        let state_root = self.path.root_of(&state_key::record(&self.record.id), &self.record.value_hash())?;
        let leaf = |i, field: Vec<u8>| field_leaf(i, &field);
        let now = [
            leaf(0, codec::encode(&FIRST_VERSION)),
            leaf(1, codec::encode(&anchor.chain)),
            leaf(2, codec::encode(&self.height)),
            leaf(3, codec::encode(&self.time_ms)),
        ];
        let (usual_next, usual_rules) = (leaf(11, codec::encode(&roster.hash())), usual_rules(anchor));
        let next = spelled_once(self.next_roster, usual_next)?;
        let rules = spelled_once(self.rules, usual_rules)?;
        let roots = [self.log_root, leaf(9, codec::encode(&state_root)), leaf(10, codec::encode(&roster.hash())), next];
        let left = field_root(&[field_root(&now), self.beside]);
        let right = field_root(&[field_root(&roots), rules]);
        Ok(HeaderHash(field_root(&[left, right])))
    }
}

/// What is usual is left out; writing it would be a second spelling.
fn spelled_once(written: Option<Hash32>, usual: Hash32) -> Result<Hash32, BadProof> {
    match written {
        Some(hash) if hash == usual => Err(BadProof::NotCanonical),
        Some(hash) => Ok(hash),
        None => Ok(usual),
    }
}
