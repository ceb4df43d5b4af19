//! When and how often a channel tells people about alerts: the parameters that every kind takes, as data.

use std::num::NonZeroU32;
use std::time::Duration;

/// When what still fires is told again although nothing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatPolicy {
    /// Every event goes out as it comes. Nothing is gathered, and nothing is told again.
    EveryEvent,
    /// Never.
    Never,
    /// So long after the last message.
    After(Duration),
}

/// How long news gathers. The range doubles with each message of a group, from `low` up to `high`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitRange {
    /// The first wait.
    pub low: Duration,
    /// The longest wait; at least `low`. Where nothing in the group changed for so long, the next wait is `low` again.
    pub high: Duration,
}

impl WaitRange {
    /// No wait.
    pub const NONE: Self = Self { low: Duration::ZERO, high: Duration::ZERO };

    /// The wait after so many messages.
    #[must_use]
    pub fn after(self, messages: u32) -> Duration {
        self.low.saturating_mul(1_u32.checked_shl(messages).unwrap_or(u32::MAX)).min(self.high)
    }
}

/// Whether the end of one alert of a group is news by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoveryPolicy {
    /// The end of the last one is; the others go along with other messages.
    Group,
    /// Each is.
    Each,
    /// None is told.
    Never,
}

/// When and how often a channel tells people about alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotificationPolicy {
    /// When what still fires is told again.
    pub repeat: RepeatPolicy,
    /// How long news gathers.
    pub wait: WaitRange,
    /// How long news gathers that makes its group Critical; at most the lower end of `wait`.
    pub wait_critical: Duration,
    /// Whether the end of one alert of a group is news by itself.
    pub recoveries: RecoveryPolicy,
    /// The most messages in a minute, where there is a limit.
    pub rate: Option<NonZeroU32>,
    /// Whether people read the channel itself, so that many messages at once become one.
    pub gathers_storms: bool,
    /// How long news may be due and undelivered before the channel's fallback is told of it; nothing without a fallback.
    pub fallback_after: Option<Duration>,
}

impl NotificationPolicy {
    /// Every event goes out as it comes.
    pub const EVERY_EVENT: Self = Self {
        repeat: RepeatPolicy::EveryEvent,
        wait: WaitRange::NONE,
        wait_critical: Duration::ZERO,
        recoveries: RecoveryPolicy::Group,
        rate: None,
        gathers_storms: false,
        fallback_after: None,
    };

    /// How many messages in a minute are not a storm: a third of the rate, from 1 to 10.
    #[must_use]
    pub fn calm_rate(self) -> u32 {
        self.rate.map_or(10, |rate| (rate.get() / 3).clamp(1, 10))
    }
}
