//! The answer to an accepted push: its id and its outcomes.
//!
//! The outcomes of a large push take megabytes, and a client may read them slowly or never. So large answers have a budget of
//! their own, and are sent piece by piece from the memory in which they were made.

use super::Receipt;
use super::memory::{ByteReservation, MemoryBudget};
use crate::evaluate::{AnswerBody, PushAnswer};
use crate::gateway::problem;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::X_CONTENT_TYPE_OPTIONS;
use axum::http::{HeaderValue, Response, StatusCode};
use hyper::body::{Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Larger answers take room in the budget.
const LARGE_ANSWER: usize = 16 << 10;
/// The most bytes that are handed to a connection at once.
const PIECE: usize = 64 << 10;

/// The answer to an accepted push: what its integration answers, or the receipt.
pub(super) fn accepted(receipt: &Receipt, budget: &MemoryBudget) -> Response<Body> {
    let Some(PushAnswer { status, body }) = &receipt.answer else { return self::receipt(receipt, budget) };
    let mut answer = match body {
        AnswerBody::Receipt => self::receipt(receipt, budget),
        AnswerBody::Empty => Response::new(Body::empty()),
        AnswerBody::TooLarge => {
            tracing::warn!(id = %receipt.id, "the answer of the integration is larger than 4 KiB, and is left out");
            Response::new(Body::empty())
        }
        AnswerBody::Text(text) => problem::response(StatusCode::OK, "text/plain; charset=utf-8", text.clone()),
        AnswerBody::Json(json) => problem::response(StatusCode::OK, "application/json", json.to_string()),
    };
    *answer.status_mut() = StatusCode::from_u16(*status).unwrap_or(StatusCode::ACCEPTED);
    // Values of the payload are nothing that a browser may guess a type for.
    answer.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// The id of a push and its outcomes. Where many large answers wait for their clients, it leaves out the outcomes.
fn receipt(receipt: &Receipt, budget: &MemoryBudget) -> Response<Body> {
    let duplicate = if receipt.duplicate { ",\"duplicate\":true" } else { "" };
    let head = format!("{{\"id\":\"{}\"{duplicate},\"outcomes\":", receipt.id);
    if receipt.outcomes.len() <= LARGE_ANSWER {
        let body = [&head, &*receipt.outcomes, "}\n"].concat();
        return problem::response(StatusCode::ACCEPTED, "application/json", body);
    }
    let Some(room) = budget.try_reserve(receipt.outcomes.len()) else {
        let body = format!("{head}[],\"omitted\":true}}\n");
        return problem::response(StatusCode::ACCEPTED, "application/json", body);
    };
    let outcomes = Bytes::from_owner(OutcomesText(Arc::clone(&receipt.outcomes)));
    let pieces = [Bytes::from(head), outcomes, Bytes::from_static(b"}\n")];
    let mut answer = problem::response(StatusCode::ACCEPTED, "application/json", String::new());
    *answer.body_mut() = Body::new(LargeAnswer { pieces, _room: room });
    answer
}

struct OutcomesText(Arc<str>);

impl AsRef<[u8]> for OutcomesText {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// An answer that is sent in pieces.
struct LargeAnswer {
    pieces: [Bytes; 3],
    _room: ByteReservation,
}

impl HttpBody for LargeAnswer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let pieces = &mut self.get_mut().pieces;
        let next = pieces.iter_mut().find(|piece| !piece.is_empty());
        Poll::Ready(next.map(|piece| Ok(Frame::data(piece.split_to(piece.len().min(PIECE))))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.iter().all(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.pieces.iter().map(|piece| piece.len() as u64).sum())
    }
}
