//! Alertmanager's v2 API, as a Prometheus server uses it: posted alerts become the body of Alertmanager's webhook.
//!
//! A body is read alert by alert, so that reading takes little more memory than the alerts that it holds. Prometheus posts
//! at most 64 alerts at once.

use crate::evaluate::ELEMENTS_LIMIT;
use crate::time::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::fmt;
use std::time::Duration;

/// When an alert without `endsAt` ends, unless it is sent again: Alertmanager's default `resolve_timeout`.
const RESOLVE_TIMEOUT: Duration = Duration::from_mins(5);
/// For how many alerts an answer gives a reason: a body of a megabyte can hold half a million.
const MAX_REASONS: usize = 10;

/// Labels or annotations, sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct AlertTexts(Box<[(Box<str>, Box<str>)]>);

impl AlertTexts {
    fn new(mut pairs: Vec<(Box<str>, Box<str>)>) -> Self {
        // The last one of a repeated name counts: the sort is stable, and duplicates are removed from the back.
        pairs.reverse();
        pairs.sort_by(|one, other| one.0.cmp(&other.0));
        pairs.dedup_by(|later, first| later.0 == first.0);
        Self(pairs.into())
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Roughly how many bytes they take.
    fn size(&self) -> usize {
        /// Two pointers with lengths, and what the allocator adds to two small texts.
        const PAIR: usize = 96;
        self.iter().map(|(name, value)| name.len() + value.len() + PAIR).sum()
    }
}

impl Serialize for AlertTexts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for AlertTexts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = AlertTexts;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AlertTexts, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(AlertTexts::new(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// An alert as it is posted.
#[derive(Deserialize)]
struct PostedAlert {
    labels: AlertTexts,
    #[serde(default)]
    annotations: AlertTexts,
    #[serde(default, rename = "startsAt")]
    starts_at: Option<String>,
    #[serde(default, rename = "endsAt")]
    ends_at: Option<String>,
    #[serde(default, rename = "generatorURL")]
    generator_url: Option<String>,
}

/// An alert as it is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AlertmanagerAlert {
    pub(super) labels: AlertTexts,
    pub(super) annotations: AlertTexts,
    pub(super) starts_at: Option<String>,
    /// To the millisecond.
    pub(super) ends_at: Timestamp,
    pub(super) generator_url: String,
    pub(super) is_resolved: bool,
}

/// The alerts of a request.
#[derive(Debug)]
pub(super) struct ParsedAlerts {
    /// Those that can be read.
    pub(super) alerts: Vec<AlertmanagerAlert>,
    /// What is wrong with the others.
    pub(super) errors: Vec<String>,
}

/// Why no alert of a request is read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum UnreadableAlerts {
    /// The body is not JSON.
    NotJson,
    /// It is not a list, or the list is too long.
    NotAlerts(String),
}

/// Reads the alerts of a request.
///
/// # Errors
/// Where the body is not a list, or the list is too long.
pub(super) fn read(body: &[u8], now: Timestamp) -> Result<ParsedAlerts, UnreadableAlerts> {
    let mut list =
        AlertList { now, count: 0, more: 0, parsed: ParsedAlerts { alerts: Vec::new(), errors: Vec::new() } };
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let mut reader = serde_json::Deserializer::from_slice(body);
    if let Err(error) = list.deserialize(&mut reader).and_then(|()| reader.end()) {
        let is_json = error.is_data() && serde_json::from_slice::<IgnoredAny>(body).is_ok();
        let reason = || UnreadableAlerts::NotAlerts("a JSON array of alerts is expected".to_owned());
        return Err(if is_json { reason() } else { UnreadableAlerts::NotJson });
    }
    let AlertList { count, more, mut parsed, .. } = list;
    if count > ELEMENTS_LIMIT {
        let reason =
            format!("the request has {count} alerts, and at most {ELEMENTS_LIMIT} are read: send fewer at once");
        return Err(UnreadableAlerts::NotAlerts(reason));
    }
    if more > 0 {
        parsed.errors.push(format!("and {more} more"));
    }
    Ok(parsed)
}

/// Collects alerts while a list is read. Those above the limit are only counted.
struct AlertList {
    now: Timestamp,
    count: usize,
    /// Wrong alerts whose reason is not kept.
    more: usize,
    parsed: ParsedAlerts,
}

impl<'de> DeserializeSeed<'de> for &mut AlertList {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for &mut AlertList {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of alerts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while self.count < ELEMENTS_LIMIT
            && let Some(one) = list.next_element::<&RawValue>()?
        {
            self.add(one.get());
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            self.count += 1;
        }
        Ok(())
    }
}

impl AlertList {
    fn add(&mut self, text: &str) {
        let index = self.count;
        self.count += 1;
        match alert(text, self.now) {
            Ok(alert) => self.parsed.alerts.push(alert),
            Err(reason) if self.parsed.errors.len() < MAX_REASONS => {
                self.parsed.errors.push(format!("alert {index}: {reason}"));
            }
            Err(_) => self.more += 1,
        }
    }
}

fn alert(text: &str, now: Timestamp) -> Result<AlertmanagerAlert, String> {
    let posted: PostedAlert = serde_json::from_str(text).map_err(|error| {
        let reason = error.to_string();
        // The place is counted from the beginning of the alert, which tells nobody anything.
        reason.split_once(" at line ").map_or(reason.clone(), |(reason, _)| reason.to_owned())
    })?;
    // As in Alertmanager, an empty label counts as missing.
    let labels = posted.labels.0.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let labels = AlertTexts(labels);
    if labels.0.is_empty() {
        return Err("at least one label is needed".to_owned());
    }
    let ends_at = posted.ends_at.as_deref().and_then(Timestamp::read);
    let ends_at = ends_at.map(|at| Timestamp::from_epoch_milliseconds(at.epoch_milliseconds()));
    Ok(AlertmanagerAlert {
        labels,
        annotations: posted.annotations,
        starts_at: posted.starts_at.filter(|written| Timestamp::read(written).is_some()),
        ends_at: ends_at.unwrap_or(now.saturating_add(RESOLVE_TIMEOUT)),
        generator_url: posted.generator_url.unwrap_or_default(),
        is_resolved: ends_at.is_some_and(|ends_at| ends_at <= now),
    })
}

impl AlertmanagerAlert {
    /// Its key in the cache of an integration: its labels.
    pub(super) fn cache_key(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for (name, value) in self.labels.iter() {
            // 0xff is not a byte of UTF-8.
            hash.update(name);
            hash.update([0xff]);
            hash.update(value);
            hash.update([0xff]);
        }
        hash.finalize().into()
    }

