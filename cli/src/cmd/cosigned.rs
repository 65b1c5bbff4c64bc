//! A witness's word, put into a proof. Whether the witness is to be trusted is for whoever verifies the proof.

use std::path::Path;

use sampan_proto::block::Header;
use sampan_proto::checkpoint::{LogAt, Note};
use sampan_proto::entry::Entry;
use sampan_proto::ids::Height;
use sampan_proto::limits::CHECKPOINT_BYTES;
use sampan_proto::proof::{Bundle, NamedHead, WitnessPart};

use crate::client::Client;
use crate::failure::Failure;
use crate::files;
use crate::printer::Printer;

/// Blocks without statements in a row that are walked over: an hour and a half of a network where nothing happens.
const QUIET_BLOCKS: u64 = 512;
const ANOTHER: &str = "ask another node with `--node`";

/// Puts a checkpoint that witnesses have signed into a proof, once the two logs are shown to be one; and how it names
/// the head, if it is of a time when somebody had acted since.
pub(super) fn attach(
    bundle: &mut Bundle,
    place: Option<&str>,
    client: &Client,
    printer: &Printer,
) -> Result<(), Failure> {
    let Some(place) = place else { return Ok(()) };
    let note = fetch(place)?;
    let head = &bundle.head.header.0;
    let (ours, theirs) = (LogAt::from(head), note.checkpoint.log);
    let (from, to) = if theirs.size <= ours.size { (theirs, ours) } else { (ours, theirs) };
    let consistency = client.consistency(from.size, to.size)?;
    let apart =
        |bad| Failure::unproven(format!("the log in `{place}` is not the one that the proof stands on")).why(bad);
    consistency.connects(&from, &to).map_err(apart)?;
    let word = if theirs.size > ours.size { named(head, &note, client)? } else { Err(TOO_EARLY) };
    let names = match word {
        Ok(way) => Some(way),
        Err(why) => {
            printer.note("the witness vouches for the log, not for what the state was at this block:");
            printer.note(why);
            None
        }
    };
    bundle.witness = Some(WitnessPart { note: note.to_string(), consistency: consistency.proof, names });
    Ok(())
}

/// What a checkpoint says of a block: that its log names the very block, or why only that their logs are one.
type Word = Result<NamedHead, &'static str>;

const TOO_EARLY: &str =
    "it saw nobody act after it. Once it has: `sampan witness add FILE --cosigned CHECKPOINT` on the file written here";
const NO_BLOCK: &str = "the checkpoint does not say of which block it is; the witness left out the network's own line";
const QUIET: &str =
    "too many blocks without statements lie between the two: `sampan receipt refresh`, then `sampan witness add`";

fn fetch(place: &str) -> Result<Note, Failure> {
    let bytes = if place.starts_with("http://") || place.starts_with("https://") {
        Client::new(place).checkpoint()?
    } else {
        files::read(Path::new(place), CHECKPOINT_BYTES)?
    };
    let other = |error| Failure::refused(format!("`{place}` is not a signed checkpoint")).why(error);
    Note::parse(&bytes).map_err(other)
}

/// How the log of a checkpoint leads back to a head that it is newer than.
fn named(head: &Header, note: &Note, client: &Client) -> Result<Word, Failure> {
    let Ok((seen, _)) = note.quorum() else { return Ok(Err(NO_BLOCK)) };
    let unproven = |what: &str| Failure::unproven(format!("{}: {what}", client.base())).hint(ANOTHER);
    // The first entry after the head's log is of the block that has statements next.
    let part = client.entry_at(head.log_size, seen.height)?.entry;
    let part = part.ok_or_else(|| unproven("the answer holds no entry of the log"))?;
    let Entry::Block(block) = &part.entry.0 else { return Err(unproven("another entry than that of a block")) };
    let quiet = head.height.0 + 1..block.height.0;
    if quiet.end.saturating_sub(quiet.start) > QUIET_BLOCKS {
        return Ok(Err(QUIET));
    }
    let header = |height| Ok(client.head(Some(Height(height)))?.head.header);
    let between = quiet.map(header).collect::<Result<_, Failure>>()?;
    let way = NamedHead { between, entry: part.entry, path: part.path };
    let not_here = "does not show that the log which was seen holds this block";
    way.leads(head, &note.checkpoint.log).map_err(|bad| unproven(not_here).why(bad))?;
    Ok(Ok(way))
}
