//! The invalid proposer: times of next week, heights of tomorrow, statements left out or named twice; and a block that is
//! right in everything but its time, which only a look at the clock finds out. Everybody hears the same of a block, and
//! first of all the claim, for a round that is its turn again, that this block was prevoted before.

use sampan_node::core::ledger::Draft;
use sampan_node::store::Store;
use sampan_proto::block::{Header, payload_hash};
use sampan_proto::keys::SecretKey;
use sampan_proto::wire::ProposalMessage;

use super::traitor::executed;
use super::{Message, proposal_in, proposed};

/// Beyond what validators allow each other, and before what waits expires.
const LATE_MS: u64 = 60_000;

pub(super) fn says(key: &SecretKey, message: &Message, store: Option<&Store>) -> Vec<Message> {
    let Some(mut wrong) = proposal_in(message) else { return vec![message.clone()] };
    match wrong.proposal.message.block.0.as_bytes()[0] % 8 {
        0 => wrong.header.time_ms += 7 * 86_400_000,
        1 => wrong.header.time_ms = 1,
        2 => wrong.header.height = wrong.header.height.next(),
        3 => {
            wrong.payload.pop();
        }
        4 => {
            let twice = wrong.payload.first().copied();
            wrong.payload.extend(twice);
            wrong.header.payload_hash = payload_hash(&wrong.payload);
        }
        _ => return store.map_or(Vec::new(), |store| untimely(key, store, wrong)),
    }
    vec![proposed(key, wrong)]
}

/// A block of a later time, claimed to stand on a polka before it is proposed.
fn untimely(key: &SecretKey, store: &Store, mut wrong: ProposalMessage) -> Vec<Message> {
    wrong.header = late(key, store, &wrong).unwrap_or(wrong.header);
    let mut claim = wrong.clone();
    let (round, seats) = (wrong.proposal.message.round, store.tip().roster().validators().len());
    claim.proposal.message.round += u32::try_from(seats).unwrap_or(0);
    claim.proposal.message.pol_round = Some(round);
    vec![proposed(key, claim), proposed(key, wrong)]
}

/// The header of the same statements at a later time: executed again, so that nothing but the time is wrong.
fn late(key: &SecretKey, store: &Store, right: &ProposalMessage) -> Option<Header> {
    let block = right.proposal.message.block;
    // It was staged before it was proposed.
    let staged = store.staged(right.header.height).ok()?.into_iter().find(|staged| staged.header.hash() == block)?;
    let time_ms = right.header.time_ms + LATE_MS;
    let draft = Draft { chain: store.chain(), tip: store.tip(), time_ms, proposer: key.public() };
    executed(store, draft, staged.documents)
}
