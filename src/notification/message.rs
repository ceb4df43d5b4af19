//! Messages: the news of a group, or in a storm of several, told at once.

use super::record::{AlertId, GroupId, MessageId, NewsKind};
use super::timing::TimingReason;
use crate::event::{AlertStatus, Severity};
use crate::time::Timestamp;

/// Why a message was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageReason {
    /// An alert fires that was not told.
    New,
    /// An alert is worse than was told.
    Worse,
    /// A repetition that says, too, that something is less bad.
    Better,
    /// What was told is over.
    Resolved,
    /// What was told fires still.
    Repeat,
    /// A mute or silence ended, and what it held fires still.
    Unmuted,
    /// An alert fires that another channel did not tell.
    Fallback,
    /// Too much was due at once.
    Storm,
}

impl MessageReason {
    /// All reasons.
    pub const ALL: [Self; 8] = [
        Self::New,
        Self::Worse,
        Self::Better,
        Self::Resolved,
        Self::Repeat,
        Self::Unmuted,
        Self::Fallback,
        Self::Storm,
    ];

    /// Its name, as `group.reason`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Worse => "worse",
            Self::Better => "better",
            Self::Resolved => "resolved",
            Self::Repeat => "repeat",
            Self::Unmuted => "unmuted",
            Self::Fallback => "fallback",
            Self::Storm => "storm",
        }
    }
}

/// An alert in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageNews {
    /// Which.
    pub alert: AlertId,
    /// Its group.
    pub group: GroupId,
    /// What is news of it.
    pub kind: NewsKind,
    /// What the channel had been told before.
    pub before: Option<Severity>,
    /// What it is told: its severity while it fires.
    pub now: Option<Severity>,
    /// Since when it was news; where it is told Critical, since when it was Critical.
    pub since: Timestamp,
}

/// A message that was made. It is never changed or withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRecord {
    /// Its id.
    pub id: MessageId,
    /// When it was made.
    pub at: Timestamp,
    /// Why.
    pub reason: MessageReason,
    /// Why it was made at that time.
    pub timing: TimingReason,
    /// The groups that it tells of; more than one in a storm.
    pub groups: Vec<GroupId>,
    /// What it tells; nothing where it is a repetition.
    pub news: Vec<MessageNews>,
    /// Firing while anything that was told fires.
    pub status: AlertStatus,
    /// The worst severity that was told and fires; of a recovery, the worst that had been told.
    pub severity: Severity,
    /// Alerts that fire and were told, after this message.
    pub firing: u32,
    /// Those of them that were told Critical.
    pub critical: u32,
    /// Alerts whose end it tells.
    pub resolved: u32,
    /// Alerts that fire, were not told, and are held.
    pub muted: u32,
    /// Changes since the last message of these groups.
    pub changes: u32,
    /// When the first of the groups began.
    pub since: Timestamp,
}

impl MessageRecord {
    /// The worst of its news that fires.
    #[must_use]
    pub fn worst_news(&self) -> Option<Severity> {
        self.news.iter().filter_map(|news| news.now).max()
    }
}

/// How a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageEnd {
    /// It was delivered.
    Delivered,
    /// It was given up because of its age.
    Expired,
    /// The receiver refused it.
    Refused,
    /// Its channel left the rules before it was delivered: no receiver refused it.
    Removed,
    /// An operator dropped it.
    Dropped,
}
