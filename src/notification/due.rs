//! When a group has something to tell, and what calls for it.

use super::record::{DueClass, GroupId, GroupRecord, PassState};
use super::store::ChannelStore;
use super::timing::TimingReason;
use crate::channel::{NotificationPolicy, RecoveryPolicy, RepeatPolicy};
use crate::event::Severity;
use crate::time::Timestamp;
use std::time::Duration;

/// The first wait of an end; it doubles with each message of the group.
const END_WAIT: Duration = Duration::from_mins(1);

/// How long a message has to be delivered at least, however long its news has been due: what fell due while the gateway was away
/// is told first.
const GRACE: Duration = Duration::from_secs(10);

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

/// The earliest moment at which a group has something to tell. While a message of it is undelivered there is none, nor while the
/// fallback has to be told of one that was given up.
pub(super) fn group_due<S: ChannelStore + ?Sized>(
    store: &S,
    policy: &NotificationPolicy,
    id: GroupId,
    group: &GroupRecord,
) -> Result<Option<GroupDue>, S::Error> {
    let is_given_up = policy.fallback_after.is_some() && group.counts.given_up > 0;
    if group.undelivered.is_some() || is_given_up {
        return Ok(None);
    }
    let mut dues = Vec::with_capacity(3);
    if group.counts.news > 0 {
        dues.extend(news_due(store, policy, id, group, &DueClass::ALL, PassState::Kept)?);
    }
    if group.counts.passed_on > 0 {
        dues.extend(news_due(store, policy, id, group, &DueClass::FIRING, PassState::PassedOn)?);
    }
    if let (RepeatPolicy::After(pause), Some(last)) = (policy.repeat, group.last_message)
        && group.counts.repeated > 0
    {
        dues.push(GroupDue { at: last.saturating_add(pause), cause: DueCause::Repetition });
    }
    Ok(dues.into_iter().min())
}

/// The earliest moment at which news of these classes makes a group due, whether or not a message of the group is undelivered.
pub(super) fn news_due<S: ChannelStore + ?Sized>(
    store: &S,
    policy: &NotificationPolicy,
    id: GroupId,
    group: &GroupRecord,
    classes: &[DueClass],
    pass: PassState,
) -> Result<Option<GroupDue>, S::Error> {
    let mut first = None;
    for class in classes.iter().filter(|class| may_have(group, **class)) {
        if let Some(since) = store.earliest(id, *class, pass)?
            && let Some(due) = class_due(policy, group, *class, since)
        {
            first = Some(first.map_or(due, |first: GroupDue| first.min(due)));
        }
    }
    Ok(first)
}

/// Whether the counts of a group admit news of a class.
fn may_have(group: &GroupRecord, class: DueClass) -> bool {
    let firing: u32 = group.counts.firing_news.iter().sum();
    match class {
        DueClass::Critical => group.counts.worst_news() == Some(Severity::Critical),
        DueClass::Worse => firing > 0 && group.counts.told_firing() > 0,
        DueClass::New => firing > 0,
        DueClass::Over => group.counts.news > firing,
    }
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

/// When the fallback has to be told of a group.
pub(super) fn fallback_due<S: ChannelStore + ?Sized>(
    store: &S,
    policy: &NotificationPolicy,
    id: GroupId,
    group: &GroupRecord,
) -> Result<Option<Timestamp>, S::Error> {
    let Some(after) = policy.fallback_after else { return Ok(None) };
    if group.counts.given_up > 0 {
        return Ok(Some(group.since));
    }
    let waiting = kept_due(store, policy, id, group)?.map(|due| due.saturating_add(after));
    Ok(waiting.into_iter().chain(message_due(group, after)).min())
}

/// When the fallback has to be told of the undelivered message of a group.
pub(super) fn message_due(group: &GroupRecord, after: Duration) -> Option<Timestamp> {
    let (owed, made) = group.owed_since.zip(group.last_message)?;
    Some(owed.saturating_add(after).max(made.saturating_add(after.min(GRACE))))
}

/// Since when news of alerts that fire makes a group due, or will make it due, of which the fallback was not told.
pub(super) fn kept_due<S: ChannelStore + ?Sized>(
    store: &S,
    policy: &NotificationPolicy,
    id: GroupId,
    group: &GroupRecord,
) -> Result<Option<Timestamp>, S::Error> {
    if group.counts.news <= group.counts.passed_on {
        return Ok(None);
    }
    Ok(news_due(store, policy, id, group, &DueClass::FIRING, PassState::Kept)?.map(|due| due.at))
}

/// When an end makes its group due.
fn end_due(policy: &NotificationPolicy, group: &GroupRecord, ended: Timestamp) -> Option<GroupDue> {
    let since = match policy.recoveries {
        RecoveryPolicy::Each => ended,
        RecoveryPolicy::Group if group.counts.told_firing() == 0 => group.last_end.unwrap_or(ended),
        RecoveryPolicy::Group | RecoveryPolicy::Never => return None,
    };
    Some(GroupDue { at: since.saturating_add(end_wait(policy, group)), cause: DueCause::News(DueClass::Over) })
}

/// How long an end waits.
fn end_wait(policy: &NotificationPolicy, group: &GroupRecord) -> Duration {
    let growing = END_WAIT.saturating_mul(1_u32.checked_shl(group.messages).unwrap_or(u32::MAX));
    policy.wait.after(group.messages).min(growing)
}

/// Why a group is due when it is. The group is as it was before it is told.
pub(super) fn timing(policy: &NotificationPolicy, group: &GroupRecord, due: GroupDue) -> TimingReason {
    match due.cause {
        DueCause::Critical => TimingReason::Critical { wait: milliseconds(policy.wait_critical) },
        DueCause::News(DueClass::Worse) => TimingReason::Worse { wait: milliseconds(policy.wait.low) },
        DueCause::News(DueClass::Over) => TimingReason::Over { wait: milliseconds(end_wait(policy, group)) },
        DueCause::News(DueClass::New | DueClass::Critical) => TimingReason::New {
            wait: milliseconds(policy.wait.after(group.messages)),
            number: group.messages.saturating_add(1),
        },
        DueCause::Repetition => TimingReason::Repetition {
            wait: match policy.repeat {
                RepeatPolicy::After(pause) => milliseconds(pause),
                RepeatPolicy::Never | RepeatPolicy::EveryEvent => 0,
            },
        },
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
