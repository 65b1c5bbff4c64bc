//! `sampan issue`: bring a document onto the ledger.

use sampan_proto::limits::BODY_BYTES;

use super::Context;
use super::check::{insist, kind_of};
use super::desk::Desk;
use crate::args::Issue;
use crate::failure::{Exit, Failure};
use crate::files;

/// Checks the document here first: what the network would refuse is not signed.
pub(super) fn run(args: &Issue, context: &Context) -> Result<Exit, Failure> {
    let bytes = files::read(&args.file, BODY_BYTES)?;
    let kind = kind_of(args.kind, &bytes)?;
    let checked = insist(kind, &bytes, &args.file, context)?;
    let desk = Desk::open(context, &args.signing)?;
    let chain = desk.anchor.chain();
    let submission = desk.signer.issue(chain, checked, bytes, args.to.clone(), args.signing.valid_for)?;
    desk.finish(submission, args.with_body)
}
