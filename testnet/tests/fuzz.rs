//! What fuzzing once found, and the nastiest that could be thought of: taken again, each through its way in.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum as _;
use sampan_testnet::fuzz::{Mutator, Name, folder};

fn listed(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("listed").path()).collect();
    paths.sort();
    paths
}

#[test]
fn whatever_fuzzing_found_is_taken_again_and_holds() {
    for name in Name::value_variants() {
        let inputs = listed(&folder().join("regressions").join(name.word()));
        assert!(!inputs.is_empty(), "{}: nothing is taken again", name.word());
        let target = name.open().expect("opens");
        for path in inputs {
            println!("{}", path.display());
            target.take(&std::fs::read(&path).expect("readable"));
        }
    }
}

#[test]
fn what_honest_parties_send_and_a_few_changes_to_it_hold_on_every_way_in() {
    for name in Name::value_variants().iter().filter(|name| **name != Name::Schedule) {
        let target = name.open().expect("opens");
        let seeds = target.seeds();
        assert!(!seeds.is_empty(), "{}: nothing to begin with", name.word());
        let mut mutator = Mutator::new(seeds.clone(), 1);
        let changed = std::iter::repeat_with(|| mutator.input()).take(200);
        seeds.into_iter().chain(changed).for_each(|input| target.take(&input));
    }
}

#[test]
fn every_way_in_has_a_target_of_cargo_fuzz() {
    let words: BTreeSet<String> = Name::value_variants().iter().map(|name| name.word()).collect();
    let files = listed(&folder().join("fuzz_targets"));
    let stem = |path: &PathBuf| Some(path.file_stem()?.to_str()?.to_owned());
    assert_eq!(files.iter().filter_map(stem).collect::<BTreeSet<_>>(), words);
    let manifest = std::fs::read_to_string(folder().join("Cargo.toml")).expect("a manifest");
    for word in &words {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{word}.rs\"")), "{word} is no program");
    }
    let beside = listed(&folder().join("regressions"));
    let beside = beside.iter().filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()));
    assert_eq!(beside.collect::<BTreeSet<_>>(), words, "inputs of what is no way in");
}

#[test]
fn the_command_says_what_holds_and_takes_single_inputs() {
    let fuzz = |args: &[&str]| {
        let run = Command::new(env!("CARGO_BIN_EXE_sampan-testnet")).arg("fuzz").args(args).output().expect("runs");
        (run.status.code(), String::from_utf8_lossy(&run.stdout).into_owned())
    };
    let (code, told) = fuzz(&["--target", "qr", "--target", "file", "--seconds", "1", "--seed", "5"]);
    assert_eq!((code, told.matches("holds").count()), (Some(0), 2), "{told}");
    let input = listed(&folder().join("regressions/qr")).remove(0);
    let input = input.to_str().expect("a path");
    assert_eq!(fuzz(&["--target", "qr", "--input", input]), (Some(0), format!("{input}: holds\n")));
    assert_eq!(fuzz(&["--input", input]).0, Some(1), "of which target?");
    assert_eq!(fuzz(&["--target", "colour"]).0, Some(1));
}
