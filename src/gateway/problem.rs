//! Answers of both listeners: JSON, and problems in the form of RFC 9457 that say how to fix them.

use crate::gateway::journal::PushId;
use axum::body::Body;
use axum::http::header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::time::Duration;

/// Why a request is not granted, as its answer says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// The status.
    pub(super) status: StatusCode,
    /// What is wrong.
    pub(super) detail: Cow<'static, str>,
    /// How to fix it.
    pub(super) help: Option<&'static str>,
    /// The id of the body in the quarantine.
    pub(super) quarantined: Option<PushId>,
    /// After which time to try again.
    pub(super) retry_after: Option<Duration>,
    /// The methods that are allowed, with 405.
    pub(super) allow: Option<&'static str>,
    /// Whether the connection ends with the answer.
    pub(super) close: bool,
}

impl Problem {
    /// A problem with a status and a sentence.
    #[must_use]
    pub(super) fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        Self { status, detail, help: None, quarantined: None, retry_after: None, allow: None, close: false }
    }

    /// Too many requests, or no way to store one now: 503 and a time to wait.
    #[must_use]
    pub(super) fn unavailable(detail: impl Into<Cow<'static, str>>, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
            .help("send it again after the time in `Retry-After`")
    }

    /// Says how to fix it.
    #[must_use]
    pub(super) fn help(mut self, help: &'static str) -> Self {
        self.help = Some(help);
        self
    }

    /// Ends the connection with the answer.
    #[must_use]
    pub(super) fn close(mut self) -> Self {
        self.close = true;
        self
    }

    /// The answer.
    #[must_use]
    pub(super) fn to_response(&self) -> Response<Body> {
        let mut object = Map::new();
        object.insert("type".to_owned(), "about:blank".into());
        object.insert("title".to_owned(), self.status.canonical_reason().unwrap_or("Problem").into());
        object.insert("status".to_owned(), self.status.as_u16().into());
        object.insert("detail".to_owned(), self.detail.as_ref().into());
        if let Some(help) = self.help {
            object.insert("help".to_owned(), help.into());
        }
        if let Some(id) = self.quarantined {
            object.insert("quarantined".to_owned(), id.to_string().into());
        }
        self.to_response_with("application/problem+json", Value::Object(object).to_string())
    }

    /// The answer with another body, for protocols that have a form of their own.
    #[must_use]
    pub(super) fn to_response_with(&self, content_type: &'static str, body: String) -> Response<Body> {
        let mut answer = response(self.status, content_type, body);
        let headers = answer.headers_mut();
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        // RFC 9110 asks for it with every 401.
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.close {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }
}

/// An answer whose body is JSON.
pub(super) fn json<T: Serialize>(body: &T) -> Response<Body> {
    match serde_json::to_string(body) {
        Ok(body) => response(StatusCode::OK, "application/json", body),
        Err(_) => {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be written as JSON").to_response()
        }
    }
}

/// An answer with a body of a type.
pub(super) fn response(status: StatusCode, content_type: &'static str, body: String) -> Response<Body> {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}
