//! Messages and groups of channels that gather them, as operators list them.

use super::{
    ChannelPause, ChannelPolicies, EventId, GroupValueText, MessageState, MessageUlid, OperatorDrop, ReadResult,
    StoredHoldReason,
};
use crate::notification::{GroupId, TimingReason};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Which messages are meant. What is not given does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// This one.
    pub id: Option<MessageUlid>,
    /// Of this channel.
    pub channel: Option<String>,
    /// From this time on.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// Older than this one, for the next page.
    pub before: Option<MessageUlid>,
    /// At most so many.
    pub limit: usize,
}

/// A message, without its alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageSummary {
    /// Its id.
    pub id: MessageUlid,
    /// Its channel.
    pub channel: String,
    /// When it was made.
    pub at: Timestamp,
    /// Why: `group.reason`.
    pub reason: String,
    /// `Firing` while anything that was told fires.
    pub status: String,
    /// The worst severity that was told and fires; of a recovery, the worst that had been told.
    pub severity: String,
    /// Its title, as it was sent; nothing where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The values of its group; none where its alert stands alone, and in a storm.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub group: Vec<GroupValueText>,
    /// How many groups it tells of; more than one in a storm.
    pub groups: u32,
    /// Of how many alerts it is news.
    pub alerts: u32,
    /// Alerts that were notified and fire, after it.
    pub firing: u32,
    /// Those of them that were told Critical.
    pub critical: u32,
    /// Alerts whose end it tells.
    pub resolved: u32,
    /// Alerts that fire, were not told, and are held.
    pub muted: u32,
    /// Changes since the message before.
    pub changes: u32,
    /// What became of it.
    pub state: MessageState,
    /// Who dropped it, where an operator did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<OperatorDrop>,
    /// Why it was made at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timing: Option<TimingReason>,
}

/// An alert of which a message was news, by its last event then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldAlertSummary {
    /// The event.
    pub event: EventId,
    /// The integration.
    pub integration: String,
    /// The alert key.
    pub key: String,
    /// `Critical`, `Warning`, `Info` or `Ok`.
    pub event_status: String,
    /// The title.
    pub title: String,
}

/// A page of the alerts of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToldAlertPage {
    /// What was found. Alerts whose event is not kept any more are left out.
    pub alerts: Vec<ToldAlertSummary>,
    /// The next page is after this place; nothing where there is none.
    pub next: Option<i64>,
}

/// A place in the list of groups, which begins with those that changed last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupPlace {
    /// When the group changed last.
    pub changed: Timestamp,
    /// The group.
    pub id: GroupId,
}

/// A group of a channel, with what it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSummary {
    /// Its channel.
    pub channel: String,
    /// Its id: 32 hexadecimal digits.
    pub id: String,
    /// The values of `group_by`; none where an alert stands alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<GroupValueText>,
    /// The title of the alert that stands alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// When it began.
    pub since: Timestamp,
    /// When something changed last.
    pub changed: Timestamp,
    /// Alerts that were notified and fire.
    pub firing: u32,
    /// Those of them that were told Critical.
    pub critical: u32,
    /// Alerts with news that is not told.
    pub news: u32,
    /// Alerts that fire, were not told, and are held.
    pub muted: u32,
    /// When it is told next, if nothing changes and as far as that is known; a moment that has passed means now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Why then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timing: Option<TimingReason>,
    /// The pause of its channel, for which it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<ChannelPause>,
    /// What holds one of its alerts, where some are held and nothing else is to be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<StoredHoldReason>,
    /// Its last message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageUlid>,
    /// When that was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_at: Option<Timestamp>,
    /// Whether a message of it is on its way: until that is settled, no other is made.
    pub is_undelivered: bool,
}

/// Messages and groups.
#[expect(clippy::missing_errors_doc, reason = "every method fails where the store does, and only then")]
pub trait MessageReader: Send + Sync {
    /// Messages, the newest first.
    fn messages(&self, filter: &MessageFilter) -> ReadResult<Vec<MessageSummary>>;

    /// Alerts of which a message was news, at most so many after that place, in the order in which they were told.
    fn told_alerts(&self, message: MessageUlid, after: i64, limit: usize) -> ReadResult<ToldAlertPage>;

    /// Groups of a channel, or of all, by these policies; those that changed last come first; at most so many after that place.
    fn group_page(
        &self,
        channel: Option<&str>,
        after: Option<GroupPlace>,
        limit: usize,
        policies: &ChannelPolicies,
    ) -> ReadResult<Vec<GroupSummary>>;
}
