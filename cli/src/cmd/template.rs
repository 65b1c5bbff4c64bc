//! `sampan template`: a filled example, ready to be edited.

use sampan_proto::doc::{self, CertificateForm, DocKind};
use serde_json::json;

use super::Context;
use crate::args::Template;
use crate::failure::{Exit, Failure};
use crate::files;
use crate::printer::Printer;

/// Writes the example of a kind of document, of a form of certificate. Without `-o` the example itself is
/// the JSON document.
pub(super) fn run(args: &Template, context: &Context) -> Result<Exit, Failure> {
    let (kind, text) = match (args.kind, args.form) {
        (Some(DocKind::BillOfLading), Some(form)) => {
            return Err(Failure::refused(format!("`{form}` is a form of certificate, and a bill of lading has none"))
                .hint("leave out `--form`, or ask for a `certificate-of-origin`"));
        }
        (Some(kind), None) => (kind, doc::template(kind)),
        (_, form) => (DocKind::CertificateOfOrigin, form.unwrap_or(CertificateForm::FormE).example()),
    };
    let Some(path) = &args.output else {
        return Printer::bytes(text.as_bytes()).map(|()| Exit::Done);
    };
    files::write_new(path, text.as_bytes(), false)?;
    let report = json!({ "file": path, "kind": kind });
    context.printer.data(&report, |page| page.line(path.display().to_string()))?;
    context.printer.note(format!("edit it, then `sampan check {}`", path.display()));
    Ok(Exit::Done)
}
