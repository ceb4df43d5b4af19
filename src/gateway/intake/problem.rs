//! What a sender hears where a push is not taken: a problem as RFC 9457 has it, whose words name the mending.
//!
//! Nothing of a request is ever echoed: no path, no key, no header.

use axum::body::Body;
use axum::http::header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::time::Duration;
use ulid::Ulid;

/// Why a request is not granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HttpProblem {
    /// The status.
    pub(super) status: StatusCode,
    /// What is wrong.
    pub(super) detail: Cow<'static, str>,
    /// How to mend it.
    pub(super) help: Option<&'static str>,
    /// Under which id the body is in the quarantine.
    pub(super) quarantined: Option<Ulid>,
    /// After which time to try again.
    pub(super) retry_after: Option<Duration>,
    /// The methods that are allowed, with 405.
    pub(super) allow: Option<&'static str>,
    /// Whether the connection ends with the answer.
    pub(super) close: bool,
}

impl HttpProblem {
    /// A problem with a status and a sentence.
    #[must_use]
    pub(super) fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            detail: detail.into(),
            help: None,
            quarantined: None,
            retry_after: None,
            allow: None,
            close: false,
        }
    }

    /// No such integration, or not with that key: the two are not told apart.
    #[must_use]
    pub(super) fn unknown_integration() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no integration with that name and key").help(
            "give the key as `?integration_key=…`, as `Authorization: Bearer …` or as `X-Integration-Key`; \
             `pointsman status` lists the push URLs",
        )
    }

    /// Too much at once, or too late: 503 with a time to wait.
    #[must_use]
    pub(super) fn unavailable(detail: impl Into<Cow<'static, str>>, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
            .help("send it again after the time in `Retry-After`")
    }

    /// The gateway is about to end.
    #[must_use]
    pub(super) fn stopping() -> Self {
        Self { close: true, ..Self::unavailable("the gateway is stopping", Duration::from_secs(5)) }
    }

    /// How to mend it.
    #[must_use]
    pub(super) fn help(mut self, help: &'static str) -> Self {
        self.help = Some(help);
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

    /// An answer with this status and another body, for doors that speak another protocol.
    #[must_use]
    pub(super) fn to_response_with(&self, content_type: &'static str, body: String) -> Response<Body> {
        let mut answer = Response::new(Body::from(body));
        *answer.status_mut() = self.status;
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        // As RFC 9110 wants it with every 401.
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.close {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }
}
