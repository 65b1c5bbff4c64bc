//! The rung `witness`: somebody outside the roster has seen the log that the head commits to.

use super::bundle::{Bundle, WitnessPart};
use super::ladder::{Ladder, Verdict};
use crate::block::Header;
use crate::checkpoint::{LogAt, Note, WitnessKey};

/// Adds the rung: skipped unless the verifier knows a witness, and then asked for.
pub(super) fn climb(bundle: &Bundle, header: &Header, known: &[WitnessKey], ladder: &mut Ladder) {
    match (&bundle.witness, known) {
        (None, []) => {}
        (Some(_), []) => ladder.push("witness", Verdict::Skipped, "no witness key is given to check it with"),
        (None, _) => ladder.push("witness", Verdict::Invalid, "no witness has signed"),
        (Some(part), known) => {
            let seen = seen(part, header, known);
            let _ = ladder.check("witness", seen.map(|words| ((), words)));
        }
    }
}

fn seen(part: &WitnessPart, header: &Header, known: &[WitnessKey]) -> Result<String, String> {
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
    let sightings = known.iter().flat_map(|key| {
        let lines = note.signatures.iter();
        lines.filter_map(|line| Some((key.name(), key.seen(&note.checkpoint, line)?)))
    });
    let (name, time) = sightings.max_by_key(|(_, time)| *time).ok_or("by none of the witnesses given")?;
    Ok(format!("`{name}` saw the log of {} entries at Unix time {time}", theirs.size))
}
