//! Silences: what operators keep from being told for a time.
//!
//! A silence is never changed, only extended or ended, so that who silenced what is known for as long as events are kept.

use crate::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use ulid::Ulid;

/// How long nothing may fire that a silence holds before `until_resolved` ends it.
pub const RESOLVED_AFTER: Duration = Duration::from_mins(5);

/// Names a silence: `01J…`. Ids rise with the time at which silences were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SilenceId(pub Ulid);

impl fmt::Display for SilenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SilenceId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ulid::from_string(text).map(Self).map_err(|_| {
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
    /// Whether it ends before, once nothing that it holds has fired for [`RESOLVED_AFTER`].
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
    pub ended: Option<SilenceEnd>,
    /// With `until_resolved`: since when nothing fires that it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_since: Option<Timestamp>,
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
pub struct SilenceEnd {
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

/// What a silence does at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SilenceState {
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
    pub fn state(&self, now: Timestamp) -> SilenceState {
        if self.ended.is_some() || self.until <= now {
            SilenceState::Ended
        } else if self.from > now {
            SilenceState::Pending
        } else {
            SilenceState::Active
        }
    }

    /// Whether it holds what it matches in that channel.
    #[must_use]
    pub fn covers(&self, channel: &str) -> bool {
        self.channels.is_empty() || self.channels.iter().any(|covered| covered == channel)
    }

    /// The next moment after that one at which it begins, or ends by itself.
    #[must_use]
    pub fn next_change(&self, after: Timestamp) -> Option<Timestamp> {
        if self.ended.is_some() {
            return None;
        }
        let resolved = self.quiet_since.filter(|_| self.until_resolved).map(|since| since.max(self.from));
        let resolved = resolved.map(|since| since.saturating_add(RESOLVED_AFTER));
        let moments = [Some(self.from), Some(self.until), resolved];
        moments.into_iter().flatten().filter(|moment| *moment > after).min()
    }

    /// How it ends by itself at that time or before; nothing where it goes on.
    #[must_use]
    pub fn due_end(&self, now: Timestamp) -> Option<SilenceEnd> {
        if self.ended.is_some() {
            return None;
        }
        let quiet = self.quiet_since.filter(|_| self.until_resolved).map(|since| since.max(self.from));
        let resolved = quiet.map(|since| since.saturating_add(RESOLVED_AFTER)).filter(|end| *end <= now);
        let (at, cause) = match resolved {
            Some(at) if at < self.until => (at, SilenceEndCause::Resolved),
            Some(_) | None if self.until <= now => (self.until, SilenceEndCause::Time),
            Some(_) | None => return None,
        };
        Some(SilenceEnd { at, cause, by: None })
    }
}

/// The silences that did not end, in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilenceList {
    /// Differs from that of every other list of this process.
    pub number: u64,
    /// The silences.
    pub silences: Vec<Silence>,
}

/// The number of the last list. The first list, without silences, has the number 0.
static LAST_LIST: AtomicU64 = AtomicU64::new(0);

impl SilenceList {
    /// A list with a number of its own.
    #[must_use]
    pub fn new(mut silences: Vec<Silence>) -> Self {
        silences.sort_by_key(|silence| silence.id);
        let number = if silences.is_empty() { 0 } else { LAST_LIST.fetch_add(1, Ordering::Relaxed) + 1 };
        Self { number, silences }
    }

    /// A list with that silence in it, or in the place of the one with its id; without it where it ended.
    #[must_use]
    pub fn with(&self, silence: &Silence) -> Self {
        let mut silences: Vec<Silence> = self.silences.iter().filter(|one| one.id != silence.id).cloned().collect();
        if silence.ended.is_none() {
            silences.push(silence.clone());
        }
        Self::new(silences)
    }

    /// A silence.
    #[must_use]
    pub fn get(&self, id: SilenceId) -> Option<&Silence> {
        let position = self.silences.binary_search_by_key(&id, |silence| silence.id).ok()?;
        self.silences.get(position)
    }
}

impl Default for SilenceList {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::{Silence, SilenceEndCause, SilenceId, SilenceList, SilenceState};
    use crate::time::Timestamp;
    use ulid::Ulid;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_epoch_milliseconds(seconds * 1_000)
    }

    fn silence() -> Silence {
        Silence {
            id: SilenceId(Ulid::from_parts(1, 1)),
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
        }
    }

    #[test]
    fn a_silence_begins_and_ends_by_its_times() {
        let silence = silence();
        let states = [99, 100, 999, 1_000].map(|moment| silence.state(at(moment)));
        assert_eq!(states, [SilenceState::Pending, SilenceState::Active, SilenceState::Active, SilenceState::Ended]);
        assert_eq!(
            [99, 100, 1_000].map(|moment| silence.next_change(at(moment))),
            [Some(at(100)), Some(at(1_000)), None]
        );
        assert_eq!(silence.due_end(at(999)), None);
        let end = silence.due_end(at(2_000)).unwrap();
        assert_eq!((end.at, end.cause), (at(1_000), SilenceEndCause::Time));
    }

    #[test]
    fn until_resolved_ends_five_minutes_after_nothing_fires_but_not_before_it_began() {
        let quiet = |since| Silence { until_resolved: true, quiet_since: Some(at(since)), ..silence() };
        assert_eq!(quiet(0).next_change(at(100)), Some(at(400)));
        assert_eq!(quiet(0).due_end(at(399)), None);
        let end = quiet(200).due_end(at(600)).unwrap();
        assert_eq!((end.at, end.cause), (at(500), SilenceEndCause::Resolved));
        let end = quiet(900).due_end(at(2_000)).unwrap();
        assert_eq!((end.at, end.cause), (at(1_000), SilenceEndCause::Time), "its time was over before");
    }

    #[test]
    fn a_list_has_a_number_of_its_own_and_no_silence_that_ended() {
        let empty = SilenceList::default();
        assert_eq!(empty.number, 0);
        let one = empty.with(&silence());
        assert_ne!(one.number, one.with(&silence()).number);
        assert_eq!(one.get(silence().id), Some(&silence()));
        let ended = Silence { ended: silence().due_end(at(1_000)), ..silence() };
        assert_eq!(one.with(&ended).silences, []);
    }
}
