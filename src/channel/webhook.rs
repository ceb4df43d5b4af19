//! Any HTTP receiver: the event itself, or a body that the rules write.
//!
//! Source of the signature: Standard Webhooks 1.0.0 (`github.com/standard-webhooks/standard-webhooks`): the headers
//! `webhook-id`, `webhook-timestamp` in seconds, and `webhook-signature`, which is `v1,` and the Base64 of the HMAC-SHA256 of
//! `id.timestamp.body`. A secret that begins with `whsec_` is Base64.

use super::http::{
    DeliveryVerdict, HttpAdapter, HttpChannel, HttpRequest, HttpResponse, RateLimits, RenderContext, RenderedBody,
    RequestBuildError, RequestContext,
};
use super::http_request::{self, Endpoint};
use super::parameter::{ParameterDefault, ParameterError, ParameterKind, ParameterSpec, TypedParameter, ValueRange};
use super::settings::{Secret, Setting, Settings};
use super::{Audience, ChannelKind, Transport, cut, delivery, response, signature};
use crate::json::{self, Arena, ToJson};
use crate::path::{CompiledPath, PathRoot};
use zeroize::Zeroizing;

/// The kind.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "webhook",
    documentation: "An HTTP request to a receiver of your own. Redirects are failures and never followed.",
    parameters: &[
        http_request::plain_url("Where to send, `http://` or `https://`; a secret if the URL carries a key."),
        METHOD.spec,
        http_request::HEADERS.spec,
        BODY,
        HMAC.spec,
        SUCCESS_STATUS.spec,
        SUCCESS_PATH.spec,
        SUCCESS_VALUE.spec,
        delivery::TIMEOUT.spec,
        delivery::RETRY_FOR.spec,
        delivery::CONCURRENCY.spec,
        delivery::RATE.spec,
    ],
    audience: Audience::Programs,
    transport: Transport::Http(&HttpAdapter { render, open, limits: RateLimits::NONE }),
};

const METHOD: TypedParameter<&str> =
    ParameterSpec::optional("method", ParameterKind::OneOf(&["POST", "PUT", "PATCH"]), "The request's method.")
        .or_text("POST");

/// The body that the rules write.
pub const BODY: ParameterSpec = ParameterSpec::optional(
    "body",
    ParameterKind::Body,
    "The JSON body; strings interpolate, bare names are expressions over the event, and a missing value removes its key. At most 1 MiB.",
)
.with_default(ParameterDefault::Described("the event itself, as `run` prints it"));

const HMAC: TypedParameter<Option<&str>> = ParameterSpec::optional(
    "hmac",
    ParameterKind::Secret,
    "Signs every request as Standard Webhooks does: headers `webhook-id`, `webhook-timestamp` and `webhook-signature` (HMAC-SHA256).",
)
.with_check(check_signing_key)
.typed(None);

const SUCCESS_STATUS: TypedParameter<&[u64]> = ParameterSpec::optional(
    "success_status",
    ParameterKind::Integers(ValueRange::new(200, 599)),
    "The HTTP statuses that mean success.",
)
.with_default(ParameterDefault::Described("200 to 299"))
.typed(&[]);

const SUCCESS_PATH: TypedParameter<Option<&str>> = ParameterSpec::optional(
    "success_path",
    ParameterKind::Text,
    "A singular path into the JSON answer, such as `\"$.code\"`, for receivers that report errors with status 200.",
)
.with_check(check_success_path)
.with_default(ParameterDefault::Described("the status alone counts"))
.typed(None);

const SUCCESS_VALUE: TypedParameter<&str> = ParameterSpec::optional(
    "success_value",
    ParameterKind::Text,
    "The value at `success_path` if the request succeeded, as its JSON text without quotes.",
)
.or_text("0");

/// The most bytes of a body: 1 MiB.
const MAX_BYTES: usize = 1 << 20;
/// How an encoded signing secret of Standard Webhooks begins.
const PREFIX: &str = "whsec_";

fn render(context: &RenderContext<'_>) -> RenderedBody {
    let mut body = context.body.clone().unwrap_or_else(|| context.event.to_value());
    let mut notes = Vec::new();
    if cut::shrink(&mut body, MAX_BYTES) {
        notes.push("the body was cut to 1 MiB".to_owned());
    }
    RenderedBody { body, notes }
}

struct Webhook {
    endpoint: Endpoint,
    method: &'static str,
    signing_key: Option<Zeroizing<Vec<u8>>>,
    /// Empty: 200 to 299.
    success_statuses: Vec<u64>,
    success_path: Option<CompiledPath>,
    success_value: String,
}

fn open(settings: &Settings) -> Result<Box<dyn HttpChannel>, RequestBuildError> {
    let signing_key = HMAC.read(settings).map(|secret| signing_key(secret).ok_or(RequestBuildError::SigningKey));
    let success_path =
        SUCCESS_PATH.read(settings).map(|text| singular_path(text).ok_or(RequestBuildError::SuccessPath));
    Ok(Box::new(Webhook {
        endpoint: Endpoint::read(settings)?,
        method: match METHOD.read(settings) {
            "PUT" => "PUT",
            "PATCH" => "PATCH",
            _ => "POST",
        },
        signing_key: signing_key.transpose()?,
        success_statuses: SUCCESS_STATUS.read(settings).to_vec(),
        success_path: success_path.transpose()?,
        success_value: SUCCESS_VALUE.read(settings).to_owned(),
    }))
}

