//! What the state machine keeps of one channel, wherever that is.

use super::message::MessageRecord;
use super::record::{AlertId, AlertRecord, ChannelRecord, DueClass, GroupId, GroupRecord, MessageId, PassState};
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// The records of one channel. What is written is read again in the same transaction.
///
/// # Errors
/// Every method fails where the store does, and only then.
#[expect(clippy::missing_errors_doc, reason = "the trait says it once")]
pub trait ChannelStore {
    /// Why the store failed.
    type Error;

    /// What is kept of the channel itself.
    fn channel(&self) -> Result<ChannelRecord, Self::Error>;

    /// Replaces it.
    fn set_channel(&mut self, channel: &ChannelRecord) -> Result<(), Self::Error>;

    /// An alert.
    fn alert(&self, id: AlertId) -> Result<Option<AlertRecord>, Self::Error>;

    /// Replaces an alert, or removes it.
    fn set_alert(&mut self, id: AlertId, alert: Option<&AlertRecord>) -> Result<(), Self::Error>;

    /// A group.
    fn group(&self, id: GroupId) -> Result<Option<GroupRecord>, Self::Error>;

    /// Replaces a group, or removes it.
    fn set_group(&mut self, id: GroupId, group: Option<&GroupRecord>) -> Result<(), Self::Error>;

    /// The alerts of a group with news to tell ([`AlertRecord::tellable`]), by rising id.
    fn news(&self, group: GroupId) -> Result<Vec<(AlertId, AlertRecord)>, Self::Error>;

    /// A message tells the news of a group: all of it, as [`Self::news`] gives it. Each alert becomes what
    /// [`AlertRecord::told_by`] says.
    fn tell_news(
        &mut self,
        group: GroupId,
        news: &[(AlertId, AlertRecord)],
        message: MessageId,
    ) -> Result<(), Self::Error>;

    /// The earliest time of a class among the alerts of a group ([`AlertRecord::dues`]) that have been passed on to the
    /// fallback, or have not ([`AlertRecord::pass_state`]).
    fn earliest(&self, group: GroupId, class: DueClass, pass: PassState) -> Result<Option<Timestamp>, Self::Error>;

    /// Groups that are due at that time or before ([`GroupRecord::due`]), by rising id; at most so many, and then any of them.
    fn due(&self, until: Timestamp, most: usize) -> Result<Vec<GroupId>, Self::Error>;

    /// Of the groups that are due at that time or before, the one with the worst news ([`GroupCounts::worst_news`]); of those
    /// the one that is due first, then the one with the smallest id.
    ///
    /// [`GroupCounts::worst_news`]: super::record::GroupCounts::worst_news
    fn most_urgent(&self, until: Timestamp) -> Result<Option<GroupId>, Self::Error>;

    /// The first moment after that one at which a group is due.
    fn first_due_after(&self, after: Timestamp) -> Result<Option<Timestamp>, Self::Error>;

    /// Groups of which the fallback has to be told at that time or before ([`GroupRecord::fallback_due`]), the first first;
    /// at most so many.
    fn fallback_due(&self, until: Timestamp, most: usize) -> Result<Vec<GroupId>, Self::Error>;

    /// The first moment after that one at which the fallback has to be told.
    fn first_fallback_after(&self, after: Timestamp) -> Result<Option<Timestamp>, Self::Error>;

    /// Alerts whose lapsed news ([`AlertRecord::lapsed`]) was remembered until before that time; at most so many.
    fn lapsed_before(&self, before: Timestamp, most: usize) -> Result<Vec<AlertId>, Self::Error>;

    /// Groups without alerts in which nothing changed since that time ([`GroupRecord::last_change`] is that time or before);
    /// at most so many.
    fn idle_since(&self, since: Timestamp, most: usize) -> Result<Vec<GroupId>, Self::Error>;

    /// All groups that are known, by rising id.
    fn groups(&self) -> Result<Vec<GroupId>, Self::Error>;

    /// An undelivered message.
    fn message(&self, id: MessageId) -> Result<Option<MessageRecord>, Self::Error>;

    /// Keeps a message that was made until it is settled.
    fn add_message(&mut self, message: &MessageRecord) -> Result<(), Self::Error>;

    /// A message is settled, and none of the channel's undelivered ones any more: no alert has it as its message
    /// ([`AlertRecord::message`]).
    fn remove_message(&mut self, id: MessageId) -> Result<(), Self::Error>;

    /// Forgets the alerts of a message that was delivered which are over ([`AlertRecord::is_forgotten`]): how many of each
    /// group.
    fn forget_over(&mut self, message: &MessageRecord) -> Result<BTreeMap<GroupId, u32>, Self::Error>;
}
