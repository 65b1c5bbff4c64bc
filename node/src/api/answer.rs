//! Answers that are on their way: whoever takes them slowly, or not at all, keeps no more of them here than there is
//! room for.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::response::{IntoResponse as _, Response};
use hyper::body::{Frame, SizeHint};

use super::error::{BUSY, INTERNAL, Refusal};
use super::gate::Room;

/// Answers up to this size, in bytes, take no room: so much of each connection lies in buffers anyway.
const SMALL: usize = 64 * 1_024;
/// Bytes that are handed to the connection at once. It asks for more as the client takes them.
const SLICE: usize = 64 * 1_024;

/// The answer, and if it is a large one the room that it takes until the client has it.
pub(super) async fn hold(answer: Response, mut room: Room) -> Response {
    if answer.body().size_hint().exact().is_some_and(|bytes| bytes <= SMALL as u64) {
        return answer;
    }
    let (parts, body) = answer.into_parts();
    // Every answer is made as a whole, so nothing is waited for.
    let Ok(rest) = to_bytes(body, usize::MAX).await else {
        return Refusal::shell(INTERNAL, "the answer broke off").into_response();
    };
    if !room.fit(rest.len()) {
        let detail = "answers that nobody has taken yet, or your address alone, take all the room there is for them";
        return Refusal::shell(BUSY, detail).into_response();
    }
    Response::from_parts(parts, Body::new(Held { rest, _room: room }))
}

/// What is left of a large answer.
struct Held {
    rest: Bytes,
    _room: Room,
}

impl hyper::body::Body for Held {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let bytes = self.rest.len().min(SLICE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(bytes)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
