//! The command line as typed.

pub(crate) mod codes;
pub(crate) mod gov;
pub(crate) mod log;
mod paper;
pub(crate) mod prove;
mod remark;
pub(crate) mod trade;
pub(crate) mod witness;

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use sampan_proto::checkpoint::WitnessKey;
use sampan_proto::doc::draft::DraftForm;
use sampan_proto::doc::{CertificateForm, DocKind};
use sampan_proto::ids::{MemberId, RecordId};
use sampan_proto::member::Purpose;

pub(crate) use paper::{Audit, Qr};

use crate::time::parse_span;

const AFTER_HELP: &str = "\
Exit codes: 0 done, 1 refused or invalid input, 2 unexpected (network, disk, bug), 3 a proof failed
Settings: ~/.config/sampan/cli.toml may hold `node`, `genesis` and `key`; environment and flags go before it";

/// Issue, hand on and check trade documents on a Sampan network
#[derive(Debug, Parser)]
#[command(name = "sampan", version, after_help = AFTER_HELP, max_term_width = 100, propagate_version = false)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The node to ask
    #[arg(long, value_name = "URL", global = true, env = "SAMPAN_NODE", hide_env_values = true)]
    pub(crate) node: Option<String>,
    /// The anchor that every proof is checked against: the genesis file, or a pinned block
    #[arg(long, value_name = "FILE", global = true, env = "SAMPAN_GENESIS", hide_env_values = true)]
    pub(crate) genesis: Option<PathBuf>,
    /// Answer with one JSON document on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print answers, warnings and errors only
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make and inspect key files
    #[command(subcommand)]
    Keys(Keys),
    /// Write a filled example document, ready to be edited
    Template(Template),
    /// Fill in a document box by box; off a terminal, say which boxes are missing
    Draft(Draft),
    /// Check a document against its schema and the rules of the trade, offline
    Check(Check),
    /// Import and show code lists, which documents are checked against
    #[command(subcommand)]
    Codes(codes::Codes),
    /// Bring a document onto the ledger
    Issue(Issue),
    /// Hand a bill of lading to another member
    Transfer(Transfer),
    /// Give a bill of lading back to the carrier that issued it
    Surrender(Surrender),
    /// Offer, endorse, nominate, answer surrenders: what may be done with a bill of lading
    #[command(subcommand)]
    Title(trade::Title),
    /// Offer, take and release security on the goods of a bill
    #[command(subcommand)]
    Pledge(trade::Pledge),
    /// Apply for, certify, present and decide on certificates of origin
    #[command(subcommand)]
    Origin(trade::Origin),
    /// Admit, suspend and recover members, turn over keys
    #[command(subcommand)]
    Gov(gov::Gov),
    /// As a customs agency: put a finding onto a record
    Finding(trade::Finding),
    /// Send statements signed earlier with `--sign-only`
    Submit(Submit),
    /// Show a record and who controls it, proven
    Show(Show),
    /// Show everything that happened to a record, proven
    Trace(Trace),
    /// Prove a record's state as of now
    Status(Status),
    /// Prove one thing: an original, a pledge or none, a key on a day
    #[command(subcommand)]
    Prove(prove::Prove),
    /// Fetch and check the receipt of a statement
    Receipt(log::Receipt),
    /// Fetch and check a record's bundle: one file that proves all there is to prove
    Bundle(Bundle),
    /// Check a bundle, the text of a QR code, or evidence, offline
    Verify(Verify),
    /// Print a record's state as a QR code that proves itself
    Qr(Qr),
    /// Execute an archived chain again and compare everything, offline
    Audit(Audit),
    /// Follow a record
    Watch(Watch),
    /// Compare what several nodes have decided; a fork is written down as evidence
    Compare(log::Compare),
    /// Write evidence of what nobody honest signs both
    #[command(subcommand)]
    Evidence(log::EvidenceCommand),
    /// Sign checkpoints of the log as somebody from outside
    #[command(subcommand)]
    Witness(witness::Witness),
    /// Show the network, the node and the members
    Network(log::Network),
}

/// `sampan keys`.
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make a key; prints its public half
    New(KeysNew),
    /// Show a key file without its secrets
    Show(KeysShow),
}

