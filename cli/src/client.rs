//! The node's HTTP interface, typed. What comes back is read strictly and believed in nothing.

use std::time::Duration;

use sampan_proto::api::{
    FindingsView, MembersView, NodeStatus, Problem, ProposalView, ProposalsView, READ_HEADER, ReadRequest,
    StatementStatus, Submission, Ticket,
};
use sampan_proto::checkpoint::Consistency;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{Height, MemberId, RecordId, StatementId};
use sampan_proto::json::{self, JsonLimits};
use sampan_proto::limits::{BUNDLE_BYTES, CHECKPOINT_BYTES, GENESIS_BYTES};
use sampan_proto::proof::Bundle;
use serde::de::DeserializeOwned;
use ureq::http::{Response, Uri};
use ureq::{Agent, Body};

use crate::failure::Failure;

/// Patience for an answer that the node has at hand.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Patience for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Largest answer that is not a bundle or a genesis file.
const ANSWER_BYTES: usize = 8 * 1024 * 1024;
const ANSWER_DEPTH: usize = 16;

/// A node, by its address.
pub(crate) struct Client {
    agent: Agent,
    base: String,
}

/// An answer, whole.
struct Answer {
    status: u16,
    bytes: Vec<u8>,
}

impl Client {
    /// A client for the node at `base`, an address without a trailing slash.
    pub(crate) fn new(base: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .user_agent(concat!("sampan/", env!("CARGO_PKG_VERSION")))
            // Whoever is asked answers: a signed read is not carried on to somebody else.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(TIMEOUT));
        // A node on this machine is asked directly: it grants more to its own machine.
        let config = if is_loopback(base) { config.proxy(None) } else { config };
        Self { agent: config.build().new_agent(), base: base.to_owned() }
    }

    /// The node's address.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The genesis file, to the byte.
    pub(crate) fn genesis(&self) -> Result<Vec<u8>, Failure> {
        self.get("/v1/genesis", TIMEOUT, None, GENESIS_BYTES)
    }

    /// The node about itself.
    pub(crate) fn node(&self) -> Result<NodeStatus, Failure> {
        self.get_json("/v1/node", TIMEOUT)
    }

    /// The node about itself, once it is above `height` or `wait` is over.
    pub(crate) fn node_after(&self, height: Height, wait: Duration) -> Result<NodeStatus, Failure> {
        self.get_json(&format!("/v1/node?after={height}&wait_s={}", wait.as_secs()), TIMEOUT + wait)
    }

    /// The registry, as the node tells it.
    pub(crate) fn members(&self) -> Result<MembersView, Failure> {
        self.get_json("/v1/members", TIMEOUT)
    }

    /// A member's registry entry, proven.
    pub(crate) fn member(&self, id: &MemberId) -> Result<Bundle, Failure> {
        self.get_bundle(&format!("/v1/members/{id}"), None)
    }

    /// What the roster is asked to decide, as the node tells it.
    pub(crate) fn proposals(&self) -> Result<ProposalsView, Failure> {
        self.get_json("/v1/proposals", TIMEOUT)
    }

    /// One proposal, as the node tells it.
    pub(crate) fn proposal(&self, id: &StatementId) -> Result<ProposalView, Failure> {
        self.get_json(&format!("/v1/proposals/{id}"), TIMEOUT)
    }

    /// Hands a statement in.
    pub(crate) fn submit(&self, submission: &Submission) -> Result<Ticket, Failure> {
        let url = format!("{}/v1/statements", self.base);
        let body = serde_json::to_vec(submission)
            .map_err(|error| Failure::unexpected("cannot write the statement as JSON").why(error))?;
        let sent = self.agent.post(&url).content_type("application/json").send(&body[..]);
        self.read(&self.answered(sent, ANSWER_BYTES)?)
    }

    /// Where a statement is; answers at once when that is settled, after `wait` at the latest.
    pub(crate) fn statement(&self, id: &StatementId, wait: Duration) -> Result<StatementStatus, Failure> {
        self.get_json(&format!("/v1/statements/{id}?wait_s={}", wait.as_secs()), TIMEOUT + wait)
    }

    /// The receipt of a statement.
    pub(crate) fn receipt(&self, id: &StatementId) -> Result<Bundle, Failure> {
        self.get_bundle(&format!("/v1/receipts/{id}"), None)
    }

    /// The newest decided header, or that of a height, with the way to its roster.
    pub(crate) fn head(&self, height: Option<Height>) -> Result<Bundle, Failure> {
        let query = height.map_or(String::new(), |height| format!("?height={height}"));
        self.get_bundle(&format!("/v1/log/head{query}"), None)
    }

    /// That the log of `to` entries begins with that of `from`.
    pub(crate) fn consistency(&self, from: u64, to: u64) -> Result<Consistency, Failure> {
        self.get_json(&format!("/v1/log/consistency?from={from}&to={to}"), TIMEOUT)
    }

    /// A signed checkpoint, wherever it is kept: the address of this client is that of the file.
    pub(crate) fn checkpoint(&self) -> Result<Vec<u8>, Failure> {
        self.get("", TIMEOUT, None, CHECKPOINT_BYTES)
    }

