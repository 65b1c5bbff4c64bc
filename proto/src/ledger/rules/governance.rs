//! Governance: the law of `crate::governance` on the registry and the proposals.

use crate::governance::{Change as Decided, Effect, Govern, Proposal, State, rotated};
use crate::ids::StatementId;
use crate::member::Member;
use crate::reject::{Code, Reject};
use crate::statement::VerifiedStatement;

use super::{At, Change, InForce, Judged, Overlay, View, below};

const ACT: &str = "$.action.govern";

/// An act of governance: what it makes of a proposal, and of the member that an accepted one changes.
pub(super) fn judge<V: View>(
    state: &Overlay<'_, V>,
    statement: &VerifiedStatement,
    govern: &Govern,
    member: &Member,
    at: At<'_>,
) -> Judged<V::Error> {
    let terms = at.governance(statement.statement().chain);
    let path = format!("{ACT}.{}", govern.kind().as_str());
    let earlier = match govern.proposal() {
        Some(id) => match known(state, id, &path)? {
            Ok(proposal) => Some(proposal),
            Err(reject) => return Ok(Err(reject)),
        },
        None => None,
    };
    let next = match (govern, &earlier) {
        (Govern::Propose { change, until_ms }, _) => {
            Proposal::new(statement.id(), (**change).clone(), &member.id, *until_ms, &terms)
        }
        (Govern::RotateKey { purpose, add, retire }, _) => {
            let rotated = rotated(member, *purpose, *add, retire.as_ref(), at.height);
            return Ok(rotated.map(Change::of_member).map_err(|reject| below(reject, &path)));
        }
        (Govern::Vote { yes, .. }, Some(proposal)) => proposal.vote(&member.id, *yes, &terms),
        (Govern::Object { .. }, Some(proposal)) => proposal.object(&member.id),
        (Govern::Enact { .. }, Some(proposal)) => proposal.enact(&member.id, &terms),
        // `known` found the proposal of each of these.
        (_, None) => Err(Reject::new(Code::UnknownProposal, "$.proposal", "no such proposal")),
    };
    match next {
        Ok(proposal) => decided(state, proposal, at, &path),
        Err(reject) => Ok(Err(below(reject, &path))),
    }
}

fn known<V: View>(state: &Overlay<'_, V>, id: &StatementId, path: &str) -> Result<Result<Proposal, Reject>, V::Error> {
    let proposal = state.proposal(id)?;
    Ok(proposal.ok_or_else(|| {
        let detail = format!("statement {} proposed nothing here", id.0.short());
        Reject::new(Code::UnknownProposal, format!("{path}.proposal"), detail)
    }))
}

/// The change is tried when it is proposed, so that nobody votes on what cannot be, and again when it is carried
/// out, for the registry may have moved on.
fn decided<V: View>(state: &Overlay<'_, V>, proposal: Proposal, at: At<'_>, path: &str) -> Judged<V::Error> {
    let before = match &proposal.change {
        Decided::Admit { member, .. } => state.member(&member.0.id)?,
        other => match other.member() {
            Some(id) => state.member(id)?,
            None => None,
        },
    };
    let applies = proposal.seq == 1 || proposal.state == State::Enacted;
    let now = state.settled.as_ref().unwrap_or(at.in_force);
    let after = if applies {
        proposal.change.apply(before.as_deref(), &now.roster, &now.protocol, at.height)
    } else {
        Ok(Effect::default())
    };
    match after {
        // Paths of a change are its own: its `member` is not the statement's.
        Err(reject) => Ok(Err(Reject { path: reject.path.replacen('$', &format!("{path}.change"), 1), ..reject })),
        Ok(_) if proposal.state != State::Enacted => Ok(Ok(Change { proposal: Some(proposal), ..Change::default() })),
        Ok(Effect { member, roster, parameters, protocol }) => {
            let settles = roster.is_some() || parameters.is_some() || protocol.is_some();
            let settled = settles.then(|| InForce {
                roster: roster.unwrap_or_else(|| now.roster.clone()),
                parameters: parameters.unwrap_or_else(|| now.parameters.clone()),
                protocol: protocol.unwrap_or(now.protocol),
            });
            Ok(Ok(Change { member, settled, proposal: Some(proposal), ..Change::default() }))
        }
    }
}
