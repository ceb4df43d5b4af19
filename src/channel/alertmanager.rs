//! Another Alertmanager, by its v2 API. Its silences, inhibition and receivers go on working.
//!
//! Alertmanager identifies an alert by its labels. Besides the event's labels an alert has `alertname` (the mapping's name if
//! the event has none), `severity` in lower case, and `alert_key`, which separates alerts that differ only in their keys.
//!
//! A time that the event does not have is the time of the attempt. A firing alert ends a day after the attempt, unless its
//! recovery comes: without an end, Alertmanager resolves it after five minutes, as it expects regular repetition. The end of a
//! recovery without a known time is `null` in the stored body and the time of the attempt in the request.
//!
//! Sources: Alertmanager, `api/v2/openapi.yaml` (`POST /alerts`: `postableAlerts`; 200, 400, 500) and `api/v2/api.go`
//! (an alert without `startsAt` starts when it ends; one that starts after its end is refused; one with invalid labels makes
//! the whole request fail).

use super::http::{
    DeliveryVerdict, HttpAdapter, HttpChannel, HttpRequest, HttpResponse, RateLimits, RenderContext, RenderedBody,
    RequestBuildError, RequestContext,
};
use super::http_request::{self, Endpoint, URL};
use super::parameter::ParameterSpec;
use super::settings::Settings;
use super::{Audience, ChannelKind, Transport, cut, delivery, label, response};
use crate::event::{AlertStatus, Severity};
use crate::time::Timestamp;
use serde_json::{Value, json};

/// The kind.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "alertmanager",
    documentation: "A push to the v2 API of an Alertmanager. Title, description and link become annotations, the severity the label `severity`; a recovery is an alert that has ended. `alertname` is the event's source if no label gives it, and `alert_key` is the event's key. Alertmanager ends the alert one day after its last firing.",
    parameters: &[
        http_request::plain_url(
            "The Alertmanager's address without `/api/v2/alerts`, as `\"http://alertmanager:9093\"`.",
        ),
        ParameterSpec {
            documentation: "Headers of the request, at most 32, each a string or a secret. Set `Authorization` if the Alertmanager requires it.",
            ..http_request::HEADERS.spec
        },
        delivery::TIMEOUT.spec,
        delivery::RETRY_FOR.spec,
        delivery::CONCURRENCY.spec,
        delivery::RATE.spec,
    ],
    audience: Audience::Programs,
    transport: Transport::Http(&HttpAdapter { render, open, limits: RateLimits::NONE }),
};

const MAX_LABELS: usize = 200;
/// Longer texts are cut, so that a body stays below 1 MiB. In bytes.
const LONGEST_TEXT: usize = 64 << 10;
const LONGEST_VALUE: usize = 4 << 10;
/// How long a firing alert lasts without news, in milliseconds: a day.
const FIRING_LIFETIME: i64 = 24 * 60 * 60 * 1_000;

fn render(context: &RenderContext<'_>) -> RenderedBody {
    let event = context.event;
    let (labels, mut notes) = label::prometheus(&event.labels, MAX_LABELS);
    let mut limited = |name: &str, text: &str, most: usize| {
        let text = cut::bytes(text, most);
        if text.was_cut {
            notes.push(format!("{name} was cut to {most} bytes"));
        }
        Value::from(text.value)
    };
    let mut all = serde_json::Map::new();
    all.insert("alertname".to_owned(), limited("`alertname`", event.source, LONGEST_VALUE));
    for (name, value) in labels.iter().filter(|(_, value)| !value.is_empty()) {
        all.insert(name.clone(), limited(&format!("the label `{name}`"), value, LONGEST_VALUE));
    }
    let severity = match event.severity {
        Severity::Critical => "critical",
        Severity::Warning => "warning",
        Severity::Info => "info",
    };
    all.insert("severity".to_owned(), severity.into());
    all.insert("alert_key".to_owned(), limited("the key", event.key, LONGEST_VALUE));
    let mut annotations = serde_json::Map::new();
    annotations.insert("title".to_owned(), limited("the title", event.title, LONGEST_TEXT));
    if let Some(description) = event.description {
        annotations.insert("description".to_owned(), limited("the description", description, LONGEST_TEXT));
    }
    let mut alert = serde_json::Map::new();
    alert.insert("labels".to_owned(), all.into());
    if let Some(link) = event.link.filter(|link| link.len() <= LONGEST_VALUE) {
        annotations.insert("link".to_owned(), link.into());
        // Alertmanager refuses a request whose `generatorURL` is not an address.
        if url::Url::parse(link).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
            alert.insert("generatorURL".to_owned(), link.into());
        }
    }
    alert.insert("annotations".to_owned(), annotations.into());
    if let Some(start) = event.starts_at {
        alert.insert("startsAt".to_owned(), start.to_string().into());
    }
    if event.status == AlertStatus::Resolved {
        alert.insert("endsAt".to_owned(), event.ends_at.map(|end| end.to_string()).into());
    }
    RenderedBody { body: json!([alert]), notes }
}

struct Alertmanager {
    endpoint: Endpoint,
}

fn open(settings: &Settings) -> Result<Box<dyn HttpChannel>, RequestBuildError> {
    let address = URL.read(settings).ok_or(RequestBuildError::Missing(URL.spec.name))?;
    let url = format!("{}/api/v2/alerts", address.trim_end_matches('/'));
    Ok(Box::new(Alertmanager { endpoint: Endpoint::at(url, settings) }))
}

impl HttpChannel for Alertmanager {
    fn request(&self, attempt: &RequestContext<'_>) -> Result<HttpRequest, RequestBuildError> {
        let mut request = self.endpoint.post(attempt);
        let mut alerts: Vec<serde_json::Map<String, Value>> = response::stored(attempt)?;
        for alert in &mut alerts {
            set_end(alert, attempt.at);
        }
        request.body = Value::from(alerts).to_string().into_bytes();
        Ok(request)
    }

    fn judge(&self, answer: &HttpResponse<'_>) -> DeliveryVerdict {
        response::by_status(&self.endpoint.mask, answer).unwrap_or(DeliveryVerdict::Delivered)
    }
}

/// Sets the end: now at the latest for a recovery, in a day for a firing. A start after the end is removed.
fn set_end(alert: &mut serde_json::Map<String, Value>, at: Timestamp) {
    let time = |value: Option<&Value>| value.and_then(Value::as_str).and_then(Timestamp::read);
    let now = at.epoch_milliseconds();
    let end = if alert.contains_key("endsAt") {
        time(alert.get("endsAt")).map_or(now, |end| end.epoch_milliseconds().min(now))
    } else {
        now.saturating_add(FIRING_LIFETIME)
    };
    if time(alert.get("startsAt")).is_some_and(|start| start.epoch_milliseconds() > end) {
        alert.remove("startsAt");
    }
    let end = u64::try_from(end).ok().and_then(Timestamp::from_whole_epoch);
    alert.insert("endsAt".to_owned(), end.map(|end| end.to_string()).into());
}
