//! Another Alertmanager, by its v2 API: silences, inhibition and receivers there go on working.
//!
//! An alert is one there by its labels. Besides the event's labels it has `alertname` (the mapping's name where the event has
//! none), `severity` in lower case, and `alert_key`, which keeps alerts apart that are told apart by their keys alone.
//!
//! Times belong to the attempt where the event has none. A firing alert ends a day after the attempt, unless its recovery
//! comes: without an end Alertmanager takes it for resolved after five minutes, as it expects to be told again and again. The
//! end of a recovery whose time is not known is `null` in the stored body and the time of the attempt in the request.
//!
//! Sources: Alertmanager, `api/v2/openapi.yaml` (`POST /alerts`: `postableAlerts`; 200, 400, 500) and `api/v2/api.go`
//! (an alert without `startsAt` starts when it ends; one that starts after its end is refused; an alert whose labels are
//! not sound takes the whole request with it).

use super::http::{
    DeliveryVerdict, HttpAdapter, HttpRequest, HttpResponse, RateLimits, RenderContext, RenderedBody,
    RequestBuildError, RequestContext,
};
use super::response;
use super::settings::Settings;
use super::{ChannelKind, ParameterKind, ParameterSpec, Transport, cut, delivery, http_request, label};
use crate::event::{AlertStatus, Severity};
use crate::time::Timestamp;
use serde_json::{Value, json};

/// The kind.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "alertmanager",
    documentation: "A push to the v2 API of an Alertmanager. Title, description and link become annotations, the severity the label `severity`; a recovery is an alert that has ended. `alertname` is the event's source where no label says it, and `alert_key` is the event's key. A firing of which nothing more is heard ends after a day.",
    parameters: &[
        ParameterSpec {
            name: "url",
            takes: ParameterKind::SecretOrText,
            required: true,
            documentation: "The Alertmanager's address without `/api/v2/alerts`, as `\"http://alertmanager:9093\"`.",
        },
        ParameterSpec {
            name: "headers",
            takes: ParameterKind::Headers,
            required: false,
            documentation: "Headers of the request, each a string or a secret, at most 32: `Authorization` where the Alertmanager asks for it.",
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

const MOST_LABELS: usize = 200;
/// Texts beyond this many bytes are cut, so that a body stays below 1 MiB.
const LONGEST_TEXT: usize = 64 << 10;
const LONGEST_VALUE: usize = 4 << 10;
/// How long a firing alert lasts without news, in milliseconds: a day.
const FIRING_LIFETIME: i64 = 24 * 60 * 60 * 1_000;

fn render(occasion: &RenderContext<'_>) -> RenderedBody {
    let event = occasion.event;
    let (labels, mut notes) = label::prometheus(&event.labels, MOST_LABELS);
    let mut limited = |name: &str, text: &str, most: usize| {
        let (text, was_cut) = cut::bytes(text, most);
        if was_cut {
            notes.push(format!("{name} was cut to {most} bytes"));
        }
        Value::from(text)
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
        // `generatorURL` has to be an address, or the request is refused.
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

fn request(settings: &Settings, attempt: &RequestContext<'_>) -> Result<HttpRequest, RequestBuildError> {
    let host =
        settings.text("url").ok_or_else(|| RequestBuildError("the channel has no `url`".to_owned()))?;
    let mut request =
        http_request::post_to(format!("{}/api/v2/alerts", host.trim_end_matches('/')), settings, attempt);
    let broken = |_| RequestBuildError("the stored body is not JSON".to_owned());
    let mut alerts: Vec<serde_json::Map<String, Value>> =
        serde_json::from_slice(attempt.body).map_err(broken)?;
    for alert in &mut alerts {
        set_end(alert, attempt.at);
    }
    request.body = serde_json::to_vec(&alerts).map_err(broken)?;
    Ok(request)
}

/// A recovery ends now at the latest; a firing ends after a day. None starts after its end.
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

fn judge(settings: &Settings, answer: &HttpResponse<'_>) -> DeliveryVerdict {
    response::by_status(settings, answer).unwrap_or(DeliveryVerdict::Delivered)
}
