//! The records of holds.

use crate::notification::AlertId;
use crate::notification::digest::digest;
use crate::time::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;

/// For how long a source counts after it was last heard of. Where its integration has a shorter `resolve_timeout`, its alert is
/// over by then: the clock ends it, and with it the source. That time is listening time, so a gateway that was away releases
/// nothing because of it.
pub const SOURCE_COUNTS_FOR: Duration = Duration::from_hours(24);

/// For how long nothing that a silence of `--until-resolved` holds must have fired before it ends.
pub(super) const QUIET_BEFORE_END: Duration = Duration::from_mins(5);

/// A mute with `while` and one list of the values after `same`: a digest of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub [u8; 16]);

impl SourceId {
    /// The source of a mute with these values, in the order of `same`.
    #[must_use]
    pub fn of<'t>(mute: &'t str, same: impl IntoIterator<Item = &'t str>) -> Self {
        Self(digest(b"source", std::iter::once(mute).chain(same)))
    }
}

/// A silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SilenceId(pub [u8; 16]);

/// By what the candidates of alerts are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HolderId {
    /// A mute with `while`, and values.
    Source(SourceId),
    /// A silence.
    Silence(SilenceId),
}

/// A mute whose `when` holds of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MuteCandidate {
    /// Its name.
    pub mute: String,
    /// The file and the line of its declaration.
    pub place: String,
    /// What must count for the mute to hold the alert; nothing for a mute without `while`, which holds it in any case.
    pub source: Option<SourceId>,
    /// The channels to which it is restricted; nothing where it counts in all.
    pub channels: Option<Vec<String>>,
    /// Why, in the words of the mute.
    pub because: String,
}

/// What may hold an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldCandidate {
    /// A mute.
    Mute(MuteCandidate),
    /// A silence.
    Silence(SilenceId),
}

impl HoldCandidate {
    /// By what the alert is found when this begins or ends to hold; nothing where only the alert's facts can say so.
    #[must_use]
    pub fn holder(&self) -> Option<HolderId> {
        match self {
            Self::Mute(mute) => mute.source.map(HolderId::Source),
            Self::Silence(silence) => Some(HolderId::Silence(*silence)),
        }
    }
}

/// A source of which an alert is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceRole {
    /// The source.
    pub source: SourceId,
    /// For how long the mute holds after the last such alert ended.
    pub until_after: Duration,
}

/// What the rules and the silences say of the last event of an alert that fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertFacts {
    /// What may hold it: mutes whose `when` holds and whose `while` does not, each with every value after `same`, and silences
    /// that are not over.
    pub candidates: Vec<HoldCandidate>,
    /// Of which sources it is one.
    pub roles: Vec<SourceRole>,
    /// For how long it counts as a source after it was last heard of.
    pub counts_for: Duration,
}

impl Default for AlertFacts {
    fn default() -> Self {
        Self { candidates: Vec::new(), roles: Vec::new(), counts_for: SOURCE_COUNTS_FOR }
    }
}

impl AlertFacts {
    /// Whether nothing may hold the alert, and it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.candidates.is_empty() && self.roles.is_empty()
    }

    /// About how many bytes of memory they take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let candidate = |candidate: &HoldCandidate| match candidate {
            HoldCandidate::Silence(_) => 0,
            HoldCandidate::Mute(MuteCandidate { mute, place, channels, because, .. }) => {
                let channels: usize = channels.iter().flatten().map(|name| size_of::<String>() + name.len()).sum();
                mute.len() + place.len() + because.len() + channels
            }
        };
        let texts: usize = self.candidates.iter().map(candidate).sum();
        texts + size_of_val(self.candidates.as_slice()) + size_of_val(self.roles.as_slice())
    }

    /// The sources that may hold it.
    pub(super) fn sources(&self) -> impl Iterator<Item = SourceId> {
        self.candidates.iter().filter_map(|candidate| match candidate.holder() {
            Some(HolderId::Source(source)) => Some(source),
            Some(HolderId::Silence(_)) | None => None,
        })
    }

    /// Whether the alert can be in a circle.
    pub(super) fn is_link(&self) -> bool {
        !self.roles.is_empty() && self.sources().next().is_some()
    }

    /// The class of the alert while it counts in these sources; nothing where it can be in no circle.
    pub(super) fn class(&self, counts_in: &BTreeSet<SourceId>) -> Option<LinkClass> {
        let held_by: BTreeSet<(SourceId, Option<&[String]>)> = self
            .candidates
            .iter()
            .filter_map(|candidate| match candidate {
                HoldCandidate::Mute(mute) => mute.source.map(|source| (source, mute.channels.as_deref())),
                HoldCandidate::Silence(_) => None,
            })
            .collect();
        if held_by.is_empty() || counts_in.is_empty() {
            return None;
        }
        let mut parts: Vec<&[u8]> = Vec::new();
        for (source, channels) in &held_by {
            parts.push(&source.0);
            parts.push(if channels.is_some() { b"in" } else { b"" });
            parts.extend(channels.iter().copied().flatten().map(String::as_bytes));
        }
        parts.push(b"counts in");
        parts.extend(counts_in.iter().map(|source| source.0.as_slice()));
        Some(LinkClass(digest(b"class", parts)))
    }
}

