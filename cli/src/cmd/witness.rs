//! `sampan witness`: an outsider who has seen the log grow, and signs that it only grew.

use std::path::Path;
use std::thread::sleep;

use sampan_proto::checkpoint::{LogAt, Note, Signature, WitnessKey};
use sampan_proto::hash::Hash32;
use sampan_proto::ids::ChainId;
use sampan_proto::json::{self, JsonLimits};
use sampan_proto::keys::SecretKey;
use sampan_proto::proof::Outcome;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::bundle::hand_over;
use super::{Context, cosigned, read_bundle};
use crate::anchor::Anchor;
use crate::args::witness::{Add, Cosign, New, Run, Witness};
use crate::client::Client;
use crate::draft::random;
use crate::failure::{Exit, Failure};
use crate::files;
use crate::page::Tone;
use crate::printer::Printer;
use crate::{proven, text, time};

/// Largest key or state file, in bytes.
const FILE_BYTES: usize = 4 * 1024;
const FILE_LIMITS: JsonLimits = JsonLimits { max_bytes: FILE_BYTES, max_depth: 4, integers_only: true };

/// A witness's key file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    /// What verifiers are given.
    witness: String,
    /// The secret seed, in hexadecimal.
    seed: Hash32,
}

/// What a witness remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    chain: ChainId,
    log: LogAt,
}

/// Runs a subcommand.
pub(super) fn run(command: &Witness, context: &Context) -> Result<Exit, Failure> {
    match command {
        Witness::New(args) => new(args, context),
        Witness::Cosign(args) => Post::open(args, context)?.once(),
        Witness::Run(args) => again_and_again(args, context),
        Witness::Add(args) => add(args, context),
    }
}

fn new(args: &New, context: &Context) -> Result<Exit, Failure> {
    let seed = Hash32(random()?);
    let key = SecretKey::from_seed(seed.0);
    let witness = WitnessKey::new(&args.name, key.public())
        .map_err(|_| Failure::refused(format!("`{}` cannot be the name of a witness", args.name)))
        .map_err(|failure| failure.hint("a name has neither blanks nor a plus: `port.example`"))?;
    let file = KeyFile { witness: witness.to_string(), seed };
    files::write_new(&args.output, &pretty(&file)?, true)?;
    let report = json!({ "file": args.output, "witness": file.witness });
    context.printer.data(&report, |page| {
        page.tagged(Tone::Strong, "witness", &file.witness);
        page.tagged(Tone::Faint, "key", args.output.display().to_string());
    })?;
    context.printer.note("give the first line to verifiers: `sampan verify … --witness KEY`");
    Ok(Exit::Done)
}

fn again_and_again(args: &Run, context: &Context) -> Result<Exit, Failure> {
    let post = Post::open(&args.cosign, context)?;
    let mut left = args.count;
    loop {
        let exit = match post.once() {
            // The node may be down for a while; that a proof fails is the end.
            Err(failure) if failure.exit() == Exit::Unexpected => {
                context.printer.warn(&failure.parts().what);
                Exit::Unexpected
            }
            done => done?,
        };
        left = left.map(|left| left.saturating_sub(1));
        if left == Some(0) {
            return Ok(exit);
        }
        sleep(args.every);
    }
}

/// A witness's word for a proof that is here already. Its head stays: what is newer than it can name it.
fn add(args: &Add, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let anchor = context.anchor(&client)?;
    let mut bundle = read_bundle(&args.file)?;
    bundle.witness = None;
    let ladder = proven::climb(&bundle, &anchor, None, false);
    if ladder.outcome() == Outcome::Invalid {
        return Err(Failure::unproven(format!("`{}` does not verify", args.file.display())).ladder(ladder));
    }
    cosigned::attach(&mut bundle, Some(&args.cosigned), &client, &context.printer)?;
    hand_over(context, &bundle, &ladder, Some(args.output.as_deref().unwrap_or(&args.file)))
}

/// A witness at work.
struct Post<'a> {
    args: &'a Cosign,
    printer: &'a Printer,
    client: Client,
    anchor: Anchor,
    witness: WitnessKey,
    key: SecretKey,
}

