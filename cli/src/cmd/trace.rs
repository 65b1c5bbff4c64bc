//! `sampan trace`: everything that happened to a record, oldest first, nothing left out.

use sampan_proto::doc::cross::CrossFinding;
use sampan_proto::ids::RecordId;
use sampan_proto::proof::{Bundle, Ladder, Verdict, compare};
use sampan_proto::record::Record;
use serde::Serialize;

use super::check::write_cross;
use super::{Context, proof, record_bundle, record_id};
use crate::args::{Subject, Trace};
use crate::failure::{Exit, Failure};
use crate::page::{Cell, Page, Tone};
use crate::proven::{self, Act, AsOf};
use crate::{text, time};

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    id: RecordId,
    acts: Vec<Act>,
    /// Whether the acts are all there were up to the block; a receipt alone proves but one.
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<&'a Record>,
    /// What this document and the other one of the shipment say of each other, for whoever may read both.
    #[serde(skip_serializing_if = "Option::is_none")]
    cross: Option<Cross>,
    as_of: AsOf,
    proven: bool,
}

/// Cross-findings, and whose word they are.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cross {
    /// Whether they were found here, in both documents as they were issued; otherwise it is what the node tells.
    recomputed: bool,
    findings: Vec<CrossFinding>,
}

/// Reads a bundle offline, or asks the node for one; shows what it proves.
pub(super) fn run(args: &Trace, context: &Context) -> Result<Exit, Failure> {
    let (bundle, anchor) = proof(&args.record, context, record_bundle)?;
    let id = match &args.record {
        Subject::Record(id) => *id,
        Subject::Bundle(_) => record_id(&args.record)?,
    };
    let ladder = proven::demand(&bundle, &anchor, &[], None)?;
    let acts = proven::acts(&bundle, &ladder);
    if acts.is_empty() {
        return match &bundle.status {
            Some(part) if part.id == id && part.record.is_none() => Err(proven::absent(&bundle, &id)),
            _ => Err(Failure::refused("the bundle proves no act on a record")
                .hint("`sampan bundle RECORD -o FILE` fetches one with the whole history")),
        };
    }
    if proven::subject(&bundle) != Some(id) {
        return Err(Failure::unproven(text::OFF_THE_POINT));
    }
    let complete = ladder.verdict("history") == Some(Verdict::Valid);
    let state = bundle.status.as_ref().filter(|_| ladder.verdict("status") == Some(Verdict::Valid));
    let record = state.and_then(|part| part.record.as_ref()).map(|record| &record.0);
    let cross = recomputed(&bundle, &ladder).or_else(|| told(args, &acts, &id, context));
    let report = Report { id, acts, complete, record, cross, as_of: AsOf::of(&bundle), proven: true };
    context.printer.data(&report, |page| write(&report, page))?;
    Ok(Exit::Done)
}

/// The two documents in a bundle, compared here.
fn recomputed(bundle: &Bundle, ladder: &Ladder) -> Option<Cross> {
    if !matches!(ladder.verdict("findings"), Some(Verdict::Valid | Verdict::Warn)) {
        return None;
    }
    let (own, other) = (bundle.body.as_ref()?, bundle.counterpart.as_ref()?.body.as_ref()?);
    let findings = compare(&own.0.0.bytes, &other.0.0.bytes).ok()?;
    Some(Cross { recomputed: true, findings })
}

/// What the node tells of the record that the newest finding of customs names, if it tells us. Nobody has to be
/// shown the documents, so a refusal is no fault.
fn told(args: &Trace, acts: &[Act], id: &RecordId, context: &Context) -> Option<Cross> {
    let Subject::Record(_) = args.record else { return None };
    let other = acts.iter().rev().find_map(|act| act.finding.as_ref()?.other)?;
    let view = context.client().ok()?.findings(id, &other).ok()?;
    Some(Cross { recomputed: false, findings: view.findings })
}

/// Who acted, and towards whom.
fn who(act: &Act) -> String {
    match &act.to {
        Some(to) => format!("{} → {to}", act.member),
        None => act.member.to_string(),
    }
}

fn write(report: &Report<'_>, page: &mut Page) {
    page.tagged(Tone::Faint, "record", report.id.to_string());
    let row = |act: &Act| {
        vec![
            Cell::new("✓", Tone::Good),
            format!("#{}", act.seq).into(),
            act.time.clone().into(),
            Cell::new(act.action.as_str(), Tone::Strong),
            who(act).into(),
            Cell::new(format!("height {}", act.height), Tone::Faint),
            Cell::new(format!("entry {}", act.index), Tone::Faint),
        ]
    };
    page.table(&report.acts.iter().map(row).collect::<Vec<_>>());
    for (seq, finding) in report.acts.iter().filter_map(|act| Some((act.seq, act.finding.as_ref()?))) {
        let other = finding.other.map_or(String::new(), |other| format!(", against record {other}"));
        page.tagged(Tone::Care, &format!("#{seq} {}:", finding.rule), format!("{}{other}", finding.says));
    }
    if let Some(Cross { recomputed, findings }) = &report.cross {
        page.line(if *recomputed { "found in both documents:" } else { "in both documents, as the node tells:" });
        write_cross(findings, page);
    }
    let AsOf { height, time, time_ms } = &report.as_of;
    let age = time::ago(*time_ms, time::now_ms());
    let now = report.record.map_or(String::new(), |record| format!("{}, ", text::record_state(record)));
    page.tagged(Tone::Good, "✓", format!("{now}as of height {height}, {time} ({age})"));
    if !report.complete {
        page.line("the bundle is a receipt: it proves this act, not that nothing happened before or since");
    }
}
