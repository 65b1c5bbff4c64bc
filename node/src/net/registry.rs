//! Who may connect: the registry's answer, and nobody else's.

use std::collections::BTreeMap;

use libp2p::PeerId;
use sampan_proto::ids::{Height, MemberId};
use sampan_proto::member::{Member, Purpose};

use super::peer_id;

/// Peers that may connect at a height: every member's nodes, by the network keys that count then. A suspended
/// member's nodes stay: it may not act, but it may read.
pub fn peers_of<'a>(members: impl Iterator<Item = &'a Member>, at: Height) -> BTreeMap<PeerId, MemberId> {
    let nodes = |member: &'a Member| {
        let keys = member.keys_at(Purpose::Network, at);
        keys.map(|key| (peer_id(key), member.id.clone())).collect::<Vec<_>>()
    };
    members.flat_map(nodes).collect()
}