    /// The fingerprint of Alertmanager's webhook: FNV-1a of the sorted labels. So an alert keeps its key when a Prometheus
    /// server no longer sends through an Alertmanager.
    fn fingerprint(&self) -> String {
        let parts = self.labels.iter().flat_map(|(name, value)| [name.as_bytes(), &[0xff], value.as_bytes(), &[0xff]]);
        let hash = parts
            .flatten()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        format!("{hash:016x}")
    }

    /// Roughly how many bytes it takes in a cache.
    pub(super) fn size(&self) -> usize {
        let started = self.starts_at.as_ref().map_or(0, String::len);
        self.labels.size() + self.annotations.size() + self.generator_url.len() + started + 320
    }

    fn webhook(&self) -> WebhookAlert<'_> {
        let (status, ends_at) = if self.is_resolved {
            ("resolved", self.ends_at.to_string())
        } else {
            ("firing", "0001-01-01T00:00:00Z".to_owned())
        };
        WebhookAlert {
            status,
            labels: &self.labels,
            annotations: &self.annotations,
            starts_at: self.starts_at.as_deref().unwrap_or("0001-01-01T00:00:00Z"),
            ends_at,
            generator_url: &self.generator_url,
            fingerprint: self.fingerprint(),
        }
    }
}

/// An alert in Alertmanager's webhook.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WebhookAlert<'a> {
    status: &'static str,
    labels: &'a AlertTexts,
    annotations: &'a AlertTexts,
    starts_at: &'a str,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: &'a str,
    fingerprint: String,
}