/// `sampan keys new`.
#[derive(Args, Debug)]
pub(crate) struct KeysNew {
    /// The member whose key it is
    #[arg(long, value_name = "ID")]
    pub(crate) member: Option<MemberId>,
    /// What it signs: statement, consensus, network or governance
    #[arg(long, value_name = "PURPOSE", default_value = "statement", value_parser = purpose)]
    pub(crate) purpose: Purpose,
    /// Add a pepper, which a member that issues documents needs
    #[arg(long)]
    pub(crate) pepper: bool,
    /// Where to write it; never over an old file
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// `sampan keys show`.
#[derive(Args, Debug)]
pub(crate) struct KeysShow {
    /// The key file
    pub(crate) file: PathBuf,
}

/// `sampan template`.
#[derive(Args, Debug)]
pub(crate) struct Template {
    /// bill-of-lading or certificate-of-origin
    #[arg(required_unless_present = "form")]
    pub(crate) kind: Option<DocKind>,
    /// The form of certificate: form-e, form-d, rcep or non-preferential
    #[arg(long, value_name = "FORM")]
    pub(crate) form: Option<CertificateForm>,
    /// Where to write it, if not to stdout
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// `sampan draft`.
#[derive(Args, Debug)]
pub(crate) struct Draft {
    /// A document that is filled in part, or a draft that was left; `-` for stdin
    pub(crate) file: Option<PathBuf>,
    /// What to draft: bill-of-lading, form-e, form-d, rcep or non-preferential
    #[arg(long, value_name = "FORM")]
    pub(crate) form: Option<DraftForm>,
    /// Where to write the document; until it is complete, the draft is kept beside it
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// `sampan check`.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// The document, `-` for stdin
    pub(crate) file: PathBuf,
    /// A second one, to compare: a bill of lading and a certificate of origin of one shipment, in any order
    #[arg(value_name = "OTHER", conflicts_with = "kind")]
    pub(crate) other: Option<PathBuf>,
    /// Its kind, when the document does not tell: bill-of-lading or certificate-of-origin
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<DocKind>,
    #[command(flatten)]
    pub(crate) codes: codes::AgainstFor,
}

/// Options of the commands that sign.
#[derive(Args, Debug)]
pub(crate) struct Signing {
    /// The key file to sign with
    #[arg(long, value_name = "KEYFILE", env = "SAMPAN_KEY", hide_env_values = true)]
    pub(crate) key: Option<PathBuf>,
    /// The member to act as, if the key file does not say
    #[arg(long, value_name = "ID")]
    pub(crate) member: Option<MemberId>,
    /// How long the statement may wait to be executed, at most 7d
    #[arg(long, value_name = "SPAN", default_value = "1h", value_parser = parse_span)]
    pub(crate) valid_for: Duration,
    /// Sign only, and write the file that `sampan submit` sends
    #[arg(long, value_name = "OUT", conflicts_with_all = ["bundle", "no_wait"])]
    pub(crate) sign_only: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) waiting: Waiting,
}

/// Options of the commands that wait for finality.
#[derive(Args, Debug)]
pub(crate) struct Waiting {
    /// Where to write the bundle, if not to `<number or record>.bundle.json`; `-` for nowhere
    #[arg(long, value_name = "OUT")]
    pub(crate) bundle: Option<PathBuf>,
    /// Return once the node has accepted it, without waiting for finality
    #[arg(long)]
    pub(crate) no_wait: bool,
}

/// `sampan issue`.
#[derive(Args, Debug)]
pub(crate) struct Issue {
    /// The document, `-` for stdin
    pub(crate) file: PathBuf,
    /// The member it is issued to: the first possessor of a bill of lading
    #[arg(long, value_name = "MEMBER")]
    pub(crate) to: MemberId,
    /// Its kind, when the document does not tell: bill-of-lading or certificate-of-origin
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<DocKind>,
    /// Put the document itself into the bundle
    #[arg(long)]
    pub(crate) with_body: bool,
    #[command(flatten)]
    pub(crate) codes: codes::Against,
    #[command(flatten)]
    pub(crate) predecessors: trade::Predecessors,
    #[command(flatten)]
    pub(crate) signing: Signing,
}

/// `sampan transfer`.
#[derive(Args, Debug)]
pub(crate) struct Transfer {
    /// The record's id, or a bundle of it
    pub(crate) record: Subject,
    /// The new possessor
    #[arg(long, value_name = "MEMBER")]
    pub(crate) to: MemberId,
    /// The record's seq as you know it; asked from the node or read from the bundle otherwise
    #[arg(long, value_name = "N")]
    pub(crate) seq: Option<u64>,
    #[command(flatten)]
    pub(crate) signing: Signing,
}

/// `sampan surrender`.
#[derive(Args, Debug)]
pub(crate) struct Surrender {
    /// The record's id, or a bundle of it
    pub(crate) record: Subject,
    /// The carrier that issued it; asked from the node or read from the bundle otherwise
    #[arg(long, value_name = "MEMBER")]
    pub(crate) to: Option<MemberId>,
    /// What for
    #[arg(long = "for", value_enum, default_value = "delivery")]
    pub(crate) purpose: trade::For,
    /// The record's seq as you know it; asked from the node or read from the bundle otherwise
    #[arg(long, value_name = "N")]
    pub(crate) seq: Option<u64>,
    #[command(flatten)]
    pub(crate) signing: Signing,
}

/// `sampan submit`.
#[derive(Args, Debug)]
pub(crate) struct Submit {
    /// Files written by `--sign-only`
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) waiting: Waiting,
}