    /// An entry of the log, whatever it records.
    pub(crate) fn entry(&self, index: u64) -> Result<Bundle, Failure> {
        self.get_bundle(&format!("/v1/receipts/{index}"), None)
    }

    /// The same in the log as it was after a block, without the statement.
    pub(crate) fn entry_at(&self, index: u64, height: Height) -> Result<Bundle, Failure> {
        self.get_bundle(&format!("/v1/receipts/{index}?against={height}"), None)
    }

    /// A record's state, or its absence.
    pub(crate) fn status(&self, id: &RecordId) -> Result<Bundle, Failure> {
        self.get_bundle(&format!("/v1/records/{id}/status"), None)
    }

    /// A record's state, and what is pledged of these goods.
    pub(crate) fn status_of_goods(&self, id: &RecordId, goods: &Hash32) -> Result<Bundle, Failure> {
        self.get_bundle(&format!("/v1/records/{id}/status?goods={goods}"), None)
    }

    /// All there is to prove about a record.
    pub(crate) fn record(&self, id: &RecordId) -> Result<Bundle, Failure> {
        self.get_bundle(&format!("/v1/records/{id}/bundle"), None)
    }

    /// The same with the document itself.
    pub(crate) fn record_with_body(&self, id: &RecordId, read: Option<&ReadRequest>) -> Result<Bundle, Failure> {
        self.get_bundle(&format!("/v1/records/{id}/bundle?body=true"), read)
    }

    /// The same with the other document of the shipment beside it, and, when they are read, both documents.
    pub(crate) fn record_beside(
        &self,
        id: &RecordId,
        other: &RecordId,
        body: bool,
        read: Option<&ReadRequest>,
    ) -> Result<Bundle, Failure> {
        self.get_bundle(&format!("/v1/records/{id}/bundle?body={body}&with={other}"), read)
    }

    /// What a bill and a certificate say of each other, as the node tells it.
    pub(crate) fn findings(&self, id: &RecordId, other: &RecordId) -> Result<FindingsView, Failure> {
        self.get_json(&format!("/v1/records/{id}/findings/{other}"), TIMEOUT)
    }

    fn get_bundle(&self, route: &str, read: Option<&ReadRequest>) -> Result<Bundle, Failure> {
        let bytes = self.get(route, TIMEOUT, read, BUNDLE_BYTES)?;
        Bundle::from_json(&bytes).map_err(|error| {
            let what = format!("what {} sent is not a proof", self.base);
            Failure::json(what, &error).into_unproven()
        })
    }

    fn get_json<T: DeserializeOwned>(&self, route: &str, timeout: Duration) -> Result<T, Failure> {
        let bytes = self.get(route, timeout, None, ANSWER_BYTES)?;
        self.read(&Answer { status: 200, bytes })
    }

    fn get(
        &self,
        route: &str,
        timeout: Duration,
        read: Option<&ReadRequest>,
        limit: usize,
    ) -> Result<Vec<u8>, Failure> {
        let url = format!("{}{route}", self.base);
        let mut request = self.agent.get(&url).config().timeout_global(Some(timeout)).build();
        if let Some(read) = read {
            let header = serde_json::to_string(read)
                .map_err(|error| Failure::unexpected("cannot write the signed read as JSON").why(error))?;
            request = request.header(READ_HEADER, header);
        }
        self.answered(request.call(), limit).map(|answer| answer.bytes)
    }

    /// The answer's bytes if it is a yes; otherwise what the node has to say against it.
    fn answered(&self, sent: Result<Response<Body>, ureq::Error>, limit: usize) -> Result<Answer, Failure> {
        let mut response = sent.map_err(|error| self.unreachable(&error))?;
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(limit as u64);
        let bytes = body.read_to_vec().map_err(|error| self.unreachable(&error))?;
        if (200..300).contains(&status) {
            return Ok(Answer { status, bytes });
        }
        let limits = JsonLimits { max_bytes: limit, max_depth: ANSWER_DEPTH, integers_only: true };
        Err(match json::from_slice::<Problem>(&bytes, &limits) {
            Ok(problem) => Failure::from(problem),
            Err(_) => self.not_ours(status, &bytes),
        })
    }

    fn read<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, Failure> {
        let limits = JsonLimits { max_bytes: ANSWER_BYTES, max_depth: ANSWER_DEPTH, integers_only: true };
        json::from_slice(&answer.bytes, &limits).map_err(|error| {
            self.not_ours(answer.status, &answer.bytes).why(format!("{}: {}", error.path, error.detail))
        })
    }

    fn unreachable(&self, error: &ureq::Error) -> Failure {
        let what = format!("cannot ask the node at {}", self.base);
        Failure::unexpected(what).why(error).hint("check the address, and that the node runs")
    }

    fn not_ours(&self, status: u16, bytes: &[u8]) -> Failure {
        let text: String = String::from_utf8_lossy(bytes).chars().take(120).collect();
        Failure::unexpected(format!("{} does not answer like a Sampan node", self.base))
            .why(format!("status {status}: {}", text.trim()))
            .hint("check the address, and that client and node are of one version")
    }
}

fn is_loopback(base: &str) -> bool {
    let host = base.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