/// Alertmanager's webhook, version 4.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WebhookPayload<'a> {
    version: &'static str,
    group_key: &'static str,
    truncated_alerts: u8,
    status: &'static str,
    receiver: &'a str,
    group_labels: AlertTexts,
    common_labels: AlertTexts,
    common_annotations: AlertTexts,
    #[serde(rename = "externalURL")]
    external_url: &'static str,
    alerts: WebhookAlerts<'a>,
}

/// The alerts of a webhook, each made when it is written.
struct WebhookAlerts<'a>(&'a [AlertmanagerAlert]);

impl Serialize for WebhookAlerts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(AlertmanagerAlert::webhook))
    }
}

/// The body of Alertmanager's webhook, version 4, for alerts.
#[must_use]
pub(super) fn webhook(integration: &str, alerts: &[AlertmanagerAlert]) -> Vec<u8> {
    let fires = alerts.iter().any(|alert| !alert.is_resolved);
    let webhook = WebhookPayload {
        version: "4",
        group_key: "{}:{}",
        truncated_alerts: 0,
        status: if fires { "firing" } else { "resolved" },
        receiver: integration,
        group_labels: AlertTexts::default(),
        common_labels: AlertTexts::default(),
        common_annotations: AlertTexts::default(),
        external_url: "",
        alerts: WebhookAlerts(alerts),
    };
    // Writing texts to memory does not fail.
    serde_json::to_vec(&webhook).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{ParsedAlerts, Timestamp, UnreadableAlerts, read, webhook};
    use serde_json::json;

    fn now() -> Timestamp {
        Timestamp::from_epoch_milliseconds(1_800_000_000_000)
    }

    #[test]
    fn the_fingerprint_is_that_of_prometheus() {
        // The FNV-1a of prometheus/common for the empty set is the offset basis; for one label, computed by hand.
        let alert = read(br#"[{"labels": {"alertname": "Down"}}]"#, now()).unwrap().alerts.remove(0);
        let bytes = b"alertname\xffDown\xff";
        let expected = bytes.iter().fold(14_695_981_039_346_656_037_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(1_099_511_628_211)
        });
        assert_eq!(alert.fingerprint(), format!("{expected:016x}"));
    }

    #[test]
    fn labels_are_sorted_and_the_last_of_a_name_counts() {
        let body = br#"[{"labels": {"b": "1", "a": "2", "b": "3", "c": ""}}]"#;
        let alerts = read(body, now()).unwrap().alerts;
        let body: serde_json::Value = serde_json::from_slice(&webhook("prom", &alerts)).unwrap();
        assert_eq!(body["alerts"][0]["labels"].to_string(), r#"{"a":"2","b":"3"}"#);
        assert_eq!(
            (&body["status"], &body["commonLabels"], &body["version"]),
            (&json!("firing"), &json!({}), &json!("4"))
        );
    }

    #[test]
    fn few_reasons_are_given() {
        let ParsedAlerts { alerts, errors } = read(format!("[{}1]", "1,".repeat(5_000)).as_bytes(), now()).unwrap();
        assert_eq!((alerts.len(), errors.len()), (0, 11));
        assert_eq!(errors.last().map(String::as_str), Some("and 4991 more"));
    }

    #[test]
    fn what_is_no_list_or_too_long_is_refused_whole() {
        let reason = |body: &str| read(body.as_bytes(), now()).map(|parsed| parsed.alerts.len());
        assert_eq!(reason("[{"), Err(UnreadableAlerts::NotJson));
        assert_eq!(reason("[] x"), Err(UnreadableAlerts::NotJson));
        assert_eq!(reason("{\"a\":"), Err(UnreadableAlerts::NotJson));
        let expected = UnreadableAlerts::NotAlerts("a JSON array of alerts is expected".to_owned());
        assert_eq!(reason("{}"), Err(expected));
        let many = format!("[{}{{\"labels\":{{\"a\":\"b\"}}}}]", "{\"labels\":{\"a\":\"b\"}},".repeat(10_000));
        let Err(UnreadableAlerts::NotAlerts(reason)) = reason(&many) else { panic!("it is read") };
        assert!(reason.contains("10001 alerts") && reason.contains("at most 10000"), "{reason}");
    }
}
