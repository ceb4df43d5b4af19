//! Alertmanager's v2 API, as a Prometheus server speaks it: alerts become the body of Alertmanager's webhook, and what was
//! told already is not told again.
//!
//! Prometheus sends every alert again each minute, with an `endsAt` a few minutes ahead. So the listener remembers what it
//! told: a repetition is skipped for [`REPEAT`], and an alert that is not sent again until its `endsAt` is resolved here.
//! The memory is this process's alone: after a restart the next repetition is one more event, and it begins anew. What
//! finds no room in it is told each time, and is resolved by its sender alone.

use crate::time::Instant;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};

/// For how long a repetition is not told again: Alertmanager's default `repeat_interval`.
pub(super) const REPEAT: i64 = 4 * 60 * 60 * 1000;
/// When an alert without `endsAt` is over, unless it is sent again: Alertmanager's default `resolve_timeout`.
const RESOLVE: i64 = 5 * 60 * 1000;
/// The most alerts that are remembered.
const MOST_ALERTS: usize = 200_000;
/// The most bytes of them.
const MOST_BYTES: usize = 64 << 20;
/// How many alerts an answer says what is wrong with: a body of a megabyte can hold half a million.
const MOST_REASONS: usize = 10;
/// The most alerts of one lapsed batch.
const MOST_OF_BATCH: usize = 64;

/// An alert as it is posted.
#[derive(Deserialize)]
struct Posted {
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

/// An alert as it is told. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alert {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    starts_at: Option<String>,
    ends_at: i64,
    generator_url: String,
    is_resolved: bool,
}

/// The alerts of a request, and what is wrong with the others.
///
/// # Errors
/// Where the body is no list.
pub(super) fn read(body: &[u8], now: i64) -> Result<(Vec<Alert>, Vec<String>), String> {
    let posted: Vec<Value> =
        serde_json::from_slice(body).map_err(|_| "a JSON array of alerts is expected".to_owned())?;
    let mut alerts = Vec::new();
    let mut wrong = Vec::new();
    let mut more = 0_usize;
    for (index, one) in posted.into_iter().enumerate() {
        match alert(one, now) {
            Ok(alert) => alerts.push(alert),
            Err(reason) if wrong.len() < MOST_REASONS => wrong.push(format!("alert {index}: {reason}")),
            Err(_) => more += 1,
        }
    }
    if more > 0 {
        wrong.push(format!("and {more} more"));
    }
    Ok((alerts, wrong))
}

fn alert(posted: Value, now: i64) -> Result<Alert, String> {
    let mut posted: Posted = serde_json::from_value(posted).map_err(|error| error.to_string())?;
    // As in Alertmanager, an empty label is none.
    posted.labels.retain(|_, value| !value.is_empty());
    if posted.labels.is_empty() {
        return Err("at least one label is needed".to_owned());
    }
    let ends_at = posted.ends_at.as_deref().and_then(Instant::read).map(Instant::epoch_milliseconds);
    Ok(Alert {
        labels: posted.labels,
        annotations: posted.annotations,
        starts_at: posted.starts_at.filter(|written| Instant::read(written).is_some()),
        ends_at: ends_at.unwrap_or(now + RESOLVE),
        generator_url: posted.generator_url.unwrap_or_default(),
        is_resolved: ends_at.is_some_and(|ends_at| ends_at <= now),
    })
}

impl Alert {
    /// What names it in the memory: its labels, by integration.
    fn name(&self, integration: &str) -> [u8; 32] {
        let mut hash = Sha256::new().chain_update(integration).chain_update([0xff]);
        for (name, value) in &self.labels {
            // No byte of UTF-8 is 0xff.
            hash.update(name);
            hash.update([0xff]);
            hash.update(value);
            hash.update([0xff]);
        }
        hash.finalize().into()
    }

    /// The fingerprint that Alertmanager writes into its webhook: FNV-1a of the sorted labels. So an alert keeps its key
    /// when a Prometheus server stops going through an Alertmanager.
    fn fingerprint(&self) -> String {
        let parts = self
            .labels
            .iter()
            .flat_map(|(name, value)| [name.as_bytes(), &[0xff], value.as_bytes(), &[0xff]]);
        let hash = parts.flatten().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("{hash:016x}")
    }

    fn size(&self) -> usize {
        let text: usize = self
            .labels
            .iter()
            .chain(&self.annotations)
            .map(|(name, value)| name.len() + value.len() + 64)
            .sum();
        text + self.generator_url.len() + 256
    }

