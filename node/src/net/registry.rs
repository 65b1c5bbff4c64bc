//! Who may connect: the registry's answer, and nobody else's.

use std::collections::{BTreeMap, BTreeSet};

use libp2p::PeerId;
use sampan_proto::ids::{Height, MemberId};
use sampan_proto::member::{Member, Purpose};
use sampan_proto::roster::Roster;

use super::peer_id;

/// Every member's nodes at a height, by the network keys that count then. A suspended member's nodes stay: it may not
/// act, but it may read. Nobody proves that a network key is its own, so a node may be listed by several.
fn nodes_of<'a>(members: impl Iterator<Item = &'a Member>, at: Height) -> impl Iterator<Item = (PeerId, &'a MemberId)> {
    members.flat_map(move |member| member.keys_at(Purpose::Network, at).map(|key| (peer_id(key), &member.id)))
}

/// Peers that may connect at a height.
pub fn peers_of<'a>(members: impl Iterator<Item = &'a Member>, at: Height) -> BTreeMap<PeerId, MemberId> {
    nodes_of(members, at).map(|(peer, id)| (peer, id.clone())).collect()
}

/// The nodes of members who decide: whoever else lists one of them takes nothing away.
pub fn voters_of<'a>(members: impl Iterator<Item = &'a Member>, at: Height, roster: &Roster) -> BTreeSet<PeerId> {
    let is_seated = |id: &MemberId| roster.validators().iter().any(|validator| validator.member == *id);
    nodes_of(members, at).filter(|(_, id)| is_seated(id)).map(|(peer, _)| peer).collect()
}

#[cfg(test)]
mod tests {
    use sampan_proto::member::MemberKey;

    use super::*;
    use crate::core::ledger::fixtures::Network;

    #[test]
    fn who_lists_a_validators_node_as_its_own_does_not_silence_it() {
        let network = Network::new();
        let roster = &network.genesis.roster;
        let mut members: Vec<Member> = network.genesis.members.clone();
        let voters = |members: &[Member]| voters_of(members.iter(), Height(1), roster);
        let before = voters(&members);
        let seated = |member: &Member| roster.validators().iter().any(|validator| validator.member == member.id);
        let keys: Vec<MemberKey> =
            members.iter().filter(|member| seated(member)).flat_map(|member| member.keys.clone()).collect();
        let thief = members.iter_mut().rfind(|member| !seated(member)).expect("somebody without a seat");
        thief.keys.extend(keys.into_iter().filter(|key| key.purpose == Purpose::Network));
        assert_eq!((voters(&members), before.len()), (before.clone(), roster.validators().len()));
    }
}
