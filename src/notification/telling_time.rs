//! When what is due will really be told: a storm and the rate may make it later.

use super::notifier::ChannelNotifier;
use super::store::ChannelStore;
use super::storm::{RATE_WINDOW, StormLoad, TellingMode, most_counted, telling_mode};
use super::tell::spent_rate;
use super::timing::TimingReason;
use crate::channel::RepeatPolicy;
use crate::event::Severity;
use crate::time::Timestamp;

/// How often a later moment is looked at again, as more may be due by then.
const MOST_MOMENTS: usize = 16;

impl<S: ChannelStore + ?Sized> ChannelNotifier<'_, S> {
    /// When a group that is due then will be told, as far as that is known, and why it is later, if it is. What undelivered
    /// messages delay is not known.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn telling_time(&self, due: Timestamp) -> Result<(Timestamp, Option<TimingReason>), S::Error> {
        let channel = self.store.channel()?;
        let (mut at, mut delay) = (due, None);
        if self.policy.repeat == RepeatPolicy::EveryEvent {
            return Ok((at, delay));
        }
        for _ in 0..MOST_MOMENTS {
            let mut then = channel.clone();
            then.recent.retain(|made| *made > at.saturating_sub(RATE_WINDOW));
            if let Some(oldest) = spent_rate(&self.policy, &then) {
                at = oldest.saturating_add(RATE_WINDOW);
                delay = self.policy.rate.map(|rate| TimingReason::Rate { messages: rate.get() });
                continue;
            }
            let Some(urgent) = self.store.most_urgent(at)? else { break };
            let worst = self.store.group(urgent)?.and_then(|group| group.counts.worst_news());
            let has_critical = worst == Some(Severity::Critical);
            let groups = self.store.due(at, most_counted(&self.policy))?.len();
            match telling_mode(&self.policy, &then, StormLoad { groups, has_critical }, at).0 {
                TellingMode::NotBefore(next) if next > at => {
                    at = next;
                    let groups = u32::try_from(self.store.due(at, usize::MAX)?.len()).unwrap_or(u32::MAX);
                    delay = Some(TimingReason::Storm { groups, singles: self.policy.calm_rate() });
                }
                TellingMode::NotBefore(_) | TellingMode::Single | TellingMode::Together => break,
            }
        }
        Ok((at, delay))
    }
}
