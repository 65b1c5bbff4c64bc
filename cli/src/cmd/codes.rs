//! `sampan codes`: code lists, from their publishers' files into one that says its edition and digest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sampan_proto::doc::codelist::{self, FILE_BYTES, ListKind};
use sampan_proto::doc::{CodeList, CodeLists};
use sampan_proto::governance::{Change, State};
use sampan_proto::hash::Hash32;
use sampan_proto::text::Note;
use serde::Serialize;

use super::Context;
use crate::args::codes::{Codes, Import, Show};
use crate::failure::{Exit, Failure};
use crate::files;
use crate::page::{Cell, Page, Tone};

/// A list in a line.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Known {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
    list: ListKind,
    edition: Note,
    sha256: Hash32,
    codes: usize,
    /// The edition in force, as the node tells; none when nobody was asked or nothing was decided.
    #[serde(rename = "inForce", skip_serializing_if = "Option::is_none")]
    in_force: Option<InForce>,
}

/// An edition that the members decided on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct InForce {
    edition: Note,
    sha256: Hash32,
}

impl Known {
    pub(super) fn of(file: Option<PathBuf>, list: &CodeList) -> Self {
        let (edition, codes) = (list.edition.clone(), list.codes().len());
        Self { file, list: list.list, edition, sha256: list.sha256, codes, in_force: None }
    }

    /// Whether another one is in force.
    fn is_superseded(&self) -> bool {
        self.in_force.as_ref().is_some_and(|decided| decided.sha256 != self.sha256)
    }
}

/// `sampan codes`.
pub(super) fn run(command: &Codes, context: &Context) -> Result<Exit, Failure> {
    match command {
        Codes::Import(args) => import(args, context),
        Codes::Show(args) => show(args, context),
    }
}

fn import(args: &Import, context: &Context) -> Result<Exit, Failure> {
    let parts = args.files.iter().map(|path| files::read(path, FILE_BYTES)).collect::<Result<Vec<_>, _>>()?;
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let kind = args.list.map_or_else(|| recognised(&args.files, &parts), Ok)?;
    let list = codelist::read(kind, args.edition.clone(), &parts).map_err(|error| {
        Failure::refused(format!("the files are no list `{kind}`"))
            .why(error)
            .hint("give the publisher's own files as they came")
    })?;
    let path = args.output.clone().unwrap_or_else(|| files::named(kind.as_str(), "codes.json"));
    files::write_new(&path, &list.to_json(), false)?;
    let known = Known::of(Some(path.clone()), &list);
    context.printer.data(&known, |page| write(std::slice::from_ref(&known), page))?;
    context.printer.note(format!("check against it: `sampan check DOCUMENT --codes {}`", path.display()));
    Ok(Exit::Done)
}

/// The one list that all the files are of.
fn recognised(paths: &[PathBuf], parts: &[&[u8]]) -> Result<ListKind, Failure> {
    let mut found = None;
    for (path, part) in paths.iter().zip(parts) {
        let kind = codelist::recognise(part).ok_or_else(|| {
            Failure::refused(format!("`{}` does not show which list it is of", path.display()))
                .hint("name the list with `--list`")
        })?;
        if *found.get_or_insert(kind) != kind {
            return Err(Failure::refused(format!(
                "`{}` is of the list `{kind}`, another than the first",
                path.display()
            ))
            .hint("import each list by itself"));
        }
    }
    found.ok_or_else(|| Failure::refused("no file was named"))
}

fn show(args: &Show, context: &Context) -> Result<Exit, Failure> {
    let mut known = Vec::new();
    for path in &args.files {
        known.push(Known::of(Some(path.clone()), &read(path)?));
    }
    if args.files.is_empty() {
        known.extend(
            ListKind::ALL.iter().filter_map(|kind| CodeList::compiled(*kind)).map(|list| Known::of(None, &list)),
        );
    }
    compare(&mut known, context);
    context.printer.data(&known, |page| write(&known, page))?;
    Ok(Exit::Done)
}

/// Reads a list that was imported.
pub(super) fn read(path: &Path) -> Result<CodeList, Failure> {
    CodeList::from_json(&files::read(path, FILE_BYTES)?).map_err(|error| {
        Failure::json(format!("`{}` is not a code list", path.display()), &error)
            .hint("`sampan codes import` makes one of the publisher's files")
    })
}

/// The lists to check against, and what is to be said about them; none when no file is named. An edition that the
/// members have replaced is warned of, when there is a node to ask.
pub(super) fn load(paths: &[PathBuf], context: &Context) -> Result<Option<(CodeLists, Vec<Known>)>, Failure> {
    if paths.is_empty() {
        return Ok(None);
    }
    let (mut lists, mut known) = (CodeLists::default(), Vec::new());
    for path in paths {
        let list = read(path)?;
        known.push(Known::of(Some(path.clone()), &list));
        if let Err(other) = lists.add(list) {
            return Err(Failure::refused(format!("`{}` is a second list `{}`", path.display(), other.list))
                .hint("check against one edition at a time"));
        }
    }
    compare(&mut known, context);
    Ok(Some((lists, known)))
}

/// Puts the editions in force beside those at hand. A document is checked without the node as well, so a node that
/// does not answer is no failure.
fn compare(known: &mut [Known], context: &Context) {
    if context.settings.node.is_none() {
        return;
    }
    let decided = match in_force(context) {
        Ok(decided) => decided,
        Err(failure) => {
            let what = &failure.parts().what;
            return context.printer.warn(format!("which editions are in force is not known: {what}"));
        }
    };
    for list in known {
        list.in_force = decided.get(list.list.as_str()).cloned();
        if let Some(InForce { edition, sha256 }) = list.in_force.as_ref().filter(|_| list.is_superseded()) {
            let (name, at_hand) = (list.list.title(), &list.edition);
            context.printer.warn(format!(
                "{name}: edition {edition} is in force, as the node tells, with the digest {}; at hand is edition {at_hand}, {}",
                sha256.short(),
                list.sha256.short(),
            ));
        }
    }
}

/// What was decided last on each list.
fn in_force(context: &Context) -> Result<BTreeMap<String, InForce>, Failure> {
    let mut decided = BTreeMap::new();
    // The newest comes first, and stays.
    for proposal in context.client()?.proposals()?.proposals {
        if let (State::Enacted, Change::Edition { list, edition, sha256 }) = (proposal.state, proposal.change) {
            decided.entry(list.to_string()).or_insert(InForce { edition, sha256 });
        }
    }
    Ok(decided)
}

fn write(known: &[Known], page: &mut Page) {
    let row = |list: &Known| {
        let state = match (&list.in_force, list.is_superseded()) {
            (Some(decided), true) => {
                Cell::new(format!("edition {} is in force, as the node tells", decided.edition), Tone::Care)
            }
            (Some(_), false) => "in force, as the node tells".into(),
            (None, _) => Cell::from(""),
        };
        let file = list.file.as_ref().map_or("compiled in".to_owned(), |path| path.display().to_string());
        vec![
            Cell::new(list.list.as_str(), Tone::Strong),
            format!("{}, edition {}", list.list.title(), list.edition).into(),
            format!("{} codes", list.codes).into(),
            file.into(),
            Cell::new(list.sha256.to_string(), Tone::Faint),
            state,
        ]
    };
    page.table(&known.iter().map(row).collect::<Vec<_>>());
}
