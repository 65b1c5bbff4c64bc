//! `sampan compare`: whether several nodes tell one history, and the evidence if two do not.

use std::path::PathBuf;

use sampan_proto::checkpoint::LogAt;
use sampan_proto::evidence::{self, Checkpoints, Evidence, Offence};
use sampan_proto::ids::HeaderHash;
use sampan_proto::proof::{Bundle, Outcome};
use serde::Serialize;

use super::Context;
use super::evidence::write_down;
use crate::anchor::{self, Anchor};
use crate::args::log::Compare;
use crate::client::Client;
use crate::failure::{Exit, Failure};
use crate::page::{Cell, Page, Tone};
use crate::proven::{self, AsOf};
use crate::settings::node_url;

/// The answer.
#[derive(Serialize)]
struct Report {
    nodes: Vec<Row>,
    /// Where the evidence of a fork is.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<PathBuf>,
    /// What it shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    fork: Option<String>,
}

/// One node.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    node: String,
    /// Its newest block, proven; none when it could not be asked.
    as_of: Option<AsOf>,
    header: Option<HeaderHash>,
    /// How it stands to the newest of all.
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// What it decided is part of the newest chain.
    Agrees,
    /// Something else is.
    Forks,
    /// No answer.
    Unreachable,
}

/// A node with its newest head, which is proven.
struct Seen {
    client: Client,
    bundle: Bundle,
}

impl Seen {
    fn log(&self) -> LogAt {
        LogAt::from(&self.bundle.head.header.0)
    }
}

/// Asks all of them, and holds each against the newest.
pub(super) fn run(args: &Compare, context: &Context) -> Result<Exit, Failure> {
    let clients =
        args.nodes.iter().map(|node| Ok(Client::new(&node_url(node)?))).collect::<Result<Vec<_>, Failure>>()?;
    let anchor = anchor::for_node(&context.settings, &clients[0], &context.printer)?;
    let mut seen = Vec::new();
    let mut report = Report { nodes: Vec::new(), evidence: None, fork: None };
    for client in clients {
        match client.head(None) {
            Ok(bundle) => {
                prove(&bundle, &anchor, &client)?;
                seen.push(Seen { client, bundle });
            }
            Err(failure) if failure.exit() == Exit::Unexpected => {
                context.printer.warn(&failure.parts().what);
                report.nodes.push(Row {
                    node: client.base().to_owned(),
                    as_of: None,
                    header: None,
                    state: State::Unreachable,
                });
            }
            Err(failure) => return Err(failure),
        }
    }
    seen.sort_by_key(|node| node.bundle.head.header.0.height);
    let mut exit = if report.nodes.is_empty() { Exit::Done } else { Exit::Unexpected };
    if let Some((newest, others)) = seen.split_last() {
        for other in others {
            let fork = connect(other, newest, &anchor)?;
            report.nodes.push(row(other, if fork.is_some() { State::Forks } else { State::Agrees }));
            if let Some(evidence) = fork {
                let shows = shows(&evidence, &anchor)?;
                report.evidence = Some(write_down(&args.evidence, &evidence)?);
                report.fork = Some(shows);
                exit = Exit::Unproven;
            }
        }
        report.nodes.push(row(newest, State::Agrees));
    }
    context.printer.data(&report, |page| write(&report, page))?;
    Ok(exit)
}

fn row(seen: &Seen, state: State) -> Row {
    let (node, header) = (seen.client.base().to_owned(), seen.bundle.head.header.0.hash());
    Row { node, as_of: Some(AsOf::of(&seen.bundle)), header: Some(header), state }
}

fn prove(bundle: &Bundle, anchor: &Anchor, client: &Client) -> Result<(), Failure> {
    let proven = proven::demand(bundle, anchor, &["certificate"], None);
    proven.map(drop).map_err(|failure| failure.why(format!("asked: {}", client.base())))
}

/// Whether the newest chain holds what another node decided; if not, the evidence of it.
fn connect(other: &Seen, newest: &Seen, anchor: &Anchor) -> Result<Option<Evidence>, Failure> {
    let height = other.bundle.head.header.0.height;
    let there = newest.client.head(Some(height))?;
    prove(&there, anchor, &newest.client)?;
    if there.head.header.0.height != height {
        return Err(Failure::unproven(crate::text::OFF_THE_POINT));
    }
    if there.head.header.0 != other.bundle.head.header.0 {
        let heads = Offence::Certificates(Box::new([other.bundle.head.clone(), there.head.clone()]));
        return Ok(Some(evidence_of(heads, [&other.bundle, &there])));
    }
    let (from, to) = (other.log(), newest.log());
    let consistency = newest.client.consistency(from.size, to.size)?;
    if consistency.connects(&from, &to).is_ok() {
        return Ok(None);
    }
    if consistency.verify().is_ok() && consistency.to == to && consistency.from.size == from.size {
        let [older, newer] = [other, newest].map(|seen| seen.bundle.head.clone());
        let heads = Offence::Checkpoints(Box::new(Checkpoints { older, newer, consistency }));
        return Ok(Some(evidence_of(heads, [&other.bundle, &newest.bundle])));
    }
    let what = format!("{} does not show that its log grew out of that of height {height}", newest.client.base());
    Err(Failure::unproven(what).hint("compare it with other nodes, and do not rely on it"))
}

/// The longer way to a roster leads to both.
fn evidence_of(offence: Offence, bundles: [&Bundle; 2]) -> Evidence {
    let [one, two] = bundles;
    let path = if one.trust_path.len() > two.trust_path.len() { &one.trust_path } else { &two.trust_path };
    Evidence { trust_path: path.clone(), ..Evidence::new(one.chain, offence) }
}

/// What the evidence shows, once it is proven as any reader will prove it.
fn shows(evidence: &Evidence, anchor: &Anchor) -> Result<String, Failure> {
    match evidence::verify(evidence, anchor) {
        (ladder, Some(proven)) if ladder.outcome() == Outcome::Valid => Ok(proven.shows),
        (ladder, _) => Err(Failure::unproven("the nodes disagree, and the evidence does not hold").ladder(ladder)),
    }
}

fn write(report: &Report, page: &mut Page) {
    let row = |row: &Row| {
        let state = match row.state {
            State::Agrees => Cell::new("✓ agrees", Tone::Good),
            State::Forks => Cell::new("✗ forks", Tone::Bad),
            State::Unreachable => Cell::new("? no answer", Tone::Care),
        };
        let place =
            row.as_of.as_ref().map_or(String::new(), |as_of| format!("height {}, {}", as_of.height, as_of.time));
        let header = row.header.map_or(String::new(), |header| header.0.short());
        vec![state, row.node.clone().into(), place.into(), Cell::new(header, Tone::Faint)]
    };
    page.table(&report.nodes.iter().map(row).collect::<Vec<_>>());
    if let (Some(path), Some(fork)) = (&report.evidence, &report.fork) {
        page.tagged(Tone::Bad, "✗ fork:", fork);
        page.tagged(Tone::Faint, "evidence", path.display().to_string());
        let hint = format!("`sampan verify evidence {}` checks it offline; give it to every member", path.display());
        page.tagged(Tone::Strong, "hint:", hint);
    }
}
