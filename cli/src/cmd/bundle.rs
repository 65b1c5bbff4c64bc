//! `sampan bundle`: one file that proves all there is to prove about a record.

use std::path::Path;

use sampan_proto::api::ReadRequest;
use sampan_proto::ids::RecordId;
use sampan_proto::member::Purpose;
use sampan_proto::proof::{Bundle, Ladder, Verdict};
use serde_json::json;

use super::{Context, bundle_json, cosigned, record_bundle, record_id, write_bundle};
use crate::anchor::Anchor;
use crate::args::Bundle as Args;
use crate::draft::Signer;
use crate::failure::{Exit, Failure};
use crate::page::Tone;
use crate::printer::Printer;
use crate::{files, proven, time};

/// Fetches and checks the bundle, then writes it.
pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let anchor = context.anchor(&client)?;
    let id = record_id(&args.record)?;
    let read = if args.with_body { signed_read(args, context, &anchor, &id)? } else { None };
    let mut bundle = match &args.other {
        Some(other) => client.record_beside(&id, other, args.with_body, read.as_ref())?,
        None if args.with_body => client.record_with_body(&id, read.as_ref())?,
        None => record_bundle(&client, &anchor, &id)?,
    };
    let (_, ladder) = proven::record(&bundle, &anchor, &id)?;
    if args.with_body && ladder.verdict("body") != Some(Verdict::Valid) {
        return Err(Failure::refused("the node sent no document with the bundle").hint("ask a party of the record"));
    }
    if let Some(other) = &args.other {
        proven::beside(&bundle, &ladder, other)?;
    }
    cosigned::attach(&mut bundle, args.witness.cosigned.as_deref(), &client, &context.printer)?;
    hand_over(context, &bundle, &ladder, args.output.as_deref())
}

/// A party signs its request for the document; without a key the node decides by where the request comes from.
fn signed_read(args: &Args, context: &Context, anchor: &Anchor, id: &RecordId) -> Result<Option<ReadRequest>, Failure> {
    let Some(key) = args.key.as_deref().or(context.settings.key.as_deref()) else { return Ok(None) };
    let signer = Signer::open(Some(key), args.member.as_ref(), Purpose::Statement, &context.printer)?;
    let member = signer.member.clone();
    Ok(Some(ReadRequest::sign(anchor.chain(), id, args.other.as_ref(), (member, time::now_ms()), signer.secret())))
}

/// Writes a bundle that has been checked: to a file with a word about it, or to stdout as it is.
pub(super) fn hand_over(
    context: &Context,
    bundle: &Bundle,
    ladder: &Ladder,
    output: Option<&Path>,
) -> Result<Exit, Failure> {
    let facts = proven::facts(bundle, ladder);
    let Some(path) = output.filter(|path| path.as_os_str() != files::STDIO) else {
        Printer::bytes(&bundle_json(bundle)?)?;
        for fact in &facts {
            context.printer.note(format!("✓ {fact}"));
        }
        return Ok(Exit::Done);
    };
    write_bundle(path, bundle, &context.printer)?;
    let report = json!({ "file": path, "proven": facts, "ladder": ladder });
    context.printer.data(&report, |page| {
        for fact in &facts {
            page.tagged(Tone::Good, "✓", fact);
        }
        page.tagged(Tone::Faint, "bundle", path.display().to_string());
    })?;
    Ok(Exit::Done)
}
