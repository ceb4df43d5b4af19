//! The parameters that every kind takes: when and how often a channel tells people about alerts.

use super::ChannelKind;
use super::notification_policy::RepeatPolicy;
use super::parameter::{ParameterDefault, ParameterKind, ParameterSpec, ValueRange};
use std::time::Duration;

/// The parameters, in the order of the reference.
pub const PARAMETERS: &[ParameterSpec] = &[REPEAT, GROUP_BY, WAIT, WAIT_CRITICAL, RECOVERIES, FALLBACK, FALLBACK_AFTER];

/// When what still fires is told again although nothing changed.
pub const REPEAT: ParameterSpec = ParameterSpec::optional(
    "repeat",
    ParameterKind::DurationOr(ValueRange::new(60, 365 * DAY), &[NEVER, EVERY_EVENT]),
    "When an alert that still fires is told again although nothing changed, counted from the last message. `\"never\"`: not at all. `\"every_event\"`: every event goes out as it comes, and `group_by`, `wait`, `wait_critical` and `recoveries` cannot be given.",
)
.with_default(ParameterDefault::Described(match CHAT_REPEAT {
    RepeatPolicy::EveryEvent => "`\"every_event\"`",
    RepeatPolicy::Never | RepeatPolicy::After(_) => {
        "`24h` for `dingtalk`, `feishu`, `slack` and `wecom`, `\"every_event\"` for all others"
    }
}));

/// The values that alerts have in common which are told together.
pub const GROUP_BY: ParameterSpec = ParameterSpec::optional(
    "group_by",
    ParameterKind::EventValues(ValueRange::new(1, 5)),
    "Alerts with the same values are told together. An alert that lacks one of the values stands alone. The values are those of its first firing, until its end is delivered.",
)
.with_default(ParameterDefault::Described("every alert by itself"));

/// How long news gathers.
pub const WAIT: ParameterSpec = ParameterSpec::optional(
    "wait",
    ParameterKind::DurationRange(LONGEST_WAIT),
    "How long news gathers before it is told. A range doubles with each message of the group, and starts anew once nothing in the group changed for its upper end. An alert that is over before its wait ends is not told.",
)
.with_default(ParameterDefault::Seconds(0));

/// How long news gathers that makes its group Critical.
pub const WAIT_CRITICAL: ParameterSpec = ParameterSpec::optional(
    "wait_critical",
    ParameterKind::Duration(LONGEST_WAIT),
    "The same for news that makes its group Critical; at most `wait`, or the lower end of its range. Without it, a Critical does not wait.",
)
.with_default(ParameterDefault::Seconds(0));

/// Whether the end of one alert of a group is news by itself.
pub const RECOVERIES: ParameterSpec = ParameterSpec::optional(
    "recoveries",
    ParameterKind::OneOf(&[GROUP, EACH, NEVER]),
    "Whether the end of an alert is told: `\"group\"`, when the last alert of its group ends, and before that along with other messages; `\"each\"`, by itself; `\"never\"`, not at all.",
)
.with_default(ParameterDefault::Text(GROUP));

/// The channel that is told instead.
pub const FALLBACK: ParameterSpec = ParameterSpec::optional(
    "fallback",
    ParameterKind::Channel,
    "The channel that is told instead where a message is given up, or where news has been due for `fallback_after` and is not delivered. The alerts are open there, too, until they are over, and each channel is told the end of what it was told.",
);

/// How long news may be due and undelivered before the fallback is told.
pub const FALLBACK_AFTER: ParameterSpec = ParameterSpec::optional(
    "fallback_after",
    ParameterKind::Duration(ValueRange::new(1, DAY)),
    "How long news may be due, and not delivered, before the channel of `fallback` is told. A pause of the channel does not stop it.",
)
.with_default(ParameterDefault::Seconds(DEFAULT_FALLBACK_AFTER.as_secs()));

/// What `fallback_after` is by default.
pub const DEFAULT_FALLBACK_AFTER: Duration = Duration::from_mins(5);

/// The value of `repeat` and `recoveries` that turns them off.
pub const NEVER: &str = "never";
/// The value of `repeat` with which nothing is gathered.
pub const EVERY_EVENT: &str = "every_event";
/// The value of `recoveries` by default.
pub const GROUP: &str = "group";
/// The value of `recoveries` that tells each end.
pub const EACH: &str = "each";

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;
const LONGEST_WAIT: ValueRange = ValueRange::new(0, DAY);

/// What `repeat` is by default in the kinds that people read themselves: a day, so that nothing that fires is forgotten.
const CHAT_REPEAT: RepeatPolicy = RepeatPolicy::After(Duration::from_secs(DAY));

/// Who gets what is sent to a channel of some kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// People read the channel itself, so many messages at once become one.
    People,
    /// A program, which may tell people in its own way.
    Programs,
}

impl ChannelKind {
    /// What `repeat` is where the rules do not give it.
    #[must_use]
    pub fn default_repeat(&self) -> RepeatPolicy {
        match self.audience {
            Audience::People => CHAT_REPEAT,
            Audience::Programs => RepeatPolicy::EveryEvent,
        }
    }

    /// Its own parameters, then those of every kind, in the order of the reference.
    pub fn all_parameters(&self) -> impl Iterator<Item = &'static ParameterSpec> + use<> {
        self.parameters.iter().chain(PARAMETERS)
    }
}
