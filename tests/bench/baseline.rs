//! What one would write by hand instead of rules: the mapping of `mapping.rules` over typed structs and over
//! `serde_json::Value`, and a scan through routes. All write the same text as the rules do.

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt;

/// Passes over the document.
pub(crate) fn skip(bytes: &[u8]) {
    serde_json::from_slice::<IgnoredAny>(bytes).expect("the payload is JSON");
}

/// Maps with structs that borrow from the bytes.
pub(crate) fn typed(bytes: &[u8], out: &mut Vec<u8>) {
    let payload: Payload<'_> = serde_json::from_slice(bytes).expect("the payload is of this form");
    for (index, alert) in payload.alerts.into_iter().enumerate() {
        write(index, &mapped(alert), out);
    }
}

/// As [`typed`] does it, where a payload is one alert.
pub(crate) fn typed_alert(bytes: &[u8], out: &mut Vec<u8>) {
    let alert: Alert<'_> = serde_json::from_slice(bytes).expect("the alert is of this form");
    write(0, &mapped(alert), out);
}

fn mapped(alert: Alert<'_>) -> Event<'_> {
    let (severity, note) = severity(alert.labels.get("severity"));
    let status = status(alert.status.as_deref());
    let name = alert.labels.get("alertname").unwrap_or_default();
    Event {
        severity,
        status,
        shown_status: if status == "Resolved" { "Ok" } else { severity },
        title: format!("{name} on {}", alert.labels.get("instance").unwrap_or_default()),
        key: alert.fingerprint.filter(|key| !key.is_empty()).unwrap_or_else(|| key(&alert.labels).into()),
        description: (alert.annotations.description).or(alert.annotations.details).or(alert.annotations.summary),
        starts_at: alert.starts_at.as_deref().map(time),
        labels: alert.labels,
        link: alert.generator_url,
        source: "bench",
        notes: notes(note),
    }
}

/// Maps by way of an owned tree.
pub(crate) fn value(bytes: &[u8], out: &mut Vec<u8>) {
    let payload: Value = serde_json::from_slice(bytes).expect("the payload is JSON");
    for (index, alert) in payload["alerts"].as_array().into_iter().flatten().enumerate() {
        let (labels, annotations) = (&alert["labels"], &alert["annotations"]);
        let text = |value: &'_ Value| value.as_str().map(str::to_owned).map(Cow::<str>::Owned);
        let (severity, note) = severity(labels["severity"].as_str());
        let status = status(alert["status"].as_str());
        let (name, instance) = (labels["alertname"].as_str(), labels["instance"].as_str());
        let event = Event {
            severity,
            status,
            shown_status: if status == "Resolved" { "Ok" } else { severity },
            title: format!("{} on {}", name.unwrap_or_default(), instance.unwrap_or_default()),
            key: text(&alert["fingerprint"])
                .filter(|key| !key.is_empty())
                .unwrap_or_else(|| key(&labels_of(labels)).into()),
            description: ["description", "details", "summary"].iter().find_map(|name| text(&annotations[name])),
            starts_at: alert["startsAt"].as_str().map(time),
            labels: labels_of(labels),
            link: text(&alert["generatorURL"]),
            source: "bench",
            notes: notes(note),
        };
        write(index, &event, out);
    }
}

/// The position of the first route whose conditions all hold.
pub(crate) fn scan(routes: &[Vec<Condition>], labels: &[(String, String)]) -> Option<usize> {
    let label = |name: &str| labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str());
    routes.iter().position(|conditions| conditions.iter().all(|condition| condition.holds(label(&condition.label))))
}

/// A condition of a route, over one label.
pub(crate) struct Condition {
    pub(crate) label: String,
    pub(crate) test: Test,
}

/// What a condition asks.
pub(crate) enum Test {
    Is(String),
    IsNot(String),
    Fits(regex::Regex),
    In(Vec<String>),
    Exists,
    AtLeast(f64),
}

impl Condition {
    fn holds(&self, label: Option<&str>) -> bool {
        let Some(label) = label else { return false };
        match &self.test {
            Test::Is(text) => label == text,
            Test::IsNot(text) => label != text,
            Test::Fits(regex) => regex.is_match(label),
            Test::In(texts) => texts.iter().any(|text| text == label),
            Test::Exists => true,
            Test::AtLeast(least) => label.parse::<f64>().is_ok_and(|number| number >= *least),
        }
    }
}

