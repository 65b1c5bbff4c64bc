//! `sampan qr`: a record's state for paper; and reading it back.

use std::path::Path;

use qrcode::render::svg;
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use sampan_proto::ids::ChainId;
use sampan_proto::proof::small::{self, PREFIX, SmallReceipt};
use sampan_proto::proof::{Bundle, Handover, Ladder, Outcome};
use sampan_proto::record::Record;
use serde::Serialize;
use serde_json::json;

use super::{Context, proof, read_bundle};
use crate::anchor::{self, Anchor};
use crate::args::{Qr, Verify};
use crate::failure::{Exit, Failure};
use crate::page::{Page, Tone};
use crate::printer::write_ladder;
use crate::proven::{self, AsOf};
use crate::{files, text, time};

/// Proves the record, then draws the code.
pub(super) fn run(args: &Qr, context: &Context) -> Result<Exit, Failure> {
    let (bundle, anchor) = proof(&args.record, context, |client, _, id| client.status(id))?;
    let ladder = proven::demand(&bundle, &anchor, &["status"], None)?;
    let part = bundle.status.as_ref().and_then(|part| part.record.as_ref());
    let record = &part.ok_or_else(|| Failure::refused("there is no such record").ladder(ladder))?.0;
    let (inscription, words) = if args.short { short(record, context)? } else { receipt(&bundle, record, &anchor)? };
    let code = QrCode::with_error_correction_level(inscription.as_bytes(), EcLevel::L).map_err(|error| {
        let what = format!("{} characters do not fit a QR code", inscription.len());
        Failure::refused(what).why(error).hint("print `--short`, and give the bundle along as a file")
    })?;
    if let Some(path) = &args.svg {
        files::replace(path, code.render::<svg::Color<'_>>().min_dimensions(400, 400).build().as_bytes())?;
    }
    let report = json!({ "text": inscription, "modules": code.width(), "svg": args.svg, "says": words });
    context.printer.data(&report, |page| draw(&code, &inscription, page))?;
    context.printer.note(format!("✓ {words}"));
    Ok(Exit::Done)
}

/// A proof that fits the code.
fn receipt(bundle: &Bundle, record: &Record, anchor: &Anchor) -> Result<(String, String), Failure> {
    let genesis = anchor.founding()?;
    let small = SmallReceipt::of(bundle, genesis)
        .map_err(|error| Failure::refused("this makes no small receipt").why(error))?;
    let until = time::utc(small.expires_ms(genesis));
    let words = format!("{}, as of {}, good until {until}", text::record_state(record), text::as_of(bundle));
    Ok((small.to_text(), words))
}

/// Where to ask, and what to hold the answer against.
fn short(record: &Record, context: &Context) -> Result<(String, String), Failure> {
    let node = context.settings.node()?;
    let number = record.reference.map_or(String::new(), |key| format!("&reference={key}"));
    let commitment = record.body;
    let inscription = format!("{}/v1/records/{}#body={commitment}{number}", node.trim_end_matches('/'), record.id);
    Ok((inscription, "where to ask; it proves nothing by itself".to_owned()))
}

/// Two rows of the code to a line of half blocks, and the text below.
fn draw(code: &QrCode, inscription: &str, page: &mut Page) {
    let image = code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
    image.lines().for_each(|line| page.line(line));
    page.line(inscription);
}

/// A code's text that was given in place of a file's name.
pub(super) fn typed(argument: &Path) -> Option<&str> {
    argument.to_str().filter(|text| text.starts_with(PREFIX))
}

/// A code's text that a file or stdin holds, with the end of its line.
pub(super) fn scanned(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.starts_with(PREFIX))?;
    Some(text.trim_end_matches(['\r', '\n']))
}

/// The answer about a small receipt.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    outcome: Outcome,
    network: &'a str,
    chain: ChainId,
    anchor: &'a str,
    as_of: AsOf,
    good_until: String,
    /// What it says; proven only if the outcome is `VALID`.
    record: &'a Record,
    ladder: &'a Ladder,
}

/// Checks a small receipt offline.
pub(super) fn verify(inscription: &str, args: &Verify, context: &Context) -> Result<Exit, Failure> {
    let small = SmallReceipt::from_text(inscription)
        .map_err(|error| Failure::unproven("this is not a proof").why(error).hint("scan the whole code again"))?;
    let anchor = match anchor::offline(&context.settings)? {
        Some(anchor) => anchor,
        None => context.anchor(&context.client().map_err(|_| anchor::no_anchor())?)?,
    };
    if !args.witnesses.is_empty() {
        return Err(Failure::refused("a small receipt has no room for a witness's word").hint("ask for a bundle"));
    }
    let handovers = handovers(args)?;
    let (policy, genesis) = (proven::policy(args.max_age, args.strict), anchor.founding()?);
    let ladder = small::verify(&small, genesis, &handovers, &policy);
    let outcome = ladder.outcome();
    let report = Report {
        outcome,
        network: anchor.network(),
        chain: anchor.chain(),
        anchor: &anchor.origin,
        as_of: AsOf { height: small.height, time_ms: small.time_ms, time: time::utc(small.time_ms) },
        good_until: time::utc(small.expires_ms(genesis)),
        record: &small.record,
        ladder: &ladder,
    };
    context.printer.data(&report, |page| write(&report, page))?;
    if small.roster_since.0 > 0 && handovers.is_empty() {
        context.printer.warn(text::needs_handovers(small.roster_since));
    }
    Ok(if outcome == Outcome::Valid { Exit::Done } else { Exit::Unproven })
}

/// The changes of the roster that a newer bundle brings with it.
fn handovers(args: &Verify) -> Result<Vec<Handover>, Failure> {
    Ok(args.handovers.as_deref().map(read_bundle).transpose()?.map_or(Vec::new(), |bundle| bundle.trust_path))
}

fn write(report: &Report<'_>, page: &mut Page) {
    write_ladder(report.ladder, page);
    page.end();
    match report.outcome {
        Outcome::Valid => {
            page.tagged(Tone::Good, "✓ valid", format!("against the anchor {}", report.anchor));
            page.line(format!("  {}", text::network(report.network, report.chain)));
            let (state, AsOf { height, time, .. }) = (text::record_state(report.record), &report.as_of);
            let id = report.record.id;
            page.line(format!("  record {id} of `{}` is {state}, as of height {height}, {time}", report.record.issuer));
            page.line(format!("  its document is committed to as {}", report.record.body));
            page.line(format!("  good until {}", report.good_until));
        }
        Outcome::Invalid => page.tagged(Tone::Bad, "✗ not valid", format!("against the anchor {}", report.anchor)),
    }
}
