//! Refusals on the wire: `application/problem+json` with a stable code, a path, a reason and a hint.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sampan_proto::api::{PROBLEM_MEDIA_TYPE, Problem};
use sampan_proto::json::JsonError;
use sampan_proto::proof::Bundle;
use sampan_proto::reject::{Code, Reject};

use crate::fault::Fatal;

/// Seconds after which a client that was turned away for lack of room may try again.
const RETRY_AFTER_S: &str = "1";

/// A problem of the HTTP interface itself, beside those of [`Code`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Shell {
    status: u16,
    pub(super) code: &'static str,
    hint: &'static str,
}

/// The node could not do what it should.
pub(super) const INTERNAL: Shell =
    Shell { status: 500, code: "internal", hint: "ask another node; the cause is in this node's log" };
/// The path exists, the method does not.
pub(super) const METHOD_NOT_ALLOWED: Shell =
    Shell { status: 405, code: "method_not_allowed", hint: "use a method that the header Allow names" };
/// The client or the node took too long.
pub(super) const TIMED_OUT: Shell =
    Shell { status: 408, code: "timed_out", hint: "send it again; what was accepted meanwhile is not accepted twice" };
/// No room for this request now.
pub(super) const BUSY: Shell =
    Shell { status: 503, code: "busy", hint: "wait and send again, or ask another node; nothing was stored" };

/// The node has hardly any room on its disk.
pub(super) const DISK_SHORT: Shell = Shell {
    status: 503,
    code: "disk_almost_full",
    hint: "send it to another node; this one's operator has to make room",
};

/// Every [`Shell`], for the interface's description.
#[cfg(test)]
pub(super) const SHELLS: [Shell; 5] = [INTERNAL, METHOD_NOT_ALLOWED, TIMED_OUT, BUSY, DISK_SHORT];

/// An answer that is a problem.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) Box<Problem>);

impl Refusal {
    /// A refusal with a code of the protocol.
    pub(super) fn new(code: Code, path: &str, detail: impl Into<String>) -> Self {
        Reject::new(code, path, detail).into()
    }

    /// A refusal by the interface itself.
    pub(super) fn shell(shell: Shell, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem {
            status: shell.status,
            code: shell.code.to_owned(),
            path: "$".to_owned(),
            detail: detail.into(),
            hint: shell.hint.to_owned(),
            proof: None,
        }))
    }

    /// The same with the proof of what stands in the way.
    pub(super) fn proven_by(mut self, proof: Option<Bundle>) -> Self {
        self.0.proof = proof.map(Box::new);
        self
    }
}

impl From<Reject> for Refusal {
    fn from(reject: Reject) -> Self {
        Self(Box::new(reject.into()))
    }
}

impl From<JsonError> for Refusal {
    fn from(error: JsonError) -> Self {
        Reject::from(error).into()
    }
}

impl From<Fatal> for Refusal {
    /// The engine meets the same fault at its next write and stops the node; the client learns no more
    /// than that.
    fn from(fault: Fatal) -> Self {
        tracing::error!(%fault, "cannot answer from the store");
        Self::shell(INTERNAL, "the node cannot read its store")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // A struct of strings and numbers always has a JSON form.
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, PROBLEM_MEDIA_TYPE)], body).into_response();
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
        }
        response
    }
}