    fn webhook(&self) -> Value {
        let (status, ends_at) = if self.is_resolved {
            let ends_at = u64::try_from(self.ends_at).ok().and_then(Instant::from_whole_epoch);
            ("resolved", ends_at.map(|at| at.to_string()).unwrap_or_default())
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
pub(super) fn webhook(integration: &str, alerts: &[Alert]) -> Vec<u8> {
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
        "alerts": alerts.iter().map(Alert::webhook).collect::<Vec<_>>(),
    });
    body.to_string().into_bytes()
}

/// What was told of which alert.
#[derive(Default)]
pub(super) struct Memory {
    told: HashMap<[u8; 32], Told>,
    bytes: usize,
}

struct Told {
    integration: Box<str>,
    alert: Alert,
    at: i64,
}

impl Memory {
    /// Those of the alerts that are news; the others are put off until their new `endsAt`.
    #[must_use]
    pub(super) fn news(&mut self, integration: &str, alerts: Vec<Alert>, now: i64) -> Vec<Alert> {
        let mut seen = HashSet::new();
        let mut news = Vec::new();
        for alert in alerts {
            let name = alert.name(integration);
            let is_repeated = self.told.get_mut(&name).is_some_and(|told| told.repeats(&alert, now));
            if !is_repeated && seen.insert((name, alert.is_resolved)) {
                news.push(alert);
            }
        }
        news
    }

    /// Remembers what is durable now.
    pub(super) fn keep(&mut self, integration: &str, alerts: Vec<Alert>, now: i64) {
        for alert in alerts {
            let name = alert.name(integration);
            self.forget(&name);
            let size = alert.size();
            if self.told.len() < MOST_ALERTS && self.bytes + size <= MOST_BYTES {
                self.bytes += size;
                self.told.insert(name, Told { integration: integration.into(), alert, at: now });
            }
        }
    }

    /// Alerts that nobody sent again until their end, now resolved, by integration and in small batches. They stay until
    /// they are [kept](Self::keep) as such or [dropped](Self::lose).
    #[must_use]
    pub(super) fn lapsed(&mut self, now: i64) -> Vec<(Box<str>, Vec<Alert>)> {
        let mut old = Vec::new();
        let mut found: BTreeMap<&str, Vec<([u8; 32], Alert)>> = BTreeMap::new();
        #[expect(clippy::iter_over_hash_type, reason = "what is found is sorted below")]
        for (name, told) in &self.told {
            if told.alert.is_resolved {
                if told.at + REPEAT <= now {
                    old.push(*name);
                }
            } else if told.alert.ends_at <= now {
                let resolved = Alert { is_resolved: true, ..told.alert.clone() };
                found.entry(&told.integration).or_default().push((*name, resolved));
            }
        }
        let mut batches = Vec::new();
        for (integration, mut alerts) in found {
            alerts.sort_by_key(|(name, alert)| (alert.ends_at, *name));
            let alerts: Vec<Alert> = alerts.into_iter().map(|(_, alert)| alert).collect();
            batches.extend(alerts.chunks(MOST_OF_BATCH).map(|some| (integration.into(), some.to_vec())));
        }
        for name in &old {
            self.forget(name);
        }
        batches
    }

    /// Forgets alerts whose end could not be told to anybody: their integration is gone, or accepts them no more.
    pub(super) fn lose(&mut self, integration: &str, alerts: &[Alert]) {
        for alert in alerts {
            self.forget(&alert.name(integration));
        }
    }

    /// Whether an alert was not sent again in the meantime, so that it may be resolved.
    #[must_use]
    pub(super) fn is_lapsed(&self, integration: &str, alert: &Alert, now: i64) -> bool {
        let told = self.told.get(&alert.name(integration));
        told.is_some_and(|told| !told.alert.is_resolved && told.alert.ends_at <= now)
    }

