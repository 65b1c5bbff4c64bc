//! From a script that fails to a short one that fails in the same way.

use std::mem::discriminant;

use anyhow::Result;

use super::script::Script;
use super::watch::Violation;
use super::world::play;

/// Leaves out whatever can be left out: halves first, then single happenings, then masks.
///
/// # Errors
/// As [`play`].
pub(super) fn shrink(script: &Script, found: &Violation) -> Result<Script> {
    let mut best = script.clone();
    let mut piece = best.events.len().div_ceil(2);
    while piece > 0 {
        let mut start = 0;
        while start < best.events.len() {
            let mut shorter = best.clone();
            shorter.events.drain(start..(start + piece).min(shorter.events.len()));
            if fails(&shorter, found)? {
                best = shorter;
            } else {
                start += piece;
            }
        }
        piece /= 2;
    }
    for i in (0..best.masks.len()).rev() {
        let mut plainer = best.clone();
        plainer.masks.remove(i);
        if fails(&plainer, found)? {
            best = plainer;
        }
    }
    Ok(best)
}

fn fails(script: &Script, found: &Violation) -> Result<bool> {
    let outcome = play(script, false)?;
    Ok(outcome.violation.is_some_and(|now| discriminant(&now.what) == discriminant(&found.what)))
}
