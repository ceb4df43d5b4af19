//! Storms: where more is due than single messages can tell, all of it becomes one message, and the next one waits longer.

use super::record::{ChannelRecord, StormRecord};
use crate::channel::NotificationPolicy;
use crate::time::Timestamp;
use std::time::Duration;

/// The pause between two messages of a storm: at first, and where one brings Critical news. It doubles with each message.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// For how long messages count for the rate.
pub(super) const RATE_WINDOW: Duration = Duration::from_mins(1);

/// What is due in a channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct StormLoad {
    /// How many groups, as far as they are counted.
    pub(super) groups: usize,
    /// Whether one of them has Critical news.
    pub(super) has_critical: bool,
}

/// How what is due is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TellingMode {
    /// A message for one group.
    Single,
    /// One message for all that is due.
    Together,
    /// Not before that time.
    NotBefore(Timestamp),
}

/// How many due groups are worth counting: more are a storm in any case.
pub(super) fn most_counted(policy: &NotificationPolicy) -> usize {
    let pauses = LONGEST_PAUSE.as_secs().div_ceil(RATE_WINDOW.as_secs());
    let calm = u64::from(policy.calm_rate()).saturating_mul(pauses).saturating_add(1);
    if policy.gathers_storms { usize::try_from(calm).unwrap_or(usize::MAX) } else { 1 }
}

/// How what is due now is told, and the storm that there is then.
pub(super) fn telling_mode(
    policy: &NotificationPolicy,
    channel: &ChannelRecord,
    load: StormLoad,
    now: Timestamp,
) -> (TellingMode, Option<StormRecord>) {
    if !policy.gathers_storms {
        return (TellingMode::Single, None);
    }
    if let Some(storm) = channel.storm.filter(|storm| now < calm_at(policy, *storm, load.groups)) {
        let next = storm.last.saturating_add(pause(storm, load.has_critical));
        return if now < next {
            (TellingMode::NotBefore(next.min(calm_at(policy, storm, load.groups))), Some(storm))
        } else {
            (TellingMode::Together, Some(StormRecord { last: now, messages: storm.messages.saturating_add(1) }))
        };
    }
    let calm = usize::try_from(policy.calm_rate()).unwrap_or(usize::MAX);
    if load.groups > calm.saturating_sub(channel.recent.len()) {
        (TellingMode::Together, Some(StormRecord { last: now, messages: 1 }))
    } else {
        (TellingMode::Single, None)
    }
}

/// When single messages can tell so many groups again: a calm rate since the last message of the storm would have.
fn calm_at(policy: &NotificationPolicy, storm: StormRecord, groups: usize) -> Timestamp {
    let groups = u32::try_from(groups).unwrap_or(u32::MAX);
    storm.last.saturating_add(RATE_WINDOW.saturating_mul(groups) / policy.calm_rate())
}

fn pause(storm: StormRecord, has_critical: bool) -> Duration {
    if has_critical {
        return FIRST_PAUSE;
    }
    let doubled = 1_u32.checked_shl(storm.messages.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE)
}
