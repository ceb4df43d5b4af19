//! The alerts that Prometheus servers repeat.
//!
//! Prometheus sends every alert again each minute, with an `endsAt` a few minutes ahead. So the listener caches the alerts
//! that it accepted: a repetition is told apart for [`REPEAT_INTERVAL`], as channels that send every event do not get it, and an alert that is not sent again until its `endsAt`
//! is resolved here. The cache is lost at a restart: the next repetition is then one more event, and an alert that is not
//! sent again after it is resolved by nobody. An alert for which the cache has no room is accepted each time, and only its
//! sender resolves it.
//!
//! The room is shared between integrations: where there is none left, the integration that has the most gives some to one
//! that has less.

use super::alertmanager::AlertmanagerAlert;
use crate::time::Timestamp;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

/// For how long a repetition is told apart: Alertmanager's default `repeat_interval`.
const REPEAT_INTERVAL: Duration = Duration::from_hours(4);
/// The most bytes in the cache.
const MAX_BYTES: usize = 64 << 20;
/// The most alerts of one expired batch, and the most batches at once.
const MAX_BATCH: usize = 64;
const MAX_BATCHES: usize = 16;
/// The bytes from which on a batch has no further alert, so that it is no larger than what senders post.
const MAX_BATCH_BYTES: usize = 512 << 10;

/// The alerts of a request, by what is known of them.
#[derive(Debug, Default)]
pub(super) struct SelectedAlerts {
    /// New ones, and those that changed.
    pub(super) new: Vec<AlertmanagerAlert>,
    /// Those that fire as they did before.
    pub(super) repeated: Vec<AlertmanagerAlert>,
}

/// Alerts of one integration that were not sent again until their end.
#[derive(Debug)]
pub(super) struct ExpiredBatch {
    /// The integration.
    pub(super) integration: Box<str>,
    /// The alerts, resolved.
    pub(super) alerts: Vec<AlertmanagerAlert>,
}

/// The alerts that were accepted.
pub(super) struct AlertCache {
    integrations: BTreeMap<Box<str>, IntegrationAlerts>,
    bytes: usize,
    max_bytes: usize,
}

/// The alerts of one integration.
#[derive(Default)]
struct IntegrationAlerts {
    alerts: BTreeMap<[u8; 32], CachedAlert>,
    bytes: usize,
    /// Whether it was said that there is no room for all of them.
    is_told: bool,
}

struct CachedAlert {
    alert: AlertmanagerAlert,
    accepted_at: Timestamp,
}

impl Default for AlertCache {
    fn default() -> Self {
        Self { integrations: BTreeMap::new(), bytes: 0, max_bytes: MAX_BYTES }
    }
}

impl AlertCache {
    /// The new ones of some alerts, and the repetitions, which move the end of the cached alert. A repeated recovery is neither.
    #[must_use]
    pub(super) fn select(
        &mut self,
        integration: &str,
        alerts: Vec<AlertmanagerAlert>,
        now: Timestamp,
    ) -> SelectedAlerts {
        let mut cached = self.integrations.get_mut(integration);
        let mut seen = HashSet::new();
        let mut selected = SelectedAlerts::default();
        for alert in alerts {
            let key = alert.cache_key();
            let known = cached.as_mut().and_then(|cached| cached.alerts.get_mut(&key));
            let is_repeated = known.is_some_and(|known| known.refresh(&alert, now));
            let is_first = seen.insert((key, alert.is_resolved));
            if is_first && !is_repeated {
                selected.new.push(alert);
            } else if is_first && !alert.is_resolved {
                selected.repeated.push(alert);
            }
        }
        selected
    }

    /// Caches alerts that are durable.
    pub(super) fn insert_all(&mut self, integration: &str, alerts: Vec<AlertmanagerAlert>, now: Timestamp) {
        for alert in alerts {
            let (key, size) = (alert.cache_key(), alert.size());
            self.remove(integration, &key);
            if !self.make_room(integration, size) {
                continue;
            }
            self.bytes += size;
            let own = self.integrations.entry(integration.into()).or_default();
            own.bytes += size;
            own.alerts.insert(key, CachedAlert { alert, accepted_at: now });
        }
    }

