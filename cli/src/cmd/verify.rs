//! `sampan verify`: climb the ladder of bundles, offline.

use std::path::Path;

use sampan_proto::ids::ChainId;
use sampan_proto::keys::Known;
use sampan_proto::limits::BUNDLE_BYTES;
use sampan_proto::proof::{Ladder, Outcome, Policy, verify_knowing};
use serde::Serialize;

use super::{Context, parse_bundle, qr};
use crate::anchor::{self, Anchor};
use crate::args::Verify;
use crate::failure::{Exit, Failure};
use crate::page::{Page, Tone};
use crate::printer::write_ladder;
use crate::proven::{self, AsOf};
use crate::{files, text};

/// Signatures that are remembered from one file to the next: those of some thousand bundles.
const SIGNATURES: usize = 16_384;

/// The answer about a file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    file: &'a Path,
    outcome: Outcome,
    network: &'a str,
    chain: ChainId,
    anchor: &'a str,
    /// What the head says; proven only if the outcome is `VALID`.
    as_of: AsOf,
    ladder: &'a Ladder,
    proven: Vec<String>,
}

/// Every check with its verdict; a single one that does not hold is exit 3. Of several files each gets its answer, and
/// the worst of them is how it ends.
pub(super) fn run(args: &Verify, context: &Context) -> Result<Exit, Failure> {
    let mut known = Known::with_room(SIGNATURES);
    if let [file] = args.files.as_slice() {
        return answer(file, args, &mut known, context);
    }
    let context = Context { settings: context.settings.clone(), printer: context.printer.of_several() };
    let (mut worst, mut held) = (Exit::Done, 0);
    for file in &args.files {
        let exit = answer(file, args, &mut known, &context).unwrap_or_else(|failure| {
            context.printer.failure(&failure);
            failure.exit()
        });
        held += usize::from(exit == Exit::Done);
        worst = worst.max(exit);
    }
    context.printer.note(format!("{held} of {} are valid", args.files.len()));
    Ok(worst)
}

fn answer(file: &Path, args: &Verify, known: &mut Known, context: &Context) -> Result<Exit, Failure> {
    if let Some(text) = qr::typed(file) {
        return qr::verify(text, args, context);
    }
    let bytes = files::read(file, BUNDLE_BYTES)?;
    if let Some(text) = qr::scanned(&bytes) {
        return qr::verify(text, args, context);
    }
    let bundle = parse_bundle(file, &bytes)?;
    let anchor = anchor::for_bundle(&context.settings, bundle.chain, &context.printer)?;
    let policy = Policy { witnesses: &args.witnesses, ..proven::policy(args.max_age, args.strict) };
    let ladder = verify_knowing(&bundle, &anchor, &policy, known);
    let outcome = ladder.outcome();
    let report = Report {
        file,
        outcome,
        network: anchor.network(),
        chain: anchor.chain(),
        anchor: &anchor.origin,
        as_of: AsOf::of(&bundle),
        ladder: &ladder,
        proven: if outcome == Outcome::Valid { proven::facts(&bundle, &ladder) } else { Vec::new() },
    };
    context.printer.data(&report, |page| write(&report, &anchor, page))?;
    Ok(if outcome == Outcome::Valid { Exit::Done } else { Exit::Unproven })
}

fn write(report: &Report<'_>, anchor: &Anchor, page: &mut Page) {
    write_ladder(report.ladder, page);
    page.end();
    let (file, network) = (report.file.display(), text::network(report.network, report.chain));
    match report.outcome {
        Outcome::Valid => {
            page.tagged(Tone::Good, "✓ valid", format!("`{file}`, against the anchor {}", report.anchor));
            page.line(format!("  {network}"));
            report.proven.iter().for_each(|fact| page.line(format!("  {fact}")));
        }
        Outcome::Invalid => {
            page.tagged(Tone::Bad, "✗ not valid", format!("`{file}`, against the anchor {}", report.anchor));
            if report.ladder.verdict("network") == Some(sampan_proto::proof::Verdict::Invalid) {
                page.tagged(Tone::Strong, "hint:", text::other_network(anchor.chain(), &anchor.origin));
            }
        }
    }
}
