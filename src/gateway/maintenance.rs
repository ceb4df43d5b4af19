//! Periodic checks: certificates are compared with their files, and problems of the rules that no load reports are logged.
//!
//! Each problem is logged once when it begins and once when it ends.

use super::Gateway;
use super::journal::{DeliveryStore as _, HeldCount, JournalError, SilencePhase};
use super::metrics::{ChannelLabels, HeartbeatLabels, HoldLabels};
use super::status::full_heartbeats;
use super::tls::CertificateRefresh;
use crate::channel::RepeatPolicy;
use crate::notification::MAX_SENDERS;
use crate::reload::{ReloadReport, WatchMethod, WatchMode};
use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// The time between two checks.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// How many versions of the rules may be in use at once.
const MAX_VERSIONS: usize = 3;
/// For how long a version may be in use after it was replaced.
const LONGEST_USE: Duration = Duration::from_mins(1);

/// Checks until the gateway is gone.
pub(super) async fn run(gateway: Weak<Gateway>) {
    let mut warnings = ActiveWarnings::default();
    loop {
        if let Some(gateway) = gateway.upgrade()
            && let Some(report) = gateway.rules.report()
        {
            warnings.log_changes(ActiveWarnings::of(&report, gateway.config.reload.watch_method == WatchMethod::Poll));
        }
        if let Some(gateway) = gateway.upgrade() {
            count_waiting_news(Arc::clone(&gateway)).await;
            count_held(Arc::clone(&gateway)).await;
            warnings.log_full_heartbeats(count_heartbeats(gateway).await);
        }
        tokio::time::sleep(CHECK_INTERVAL).await;
        let Some(certificate) = gateway.upgrade().map(|gateway| gateway.certificate.clone()) else { return };
        if let Some(certificate) = certificate {
            match tokio::task::spawn_blocking(move || certificate.refresh()).await {
                Ok(Ok(CertificateRefresh::Replaced)) => tracing::info!("certificate reloaded"),
                Ok(Err(reason)) => {
                    tracing::error!("certificate reload failed, keeping the old one: {reason}");
                }
                Ok(Ok(CertificateRefresh::Unchanged)) | Err(_) => {}
            }
        }
    }
}

/// Sets how many alerts have news that is not told.
async fn count_waiting_news(gateway: Arc<Gateway>) {
    let count = move || {
        let waiting = gateway.journal.read()?.waiting_news()?;
        let gauges = &gateway.metrics.waiting;
        gauges.clear();
        for channel in &gateway.rules.current().value.channels {
            let known = waiting.iter().find(|(name, _)| *name == channel.name).map_or(0, |(_, count)| *count);
            let is_shown = known > 0 || channel.policy.repeat != RepeatPolicy::EveryEvent;
            if is_shown {
                let labels = ChannelLabels { channel: channel.name.clone() };
                gauges.get_or_create(&labels).set(i64::try_from(known).unwrap_or(i64::MAX));
            }
        }
        Ok::<(), JournalError>(())
    };
    // The next round counts again.
    drop(tokio::task::spawn_blocking(count).await);
}

/// Sets how many alerts are held, and how many silences are active.
async fn count_held(gateway: Arc<Gateway>) {
    let count = move || {
        let counts = gateway.journal.read()?.held_counts()?;
        let gauges = &gateway.metrics.alerts_held;
        gauges.clear();
        for HeldCount { channel, mute, alerts } in counts {
            let labels = HoldLabels { channel, mute: mute.unwrap_or_default() };
            gauges.get_or_create(&labels).set(i64::try_from(alerts).unwrap_or(i64::MAX));
        }
        let now = gateway.journal.steady_now();
        let silences = gateway.journal.read()?.open_silences();
        let active = silences.silences.iter().filter(|silence| silence.phase(now) == SilencePhase::Active).count();
        gateway.metrics.silences.set(i64::try_from(active).unwrap_or(i64::MAX));
        Ok::<(), JournalError>(())
    };
    // The next round counts again.
    drop(tokio::task::spawn_blocking(count).await);
}

