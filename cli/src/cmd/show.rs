//! `sampan show`: a record, who controls it, and by whom that was decided.

use sampan_proto::ids::MemberId;
use sampan_proto::member::Member;
use sampan_proto::record::Record;
use serde::Serialize;

use super::{Context, record_bundle, record_id};
use crate::args::Show;
use crate::failure::{Exit, Failure};
use crate::page::{Cell, Page, Tone};
use crate::proven::{self, AsOf};
use crate::time;

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    record: &'a Record,
    members: Vec<&'a Member>,
    as_of: AsOf,
    proven: bool,
}

/// Fetches all there is to prove about the record, and shows what is proven.
pub(super) fn run(args: &Show, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let anchor = context.anchor(&client)?;
    let id = record_id(&args.record)?;
    let bundle = record_bundle(&client, &anchor, &id)?;
    let (record, ladder) = proven::record(&bundle, &anchor, &id)?;
    let mut members = proven::members(&bundle, &ladder);
    // The bundle proves those who acted; the anchor knows the founding members.
    let acted: Vec<_> = members.iter().map(|member| &member.id).collect();
    let others = anchor.genesis.members.iter().filter(|member| is_named(record, &member.id));
    let others: Vec<_> = others.filter(|member| !acted.contains(&&member.id)).collect();
    members.extend(others);
    let report = Report { record, members, as_of: AsOf::of(&bundle), proven: true };
    context.printer.data(&report, |page| write(&report, page))?;
    Ok(Exit::Done)
}

fn is_named(record: &Record, id: &MemberId) -> bool {
    record.issuer == *id || record.issued_to == *id || record.possessor.as_ref() == Some(id)
}

fn write(report: &Report<'_>, page: &mut Page) {
    let record = report.record;
    let named = |id: &MemberId| match report.members.iter().find(|member| member.id == *id) {
        Some(member) => format!("{id}  {}, {}", member.name, member.country),
        None => id.to_string(),
    };
    let mut pairs = vec![
        ("record", Cell::new(record.id.to_string(), Tone::Strong)),
        ("kind", record.kind.as_str().into()),
        ("status", Cell::new(record.status.as_str(), Tone::Strong)),
    ];
    if let Some(possessor) = &record.possessor {
        pairs.push(("held by", Cell::new(named(possessor), Tone::Strong)));
    }
    pairs.extend([
        ("issued by", named(&record.issuer).into()),
        ("issued to", named(&record.issued_to).into()),
        ("issued at", format!("height {}", record.issued_at).into()),
        ("seq", record.seq.to_string().into()),
        ("body", record.body.to_string().into()),
    ]);
    page.pairs(&pairs);
    let AsOf { height, time, time_ms } = &report.as_of;
    let age = time::ago(*time_ms, time::now_ms());
    page.tagged(Tone::Good, "✓ proven", format!("as of height {height}, {time} ({age})"));
}
