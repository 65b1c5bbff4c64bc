//! Governance as typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use sampan_proto::ids::{MemberId, StatementId};
use sampan_proto::keys::PublicKey;
use sampan_proto::member::Purpose;
use sampan_proto::text::Note;

use super::trade::YesNo;
use super::{Signing, purpose};
use crate::time::parse_span;

/// `sampan gov`. Every act is signed by a governance key.
#[derive(Debug, Subcommand)]
pub(crate) enum Gov {
    /// What is proposed, and what was decided, the newest first
    List,
    /// One proposal: what it changes, who is for it, who against, and what it waits for
    Show {
        /// The statement that proposed it
        proposal: StatementId,
    },
    /// Propose a change to those who run validators; you vote for it by that
    #[command(subcommand)]
    Propose(Propose),
    /// Vote on a proposal
    Vote(Vote),
    /// As the member whose keys a recovery would replace: say no
    Object(About),
    /// Carry out a recovery whose waiting time is over
    Enact(About),
    /// Turn over one of your own keys, from the next block on
    RotateKey(RotateKey),
}

/// `sampan gov propose`.
#[derive(Debug, Subcommand)]
pub(crate) enum Propose {
    /// Admit an organisation
    Admit(Admit),
    /// Suspend a member
    Suspend(Standing),
    /// Let a suspended member act again
    Reinstate(Standing),
    /// Give a member that lost its keys new ones, after a wait in which it can object
    Recover(Recover),
    /// Let a customs agency validate, or with another key or power than before
    Seat(Seat),
    /// Let a member validate no more
    Unseat(Standing),
    /// Put other protocol parameters into force
    Parameters(NewParameters),
    /// Put a code list or policy into force in a new edition
    Edition(Edition),
    /// Execute blocks by the next protocol version, from a height on
    Upgrade(Upgrade),
}

/// How long a proposal can be voted on, and how to sign it.
#[derive(Args, Debug)]
pub(crate) struct Proposing {
    /// How long it can be voted on, at most 90d
    #[arg(long, value_name = "SPAN", default_value = "30d", value_parser = parse_span)]
    pub(crate) until: Duration,
    #[command(flatten)]
    pub(crate) signing: Signing,
}

/// `sampan gov propose admit`.
#[derive(Args, Debug)]
pub(crate) struct Admit {
    /// The organisation's own entry, as `sampand init` writes it
    pub(crate) entry: PathBuf,
    #[command(flatten)]
    pub(crate) proposing: Proposing,
}

/// `sampan gov propose seat`.
#[derive(Args, Debug)]
pub(crate) struct Seat {
    /// What the validator's `sampand ready` printed, less than a day ago
    pub(crate) request: PathBuf,
    /// Its share in decisions
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) power: u64,
    #[command(flatten)]
    pub(crate) proposing: Proposing,
}

/// `sampan gov propose parameters`.
#[derive(Args, Debug)]
pub(crate) struct NewParameters {
    /// All parameters as JSON, as in the genesis file
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) proposing: Proposing,
}

/// `sampan gov propose suspend`, `reinstate` and `unseat`.
#[derive(Args, Debug)]
pub(crate) struct Standing {
    /// The member
    pub(crate) whom: MemberId,
    /// Why, in a line that everybody on the network reads
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Note,
    #[command(flatten)]
    pub(crate) proposing: Proposing,
}

/// `sampan gov propose recover`.
#[derive(Args, Debug)]
pub(crate) struct Recover {
    /// The member
    pub(crate) whom: MemberId,
    /// Its new statement key
    #[arg(long, value_name = "KEY", value_parser = key)]
    pub(crate) statement: PublicKey,
    /// Its new governance key
    #[arg(long, value_name = "KEY", value_parser = key)]
    pub(crate) governance: PublicKey,
    #[command(flatten)]
    pub(crate) proposing: Proposing,
}

/// `sampan gov propose edition`.
#[derive(Args, Debug)]
pub(crate) struct Edition {
    /// A code list as `sampan codes import` writes it, which says list, edition and digest
    #[arg(long, value_name = "FILE", required_unless_present = "file", conflicts_with_all = ["list", "named", "file"])]
    pub(crate) list_file: Option<PathBuf>,
    /// Which other list or policy, such as `incoterms`
    #[arg(long, value_name = "TEXT", requires = "file")]
    pub(crate) list: Option<Note>,
    /// Which edition, such as `2020`
    #[arg(long = "edition", value_name = "TEXT", requires = "file")]
    pub(crate) named: Option<Note>,
    /// The official file
    #[arg(long, value_name = "FILE", requires_all = ["list", "named"])]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) proposing: Proposing,
}

/// `sampan gov propose upgrade`.
#[derive(Args, Debug)]
pub(crate) struct Upgrade {
    /// The version: one above that in force
    #[arg(long, value_name = "N")]
    pub(crate) version: u32,
    /// Its first block, far enough ahead for the votes and for everybody to install the software
    #[arg(long, value_name = "HEIGHT", required_unless_present = "lead", conflicts_with = "lead")]
    pub(crate) height: Option<u64>,
    /// Instead of a height: so many blocks after the newest one, which the node has to prove
    #[arg(long, value_name = "BLOCKS")]
    pub(crate) lead: Option<u64>,
    #[command(flatten)]
    pub(crate) proposing: Proposing,
}

/// `sampan gov vote`.
#[derive(Args, Debug)]
pub(crate) struct Vote {
    /// The statement that proposed it
    pub(crate) proposal: StatementId,
    /// For it or against it
    #[arg(value_enum)]
    pub(crate) answer: YesNo,
    #[command(flatten)]
    pub(crate) signing: Signing,
}

/// An act about an earlier proposal.
#[derive(Args, Debug)]
pub(crate) struct About {
    /// The statement that proposed it
    pub(crate) proposal: StatementId,
    #[command(flatten)]
    pub(crate) signing: Signing,
}

/// `sampan gov rotate-key`.
#[derive(Args, Debug)]
pub(crate) struct RotateKey {
    /// What the key signs: statement, network or governance
    #[arg(long, value_name = "PURPOSE", value_parser = purpose)]
    pub(crate) purpose: Purpose,
    /// The new key's public half, as `sampan keys new` prints it
    #[arg(long, value_name = "KEY", value_parser = key)]
    pub(crate) add: PublicKey,
    /// The old key, which ends; without it both count
    #[arg(long, value_name = "KEY", value_parser = key)]
    pub(crate) retire: Option<PublicKey>,
    #[command(flatten)]
    pub(crate) signing: Signing,
}

fn key(text: &str) -> Result<PublicKey, String> {
    text.parse().map_err(|_| "expected `ed25519:` and 64 hexadecimal digits".to_owned())
}
