//! Flashduty: the standard alert push, one event a request.
//!
//! Sources: flashduty-docs, "Standard alert" (the fields and their limits, `[TPL]`, the error codes) and "Integrate data" (100
//! requests a second and 1,000 a minute for one integration).

use super::http::{
    DeliveryVerdict, HttpAdapter, HttpChannel, HttpRequest, HttpResponse, RateLimits, RenderContext, RenderedBody,
    RequestBuildError, RequestContext,
};
use super::http_request::{self, Endpoint};
use super::parameter::{ParameterDefault, ParameterKind, ParameterSpec, TypedParameter};
use super::settings::Settings;
use super::{Audience, ChannelKind, Transport, cut, delivery, label, response, validation};
use crate::text::hex;
use serde_json::json;
use sha2::{Digest, Sha256};

/// The kind.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "flashduty",
    documentation: "An alert push to Flashduty. Title (512 characters), description (2,048) and labels (50, names of 128, values of 2,048) are cut to its limits with a note; a recovery is sent as `Ok`.",
    parameters: &[
        KEY.spec,
        API_HOST.spec,
        TITLE,
        DESCRIPTION,
        delivery::TIMEOUT.spec,
        delivery::RETRY_FOR.spec,
        delivery::CONCURRENCY.spec,
        delivery::rate(
            PER_MINUTE,
            "The most requests a minute. The default is Flashduty's limit for one integration; 100 a second are kept too.",
        ),
    ],
    audience: Audience::Programs,
    transport: Transport::Http(&HttpAdapter {
        render,
        open,
        limits: RateLimits { per_minute: Some(PER_MINUTE), per_second: Some(100) },
    }),
};

const PER_MINUTE: u32 = 1_000;

/// The integration key.
pub const KEY: TypedParameter<Option<&str>> = ParameterSpec::required(
    "key",
    ParameterKind::Secret,
    "The integration key: the last part of the push URL on the integration's page in Flashduty.",
)
.typed(None);

/// Where Flashduty is.
pub const API_HOST: TypedParameter<&str> =
    ParameterSpec::optional("api_host", ParameterKind::Text, "Where Flashduty is, as `https://host` without a path.")
        .with_check(validation::check_host)
        .or_text("https://api.flashcat.cloud");

const TITLE: ParameterSpec = ParameterSpec::optional("title", ParameterKind::Template, "The alert's title.")
    .with_default(ParameterDefault::Described("the event's title"));

const DESCRIPTION: ParameterSpec =
    ParameterSpec::optional("description", ParameterKind::Template, "The alert's description.")
        .with_default(ParameterDefault::Described("the event's description and its link"));

const LONGEST_TITLE: usize = 512;
const LONGEST_DESCRIPTION: usize = 2_048;
const LONGEST_KEY: usize = 255;
const MAX_LABELS: usize = 50;
const LONGEST_VALUE: usize = 2_048;

fn render(context: &RenderContext<'_>) -> RenderedBody {
    let event = context.event;
    let (labels, mut notes) = label::prometheus(&event.labels, MAX_LABELS);
    let mut limited = |name: &str, text: &str, most: usize| {
        let text = cut::characters(text, most);
        if text.was_cut {
            notes.push(format!("{name} was cut to {most} characters"));
        }
        text.value
    };
    let title = title(context.text(&TITLE).unwrap_or(event.title));
    let description = context.text(&DESCRIPTION).map_or_else(|| description(event), str::to_owned);
    let title = limited("the title", &title, LONGEST_TITLE);
    let description = limited("the description", &description, LONGEST_DESCRIPTION);
    let labels: serde_json::Map<String, serde_json::Value> = labels
        .into_iter()
        .map(|(name, value)| {
            let value = limited(&format!("the label `{name}`"), &value, LONGEST_VALUE);
            (name, value.into())
        })
        .collect();
    let key = key(event.key);
    if key != event.key {
        notes.push(format!("the key is longer than {LONGEST_KEY} characters; its SHA-256 is sent"));
    }
    let body = json!({
        "title_rule": title,
        "event_status": event.event_status(),
        "alert_key": key,
        "description": description,
        "labels": labels,
    });
    RenderedBody { body, notes }
}

/// The title. Flashduty runs a title that begins with `[TPL]` as a template, whoever wrote it.
fn title(title: &str) -> String {
    let begins = title.trim_start().get(..5).is_some_and(|head| head.eq_ignore_ascii_case("[TPL]"));
    match title.trim() {
        "" => "(no title)".to_owned(),
        title if begins => format!("Alert: {title}"),
        _ => title.to_owned(),
    }
}

/// The event's description, and its link below.
fn description(event: &crate::event::Event<'_>) -> String {
    let text = event.description.unwrap_or_default();
    let Some(link) = event.link.filter(|link| link.chars().count() < LONGEST_DESCRIPTION / 2) else {
        return text.to_owned();
    };
    if text.is_empty() {
        return link.to_owned();
    }
    // The link is never cut, however long the description is.
    let room = LONGEST_DESCRIPTION - link.chars().count() - 1;
    format!("{}\n{link}", cut::characters(text, room).value)
}

/// The key, or its SHA-256 if it is too long. The hash is the same for a firing and its recovery.
fn key(key: &str) -> String {
    if key.chars().nth(LONGEST_KEY).is_none() {
        return key.to_owned();
    }
    format!("sha256:{}", hex(&Sha256::digest(key.as_bytes())))
}

struct Flashduty {
    endpoint: Endpoint,
}

fn open(settings: &Settings) -> Result<Box<dyn HttpChannel>, RequestBuildError> {
    let key = KEY.read(settings).ok_or(RequestBuildError::Missing(KEY.spec.name))?;
    let host = API_HOST.read(settings).trim_end_matches('/');
    let url = format!("{host}/event/push/alert/standard?integration_key={}", http_request::encoded(key));
    Ok(Box::new(Flashduty { endpoint: Endpoint::at(url, settings) }))
}

impl HttpChannel for Flashduty {
    fn request(&self, attempt: &RequestContext<'_>) -> Result<HttpRequest, RequestBuildError> {
        Ok(self.endpoint.post(attempt))
    }

    fn judge(&self, answer: &HttpResponse<'_>) -> DeliveryVerdict {
        let mask = &self.endpoint.mask;
        let body = response::json(answer);
        let error = body.as_ref().and_then(|body| body.get("error")).filter(|error| !error.is_null());
        if let Some(error) = error {
            let code = response::text_member(Some(error), "code").unwrap_or_default();
            let message = response::text_member(Some(error), "message").unwrap_or_default();
            let reason = response::message(mask, &format!("{code}: {message}"));
            if matches!(code, "RequestTooFrequently" | "InternalError") {
                return DeliveryVerdict::Retry { reason, after: response::retry_after(answer) };
            }
            // A status that asks for a retry counts more than the code.
            return match response::by_status(mask, answer) {
                Some(DeliveryVerdict::Retry { after, .. }) => DeliveryVerdict::Retry { reason, after },
                Some(DeliveryVerdict::Refused { .. } | DeliveryVerdict::Delivered) | None => {
                    DeliveryVerdict::Refused { reason }
                }
            };
        }
        match response::by_status(mask, answer) {
            Some(verdict) => verdict,
            None if body.is_some_and(|body| body.is_object()) => DeliveryVerdict::Delivered,
            None => response::unexpected_body(),
        }
    }
}
