//! `sampan status`: a fresh proof of a record's state.

use sampan_proto::ids::RecordId;
use sampan_proto::proof::Ladder;
use sampan_proto::record::Record;
use serde::Serialize;

use super::{Context, record_id};
use crate::args::Status;
use crate::failure::{Exit, Failure};
use crate::page::{Page, Tone};
use crate::proven::{self, AsOf};
use crate::{text, time};

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    id: RecordId,
    record: &'a Record,
    as_of: AsOf,
    ladder: &'a Ladder,
}

/// Asks for the state, and insists that it is proven and fresh.
pub(super) fn run(args: &Status, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let anchor = context.anchor(&client)?;
    let id = record_id(&args.record)?;
    let bundle = client.status(&id)?;
    let (record, ladder) = proven::status(&bundle, &anchor, &id, Some(args.max_age))?;
    let Some(record) = record else { return Err(proven::absent(&bundle, &id)) };
    let report = Report { id, record, as_of: AsOf::of(&bundle), ladder: &ladder };
    context.printer.data(&report, |page| write(&report, page))?;
    Ok(Exit::Done)
}

fn write(report: &Report<'_>, page: &mut Page) {
    let AsOf { height, time, time_ms } = &report.as_of;
    let age = time::ago(*time_ms, time::now_ms());
    let state = text::record_state(report.record);
    page.tagged(Tone::Good, "✓", format!("{state}, as of height {height}, {time} ({age})"));
}
