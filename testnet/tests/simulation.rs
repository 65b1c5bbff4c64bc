//! Networks in which everything goes wrong: by seed, by incident, and twice the same.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

use sampan_testnet::sim::{Script, play, seeds};

/// Seeds of a run of the tests; the command plays as many as one likes.
const SEEDS: u64 = 200;

fn scripts(dir: &str) -> Vec<(String, Script)> {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(dir);
    let files = std::fs::read_dir(&dir).into_iter().flatten().map(|file| file.expect("listed").path());
    let mut scripts: Vec<_> = files
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("readable");
            (path.display().to_string(), text.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display())))
        })
        .collect();
    scripts.sort_by(|a, b| a.0.cmp(&b.0));
    scripts
}

#[test]
fn every_incident_and_every_seed_that_ever_failed_holds() {
    let all = [scripts("scenarios"), scripts("seeds")].concat();
    assert!(all.len() >= 7, "the scenarios are there");
    for (name, script) in all {
        let outcome = play(&script, false).expect("plays");
        assert_eq!(outcome.violation, None, "{name}\n{script}");
        assert!(outcome.finals > 0, "{name}: something became final");
        assert_eq!(
            outcome.forks > 0,
            name.contains("traitors-of-four"),
            "{name}: a fork, and an alarm, where a third is passed"
        );
    }
}

#[test]
fn the_same_script_makes_the_same_run() {
    let (_, script) = scripts("scenarios").into_iter().find(|(name, _)| name.contains("two-faces")).expect("there");
    let first = play(&script, false).expect("plays");
    assert_eq!(play(&script, false).expect("plays"), first);
    let other: Script = script.to_string().replacen("seed 4", "seed 44", 1).parse().expect("a script");
    assert_ne!(play(&other, false).expect("plays").trace, first.trace, "another seed, another run");
}

#[test]
fn who_comes_late_takes_a_state_over_and_what_led_to_it_later_and_the_same_script_makes_the_same_run() {
    let (_, script) = scripts("scenarios").into_iter().find(|(name, _)| name.contains("latecomer")).expect("there");
    let first = play(&script, false).expect("plays");
    assert_eq!((first.joined, &first.violation), (1, &None), "{first:?}");
    assert_eq!(play(&script, false).expect("plays"), first);
}

#[test]
fn beyond_a_third_there_may_be_a_fork_but_no_silent_one() {
    let (_, script) =
        scripts("scenarios").into_iter().find(|(name, _)| name.contains("traitors-of-four")).expect("there");
    let mut forked = 0;
    for seed in 100..110 {
        let text = script.to_string().replacen("seed 9", &format!("seed {seed}"), 1);
        let outcome = play(&text.parse().expect("a script"), false).expect("plays");
        assert_eq!(outcome.violation, None, "{text}");
        forked += usize::from(outcome.forks > 0);
    }
    assert!(forked > 5, "{forked} of ten forked: the traitors are bad at it");
}

#[test]
fn two_of_four_with_any_mask_may_stop_the_network_and_never_fork_it_in_silence() {
    let masks = [
        "equivocator",
        "withholder",
        "liar",
        "amnesiac",
        "replayer",
        "spammer",
        "invalid-proposer",
        "selective",
        "twin",
        "forger",
        "impersonator",
        "usurper",
        "traitor",
    ];
    for mask in masks {
        let text = format!(
            "seed 11\nnodes 4\nbyzantine 0 {mask}\nbyzantine 1 {mask}\nat 100 submit 3 by 2\nat 900 crash 0 after 2 writes\n\
             at 1400 start 0\nat 2000 race 2 3\nat 2500 submit 2 by 0\nlasts 4000"
        );
        let outcome = play(&text.parse().expect("a script"), false).expect("plays");
        assert_eq!(outcome.violation, None, "{text}");
    }
}

#[test]
fn two_hundred_networks_survive_what_a_network_must_survive() {
    let sum = seeds(0, SEEDS, || ()).expect("plays");
    let told: Vec<String> = sum.failed.iter().map(|(seed, violation)| format!("seed {seed}: {violation}")).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert!(sum.deaths > SEEDS && sum.finals as u64 > SEEDS, "{sum:?}: something happened");
    assert!(sum.joined > 10, "{sum:?}: some came late and took a state over");
}
