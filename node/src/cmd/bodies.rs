//! `sampand bodies erase`: a customs agency orders that a record's document be erased, everywhere and for good.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sampan_node::backup;
use sampan_node::clock::now_ms;
use sampan_node::config::Config;
use sampan_node::{identity, setup};
use sampan_proto::api::Submission;
use sampan_proto::ids::RecordId;
use sampan_proto::limits::EXPIRY_HORIZON_MS;
use sampan_proto::member::Purpose;
use sampan_proto::statement::{Action, Finding, Nonce, SignedStatement, Statement, VERSION};
use sampan_proto::text::Note;

use super::config::Source;
use super::keep::open;
use super::{Failure, print, read_genesis, say};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign the order to erase a record's document; prints what `sampan submit` sends.
    Erase(Erase),
    /// Write a stopped node's files anew, so that nothing of erased documents is left in them.
    Sweep {
        #[command(flatten)]
        source: Source,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Erase {
    #[command(flatten)]
    source: Source,
    /// The record.
    record: RecordId,
    /// Why: it stands on the ledger for ever, so name no person.
    #[arg(long, value_name = "TEXT")]
    reason: Note,
    /// The statement key of a customs agency.
    #[arg(long, value_name = "KEYFILE")]
    key: PathBuf,
}

/// Runs the command.
pub(crate) fn bodies(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Erase(arguments) => erase(arguments),
        Command::Sweep { source } => sweep(&source.load()?),
    }
}

fn sweep(config: &Config) -> Result<(), Failure> {
    let store = open(config)?;
    // Copies that somebody looked at hold what was there then.
    if backup::put_away(&config.data_dir)? > 0 {
        return Err(Failure::refused("somebody looks at a copy of the store", "sweep when fsck or export has ended"));
    }
    let swept = store.sweep().map_err(|fault| Failure::from(&fault))?;
    swept.map_err(|unswept| {
        let hint = "make as much room on the disk as all documents take, and sweep again; the file LOG in the data \
                    directory says what failed";
        Failure::unexpected(unswept.to_string(), hint)
    })
}

/// The order is a finding like any other; every node that executes it drops the document.
fn erase(arguments: &Erase) -> Result<(), Failure> {
    let Erase { source, record, reason, key } = arguments;
    let genesis = read_genesis(&source.load()?.genesis)?;
    let key = identity::load(key, Purpose::Statement).map_err(setup::SetupError::from)?;
    let member = key.member.ok_or_else(|| Failure::refused("the key file names no member", "use a member's own"))?;
    let random = identity::random().map_err(setup::SetupError::from)?;
    // The rule is a constant of one line, so it is a note.
    let rule =
        Finding::ERASURE.parse::<Note>().map_err(|e| Failure::unexpected(format!("{e}"), "report this as a bug"))?;
    let statement = Statement {
        version: VERSION,
        chain: genesis.chain,
        member,
        nonce: Nonce(std::array::from_fn(|i| random[i])),
        not_after_ms: now_ms() + EXPIRY_HORIZON_MS / 2,
        action: Action::Finding(Finding { record: *record, rule, says: reason.clone(), other: None }),
    };
    let signed = SignedStatement::sign(&statement, &[&key.secret])
        .map_err(|reject| Failure::refused(reject.to_string(), reject.code.hint()))?;
    say("Send this within three days: `sampan submit FILE`. What it erases does not come back.");
    let submission = Submission { statement: (&signed).into(), body: None };
    // A struct of strings always has a JSON form.
    print(&serde_json::to_string_pretty(&submission).unwrap_or_default())
}
