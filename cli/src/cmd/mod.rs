//! The commands, one file each.

mod audit;
mod bundle;
mod check;
mod codes;
mod compare;
mod conflict;
mod cosigned;
mod courier;
mod desk;
mod draft;
mod evidence;
mod goods;
mod gov;
mod issue;
mod key_on_day;
mod keys;
mod network;
mod origin;
mod parcel;
mod pin;
mod prove;
mod qr;
mod receipt;
mod show;
mod status;
mod submit;
mod surrender;
mod template;
mod title;
mod trace;
mod transfer;
mod verify;
mod watch;
mod witness;

pub(crate) use check::write_finding;

use std::path::Path;

use sampan_proto::ids::RecordId;
use sampan_proto::limits::BUNDLE_BYTES;
use sampan_proto::proof::Bundle;
use sampan_proto::reject::Code;

use crate::anchor::{self, Anchor};
use crate::args::log::{EvidenceCommand, NetworkCommand, VerifyCommand};
use crate::args::{Command, Keys, Subject};
use crate::client::Client;
use crate::failure::{Exit, Failure};
use crate::printer::Printer;
use crate::settings::Settings;
use crate::{files, proven, text};

/// What every command has at hand.
pub(crate) struct Context {
    /// Settings from flags, environment and file.
    pub(crate) settings: Settings,
    /// Where words go.
    pub(crate) printer: Printer,
}

impl Context {
    fn client(&self) -> Result<Client, Failure> {
        self.settings.node().map(Client::new)
    }

    fn anchor(&self, client: &Client) -> Result<Anchor, Failure> {
        anchor::for_node(&self.settings, client, &self.printer)
    }
}

/// Runs a command.
pub(crate) fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Keys(Keys::New(args)) => keys::new(args, context),
        Command::Keys(Keys::Show(args)) => keys::show(args, context),
        Command::Template(args) => template::run(args, context),
        Command::Draft(args) => draft::run(args, context),
        Command::Check(args) => check::run(args, context),
        Command::Codes(command) => codes::run(command, context),
        Command::Issue(args) => issue::run(args, context),
        Command::Transfer(args) => transfer::run(args, context),
        Command::Surrender(args) => surrender::run(args, context),
        Command::Title(command) => title::run(command, context),
        Command::Pledge(command) => title::run_pledge(command, context),
        Command::Origin(command) => origin::run(command, context),
        Command::Gov(command) => gov::run(command, context),
        Command::Finding(args) => origin::run_finding(args, context),
        Command::Submit(args) => submit::run(args, context),
        Command::Show(args) => show::run(args, context),
        Command::Trace(args) => trace::run(args, context),
        Command::Status(args) => status::run(args, context),
        Command::Prove(command) => prove::run(command, context),
        Command::Receipt(args) => receipt::run(args, context),
        Command::Bundle(args) => bundle::run(args, context),
        Command::Verify(args) => match &args.command {
            Some(VerifyCommand::Evidence(args)) => evidence::run(args, context),
            None => verify::run(args, context),
        },
        Command::Qr(args) => qr::run(args, context),
        Command::Audit(args) => audit::run(args, context),
        Command::Watch(args) => watch::run(args, context),
        Command::Compare(args) => compare::run(args, context),
        Command::Evidence(EvidenceCommand::Statements(args)) => conflict::run(args, context),
        Command::Witness(command) => witness::run(command, context),
        Command::Network(args) => match &args.command {
            None => network::run(context),
            Some(NetworkCommand::Pin(args)) => pin::run(args, context),
        },
    }
}

/// Reads a bundle file. A file that is there but is no bundle is a proof that fails.
fn read_bundle(path: &Path) -> Result<Bundle, Failure> {
    parse_bundle(path, &files::read(path, BUNDLE_BYTES)?)
}

fn parse_bundle(path: &Path, bytes: &[u8]) -> Result<Bundle, Failure> {
    Bundle::from_json(bytes).map_err(|error| {
        let what = format!("`{}` is not a proof", path.display());
        Failure::unproven(what).why(format!("{}: {}", error.path, error.detail))
    })
}

/// A proof with its anchor: the bundle that the user names, or what `ask` fetches about the record.
fn proof(
    subject: &Subject,
    context: &Context,
    ask: impl FnOnce(&Client, &Anchor, &RecordId) -> Result<Bundle, Failure>,
) -> Result<(Bundle, Anchor), Failure> {
    match subject {
        Subject::Bundle(path) => {
            let bundle = read_bundle(path)?;
            let anchor = anchor::for_bundle(&context.settings, bundle.chain, &context.printer)?;
            Ok((bundle, anchor))
        }
        Subject::Record(id) => {
            let client = context.client()?;
            let anchor = context.anchor(&client)?;
            Ok((ask(&client, &anchor, id)?, anchor))
        }
    }
}

/// The record that the user means.
fn record_id(subject: &Subject) -> Result<RecordId, Failure> {
    match subject {
        Subject::Record(id) => Ok(*id),
        Subject::Bundle(path) => proven::subject(&read_bundle(path)?)
            .ok_or_else(|| Failure::refused(format!("`{}` is about no record", path.display()))),
    }
}

/// The bundle of a record. If there is none, that has to be proven, too.
fn record_bundle(client: &Client, anchor: &Anchor, id: &RecordId) -> Result<Bundle, Failure> {
    match client.record(id) {
        Err(failure) if failure.is(Code::UnknownRecord) => {
            let bundle = client.status(id)?;
            let (record, _) = proven::status(&bundle, anchor, id, None)?;
            Err(if record.is_none() { proven::absent(&bundle, id) } else { failure })
        }
        bundle => bundle,
    }
}

/// Writes a bundle into a file. One that holds a document is for its owner to read, and he is told.
fn write_bundle(path: &Path, bundle: &Bundle, printer: &Printer) -> Result<(), Failure> {
    let bytes = bundle_json(bundle)?;
    let beside = bundle.counterpart.as_ref().and_then(|part| part.body.as_ref());
    if bundle.body.as_ref().or(beside).is_none() {
        return files::replace(path, &bytes);
    }
    files::replace_private(path, &bytes)?;
    printer.warn(text::holds_the_document(path));
    Ok(())
}

/// A bundle as it rests in a file.
fn bundle_json(bundle: &Bundle) -> Result<Vec<u8>, Failure> {
    let mut bytes = serde_json::to_vec_pretty(bundle)
        .map_err(|error| Failure::unexpected("cannot write the bundle as JSON").why(error))?;
    bytes.push(b'\n');
    Ok(bytes)
}
