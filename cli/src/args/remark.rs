//! A remark on a bill: in the open as a digest, or sealed for one reader.

use std::path::PathBuf;

use clap::Args;
use sampan_proto::ids::MemberId;

use super::trade::On;

/// `sampan title remark`.
#[derive(Args, Debug)]
pub(crate) struct Remark {
    /// The file whose SHA-256 goes onto the ledger
    #[arg(long, visible_alias = "remark-hash", value_name = "FILE", required_unless_present = "reader")]
    pub(crate) file: Option<PathBuf>,
    /// The member that alone can read the remark
    #[arg(long = "remark-for", value_name = "MEMBER", requires = "text", conflicts_with = "file")]
    pub(crate) reader: Option<MemberId>,
    /// The remark for that member, at most 72 bytes
    #[arg(long, value_name = "TEXT", requires = "reader")]
    pub(crate) text: Option<String>,
    #[command(flatten)]
    pub(crate) on: On,
}
