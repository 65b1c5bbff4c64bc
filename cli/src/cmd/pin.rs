//! `sampan network pin`: the newest block, verified once, as the anchor of everything after it.

use sampan_proto::proof::{Anchor as _, Bundle, Pin, Start};
use sampan_proto::roster::Roster;
use serde_json::json;

use super::Context;
use crate::args::log::Pin as Args;
use crate::failure::{Exit, Failure};
use crate::files;
use crate::page::Tone;
use crate::proven::{self, AsOf};

/// Proves the newest block from today's anchor, and writes it down.
pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let anchor = context.anchor(&client)?;
    let bundle = client.head(None)?;
    proven::demand(&bundle, &anchor, &["certificate"], None)?;
    let start = anchor.start();
    let pin = of(&bundle, &start)?;
    let mut bytes = serde_json::to_vec_pretty(&pin)
        .map_err(|error| Failure::unexpected("cannot write the anchor as JSON").why(error))?;
    bytes.push(b'\n');
    files::replace(&args.output, &bytes)?;
    let (as_of, path) = (AsOf::of(&bundle), args.output.display().to_string());
    let block = pin.head.header.0.hash();
    let report = json!({ "file": path, "network": pin.network, "chain": pin.chain, "asOf": as_of, "block": block });
    context.printer.data(&report, |page| {
        let what =
            format!("`{}` at height {}, {}, verified against {}", pin.network, as_of.height, as_of.time, anchor.origin);
        page.tagged(Tone::Good, "✓ pinned", what);
        page.tagged(Tone::Faint, "block", block.to_string());
        page.tagged(Tone::Faint, "anchor", &path);
    })?;
    context.printer.note(format!("check proofs with `--genesis {path}`; pin anew within {} days", days(&start)));
    Ok(Exit::Done)
}

/// The newest block, verified, as an anchor.
pub(super) fn of(bundle: &Bundle, start: &Start<'_>) -> Result<Pin, Failure> {
    let roster = next_roster(bundle, start).ok_or_else(|| {
        Failure::unexpected("the roster changes with the newest block, and nobody has acted under the new one yet")
            .hint("ask again in a moment")
    })?;
    Pin::new(start.network, bundle.head.clone(), roster.clone(), start.parameters)
        .map_err(|error| Failure::unproven("the node's newest block cannot be pinned").why(error))
}

/// The roster that the head names for the blocks after it. Its hash is in the header, so it is known by that.
fn next_roster<'a>(bundle: &'a Bundle, start: &Start<'a>) -> Option<&'a Roster> {
    let named = bundle.head.header.0.next_roster_hash;
    let known = bundle.trust_path.iter().map(|step| &step.roster.0).chain([start.roster]);
    known.into_iter().find(|roster| roster.hash() == named)
}

fn days(start: &Start<'_>) -> u64 {
    start.trusting_period_ms() / 86_400_000
}
