//! `sampan issue`: bring a document onto the ledger.

use std::collections::BTreeMap;

use sampan_proto::ids::RecordId;
use sampan_proto::limits::BODY_BYTES;
use sampan_proto::origin::ItemAmounts;
use sampan_proto::statement::{Issue as Statement, Replacement, Replaces};

use super::check::{insist_against, kind_of, warn_of_carrier};
use super::desk::Desk;
use super::origin::used;
use super::title::digest;
use super::{Context, codes};
use crate::args::trade::{How, Predecessors, Use};
use crate::args::{Issue, Subject};
use crate::failure::{Exit, Failure};
use crate::files;

/// Checks the document here first: what the network would refuse is not signed.
pub(super) fn run(args: &Issue, context: &Context) -> Result<Exit, Failure> {
    let bytes = files::read(&args.file, BODY_BYTES)?;
    let kind = kind_of(args.kind, &bytes, &args.file)?;
    let lists = codes::load(&args.codes.files, context)?.map(|(lists, _)| lists);
    let checked = insist_against(kind, &bytes, &args.file, lists.as_ref(), context)?;
    let desk = Desk::open(context, &args.signing)?;
    if let Some(lists) = lists {
        warn_of_carrier(kind, &bytes, &lists.of_issuer(desk.signer.member.clone()), context);
    }
    let chain = desk.anchor.chain();
    let (replaces, draws) = (replaces(&args.predecessors, &desk)?, draws(&args.predecessors)?);
    let from_paper = args.predecessors.from_paper.as_deref().map(digest).transpose()?;
    let holder = args.predecessors.holder.clone();
    let complete = |issue: Statement| Statement { holder, replaces, draws, from_paper, ..issue };
    let submission = desk.signer.issue(chain, checked, bytes, args, complete)?;
    desk.finish(submission, args.with_body)
}

/// The records that it replaces, each at the seq that is proven now.
fn replaces(args: &Predecessors, desk: &Desk<'_>) -> Result<Option<Replaces>, Failure> {
    let Some(how) = args.how else { return Ok(None) };
    let how = match how {
        How::Amendment => Replacement::Amendment,
        How::Split => Replacement::Split,
        How::Combination => Replacement::Combination,
    };
    let seq = |id: &RecordId| desk.current(&Subject::Record(*id)).map(|record| (*id, record.seq));
    Ok(Some(Replaces { how, records: args.replaces.iter().map(seq).collect::<Result<_, _>>()? }))
}

/// What it draws from originals, several items of one together.
fn draws(args: &Predecessors) -> Result<BTreeMap<RecordId, ItemAmounts>, Failure> {
    let mut draws = BTreeMap::<RecordId, Vec<Use>>::new();
    for draw in &args.draws {
        draws.entry(draw.original).or_default().push(draw.used.clone());
    }
    let sum = |(id, uses): (RecordId, Vec<Use>)| Ok((id, used(&uses)?.unwrap_or_default()));
    draws.into_iter().map(sum).collect()
}
