//! The rung `witness`: somebody outside the roster has seen the log that the head commits to.
//!
//! ```text
//! head ◀─previous─ header ◀─previous─ … ◀─ block entry ─path─▶ root of the log that was seen ◀─ cosignature
//! └ log_root ──────────────── consistency ───────────────────▶ ┘
//! ```
//!
//! The lower way shows that the head's log is the one that was seen; a head could still lie about its state. The upper
//! way, which a log that is newer than the head allows, shows that the log names the head itself.

use super::bundle::{Bundle, NamedHead, WitnessPart};
use super::ladder::{Ladder, Verdict};
use crate::block::Header;
use crate::checkpoint::{LogAt, Note, WitnessKey};
use crate::entry::Entry;
use crate::ids::Height;
use crate::protocol::{self, UnknownVersion};

/// What a witness that the verifier knows has seen.
pub(super) struct Sighting<'a> {
    /// Who.
    name: &'a str,
    /// When, in Unix seconds, by its own clock.
    time_s: u64,
    /// How many entries the log had.
    size: u64,
    /// Whether that log names the very head.
    of_head: bool,
}

impl Sighting<'_> {
    /// Who vouches for the head itself and since when, not only for its log: in words.
    pub(super) fn vouches(&self) -> Option<String> {
        self.of_head
            .then(|| format!("`{}` saw a log that names this very block at Unix time {}", self.name, self.time_s))
    }

    fn words(&self) -> String {
        let what = if self.of_head { ", which names this very block," } else { "" };
        format!("`{}` saw the log of {} entries{what} at Unix time {}", self.name, self.size, self.time_s)
    }
}

/// Looks for the word of a witness that the verifier knows; none if it knows no witness.
pub(super) fn look<'a>(
    bundle: &Bundle,
    header: &Header,
    known: &'a [WitnessKey],
) -> Option<Result<Sighting<'a>, String>> {
    match (&bundle.witness, known) {
        (_, []) => None,
        (None, _) => Some(Err("no witness has signed".to_owned())),
        (Some(part), known) => Some(seen(part, header, known)),
    }
}

/// Adds the rung: skipped unless the verifier knows a witness, and then asked for.
pub(super) fn climb(sighting: Option<Result<Sighting<'_>, String>>, bundle: &Bundle, ladder: &mut Ladder) {
    match sighting {
        Some(sighting) => {
            let _ = ladder.check("witness", sighting.map(|sighting| ((), sighting.words())));
        }
        None if bundle.witness.is_none() => {}
        None => ladder.push("witness", Verdict::Skipped, "no witness key is given to check it with"),
    }
}

fn seen<'a>(part: &WitnessPart, header: &Header, known: &'a [WitnessKey]) -> Result<Sighting<'a>, String> {
    let note = Note::parse(part.note.as_bytes()).map_err(|bad| bad.to_string())?;
    if note.checkpoint.chain != header.chain {
        return Err("the checkpoint is of another network".to_owned());
    }
    let (ours, theirs) = (LogAt::from(header), note.checkpoint.log);
    let (from, to) = if theirs.size <= ours.size { (theirs, ours) } else { (ours, theirs) };
    let proof = &part.consistency.0;
    if (proof.old, proof.new) != (from.size, to.size) || proof.verify(&from.root, &to.root).is_err() {
        return Err("the log that was seen and the one under the head are not shown to be one".to_owned());
    }
    if let Some(way) = &part.names {
        way.leads(header, &theirs).map_err(|bad| bad.to_string())?;
    }
    let sightings = known.iter().flat_map(|key| {
        let lines = note.signatures.iter();
        lines.filter_map(|line| Some((key.name(), key.seen(&note.checkpoint, line)?)))
    });
    let (name, time_s) = sightings.max_by_key(|(_, time)| *time).ok_or("by none of the witnesses given")?;
    Ok(Sighting { name, time_s, size: theirs.size, of_head: part.names.is_some() })
}

/// Why a log is not shown to lead back to a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadWay {
    /// Decided by rules that are not known here.
    #[error(transparent)]
    Version(#[from] UnknownVersion),
    /// A header is left out, or not of this chain.
    #[error("the header of height {0} does not follow the one before it")]
    Skipped(Height),
    /// No block entry, or one that names another header.
    #[error("the entry does not name the head")]
    Entry,
    /// In another log, or in none.
    #[error("the entry's path does not lead to the log that was seen")]
    Path,
}

impl NamedHead {
    /// Whether the log leads back to the head. Nobody can make another header for a hash that the log holds.
    ///
    /// # Errors
    /// [`BadWay`]: where it does not.
    pub fn leads(&self, head: &Header, log: &LogAt) -> Result<(), BadWay> {
        let mut last = head.hash();
        for header in self.between.iter().map(|header| &header.0) {
            protocol::KNOWN.expect(header.version)?;
            if header.previous != last {
                return Err(BadWay::Skipped(header.height));
            }
            last = header.hash();
        }
        let (entry, path) = (&self.entry.0, &self.path.0);
        if !matches!(entry, Entry::Block(block) if block.previous == last) {
            return Err(BadWay::Entry);
        }
        if path.size != log.size || path.verify(&entry.leaf_hash(), &log.root).is_err() {
            return Err(BadWay::Path);
        }
        Ok(())
    }
}
