//! `sampan network`: the network, the node, the members. What is proven has a tick; the rest is what the node says, the
//! members among it.

use sampan_proto::api::{NodeStatus, UpgradeView};
use sampan_proto::ids::ChainId;
use sampan_proto::member::{Member, Standing};
use sampan_proto::proof::Anchor as _;
use sampan_proto::reject::Code;
use serde::Serialize;

use super::Context;
use crate::anchor::Anchor;
use crate::client::Client;
use crate::failure::{Exit, Failure};
use crate::page::{Cell, Page, Tone};
use crate::proven::{self, AsOf};
use crate::time;

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    network: &'a str,
    chain: ChainId,
    anchor: &'a str,
    validators: usize,
    /// The newest block, proven; none before the first.
    head: Option<AsOf>,
    /// What the node says about itself.
    node: &'a NodeStatus,
    members: Vec<Listed>,
}

/// A member of the registry, as the node says.
#[derive(Serialize)]
struct Listed {
    /// Whether the anchor has the very same entry: it was so when the network began, which proves nothing of today.
    founding: bool,
    #[serde(flatten)]
    member: Member,
}

/// Asks the node for all of it, and checks what can be checked.
pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let anchor = context.anchor(&client)?;
    let node = client.node()?;
    let head = head(&client, &anchor)?;
    let members = client
        .members()?
        .members
        .into_iter()
        .map(|member| Listed { founding: anchor.members().contains(&member), member });
    let report = Report {
        network: anchor.network(),
        chain: anchor.chain(),
        anchor: &anchor.origin,
        validators: head.as_ref().map_or_else(|| anchor.start().roster.validators().len(), |(_, count)| *count),
        head: head.map(|(head, _)| head),
        node: &node,
        members: members.collect(),
    };
    context.printer.data(&report, |page| write(&report, client.base(), page))?;
    Ok(Exit::Done)
}

/// The newest block, proven, and how many validators decided it.
fn head(client: &Client, anchor: &Anchor) -> Result<Option<(AsOf, usize)>, Failure> {
    let bundle = match client.head(None) {
        Err(failure) if failure.is(Code::NotFound) || failure.is(Code::NotReady) => return Ok(None),
        bundle => bundle?,
    };
    proven::demand(&bundle, anchor, &["certificate"], None)?;
    let roster = bundle.trust_path.last().map_or(anchor.start().roster, |step| &step.roster.0);
    Ok(Some((AsOf::of(&bundle), roster.validators().len())))
}

/// The version in force, and the one that is decided.
fn protocol(node: &NodeStatus) -> Cell {
    let in_force = format!("version {}", node.protocol);
    let Some(UpgradeView { next, known }) = node.upgrade else { return in_force.into() };
    let words = format!("{in_force}; {} from block {} on", next.version, next.from);
    if known {
        return words.into();
    }
    Cell::new(format!("{words}, which this node does not know: it needs newer software by then"), Tone::Care)
}

fn write(report: &Report<'_>, base: &str, page: &mut Page) {
    let now_ms = time::now_ms();
    let head = report.head.as_ref().map_or_else(
        || Cell::from("none yet"),
        |head| {
            let age = time::ago(head.time_ms, now_ms);
            Cell::new(format!("✓ height {}, {} ({age})", head.height, head.time), Tone::Good)
        },
    );
    let node = report.node;
    let role = if node.validator { "validator" } else { "full node" };
    let of = node.member.as_ref().map_or(String::new(), |member| format!(" of {member}"));
    page.pairs(&[
        ("network", Cell::new(report.network, Tone::Strong)),
        ("chain", report.chain.to_string().into()),
        ("anchor", report.anchor.into()),
        ("validators", report.validators.to_string().into()),
        ("head", head),
        ("node", format!("{base}, {role}{of}, version {}", node.version).into()),
        ("protocol", protocol(node)),
        ("peers", node.peers.to_string().into()),
        ("waiting", format!("{} statements", node.mempool).into()),
        ("log", format!("{} entries", node.log_size).into()),
    ]);
    page.end();
    let row = |listed: &Listed| {
        let roles: Vec<_> = listed.member.roles.iter().map(|role| role.as_str()).collect();
        vec![
            Cell::new(listed.member.id.as_str(), Tone::Strong),
            listed.member.country.as_str().into(),
            roles.join(", ").into(),
            standing(listed.member.standing),
            Cell::new(if listed.founding { "as founded" } else { "" }, Tone::Faint),
            listed.member.name.clone().into(),
        ]
    };
    page.table(&report.members.iter().map(row).collect::<Vec<_>>());
    page.line("the members are what the node says; `as founded`: the anchor has the same entry, from the beginning");
}

fn standing(standing: Standing) -> Cell {
    match standing {
        Standing::Active => "active".into(),
        Standing::Suspended => Cell::new("suspended", Tone::Care),
    }
}
