use data_encoding::BASE64;

use super::*;
use crate::hash::Hash32;
use crate::ids::StatementId;
use crate::keys::{SecretKey, Signature};
use crate::limits;
use crate::reject::Code;

const CHAIN: ChainId = ChainId(Hash32([1; 32]));

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed([seed; 32])
}

fn transfer() -> Statement {
    Statement {
        version: VERSION,
        chain: CHAIN,
        member: "ningbo-tools".parse().expect("id"),
        nonce: Nonce([2; 16]),
        not_after_ms: 1_790_000_000_000,
        action: Action::title(
            RecordId(Hash32([3; 32])),
            1,
            TitleAct::Transfer { to: "harbour-bank".parse().expect("id") },
        ),
    }
}

fn signed() -> SignedStatement {
    SignedStatement::sign(&transfer(), &[&key(1)]).expect("signed")
}

/// Signs arbitrary bytes, as any other implementation might.
fn sign_bytes(payload: &str) -> SignedStatement {
    let signature = key(1).sign(&pae(PAYLOAD_TYPE, payload.as_bytes()));
    let signatures = vec![StatementSignature { key: key(1).public(), signature }];
    SignedStatement { payload: payload.as_bytes().to_vec(), signatures }
}

fn refusal(signed: SignedStatement) -> (Code, String) {
    let reject = signed.verify(CHAIN).expect_err("refused");
    (reject.code, reject.path)
}

