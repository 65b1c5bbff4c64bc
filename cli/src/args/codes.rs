//! Code lists as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sampan_proto::doc::codelist::ListKind;
use sampan_proto::ids::MemberId;
use sampan_proto::text::Note;

/// `sampan codes`.
#[derive(Debug, Subcommand)]
pub(crate) enum Codes {
    /// Make a code list of its publisher's files, with edition and digest
    Import(Import),
    /// Show code lists, without a file those compiled in, and whether they are in force
    Show(Show),
}

/// `sampan codes import`.
#[derive(Args, Debug)]
pub(crate) struct Import {
    /// The publisher's files: all parts, in any order
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Which list, when the files do not tell: locode, smdg, hs, country, currency, package, unit or carriers
    #[arg(long, value_name = "NAME")]
    pub(crate) list: Option<ListKind>,
    /// Which edition, in the publisher's words, such as `2023-2`
    #[arg(long, value_name = "TEXT")]
    pub(crate) edition: Note,
    /// Where to write it, if not to `<list>.codes.json`; never over an old file
    #[arg(long, short, alias = "out", value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// `sampan codes show`.
#[derive(Args, Debug)]
pub(crate) struct Show {
    /// Files written by `codes import`
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// The lists that a document is checked against.
#[derive(Args, Debug)]
pub(crate) struct Against {
    /// A code list to check against, as `sampan codes import` writes it; may be given several times
    #[arg(long = "codes", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// The same, for documents of an issuer who need not be the one who checks.
#[derive(Args, Debug)]
pub(crate) struct AgainstFor {
    #[command(flatten)]
    pub(crate) against: Against,
    /// Who issues it: whether it speaks for the carrier is looked up in the list `carriers`
    #[arg(long, value_name = "MEMBER", requires = "files")]
    pub(crate) issuer: Option<MemberId>,
}
