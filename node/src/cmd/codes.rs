//! `sampand codes`: code lists for those who run a node. The file is the one that `sampan codes import` writes.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use sampan_node::setup;
use sampan_proto::doc::codelist::{self, FILE_BYTES, ListKind};
use sampan_proto::text::Note;

use super::{Failure, print, read, say};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a code list of its publisher's files; prints its digest.
    Import(Import),
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The publisher's files: all parts, in any order.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Which list, when the files do not tell: locode, smdg, hs, country, currency, package, unit or carriers.
    #[arg(long, value_name = "NAME")]
    list: Option<ListKind>,
    /// Which edition, in the publisher's words, as 2023-2.
    #[arg(long, value_name = "TEXT")]
    edition: Note,
    /// Where to write it, if not to <list>.codes.json; never over an old file.
    #[arg(short, long, alias = "out", value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn codes(command: &Command) -> Result<(), Failure> {
    let Command::Import(arguments) = command;
    let parts = arguments.files.iter().map(|path| part(path)).collect::<Result<Vec<_>, _>>()?;
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let untold = || Failure::refused("the files do not show which list they are of", "name it with --list");
    let kind = arguments.list.or_else(|| codelist::recognise(parts.first()?)).ok_or_else(untold)?;
    let list = codelist::read(kind, arguments.edition.clone(), &parts)
        .map_err(|e| Failure::refused(format!("list {kind}: {e}"), "give the publisher's own files as they came"))?;
    let path = arguments.output.clone().unwrap_or_else(|| format!("{kind}.codes.json").into());
    setup::write_new(&path, &list.to_json())?;
    let (title, edition, count) = (kind.title(), &list.edition, list.codes().len());
    say(&format!("{}: {title}, edition {edition}, {count} codes", path.display()));
    say(&format!("Let the roster decide on it: `sampan gov propose edition --list-file {}`", path.display()));
    print(&list.sha256.to_string())
}

fn part(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = read(path)?;
    if bytes.len() <= FILE_BYTES {
        return Ok(bytes);
    }
    Err(Failure::refused(format!("{}: more than {FILE_BYTES} bytes", path.display()), "give the publisher's own files"))
}
