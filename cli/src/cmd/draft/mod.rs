//! `sampan draft`: a document, box by box. On a terminal it asks; elsewhere it says what is missing.

mod dialogue;
mod saved;
#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use sampan_proto::doc::draft::{Draft, DraftForm, Place};
use sampan_proto::doc::{self, Finding};
use serde::Serialize;

use self::dialogue::{Dialogue, End};
use self::saved::Saved;
use super::Context;
use super::check::write_finding;
use crate::args::Draft as Args;
use crate::failure::{Exit, Failure};
use crate::files;
use crate::page::{Cell, Page, Tone};
use crate::printer::Printer;

/// The answer, when nobody can be asked.
#[derive(Serialize)]
struct Report<'a> {
    form: &'a str,
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a Path>,
    missing: Vec<Missing>,
    findings: Vec<Finding>,
}

/// A box that must be filled in.
#[derive(Serialize)]
struct Missing {
    path: String,
    name: String,
    expected: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<String>,
}

impl From<Place> for Missing {
    fn from(place: Place) -> Self {
        let (name, expected) = (place.name(), place.expected());
        Self { path: place.path.to_string(), name, expected, example: place.example }
    }
}

/// Asks where there is somebody to ask.
pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let stdin = args.file.as_deref().is_some_and(|path| path.as_os_str() == files::STDIO);
    let person = io::stdin().is_terminal() && io::stderr().is_terminal();
    if person && !stdin && !context.printer.is_json() {
        return converse(args, context);
    }
    let Some(path) = &args.file else {
        return Err(Failure::refused("there is no terminal to ask on, and no document to begin with")
            .hint("name a JSON file that is filled in part, `-` for stdin, or run it on a terminal"));
    };
    judge(&saved::read(path, args.form)?, args.output.as_deref(), context)
}

fn converse(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let printer = &context.printer;
    let begun = args.file.as_deref().map(|path| saved::read(path, args.form)).transpose()?;
    let form = begun.as_ref().map(Draft::form).or(args.form);
    let (output, mut saved) = place(args, form)?;
    let draft = match (saved.resume(args.form)?, begun, form) {
        (Some(draft), ..) => {
            printer.note(format!("going on with the draft in `{}`", saved.path().display()));
            draft
        }
        (None, Some(draft), _) => draft,
        (None, None, Some(form)) => Draft::new(form),
        (None, None, None) => return Err(no_form()),
    };
    let say = Printer::say;
    let mut dialogue = Dialogue::new(draft, io::stdin().lock(), say, printer.aside());
    match dialogue.run(&mut |draft| saved.keep(draft))? {
        End::Left => Err(Failure::refused("the document is not complete")
            .why(format!("the draft is kept in `{}`", saved.path().display()))
            .hint(format!("`sampan draft -o {}` goes on with it", output.display()))),
        End::Complete(findings) => {
            let draft = dialogue.draft();
            files::write_new(&output, &draft.document(), false)?;
            saved.remove()?;
            done(draft, Some(&output), findings, context)
        }
    }
}

/// Where the document will be, which must not be there yet, and where its draft is until then.
fn place(args: &Args, form: Option<DraftForm>) -> Result<(PathBuf, Saved), Failure> {
    let named = || form.map(|form| files::named(form.as_str(), "json"));
    let output = args.output.clone().or_else(named).ok_or_else(no_form)?;
    if output.exists() {
        return Err(Failure::refused(format!("cannot write `{}`", output.display()))
            .why("the file exists")
            .hint(format!("name another file with `-o`; `sampan draft {}` cannot change it", output.display())));
    }
    let saved = Saved::beside(&output);
    Ok((output, saved))
}

fn no_form() -> Failure {
    Failure::refused("it is not said what to draft")
        .hint("pass `--form`: bill-of-lading, form-e, form-d, rcep or non-preferential")
}

/// What is missing, or, when nothing is, the document checked and written.
fn judge(draft: &Draft, output: Option<&Path>, context: &Context) -> Result<Exit, Failure> {
    let missing: Vec<Missing> = draft.missing().into_iter().map(Missing::from).collect();
    let form = draft.form();
    let result = doc::check(form.kind(), &draft.document());
    if missing.is_empty()
        && let Ok(checked) = result
    {
        let Some(path) = output else {
            return Printer::bytes(&draft.document()).map(|()| Exit::Done);
        };
        files::write_new(path, &draft.document(), false)?;
        return done(draft, Some(path), checked.findings, context);
    }
    let absent = |finding: &Finding| missing.iter().any(|box_| box_.path.starts_with(&finding.path));
    let findings = result.err().map(|refusal| refusal.findings().to_vec()).unwrap_or_default();
    // What is missing is told by its box.
    let findings =
        findings.into_iter().filter(|finding| finding.rule != "schema.required" || !absent(finding)).collect();
    let report = Report { form: form.as_str(), complete: false, file: None, missing, findings };
    context.printer.data(&report, |page| write(&report, page))?;
    Ok(Exit::Refused)
}

fn done(draft: &Draft, file: Option<&Path>, findings: Vec<Finding>, context: &Context) -> Result<Exit, Failure> {
    let report = Report { form: draft.form().as_str(), complete: true, file, missing: Vec::new(), findings };
    context.printer.data(&report, |page| write(&report, page))?;
    Ok(Exit::Done)
}

fn write(report: &Report<'_>, page: &mut Page) {
    let row = |missing: &Missing| {
        let example = missing.example.as_ref().map_or(String::new(), |example| format!(", such as {example}"));
        vec![
            Cell::new("missing", Tone::Bad),
            Cell::new(missing.path.clone(), Tone::Strong),
            missing.name.clone().into(),
            format!("{}{example}", missing.expected).into(),
        ]
    };
    page.table(&report.missing.iter().map(row).collect::<Vec<_>>());
    report.findings.iter().for_each(|finding| write_finding(finding, page));
    match report.file {
        Some(path) => page.tagged(Tone::Good, "complete", format!("`{}`, {}", path.display(), report.form)),
        None => page.tagged(Tone::Bad, "incomplete", format!("{}: {} to fill in", report.form, report.missing.len())),
    }
}
