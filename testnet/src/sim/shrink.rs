//! From a script that fails to a short one that fails in the same way.

use anyhow::Result;

use super::script::Script;

/// Leaves out whatever can be left out: halves first, then single happenings, then masks and latecomers. `fails` says
/// whether a script still does.
///
/// # Errors
/// As `fails`.
pub(super) fn shrink(script: &Script, fails: impl Fn(&Script) -> Result<bool>) -> Result<Script> {
    let mut best = script.clone();
    let mut piece = best.events.len().div_ceil(2);
    while piece > 0 {
        let mut start = 0;
        while start < best.events.len() {
            let end = (start + piece).min(best.events.len());
            if !leave_out(&mut best, &fails, |script| drop(script.events.drain(start..end)))? {
                start += piece;
            }
        }
        piece /= 2;
    }
    for i in (0..best.masks.len()).rev() {
        leave_out(&mut best, &fails, |script| _ = script.masks.remove(i))?;
    }
    for i in (0..best.late.len()).rev() {
        leave_out(&mut best, &fails, |script| _ = script.late.remove(i))?;
    }
    Ok(best)
}

/// Makes a script shorter, if it then still fails; whether it does.
fn leave_out(
    best: &mut Script,
    fails: impl Fn(&Script) -> Result<bool>,
    cut: impl FnOnce(&mut Script),
) -> Result<bool> {
    let mut shorter = best.clone();
    cut(&mut shorter);
    let still = fails(&shorter)?;
    if still {
        *best = shorter;
    }
    Ok(still)
}

#[cfg(test)]
mod tests {
    use super::super::plan;
    use super::super::script::Happening;
    use super::*;

    #[test]
    fn what_does_not_matter_is_left_out_and_what_does_stays() {
        let is_cheat = |what: &Happening| matches!(what, Happening::Cheat { .. });
        let is_submit = |what: &Happening| matches!(what, Happening::Submit { .. });
        let fails = |script: &Script| {
            let has = |wanted: &dyn Fn(&Happening) -> bool| script.events.iter().any(|event| wanted(&event.what));
            Ok(has(&is_cheat) && has(&is_submit) && script.masks.len() == 1)
        };
        let seed = (0..1_000).find(|seed| fails(&plan::script(*seed)).is_ok_and(|fails| fails)).expect("a seed");
        let short = shrink(&plan::script(seed), fails).expect("shrinks");
        assert_eq!((short.len(), short.masks.len(), short.late.len()), (2, 1, 0), "{short}");
        assert!(fails(&short).is_ok_and(|fails| fails), "{short}");
    }
}
