use std::collections::BTreeSet;

use sampan_proto::api::{Base64, Batch, BatchResults, BodyParts, ReadRequest, StatementStatus, SubmitResult, Ticket};
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{ChainId, Height, RecordId, StatementId};
use sampan_proto::keys::SecretKey;
use sampan_proto::reject::{Code, Reject};
use serde_json::{Map, Value};

use super::super::error::SHELLS;
use super::super::ops::OPENAPI;
use super::super::{Lane, routes};
use super::fixture::{CARRIER, EXPORTER, IMPORTER, Solo};

fn description() -> Value {
    serde_json::from_str(OPENAPI).expect("json")
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let table: BTreeSet<(String, String)> = routes()
        .iter()
        .map(|route| {
            let takes = matches!(route.lane, Lane::Submit | Lane::Batch);
            // Where axum takes the rest of a path, OpenAPI has no word for it.
            (route.path.replace("{*", "{"), if takes { "post" } else { "get" }.to_owned())
        })
        .collect();
    let description = description();
    let paths = description["paths"].as_object().expect("paths");
    let methods = |(path, item): (&String, &Value)| {
        let methods: Vec<_> = item.as_object().expect("item").keys().cloned().collect();
        methods.into_iter().map(move |method| (path.clone(), method)).collect::<Vec<_>>()
    };
    let described: BTreeSet<(String, String)> = paths.iter().flat_map(|(path, item)| methods((path, item))).collect();
    assert_eq!(described, table);
}

#[test]
fn parameters_of_paths_are_described_and_references_lead_somewhere() {
    let description = description();
    let text = description.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().expect("pointer");
        assert!(description.pointer(pointer).is_some(), "{pointer}");
    }
    for (path, item) in description["paths"].as_object().expect("paths") {
        for operation in item.as_object().expect("item").values() {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let resolved = parameters.iter().map(|parameter| match parameter["$ref"].as_str() {
                Some(reference) => description.pointer(&reference[1..]).expect("reference"),
                None => parameter,
            });
            let named: BTreeSet<&str> =
                resolved.filter(|p| p["in"] == "path").map(|p| p["name"].as_str().expect("name")).collect();
            let in_path: BTreeSet<&str> =
                path.split('/').filter_map(|s| s.strip_prefix('{')?.strip_suffix('}')).collect();
            assert_eq!(named, in_path, "{path}");
        }
    }
    let ids: Vec<&str> = text.split("\"operationId\":\"").skip(1).filter_map(|s| s.split('"').next()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}

#[test]
fn every_code_is_listed() {
    let description = description();
    let listed = description["components"]["schemas"]["Problem"]["properties"]["code"]["enum"].clone();
    let listed: Vec<String> = serde_json::from_value(listed).expect("strings");
    let shells = SHELLS.iter().map(|shell| shell.code);
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).chain(shells).collect();
    assert_eq!(listed, codes);
}

/// Whether `value` has the members that the named schema lists: none more, none of the required less.
fn fits(description: &Value, name: &str, value: &Value) {
    let schema = &description["components"]["schemas"][name];
    assert!(schema.is_object(), "no schema {name}");
    let empty = Map::new();
    let listed: BTreeSet<&String> = schema["properties"].as_object().unwrap_or(&empty).keys().collect();
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let object = value.as_object().expect("an object");
    for key in object.keys() {
        assert!(listed.contains(key), "{name} does not list `{key}`");
        let inner = &schema["properties"][key];
        if let Some(reference) = inner["$ref"].as_str().or(inner["items"]["$ref"].as_str()) {
            let inner = reference.rsplit('/').next().expect("name");
            let items = value[key].as_array().map_or(vec![&value[key]], |items| items.iter().collect());
            items.into_iter().filter(|item| item.is_object()).for_each(|item| fits(description, inner, item));
        }
    }
    for key in required {
        assert!(object.contains_key(key.as_str().expect("string")), "{name} promises {key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_as_described() {
    let (solo, description) = (Solo::start(), description());
    let submission = solo.issue("SPLNGB2640001");
    let ticket = solo.finish(&submission).await;
    solo.finish(&solo.transfer(EXPORTER, &ticket, 1, IMPORTER)).await;
    let record = ticket.record;
    for (uri, schema) in [
        (format!("/v1/statements/{}", ticket.statement), "StatementStatus"),
        (format!("/v1/receipts/{}", ticket.statement), "Bundle"),
        (format!("/v1/records/{record}"), "RecordView"),
        (format!("/v1/records/{record}/history"), "HistoryView"),
        (format!("/v1/records/{record}/bundle"), "Bundle"),
        (format!("/v1/members/{CARRIER}"), "Bundle"),
        ("/v1/members".to_owned(), "MembersView"),
        ("/v1/proposals".to_owned(), "ProposalsView"),
        ("/v1/headers/latest".to_owned(), "HeaderView"),
        ("/v1/node".to_owned(), "NodeStatus"),
        ("/v1/evidence".to_owned(), "EvidenceView"),
        ("/v1/log/head?height=1".to_owned(), "Bundle"),
        ("/v1/log/consistency?from=1".to_owned(), "Consistency"),
        ("/v1/receipts/0".to_owned(), "Bundle"),
        ("/v1/nothing".to_owned(), "Problem"),
    ] {
        let answer: Value = serde_json::from_slice(&solo.get(&uri).await.bytes).expect("json");
        fits(&description, schema, &answer);
    }
    let problem = solo.submit(&submission).await.problem();
    assert!(problem.proof.is_some());
    let served: Value = solo.get("/openapi.json").await.json();
    assert_eq!(served, description);
    fits(&description, "Submission", &value(&submission));
    fits(&description, "Ticket", &value(&ticket));
    fits(&description, "Problem", &value(&problem));
}

fn value(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("json")
}

#[test]
fn small_objects_are_as_described() {
    let description = description();
    let key = SecretKey::from_seed([1; 32]);
    let id = RecordId(Hash32::ZERO);
    let request = ReadRequest::sign(ChainId(Hash32::ZERO), &id, None, ("sampan-line".parse().expect("id"), 1), &key);
    fits(&description, "ReadRequest", &value(&request));
    let parts = BodyParts { salt: Hash32::ZERO, pepper: Hash32::ZERO, bytes: Base64(vec![1]) };
    fits(&description, "BodyParts", &value(&parts));
    let problem = || Box::new(Reject::new(Code::WrongSeq, "$", "late").into());
    let statement = StatementId(Hash32::ZERO);
    let ticket = Ticket { statement, record: id, not_after_ms: 1, height: Height(1) };
    let results = BatchResults { results: vec![SubmitResult::Ticket(ticket), SubmitResult::Problem(problem())] };
    fits(&description, "BatchResults", &value(&results));
    fits(&description, "Batch", &value(&Batch { submissions: Vec::new() }));
    for status in [
        StatementStatus::Pending { not_after_ms: 1 },
        StatementStatus::Final { height: Height(1), index: 1, record: id },
        StatementStatus::Dropped { problem: problem() },
        StatementStatus::Unknown,
    ] {
        fits(&description, "StatementStatus", &value(&status));
    }
}
