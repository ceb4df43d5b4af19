//! Timestamps and their spellings, time zones from the bundled database, schedules.
//!
//! Zones never come from the system, so that a rule set means the same on every machine. Nothing here reads a clock:
//! [`Clock`] is a trait, and the caller passes the time of evaluation.

mod clock;
mod day;
mod schedule;
mod timestamp;
mod zone;

pub use clock::Clock;
pub use day::{Day, MINUTES_PER_DAY, minutes};
pub use schedule::{MinuteRange, ScheduleEffect, ScheduleEntry, ScheduleWindows};
pub use timestamp::Timestamp;
pub use zone::Zone;

/// Why a zone, day, time or window is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleError {
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// How to fix it, if that is known.
    pub help: Option<String>,
    /// The text to replace it with.
    pub replacement: Option<String>,
}

impl ScheduleError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, replacement: None }
    }

    /// Adds a replacement for the text.
    fn replacement(mut self, text: impl Into<String>) -> Self {
        self.replacement = Some(text.into());
        self
    }

    fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
}
