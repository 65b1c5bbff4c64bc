use std::net::SocketAddr;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use sampan_proto::api::{BodyParts, READ_HEADER, READ_WINDOW_MS, ReadRequest, Ticket};
use sampan_proto::body;
use sampan_proto::ids::{ChainId, RecordId};
use sampan_proto::proof::{self, Bundle, Verdict};
use sampan_proto::reject::Code;

use super::super::access::Caller;
use super::fixture::{BANK, CARRIER, CUSTOMS, EXPORTER, IMPORTER, LOCAL, REMOTE, Solo, bill, json};
use crate::clock::now_ms;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_str(v).expect("value"))).collect()
}

#[test]
fn only_the_socket_makes_a_caller_local_and_headers_only_take_that_away() {
    let of = |peer: &str, pairs: &[(&'static str, &str)]| {
        Caller::of(peer.parse::<SocketAddr>().expect("address"), &headers(pairs), true).expect("readable")
    };
    for peer in ["127.0.0.1:4000", "127.9.9.9:4000", "[::1]:4000", "[::ffff:127.0.0.1]:4000"] {
        assert_eq!(of(peer, &[]), Caller::Local, "{peer}");
        for host in ["localhost:8101", "localhost", "127.0.0.1:8101", "[::1]:8101", "LOCALHOST"] {
            assert_eq!(of(peer, &[("host", host)]), Caller::Local, "{host}");
        }
        for host in ["evil.example:8101", "node.example", "10.0.0.1:8101", "localhost.evil.example"] {
            assert_eq!(of(peer, &[("host", host)]), Caller::Unknown, "{host}");
        }
        for proxied in ["x-forwarded-for", "forwarded", "via", "x-real-ip"] {
            assert_eq!(of(peer, &[(proxied, "127.0.0.1")]), Caller::Unknown, "{proxied}");
        }
    }
    // A proxy that says nothing of itself makes everybody look like this machine: an operator who has one says so.
    let here = "127.0.0.1:4000".parse().expect("address");
    assert_eq!(Caller::of(here, &headers(&[("host", "127.0.0.1:8101")]), false), Ok(Caller::Unknown));
    for peer in ["203.0.113.7:4000", "10.0.0.1:4000", "[2001:db8::1]:4000"] {
        assert_eq!(of(peer, &[("x-forwarded-for", "127.0.0.1"), ("host", "localhost")]), Caller::Unknown, "{peer}");
    }
}

struct Reading<'a> {
    solo: &'a Solo,
    ticket: Ticket,
}

