//! What clients send, read strictly: parameters of the path, of the query, and JSON bodies.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{self, FromRequestParts, Query};
use axum::http::request::Parts;
use futures::StreamExt as _;
use sampan_proto::json::{self, JsonLimits};
use sampan_proto::reject::Code;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::error::{Refusal, TIMED_OUT};

/// How long a client may send nothing of a body: a slow link is welcome, a dead one is not.
const STALL: Duration = Duration::from_secs(20);
/// Bytes that buy a second more: less than any link that a body of full size would come through in time.
const PACE: usize = 1_024;

/// The query, with unknown parameters refused by its type.
pub(super) struct Parameters<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let query = Query::try_from_uri(&parts.uri);
        query.map(|Query(value)| Self(value)).map_err(|e| Refusal::new(Code::RequestMalformed, "$", cause(&e)))
    }
}

/// The parameters of the path, which must be text.
pub(super) struct Path<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = extract::Path::from_request_parts(parts, state).await;
        path.map(|extract::Path(value)| Self(value)).map_err(|e| Refusal::new(Code::RequestMalformed, "$", cause(&e)))
    }
}

/// The innermost reason of an error: the outer ones say only that there is one.
fn cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => cause(source),
        None => error.to_string(),
    }
}

/// Reads a parameter of the path.
pub(super) fn parameter<T>(name: &str, text: &str) -> Result<T, Refusal>
where
    T: FromStr<Err: Display>,
{
    text.parse().map_err(|why| Refusal::new(Code::RequestMalformed, "$", format!("`{name}`: {why}")))
}

/// Reads a JSON body of at most so many bytes.
pub(super) async fn json<T: DeserializeOwned>(body: Body, limits: &JsonLimits) -> Result<T, Refusal> {
    let bytes = bytes(body, limits.max_bytes).await?;
    Ok(json::from_slice(&bytes, limits)?)
}

async fn bytes(body: Body, limit: usize) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let mut stream = body.into_data_stream();
    let begin = Instant::now();
    loop {
        let paid = begin + STALL + Duration::from_secs((bytes.len() / PACE) as u64);
        let chunk = match tokio::time::timeout_at(paid.min(Instant::now() + STALL), stream.next()).await {
            Ok(Some(Ok(chunk))) => chunk,
            Ok(Some(Err(_))) => {
                return Err(Refusal::new(Code::RequestMalformed, "$", "the connection broke within the body"));
            }
            Ok(None) => return Ok(bytes),
            Err(_) => {
                let detail = format!("{} bytes of the body came in {} s", bytes.len(), begin.elapsed().as_secs());
                return Err(Refusal::shell(TIMED_OUT, detail));
            }
        };
        if bytes.len() + chunk.len() > limit {
            return Err(Refusal::new(Code::JsonTooLarge, "$", format!("more than {limit} bytes")));
        }
        bytes.extend_from_slice(&chunk);
    }
}
