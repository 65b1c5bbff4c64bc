//! `sampan template`: a filled example, ready to be edited.

use sampan_proto::doc;
use serde_json::json;

use super::Context;
use crate::args::Template;
use crate::failure::{Exit, Failure};
use crate::files;
use crate::printer::Printer;

/// Writes the example of a kind of document. Without `-o` the example itself is the JSON document.
pub(super) fn run(args: &Template, context: &Context) -> Result<Exit, Failure> {
    let text = doc::template(args.kind);
    let Some(path) = &args.output else {
        return Printer::bytes(text.as_bytes()).map(|()| Exit::Done);
    };
    files::write_new(path, text.as_bytes(), false)?;
    let report = json!({ "file": path, "kind": args.kind });
    context.printer.data(&report, |page| page.line(path.display().to_string()))?;
    context.printer.note(format!("edit it, then `sampan check {}`", path.display()));
    Ok(Exit::Done)
}
