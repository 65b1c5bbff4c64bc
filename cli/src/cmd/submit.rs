//! `sampan submit`: send statements that were signed earlier, perhaps on another machine.

use std::path::Path;

use sampan_proto::api::Submission;
use sampan_proto::json::{self, JsonLimits};
use sampan_proto::limits::BUNDLE_BYTES;
use serde::Serialize;

use super::Context;
use super::courier::Courier;
use super::parcel::{Delivered, Parcel, write};
use crate::args::Submit;
use crate::failure::{Exit, Failure};
use crate::files;
use crate::page::{Page, Tone};

/// What became of one file.
#[derive(Serialize)]
struct Sent<'a> {
    submitted: &'a Path,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    delivered: Option<Delivered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
}

/// Sends each file in order. One refusal does not keep the others from being sent; the worst decides the exit code.
pub(super) fn run(args: &Submit, context: &Context) -> Result<Exit, Failure> {
    if args.files.len() > 1 && args.waiting.bundle.as_ref().is_some_and(|path| path.as_os_str() != files::STDIO) {
        return Err(Failure::refused("`--bundle` names one file, for one statement"));
    }
    let client = context.client()?;
    let anchor = context.anchor(&client)?;
    let courier = Courier { context, client: &client, anchor: &anchor, waiting: &args.waiting };
    let send =
        |path: &Path| read(path).and_then(|sub| Parcel::open(sub, &anchor)).and_then(|p| courier.deliver(&p, false));
    if let [path] = &args.files[..] {
        let done = send(path)?;
        context.printer.data(&done, |page| write(&done, page))?;
        return Ok(Exit::Done);
    }
    let mut all = Vec::with_capacity(args.files.len());
    for path in &args.files {
        let (delivered, error) = match send(path) {
            Ok(delivered) => (Some(delivered), None),
            Err(failure) => (None, Some(failure)),
        };
        all.push(Sent { submitted: path, delivered, error });
    }
    context.printer.data(&all, |page| all.iter().for_each(|sent| write_sent(sent, page)))?;
    let exits = all.iter().filter_map(|sent| sent.error.as_ref()).map(Failure::exit);
    Ok(exits.max().unwrap_or(Exit::Done))
}

fn read(path: &Path) -> Result<Submission, Failure> {
    let limits = JsonLimits { max_bytes: BUNDLE_BYTES, max_depth: 8, integers_only: true };
    json::from_slice(&files::read(path, BUNDLE_BYTES)?, &limits).map_err(|error| {
        Failure::json(format!("`{}` is not a signed statement", path.display()), &error)
            .hint("`--sign-only` writes such files")
    })
}

fn write_sent(sent: &Sent<'_>, page: &mut Page) {
    if let Some(delivered) = &sent.delivered {
        write(delivered, page);
    }
    if let Some(failure) = &sent.error {
        page.tagged(Tone::Bad, "failed", format!("`{}`", sent.submitted.display()));
        crate::printer::write_failure(failure, page);
    }
}