    fn forget(&mut self, name: &[u8; 32]) {
        if let Some(told) = self.told.remove(name) {
            self.bytes = self.bytes.saturating_sub(told.alert.size());
        }
    }
}

impl Told {
    /// Whether the alert says what was told; then its end is the later one.
    fn repeats(&mut self, alert: &Alert, now: i64) -> bool {
        let same_start = match (&self.alert.starts_at, &alert.starts_at) {
            (Some(told), Some(new)) => Instant::read(told) == Instant::read(new),
            _ => true,
        };
        let same = self.alert.is_resolved == alert.is_resolved && same_start && now - self.at < REPEAT;
        if same && !alert.is_resolved {
            self.alert.ends_at = self.alert.ends_at.max(alert.ends_at);
        }
        same
    }
}

#[cfg(test)]
mod tests {
    use super::{Alert, MOST_ALERTS, Memory, REPEAT, read, webhook};
    use serde_json::json;

    const START: i64 = 1_800_000_000_000;

    fn alert(name: &str, ends_at: &str) -> Alert {
        let body =
            json!([{"labels": {"alertname": name}, "startsAt": "2027-01-15T08:00:00Z", "endsAt": ends_at}]);
        read(body.to_string().as_bytes(), START).unwrap().0.remove(0)
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
    fn an_alert_that_nobody_sends_again_is_resolved_at_its_end() {
        let mut memory = Memory::default();
        // 2027-01-15T08:00:00Z is the start of the test.
        let news = memory.news("prom", vec![alert("Down", "2027-01-15T08:04:00Z")], START);
        assert_eq!(news.len(), 1);
        memory.keep("prom", news, START);
        assert!(memory.lapsed(START + 3 * 60_000).is_empty());
        // Sent again: the end is later.
        assert!(memory.news("prom", vec![alert("Down", "2027-01-15T08:08:00Z")], START + 60_000).is_empty());
        assert!(memory.lapsed(START + 5 * 60_000).is_empty());
        let lapsed = memory.lapsed(START + 8 * 60_000);
        let [(integration, alerts)] = lapsed.as_slice() else { panic!("{lapsed:?}") };
        assert_eq!(&**integration, "prom");
        let body: serde_json::Value = serde_json::from_slice(&webhook("prom", alerts)).unwrap();
        assert_eq!(
            (&body["status"], &body["alerts"][0]["endsAt"]),
            (&json!("resolved"), &json!("2027-01-15T08:08:00Z"))
        );
        // Until that is durable it is lapsed still; then it is over, and its own late recovery is a repetition.
        assert_eq!(memory.lapsed(START + 8 * 60_000).len(), 1);
        memory.keep("prom", alerts.clone(), START + 8 * 60_000);
        assert!(memory.lapsed(START + 9 * 60_000).is_empty());
        assert!(memory.news("prom", alerts.clone(), START + 9 * 60_000).is_empty());
        assert!(memory.lapsed(START + 9 * 60_000 + REPEAT).is_empty());
        assert_eq!((memory.told.len(), memory.bytes), (0, 0));
    }

    #[test]
    fn what_goes_on_is_told_again_after_the_interval_and_a_new_start_at_once() {
        let mut memory = Memory::default();
        let down = alert("Down", "2099-01-01T00:00:00Z");
        memory.keep("prom", vec![down.clone()], START);
        assert!(memory.news("prom", vec![down.clone()], START + REPEAT - 1).is_empty());
        assert_eq!(memory.news("prom", vec![down.clone()], START + REPEAT).len(), 1);
        let again = Alert { starts_at: Some("2027-01-15T09:00:00Z".to_owned()), ..down.clone() };
        assert_eq!(memory.news("prom", vec![again], START + 1).len(), 1);
        assert_eq!(
            memory.news("other", vec![down.clone(), down], START + 1).len(),
            1,
            "an integration of its own"
        );
    }

    #[test]
    fn what_is_wrong_is_said_in_a_few_words() {
        let (alerts, wrong) = read(format!("[{}1]", "1,".repeat(5_000)).as_bytes(), START).unwrap();
        assert_eq!((alerts.len(), wrong.len()), (0, 11));
        assert_eq!(wrong.last().map(String::as_str), Some("and 4991 more"));
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut memory = Memory::default();
        let base = alert("Down", "");
        for index in 0..=MOST_ALERTS {
            let labels = [("a".to_owned(), index.to_string())].into();
            memory.keep("prom", vec![Alert { labels, ..base.clone() }], START);
        }
        assert!(memory.told.len() <= MOST_ALERTS && memory.bytes <= super::MOST_BYTES);
        let large = Alert { generator_url: "x".repeat(65 << 20), ..base };
        memory.keep("prom", vec![large.clone()], START);
        assert_eq!(memory.news("prom", vec![large], START).len(), 1, "what finds no room is told each time");
    }
}
