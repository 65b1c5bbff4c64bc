//! The log, its receipts and those who watch it, as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sampan_proto::ids::StatementId;

use super::witness::Cosigned;

/// `sampan compare`.
#[derive(Args, Debug)]
pub(crate) struct Compare {
    /// The nodes, two or more
    #[arg(required = true, num_args = 2.., value_name = "URL")]
    pub(crate) nodes: Vec<String>,
    /// Where evidence of a fork is written; never over an older one
    #[arg(long, value_name = "FILE", default_value = "fork.evidence.json")]
    pub(crate) evidence: PathBuf,
}

/// `sampan receipt`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Receipt {
    #[command(subcommand)]
    pub(crate) command: Option<ReceiptCommand>,
    /// The statement's id
    #[arg(required = true)]
    pub(crate) statement: Option<StatementId>,
    /// Where to write it, if not to stdout
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) witness: Cosigned,
}

/// `sampan receipt …`.
#[derive(Debug, Subcommand)]
pub(crate) enum ReceiptCommand {
    /// Prove an old receipt or bundle again: against the newest block and today's validators
    Refresh(Refresh),
}

/// `sampan receipt refresh`.
#[derive(Args, Debug)]
pub(crate) struct Refresh {
    /// The old file
    pub(crate) file: PathBuf,
    /// Where to write the new one, if not in its place; `-` for stdout
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) witness: Cosigned,
}

/// `sampan network`.
#[derive(Args, Debug)]
pub(crate) struct Network {
    #[command(subcommand)]
    pub(crate) command: Option<NetworkCommand>,
}

/// `sampan network …`.
#[derive(Debug, Subcommand)]
pub(crate) enum NetworkCommand {
    /// Pin the newest block as an anchor: what `--genesis` takes instead of the genesis file
    Pin(Pin),
}

/// `sampan network pin`.
#[derive(Args, Debug)]
pub(crate) struct Pin {
    /// Where to write it
    #[arg(long, short, value_name = "FILE", default_value = "anchor.json")]
    pub(crate) output: PathBuf,
}

/// `sampan evidence …`.
#[derive(Debug, Subcommand)]
pub(crate) enum EvidenceCommand {
    /// Two statements of one member that hand one thing over twice
    Statements(Statements),
}

/// `sampan evidence statements`.
#[derive(Args, Debug)]
pub(crate) struct Statements {
    /// A bundle, or what `--sign-only` wrote
    pub(crate) one: PathBuf,
    /// Another one
    pub(crate) other: PathBuf,
    /// Where the evidence is written; never over an older one
    #[arg(long, short, value_name = "FILE", default_value = "statements.evidence.json")]
    pub(crate) output: PathBuf,
}

/// `sampan verify …`.
#[derive(Debug, Subcommand)]
pub(crate) enum VerifyCommand {
    /// Check evidence offline: what it proves, of whom, and what it does not prove
    Evidence(VerifyEvidence),
}

/// `sampan verify evidence`.
#[derive(Args, Debug)]
pub(crate) struct VerifyEvidence {
    /// The evidence, `-` for stdin
    pub(crate) file: PathBuf,
}
