//! Our walk against a JSON Schema library, document by document: one verdict on every mutant.

use std::collections::BTreeMap;

use serde_json::Value;

use super::mutants::{Random, mutants, places};
use crate::doc::schema::{Object, Type, walk};

/// Both verdicts on every document, and the disagreements by place. There is no list of known differences:
/// there is none.
pub(in crate::doc) struct Trial {
    table: &'static Object,
    theirs: jsonschema::Validator,
    documents: usize,
    accepted: usize,
    disagreements: BTreeMap<String, String>,
}

impl Trial {
    pub(in crate::doc) fn new(table: &'static Object, schema: &Value) -> Self {
        let theirs = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            .build(schema)
            .unwrap();
        Self { table, theirs, documents: 0, accepted: 0, disagreements: BTreeMap::new() }
    }

    /// The seeds, which both must accept; every mutant of every place of the first; `more` documents with
    /// one to four changes anywhere. Says how many documents were judged.
    #[track_caller]
    pub(in crate::doc) fn run(mut self, seeds: &[Value], more: usize) -> usize {
        for seed in seeds {
            self.judge(seed, "seed", &Value::Null);
            assert_eq!((self.accepted, self.disagreements.len()), (self.documents, 0), "{:?}", self.disagreements);
        }
        self.one_change(&seeds[0]);
        self.several_changes(seeds, more);
        let Self { documents, accepted, disagreements, .. } = self;
        println!("{documents} documents, {accepted} accepted by both");
        assert!(accepted > documents / 20, "{accepted} of {documents} accepted: the mutants are too wild");
        let first: Vec<_> = disagreements.iter().take(20).collect();
        assert!(first.is_empty(), "{} disagreements: {first:#?}", disagreements.len());
        documents
    }

    fn judge(&mut self, document: &Value, mutant: &str, value: &Value) {
        self.documents += 1;
        let ours = walk(document, self.table, "", None).refused().map_err(|refusal| refusal.reject().to_string());
        let theirs = self.theirs.validate(document).map_err(|e| format!("{} at {}", e.masked(), e.instance_path()));
        self.accepted += usize::from(ours.is_ok() && theirs.is_ok());
        if ours.is_ok() != theirs.is_ok() {
            let shown: String = value.to_string().chars().take(80).collect();
            self.disagreements.insert(format!("{mutant} = {shown}"), format!("ours {ours:?}, theirs {theirs:?}"));
        }
    }

    fn one_change(&mut self, seed: &Value) {
        let mut document = seed.clone();
        for (pointer, holds) in places(seed, Type::Object(self.table)) {
            let Some((parent, key)) = pointer.rsplit_once('/') else { continue };
            for mutant in mutants(holds, seed.pointer(&pointer).unwrap()) {
                let before = std::mem::replace(document.pointer_mut(&pointer).unwrap(), mutant);
                self.judge(&document, &pointer, document.pointer(&pointer).unwrap());
                *document.pointer_mut(&pointer).unwrap() = before;
            }
            if let Value::Object(map) = document.pointer_mut(parent).unwrap() {
                let before = map.remove(key).unwrap();
                self.judge(&document, &format!("{pointer} removed"), &Value::Null);
                document.pointer_mut(parent).unwrap()[key] = before;
            }
        }
    }

    fn several_changes(&mut self, seeds: &[Value], more: usize) {
        let mut random = Random(0x5a6d_7061_6e00_0001);
        for _ in 0..more {
            let mut document = seeds[random.below(seeds.len())].clone();
            let mut story = String::new();
            for _ in 0..=random.below(4) {
                story.push_str(&change(&mut document, self.table, &mut random));
            }
            self.judge(&document, &story, &Value::Null);
        }
    }
}

/// Changes or removes one place; says which.
fn change(document: &mut Value, table: &'static Object, random: &mut Random) -> String {
    let places = places(document, Type::Object(table));
    let (pointer, holds) = &places[random.below(places.len())];
    let Some((parent, key)) = pointer.rsplit_once('/') else { return String::new() };
    let mut mutants = mutants(*holds, document.pointer(pointer).unwrap());
    let mutant = mutants.swap_remove(random.below(mutants.len()));
    match document.pointer_mut(parent).unwrap() {
        Value::Object(map) if random.below(5) == 0 => {
            map.remove(key);
            return format!(" {pointer} removed");
        }
        Value::Object(map) => drop(map.insert(key.to_owned(), mutant)),
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = mutant,
        _ => unreachable!("a place has a parent"),
    }
    format!(" {pointer} changed")
}
