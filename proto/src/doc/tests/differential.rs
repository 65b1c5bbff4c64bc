//! Our walk against a JSON Schema library, document by document: one verdict on every mutant.

use std::collections::BTreeMap;

use serde_json::Value;

use super::mutants::every_mutant;
use crate::doc::schema::{Object, walk};

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
            self.judge(seed, "seed");
            assert_eq!((self.accepted, self.disagreements.len()), (self.documents, 0), "{:?}", self.disagreements);
        }
        let table = self.table;
        every_mutant(table, seeds, more, |document, story| self.judge(document, story));
        let Self { documents, accepted, disagreements, .. } = self;
        println!("{documents} documents, {accepted} accepted by both");
        assert!(accepted > documents / 20, "{accepted} of {documents} accepted: the mutants are too wild");
        let first: Vec<_> = disagreements.iter().take(20).collect();
        assert!(first.is_empty(), "{} disagreements: {first:#?}", disagreements.len());
        documents
    }

    fn judge(&mut self, document: &Value, story: &str) {
        self.documents += 1;
        let ours = walk(document, self.table, "", None).refused().map_err(|refusal| refusal.reject().to_string());
        let theirs = self.theirs.validate(document).map_err(|e| format!("{} at {}", e.masked(), e.instance_path()));
        self.accepted += usize::from(ours.is_ok() && theirs.is_ok());
        if ours.is_ok() != theirs.is_ok() {
            self.disagreements.insert(story.to_owned(), format!("ours {ours:?}, theirs {theirs:?}"));
        }
    }
}
