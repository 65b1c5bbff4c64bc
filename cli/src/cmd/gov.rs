//! `sampan gov`: who takes part, decided by those who run validators; and one's own keys.

mod change;
mod proposals;

use std::path::Path;

use sampan_proto::doc::CodeList;
use sampan_proto::genesis::{GenesisEntry, Parameters};
use sampan_proto::governance::{Change, Govern, SeatRequest};
use sampan_proto::ids::Height;
use sampan_proto::json::{self, JsonLimits};
use sampan_proto::member::Purpose;
use sampan_proto::proof::Binary;
use sampan_proto::protocol::Protocol;
use sampan_proto::statement::Action;
use serde::de::DeserializeOwned;

use super::desk::Desk;
use super::title::digest;
use super::{Context, codes};
use crate::args::Signing;
use crate::args::gov::{Edition, Gov, Propose, Proposing, Upgrade};
use crate::args::trade::YesNo;
use crate::failure::{Exit, Failure};
use crate::{files, proven, time};

/// An entry, a request for a seat, or a set of parameters, in bytes.
const FILE_BYTES: usize = 64 * 1024;

/// `sampan gov`.
pub(super) fn run(command: &Gov, context: &Context) -> Result<Exit, Failure> {
    let (signing, govern) = match command {
        Gov::List => return proposals::list(context),
        Gov::Show { proposal } => return proposals::show(proposal, context),
        Gov::Propose(what) => propose(what, context)?,
        Gov::Vote(args) => (&args.signing, Govern::Vote { proposal: args.proposal, yes: args.answer == YesNo::Yes }),
        Gov::Object(args) => (&args.signing, Govern::Object { proposal: args.proposal }),
        Gov::Enact(args) => (&args.signing, Govern::Enact { proposal: args.proposal }),
        Gov::RotateKey(args) => {
            let act = Govern::RotateKey { purpose: args.purpose, add: args.add, retire: args.retire };
            (&args.signing, act)
        }
    };
    Desk::open_for(context, signing, Purpose::Governance)?.act(Action::Govern(govern))
}

fn propose<'a>(what: &'a Propose, context: &Context) -> Result<(&'a Signing, Govern), Failure> {
    let (proposing, change) = match what {
        Propose::Admit(args) => {
            let GenesisEntry { member, signature, .. } = entry(&args.entry)?;
            (&args.proposing, Change::Admit { member: Binary(member), signature })
        }
        Propose::Suspend(args) => {
            (&args.proposing, Change::Suspend { member: args.whom.clone(), reason: args.reason.clone() })
        }
        Propose::Reinstate(args) => {
            (&args.proposing, Change::Reinstate { member: args.whom.clone(), reason: args.reason.clone() })
        }
        Propose::Recover(args) => {
            let (statement, governance) = (args.statement, args.governance);
            (&args.proposing, Change::RecoverKeys { member: args.whom.clone(), statement, governance })
        }
        Propose::Seat(args) => {
            let SeatRequest { member, ready } = read(&args.request, "request for a seat")?;
            (&args.proposing, Change::Seat { member, power: args.power, ready })
        }
        Propose::Unseat(args) => {
            (&args.proposing, Change::Unseat { member: args.whom.clone(), reason: args.reason.clone() })
        }
        Propose::Parameters(args) => (&args.proposing, Change::Parameters(parameters(&args.file)?)),
        Propose::Edition(args) => (&args.proposing, edition(args)?),
        Propose::Upgrade(args) => {
            let from = first_block(args, context)?;
            (&args.proposing, Change::Upgrade(Protocol { version: args.version, from }))
        }
    };
    let Proposing { until, signing } = proposing;
    let until_ms = time::now_ms().saturating_add(time::millis(*until));
    Ok((signing, Govern::Propose { change: Box::new(change), until_ms }))
}

/// The first block of a version: as it is named, or so far ahead of the newest one, which is proven: what is signed is
/// not for a node to say.
fn first_block(args: &Upgrade, context: &Context) -> Result<Height, Failure> {
    match (args.height, args.lead) {
        (Some(height), _) => Ok(Height(height)),
        (None, Some(lead)) => {
            let client = context.client()?;
            let anchor = context.anchor(&client)?;
            let newest = client.head(None)?;
            proven::demand(&newest, &anchor, &["certificate"], Some(proven::fresh(&anchor)))?;
            Ok(Height(newest.head.header.0.height.0.saturating_add(lead)))
        }
        (None, None) => {
            Err(Failure::refused("no first block is named").hint("pass `--height HEIGHT` or `--lead BLOCKS`"))
        }
    }
}

/// A code list that was imported, or any other list or policy by its official file.
fn edition(args: &Edition) -> Result<Change, Failure> {
    if let Some(path) = &args.list_file {
        let CodeList { list, edition, sha256, .. } = codes::read(path)?;
        let list = list.as_str().parse().map_err(|error| Failure::unexpected("the list has no name").why(error))?;
        return Ok(Change::Edition { list, edition, sha256 });
    }
    let (Some(list), Some(edition), Some(file)) = (&args.list, &args.named, &args.file) else {
        return Err(Failure::refused("the edition is not named").hint("pass `--list-file FILE`"));
    };
    Ok(Change::Edition { list: list.clone(), edition: edition.clone(), sha256: digest(file)? })
}

/// An organisation's own entry. One that would run a validator signed its power with it, which an admission does not
/// give.
fn entry(path: &Path) -> Result<GenesisEntry, Failure> {
    let entry: GenesisEntry = read(path, "registry entry")?;
    if entry.power.is_some() {
        return Err(Failure::refused("the entry is signed for a validator")
            .why("a member is admitted first; then its validator is given a seat, with its power")
            .hint("make the entry with `sampand init` without `--validator`"));
    }
    match entry.check() {
        Ok(()) => Ok(entry),
        Err(bad) => Err(Failure::refused("the entry would be refused").why(bad)),
    }
}

/// Parameters that would be refused are refused here, before anybody votes on them.
fn parameters(path: &Path) -> Result<Parameters, Failure> {
    let parameters: Parameters = read(path, "set of parameters")?;
    match parameters.check() {
        Ok(()) => Ok(parameters),
        Err(name) => Err(Failure::refused(format!("parameter `{name}` is out of range"))
            .hint("section 2 of SPEC.md gives the ranges")),
    }
}

fn read<T: DeserializeOwned>(path: &Path, what: &str) -> Result<T, Failure> {
    let bytes = files::read(path, FILE_BYTES)?;
    let limits = JsonLimits { max_bytes: FILE_BYTES, max_depth: 8, integers_only: true };
    json::from_slice(&bytes, &limits)
        .map_err(|error| Failure::json(format!("`{}` is no {what}", path.display()), &error))
}