/// `sampan show`.
#[derive(Args, Debug)]
pub(crate) struct Show {
    /// The record's id, or a bundle of it
    pub(crate) record: Subject,
    /// The key file that opens remarks which are sealed to you
    #[arg(long, value_name = "KEYFILE", env = "SAMPAN_KEY", hide_env_values = true)]
    pub(crate) key: Option<PathBuf>,
}

/// `sampan trace`.
#[derive(Args, Debug)]
pub(crate) struct Trace {
    /// The record's id, or a bundle of it, which is then read offline
    pub(crate) record: Subject,
}

/// `sampan status`.
#[derive(Args, Debug)]
pub(crate) struct Status {
    /// The record's id, or a bundle of it
    pub(crate) record: Subject,
    /// How old the proof may be
    #[arg(long, value_name = "SPAN", default_value = "5m", value_parser = parse_span)]
    pub(crate) max_age: Duration,
}

/// `sampan bundle`.
#[derive(Args, Debug)]
pub(crate) struct Bundle {
    /// The record's id, or an older bundle of it
    pub(crate) record: Subject,
    /// Where to write it, if not to stdout
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) witness: witness::Cosigned,
    /// Put the document itself into the bundle: for the node's own machine and for parties
    #[arg(long)]
    pub(crate) with_body: bool,
    /// Put the other document of the shipment beside it, so that whoever holds both can compare them
    #[arg(long = "with", value_name = "RECORD")]
    pub(crate) other: Option<RecordId>,
    /// The key file that signs the request for the document
    #[arg(long, value_name = "KEYFILE", env = "SAMPAN_KEY", hide_env_values = true)]
    pub(crate) key: Option<PathBuf>,
    /// The member to ask as, if the key file does not say
    #[arg(long, value_name = "ID")]
    pub(crate) member: Option<MemberId>,
}

/// `sampan verify`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Verify {
    #[command(subcommand)]
    pub(crate) command: Option<log::VerifyCommand>,
    /// Bundles, or QR codes' texts or files that hold them; `-` for stdin. With `--json` each of several is a line
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// How old the proof may be
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    pub(crate) max_age: Option<Duration>,
    /// For a QR code after a change of validators: a newer bundle, which brings the handovers with it
    #[arg(long, value_name = "BUNDLE")]
    pub(crate) handovers: Option<PathBuf>,
    /// Refuse an anchor that is older than the network's trusting period
    #[arg(long)]
    pub(crate) strict: bool,
    /// A witness that must have seen the log, by its key; one of them, if several are given
    #[arg(long = "witness", value_name = "KEY")]
    pub(crate) witnesses: Vec<WitnessKey>,
}

/// `sampan watch`.
#[derive(Args, Debug)]
pub(crate) struct Watch {
    /// The record's id, or a bundle of it
    pub(crate) record: Subject,
    /// When to stop: `final` once the record exists, `ended` once it is surrendered, or a seq to reach
    #[arg(long, value_name = "WHEN")]
    pub(crate) until: Option<Until>,
}

/// When to stop watching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// The record exists.
    Final,
    /// Nothing can be done with it any more.
    Ended,
    /// It has come to this seq.
    Seq(u64),
}

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "final" => Ok(Self::Final),
            "ended" => Ok(Self::Ended),
            _ => text.parse().map(Self::Seq).map_err(|_| "expected `final`, `ended` or a seq".to_owned()),
        }
    }
}

/// A record by its id, or by a bundle of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// 64 hexadecimal digits.
    Record(RecordId),
    /// A bundle file.
    Bundle(PathBuf),
}

impl FromStr for Subject {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Record(id));
        }
        let path = PathBuf::from(text);
        let digits = text.bytes().all(|b| b.is_ascii_hexdigit());
        if digits && !path.exists() {
            return Err("a record id has 64 lowercase hexadecimal digits".to_owned());
        }
        Ok(Self::Bundle(path))
    }
}

fn purpose(text: &str) -> Result<Purpose, String> {
    match text {
        "statement" => Ok(Purpose::Statement),
        "consensus" => Ok(Purpose::Consensus),
        "network" => Ok(Purpose::Network),
        "governance" => Ok(Purpose::Governance),
        _ => Err("expected statement, consensus, network or governance".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_tree_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_record_is_an_id_or_a_file() {
        let id = "0".repeat(64);
        assert!(matches!(id.parse(), Ok(Subject::Record(_))));
        assert!(matches!("x.bundle.json".parse(), Ok(Subject::Bundle(_))));
        assert!("12ab".parse::<Subject>().is_err());
        assert_eq!("7".parse(), Ok(Until::Seq(7)));
        assert!("later".parse::<Until>().is_err());
    }
}
