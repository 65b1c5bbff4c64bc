//! The HTTP interface of a node that runs: a line with method and target, header lines, an empty line, a body. No request makes the node fail. Every refusal is a problem with a code that is known, a place, a reason and a
//! hint; what is taken in was signed by whoever may; and every proof that an answer brings verifies from the genesis.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use anyhow::Result;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode, header};
use sampan_proto::api::{Batch, BatchResults, PROBLEM_MEDIA_TYPE, Problem, Submission, SubmitResult, Ticket};
use sampan_proto::ids::StatementId;
use sampan_proto::proof::{self, Bundle, Outcome, Policy};
use sampan_proto::record::Record;
use sampan_proto::statement::DsseEnvelope;
use sampan_proto::wire::Document;
use tower::ServiceExt as _;

use super::Target;
use crate::sim::Alone;

/// A caller on the node's own machine, which is not counted.
const HERE: ([u8; 4], u16) = ([127, 0, 0, 1], 40_000);
/// The largest answer, in bytes: twice a bundle, the largest thing that there is to give.
const ANSWER_BYTES: usize = 2 * sampan_proto::limits::BUNDLE_BYTES;

pub(super) struct Http {
    router: Router,
    alone: Alone,
    signed: BTreeSet<StatementId>,
}

/// An answer, read.
struct Answer {
    status: StatusCode,
    media_type: String,
    bytes: Vec<u8>,
}

impl Http {
    pub(super) fn open() -> Result<Self> {
        let alone = Alone::live()?;
        let router = sampan_node::api::router(alone.api()?);
        let signed = alone.signed();
        Ok(Self { router, alone, signed })
    }

    fn ask(&self, request: Request<Body>) -> Answer {
        self.alone.run(async {
            let response = self.router.clone().oneshot(request).await.expect("infallible");
            let (head, body) = response.into_parts();
            let bytes = to_bytes(body, ANSWER_BYTES).await.expect("no larger than an answer may be").to_vec();
            let media_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            Answer { status: head.status, media_type: media_type.unwrap_or_default().to_owned(), bytes }
        })
    }

    fn refused(&self, answer: &Answer) {
        assert_eq!(answer.media_type, PROBLEM_MEDIA_TYPE, "a refusal that is no problem");
        let problem: Problem = serde_json::from_slice(&answer.bytes).expect("a problem");
        assert_ne!(problem.code, "internal", "the node failed");
        let told = !problem.detail.is_empty() && !problem.hint.is_empty() && problem.path.starts_with('$');
        assert!(told && problem.status == answer.status.as_u16(), "a refusal that does not help: {problem:?}");
        problem.proof.iter().for_each(|proof| self.proves(proof));
    }

    fn given(&self, answer: &Answer) {
        if let Ok(ticket) = serde_json::from_slice(&answer.bytes) {
            self.taken(&ticket);
        }
        if let Ok(BatchResults { results }) = serde_json::from_slice(&answer.bytes) {
            for result in results {
                match result {
                    SubmitResult::Ticket(ticket) => self.taken(&ticket),
                    SubmitResult::Problem(problem) => problem.proof.iter().for_each(|proof| self.proves(proof)),
                }
            }
        }
        if let Ok(bundle) = Bundle::from_json(&answer.bytes) {
            self.proves(&bundle);
        }
    }

    fn taken(&self, ticket: &Ticket) {
        assert!(self.signed.contains(&ticket.statement), "taken in, and nobody signed it");
    }

    fn proves(&self, bundle: &Bundle) {
        let ladder = proof::verify(bundle, &*self.alone.genesis, &Policy::default());
        assert_eq!(ladder.outcome(), Outcome::Valid, "a proof that does not hold: {ladder:#?}");
    }
}

/// A request as its lines say; none when they are none.
fn request(bytes: &[u8]) -> Option<Request<Body>> {
    let mut rest = bytes;
    let mut line = || {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let (line, more) = rest.split_at(end);
        rest = more.get(1..)?;
        std::str::from_utf8(line).ok()
    };
    let (method, target) = line()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(target);
    loop {
        match line()? {
            "" => break,
            header => {
                let (name, value) = header.split_once(": ")?;
                request = request.header(name, value);
            }
        }
    }
    request.extension(ConnectInfo(SocketAddr::from(HERE))).body(Body::from(rest.to_vec())).ok()
}

fn submission(document: &Document) -> Submission {
    Submission { statement: DsseEnvelope::from(&document.statement), body: document.body.clone().map(Into::into) }
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("it has a JSON form")
}

impl Target for Http {
    fn seeds(&self) -> Vec<Vec<u8>> {
        let executed: Vec<StatementId> = self.alone.executed.iter().map(|document| document.statement.id()).collect();
        let [first, kept, ..] = executed.as_slice() else { return Vec::new() };
        let (record, other, chain) = (Record::id_of(*first), Record::id_of(*kept), self.alone.genesis.chain);
        let gets = [
            format!("/v1/statements/{first}?wait_s=1"),
            format!("/v1/receipts/{first}?against=latest"),
            "/v1/receipts/2?against=1".to_owned(),
            format!("/v1/records/{record}"),
            format!("/v1/records/{record}/history"),
            format!("/v1/records/{record}/status?goods={chain}"),
            format!("/v1/records/{record}/bundle?body=true&with={other}"),
            format!("/v1/records/{record}/body"),
            format!("/v1/records/{record}/findings/{other}"),
            format!("/v1/references/sampan-line/{chain}"),
            "/v1/proposals".to_owned(),
            format!("/v1/proposals/{first}"),
            "/v1/members".to_owned(),
            "/v1/members/sampan-line".to_owned(),
            "/v1/headers/1".to_owned(),
            "/v1/log/checkpoint".to_owned(),
            "/v1/log/head?height=2".to_owned(),
            "/v1/log/consistency?from=1&to=3".to_owned(),
            "/v1/log/tile/0/000.p/3".to_owned(),
            "/v1/log/tile/entries/000.p/3".to_owned(),
            "/v1/evidence".to_owned(),
            format!("/v1/evidence/{chain}"),
            "/v1/genesis".to_owned(),
            "/v1/node?after=1&wait_s=1".to_owned(),
            "/readyz".to_owned(),
            "/metrics".to_owned(),
            "/openapi.json".to_owned(),
        ];
        let known: Vec<Submission> = self.alone.executed.iter().chain(&self.alone.fresh).map(submission).collect();
        let one = known.iter().map(|submission| ("POST /v1/statements".to_owned(), json(submission)));
        let batch = ("POST /v1/statements/batch".to_owned(), json(&Batch { submissions: known.clone() }));
        let gets = gets.into_iter().map(|target| (format!("GET {target}"), Vec::new()));
        let requests = gets.chain(one).chain([batch]);
        requests.map(|(line, body)| [line.as_bytes(), b"\nhost: localhost\n\n", &body].concat()).collect()
    }

    fn take(&self, bytes: &[u8]) {
        let Some(request) = request(bytes) else { return };
        let head = *request.method() == Method::HEAD;
        let answer = self.ask(request);
        if answer.status.is_success() {
            self.given(&answer);
        } else if !head {
            self.refused(&answer);
        }
    }
}
