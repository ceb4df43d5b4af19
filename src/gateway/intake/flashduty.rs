//! The answers of Flashduty's standard push: bodies, codes and their statuses (flashduty-docs, "Standard alert").

use super::Receipt;
use crate::gateway::journal::PushId;
use crate::gateway::problem::Problem;
use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde_json::{Value, json};

/// The answer to an accepted event, with its key, which the rules make if the sender gave none.
#[must_use]
pub(super) fn accepted(receipt: &Receipt) -> Value {
    let data = receipt.first_key.as_ref().map_or_else(|| json!({}), |key| json!({ "alert_key": key }));
    json!({ "request_id": receipt.id.to_string(), "data": data })
}

/// A problem in Flashduty's form. Its protocol has no 405, 415 and 422 for a push, so these become 400; 503 and
/// `Retry-After` stay.
#[must_use]
pub(super) fn refused(problem: &Problem, id: PushId) -> Response<Body> {
    let (code, status) = match problem.status {
        StatusCode::UNAUTHORIZED => ("Unauthorized", StatusCode::UNAUTHORIZED),
        StatusCode::NOT_FOUND => ("RouteNotFound", StatusCode::NOT_FOUND),
        StatusCode::METHOD_NOT_ALLOWED => ("MethodNotAllowed", StatusCode::BAD_REQUEST),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ("InvalidContentType", StatusCode::BAD_REQUEST),
        StatusCode::TOO_MANY_REQUESTS => ("RequestTooFrequently", StatusCode::TOO_MANY_REQUESTS),
        StatusCode::PAYLOAD_TOO_LARGE => ("InvalidParameter", StatusCode::PAYLOAD_TOO_LARGE),
        status if status.is_client_error() => ("InvalidParameter", StatusCode::BAD_REQUEST),
        status => ("InternalError", status),
    };
    let error = json!({ "code": code, "message": problem.detail });
    let body = json!({ "request_id": id.to_string(), "error": error }).to_string();
    Problem { status, ..problem.clone() }.to_response_with("application/json", body)
}
