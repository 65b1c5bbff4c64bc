//! What clients send, read strictly: parameters of the path, of the query, and JSON bodies.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{self, FromRequestParts, Query};
use axum::http::request::Parts;
use futures::StreamExt as _;
use sampan_proto::json::{self, JsonLimits};
use sampan_proto::reject::Code;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::error::{BUSY, Refusal, TIMED_OUT};
use super::gate::Room;

/// How long [`LAP_BYTES`] of a body may take: a slow link is welcome, a dead one is not.
const LAP: Duration = Duration::from_secs(20);
/// A kilobyte a second: less than any link that a body of full size would come through in time.
const LAP_BYTES: usize = 20 * 1_024;

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

/// Reads a JSON body, which the guard has gathered.
pub(super) async fn json<T: DeserializeOwned>(body: Body, limits: &JsonLimits) -> Result<T, Refusal> {
    let gathered = to_bytes(body, limits.max_bytes).await;
    let bytes = gathered.map_err(|_| too_large(limits.max_bytes))?;
    Ok(json::from_slice(&bytes, limits)?)
}

fn too_large(limit: usize) -> Refusal {
    Refusal::new(Code::JsonTooLarge, "$", format!("more than {limit} bytes"))
}

/// A body that is here as a whole; the room that it takes is its request's until that is answered.
pub(super) async fn gather(body: Body, limit: usize, room: &mut Room) -> Result<Body, Refusal> {
    let mut bytes = Vec::new();
    let mut stream = body.into_data_stream();
    // Each lap of so many bytes has so much time: what came before buys none.
    let (mut lap, mut begun) = (Instant::now(), 0);
    loop {
        let chunk = match tokio::time::timeout_at(lap + LAP, stream.next()).await {
            Ok(Some(Ok(chunk))) => chunk,
            Ok(Some(Err(_))) => {
                return Err(Refusal::new(Code::RequestMalformed, "$", "the connection broke within the body"));
            }
            Ok(None) => return Ok(Body::from(bytes)),
            Err(_) => {
                let detail = format!("{} bytes of the body came, and then too few", bytes.len());
                return Err(Refusal::shell(TIMED_OUT, detail));
            }
        };
        if bytes.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        if !room.fit(bytes.len() + chunk.len()) {
            return Err(Refusal::shell(
                BUSY,
                "bodies of other requests, or of your address alone, take all the room there is for them",
            ));
        }
        bytes.extend_from_slice(&chunk);
        if bytes.len() - begun >= LAP_BYTES {
            (lap, begun) = (Instant::now(), bytes.len());
        }
    }
}
