//! Rules change: news that was not told goes by the new values of `group_by`, a step at a time. Until all of it does, nothing of
//! the channel is told.

use super::hold_work::HoldContext;
use super::message_content::ToldAlert;
use super::{FallbackForm, StoreResult, Transaction};
use crate::channel::NotificationPolicy;
use crate::notification::{AlertId, ChannelNotifier};

/// How many alerts a step looks at.
const STEP: usize = 1_000;

/// By which rules the alerts of a channel are grouped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GroupingState {
    /// The generation of the rules; 0 where that is not known.
    pub generation: u64,
    /// Alerts up to this one are; nothing where all are.
    pub after: Option<AlertId>,
}

/// Whether all alerts of a channel are in the groups of the rules in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GroupingProgress {
    Done,
    More,
}

/// Groups alerts of a channel by the rules in force, a step.
pub(super) fn regroup(
    transaction: &mut dyn Transaction,
    channel: &str,
    policy: NotificationPolicy,
    context: HoldContext<'_>,
) -> StoreResult<GroupingProgress> {
    let generation = context.asker.rules().generation;
    let mut records = transaction.channel_records(channel)?;
    let known = records.grouping()?;
    if generation == known.generation && known.after.is_none() {
        return Ok(GroupingProgress::Done);
    }
    let after = known.after.filter(|_| generation == known.generation);
    let page = records.untold_alerts(after, STEP)?;
    for (alert, severity) in &page {
        let told = ToldAlert { alert: *alert, severity: *severity, news: None };
        // A page may hold alerts of large pushes, of which one at a time is in memory.
        if let Some(last) = records.last_events(&[told])?.pop()
            && let Some(read) = context.asker.event_in(channel, &last.integration, &last.outcome)
            && let FallbackForm::Gathered { group, values } = read.form
        {
            let is_moved = ChannelNotifier::new(&mut *records, policy).regroup(context.now, *alert, group)?;
            if is_moved && !values.is_empty() {
                records.note_values(group, &values)?;
            }
        }
    }
    let after = page.last().filter(|_| page.len() >= STEP).map(|(alert, _)| *alert);
    records.set_grouping(GroupingState { generation, after })?;
    Ok(if after.is_some() { GroupingProgress::More } else { GroupingProgress::Done })
}
