//! When a group has something to tell, and what calls for it.

use super::record::{DueClass, GroupId, GroupRecord};
use super::store::ChannelStore;
use crate::channel::{NotificationPolicy, RecoveryPolicy, RepeatPolicy};
use crate::time::Timestamp;
use std::time::Duration;

/// The first wait of an end; it doubles with each message of the group.
const END_WAIT: Duration = Duration::from_mins(1);

/// What makes a group due. Of causes at one moment the first in this order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DueCause {
    /// News that makes the group Critical: it hardly waits, and the waits of the group stay as they are.
    Critical,
    /// Other news: the next wait of the group is longer.
    News(DueClass),
    /// What was told fires still.
    Repetition,
}

/// A moment at which a group has to be told, and what calls for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupDue {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub cause: DueCause,
}

/// The earliest moment at which a group has something to tell. While a message of it is undelivered there is none.
pub(super) fn group_due<S: ChannelStore + ?Sized>(
    store: &S,
    policy: &NotificationPolicy,
    id: GroupId,
    group: &GroupRecord,
) -> Result<Option<GroupDue>, S::Error> {
    if group.undelivered.is_some() {
        return Ok(None);
    }
    let mut dues = Vec::with_capacity(5);
    if group.counts.news > 0 {
        for class in DueClass::ALL {
            if let Some(since) = store.earliest(id, class)?
                && let Some(due) = class_due(policy, group, class, since)
            {
                dues.push(due);
            }
        }
    }
    if let (RepeatPolicy::After(pause), Some(last)) = (policy.repeat, group.last_message)
        && group.counts.repeated > 0
    {
        dues.push(GroupDue { at: last.saturating_add(pause), cause: DueCause::Repetition });
    }
    Ok(dues.into_iter().min())
}

/// When news of a class that counts since that time makes its group due.
pub(super) fn class_due(
    policy: &NotificationPolicy,
    group: &GroupRecord,
    class: DueClass,
    since: Timestamp,
) -> Option<GroupDue> {
    let (wait, cause) = match class {
        // Who was told of one Critical need not be told of the next at once.
        DueClass::Critical if group.counts.told_critical > 0 => return None,
        DueClass::Critical => (policy.wait_critical, DueCause::Critical),
        DueClass::Worse => (policy.wait.low, DueCause::News(class)),
        DueClass::New => (policy.wait.after(group.messages), DueCause::News(class)),
        DueClass::Over => return end_due(policy, group, since),
    };
    Some(GroupDue { at: since.saturating_add(wait), cause })
}

/// When an end makes its group due.
fn end_due(policy: &NotificationPolicy, group: &GroupRecord, ended: Timestamp) -> Option<GroupDue> {
    let since = match policy.recoveries {
        RecoveryPolicy::Each => ended,
        RecoveryPolicy::Group if group.counts.told_firing() == 0 => group.last_end.unwrap_or(ended),
        RecoveryPolicy::Group | RecoveryPolicy::Never => return None,
    };
    let growing = END_WAIT.saturating_mul(1_u32.checked_shl(group.messages).unwrap_or(u32::MAX));
    let wait = policy.wait.after(group.messages).min(growing);
    Some(GroupDue { at: since.saturating_add(wait), cause: DueCause::News(DueClass::Over) })
}
