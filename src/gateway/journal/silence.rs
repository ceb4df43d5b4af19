//! Silences: what operators keep from being told for a time.
//!
//! A silence is never changed, only extended or ended, so that who silenced what is known for as long as events are kept.

pub use crate::notification::holds::SilenceId;
use crate::notification::holds::{self, SilenceState};
use crate::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;
use std::str::FromStr;
use ulid::Ulid;

impl fmt::Display for SilenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ulid::from_bytes(self.0).fmt(f)
    }
}

impl FromStr for SilenceId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ulid::from_string(text).map(|ulid| Self(ulid.to_bytes())).map_err(|_| {
            format!("`{text}` is not the id of a silence: expected something like 01KADZ3V9G0000000000000000")
        })
    }
}

impl Serialize for SilenceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SilenceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// A silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Its id.
    pub id: SilenceId,
    /// Which alerts it holds: a condition over the event.
    pub condition: String,
    /// From when it holds them.
    pub from: Timestamp,
    /// Until when, with its extensions.
    pub until: Timestamp,
    /// Whether it ends before, once nothing that it holds has fired for 5 minutes.
    #[serde(default)]
    pub until_resolved: bool,
    /// In which channels; all where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// Why.
    pub because: String,
    /// Who added it.
    pub author: String,
    /// When it was added.
    pub created: Timestamp,
    /// How it was extended, the first extension first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<SilenceExtension>,
    /// When it ended, and why; nothing where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<EndedSilence>,
    /// With `until_resolved`: since when nothing fires that it holds.
    #[serde(skip)]
    pub quiet_since: Option<Timestamp>,
    /// Whether its beginning was noticed.
    #[serde(skip)]
    pub has_begun: bool,
}

/// An extension of a silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilenceExtension {
    /// When it was made.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// The end that the silence has since.
    pub until: Timestamp,
}

/// The end of a silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedSilence {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub cause: SilenceEndCause,
    /// The operator who ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// Why a silence ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SilenceEndCause {
    /// Its time was over.
    Time,
    /// Nothing that it held fired any more.
    Resolved,
    /// An operator ended it.
    Operator,
}

impl SilenceEndCause {
    /// It as logs name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Resolved => "resolved",
            Self::Operator => "operator",
        }
    }
}

/// What a silence does at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SilencePhase {
    /// It begins later.
    Pending,
    /// It holds what it matches.
    Active,
    /// It is over.
    Ended,
}

impl Silence {
    /// What it does at that time.
    #[must_use]
    pub fn phase(&self, now: Timestamp) -> SilencePhase {
        if self.ended.is_some() || self.until <= now {
            SilencePhase::Ended
        } else if self.from > now {
            SilencePhase::Pending
        } else {
            SilencePhase::Active
        }
    }

    /// When it begins or ends by the clock; nothing once it ended.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        self.record_with(None, String::new()).due()
    }

    /// It as far as it decides what is held.
    #[must_use]
    pub fn record(&self) -> holds::SilenceRecord {
        self.record_with((!self.channels.is_empty()).then(|| self.channels.clone()), self.because.clone())
    }

    fn record_with(&self, channels: Option<Vec<String>>, because: String) -> holds::SilenceRecord {
        let state = match &self.ended {
            Some(end) => SilenceState::Over { at: end.at },
            None if self.has_begun => SilenceState::Active,
            None => SilenceState::Scheduled,
        };
        let end = if self.until_resolved { holds::SilenceEnd::Resolved } else { holds::SilenceEnd::Time };
        let (from, until, quiet_since) = (self.from, self.until, self.quiet_since);
        holds::SilenceRecord { from, until, channels, because, end, state, quiet_since }
    }

    /// Takes over what the clock and the alerts made of it.
    pub fn apply(&mut self, record: &holds::SilenceRecord) {
        (self.until, self.quiet_since) = (record.until, record.quiet_since.filter(|_| self.until_resolved));
        self.has_begun |= record.state == SilenceState::Active;
        if let (SilenceState::Over { at }, None) = (record.state, &self.ended) {
            let cause = if at < self.until { SilenceEndCause::Resolved } else { SilenceEndCause::Time };
            self.ended = Some(EndedSilence { at, cause, by: None });
        }
    }

    /// Whether it holds what it matches in that channel.
    #[must_use]
    pub fn covers(&self, channel: &str) -> bool {
        self.channels.is_empty() || self.channels.iter().any(|covered| covered == channel)
    }
}

#[cfg(test)]
mod tests {
    use super::{Silence, SilenceId, SilencePhase};
    use crate::time::Timestamp;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_epoch_milliseconds(seconds * 1_000)
    }

    fn silence() -> Silence {
        Silence {
            id: SilenceId([1; 16]),
            condition: "severity < Critical".to_owned(),
            from: at(100),
            until: at(1_000),
            until_resolved: false,
            channels: Vec::new(),
            because: "deploy 812".to_owned(),
            author: "ops".to_owned(),
            created: at(50),
            extensions: Vec::new(),
            ended: None,
            quiet_since: None,
            has_begun: false,
        }
    }

    #[test]
    fn a_silence_begins_and_ends_by_its_times() {
        let silence = silence();
        let phases = [99, 100, 999, 1_000].map(|moment| silence.phase(at(moment)));
        assert_eq!(phases, [SilencePhase::Pending, SilencePhase::Active, SilencePhase::Active, SilencePhase::Ended]);
    }
}