    /// Makes room for an alert of an integration, where it has a right to it.
    fn make_room(&mut self, integration: &str, size: usize) -> bool {
        let own = self.integrations.get(integration).map_or(0, |own| own.bytes);
        while self.bytes + size > self.max_bytes {
            let largest = self.integrations.iter_mut().max_by_key(|(_, alerts)| alerts.bytes);
            let Some((name, largest)) = largest.filter(|(_, largest)| largest.bytes > own + size) else {
                if let Some(own) = self.integrations.get_mut(integration) {
                    own.tell_once(integration);
                }
                return false;
            };
            largest.tell_once(name);
            // Keys are hashes: the last one is as good as any.
            let Some((_, evicted)) = largest.alerts.pop_last() else { return false };
            let freed = evicted.alert.size();
            largest.bytes -= freed.min(largest.bytes);
            self.bytes -= freed.min(self.bytes);
        }
        true
    }

    /// Alerts that were not sent again until their end, now resolved, in small batches by integration; a few of them, if they
    /// are many. They stay until they are [inserted](Self::insert_all) as resolved or [removed](Self::remove_all).
    #[must_use]
    pub(super) fn expired(&mut self, now: Timestamp) -> Vec<ExpiredBatch> {
        let mut batches = Vec::new();
        let mut freed = 0;
        for (integration, cached) in &mut self.integrations {
            let before = cached.bytes;
            freed += before - cached.forget_resolved(now);
            let mut expired: Vec<_> = cached.alerts.iter().filter(|(_, cached)| cached.is_expired(now)).collect();
            expired.sort_by_key(|(key, cached)| (cached.alert.ends_at, **key));
            let mut rest = expired.as_slice();
            while batches.len() < MAX_BATCHES && !rest.is_empty() {
                let (chunk, others) = rest.split_at(batch_length(rest));
                let alerts = chunk.iter().map(|(_, cached)| cached.resolved()).collect();
                batches.push(ExpiredBatch { integration: integration.clone(), alerts });
                rest = others;
            }
        }
        self.bytes -= freed.min(self.bytes);
        self.integrations.retain(|_, cached| !cached.alerts.is_empty());
        batches
    }

    /// Removes alerts that cannot be resolved: their integration is gone, or no longer accepts them, so that their recoveries
    /// are in the quarantine.
    pub(super) fn remove_all(&mut self, integration: &str, alerts: &[AlertmanagerAlert]) {
        for alert in alerts {
            self.remove(integration, &alert.cache_key());
        }
    }

    /// Whether an alert was not sent again in the meantime, so that it can be resolved.
    #[must_use]
    pub(super) fn is_expired(&self, integration: &str, alert: &AlertmanagerAlert, now: Timestamp) -> bool {
        let cached = self.integrations.get(integration).and_then(|cached| cached.alerts.get(&alert.cache_key()));
        cached.is_some_and(|cached| cached.is_expired(now))
    }

    fn remove(&mut self, integration: &str, key: &[u8; 32]) {
        let Some(own) = self.integrations.get_mut(integration) else { return };
        if let Some(cached) = own.alerts.remove(key) {
            let freed = cached.alert.size();
            own.bytes -= freed.min(own.bytes);
            self.bytes -= freed.min(self.bytes);
        }
    }
}

/// How many alerts of a list that is not empty make one batch.
fn batch_length(expired: &[(&[u8; 32], &CachedAlert)]) -> usize {
    let mut bytes = 0;
    let fits = |(_, cached): &&(&[u8; 32], &CachedAlert)| {
        let before = bytes;
        bytes += cached.alert.size();
        before < MAX_BATCH_BYTES
    };
    expired.iter().take(MAX_BATCH).take_while(fits).count()
}

impl IntegrationAlerts {
    /// Forgets what was resolved long ago; the bytes that are left.
    fn forget_resolved(&mut self, now: Timestamp) -> usize {
        self.alerts.retain(|_, cached| {
            let is_kept = !cached.alert.is_resolved || cached.accepted_at.saturating_add(REPEAT_INTERVAL) > now;
            if !is_kept {
                self.bytes -= cached.alert.size().min(self.bytes);
            }
            is_kept
        });
        self.bytes
    }

    fn tell_once(&mut self, integration: &str) {
        if !std::mem::replace(&mut self.is_told, true) {
            tracing::warn!(
                integration,
                "too many alerts are posted to `/api/v2/alerts` to remember all: some are told again with each \
                 repetition, and are not resolved when they stop"
            );
        }
    }
}