/// Sets how many senders of each heartbeat of the rules are known, and how many are absent. The heartbeats that know as many as
/// one may; nothing where they could not be counted.
async fn count_heartbeats(gateway: Arc<Gateway>) -> Option<BTreeSet<String>> {
    let count = move || {
        let heartbeats = &gateway.rules.current().value.rules.program.heartbeats;
        let (missing, known) = (&gateway.metrics.heartbeats_missing, &gateway.metrics.heartbeat_senders);
        missing.clear();
        known.clear();
        if heartbeats.is_empty() {
            return Ok(BTreeSet::new());
        }
        let senders = gateway.journal.read()?.senders()?;
        for heartbeat in heartbeats {
            let own = senders.iter().filter(|sender| sender.sender.heartbeat == *heartbeat.name);
            let absent = own.clone().filter(|sender| sender.record.absence.is_some()).count();
            let labels = HeartbeatLabels { heartbeat: heartbeat.name.to_string() };
            missing.get_or_create(&labels).set(i64::try_from(absent).unwrap_or(i64::MAX));
            known.get_or_create(&labels).set(i64::try_from(own.count()).unwrap_or(i64::MAX));
        }
        Ok::<_, JournalError>(full_heartbeats(&senders, MAX_SENDERS).into_iter().collect())
    };
    // The next round counts again.
    tokio::task::spawn_blocking(count).await.ok()?.ok()
}

/// The problems that were logged and did not end.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct ActiveWarnings {
    /// Old versions are in use for too long, or too many of them.
    old_versions: Option<String>,
    /// Changes are noticed by polling alone, and that was not asked for.
    poll_reason: Option<String>,
    /// The last good rule set could not be saved.
    not_kept: Option<String>,
    /// Heartbeats that know as many senders as one may.
    full_heartbeats: BTreeSet<String>,
}

impl ActiveWarnings {
    fn of(report: &ReloadReport, asked_to_poll: bool) -> Self {
        Self {
            old_versions: old_versions_warning(report.versions_in_use, report.oldest_in_use),
            poll_reason: match &report.watching {
                WatchMode::Poll(reason) if !asked_to_poll => Some(reason.clone()),
                WatchMode::Poll(_) | WatchMode::Events => None,
            },
            not_kept: report.last_good_error.clone(),
            full_heartbeats: BTreeSet::new(),
        }
    }

    /// Heartbeats that know as many senders as one may now; nothing where that is not known.
    fn log_full_heartbeats(&mut self, now: Option<BTreeSet<String>>) {
        let Some(now) = now else { return };
        for heartbeat in now.difference(&self.full_heartbeats) {
            tracing::warn!(
                heartbeat,
                "the heartbeat knows {MAX_SENDERS} senders, as many as one may: further ones are not watched"
            );
        }
        for heartbeat in self.full_heartbeats.difference(&now) {
            tracing::info!(heartbeat, "the heartbeat has room for senders again");
        }
        self.full_heartbeats = now;
    }

    fn log_changes(&mut self, now: Self) {
        match (&self.old_versions, &now.old_versions) {
            (None, Some(reason)) => tracing::warn!("old rules are still in use: {reason}"),
            (Some(_), None) => tracing::info!("old rules are no longer in use"),
            (None, None) | (Some(_), Some(_)) => {}
        }
        if let Some(reason) = now.poll_reason.as_ref().filter(|_| self.poll_reason.is_none()) {
            tracing::warn!("watching files failed, polling for changes until the next restart: {reason}");
        }
        match (&self.not_kept, &now.not_kept) {
            (before, Some(reason)) if before.as_ref() != Some(reason) => tracing::warn!("{reason}"),
            (Some(_), None) => tracing::info!("the last good rule set is saved again"),
            (None, None) | (Some(_) | None, Some(_)) => {}
        }
        *self = Self { full_heartbeats: std::mem::take(&mut self.full_heartbeats), ..now };
    }
}

/// Why the versions in use are a problem: a push or a replay that does not end keeps one.
fn old_versions_warning(alive: usize, oldest: Option<Duration>) -> Option<String> {
    if let Some(oldest) = oldest.filter(|oldest| *oldest > LONGEST_USE) {
        return Some(format!("one was replaced {} s ago", oldest.as_secs()));
    }
    (alive > MAX_VERSIONS).then(|| format!("there are {alive} versions at once"))
}

#[cfg(test)]
mod tests {
    use super::old_versions_warning;
    use std::time::Duration;

    #[test]
    fn one_version_for_long_or_several_at_once_is_an_alarm() {
        let of = |alive, oldest: Option<u64>| old_versions_warning(alive, oldest.map(Duration::from_secs)).is_some();
        assert!(!of(1, None) && !of(2, Some(60)) && !of(3, Some(1)));
        assert!(of(2, Some(61)) && of(4, Some(1)));
    }
}
