//! `sampan qr` and `sampan audit`: what is kept and checked without a node.

use std::path::PathBuf;

use clap::Args;

use super::Subject;

/// `sampan qr`.
#[derive(Args, Debug)]
pub(crate) struct Qr {
    /// The record's id, or a bundle of it, which is then read offline
    pub(crate) record: Subject,
    /// Write the code as an image too
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Where to find the record instead of a proof of it: the node's address, id, number and commitment
    #[arg(long)]
    pub(crate) short: bool,
}

/// `sampan audit`.
#[derive(Args, Debug)]
pub(crate) struct Audit {
    /// The archive that `sampand export` wrote
    #[arg(value_name = "ARCHIVE")]
    pub(crate) file: PathBuf,
}
