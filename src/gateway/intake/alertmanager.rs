//! Alertmanager's v2 API, as a Prometheus server uses it: alerts become the body of Alertmanager's webhook, and repetitions
//! are skipped.
//!
//! Prometheus sends every alert again each minute, with an `endsAt` a few minutes ahead. So the listener caches the alerts
//! that it accepted: a repetition is skipped for [`REPEAT_INTERVAL`], and an alert that is not sent again until its `endsAt`
//! is resolved here. The cache is lost at a restart: the next repetition is then one more event. An alert for which the
//! cache has no room is accepted each time, and only its sender resolves it.

use crate::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

/// For how long a repetition is skipped: Alertmanager's default `repeat_interval`.
pub(super) const REPEAT_INTERVAL: Duration = Duration::from_hours(4);
/// When an alert without `endsAt` ends, unless it is sent again: Alertmanager's default `resolve_timeout`.
const RESOLVE_TIMEOUT: Duration = Duration::from_mins(5);
/// The most alerts in the cache.
const MAX_ALERTS: usize = 200_000;
/// The most bytes in the cache.
const MAX_BYTES: usize = 64 << 20;
/// For how many alerts an answer gives a reason: a body of a megabyte can hold half a million.
const MAX_REASONS: usize = 10;
/// The most alerts of one expired batch.
const MAX_BATCH: usize = 64;

/// An alert as it is posted.
#[derive(Deserialize)]
struct PostedAlert {
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
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
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    starts_at: Option<String>,
    /// To the millisecond.
    ends_at: Timestamp,
    generator_url: String,
    is_resolved: bool,
}

/// The alerts of a request.
#[derive(Debug)]
pub(super) struct ParsedAlerts {
    /// Those that can be read.
    pub(super) alerts: Vec<AlertmanagerAlert>,
    /// What is wrong with the others.
    pub(super) errors: Vec<String>,
}

/// Alerts of one integration that were not sent again until their end.
#[derive(Debug)]
pub(super) struct ExpiredBatch {
    /// The integration.
    pub(super) integration: Box<str>,
    /// The alerts, resolved.
    pub(super) alerts: Vec<AlertmanagerAlert>,
}

/// Reads the alerts of a request.
///
/// # Errors
/// Where the body is not a list.
pub(super) fn read(body: &[u8], now: Timestamp) -> Result<ParsedAlerts, String> {
    let posted: Vec<Value> =
        serde_json::from_slice(body).map_err(|_| "a JSON array of alerts is expected".to_owned())?;
    let mut alerts = Vec::new();
    let mut errors = Vec::new();
    let mut more = 0_usize;
    for (index, one) in posted.into_iter().enumerate() {
        match alert(one, now) {
            Ok(alert) => alerts.push(alert),
            Err(reason) if errors.len() < MAX_REASONS => errors.push(format!("alert {index}: {reason}")),
            Err(_) => more += 1,
        }
    }
    if more > 0 {
        errors.push(format!("and {more} more"));
    }
    Ok(ParsedAlerts { alerts, errors })
}

fn alert(posted: Value, now: Timestamp) -> Result<AlertmanagerAlert, String> {
    let mut posted: PostedAlert = serde_json::from_value(posted).map_err(|error| error.to_string())?;
    // As in Alertmanager, an empty label counts as missing.
    posted.labels.retain(|_, value| !value.is_empty());
    if posted.labels.is_empty() {
        return Err("at least one label is needed".to_owned());
    }
    let ends_at = posted.ends_at.as_deref().and_then(Timestamp::read);
    let ends_at = ends_at.map(|at| Timestamp::from_epoch_milliseconds(at.epoch_milliseconds()));
    Ok(AlertmanagerAlert {
        labels: posted.labels,
        annotations: posted.annotations,
        starts_at: posted.starts_at.filter(|written| Timestamp::read(written).is_some()),
        ends_at: ends_at.unwrap_or(now.saturating_add(RESOLVE_TIMEOUT)),
        generator_url: posted.generator_url.unwrap_or_default(),
        is_resolved: ends_at.is_some_and(|ends_at| ends_at <= now),
    })
}

