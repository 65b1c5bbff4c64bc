//! `sampan prove`, as typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use sampan_proto::ids::MemberId;
use sampan_proto::keys::PublicKey;

use super::Subject;
use super::trade::Cargo;
use crate::time::{parse_day, parse_span};

/// `sampan prove …`.
#[derive(Debug, Subcommand)]
pub(crate) enum Prove {
    /// That a record is the one original of its number, and in force
    Original(On),
    /// That a bill secures no loan; with its goods named, that no bill of the same goods does
    Unpledged(Unpledged),
    /// That a bill secures a loan, and whose
    Pledge(On),
    /// That a key was a member's on a day
    Key(KeyOnDay),
}

/// The record, and what is asked of the proof.
#[derive(Args, Debug)]
pub(crate) struct On {
    /// The record's id, or a bundle of it, which is then read offline
    pub(crate) record: Subject,
    /// How old the proof may be
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    pub(crate) max_age: Option<Duration>,
    /// Where to write the proof
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// `sampan prove unpledged`.
#[derive(Args, Debug)]
pub(crate) struct Unpledged {
    #[command(flatten)]
    pub(crate) on: On,
    #[command(flatten)]
    pub(crate) goods: Cargo,
}

/// `sampan prove key`.
#[derive(Args, Debug)]
pub(crate) struct KeyOnDay {
    /// The member
    pub(crate) member: MemberId,
    /// The key
    pub(crate) key: PublicKey,
    /// The day, as YYYY-MM-DD; in UTC
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    pub(crate) at: u64,
    /// A proof written earlier, which is then read offline
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// Where to write the proof
    #[arg(long, short, value_name = "FILE", conflicts_with = "from")]
    pub(crate) output: Option<PathBuf>,
}
