//! When something is to be done about mutes and silences: the clock brings something, records are left to be looked at, or a
//! schedule that a mute asks begins or ends.

use super::PAUSE;
use crate::gateway::hold_asker::RulesAsker;
use crate::gateway::journal::{HoldWork, Journal, JournalError};
use crate::gateway::served_rules::ServedRules;
use crate::notification::holds::HoldProgress;
use crate::reload::RuleSetVersion;
use crate::time::{Clock, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long the wall clock is trusted: schedules ask it, and it may be set.
const WALL_CLOCK_TRUST: Duration = Duration::from_secs(10);

/// When holds are looked at again.
pub(super) struct HoldClock {
    /// Schedules ask this one.
    clock: Arc<dyn Clock>,
    /// When something is left to do, or the clock brings something.
    next: Option<Instant>,
    /// Not before then, whatever arrives.
    not_before: Option<Instant>,
    /// When a schedule that a mute asks begins or ends, by the wall clock.
    schedule: Option<Timestamp>,
}

impl HoldClock {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, next: None, not_before: None, schedule: None }
    }

    /// Rules were loaded: what fires is asked anew.
    pub(super) async fn load(
        &mut self,
        journal: &Journal,
        version: &Arc<RuleSetVersion<ServedRules>>,
    ) -> Result<(), JournalError> {
        journal.set_asker(Arc::new(RulesAsker::new(Arc::clone(version), Arc::clone(&self.clock))));
        self.ask_everything(journal, version).await
    }

    async fn ask_everything(
        &mut self,
        journal: &Journal,
        version: &Arc<RuleSetVersion<ServedRules>>,
    ) -> Result<(), JournalError> {
        // What begins in between is asked about by this, and again at its moment.
        self.schedule = version.value.rules.program.next_hold_change(self.clock.now());
        journal.ask_everything().await?;
        self.next = Some(Instant::now());
        Ok(())
    }

    /// Something is to be done.
    pub(super) fn wake(&mut self, now: Instant) {
        let from = self.not_before.map_or(now, |from| from.max(now));
        self.next = Some(self.next.map_or(from, |next| next.min(from)));
    }

    /// When to look again.
    pub(super) fn next(&self) -> Option<Instant> {
        let now = self.clock.now();
        let schedule = self.schedule.map(|at| at.saturating_duration_since(now).min(WALL_CLOCK_TRUST));
        self.next.into_iter().chain(schedule.map(|wait| Instant::now() + wait)).min()
    }

    /// Does what is to be done now.
    pub(super) async fn advance(
        &mut self,
        journal: &Journal,
        version: &Arc<RuleSetVersion<ServedRules>>,
        now: Instant,
    ) -> Result<(), JournalError> {
        if self.schedule.is_some_and(|at| at <= self.clock.now()) {
            self.ask_everything(journal, version).await?;
        }
        if self.next.is_none_or(|next| next > now.max(Instant::now())) {
            return Ok(());
        }
        let HoldWork { progress, next } = journal.work_on_holds().await?;
        let (now, steady) = (Instant::now(), journal.steady_now());
        let due = next.map(|next| now + next.saturating_duration_since(steady));
        (self.next, self.not_before) = match progress {
            HoldProgress::More => (Some(now), None),
            HoldProgress::Done => (due, Some(now + PAUSE)),
        };
        Ok(())
    }
}
