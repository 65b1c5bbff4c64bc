//! From a seed, or from bytes, to a script: faults that a network of this size must survive, as nasty as they may be.

use super::mask::Mask;
use super::script::{CrashAt, Event, Happening, Script};
use crate::dice::Dice;

/// How long the faults of a seed last, in milliseconds.
const LASTS_MS: u64 = 12_000;
/// How long those last that bytes choose: long enough for a few blocks.
const SHORT_MS: u64 = 3_000;

/// Of a hundred networks so many have bad power.
const FLICKERING: u64 = 25;
/// Of a hundred networks that can do without one more validator, in so many one comes late.
const LATE: u64 = 25;

/// Where it happens.
#[derive(Clone, Copy)]
struct Stage {
    nodes: usize,
    lasts_ms: u64,
}

/// The script of a seed.
pub(super) fn script(seed: u64) -> Script {
    write(Some(seed), LASTS_MS, &mut Dice::new(seed))
}

/// A short script that bytes choose, two of them for each choice: the same faults as those of seeds.
#[must_use]
pub fn chosen(bytes: &[u8]) -> Script {
    write(None, SHORT_MS, &mut Dice::loaded(bytes))
}

fn write(seed: Option<u64>, lasts_ms: u64, dice: &mut Dice) -> Script {
    let nodes = *dice.pick(&[4, 4, 4, 5, 7]).unwrap_or(&4);
    let stage = Stage { nodes, lasts_ms };
    let faulty = (nodes - 1) / 3;
    let mut masks = Vec::new();
    if dice.percent(40) {
        let count = dice.between(1, faulty as u64);
        masks.extend((0..count).filter_map(|i| {
            let node = usize::try_from(i).ok()?;
            Some((node, *dice.pick(&Mask::ALL)?))
        }));
    }
    let mut events = trade(stage, dice);
    for _ in 0..dice.between(3, 9) {
        trouble(stage, dice, &mut events);
    }
    // What came to scripts later has chance of its own, so that it moves nothing else.
    let apart = |dice: &Dice, salt| seed.map_or_else(|| dice.clone(), |seed| Dice::new(seed ^ salt));
    let mut power = apart(dice, 0xf11c_4e40);
    if power.percent(FLICKERING) {
        flicker(stage, &mut power, &mut events);
    }
    let mut latecomer = apart(dice, 0x1a7e_c0de);
    let mut late = Vec::new();
    if masks.len() < faulty && latecomer.percent(LATE) {
        let node = nodes - 1;
        late.push(node);
        events.push(Event { at_ms: latecomer.between(lasts_ms / 2, lasts_ms), what: Happening::Start { node } });
    }
    events.sort_by_key(|event| event.at_ms);
    Script { seed: seed.unwrap_or(0), nodes, masks, late, events, lasts_ms }
}

/// The power fails for moments, several times in a row; most machines end in the middle of what they do, and a supervisor
/// starts them again while the same block is being decided.
fn flicker(stage: Stage, dice: &mut Dice, events: &mut Vec<Event>) {
    events.push(Event { at_ms: 0, what: Happening::Supervise });
    for _ in 0..dice.between(2, 6) {
        let mut at_ms = dice.between(300, stage.lasts_ms - 1_000);
        for _ in 0..dice.between(2, 4) {
            for node in (0..stage.nodes).filter(|_| dice.percent(70)).collect::<Vec<_>>() {
                let at = *dice.pick(&[CrashAt::Before, CrashAt::After, CrashAt::Torn]).unwrap_or(&CrashAt::Torn);
                events.push(Event { at_ms, what: Happening::Crash { node, at, writes: dice.between(1, 5) } });
            }
            at_ms += dice.between(5, 80);
        }
    }
}

fn some_node(stage: Stage, dice: &mut Dice) -> usize {
    usize::try_from(dice.below(stage.nodes as u64)).unwrap_or_default()
}

/// What clients do all the while.
fn trade(stage: Stage, dice: &mut Dice) -> Vec<Event> {
    let mut events = Vec::new();
    for _ in 0..dice.between(3, 6) {
        let what = Happening::Submit { bills: dice.between(1, 4), by: some_node(stage, dice) };
        events.push(Event { at_ms: dice.below(stage.lasts_ms), what });
    }
    let mut add = |most, dice: &mut Dice, what: fn([usize; 2]) -> Happening| {
        for _ in 0..dice.between(0, most) {
            let what = what([some_node(stage, dice), some_node(stage, dice)]);
            events.push(Event { at_ms: dice.between(stage.lasts_ms / 4, stage.lasts_ms), what });
        }
    };
    add(4, dice, |[one, other]| Happening::Race { one, other });
    add(2, dice, |[by, _]| Happening::Find { by });
    add(3, dice, |[by, _]| Happening::Cheat { by });
    events
}

/// Something goes wrong, and perhaps right again later.
fn trouble(stage: Stage, dice: &mut Dice, events: &mut Vec<Event>) {
    let Stage { nodes, lasts_ms } = stage;
    let at_ms = dice.below(lasts_ms);
    let later = (at_ms + dice.between(50, 4_000)).min(lasts_ms);
    let node = some_node(stage, dice);
    let mut add = |at_ms, what| events.push(Event { at_ms, what });
    match dice.below(8) {
        0 => {
            add(at_ms, Happening::Kill { node });
            add(later, Happening::Start { node });
        }
        1 | 2 => {
            let at = *dice.pick(&[CrashAt::Before, CrashAt::After, CrashAt::Torn]).unwrap_or(&CrashAt::Before);
            add(at_ms, Happening::Crash { node, at, writes: dice.between(1, 8) });
            add(later, Happening::Start { node });
        }
        3 => {
            let (mut one, mut other) = (Vec::new(), Vec::new());
            for node in 0..nodes {
                if dice.percent(50) { one.push(node) } else { other.push(node) }
            }
            if !one.is_empty() && !other.is_empty() {
                add(at_ms, Happening::Cut { one, other });
                add(later, Happening::Heal);
            }
        }
        4 => {
            add(at_ms, Happening::Deafen { from: node, to: some_node(stage, dice) });
            add(later, Happening::Heal);
        }
        5 => {
            let links =
                Happening::Links { lost: dice.below(25), doubled: dice.below(25), delay_ms: dice.between(1, 300) };
            add(at_ms, links);
            add(later, Happening::Links { lost: 0, doubled: 0, delay_ms: 5 });
        }
        6 => {
            add(at_ms, Happening::Fill { node });
            add(later, Happening::Start { node });
        }
        _ => {
            let error = i64::try_from(dice.below(30_000)).unwrap_or_default() - 15_000;
            add(at_ms, Happening::Clock { node, error_ms: error });
            add(later, Happening::Clock { node, error_ms: 0 });
        }
    }
    // Now and then everybody goes at once, as when a site loses power.
    if dice.percent(8) {
        for node in 0..nodes {
            events.push(Event { at_ms: later, what: Happening::Kill { node } });
            events.push(Event { at_ms: (later + dice.between(1, 500)).min(lasts_ms), what: Happening::Start { node } });
        }
    }
}
