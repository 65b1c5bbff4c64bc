//! `sampan verify evidence`: what an evidence file proves, and what it does not; and how such files are written.

use std::path::{Path, PathBuf};

use sampan_proto::evidence::{self, Evidence, Proven};
use sampan_proto::ids::{ChainId, MemberId, OffenceId};
use sampan_proto::limits::BUNDLE_BYTES;
use sampan_proto::proof::{Ladder, Outcome};
use serde::Serialize;

use super::Context;
use crate::anchor;
use crate::args::log::VerifyEvidence;
use crate::failure::{Exit, Failure};
use crate::page::{Page, Tone};
use crate::printer::write_ladder;
use crate::{files, text};

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    file: &'a Path,
    outcome: Outcome,
    kind: &'static str,
    id: OffenceId,
    network: &'a str,
    chain: ChainId,
    anchor: &'a str,
    ladder: &'a Ladder,
    /// Whose keys signed both; empty unless the outcome is `VALID`.
    members: &'a [MemberId],
    proven: Option<&'a str>,
    not_proven: Option<&'a str>,
}

/// Every check with its verdict; a single one that does not hold is exit 3.
pub(super) fn run(args: &VerifyEvidence, context: &Context) -> Result<Exit, Failure> {
    let evidence = read(&args.file)?;
    let anchor = anchor::for_bundle(&context.settings, evidence.chain, &context.printer)?;
    let (ladder, proven) = evidence::verify(&evidence, &anchor);
    let proven = proven.filter(|_| ladder.outcome() == Outcome::Valid);
    let report = Report {
        file: &args.file,
        outcome: if proven.is_some() { Outcome::Valid } else { Outcome::Invalid },
        kind: evidence.offence.kind(),
        id: evidence.offence.id(),
        network: anchor.network(),
        chain: evidence.chain,
        anchor: &anchor.origin,
        ladder: &ladder,
        members: proven.as_ref().map_or(&[], |proven| &proven.members),
        proven: proven.as_ref().map(|proven| proven.shows.as_str()),
        not_proven: proven.as_ref().map(|proven| proven.leaves_open),
    };
    context.printer.data(&report, |page| write(&report, proven.as_ref(), page))?;
    Ok(if proven.is_some() { Exit::Done } else { Exit::Unproven })
}

fn read(path: &Path) -> Result<Evidence, Failure> {
    Evidence::from_json(&files::read(path, BUNDLE_BYTES)?).map_err(|error| {
        let what = format!("`{}` is not evidence", path.display());
        Failure::unproven(what).why(format!("{}: {}", error.path, error.detail))
    })
}

/// Writes evidence beside older evidence, never over it; the same is not written twice.
pub(super) fn write_down(path: &Path, evidence: &Evidence) -> Result<PathBuf, Failure> {
    let mut bytes = serde_json::to_vec_pretty(evidence)
        .map_err(|error| Failure::unexpected("cannot write the evidence as JSON").why(error))?;
    bytes.push(b'\n');
    let mut number = 1_u32;
    loop {
        let path = if number == 1 { path.to_path_buf() } else { numbered(path, number) };
        if !path.exists() {
            files::write_new(&path, &bytes, false)?;
            return Ok(path);
        }
        if files::read(&path, BUNDLE_BYTES).is_ok_and(|held| held == bytes) {
            return Ok(path);
        }
        number += 1;
    }
}

/// `fork.evidence.json` becomes `fork.evidence.2.json`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let extension = path.extension().map_or(String::new(), |ending| format!(".{}", ending.to_string_lossy()));
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}.{number}{extension}"))
}

fn write(report: &Report<'_>, proven: Option<&Proven>, page: &mut Page) {
    write_ladder(report.ladder, page);
    page.end();
    let place = format!("`{}`, against the anchor {}", report.file.display(), report.anchor);
    let Some(proven) = proven else {
        page.tagged(Tone::Bad, "✗ not valid", place);
        return;
    };
    page.tagged(Tone::Good, "✓ valid", place);
    page.line(format!("  {}", text::network(report.network, report.chain)));
    page.tagged(Tone::Strong, "  proven:", &proven.shows);
    let members: Vec<_> = proven.members.iter().map(|member| format!("`{member}`")).collect();
    if !members.is_empty() {
        page.tagged(Tone::Strong, "  signed both:", members.join(", "));
    }
    page.tagged(Tone::Faint, "  not proven:", proven.leaves_open);
}