impl<'a> Post<'a> {
    fn open(args: &'a Cosign, context: &'a Context) -> Result<Self, Failure> {
        let (witness, key) = open_key(&args.key, &context.printer)?;
        let client = context.client()?;
        let anchor = context.anchor(&client)?;
        Ok(Self { args, printer: &context.printer, client, anchor, witness, key })
    }

    /// Looks at the newest checkpoint, and signs it if it grew out of the last one.
    fn once(&self) -> Result<Exit, Failure> {
        let bundle = self.client.head(None)?;
        proven::demand(&bundle, &self.anchor, &["certificate"], None)?;
        let mut note = Note::decided(&bundle.head.header.0, &bundle.head.certificate.0);
        let new = State { chain: note.checkpoint.chain, log: note.checkpoint.log };
        self.grew(&new)?;
        // Remembered before it is signed: a crash in between forgets a signature, never a checkpoint.
        files::replace(&self.args.state, &pretty(&new)?)?;
        let time = time::now_ms() / 1_000;
        note.signatures.push(Signature::cosign(&note.checkpoint, &self.witness, &self.key, time));
        let (log, text) = (new.log, note.to_string());
        if self.args.output.as_os_str() == files::STDIO {
            Printer::bytes(text.as_bytes())?;
        } else {
            files::replace(&self.args.output, text.as_bytes())?;
            let report = json!({ "file": self.args.output, "size": log.size, "root": log.root, "timeS": time });
            self.printer.of_several().data(&report, |page| {
                let what = format!("the log of {} entries as `{}`", log.size, self.witness.name());
                page.tagged(Tone::Good, "✓ signed", what);
            })?;
        }
        Ok(Exit::Done)
    }

    /// The log under a checkpoint begins with the one that was signed last.
    fn grew(&self, new: &State) -> Result<(), Failure> {
        if !self.args.state.exists() {
            self.printer
                .warn(format!("`{}` is new: whatever the log is now, it begins here", self.args.state.display()));
            return Ok(());
        }
        let old: State = read(&self.args.state, "remembers nothing of a log")?;
        if old.chain != new.chain {
            let what = format!("`{}` remembers the log of another network", self.args.state.display());
            return Err(Failure::refused(what).hint("a witness has one state file for each network"));
        }
        if old.log.size > new.log.size {
            let (had, has) = (old.log.size, new.log.size);
            return Err(Failure::refused(format!("the log has {has} entries here, and {had} were seen before"))
                .hint("wait until the node has caught up, or ask another with `--node`"));
        }
        let consistency = self.client.consistency(old.log.size, new.log.size)?;
        consistency.connects(&old.log, &new.log).map_err(|bad| {
            Failure::unproven("the log did not grow out of the one that was signed last; nothing is signed")
                .why(bad)
                .hint("keep the state file, and hold the nodes against each other with `sampan compare`")
        })
    }
}

fn open_key(path: &Path, printer: &Printer) -> Result<(WitnessKey, SecretKey), Failure> {
    let file: KeyFile = read(path, "is not the key file of a witness")?;
    let key = SecretKey::from_seed(file.seed.0);
    let witness: WitnessKey =
        file.witness.parse().map_err(|error| Failure::refused("the key file is damaged").why(error))?;
    if WitnessKey::new(witness.name(), key.public()).as_ref() != Ok(&witness) {
        return Err(Failure::refused(format!("`{}`: name and key do not belong together", path.display())));
    }
    if files::is_readable_by_others(path) {
        printer.warn(text::readable_key(path));
    }
    Ok((witness, key))
}

fn read<T: serde::de::DeserializeOwned>(path: &Path, otherwise: &str) -> Result<T, Failure> {
    json::from_slice(&files::read(path, FILE_BYTES)?, &FILE_LIMITS)
        .map_err(|error| Failure::json(format!("`{}` {otherwise}", path.display()), &error))
}

fn pretty<T: Serialize>(value: &T) -> Result<Vec<u8>, Failure> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| Failure::unexpected("cannot write the file as JSON").why(error))?;
    bytes.push(b'\n');
    Ok(bytes)
}