impl Reading<'_> {
    /// What the body route says to a signed request: nothing, or why not.
    async fn refusal(&self, request: &ReadRequest) -> Option<(Code, String)> {
        let value = HeaderValue::from_bytes(&json(request)).expect("value");
        let request = Request::get(format!("/v1/records/{}/body", self.ticket.record)).header(READ_HEADER, value);
        let answer = self.solo.ask(REMOTE, request.body(Body::empty()).expect("request")).await;
        if answer.status.is_success() {
            return None;
        }
        let problem = answer.problem();
        Some((problem.known_code().expect("known"), problem.path))
    }

    fn sign(&self, member: &str, record: &RecordId, chain: ChainId, time_ms: u64) -> ReadRequest {
        let whose = (member.parse().expect("id"), time_ms);
        ReadRequest::sign(chain, record, None, whose, &self.solo.key(member).secret)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parties_read_and_nobody_else() {
    let solo = Solo::start();
    let ticket = solo.finish(&solo.issue("SPLNGB2630001")).await;
    solo.finish(&solo.transfer(EXPORTER, &ticket, 1, IMPORTER)).await;
    let (chain, record) = (solo.state.genesis.chain, ticket.record);
    let reading = Reading { solo: &solo, ticket };
    let good = |member: &str| reading.sign(member, &record, chain, now_ms());
    for party in [CARRIER, EXPORTER, IMPORTER, CUSTOMS] {
        assert_eq!(reading.refusal(&good(party)).await, None, "{party}");
    }
    let other_record = RecordId(ticket_free(&record));
    let cases = [
        (good(BANK), "$.member"),
        (reading.sign(CARRIER, &record, chain, now_ms() - READ_WINDOW_MS - 5_000), "$.timeMs"),
        (reading.sign(CARRIER, &record, chain, now_ms() + READ_WINDOW_MS + 5_000), "$.timeMs"),
        (reading.sign(CARRIER, &other_record, chain, now_ms()), "$.signature"),
        (reading.sign(CARRIER, &record, ChainId(record.0), now_ms()), "$.signature"),
        (ReadRequest { member: CARRIER.parse().expect("id"), ..good(BANK) }, "$.key"),
        (ReadRequest { member: "nobody-here".parse().expect("id"), ..good(CARRIER) }, "$.member"),
        (ReadRequest { key: solo.key(CARRIER).secret.public(), ..good(BANK) }, "$.key"),
    ];
    for (request, path) in cases {
        assert_eq!(reading.refusal(&request).await, Some((Code::NotDisclosed, path.to_owned())), "{request:?}");
    }
}

/// Another digest than that of a record.
fn ticket_free(record: &RecordId) -> sampan_proto::hash::Hash32 {
    sampan_proto::hash::Domain::Record.hash(record.0.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_body_comes_to_the_byte_with_what_opens_it_or_within_the_bundle() {
    let solo = Solo::start();
    let submission = solo.issue("SPLNGB2630002");
    let ticket = solo.finish(&submission).await;
    let uri = |rest: &str| format!("/v1/records/{}/{rest}", ticket.record);
    let local = |rest: &str| Request::get(uri(rest)).body(Body::empty()).expect("request");

    let answer = solo.ask(LOCAL, local("body")).await;
    assert_eq!(answer.bytes, bill("SPLNGB2630002"));
    assert_eq!(answer.headers[header::CACHE_CONTROL], "private, no-store");
    let parts: BodyParts = solo.ask(LOCAL, local("body?parts=true")).await.json();
    assert_eq!(Some(&parts), submission.body.as_ref());
    let whole: Bundle = solo.ask(LOCAL, local("bundle?body=true")).await.json();
    assert_eq!(whole.body.as_ref().map(|body| body.0.0.clone()), Some(body::Body::from(parts)));
    solo.proven(&whole);
    let sealed: Bundle = solo.ask(LOCAL, local("bundle")).await.json();
    assert_eq!(sealed.body, None);

    for rest in ["body", "body?parts=true", "bundle?body=true"] {
        let problem = solo.get(uri(rest)).await.problem();
        assert_eq!(problem.known_code(), Some(Code::NotDisclosed), "{rest}");
    }
    let garbage = Request::get(uri("body")).header(READ_HEADER, "{\"member\":\"sampan-line\"}");
    let problem = solo.ask(REMOTE, garbage.body(Body::empty()).expect("request")).await.problem();
    assert_eq!(problem.known_code(), Some(Code::JsonMissingField));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_document_stands_beside_for_whoever_may_read_both() {
    let solo = Solo::start();
    let bill = solo.finish(&solo.issue("SPLNGB2630003")).await.record;
    let certificate = solo.finish(&solo.certify()).await.record;
    let uri = |rest: &str| format!("/v1/records/{bill}/bundle?{rest}");
    let get = |rest: &str| Request::get(uri(rest)).body(Body::empty()).expect("request");
    let both = format!("body=true&with={certificate}");
    let whole: Bundle = solo.ask(LOCAL, get(&both)).await.json();
    solo.proven(&whole);
    assert!(whole.body.is_some() && whole.counterpart.as_ref().is_some_and(|part| part.body.is_some()));
    let ladder = proof::verify(&whole, &solo.state.genesis, &proof::Policy::default());
    assert_eq!(ladder.verdict("counterpart"), Some(Verdict::Valid), "{ladder:#?}");
    assert!(matches!(ladder.verdict("findings"), Some(Verdict::Valid | Verdict::Warn)), "{ladder:#?}");

    let sealed: Bundle = solo.get(uri(&format!("with={certificate}"))).await.json();
    solo.proven(&sealed);
    assert!(sealed.counterpart.is_some_and(|part| part.body.is_none()));

    // The carrier is a party of its bill, and a stranger to the certificate.
    let sign = |member: &str, beside| {
        let (key, by) = (&solo.key(member).secret, (member.parse().expect("id"), now_ms()));
        let read = ReadRequest::sign(solo.state.genesis.chain, &bill, beside, by, key);
        HeaderValue::from_bytes(&json(&read)).expect("value")
    };
    let signed = |member: &str, beside, rest: &str| {
        let request = Request::get(uri(rest)).header(READ_HEADER, sign(member, beside)).body(Body::empty());
        solo.ask(REMOTE, request.expect("request"))
    };
    let refused = signed(CARRIER, Some(&certificate), &both).await.problem();
    assert_eq!((refused.known_code(), refused.path.as_str()), (Some(Code::NotDisclosed), "$.member"));
    let given: Bundle = signed(EXPORTER, Some(&certificate), &both).await.json();
    assert_eq!(given.counterpart, whole.counterpart);
    // What was signed for one document opens no second one, and what was signed for two of them is no request for one.
    for (beside, rest) in [(None, both.as_str()), (Some(&bill), &both), (Some(&certificate), "body=true")] {
        let refused = signed(EXPORTER, beside, rest).await.problem();
        assert_eq!((refused.known_code(), refused.path.as_str()), (Some(Code::NotDisclosed), "$.signature"), "{rest}");
    }

    let problem = solo.ask(LOCAL, get(&format!("with={bill}"))).await.problem();
    assert_eq!(problem.known_code(), Some(Code::NotAPair));
    let unknown = format!("with={}", "7".repeat(64));
    assert_eq!(solo.ask(LOCAL, get(&unknown)).await.problem().known_code(), Some(Code::UnknownRecord));
    assert!(solo.ask(LOCAL, get("with=x")).await.status.is_client_error());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_body_is_gone_with_its_reason_and_everything_else_still_proves() {
    let solo = Solo::start();
    let ticket = solo.finish(&solo.issue("SPLNGB2630003")).await;
    let uri = |rest: &str| format!("/v1/records/{}/{rest}", ticket.record);
    let local = |rest: &str| Request::get(uri(rest)).body(Body::empty()).expect("request");
    let before: Bundle = solo.ask(LOCAL, local("bundle?body=true")).await.json();
    solo.finish(&solo.erase(&ticket, "court order 12/2026")).await;

    let answer = solo.ask(LOCAL, local("body")).await;
    assert_eq!((answer.status.as_u16(), answer.problem().known_code()), (410, Some(Code::BodyErased)));
    assert!(answer.problem().detail.ends_with(": court order 12/2026"), "{}", answer.problem().detail);
    let after: Bundle = solo.ask(LOCAL, local("bundle?body=true")).await.json();
    assert_eq!((after.body.as_ref(), after.history.len()), (None, 2));
    solo.proven(&after);
    solo.proven(&before);
    let stranger = solo.get(uri("body")).await.problem();
    assert_eq!(stranger.known_code(), Some(Code::NotDisclosed), "a reason is for those who might have read it");
}
