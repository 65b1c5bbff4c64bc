//! For operators: alive, ready, metrics, and the description of the interface.

use std::collections::BTreeMap;

use axum::extract::State as Shared;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use libp2p::PeerId;
use sampan_proto::genesis::Genesis;
use sampan_proto::ids::{Height, MemberId};
use sampan_proto::member::{Member, Purpose};
use sampan_proto::reject::Code;
use sampan_proto::roster::Roster;

use super::State;
use super::error::Refusal;
use crate::clock::now_ms;
use crate::{metrics, net};

/// The interface's description, OpenAPI 3.1.
pub(super) const OPENAPI: &str = include_str!("openapi.json");

/// `GET /healthz`: the process answers.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the node has something to answer from, or is where the first block can come from; and stays.
pub(super) async fn readyz(Shared(state): Shared<State>) -> Result<&'static str, Refusal> {
    if state.engine.is_leaving() {
        return Err(Refusal::new(Code::NotReady, "$", "the node is stopping"));
    }
    if state.engine.is_joining() {
        return Err(Refusal::new(Code::NotReady, "$", "taking over the state; /metrics counts its parts"));
    }
    let height = state.engine.head().borrow().height;
    let voter = state.member.as_ref().filter(|_| state.validator);
    let Genesis { members, roster, .. } = &*state.genesis;
    if height > Height::GENESIS || quorum_in_reach(members.iter(), roster, Height(1), voter, &state.peers.borrow()) {
        return Ok("ready\n");
    }
    Err(Refusal::new(Code::NotReady, "$", "no block yet, and too few validators are connected to make one"))
}

/// Whether this node, if it votes, with its connected peers could decide the block at `height`.
pub(super) fn quorum_in_reach<'a>(
    members: impl Iterator<Item = &'a Member>,
    roster: &Roster,
    height: Height,
    voter: Option<&MemberId>,
    connected: &[PeerId],
) -> bool {
    let nodes: BTreeMap<PeerId, &MemberId> =
        members.flat_map(|m| m.keys_at(Purpose::Network, height).map(move |key| (net::peer_id(key), &m.id))).collect();
    let mut here: Vec<&MemberId> = connected.iter().filter_map(|peer| nodes.get(peer).copied()).collect();
    here.extend(voter);
    let validators = roster.validators().iter();
    roster.is_quorum(validators.filter(|v| here.contains(&&v.member)).map(|v| v.power).sum())
}

/// `GET /metrics`. What depends on when it is asked is looked at now.
pub(super) async fn metrics(Shared(state): Shared<State>) -> Response {
    let peers = state.peers.borrow().clone();
    state.metrics.set_peers(peers.len());
    let tip = state.store.tip();
    state.metrics.set_head_age_ms(now_ms().saturating_sub(tip.time_ms));
    if let Ok(members) = state.store.reader().members() {
        let (members, voter) = (members.iter().map(|m| &**m), state.member.as_ref());
        let voter = voter.filter(|_| state.engine.is_voting());
        let in_reach = quorum_in_reach(members, tip.roster(), tip.height.next(), voter, &peers);
        state.metrics.set_quorum_in_reach(in_reach);
    }
    ([(header::CONTENT_TYPE, metrics::MEDIA_TYPE)], state.metrics.encode()).into_response()
}

/// `GET /openapi.json`.
pub(super) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "max-age=3600")], OPENAPI).into_response()
}