impl CachedAlert {
    fn is_expired(&self, now: Timestamp) -> bool {
        !self.alert.is_resolved && self.alert.ends_at <= now
    }

    fn resolved(&self) -> AlertmanagerAlert {
        AlertmanagerAlert { is_resolved: true, ..self.alert.clone() }
    }

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
    use super::{AlertCache, ExpiredBatch};
    use crate::gateway::intake::alertmanager::{AlertmanagerAlert, read, webhook};
    use crate::time::Timestamp;
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
    fn an_alert_that_is_not_sent_again_is_resolved_at_its_end() {
        let mut cache = AlertCache::default();
        // 2027-01-15T08:00:00Z is the start of the test.
        let news = cache.select("prom", vec![alert("Down", "2027-01-15T08:04:00Z")], after(0)).new;
        assert_eq!(news.len(), 1);
        cache.insert_all("prom", news, after(0));
        assert!(cache.expired(after(3 * MINUTE)).is_empty());
        // Sent again: the end is later.
        assert!(cache.select("prom", vec![alert("Down", "2027-01-15T08:08:00Z")], after(MINUTE)).new.is_empty());
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
        assert!(cache.select("prom", alerts.clone(), after(9 * MINUTE)).new.is_empty());
        assert!(cache.expired(after(9 * MINUTE + REPEAT)).is_empty());
        assert_eq!((cache.integrations.len(), cache.bytes), (0, 0));
    }

    #[test]
    fn large_alerts_are_resolved_a_few_at_a_time() {
        let mut cache = AlertCache::default();
        let large = |name: usize| AlertmanagerAlert {
            generator_url: "x".repeat(200 << 10),
            ..alert(&format!("Down {name}"), "2027-01-15T08:04:00Z")
        };
        cache.insert_all("prom", (0..60).map(large).collect(), after(0));
        let expired = cache.expired(after(5 * MINUTE));
        assert_eq!(expired.iter().map(|batch| batch.alerts.len()).collect::<Vec<_>>(), [3; 16]);
    }

    #[test]
    fn a_repetition_is_new_after_the_interval_and_with_a_new_start() {
        let mut cache = AlertCache::default();
        let down = alert("Down", "2099-01-01T00:00:00Z");
        cache.insert_all("prom", vec![down.clone()], after(0));
        assert!(cache.select("prom", vec![down.clone()], after(REPEAT - 1)).new.is_empty());
        assert_eq!(cache.select("prom", vec![down.clone()], after(REPEAT)).new.len(), 1);
        let again = AlertmanagerAlert { starts_at: Some("2027-01-15T09:00:00Z".to_owned()), ..down.clone() };
        assert_eq!(cache.select("prom", vec![again], after(1)).new.len(), 1);
        assert_eq!(cache.select("other", vec![down.clone(), down], after(1)).new.len(), 1, "an integration of its own");
    }

    #[test]
    fn an_integration_that_fills_the_cache_gives_room_to_the_others() {
        let size = alert("Down 000", "").size();
        let mut cache = AlertCache { max_bytes: 100 * size, ..AlertCache::default() };
        let many = |count: usize| (0..count).map(|index| alert(&format!("Down {index:03}"), "")).collect::<Vec<_>>();
        cache.insert_all("loud", many(300), after(0));
        assert_eq!(cache.select("loud", many(300), after(1)).new.len(), 200, "the others are new each time");
        cache.insert_all("calm", many(30), after(0));
        assert!(cache.select("calm", many(30), after(1)).new.is_empty());
        // What the loud one repeats takes nothing away from the others, who share evenly where all want more.
        cache.insert_all("loud", many(300), after(0));
        assert!(cache.select("calm", many(30), after(1)).new.is_empty());
        cache.insert_all("calm", many(300), after(0));
        let kept = 300 - cache.select("calm", many(300), after(1)).new.len();
        assert!((49..=51).contains(&kept), "{kept}");
        assert!(cache.bytes <= cache.max_bytes);
    }

    #[test]
    fn an_alert_that_is_larger_than_the_cache_is_new_each_time() {
        let mut cache = AlertCache::default();
        let large = AlertmanagerAlert { generator_url: "x".repeat(65 << 20), ..alert("Down", "") };
        cache.insert_all("prom", vec![large.clone()], after(0));
        assert_eq!(cache.select("prom", vec![large], after(0)).new.len(), 1);
        assert_eq!(cache.bytes, 0);
    }
}
