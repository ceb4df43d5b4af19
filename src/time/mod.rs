//! Timestamps and the formats in which they are sent, durations, time zones, schedules.
//!
//! The zones of rules come from the bundled database and never from the system, so a rule set means the same on every
//! machine. The zone of a machine is only for what people read on it. Nothing
//! here reads the system's clock: [`Clock`] is a trait, and callers pass the time of evaluation.

mod boundaries;
mod change;
mod clock;
mod day;
mod duration;
mod form;
mod moments;
mod schedule;
mod span;
mod timestamp;
mod zone;

pub use clock::Clock;
pub use day::{Day, MINUTES_PER_DAY, minutes};
pub use duration::{DurationText, corrected_duration, duration};
pub use form::check_form;
pub use moments::telling_moments;
pub use schedule::{DayInterval, MinuteRange, ScheduleEffect, ScheduleEntry, ScheduleHours, ScheduleWindows};
pub use span::{DaySpan, DaySpanError, DayTime};
pub use timestamp::Timestamp;
pub use zone::Zone;

/// Why a zone, day, time or window is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleError {
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// How to fix it, if that is known.
    pub help: Option<String>,
    /// The text to write instead, if that fixes it.
    pub replacement: Option<String>,
}

impl ScheduleError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, replacement: None }
    }

    fn replacement(mut self, text: impl Into<String>) -> Self {
        self.replacement = Some(text.into());
        self
    }

    fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
}
