//! Flashduty: the standard alert push, one event a request.
//!
//! Sources: flashduty-docs, "Standard alert" (the fields and their limits, `[TPL]`, the error codes) and "Integrate data" (100
//! requests a second and 1,000 a minute for one integration).

use super::http::{
    DeliveryVerdict, HttpAdapter, HttpRequest, HttpResponse, RateLimits, RenderContext, RenderedBody,
    RequestBuildError, RequestContext,
};
use super::response;
use super::settings::Settings;
use super::{ChannelKind, ParameterKind, ParameterSpec, Transport, cut, delivery, http_request, label};
use crate::text::hex;
use serde_json::json;
use sha2::{Digest, Sha256};

/// The kind.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "flashduty",
    documentation: "An alert push to Flashduty. Title (512 characters), description (2,048) and labels (50, names of 128, values of 2,048) are cut to its limits with a note; a recovery is sent as `Ok`.",
    parameters: &[
        ParameterSpec {
            name: "key",
            takes: ParameterKind::Secret,
            required: true,
            documentation: "The integration key, the last part of the push URL that the integration's page shows.",
        },
        ParameterSpec {
            name: "api_host",
            takes: ParameterKind::Text,
            required: false,
            documentation: "Where Flashduty is, as `https://host` without a path; `\"https://api.flashcat.cloud\"` by default.",
        },
        ParameterSpec {
            name: "title",
            takes: ParameterKind::Template,
            required: false,
            documentation: "The alert's title; the event's title by default.",
        },
        ParameterSpec {
            name: "description",
            takes: ParameterKind::Template,
            required: false,
            documentation: "The alert's description; by default the event's description and its link.",
        },
        delivery::TIMEOUT,
        delivery::RETRY_FOR,
        delivery::CONCURRENCY,
        delivery::rate(
            "The most requests a minute; 1,000 by default, which is Flashduty's limit for one integration (besides 100 a second, which is kept as well).",
        ),
    ],
    transport: Transport::Http(&HTTP),
};

/// How it speaks HTTP.
static HTTP: HttpAdapter = HttpAdapter {
    render,
    request,
    judge,
    limits: RateLimits { per_minute: Some(1_000), per_second: Some(100) },
};

/// Where Flashduty is, unless the rules say otherwise.
const API_HOST: &str = "https://api.flashcat.cloud";
const LONGEST_TITLE: usize = 512;
const LONGEST_DESCRIPTION: usize = 2_048;
const LONGEST_KEY: usize = 255;
const MOST_LABELS: usize = 50;
const LONGEST_VALUE: usize = 2_048;

fn render(occasion: &RenderContext<'_>) -> RenderedBody {
    let event = occasion.event;
    let (labels, mut notes) = label::prometheus(&event.labels, MOST_LABELS);
    let mut limited = |name: &str, text: &str, most: usize| {
        let (text, was_cut) = cut::characters(text, most);
        if was_cut {
            notes.push(format!("{name} was cut to {most} characters"));
        }
        text
    };
    let title = title(occasion.texts.get("title").map_or(event.title, String::as_str));
    let description = occasion.texts.get("description").cloned().unwrap_or_else(|| description(event));
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

/// A title beginning with `[TPL]` would be run as a template, whoever wrote it.
fn title(title: &str) -> String {
    let begins = title.trim_start().get(..5).is_some_and(|head| head.eq_ignore_ascii_case("[TPL]"));
    match title.trim() {
        "" => "(no title)".to_owned(),
        title if begins => format!("Alert: {title}"),
        _ => title.to_owned(),
    }
}

/// By default the event's description, and its link below.
fn description(event: &crate::event::Event<'_>) -> String {
    let words = event.description.unwrap_or_default();
    let Some(link) = event.link.filter(|link| link.chars().count() < LONGEST_DESCRIPTION / 2) else {
        return words.to_owned();
    };
    if words.is_empty() {
        return link.to_owned();
    }
    // The link stands whole, however long the description is.
    let room = LONGEST_DESCRIPTION - link.chars().count() - 1;
    format!("{}\n{link}", cut::characters(words, room).0)
}

/// A key that is too long is the same for a firing and its recovery still.
fn key(key: &str) -> String {
    if key.chars().nth(LONGEST_KEY).is_none() {
        return key.to_owned();
    }
    format!("sha256:{}", hex(&Sha256::digest(key.as_bytes())))
}

fn request(settings: &Settings, attempt: &RequestContext<'_>) -> Result<HttpRequest, RequestBuildError> {
    let key = settings.text("key").ok_or_else(|| RequestBuildError("the channel has no `key`".to_owned()))?;
    let host = settings.text("api_host").unwrap_or(API_HOST).trim_end_matches('/');
    let url = format!("{host}/event/push/alert/standard?integration_key={}", http_request::encoded(key));
    Ok(http_request::post_to(url, settings, attempt))
}

fn judge(settings: &Settings, answer: &HttpResponse<'_>) -> DeliveryVerdict {
    let body = response::json(answer);
    let error = body.as_ref().and_then(|body| body.get("error")).filter(|error| !error.is_null());
    if let Some(error) = error {
        let code = response::text_member(Some(error), "code").unwrap_or_default();
        let words = response::text_member(Some(error), "message").unwrap_or_default();
        let reason = response::redacted_message(settings, &format!("{code}: {words}"));
        if matches!(code, "RequestTooFrequently" | "InternalError") {
            return DeliveryVerdict::Retry { reason, after: response::retry_after(answer) };
        }
        // What the status calls passing is passing, whatever the code.
        return match response::by_status(settings, answer) {
            Some(DeliveryVerdict::Retry { after, .. }) => DeliveryVerdict::Retry { reason, after },
            Some(DeliveryVerdict::Refused { .. } | DeliveryVerdict::Delivered) | None => {
                DeliveryVerdict::Refused { reason }
            }
        };
    }
    match response::by_status(settings, answer) {
        Some(verdict) => verdict,
        None if body.is_some_and(|body| body.is_object()) => DeliveryVerdict::Delivered,
        None => response::unexpected_body(),
    }
}