impl AlertmanagerAlert {
    /// Its key in the cache: the integration and its labels.
    fn cache_key(&self, integration: &str) -> [u8; 32] {
        let mut hash = Sha256::new().chain_update(integration).chain_update([0xff]);
        for (name, value) in &self.labels {
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

    fn size(&self) -> usize {
        let text: usize =
            self.labels.iter().chain(&self.annotations).map(|(name, value)| name.len() + value.len() + 64).sum();
        text + self.generator_url.len() + 256
    }

    fn webhook(&self) -> Value {
        let (status, ends_at) = if self.is_resolved {
            ("resolved", self.ends_at.to_string())
        } else {
            ("firing", "0001-01-01T00:00:00Z".to_owned())
        };
        json!({
            "status": status,
            "labels": self.labels,
            "annotations": self.annotations,
            "startsAt": self.starts_at.as_deref().unwrap_or("0001-01-01T00:00:00Z"),
            "endsAt": ends_at,
            "generatorURL": self.generator_url,
            "fingerprint": self.fingerprint(),
        })
    }
}

/// The body of Alertmanager's webhook, version 4, for alerts.
#[must_use]
pub(super) fn webhook(integration: &str, alerts: &[AlertmanagerAlert]) -> Vec<u8> {
    let fires = alerts.iter().any(|alert| !alert.is_resolved);
    let body = json!({
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "status": if fires { "firing" } else { "resolved" },
        "receiver": integration,
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "",
        "alerts": alerts.iter().map(AlertmanagerAlert::webhook).collect::<Vec<_>>(),
    });
    body.to_string().into_bytes()
}

/// The alerts that were accepted.
#[derive(Default)]
pub(super) struct AlertCache {
    alerts: HashMap<[u8; 32], CachedAlert>,
    bytes: usize,
}

struct CachedAlert {
    integration: Box<str>,
    alert: AlertmanagerAlert,
    accepted_at: Timestamp,
}

impl AlertCache {
    /// The new ones of some alerts; the others are repetitions, and move the end of the cached alert.
    #[must_use]
    pub(super) fn select_new(
        &mut self,
        integration: &str,
        alerts: Vec<AlertmanagerAlert>,
        now: Timestamp,
    ) -> Vec<AlertmanagerAlert> {
        let mut seen = HashSet::new();
        let mut new = Vec::new();
        for alert in alerts {
            let key = alert.cache_key(integration);
            let is_repeated = self.alerts.get_mut(&key).is_some_and(|cached| cached.refresh(&alert, now));
            if !is_repeated && seen.insert((key, alert.is_resolved)) {
                new.push(alert);
            }
        }
        new
    }

    /// Caches alerts that are durable.
    pub(super) fn insert_all(&mut self, integration: &str, alerts: Vec<AlertmanagerAlert>, now: Timestamp) {
        for alert in alerts {
            let key = alert.cache_key(integration);
            self.remove(&key);
            let size = alert.size();
            if self.alerts.len() < MAX_ALERTS && self.bytes + size <= MAX_BYTES {
                self.bytes += size;
                self.alerts.insert(key, CachedAlert { integration: integration.into(), alert, accepted_at: now });
            }
        }
    }

    /// Alerts that were not sent again until their end, now resolved, in small batches by integration. They stay until they
    /// are [inserted](Self::insert_all) as resolved or [removed](Self::remove_all).
    #[must_use]
    pub(super) fn expired(&mut self, now: Timestamp) -> Vec<ExpiredBatch> {
        let mut old = Vec::new();
        let mut found: BTreeMap<&str, Vec<([u8; 32], AlertmanagerAlert)>> = BTreeMap::new();
        #[expect(clippy::iter_over_hash_type, reason = "what is found is sorted below")]
        for (key, cached) in &self.alerts {
            if cached.alert.is_resolved {
                if cached.accepted_at.saturating_add(REPEAT_INTERVAL) <= now {
                    old.push(*key);
                }
            } else if cached.alert.ends_at <= now {
                let resolved = AlertmanagerAlert { is_resolved: true, ..cached.alert.clone() };
                found.entry(&cached.integration).or_default().push((*key, resolved));
            }
        }
        let mut batches = Vec::new();
        for (integration, mut alerts) in found {
            alerts.sort_by_key(|(key, alert)| (alert.ends_at, *key));
            let alerts: Vec<AlertmanagerAlert> = alerts.into_iter().map(|(_, alert)| alert).collect();
            batches.extend(
                alerts
                    .chunks(MAX_BATCH)
                    .map(|alerts| ExpiredBatch { integration: integration.into(), alerts: alerts.to_vec() }),
            );
        }
        for key in &old {
            self.remove(key);
        }
        batches
    }

    /// Removes alerts that cannot be resolved: their integration is gone, or no longer accepts them.
    pub(super) fn remove_all(&mut self, integration: &str, alerts: &[AlertmanagerAlert]) {
        for alert in alerts {
            self.remove(&alert.cache_key(integration));
        }
    }

    /// Whether an alert was not sent again in the meantime, so that it can be resolved.
    #[must_use]
    pub(super) fn is_expired(&self, integration: &str, alert: &AlertmanagerAlert, now: Timestamp) -> bool {
        let cached = self.alerts.get(&alert.cache_key(integration));
        cached.is_some_and(|cached| !cached.alert.is_resolved && cached.alert.ends_at <= now)
    }

    fn remove(&mut self, key: &[u8; 32]) {
        if let Some(cached) = self.alerts.remove(key) {
            self.bytes = self.bytes.saturating_sub(cached.alert.size());
        }
    }
}

impl CachedAlert {
    /// Whether the alert repeats this one; then the later end holds.
    fn refresh(&mut self, alert: &AlertmanagerAlert, now: Timestamp) -> bool {
        let same_start = match (&self.alert.starts_at, &alert.starts_at) {
            (Some(cached), Some(new)) => Timestamp::read(cached) == Timestamp::read(new),
            _ => true,
        };
        let is_recent = now < self.accepted_at.saturating_add(REPEAT_INTERVAL);
        let same = self.alert.is_resolved == alert.is_resolved && same_start && is_recent;
        if same && !alert.is_resolved {
            self.alert.ends_at = self.alert.ends_at.max(alert.ends_at);
        }
        same
    }
}

#[cfg(test)]
mod tests {
    use super::{AlertCache, AlertmanagerAlert, ExpiredBatch, MAX_ALERTS, ParsedAlerts, Timestamp, read, webhook};
    use serde_json::json;

    const MINUTE: i64 = 60_000;
    const REPEAT: i64 = 4 * 60 * MINUTE;

    fn after(milliseconds: i64) -> Timestamp {
        Timestamp::from_epoch_milliseconds(1_800_000_000_000 + milliseconds)
    }

    fn alert(name: &str, ends_at: &str) -> AlertmanagerAlert {
        let body = json!([{"labels": {"alertname": name}, "startsAt": "2027-01-15T08:00:00Z", "endsAt": ends_at}]);
        read(body.to_string().as_bytes(), after(0)).unwrap().alerts.remove(0)
    }

    #[test]
    fn the_fingerprint_is_that_of_prometheus() {
        // The FNV-1a of prometheus/common for the empty set is the offset basis; for one label, computed by hand.
        let alert = alert("Down", "");
        let bytes = b"alertname\xffDown\xff";
        let expected = bytes.iter().fold(14_695_981_039_346_656_037_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(1_099_511_628_211)
        });
        assert_eq!(alert.fingerprint(), format!("{expected:016x}"));
    }

    #[test]
    fn an_alert_that_is_not_sent_again_is_resolved_at_its_end() {
        let mut cache = AlertCache::default();
        // 2027-01-15T08:00:00Z is the start of the test.
        let news = cache.select_new("prom", vec![alert("Down", "2027-01-15T08:04:00Z")], after(0));
        assert_eq!(news.len(), 1);
        cache.insert_all("prom", news, after(0));
        assert!(cache.expired(after(3 * MINUTE)).is_empty());
        // Sent again: the end is later.
        assert!(cache.select_new("prom", vec![alert("Down", "2027-01-15T08:08:00Z")], after(MINUTE)).is_empty());
        assert!(cache.expired(after(5 * MINUTE)).is_empty());
        let expired = cache.expired(after(8 * MINUTE));
        let [ExpiredBatch { integration, alerts }] = expired.as_slice() else { panic!("{expired:?}") };
        assert_eq!(&**integration, "prom");
        let body: serde_json::Value = serde_json::from_slice(&webhook("prom", alerts)).unwrap();
        assert_eq!(
            (&body["status"], &body["alerts"][0]["endsAt"]),
            (&json!("resolved"), &json!("2027-01-15T08:08:00Z"))
        );
        // It stays expired until that is durable; then it is resolved, and a late recovery of its own is a repetition.
        assert_eq!(cache.expired(after(8 * MINUTE)).len(), 1);
        cache.insert_all("prom", alerts.clone(), after(8 * MINUTE));
        assert!(cache.expired(after(9 * MINUTE)).is_empty());
        assert!(cache.select_new("prom", alerts.clone(), after(9 * MINUTE)).is_empty());
        assert!(cache.expired(after(9 * MINUTE + REPEAT)).is_empty());
        assert_eq!((cache.alerts.len(), cache.bytes), (0, 0));
    }

    #[test]
    fn a_repetition_is_new_after_the_interval_and_with_a_new_start() {
        let mut cache = AlertCache::default();
        let down = alert("Down", "2099-01-01T00:00:00Z");
        cache.insert_all("prom", vec![down.clone()], after(0));
        assert!(cache.select_new("prom", vec![down.clone()], after(REPEAT - 1)).is_empty());
        assert_eq!(cache.select_new("prom", vec![down.clone()], after(REPEAT)).len(), 1);
        let again = AlertmanagerAlert { starts_at: Some("2027-01-15T09:00:00Z".to_owned()), ..down.clone() };
        assert_eq!(cache.select_new("prom", vec![again], after(1)).len(), 1);
        assert_eq!(cache.select_new("other", vec![down.clone(), down], after(1)).len(), 1, "an integration of its own");
    }

    #[test]
    fn few_reasons_are_given() {
        let ParsedAlerts { alerts, errors } = read(format!("[{}1]", "1,".repeat(5_000)).as_bytes(), after(0)).unwrap();
        assert_eq!((alerts.len(), errors.len()), (0, 11));
        assert_eq!(errors.last().map(String::as_str), Some("and 4991 more"));
    }

    #[test]
    fn the_cache_is_bounded() {
        let mut cache = AlertCache::default();
        let base = alert("Down", "");
        for index in 0..=MAX_ALERTS {
            let labels = [("a".to_owned(), index.to_string())].into();
            cache.insert_all("prom", vec![AlertmanagerAlert { labels, ..base.clone() }], after(0));
        }
        assert!(cache.alerts.len() <= MAX_ALERTS && cache.bytes <= super::MAX_BYTES);
        let large = AlertmanagerAlert { generator_url: "x".repeat(65 << 20), ..base };
        cache.insert_all("prom", vec![large.clone()], after(0));
        assert_eq!(
            cache.select_new("prom", vec![large], after(0)).len(),
            1,
            "an alert without room in the cache is new each time"
        );
    }
}