impl HttpChannel for Webhook {
    fn request(&self, attempt: &RequestContext<'_>) -> Result<HttpRequest, RequestBuildError> {
        let mut request = HttpRequest { method: self.method, ..self.endpoint.post(attempt) };
        if let Some(key) = &self.signing_key {
            let (id, timestamp) = (attempt.idempotency_key, http_request::seconds(attempt).to_string());
            let mut message = format!("{id}.{timestamp}.").into_bytes();
            message.extend_from_slice(&request.body);
            let signature = format!("v1,{}", signature::sha256_base64(key, &message));
            let named = [("webhook-timestamp", timestamp), ("webhook-signature", signature)];
            request.headers.extend(named.map(|(name, value)| (name.to_owned(), Secret::new(value))));
        }
        Ok(request)
    }

    fn judge(&self, answer: &HttpResponse<'_>) -> DeliveryVerdict {
        let mask = &self.endpoint.mask;
        let is_success = if self.success_statuses.is_empty() {
            (200..=299).contains(&answer.status)
        } else {
            self.success_statuses.contains(&u64::from(answer.status))
        };
        if !is_success {
            let unexpected =
                || DeliveryVerdict::Refused { reason: format!("status {} is not in `success_status`", answer.status) };
            return response::by_status(mask, answer).unwrap_or_else(unexpected);
        }
        let Some(path) = &self.success_path else { return DeliveryVerdict::Delivered };
        let Some(body) = response::json(answer) else { return response::unexpected_body() };
        let (wanted, text) = (&self.success_value, path.text());
        match value_at(path, &body) {
            Some(found) if found == *wanted => DeliveryVerdict::Delivered,
            Some(found) => {
                let found = response::message(mask, &found);
                DeliveryVerdict::Refused { reason: format!("`{text}` is {found}, not {wanted}") }
            }
            None => DeliveryVerdict::Refused { reason: format!("the answer has nothing at `{text}`") },
        }
    }
}

/// The bytes of a signing secret; nothing if it claims to be Base64 and is not.
fn signing_key(secret: &str) -> Option<Zeroizing<Vec<u8>>> {
    let key = match secret.strip_prefix(PREFIX) {
        Some(encoded) => signature::from_base64(encoded).filter(|key| !key.is_empty())?,
        None => secret.as_bytes().to_vec(),
    };
    Some(Zeroizing::new(key))
}

fn check_signing_key(value: &Setting, _: &Settings) -> Vec<ParameterError> {
    let wrong = value.text().filter(|secret| signing_key(secret).is_none());
    let problem = wrong.map(|_| "the text after `whsec_` is not Base64");
    ParameterError::list(problem, "copy the secret as its page shows it")
}

/// The path of names and indexes that a text is. Blanks around it do not count, and a control character in a quoted name may
/// be written as it is.
fn singular_path(text: &str) -> Option<CompiledPath> {
    let escaped = |character: char| match character {
        '\0'..='\u{1f}' => format!("\\u{:04x}", u32::from(character)),
        _ => character.to_string(),
    };
    let path: String = text.trim().chars().map(escaped).collect();
    CompiledPath::parse(&path).ok().filter(|path| path.is_singular() && path.root() == PathRoot::Payload)
}

fn check_success_path(value: &Setting, _: &Settings) -> Vec<ParameterError> {
    let wrong = value.text().filter(|text| singular_path(text).is_none());
    let help = "write a path of names and indexes, as `$.data.results[0].code`";
    ParameterError::list(wrong.map(|_| "it is not a singular path"), help)
}

/// The JSON text of the value at a path, a string without quotes.
fn value_at(path: &CompiledPath, body: &serde_json::Value) -> Option<String> {
    let arena = Arena::new();
    let root = json::Value::of(body, &arena);
    let value = path.get(&root, &root)?.to_value();
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::{singular_path, value_at};
    use serde_json::json;

    #[test]
    fn names_and_indexes_are_followed() {
        let body = json!({
            "data": { "results": [{ "status code": 0, "码": "ok", "a\tb": 1.50, "it's": -0.0 }] },
            "code": 1.234_567_890_123_456_8e22, "_1": [7],
        });
        let at = |path: &str| value_at(&singular_path(path).expect(path), &body);
        for (path, expected) in [
            (" $.code ", "1.2345678901234568e+22"),
            ("$.data.results[0]['status code']", "0"),
            ("$[\"data\"].results[0].码", "ok"),
            ("$.data.results[0]['a\tb']", "1.5"),
            ("$.data.results[0][\"it's\"]", "-0.0"),
            ("$._1[0]", "7"),
            ("$._1", "[7]"),
        ] {
            assert_eq!(at(path).as_deref(), Some(expected), "{path}");
        }
        assert_eq!(at("$.data.results[1].x"), None);
        assert_eq!(at("$['']"), None);
        assert_eq!(at("$"), Some(body.to_string()));
    }

    #[test]
    fn what_is_not_a_singular_path_is_refused() {
        for path in
            ["", "code", "@.code", "$.", "$..code", "$.a[*]", "$.a[01]", "$.a[0", "$['a", "$.a b", "$[?@.a]", "$.\ta"]
        {
            assert!(singular_path(path).is_none(), "{path}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_path_of_names_and_indexes_is_read(steps in proptest::collection::vec(
            proptest::prop_oneof![
                "\\.[a-zA-Z_é告😀\u{300}][a-zA-Z0-9_é告]{0,8}",
                "\\[(0|[1-9][0-9]{0,14})\\]",
                "\\['[^'\\\\]{0,8}'\\]",
                "\\[\"[^\"\\\\]{0,8}\"\\]",
            ],
            0..8,
        )) {
            let path = format!("${}", steps.concat());
            proptest::prop_assert!(singular_path(&path).is_some(), "{path}");
        }
    }
}