#[test]
fn pre_authentication_encoding_is_dsse_version_1() {
    // The example of the DSSE specification.
    let encoded = pae("http://example.com/HelloWorld", b"hello world");
    assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

#[test]
fn a_signed_statement_verifies_and_says_what_was_signed() {
    let verified = signed().verify(CHAIN).expect("verified");
    assert_eq!(verified.statement(), &transfer());
    assert_eq!(verified.id(), signed().id());
}

#[test]
fn the_name_of_a_statement_does_not_depend_on_who_signed_it() {
    let two = SignedStatement::sign(&transfer(), &[&key(2), &key(1)]).expect("signed");
    assert_eq!(two.id(), signed().id());
    assert_ne!(two.envelope_id(), signed().envelope_id());
    assert!(two.signatures[0].key < two.signatures[1].key, "sorted whatever the order of signing");
    let other = SignedStatement::sign(&Statement { nonce: Nonce([9; 16]), ..transfer() }, &[&key(1)]).expect("signed");
    assert_ne!(other.id(), signed().id());
}

#[test]
fn one_changed_bit_anywhere_is_refused() {
    let good = signed();
    for i in 0..good.payload.len() {
        let mut changed = good.clone();
        changed.payload[i] ^= 1;
        assert!(changed.verify(CHAIN).is_err(), "payload byte {i}");
    }
    let mut changed = good.clone();
    let Signature::Ed25519(bytes) = &mut changed.signatures[0].signature;
    bytes[40] ^= 1;
    assert_eq!(refusal(changed), (Code::BadSignature, "$.signatures[0]".to_owned()));
    let mut foreign = good;
    foreign.signatures[0].key = key(2).public();
    assert_eq!(refusal(foreign).0, Code::BadSignature);
}

#[test]
fn a_statement_of_another_network_is_void_here() {
    let reject = signed().verify(ChainId(Hash32([9; 32]))).expect_err("refused");
    assert_eq!((reject.code, reject.path.as_str()), (Code::WrongChain, "$.chain"));
}

#[test]
fn signatures_are_one_to_four_sorted_and_distinct() {
    let signature = signed().signatures[0].clone();
    let with = |signatures| SignedStatement { signatures, ..signed() };
    assert_eq!(refusal(with(vec![])).0, Code::SignatureCount);
    assert_eq!(refusal(with(vec![signature.clone(), signature])).0, Code::SignatureCount);
    let keys: Vec<_> = (1..=5).map(key).collect();
    let five = SignedStatement::sign(&transfer(), &keys.iter().collect::<Vec<_>>());
    assert_eq!(five.map_err(|reject| reject.code), Err(Code::SignatureCount));
    let mut two = SignedStatement::sign(&transfer(), &[&key(1), &key(2)]).expect("signed");
    two.signatures.reverse();
    assert_eq!(refusal(two).0, Code::SignatureCount);
}

/// The transfer's object as the array of its values, which serde would read just as well.
fn as_array(payload: &str) -> String {
    let (head, tail) = payload.split_once("{\"to\":").expect("a transfer");
    format!("{head}[{}", tail.replacen('}', "]", 1))
}

/// An acceptance of a certificate for one item, its number as written.
fn items(number: &str) -> String {
    let good = String::from_utf8(signed().payload).expect("text");
    let (head, _) = good.split_once("\"title\":").expect("a transfer");
    let record = "03".repeat(32);
    let act = format!("{{\"accept\":{{\"used\":{{\"{number}\":{{\"KGM\":\"1\"}}}}}}}}");
    format!("{head}\"origin\":{{\"record\":\"{record}\",\"seq\":1,\"act\":{act}}}}}}}")
}

#[test]
fn strict_json_at_every_depth() {
    let good = String::from_utf8(signed().payload).expect("text");
    assert!(sign_bytes(&good).verify(CHAIN).is_ok(), "the test signs as the library does");
    let cases = [
        (good.replacen("{\"version\":1", "{\"version\":1,\"extra\":0", 1), Code::JsonUnknownField, "$.extra"),
        (good.replacen("\"seq\":1", "\"seq\":1,\"note\":\"x\"", 1), Code::JsonUnknownField, "$.action.title.note"),
        (good.replacen("\"version\":1", "\"version\":1,\"version\":1", 1), Code::JsonDuplicateKey, "$.version"),
        (good.replacen("\"seq\":1", "\"seq\":1,\"seq\":2", 1), Code::JsonDuplicateKey, "$.action.title.seq"),
        (good.replacen("\"seq\":1", "\"seq\":1.0", 1), Code::JsonNumber, "$.action.title.seq"),
        (good.replacen("\"seq\":1", "\"seq\":9007199254740993", 1), Code::JsonNumber, "$.action.title.seq"),
        (good.replacen("\"seq\":1", "\"seq\":\"1\"", 1), Code::JsonType, "$.action.title.seq"),
        (
            good.replacen(&format!("\"record\":\"{}\",", "03".repeat(32)), "", 1),
            Code::JsonMissingField,
            "$.action.title",
        ),
        (good.replacen("ningbo-tools", "Ningbo Tools", 1), Code::JsonType, "$.member"),
        (good.replacen("{\"version\":1", "{\"version\":2", 1), Code::StatementVersion, "$.version"),
        (as_array(&good), Code::JsonType, "$"),
        (good.replacen("\"seq\":1", "\"seq\":null", 1), Code::JsonType, "$"),
        (format!("{good} x"), Code::JsonMalformed, "$"),
        (String::from("["), Code::JsonMalformed, "$"),
        (items("01"), Code::JsonType, "$.action.origin"),
        (items("+1"), Code::JsonType, "$.action.origin"),
        (items("65536"), Code::JsonType, "$.action.origin"),
    ];
    for key in ["0", "1", "65535", "\\u0031"] {
        assert!(sign_bytes(&items(key)).verify(CHAIN).is_ok(), "a key is its text, escaped or not: {key}");
    }
    for (payload, code, path) in cases {
        let refused = refusal(sign_bytes(&payload));
        assert_eq!(refused.0, code, "{payload}");
        assert!(refused.1.starts_with(path), "{payload}: {} is not {path}", refused.1);
    }
}

#[test]
fn a_bracket_in_a_text_is_no_array() {
    let act = TitleAct::Void { reason: "wrong, null \"port\" [see \\ note".parse().expect("note") };
    let statement = Statement { action: Action::title(RecordId(Hash32([3; 32])), 1, act), ..transfer() };
    let signed = SignedStatement::sign(&statement, &[&key(1)]).expect("signed");
    assert_eq!(signed.verify(CHAIN).expect("verified").statement(), &statement);
}

#[test]
fn size_and_nesting_are_capped_before_anything_is_read() {
    let long = format!("{{\"version\":1,\"pad\":\"{}\"}}", "x".repeat(limits::STATEMENT_BYTES));
    assert_eq!(refusal(sign_bytes(&long)).0, Code::StatementTooLarge);
    let deep = "[".repeat(limits::STATEMENT_DEPTH + 1) + &"]".repeat(limits::STATEMENT_DEPTH + 1);
    assert_eq!(refusal(sign_bytes(&deep)).0, Code::JsonTooDeep);
}

#[test]
fn the_dsse_envelope_round_trips_and_is_strict() {
    let envelope = DsseEnvelope::from(&signed());
    assert_eq!(SignedStatement::try_from(envelope.clone()), Ok(signed()));
    let wrong_type = DsseEnvelope { payload_type: "application/json".to_owned(), ..envelope.clone() };
    let reject = SignedStatement::try_from(wrong_type).expect_err("refused");
    assert_eq!((reject.code, reject.path.as_str()), (Code::EnvelopeMalformed, "$.payloadType"));
    let not_base64 = DsseEnvelope { payload: "%".to_owned(), ..envelope.clone() };
    assert_eq!(SignedStatement::try_from(not_base64).map_err(|reject| reject.code), Err(Code::EnvelopeMalformed));
    let json = serde_json::to_string(&envelope).expect("json");
    assert!(json.contains("\"payloadType\":\"application/vnd.sampan.statement+json;version=1\""));
    assert!(json.contains(&BASE64.encode(&signed().payload)));
    assert!(serde_json::from_str::<DsseEnvelope>(&json.replacen('{', "{\"x\":1,", 1)).is_err());
}

#[test]
fn the_format_is_frozen() {
    let payload = String::from_utf8(signed().payload).expect("text");
    let chain = "01".repeat(32);
    let record = "03".repeat(32);
    let expected = format!(
        "{{\"version\":1,\"chain\":\"{chain}\",\"member\":\"ningbo-tools\",\"nonce\":\"{}\",\"not_after_ms\":1790000000000,\
         \"action\":{{\"title\":{{\"record\":\"{record}\",\"seq\":1,\"act\":{{\"transfer\":{{\"to\":\"harbour-bank\"}}}}}}}}}}",
        "02".repeat(16)
    );
    assert_eq!(payload, expected);
    assert_eq!(
        signed().id(),
        StatementId(crate::hash::Domain::Statement.hash(&pae(PAYLOAD_TYPE, expected.as_bytes())))
    );
}