/// Copies labels, as the tree belongs to nobody else.
fn labels_of(labels: &Value) -> Labels<'_> {
    let all = labels.as_object().into_iter().flatten();
    let all = all.filter_map(|(name, value)| Some((Text(name.into()), Text(value.as_str()?.into()))));
    Labels(all.collect())
}

/// A hash of the labels, whatever their order.
fn key(labels: &Labels<'_>) -> String {
    let mut sorted: Vec<_> = labels.0.iter().map(|(name, value)| (&*name.0, &*value.0)).collect();
    sorted.sort_unstable();
    let mut hash = Sha256::new();
    for (name, value) in sorted {
        hash.update([name.as_bytes(), &[0], value.as_bytes(), &[0]].concat());
    }
    let hash = hash.finalize();
    hash.iter().take(16).fold("bench:".to_owned(), |key, byte| key + &format!("{byte:02x}"))
}

fn severity(label: Option<&str>) -> (&'static str, Option<&'static str>) {
    let Some(label) = label else { return ("Warning", None) };
    match label.to_ascii_lowercase().as_str() {
        "p1" | "critical" | "error" => ("Critical", None),
        "p2" | "p3" | "warning" => ("Warning", None),
        "p4" | "normal" | "info" => ("Info", None),
        _ => ("Warning", Some("unknown severity")),
    }
}

fn status(status: Option<&str>) -> &'static str {
    if status == Some("resolved") { "Resolved" } else { "Firing" }
}

fn notes(note: Option<&'static str>) -> Vec<&'static str> {
    note.into_iter().collect()
}

/// A time, written as it is shown.
struct Time(jiff::Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

fn time(text: &str) -> Time {
    Time(text.parse().expect("the payload holds times"))
}

fn write(index: usize, event: &Event<'_>, out: &mut Vec<u8>) {
    let outcome = Outcome { name: "event", mapping: "bench", index, event };
    serde_json::to_writer(&mut *out, &outcome).expect("memory takes what is written");
    out.push(b'\n');
}

#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    alerts: Vec<Alert<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alert<'a> {
    #[serde(borrow)]
    status: Option<Cow<'a, str>>,
    #[serde(borrow)]
    labels: Labels<'a>,
    #[serde(borrow)]
    annotations: Annotations<'a>,
    #[serde(borrow)]
    starts_at: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "generatorURL")]
    generator_url: Option<Cow<'a, str>>,
    #[serde(borrow)]
    fingerprint: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Annotations<'a> {
    #[serde(borrow)]
    description: Option<Cow<'a, str>>,
    #[serde(borrow)]
    details: Option<Cow<'a, str>>,
    #[serde(borrow)]
    summary: Option<Cow<'a, str>>,
}

/// A text that borrows also as a member's name.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Labels in document order.
struct Labels<'a>(Vec<(Text<'a>, Text<'a>)>);

impl Labels<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(label, _)| label.0 == name).map(|(_, value)| &*value.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Labels<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Gather;
        impl<'de> Visitor<'de> for Gather {
            type Value = Labels<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("labels")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Labels<'de>, A::Error> {
                let mut labels = Vec::new();
                while let Some(label) = members.next_entry()? {
                    labels.push(label);
                }
                Ok(Labels(labels))
            }
        }
        deserializer.deserialize_map(Gather)
    }
}

impl Serialize for Labels<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (&*name.0, &*value.0)))
    }
}

#[derive(Serialize)]
struct Outcome<'a> {
    #[serde(rename = "outcome")]
    name: &'static str,
    mapping: &'static str,
    index: usize,
    event: &'a Event<'a>,
}

#[derive(Serialize)]
struct Event<'a> {
    severity: &'static str,
    status: &'static str,
    #[serde(rename = "event_status")]
    shown_status: &'static str,
    title: String,
    key: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Cow<'a, str>>,
    labels: Labels<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<Cow<'a, str>>,
    source: &'static str,
    notes: Vec<&'static str>,
}
