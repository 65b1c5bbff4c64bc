//! The table against the published schema itself, read by a JSON Schema library.

use serde_json::{Map, Value, json};

use super::document::TRANSPORT_DOCUMENT;
use crate::doc::schema::Type;
use crate::doc::tests::differential::Trial;
use crate::doc::tests::foreign;
use crate::doc::tests::mutants::filled;
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

#[test]
fn the_table_and_the_published_schema_judge_alike() {
    let Some(schema) = published() else { return };
    let documents = Trial::new(&TRANSPORT_DOCUMENT, &schema).run(&seeds(), 6_000);
    assert!(documents >= 10_000, "{documents} documents");
}
