//! `sampan gov list` and `show`: what the roster is asked to decide. What is proposed is proven by the statement that
//! proposed it, whose id is what a vote signs; how far it has come is what the node says.

use sampan_proto::governance::{Govern, Proposal, State};
use sampan_proto::ids::{MemberId, StatementId};
use sampan_proto::limits::PROPOSAL_HORIZON_MS;
use sampan_proto::statement::Action;

use super::super::Context;
use super::change::{details, words};
use crate::anchor::Anchor;
use crate::client::Client;
use crate::failure::{Exit, Failure};
use crate::page::{Cell, Page, Tone};
use crate::{proven, time};

/// `sampan gov list`.
pub(super) fn list(context: &Context) -> Result<Exit, Failure> {
    let view = context.client()?.proposals()?;
    context.printer.data(&view, |page| {
        let row = |proposal| row(proposal, view.as_of.time_ms);
        page.table(&view.proposals.iter().map(row).collect::<Vec<_>>());
        if view.proposals.is_empty() {
            page.line("nothing is proposed");
        }
    })?;
    context.printer.note("this is what the node says; `sampan gov show ID` proves what is proposed");
    Ok(Exit::Done)
}

/// `sampan gov show`.
pub(super) fn show(id: &StatementId, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let anchor = context.anchor(&client)?;
    let view = client.proposal(id)?;
    proposed(id, &view.proposal, &client, &anchor)?;
    context.printer.data(&view, |page| write(&view.proposal, view.as_of.time_ms, page))?;
    context.printer.note(
        "the change, who proposed it and until when it is open are proven; state and votes are what the node says",
    );
    if view.proposal.state == State::Open {
        context.printer.note(format!("vote with `sampan gov vote {id} yes --key GOVERNANCE_KEY`"));
    }
    Ok(Exit::Done)
}

/// Whoever votes signs the id of a statement and nothing else: that statement, in the log, has to say what is shown.
fn proposed(id: &StatementId, shown: &Proposal, client: &Client, anchor: &Anchor) -> Result<(), Failure> {
    let bundle = client.receipt(id)?;
    let (act, _) = proven::receipt(&bundle, anchor, id)?;
    let said = bundle.receipt.as_ref().and_then(|part| proven::read(&part.statement));
    let same = match said.map(|statement| statement.action) {
        Some(Action::Govern(Govern::Propose { change, until_ms })) => {
            (shown.id, &shown.change, &shown.by, shown.until_ms) == (*id, &change, &act.member, until_ms)
        }
        _ => false,
    };
    let what = format!("{} shows another proposal than the statement {} makes", client.base(), id.0.short());
    if same {
        Ok(())
    } else {
        Err(Failure::unproven(what).hint("ask another node with `--node`, and vote on nothing here"))
    }
}

fn row(proposal: &Proposal, now_ms: u64) -> Vec<Cell> {
    vec![
        state(proposal, now_ms),
        Cell::new(proposal.id.to_string(), Tone::Strong),
        format!("by {}", proposal.by).into(),
        words(&proposal.change).into(),
    ]
}

/// How far it has come at the newest block.
fn state(proposal: &Proposal, now_ms: u64) -> Cell {
    match proposal.state {
        State::Open => Cell::new("open", Tone::Care),
        State::Accepted { from_ms } if now_ms > from_ms.saturating_add(PROPOSAL_HORIZON_MS) => {
            Cell::new("accepted, and not carried out in time", Tone::Faint)
        }
        State::Accepted { from_ms } => Cell::new(format!("accepted, from {}", time::utc(from_ms)), Tone::Care),
        State::Enacted => Cell::new("enacted", Tone::Good),
        State::Rejected => Cell::new("rejected", Tone::Faint),
        State::Objected => Cell::new("objected", Tone::Faint),
    }
}

fn write(proposal: &Proposal, now_ms: u64, page: &mut Page) {
    let names = |members: &std::collections::BTreeSet<MemberId>| {
        let names: Vec<&str> = members.iter().map(MemberId::as_str).collect();
        if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
    };
    let mut pairs = vec![
        ("proposal", Cell::new(proposal.id.to_string(), Tone::Strong)),
        ("change", words(&proposal.change).into()),
    ];
    pairs.extend(details(&proposal.change));
    pairs.extend([
        ("by", proposal.by.to_string().into()),
        ("state", state(proposal, now_ms)),
        ("open until", time::utc(proposal.until_ms).into()),
        ("for it", names(&proposal.yes).into()),
        ("against it", names(&proposal.no).into()),
    ]);
    page.pairs(&pairs);
}