/// An alert that fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiringAlert {
    /// Since when.
    pub since: Timestamp,
    /// Its key, for explanations and for the order of circles.
    pub key: String,
    /// What is said of it.
    pub facts: AlertFacts,
}

/// Alerts that may be held by the same sources, in the same channels, and count in the same sources: in a circle of one of them
/// are all. A digest of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkClass(pub [u8; 16]);

/// The order of the alerts of a circle: the one that fired first, then the one with the smallest key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkRank {
    /// Since when it fires.
    pub since: Timestamp,
    /// Its key.
    pub key: String,
    /// Its id.
    pub alert: AlertId,
}

/// Whether an alert with a role can be in a circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceKind {
    /// No source may hold it, or it does not fire or count.
    Plain,
    /// It fires and counts, and a source may hold it too.
    Link,
}

/// Whether and until when an alert counts in one of its roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceState {
    /// It fires, and counts until then unless it is heard of again.
    Firing {
        /// Until when.
        until: Timestamp,
    },
    /// It ended, or nothing was heard of it for too long, and it counts until then: `until … after`.
    Ended {
        /// When it ended.
        at: Timestamp,
        /// Until when.
        until: Timestamp,
    },
    /// It fires, but nothing was heard of it for too long: it does not count.
    Expired {
        /// Since when.
        at: Timestamp,
    },
}

/// An alert in one of its roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRecord {
    /// Whether it counts.
    pub state: SourceState,
    /// For how long it counts after its end.
    pub until_after: Duration,
    /// Its class, while it counts and a source may hold it too.
    pub class: Option<LinkClass>,
    /// Since when it fires, or fired.
    pub since: Timestamp,
    /// Its key.
    pub key: String,
}

impl SourceRecord {
    /// Whether it can be in a circle.
    #[must_use]
    pub fn kind(&self) -> SourceKind {
        if self.class.is_some() { SourceKind::Link } else { SourceKind::Plain }
    }

    /// Whether it counts.
    #[must_use]
    pub fn counts(&self) -> bool {
        match self.state {
            SourceState::Firing { .. } | SourceState::Ended { .. } => true,
            SourceState::Expired { .. } => false,
        }
    }

    /// Whether it counts because it fires.
    #[must_use]
    pub fn fires(&self) -> bool {
        matches!(self.state, SourceState::Firing { .. })
    }

    /// Its place in the order of the alerts of a circle.
    #[must_use]
    pub fn rank(&self, alert: AlertId) -> LinkRank {
        LinkRank { since: self.since, key: self.key.clone(), alert }
    }

    /// When it ends to count by the clock.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        match self.state {
            SourceState::Firing { until } | SourceState::Ended { until, .. } => Some(until),
            SourceState::Expired { .. } => None,
        }
    }
}

/// What ends a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SilenceEnd {
    /// Its time, or an operator.
    Time,
    /// The same, and that nothing that it holds has fired for 5 minutes.
    Resolved,
}

/// Whether a silence holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SilenceState {
    /// Not yet.
    Scheduled,
    /// It does.
    Active,
    /// No more.
    Over {
        /// Since when.
        at: Timestamp,
    },
}

/// A silence, as far as it decides what is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilenceRecord {
    /// When it begins.
    pub from: Timestamp,
    /// When it ends at the latest.
    pub until: Timestamp,
    /// The channels to which it is restricted; nothing where it counts in all.
    pub channels: Option<Vec<String>>,
    /// Why, in the words of who added it.
    pub because: String,
    /// What ends it.
    pub end: SilenceEnd,
    /// Whether it holds.
    pub state: SilenceState,
    /// Since when nothing fires that it holds; kept for silences that end by it.
    pub quiet_since: Option<Timestamp>,
}

impl SilenceRecord {
    /// When it begins or ends by the clock; nothing once it is over.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        match self.state {
            SilenceState::Scheduled => Some(self.from.min(self.until)),
            SilenceState::Active => {
                let quiet = self.quiet_since.filter(|_| self.end == SilenceEnd::Resolved);
                let resolved = quiet.map(|since| since.saturating_add(QUIET_BEFORE_END));
                Some(resolved.map_or(self.until, |resolved| resolved.min(self.until)))
            }
            SilenceState::Over { .. } => None,
        }
    }
}

/// Whether a restriction to channels admits one.
pub(super) fn admits(channels: Option<&Vec<String>>, channel: &str) -> bool {
    channels.is_none_or(|channels| channels.iter().any(|name| name == channel))
}
