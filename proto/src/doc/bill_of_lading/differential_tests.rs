//! The table against the published schema itself, document by document: a JSON Schema library and our
//! walk must give one verdict on every mutant. There is no list of known differences: there is none.

mod mutants;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use self::mutants::{Random, filled, mutants, places};
use super::document::TRANSPORT_DOCUMENT;
use crate::doc::schema::{Type, walk};
use crate::doc::tests::foreign;
use crate::doc::{DocKind, template};

/// The published components as JSON Schema 2020-12.
fn published() -> Option<Value> {
    let text = std::fs::read_to_string(foreign("schema/EBL_v3.0.4.yaml")?).unwrap();
    let mut api: Value = serde_saphyr::from_str(&text).unwrap();
    let mut components = api["components"]["schemas"].take();
    modernise(&mut components);
    Some(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": "#/components/schemas/TransportDocument",
        "components": {"schemas": components},
    }))
}

/// `OpenAPI` 3.0 is an older dialect: exclusive bounds are flags, integer widths are formats, and what
/// stands beside a reference is ignored.
fn modernise(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(modernise),
        Value::Object(map) => {
            map.remove("example");
            map.remove("discriminator");
            if let Some(target) = map.get("$ref").filter(|target| target.is_string()).cloned() {
                *map = Map::from_iter([("$ref".to_owned(), target)]);
                return;
            }
            if map.remove("exclusiveMinimum") == Some(Value::Bool(true)) {
                let bound = map.remove("minimum").expect("a flag has its bound");
                map.insert("exclusiveMinimum".to_owned(), bound);
            }
            if map.get("format") == Some(&json!("int32")) {
                map.entry("minimum").or_insert(json!(i32::MIN));
                map.entry("maximum").or_insert(json!(i32::MAX));
            }
            assert!(map.get("nullable").is_none_or(|flag| *flag == json!(false)), "the standard has no nulls");
            map.values_mut().for_each(modernise);
        }
        _ => {}
    }
}

/// The documents that mutants are made of: all fields at once, our example, the published samples.
fn seeds() -> Vec<Value> {
    let mut seeds = vec![filled(Type::Object(&TRANSPORT_DOCUMENT), 0)];
    seeds.push(serde_json::from_str(template(DocKind::BillOfLading)).unwrap());
    if let Some(folder) = foreign("samples/dcsa") {
        let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.file_name().unwrap().to_string_lossy().starts_with("EBL_v3.0.4--"));
        paths.sort();
        seeds.extend(paths.iter().map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()));
    }
    seeds
}

/// Both verdicts on every document, and the disagreements by place.
struct Trial {
    theirs: jsonschema::Validator,
    documents: usize,
    accepted: usize,
    disagreements: BTreeMap<String, String>,
}

impl Trial {
    fn judge(&mut self, document: &Value, mutant: &str, value: &Value) {
        self.documents += 1;
        let mut ours = walk(document, &TRANSPORT_DOCUMENT, "", None);
        let ours = ours.refused().map_err(|refusal| refusal.reject().to_string());
        self.accepted += usize::from(ours.is_ok());
        let theirs = self.theirs.validate(document).map_err(|e| format!("{} at {}", e.masked(), e.instance_path()));
        if ours.is_ok() != theirs.is_ok() {
            let shown: String = value.to_string().chars().take(80).collect();
            self.disagreements.insert(format!("{mutant} = {shown}"), format!("ours {ours:?}, theirs {theirs:?}"));
        }
    }
}

#[test]
fn the_table_and_the_published_schema_judge_alike() {
    let Some(schema) = published() else { return };
    let theirs = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    let mut trial = Trial { theirs, documents: 0, accepted: 0, disagreements: BTreeMap::new() };
    let seeds = seeds();
    for seed in &seeds {
        trial.judge(seed, "seed", &Value::Null);
        assert!(trial.disagreements.is_empty() && trial.accepted == trial.documents, "{:?}", trial.disagreements);
    }
    one_change(&seeds[0], &mut trial);
    several_changes(&seeds, &mut trial);
    let Trial { documents, accepted, disagreements, .. } = trial;
    println!("{documents} documents, {accepted} accepted by both");
    assert!(documents >= 10_000 && accepted >= 2_000, "{documents} documents, {accepted} accepted");
    assert!(disagreements.is_empty(), "{} disagreements: {disagreements:#?}", disagreements.len());
}

/// Every place of the fullest document, every mutant of that place.
fn one_change(seed: &Value, trial: &mut Trial) {
    let mut document = seed.clone();
    for (pointer, holds) in places(seed, Type::Object(&TRANSPORT_DOCUMENT)) {
        let Some((parent, key)) = pointer.rsplit_once('/') else { continue };
        for mutant in mutants(holds, seed.pointer(&pointer).unwrap()) {
            let place = document.pointer_mut(&pointer).unwrap();
            let before = std::mem::replace(place, mutant);
            trial.judge(&document, &pointer, document.pointer(&pointer).unwrap());
            *document.pointer_mut(&pointer).unwrap() = before;
        }
        let parent_value = document.pointer_mut(parent).unwrap();
        match parent_value {
            Value::Object(map) => {
                let before = map.remove(key).unwrap();
                trial.judge(&document, &format!("{pointer} removed"), &Value::Null);
                document.pointer_mut(parent).unwrap()[key] = before;
            }
            Value::Array(_) => {}
            _ => unreachable!("a place has a parent"),
        }
    }
}

/// One to four changes anywhere in any of the documents.
fn several_changes(seeds: &[Value], trial: &mut Trial) {
    let mut random = Random(0x5a6d_7061_6e00_0001);
    for _ in 0..6_000 {
        let mut document = seeds[random.below(seeds.len())].clone();
        let mut story = String::new();
        for _ in 0..=random.below(4) {
            let places = places(&document, Type::Object(&TRANSPORT_DOCUMENT));
            let (pointer, holds) = &places[random.below(places.len())];
            let Some((parent, key)) = pointer.rsplit_once('/') else { continue };
            let place = document.pointer(pointer).unwrap();
            let mut mutants = mutants(*holds, place);
            let mutant = mutants.swap_remove(random.below(mutants.len()));
            let removes = random.below(5) == 0;
            story = format!("{story} {pointer} {}", if removes { "removed" } else { "changed" });
            match document.pointer_mut(parent).unwrap() {
                Value::Object(map) if removes => drop(map.remove(key)),
                Value::Object(map) => drop(map.insert(key.to_owned(), mutant)),
                Value::Array(list) => list[key.parse::<usize>().unwrap()] = mutant,
                _ => unreachable!("a place has a parent"),
            }
        }
        trial.judge(&document, &story, &Value::Null);
    }
}
