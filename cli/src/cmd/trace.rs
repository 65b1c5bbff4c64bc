//! `sampan trace`: everything that happened to a record, oldest first, nothing left out.

use sampan_proto::ids::RecordId;
use sampan_proto::proof::{Bundle, Verdict};
use sampan_proto::record::Record;
use serde::Serialize;

use super::{Context, read_bundle, record_bundle, record_id};
use crate::anchor::{self, Anchor};
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
    as_of: AsOf,
    proven: bool,
}

/// Reads a bundle offline, or asks the node for one; shows what it proves.
pub(super) fn run(args: &Trace, context: &Context) -> Result<Exit, Failure> {
    let (bundle, anchor) = found(args, context)?;
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
    let report = Report { id, acts, complete, record, as_of: AsOf::of(&bundle), proven: true };
    context.printer.data(&report, |page| write(&report, page))?;
    Ok(Exit::Done)
}

fn found(args: &Trace, context: &Context) -> Result<(Bundle, Anchor), Failure> {
    match &args.record {
        Subject::Bundle(path) => {
            let bundle = read_bundle(path)?;
            let anchor = anchor::for_bundle(&context.settings, bundle.chain, &context.printer)?;
            Ok((bundle, anchor))
        }
        Subject::Record(id) => {
            let client = context.client()?;
            let anchor = context.anchor(&client)?;
            Ok((record_bundle(&client, &anchor, id)?, anchor))
        }
    }
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
    let AsOf { height, time, time_ms } = &report.as_of;
    let age = time::ago(*time_ms, time::now_ms());
    let now = report.record.map_or(String::new(), |record| format!("{}, ", text::record_state(record)));
    page.tagged(Tone::Good, "✓", format!("{now}as of height {height}, {time} ({age})"));
    if !report.complete {
        page.line("the bundle is a receipt: it proves this act, not that nothing happened before or since");
    }
}
