//! `sampan witness`: an outsider who has seen the log grow, and signs that it only grew.

use std::path::Path;
use std::thread::sleep;

use sampan_proto::block::Header;
use sampan_proto::checkpoint::{LogAt, Note, Signature, WitnessKey};
use sampan_proto::hash::Hash32;
use sampan_proto::json::{self, JsonLimits};
use sampan_proto::keys::SecretKey;
use sampan_proto::limits::PIN_BYTES;
use sampan_proto::proof::{self, Outcome, Pin, WitnessPart};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::bundle::hand_over;
use super::{Context, cosigned, pin, read_bundle};
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
            // The node may be down, busy or behind for a while; that a proof fails is the end.
            Err(failure) if failure.may_pass() => {
                context.printer.warn(&failure.parts().what);
                failure.exit()
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
    let before = bundle.witness.take();
    let ladder = proven::climb(&bundle, &anchor, None, false);
    if ladder.outcome() == Outcome::Invalid {
        return Err(Failure::unproven(format!("`{}` does not verify", args.file.display())).ladder(ladder));
    }
    cosigned::attach(&mut bundle, Some(&args.cosigned), &client, &context.printer)?;
    let names = |part: &Option<WitnessPart>| part.as_ref().is_some_and(|part| part.names.is_some());
    if names(&before) && !names(&bundle.witness) {
        let what = format!("`{}` holds a witness's word for the whole block already", args.file.display());
        return Err(Failure::refused(what).hint("name a newer checkpoint"));
    }
    hand_over(context, &bundle, &ladder, Some(args.output.as_deref().unwrap_or(&args.file)))
}

/// A witness at work.
struct Post<'a> {
    args: &'a Cosign,
    context: &'a Context,
    printer: &'a Printer,
    client: Client,
    witness: WitnessKey,
    key: SecretKey,
}

impl<'a> Post<'a> {
    fn open(args: &'a Cosign, context: &'a Context) -> Result<Self, Failure> {
        let (witness, key) = open_key(&args.key, &context.printer)?;
        Ok(Self { args, context, printer: &context.printer, client: context.client()?, witness, key })
    }

    /// Looks at the newest checkpoint, and signs it if it grew out of the last one and those decided it whom the last one
    /// leads to: keys of older rosters, which may have leaked by now, get no signature.
    fn once(&self) -> Result<Exit, Failure> {
        let bundle = self.client.head(None)?;
        let (header, certificate) = (&bundle.head.header.0, &bundle.head.certificate.0);
        let last = self.last()?;
        if let Some(last) = &last {
            self.grew(&last.head.header.0, header)?;
        }
        let last = last.map(|pin| Anchor::remembered(pin, &self.args.state)).filter(Anchor::is_young);
        let anchor = &last.map_or_else(|| self.context.anchor(&self.client), Ok)?;
        proven::demand(&bundle, anchor, &["certificate", "anchor age"], None)
            .map_err(|failure| failure.hint(text::NOTHING_IS_SIGNED))?;
        let pin = pin::of(&bundle, &proof::Anchor::start(anchor))?;
        // Remembered before it is signed: a crash in between forgets a signature, never a checkpoint.
        files::replace(&self.args.state, &pretty(&pin)?)?;
        let mut note = Note::decided(header, certificate);
        let time = time::now_ms() / 1_000;
        note.signatures.push(Signature::cosign(&note.checkpoint, &self.witness, &self.key, time));
        let (log, text) = (note.checkpoint.log, note.to_string());
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

    /// The block that was signed last.
    fn last(&self) -> Result<Option<Pin>, Failure> {
        let path = &self.args.state;
        if !path.exists() {
            self.printer.warn(format!("`{}` is new: whatever the log is now, it begins here", path.display()));
            return Ok(None);
        }
        let other = |bad| Failure::refused(format!("`{}` remembers nothing of a log", path.display())).why(bad);
        Pin::from_json(&files::read(path, PIN_BYTES)?).map(Some).map_err(other)
    }

    /// The log under a checkpoint begins with the one that was signed last.
    fn grew(&self, last: &Header, new: &Header) -> Result<(), Failure> {
        if last.chain != new.chain {
            let what = format!("`{}` remembers the log of another network", self.args.state.display());
            return Err(Failure::refused(what).hint("a witness has one state file for each network"));
        }
        let (old, new) = (LogAt::from(last), LogAt::from(new));
        if old.size > new.size {
            let (had, has) = (old.size, new.size);
            return Err(Failure::refused(format!("the log has {has} entries here, and {had} were seen before"))
                .hint("wait until the node has caught up, or ask another with `--node`")
                .for_now());
        }
        let consistency = self.client.consistency(old.size, new.size)?;
        consistency.connects(&old, &new).map_err(|bad| {
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
