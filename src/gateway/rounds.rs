//! What has to be looked after now and then: certificates are compared with their files, and the log says what about the
//! rules an operator should know although no load tells it.
//!
//! Each state is said once when it begins and once when it is over.

use super::Gateway;
use super::tls::Certificate;
use crate::reload::{Report, Watching};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// The time between two rounds.
const ROUND: Duration = Duration::from_secs(10);
/// How many versions of the rules may be in use at once.
const MOST_VERSIONS: usize = 3;
/// For how long a version may be in use after another took its place.
const LONGEST_USE: Duration = Duration::from_mins(1);

/// Goes round until the gateway is gone.
pub(super) async fn go(gateway: Weak<Gateway>, certificate: Option<Arc<Certificate>>) {
    let mut said = Said::default();
    loop {
        if let Some(gateway) = gateway.upgrade()
            && let Some(report) = gateway.rules.report()
        {
            said.tell(Said::of(&report, gateway.config.reload.poll_only));
        }
        tokio::time::sleep(ROUND).await;
        if gateway.strong_count() == 0 {
            return;
        }
        if let Some(certificate) = certificate.clone() {
            match tokio::task::spawn_blocking(move || certificate.refresh()).await {
                Ok(Ok(true)) => tracing::info!("another certificate is served"),
                Ok(Err(wrong)) => tracing::error!("the certificate in use stays: {wrong}"),
                Ok(Ok(false)) | Err(_) => {}
            }
        }
    }
}

/// What is so, and what was said of it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Said {
    /// Old versions are in use for too long, or too many of them.
    lingers: Option<String>,
    /// Changes are noticed by the poll alone, and nobody asked for that.
    polls: Option<String>,
    /// The last good set is not on the disk.
    not_kept: Option<String>,
}

impl Said {
    fn of(report: &Report, asked_to_poll: bool) -> Self {
        Self {
            lingers: lingering(report.alive, report.oldest),
            polls: match &report.watching {
                Watching::Poll(why) if !asked_to_poll => Some(why.clone()),
                Watching::Poll(_) | Watching::Events => None,
            },
            not_kept: report.not_kept.clone(),
        }
    }

    fn tell(&mut self, now: Self) {
        match (&self.lingers, &now.lingers) {
            (None, Some(how)) => tracing::warn!("old rules are still in use: {how}"),
            (Some(_), None) => tracing::info!("only the rules in force are in use again"),
            (None, None) | (Some(_), Some(_)) => {}
        }
        if let Some(why) = now.polls.as_ref().filter(|_| self.polls.is_none()) {
            tracing::warn!("until a restart, changed rules are noticed by comparing contents: {why}");
        }
        match (&self.not_kept, &now.not_kept) {
            (before, Some(why)) if before.as_ref() != Some(why) => tracing::warn!("{why}"),
            (Some(_), None) => tracing::info!("the last good rule set is kept again"),
            (None, None) | (Some(_) | None, Some(_)) => {}
        }
        *self = now;
    }
}

/// Why the versions in use are an alarm: a push or a replay that does not end holds one.
fn lingering(alive: usize, oldest: Option<Duration>) -> Option<String> {
    if let Some(oldest) = oldest.filter(|oldest| *oldest > LONGEST_USE) {
        return Some(format!("one was replaced {} s ago", oldest.as_secs()));
    }
    (alive > MOST_VERSIONS).then(|| format!("there are {alive} versions at once"))
}

#[cfg(test)]
mod tests {
    use super::lingering;
    use std::time::Duration;

    #[test]
    fn one_version_for_long_or_several_at_once_is_an_alarm() {
        let of = |alive, oldest: Option<u64>| lingering(alive, oldest.map(Duration::from_secs)).is_some();
        assert!(!of(1, None) && !of(2, Some(60)) && !of(3, Some(1)));
        assert!(of(2, Some(61)) && of(4, Some(1)));
    }
}
