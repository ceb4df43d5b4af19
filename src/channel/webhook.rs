//! Any HTTP receiver: the event itself or a body of one's own.
//!
//! Source of the signature: Standard Webhooks 1.0.0 (`github.com/standard-webhooks/standard-webhooks`): the headers
//! `webhook-id`, `webhook-timestamp` in seconds, and `webhook-signature`, which is `v1,` and the Base64 of the HMAC-SHA256 of
//! `id.timestamp.body`; a secret that begins with `whsec_` is Base64.

use super::http::{
    DeliveryVerdict, HttpAdapter, HttpRequest, HttpResponse, RateLimits, RenderContext, RenderedBody,
    RequestBuildError, RequestContext,
};
use super::settings::{Secret, Settings};
use super::{
    ChannelKind, ParameterKind, ParameterSpec, Transport, cut, delivery, http_request, response,
    response_path, signature,
};
use crate::json::ToJson;

/// The kind.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "webhook",
    documentation: "An HTTP request to a receiver of your own. Redirects are failures and never followed.",
    parameters: &[
        ParameterSpec {
            name: "url",
            takes: ParameterKind::SecretOrText,
            required: true,
            documentation: "Where to send, `http://` or `https://`; a secret where the URL carries a key.",
        },
        ParameterSpec {
            name: "method",
            takes: ParameterKind::OneOf(&["POST", "PUT", "PATCH"]),
            required: false,
            documentation: "The request's method; `\"POST\"` by default.",
        },
        ParameterSpec {
            name: "headers",
            takes: ParameterKind::Headers,
            required: false,
            documentation: "Headers of the request, each a string or a secret, at most 32; `Host`, `Content-Length` and what concerns the connection cannot be set.",
        },
        ParameterSpec {
            name: "body",
            takes: ParameterKind::Body,
            required: false,
            documentation: "The JSON body; strings interpolate, bare names are expressions over the event, and a missing value takes its key out. Without it the body is the event itself, in the form in which `run` prints it. At most 1 MiB.",
        },
        ParameterSpec {
            name: "hmac",
            takes: ParameterKind::Secret,
            required: false,
            documentation: "Signs every request as Standard Webhooks does: headers `webhook-id`, `webhook-timestamp` and `webhook-signature` (HMAC-SHA256).",
        },
        ParameterSpec {
            name: "success_status",
            takes: ParameterKind::Integers(200, 599),
            required: false,
            documentation: "The HTTP statuses that mean success; 200 to 299 by default.",
        },
        ParameterSpec {
            name: "success_path",
            takes: ParameterKind::Text,
            required: false,
            documentation: "A singular path into the JSON answer, such as `\"$.code\"`, for receivers that report errors with status 200; without it the status alone counts.",
        },
        ParameterSpec {
            name: "success_value",
            takes: ParameterKind::Text,
            required: false,
            documentation: "What stands at `success_path` where the request succeeded, as its JSON text without quotes; `\"0\"` by default.",
        },
        delivery::TIMEOUT,
        delivery::RETRY_FOR,
        delivery::CONCURRENCY,
        delivery::RATE,
    ],
    transport: Transport::Http(&HTTP),
};

/// How it speaks HTTP.
static HTTP: HttpAdapter =
    HttpAdapter { render, request, judge, limits: RateLimits { per_minute: None, per_second: None } };

/// The most bytes of a body: 1 MiB.
const MOST_BYTES: usize = 1 << 20;
/// What a signing secret of Standard Webhooks begins with.
const PREFIX: &str = "whsec_";

fn render(occasion: &RenderContext<'_>) -> RenderedBody {
    let own = occasion.body.clone();
    let mut body = own.unwrap_or_else(|| occasion.event.to_value());
    let mut notes = Vec::new();
    if cut::shrink(&mut body, MOST_BYTES) {
        notes.push("the body was cut to 1 MiB".to_owned());
    }
    RenderedBody { body, notes }
}

fn request(settings: &Settings, attempt: &RequestContext<'_>) -> Result<HttpRequest, RequestBuildError> {
    let mut request = http_request::post(settings, attempt)?;
    request.method = match settings.text("method") {
        Some("PUT") => "PUT",
        Some("PATCH") => "PATCH",
        Some(_) | None => "POST",
    };
    if let Some(secret) = settings.text("hmac") {
        let key = signing_key(secret)
            .ok_or_else(|| RequestBuildError("what follows `whsec_` in `hmac` is not Base64".to_owned()))?;
        let (id, timestamp) = (attempt.idempotency_key, http_request::seconds(attempt).to_string());
        let mut message = format!("{id}.{timestamp}.").into_bytes();
        message.extend_from_slice(&request.body);
        let signature = format!("v1,{}", signature::sha256_base64(&key, &message));
        let named = [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", timestamp),
            ("webhook-signature", signature),
        ];
        request.headers.extend(named.map(|(name, value)| (name.to_owned(), Secret::new(value))));
    }
    Ok(request)
}

/// The bytes of a signing secret; nothing where it is no Base64 though it says so.
pub(super) fn signing_key(secret: &str) -> Option<Vec<u8>> {
    match secret.strip_prefix(PREFIX) {
        Some(encoded) => signature::from_base64(encoded).filter(|key| !key.is_empty()),
        None => Some(secret.as_bytes().to_vec()),
    }
}

fn judge(settings: &Settings, answer: &HttpResponse<'_>) -> DeliveryVerdict {
    let statuses = settings.numbers("success_status");
    let is_success = if statuses.is_empty() {
        (200..=299).contains(&answer.status)
    } else {
        statuses.contains(&u64::from(answer.status))
    };
    if !is_success {
        let unexpected = || DeliveryVerdict::Refused {
            reason: format!("status {} is not in `success_status`", answer.status),
        };
        return response::by_status(settings, answer).unwrap_or_else(unexpected);
    }
    let Some(path) = settings.text("success_path") else { return DeliveryVerdict::Delivered };
    let Some(body) = response::json(answer) else { return response::unexpected_body() };
    let wanted = settings.text("success_value").unwrap_or("0");
    let found = response_path::at(path, &body)
        .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    match found {
        Some(found) if found == wanted => DeliveryVerdict::Delivered,
        Some(found) => {
            let found = response::redacted_message(settings, &found);
            DeliveryVerdict::Refused { reason: format!("`{path}` is {found}, not {wanted}") }
        }
        None => DeliveryVerdict::Refused { reason: format!("the answer has nothing at `{path}`") },
    }
}
